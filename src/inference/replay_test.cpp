#include "cradle/inference/replay.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>

namespace cradle::inference {
namespace {

constexpr double forever = std::numeric_limits<double>::infinity();

/// granite_13b on an A100 in the sample data of llm-inferno (Apache-2.0), with a small batch, so that there are many
/// replicas.
ReplayOptions options_of(double in_tokens, double out_tokens) {
  ReplayOptions o;
  o.replica.name = "a100";
  o.replica.service.alpha_ms = 20.58, o.replica.service.beta_ms = 0.041, o.replica.service.gamma_ms = 0.00128125;
  o.replica.service.in_tokens = in_tokens, o.replica.service.out_tokens = out_tokens;
  o.replica.service.max_batch = 8, o.replica.service.max_queue = 80;
  o.replica.power = {carbon::Watts{150}, carbon::Watts{320}, carbon::Watts{400}, 0.6};
  o.replica.full_batch = 8;
  o.replica.embodied = carbon::GramsPerSecond{1e-3};
  o.targets = {.itl_ms = 120, .ttft_ms = 2000, .tokens_per_s = {}};
  o.rule.capacity_per_s = capacity(o.replica.service, o.targets)->rate_per_s;
  o.rule.peak_per_s = 8;
  o.pue = 1.25;
  return o;
}
const auto grid = carbon::IntensitySeries::constant(carbon::Signal::average, carbon::GramsPerKilowattHour{360});

std::vector<Arrival> bursty(std::uint64_t seed, double burst = 4) {
  return *generate_arrivals({.rate_per_s = 4,
                             .length = carbon::Seconds{1200},
                             .in_tokens = 400,
                             .out_tokens = 100,
                             .burst = burst,
                             .burst_length = carbon::Seconds{120}},
                            seed);
}

TEST(Replay, AStaticFleetIsThePlainSimulation) {
  const auto arrivals = bursty(5);
  ReplayOptions options = options_of(400, 100);
  options.rule.scaling = Scaling::static_peak;
  for (const Fidelity fidelity : {Fidelity::model, Fidelity::tokens}) {
    options.fidelity = fidelity;
    const Replay run = *replay(arrivals, options, grid);
    const int replicas = replicas_for(options.rule, 8);
    const auto plain = *simulate(options.replica.service, arrivals, {.fidelity = fidelity, .replicas = replicas});
    const ServiceLevel level = service_level(arrivals, plain.outcomes, options.targets, 0, forever);
    EXPECT_EQ(run.level.ttft_ms.p99, level.ttft_ms.p99);
    EXPECT_EQ(run.level.itl_ms.mean, level.itl_ms.mean);
    EXPECT_EQ(run.level.kept, level.kept);
    EXPECT_EQ(run.changes, 0);
    EXPECT_EQ(run.most_replicas, replicas);
    EXPECT_NEAR(run.replica_time.value(), replicas * 1200 / 3600.0, 1e-9 * replicas);
  }
}

TEST(Replay, IdleReplicasDrawIdlePower) {
  // One short request in an hour of ten idle replicas.
  const std::vector<Arrival> arrivals{{0, 0, 1}, {3'599'000, 0, 1}};
  ReplayOptions options = options_of(400, 100);
  options.rule.scaling = Scaling::static_peak;
  options.rule.min_replicas = options.rule.max_replicas = 10;
  options.from = carbon::Seconds{60}, options.until = carbon::Seconds{3660};
  const Replay run = *replay(arrivals, options, grid);
  const double seconds = 3600 - 60;
  const double request_s = 42e-3;  // two iterations of some 21 ms
  EXPECT_NEAR(run.energy.value(), 10 * 150 * seconds, 50 * request_s);
  // 360 g/kWh is 1e-4 g/J.
  EXPECT_NEAR(run.operational.value(), run.energy.value() * 1.25e-4, 1e-6);
  EXPECT_NEAR(run.embodied.value(), 10 * 1e-3 * seconds, 1e-9);
  EXPECT_NEAR(run.grams_per_1000().value(), run.grams().value() * 1000, 1e-6);
}

RC_GTEST_PROP(Replay, NoRequestIsLostWhileReplicasComeAndGo, ()) {
  const auto arrivals = bursty(*rc::gen::inRange<std::uint64_t>(1, 10'000), *rc::gen::inRange(1, 30));
  ReplayOptions options = options_of(400, 100);
  options.rule.scaling = *rc::gen::element(Scaling::reactive, Scaling::forecast, Scaling::quantile);
  options.rule.startup = carbon::Seconds{static_cast<double>(*rc::gen::inRange(0, 100))};
  options.rule.scale_down_delay = carbon::Seconds{static_cast<double>(*rc::gen::inRange(0, 60))};
  options.rule.margin = *rc::gen::inRange(5, 30) / 10.0;
  options.fidelity = *rc::gen::element(Fidelity::model, Fidelity::tokens);
  options.routing = *rc::gen::element(Routing::random, Routing::shortest_queue, Routing::least_work);
  options.replica.service.max_queue = *rc::gen::element(0, 5, 1'000'000);
  const Replay run = *replay(arrivals, options, grid);
  RC_ASSERT(run.level.requests == static_cast<std::int64_t>(arrivals.size()));
  if (options.replica.service.max_queue == 1'000'000) RC_ASSERT(run.level.blocked == 0);
  RC_ASSERT(run.level.total_ms.p50 > 0);
  // Every replica that is on draws between idle and full, and only those that are on do.
  const double on_s = carbon::Seconds{run.replica_time}.value();
  RC_ASSERT(run.energy.value() >= 150 * on_s * (1 - 1e-9));
  RC_ASSERT(run.energy.value() <= 400 * on_s * (1 + 1e-9));
  RC_ASSERT(std::abs(run.embodied.value() - on_s * 1e-3) <= 1e-9 * on_s);
  RC_ASSERT(run.level.kept <= std::min(run.level.ttft_kept, run.level.itl_kept));
  double kept = 0, requests = 0;
  for (const ReplayStep& step : run.steps) {
    const double came = step.rate_per_s * options.rule.interval.value();
    kept += step.kept * came, requests += came;
    RC_ASSERT(step.ready >= 1);
  }
  RC_ASSERT(std::abs(kept / requests - run.level.kept) <= 1e-9);
  const Replay again = *replay(arrivals, options, grid);
  RC_ASSERT(again.energy == run.energy);
}

TEST(Replay, PartsAddUpToTheWhole) {
  const auto arrivals = bursty(8);
  ReplayOptions options = options_of(400, 100);
  const Replay whole = *replay(arrivals, options, grid);
  options.until = carbon::Seconds{500};
  const Replay first = *replay(arrivals, options, grid);
  options.from = carbon::Seconds{500}, options.until = carbon::Seconds{forever};
  const Replay second = *replay(arrivals, options, grid);
  EXPECT_EQ(first.level.requests + second.level.requests, whole.level.requests);
  EXPECT_NEAR((first.energy + second.energy).value(), whole.energy.value(), 1e-9 * whole.energy.value());
  EXPECT_NEAR((first.grams() + second.grams()).value(), whole.grams().value(), 1e-9 * whole.grams().value());
}

TEST(Replay, AModelOfPoissonArrivalsKeepsItsWord) {
  // The law of the model itself, a fixed number of replicas and random routing: what is simulated is what is modelled.
  const ReplayOptions base = options_of(400, 100);
  double simulated = 0, modelled = 0;
  constexpr int runs = 12;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    ReplayOptions options = base;
    options.fidelity = Fidelity::model, options.routing = Routing::random, options.seed = seed;
    options.rule.scaling = Scaling::static_peak, options.rule.peak_per_s = 4, options.rule.margin = 1.1;
    options.rule.window = carbon::Seconds{4000}, options.rule.memory = carbon::Seconds{4000};
    options.from = carbon::Seconds{100};
    const auto arrivals = *generate_arrivals({.rate_per_s = 4, .length = carbon::Seconds{4000}}, seed);
    const Replay run = *replay(arrivals, options, grid);
    simulated += run.level.ttft_kept / runs, modelled += run.modelled.share.ttft_kept / runs;
  }
  EXPECT_NEAR(simulated, modelled, 0.01);
  EXPECT_LT(modelled, 0.99);  // there is something to miss
}

TEST(Replay, CalibrationFindsTheLeastMargin) {
  const auto arrivals = bursty(21);
  ReplayOptions options = options_of(400, 100);
  options.until = carbon::Seconds{600};
  const Calibration found = *calibrate(arrivals, options, grid, 0.95);
  ASSERT_TRUE(found.reached);
  EXPECT_GE(found.kept, 0.95);
  // The next smaller margin of the grid misses.
  options.rule.margin = found.margin / 1.02;
  const auto seen = std::vector<Arrival>(
      arrivals.begin(),
      std::find_if(arrivals.begin(), arrivals.end(), [](const Arrival& a) { return a.at_ms >= 6e5; }));
  EXPECT_LT(replay(seen, options, grid)->level.kept, 0.95);
  // What comes later changes nothing.
  auto other = arrivals;
  for (Arrival& a : other)
    if (a.at_ms >= 6e5) a.out_tokens *= 3;
  EXPECT_EQ(calibrate(other, options, grid, 0.95)->margin, found.margin);
}

TEST(Replay, ComparisonsDoNotDependOnThreads) {
  const auto arrivals = bursty(33);
  const ReplayOptions options = options_of(400, 100);
  const auto one = compare_scalings(arrivals, options, grid, all_scalings, 0.9, 0.5, 1);
  const auto two = compare_scalings(arrivals, options, grid, all_scalings, 0.9, 0.5, 2);
  ASSERT_TRUE(one) << one.error().message;
  for (std::size_t i = 0; i < all_scalings.size(); ++i) {
    EXPECT_EQ(one->rows[i].scaling, all_scalings[i]);
    // The model promises what was asked for, and calibration only ever adds to it.
    EXPECT_GE(one->rows[i].replay.promised.share.kept, 0.9);
    EXPECT_GE(one->rows[i].calibration.margin, one->model_margin);
    EXPECT_EQ(one->rows[i].replay.energy, two->rows[i].replay.energy);
    EXPECT_EQ(one->rows[i].equal.level.kept, two->rows[i].equal.level.kept);
    EXPECT_EQ(one->rows[i].equal.level.kept, one->rows[i].hindsight.kept);
  }
  EXPECT_GT(one->dispersion, 1.5);  // a rate that changes fourfold every two minutes is no Poisson process
  EXPECT_NEAR(dispersion(bursty(34, 1), carbon::Seconds{10}, {}, carbon::Seconds{forever}), 1, 0.4);
}

TEST(Replay, PeaksAreThoseOfTheHighestWindow) {
  std::vector<Arrival> arrivals;
  for (int i = 0; i < 100; ++i) arrivals.push_back({i * 1000.0, 1, 1});
  for (int i = 0; i < 30; ++i) arrivals.push_back({100'000 + i * 100.0, 1, 1});
  arrivals.push_back({200'000, 1, 1});
  EXPECT_NEAR(peak_rate(arrivals, carbon::Seconds{10}, carbon::Seconds{1}, {}, carbon::Seconds{100}), 1, 1e-12);
  EXPECT_NEAR(peak_rate(arrivals, carbon::Seconds{10}, carbon::Seconds{1}, {}, carbon::Seconds{300}), 3.7, 1e-12);
}

/// The hour of conversations, if the data folder is there.
std::vector<Arrival> azure(const std::string& name) {
  const auto file = std::filesystem::path(CRADLE_SOURCE_DIR) / "../shared/data/azure-llm" /
                    ("AzureLLMInferenceTrace_" + name + ".csv");
  if (!std::filesystem::exists(file)) return {};
  return *arrivals_of(*workload::read_azure_llm(file));
}

TEST(Replay, TheHourOfConversationsIsHeldByEveryAutoscaler) {
  const auto arrivals = azure("conv");
  if (arrivals.empty()) GTEST_SKIP() << "no azure-llm in the data folder";
  ASSERT_EQ(arrivals.size(), 19'366u);  // SOURCES: 19,366 requests
  const auto comparison = compare_scalings(arrivals, options_of(1155, 211), grid, all_scalings, 0.95, 0.3, 2);
  ASSERT_TRUE(comparison);
  const auto& rows = comparison->rows;
  for (const ScalingRow& row : rows) {
    EXPECT_TRUE(row.calibration.reached) << name(row.scaling);
    EXPECT_GE(row.replay.level.kept, 0.95) << name(row.scaling);
    EXPECT_GE(row.equal.level.kept, 0.95) << name(row.scaling);
    EXPECT_EQ(row.replay.level.blocked, 0) << name(row.scaling);
  }
  // At equal service both that follow the rate emit less than the static peak, and the forecast no more than 1 % more
  // than the reactive one: its lead is worth little where the rate changes slowly.
  EXPECT_LT(rows[1].equal.grams_per_1000(), rows[0].equal.grams_per_1000());
  EXPECT_LT(rows[2].equal.grams_per_1000(), rows[0].equal.grams_per_1000());
  EXPECT_LT(rows[2].equal.grams_per_1000(), rows[1].equal.grams_per_1000() * 1.01);
}

TEST(Replay, TheHourOfCodeIsTooBurstyToFollow) {
  const auto arrivals = azure("code");
  if (arrivals.empty()) GTEST_SKIP() << "no azure-llm in the data folder";
  ASSERT_EQ(arrivals.size(), 8'819u);
  const auto comparison = compare_scalings(arrivals, options_of(2048, 28), grid, all_scalings, 0.95, 0.3, 2);
  ASSERT_TRUE(comparison);
  EXPECT_GT(comparison->dispersion, 50);
  // Minutes without a request, then ten a second: who follows the rate with a minute's delay needs more replicas than
  // who waits for the peak.
  EXPECT_FALSE(comparison->rows[1].calibration.reached);
  EXPECT_GT(comparison->rows[1].equal.grams_per_1000(), comparison->rows[0].equal.grams_per_1000());
  EXPECT_GT(comparison->rows[2].equal.grams_per_1000(), comparison->rows[0].equal.grams_per_1000());
}

TEST(Replay, BadInputIsToldApart) {
  const auto refused = [](const auto& result, ErrorCode code = ErrorCode::bad_input) {
    return !result && result.error().code == code && !result.error().hint.empty();
  };
  const auto arrivals = bursty(1);
  const ReplayOptions good = options_of(400, 100);
  const auto changed = [&](auto change) {
    ReplayOptions options = good;
    change(options);
    return replay(arrivals, options, grid);
  };
  EXPECT_TRUE(replay(arrivals, good, grid));
  EXPECT_TRUE(refused(replay({}, good, grid)));
  EXPECT_TRUE(refused(changed([](auto& o) { o.pue = 0.9; })));
  EXPECT_TRUE(refused(changed([](auto& o) { o.pue = std::nan(""); })));
  EXPECT_TRUE(refused(changed([](auto& o) { o.initial = -1; })));
  EXPECT_TRUE(refused(changed([](auto& o) { o.rule.margin = 0; })));
  EXPECT_TRUE(refused(changed([](auto& o) { o.replica.power.idle = carbon::Watts{-1}; })));
  EXPECT_TRUE(refused(changed([](auto& o) { o.replica.service.max_batch = 0; })));
  EXPECT_TRUE(refused(changed([](auto& o) { o.from = carbon::Seconds{1e6}; })));
  EXPECT_TRUE(refused(changed([](auto& o) { o.until = carbon::Seconds{0}; })));
  EXPECT_TRUE(refused(changed([](auto& o) { o.from = carbon::Seconds{std::nan("")}; })));
  const auto short_grid =
      *carbon::IntensitySeries::make(carbon::Signal::average, {}, 60'000, {carbon::GramsPerKilowattHour{1}}, false);
  EXPECT_TRUE(refused(replay(arrivals, good, short_grid), ErrorCode::missing_data));
  EXPECT_TRUE(refused(calibrate(arrivals, good, grid, 0)));
  EXPECT_TRUE(refused(calibrate(arrivals, good, grid, 1.1)));
  EXPECT_TRUE(refused(calibrate(arrivals, good, grid, 0.9, 0)));
  EXPECT_TRUE(refused(model_margin(good.replica.service, 0, good.targets, 0.9)));
  EXPECT_TRUE(refused(compare_scalings(arrivals, good, grid, {}, 0.9, 0.3, 1)));
  EXPECT_TRUE(refused(compare_scalings(arrivals, good, grid, all_scalings, 0.9, 1, 1)));
  EXPECT_TRUE(refused(compare_scalings(arrivals, good, grid, all_scalings, 0.9, 0.01, 1)));
  EXPECT_TRUE(refused(compare_scalings({}, good, grid, all_scalings, 0.9, 0.3, 1)));
}

}  // namespace
}  // namespace cradle::inference
