// Numbers, times and UTF-8 on any bytes: what is accepted reads back as the same value.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/base/text.h"
#include "cradle/base/time.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  cradle::is_utf8(text);
  if (const auto number = cradle::parse_number(text)) {
    if (!std::isfinite(*number) || cradle::parse_number(cradle::shortest(*number)) != number) std::abort();
    cradle::fixed(*number, 3);
  }
  if (const auto integer = cradle::parse_integer(text))
    if (cradle::parse_integer(std::to_string(*integer)) != integer) std::abort();
  if (const auto instant = cradle::parse_instant(text)) {
    const auto again = cradle::parse_instant(cradle::to_iso(*instant));
    if (again && *again != *instant) std::abort();
  } else if (instant.error().hint.empty()) {
    std::abort();
  }
  return 0;
}
