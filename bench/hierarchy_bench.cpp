// A datacenter of 100,000 devices under one power budget, second by second.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "cradle/hierarchy/run.h"

namespace {

using namespace cradle::hierarchy;

/// Five minutes of an afternoon, in which the budget is four fifths of what is asked for, and five of a night, in which
/// it is enough: a day is as much of the one as of the other.
void seconds_of_100000_devices(benchmark::State& state) {
  const Tree tree = Tree::parse("row:10:1000,rack:25:100,server:50:10,device:8", "bench").value();
  const GeneratedDemand demand = GeneratedDemand::make({}, "bench").value();
  ManagerOptions options;
  options.threads = 2;
  options.floor = 60;
  constexpr Quanta watts_for_each = 270;
  options.budget = static_cast<Quanta>(tree.devices()) * (options.floor + watts_for_each);
  constexpr std::int64_t hour = 3600;
  RunOptions run_options;
  run_options.seconds = 300;
  run_options.fairness_every = 200;
  std::uint64_t violations = 0;
  double fairness = 1;
  for (auto _ : state) {
    for (const std::int64_t first : {15 * hour, 3 * hour}) {
      run_options.first_second = first;
      const auto manager = Manager::make(ManagerKind::exchange, tree, options, "bench").value();
      const auto outcome = run(tree, *manager, ManagerKind::exchange, options, demand, run_options, "bench").value();
      violations += outcome.violations;
      fairness = std::min(fairness, outcome.fairness_least);
    }
  }
  if (violations > 0) state.SkipWithError("the budget was violated");
  state.SetItemsProcessed(state.iterations() * run_options.seconds * 2);
  state.counters["jain"] = fairness;
}
BENCHMARK(seconds_of_100000_devices)
    ->Name("hierarchy/seconds_of_100000_devices")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
