#include "cradle/power/scaling.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "cradle/base/random.h"

namespace cradle::power {
namespace {

std::vector<ScalingPoint> law(double factor, double exponent, double noise, std::uint64_t seed) {
  RandomStream stream(seed, "test.scaling");
  std::vector<ScalingPoint> points;
  for (double n = 10; n < 3e6; n *= 3) {
    points.push_back({n, factor * std::pow(n, exponent) * std::exp(noise * stream.normal())});
  }
  return points;
}

TEST(Scaling, FindsAnExactLaw) {
  const auto fit = fit_power_law(law(3, 0.5, 0, 1));
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->exponent, 0.5, 1e-12);
  EXPECT_NEAR(fit->factor, 3, 1e-10);
  EXPECT_NEAR(fit->high - fit->low, 0, 1e-6);
  EXPECT_NEAR(fit->r_squared, 1, 1e-12);
}

/// The interval holds the truth in 95 of 100 cases.
TEST(Scaling, IntervalCoversTheTruth) {
  int inside = 0;
  constexpr int trials = 4000;
  for (int seed = 0; seed < trials; ++seed) {
    const auto fit = *fit_power_law(law(2, 0.7, 0.2, static_cast<std::uint64_t>(seed)));
    inside += fit.low <= 0.7 && 0.7 <= fit.high ? 1 : 0;
  }
  EXPECT_NEAR(inside, 0.95 * trials, 4 * std::sqrt(trials * 0.95 * 0.05));
}

/// Student's t, 0.975 quantile, from the usual tables.
TEST(Scaling, StudentsT) {
  EXPECT_NEAR(student_t_95(6), 2.4469, 0.005);
  EXPECT_NEAR(student_t_95(10), 2.2281, 0.001);
  EXPECT_NEAR(student_t_95(30), 2.0423, 0.0005);
  EXPECT_NEAR(student_t_95(1'000'000), 1.95997, 1e-4);
}

RC_GTEST_PROP(Scaling, UnitsChangeTheFactorAlone, ()) {
  const auto points = law(1, 0.4, 0.3, *rc::gen::arbitrary<std::uint64_t>());
  auto scaled = points;
  const double unit = *rc::gen::element(1e-6, 0.5, 1e9);
  for (ScalingPoint& point : scaled) point.time *= unit;
  const auto a = *fit_power_law(points), b = *fit_power_law(scaled);
  RC_ASSERT(std::abs(a.exponent - b.exponent) < 1e-9);
  RC_ASSERT(std::abs(b.factor / a.factor / unit - 1) < 1e-6);
}

TEST(Scaling, RefusesWhatIsNoLaw) {
  EXPECT_FALSE(fit_power_law({}));
  EXPECT_FALSE(fit_power_law(std::vector<ScalingPoint>(7, {1, 1})));
  EXPECT_FALSE(fit_power_law(std::vector<ScalingPoint>(20, {5, 1})));
  for (const double bad :
       {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    auto points = law(1, 1, 0, 1);
    points[3].time = bad;
    const auto fit = fit_power_law(points);
    ASSERT_FALSE(fit);
    EXPECT_EQ(fit.error().where, "scaling: point 4");
    points[3] = {bad, 1};
    EXPECT_FALSE(fit_power_law(points));
  }
}

}  // namespace
}  // namespace cradle::power
