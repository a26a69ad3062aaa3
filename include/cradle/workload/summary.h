// What a workload asks for in all: counts by kind, sums of demand, GPU time and run time quantiles.
#pragma once

#include <cstdint>

#include "cradle/carbon/quantity.h"
#include "cradle/workload/job.h"

namespace cradle::workload {

struct WorkloadSummary {
  std::uint64_t jobs = 0;
  std::uint64_t cpu_only = 0;
  std::uint64_t sharing = 0;  ///< less than one GPU
  std::uint64_t one_gpu = 0;
  std::uint64_t multi_gpu = 0;
  std::int64_t gpu_milli = 0;  ///< sums over all jobs
  std::int64_t cpu_milli = 0;
  std::int64_t memory_mib = 0;
  carbon::Hours gpu_time;   ///< GPUs x run time, summed
  carbon::Hours core_time;  ///< processor threads x run time, summed
  std::int64_t first_arrival_ms = 0;
  std::int64_t last_arrival_ms = 0;
  std::int64_t last_end_ms = 0;  ///< if every job started on arrival
  std::int64_t median_duration_ms = 0;
  std::int64_t p90_duration_ms = 0;
  std::int64_t p99_duration_ms = 0;
  std::int64_t max_duration_ms = 0;
  std::uint64_t users = 0;  ///< distinct, the empty name not counted
  std::uint64_t products = 0;
};

/// All zero for a workload without jobs. Quantiles are nearest rank.
WorkloadSummary summarise(const Workload& workload);

}  // namespace cradle::workload
