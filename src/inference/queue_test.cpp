#include "cradle/inference/queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace cradle::inference {
namespace {

/// The example of the queue's documentation: 12/0.05/0.0005 ms, 128 tokens in, 512 out, batch 48, queue 128.
Service documented_example() {
  Service service;
  service.alpha_ms = 12, service.beta_ms = 0.05, service.gamma_ms = 0.0005;
  service.in_tokens = 128, service.out_tokens = 512;
  service.max_batch = 48, service.max_queue = 128;
  return service;
}

/// The same figures from all K + 1 states, in logarithms; nothing shared with the closed form but tau.
struct ByStates {
  double blocked = 0, in_service = 0, waiting = 0, throughput_per_s = 0;
};
ByStates by_states(const Service& service, double rate_per_s) {
  const int states = service.max_batch + service.max_queue;
  std::vector<double> logs = {0};
  for (int n = 1; n <= states; ++n) {
    const int batch = std::min(n, service.max_batch);
    logs.push_back(logs.back() + std::log(rate_per_s / 1000) - std::log(batch / batch_time_ms(service, batch)));
  }
  const double largest = *std::max_element(logs.begin(), logs.end());
  ByStates result;
  double sum = 0, served = 0;
  for (int n = 0; n <= states; ++n) {
    const double weight = std::exp(logs[static_cast<std::size_t>(n)] - largest);
    const int batch = std::min(n, service.max_batch);
    sum += weight;
    result.in_service += batch * weight;
    result.waiting += (n - batch) * weight;
    if (n > 0) served += weight * batch / batch_time_ms(service, batch);
    if (n == states) result.blocked = weight;
  }
  result.blocked /= sum, result.in_service /= sum, result.waiting /= sum;
  result.throughput_per_s = 1000 * served / sum;
  return result;
}

Service arbitrary_service() {
  const auto positive = [](double scale) { return scale * (1 + *rc::gen::inRange(0, 100000)) / 100000.0; };
  Service service;
  service.formula = *rc::gen::element(Formula::separate, Formula::iteration, Formula::newest);
  service.alpha_ms = positive(500);
  service.beta_ms = positive(8);
  service.gamma_ms = positive(0.3);
  service.delta_ms = positive(0.01);
  service.in_tokens = *rc::gen::inRange(0, 4000);
  service.out_tokens = *rc::gen::inRange(1, 2000);
  service.prefill_chunks = *rc::gen::inRange(1, 6);
  service.max_batch = *rc::gen::inRange(1, 130);
  service.max_queue = *rc::gen::inRange(0, 1300);
  return service;
}

double full_rate(const Service& service) {
  return 1000 * service.max_batch / batch_time_ms(service, service.max_batch);
}

void near(double got, double want, double relative) {
  const double margin = relative * std::max(std::fabs(want), 1e-280);
  EXPECT_NEAR(got, want, margin);
}

// llm-inferno/queue-analysis (Apache-2.0), the example of its README.
TEST(Queue, DocumentedExample) {
  const auto state = queue_state(documented_example(), 3);
  ASSERT_TRUE(state);
  EXPECT_NEAR(state->itl_ms, 20.534498, 1e-4);
  EXPECT_NEAR(state->ttft_ms, 75.31746, 1e-3);
  const auto most = capacity(documented_example(), {});
  ASSERT_TRUE(most);
  EXPECT_NEAR(most->rate_per_s, 3.8208232, 1e-6);
  EXPECT_EQ(most->binding, "batch");
}

RC_GTEST_PROP(Queue, ClosedFormIsTheSumOverAllStates, ()) {
  const Service service = arbitrary_service();
  const double load = *rc::gen::element(0.001, 0.1, 0.5, 0.9, 0.999, 0.999999, 1.0, 1.0000001, 1.001, 1.3, 7.0, 1e4);
  const double rate = load * full_rate(service);
  const ByStates want = by_states(service, rate);
  const auto got = queue_state(service, rate);
  RC_ASSERT(got.has_value());
  // The reference itself adds up logarithms over as many as 1,400 states.
  near(got->in_service, want.in_service, 1e-9);
  near(got->throughput_per_s, want.throughput_per_s, 1e-9);
  near(got->service_ms, 1000 * want.in_service / want.throughput_per_s, 1e-9);
  EXPECT_NEAR(got->blocked, want.blocked, 1e-9);
  EXPECT_NEAR(got->waiting_ms, 1000 * want.waiting / want.throughput_per_s,
              1e-9 * (1 + 1000 * want.waiting / want.throughput_per_s));
}

RC_GTEST_PROP(Queue, FlowIsConserved, ()) {
  const Service service = arbitrary_service();
  const double rate = full_rate(service) * *rc::gen::inRange(1, 3000) / 1000.0;
  const auto state = queue_state(service, rate);
  RC_ASSERT(state.has_value());
  near(state->throughput_per_s, rate * (1 - state->blocked), 1e-9);
  RC_ASSERT(state->throughput_per_s <= full_rate(service) * (1 + 1e-12));
  RC_ASSERT(state->in_service <= service.max_batch * (1 + 1e-12));
  const double tokens = service.formula == Formula::separate ? service.out_tokens - 1 : service.out_tokens;
  near(state->prefill_ms + tokens * state->itl_ms, state->service_ms, 1e-9);
}

RC_GTEST_PROP(Queue, TimesRiseWithTheRate, ()) {
  const Service service = arbitrary_service();
  auto last = idle_state(service);
  RC_ASSERT(last.has_value());
  for (double load = 0.05; load < 1; load += 0.05) {
    const auto state = queue_state(service, load * full_rate(service));
    RC_ASSERT(state.has_value());
    RC_ASSERT(state->service_ms >= last->service_ms * (1 - 1e-12));
    RC_ASSERT(state->waiting_ms >= last->waiting_ms * (1 - 1e-12));
    // The generations that split service at the mean batch, idle time included, give prefill too little of it at low
    // rates: there the time between tokens may fall, by at most what one place in the batch costs a token.
    const double slack = service.formula == Formula::separate
                             ? 0
                             : (batch_time_ms(service, 2) - batch_time_ms(service, 1)) * service.prefill_chunks /
                                   (service.prefill_chunks + service.out_tokens) / service.out_tokens;
    RC_ASSERT(state->itl_ms >= (last->itl_ms - slack) * (1 - 1e-12));
    RC_ASSERT(state->ttft_ms >= last->ttft_ms * (1 - 1e-12));
    RC_ASSERT(state->utilisation >= last->utilisation);
    last = state;
  }
}

TEST(Queue, AnyRateAndSizeIsSafe) {
  Service service = documented_example();
  service.max_batch = 100'000, service.max_queue = largest_queue;
  for (const double rate : {1e-100, 1e-9, 1.0, 38.0, 39.0, 1e6, 1e100}) {
    const auto state = queue_state(service, rate);
    ASSERT_TRUE(state) << rate;
    for (const double value : {state->throughput_per_s, state->blocked, state->in_service, state->waiting_ms,
                               state->service_ms, state->prefill_ms, state->itl_ms, state->ttft_ms})
      EXPECT_TRUE(std::isfinite(value) && value >= 0) << rate;
  }
  EXPECT_NEAR(queue_state(service, 1e100)->in_service, service.max_batch, 1e-6);
}

// Without a queue and with a time that does not depend on the batch this is Erlang's loss system.
TEST(Queue, ErlangLoss) {
  Service service;
  service.alpha_ms = 500;
  service.in_tokens = 0, service.out_tokens = 1;
  service.max_batch = 10, service.max_queue = 0;
  const double tau_s = batch_time_ms(service, 1) / 1000;
  ASSERT_DOUBLE_EQ(tau_s, 1.0);
  const double offered = 7;
  double loss = 1;
  for (int servers = 1; servers <= 10; ++servers) loss = offered * loss / (servers + offered * loss);
  EXPECT_NEAR(queue_state(service, offered)->blocked, loss, 1e-14);
}

/// The published search: halving, here until the interval has no more doubles in it.
double by_halving(const Service& service, const Targets& targets) {
  double high = stable_share * full_rate(service);
  if (targets.tokens_per_s) high *= token_share;
  const auto kept = [&](double rate) {
    const auto state = queue_state(service, rate);
    return !(targets.itl_ms && state->itl_ms > *targets.itl_ms) &&
           !(targets.ttft_ms && state->ttft_ms > *targets.ttft_ms);
  };
  if (kept(high)) return high;
  double low = 0;
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    (middle > 0 && kept(middle) ? low : high) = middle;
  }
  return low;
}

