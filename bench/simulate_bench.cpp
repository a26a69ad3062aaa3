// Speed of the replays: one inflation, the whole published comparison, 149 timed days, and the bare event core.
//
// The openb lists are read from ../shared/data/openb beside the checkout, or from $CRADLE_OPENB; without them the
// generated workload and fleet of the same size stand in, and the label says so.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

#include "cradle/base/random.h"
#include "cradle/catalog/catalog.h"
#include "cradle/simulate/event_queue.h"
#include "cradle/simulate/inflation.h"
#include "cradle/simulate/timed_replay.h"
#include "cradle/study/fgd_comparison.h"
#include "cradle/study/fleet_plan.h"
#include "cradle/study/joint_comparison.h"
#include "cradle/study/study.h"
#include "cradle/workload/generator.h"
#include "cradle/workload/openb.h"

namespace {

using namespace cradle;

struct Trace {
  std::vector<workload::NodeRow> nodes;
  std::vector<workload::Job> default_jobs, cpu050_jobs;
  std::string label;
};

const Trace& trace() {
  static const Trace loaded = [] {
    Trace made;
    const char* named = std::getenv("CRADLE_OPENB");
    const std::filesystem::path folder = named != nullptr ? named : CRADLE_SOURCE_DIR "/../shared/data/openb";
    auto nodes = workload::read_openb_nodes(folder / "openb_node_list_gpu_node.csv");
    auto first = workload::read_openb_pods(folder / "openb_pod_list_default.csv");
    auto second = workload::read_openb_pods(folder / "openb_pod_list_cpu050.csv");
    if (nodes && first && second) {
      made = {*nodes, first->jobs, second->jobs, "openb"};
    } else {
      made = {*workload::generate_nodes(1), workload::generate_workload({})->jobs,
              workload::generate_workload({.seed = 43})->jobs, "generated"};
    }
    return made;
  }();
  return loaded;
}

std::vector<fleet::NodeSpec> specs() {
  std::vector<fleet::NodeSpec> list;
  for (const workload::NodeRow& row : trace().nodes) {
    fleet::NodeSpec spec;
    spec.name = row.name;
    spec.cpu_milli = row.cpu_milli;
    spec.memory_mib = row.memory_mib;
    spec.gpu_count = row.gpu_count;
    spec.gpu_model = row.gpu_model;
    list.push_back(std::move(spec));
  }
  return list;
}

void fgd_inflation_default(benchmark::State& state) {
  const auto nodes = specs();
  const auto policy = *policy::policy_by_name("FGD");
  std::uint64_t placed = 0;
  for (auto _ : state) {
    const auto result = simulate::replay_inflation(nodes, trace().default_jobs, policy, {});
    placed += result->placed;
  }
  state.SetLabel(trace().label + ", one core");
  state.SetItemsProcessed(static_cast<std::int64_t>(placed));
}
BENCHMARK(fgd_inflation_default)->Name("simulate/fgd_inflation_default")->Unit(benchmark::kSecond)->UseRealTime();

void all_120_replays(benchmark::State& state) {
  study::FgdOptions options;
  for (const std::string& name : policy::published_policy_names())
    options.policies.push_back(*policy::policy_by_name(name));
  options.seeds = *study::parse_seeds("42..51");
  const auto catalog = catalog::Catalog::load();
  for (auto _ : state) {
    benchmark::DoNotOptimize(study::compare_fgd("default", trace().nodes, trace().default_jobs, *catalog, options));
    benchmark::DoNotOptimize(study::compare_fgd("cpu050", trace().nodes, trace().cpu050_jobs, *catalog, options));
  }
  state.SetLabel(trace().label + ", all cores");
}
BENCHMARK(all_120_replays)->Name("simulate/all_120_replays")->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

struct Counting : carbon::EntrySink {
  std::uint64_t entries = 0;
  std::int64_t microjoules = 0;
  void write(const carbon::Entry& entry) override {
    ++entries;
    microjoules += entry.microjoules;
  }
};

/// The whole published fleet at one site on the hourly profile of a real grid, 149 days.
void timed_149_days(benchmark::State& state, const char* policy_name) {
  static const catalog::Catalog catalog = *catalog::Catalog::load();
  study::StudyConfig config;
  config.start = instant_of(2022, 1, 1);
  config.sites.emplace_back();
  config.sites[0].name = "only";
  config.sites[0].grid = catalog.grids().front().id;
  config.sites[0].pue = 1.2;
  const auto plan = study::plan_fleet(config, trace().nodes, catalog, study::all_at(study::End::value));
  if (!plan) return state.SkipWithError(to_string(plan.error()).c_str());
  const auto policy = *policy::policy_by_name(policy_name);
  simulate::TimedOptions options;
  options.start = config.start;
  std::uint64_t jobs = 0;
  for (auto _ : state) {
    Counting sink;
    const auto result = simulate::replay_timed(plan->nodes, trace().default_jobs, plan->sites, policy, options, sink);
    jobs += result->finished + result->running;
    benchmark::DoNotOptimize(sink.microjoules);
  }
  state.SetLabel(trace().label + ", one core");
  state.SetItemsProcessed(static_cast<std::int64_t>(jobs));
}
BENCHMARK_CAPTURE(timed_149_days, fgd, "FGD")->Name("simulate/timed_149_days")->Unit(benchmark::kSecond)->UseRealTime();
BENCHMARK_CAPTURE(timed_149_days, carbon, "Carbon+FGD")
    ->Name("simulate/timed_149_days_carbon_fgd")
    ->Unit(benchmark::kSecond)
    ->UseRealTime();

/// The same with jobs that may wait for cleaner hours, pause, and move: a dispatcher that plans and looks every hour.
void timed_replay_shifting(benchmark::State& state, shifting::TimePolicy time) {
  static const catalog::Catalog catalog = *catalog::Catalog::load();
  study::StudyConfig config;
  config.start = instant_of(2022, 1, 1);
  for (const char* grid : {"CISO", "BPAT", "MISO"}) {
    config.sites.emplace_back();
    config.sites.back().name = config.sites.back().grid = grid;
  }
  const auto plan = study::plan_fleet(config, trace().nodes, catalog, study::all_at(study::End::value));
  if (!plan) return state.SkipWithError(to_string(plan.error()).c_str());
  dispatch::Configuration strategy;
  strategy.placement = *policy::policy_by_name("FGD");
  strategy.time = time;
  strategy.region = dispatch::RegionRule::cheapest_window;
  strategy.service.never_wait = {"LS"};
  simulate::TimedOptions options;
  options.start = config.start;
  std::uint64_t jobs = 0;
  for (auto _ : state) {
    Counting sink;
    const auto result = simulate::replay_timed(plan->nodes, trace().default_jobs, plan->sites, strategy, options, sink);
    if (!result) return state.SkipWithError(to_string(result.error()).c_str());
    jobs += result->finished + result->running;
    benchmark::DoNotOptimize(sink.microjoules);
  }
  state.SetLabel(trace().label + ", one core");
  state.SetItemsProcessed(static_cast<std::int64_t>(jobs));
}
BENCHMARK_CAPTURE(timed_replay_shifting, carbon_time, shifting::TimePolicy::carbon_time)
    ->Name("simulate/timed_replay_shifting")
    ->Unit(benchmark::kSecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(timed_replay_shifting, wait_awhile, shifting::TimePolicy::wait_awhile)
    ->Name("simulate/timed_replay_pausing")
    ->Unit(benchmark::kSecond)
    ->UseRealTime();

/// Arrivals and departures of a million jobs with some thousand running at once; nothing but the queue and counters.
void event_core(benchmark::State& state) {
  constexpr std::uint64_t jobs = 1'000'000;
  std::uint64_t events = 0;
  for (auto _ : state) {
    RandomStream stream(42, "event-core");
    simulate::EventQueue<std::uint32_t> departures;
    std::int64_t now = 0, running = 0, area = 0;
    std::uint64_t arrived = 0;
    std::int64_t next = 0;
    while (arrived < jobs || !departures.empty()) {
      const bool leaves = !departures.empty() && (arrived == jobs || departures.next_time() <= next);
      const std::int64_t at = leaves ? departures.next_time() : next;
      area += running * (at - now);
      now = at;
      if (leaves) {
        departures.pop();
        --running;
      } else {
        departures.push(now + 1 + static_cast<std::int64_t>(stream.below(10'000'000)),
                        static_cast<std::uint32_t>(arrived));
        ++running;
        ++arrived;
        next = now + static_cast<std::int64_t>(stream.below(2'000));
      }
      ++events;
    }
    benchmark::DoNotOptimize(area);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}
BENCHMARK(event_core)->Name("simulate/event_core")->Unit(benchmark::kSecond)->UseRealTime();

/// The default study's load on its fleet, with placement, start, region and cap chosen together.
void joint_replay(benchmark::State& state) {
  static const catalog::Catalog catalog = *catalog::Catalog::load();
  auto config = *study::parse_study(study::embedded_study(), "embedded study");
  const char* named = std::getenv("CRADLE_OPENB");
  const std::filesystem::path folder = named != nullptr ? named : CRADLE_SOURCE_DIR "/../shared/data/openb";
  const auto input = study::load_input(config, std::filesystem::exists(folder) ? folder : "", "", false);
  if (!input) return state.SkipWithError(to_string(input.error()).c_str());
  const auto plan = study::plan_fleet(config, input->nodes, catalog, study::all_at(study::End::value));
  if (!plan) return state.SkipWithError(to_string(plan.error()).c_str());
  dispatch::Configuration strategy;
  strategy.placement = *policy::policy_by_name("CarbonShare+FGD");
  strategy.service = config.service;
  strategy.service.stretch = 1.1;
  strategy.joint.enabled = true;
  strategy.joint.models = study::joint_models(*plan, catalog, study::CurveEnd::value);
  simulate::TimedOptions options;
  options.start = config.start;
  options.service = strategy.service;
  std::uint64_t jobs = 0;
  for (auto _ : state) {
    Counting sink;
    const auto result = simulate::replay_timed(plan->nodes, input->workload.jobs, plan->sites, strategy, options, sink);
    if (!result) return state.SkipWithError(to_string(result.error()).c_str());
    jobs += result->finished + result->running;
    benchmark::DoNotOptimize(sink.microjoules);
  }
  state.SetLabel(trace().label + ", one core");
  state.SetItemsProcessed(static_cast<std::int64_t>(jobs));
}
BENCHMARK(joint_replay)->Name("study/joint_replay")->Unit(benchmark::kSecond)->UseRealTime();

}  // namespace
