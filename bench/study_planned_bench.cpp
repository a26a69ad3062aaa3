// Cost of planning sites and starts of all open jobs anew every hour: two days in which every job may wait for one.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "cradle/catalog/catalog.h"
#include "cradle/simulate/timed_replay.h"
#include "cradle/study/fleet_plan.h"
#include "cradle/study/study_config.h"
#include "cradle/workload/generator.h"

namespace {

using namespace cradle;

struct Counting : carbon::EntrySink {
  std::uint64_t entries = 0;
  void write(const carbon::Entry&) override { ++entries; }
};

void planned_replay(benchmark::State& state) {
  static const catalog::Catalog catalog = *catalog::Catalog::load();
  auto config = *study::parse_study(study::embedded_study(), "embedded study");
  config.fleet.scale = 0.3;
  const auto plan = study::plan_fleet(config, *workload::generate_nodes(1), catalog, study::all_at(study::End::value));
  if (!plan) return state.SkipWithError(to_string(plan.error()).c_str());
  const auto jobs = workload::generate_workload({42, 2 * ms_per_day, 100})->jobs;
  dispatch::Configuration strategy;
  strategy.placement = *policy::policy_by_name("FGD");
  strategy.region = dispatch::RegionRule::planned;
  strategy.service.short_wait_ms = ms_per_day;
  simulate::TimedOptions options;
  options.start = config.start;
  options.horizon_ms = 3 * ms_per_day;
  options.service = strategy.service;
  std::uint64_t done = 0;
  for (auto _ : state) {
    Counting sink;
    const auto result = simulate::replay_timed(plan->nodes, jobs, plan->sites, strategy, options, sink);
    if (!result) return state.SkipWithError(to_string(result.error()).c_str());
    done += result->finished + result->running;
    benchmark::DoNotOptimize(sink.entries);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(done));
}
BENCHMARK(planned_replay)->Name("study/planned_replay")->Unit(benchmark::kSecond)->UseRealTime();

}  // namespace
