// How a dispatcher starts a job: at which sites, under which quota, on which machine and at which pace.
#include <algorithm>
#include <cmath>

#include "cradle/dispatch/dispatcher.h"
#include "cradle/shifting/quota.h"
#include "joint_decider.h"
#include "outlook.h"
#include "region_decider.h"

namespace cradle::dispatch {

using fleet::Placement;
using fleet::SiteIndex;
using policy::SiteMask;

namespace {

/// The time that work takes at a pace, both in milliseconds.
std::int64_t time_ms(std::int64_t work, Pace pace) { return (work * 1000 + pace.speed - 1) / pace.speed; }

double gpus(const fleet::Request& request) { return static_cast<double>(request.total_gpu_milli()) / fleet::milli; }

}  // namespace

void Dispatcher::rank_sites(const Job& job) {
  ranked_.clear();
  for (SiteIndex site = 0; site < static_cast<SiteIndex>(sites_.size()); ++site)
    if ((job.possible >> site & 1) != 0) ranked_.push_back(site);
  std::vector<double> cost(sites_.size());
  const bool window = configuration_.region != RegionRule::cleanest_now;
  for (const SiteIndex site : ranked_) {
    if (!window) {
      cost[site] = outlook_->now(site);
      continue;
    }
    const shifting::Signal& signal = outlook_->forecast(site);
    const shifting::Step from = outlook_->step_of(now_ms_);
    cost[site] = signal.sum(from, std::min(signal.end(), from + std::max<std::int64_t>(1, job.remaining_ms)));
  }
  std::stable_sort(ranked_.begin(), ranked_.end(), [&](SiteIndex a, SiteIndex b) { return cost[a] < cost[b]; });
  // A plan that has pauses is not judged by the hours on end from now, one of many jobs not by the grams of one alone.
  if (region_ ? job.at_site : window && !job.plan.empty()) {
    const auto planned = std::find(ranked_.begin(), ranked_.end(), job.site);
    std::rotate(ranked_.begin(), planned, planned + 1);
  }
}

SiteMask Dispatcher::under_quota(const Job& job) {
  if (quota_hour_ != hour_of(now_ms_)) {
    quota_hour_ = hour_of(now_ms_);
    for (SiteIndex site = 0; site < static_cast<SiteIndex>(sites_.size()); ++site) {
      using carbon::GramsPerKilowattHour;
      const Outlook::DayAhead& day = outlook_->day_ahead(site);
      const auto gpus = static_cast<int>(site_gpu_milli_[site] / fleet::milli);
      const auto minimum = static_cast<int>(std::ceil(configuration_.quota.minimum * gpus));
      // The search needs a lowest intensity above 0.
      const double high = std::max(day.high, 1e-3), low = std::max(day.low, 1e-6 * high);
      const auto quota = shifting::quota(GramsPerKilowattHour{outlook_->now(site)}, GramsPerKilowattHour{low},
                                         GramsPerKilowattHour{high}, gpus, minimum);
      quota_milli_[site] = quota ? std::int64_t{*quota} * fleet::milli : site_gpu_milli_[site];
    }
  }
  SiteMask allowed = 0;
  for (SiteIndex site = 0; site < static_cast<SiteIndex>(sites_.size()); ++site)
    if (site_used_milli_[site] + job.request.total_gpu_milli() <= quota_milli_[site]) allowed |= SiteMask{1} << site;
  return allowed;
}

std::optional<Placement> Dispatcher::choose(const Job& job, SiteMask sites, std::size_t slot) {
  Refusal& refused = refused_[job.shape * slots_ + slot];
  const bool known = refused.at == releases_ + 1;
  if (known && job.request.memory_mib >= refused.memory_mib) return std::nullopt;
  const auto placement = scheduler_.choose(job.request, job.shape, sites);
  if (!placement && (slot > 0 || sites == policy::all_sites))
    refused = {releases_ + 1, known ? std::min(refused.memory_mib, job.request.memory_mib) : job.request.memory_mib};
  return placement;
}

std::optional<Placement> Dispatcher::find(const Job& job, Pace& pace) {
  const bool held = plans_ && may_still_wait(job);
  SiteMask allowed = policy::all_sites;
  if (held && configuration_.quota.minimum < 1 && job.request.gpu_count > 0) allowed = under_quota(job);
  std::optional<Placement> placement;
  if (joint_ && configuration_.joint.placement) {
    if (const auto choice = joint_->choose(asking(job), allowed)) {
      placement = choice->placement;
      pace = choice->pace;
    }
  } else if (configuration_.region == RegionRule::any) {
    if (allowed != 0) placement = choose(job, allowed, 0);
  } else {
    rank_sites(job);
    for (const SiteIndex site : ranked_) {
      if ((allowed >> site & 1) != 0) placement = choose(job, SiteMask{1} << site, std::size_t{site} + 1);
      // A planned job's turn comes within its hour; what the hour does not hold is planned anew.
      if (placement || (held && (configuration_.wait_for_region || job.at_site))) break;
    }
  }
  return placement;
}

bool Dispatcher::try_start(JobId id) {
  Job& job = jobs_[id];
  Pace pace;
  std::optional<Placement> placement = find(job, pace);
  if (!placement && !elastic_.empty()) placement = find_beside_further(job);
  if (!placement) return false;
  cluster_.place(*placement, job.request);
  site_used_milli_[cluster_.site(placement->node)] += job.request.total_gpu_milli();
  job.state = State::running;
  job.placement = *placement;
  ++job.version;
  if (plans_) {
    job.since_ms = now_ms_;
    if (job.started) job.remaining_ms += configuration_.resume_cost_ms;
    if (joint_ && !configuration_.joint.placement) pace = joint_->pace(asking(job), placement->node);
    job.pace = joint_ ? pace : pace_of(job, *placement);
    if (joint_)
      joint_->began(id, job.request, *placement,
                    now_ms_ + time_ms(std::max<std::int64_t>(1, job.remaining_ms), job.pace));
    if (region_)
      region_->began(id, cluster_.site(placement->node), gpus(job.request),
                     now_ms_ + time_ms(std::max<std::int64_t>(1, job.remaining_ms), job.pace));
    if (job.elastic) {
      elastic_.insert(std::lower_bound(elastic_.begin(), elastic_.end(), id), id);
      job.behind = !job.plan.empty() && now_ms_ > job.plan[job.interval].from;
    }
    if (job.interval + (job.elastic ? 0 : 1) < job.plan.size()) {
      const std::int64_t to = job.plan[job.interval].to;
      wake_at(id, to > now_ms_ ? to : (hour_of(now_ms_) + 1) * ms_per_hour - service_.start.ms);
    }
  }
  answer_.push_back({id, job.started ? Action::resume : Action::start, job.pace, *placement, 0});
  job.started = true;
  return true;
}

std::int64_t Dispatcher::pauses_ms(const Job& job) const {
  std::int64_t pauses = 0;
  for (std::size_t next = job.interval + 1; next < job.plan.size(); ++next)
    pauses += job.plan[next].from - job.plan[next - 1].to;
  return pauses;
}

Pace Dispatcher::pace_of(const Job& job, const Placement& placement) {
  const CapRule& rule = configuration_.cap;
  if (rule.when == CapWhen::never || !job.may_wait || job.request.gpu_count == 0 || job.request.shares_gpu()) return {};
  const fleet::NodeSpec& node = cluster_.spec(placement.node);
  ModelCap cap{"", rule.limit, rule.power, rule.speed};
  if (rule.by_model) {
    const auto known = std::find_if(rule.models.begin(), rule.models.end(),
                                    [&](const ModelCap& one) { return one.gpu_model == node.gpu_model; });
    if (known == rule.models.end()) return {};
    cap = *known;
  }
  const SiteIndex site = node.site;
  if (rule.when == CapWhen::dirty_hours) {
    const JobId id = static_cast<JobId>(&job - jobs_.data());
    const auto at = std::lower_bound(capped_.begin(), capped_.end(), id);
    if (at == capped_.end() || *at != id) capped_.insert(at, id);
    if (outlook_->now(site) <= outlook_->day_ahead(site).median) return {};
  }
  const auto thousandths = [](double share) { return static_cast<std::uint16_t>(std::lround(share * 1000)); };
  // No cap takes a GPU below what it draws when idle.
  const fleet::PowerModel& power = node.power;
  const double floor = power.gpu_full.value() > 0 ? std::min(1.0, power.gpu_idle / power.gpu_full) : 1;
  const Pace capped{thousandths(cap.limit), thousandths(std::max(cap.power, floor)), thousandths(cap.speed)};
  const std::int64_t work = std::max<std::int64_t>(1, job.remaining_ms);
  return now_ms_ + time_ms(work, capped) + pauses_ms(job) <= job.deadline_ms ? capped : Pace{};
}

void Dispatcher::set_paces() {
  for (const JobId id : capped_) {
    Job& job = jobs_[id];
    progress(job);
    const Pace pace = pace_of(job, job.placement);
    if (pace == job.pace) continue;
    job.pace = pace;
    answer_.push_back({id, Action::cap, pace, job.placement, 0});
  }
}

JointAsking Dispatcher::asking(const Job& job) const {
  return {job.request,  job.shape,      now_ms_,        std::max<std::int64_t>(1, job.remaining_ms),
          job.may_wait, latest_ms(job), job.deadline_ms};
}

RegionAsking Dispatcher::region_asking(const Job& job) const {
  return {static_cast<JobId>(&job - jobs_.data()), gpus(job.request),
          static_cast<double>(job.request.cpu_milli) / fleet::milli, std::max<std::int64_t>(1, job.remaining_ms),
          latest_ms(job)};
}

std::int64_t Dispatcher::take(Job& job, const std::optional<RegionChoice>& choice) {
  job.at_site = choice && (job.possible >> choice->site & 1) != 0;
  if (!choice) return now_ms_;
  job.site = choice->site;
  return choice->start_ms;
}

}  // namespace cradle::dispatch
