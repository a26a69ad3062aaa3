#include "cradle/shifting/region_planner.h"

#include <algorithm>

#include "region_search.h"

namespace cradle::shifting {

namespace {

/// The part of a problem that lies ahead: jobs cannot start before `now`, so that hours behind it are never used.
RegionJob from(const RegionJob& job, Hour now) {
  RegionJob later = job;
  later.release = std::max(job.release, now);
  return later;
}

bool can_start(const RegionJob& job, Hour now) {
  return std::max(job.release, now) + std::int64_t{job.length} <= job.deadline;
}

}  // namespace

Result<RegionPlanner> RegionPlanner::make(std::vector<RegionSite> sites, std::vector<carbon::Seconds> latency,
                                          const Options& options) {
  // A job that any site can run, for the checks of sites and latencies alone.
  RegionJob least;
  least.name = "least";
  if (!sites.empty()) {
    const RegionSite& site = sites.front();
    const auto offered = std::find_if(site.capacity.begin(), site.capacity.end(), [](Units u) { return u > 0; });
    least.release = static_cast<Hour>(offered == site.capacity.end() ? 0 : offered - site.capacity.begin());
    least.deadline = least.release + 1;
  }
  auto problem = RegionProblem::make(std::move(sites), {least}, latency);
  if (!problem) return std::move(problem).error();
  RegionPlanner planner;
  planner.options_ = options;
  planner.sites_.assign(problem->sites().begin(), problem->sites().end());
  planner.latency_ = std::move(latency);
  planner.hours_ = problem->hours();
  for (const RegionSite& site : planner.sites_)
    planner.free_.insert(planner.free_.end(), site.capacity.begin(), site.capacity.end());
  planner.prices_.resize(planner.free_.size());
  return planner;
}

Result<void> RegionPlanner::forecast(std::int32_t site, std::vector<carbon::GramsPerKilowattHour> intensity) {
  if (site < 0 || site >= static_cast<std::int32_t>(sites_.size()))
    return bad_input("site " + std::to_string(site) + " is none", "forecast", "give the index of a site");
  const bool usable = std::all_of(intensity.begin(), intensity.end(),
                                  [](auto value) { return value.value() >= 0 && value.value() <= 1e6; });
  if (intensity.size() != static_cast<std::size_t>(hours_) || !usable)
    return bad_input("no " + std::to_string(hours_) + " intensities from 0 to 1e6 g/kWh", "forecast",
                     "give one for each hour of the horizon");
  sites_[static_cast<std::size_t>(site)].intensity = std::move(intensity);
  return {};
}

Result<void> RegionPlanner::set_prices(SiteHourPrices prices) {
  const bool usable =
      std::all_of(prices.begin(), prices.end(), [](auto price) { return price.value() >= 0 && price.value() < 1e300; });
  if (prices.size() != free_.size() || !usable)
    return bad_input("no " + std::to_string(free_.size()) + " prices of 0 or more", "prices",
                     "give one for each site and hour");
  prices_ = std::move(prices);
  return {};
}

std::vector<RegionPlanner::Known>::iterator RegionPlanner::find(JobId id) {
  return std::lower_bound(known_.begin(), known_.end(), id,
                          [](const Known& one, JobId other) { return one.id < other; });
}

void RegionPlanner::occupy(const RegionJob& job, const Placement& placement, Hour from_hour, Units sign) {
  if (!placement.served()) return;
  for (Hour hour = std::max(placement.start, from_hour); hour < placement.start + job.length; ++hour)
    free_[static_cast<std::size_t>(placement.site) * static_cast<std::size_t>(hours_) +
          static_cast<std::size_t>(hour)] -= sign * job.demand;
}

Result<std::optional<Placement>> RegionPlanner::decide(JobId id, const RegionJob& job, Hour now) {
  const auto place = find(id);
  if (place != known_.end() && place->id == id)
    return bad_input("job " + std::to_string(id) + " is known already", "job '" + job.name + "'",
                     "give each job a number of its own");
  auto problem = RegionProblem::make(sites_, {from(job, now)}, latency_);
  if (!problem) return std::move(problem).error();
  const RegionColumns columns(*problem, options_.objective);
  const Prefix prices = columns.sum(prices_);
  const Placement placement = columns.cheapest_free(0, &prices, 1, free_).placement;
  occupy(job, placement, 0, 1);
  known_.insert(place, {id, job, placement});
  if (!placement.served()) return std::optional<Placement>();
  return std::optional<Placement>(placement);
}

bool RegionPlanner::has_room(const RegionJob& job) const {
  const auto sites = static_cast<std::int32_t>(sites_.size());
  for (std::int32_t s = 0; s < sites; ++s) {
    if (!latency_.empty() &&
        latency_[static_cast<std::size_t>(job.home) * static_cast<std::size_t>(sites) + static_cast<std::size_t>(s)] >
            job.latency_bound)
      continue;
    Hour run = 0;
    for (Hour hour = job.release; hour < job.deadline; ++hour) {
      run = free_units(s, hour) >= job.demand ? run + 1 : 0;
      if (run == job.length) return true;
    }
  }
  return false;
}

Result<std::size_t> RegionPlanner::replan(Hour now, std::span<const RegionJob> expected) {
  std::vector<Known*> pending;
  for (Known& one : known_)
    if ((!one.placement.served() || one.placement.start >= now) && can_start(one.job, now)) pending.push_back(&one);
  // What runs keeps its units. The rest of the capacity is what is planned, and priced.
  for (const Known* one : pending) occupy(one->job, one->placement, 0, -1);
  std::vector<RegionSite> sites = sites_;
  for (std::size_t s = 0; s < sites.size(); ++s)
    for (std::size_t h = 0; h < sites[s].capacity.size(); ++h)
      sites[s].capacity[h] = free_[s * static_cast<std::size_t>(hours_) + h];
  std::vector<RegionJob> jobs;
  std::vector<Known*> planned;
  for (Known* one : pending) {
    RegionJob job = from(one->job, now);
    job.name = "known " + std::to_string(one->id);
    if (!has_room(job)) continue;
    jobs.push_back(std::move(job));
    planned.push_back(one);
  }
  for (std::size_t e = 0; e < expected.size(); ++e) {
    RegionJob job = from(expected[e], now);
    job.name = "expected " + std::to_string(e);
    if (can_start(job, now) && job.deadline <= hours_ && has_room(job)) jobs.push_back(std::move(job));
  }
  for (const Known* one : pending) occupy(one->job, one->placement, 0, 1);
  if (jobs.empty()) return std::size_t{0};

  const auto problem = RegionProblem::make(std::move(sites), std::move(jobs), latency_, true);
  if (!problem) return problem.error();
  BoundOptions bound;
  bound.objective = options_.objective;
  bound.iterations = options_.bound_iterations;
  bound.seed = options_.seed;
  bound.threads = options_.threads;
  bound.start = prices_;
  prices_ = region_bound(*problem, bound).prices;

  // From the plan that stands, expected jobs taking places as well: what is likely to come is not in the way later.
  const RegionColumns columns(*problem, options_.objective);
  const Prefix prices = columns.sum(prices_);
  Packing packing(columns);
  for (std::size_t i = 0; i < planned.size(); ++i) packing.place(i, planned[i]->placement);
  std::vector<std::size_t> homeless = packing.unserved();
  std::sort(homeless.begin(), homeless.end());
  for (const std::size_t j : homeless) packing.place(j, columns.cheapest_free(j, &prices, 1, packing.left()).placement);
  SearchOptions search;
  search.rounds = options_.search_rounds;
  packing = improved(std::move(packing), columns, prices, search,
                     RandomStream(options_.seed, "region planner " + std::to_string(now)));
  for (std::size_t i = 0; i < planned.size(); ++i)
    if (planned[i]->placement.served() && !packing.schedule()[i].served()) return std::size_t{0};
  for (const Known* one : planned) occupy(one->job, one->placement, 0, -1);
  std::size_t moved = 0;
  for (std::size_t i = 0; i < planned.size(); ++i) {
    Known& one = *planned[i];
    moved += one.placement == packing.schedule()[i] ? 0 : 1;
    one.placement = packing.schedule()[i];
    occupy(one.job, one.placement, 0, 1);
  }
  // What is only likely does not keep a job from its place.
  const bool homeless_still =
      std::any_of(planned.begin(), planned.end(), [](const Known* one) { return !one->placement.served(); });
  if (homeless_still && !expected.empty()) {
    const auto again = replan(now);
    if (!again) return again.error();
    moved += *again;
  }
  return moved;
}

std::optional<Placement> RegionPlanner::placement(JobId id) const {
  const auto place =
      std::lower_bound(known_.begin(), known_.end(), id, [](const Known& one, JobId other) { return one.id < other; });
  if (place == known_.end() || place->id != id || !place->placement.served()) return {};
  return place->placement;
}

void RegionPlanner::forget(JobId id, Hour now) {
  const auto place = find(id);
  if (place == known_.end() || place->id != id) return;
  occupy(place->job, place->placement, now, -1);
  known_.erase(place);
}

Units RegionPlanner::free_units(std::int32_t site, Hour hour) const {
  return free_[static_cast<std::size_t>(site) * static_cast<std::size_t>(hours_) + static_cast<std::size_t>(hour)];
}

}  // namespace cradle::shifting
