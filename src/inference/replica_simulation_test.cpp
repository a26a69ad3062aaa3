#include "cradle/inference/replica_simulation.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <vector>

namespace cradle::inference {
namespace {

constexpr double forever = std::numeric_limits<double>::infinity();

/// The example of llm-inferno's README: 128 tokens read, 512 written, alpha 12, beta 0.05, gamma 0.0005 ms.
Service example(Formula formula) {
  Service s;
  s.formula = formula;
  s.alpha_ms = 12, s.beta_ms = 0.05, s.gamma_ms = 0.0005, s.delta_ms = 0.001;
  s.in_tokens = 128, s.out_tokens = 512;
  s.max_batch = 12, s.max_queue = 20;
  return s;
}

/// Mean of independent runs and the standard error of that mean.
struct Sample {
  double sum = 0, squares = 0;
  int count = 0;
  void add(double x) { sum += x, squares += x * x, ++count; }
  double mean() const { return sum / count; }
  double error() const { return std::sqrt(std::max(0.0, squares / count - mean() * mean()) / (count - 1)); }
};

class Convergence : public testing::TestWithParam<std::tuple<Formula, double>> {};

// Means of 24 independent runs lie within 3.5 standard errors of the queue's steady state (both sides: 1 in 500 for a
// normal variable, 1 in 2,000 for all that a fixed seed lets through), and the errors are small enough to tell.
TEST_P(Convergence, TheModelFidelityHasTheQueuesSteadyState) {
  const auto [formula, load] = GetParam();
  const Service service = example(formula);
  const double rate = load * service.max_batch / batch_time_ms(service, service.max_batch) * 1e3;
  const QueueState state = *queue_state(service, rate);
  Sample waiting, in_service, blocked, ttft, itl;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    const auto run = model_difference(service, rate, 20'000, Fidelity::model, false, seed);
    ASSERT_TRUE(run);
    waiting.add(run->waiting_ms), in_service.add(run->in_service), blocked.add(run->blocked);
    ttft.add(run->ttft_ms), itl.add(run->itl_ms);
  }
  const auto agrees = [](const Sample& sample, double expected, double resolution, const char* what) {
    EXPECT_LE(std::abs(sample.mean() - expected), 3.5 * sample.error() + 1e-9 * (1 + std::abs(expected)))
        << what << ": simulated " << sample.mean() << ", model " << expected << ", standard error " << sample.error();
    EXPECT_LE(sample.error(), resolution) << what;
  };
  agrees(waiting, state.waiting_ms, 0.03 * state.waiting_ms + 1, "waiting");
  agrees(in_service, state.in_service, 0.004 * state.in_service, "in service");
  agrees(blocked, state.blocked, 0.003, "blocked");
  agrees(itl, state.itl_ms, 0.004 * state.itl_ms, "between tokens");
  // The first token's time is defined from the batch's mean in the model and from the batch met in the simulation.
  EXPECT_NEAR(ttft.mean(), state.ttft_ms, 3.5 * ttft.error() + 0.02 * state.ttft_ms);
}

INSTANTIATE_TEST_SUITE_P(Loads, Convergence,
                         testing::Combine(testing::Values(Formula::separate, Formula::iteration, Formula::newest),
                                          testing::Values(0.3, 0.9, 1.3)));

TEST(ReplicaSimulation, SharesOfTheModelAreThoseOfItsSimulation) {
  const Service service = example(Formula::iteration);
  for (const double load : {0.5, 0.9, 1.2}) {
    const double rate = load * service.max_batch / batch_time_ms(service, service.max_batch) * 1e3;
    const Targets targets{.itl_ms = 14.5, .ttft_ms = 4000, .tokens_per_s = {}};
    const ModelShare model = *model_share(service, rate, targets);
    Sample ttft;
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
      const auto arrivals = *generate_arrivals({.rate_per_s = rate, .length = carbon::Seconds{20'000 / rate}}, seed);
      const auto run = *simulate(service, arrivals, {.fidelity = Fidelity::model, .seed = seed});
      ttft.add(service_level(arrivals, run.outcomes, targets, 0, forever).ttft_kept);
    }
    // Prefill and first token follow the batch met in one and the batch served in in the other: a hundredth of 4 s.
    EXPECT_NEAR(ttft.mean(), model.ttft_kept, 3.5 * ttft.error() + 0.005) << load;
    EXPECT_LE(ttft.error(), 0.01);
    EXPECT_LE(model.kept, std::min(model.ttft_kept, model.itl_kept) + 1e-12);
  }
  // A queue that is never full at a low rate may be as long as it likes.
  Service endless = service;
  endless.max_queue = 100'000'000;
  const Targets soon{.itl_ms = {}, .ttft_ms = 3000, .tokens_per_s = {}};
  EXPECT_NEAR(model_share(endless, 0.8, soon)->kept, model_share(service, 0.8, soon)->kept, 1e-6);
  EXPECT_NEAR(model_share(endless, 10, soon)->kept, 0, 1e-12);
  EXPECT_NEAR(model_share(service, 0.8, {})->kept, 1 - queue_state(service, 0.8)->blocked, 1e-12);
  EXPECT_NEAR(model_share(service, 8, {})->kept, 1 - queue_state(service, 8)->blocked, 1e-9);
  EXPECT_NEAR(model_share(service, 1e-3, {.itl_ms = {}, .ttft_ms = 1e6, .tokens_per_s = {}})->kept, 1, 1e-9);
  EXPECT_NEAR(model_share(service, 1e-3, {.itl_ms = {}, .ttft_ms = 1, .tokens_per_s = {}})->kept, 0, 1e-9);
}

/// The same rules, one iteration after the other.
std::vector<Outcome> one_by_one(const Service& s, const std::vector<Arrival>& arrivals) {
  struct Request {
    std::size_t index;
    int iterations;
    double read_ms;
  };
  std::vector<Outcome> outcomes(arrivals.size());
  std::vector<Request> batch;
  std::deque<std::size_t> queue;
  const double base = batch_time_ms(s, 0) / (s.prefill_chunks + s.out_tokens);
  double now = 0;
  std::size_t next = 0;
  const auto arrive = [&](double until, bool included) {
    for (; next < arrivals.size() && (included ? arrivals[next].at_ms <= until : arrivals[next].at_ms < until);
         ++next) {
      if (batch.size() + queue.size() >= static_cast<std::size_t>(s.max_batch) + static_cast<std::size_t>(s.max_queue))
        outcomes[next].blocked = true;
      else
        queue.push_back(next);
    }
  };
  while (next < arrivals.size() || !batch.empty() || !queue.empty()) {
    if (batch.empty() && queue.empty()) {
      now = arrivals[next].at_ms;
      arrive(now, true);
    }
    while (!queue.empty() && batch.size() < static_cast<std::size_t>(s.max_batch)) {
      outcomes[queue.front()].waiting_ms = now - arrivals[queue.front()].at_ms;
      batch.push_back({queue.front(), 0, 0});
      queue.pop_front();
    }
    double span = base;
    for (const Request& r : batch) {
      const double n = arrivals[r.index].in_tokens, c = s.prefill_chunks;
      span += r.iterations < c ? s.beta_ms * n / c + s.gamma_ms * (r.iterations + 1) * n / c
                               : s.beta_ms + s.gamma_ms * (n + r.iterations - c + 1);
    }
    const double end = now + span;
    // Whoever comes within the iteration still finds the requests that it ends.
    arrive(end, false);
    now = end;
    for (Request& r : batch) {
      const Arrival& a = arrivals[r.index];
      Outcome& o = outcomes[r.index];
      ++r.iterations;
      if (r.iterations == s.prefill_chunks) r.read_ms = now;
      if (r.iterations == s.prefill_chunks + 1) o.ttft_ms = now - a.at_ms;
      if (r.iterations < s.prefill_chunks + a.out_tokens) continue;
      o.itl_ms = (now - r.read_ms) / a.out_tokens;
      o.total_ms = now - a.at_ms;
    }
    std::erase_if(batch,
                  [&](const Request& r) { return r.iterations == s.prefill_chunks + arrivals[r.index].out_tokens; });
  }
  return outcomes;
}

RC_GTEST_PROP(ReplicaSimulation, JumpsAreIterationsOneByOne, ()) {
  Service s;
  s.formula = *rc::gen::element(Formula::iteration, Formula::newest);
  s.alpha_ms = *rc::gen::inRange(1, 100) * 0.1414213562;
  s.beta_ms = *rc::gen::inRange(0, 100) / 300.0;
  s.gamma_ms = *rc::gen::inRange(0, 100) / 9000.0;
  s.in_tokens = 50, s.out_tokens = 20;
  s.prefill_chunks = *rc::gen::inRange(1, 5);
  s.max_batch = *rc::gen::inRange(1, 6);
  s.max_queue = *rc::gen::inRange(0, 8);
  std::vector<Arrival> arrivals;
  double now = 0;
  const int count = *rc::gen::inRange(1, 60);
  for (int i = 0; i < count; ++i) {
    now += *rc::gen::inRange(0, 4000) * 0.1359140914;  // never at a boundary: a tie may round either way
    arrivals.push_back({now, *rc::gen::inRange(0, 120), *rc::gen::inRange(1, 60)});
  }
  const auto expected = one_by_one(s, arrivals);
  const auto got = simulate(s, arrivals, {.fidelity = Fidelity::tokens});
  RC_ASSERT(got.has_value());
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    const Outcome &a = expected[i], &b = got->outcomes[i];
    RC_ASSERT(a.blocked == b.blocked);
    if (a.blocked) continue;
    const double scale = 1e-7 * (1 + now);
    RC_ASSERT(std::abs(a.waiting_ms - b.waiting_ms) <= scale);
    RC_ASSERT(std::abs(a.ttft_ms - b.ttft_ms) <= scale);
    RC_ASSERT(std::abs(a.itl_ms - b.itl_ms) <= scale);
    RC_ASSERT(std::abs(a.total_ms - b.total_ms) <= scale);
  }
}

TEST(ReplicaSimulation, ALoneRequestOfMeanTokensTakesTauOfOne) {
  for (const Formula formula : {Formula::iteration, Formula::newest})
    for (const int chunks : {1, 3, 7}) {
      Service service = example(formula);
      service.prefill_chunks = chunks;
      const std::vector<Arrival> one{{5, 128, 512}};
      const auto run = *simulate(service, one, {});
      EXPECT_NEAR(run.outcomes[0].total_ms, batch_time_ms(service, 1), 1e-9 * batch_time_ms(service, 1));
      EXPECT_EQ(run.outcomes[0].waiting_ms, 0);
    }
}

TEST(ReplicaSimulation, AFullReplicaServesAtTheRateOfItsFullBatch) {
  for (const bool equal : {true, false}) {
    const Service service = example(Formula::newest);
    const double rate = service.max_batch / batch_time_ms(service, service.max_batch) * 1e3;
    const auto arrivals = *generate_arrivals({.rate_per_s = 3 * rate,
                                              .length = carbon::Seconds{4000 / rate},
                                              .in_tokens = 128,
                                              .out_tokens = 512,
                                              .equal_tokens = equal},
                                             7);
    const auto run = *simulate(service, arrivals, {});
    const auto level = service_level(arrivals, run.outcomes, {}, 0, forever);
    const double served = static_cast<double>(level.requests - level.blocked);
    const double last = arrivals.back().at_ms / 1e3;
    // Equal requests at equal distances are what tau(B) describes. Lengths that vary attend to more tokens in the
    // mean (the longer ones are there for longer): with geometric lengths E[m^2] = 2 E[m]^2, and the share of the
    // attention in delta, gamma m/2 of beta + gamma (n + m/2), doubles.
    const double m = 512, n = 128, beta = 0.05, gamma = 0.0005;
    const double w = (beta + gamma) * n + beta * m + gamma * m * (n + (equal ? (m + 1) / 2 : m));
    const double tau = (1 + m) * 12 + w * service.max_batch;
    EXPECT_NEAR(served / last, service.max_batch / tau * 1e3, 0.02 * rate) << equal;
    EXPECT_NEAR(run.in_service, service.max_batch, 0.01 * service.max_batch);
  }
}

RC_GTEST_PROP(ReplicaSimulation, NoRequestIsLostAndTimesAreInOrder, ()) {
  Service service = example(*rc::gen::element(Formula::iteration, Formula::newest));
  service.max_batch = *rc::gen::inRange(1, 9), service.max_queue = *rc::gen::inRange(0, 9);
  const auto arrivals = *generate_arrivals({.rate_per_s = *rc::gen::inRange(1, 30) / 10.0,
                                            .length = carbon::Seconds{200},
                                            .in_tokens = 60,
                                            .out_tokens = 90,
                                            .burst = static_cast<double>(*rc::gen::inRange(1, 20))},
                                           *rc::gen::inRange<std::uint64_t>(1, 1000));
  for (const Fidelity fidelity : {Fidelity::model, Fidelity::tokens})
    for (const Routing routing : {Routing::random, Routing::shortest_queue, Routing::least_work}) {
      const SimulationOptions options{.fidelity = fidelity, .routing = routing, .replicas = *rc::gen::inRange(1, 4)};
      const auto run = *simulate(service, arrivals, options);
      const auto again = *simulate(service, arrivals, options);
      RC_ASSERT(run.outcomes.size() == arrivals.size());
      for (std::size_t i = 0; i < arrivals.size(); ++i) {
        const Outcome& o = run.outcomes[i];
        RC_ASSERT(o.total_ms == again.outcomes[i].total_ms);
        if (o.blocked) continue;
        RC_ASSERT(o.waiting_ms >= 0);
        RC_ASSERT(o.total_ms > o.waiting_ms);
        if (fidelity == Fidelity::tokens) RC_ASSERT(o.ttft_ms <= o.total_ms + 1e-6 && o.ttft_ms > o.waiting_ms);
      }
    }
}

TEST(ReplicaSimulation, ShorterQueuesWaitLessThanRandomOnes) {
  const Service service = example(Formula::iteration);
  const double rate = 0.9 * 4 * service.max_batch / batch_time_ms(service, service.max_batch) * 1e3;
  const auto arrivals = *generate_arrivals(
      {.rate_per_s = rate, .length = carbon::Seconds{20'000 / rate}, .in_tokens = 128, .out_tokens = 512}, 3);
  const auto waits = [&](Routing routing, Fidelity fidelity) {
    const auto run = *simulate(service, arrivals, {.fidelity = fidelity, .routing = routing, .replicas = 4});
    return service_level(arrivals, run.outcomes, {}, 0, forever).waiting_ms;
  };
  for (const Fidelity fidelity : {Fidelity::model, Fidelity::tokens}) {
    EXPECT_LT(waits(Routing::shortest_queue, fidelity), waits(Routing::random, fidelity));
    EXPECT_LT(waits(Routing::least_work, fidelity), waits(Routing::random, fidelity));
  }
}

TEST(ReplicaSimulation, QuantilesAreNearestRanks) {
  std::vector<Arrival> arrivals(100);
  std::vector<Outcome> outcomes(100);
  for (std::size_t i = 0; i < 100; ++i) {
    arrivals[i].at_ms = static_cast<double>(i);
    outcomes[99 - i].ttft_ms = static_cast<double>(i + 1);
  }
  outcomes[0].blocked = true;  // that of 100 ms
  const auto level = service_level(arrivals, outcomes, {.itl_ms = {}, .ttft_ms = 50, .tokens_per_s = {}}, 0, forever);
  EXPECT_EQ(level.requests, 100);
  EXPECT_EQ(level.blocked, 1);
  EXPECT_EQ(level.ttft_ms.p50, 50);
  EXPECT_EQ(level.ttft_ms.p95, 95);
  EXPECT_EQ(level.ttft_ms.p99, 99);
  EXPECT_DOUBLE_EQ(level.ttft_kept, 0.5);
  EXPECT_EQ(service_level(arrivals, outcomes, {}, 10, 20).requests, 10);
}

TEST(ReplicaSimulation, GeneratedRequestsHaveTheMeansAskedFor) {
  const auto arrivals = *generate_arrivals(
      {.rate_per_s = 20, .length = carbon::Seconds{10'000}, .in_tokens = 300, .out_tokens = 40, .burst = 8}, 11);
  double in = 0, out = 0;
  for (const Arrival& a : arrivals) in += a.in_tokens, out += a.out_tokens;
  const auto count = static_cast<double>(arrivals.size());
  // 10,000 s hold some 170 stays of a minute: the mean rate has a standard error of some 8 %.
  EXPECT_NEAR(count, 200'000, 3 * 16'000);
  EXPECT_NEAR(in / count, 300, 3 * 300 / std::sqrt(count));
  EXPECT_NEAR(out / count, 40, 3 * 40 / std::sqrt(count));
}

TEST(ReplicaSimulation, BadInputIsToldApart) {
  const Service good = example(Formula::iteration);
  const std::vector<Arrival> one{{0, 1, 1}};
  const auto refused = [](const auto& result) {
    return !result && result.error().code == ErrorCode::bad_input && !result.error().hint.empty();
  };
  EXPECT_TRUE(refused(simulate(good, {}, {})));
  EXPECT_TRUE(refused(simulate(good, one, {.replicas = 0})));
  EXPECT_TRUE(refused(simulate(good, one, {.replicas = 1'000'000'000})));
  EXPECT_TRUE(refused(simulate(example(Formula::separate), one, {.fidelity = Fidelity::tokens})));
  EXPECT_TRUE(refused(simulate(Service{}, one, {})));
  for (const Arrival& bad : {Arrival{-1, 1, 1}, Arrival{std::nan(""), 1, 1}, Arrival{forever, 1, 1}, Arrival{0, -1, 1},
                             Arrival{0, 1, 0}, Arrival{0, 1'000'000'000, 1}})
    EXPECT_TRUE(refused(simulate(good, std::vector<Arrival>{bad}, {})));
  EXPECT_TRUE(refused(simulate(good, std::vector<Arrival>{{5, 1, 1}, {4, 1, 1}}, {})));
  Service huge = good;
  huge.max_batch = 1'000'000;
  EXPECT_TRUE(refused(simulate(huge, one, {})));
  for (const double rate : {0.0, -1.0, std::nan(""), forever, 1e9})
    EXPECT_TRUE(refused(generate_arrivals({.rate_per_s = rate}, 1))) << rate;
  EXPECT_TRUE(refused(generate_arrivals({.burst = 0.5}, 1)));
  EXPECT_TRUE(refused(generate_arrivals({.out_tokens = 0}, 1)));
  EXPECT_TRUE(refused(arrivals_of({.name = "t", .start = {}, .requests = {}})));
  EXPECT_TRUE(refused(arrivals_of({.name = "t", .start = {}, .requests = {{0, 100'000'000, 1}}})));
  EXPECT_EQ(arrivals_of({.name = "t", .start = {}, .requests = {{0, 3, 0}}})->front().out_tokens, 1);
  EXPECT_TRUE(refused(model_share(good, -1, {})));
  EXPECT_TRUE(refused(model_difference(good, 1, 0, Fidelity::model, false, 1)));
  EXPECT_TRUE(refused(fidelity_by_name("token")));
  EXPECT_TRUE(refused(routing_by_name("")));
  EXPECT_EQ(*routing_by_name("least-work"), Routing::least_work);
}

}  // namespace
}  // namespace cradle::inference
