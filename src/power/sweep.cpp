#include "cradle/power/sweep.h"

#include <cmath>
#include <map>
#include <utility>

#include "cradle/power/rounds.h"

namespace cradle::power {

namespace {

Result<PowerOutcome> run_one(Protocol protocol, const SweepOptions& options, std::uint32_t width, std::uint64_t seed,
                             const std::function<bool()>& go_on) {
  const auto topology = Topology::torus(width, width, "--widths");
  if (!topology) return topology.error();
  ScenarioOptions scenario;
  scenario.start = options.start;
  scenario.seed = seed;
  scenario.corner_drawn = seed > 1;
  scenario.demands = options.demands;
  scenario.weights = options.weights;
  auto tiles = make_tiles(*topology, scenario);
  if (!tiles) return tiles.error();
  if (protocol == Protocol::escrow || protocol == Protocol::published) {
    RoundsOptions rounds;
    rounds.rule = protocol;
    rounds.far_every = options.far_every.value_or(usual_far_every(protocol));
    rounds.threads = options.threads;
    if (go_on) rounds.go_on = [&go_on](std::uint64_t) { return go_on(); };
    return run_rounds(*topology, *tiles, rounds);
  }
  BaselineOptions baseline;
  baseline.protocol = protocol;
  baseline.step_cycles = options.step_cycles;
  baseline.period_cycles = options.period_cycles;
  baseline.seed = seed;
  return run_baseline(*topology, *tiles, baseline);
}

/// One point for each size, the geometric mean of its runs: several at one size scatter about their own mean, and would
/// make the interval narrower than what sizes say of each other.
std::vector<ScalingPoint> mean_points(const std::vector<SweepRow>& rows) {
  std::map<std::uint32_t, std::pair<double, double>> logs;
  for (const SweepRow& row : rows) {
    if (!row.outcome.settle_periods || *row.outcome.settle_periods <= 0) continue;
    logs[row.width].first += std::log(*row.outcome.settle_periods);
    logs[row.width].second += 1;
  }
  std::vector<ScalingPoint> points;
  for (const auto& [width, sum] : logs)
    points.push_back({static_cast<double>(width) * width, std::exp(sum.first / sum.second)});
  return points;
}

}  // namespace

Result<Sweep> run_sweep(Protocol protocol, const SweepOptions& options, const std::function<bool()>& done,
                        const std::function<bool()>& go_on) {
  if (options.widths.empty() || options.seeds == 0)
    return bad_input("nothing to sweep", "--widths", "give widths, e.g. 3,6,10,20,50,100, and one seed or more");
  Sweep sweep;
  sweep.protocol = protocol;
  for (const std::uint32_t width : options.widths)
    for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) {
      auto outcome = run_one(protocol, options, width, seed, go_on);
      if (!outcome) return std::move(outcome).error();
      if (outcome->interrupted) return sweep;
      sweep.rows.push_back({width, seed, std::move(*outcome)});
      if (done && !done()) return sweep;
    }
  const std::vector<ScalingPoint> points = mean_points(sweep.rows);
  auto law = fit_power_law(points);
  if (law)
    sweep.law = *law;
  else
    sweep.no_law = law.error().message;
  return sweep;
}

}  // namespace cradle::power
