// The published placement experiment beside ours: mean and spread of the allocation over seeds, by policy and trace.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/policy/placement_policy.h"
#include "cradle/workload/job.h"

namespace cradle::study {

/// A value of the publication: percent of the GPU share of the fleet.
struct Published {
  double mean;
  double sd;  ///< over the publication's ten seeds
};

/// True if these are a published list and fleet by their counts of pods and nodes and by GPU capacity: a file's name
/// alone does not make it the published one.
bool is_published_input(std::string_view trace, std::size_t pods, std::size_t nodes, std::int64_t gpu_milli);
/// Allocation at 130 % demand; nothing if the publication has no such experiment. Source: analysis_allo_discrete.csv
/// of the artefact of Weng et al. (ATC 2023), hkust-adsl/kubernetes-scheduler-simulator at 8f3d641, Apache-2.0.
std::optional<Published> published_allocation(std::string_view trace, std::string_view policy);
/// Fragmentation at `demand_percent` 50 or 80 on the default trace, percent of all GPUs (analysis_frag_discrete.csv).
std::optional<double> published_fragmentation(std::string_view trace, std::string_view policy, int demand_percent);

/// What was running at a step of demand, means over the seeds.
struct PowerStep {
  int demand_percent = 0;      ///< of the fleet's GPU share that was asked for so far
  double allocation_mean = 0;  ///< percent of the fleet's GPU share
  carbon::Watts power_mean;    ///< draw of all GPUs and processors
};

struct FgdRow {
  std::string policy;
  std::vector<std::uint64_t> seeds;
  double allocation_mean = 0;                                ///< percent
  double allocation_sd = 0;                                  ///< percentage points, population
  std::optional<double> fragmentation_50, fragmentation_80;  ///< percent, mean over the seeds; if demand gets there
  /// Every tenth percent of demand that all seeds reach; where a power-aware policy is among those compared, so that
  /// the others can be held against it.
  std::vector<PowerStep> steps;
  std::optional<Published> published;
  std::optional<double> published_50, published_80;
};

struct FgdComparison {
  std::string trace;
  std::vector<FgdRow> rows;
};

struct FgdOptions {
  std::vector<policy::PlacementPolicy> policies;
  std::vector<std::uint64_t> seeds;
  double demand = 1.3;
  unsigned threads = 0;
};

/// "openb_pod_list_default.csv" -> "default": the name under which results are published.
std::string trace_name(std::string_view file_stem);

/// "42..51", "42,43,50" or "7". bad_input for anything else, or more than 10,000 seeds.
Result<std::vector<std::uint64_t>> parse_seeds(std::string_view text);

/// Replays every policy with every seed; the result does not depend on the number of threads. Published values stand
/// beside it where the input, demand, tie-break and quantisation are the published ones. The catalogue gives the watts
/// that power-aware policies look at; missing_data if one is asked for and a GPU model is unknown.
Result<FgdComparison> compare_fgd(std::string trace, std::span<const workload::NodeRow> nodes,
                                  std::span<const workload::Job> jobs, const catalog::Catalog& catalog,
                                  const FgdOptions& options);

}  // namespace cradle::study
