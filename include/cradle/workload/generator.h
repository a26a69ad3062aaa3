// A cluster and its jobs out of a seed: the published mix of the openb trace, for use where no trace is at hand.
#pragma once

#include <cstdint>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/workload/job.h"

namespace cradle::workload {

/// Published figures of openb (default pod list and GPU node list; hkust-adsl/kubernetes-scheduler-simulator @8f3d641,
/// Apache-2.0; Weng et al., "Beware of Fragmentation", ATC 2023) that the generator restates.
namespace openb_figures {
inline constexpr int pods = 8152;
inline constexpr int cpu_only_pods = 1088;
inline constexpr int sharing_pods = 3078;  ///< less than one GPU
inline constexpr int one_gpu_pods = 3911;
inline constexpr int multi_gpu_pods = 75;  ///< 2, 4 or 8 whole GPUs
inline constexpr std::int64_t requested_gpu_milli = 6'086'800;
inline constexpr int nodes = 1213;
inline constexpr int gpus = 6212;
inline constexpr std::int64_t window_ms = 12'902'960'000;  ///< 149.3 days
}  // namespace openb_figures

inline constexpr std::int64_t max_generated_jobs = 5'000'000;
inline constexpr std::int64_t max_generated_nodes = 1'000'000;
inline constexpr std::int64_t max_generated_window_ms = 3660 * ms_per_day;

struct GeneratorOptions {
  std::uint64_t seed = 42;
  std::int64_t window_ms = openb_figures::window_ms;  ///< jobs arrive in [0, window_ms): 1 s .. 3,660 days
  double load = 1;  ///< arrivals for each one of the trace: jobs = round(8152 x load x window / 149.3 days)
};

/// Jobs in the order of arrival, times in whole seconds. The mix of demands, the heavy-tailed run times and the rhythm
/// of day and week are those of openb; arrivals are spread over the whole window (in the trace nearly all fall in its
/// last 34 days), and run times end with the window, as the trace's own do. openb names no users or products: who
/// submits (Zipf) and for which software product is our assumption.
/// Errors: bad_input for a window or load that gives no job, more than max_generated_jobs, or makes no sense.
Result<Workload> generate_workload(const GeneratorOptions& options);

/// GPU nodes with the shapes and proportions of openb's 1,213, round(1213 x scale) of them and at least one.
/// The same scale always gives the same list. Errors: bad_input for a scale that is not > 0 or gives too many nodes.
Result<std::vector<NodeRow>> generate_nodes(double scale);

}  // namespace cradle::workload
