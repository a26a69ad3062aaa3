// The openb pod importer on any bytes: jobs within the documented limits that survive being written and read again, or
// one error with a place and a hint.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/workload/limits.h"
#include "cradle/workload/openb.h"

namespace {

bool within_limits(const cradle::workload::Job& job) {
  using namespace cradle::workload;
  const Demand& demand = job.demand;
  const bool gpus = demand.gpu_count == 0   ? demand.gpu_milli == 0 && demand.gpu_models.empty()
                    : demand.gpu_count == 1 ? demand.gpu_milli >= 1 && demand.gpu_milli <= milli
                                            : demand.gpu_milli == milli;
  return !job.name.empty() && demand.cpu_milli >= 0 && demand.cpu_milli <= max_cpu_milli && demand.memory_mib >= 0 &&
         demand.memory_mib <= max_memory_mib && demand.gpu_count >= 0 && demand.gpu_count <= max_gpus_per_job && gpus &&
         job.arrival_ms >= 0 && job.arrival_ms <= max_time_ms && job.duration_ms >= min_duration_ms &&
         job.duration_ms <= max_time_ms;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::workload;
  const auto pods = parse_openb_pods({reinterpret_cast<const char*>(data), size}, "fuzz.csv");
  if (!pods) {
    if (pods.error().where.empty() || pods.error().hint.empty()) std::abort();
    return 0;
  }
  if (pods->jobs.empty()) std::abort();
  bool near = true;  // a run of 1 s from the last possible second ends beyond the limit
  for (const Job& job : pods->jobs) {
    if (!within_limits(job)) std::abort();
    near = near && job.arrival_ms + job.duration_ms <= max_time_ms;
  }
  if (!near) return 0;
  const auto again = parse_openb_pods(write_openb_pods(*pods), "again.csv");
  if (!again || again->jobs != pods->jobs || again->timed != pods->timed) std::abort();
  return 0;
}
