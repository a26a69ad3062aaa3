// Elastic jobs of a dispatcher: on how many machines they run from hour to hour.
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "cradle/dispatch/dispatcher.h"
#include "cradle/shifting/elastic.h"
#include "outlook.h"

namespace cradle::dispatch {

using fleet::Placement;
using fleet::SiteIndex;
using policy::SiteMask;

namespace {

std::uint16_t thousandths(double share) { return static_cast<std::uint16_t>(std::lround(share * 1000)); }

/// Pauses between intervals, some of which only change the number of machines.
std::int64_t pauses(const std::vector<shifting::ElasticInterval>& intervals) {
  std::int64_t count = 0;
  for (std::size_t i = 1; i < intervals.size(); ++i) count += intervals[i - 1].to < intervals[i].from;
  return count;
}

}  // namespace

std::optional<std::int64_t> Dispatcher::plan_elastic(Job& job) {
  if (job.remaining_ms <= 0) return std::nullopt;
  shifting::ElasticJob work;
  for (const double machine : configuration_.elastic_curve) work.marginal.push_back(thousandths(machine) / 1000.0);
  work.work = static_cast<double>(job.remaining_ms);
  work.release = outlook_->step_of(now_ms_);
  work.deadline = outlook_->step_of(latest_ms(job) + job.remaining_ms);
  work.draw = carbon::Watts{1};
  bool known = true;
  const auto on = [&](const shifting::Signal& signal) {
    constexpr auto objective = shifting::ElasticObjective::operational;
    known = known && work.deadline <= signal.end();
    auto made = shifting::scale(signal, work, objective);
    const std::int64_t cost = made ? pauses(made->intervals) * configuration_.resume_cost_ms : 0;
    if (cost == 0) return made;
    // As for other jobs: what resumptions cost is taken from the window, so that it still ends in time.
    shifting::ElasticJob shorter = work;
    shorter.deadline -= cost;
    auto sooner = shifting::scale(signal, shorter, objective);
    return sooner ? sooner : made;
  };
  std::vector<shifting::ElasticInterval> best;
  if (configuration_.region == RegionRule::cheapest_window) {
    double least = 0;
    for (SiteIndex site = 0; site < static_cast<SiteIndex>(sites_.size()); ++site) {
      if ((job.possible >> site & 1) == 0) continue;
      const auto made = on(outlook_->forecast(site));
      if (!made || (!best.empty() && made->operational.value() >= least)) continue;
      least = made->operational.value();
      best = made->intervals;
      job.site = site;
    }
  } else if (const auto made = on(outlook_->forecast_anywhere())) {
    best = made->intervals;
  }
  if (!known) return std::nullopt;
  // Work that does not fit any more is done as fast as it can be.
  if (best.empty()) job.machines.push_back(static_cast<int>(configuration_.elastic_curve.size()));
  for (const shifting::ElasticInterval& interval : best) {
    job.plan.push_back({outlook_->ms_of(interval.from), outlook_->ms_of(interval.to)});
    job.machines.push_back(interval.machines);
  }
  return best.empty() ? now_ms_ : job.plan.front().from;
}

int Dispatcher::wanted_machines(const Job& job) const {
  return job.machines.empty() ? 1 : job.machines[std::min(job.interval, job.machines.size() - 1)];
}

void Dispatcher::end_level(JobId id) {
  Job& job = jobs_[id];
  progress(job);
  if (job.remaining_ms < least_interval_ms) return;
  std::int64_t from = now_ms_;
  if (perfect_ && !job.behind && job.interval + 1 < job.plan.size()) {
    from = job.plan[++job.interval].from;
  } else {
    from = plan(job);
  }
  // A pause no longer than what it costs is not made.
  if (from - now_ms_ > configuration_.resume_cost_ms) {
    const Placement first = job.placement;
    release(id);
    put_off(id, from);
    answer_.push_back({id, Action::suspend, {}, first, 0});
    return;
  }
  while (static_cast<int>(job.further.size()) + 1 > wanted_machines(job)) shrink(id, job.further.size() - 1);
  if (job.interval < job.plan.size())
    wake_at(id, std::max(job.plan[job.interval].to, now_ms_ + (perfect_ ? 1 : least_interval_ms)));
}

void Dispatcher::set_machines(Job& job, Action action, const Placement& machine) {
  progress(job);
  int speed = 0;
  for (std::size_t i = 0; i <= job.further.size(); ++i) speed += thousandths(configuration_.elastic_curve[i]);
  job.pace.speed = static_cast<std::uint16_t>(speed);
  answer_.push_back({static_cast<JobId>(&job - jobs_.data()), action, job.pace, machine, 0});
}

void Dispatcher::shrink(JobId id, std::size_t further) {
  Job& job = jobs_[id];
  const Placement machine = job.further[further];
  cluster_.release(machine, job.request);
  site_used_milli_[cluster_.site(machine.node)] -= job.request.total_gpu_milli();
  ++releases_;
  job.further.erase(job.further.begin() + static_cast<std::ptrdiff_t>(further));
  set_machines(job, Action::shrink, machine);
}

bool Dispatcher::wants_machines() const {
  return std::any_of(elastic_.begin(), elastic_.end(), [&](JobId id) {
    return static_cast<int>(jobs_[id].further.size()) + 1 < wanted_machines(jobs_[id]);
  });
}

void Dispatcher::grow() {
  if (!ready_.empty()) return;
  for (const JobId id : elastic_) {
    Job& job = jobs_[id];
    const SiteIndex site = cluster_.site(job.placement.node);
    while (static_cast<int>(job.further.size()) + 1 < wanted_machines(job)) {
      SiteMask allowed = SiteMask{1} << site;
      if (configuration_.quota.minimum < 1 && may_still_wait(job)) allowed &= under_quota(job);
      const auto machine = allowed == 0 ? std::nullopt : choose(job, allowed, std::size_t{site} + 1);
      if (!machine) {
        job.behind = true;
        break;
      }
      cluster_.place(*machine, job.request);
      site_used_milli_[site] += job.request.total_gpu_milli();
      job.further.push_back(*machine);
      set_machines(job, Action::grow, *machine);
    }
  }
}

std::optional<Placement> Dispatcher::find_beside_further(const Job& job) {
  const auto count = [&](const Job& owner, const Placement& machine, int sign) {
    site_used_milli_[cluster_.site(machine.node)] += sign * owner.request.total_gpu_milli();
  };
  bool any = false;
  for (const JobId id : elastic_) {
    for (const Placement& machine : jobs_[id].further) {
      cluster_.release(machine, jobs_[id].request);
      count(jobs_[id], machine, -1);
      any = true;
    }
  }
  if (!any) return std::nullopt;
  ++releases_;
  Pace pace;
  const auto found = find(job, pace);
  if (found) cluster_.place(*found, job.request);
  for (const JobId id : elastic_) {
    Job& owner = jobs_[id];
    const std::vector<Placement> further = owner.further;
    for (const Placement& machine : further) {
      if (cluster_.fits(machine, owner.request)) {
        cluster_.place(machine, owner.request);
        count(owner, machine, 1);
        continue;
      }
      owner.behind = true;
      owner.further.erase(std::find(owner.further.begin(), owner.further.end(), machine));
      set_machines(owner, Action::shrink, machine);
    }
  }
  if (found) cluster_.release(*found, job.request);
  return found;
}

}  // namespace cradle::dispatch