RC_GTEST_PROP(Capacity, AgreesWithHalving, ()) {
  const Service service = arbitrary_service();
  const auto idle = idle_state(service);
  RC_ASSERT(idle.has_value());
  Targets targets;
  targets.itl_ms = idle->itl_ms * (1 + *rc::gen::inRange(1, 400) / 100.0);
  targets.ttft_ms = idle->ttft_ms * (1 + *rc::gen::inRange(1, 400) / 100.0);
  if (*rc::gen::inRange(0, 4) == 0) targets.tokens_per_s = 1;
  const auto found = capacity(service, targets);
  RC_ASSERT(found.has_value());
  near(found->rate_per_s, by_halving(service, targets), 1e-9);
}

RC_GTEST_PROP(Capacity, LooserTargetsNeverLowerIt, ()) {
  const Service service = arbitrary_service();
  const auto idle = idle_state(service);
  RC_ASSERT(idle.has_value());
  double last = 0;
  for (double slack = 1.01; slack < 4; slack *= 1.3) {
    const auto found = capacity(service, {idle->itl_ms * slack, idle->ttft_ms * slack, {}});
    RC_ASSERT(found.has_value());
    RC_ASSERT(found->rate_per_s >= last * (1 - 1e-12));
    last = found->rate_per_s;
  }
}

