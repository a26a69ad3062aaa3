// The reader of one column of intensities on any bytes: hours that make a signal, or one error with a place and a hint.
// The first byte says whether the column is named.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cradle/shifting/intensity_column.h"
#include "cradle/shifting/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::shifting;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto column = read_intensity_column(text, "fuzz.csv", data[0] % 2 == 0 ? "avg_CI" : "");
  if (!column) {
    if (column.error().where.empty() || column.error().hint.empty()) std::abort();
    return 0;
  }
  if (column->hours.empty() || column->bridged.size() >= column->hours.size()) std::abort();
  const auto part = slice(*column, "fuzz.csv", 0, 100);
  if (!part) std::abort();
  const auto signal = Signal::make(part->hours, 720);
  if (!signal) std::abort();
  for (const TimePolicy policy : all_time_policies)
    if (plan(policy, *signal, {719, 1440, 1000, 17'280}).empty()) std::abort();
  return 0;
}
