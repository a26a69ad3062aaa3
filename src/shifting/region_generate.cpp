#include <algorithm>
#include <cmath>
#include <numeric>

#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "cradle/shifting/region_input.h"

namespace cradle::shifting {

namespace {

bool within(double value, double low, double high) { return value >= low && value <= high; }

Result<void> check_options(const RegionGenerator& options, Hour hours) {
  const std::string where = "generator";
  if (options.jobs == 0 || options.jobs > most_region_jobs)
    return bad_input(std::to_string(options.jobs) + " jobs", where, "take 1 to " + std::to_string(most_region_jobs));
  if (!(options.load > 0 && options.load <= 1))
    return bad_input("a load of " + shortest(options.load), where, "take a ratio above 0 and at most 1");
  if (options.shortest < 1 || options.longest < options.shortest || options.longest > hours)
    return bad_input("lengths of " + std::to_string(options.shortest) + " to " + std::to_string(options.longest) +
                         " h in a horizon of " + std::to_string(hours),
                     where, "take 1 <= shortest <= longest <= hours");
  if (options.slack < 0 || options.slack > most_region_hours)
    return bad_input("a slack of " + std::to_string(options.slack) + " h", where, "take 0 or more");
  if (options.largest_demand < 1 || options.largest_demand > Units{1'000'000})
    return bad_input("a largest demand of " + std::to_string(options.largest_demand), where, "take 1 to 1e6 units");
  if (!within(options.at_home, 0, 1) || !within(options.draw_spread, 0, 1))
    return bad_input("a part outside 0 .. 1", where, "take at_home and draw_spread within 0 .. 1");
  if (!within(options.draw_per_unit.value(), 0, 1e9))
    return bad_input("a draw of " + shortest(options.draw_per_unit.value()) + " W", where, "take 0 or more");
  return {};
}

/// A random place among those with room: some tries, then the first from a random one on.
Placement place(const RegionJob& job, std::vector<Units>& left, std::int32_t sites, Hour hours, RandomStream& stream) {
  const auto starts = static_cast<std::uint64_t>(hours - job.length) + 1;
  const std::uint64_t all = starts * static_cast<std::uint64_t>(sites);
  const auto at = [&](std::uint64_t index) {
    return Placement{static_cast<std::int32_t>(index / starts), static_cast<Hour>(index % starts)};
  };
  const auto room = [&](const Placement& there) {
    return left.begin() + static_cast<std::ptrdiff_t>(there.site) * hours + there.start;
  };
  const auto fits = [&](const Placement& there) {
    return std::all_of(room(there), room(there) + job.length, [&](Units units) { return units >= job.demand; });
  };
  Placement found;
  constexpr int tries = 50;
  for (int t = 0; t < tries && !found.served(); ++t)
    if (const Placement there = at(stream.below(all)); fits(there)) found = there;
  const std::uint64_t first = stream.below(all);
  for (std::uint64_t i = 0; i < all && !found.served(); ++i)
    if (const Placement there = at((first + i) % all); fits(there)) found = there;
  if (found.served())
    for (auto units = room(found); units < room(found) + job.length; ++units) *units -= job.demand;
  return found;
}

}  // namespace

Result<RegionProblem> generate_regions(std::vector<RegionSite> sites, std::vector<carbon::Seconds> latency,
                                       const RegionGenerator& options) {
  if (sites.empty()) return bad_input("no site", "generator", "name at least one");
  const auto hours = static_cast<Hour>(sites.front().intensity.size());
  if (auto fine = check_options(options, hours); !fine) return fine.error();
  if (!latency.empty() && latency.size() != sites.size() * sites.size())
    return bad_input(std::to_string(latency.size()) + " latencies for " + std::to_string(sites.size()) + " sites",
                     "latency", "give one from each site to each site");

  RandomStream stream(options.seed, "region jobs");
  std::vector<RegionJob> jobs(options.jobs);
  double work = 0;
  const int doublings = static_cast<int>(std::log2(static_cast<double>(options.largest_demand)));
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    RegionJob& job = jobs[j];
    job.name = "j" + std::to_string(j);
    const double span = std::log(static_cast<double>(options.longest + 1) / options.shortest);
    job.length = std::min(options.longest, static_cast<Hour>(options.shortest * std::exp(stream.uniform() * span)));
    int power = 0;
    while (power < doublings && stream.uniform() < 0.5) ++power;
    job.demand = Units{1} << power;
    const double spread = 1 + options.draw_spread * (2 * stream.uniform() - 1);
    job.draw = options.draw_per_unit * (static_cast<double>(job.demand) * spread);
    work += static_cast<double>(job.demand) * job.length;
  }
  const double cells = static_cast<double>(sites.size()) * hours;
  const Units largest = std::max_element(jobs.begin(), jobs.end(), [](const auto& a, const auto& b) {
                          return a.demand < b.demand;
                        })->demand;
  const Units each = std::max(largest, static_cast<Units>(std::ceil(work / (cells * options.load))));
  for (RegionSite& site : sites) site.capacity.assign(static_cast<std::size_t>(hours), each);

  // Large jobs first, as they are the hard ones to place; then windows around where each was placed.
  std::vector<std::size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return jobs[a].demand * jobs[a].length > jobs[b].demand * jobs[b].length;
  });
  const auto site_count = static_cast<std::int32_t>(sites.size());
  std::vector<Units> left(static_cast<std::size_t>(cells), each);
  for (const std::size_t j : order) {
    RegionJob& job = jobs[j];
    Placement there = place(job, left, site_count, hours, stream);
    while (!there.served() && (job.length > 1 || job.demand > 1)) {
      if (job.demand > 1) {
        job.demand /= 2;
        job.draw = job.draw * 0.5;
      } else {
        job.length /= 2;
      }
      there = place(job, left, site_count, hours, stream);
    }
    if (!there.served()) return bad_input("the jobs do not fit", "generator", "lower the load, or give more hours");
    const auto wait = [&] { return static_cast<Hour>(std::min(stream.exponential(options.slack / 2.0), 1e6)); };
    job.release = std::max(0, there.start - wait());
    job.deadline = std::min(hours, there.start + job.length + wait());
    job.home = stream.uniform() < options.at_home
                   ? there.site
                   : static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(site_count)));
    if (latency.empty() || options.latency_bounds.empty()) continue;
    const auto needed =
        latency[static_cast<std::size_t>(job.home) * sites.size() + static_cast<std::size_t>(there.site)];
    const auto own = latency[static_cast<std::size_t>(job.home) * sites.size() + static_cast<std::size_t>(job.home)];
    job.latency_bound = std::max({options.latency_bounds[stream.below(options.latency_bounds.size())], needed, own});
  }
  return RegionProblem::make(std::move(sites), std::move(jobs), std::move(latency));
}

}  // namespace cradle::shifting
