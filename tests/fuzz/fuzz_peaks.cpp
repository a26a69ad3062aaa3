// The PEAKS power importer on any bytes: samples in order and within the limits, or one error with a place and a hint.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cradle/workload/limits.h"
#include "cradle/workload/peaks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::workload;
  const auto trace = parse_peaks_power({reinterpret_cast<const char*>(data), size}, "fuzz.csv");
  if (!trace) {
    if (trace.error().where.empty() || trace.error().hint.empty()) std::abort();
    return 0;
  }
  if (trace->hosts.empty()) std::abort();
  for (const HostPower& host : trace->hosts) {
    if (host.host.empty() || host.samples.empty()) std::abort();
    for (std::size_t i = 0; i < host.samples.size(); ++i) {
      const PowerSample& sample = host.samples[i];
      if (i > 0 && sample.at <= host.samples[i - 1].at) std::abort();
      if (sample.at.ms < 0 || sample.at.ms > max_time_ms) std::abort();
      if (!(sample.power.value() >= 0 && sample.power.value() <= static_cast<double>(max_power_w))) std::abort();
    }
  }
  return 0;
}
