// Speed of decisions on divided accelerators: a whole partition with the slice of each job, and where an arrival goes.
#include <benchmark/benchmark.h>

#include <vector>

#include "cradle/base/random.h"
#include "cradle/catalog/catalog.h"
#include "cradle/slicing/choose.h"
#include "cradle/slicing/fragmentation.h"
#include "cradle/slicing/mix.h"
#include "cradle/slicing/replay.h"

namespace {

using namespace cradle::slicing;

PartitionTable a100(bool wide) {
  const auto catalog = cradle::catalog::Catalog::load();
  const auto* rules = catalog->partitioning_of("a100-80");
  return *PartitionTable::make(*rules, plain_profiles(*rules, wide));
}

/// Sets of 1 to 7 jobs with any speeds, exact choice of partition and assignment for each.
void choose(benchmark::State& state, bool wide) {
  const PartitionTable table = a100(wide);
  const Chooser chooser(table);
  const std::size_t profiles = table.profiles().size();
  cradle::RandomStream draws(1, "bench.slicing");
  std::vector<std::vector<double>> sets;
  for (int i = 0; i < 700; ++i) {
    const std::size_t jobs = 1 + static_cast<std::size_t>(i) % 7;
    std::vector<double> values;
    for (std::size_t v = 0; v < jobs * profiles; ++v)
      values.push_back(draws.below(8) == 0 ? cannot_run : draws.uniform());
    sets.push_back(std::move(values));
  }
  std::int64_t decisions = 0;
  for (auto _ : state) {
    for (const auto& values : sets) benchmark::DoNotOptimize(chooser.best(values, values.size() / profiles));
    decisions += static_cast<std::int64_t>(sets.size());
  }
  state.SetItemsProcessed(decisions);
}
void BM_choose(benchmark::State& state) { choose(state, false); }
void BM_choose_wide(benchmark::State& state) { choose(state, true); }
BENCHMARK(BM_choose)->Name("slicing/choose_partition");
BENCHMARK(BM_choose_wide)->Name("slicing/choose_partition_with_1g20");

/// Sixteen jobs with a value for each place: the best state, subset and assignment.
void BM_placed(benchmark::State& state) {
  const PartitionTable table = a100(false);
  const Chooser chooser(table);
  cradle::RandomStream draws(1, "bench.slicing.placed");
  const std::size_t jobs = 16;
  std::vector<double> values;
  for (std::size_t v = 0; v < jobs * chooser.slots(); ++v)
    values.push_back(draws.below(8) == 0 ? cannot_run : draws.uniform());
  for (auto _ : state) benchmark::DoNotOptimize(chooser.best_placed(values, jobs, {}, 0));
}
BENCHMARK(BM_placed)->Name("slicing/choose_among_16_by_place")->Unit(benchmark::kMicrosecond);

/// An arrival on one of eight accelerators, least growth of fragments; the fullest is emptied when nothing fits.
void BM_place(benchmark::State& state) {
  const PartitionTable table = a100(false);
  const auto fragmentation = SliceFragmentation::make(table, even_demands(table));
  const SlicePlacer placer(table, *fragmentation);
  cradle::RandomStream draws(1, "bench.slicing");
  std::vector<ProfileId> arrivals;
  for (int i = 0; i < 4096; ++i) arrivals.push_back(static_cast<ProfileId>(draws.below(table.profiles().size())));
  std::vector<StateId> accelerators(8, 0);
  std::size_t at = 0, emptied = 0;
  for (auto _ : state) {
    const ProfileId profile = arrivals[at++ % arrivals.size()];
    if (const auto place = placer.place(accelerators, profile))
      accelerators[place->accelerator] = place->step.next;
    else
      accelerators[emptied++ % accelerators.size()] = 0;
  }
  benchmark::DoNotOptimize(accelerators.data());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_place)->Name("slicing/place_arrival");

/// 100 generated jobs on 8 accelerators under our rule, start to end.
void BM_replay(benchmark::State& state) {
  const PartitionTable table = a100(false);
  const auto jobs = *generate_mix(table, {}, 42);
  for (auto _ : state) benchmark::DoNotOptimize(replay(table, jobs, {}, {}));
}
BENCHMARK(BM_replay)->Name("slicing/replay_100_jobs")->Unit(benchmark::kMillisecond);

}  // namespace
