// A whole bill of materials with other coefficients each time: what a Monte Carlo draw or a step of a search costs.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <iostream>
#include <span>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/carbon/dual.h"
#include "cradle/embodied/bill.h"

namespace {

using namespace cradle;
using namespace cradle::embodied;

CompiledBill embedded(const char* name) {
  const auto catalog = catalog::Catalog::load();
  const auto bill = catalog ? find_bill(name, *catalog) : Result<BillOfMaterials>(catalog.error());
  auto compiled = bill ? CompiledBill::make(*bill, *catalog) : Result<CompiledBill>(bill.error());
  if (compiled) return *std::move(compiled);
  std::cerr << to_string(compiled.error()) << '\n';
  std::exit(1);
}

/// Points anywhere in the range of every coefficient, one after the other.
std::vector<double> points(const CompiledBill& bill, std::size_t count) {
  RandomStream random(1, "coefficients");
  std::vector<double> x;
  for (std::size_t i = 0; i < count; ++i)
    for (const BillInput& input : bill.inputs())
      x.push_back(input.estimate.low + (input.estimate.high - input.estimate.low) * random.uniform());
  return x;
}

void evaluate(benchmark::State& state, const char* name) {
  const CompiledBill bill = embedded(name);
  constexpr std::size_t count = 256;
  const std::vector<double> x = points(bill, count);
  const std::size_t width = bill.inputs().size();
  std::size_t i = 0;
  double grams = 0;
  for (auto _ : state) {
    grams += bill.evaluate(std::span(x).subspan(i * width, width)).value();
    i = (i + 1) % count;
  }
  benchmark::DoNotOptimize(grams);
  state.SetItemsProcessed(state.iterations());
  state.counters["coefficients"] = static_cast<double>(width);
  state.counters["lines"] = static_cast<double>(bill.lines().size());
}
BENCHMARK_CAPTURE(evaluate, r740, "dell-r740")->Name("embodied/r740_bill");
BENCHMARK_CAPTURE(evaluate, chiplets, "chiplet-gpu-server")->Name("embodied/chiplet_server_bill");

/// The bill line by line, as a table or a plot of it takes.
void by_line(benchmark::State& state) {
  const CompiledBill bill = embedded("dell-r740");
  const std::vector<double> x = points(bill, 1);
  std::vector<double> grams(bill.lines().size());
  for (auto _ : state) {
    bill.by_line(std::span<const double>(x), std::span<double>(grams));
    benchmark::DoNotOptimize(grams.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(by_line)->Name("embodied/r740_bill_by_line");

/// From text to a compiled bill, catalogue at hand.
void compile(benchmark::State& state) {
  const auto catalog = catalog::Catalog::load();
  if (!catalog) {
    state.SkipWithError(to_string(catalog.error()).c_str());
    return;
  }
  for (auto _ : state) {
    const auto bill = find_bill("dell-r740", *catalog);
    benchmark::DoNotOptimize(CompiledBill::make(*bill, *catalog).has_value());
  }
}
BENCHMARK(compile)->Name("embodied/r740_read_and_compile");

}  // namespace
