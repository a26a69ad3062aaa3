#include "cradle/simulate/timed_replay.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "cradle/base/random.h"
#include "cradle/fleet/fragmentation.h"
#include "cradle/simulate/event_queue.h"

namespace cradle::simulate {

namespace {

using carbon::Entry;
using carbon::OperationType;
using fleet::NodeIndex;
using fleet::Placement;
using fleet::Request;

std::int64_t milliwatts(carbon::Watts watts) { return std::llround(watts.value() * 1000); }

constexpr std::array<OperationType, parts_per_node> operation_types{
    OperationType::device_second, OperationType::core_second, OperationType::gibibyte_second,
    OperationType::core_second};

/// What one job draws from, and reserves of, each part of its node. Constant while it runs.
struct Reservation {
  std::array<std::int64_t, parts_per_node> milliwatts{};
  std::array<std::int64_t, parts_per_node> baseline_milliwatts{};
  std::array<double, parts_per_node> operations_per_second{};
};

Reservation reservation(const fleet::NodeSpec& node, const Request& request) {
  const fleet::PowerModel& power = node.power;
  const double gpus = static_cast<double>(request.total_gpu_milli()) / fleet::milli;
  const double threads = static_cast<double>(request.cpu_milli) / 1000;
  const double sockets = threads / 2 / power.cores_per_socket;
  const double cpu_share = static_cast<double>(request.cpu_milli) / static_cast<double>(node.cpu_milli);
  const double memory_share =
      node.memory_mib == 0 ? 0 : static_cast<double>(request.memory_mib) / static_cast<double>(node.memory_mib);
  Reservation share;
  // Rounded down, so that the tenants of a full machine never draw more than it does.
  const auto floor_mw = [](carbon::Watts watts) { return static_cast<std::int64_t>(watts.value() * 1000); };
  share.milliwatts = {floor_mw(power.gpu_full * gpus), floor_mw(power.socket_full * sockets),
                      floor_mw(power.memory * memory_share), floor_mw(power.base * cpu_share)};
  share.baseline_milliwatts = {floor_mw(power.gpu_idle * gpus), floor_mw(power.socket_idle * sockets),
                               share.milliwatts[2], share.milliwatts[3]};
  share.operations_per_second = {gpus, threads, static_cast<double>(request.memory_mib) / 1024, threads};
  return share;
}

struct Running {
  Placement placement;
  Reservation share;
  std::int64_t since_ms = 0;
};

/// The meters of one node: what its tenants draw together and since when its idle draw has been what it is.
struct NodeMeter {
  std::array<std::int64_t, parts_per_node> tenant_mw{};
  std::array<std::int64_t, parts_per_node> tenant_baseline_mw{};
  std::array<std::int64_t, parts_per_node> empty_mw{};  ///< what the parts draw with no job on the machine
  std::array<std::int64_t, parts_per_node> idle_mw{};
  std::array<std::int64_t, parts_per_node> idle_baseline_mw{};
  std::array<std::int64_t, parts_per_node> since_ms{};
};

class Replay {
 public:
  Replay(fleet::Cluster& cluster, policy::Scheduler& scheduler, std::span<const workload::Job> jobs,
         std::span<const carbon::SiteRecord> sites, const TimedOptions& options, carbon::EntrySink& sink)
      : cluster_(cluster),
        scheduler_(scheduler),
        jobs_(jobs),
        sites_(sites),
        options_(options),
        sink_(sink),
        meters_(cluster.size()),
        running_(jobs.size()),
        factors_(sites.size()) {}

  TimedResult run() {
    prepare();
    std::size_t next = 0;
    const auto horizon = options_.horizon_ms;
    while (next < order_.size() || !departures_.empty()) {
      const std::int64_t arrival = next < order_.size() ? jobs_[order_[next]].arrival_ms : never;
      const std::int64_t departure = departures_.empty() ? never : departures_.next_time();
      const std::int64_t now = std::min(arrival, departure);
      if (now >= horizon) break;
      if (options_.stop.stop_requested()) {
        result_.stopped = true;
        break;
      }
      advance(now);
      ++result_.events;
      // At equal times leaving comes first: what a job frees can be had at the same moment.
      if (departure <= arrival) {
        finish(departures_.pop().payload);
        while (!departures_.empty() && departures_.next_time() == now) {
          ++result_.events;
          finish(departures_.pop().payload);
        }
        drain_queue();
      } else {
        arrive(order_[next++]);
      }
      if (options_.progress && result_.events % 256 == 0) options_.progress(now, horizon);
    }
    close(result_.stopped ? now_ : horizon);
    return std::move(result_);
  }

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  void prepare() {
    order_.resize(jobs_.size());
    std::iota(order_.begin(), order_.end(), 0U);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return jobs_[a].arrival_ms < jobs_[b].arrival_ms; });
    result_.start = options_.start;
    for (const workload::Job& job : jobs_) {
      requests_.push_back(cluster_.request(job.demand));
      shapes_.push_back(scheduler_.shape(requests_.back()));
      result_.jobs.push_back({job.name, job.user, job.product, at(job.arrival_ms), std::nullopt, std::nullopt});
    }
    refused_memory_.assign(jobs_.size(), never);
    refused_at_.assign(jobs_.size(), 0);
    for (NodeIndex node = 0; node < cluster_.size(); ++node) {
      NodeMeter& meter = meters_[node];
      meter.empty_mw = meter.idle_mw = meter.idle_baseline_mw = idle_draw(node);
    }
    departures_.reserve(1024);
    set_factors();
  }

