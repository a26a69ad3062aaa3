// Sizing of one replica under two targets, and an allocation as large as the published sets.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>

#include "cradle/base/random.h"
#include "cradle/inference/allocation.h"
#include "cradle/inference/queue.h"

namespace {

using namespace cradle;
using namespace cradle::inference;

/// N = 64 and K = 704, both targets in force.
void sizing_us(benchmark::State& state) {
  Service service;
  service.alpha_ms = 20.58, service.beta_ms = 0.041, service.gamma_ms = 0.00128;
  service.in_tokens = 128, service.out_tokens = 512;
  service.max_batch = 64, service.max_queue = 640;
  const Targets targets{40.0, 400.0, {}};
  for (auto _ : state) {
    const auto found = capacity(service, targets);
    if (!found) std::abort();
    benchmark::DoNotOptimize(found->rate_per_s);
  }
}
BENCHMARK(sizing_us)->Name("inference/sizing_us");

/// 27 servers, 189 choices, six types that are scarce.
void allocate_27_servers(benchmark::State& state) {
  RandomStream random(1, "inference.bench");
  AllocationProblem problem{std::vector<std::int64_t>(6), {}, false};
  for (int i = 0; i < 27; ++i) {
    Demand demand;
    const double load = std::exp(4 * random.uniform());
    for (int j = 0; j < 7; ++j) {
      const int type = j % 6;
      const auto parts = static_cast<std::int64_t>(std::ceil(4 * load / std::exp(random.uniform())));
      demand.choices.push_back(
          {static_cast<double>(parts) * (10 + 5 * type + 5 * random.uniform()), {{type, parts}}, parts});
      problem.capacity[static_cast<std::size_t>(type)] += parts / 8;
    }
    problem.demands.push_back(demand);
  }
  double gap = 0;
  for (auto _ : state) {
    const auto result = allocate(problem);
    if (!result || result->unserved > 0) std::abort();
    gap = result->gap;
  }
  state.counters["gap"] = gap;
}
BENCHMARK(allocate_27_servers)->Name("inference/allocate_27_servers")->Unit(benchmark::kMillisecond);

}  // namespace
