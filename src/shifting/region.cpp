#include "cradle/shifting/region.h"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <map>

#include "cradle/base/text.h"

namespace cradle::shifting {

namespace {

constexpr double watts_per_kilowatt = 1000;
constexpr carbon::GramsPerKilowattHour highest_intensity{1e6};
constexpr double highest_factor = 1e3, highest_watts = 1e12, highest_grams = 1e12;

bool within(double value, double low, double high) { return value >= low && value <= high; }  // false for NaN

/// The first name that occurs twice, or nothing.
template <class T>
const std::string* repeated(const std::vector<T>& items) {
  std::vector<const std::string*> names;
  names.reserve(items.size());
  for (const T& item : items) names.push_back(&item.name);
  const auto before = [](const std::string* a, const std::string* b) { return *a < *b; };
  std::sort(names.begin(), names.end(), before);
  const auto twin =
      std::adjacent_find(names.begin(), names.end(), [](const auto* a, const auto* b) { return *a == *b; });
  return twin == names.end() ? nullptr : *twin;
}

std::string of_site(const RegionSite& site) { return "site '" + site.name + "'"; }
std::string of_job(const RegionJob& job) { return "job '" + job.name + "'"; }

Result<void> check_site(const RegionSite& site, std::size_t hours, bool may_be_full) {
  const std::string where = of_site(site);
  if (site.intensity.size() != hours || site.capacity.size() != hours)
    return bad_input("intensities of " + std::to_string(site.intensity.size()) + " hours and capacities of " +
                         std::to_string(site.capacity.size()) + " where the horizon has " + std::to_string(hours),
                     where, "give every site one intensity and one capacity for each hour");
  for (const auto value : site.intensity)
    if (!within(value.value(), 0, highest_intensity.value()))
      return bad_input("an intensity of " + shortest(value.value()) + " g/kWh", where, "give 0 to 1e6 g/kWh");
  for (const Units units : site.capacity)
    if (units < 0 || units > most_units)
      return bad_input("a capacity of " + std::to_string(units), where, "give whole units from 0 to 2^50");
  if (!may_be_full && std::all_of(site.capacity.begin(), site.capacity.end(), [](Units units) { return units == 0; }))
    return bad_input("capacity 0 in every hour", where, "leave the site out, or give it capacity");
  if (!within(site.pue, 1, highest_factor)) return bad_input("a PUE of " + shortest(site.pue), where, "give 1 or more");
  if (!within(site.draw_factor, 1e-6, highest_factor))
    return bad_input("a draw factor of " + shortest(site.draw_factor), where, "give a number above 0, 1 for no change");
  if (!within(site.embodied_per_unit_hour.value(), 0, highest_grams))
    return bad_input("embodied " + shortest(site.embodied_per_unit_hour.value()) + " g by unit and hour", where,
                     "give 0 or more");
  return {};
}

Result<void> check_job(const RegionJob& job, Hour hours, std::int32_t sites) {
  const std::string where = of_job(job);
  if (job.home < 0 || job.home >= sites)
    return bad_input("home " + std::to_string(job.home) + " is no site", where, "name one of the sites");
  if (job.length < 1) return bad_input("a length of " + std::to_string(job.length) + " h", where, "give 1 h or more");
  if (job.demand < 1 || job.demand > most_units)
    return bad_input("a demand of " + std::to_string(job.demand), where, "give whole units from 1 to 2^50");
  if (!within(job.draw.value(), 0, highest_watts))
    return bad_input("a draw of " + shortest(job.draw.value()) + " W", where, "give 0 or more");
  if (!within(job.latency_bound.value(), 0, 1e9))
    return bad_input("a latency bound of " + shortest(job.latency_bound.value()) + " s", where, "give 0 or more");
  if (job.release < 0 || job.release >= hours)
    return bad_input("released in hour " + std::to_string(job.release) + " of " + std::to_string(hours), where,
                     "release it within the horizon, or take a longer one");
  if (job.deadline > hours)
    return bad_input("its deadline, hour " + std::to_string(job.deadline) + ", lies beyond the horizon of " +
                         std::to_string(hours) + " h",
                     where, "cut the deadline to the horizon, or take a longer one");
  if (job.deadline < job.release + std::int64_t{job.length})
    return bad_input(
        "its deadline, hour " + std::to_string(job.deadline) + ", comes before release + length, hour " +
            std::to_string(job.release + std::int64_t{job.length}),
        where,
        "move the deadline by " + std::to_string(job.release + std::int64_t{job.length} - job.deadline) + " h or more");
  return {};
}

/// The largest demand that the job could have and still run alone at the site, within its window.
Units largest_run(const RegionSite& site, const RegionJob& job) {
  Units best = 0;
  for (Hour start = job.release; start + job.length <= job.deadline; ++start) {
    const auto from = site.capacity.begin() + start;
    best = std::max(best, *std::min_element(from, from + job.length));
    if (best >= job.demand) break;
  }
  return best;
}

}  // namespace

Result<RegionProblem> RegionProblem::make(std::vector<RegionSite> sites, std::vector<RegionJob> jobs,
                                          std::vector<carbon::Seconds> latency, bool full_sites) {
  if (sites.empty() || sites.size() > most_region_sites)
    return bad_input(std::to_string(sites.size()) + " sites", "region dispatch",
                     "give 1 to " + std::to_string(most_region_sites));
  if (jobs.empty() || jobs.size() > most_region_jobs)
    return bad_input(std::to_string(jobs.size()) + " jobs", "region dispatch",
                     "give 1 to " + std::to_string(most_region_jobs));
  const std::size_t hours = sites.front().intensity.size();
  if (hours == 0 || hours > static_cast<std::size_t>(most_region_hours))
    return bad_input("a horizon of " + std::to_string(hours) + " h", "region dispatch",
                     "give 1 to " + std::to_string(most_region_hours) + " h");
  for (const RegionSite& site : sites)
    if (auto fine = check_site(site, hours, full_sites); !fine) return fine.error();
  if (const std::string* name = repeated(sites))
    return bad_input("two sites of this name", "site '" + *name + "'", "give each site a name of its own");
  if (!latency.empty() && latency.size() != sites.size() * sites.size())
    return bad_input(std::to_string(latency.size()) + " latencies for " + std::to_string(sites.size()) + " sites",
                     "latency", "give one from each site to each site");
  for (const auto value : latency)
    if (!within(value.value(), 0, 1e9))
      return bad_input("a latency of " + shortest(value.value()) + " s", "latency", "give 0 or more");
  RegionProblem problem;
  problem.hours_ = static_cast<Hour>(hours);
  problem.sites_ = std::move(sites);
  problem.latency_ = std::move(latency);
  for (const RegionJob& job : jobs) {
    if (auto fine = check_job(job, problem.hours_, problem.site_count()); !fine) return fine.error();
    Units largest = 0;
    bool somewhere = false;
    double nearest = std::numeric_limits<double>::infinity();
    for (std::int32_t s = 0; s < problem.site_count() && largest < job.demand; ++s) {
      nearest = std::min(nearest, problem.latency(job.home, s).value());
      if (problem.near(job, s)) {
        somewhere = true;
        largest = std::max(largest, largest_run(problem.sites_[static_cast<std::size_t>(s)], job));
      }
    }
    if (!somewhere)
      return bad_input("no site within " + shortest(job.latency_bound.value() * 1e3) + " ms of its home", of_job(job),
                       "raise its latency bound by " + shortest(nearest * 1e3 - job.latency_bound.value() * 1e3) +
                           " ms, to that of the nearest");
    if (largest < job.demand)
      return bad_input("asks for " + std::to_string(job.demand) + " units, but no near site has more than " +
                           std::to_string(largest) + " throughout a start in its window",
                       of_job(job), "lower its demand by " + std::to_string(job.demand - largest) + ", or split it");
  }
  if (const std::string* name = repeated(jobs))
    return bad_input("two jobs of this name", "job '" + *name + "'", "give each job a name of its own");
  problem.jobs_ = std::move(jobs);
  return problem;
}

carbon::Seconds RegionProblem::latency(std::int32_t home, std::int32_t site) const {
  if (latency_.empty()) return carbon::Seconds{0};
  return latency_[static_cast<std::size_t>(home) * sites_.size() + static_cast<std::size_t>(site)];
}

RegionGrams RegionProblem::grams(const RegionJob& job, const Placement& placement) const {
  const RegionSite& site = sites_[static_cast<std::size_t>(placement.site)];
  const double kilowatts = job.draw.value() * site.draw_factor * site.pue / watts_per_kilowatt;
  RegionGrams grams;
  for (Hour hour = placement.start; hour < placement.start + job.length; ++hour)
    grams.operational += carbon::GramsCO2e{kilowatts * site.intensity[static_cast<std::size_t>(hour)].value()};
  grams.embodied = site.embodied_per_unit_hour * (static_cast<double>(job.demand) * job.length);
  return grams;
}

RegionGrams RegionProblem::grams(const RegionSchedule& schedule) const {
  RegionGrams sum;
  for (std::size_t j = 0; j < schedule.size(); ++j)
    if (schedule[j].served()) {
      const RegionGrams one = grams(jobs_[j], schedule[j]);
      sum.operational += one.operational;
      sum.embodied += one.embodied;
    }
  return sum;
}

Result<void> RegionProblem::check(const RegionSchedule& schedule) const {
  const std::string hint = "give each job a near site and a start in its window, and no site-hour too much";
  if (schedule.size() != jobs_.size())
    return bad_input(std::to_string(schedule.size()) + " placements for " + std::to_string(jobs_.size()) + " jobs",
                     "schedule", hint);
  std::map<std::pair<std::int32_t, Hour>, Units> used;
  for (std::size_t j = 0; j < schedule.size(); ++j) {
    const Placement& placement = schedule[j];
    const RegionJob& job = jobs_[j];
    if (!placement.served()) continue;
    if (placement.site < 0 || placement.site >= site_count())
      return bad_input("site " + std::to_string(placement.site) + " is none", of_job(job), hint);
    if (!near(job, placement.site)) return bad_input("runs beyond its latency bound", of_job(job), hint);
    if (placement.start < job.release || placement.start + std::int64_t{job.length} > job.deadline)
      return bad_input("runs outside its window, from hour " + std::to_string(placement.start), of_job(job), hint);
    for (Hour hour = placement.start; hour < placement.start + job.length; ++hour)
      used[{placement.site, hour}] += job.demand;
  }
  for (const auto& [place, units] : used) {
    const RegionSite& site = sites_[static_cast<std::size_t>(place.first)];
    const Units offered = site.capacity[static_cast<std::size_t>(place.second)];
    if (units > offered)
      return bad_input("hour " + std::to_string(place.second) + " holds " + std::to_string(units) + " units of " +
                           std::to_string(offered),
                       of_site(site), hint);
  }
  return {};
}

double RegionProblem::demanded_unit_hours() const {
  double sum = 0;
  for (const RegionJob& job : jobs_) sum += static_cast<double>(job.demand) * job.length;
  return sum;
}

double RegionProblem::offered_unit_hours() const {
  double sum = 0;
  for (const RegionSite& site : sites_)
    for (const Units units : site.capacity) sum += static_cast<double>(units);
  return sum;
}

namespace {

/// What the jobs whose near sites are among `sites` ask for, against what these offer, over every interval.
Result<void> check_sites(
    const RegionProblem& problem, const std::bitset<most_region_sites>& sites,
    const std::vector<std::pair<std::bitset<most_region_sites>, std::vector<std::size_t>>>& groups) {
  const auto hours = static_cast<std::size_t>(problem.hours());
  std::vector<double> offered(hours + 1, 0);
  std::string names;
  for (std::int32_t s = 0; s < problem.site_count(); ++s)
    if (sites[static_cast<std::size_t>(s)]) {
      const RegionSite& site = problem.sites()[static_cast<std::size_t>(s)];
      names += (names.empty() ? "" : ", ") + site.name;
      for (std::size_t h = 0; h < hours; ++h) offered[h + 1] += static_cast<double>(site.capacity[h]);
    }
  for (std::size_t h = 0; h < hours; ++h) offered[h + 1] += offered[h];
  std::vector<std::vector<std::size_t>> by_release(hours);
  for (const auto& [near, jobs] : groups)
    if ((near & ~sites).none())
      for (const std::size_t j : jobs) by_release[static_cast<std::size_t>(problem.jobs()[j].release)].push_back(j);
  // From the last release back: what is asked for within [from, to), by the deadline.
  std::vector<double> by_deadline(hours + 1, 0);
  for (std::size_t from = hours; from-- > 0;) {
    for (const std::size_t j : by_release[from]) {
      const RegionJob& job = problem.jobs()[j];
      by_deadline[static_cast<std::size_t>(job.deadline)] += static_cast<double>(job.demand) * job.length;
    }
    double asked = 0;
    for (std::size_t to = from + 1; to <= hours; ++to) {
      asked += by_deadline[to];
      const double there = offered[to] - offered[from];
      if (asked > there)
        return bad_input("jobs that must run here within hours " + std::to_string(from) + " to " + std::to_string(to) +
                             " ask for " + shortest(asked) + " unit-hours, there are " + shortest(there) + ": " +
                             shortest(asked - there) + " too few",
                         "sites " + names, "add capacity, move deadlines, or raise latency bounds");
    }
  }
  return {};
}

}  // namespace

Result<void> check_aggregate(const RegionProblem& problem) {
  using Sites = std::bitset<most_region_sites>;
  const auto text_of = [](const Sites& sites) { return sites.to_string(); };
  std::map<std::string, std::pair<Sites, std::vector<std::size_t>>> by_sites;
  Sites all;
  for (std::int32_t s = 0; s < problem.site_count(); ++s) all.set(static_cast<std::size_t>(s));
  // Jobs of the same home and bound have the same near sites: the text of the set is made once for each.
  std::map<std::pair<std::int32_t, double>, std::vector<std::size_t>*> known;
  for (std::size_t j = 0; j < problem.job_count(); ++j) {
    const RegionJob& job = problem.jobs()[j];
    auto& place = known[{job.home, job.latency_bound.value()}];
    if (place == nullptr) {
      Sites near;
      for (std::int32_t s = 0; s < problem.site_count(); ++s)
        near.set(static_cast<std::size_t>(s), problem.near(job, s));
      auto& group = by_sites[text_of(near)];
      group.first = near;
      place = &group.second;
    }
    place->push_back(j);
  }
  std::vector<std::pair<Sites, std::vector<std::size_t>>> groups;
  for (auto& [text, group] : by_sites) groups.push_back(std::move(group));
  if (auto fine = check_sites(problem, all, groups); !fine) return fine;
  // Each set costs hours squared: of very many sets the first stand for all.
  constexpr std::size_t most_sets = 256;
  for (std::size_t g = 0; g < std::min(groups.size(), most_sets); ++g)
    if (auto fine = check_sites(problem, groups[g].first, groups); !fine) return fine;
  return {};
}

}  // namespace cradle::shifting