  Instant at(std::int64_t ms) const { return {options_.start.ms + ms}; }

  std::array<std::int64_t, parts_per_node> idle_draw(NodeIndex node) const {
    const fleet::NodePower power = cluster_.power(node);
    const auto& tenants = meters_[node].tenant_mw;
    return {milliwatts(power.gpu) - tenants[0], milliwatts(power.cpu) - tenants[1],
            milliwatts(power.memory) - tenants[2], milliwatts(power.base) - tenants[3]};
  }

  void set_factors() {
    for (std::size_t site = 0; site < sites_.size(); ++site) {
      const carbon::SiteRecord& record = sites_[site];
      const carbon::IntensitySeries& signal = record.marginal ? *record.marginal : record.average;
      factors_[site] = signal.at(at(now_)) * record.pue;
    }
    scheduler_.set_site_factors(factors_);
  }

  void advance(std::int64_t now) {
    const auto elapsed = static_cast<double>(now - now_);
    gpu_milli_ms_ += static_cast<double>(cluster_.gpu_milli_used()) * elapsed;
    cpu_milli_ms_ += static_cast<double>(cluster_.cpu_milli_used()) * elapsed;
    const bool new_hour = at(now).ms / ms_per_hour != at(now_).ms / ms_per_hour;
    now_ = now;
    if (new_hour) set_factors();
  }

  void arrive(std::uint32_t job) {
    if (!cluster_.fits_empty(requests_[job])) {
      ++result_.impossible;
      return;
    }
    if (!try_start(job)) queue_.push_back(job);
  }

  bool try_start(std::uint32_t job) {
    // A shape that found no node keeps finding none until something leaves; more memory does not help it.
    const policy::ShapeIndex shape = shapes_[job];
    const Request& request = requests_[job];
    if (refused_at_[shape] == releases_ + 1 && request.memory_mib >= refused_memory_[shape]) return false;
    const auto placement = scheduler_.choose(request, shape);
    if (!placement) {
      refused_memory_[shape] = refused_at_[shape] == releases_ + 1
                                   ? std::min(refused_memory_[shape], request.memory_mib)
                                   : request.memory_mib;
      refused_at_[shape] = releases_ + 1;
      return false;
    }
    cluster_.place(*placement, request);
    running_[job] = {*placement, reservation(cluster_.spec(placement->node), request), now_};
    charge(placement->node, running_[job].share, 1);
    departures_.push(now_ + jobs_[job].duration_ms, job);
    waits_.push_back(now_ - jobs_[job].arrival_ms);
    result_.jobs[job].started = at(now_);
    return true;
  }

  void charge(NodeIndex node, const Reservation& share, int sign) {
    NodeMeter& meter = meters_[node];
    for (std::size_t part = 0; part < parts_per_node; ++part) {
      meter.tenant_mw[part] += sign * share.milliwatts[part];
      meter.tenant_baseline_mw[part] += sign * share.baseline_milliwatts[part];
    }
    const auto idle = idle_draw(node);
    for (std::uint32_t part = 0; part < parts_per_node; ++part) {
      // What nobody reserved and would be drawn on an empty machine too; the rest of the idle draw was woken by jobs.
      // Shares are rounded down to milliwatts, hence the bounds.
      const std::int64_t baseline =
          std::clamp<std::int64_t>(meter.empty_mw[part] - meter.tenant_baseline_mw[part], 0, idle[part]);
      if (idle[part] == meter.idle_mw[part] && baseline == meter.idle_baseline_mw[part]) continue;
      write_idle(node, part);
      meter.idle_mw[part] = idle[part];
      meter.idle_baseline_mw[part] = baseline;
    }
  }

  void write_idle(NodeIndex node, std::uint32_t part) {
    NodeMeter& meter = meters_[node];
    const std::int64_t elapsed = now_ - meter.since_ms[part];
    if (elapsed > 0 && meter.idle_mw[part] != 0) {
      Entry entry;
      entry.start = at(meter.since_ms[part]);
      entry.end = at(now_);
      entry.component = node * parts_per_node + part;
      entry.microjoules = meter.idle_mw[part] * elapsed;
      entry.baseline_microjoules = meter.idle_baseline_mw[part] * elapsed;
      entry.operation_type = operation_types[part];
      entry.role = carbon::Role::idle;
      write(entry);
    }
    meter.since_ms[part] = now_;
  }

