// The reader of ipmitool replies on any bytes: a power or energy within the documented limits, or one error with a
// place and a hint.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/meter/recorded.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle;
  const auto reading = meter::parse_ipmi({reinterpret_cast<const char*>(data), size}, "reply");
  if (!reading) {
    if (reading.error().where.empty() || reading.error().hint.empty()) std::abort();
    return 0;
  }
  if (!reading->power && !reading->counted) std::abort();
  if (reading->power && !(*reading->power >= carbon::Watts{0} && *reading->power <= meter::most_platform_power))
    std::abort();
  // Whole microjoules must fit in 64 bits.
  if (reading->counted && !(reading->counted->value() >= 0 && reading->counted->value() * 1e6 < 9.2e18)) std::abort();
  return 0;
}