TEST(Capacity, SaysWhichTargetNoRateKeepsAndByHowMuch) {
  const auto found = capacity(documented_example(), {10.0, 1000.0, {}});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::bad_input);
  EXPECT_EQ(found.error().where, "itl");
  // An idle replica: tau(1) = 513 x 12 + 2 x 130.496 - 0.128 ms, prefill 12 + 6.464 ms, over 512 tokens.
  const double best = (513 * 12 + 2 * 130.496 - 0.128 - 18.464) / 512;
  EXPECT_NE(found.error().message.find("12.497"), std::string::npos) << found.error().message;
  EXPECT_NEAR(idle_state(documented_example())->itl_ms, best, 1e-9);
  const auto first = capacity(documented_example(), {{}, 5.0, {}});
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().where, "ttft");
}

TEST(Capacity, NamesWhatBinds) {
  EXPECT_EQ(capacity(documented_example(), {16.0, 1e6, {}})->binding, "itl");
  EXPECT_EQ(capacity(documented_example(), {1e6, 50.0, {}})->binding, "ttft");
  const auto tokens = capacity(documented_example(), {{}, {}, 100.0});
  EXPECT_EQ(tokens->binding, "tokens");
  EXPECT_NEAR(tokens->rate_per_s, 0.9 * 3.8208232, 1e-6);
}

// tau(B) of the three generations, by hand: n = 10, m = 4, c = 2, alpha 1, beta 0.5, gamma 0.1, delta' 0.2.
TEST(Queue, BatchTimes) {
  Service service;
  service.alpha_ms = 1, service.beta_ms = 0.5, service.gamma_ms = 0.1, service.delta_ms = 0.2;
  service.in_tokens = 10, service.out_tokens = 4, service.prefill_chunks = 2, service.max_batch = 8;
  // w_prefill = (0.5 + 0.15) 10 = 6.5, w_decode = 2 + 0.4 (10 + 2.5) = 7.
  service.formula = Formula::newest;
  EXPECT_DOUBLE_EQ(batch_time_ms(service, 3), 6 + 3 * 13.5);
  service.formula = Formula::iteration;
  EXPECT_DOUBLE_EQ(batch_time_ms(service, 3), 6 + 4 * 13.5 - 0.2);
  service.formula = Formula::separate;
  EXPECT_DOUBLE_EQ(batch_time_ms(service, 3), (0.1 + 6) + 3 * (1 + 1.5));
}

TEST(Queue, RefusesWhatIsNoService) {
  const auto field = [](auto change) {
    Service service = documented_example();
    change(service);
    const auto result = check(service);
    EXPECT_FALSE(queue_state(service, 1));
    return result ? std::string("fine") : result.error().where;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(field([&](Service& s) { s.alpha_ms = -1; }), "alpha");
  EXPECT_EQ(field([&](Service& s) { s.beta_ms = nan; }), "beta");
  EXPECT_EQ(field([&](Service& s) { s.gamma_ms = 1e300; }), "gamma");
  EXPECT_EQ(field([&](Service& s) { s.delta_ms = -1; }), "delta");
  EXPECT_EQ(field([&](Service& s) { s.in_tokens = -1; }), "in_tokens");
  EXPECT_EQ(field([&](Service& s) { s.out_tokens = 0; }), "out_tokens");
  EXPECT_EQ(field([&](Service& s) { s.prefill_chunks = 0; }), "prefill_chunks");
  EXPECT_EQ(field([&](Service& s) { s.max_batch = 1'000'000'000; }), "max_batch");
  EXPECT_EQ(field([&](Service& s) { s.max_queue = -1; }), "max_queue");
  EXPECT_EQ(field([&](Service& s) { s.alpha_ms = s.beta_ms = s.gamma_ms = 0; }), "alpha");
  for (const double rate : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()})
    EXPECT_FALSE(queue_state(documented_example(), rate)) << rate;
  EXPECT_FALSE(capacity(documented_example(), {-5.0, {}, {}}));
  EXPECT_FALSE(capacity(documented_example(), {{}, nan, {}}));
  EXPECT_FALSE(capacity(documented_example(), {{}, {}, 0.0}));
}

TEST(Formula, NamesReadBack) {
  for (const Formula formula : {Formula::separate, Formula::iteration, Formula::newest})
    EXPECT_EQ(*formula_by_name(name(formula)), formula);
  EXPECT_FALSE(formula_by_name("iterations"));
  EXPECT_EQ(formula_by_name("iterations").error().hint, "did you mean 'iteration'?");
}

}  // namespace
}  // namespace cradle::inference
