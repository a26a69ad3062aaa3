// What a replay cost in joules and grams, and all policies side by side on the same jobs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/records.h"
#include "cradle/slicing/host_share.h"
#include "cradle/slicing/replay.h"
#include "cradle/slicing/slice_power.h"

namespace cradle::slicing {

/// What an accelerator and its share of a host draw and owe, and where they stand. All accelerators of a replay are
/// held from the first arrival to the last finish: empty ones draw their idle power and owe their embodied share.
struct SliceEconomics {
  SlicePower power;
  HostShare host;                                     ///< all 0: the accelerator alone
  carbon::Estimate<carbon::GramsPerSecond> embodied;  ///< EMC over the lifetime, of one accelerator with its host share
  double pue = 1;                                     ///< >= 1
  carbon::GramsPerJoule intensity;                    ///< constant, average

  /// Accelerator and host share. The host draws its idle power, and of what it can draw more the part of the compute
  /// slices that are busy (paused ones half); low: nothing more than idle; high: paused slices count whole. That its
  /// load follows the accelerator's is our estimate.
  carbon::Estimate<carbon::Watts> draw(const SliceLoad& load) const;
};

/// bad_input: what SlicePower::make refuses; a PUE below 1; an intensity that is negative or no number.
Result<SliceEconomics> slice_economics(const PartitionTable& table, const catalog::Accelerator& accelerator,
                                       const KindCurves& curves, const HostShare& host, double pue,
                                       carbon::GramsPerJoule intensity);

struct ReplayFootprint {
  carbon::Estimate<carbon::Joules> energy;
  carbon::Estimate<carbon::GramsCO2e> operational;
  carbon::Estimate<carbon::GramsCO2e> embodied;
};
ReplayFootprint footprint(const ReplayOutcome& outcome, const SliceEconomics& economics);

/// Cost of n slices for the objectives energy (watts) and grams (grams a second), as ReplayOptions wants it: the mean
/// over the kinds of job, each weighted by how long the jobs of that kind take together.
SliceCost slice_cost(const SliceEconomics& economics, Objective objective, std::span<const SliceJob> jobs);

/// One policy on one set of jobs.
struct PolicyRow {
  std::string policy;
  Multiset layout = 0;  ///< best-static: its partition
  carbon::Seconds mean_jct, p95_jct;
  ReplayOutcome outcome;
  ReplayFootprint footprint;
};

/// Names that `compare_policies` knows, in the order in which it runs them: unpartitioned, best-static, miso,
/// exhaustive, ours, ours-unknown-lengths, ours-profiled (lengths unknown, and the published rule's profiling before
/// each job's first slice that is not the whole accelerator), ours-energy, ours-grams.
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
