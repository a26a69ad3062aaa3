// The importers of hourly grid data on any bytes: a whole, finite series whose gaps are all named, or one error with a
// place and a hint.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/catalog/hourly_grid.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::catalog;
  const auto grid = import_hourly({reinterpret_cast<const char*>(data), size}, "fuzz.csv");
  if (!grid) {
    if (grid.error().where.empty() || grid.error().hint.empty()) std::abort();
    return 0;
  }
  if (grid->hours() == 0 || grid->bridged.size() != grid->intensity.size()) std::abort();
  if (grid->hours_bridged() > static_cast<std::int64_t>(grid->defects.size())) std::abort();
  for (const auto intensity : grid->intensity)
    if (!(intensity.value() >= 0 && intensity.value() <= 5000)) std::abort();
  if (!grid->series(cradle::carbon::Signal::average)) std::abort();
  (void)typical_year(*grid);
  return 0;
}
