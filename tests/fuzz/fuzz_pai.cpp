// The PAI importer on any bytes: jobs within the documented limits, or one error with a place and a hint.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cradle/workload/limits.h"
#include "cradle/workload/pai.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::workload;
  const auto workload = parse_pai({reinterpret_cast<const char*>(data), size}, "fuzz.csv");
  if (!workload) {
    if (workload.error().where.empty() || workload.error().hint.empty()) std::abort();
    return 0;
  }
  if (workload->jobs.empty()) std::abort();
  for (const Job& job : workload->jobs) {
    if (job.demand.cpu_milli < 0 || job.demand.cpu_milli > max_cpu_milli || job.demand.gpu_count != 0) std::abort();
    if (job.arrival_ms < 0 || job.arrival_ms > max_time_ms) std::abort();
    if (job.duration_ms < 1 || job.duration_ms > max_time_ms) std::abort();
  }
  return 0;
}
