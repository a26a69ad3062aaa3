#include "cradle/design/energy_supply_study.h"

#include <cmath>

#include "cradle/base/csv.h"
#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "study_reading.h"

namespace cradle::design {

using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::Hours;
using carbon::Joules;
using carbon::KilogramsCO2e;
using carbon::KilowattHours;
using carbon::Watts;

namespace {

constexpr double watts_per_megawatt = 1e6;
constexpr std::size_t hours_per_day = 24;
constexpr std::size_t months = 12;

/// Wind and solar generation, hour by hour, from a file of generation by fuel.
Result<void> read_generation(const std::string& path, SupplyStudy& study) {
  const auto text = read_file(path);
  if (!text) return text.error();
  const std::string_view columns[] = {"timestamp", "WND", "SUN"};
  std::size_t missing = 0, negative = 0;
  const auto rows = read_csv(*text, path, columns, [&](const CsvRow& row) -> Result<void> {
    for (const std::size_t column : {std::size_t{1}, std::size_t{2}}) {
      Watts power;
      if (row.empty(column)) {
        ++missing;
      } else {
        const auto value = row.number(column, -largest, largest);
        if (!value) return value.error();
        negative += *value < 0 ? 1 : 0;
        power = Watts{std::max(0.0, *value) * watts_per_megawatt};
      }
      (column == 1 ? study.site.wind : study.site.solar).push_back(power);
    }
    return {};
  });
  if (!rows) return rows.error();
  if (missing + negative > 0)
    study.notes.push_back(path + ": " + std::to_string(missing) + " empty and " + std::to_string(negative) +
                          " negative hours of wind or solar count as no generation");
  return {};
}

/// Days times the hours of their month, in the calendar of a year of 365 days from January 1.
HourlyPower shape_of(TomlReader& table, const std::string& name) {
  constexpr std::size_t month_days[months] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const auto days = table.numbers(name + "_days", 0, largest, true);
  const auto hours = table.numbers(name + "_hours", 0, largest, true);
  HourlyPower out;
  constexpr std::size_t year = 365;
  if (days.size() != year || hours.size() != months * hours_per_day) {
    table.fail(name + (days.size() != year ? "_days" : "_hours"), "the shape of " + name + " is not one of a year",
               "give 365 days, and 12 x 24 hours of the day by month");
    return out;
  }
  std::size_t month = 0, left = month_days[0];
  for (const double day : days) {
    if (left == 0) left = month_days[++month];
    --left;
    for (std::size_t i = 0; i < hours_per_day; ++i) out.emplace_back(day * hours[month * hours_per_day + i]);
  }
  return out;
}

template <class T>
std::vector<T> read_sizes(TomlReader& table, const std::string& key, double unit) {
  std::vector<T> out;
  for (const double value : table.numbers(key, 0, largest, true)) out.push_back(T{value * unit});
  return out;
}

}  // namespace

Result<SupplyStudy> read_supply_study(std::string_view text, const std::string& source, const catalog::Catalog& catalog,
                                      std::optional<Move> move) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  StudyFigures figures(move);
  SupplyStudy study;
  study.title = document->text("title");
  study.question = document->text("question");
  study.notes = document->texts("notes");
  study.rules = document->choice("rules", {"corrected", "published"}, std::size_t{0}) == 0 ? SupplyRules::corrected
                                                                                           : SupplyRules::published;
  const auto section = [&](const char* key) {
    auto table = document->table(key);
    if (!table) document->fail("", std::string("[") + key + "] is missing", "see cradle design supply --print");
    return table;
  };
  StudyGrid grid;
  Instant start;
  std::string generation;
  if (auto table = section("site")) {
    grid = read_grid(*table, catalog);
    start = read_start(*table);
    if (table->has("generation")) generation = table->text("generation");
  }
  double mean = 0, swing = 0;
  if (auto table = section("demand")) {
    mean = table->number("mean_mw", 1e-6, largest);
    swing = table->number("swing_percent", 0, 200, 0.0);
    constexpr double percent = 100;
    study.site.flexible = figures.number(*table, "demand", "flexible_percent", 0, percent, 0.0) / percent;
    constexpr double hours_per_year = 8760;
    study.coefficients.horizon = Hours{table->number("horizon_years", 1e-3, 1e3, 10.0) * hours_per_year};
    swing /= percent;
  }
  if (auto table = section("battery")) {
    Battery& battery = study.site.battery;
    battery.charge = figures.number(*table, "battery", "charge", 1e-3, 1, battery.charge);
    battery.discharge = figures.number(*table, "battery", "discharge", 1, 1e3, battery.discharge);
    battery.rate = figures.number(*table, "battery", "rate_per_hour", 1e-6, 1e6, battery.rate);
    battery.upper_slope = Hours{table->number("upper_slope_hours", 0, 1e3, battery.upper_slope.value())};
    battery.lower_slope = Hours{table->number("lower_slope_hours", 0, 1e3, battery.lower_slope.value())};
    battery.full = table->number("full", 1e-6, 1, battery.full);
    battery.empty = table->number("empty", 0, 1, battery.empty);
  }
  if (auto table = section("embodied")) {
    const auto number = [&](const char* key, double low) {
      return figures.number(*table, "embodied", key, low, largest);
    };
    SupplyCoefficients& out = study.coefficients;
    if (table->has("source")) table->text("source");
    out.wind = GramsPerJoule{GramsPerKilowattHour{number("wind_g_per_kwh", 0)}};
    out.solar = GramsPerJoule{GramsPerKilowattHour{number("solar_g_per_kwh", 0)}};
    out.battery = GramsCO2e{KilogramsCO2e{number("battery_kg_per_kwh", 0)}} / Joules{KilowattHours{1}};
    out.battery_life = Hours{number("battery_life_days", 1) * hours_per_day};
    out.server = GramsCO2e{KilogramsCO2e{number("server_kg", 0)}};
    out.server_power = Watts{number("server_w", 1e-3)};
    constexpr double hours_per_year = 8760;
    out.server_life = Hours{number("server_life_years", 1e-3) * hours_per_year};
  }
  if (auto table = section("sizes")) {
    constexpr double joules_per_megawatt_hour = 3.6e9, percent = 0.01;
    study.sizes.wind = read_sizes<Watts>(*table, "wind_mw", watts_per_megawatt);
    study.sizes.solar = read_sizes<Watts>(*table, "solar_mw", watts_per_megawatt);
    study.sizes.battery = read_sizes<Joules>(*table, "battery_mwh", joules_per_megawatt_hour);
    study.sizes.extra_servers = read_sizes<double>(*table, "extra_servers_percent", percent);
  }
  if (auto table = document->table("shape")) {
    HourlyPower wind = shape_of(*table, "wind"), solar = shape_of(*table, "solar");
    if (generation.empty()) {
      study.site.wind = std::move(wind);
      study.site.solar = std::move(solar);
    }
  } else if (generation.empty()) {
    document->fail("", "there is neither [shape] nor site.generation", "name a file of hourly generation");
  }
  if (auto fine = document->finish(); !fine) return fine.error();
  if (!generation.empty())
    if (auto fine = read_generation(generation, study); !fine) return fine.error();

  const std::size_t hours = study.site.wind.size();
  study.grid = grid.id;
  study.site.demand = sinusoidal_demand(Watts{mean * watts_per_megawatt}, swing, hours);
  for (std::size_t i = 0; i < hours; ++i)
    study.site.grid_intensity.push_back(grid.series.at(Instant{start.ms + static_cast<std::int64_t>(i) * ms_per_hour}));
  study.figures = figures.ranged();
  if (auto fine = check(study.site, study.coefficients, source); !fine) return fine.error();
  return study;
}

}  // namespace cradle::design
