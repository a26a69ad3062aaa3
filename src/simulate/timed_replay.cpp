#include "cradle/simulate/timed_replay.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "cradle/dispatch/dispatcher.h"
#include "cradle/simulate/event_queue.h"
#include "node_meters.h"

namespace cradle::simulate {

namespace {

using dispatch::Action;
using dispatch::Decision;
using dispatch::JobId;
using dispatch::Pace;
using fleet::NodeIndex;
using fleet::Request;

/// A job that has arrived.
struct Run {
  Machine first;
  std::vector<Machine> further;  ///< of an elastic job
  std::int64_t since_ms = 0;
  std::int64_t left = 0;      ///< work, in thousandths of a millisecond at full speed
  std::int64_t redo = 0;      ///< of that, work that had been done before
  std::uint32_t version = 0;  ///< of its departure: earlier ones are void
  Pace pace;
  bool running = false, started = false, refused = false;
};

struct Departure {
  JobId job;
  std::uint32_t version;
};

class Replay {
 public:
  Replay(dispatch::Dispatcher& dispatcher, std::span<const workload::Job> jobs, const TimedOptions& options,
         carbon::EntrySink& sink)
      : dispatcher_(dispatcher),
        cluster_(dispatcher.cluster()),
        jobs_(jobs),
        options_(options),
        meters_(cluster_, options.start, sink),
        runs_(jobs.size()) {}

  TimedResult run() {
    prepare();
    const auto horizon = options_.horizon_ms;
    for (;;) {
      const std::int64_t arrival = next_ < order_.size() ? jobs_[order_[next_]].arrival_ms : never;
      const std::int64_t departure = next_departure();
      const std::int64_t wake = dispatcher_.next_wake().value_or(never);
      const std::int64_t now = std::min({arrival, departure, wake});
      if (now >= horizon) break;
      if (options_.stop.stop_requested()) {
        result_.stopped = true;
        break;
      }
      advance(now);
      ++result_.events;
      // At equal times leaving comes first: what a job frees can be had at the same moment.
      if (departure == now) {
        leave();
      } else if (wake == now) {
        apply(dispatcher_.tick(now));
      } else {
        apply(dispatcher_.arrive(now, jobs_[order_[next_++]]));
      }
      if (options_.progress && result_.events % 256 == 0) options_.progress(now, horizon);
    }
    close(result_.stopped ? now_ : horizon);
    return std::move(result_);
  }

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t full_speed = 1000;  // of a Pace

  void prepare() {
    order_.resize(jobs_.size());
    std::iota(order_.begin(), order_.end(), 0U);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return jobs_[a].arrival_ms < jobs_[b].arrival_ms; });
    result_.start = options_.start;
    for (const workload::Job& job : jobs_)
      result_.jobs.push_back({job.name, job.user, job.product, at(job.arrival_ms), std::nullopt, std::nullopt});
    departures_.reserve(1024);
  }

  Instant at(std::int64_t ms) const { return {options_.start.ms + ms}; }

  const workload::Job& job_of(JobId id) const { return jobs_[order_[id]]; }

  std::int64_t next_departure() {
    while (!departures_.empty() && runs_[departures_.next().job].version != departures_.next().version)
      departures_.pop();
    return departures_.empty() ? never : departures_.next_time();
  }

  void advance(std::int64_t now) {
    const auto elapsed = static_cast<double>(now - now_);
    gpu_milli_ms_ += static_cast<double>(cluster_.gpu_milli_used()) * elapsed;
    cpu_milli_ms_ += static_cast<double>(cluster_.cpu_milli_used()) * elapsed;
    now_ = now;
  }

  void leave() {
    leaving_.clear();
    do {
      leaving_.push_back(departures_.pop().payload.job);
      finish(leaving_.back());
    } while (next_departure() == now_);
    result_.events += leaving_.size() - 1;
    apply(dispatcher_.finish(now_, leaving_));
  }

  void apply(std::span<const Decision> decisions) {
    for (const Decision& decision : decisions) {
      Run& run = runs_[decision.job];
      switch (decision.action) {
        case Action::defer: break;
        case Action::refuse:
          run.refused = true;
          ++result_.impossible;
          break;
        case Action::start:
          run.left = job_of(decision.job).duration_ms * full_speed;
          run.started = true;
          waits_.push_back(now_ - job_of(decision.job).arrival_ms);
          result_.jobs[order_[decision.job]].started = at(now_);
          begin(decision);
          break;
        case Action::resume: {
          const std::int64_t cost = dispatcher_.configuration().resume_cost_ms * full_speed;
          run.left += cost;
          run.redo += cost;
          begin(decision);
          break;
        }
        case Action::suspend:
          stop(decision.job);
          ++run.version;
          ++result_.suspensions;
          break;
        case Action::cap:
          stop(decision.job);
          begin(decision);
          break;
        case Action::grow:
        case Action::shrink: scale(decision); break;
      }
    }
  }

