// What a replay cost in joules and grams, and all policies side by side on the same jobs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/accelerator_curves.h"
#include "cradle/catalog/records.h"
#include "cradle/slicing/replay.h"

namespace cradle::slicing {

/// What an accelerator draws and owes, and where it stands. All accelerators of a replay are held from the first
/// arrival to the last finish: empty ones draw their idle power and owe their embodied share.
struct SliceEconomics {
  std::vector<carbon::Estimate<carbon::Watts>> power;  ///< while n compute slices work, entry n
  carbon::Estimate<carbon::GramsPerSecond> embodied;   ///< EMC over the lifetime, of one accelerator
  double pue = 1;                                      ///< >= 1
  carbon::GramsPerJoule intensity;                     ///< constant, average
};

/// Full power x draw at 1 x the curve at n / compute slices, each with its own low and high; the curve from 0 to 1.
/// Nobody has published power by slice: the band is the statement. bad_input: a curve of something else, of another
/// accelerator, or one that does not begin at 0; a PUE below 1; an intensity that is negative or no number.
Result<SliceEconomics> slice_economics(const PartitionTable& table, const catalog::Accelerator& accelerator,
                                       const catalog::AcceleratorCurve& curve, double pue,
                                       carbon::GramsPerJoule intensity);

struct ReplayFootprint {
  carbon::Estimate<carbon::Joules> energy;
  carbon::Estimate<carbon::GramsCO2e> operational;
  carbon::Estimate<carbon::GramsCO2e> embodied;
};
ReplayFootprint footprint(const ReplayOutcome& outcome, const SliceEconomics& economics);

/// Cost of n slices for the objectives energy (watts) and grams (grams a second), as ReplayOptions wants it.
SliceCost slice_cost(const SliceEconomics& economics, Objective objective);

/// One policy on one set of jobs.
struct PolicyRow {
  std::string policy;
  Multiset layout = 0;  ///< best-static: its partition
  carbon::Seconds mean_jct, p95_jct;
  ReplayOutcome outcome;
  ReplayFootprint footprint;
};

/// Names that `compare_policies` knows, in the order in which it runs them: unpartitioned, best-static, miso,
/// exhaustive, ours, ours-unknown-lengths, ours-profiled (lengths unknown, and each job's first slice is preceded by
/// the published rule's profiling), ours-energy, ours-grams.
std::span<const std::string> policy_names();

/// Runs the named policies (all if none is named). `partitions` are those of miso. Errors as for `replay`; bad_input
/// for an unknown name. best-static is left out of the rows, and `no_static` says why, where no layout runs every job.
struct PolicyComparison {
  std::vector<PolicyRow> rows;
  std::optional<Error> no_static;
};
Result<PolicyComparison> compare_policies(const PartitionTable& table, std::span<const SliceJob> jobs,
                                          std::span<const std::string> names, std::span<const Multiset> partitions,
                                          std::size_t accelerators, const RepartitionCost& cost,
                                          const SliceEconomics& economics);

}  // namespace cradle::slicing
