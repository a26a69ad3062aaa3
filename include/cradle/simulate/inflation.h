// The published placement experiment: jobs arrive until their demand passes a multiple of the capacity, nobody leaves.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/fleet/cluster.h"
#include "cradle/policy/placement_policy.h"
#include "cradle/policy/scheduler.h"
#include "cradle/workload/job.h"

namespace cradle::simulate {

struct InflationOptions {
  double demand = 1.3;  ///< requested GPU share over capacity at which arrivals end
  std::uint64_t seed = 42;
  policy::Scheduler::Cache cache = policy::Scheduler::Cache::on;
  bool record_placements = false;
};

/// One point of the replay: after the arrival that took the demand to this whole percentage of the capacity.
struct InflationPoint {
  int demand_percent;
  double allocation_percent;     ///< allocated GPU share over capacity
  double fragmentation_percent;  ///< sum of F(n) over capacity
  double power_watts;            ///< GPUs and processors of all nodes
};

struct InflationResult {
  double allocation_percent = 0;  ///< when arrivals end
  std::uint64_t arrived = 0;
  std::uint64_t placed = 0;
  std::uint64_t evaluations = 0;
  std::vector<InflationPoint> points;        ///< at every tenth percent of demand
  std::vector<fleet::Placement> placements;  ///< if recorded; node = size of the cluster: not placed
};

/// Protocol (hkust-adsl/kubernetes-scheduler-simulator at 8f3d641): the node order is a random permutation; random
/// clones of the jobs are appended until the demand is reached, or random jobs removed if it is passed; the list is
/// shuffled; jobs are placed one by one; those that do not fit leave. The typical workload of the fragment measure is
/// that of the original list. Streams: "node-order", "clones", "arrival-order", "policy".
/// bad_input: no job, no GPU in the fleet, or a list without GPU demand.
Result<InflationResult> replay_inflation(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                                         const policy::PlacementPolicy& policy, const InflationOptions& options);

}  // namespace cradle::simulate
