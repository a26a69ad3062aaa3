#include "joint_ground.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "strategy_config.h"

namespace cradle::study {

namespace {

using carbon::GramsCO2e;

/// A site without a marginal signal decides and counts by its average one.
const carbon::IntensitySeries& series(const carbon::SiteRecord& site, std::size_t signal) {
  return signal == 1 && site.marginal ? *site.marginal : site.average;
}

/// Sums an hour-exact replay under both signals.
class GramSink : public carbon::EntrySink {
 public:
  explicit GramSink(const FleetPlan& plan) : plan_(plan) {}

  void write(const carbon::Entry& entry) override {
    const carbon::ComponentRecord& component = plan_.components[entry.component];
    const carbon::SiteRecord& site = plan_.sites[component.site];
    for (std::size_t signal = 0; signal < signals; ++signal) {
      const auto factor = series(site, signal).mean(entry.start, entry.end) * site.pue;
      constexpr double joules = 1e-6;
      idle[signal] += factor * carbon::Joules{static_cast<double>(entry.baseline_microjoules) * joules};
      added[signal] +=
          factor * carbon::Joules{static_cast<double>(entry.microjoules - entry.baseline_microjoules) * joules};
    }
    if (entry.role == carbon::Role::tenant)
      used_embodied += component.embodied.value * (entry.operations / component.lifetime_operations.value());
  }

  std::array<GramsCO2e, signals> idle{}, added{};
  GramsCO2e used_embodied{};

 private:
  const FleetPlan& plan_;
};

/// By hour: the mean of a demand over it.
std::vector<double> hourly(std::span<const workload::Job> jobs, std::int64_t horizon_ms,
                           double (*demand)(const workload::Job&)) {
  const auto hours = static_cast<std::size_t>((horizon_ms + ms_per_hour - 1) / ms_per_hour);
  std::vector<double> change(hours + 2), part(hours + 1);
  // The integral up to each time is linear within the hour: whole hours by their changes, begun ones by their part.
  const auto step = [&](std::int64_t at_ms, double amount) {
    at_ms = std::clamp<std::int64_t>(at_ms, 0, horizon_ms);
    const auto hour = static_cast<std::size_t>(at_ms / ms_per_hour);
    change[hour + 1] += amount;
    part[hour] += amount * static_cast<double>(ms_per_hour - at_ms % ms_per_hour) / static_cast<double>(ms_per_hour);
  };
  for (const workload::Job& job : jobs) {
    step(job.arrival_ms, demand(job));
    step(job.arrival_ms + job.duration_ms, -demand(job));
  }
  std::vector<double> mean(hours);
  double running = 0;
  for (std::size_t hour = 0; hour < hours; ++hour) {
    running += change[hour];
    mean[hour] = running + part[hour];
  }
  return mean;
}

/// What fills first is cheapest. Precondition: rates are sorted.
double filled(std::span<const std::pair<double, double>> rates, double demand) {
  double sum = 0;
  for (const auto& [rate, room] : rates) {
    const double taken = std::min(demand, room);
    sum += rate * taken;
    demand -= taken;
  }
  return sum;
}

}  // namespace

std::int64_t JointGround::horizon_ms() const { return horizon_of(config_, input_.workload.jobs); }

Result<const JointOutcome*> JointGround::outcome(dispatch::Configuration configuration) {
  configuration.name = "row";  // rows of several names may be one configuration
  const std::string key = dispatch::canonical(configuration);
  if (const auto known = known_.find(key); known != known_.end()) return &known->second;
  simulate::TimedOptions options;
  options.start = config_.start;
  options.horizon_ms = horizon_ms();
  options.seed = config_.seed;
  options.service = configuration.service;
  GramSink sink(plan_);
  auto result = simulate::replay_timed(plan_.nodes, input_.workload.jobs, plan_.sites, configuration, options, sink);
  if (!result) return result.error();
  result->jobs.clear();
  const auto made = known_.emplace(key, JointOutcome{sink.idle, sink.added, sink.used_embodied, std::move(*result)});
  return &made.first->second;
}

GramsCO2e JointGround::fleet_embodied() const {
  GramsCO2e sum{};
  const carbon::Seconds period{static_cast<double>(horizon_ms()) / static_cast<double>(ms_per_second)};
  for (const carbon::ComponentRecord& component : plan_.components)
    sum += component.embodied.value * std::min(1.0, period / component.lifetime);
  return sum;
}

GramsCO2e JointGround::least_added(carbon::Signal signal) const {
  const auto gpus = hourly(input_.workload.jobs, horizon_ms(), [](const workload::Job& job) {
    return static_cast<double>(job.demand.gpu_count) * job.demand.gpu_milli / fleet::milli;
  });
  const auto threads = hourly(input_.workload.jobs, horizon_ms(), [](const workload::Job& job) {
    return static_cast<double>(job.demand.cpu_milli) / fleet::milli;
  });
  GramsCO2e least{};
  std::vector<std::pair<double, double>> gpu_rates, thread_rates;
  for (std::size_t hour = 0; hour < gpus.size(); ++hour) {
    gpu_rates.clear();
    thread_rates.clear();
    const Instant from{config_.start.ms + static_cast<std::int64_t>(hour) * ms_per_hour};
    const Instant to{std::min(from.ms + ms_per_hour, config_.start.ms + horizon_ms())};
    std::vector<double> integral;
    for (const carbon::SiteRecord& site : plan_.sites)
      integral.push_back(series(site, index(signal)).integral(from, to).value() * site.pue);
    for (const fleet::NodeSpec& node : plan_.nodes) {
      const fleet::PowerModel& power = node.power;
      gpu_rates.emplace_back((power.gpu_full - power.gpu_idle).value() * integral[node.site], node.gpu_count);
      thread_rates.emplace_back(
          (power.socket_full - power.socket_idle).value() / (2.0 * power.cores_per_socket) * integral[node.site],
          static_cast<double>(node.cpu_milli) / fleet::milli);
    }
    std::sort(gpu_rates.begin(), gpu_rates.end());
    std::sort(thread_rates.begin(), thread_rates.end());
    least += GramsCO2e{filled(gpu_rates, gpus[hour]) + filled(thread_rates, threads[hour])};
  }
  return least;
}

}  // namespace cradle::study
