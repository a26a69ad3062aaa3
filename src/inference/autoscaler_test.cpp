#include "cradle/inference/autoscaler.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace cradle::inference {
namespace {

AutoscalerRule rule_of(Scaling scaling) {
  AutoscalerRule rule;
  rule.scaling = scaling;
  rule.capacity_per_s = 2;
  rule.peak_per_s = 9;
  return rule;
}

/// The decisions for a series of loads.
std::vector<ScalingDecision> decisions(const AutoscalerRule& rule, const std::vector<double>& loads) {
  std::vector<ScalingDecision> all;
  AutoscalerState state;
  for (const double load : loads) {
    all.push_back(decide(rule, state, load));
    state = all.back().state;
  }
  return all;
}

TEST(Autoscaler, ASteadyRateNeedsItsCapacity) {
  // 65 in 10 s: 6.5 per second over 2 per replica; the peak of 9 needs 5.
  for (const Scaling scaling : all_scalings) {
    const auto last = decisions(rule_of(scaling), std::vector<double>(200, 65)).back();
    EXPECT_EQ(last.replicas, scaling == Scaling::static_peak ? 5 : 4) << name(scaling);
    EXPECT_NEAR(last.expected_per_s, scaling == Scaling::static_peak ? 9 : 6.5, 1e-9) << name(scaling);
  }
}

TEST(Autoscaler, AForecastIsAheadOfARisingRate) {
  std::vector<double> rising;
  for (int i = 0; i < 200; ++i) rising.push_back(10 + i);  // 0.1 per second more every interval
  const double reactive = decisions(rule_of(Scaling::reactive), rising).back().expected_per_s;
  AutoscalerRule rule = rule_of(Scaling::forecast);
  rule.level_weight = 0.3, rule.trend_weight = 0.1;
  const double forecast = decisions(rule, rising).back().expected_per_s;
  // The mean of the last six intervals is that of 2.5 intervals ago; Holt's line meets a straight rise and goes on for
  // seven intervals.
  EXPECT_NEAR(reactive, 20.9 - 0.25, 1e-9);
  EXPECT_NEAR(forecast, 20.9 + 0.7, 0.05);
}

TEST(Autoscaler, FewerReplicasOnlyAfterTheDelay) {
  AutoscalerRule rule = rule_of(Scaling::reactive);
  rule.window = rule.interval;
  rule.scale_down_delay = carbon::Seconds{30};
  std::vector<double> loads(5, 100);
  loads.resize(12, 0);
  const auto all = decisions(rule, loads);
  EXPECT_EQ(all[4].replicas, 5);
  for (int i = 5; i < 8; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)].replicas, 5) << i;
  EXPECT_EQ(all[8].replicas, 1);
}

TEST(Autoscaler, AQuantileForgetsOneHighWindow) {
  AutoscalerRule rule = rule_of(Scaling::quantile);
  rule.window = rule.interval, rule.memory = carbon::Seconds{300}, rule.quantile = 0.9;
  std::vector<double> loads(60, 20);
  loads[45] = 1000;
  EXPECT_NEAR(decisions(rule, loads).back().expected_per_s, 2, 1e-12);
  rule.quantile = 1;
  EXPECT_NEAR(decisions(rule, loads).back().expected_per_s, 100, 1e-12);
}

RC_GTEST_PROP(Autoscaler, MoreMarginNeverMeansFewerReplicas, ()) {
  AutoscalerRule rule =
      rule_of(*rc::gen::element(Scaling::static_peak, Scaling::reactive, Scaling::forecast, Scaling::quantile));
  rule.max_replicas = 40;
  std::vector<double> loads;
  for (const int load : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 500))) loads.push_back(load);
  AutoscalerRule wider = rule;
  wider.margin = 1.3;
  const auto a = decisions(rule, loads), b = decisions(wider, loads);
  for (std::size_t i = 0; i < a.size(); ++i) {
    RC_ASSERT(a[i].replicas <= b[i].replicas);
    RC_ASSERT(a[i].replicas >= rule.min_replicas && b[i].replicas <= rule.max_replicas);
    RC_ASSERT(a[i].expected_per_s >= 0);
  }
}

RC_GTEST_PROP(Autoscaler, TheStateIsAllThatItRemembers, ()) {
  const AutoscalerRule rule = rule_of(*rc::gen::element(Scaling::reactive, Scaling::forecast, Scaling::quantile));
  AutoscalerState state;
  for (const int load : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 500))) {
    const AutoscalerState copy = state;
    const ScalingDecision once = decide(rule, state, load), again = decide(rule, copy, load);
    RC_ASSERT(once.replicas == again.replicas);
    RC_ASSERT(once.state == again.state);
    state = once.state;
    RC_ASSERT(state.loads.size() <= 60u);
  }
}

TEST(Autoscaler, BadRulesAreToldApart) {
  const auto refused = [](auto change) {
    AutoscalerRule rule;
    change(rule);
    const auto result = check(rule);
    return !result && result.error().code == ErrorCode::bad_input && !result.error().hint.empty();
  };
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(check(AutoscalerRule{}));
  EXPECT_TRUE(refused([](auto& r) { r.capacity_per_s = 0; }));
  EXPECT_TRUE(refused([](auto& r) { r.capacity_per_s = nan; }));
  EXPECT_TRUE(refused([](auto& r) { r.margin = -1; }));
  EXPECT_TRUE(refused([](auto& r) { r.interval = carbon::Seconds{0}; }));
  EXPECT_TRUE(refused([](auto& r) { r.window = carbon::Seconds{1}; }));
  EXPECT_TRUE(refused([](auto& r) { r.startup = carbon::Seconds{-1}; }));
  EXPECT_TRUE(refused([](auto& r) { r.min_replicas = 0; }));
  EXPECT_TRUE(refused([](auto& r) { r.max_replicas = 0; }));
  EXPECT_TRUE(refused([](auto& r) { r.max_replicas = 1'000'000'000; }));
  EXPECT_TRUE(refused([](auto& r) { r.peak_per_s = -1; }));
  EXPECT_TRUE(refused([](auto& r) { r.quantile = 0; }));
  EXPECT_TRUE(refused([](auto& r) { r.interval = r.window = carbon::Seconds{1e-3}; }));
  EXPECT_FALSE(scaling_by_name("peak"));
  for (const Scaling scaling : all_scalings) EXPECT_EQ(*scaling_by_name(name(scaling)), scaling);
}

}  // namespace
}  // namespace cradle::inference
