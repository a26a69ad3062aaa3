#include "cradle/power/sweep.h"

#include <algorithm>

#include "cradle/power/rounds.h"

namespace cradle::power {

namespace {

Result<PowerOutcome> run_one(Protocol protocol, const SweepOptions& options, std::uint32_t width, std::uint64_t seed) {
  const auto topology = Topology::torus(width, width, "--widths");
  if (!topology) return topology.error();
  ScenarioOptions scenario;
  scenario.start = options.start;
  scenario.seed = seed;
  auto tiles = make_tiles(*topology, scenario);
  if (!tiles) return tiles.error();
  if (protocol == Protocol::escrow || protocol == Protocol::published) {
    RoundsOptions rounds;
    rounds.rule = protocol;
    rounds.far_every = options.far_every;
    rounds.threads = options.threads;
    return run_rounds(*topology, *tiles, rounds);
  }
  BaselineOptions baseline;
  baseline.protocol = protocol;
  baseline.step_cycles = options.step_cycles;
  baseline.period_cycles = options.period_cycles;
  baseline.seed = seed;
  return run_baseline(*topology, *tiles, baseline);
}

}  // namespace

Result<Sweep> run_sweep(Protocol protocol, const SweepOptions& options, const std::function<bool()>& go_on) {
  if (options.widths.empty() || options.seeds == 0)
    return bad_input("nothing to sweep", "--widths", "give widths, e.g. 3,6,10,20,50,100, and one seed or more");
  Sweep sweep;
  sweep.protocol = protocol;
  for (const std::uint32_t width : options.widths)
    for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) {
      auto outcome = run_one(protocol, options, width, seed);
      if (!outcome) return std::move(outcome).error();
      sweep.rows.push_back({width, seed, std::move(*outcome)});
      if (go_on && !go_on()) return sweep;
    }
  std::vector<ScalingPoint> points;
  for (const SweepRow& row : sweep.rows)
    if (row.outcome.settle_periods && *row.outcome.settle_periods > 0)
      points.push_back({static_cast<double>(row.width) * row.width, *row.outcome.settle_periods});
  auto law = fit_power_law(points);
  if (law)
    sweep.law = *law;
  else
    sweep.no_law = law.error().message;
  return sweep;
}

}  // namespace cradle::power
