// Logs of power daemons on any bytes: a report of finite figures, or one error with a place and a hint.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cradle/exchange/audit.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::exchange;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto report = audit({{"fuzz.log", text}}, {});
  if (!report) {
    if (report.error().where.empty() || report.error().hint.empty()) std::abort();
    return 0;
  }
  if (!std::isfinite(report->share_at_end) || report->longest_cut.value() < 0 || report->records == 0) std::abort();
  return 0;
}