  void write(const Entry& entry) {
    result_.energy += carbon::ExactEnergy(entry.microjoules);
    sink_.write(entry);
  }

  void write_job(std::uint32_t job) {
    const Running& run = running_[job];
    const std::int64_t elapsed = now_ - run.since_ms;
    result_.useful_gpu_hours += run.share.operations_per_second[0] * static_cast<double>(elapsed) / ms_per_hour;
    if (elapsed == 0) return;
    for (std::uint32_t part = 0; part < parts_per_node; ++part) {
      if (run.share.operations_per_second[part] == 0) continue;
      Entry entry;
      entry.start = at(run.since_ms);
      entry.end = at(now_);
      entry.job = job;
      entry.component = run.placement.node * parts_per_node + part;
      entry.microjoules = run.share.milliwatts[part] * elapsed;
      entry.baseline_microjoules = run.share.baseline_milliwatts[part] * elapsed;
      entry.operations = run.share.operations_per_second[part] * static_cast<double>(elapsed) / 1000;
      entry.operation_type = operation_types[part];
      write(entry);
    }
  }

  void finish(std::uint32_t job) {
    write_job(job);
    const Running& run = running_[job];
    cluster_.release(run.placement, requests_[job]);
    charge(run.placement.node, run.share, -1);
    ++releases_;
    ++result_.finished;
    result_.jobs[job].finished = at(now_);
  }

  void drain_queue() {
    const auto started =
        std::remove_if(queue_.begin(), queue_.end(), [&](std::uint32_t job) { return try_start(job); });
    queue_.erase(started, queue_.end());
  }

  void close(std::int64_t end_ms) {
    advance(end_ms);
    while (!departures_.empty()) {
      const auto event = departures_.pop();
      write_job(event.payload);
      if (event.time <= end_ms) {
        ++result_.finished;
        result_.jobs[event.payload].finished = at(event.time);
      } else {
        ++result_.running;
      }
    }
    for (NodeIndex node = 0; node < cluster_.size(); ++node)
      for (std::uint32_t part = 0; part < parts_per_node; ++part) write_idle(node, part);
    result_.waiting = queue_.size();
    // Who never started has waited at least until now: leaving them out would reward starving them.
    for (const std::uint32_t job : queue_) waits_.push_back(end_ms - jobs_[job].arrival_ms);
    result_.end = at(end_ms);
    const double capacity_ms = static_cast<double>(std::max<std::int64_t>(end_ms, 1));
    if (cluster_.gpu_milli_capacity() > 0)
      result_.gpu_allocation_percent =
          100 * gpu_milli_ms_ / (capacity_ms * static_cast<double>(cluster_.gpu_milli_capacity()));
    result_.cpu_allocation_percent =
        100 * cpu_milli_ms_ / (capacity_ms * static_cast<double>(cluster_.cpu_milli_capacity()));
    result_.waits = summarise(waits_);
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

  fleet::Cluster& cluster_;
  policy::Scheduler& scheduler_;
  std::span<const workload::Job> jobs_;
  std::span<const carbon::SiteRecord> sites_;
  const TimedOptions& options_;
  carbon::EntrySink& sink_;
  std::vector<NodeMeter> meters_;
  std::vector<Running> running_;
  std::vector<carbon::GramsPerJoule> factors_;
  std::vector<std::uint32_t> order_, queue_;
  std::vector<Request> requests_;
  std::vector<policy::ShapeIndex> shapes_;
  std::vector<std::int64_t> refused_memory_;
  std::vector<std::uint64_t> refused_at_;
  std::vector<std::int64_t> waits_;
  EventQueue<std::uint32_t> departures_;
  std::uint64_t releases_ = 0;
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

Result<TimedResult> replay_timed(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                                 std::span<const carbon::SiteRecord> sites, const policy::PlacementPolicy& policy,
                                 const TimedOptions& options, carbon::EntrySink& sink) {
  if (auto ok = check_timed(nodes, jobs, sites, options); !ok) return ok.error();
  fleet::Cluster cluster = *fleet::Cluster::make(nodes);
  TimedOptions planned = options;
  planned.horizon_ms = horizon_of(jobs, options);
  const fleet::FragmentationModel fragmentation(fleet::typical_demands(jobs, cluster));
  policy::Scheduler scheduler(policy, cluster, fragmentation, RandomStream(options.seed, "policy"), options.cache);
  return Replay(cluster, scheduler, jobs, sites, planned, sink).run();
}

}  // namespace cradle::simulate
