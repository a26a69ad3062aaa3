#include "cradle/slicing/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/carbon/metric.h"

namespace cradle::slicing {

namespace {

using carbon::Estimate;

/// On the straight line between the points around `at`, each bound on its own.
Estimate<double> power_at(const catalog::AcceleratorCurve& curve, double at) {
  std::size_t i = 1;
  while (i + 1 < curve.points.size() && curve.points[i].at.value() < at) ++i;
  const catalog::CurvePoint &low = curve.points[i - 1], &high = curve.points[i];
  const double part = std::clamp((at - low.at.value()) / (high.at.value() - low.at.value()), 0.0, 1.0);
  return low.power.estimate * (1 - part) + high.power.estimate * part;
}

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

Result<SliceEconomics> slice_economics(const PartitionTable& table, const catalog::Accelerator& accelerator,
                                       const catalog::AcceleratorCurve& curve, double pue,
                                       carbon::GramsPerJoule intensity) {
  if (curve.curve != catalog::CurveKind::slices)
    return bad_input("the curve is of power caps, not of slices", curve.id, "name one with curve = \"slices\"");
  if (std::find(curve.accelerators.begin(), curve.accelerators.end(), accelerator.id) == curve.accelerators.end())
    return bad_input("the curve does not stand for " + accelerator.id, curve.id,
                     "name one that lists it, or add it to the record");
  if (curve.points.size() < 2 || curve.points.front().at.value() != 0 || curve.points.back().at.value() != 1)
    return bad_input("the curve does not reach from 0 slices to all", curve.id, "give it points at 0 and at 1");
  if (!(pue >= 1) || !std::isfinite(pue)) return bad_input("a PUE below 1", "pue", "it is facility over IT energy");
  if (!(intensity.value() >= 0) || !std::isfinite(intensity.value()))
    return bad_input("an intensity that is negative or no number", "intensity", "give gCO2e/kWh, 0 or more");
  SliceEconomics economics;
  economics.pue = pue;
  economics.intensity = intensity;
  const Estimate<carbon::Watts>& full = accelerator.full_power.estimate;
  const Estimate<double>& draw = curve.draw_at_one.estimate;
  for (int n = 0; n <= table.compute_slices(); ++n) {
    const Estimate<double> part = power_at(curve, static_cast<double>(n) / table.compute_slices());
    economics.power.push_back({full.value * (draw.value * part.value), full.low * (draw.low * part.low),
                               full.high * (draw.high * part.high)});
  }
  const auto& emc = accelerator.embodied.estimate;
  const auto& life = accelerator.lifetime.estimate;
  economics.embodied = {emc.value / carbon::Seconds{life.value}, emc.low / carbon::Seconds{life.high},
                        emc.high / carbon::Seconds{life.low}};
  return economics;
}

ReplayFootprint footprint(const ReplayOutcome& outcome, const SliceEconomics& economics) {
  ReplayFootprint sum;
  for (std::size_t n = 0; n < outcome.busy.size(); ++n) {
    const carbon::Seconds held = outcome.busy[n];
    const Estimate<carbon::Watts>& power = economics.power[n];
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

SliceCost slice_cost(const SliceEconomics& economics, Objective objective) {
  SliceCost cost;
  for (const auto& power : economics.power) {
    const double grams = (carbon::operational(power.value * carbon::Seconds{1}, economics.pue, economics.intensity) +
                          economics.embodied.value * carbon::Seconds{1})
                             .value();
    cost.push_back(objective == Objective::grams ? grams : power.value.value());
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
    if (policy.objective != Objective::jct) options.slice_cost = slice_cost(economics, policy.objective);
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
