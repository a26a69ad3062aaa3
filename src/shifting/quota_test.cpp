#include "cradle/shifting/quota.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace cradle::shifting {
namespace {

using Intensity = carbon::GramsPerKilowattHour;

RC_GTEST_PROP(Quota, falls_from_all_machines_to_the_minimum, ()) {
  const double low = *rc::gen::inRange(1, 400);
  const double high = low + *rc::gen::inRange(1, 600);
  const int machines = *rc::gen::inRange(0, 200);
  const int minimum = *rc::gen::inRange(0, machines + 1);
  const auto curve = QuotaCurve::make(Intensity{low}, Intensity{high}, machines, minimum);
  RC_ASSERT(curve);
  RC_ASSERT(curve->quota(Intensity{low}) == machines);
  RC_ASSERT(curve->quota(Intensity{low / 2}) == machines);
  RC_ASSERT(curve->quota(Intensity{high}) == minimum);
  RC_ASSERT(curve->quota(Intensity{high * 2}) == minimum);
  int before = machines;
  for (double at = low; at <= high; at += (high - low) / 50) {
    const int now = curve->quota(Intensity{at});
    RC_ASSERT(now <= before && now >= minimum);
    before = now;
    RC_ASSERT(*quota(Intensity{at}, Intensity{low}, Intensity{high}, machines, minimum) == now);
  }
}

// What makes the thresholds optimal (Lorenz et al. 2009): whenever the intensity stops just above the next threshold,
// the machines bought so far and the rest at U cost exactly alpha times k purchases at that intensity.
RC_GTEST_PROP(Quota, every_stop_costs_alpha_times_the_best, ()) {
  const double low = *rc::gen::inRange(1, 400);
  const double high = low + *rc::gen::inRange(1, 600);
  const int k = *rc::gen::inRange(1, 200);
  const auto curve = QuotaCurve::make(Intensity{low}, Intensity{high}, k, 0);
  RC_ASSERT(curve);
  const auto phi = curve->thresholds();
  RC_ASSERT(phi.size() == static_cast<std::size_t>(k));
  double bought = 0;
  for (int j = 0; j <= k; ++j) {
    const double next = j < k ? phi[static_cast<std::size_t>(j)].value() : low;
    const double paid = bought + (k - j) * high;
    RC_ASSERT(std::abs(paid / (curve->competitive_ratio() * k * next) - 1) < 1e-9);
    bought += next;
  }
}

// k = 1: alpha is the square root of U/L and the threshold the geometric mean (El-Yaniv et al., one-way search, 2001).
TEST(Quota, one_machine_is_the_square_root_rule) {
  const auto curve = QuotaCurve::make(Intensity{100}, Intensity{400}, 6, 5);
  ASSERT_TRUE(curve);
  EXPECT_NEAR(curve->competitive_ratio(), 2, 1e-12);
  ASSERT_EQ(curve->thresholds().size(), 1u);
  EXPECT_NEAR(curve->thresholds()[0].value(), 200, 1e-9);
  EXPECT_EQ(curve->quota(Intensity{199}), 6);
  EXPECT_EQ(curve->quota(Intensity{201}), 5);
}

TEST(Quota, edges) {
  const auto flat = QuotaCurve::make(Intensity{100}, Intensity{100}, 10, 2);
  ASSERT_TRUE(flat);
  EXPECT_EQ(flat->quota(Intensity{100}), 10);
  EXPECT_EQ(flat->quota(Intensity{101}), 2);
  const auto many = QuotaCurve::make(Intensity{1}, Intensity{1000}, 1'000'000, 0);
  ASSERT_TRUE(many);
  EXPECT_EQ(many->quota(Intensity{1}), 1'000'000);
  EXPECT_EQ(many->quota(Intensity{std::numeric_limits<double>::quiet_NaN()}), 0);
  const auto refused = [](double low, double high, int machines, int minimum) {
    const auto curve = QuotaCurve::make(Intensity{low}, Intensity{high}, machines, minimum);
    return !curve && curve.error().code == ErrorCode::bad_input && !curve.error().hint.empty();
  };
  EXPECT_TRUE(refused(0, 100, 5, 1));
  EXPECT_TRUE(refused(-1, 100, 5, 1));
  EXPECT_TRUE(refused(100, 99, 5, 1));
  EXPECT_TRUE(refused(100, std::numeric_limits<double>::infinity(), 5, 1));
  EXPECT_TRUE(refused(std::numeric_limits<double>::quiet_NaN(), 100, 5, 1));
  EXPECT_TRUE(refused(1, 100, -1, 0));
  EXPECT_TRUE(refused(1, 100, 5, 6));
  EXPECT_TRUE(refused(1, 100, 5, -1));
  EXPECT_TRUE(refused(1, 100, 1'000'000'000, 1));
}

}  // namespace
}  // namespace cradle::shifting