  Request request_of(JobId id) const {
    Request request = cluster_.request(job_of(id).demand);
    request.gpu_milli = dispatch::held_gpu_milli(dispatcher_.configuration().joint, request.gpu_milli);
    return request;
  }

  void begin(const Decision& decision) {
    Run& run = runs_[decision.job];
    const Request request = request_of(decision.job);
    cluster_.place(decision.placement, request);
    if (decision.pace.draw < fleet::milli) cluster_.set_draw(decision.placement, fleet::milli, decision.pace.draw);
    run.pace = decision.pace;
    run.first = {decision.placement, reservation(cluster_.spec(decision.placement.node), request, run.pace)};
    run.since_ms = now_;
    run.running = true;
    meters_.charge(now_, run.first, 1);
    depart_later(decision.job);
  }

  void depart_later(JobId id) {
    Run& run = runs_[id];
    departures_.push(now_ + (run.left + run.pace.speed - 1) / run.pace.speed, {id, ++run.version});
  }

  /// A running job takes one more machine, or gives one back.
  void scale(const Decision& decision) {
    write_job(decision.job);
    Run& run = runs_[decision.job];
    run.since_ms = now_;
    run.pace = decision.pace;
    const Request request = request_of(decision.job);
    if (decision.action == Action::grow) {
      cluster_.place(decision.placement, request);
      run.further.push_back({decision.placement, reservation(cluster_.spec(decision.placement.node), request, {})});
      meters_.charge(now_, run.further.back(), 1);
    } else {
      const auto machine = std::find_if(run.further.begin(), run.further.end(),
                                        [&](const Machine& one) { return one.placement == decision.placement; });
      cluster_.release(machine->placement, request);
      meters_.charge(now_, *machine, -1);
      run.further.erase(machine);
    }
    depart_later(decision.job);
  }

  /// Writes what the job used since it began and takes it off its machines.
  void stop(JobId id) {
    write_job(id);
    Run& run = runs_[id];
    run.running = false;
    if (run.pace.draw < fleet::milli) cluster_.set_draw(run.first.placement, run.pace.draw, fleet::milli);
    cluster_.release(run.first.placement, request_of(id));
    meters_.charge(now_, run.first, -1);
    for (const Machine& machine : run.further) {
      cluster_.release(machine.placement, request_of(id));
      meters_.charge(now_, machine, -1);
    }
    run.further.clear();
  }

  void write_job(JobId id) {
    Run& run = runs_[id];
    const std::int64_t elapsed = now_ - run.since_ms;
    // The last millisecond of a job at a slower pace is not all its own.
    const std::int64_t work = std::min(run.left, elapsed * run.pace.speed);
    const std::int64_t redone = std::min(run.redo, work);
    run.left -= work;
    run.redo -= redone;
    const double useful_ms = static_cast<double>(work - redone) / full_speed;
    // A slice that is wider than what was asked for does no more work.
    const workload::Demand& asked = job_of(id).demand;
    const double gpus = static_cast<double>(asked.gpu_count) * asked.gpu_milli / fleet::milli;
    result_.useful_gpu_hours += gpus * useful_ms / ms_per_hour;
    if (elapsed == 0) return;
    meters_.write_tenant(order_[id], run.first, run.since_ms, now_);
    for (const Machine& machine : run.further) meters_.write_tenant(order_[id], machine, run.since_ms, now_);
  }

  void finish(JobId id) {
    stop(id);
    end(id, now_);
  }

  void end(JobId id, std::int64_t at_ms) {
    ++result_.finished;
    result_.jobs[order_[id]].finished = at(at_ms);
    judge(id, at_ms, at_ms - job_of(id).arrival_ms - job_of(id).duration_ms);
  }

  /// Counts the service of a job that ended, or has not ended, at this time.
  void judge(JobId id, std::int64_t at_ms, std::int64_t delay) {
    const workload::Job& job = job_of(id);
    delays_.push_back(delay);
    slowdowns_.push_back(1 + static_cast<double>(delay) / static_cast<double>(job.duration_ms));
    result_.late += at_ms > options_.service.deadline_ms(job);
  }

