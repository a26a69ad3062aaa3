#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/catalog/hourly_grid.h"
#include "tables.h"

namespace cradle::catalog {

namespace {

using carbon::GramsPerKilowattHour;
using Table = YearProfile::Table<GramsPerKilowattHour>;

constexpr std::array<int, 12> days_in_month = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
constexpr int typical_year_start = 2022;  // a year of 365 days

struct Cell {
  std::size_t month, hour;
};

Cell cell_of(Instant instant) {
  const CivilHour civil = civil_hour(instant);
  return {civil.month - 1, civil.hour};
}

/// Mean of the hours that were not bridged, by month and hour of the day; `counts` says of how many.
Table mean_table(const HourlyGrid& grid, const std::vector<GramsPerKilowattHour>& values,
                 std::array<std::array<std::int64_t, 24>, 12>& counts) {
  Table mean{};
  counts = {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (grid.bridged[i]) continue;
    const Cell cell = cell_of(grid.at(i));
    mean[cell.month][cell.hour] += values[i];
    ++counts[cell.month][cell.hour];
  }
  for (std::size_t month = 0; month < 12; ++month)
    for (std::size_t hour = 0; hour < 24; ++hour)
      if (counts[month][hour]) mean[month][hour] = mean[month][hour] / static_cast<double>(counts[month][hour]);
  return mean;
}

GramsPerKilowattHour month_mean(const Table& table, std::size_t month) {
  GramsPerKilowattHour sum{};
  for (const GramsPerKilowattHour value : table[month]) sum += value;
  return sum / 24;
}

GramsPerKilowattHour year_mean(const Table& table) {
  GramsPerKilowattHour sum{};
  for (std::size_t month = 0; month < 12; ++month) sum += month_mean(table, month) * days_in_month[month];
  return sum / 365;
}

bool makes_a_gap(DefectKind kind) { return kind != DefectKind::duplicate_hour && kind != DefectKind::out_of_order; }

/// "2022-03-13T07:00:00Z, 22 h: empty cell", one for each run of bridged hours.
std::vector<std::string> gap_texts(const HourlyGrid& grid) {
  std::vector<std::string> texts;
  auto defect = grid.defects.begin();
  for (std::size_t begin = 0; begin < grid.bridged.size();) {
    if (!grid.bridged[begin]) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < grid.bridged.size() && grid.bridged[end]) ++end;
    std::vector<DefectKind> kinds;
    for (; defect != grid.defects.end() && defect->instant < grid.at(end); ++defect)
      if (defect->instant >= grid.at(begin) && makes_a_gap(defect->kind) &&
          std::find(kinds.begin(), kinds.end(), defect->kind) == kinds.end())
        kinds.push_back(defect->kind);
    std::string text = to_iso(grid.at(begin)) + ", " + std::to_string(end - begin) + " h: ";
    for (std::size_t i = 0; i < kinds.size(); ++i) text += (i ? ", " : "") + std::string(to_string(kinds[i]));
    texts.push_back(std::move(text));
    begin = end;
  }
  return texts;
}

carbon::IntensitySeries repeat(carbon::Signal signal, const YearProfile& profile) {
  std::vector<GramsPerKilowattHour> steps;
  steps.reserve(8760);
  for (std::size_t month = 0; month < 12; ++month)
    for (int day = 0; day < days_in_month[month]; ++day)
      for (const GramsPerKilowattHour value : profile.mean[month]) steps.push_back(value);
  auto series =
      carbon::IntensitySeries::make(signal, instant_of(typical_year_start, 1, 1), ms_per_hour, std::move(steps), true);
  assert(series.has_value());  // the reader of records has checked every value
  return std::move(series).value();
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      constexpr std::string_view digits = "0123456789ABCDEF";
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string rows_of(const Table& table) {
  std::string out = "[\n";
  for (const auto& month : table) {
    out += "  [";
    for (std::size_t hour = 0; hour < month.size(); ++hour) out += (hour ? ", " : "") + fixed(month[hour].value(), 2);
    out += "],\n";
  }
  return out + "]\n";
}

std::string marginal_tables(const std::string& table, int data_year, const MarginalYear& year) {
  std::string out = "\n[sources.marginal]\n";
  out +=
      "text = \"our estimate: slope of hourly changes of emissions over those of generation that follows demand "
      "(Hawkes, "
      "Energy Policy 38, 2010; Siler-Evans et al., Environ. Sci. Technol. 46, 2012), from the data of source "
      "hourly\"\n";
  out += "year = " + std::to_string(data_year) + "\n";
  out += "scope = \"generation inside the balancing area; curtailment and imports are not seen\"\n";
  out += "licence = \"Apache-2.0 (this project); data as source hourly\"\n";
  out += "\n[" + table + ".marginal]\n";
  out += "value = " + fixed(year.mean.value.value(), 2) + "\n";
  out += "low = " + fixed(year.mean.low.value(), 2) + "\n";
  out += "high = " + fixed(year.mean.high.value(), 2) + "\n";
  out += "unit = \"gCO2e/kWh\"\nsource = \"marginal\"\n";
  out +=
      "note = \"slope over the year; low and high: the extremes with the slopes over all generation and over burnt "
      "fuel "
      "alone\"\n";
  out += "\n[" + table + ".marginal_profile]\nunit = \"gCO2e/kWh\"\nsource = \"marginal\"\n";
  out +=
      "note = \"slopes by month and hour (UTC), with 2 hours and 1 month to each side; spread is their standard "
      "error\"\n";
  out += "hours_used = " + std::to_string(year.profile.hours_used) + "\n";
  out += "hours_missing = " + std::to_string(year.profile.hours_missing) + "\n";
  out += "gaps = []\n";
  out += "mean = " + rows_of(year.profile.mean);
  out += "spread = " + rows_of(year.profile.spread);
  return out;
}

}  // namespace

Result<YearProfile> typical_year(const HourlyGrid& grid) {
  YearProfile profile;
  std::array<std::array<std::int64_t, 24>, 12> counts;
  profile.mean = mean_table(grid, grid.intensity, counts);
  for (std::size_t month = 0; month < 12; ++month)
    for (std::size_t hour = 0; hour < 24; ++hour)
      if (counts[month][hour] == 0)
        return missing_data(
            "no usable data for hour " + std::to_string(hour) + " (UTC) in month " + std::to_string(month + 1),
            to_iso(grid.start) + " to " + to_iso(grid.at(grid.intensity.size())),
            "a typical year needs at least one whole year of hourly data");
  YearProfile::Table<double> squares{};
  for (std::size_t i = 0; i < grid.intensity.size(); ++i) {
    if (grid.bridged[i]) continue;
    const Cell cell = cell_of(grid.at(i));
    const double off = (grid.intensity[i] - profile.mean[cell.month][cell.hour]).value();
    squares[cell.month][cell.hour] += off * off;
  }
  for (std::size_t month = 0; month < 12; ++month)
    for (std::size_t hour = 0; hour < 24; ++hour)
      profile.spread[month][hour] =
          GramsPerKilowattHour{std::sqrt(squares[month][hour] / static_cast<double>(counts[month][hour]))};
  profile.hours_missing = grid.hours_bridged();
  profile.hours_used = grid.hours() - profile.hours_missing;
  profile.gaps = gap_texts(grid);
  return profile;
}

carbon::IntensitySeries Grid::series() const {
  if (average_profile) return repeat(carbon::Signal::average, *average_profile);
  return carbon::IntensitySeries::constant(carbon::Signal::average, average.value());
}

std::optional<carbon::IntensitySeries> Grid::marginal_series() const {
  if (marginal_profile) return repeat(carbon::Signal::marginal, *marginal_profile);
  if (marginal) return carbon::IntensitySeries::constant(carbon::Signal::marginal, marginal->value());
  return std::nullopt;
}

GridHeading heading_of(const Grid& grid) { return {grid.id, grid.name, grid.region, grid.average.provenance}; }

GridHeading new_heading(std::string_view id, std::string_view file, const HourlyGrid& grid) {
  carbon::Provenance provenance;
  provenance.source = "hourly data of " + std::string(file);
  provenance.year = civil_hour(grid.at(grid.intensity.size() - 1)).year;
  provenance.scope =
      grid.low.empty() ? "average intensity as stated by the source"
                       : "life-cycle factors of Carbon Explorer (ASPLOS 2023) applied to generation, imports left out";
  provenance.licence = "not stated";
  return {std::string(id), std::string(id), "not stated", std::move(provenance)};
}

Result<std::string> grid_record_toml(const GridHeading& heading, const HourlyGrid& grid) {
  if (!is_id(heading.id))
    return bad_input("'" + heading.id + "' cannot be the id of a grid", "derive-grid",
                     "use 1 to 64 letters, digits, '.', '_' and '-'");
  auto derived = typical_year(grid);
  if (!derived) return std::move(derived).error();
  const YearProfile& profile = *derived;

  carbon::Estimate<GramsPerKilowattHour> mean = carbon::Estimate<GramsPerKilowattHour>::exact(year_mean(profile.mean));
  std::string bounds;
  if (!grid.low.empty()) {
    std::array<std::array<std::int64_t, 24>, 12> counts;
    mean.low = year_mean(mean_table(grid, grid.low, counts));
    mean.high = year_mean(mean_table(grid, grid.high, counts));
    bounds = "low and high: coal at 740 and 910, gas at 410 and 650 g/kWh (IPCC AR5 WG3 table A.III.2)";
  } else {
    for (std::size_t month = 0; month < 12; ++month) {
      mean.low = std::min(mean.low, month_mean(profile.mean, month));
      mean.high = std::max(mean.high, month_mean(profile.mean, month));
    }
    bounds = "low and high: lowest and highest monthly mean";
  }

  // A dot outside quotes would open a table within a table.
  const bool dotted = heading.id.find('.') != std::string::npos;
  const std::string table = "grid." + (dotted ? toml_string(heading.id) : heading.id);
  std::string out = "# Derived from hourly data by: cradle catalog derive-grid " + heading.id + " FILE\n";
  out += "# Derive it again rather than edit its numbers.\n\n[sources.hourly]\n";
  out += "text = " + toml_string(heading.provenance.source) + "\n";
  out += "year = " + std::to_string(heading.provenance.year) + "\n";
  out += "scope = " + toml_string(heading.provenance.scope) + "\n";
  out += "licence = " + toml_string(heading.provenance.licence) + "\n";
  out += "\n[" + table + "]\n";
  out += "name = " + toml_string(heading.name) + "\n";
  out += "region = " + toml_string(heading.region) + "\n";
  out += "\n[" + table + ".average]\n";
  out += "value = " + fixed(mean.value.value(), 2) + "\n";
  out += "low = " + fixed(mean.low.value(), 2) + "\n";
  out += "high = " + fixed(mean.high.value(), 2) + "\n";
  out += "unit = \"gCO2e/kWh\"\nsource = \"hourly\"\n";
  out += "note = " + toml_string("mean of the typical year; " + bounds) + "\n";
  out += "\n[" + table + ".average_profile]\nunit = \"gCO2e/kWh\"\nsource = \"hourly\"\n";
  out += "note = " +
         toml_string("data from " + to_iso(grid.start) + " to " + to_iso(grid.at(grid.intensity.size())) +
                     "; mean and population standard deviation by month and hour (UTC), missing hours left out") +
         "\n";
  out += "hours_used = " + std::to_string(profile.hours_used) + "\n";
  out += "hours_missing = " + std::to_string(profile.hours_missing) + "\n";
  out += "gaps = [";
  for (const std::string& gap : profile.gaps) out += "\n  " + toml_string(gap) + ",";
  out += profile.gaps.empty() ? "]\n" : "\n]\n";
  out += "mean = " + rows_of(profile.mean);
  out += "spread = " + rows_of(profile.spread);
  // Without a fuel mix, or with too little of it, the record has no marginal intensity.
  if (const auto marginal = marginal_year(grid)) out += marginal_tables(table, heading.provenance.year, *marginal);
  return out;
}

}  // namespace cradle::catalog
