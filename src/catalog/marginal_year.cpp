#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/catalog/hourly_grid.h"

namespace cradle::catalog {

namespace {

using carbon::GramsPerKilowattHour;

constexpr std::size_t months = 12, day_hours = 24;
constexpr int hour_reach = 2;                    ///< hours to each side that a cell takes in
constexpr int month_reach = 1;                   ///< months to each side
constexpr double fewest_changes = 30;            ///< in a cell
constexpr double cleanest = 11, dirtiest = 820;  ///< g/kWh, of the fuels that import_fuel_mix knows

/// Sums for the slope of y over x by ordinary least squares.
struct Regression {
  double count = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;

  void add(double dx, double dy) {
    count += 1;
    x += dx;
    y += dy;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  void add(const Regression& other) {
    count += other.count;
    x += other.x;
    y += other.y;
    xx += other.xx;
    xy += other.xy;
    yy += other.yy;
  }
  double variance() const { return count > 0 ? xx - x * x / count : 0; }
  bool known() const { return count >= fewest_changes && variance() > 0; }
  double slope() const { return (xy - x * y / count) / variance(); }
  double standard_error() const {
    const double residual = (yy - y * y / count) - slope() * (xy - x * y / count);
    return std::sqrt(std::max(residual, 0.0) / (count - 2) / variance());
  }
};

using Cells = std::array<std::array<Regression, day_hours>, months>;

/// The cell and those beside it, around the ends of year and day.
Regression around(const Cells& cells, std::size_t month, std::size_t hour) {
  Regression all;
  for (int m = -month_reach; m <= month_reach; ++m)
    for (int h = -hour_reach; h <= hour_reach; ++h)
      all.add(cells[(month + months + static_cast<std::size_t>(m)) % months]
                   [(hour + day_hours + static_cast<std::size_t>(h)) % day_hours]);
  return all;
}

GramsPerKilowattHour within_fuels(double slope) { return GramsPerKilowattHour{std::clamp(slope, cleanest, dirtiest)}; }

}  // namespace

Result<MarginalYear> marginal_year(const HourlyGrid& grid) {
  if (grid.dispatched.empty())
    return missing_data("no generation by fuel", to_iso(grid.start),
                        "marginal intensity needs the layout with a column for each fuel");
  Cells cells{};
  Regression dispatched, burnt, all;
  std::int64_t used = 0;
  for (std::size_t hour = 1; hour < grid.intensity.size(); ++hour) {
    if (grid.bridged[hour] || grid.bridged[hour - 1]) continue;
    ++used;
    const auto change = [&](const std::vector<Output>& outputs, Regression& sums) {
      const double energy = (outputs[hour].energy - outputs[hour - 1].energy).value();
      const double grams = (outputs[hour].carbon - outputs[hour - 1].carbon).value();
      sums.add(energy, grams);
      return std::pair(energy, grams);
    };
    const auto [energy, grams] = change(grid.dispatched, dispatched);
    change(grid.burnt, burnt);
    const auto total = [&](std::size_t at) { return grid.intensity[at].value() * grid.generation[at].value(); };
    all.add((grid.generation[hour] - grid.generation[hour - 1]).value(), total(hour) - total(hour - 1));
    const CivilHour civil = civil_hour(grid.at(hour));
    cells[civil.month - 1][civil.hour].add(energy, grams);
  }
  MarginalYear year;
  for (std::size_t month = 0; month < months; ++month) {
    for (std::size_t hour = 0; hour < day_hours; ++hour) {
      const Regression cell = around(cells, month, hour);
      if (!cell.known())
        return missing_data("too few changes of generation around hour " + std::to_string(hour) + " (UTC) in month " +
                                std::to_string(month + 1),
                            to_iso(grid.start), "a marginal year needs at least one whole year of hourly data");
      year.profile.mean[month][hour] = within_fuels(cell.slope());
      year.profile.spread[month][hour] = GramsPerKilowattHour{cell.standard_error()};
    }
  }
  year.profile.hours_used = used;
  year.profile.hours_missing = grid.hours() - used;
  year.mean = carbon::Estimate<GramsPerKilowattHour>::exact(within_fuels(dispatched.slope()));
  const auto widen = [&](const Regression& sums) {
    if (!sums.known()) return;
    year.mean.low = std::min(year.mean.low, within_fuels(sums.slope()));
    year.mean.high = std::max(year.mean.high, within_fuels(sums.slope()));
  };
  widen(all);
  widen(burnt);
  for (const auto& month : cells) {
    Regression sums;
    for (const Regression& cell : month) sums.add(cell);
    widen(sums);
  }
  return year;
}

}  // namespace cradle::catalog
