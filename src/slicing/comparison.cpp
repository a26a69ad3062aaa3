#include "cradle/slicing/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/carbon/metric.h"

namespace cradle::slicing {

namespace {

using carbon::Estimate;

std::vector<SlicingPolicy> all_policies(std::span<const Multiset> partitions) {
  std::vector<SlicingPolicy> policies(policy_names().size());
  for (std::size_t i = 0; i < policies.size(); ++i) policies[i].name = policy_names()[i];
  policies[0].rule = Rule::unpartitioned;
  policies[1].rule = Rule::fixed;
  policies[2].rule = Rule::published;
  policies[2].partitions.assign(partitions.begin(), partitions.end());
  policies[3].rule = Rule::exhaustive;
  policies[5].lengths_known = false;
  policies[6].lengths_known = false;
  policies[6].profiled = true;
  policies[7].objective = Objective::energy;
  policies[8].objective = Objective::grams;
  return policies;
}

}  // namespace

Estimate<carbon::Watts> SliceEconomics::draw(const SliceLoad& load) const {
  double working = 0, paused = 0;
  for (std::size_t kind = 0; kind < job_kinds; ++kind) {
    working += load.working[kind] / power.compute_slices();
    paused += load.paused[kind] / power.compute_slices();
  }
  const auto at = [](carbon::Watts idle, carbon::Watts full, double share) {
    return idle + (full - idle) * std::min(1.0, share);
  };
  return power.draw(load) + Estimate<carbon::Watts>{at(host.idle.value, host.full.value, working + paused / 2),
                                                    host.idle.low,
                                                    at(host.idle.high, host.full.high, working + paused)};
}

Result<SliceEconomics> slice_economics(const PartitionTable& table, const catalog::Accelerator& accelerator,
                                       const KindCurves& curves, const HostShare& host, double pue,
                                       carbon::GramsPerJoule intensity) {
  auto power = SlicePower::make(table.compute_slices(), accelerator, curves);
  if (!power) return std::move(power).error();
  if (!(pue >= 1) || !std::isfinite(pue)) return bad_input("a PUE below 1", "pue", "it is facility over IT energy");
  if (!(intensity.value() >= 0) || !std::isfinite(intensity.value()))
    return bad_input("an intensity that is negative or no number", "intensity", "give gCO2e/kWh, 0 or more");
  const auto& emc = accelerator.embodied.estimate;
  const auto& life = accelerator.lifetime.estimate;
  const Estimate<carbon::GramsPerSecond> board{emc.value / carbon::Seconds{life.value},
                                               emc.low / carbon::Seconds{life.high},
                                               emc.high / carbon::Seconds{life.low}};
  return SliceEconomics{*std::move(power), host, board + host.embodied, pue, intensity};
}

ReplayFootprint footprint(const ReplayOutcome& outcome, const SliceEconomics& economics) {
  ReplayFootprint sum;
  for (const auto& [load, held] : outcome.held) {
    const Estimate<carbon::Watts> power = economics.draw(load);
    sum.energy = sum.energy + Estimate<carbon::Joules>{power.value * held, power.low * held, power.high * held};
    const auto& rate = economics.embodied;
    sum.embodied = sum.embodied + Estimate<carbon::GramsCO2e>{rate.value * held, rate.low * held, rate.high * held};
  }
  const auto grams = [&](carbon::Joules energy) {
    return carbon::operational(energy, economics.pue, economics.intensity);
  };
  sum.operational = {grams(sum.energy.value), grams(sum.energy.low), grams(sum.energy.high)};
  return sum;
}

SliceCost slice_cost(const SliceEconomics& economics, Objective objective, std::span<const SliceJob> jobs) {
  std::array<double, job_kinds> weight{};
  double sum = 0;
  for (const SliceJob& job : jobs) {
    weight[static_cast<std::size_t>(job.kind)] += job.length.value();
    sum += job.length.value();
  }
  SliceCost cost;
  for (int n = 0; n <= economics.power.compute_slices(); ++n) {
    double mean = 0;
    for (std::size_t kind = 0; kind < job_kinds; ++kind) {
      if (weight[kind] <= 0) continue;
      SliceLoad load;
      load.working[kind] = n;
      const carbon::Watts watts = economics.draw(load).value;
      const double grams = (carbon::operational(watts * carbon::Seconds{1}, economics.pue, economics.intensity) +
                            economics.embodied.value * carbon::Seconds{1})
                               .value();
      mean += weight[kind] / sum * (objective == Objective::grams ? grams : watts.value());
    }
    cost.push_back(mean);
  }
  return cost;
}

std::span<const std::string> policy_names() {
  static const std::array<std::string, 9> names{"unpartitioned", "best-static", "miso",
                                                "exhaustive",    "ours",        "ours-unknown-lengths",
                                                "ours-profiled", "ours-energy", "ours-grams"};
  return names;
}

Result<PolicyComparison> compare_policies(const PartitionTable& table, std::span<const SliceJob> jobs,
                                          std::span<const std::string> names, std::span<const Multiset> partitions,
                                          std::size_t accelerators, const RepartitionCost& cost,
                                          const SliceEconomics& economics) {
  for (const std::string& name : names)
    if (std::find(policy_names().begin(), policy_names().end(), name) == policy_names().end())
      return bad_input("no policy '" + name + "'", "--policy",
                       suggest(name, {policy_names().data(), policy_names().size()}));
  PolicyComparison comparison;
  for (const SlicingPolicy& policy : all_policies(partitions)) {
    if (!names.empty() && std::find(names.begin(), names.end(), policy.name) == names.end()) continue;
    ReplayOptions options;
    options.accelerators = accelerators;
    options.cost = cost;
    options.check_indices = policy.rule == Rule::ours;
    if (policy.objective != Objective::jct) options.slice_cost = slice_cost(economics, policy.objective, jobs);
    PolicyRow row;
    row.policy = policy.name;
    if (policy.rule == Rule::fixed) {
      auto best = best_static(table, jobs, options);
      // Whatever else is wrong with the input, the other policies say it too.
      if (!best) {
        comparison.no_static = std::move(best).error();
        continue;
      }
      row.layout = best->layout;
      row.outcome = std::move(best->outcome);
    } else {
      auto outcome = replay(table, jobs, policy, options);
      if (!outcome) return std::move(outcome).error();
      row.outcome = std::move(*outcome);
    }
    row.mean_jct = row.outcome.mean_jct(jobs);
    row.p95_jct = row.outcome.p95_jct(jobs);
    row.footprint = footprint(row.outcome, economics);
    comparison.rows.push_back(std::move(row));
  }
  if (comparison.rows.empty() && comparison.no_static) return std::move(*comparison.no_static);
  return comparison;
}

}  // namespace cradle::slicing
