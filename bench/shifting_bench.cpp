// Speed of the time policies on the published protocol, of elastic scaling, and of planning on forecasts.
#include <benchmark/benchmark.h>

#include <cmath>

#include "cradle/base/random.h"
#include "cradle/shifting/elastic.h"
#include "cradle/shifting/published_gaia.h"
#include "cradle/shifting/shift_jobs.h"

namespace {

using namespace cradle;
using namespace cradle::shifting;

std::vector<carbon::GramsPerKilowattHour> intensities() {
  RandomStream stream(1, "intensity");
  std::vector<carbon::GramsPerKilowattHour> hours;
  for (int i = 0; i < 720; ++i) hours.emplace_back(250 + 120 * std::sin(i * 0.2618) + 40 * stream.uniform());
  return hours;
}

/// 1,000 jobs in a week with the mean length and the longest of the published sample (2.3 h, 60 h).
std::vector<GaiaJob> week_of_jobs() {
  RandomStream stream(1, "jobs");
  std::vector<GaiaJob> jobs;
  for (int i = 0; i < 1000; ++i)
    jobs.push_back({static_cast<std::int64_t>(stream.below(604'800)) * 1000,
                    static_cast<std::int64_t>(std::min(stream.exponential(8280), 214'787.0) * 1000),
                    static_cast<double>(stream.below(8) + 1)});
  return jobs;
}

void BM_gaia(benchmark::State& state, TimePolicy policy) {
  const auto protocol = *GaiaProtocol::make(week_of_jobs(), intensities());
  for (auto _ : state) benchmark::DoNotOptimize(run_gaia(protocol, policy).carbon);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * protocol.jobs().size()));
}
BENCHMARK_CAPTURE(BM_gaia, lowest_window, TimePolicy::lowest_window)->Name("shifting/gaia_lowest_window");
BENCHMARK_CAPTURE(BM_gaia, carbon_time, TimePolicy::carbon_time)->Name("shifting/gaia_carbon_time");
BENCHMARK_CAPTURE(BM_gaia, threshold, TimePolicy::threshold)->Name("shifting/gaia_threshold");
BENCHMARK_CAPTURE(BM_gaia, wait_awhile, TimePolicy::wait_awhile)->Name("shifting/gaia_wait_awhile");

/// 100,000 jobs of 149 days, all six policies, on a noisy forecast of each hour and on perfect knowledge.
void BM_shift_jobs(benchmark::State& state) {
  RandomStream stream(1, "jobs");
  std::vector<carbon::GramsPerKilowattHour> hours;
  for (int i = 0; i < 3700; ++i) hours.emplace_back(250 + 120 * std::sin(i * 0.2618) + 40 * stream.uniform());
  const auto truth = *Signal::make(std::move(hours), 3'600'000);
  std::vector<ShiftJob> jobs;
  for (int i = 0; i < 100'000; ++i)
    jobs.push_back({static_cast<std::int64_t>(stream.below(149 * 86'400)) * 1000,
                    1000 + static_cast<std::int64_t>(std::min(stream.exponential(8280), 214'787.0) * 1000),
                    carbon::Watts{100},
                    {}});
  ShiftOptions options;
  options.forecast = *forecast_by_name("noise:0.1");
  for (auto _ : state) benchmark::DoNotOptimize(shift_jobs(truth, jobs, all_time_policies, options)->size());
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * jobs.size()));
}
BENCHMARK(BM_shift_jobs)->Name("shifting/jobs_on_noisy_forecasts")->Unit(benchmark::kMillisecond);

/// One job over a week on up to 64 machines.
void BM_elastic(benchmark::State& state) {
  const auto signal = *Signal::make(intensities(), 3600);
  ElasticJob job;
  for (int j = 0; j < 64; ++j) job.marginal.push_back(std::pow(0.97, j));
  job.work = 1000 * 3600;
  job.deadline = 168 * 3600;
  job.draw = carbon::Watts{500};
  for (auto _ : state) benchmark::DoNotOptimize(scale(signal, job, ElasticObjective::life_cycle)->work);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(BM_elastic)->Name("shifting/elastic_168_hours_64_machines")->Unit(benchmark::kMillisecond);

}  // namespace