  void close(std::int64_t end_ms) {
    advance(end_ms);
    while (next_departure() != never) {
      const auto event = departures_.pop();
      write_job(event.payload.job);
      if (event.time <= end_ms) {
        end(event.payload.job, event.time);
      } else {
        ++result_.running;
        judge_unfinished(event.payload.job, end_ms);
      }
    }
    meters_.write_idle(end_ms);
    result_.energy = meters_.energy();
    for (JobId id = 0; id < next_; ++id) {
      const Run& run = runs_[id];
      if (run.running || run.refused || result_.jobs[order_[id]].finished) continue;
      if (run.started) {
        ++result_.suspended;
      } else {
        ++result_.waiting;
        // Who never started has waited at least until now: leaving them out would reward starving them.
        waits_.push_back(end_ms - job_of(id).arrival_ms);
      }
      judge_unfinished(id, end_ms);
    }
    result_.end = at(end_ms);
    const double capacity_ms = static_cast<double>(std::max<std::int64_t>(end_ms, 1));
    if (cluster_.gpu_milli_capacity() > 0)
      result_.gpu_allocation_percent =
          100 * gpu_milli_ms_ / (capacity_ms * static_cast<double>(cluster_.gpu_milli_capacity()));
    result_.cpu_allocation_percent =
        100 * cpu_milli_ms_ / (capacity_ms * static_cast<double>(cluster_.cpu_milli_capacity()));
    result_.waits = summarise(waits_);
    result_.delays = summarise(delays_);
    if (slowdowns_.empty()) return;
    std::sort(slowdowns_.begin(), slowdowns_.end());
    const auto count = static_cast<double>(slowdowns_.size());
    result_.slowdown_mean = std::accumulate(slowdowns_.begin(), slowdowns_.end(), 0.0) / count;
    result_.slowdown_p95 = slowdowns_[static_cast<std::size_t>(std::ceil(0.95 * count)) - 1];
  }

  void judge_unfinished(JobId id, std::int64_t end_ms) {
    const workload::Job& job = job_of(id);
    const Run& run = runs_[id];
    const std::int64_t done = run.started ? job.duration_ms - (run.left - run.redo) / full_speed : 0;
    judge(id, end_ms, std::max<std::int64_t>(0, end_ms - job.arrival_ms - done));
  }

  static Waits summarise(std::vector<std::int64_t>& waits) {
    if (waits.empty()) return {};
    std::sort(waits.begin(), waits.end());
    // Nearest rank: the smallest wait that at least this share of the jobs do not exceed.
    const auto rank = [&](double share) {
      const auto position = static_cast<std::size_t>(std::ceil(share * static_cast<double>(waits.size())));
      return static_cast<double>(waits[std::max<std::size_t>(position, 1) - 1]) / 1000;
    };
    const double sum = std::accumulate(waits.begin(), waits.end(), 0.0);
    return {sum / static_cast<double>(waits.size()) / 1000, rank(0.5), rank(0.95), rank(0.99), rank(1)};
  }

  dispatch::Dispatcher& dispatcher_;
  fleet::Cluster cluster_;  ///< the machines themselves: the dispatcher has its own idea of them, decided ahead
  std::span<const workload::Job> jobs_;
  const TimedOptions& options_;
  NodeMeters meters_;
  std::vector<Run> runs_;             ///< by JobId
  std::vector<std::uint32_t> order_;  ///< index of the job with each JobId
  std::size_t next_ = 0;              ///< jobs that have arrived
  std::vector<JobId> leaving_;
  std::vector<std::int64_t> waits_, delays_;
  std::vector<double> slowdowns_;
  EventQueue<Departure> departures_;
  std::int64_t now_ = 0;
  double gpu_milli_ms_ = 0, cpu_milli_ms_ = 0;
  TimedResult result_;
};

}  // namespace

namespace {

std::int64_t horizon_of(std::span<const workload::Job> jobs, const TimedOptions& options) {
  if (options.horizon_ms > 0) return options.horizon_ms;
  std::int64_t last = 0;
  for (const workload::Job& job : jobs) last = std::max(last, job.arrival_ms + job.duration_ms);
  return last;
}

double full_milliwatts(const fleet::NodeSpec& spec) {
  const fleet::PowerModel& power = spec.power;
  const int sockets = fleet::socket_count(power, spec.cpu_milli);
  return (power.gpu_full * spec.gpu_count + power.socket_full * sockets + power.memory + power.base).value() * 1000;
}

}  // namespace

