#include "cradle/inference/sizing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace cradle::inference {
namespace {

using carbon::Watts;

Service example() {
  Service service;
  service.alpha_ms = 12, service.beta_ms = 0.05, service.gamma_ms = 0.0005;
  service.in_tokens = 128, service.out_tokens = 512;
  service.max_batch = 48, service.max_queue = 128;
  return service;
}

const PowerCurve curve{Watts{100}, Watts{300}, Watts{400}, 0.6};

TEST(PowerCurve, TwoSlopes) {
  EXPECT_DOUBLE_EQ(draw(curve, 0).value(), 100);
  EXPECT_DOUBLE_EQ(draw(curve, 0.3).value(), 200);
  EXPECT_DOUBLE_EQ(draw(curve, 0.6).value(), 300);
  EXPECT_DOUBLE_EQ(draw(curve, 0.8).value(), 350);
  EXPECT_DOUBLE_EQ(draw(curve, 1).value(), 400);
  EXPECT_DOUBLE_EQ(draw(curve, 7).value(), 400);
  EXPECT_DOUBLE_EQ(draw(curve, -1).value(), 100);
}

TEST(PowerCurve, RefusesWhatIsNoCurve) {
  EXPECT_TRUE(check(curve));
  EXPECT_EQ(check({Watts{-1}, Watts{1}, Watts{2}, 0.6}).error().where, "idle");
  EXPECT_EQ(check({Watts{3}, Watts{1}, Watts{4}, 0.6}).error().where, "midPower");
  EXPECT_EQ(check({Watts{0}, Watts{1}, Watts{std::nan("")}, 0.6}).error().where, "full");
  EXPECT_EQ(check({Watts{0}, Watts{1}, Watts{2}, 1.0}).error().where, "midUtil");
  EXPECT_EQ(check({Watts{0}, Watts{1}, Watts{2}, std::nan("")}).error().where, "midUtil");
}

RC_GTEST_PROP(Sizing, FewestReplicasThatKeepTheTargets, ()) {
  const double rate = *rc::gen::inRange(1, 100000) / 100.0;
  const Targets targets{12.6 + *rc::gen::inRange(0, 1000) / 100.0, 60.0 + *rc::gen::inRange(0, 2000), {}};
  const auto sized = size(example(), targets, rate);
  RC_ASSERT(sized.has_value());
  RC_ASSERT(sized->state.itl_ms <= *targets.itl_ms * (1 + 1e-9));
  RC_ASSERT(sized->state.ttft_ms <= *targets.ttft_ms * (1 + 1e-9));
  if (sized->replicas == 1) return;
  const auto fewer = state_of_replica(example(), rate, sized->replicas - 1);
  const double top = stable_share * 1000 * 48 / batch_time_ms(example(), 48);
  RC_ASSERT(fewer->itl_ms > *targets.itl_ms * (1 - 1e-9) || fewer->ttft_ms > *targets.ttft_ms * (1 - 1e-9) ||
            fewer->rate_per_s > top * (1 - 1e-9));
}

TEST(Sizing, ARateOfNothingNeedsOnlyWhatIsKept) {
  EXPECT_EQ(size(example(), {}, 0)->replicas, 0);
  EXPECT_EQ(size(example(), {}, 0, 2)->replicas, 2);
  EXPECT_EQ(size(example(), {}, 0, 2)->state.in_service, 0);
  EXPECT_EQ(size(example(), {}, 1, 5)->replicas, 5);
}

TEST(Sizing, RefusesRatesThatAreNone) {
  EXPECT_EQ(size(example(), {}, -1).error().where, "rate");
  EXPECT_EQ(size(example(), {}, std::nan("")).error().where, "rate");
  EXPECT_EQ(size(example(), {}, std::numeric_limits<double>::infinity()).error().where, "rate");
  EXPECT_EQ(size(example(), {}, 1e12).error().where, "rate");
  EXPECT_EQ(size(example(), {1.0, {}, {}}, 1).error().where, "itl");
}

}  // namespace
}  // namespace cradle::inference
