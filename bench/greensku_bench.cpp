// Speed of GreenSKU's model: two SKUs from parts to rack, and 36 clusters of them, with new coefficients each time.
#include <benchmark/benchmark.h>

#include "cradle/published/greensku.h"

namespace {

using namespace cradle::published::greensku;

void sku_to_cluster(benchmark::State& state) {
  const Framework framework = release();
  const Switches on;
  Parameters parameters = framework.parameters;
  Sku baseline = framework.skus.front(), green = framework.skus.back();
  double step = 0, sum = 0;
  for (auto _ : state) {
    step = step < 1 ? step + 1e-6 : 0;
    parameters.intensity = KilogramsPerKilowattHour{0.02 + step};
    parameters.pue = 1.1 + 0.1 * step;
    baseline.memory.carbon = green.memory.carbon = KilogramsCO2e{100 + step};
    baseline.utilisation = green.utilisation = 40 + step;
    const SkuResult before = evaluate(baseline, parameters, framework.failures, on);
    const SkuResult after = evaluate(green, parameters, framework.failures, on);
    sum += cluster_saving(framework.clusters, before, after, on).weighted;
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sku_to_cluster)->Name("published/greensku_sku_to_cluster");

}  // namespace
