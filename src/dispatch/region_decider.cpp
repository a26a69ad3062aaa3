#include "region_decider.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace cradle::dispatch {

using shifting::Hour;
using shifting::RegionJob;
using shifting::RegionPlanner;
using shifting::RegionSite;
using shifting::Units;

namespace {

constexpr double units_per_gpu = 1e6;
/// Of every site beyond its GPUs: each job without one takes a unit.
constexpr Units spare_units = 1000;
/// Not every GPU of an hour can be filled: models, processors and whole GPUs get in the way. Who is planned beyond that
/// finds no room and is planned anew; planning for less leaves clean hours empty.
constexpr double overbooked = 1.25;
/// How far ahead sites are priced: a day of waiting and nine of work. What is beyond is the same for every choice.
constexpr Hour most_hours = 240;
/// Of each plan's local search: for each open job, at least and at most.
constexpr std::int64_t rounds_per_job = 40, least_rounds = 500, most_rounds = 4000;

Units units(double gpus) { return static_cast<Units>(std::llround(gpus * units_per_gpu)); }

}  // namespace

RegionDecider::RegionDecider(const fleet::Cluster& cluster, Outlook& outlook, std::size_t sites, std::uint64_t seed)
    : outlook_(outlook), gpus_(sites), draw_factor_(sites, 1) {
  options_.objective.embodied = false;  // what is bought is sunk
  options_.seed = seed;
  options_.threads = 1;
  options_.bound_iterations = 30;
  std::vector<carbon::Watts> at_site(sites);
  double gpus = 0, threads = 0;
  for (fleet::NodeIndex node = 0; node < cluster.size(); ++node) {
    const fleet::NodeSpec& spec = cluster.spec(node);
    const fleet::PowerModel& power = spec.power;
    const double of_node = static_cast<double>(spec.cpu_milli) / fleet::milli;
    at_site[spec.site] += (power.gpu_full - power.gpu_idle) * spec.gpu_count;
    thread_ += (power.socket_full - power.socket_idle) * (of_node / (2.0 * power.cores_per_socket));
    gpus_[spec.site] += spec.gpu_count;
    gpus += spec.gpu_count;
    threads += of_node;
  }
  for (const carbon::Watts watts : at_site) gpu_ += watts;
  if (gpus > 0) gpu_ = gpu_ / gpus;
  if (threads > 0) thread_ = thread_ / threads;
  for (std::size_t site = 0; site < sites; ++site)
    if (gpus_[site] > 0 && at_site[site].value() > 0 && gpu_.value() > 0)
      draw_factor_[site] = at_site[site] / gpus_[site] / gpu_;
}

void RegionDecider::begin_hour(std::int64_t now_ms, std::size_t open) {
  hour0_ms_ = outlook_.hour_start_ms();
  planned_ = true;
  planner_.reset();
  const std::size_t count = gpus_.size();
  std::int64_t ahead = most_hours;
  for (std::size_t site = 0; site < count; ++site)
    ahead = std::min(ahead, (outlook_.forecast(site).end() - outlook_.step_of(hour0_ms_)) / ms_per_hour);
  hours_ = static_cast<Hour>(std::max<std::int64_t>(ahead, 0));
  if (hours_ < 2) return;
  std::vector<std::vector<double>> used(count, std::vector<double>(static_cast<std::size_t>(hours_)));
  for (const auto& [job, stay] : stays_) {
    // Who runs longer than was believed is expected to end within the hour.
    const std::int64_t until = std::max(stay.until_ms, now_ms + 1);
    for (std::int64_t hour = 0; hour < hours_; ++hour) {
      const std::int64_t from = std::max(now_ms, hour0_ms_ + hour * ms_per_hour);
      const std::int64_t to = hour0_ms_ + (hour + 1) * ms_per_hour;
      if (until <= from) break;
      const double part = static_cast<double>(std::min(until, to) - from) / static_cast<double>(to - from);
      used[stay.site][static_cast<std::size_t>(hour)] += stay.gpus * part;
    }
  }
  std::vector<RegionSite> sites(count);
  for (std::size_t s = 0; s < count; ++s) {
    RegionSite& site = sites[s];
    site.name = std::to_string(s);
    site.draw_factor = draw_factor_[s];
    const shifting::Signal& signal = outlook_.forecast(s);  // PUE included
    const shifting::Step from = outlook_.step_of(hour0_ms_);
    for (std::int64_t hour = 0; hour < hours_; ++hour) {
      site.intensity.emplace_back(std::max(0.0, signal.at(from + hour * ms_per_hour)));
      const double left = std::max(0.0, gpus_[s] - used[s][static_cast<std::size_t>(hour)]);
      site.capacity.push_back(units(left * overbooked) + spare_units);
    }
  }
  options_.search_rounds = std::clamp(rounds_per_job * static_cast<std::int64_t>(open), least_rounds, most_rounds);
  auto made = RegionPlanner::make(std::move(sites), {}, options_);
  if (!made) return;
  planner_ = std::move(*made);
}

