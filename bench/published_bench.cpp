// Published tools as pure functions: points per second, one core.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/published/eco_chip.h"
#include "cradle/published/scarif.h"

namespace {

using namespace cradle;
using namespace cradle::published;

/// Three chiplets of other sizes, nodes and package in each design, so that nothing is predicted from the last one.
std::vector<EcoChipDesign> designs() {
  RandomStream random(1, "chiplets");
  std::vector<EcoChipDesign> list(256);
  for (EcoChipDesign& design : list) {
    design.power = carbon::Watts{20 + 300 * random.uniform()};
    design.lifetime = carbon::Hours{17520};
    design.package = static_cast<EcoChipPackage>(random.uniform() * 5);
    for (const EcoChipBlock block : {EcoChipBlock::logic, EcoChipBlock::analog, EcoChipBlock::sram})
      design.chiplets.push_back({"", block, carbon::SquareMillimetres{5 + 300 * random.uniform()},
                                 static_cast<EcoChipNodeIndex>(random.uniform() * 5)});
  }
  return list;
}

void eco_chip_3_chiplets(benchmark::State& state, bool corrected) {
  const std::vector<EcoChipDesign> list = designs();
  const EcoChipTables& tables = published_eco_chip_tables();
  const EcoChipSwitches switches =
      corrected ? all_corrections<EcoChipSwitches>(eco_chip_switches()) : EcoChipSwitches{};
  std::array<EcoChipShare, 3> shares;
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(evaluate(list[i], tables, switches, shares));
    i = (i + 1) % list.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(eco_chip_3_chiplets, as_published, false)->Name("published/eco_chip_3_chiplets");
BENCHMARK_CAPTURE(eco_chip_3_chiplets, corrected, true)->Name("published/eco_chip_3_chiplets_corrected");

/// The server that the tool is timed with, one estimate a call on both sides: 2 x 22 cores, 256 GB of DRAM, 4.8 TB of
/// SSD, 2017, HP, no accelerator.
void scarif(benchmark::State& state) {
  constexpr double gigabyte = 1e9;
  ScarifServer server;
  server.cores = 44;
  server.dram = carbon::Bytes{256 * gigabyte};
  server.ssd = carbon::Bytes{4800 * gigabyte};
  server.year = 2017;
  for (auto _ : state) {
    benchmark::DoNotOptimize(server);
    auto carbon = evaluate_scarif(server, ScarifSwitches{});
    if (!carbon) return state.SkipWithError(to_string(carbon.error()).c_str());
    benchmark::DoNotOptimize(carbon);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(scarif)->Name("published/scarif");

}  // namespace
