// Monte Carlo of a die: four uncertain coefficients, negative binomial yield. Items are samples.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <span>
#include <vector>

#include "cradle/carbon/uncertainty.h"
#include "cradle/embodied/formula.h"

namespace {

using namespace cradle;
using namespace cradle::carbon;

/// Grams per good mm2 of a 100 mm2 die at 7 nm: fab intensity, energy, gas, defect density.
struct DieCarbonPerArea {
  template <class T>
  T operator()(std::span<const T> x) const {
    using namespace embodied;
    const T per_area = formula::carbon_per_area(x[1], x[0], x[2], T(5.0));
    return per_area / formula::negative_binomial_yield(T(100.0), x[3], T(10.0));
  }
};

// 7 nm, per mm2 and joule: the inputs of docs/uncertainty.md, with their sources.
const std::vector<Input> die_inputs = {
    {"fab grid", {583 / 3.6e6, 295 / 3.6e6, 725 / 3.6e6}},
    {"energy", {0.0215 * 3.6e6, 0.0152 * 3.6e6, 0.0275 * 3.6e6}},
    {"gas", {2.75, 2.0, 3.5}, Shape::uniform},
    {"defects", {0.002, 0.001, 0.003}},
};

void monte_carlo_die(benchmark::State& state) {
  MonteCarloOptions options;
  options.samples = 1'000'000;
  for (auto _ : state) {
    const auto result = monte_carlo(DieCarbonPerArea{}, die_inputs, options);
    if (!result) std::abort();
    benchmark::DoNotOptimize(result->p95);
    ++options.seed;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(options.samples));
}
BENCHMARK(monte_carlo_die)->Name("uncertainty/monte_carlo_die")->Unit(benchmark::kMillisecond);

void sobol_die(benchmark::State& state) {
  MonteCarloOptions options;
  options.samples = 100'000;
  std::uint64_t evaluations = 0;
  for (auto _ : state) {
    const auto result = sobol(DieCarbonPerArea{}, die_inputs, options);
    if (!result) std::abort();
    evaluations += result->evaluations;
    ++options.seed;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(evaluations));
}
BENCHMARK(sobol_die)->Name("uncertainty/sobol_die")->Unit(benchmark::kMillisecond);

}  // namespace
