// Jobs on partitionable accelerators over time: a replay under several policies that decide partition, place and order.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/slicing/partition.h"

namespace cradle::slicing {

enum class JobKind : std::uint8_t { training, fine_tuning, inference };
inline constexpr std::size_t job_kinds = 3;
/// "training", "fine-tuning", "inference".
std::string_view name(JobKind kind);

/// A job that one accelerator can run.
struct SliceJob {
  std::string name;
  JobKind kind = JobKind::training;
  carbon::Seconds arrival;
  carbon::Seconds length;  ///< on the whole accelerator
  std::vector<double>
      speed;  ///< by profile of the table, relative to the whole accelerator; 0: its memory does not fit
};

/// What changing a partition costs the jobs whose slice changes; the others run on. An instance that stands, because
/// the job before has finished or the accelerator was never divided, need not be made. All are inputs.
struct RepartitionCost {
  carbon::Seconds checkpoint{5};   ///< until a running job's state is saved and its slice free; our estimate
  carbon::Seconds reconfigure{4};  ///< destroying and creating instances; our estimate
  /// Until a job that was stopped works again: the start-up that every length of the MISO trace contains.
  carbon::Seconds restart{10};
  /// Of the published rule, for each job that joins others: three levels of shared running, 10 s each; our reading.
  carbon::Seconds profiling{30};
};

enum class Rule : std::uint8_t {
  unpartitioned,  ///< one job for each accelerator, first come first served
  fixed,          ///< the same partition on all, never changed; a job takes the free slice on which it is fastest
  published,      ///< MISO (Li et al., SoCC 2022): greatest sum of speeds among its partitions, shared running first
  exhaustive,     ///< greatest sum of speeds among all valid states and assignments, speeds known
  ours,           ///< partition, place, order and moves by what each second of each slice brings
};

/// What `Rule::ours` makes small.
enum class Objective : std::uint8_t { jct, energy, grams };

struct SlicingPolicy {
  std::string name;
  Rule rule = Rule::ours;
  Objective objective = Objective::jct;
  /// ours: false if how long a job takes is unknown; then what it has had so far stands in for what it still needs.
  bool lengths_known = true;
  /// ours: true if a job's speeds are unknown and it pays the published rule's profiling before its first slice that is
  /// not the whole accelerator.
  bool profiled = false;
  Multiset layout = 0;               ///< fixed: instances of each accelerator
  std::vector<Multiset> partitions;  ///< published: those it may choose from; empty: all maximal ones
};

/// What an accelerator costs while some of its compute slices work, in one unit, for the objectives energy and grams:
/// entry n for n slices. Only ratios matter.
using SliceCost = std::vector<double>;

struct ReplayOptions {
  std::size_t accelerators = 8;
  RepartitionCost cost;
  SliceCost slice_cost;  ///< compute_slices + 1 entries where a policy's objective is not jct
  /// ours, objective jct: compares each change with the search of all states and assignments (`exhaustive_placement`).
  bool check_indices = false;
};

/// What the compute slices of one accelerator do, by kind of job. Under shared running a job counts as many as its
/// part of the whole.
struct SliceLoad {
  std::array<double, job_kinds> working{};
  std::array<double, job_kinds> paused{};  ///< of jobs that are being saved, moved or started
  friend bool operator==(const SliceLoad&, const SliceLoad&) = default;
  friend bool operator<(const SliceLoad& a, const SliceLoad& b) {
    return a.working != b.working ? a.working < b.working : a.paused < b.paused;
  }
};

struct JobOutcome {
  carbon::Seconds start, finish;
  carbon::Seconds executed;  ///< work done, in seconds of the whole accelerator: its length
  std::uint32_t moves = 0;   ///< times that it was stopped and started again
};

/// What changes came to over the best that there was: the smallest and the mean; 1 where none was made.
struct ChoiceRatio {
  double worst = 1, mean = 1;
  std::uint64_t choices = 0;  ///< changes that the two stand for

  /// Takes in the ratio of one more change.
  void add(double ratio);
};

struct ReplayOutcome {
  std::vector<JobOutcome> jobs;
  carbon::Seconds makespan;  ///< from the first arrival to the last finish
  /// Accelerator-seconds under each load; their sum is accelerators x makespan.
  std::map<SliceLoad, carbon::Seconds> held;
  std::uint64_t decisions = 0, repartitions = 0, moves = 0;
  /// exhaustive and ours: the sum of speeds that a change gives the jobs of its accelerator, over the greatest that any
  /// valid state gives the same jobs. Ours weighs pauses and how long jobs have left as well, so that its sum need not
  /// be the greatest.
  ChoiceRatio speeds;
  /// ours, where `check_indices`: the sum of indices after a change, pauses included, over the greatest that any valid
  /// state, subset of the jobs that were looked at and assignment would give.
  ChoiceRatio indices;

  /// Time from arrival to finish.
  carbon::Seconds mean_jct(std::span<const SliceJob> all) const;
  carbon::Seconds p95_jct(std::span<const SliceJob> all) const;  ///< nearest rank
};

/// Runs all jobs to their end. Deterministic: events at one time are taken together, jobs in the order given.
/// bad_input: no accelerator or job, an arrival or length that is negative, not finite or beyond 1e9 s, a speed below 0
/// or above 100, a job that runs nowhere (or on no slice of a fixed layout), a partition that is no valid state,
/// `slice_cost` of the wrong length, falling or negative.
Result<ReplayOutcome> replay(const PartitionTable& table, std::span<const SliceJob> jobs, const SlicingPolicy& policy,
                             const ReplayOptions& options);

/// The fixed layout with the least mean time from arrival to finish: all multisets of maximal layouts are tried.
/// bad_input as for `replay`, or if none can run every job.
struct BestStatic {
  Multiset layout;
  ReplayOutcome outcome;
  std::size_t tried = 0, unable = 0;  ///< layouts; those on which some job cannot run
};
Result<BestStatic> best_static(const PartitionTable& table, std::span<const SliceJob> jobs,
                               const ReplayOptions& options);

/// Greatest sum of speeds over every valid state with as many instances as jobs and every assignment, by enumeration:
/// the second implementation of Chooser::best. `values` as there. Negative infinity if there is none.
double exhaustive_value(const PartitionTable& table, std::span<const double> values, std::size_t jobs);

/// Greatest sum of values over every valid state, with a job on each of its instances, and every assignment of the
/// jobs: the second implementation of Chooser::best_placed. `values` as there; 0 for the empty state.
double exhaustive_placement(const PartitionTable& table, std::span<const double> values, std::size_t jobs);

}  // namespace cradle::slicing
