#include "cradle/catalog/hourly_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "cradle/base/csv.h"
#include "cradle/base/text.h"

namespace cradle::catalog {

namespace {

using carbon::GramsPerKilowattHour;

constexpr std::int64_t longest_hours = 50 * 8766;
constexpr int median_reach = 84;               // hours to each side: the week around an hour
constexpr double consistency_tolerance = 0.1;  // g/kWh
constexpr double largest_generation = 1e9;     // MWh in an hour: far above that of the whole world
constexpr double highest_intensity = 5000;     // g/kWh

struct Fuel {
  std::string_view column;
  double factor;  ///< g/kWh
  double low, high;
  bool dispatched;  ///< follows demand: neither weather nor a constant output decides
  bool burnt;
};
constexpr std::array<Fuel, 8> fuels = {{{"WND", 11, 11, 11, false, false},
                                        {"SUN", 41, 41, 41, false, false},
                                        {"WAT", 24, 24, 24, true, false},
                                        {"OIL", 650, 650, 650, true, true},
                                        {"NG", 490, 410, 650, true, true},
                                        {"COL", 820, 740, 910, true, true},
                                        {"NUC", 12, 12, 12, false, false},
                                        {"OTH", 230, 230, 230, true, false}}};

struct Row {
  Instant instant;
  std::uint64_t line = 0;
  std::optional<DefectKind> gap;  ///< why the row cannot be used
  std::string gap_text;
  double intensity = 0, low = 0, high = 0;  ///< g/kWh
  double generation = 0;                    ///< MWh
  struct Part {
    double megawatt_hours = 0, grams_per_kilowatt_hour_sum = 0;  ///< the second: MWh x g/kWh
  };
  Part dispatched, burnt;
};

std::string at_line(std::uint64_t line) { return "line " + std::to_string(line); }

Result<Instant> parse_hour(const CsvRow& row, std::size_t column) {
  auto instant = parse_instant(row.field(column));
  if (!instant) {
    Error error = std::move(instant).error();
    return row.error(column, error.message, error.hint);
  }
  if (instant->ms % ms_per_hour != 0)
    return row.error(column, "'" + std::string(row.field(column)) + "' is not a full hour",
                     "give hourly data: combine shorter steps into hours first");
  return *instant;
}

/// Fills intensity and generation of a row from its fuels, or says why it is a gap.
Result<void> read_fuels(const CsvRow& csv, Row& row) {
  std::string empty;
  std::string negative;
  std::array<double, fuels.size()> megawatt_hours{};
  for (std::size_t i = 0; i < fuels.size(); ++i) {
    if (csv.empty(i + 1)) {
      empty += (empty.empty() ? "" : ", ") + std::string(fuels[i].column);
      continue;
    }
    auto value = csv.number(i + 1, -largest_generation, largest_generation);
    if (!value) return std::move(value).error();
    megawatt_hours[i] = *value;
    if (*value < 0) negative += (negative.empty() ? "" : ", ") + std::string(fuels[i].column);
  }
  const std::size_t stated_column = fuels.size() + 1;
  double stated = 0;
  if (csv.empty(stated_column)) {
    empty += (empty.empty() ? "" : ", ") + std::string("avg_CI");
  } else {
    auto value = csv.number(stated_column, 0, highest_intensity);
    if (!value) return std::move(value).error();
    stated = *value;
  }
  const auto gap = [&](DefectKind kind, std::string text) {
    row.gap = kind;
    row.gap_text = at_line(row.line) + ": " + std::move(text);
  };
  if (!empty.empty()) {
    gap(DefectKind::empty_cell, "no value for " + empty);
    return {};
  }
  if (!negative.empty()) {
    gap(DefectKind::negative_generation, "less than nothing from " + negative);
    return {};
  }
  double grams = 0, low = 0, high = 0;
  for (std::size_t i = 0; i < fuels.size(); ++i) {
    row.generation += megawatt_hours[i];
    grams += fuels[i].factor * megawatt_hours[i];
    low += fuels[i].low * megawatt_hours[i];
    high += fuels[i].high * megawatt_hours[i];
    for (auto [counts, part] :
         {std::pair(fuels[i].dispatched, &row.dispatched), std::pair(fuels[i].burnt, &row.burnt)}) {
      if (!counts) continue;
      part->megawatt_hours += megawatt_hours[i];
      part->grams_per_kilowatt_hour_sum += fuels[i].factor * megawatt_hours[i];
    }
  }
  if (row.generation <= 0) {
    gap(DefectKind::collapsed_generation, "no generation at all");
    return {};
  }
  const double of_fuels = grams / row.generation;
  if (std::abs(of_fuels - stated) > consistency_tolerance) {
    gap(DefectKind::inconsistent_intensity,
        "avg_CI is " + fixed(stated, 2) + " but the fuels give " + fixed(of_fuels, 2) + " g/kWh");
    return {};
  }
  row.intensity = stated;
  row.low = low / row.generation;
  row.high = high / row.generation;
  return {};
}

/// Rows put at their hours.
struct Timeline {
  std::vector<const Row*> rows;  ///< null: no row for the hour
  std::vector<bool> gap;
  HourlyGrid grid;
};

void note(Timeline& line, Instant instant, DefectKind kind, std::string text) {
  line.grid.defects.push_back({instant, kind, std::move(text)});
}

Result<Timeline> place_rows(const std::vector<Row>& rows, std::string_view source) {
  Instant first = rows.front().instant, last = first;
  for (const Row& row : rows) {
    first = std::min(first, row.instant);
    last = std::max(last, row.instant);
  }
  const std::int64_t hours = (last.ms - first.ms) / ms_per_hour + 1;
  if (hours > longest_hours)
    return bad_input("the data spans from " + to_iso(first) + " to " + to_iso(last), std::string(source),
                     "at most 50 years are read: look for a mistyped year");
  Timeline line;
  line.grid.start = first;
  line.rows.resize(static_cast<std::size_t>(hours));
  const Row* before = nullptr;
  for (const Row& row : rows) {
    const Row*& slot = line.rows[static_cast<std::size_t>((row.instant.ms - first.ms) / ms_per_hour)];
    if (slot)
      note(line, row.instant, DefectKind::duplicate_hour,
           at_line(row.line) + " repeats the hour of " + at_line(slot->line) + ", which is kept");
    else
      slot = &row;
    if (before && row.instant < before->instant)
      note(line, row.instant, DefectKind::out_of_order,
           at_line(row.line) + " is earlier than " + at_line(before->line) + ", " + to_iso(before->instant));
    before = &row;
  }
  line.gap.resize(line.rows.size());
  for (std::size_t hour = 0; hour < line.rows.size(); ++hour) {
    const Row* row = line.rows[hour];
    line.gap[hour] = !row || row->gap;
    if (!row)
      note(line, line.grid.at(hour), DefectKind::missing_hour, "no row for this hour");
    else if (row->gap)
      note(line, line.grid.at(hour), *row->gap, row->gap_text);
  }
  return line;
}

/// Marks hours whose generation collapses against the week around them.
void find_collapses(Timeline& line, double fraction) {
  if (!(fraction > 0)) return;
  const auto hours = static_cast<std::int64_t>(line.rows.size());
  std::vector<std::size_t> collapsed;
  std::vector<double> window;
  for (std::int64_t hour = 0; hour < hours; ++hour) {
    if (line.gap[static_cast<std::size_t>(hour)]) continue;
    window.clear();
    const std::int64_t end = std::min(hours, hour + median_reach + 1);
    for (std::int64_t other = std::max<std::int64_t>(0, hour - median_reach); other < end; ++other)
      if (!line.gap[static_cast<std::size_t>(other)])
        window.push_back(line.rows[static_cast<std::size_t>(other)]->generation);
    const auto middle = window.begin() + static_cast<std::ptrdiff_t>(window.size() / 2);
    std::nth_element(window.begin(), middle, window.end());
    const Row& row = *line.rows[static_cast<std::size_t>(hour)];
    if (row.generation >= fraction * *middle) continue;
    collapsed.push_back(static_cast<std::size_t>(hour));
    note(line, row.instant, DefectKind::collapsed_generation,
         at_line(row.line) + ": " + fixed(row.generation, 0) + " MWh in all, against a median of " + fixed(*middle, 0) +
             " MWh in the week around it");
  }
  // Marked afterwards, so that every hour is judged by the same rows whatever the order.
  for (const std::size_t hour : collapsed) line.gap[hour] = true;
}

/// The same hour of the nearest day on one side (direction -1 or +1) that has data.
std::optional<double> neighbour(const Timeline& line, std::int64_t hour, int direction, int days) {
  for (int day = 1; day <= days; ++day) {
    const std::int64_t other = hour + std::int64_t{direction} * day * 24;
    if (other < 0 || other >= static_cast<std::int64_t>(line.rows.size())) return std::nullopt;
    if (!line.gap[static_cast<std::size_t>(other)]) return line.rows[static_cast<std::size_t>(other)]->intensity;
  }
  return std::nullopt;
}

Result<void> bridge(Timeline& line, const GapRules& rules, std::string_view source) {
  const auto hours = static_cast<std::int64_t>(line.rows.size());
  std::vector<double> filled(line.rows.size());
  for (std::int64_t begin = 0; begin < hours;) {
    if (!line.gap[static_cast<std::size_t>(begin)]) {
      filled[static_cast<std::size_t>(begin)] = line.rows[static_cast<std::size_t>(begin)]->intensity;
      ++begin;
      continue;
    }
    std::int64_t end = begin;
    while (end < hours && line.gap[static_cast<std::size_t>(end)]) ++end;
    const bool inside = begin > 0 && end < hours;
    if (inside && end - begin <= rules.linear_hours) {
      const double left = line.rows[static_cast<std::size_t>(begin - 1)]->intensity;
      const double right = line.rows[static_cast<std::size_t>(end)]->intensity;
      for (std::int64_t hour = begin; hour < end; ++hour) {
        const double way = static_cast<double>(hour - begin + 1) / static_cast<double>(end - begin + 1);
        filled[static_cast<std::size_t>(hour)] = left + (right - left) * way;
      }
    } else {
      for (std::int64_t hour = begin; hour < end; ++hour) {
        const auto earlier = neighbour(line, hour, -1, rules.neighbour_days);
        const auto later = neighbour(line, hour, +1, rules.neighbour_days);
        if (!earlier && !later)
          return missing_data("a gap of " + std::to_string(end - begin) + " hours from " +
                                  to_iso(line.grid.at(static_cast<std::size_t>(begin))) + " is too long to bridge",
                              std::string(source), "fill it from another source, or leave the period out");
        filled[static_cast<std::size_t>(hour)] = earlier && later ? (*earlier + *later) / 2
                                                 : earlier        ? *earlier
                                                                  : *later;
      }
    }
    begin = end;
  }
  line.grid.intensity.reserve(filled.size());
  for (const double value : filled) line.grid.intensity.emplace_back(value);
  return {};
}

Result<HourlyGrid> finish(const std::vector<Row>& rows, std::string_view source, bool has_fuels,
                          const GapRules& rules) {
  auto placed = place_rows(rows, source);
  if (!placed) return std::move(placed).error();
  Timeline line = std::move(placed).value();
  if (has_fuels) find_collapses(line, rules.collapse_fraction);
  if (std::all_of(line.gap.begin(), line.gap.end(), [](bool gap) { return gap; })) {
    const GridDefect& defect = line.grid.defects.front();
    return bad_input("no usable hour; the first defect is " + std::string(to_string(defect.kind)) + " at " +
                         to_iso(defect.instant) + " (" + defect.text + ")",
                     std::string(source),
                     "where avg_CI was made with other factors, import its column alone as an intensity");
  }
  if (auto done = bridge(line, rules, source); !done) return std::move(done).error();

  HourlyGrid& grid = line.grid;
  grid.bridged = line.gap;
  if (has_fuels) {
    constexpr double kilowatt_hours = 1000;  // in a MWh
    for (std::size_t hour = 0; hour < line.rows.size(); ++hour) {
      const Row* row = line.gap[hour] ? nullptr : line.rows[hour];
      grid.generation.emplace_back(row ? row->generation * kilowatt_hours : 0);
      grid.low.emplace_back(row ? row->low : 0);
      grid.high.emplace_back(row ? row->high : 0);
      const auto output = [&](const Row::Part& part) {
        return Output{carbon::KilowattHours{part.megawatt_hours * kilowatt_hours},
                      carbon::GramsCO2e{part.grams_per_kilowatt_hour_sum * kilowatt_hours}};
      };
      grid.dispatched.push_back(output(row ? row->dispatched : Row::Part{}));
      grid.burnt.push_back(output(row ? row->burnt : Row::Part{}));
    }
  }
  std::stable_sort(grid.defects.begin(), grid.defects.end(),
                   [](const GridDefect& a, const GridDefect& b) { return a.instant < b.instant; });
  return std::move(line.grid);
}

}  // namespace

const char* to_string(DefectKind kind) {
  switch (kind) {
    case DefectKind::empty_cell: return "empty cell";
    case DefectKind::missing_hour: return "missing hour";
    case DefectKind::duplicate_hour: return "duplicate hour";
    case DefectKind::out_of_order: return "out of order";
    case DefectKind::negative_generation: return "negative generation";
    case DefectKind::collapsed_generation: return "collapsed generation";
    case DefectKind::inconsistent_intensity: return "inconsistent intensity";
  }
  return "";
}

std::int64_t HourlyGrid::hours_bridged() const { return std::count(bridged.begin(), bridged.end(), true); }

GramsPerKilowattHour HourlyGrid::observed_mean() const {
  double sum = 0;
  for (std::size_t hour = 0; hour < intensity.size(); ++hour)
    if (!bridged[hour]) sum += intensity[hour].value();
  return GramsPerKilowattHour{sum / static_cast<double>(hours() - hours_bridged())};
}

GramsPerKilowattHour HourlyGrid::generation_weighted_mean() const {
  carbon::GramsCO2e grams;
  carbon::Joules energy;
  for (std::size_t hour = 0; hour < generation.size(); ++hour) {
    const carbon::Joules joules{generation[hour]};
    grams += carbon::GramsPerJoule{intensity[hour]} * joules;
    energy += joules;
  }
  return GramsPerKilowattHour{grams / energy};
}

Result<carbon::IntensitySeries> HourlyGrid::series(carbon::Signal signal) const {
  return carbon::IntensitySeries::make(signal, start, ms_per_hour, intensity, false);
}

Result<HourlyGrid> import_fuel_mix(std::string_view text, std::string_view source, const GapRules& rules) {
  constexpr std::array<std::string_view, 10> columns = {"timestamp", "WND", "SUN", "WAT", "OIL",
                                                        "NG",        "COL", "NUC", "OTH", "avg_CI"};
  std::vector<Row> rows;
  const auto count = read_csv(text, source, columns, [&](const CsvRow& csv) -> Result<void> {
    auto instant = parse_hour(csv, 0);
    if (!instant) return std::move(instant).error();
    Row& row = rows.emplace_back();
    row.instant = *instant;
    row.line = csv.line();
    return read_fuels(csv, row);
  });
  if (!count) return count.error();
  return finish(rows, source, true, rules);
}

Result<HourlyGrid> import_intensity(std::string_view text, std::string_view source, std::string_view time_column,
                                    std::string_view value_column, const GapRules& rules) {
  const std::array<std::string_view, 2> columns = {time_column, value_column};
  std::vector<Row> rows;
  const auto count = read_csv(text, source, columns, [&](const CsvRow& csv) -> Result<void> {
    auto instant = parse_hour(csv, 0);
    if (!instant) return std::move(instant).error();
    Row& row = rows.emplace_back();
    row.instant = *instant;
    row.line = csv.line();
    if (csv.empty(1)) {
      row.gap = DefectKind::empty_cell;
      row.gap_text = at_line(row.line) + ": no value";
      return {};
    }
    auto value = csv.number(1, 0, highest_intensity);
    if (!value) return std::move(value).error();
    row.intensity = *value;
    return {};
  });
  if (!count) return count.error();
  return finish(rows, source, false, rules);
}

Result<HourlyGrid> import_hourly(std::string_view text, std::string_view source, const GapRules& rules) {
  const std::string_view header = trim(text.substr(0, text.find('\n')));
  const std::vector<std::string_view> names = split(header, ',');
  const bool has_fuel = std::any_of(names.begin(), names.end(), [](std::string_view name) {
    return std::any_of(fuels.begin(), fuels.end(), [&](const Fuel& fuel) { return fuel.column == name; });
  });
  if (names.size() == 2 && names[0] != names[1] && !has_fuel)
    return import_intensity(text, source, names[0], names[1], rules);
  return import_fuel_mix(text, source, rules);
}

}  // namespace cradle::catalog
