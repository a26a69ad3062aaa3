// Speed of request-level simulation: requests per second by the model's law, the two Azure hours by iterations.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>

#include "cradle/inference/replay.h"

namespace {

using namespace cradle;
using namespace cradle::inference;

/// granite_13b on an A100 in the sample data of llm-inferno (Apache-2.0).
Variant replica(double in_tokens, double out_tokens, int batch) {
  Variant v;
  v.service.alpha_ms = 20.58, v.service.beta_ms = 0.041, v.service.gamma_ms = 0.00128125;
  v.service.in_tokens = in_tokens, v.service.out_tokens = out_tokens;
  v.service.max_batch = batch, v.service.max_queue = 10 * batch;
  v.power = {carbon::Watts{150}, carbon::Watts{320}, carbon::Watts{400}, 0.6};
  v.full_batch = batch;
  return v;
}

/// A million requests to eight replicas at nine tenths of what they can serve, work and outcomes included.
void BM_model(benchmark::State& state) {
  const Service service = replica(128, 512, 32).service;
  constexpr int replicas = 8;
  const double rate = 0.9 * replicas * service.max_batch / batch_time_ms(service, service.max_batch) * 1e3;
  const auto arrivals =
      *generate_arrivals({.rate_per_s = rate, .length = carbon::Seconds{1e6 / rate}, .in_tokens = 128}, 1);
  for (auto _ : state) {
    const auto run = simulate(service, arrivals, {.fidelity = Fidelity::model, .replicas = replicas});
    benchmark::DoNotOptimize(run->outcomes.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(arrivals.size()));
}
BENCHMARK(BM_model)->Name("inference/replay_model_requests")->Unit(benchmark::kMillisecond);

/// One hour of the Azure traces with an autoscaler; where the data are absent, as many generated requests.
void BM_hour(benchmark::State& state, const std::string& name, const GeneratedArrivals& like) {
  const auto file = std::filesystem::path(CRADLE_SOURCE_DIR) / "../shared/data/azure-llm" /
                    ("AzureLLMInferenceTrace_" + name + ".csv");
  const bool there = std::filesystem::exists(file);
  const auto arrivals = there ? *arrivals_of(*workload::read_azure_llm(file)) : *generate_arrivals(like, 1);
  state.SetLabel(there ? "azure" : "generated");
  ReplayOptions options;
  options.replica = replica(like.in_tokens, like.out_tokens, 16);
  options.targets = {.itl_ms = 120, .ttft_ms = 2000, .tokens_per_s = {}};
  options.rule.capacity_per_s = capacity(options.replica.service, options.targets)->rate_per_s;
  const auto grid = carbon::IntensitySeries::constant(carbon::Signal::average, carbon::GramsPerKilowattHour{300});
  for (auto _ : state) {
    const auto run = replay(arrivals, options, grid);
    benchmark::DoNotOptimize(run->energy);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(arrivals.size()));
}
void BM_conversations(benchmark::State& state) {
  BM_hour(state, "conv", {.rate_per_s = 5.53, .length = carbon::Seconds{3502}, .in_tokens = 1155, .out_tokens = 211});
}
void BM_code(benchmark::State& state) {
  BM_hour(state, "code", {.rate_per_s = 2.57, .length = carbon::Seconds{3436}, .in_tokens = 2048, .out_tokens = 28});
}
BENCHMARK(BM_conversations)->Name("inference/replay_tokens_conversations")->Unit(benchmark::kMillisecond);
BENCHMARK(BM_code)->Name("inference/replay_tokens_code")->Unit(benchmark::kMillisecond);

}  // namespace
