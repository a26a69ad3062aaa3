// The partition and the job of each of its slices that are worth most: exact, from tables, without allocating.
//
// Values are the caller's: the relative speed of each job on each profile, that speed times a weight, or the inverse of
// the time it would still need. The search is exact for a sum of values less a cost of the compute slices in use.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/slicing/partition.h"

namespace cradle::slicing {

/// Value of a job on a profile that it cannot run on.
inline constexpr double cannot_run = -std::numeric_limits<double>::infinity();

/// What each job gets. `profile[job]` is no_profile for a job that gets nothing.
struct Choice {
  double value = 0;
  std::array<ProfileId, 8> profile{};
  Multiset multiset = 0;
};

/// The same for a choice among more jobs than there are slices.
struct PoolChoice {
  double value = 0;
  Multiset multiset = 0;
  std::vector<ProfileId> profile;
};

/// A job that runs, and the slice it has.
struct Holder {
  std::size_t job;
  Instance instance;
};

/// Jobs and the instances that they are given, in order of job; the others get nothing.
struct PlacedChoice {
  double value = 0;
  std::vector<Holder> holders;
};

class Chooser {
 public:
  /// The most jobs that `best` takes: every job needs a memory slice.
  static constexpr std::size_t most_jobs = PartitionTable::most_memory_slices;

  /// Works out the assignments for every number of jobs. Refers to the table, which must outlive it.
  explicit Chooser(const PartitionTable& table);

  const PartitionTable& table() const { return *table_; }

  /// Every job gets a slice: the greatest sum of values, `values[job * profiles + profile]`, each finite or cannot_run.
  /// Nothing if no valid state gives each job a profile that it can run on. Ties: the first in the order of the table.
  /// At most 1 us; allocates nothing. Precondition: jobs <= most_jobs.
  std::optional<Choice> best(std::span<const double> values, std::size_t jobs) const;

  /// As `best`, less `cost[n]` where n is the number of compute slices in use; cost has compute_slices + 1 entries.
  std::optional<Choice> best(std::span<const double> values, std::size_t jobs, std::span<const double> cost) const;

  /// The best set of any number of jobs among many, others get nothing: dynamic programming over the slices of each
  /// multiset. `cost` may be empty. Values may be negative; a job is never worth less than not running it.
  PoolChoice best_of(std::span<const double> values, std::size_t jobs, std::span<const double> cost = {}) const;

  /// Places at which an instance could stand, as an index: profile x 8 + start.
  std::size_t slots() const { return table_->profiles().size() * PartitionTable::most_memory_slices; }
  static std::size_t slot(Instance instance) {
    return std::size_t{instance.profile} * PartitionTable::most_memory_slices + instance.start;
  }

  /// As `best_of`, where the value of a job depends on the start of its instance too:
  /// `values[job * slots() + slot(instance)]`. Exact over all valid states, subsets of the jobs and assignments.
  /// Nothing if no choice is worth more than `at_least`.
  std::optional<PlacedChoice> best_placed(std::span<const double> values, std::size_t jobs,
                                          std::span<const double> cost, double at_least) const;

  /// Puts a choice on the accelerator: which jobs' slices start where. Of all states with these profiles the one that
  /// leaves most `holders` where they are, then the one with least `amount` (fragmentation by state; may be empty).
  /// The result has one instance for each job with a profile, in order of job.
  std::vector<Holder> lay_out(std::span<const ProfileId> profiles, std::span<const Holder> holders,
                              std::span<const double> amount = {}) const;

 private:
  /// A way to give each of k jobs a profile.
  struct Plan {
    std::array<ProfileId, most_jobs> profile{};
    std::uint8_t compute = 0;
    Multiset multiset = 0;
  };
  void add_plans(std::size_t jobs, std::span<const Multiset> sets, std::vector<Plan>& plans) const;

  const PartitionTable* table_;
  /// By number of jobs: all assignments, and those that no other is at least as good as when a job may leave part of
  /// its slice unused (`lesser_`).
  std::array<std::vector<Plan>, most_jobs + 1> all_, lean_;
  /// By profile: the profiles that can stand in for it at each of its starts, itself included.
  std::vector<std::vector<ProfileId>> lesser_;
  std::vector<Multiset> sets_, maximal_;
  std::vector<StateId> layouts_;  ///< maximal: every valid state is part of one
};

/// Why some job cannot get a slice at all, in words: which job, and the least memory it was said to run with.
/// Nothing if every job can run on some profile.
std::optional<Error> unplaceable(const PartitionTable& table, std::span<const double> values,
                                 std::span<const std::string> names, const std::string& where);

}  // namespace cradle::slicing
