#include "cradle/dispatch/dispatcher.h"

#include <algorithm>
#include <iterator>

#include "cradle/base/random.h"
#include "cradle/dispatch/decision_log.h"
#include "cradle/fleet/fragmentation.h"
#include "joint_decider.h"
#include "outlook.h"
#include "region_decider.h"

namespace cradle::dispatch {

using fleet::NodeIndex;
using fleet::SiteIndex;
using policy::SiteMask;
using shifting::TimePolicy;

namespace {

constexpr std::size_t most_ranked_sites = 64;

}  // namespace

Result<std::unique_ptr<Dispatcher>> Dispatcher::make(const Configuration& configuration,
                                                     std::span<const fleet::NodeSpec> nodes,
                                                     std::span<const carbon::SiteRecord> sites,
                                                     std::span<const workload::Job> typical, Service service) {
  if (auto ok = check(configuration); !ok) return ok.error();
  auto cluster = fleet::Cluster::make(nodes);
  if (!cluster) return cluster.error();
  for (const fleet::NodeSpec& node : nodes)
    if (node.site >= sites.size())
      return bad_input("site " + std::to_string(node.site) + " does not exist", "node '" + node.name + "'",
                       "give as many site records as the nodes name");
  if (configuration.plans() && sites.size() > most_ranked_sites)
    return bad_input(std::to_string(sites.size()) + " sites", "strategy '" + configuration.name + "'",
                     "rules that look at sites are for at most 64 of them: merge sites of one grid");
  const Instant end{service.start.ms + service.length_ms};
  for (const carbon::SiteRecord& site : sites)
    if (!Outlook::signal(site, configuration.decide_by).covers(service.start, end))
      return missing_data("the intensity series does not cover " + to_iso(service.start) + " .. " + to_iso(end),
                          "site '" + site.name + "'", "use a typical-year grid profile, or a longer series");
  std::vector<workload::Job> held_jobs;
  if (configuration.joint.enabled && configuration.joint.slice) {
    held_jobs.assign(typical.begin(), typical.end());
    for (workload::Job& job : held_jobs)
      job.demand.gpu_milli = held_gpu_milli(configuration.joint, job.demand.gpu_milli);
    typical = held_jobs;
  }
  fleet::FragmentationModel fragmentation(fleet::typical_demands(typical, *cluster));
  return std::unique_ptr<Dispatcher>(new Dispatcher(configuration, std::move(*cluster), {sites.begin(), sites.end()},
                                                    std::move(fragmentation), service));
}

Dispatcher::Dispatcher(const Configuration& configuration, fleet::Cluster cluster,
                       std::vector<carbon::SiteRecord> sites, fleet::FragmentationModel fragmentation, Service service)
    : configuration_(configuration),
      plans_(configuration.plans()),
      perfect_(configuration.forecast.kind == shifting::ForecastKind::perfect),
      cluster_(std::move(cluster)),
      sites_(std::move(sites)),
      fragmentation_(std::move(fragmentation)),
      scheduler_(configuration.placement, cluster_, fragmentation_, RandomStream(configuration.seed, "policy"),
                 configuration.cache),
      service_(service),
      factors_(sites_.size()),
      site_gpu_milli_(sites_.size()),
      site_used_milli_(sites_.size()),
      quota_milli_(sites_.size()) {
  if (plans_) {
    std::vector<std::int64_t> weights(sites_.size());
    for (NodeIndex node = 0; node < cluster_.size(); ++node) {
      const fleet::NodeSpec& spec = cluster_.spec(node);
      site_gpu_milli_[spec.site] += std::int64_t{spec.gpu_count} * fleet::milli;
      // A processor counts as little as it draws beside a GPU; it must count for a fleet that has nothing else.
      weights[spec.site] += std::int64_t{1'000'000} * spec.gpu_count + spec.cpu_milli / 1000;
    }
    outlook_ = std::make_unique<Outlook>(sites_, weights, configuration_, service_);
    outlook_->look(0);
    slots_ = 1 + sites_.size();
    if (configuration_.joint.enabled)
      joint_ = std::make_unique<JointDecider>(configuration_, cluster_, fragmentation_, *outlook_, sites_.size());
    else if (configuration_.region == RegionRule::planned)
      region_ = std::make_unique<RegionDecider>(cluster_, *outlook_, sites_.size(), configuration_.seed);
  }
  set_factors();
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::set_factors() {
  for (std::size_t site = 0; site < sites_.size(); ++site)
    factors_[site] =
        Outlook::signal(sites_[site], configuration_.decide_by).at({service_.start.ms + now_ms_}) * sites_[site].pue;
  scheduler_.set_site_factors(factors_);
}

void Dispatcher::begin(std::int64_t now_ms) {
  answer_.clear();
  const bool new_hour = hour_of(now_ms) != hour_of(now_ms_);
  now_ms_ = now_ms;
  if (!new_hour) return;
  set_factors();
  if (outlook_) outlook_->look(now_ms);
}

std::span<const Decision> Dispatcher::answer() {
  if (log_ != nullptr) log_->decided(answer_);
  return answer_;
}

std::span<const Decision> Dispatcher::arrive(std::int64_t now_ms, const workload::Job& given) {
  if (log_ != nullptr) log_->arrived(now_ms, given);
  begin(now_ms);
  const auto id = static_cast<JobId>(jobs_.size());
  Job& job = jobs_.emplace_back();
  job.request = cluster_.request(given.demand);
  job.request.gpu_milli = held_gpu_milli(configuration_.joint, job.request.gpu_milli);
  if (!cluster_.fits_empty(job.request)) {
    job.state = State::done;
    answer_.push_back({id, Action::refuse, {}, {}, 0});
    return answer();
  }
  job.shape = scheduler_.shape(job.request);
  if (std::size_t{job.shape} * slots_ >= refused_.size()) refused_.resize((std::size_t{job.shape} + 1) * slots_);
  if (plans_) describe(job, given);
  if (const std::int64_t from = plans_ ? plan(job) : now_ms; from > now_ms) {
    defer(id, from);
  } else if (!try_start(id)) {
    make_ready(id);
  }
  grow();
  return answer();
}

void Dispatcher::describe(Job& job, const workload::Job& given) {
  const ServiceRule& rule = configuration_.service;
  job.arrived_ms = now_ms_;
  job.length_ms = job.known_ms = given.duration_ms;
  job.long_queue = given.duration_ms >= rule.short_ms;
  if (!configuration_.knows_length) {
    const Queue& queue = job.long_queue ? long_ : short_;
    job.known_ms = queue.finished > 0 ? std::max<std::int64_t>(1, queue.total_ms / queue.finished) : rule.short_ms;
  }
  job.remaining_ms = job.known_ms;
  job.may_wait = rule.may_wait(given);
  job.elastic =
      !configuration_.elastic_curve.empty() && job.may_wait && job.request.gpu_count > 0 && !job.request.shares_gpu();
  job.wait_ms = rule.wait_ms(given);
  job.deadline_ms = now_ms_ + (rule.deadline_ms(given) - given.arrival_ms);
  if (configuration_.region == RegionRule::any) return;
  for (NodeIndex node = 0; node < cluster_.size(); ++node)
    if (cluster_.fits_empty(node, job.request)) job.possible |= SiteMask{1} << cluster_.site(node);
}

std::span<const Decision> Dispatcher::finish(std::int64_t now_ms, std::span<const JobId> jobs) {
  if (log_ != nullptr) log_->finished(now_ms, jobs);
  begin(now_ms);
  for (const JobId id : jobs) {
    release(id);
    Job& job = jobs_[id];
    job.state = State::done;
    Queue& queue = job.long_queue ? long_ : short_;
    ++queue.finished;
    queue.total_ms += job.length_ms;
  }
  drain();
  grow();
  return answer();
}

std::span<const Decision> Dispatcher::tick(std::int64_t now_ms) {
  if (log_ != nullptr) log_->ticked(now_ms);
  begin(now_ms);
  const bool new_hour = plans_ && hour_of(now_ms_) != planned_hour_;
  planned_hour_ = hour_of(now_ms_);
  // Who becomes ready now does so by a plan that holds: only who was ready and did not fit is planned anew.
  if (new_hour) replan();
  while (!wakes_.empty() && wakes_.front().at_ms <= now_ms_) {
    std::pop_heap(wakes_.begin(), wakes_.end(), later);
    const Wake wake = wakes_.back();
    wakes_.pop_back();
    Job& job = jobs_[wake.job];
    if (job.version != wake.version) continue;
    if (job.state == State::running) {
      end_interval(wake.job);
    } else if (job.state == State::deferred) {
      make_ready(wake.job);
    }
  }
  if (new_hour) set_paces();
  drain();
  grow();
  return answer();
}

std::optional<std::int64_t> Dispatcher::next_wake() {
  while (!wakes_.empty() && jobs_[wakes_.front().job].version != wakes_.front().version) {
    std::pop_heap(wakes_.begin(), wakes_.end(), later);
    wakes_.pop_back();
  }
  std::optional<std::int64_t> next;
  if (!wakes_.empty()) next = wakes_.front().at_ms;
  if (needs_hours()) {
    const std::int64_t hour = (hour_of(now_ms_) + 1) * ms_per_hour - service_.start.ms;
    next = next ? std::min(*next, hour) : hour;
  }
  return next;
}

bool Dispatcher::later(const Wake& a, const Wake& b) { return a.at_ms != b.at_ms ? a.at_ms > b.at_ms : a.job > b.job; }

bool Dispatcher::needs_hours() const {
  if (!plans_) return false;
  return !ready_.empty() || !capped_.empty() || wants_machines() || ((!perfect_ || region_) && !deferred_.empty());
}

void Dispatcher::wake_at(JobId id, std::int64_t at_ms) {
  wakes_.push_back({at_ms, id, ++jobs_[id].version});
  std::push_heap(wakes_.begin(), wakes_.end(), later);
}

std::int64_t Dispatcher::latest_ms(const Job& job) const {
  const std::int64_t to_come = job.started ? configuration_.resume_cost_ms : 0;
  return job.arrived_ms + job.wait_ms + job.known_ms - job.remaining_ms - to_come;
}

std::int64_t Dispatcher::plan(Job& job) {
  job.plan.clear();
  job.machines.clear();
  job.interval = 0;
  job.behind = false;
  if (joint_) return joint_->start(asking(job));
  if (region_) {
    if (!may_still_wait(job)) return now_ms_;
    return take(job, region_->decide(now_ms_, region_asking(job)));
  }
  if (job.elastic)
    if (const auto from = plan_elastic(job)) return *from;
  // Who runs longer than was believed has nothing left that could be planned.
  if (configuration_.time == TimePolicy::now || !may_still_wait(job) || job.remaining_ms <= 0) return now_ms_;
  const shifting::Window window{outlook_->step_of(now_ms_), job.remaining_ms, job.remaining_ms,
                                latest_ms(job) - now_ms_};
  const auto on = [&](const shifting::Signal& signal) {
    shifting::Plan made = shifting::plan(configuration_.time, signal, window);
    // Resumptions cost run time: it is taken from what the job may wait, so that it still ends in time.
    const auto pauses = static_cast<std::int64_t>(made.size()) - 1;
    if (pauses == 0 || configuration_.resume_cost_ms == 0) return made;
    shifting::Window shorter = window;
    shorter.wait = std::max<std::int64_t>(0, window.wait - pauses * configuration_.resume_cost_ms);
    return shifting::plan(configuration_.time, signal, shorter);
  };
  if (configuration_.region == RegionRule::cheapest_window) {
    double least = 0;
    for (SiteIndex site = 0; site < static_cast<SiteIndex>(sites_.size()); ++site) {
      if ((job.possible >> site & 1) == 0) continue;
      shifting::Plan made = on(outlook_->forecast(site));
      const double grams = shifting::weighted_steps(outlook_->forecast(site), made);
      if (!job.plan.empty() && grams >= least) continue;
      least = grams;
      job.plan = std::move(made);
      job.site = site;
    }
  } else {
    job.plan = on(outlook_->forecast_anywhere());
  }
  // The outlook's clock moves on with the hours.
  for (shifting::Interval& interval : job.plan)
    interval = {outlook_->ms_of(interval.from), outlook_->ms_of(interval.to)};
  return job.plan.front().from;
}

void Dispatcher::put_off(JobId id, std::int64_t until_ms) {
  Job& job = jobs_[id];
  job.state = State::deferred;
  job.until_ms = until_ms;
  const auto at = std::lower_bound(deferred_.begin(), deferred_.end(), id);
  if (at == deferred_.end() || *at != id) deferred_.insert(at, id);
  wake_at(id, until_ms);
}

void Dispatcher::defer(JobId id, std::int64_t until_ms) {
  put_off(id, until_ms);
  answer_.push_back({id, Action::defer, {}, {}, until_ms});
}

void Dispatcher::make_ready(JobId id) {
  Job& job = jobs_[id];
  if (job.state == State::deferred) deferred_.erase(std::lower_bound(deferred_.begin(), deferred_.end(), id));
  job.state = State::ready;
  ready_.insert(std::lower_bound(ready_.begin(), ready_.end(), id), id);
  // From then on no rule may hold it back.
  if (plans_ && may_still_wait(job)) wake_at(id, latest_ms(job));
}

void Dispatcher::progress(Job& job) {
  const std::int64_t work = (now_ms_ - job.since_ms) * job.pace.speed + job.done_of_ms;
  job.remaining_ms -= work / 1000;
  job.done_of_ms = work % 1000;
  job.since_ms = now_ms_;
}

void Dispatcher::release(JobId id) {
  Job& job = jobs_[id];
  job.further.push_back(job.placement);
  for (const fleet::Placement& machine : job.further) {
    cluster_.release(machine, job.request);
    site_used_milli_[cluster_.site(machine.node)] -= job.request.total_gpu_milli();
  }
  job.further.clear();
  if (job.elastic) elastic_.erase(std::lower_bound(elastic_.begin(), elastic_.end(), id));
  ++job.version;
  ++releases_;
  if (joint_) joint_->ended(id, job.placement.node);
  if (region_) region_->ended(id);
  if (capped_.empty()) return;
  const auto at = std::lower_bound(capped_.begin(), capped_.end(), id);
  if (at != capped_.end() && *at == id) capped_.erase(at);
}

void Dispatcher::end_interval(JobId id) {
  Job& job = jobs_[id];
  if (job.elastic) return end_level(id);
  progress(job);
  std::int64_t from;
  if (!perfect_) {
    from = plan(job);
  } else if (job.interval + 1 < job.plan.size()) {
    from = job.plan[++job.interval].from;
  } else {
    return;
  }
  // A pause no longer than what it costs, or one after which the job could not end in time, is not made.
  if (from - now_ms_ > configuration_.resume_cost_ms && from <= latest_ms(job)) {
    release(id);
    put_off(id, from);
    answer_.push_back({id, Action::suspend, {}, job.placement, 0});
  } else if (job.interval + 1 < job.plan.size()) {
    wake_at(id, std::max(job.plan[job.interval].to, now_ms_ + (perfect_ ? 1 : least_interval_ms)));
  }
}

void Dispatcher::replan() {
  if (region_) return replan_regions();
  if (joint_ ? !configuration_.joint.start : configuration_.time == TimePolicy::now) return;
  std::erase_if(ready_, [&](JobId id) {
    const std::int64_t from = plan(jobs_[id]);
    if (from > now_ms_) defer(id, from);
    return from > now_ms_;
  });
  order_ = elastic_;
  for (const JobId id : order_) {
    if (static_cast<int>(jobs_[id].further.size()) + 1 < wanted_machines(jobs_[id])) end_level(id);
  }
  if (perfect_) return;  // what was planned still holds
  order_ = deferred_;
  for (const JobId id : order_) {
    Job& job = jobs_[id];
    const std::int64_t before = job.until_ms, from = plan(job);
    if (from <= now_ms_) {
      make_ready(id);
    } else if (from != before) {
      defer(id, from);
    }
  }
}

void Dispatcher::replan_regions() {
  order_.clear();
  std::merge(ready_.begin(), ready_.end(), deferred_.begin(), deferred_.end(), std::back_inserter(order_));
  std::vector<RegionAsking> open;
  for (const JobId id : order_)
    if (may_still_wait(jobs_[id])) open.push_back(region_asking(jobs_[id]));
  region_->plan(now_ms_, open);
  for (const RegionAsking& asking : open) {
    Job& job = jobs_[asking.job];
    const std::int64_t from = take(job, region_->choice(now_ms_, asking.job));
    if (from <= now_ms_) {
      if (job.state == State::deferred) make_ready(asking.job);
    } else if (job.state == State::ready || from != job.until_ms) {
      defer(asking.job, from);
    }
  }
  std::erase_if(ready_, [&](JobId id) { return jobs_[id].state == State::deferred; });
}

void Dispatcher::drain() {
  if (ready_.empty()) return;
  if (!plans_) {
    std::erase_if(ready_, [&](JobId id) { return try_start(id); });
    return;
  }
  order_ = ready_;
  std::stable_partition(order_.begin(), order_.end(), [&](JobId id) { return !may_still_wait(jobs_[id]); });
  bool any = false;
  for (const JobId id : order_) any = try_start(id) || any;
  if (any) std::erase_if(ready_, [&](JobId id) { return jobs_[id].state == State::running; });
}

}  // namespace cradle::dispatch
