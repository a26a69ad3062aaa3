// cradle shift: when and where jobs run.
#include "verb_shift.h"

#include <algorithm>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/base/time.h"
#include "cradle/catalog/catalog.h"
#include "cradle/shifting/intensity_column.h"
#include "cradle/workload/openb.h"
#include "cradle/workload/pai.h"

namespace cradle::cli {

int run_shift(const ShiftVerbOptions& options, const Common& common) { return run_shift_jobs(options, common); }

Result<std::int64_t> parse_wait(const std::string& text, const std::string& option) {
  constexpr double longest_ms = 100.0 * 366 * ms_per_day;
  double unit = 0;
  switch (text.empty() ? '\0' : text.back()) {
    case 's': unit = ms_per_second; break;
    case 'm': unit = 60 * ms_per_second; break;
    case 'h': unit = ms_per_hour; break;
    case 'd': unit = ms_per_day; break;
    default: break;
  }
  const auto number = unit > 0 ? parse_number(std::string_view(text).substr(0, text.size() - 1)) : std::nullopt;
  if (!number || *number < 0 || *number * unit > longest_ms)
    return bad_input("'" + text + "' is no time to wait", option,
                     "write a number with s, m, h or d, e.g. 6h; at most 100 years");
  return static_cast<std::int64_t>(*number * unit);
}

Result<workload::Workload> read_jobs(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) return text.error();
  const std::string_view header = std::string_view(*text).substr(0, text->find('\n'));
  if (header.find("arrival_time") != std::string_view::npos) return workload::parse_pai(*text, file.string());
  return workload::parse_openb_pods(*text, file.string());
}

Result<HourlyIntensity> hourly_intensity(const ShiftVerbOptions& options, const Common& common, std::size_t hours) {
  if (options.grid.empty() == options.intensity.empty())
    return bad_input(options.grid.empty() ? "no intensities are named" : "a grid and a file are named", "--intensity",
                     "give --grid ID or --intensity FILE");
  if (!options.grid.empty() && !options.column.empty())
    return bad_input("a grid of the catalogue has no columns", "--column",
                     "leave --column out, or give --intensity FILE in place of --grid");
  HourlyIntensity found;
  constexpr std::int64_t known_before = 24;
  const std::int64_t first = std::max<std::int64_t>(0, options.start_hour - known_before);
  found.history = static_cast<std::size_t>(options.start_hour - first);
  hours += found.history;
  if (!options.grid.empty()) {
    const auto catalog = catalog::Catalog::load(common.catalog);
    if (!catalog) return catalog.error();
    const auto grid = catalog->find_grid(options.grid, "--grid");
    if (!grid) return grid.error();
    const carbon::IntensitySeries series = (*grid)->series();
    found.what = options.grid;
    found.hours.reserve(hours);
    for (std::size_t i = 0; i < hours; ++i) {
      const std::int64_t hour = first + static_cast<std::int64_t>(i);
      found.hours.emplace_back(series.at({series.start().ms + hour * ms_per_hour}));
    }
    if (!(*grid)->average_profile)
      found.notes.push_back(options.grid + " has no hourly profile: nothing is gained by waiting");
    return found;
  }
  const auto text = read_file(options.intensity);
  if (!text) return text.error();
  const auto column = shifting::read_intensity_column(*text, options.intensity.string(), options.column);
  if (!column) return column.error();
  if (static_cast<std::size_t>(options.start_hour) >= column->hours.size())
    return bad_input("the file has " + std::to_string(column->hours.size()) + " hours", "--start-hour",
                     "start at an hour from 0 to " + std::to_string(column->hours.size() - 1));
  // Fewer than asked for where the file ends: jobs that come later are refused by name.
  auto part = shifting::slice(*column, options.intensity.string(), static_cast<std::size_t>(first), hours);
  if (!part) return std::move(part).error();
  found.hours = std::move(part->hours);
  found.what = options.intensity.filename().string() + " " + column->column;
  found.notes = std::move(part->notes);
  return found;
}

}  // namespace cradle::cli
