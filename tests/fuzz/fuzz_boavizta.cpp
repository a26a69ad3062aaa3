// Boavizta's request on any bytes: finite impacts within their bounds, or one error with a place and a hint.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cradle/published/boavizta.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::published;
  const auto server = parse_boavizta({reinterpret_cast<const char*>(data), size}, "fuzz.json");
  if (!server) {
    if (server.error().where.empty() || server.error().hint.empty()) std::abort();
    return 0;
  }
  BoaviztaSwitches corrected;
  for (const auto& entry : boavizta_switches()) corrected.*entry.flag = true;
  for (const BoaviztaSwitches& switches : {BoaviztaSwitches{}, corrected}) {
    const auto report = evaluate_boavizta(*server, {}, switches);
    if (!report) {
      if (report.error().where.empty() || report.error().hint.empty()) std::abort();
      continue;
    }
    for (const BoaviztaImpact& impact : {report->embodied, report->use})
      for (const auto& bound : {impact.value, impact.min, impact.max})
        if (!std::isfinite(bound.value()) || bound.value() < 0) std::abort();
  }
  return 0;
}
