// Speed of synchronous token exchange: exchanges per second, and a million tiles from half idle to less than one coin.
#include <benchmark/benchmark.h>

#include "cradle/power/rounds.h"

namespace {

using namespace cradle::power;

/// Error measured after every period, as in every run.
void BM_rounds_exchanges(benchmark::State& state) {
  const auto side = static_cast<std::uint32_t>(state.range(0));
  const auto topology = *Topology::torus(side, side, "bench");
  const Tiles start = *make_tiles(topology, {});
  std::uint64_t exchanges = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Tiles tiles = start;
    state.ResumeTiming();
    const auto out = run_rounds(topology, tiles, {.periods = 128, .until_settled = false, .threads = 2});
    exchanges += out->events;
    benchmark::DoNotOptimize(tiles.held.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(exchanges));
}
BENCHMARK(BM_rounds_exchanges)->Name("power/rounds_exchanges")->Arg(1000)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Building topology and tiles included.
void BM_million_tiles(benchmark::State& state, Start from) {
  for (auto _ : state) {
    const auto topology = *Topology::torus(1000, 1000, "bench");
    Tiles tiles = *make_tiles(topology, {.start = from});
    const auto out = run_rounds(topology, tiles, {.threads = 2});
    if (!out->settle_periods) state.SkipWithError("not below one coin");
    state.counters["periods"] = out->settle_periods.value_or(0);
  }
}
void BM_million_half_idle(benchmark::State& state) { BM_million_tiles(state, Start::half_idle); }
void BM_million_corner(benchmark::State& state) { BM_million_tiles(state, Start::corner); }
BENCHMARK(BM_million_half_idle)->Name("power/million_tiles_half_idle")->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_million_corner)->Name("power/million_tiles_corner")->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
