// Region dispatch of a week: bound, rounding and search, at once within 2 % of the bound.
#include <benchmark/benchmark.h>

#include <cmath>

#include "cradle/base/random.h"
#include "cradle/shifting/region_dispatch.h"
#include "cradle/shifting/region_input.h"

namespace {

using namespace cradle;
using namespace cradle::shifting;

/// Five regions with daily waves about the means of US balancing areas, and latencies along a line.
RegionProblem week(std::size_t jobs, double load) {
  constexpr Hour hours = 168;
  constexpr double means[] = {250, 120, 400, 420, 230}, depths[] = {0.45, 0.2, 0.25, 0.1, 0.1};
  std::vector<RegionSite> sites;
  std::vector<carbon::Seconds> latency;
  RandomStream stream(1, "bench");
  for (int s = 0; s < 5; ++s) {
    RegionSite site;
    site.name = "s" + std::to_string(s);
    for (Hour h = 0; h < hours; ++h)
      site.intensity.emplace_back(
          means[s] * (1 + depths[s] * std::cos((h - 2 - s) * 2 * 3.14159265358979 / 24) + 0.03 * stream.normal()));
    site.pue = 1.1 + 0.1 * s;
    site.embodied_per_unit_hour = carbon::GramsCO2e{5.0 + 3 * (s % 2)};
    sites.push_back(std::move(site));
    for (int other = 0; other < 5; ++other) latency.emplace_back(0.005 + 0.02 * std::abs(s - other));
  }
  RegionGenerator options;
  options.jobs = jobs;
  options.load = load;
  return generate_regions(std::move(sites), std::move(latency), options).value();
}

/// Argument: percent of capacity that is asked for.
void dispatched(benchmark::State& state, std::size_t jobs) {
  const RegionProblem problem = week(jobs, static_cast<double>(state.range(0)) / 100);
  DispatchOptions options;
  options.threads = 2;
  double gap = 0;
  for (auto _ : state) {
    const auto found = dispatch(problem, options).value();
    if (!found.gap || *found.gap > 0.02 || !problem.check(found.schedule)) {
      state.SkipWithError("not within 2 % of the bound");
      break;
    }
    gap = *found.gap;
  }
  state.counters["gap_percent"] = 100 * gap;
}
void jobs_1000(benchmark::State& state) { dispatched(state, 1000); }
void jobs_100000(benchmark::State& state) { dispatched(state, 100'000); }
BENCHMARK(jobs_1000)
    ->Name("region/dispatch_1000_jobs")
    ->Arg(50)
    ->Arg(80)
    ->Arg(90)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(jobs_100000)
    ->Name("region/dispatch_100000_jobs")
    ->Arg(80)
    ->Arg(90)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
