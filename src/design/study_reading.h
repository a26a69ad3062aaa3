// Parts that several study files have in common: title, grid, start.
#pragma once

#include <algorithm>
#include <string>

#include "cradle/base/text.h"
#include "cradle/base/time.h"
#include "cradle/catalog/catalog.h"
#include "cradle/toml/toml_reader.h"

namespace cradle::design {

constexpr double largest = 1e15;  ///< of any plain number in a study: keeps products far from overflow

/// A grid as a study names it: `grid = "ERCO"` of the catalogue, or `intensity_g_per_kwh = 400`.
struct StudyGrid {
  std::string id;  ///< empty: constant
  carbon::IntensitySeries series = carbon::IntensitySeries::constant(carbon::Signal::average, {});
  bool hourly = false;
};

inline StudyGrid read_grid(TomlReader& table, const catalog::Catalog& catalog) {
  StudyGrid out;
  if (table.has("grid") == table.has("intensity_g_per_kwh")) {
    table.fail(table.has("grid") ? "grid" : "", "needs either grid or intensity_g_per_kwh",
               "name a grid of `cradle catalog list grid`, or give a number");
    return out;
  }
  if (!table.has("grid")) {
    const carbon::GramsPerKilowattHour grams{table.number("intensity_g_per_kwh", 0, 1e5)};
    out.series = carbon::IntensitySeries::constant(carbon::Signal::average, grams);
    return out;
  }
  out.id = table.text("grid");
  const auto found = catalog.find_grid(out.id, table.where("grid"));
  if (!found) {
    table.fail("grid", found.error().message, found.error().hint);
    return out;
  }
  out.series = (*found)->series();
  const auto steps = out.series.steps();
  out.hourly = std::any_of(steps.begin(), steps.end(), [&](auto step) { return step != steps.front(); });
  return out;
}

inline Instant read_start(TomlReader& table) {
  const auto start = parse_instant(table.text("start", "2025-01-01"));
  if (start) return *start;
  table.fail("start", start.error().message, start.error().hint);
  return {};
}

}  // namespace cradle::design
