#include "cradle/shifting/intensity_column.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "cradle/base/csv.h"
#include "cradle/base/text.h"
#include "cradle/carbon/intensity.h"

namespace cradle::shifting {

namespace {

using carbon::GramsPerKilowattHour;

constexpr std::array<std::string_view, 3> known_columns{"carbon_intensity_avg", "avg_CI", "lca_g_per_kwh"};
constexpr std::size_t linear_hours = 6;
constexpr std::size_t neighbour_days = 14;
constexpr std::size_t hours_a_day = 24;
constexpr std::size_t most_named = 5;

/// The names of the first line, without quotes and the mark of UTF-8.
std::vector<std::string> header_of(std::string_view text) {
  std::string_view line = trim(text.substr(0, text.find('\n')));
  if (line.substr(0, 3) == "\xEF\xBB\xBF") line.remove_prefix(3);
  std::vector<std::string> names;
  for (std::string_view name : split(line, ',')) {
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
    names.emplace_back(name);
  }
  return names;
}

Result<std::string> choose_column(std::string_view text, std::string_view source) {
  const std::vector<std::string> names = header_of(text);
  if (names.empty()) return bad_input("the file has no header", std::string(source), "give a CSV with a line of names");
  for (const std::string_view known : known_columns)
    if (std::find(names.begin(), names.end(), known) != names.end()) return std::string(known);
  // A number is no name: taken for one, the first hour would be lost without a word.
  const bool is_row = names.size() <= 2 ? parse_number(trim(names.back())).has_value()
                                        : std::all_of(names.begin(), names.end(), [](const std::string& name) {
                                            return parse_number(trim(name)).has_value();
                                          });
  if (is_row)
    return bad_input("a number where the name of a column is expected", std::string(source) + ":1",
                     "put a header above it, e.g. carbon_intensity_avg for a file of one column");
  if (names.size() <= 2) return names.back();
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return bad_input("no column of intensities is known in this file", std::string(source) + ":1",
                   is_utf8(list) ? "name one of its columns: " + list : "save the file as UTF-8");
}

/// The same hour of the nearest day on one side that has a value.
std::optional<double> neighbour(const std::vector<std::optional<double>>& values, std::size_t hour, bool later) {
  for (std::size_t day = 1; day <= neighbour_days; ++day) {
    const std::size_t away = day * hours_a_day;
    if (later ? hour + away >= values.size() : hour < away) return std::nullopt;
    const auto& value = values[later ? hour + away : hour - away];
    if (value) return value;
  }
  return std::nullopt;
}

Result<std::vector<GramsPerKilowattHour>> bridge(const std::vector<std::optional<double>>& values,
                                                 const std::vector<std::uint64_t>& lines, std::string_view source) {
  std::vector<GramsPerKilowattHour> filled;
  filled.reserve(values.size());
  for (std::size_t begin = 0; begin < values.size();) {
    if (values[begin]) {
      filled.emplace_back(*values[begin++]);
      continue;
    }
    std::size_t end = begin;
    while (end < values.size() && !values[end]) ++end;
    const bool inside = begin > 0 && end < values.size();
    for (std::size_t hour = begin; hour < end; ++hour) {
      if (inside && end - begin <= linear_hours) {
        const double left = *values[begin - 1], right = *values[end];
        const double way = static_cast<double>(hour - begin + 1) / static_cast<double>(end - begin + 1);
        filled.emplace_back(left + (right - left) * way);
        continue;
      }
      const auto before = neighbour(values, hour, false), after = neighbour(values, hour, true);
      if (!before && !after)
        return missing_data(
            "no value here, nor at the same hour of the " + std::to_string(neighbour_days) + " days before and after",
            std::string(source) + ":" + std::to_string(lines[hour]),
            "fill the gap from another source, or leave the period out");
      filled.emplace_back(before && after ? (*before + *after) / 2 : before ? *before : *after);
    }
    begin = end;
  }
  return filled;
}

}  // namespace

Result<IntensityColumn> read_intensity_column(std::string_view text, std::string_view source, std::string_view column) {
  IntensityColumn read;
  read.column = column;
  if (column.empty()) {
    auto chosen = choose_column(text, source);
    if (!chosen) return std::move(chosen).error();
    read.column = std::move(*chosen);
  }
  std::vector<std::optional<double>> values;
  std::vector<std::uint64_t> lines;
  const auto gap = [&](std::uint64_t line) {
    read.bridged.push_back({values.size(), line});
    lines.push_back(line);
    values.emplace_back();
  };
  // In a file of one column an empty cell is a blank line, which the reader of CSV passes over.
  const bool blank_is_gap = header_of(text).size() == 1;
  std::uint64_t next_line = 2;
  const std::array<std::string_view, 1> columns{read.column};
  const auto rows = read_csv(text, source, columns, [&](const CsvRow& row) -> Result<void> {
    for (; blank_is_gap && next_line < row.line(); ++next_line) gap(next_line);
    next_line = row.line() + 1;
    if (row.empty(0)) {
      gap(row.line());
      return {};
    }
    lines.push_back(row.line());
    const auto value = row.number(0, 0, carbon::IntensitySeries::highest.value());
    if (!value) return value.error();
    values.emplace_back(*value);
    return {};
  });
  if (!rows) return rows.error();
  if (read.bridged.size() == values.size())
    return missing_data("the column " + read.column + " has no value", std::string(source), "name another column");
  auto hours = bridge(values, lines, source);
  if (!hours) return std::move(hours).error();
  read.hours = std::move(*hours);
  return read;
}

Result<ColumnSlice> slice(const IntensityColumn& column, std::string_view source, std::size_t start,
                          std::size_t count) {
  const std::size_t there = column.hours.size();
  if (start >= there)
    return bad_input(
        "hour " + std::to_string(start) + " lies beyond the " + std::to_string(there) + " hours of the file",
        std::string(source), "start at an hour from 0 to " + std::to_string(there - 1));
  if (count == 0) return bad_input("no hours are asked for", std::string(source), "ask for one hour at least");
  ColumnSlice part;
  const std::size_t end = count < there - start ? start + count : there;
  part.hours.assign(column.hours.begin() + static_cast<std::ptrdiff_t>(start),
                    column.hours.begin() + static_cast<std::ptrdiff_t>(end));
  std::string lines;
  std::size_t bridged = 0;
  for (const BridgedHour& hour : column.bridged) {
    if (hour.hour < start || hour.hour >= end) continue;
    if (++bridged <= most_named) lines += (lines.empty() ? "" : ", ") + std::to_string(hour.line);
  }
  if (bridged > 0)
    part.notes.push_back(std::to_string(bridged) + (bridged == 1 ? " hour" : " hours") + " without a value bridged, " +
                         (bridged == 1 ? "line " : "lines ") + lines + (bridged > most_named ? ", ..." : ""));
  return part;
}

}  // namespace cradle::shifting
