#include "cradle/workload/summary.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace cradle::workload {

WorkloadSummary summarise(const Workload& workload) {
  WorkloadSummary summary;
  if (workload.jobs.empty()) return summary;
  summary.jobs = workload.jobs.size();
  summary.first_arrival_ms = workload.jobs.front().arrival_ms;

  std::unordered_set<std::string_view> users, products;
  std::vector<std::int64_t> durations;
  durations.reserve(workload.jobs.size());
  double gpu_milli_ms = 0, cpu_milli_ms = 0;
  for (const Job& job : workload.jobs) {
    const Demand& demand = job.demand;
    if (demand.gpu_count == 0)
      ++summary.cpu_only;
    else if (demand.gpu_count > 1)
      ++summary.multi_gpu;
    else if (demand.gpu_milli < milli)
      ++summary.sharing;
    else
      ++summary.one_gpu;
    summary.gpu_milli += demand.total_gpu_milli();
    summary.cpu_milli += demand.cpu_milli;
    summary.memory_mib += demand.memory_mib;
    const auto duration_ms = static_cast<double>(job.duration_ms);
    gpu_milli_ms += static_cast<double>(demand.total_gpu_milli()) * duration_ms;
    cpu_milli_ms += static_cast<double>(demand.cpu_milli) * duration_ms;
    durations.push_back(job.duration_ms);
    summary.first_arrival_ms = std::min(summary.first_arrival_ms, job.arrival_ms);
    summary.last_arrival_ms = std::max(summary.last_arrival_ms, job.arrival_ms);
    summary.last_end_ms = std::max(summary.last_end_ms, job.arrival_ms + job.duration_ms);
    if (!job.user.empty()) users.insert(job.user);
    if (!job.product.empty()) products.insert(job.product);
  }
  summary.gpu_time = carbon::Hours{carbon::Seconds{gpu_milli_ms / 1e6}};
  summary.core_time = carbon::Hours{carbon::Seconds{cpu_milli_ms / 1e6}};
  summary.users = users.size();
  summary.products = products.size();

  std::sort(durations.begin(), durations.end());
  // Nearest rank: the smallest value that at least this many hundredths of the jobs do not pass.
  const auto percentile = [&](std::size_t percent) {
    const std::size_t rank = (durations.size() * percent + 99) / 100;
    return durations[rank - 1];
  };
  summary.median_duration_ms = percentile(50);
  summary.p90_duration_ms = percentile(90);
  summary.p99_duration_ms = percentile(99);
  summary.max_duration_ms = durations.back();
  return summary;
}

}  // namespace cradle::workload
