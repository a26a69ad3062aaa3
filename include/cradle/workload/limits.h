// What an importer takes as possible: anything beyond is a wrong unit or a broken file, never a large cluster.
#pragma once

#include <cstdint>

#include "cradle/workload/job.h"

namespace cradle::workload {

inline constexpr std::int64_t max_cpu_milli = 10'000'000;       ///< of one job or node: 10,000 processor threads
inline constexpr std::int64_t max_memory_mib = 1'000'000'000;   ///< of one job or node: about 950 TiB
inline constexpr int max_gpus_per_node = max_gpus_per_job;      ///< what one machine can hold
inline constexpr std::int64_t max_time_s = 999'999'999'999;     ///< of any time or length in a trace
inline constexpr std::int64_t max_time_ms = max_time_s * 1000;  ///< the same in milliseconds
inline constexpr std::int64_t max_tokens = 100'000'000;         ///< of one prompt or answer
inline constexpr std::int64_t max_power_w = 1'000'000;          ///< of one host
inline constexpr std::int64_t min_duration_ms = 1000;           ///< a job of no length counts as one second

}  // namespace cradle::workload
