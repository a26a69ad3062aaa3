// Interval and Dual: the number types that carry bounds and derivatives through a formula.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "cradle/carbon/dual.h"
#include "cradle/carbon/interval.h"

namespace cradle::carbon {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// A number of any sign over 24 decades, or zero.
double any_number() {
  const double mantissa = *rc::gen::inRange(-1'000'000, 1'000'001) / 1e6;
  return mantissa * std::pow(10.0, *rc::gen::inRange(-12, 13));
}

struct Sample {
  Interval range;
  double inside;
};

Sample any_sample(bool positive = false) {
  double a = any_number(), b = any_number();
  if (positive) a = std::abs(a) + 1e-12, b = std::abs(b) + 1e-12;
  if (a > b) std::swap(a, b);
  const double t = *rc::gen::inRange(0, 1001) / 1e3;
  return {{a, b}, std::min(std::max(a + t * (b - a), a), b)};
}

/// The exact result, computed in 64 bits of mantissa, lies between the bounds.
void expect_inside(const Interval& range, long double exact) {
  RC_ASSERT(static_cast<long double>(range.low) <= exact);
  RC_ASSERT(exact <= static_cast<long double>(range.high));
}

RC_GTEST_PROP(Interval, HoldsTheExactResultOfEveryOperation, ()) {
  const Sample a = any_sample(), b = any_sample();
  const auto x = static_cast<long double>(a.inside), y = static_cast<long double>(b.inside);
  expect_inside(a.range + b.range, x + y);
  expect_inside(a.range - b.range, x - y);
  expect_inside(a.range * b.range, x * y);
  if (b.inside != 0) expect_inside(a.range / b.range, x / y);
  expect_inside(-a.range, -x);
  expect_inside(floor(a.range), std::floor(x));
  expect_inside(ceil(a.range), std::ceil(x));
  expect_inside(min(a.range, b.range), std::min(x, y));
  expect_inside(max(a.range, b.range), std::max(x, y));
}

RC_GTEST_PROP(Interval, HoldsTheExactValueOfEveryFunction, ()) {
  const Sample a = any_sample(true);
  const double low = *rc::gen::inRange(-2000, 2001) / 100.0;
  const Interval exponent{low, low + *rc::gen::inRange(0, 1000) / 100.0};
  const double power = exponent.low + (exponent.high - exponent.low) * (*rc::gen::inRange(0, 101) / 100.0);
  const auto x = static_cast<long double>(a.inside);
  expect_inside(log(a.range), std::log(x));
  expect_inside(sqrt(a.range), std::sqrt(x));
  expect_inside(pow(a.range, exponent), std::pow(x, static_cast<long double>(power)));
  expect_inside(exp(exponent), std::exp(static_cast<long double>(power)));
}

RC_GTEST_PROP(Interval, OfKnownNumbersIsAFewUnitsInTheLastPlaceWide, ()) {
  const double x = std::abs(any_number()) + 1e-12, y = std::abs(any_number()) + 1e-12;
  const Interval a = x, b = y;
  for (const Interval& range : {a + b, a * b, a / b, sqrt(a), pow(a, Interval(0.5)), exp(a / (a + b)), log(a + 3.0)}) {
    RC_ASSERT(range.low > 0);
    RC_ASSERT(range.width() <= range.low * 16 * std::numeric_limits<double>::epsilon());
  }
}

TEST(Interval, MixesWithPlainNumbers) {
  EXPECT_TRUE((2.0 * Interval{1, 3} + 1.0).contains(7));
  EXPECT_FALSE((2.0 * Interval{1, 3} + 1.0).contains(7.001));
  EXPECT_TRUE((1.0 / Interval{2, 4}).contains(0.25));
}

TEST(Interval, CountsAnInputTwiceIfItOccursTwice) {
  const Interval x{1, 2};
  EXPECT_LE((x - x).low, -1);
  EXPECT_GE((x - x).high, 1);
}

TEST(Interval, IsUnboundedWhereTheDivisorMayBeZero) {
  EXPECT_EQ((Interval{1, 2} / Interval{-1, 1}), (Interval{-inf, inf}));
  const Interval from_above = Interval{1, 2} / Interval{0, 4};
  EXPECT_LE(from_above.low, 0.25);
  EXPECT_GT(from_above.low, 0.2499);
  EXPECT_EQ(from_above.high, inf);
  const Interval from_below = Interval{1, 2} / Interval{-4, 0};
  EXPECT_EQ(from_below.low, -inf);
  EXPECT_LT(from_below.high, -0.2499);
  EXPECT_TRUE(std::isnan((Interval{1, 2} / Interval{0, 0}).low));
}

TEST(Interval, TakesThePartWhereAFunctionIsDefined) {
  EXPECT_EQ(sqrt(Interval{-1, 4}).low, 0);
  EXPECT_TRUE(sqrt(Interval{-1, 4}).contains(2));
  EXPECT_EQ(log(Interval{0, 1}).low, -inf);
  EXPECT_EQ(pow(Interval{-1, 2}, Interval{1, 2}).low, 0);
  EXPECT_TRUE(pow(Interval{-1, 2}, Interval{1, 2}).contains(4));
  EXPECT_TRUE(std::isnan(sqrt(Interval{-2, -1}).low));
  EXPECT_TRUE(std::isnan(log(Interval{-2, 0}).high));
  EXPECT_TRUE(std::isnan(pow(Interval{-2, -1}, Interval{2, 2}).high));
}

TEST(Interval, KeepsNonNegativeNumbersNonNegative) {
  EXPECT_EQ((Interval{0, 1} * Interval{0, 1}).low, 0);
  EXPECT_EQ((Interval{0, inf} * Interval{0, 1}).low, 0);
  EXPECT_EQ((Interval{1e-300, 1} * Interval{1e-300, 1}).low, 0);  // underflows
  EXPECT_EQ((Interval{-1e-300, -1e-300} * Interval{1e-300, 1e-300}).high, 0);
  EXPECT_LT((Interval{-1e-300, -1e-300} * Interval{1e-300, 1e-300}).low, 0);
  EXPECT_EQ(exp(Interval{-1e6, 0}).low, 0);
}

TEST(Interval, DoesNotLoseNanInAZero) {
  const Interval nowhere = log(Interval{-2, -1});
  EXPECT_TRUE(std::isnan((Interval{0, 0} * nowhere).low));
  EXPECT_TRUE(std::isnan((Interval{0, 0} / nowhere).low));
  EXPECT_TRUE(std::isnan((nowhere + 1.0).high));
}

// --- Dual -----------------------------------------------------------------------------------------------------------

/// Every operation once, for numbers above zero.
template <class T>
T all_operations(const T& x, const T& y) {
  using std::exp, std::log, std::pow, std::sqrt;
  T sum = x * y - T(3.0) / x;
  sum += pow(x, y) * exp(-x);
  sum -= log(x * y) / sqrt(y + T(1.0));
  sum *= x;
  sum /= y;
  return -sum;
}

RC_GTEST_PROP(Dual, DerivesAsCentralDifferencesDo, ()) {
  const double x = 0.5 + *rc::gen::inRange(0, 400) / 100.0, y = 0.5 + *rc::gen::inRange(0, 300) / 100.0;
  const auto at = all_operations(Dual<2>::variable(x, 0), Dual<2>::variable(y, 1));
  const long double h = 1e-6L, xl = x, yl = y;
  const long double by_x = (all_operations(xl + h, yl) - all_operations(xl - h, yl)) / (2 * h);
  const long double by_y = (all_operations(xl, yl + h) - all_operations(xl, yl - h)) / (2 * h);
  RC_ASSERT(at.value == all_operations(x, y));
  RC_ASSERT(std::abs(at.partial[0] - static_cast<double>(by_x)) <= 1e-8 * (1 + std::abs(at.partial[0])));
  RC_ASSERT(std::abs(at.partial[1] - static_cast<double>(by_y)) <= 1e-8 * (1 + std::abs(at.partial[1])));
}

TEST(Dual, OfAConstantIsZero) {
  const Dual<3> c = exp(Dual<3>(2.0)) * 3.0 + 1.0;
  for (const double d : c.partial) EXPECT_EQ(d, 0);
}

TEST(Dual, FloorIsFlatAndMinTakesTheLesser) {
  const auto x = Dual<1>::variable(2.5, 0);
  EXPECT_EQ(floor(x).value, 2);
  EXPECT_EQ(floor(x).partial[0], 0);
  EXPECT_EQ(ceil(x).value, 3);
  EXPECT_EQ(min(x, Dual<1>(3.0)).partial[0], 1);
  EXPECT_EQ(max(x, Dual<1>(3.0)).partial[0], 0);
}

TEST(Dual, PowersOfZeroAndOfNegativeBasesHaveADerivativeByTheBase) {
  EXPECT_EQ(pow(Dual<1>::variable(0, 0), Dual<1>(2.0)).partial[0], 0);
  EXPECT_EQ(pow(Dual<1>::variable(0, 0), Dual<1>(1.0)).partial[0], 1);
  EXPECT_EQ(pow(Dual<1>::variable(0, 0), Dual<1>(0.0)).partial[0], 0);
  EXPECT_EQ(pow(Dual<1>::variable(-2, 0), Dual<1>(3.0)).partial[0], 12);
}

}  // namespace
}  // namespace cradle::carbon