void RegionDecider::keep_worth(const shifting::SiteHourPrices& known, std::int64_t passed) {
  const auto row = static_cast<std::size_t>(hours_);
  if (known.size() != row * gpus_.size() || passed < 0 || passed >= hours_) return;
  shifting::SiteHourPrices prices(known.size());
  for (std::size_t i = 0; i < prices.size(); ++i)
    if (const std::size_t later = i % row + static_cast<std::size_t>(passed); later < row)
      prices[i] = known[i - i % row + later];
  if (auto ok = planner_->set_prices(std::move(prices)); !ok) planner_.reset();
}

RegionJob RegionDecider::region_job(const RegionAsking& asking) const {
  RegionJob job;
  job.name = std::to_string(asking.job);
  const std::int64_t last = std::clamp<std::int64_t>((asking.latest_ms - hour0_ms_) / ms_per_hour, 0, hours_ / 2);
  const std::int64_t whole = (asking.length_ms + ms_per_hour - 1) / ms_per_hour;
  job.length = static_cast<Hour>(std::min<std::int64_t>(whole, hours_ - last));
  job.deadline = static_cast<Hour>(last) + job.length;
  const double part = static_cast<double>(asking.length_ms) / static_cast<double>(whole * ms_per_hour);
  job.demand = std::max<Units>(1, units(asking.gpus * part));
  job.draw = (gpu_ * asking.gpus + thread_ * asking.threads) * part;
  return job;
}

void RegionDecider::ask(const RegionAsking& asking) {
  // What no site can ever hold beside those that run has no place in the plan: it is refused here and not asked again
  // before the next hour.
  if (planner_) static_cast<void>(planner_->decide(asking.job, region_job(asking), 0));
}

void RegionDecider::plan(std::int64_t now_ms, std::span<const RegionAsking> open) {
  const std::int64_t before = hour0_ms_;
  const shifting::SiteHourPrices known = planner_ ? planner_->prices() : shifting::SiteHourPrices();
  begin_hour(now_ms, open.size());
  if (!planner_) return;
  for (const RegionAsking& asking : open) ask(asking);
  keep_worth(known, (hour0_ms_ - before) / ms_per_hour);
  // The plan that was just made job by job stands where planning them together fails; for one alone it is exact.
  if (open.size() > 1) static_cast<void>(planner_->replan(0));
}

std::optional<RegionChoice> RegionDecider::decide(std::int64_t now_ms, const RegionAsking& asking) {
  if (!planned_ || hour0_ms_ != outlook_.hour_start_ms()) begin_hour(now_ms, 0);
  ask(asking);
  return choice(now_ms, asking.job);
}

std::optional<RegionChoice> RegionDecider::choice(std::int64_t now_ms, JobId job) const {
  if (!planner_) return std::nullopt;
  const auto placement = planner_->placement(job);
  if (!placement) return std::nullopt;
  return RegionChoice{static_cast<fleet::SiteIndex>(placement->site),
                      std::max(now_ms, hour0_ms_ + placement->start * ms_per_hour)};
}

void RegionDecider::began(JobId job, fleet::SiteIndex site, double gpus, std::int64_t until_ms) {
  stays_[job] = {site, gpus, until_ms};
}

}  // namespace cradle::dispatch
