#include "cradle/shifting/region_input.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <set>

#include "cradle/base/csv.h"
#include "cradle/base/text.h"

namespace cradle::shifting {

namespace {

constexpr double ms_per_second_of_latency = 1000, most_latency_ms = 1e9;

/// The field as a number, or the fallback where it is empty.
Result<double> number_or(const CsvRow& row, std::size_t column, double low, double high, double fallback) {
  if (row.empty(column)) return fallback;
  return row.number(column, low, high);
}

}  // namespace

Result<std::vector<SiteRow>> read_region_sites(std::string_view text, std::string_view source) {
  enum Column : std::size_t { name, grid, capacity, zone, pue, draw_factor, embodied };
  constexpr std::array<std::string_view, 7> columns{
      "name", "grid", "capacity", "zone?", "pue?", "draw_factor?", "embodied_g_per_unit_hour?"};
  std::vector<SiteRow> sites;
  std::set<std::string, std::less<>> names;
  const auto rows = read_csv(text, source, columns, [&](const CsvRow& row) -> Result<void> {
    if (row.empty(name)) return row.error(name, "a site without a name", "name it");
    if (row.empty(grid)) return row.error(grid, "a site without a grid", "give a grid's key, or an hourly file");
    if (!names.emplace(row.field(name)).second)
      return row.error(name, "two sites of this name", "give each site a name of its own");
    const auto units = row.integer(capacity, 0, most_units);
    if (!units) return units.error();
    if (*units == 0)
      return row.error(capacity, "a site of capacity 0",
                       "leave the site out, or give the most that it has and the hours with less in --capacities");
    const auto overhead = number_or(row, pue, 1, 1e3, 1);
    if (!overhead) return overhead.error();
    const auto factor = number_or(row, draw_factor, 1e-6, 1e3, 1);
    if (!factor) return factor.error();
    const auto grams = number_or(row, embodied, 0, 1e12, 0);
    if (!grams) return grams.error();
    SiteRow site{std::string(row.field(name)),
                 std::string(row.field(grid)),
                 std::string(row.field(zone)),
                 *units,
                 *overhead,
                 *factor,
                 carbon::GramsCO2e{*grams},
                 row.line()};
    if (site.zone.empty()) site.zone = site.name;
    sites.push_back(std::move(site));
    return {};
  });
  if (!rows) return rows.error();
  return sites;
}

Result<std::vector<RegionJob>> read_region_jobs(std::string_view text, std::string_view source,
                                                const std::vector<std::string>& sites) {
  enum Column : std::size_t { name, home, release, deadline, length, demand, watts, latency };
  constexpr std::array<std::string_view, 8> columns{"name",   "home",   "release", "deadline",
                                                    "length", "demand", "watts",   "latency_ms?"};
  std::vector<RegionJob> jobs;
  std::set<std::string, std::less<>> names;
  const auto rows = read_csv(text, source, columns, [&](const CsvRow& row) -> Result<void> {
    if (row.empty(name)) return row.error(name, "a job without a name", "name it");
    if (!names.emplace(row.field(name)).second)
      return row.error(name, "two jobs of this name", "give each job a name of its own");
    const auto at = std::find(sites.begin(), sites.end(), row.field(home));
    if (at == sites.end())
      return row.error(home, "no site '" + std::string(row.field(home)) + "'", suggest(row.field(home), sites));
    const auto from = row.integer(release, 0, most_region_hours);
    if (!from) return from.error();
    const auto until = row.integer(deadline, 0, most_region_hours);
    if (!until) return until.error();
    const auto hours = row.integer(length, 1, most_region_hours);
    if (!hours) return hours.error();
    if (*until < *from + *hours)
      return row.error(deadline, "it comes before release + length, hour " + std::to_string(*from + *hours),
                       "move the deadline by " + std::to_string(*from + *hours - *until) + " h or more");
    const auto units = row.integer(demand, 1, most_units);
    if (!units) return units.error();
    const auto draw = row.number(watts, 0, 1e12);
    if (!draw) return draw.error();
    std::optional<carbon::Seconds> bound;
    if (!row.empty(latency)) {
      const auto ms = row.number(latency, 0, most_latency_ms);
      if (!ms) return ms.error();
      bound = carbon::Seconds{*ms / ms_per_second_of_latency};
    }
    if (jobs.size() >= most_region_jobs)
      return row.error(name, "more than " + std::to_string(most_region_jobs) + " jobs", "split the file");
    RegionJob job;
    job.name = row.field(name);
    job.release = static_cast<Hour>(*from);
    job.deadline = static_cast<Hour>(*until);
    job.length = static_cast<Hour>(*hours);
    job.demand = *units;
    job.draw = carbon::Watts{*draw};
    job.home = static_cast<std::int32_t>(at - sites.begin());
    if (bound) job.latency_bound = *bound;
    jobs.push_back(std::move(job));
    return {};
  });
  if (!rows) return rows.error();
  return jobs;
}

Result<void> read_capacity_changes(std::string_view text, std::string_view source, std::vector<RegionSite>& sites) {
  enum Column : std::size_t { name, from, until, capacity };
  constexpr std::array<std::string_view, 4> columns{"site", "from", "until", "capacity"};
  std::vector<std::string> names;
  for (const RegionSite& site : sites) names.push_back(site.name);
  const auto rows = read_csv(
      text, source, columns,
      [&](const CsvRow& row) -> Result<void> {
        const auto at = std::find(names.begin(), names.end(), row.field(name));
        if (at == names.end())
          return row.error(name, "no site '" + std::string(row.field(name)) + "'", suggest(row.field(name), names));
        std::vector<Units>& hours = sites[static_cast<std::size_t>(at - names.begin())].capacity;
        const auto size = static_cast<std::int64_t>(hours.size());
        const auto first = row.integer(from, 0, size);
        if (!first) return first.error();
        const auto end = row.integer(until, *first, size);
        if (!end) return end.error();
        const auto units = row.integer(capacity, 0, most_units);
        if (!units) return units.error();
        std::fill(hours.begin() + *first, hours.begin() + *end, *units);
        return {};
      },
      NoRows::accept);
  if (!rows) return rows.error();
  return {};
}

Result<std::vector<carbon::Seconds>> read_latency_matrix(std::string_view text, std::string_view source,
                                                         const std::vector<std::string>& zones) {
  const std::string hint = "give 'origin,ZONE,...' and a line 'ZONE,ms,...' for each zone, in the same order";
  const auto place = [&](std::size_t line) { return std::string(source) + ":" + std::to_string(line); };
  if (text.empty() || !is_utf8(text)) return bad_input("no text of this layout", std::string(source), hint);
  constexpr double unknown = std::numeric_limits<double>::infinity();
  std::vector<double> best(zones.size() * zones.size(), unknown);
  std::vector<std::vector<std::size_t>> wanted;  // by column: the zones asked for that it is
  std::vector<std::string_view> header;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto fields = split(line, ',');
    if (header.empty()) {
      if (fields.size() < 2 || fields[0] != "origin")
        return bad_input("the first line does not begin with origin and a zone", place(number), hint);
      header.assign(fields.begin(), fields.end());
      for (const std::string_view zone : header) {
        wanted.emplace_back();
        for (std::size_t z = 0; z < zones.size(); ++z)
          if (zones[z] == zone) wanted.back().push_back(z);
      }
      continue;
    }
    if (number - 1 >= header.size() || fields.size() != header.size() || fields[0] != header[number - 1])
      return bad_input("not the line of zone " + std::to_string(number - 1) + " with a latency to each", place(number),
                       hint);
    for (std::size_t c = 1; c < fields.size(); ++c) {
      const auto ms = parse_number(fields[c]);
      if (!ms || *ms < 0 || *ms > most_latency_ms)
        return bad_input("'" + std::string(fields[c].substr(0, 40)) + "' is no latency in ms", place(number),
                         "give 0 or more");
      for (const std::size_t from : wanted[number - 1])
        for (const std::size_t to : wanted[c]) {
          double& known = best[from * zones.size() + to];
          known = std::min(known, *ms);
        }
    }
  }
  if (number != header.size()) return bad_input("a zone of the first line has no line", place(number), hint);
  std::vector<std::string> there(header.begin() + 1, header.end());
  for (std::size_t z = 0; z < zones.size(); ++z)
    if (best[z * zones.size() + z] == unknown)
      return missing_data("no zone '" + zones[z] + "'", std::string(source), suggest(zones[z], there));
  std::vector<carbon::Seconds> latency;
  for (const double ms : best) latency.emplace_back(ms / ms_per_second_of_latency);
  return latency;
}

}  // namespace cradle::shifting
