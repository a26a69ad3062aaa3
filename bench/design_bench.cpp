// Design points of three blocks, one by one, streamed and in vectors; exact Pareto fronts. Items are points.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "cradle/base/parallel.h"
#include "cradle/base/random.h"
#include "cradle/catalog/catalog.h"
#include "cradle/design/evaluator.h"
#include "cradle/design/explore.h"
#include "cradle/design/pareto.h"
#include "cradle/design/space.h"

namespace {

using namespace cradle;
using namespace cradle::design;

/// Three blocks as in GA102 or a server processor, in packages with and without carrier silicon; every point can be
/// made. 55 million points for each of `fabs`.
std::string study(const std::string& fabs) {
  return R"(
name = "bench"
objectives = ["carbon", "delay", "energy", "cost"]
[[block]]
name = "compute"
kind = "logic"
area_mm2 = 200
power_w = 200
split_range = [1, 8]
node = ["n14", "n10", "n7", "n5", "n3"]
products = [1, 2, 4, 8]
[[block]]
name = "cache"
kind = "sram"
area_mm2 = 120
power_w = 25
split_range = [1, 4]
node = ["n14", "n10", "n7", "n5", "n3"]
products = [1, 2, 4, 8]
[[block]]
name = "io"
kind = "analog"
area_mm2 = 90
power_w = 30
node = ["n28", "n14", "n10", "n7", "n5"]
products = [1, 2, 4, 8]
[package]
technology = ["organic", "rdl", "emib", "passive"]
[fab]
grid = )" +
         fabs + R"(
[design]
grid = "US"
volume = [1e4, 3e4, 1e5, 3e5, 1e6, 3e6]
[use]
grid = ["US", "SE", "IN"]
lifetime_years = [3, 4, 5]
duty = [0.4]
throughput = 100
traffic_gb_per_s = 1000
)";
}

const Space& space() {
  static const auto catalog = catalog::Catalog::load();
  static const auto space = parse_space(study("[\"TW\"]"), "bench", *catalog);
  if (!space) std::abort();
  return *space;
}

constexpr std::uint64_t range = 1 << 15;

/// Every equation of every point, nothing kept from its neighbours.
void points_strict(benchmark::State& state) {
  const Evaluator evaluator(space());
  const std::uint64_t points = space().points();
  std::uint64_t index = 0;
  for (auto _ : state) {
    for (std::uint64_t i = 0; i < range; ++i) {
      const Evaluated point = evaluator.at(index);
      benchmark::DoNotOptimize(point);
      if (++index == points) index = 0;
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(range));
}
BENCHMARK(points_strict)->Name("design/points_strict")->Unit(benchmark::kMillisecond);

void points(benchmark::State& state, Arithmetic arithmetic, unsigned threads) {
  const Evaluator evaluator(space());
  constexpr std::uint64_t ranges = 64;
  std::uint64_t first = 0;
  for (auto _ : state) {
    parallel_for(threads, threads, [&](std::size_t thread) {
      Collector collector(evaluator, arithmetic);
      Batch batch;
      for (std::uint64_t r = 0; r < ranges; ++r) {
        batch.clear();
        collector.collect((first + (thread * ranges + r) * range) % (space().points() - range), range, batch);
        benchmark::DoNotOptimize(batch.rows.data());
      }
    });
    first += threads * ranges * range;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(threads * ranges * range));
}
void points_streamed(benchmark::State& state) { points(state, Arithmetic::strict, 1); }
void points_vector(benchmark::State& state) { points(state, Arithmetic::lanes, 2); }
BENCHMARK(points_streamed)->Name("design/points_streamed")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(points_vector)->Name("design/points_vector")->Unit(benchmark::kMillisecond)->UseRealTime();

double peak_mebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Uniform random points, drawn as they are needed, on two threads whose fronts are then merged.
void pareto_1e8(benchmark::State& state) {
  constexpr std::size_t objectives = 4;
  constexpr std::uint64_t total = 100'000'000, piece = 100'000;
  std::size_t size = 0;
  for (auto _ : state) {
    std::array<ParetoFront, 2> fronts{ParetoFront(objectives), ParetoFront(objectives)};
    parallel_for(fronts.size(), 0, [&](std::size_t thread) {
      std::vector<double> rows(piece * objectives);
      std::vector<std::uint64_t> indices(piece);
      for (std::uint64_t first = thread * piece; first < total; first += fronts.size() * piece) {
        RandomStream random(first, "points");
        for (double& value : rows) value = random.uniform();
        for (std::uint64_t i = 0; i < piece; ++i) indices[i] = first + i;
        if (!fronts[thread].add(rows, indices)) std::abort();
      }
    });
    fronts[0].merge(fronts[1]);
    size = fronts[0].points().size();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(total));
  state.counters["front"] = static_cast<double>(size);
  state.counters["peak_MiB"] = peak_mebibytes();
}
BENCHMARK(pareto_1e8)
    ->Name("design/pareto_1e8_4_objectives")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

/// Only axes of which no alternative is best in everything: nodes, splits and packages of five blocks, 1.03e8 points.
constexpr const char* traded = R"(
name = "traded"
objectives = ["carbon", "delay", "energy", "cost"]
[[block]]
name = "compute"
kind = "logic"
area_mm2 = 300
power_w = 150
split_range = [1, 8]
node = ["n28", "n22", "n14", "n10", "n7", "n5", "n3"]
[[block]]
name = "cache"
kind = "sram"
area_mm2 = 120
power_w = 25
split_range = [1, 8]
node = ["n28", "n22", "n14", "n10", "n7", "n5", "n3"]
[[block]]
name = "tensor"
kind = "logic"
area_mm2 = 100
power_w = 50
split_range = [1, 4]
node = ["n28", "n22", "n14", "n10", "n7", "n5", "n3"]
[[block]]
name = "buffer"
kind = "sram"
area_mm2 = 60
power_w = 10
split_range = [1, 4]
node = ["n28", "n22", "n14", "n10", "n7", "n5", "n3"]
[[block]]
name = "io"
kind = "analog"
area_mm2 = 90
power_w = 30
node = ["n28", "n22", "n14", "n10", "n7", "n5", "n3"]
[package]
technology = ["organic", "rdl", "emib", "passive", "active", "hybrid"]
[fab]
grid = "TW"
[design]
grid = "US"
volume = 1e5
[use]
grid = "SE"
lifetime_years = 4
duty = 0.2
throughput = 100
traffic_gb_per_s = 1000
)";

/// A space of 1e8 points with many designs on its front, from end to end: equations, constraints, front, sample. Its
/// memory is that of the front, not of the points.
void explore_1e8(benchmark::State& state) {
  const auto catalog = catalog::Catalog::load();
  const auto large = parse_space(traded, "bench", *catalog);
  if (!large || large->points() < 100'000'000) std::abort();
  const double before = peak_mebibytes();
  std::size_t size = 0;
  for (auto _ : state) {
    const auto found = explore(*large);
    if (!found) std::abort();
    size = found->front.size();
  }
  const double grown = peak_mebibytes() - before;
  if (grown > 512) state.SkipWithError("the peak of memory grew by more than 512 MiB");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(large->points()));
  state.counters["front"] = static_cast<double>(size);
  state.counters["grown_MiB"] = grown;
}
BENCHMARK(explore_1e8)->Name("design/explore_1e8")->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();

}  // namespace
