// The reader of bills of materials on any bytes: a bill or an error with a place and a hint; and whatever it accepts
// can be priced against the embedded catalogue, with bounds in order, or is refused with an error.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/embodied/bill.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle;
  static const Result<catalog::Catalog> catalog = catalog::Catalog::load();
  if (!catalog) std::abort();
  const auto complete = [](const Error& error) { return !error.message.empty() && !error.hint.empty(); };
  const auto bill = embodied::parse_bill({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  if (!bill) {
    if (!complete(bill.error()) || !bill.error().where.starts_with("fuzz.toml")) std::abort();
    return 0;
  }
  const auto priced = embodied::price(*bill, *catalog);
  if (!priced) {
    if (!complete(priced.error()) || priced.error().where.empty()) std::abort();
    return 0;
  }
  for (const embodied::BillLine& line : priced->lines) {
    if (!std::isfinite(line.grams.low.value()) || !std::isfinite(line.grams.high.value())) std::abort();
    if (!(line.grams.low <= line.grams.value && line.grams.value <= line.grams.high)) std::abort();
  }
  return 0;
}
