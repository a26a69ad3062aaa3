// The kernel's process texts on any bytes, and exit records: numbers within their limits or nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "../../src/capture/proc_text.h"
#include "../../src/capture/taskstats.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::capture;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto stat = parse_process_stat(text)) {
    if (stat->pid <= 0 || stat->cpu_ticks < 0 || stat->started_ticks < 0 || stat->resident_pages < 0) std::abort();
    if (stat->cpu_ticks > INT64_MAX / ns_per_tick() || stat->started_ticks > INT64_MAX / ns_per_tick()) std::abort();
  }
  for (const ProcessorTime& time : parse_proc_stat(text)) {
    if (time.processor < 0 || time.busy_ticks < 0 || time.idle_ticks < 0 || time.stolen_ticks < 0) std::abort();
    if (time.busy_ticks > INT64_MAX / ns_per_tick()) std::abort();
  }
  if (parse_forks(text).value_or(0) < 0 || parse_tasks(text).value_or(0) < 0) std::abort();
  if (parse_memory_total(text).value_or(0) < 0 || parse_schedstat(text).value_or(0) < 0) std::abort();
  if (parse_keyed(text, "usage_usec").value_or(0) < 0) std::abort();
  constexpr std::uint16_t family = 30;
  for (const ExitRecord& record : parse_exit_records(std::as_bytes(std::span(data, size)), family)) {
    if (record.task <= 0 || record.process <= 0 || record.parent < 0 || record.cpu_ns < 0) std::abort();
  }
  return 0;
}