Result<void> check_timed(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                         std::span<const carbon::SiteRecord> sites, const TimedOptions& options) {
  if (jobs.empty()) return bad_input("the workload has no job", "", "give a trace with at least one job");
  if (auto made = fleet::Cluster::make(nodes); !made) return made.error();
  for (const workload::Job& job : jobs)
    if (job.arrival_ms < 0 || job.duration_ms <= 0)
      return bad_input("arrives before the start or has no length", "job '" + job.name + "'",
                       "arrival must be >= 0 and duration > 0");
  const std::int64_t horizon = horizon_of(jobs, options);
  // An entry's microjoules are milliwatts x milliseconds in 64 bits.
  constexpr double most_microjoules = 4e18;
  for (const fleet::NodeSpec& node : nodes) {
    if (node.site >= sites.size())
      return bad_input("site " + std::to_string(node.site) + " does not exist", "node '" + node.name + "'",
                       "give as many site records as the nodes name");
    if (full_milliwatts(node) * static_cast<double>(horizon) > most_microjoules)
      return bad_input("a period of " + std::to_string(horizon / ms_per_day) + " days is longer than an entry can hold",
                       "node '" + node.name + "'",
                       "check the times of the jobs: they count in seconds from the start of the trace");
  }
  const Instant end{options.start.ms + horizon};
  for (const carbon::SiteRecord& site : sites)
    if (!site.average.covers(options.start, end) || (site.marginal && !site.marginal->covers(options.start, end)))
      return missing_data("the intensity series does not cover " + to_iso(options.start) + " .. " + to_iso(end),
                          "site '" + site.name + "'", "use a typical-year grid profile, or a longer series");
  return {};
}

namespace {

/// A dispatcher for the replay, after every check.
Result<std::unique_ptr<dispatch::Dispatcher>> dispatcher_for(std::span<const fleet::NodeSpec> nodes,
                                                             std::span<const workload::Job> jobs,
                                                             std::span<const carbon::SiteRecord> sites,
                                                             const dispatch::Configuration& configuration,
                                                             const TimedOptions& options) {
  if (auto ok = check_timed(nodes, jobs, sites, options); !ok) return ok.error();
  return dispatch::Dispatcher::make(configuration, nodes, sites, jobs, {options.start, options.horizon_ms});
}

dispatch::Configuration with_options(dispatch::Configuration configuration, const TimedOptions& options) {
  configuration.seed = options.seed;
  configuration.cache = options.cache;
  return configuration;
}

}  // namespace

Result<TimedResult> replay_timed(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                                 std::span<const carbon::SiteRecord> sites,
                                 const dispatch::Configuration& configuration, const TimedOptions& options,
                                 carbon::EntrySink& sink) {
  TimedOptions planned = options;
  planned.horizon_ms = horizon_of(jobs, options);
  const dispatch::Configuration seeded = with_options(configuration, options);
  auto dispatcher = dispatcher_for(nodes, jobs, sites, seeded, planned);
  if (!dispatcher) return dispatcher.error();
  if (options.decisions != nullptr) {
    options.decisions->begin(dispatch::setting_text(seeded, nodes, sites, jobs, {planned.start, planned.horizon_ms}));
    (*dispatcher)->record(options.decisions);
  }
  TimedResult result = Replay(**dispatcher, jobs, planned, sink).run();
  if (options.decisions != nullptr) options.decisions->end();
  return result;
}

Result<TimedResult> replay_timed(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                                 std::span<const carbon::SiteRecord> sites, const policy::PlacementPolicy& policy,
                                 const TimedOptions& options, carbon::EntrySink& sink) {
  dispatch::Configuration configuration;
  configuration.name = policy.name;
  configuration.placement = policy;
  return replay_timed(nodes, jobs, sites, configuration, options, sink);
}

Result<dispatch::LogCheck> check_decisions(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                                           std::span<const carbon::SiteRecord> sites,
                                           const dispatch::Configuration& configuration, const TimedOptions& options,
                                           const dispatch::LogSection& section, std::string_view file) {
  TimedOptions planned = options;
  planned.horizon_ms = horizon_of(jobs, options);
  const dispatch::Configuration seeded = with_options(configuration, options);
  auto dispatcher = dispatcher_for(nodes, jobs, sites, seeded, planned);
  if (!dispatcher) return dispatcher.error();
  const std::string setting = dispatch::setting_text(seeded, nodes, sites, jobs, {planned.start, planned.horizon_ms});
  if (auto ok = dispatch::check_setting(section, file, setting); !ok) return ok.error();
  return dispatch::replay_log(section, file, **dispatcher);
}

}  // namespace cradle::simulate
