// Inputs, their distributions, bounds and first-order propagation.
#include "cradle/carbon/uncertainty.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

#include "uncertainty_sampler.h"

namespace cradle::carbon {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

struct Sum {
  template <class T>
  T operator()(std::span<const T> x) const {
    T sum = 0.0;
    for (const T& term : x) sum = sum + term;
    return sum;
  }
};

Input uniform(std::string name, double low, double high, std::string group = "", double correlation = 1) {
  return {std::move(name), {(low + high) / 2, low, high}, Shape::uniform, std::move(group), correlation};
}

Input normal(std::string name, double low, double high, std::string group = "", double correlation = 1) {
  return {std::move(name), {(low + high) / 2, low, high}, Shape::normal, std::move(group), correlation};
}

// --- What is refused ------------------------------------------------------------------------------------------------

void expect_refused(const Input& input, const std::string& part) {
  const auto result = check(std::vector<Input>{input});
  ASSERT_FALSE(result) << part;
  EXPECT_EQ(result.error().code, ErrorCode::bad_input);
  EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
  EXPECT_NE(result.error().where.find("input"), std::string::npos) << result.error().where;
  EXPECT_FALSE(result.error().hint.empty());
}

TEST(UncertainInput, IsRefusedWithItsNameIfItIsNotADistribution) {
  expect_refused({"", {1, 0, 2}}, "no name");
  expect_refused({"\xff", {1, 0, 2}}, "no name");
  expect_refused({"d0", {1, 2, 0}}, "not in order");
  expect_refused({"d0", {3, 0, 2}}, "not in order");
  expect_refused({"d0", {-1, 0, 2}}, "not in order");
  expect_refused({"d0", {nan, 0, 2}}, "not a finite number");
  expect_refused({"d0", {1, nan, 2}}, "not a finite number");
  expect_refused({"d0", {1, 0, inf}}, "not a finite number");
  expect_refused({"d0", {1, -1e200, 2}}, "not a finite number");
  expect_refused({"d0", {1, 0, 2}, Shape::uniform, "g", -0.1}, "correlation is -0.1");
  expect_refused({"d0", {1, 0, 2}, Shape::uniform, "g", 1.1}, "correlation is 1.1");
  expect_refused({"d0", {1, 0, 2}, Shape::uniform, "g", nan}, "correlation");
  expect_refused({"d0", {1, 0, 2}, Shape::uniform, "", 0.5}, "no group");
  expect_refused({"d0", {1, 0, 2}, Shape::lognormal}, "low is 0");
  expect_refused({"d0", {1, 1e-90, 2}, Shape::lognormal}, "no usable mean");
  expect_refused({"d0", {1, 0, 2}, Shape::log_triangular}, "low is 0");
  expect_refused({"d0", {1, 0, 2}, Shape::normal, "", 1, 0.5}, "tail probability");
  expect_refused({"d0", {1, 0, 2}, Shape::normal, "", 1, 0}, "tail probability");
  expect_refused({"d0", {1, 0, 2}, Shape::samples}, "no samples");
  expect_refused({"d0", {1, 0, 2}, Shape::samples, "", 1, 0.05, {1, 3}}, "sample 2 is 3");
  expect_refused({"d0", {1, 0, 2}, Shape::samples, "", 1, 0.05, {nan}}, "sample 1");
  expect_refused({"d0", {1, 0, 2}, Shape::uniform, "", 1, 0.05, {1}}, "another shape");
}

TEST(UncertainInput, ListsAreRefusedIfEmptyOrRepeated) {
  EXPECT_FALSE(check({}));
  const auto twice = check(std::vector<Input>{uniform("d0", 0, 1), uniform("d0", 0, 1)});
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().where.find("d0"), std::string::npos);
  EXPECT_FALSE(interval_bounds(Sum{}, {}));
  EXPECT_FALSE(first_order(Sum{}, {}));
  EXPECT_FALSE(monte_carlo(Sum{}, {}));
  EXPECT_FALSE(sobol(Sum{}, {}));
}

// --- Distributions --------------------------------------------------------------------------------------------------

RC_GTEST_PROP(NormalDistribution, QuantileInvertsProbability, ()) {
  // Over the whole of (0, 1), tails included: erfc is the second implementation. Near 1, u has few digits left to say
  // where it is: its spacing over the density bounds what can come back.
  const double z = *rc::gen::inRange(-800, 801) / 100.0;
  const double u = normal_probability(z);
  RC_PRE(u < 1);
  RC_ASSERT(std::abs(normal_quantile(u) - z) <= 1e-13 * (1 + std::abs(z)) + 5e-16 / std::exp(-z * z / 2));
}

TEST(NormalDistribution, KnownQuantiles) {
  // Printed tables of the normal distribution (Abramowitz and Stegun 26.2; 1.6448536269514722 to double precision).
  EXPECT_NEAR(normal_quantile(0.95), 1.6448536269514722, 1e-15);
  EXPECT_NEAR(normal_quantile(0.975), 1.9599639845400545, 1e-15);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-17);
  EXPECT_NEAR(normal_quantile(1e-10), -6.3613409024040562, 1e-14);
}

Input any_input(const std::string& name) {
  const auto shape = *rc::gen::element(Shape::triangular, Shape::uniform, Shape::normal, Shape::lognormal,
                                       Shape::log_triangular, Shape::samples);
  const double low = 1e-3 * *rc::gen::inRange(1000, 100'000), step = low * 1e-3 * *rc::gen::inRange(1, 20'000);
  const double at = *rc::gen::inRange(0, 101) / 100.0;
  Input input{name, {std::min(low + at * step, low + step), low, low + step}, shape};
  input.tail = *rc::gen::element(0.01, 0.05, 0.25);
  if (shape == Shape::samples) {
    const int count = *rc::gen::inRange(1, 20);
    for (int i = 0; i < count; ++i)
      input.samples.push_back(std::min(low + step * (*rc::gen::inRange(0, 101) / 100.0), low + step));
  }
  return input;
}

RC_GTEST_PROP(UncertainInput, MomentsAreThoseOfItsQuantiles, ()) {
  const Input input = any_input("x");
  RC_ASSERT(check(std::vector<Input>{input}).has_value());
  // The mean and the variance as integrals over the quantile function, u = Phi(z) so that tails are resolved.
  double mass = 0, first = 0, second = 0;
  const int steps = 40'000;
  for (int i = 0; i < steps; ++i) {
    const double z = -8 + 16 * (i + 0.5) / steps;
    const double weight = std::exp(-z * z / 2), x = quantile(input, normal_probability(z));
    mass += weight;
    first += weight * x;
    second += weight * x * x;
  }
  const double expected = first / mass, variance = second / mass - expected * expected;
  RC_ASSERT(std::abs(mean(input) - expected) <= 2e-3 * standard_deviation(input) + 1e-9 * expected);
  RC_ASSERT(std::abs(std::sqrt(std::max(variance, 0.0)) - standard_deviation(input)) <=
            5e-3 * standard_deviation(input) + 1e-5 * expected);
}

RC_GTEST_PROP(UncertainInput, QuantilesRiseAndBoundedShapesStayWithinTheirBounds, ()) {
  const Input input = any_input("x");
  double before = -inf;
  for (int i = 1; i < 200; ++i) {
    const double x = quantile(input, i / 200.0);
    RC_ASSERT(x >= before);
    before = x;
  }
  if (input.shape == Shape::normal || input.shape == Shape::lognormal) {
    const double width = input.estimate.high - input.estimate.low;
    RC_ASSERT(std::abs(quantile(input, input.tail) - input.estimate.low) <= 1e-9 * width);
    RC_ASSERT(std::abs(quantile(input, 1 - input.tail) - input.estimate.high) <= 1e-9 * width);
  } else {
    RC_ASSERT(quantile(input, 0x1p-54) >= input.estimate.low);
    RC_ASSERT(quantile(input, 1 - 0x1p-53) <= input.estimate.high);
  }
}

TEST(UncertainInput, EqualBoundsAreAConstantWhateverTheShape) {
  for (const Shape shape :
       {Shape::triangular, Shape::uniform, Shape::normal, Shape::lognormal, Shape::log_triangular}) {
    const Input input{"x", Estimate<double>::exact(3), shape};
    ASSERT_TRUE(check(std::vector<Input>{input}));
    EXPECT_EQ(mean(input), 3);
    EXPECT_EQ(standard_deviation(input), 0);
    EXPECT_EQ(quantile(input, 0.9), 3);
  }
}

TEST(UncertainInput, AValueIsTheMedianOfItsLogTriangle) {
  // Flash: 4 to 160 kg/TB around 59. A triangle from 0.287 to 325 around 0.41 has its P5 at twenty times the value.
  for (const Estimate<double>& range :
       {Estimate<double>{59, 3.9, 160}, {0.41, 0.287, 325.49}, {1.647, 0.065, 1.65}, {3, 3, 30}, {30, 3, 30}}) {
    const Input input{"x", range, Shape::log_triangular};
    ASSERT_TRUE(check(std::vector<Input>{input}));
    EXPECT_NEAR(quantile(input, 0.5), range.value, 1e-12 * range.value);
    EXPECT_LE(quantile(input, 0.05), range.value);
    EXPECT_GE(quantile(input, 0.95), range.value);
    EXPECT_NEAR(quantile(input, 0x1p-54), range.low, 1e-6 * range.high);
    // A quarter of the mass lies beyond 1 - sqrt(1/2) of the way to each end, on the logarithm.
    const double way = 1 - std::sqrt(0.5);
    EXPECT_NEAR(quantile(input, 0.75) / (range.value * std::pow(range.high / range.value, way)), 1, 1e-12);
    EXPECT_NEAR(quantile(input, 0.25) / (range.value * std::pow(range.low / range.value, way)), 1, 1e-12);
  }
}

TEST(UncertainInput, ALogTriangleOfTenWithItsMomentsByHand) {
  // Mean of e^(c s), density 2 (1 - s): 2 (e^c - 1 - c) / c^2; c = +- ln 10.
  const Input input{"x", {1, 0.1, 10}, Shape::log_triangular};
  const double c = std::log(10.0);
  const double expected = (10 - 1 - c + 0.1 - 1 + c) / (c * c);
  EXPECT_NEAR(mean(input), expected, 1e-14);
  const double square = (100 - 1 - 2 * c + 0.01 - 1 + 2 * c) / (4 * c * c);
  EXPECT_NEAR(standard_deviation(input), std::sqrt(square - expected * expected), 1e-14);
}

TEST(UncertainInput, ANarrowLogTriangleIsATriangle) {
  const Estimate<double> range{1, 1 - 1e-5, 1 + 1e-5};
  const Input log{"x", range, Shape::log_triangular}, straight{"x", range};
  EXPECT_NEAR(mean(log), mean(straight), 1e-10);
  EXPECT_NEAR(standard_deviation(log) / standard_deviation(straight), 1, 1e-4);
  for (const double u : {0.01, 0.3, 0.5, 0.8, 0.999}) EXPECT_NEAR(quantile(log, u), quantile(straight, u), 1e-9);
}

TEST(UncertainInput, WideRangesAreTakenOnTheLogarithm) {
  EXPECT_EQ(shape_of({59, 3.9, 160}), Shape::log_triangular);
  EXPECT_EQ(shape_of({2, 1, 4}), Shape::triangular);
  EXPECT_EQ(shape_of({0.5, 0, 4}), Shape::triangular);
  EXPECT_EQ(shape_of({-1, -2, 4}), Shape::triangular);
  EXPECT_EQ(shape_of({-1, -8, -1}), Shape::triangular);
}

// --- Correlation of values ------------------------------------------------------------------------------------------

TEST(PearsonCorrelation, ClosedForms) {
  // Normal: the correlation of the scores. Uniform: 6 / pi asin(rho / 2) (Kruskal, J. Am. Stat. Assoc. 53, 1958).
  // Lognormal: (exp(rho s1 s2) - 1) / sqrt((exp(s1^2) - 1)(exp(s2^2) - 1)).
  for (const double rho : {0.1, 0.5, 0.9, 1.0}) {
    EXPECT_NEAR(pearson_correlation(normal("a", 0, 1, "g", rho), normal("b", 5, 9, "g", rho)), rho, 1e-10);
    EXPECT_NEAR(pearson_correlation(uniform("a", 0, 1, "g", rho), uniform("b", 5, 9, "g", rho)),
                6 / std::numbers::pi * std::asin(rho / 2), 1e-6);
    for (const double wide : {5.0, 100.0}) {
      const Input a{"a", {1, 0.5, 2}, Shape::lognormal, "g", rho};
      const Input b{"b", {1, 1 / wide, wide}, Shape::lognormal, "g", rho};
      const double z = 1.6448536269514722, s = std::log(2.0) / z, t = std::log(wide) / z;
      EXPECT_NEAR(pearson_correlation(a, b), std::expm1(rho * s * t) / std::sqrt(std::expm1(s * s) * std::expm1(t * t)),
                  1e-9);
    }
  }
}

TEST(PearsonCorrelation, TwoCorrelationsJoinAsTheirGeometricMean) {
  EXPECT_NEAR(pearson_correlation(normal("a", 0, 1, "g", 1), normal("b", 0, 1, "g", 0.25)), 0.5, 1e-10);
  EXPECT_EQ(pearson_correlation(normal("a", 0, 1, "g", 0), normal("b", 0, 1, "g", 1)), 0);
  EXPECT_EQ(pearson_correlation(normal("a", 0, 1, "g", 1), normal("b", 0, 1, "h", 1)), 0);
  EXPECT_EQ(pearson_correlation(normal("a", 0, 1), normal("b", 0, 1)), 0);
}

// --- Interval bounds ------------------------------------------------------------------------------------------------

TEST(IntervalBounds, SayWhetherTailsLieOutside) {
  const auto bounded = interval_bounds(Sum{}, std::vector<Input>{uniform("a", 0, 1), uniform("b", 2, 4)});
  ASSERT_TRUE(bounded);
  EXPECT_TRUE(bounded->covers_all);
  EXPECT_TRUE(bounded->range.contains(2) && bounded->range.contains(5));
  EXPECT_LT(bounded->range.width(), 3.0001);
  const auto open = interval_bounds(Sum{}, std::vector<Input>{uniform("a", 0, 1), normal("b", 2, 4)});
  ASSERT_TRUE(open);
  EXPECT_FALSE(open->covers_all);
}

TEST(IntervalBounds, AModelThatIsNotDefinedIsAnError) {
  const auto root = [](auto x) {
    using std::sqrt;
    return sqrt(x[0]);
  };
  const auto result = interval_bounds(root, std::vector<Input>{uniform("a", -2, -1)});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::bad_input);
}

// --- First order ----------------------------------------------------------------------------------------------------

/// sum of c_i x_i, c_i = 1, -2, 3, ...
struct Weighted {
  template <class T>
  T operator()(std::span<const T> x) const {
    T sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) sum = sum + T(weight(i)) * x[i];
    return sum;
  }
  static double weight(std::size_t i) { return (i % 2 == 0 ? 1.0 : -1.0) * static_cast<double>(i + 1); }
};

TEST(FirstOrder, IndependentSumsAddTheirVariances) {
  std::vector<Input> inputs;
  double variance = 0, mean_of_sum = 0;
  for (std::size_t i = 0; i < 21; ++i) {  // more than one pass of dual numbers
    inputs.push_back({"x" + std::to_string(i), {1.0, 0.5, 3.0 + static_cast<double>(i)}});
    variance += std::pow(Weighted::weight(i) * standard_deviation(inputs[i]), 2);
    mean_of_sum += Weighted::weight(i) * mean(inputs[i]);
  }
  const auto result = first_order(Weighted{}, inputs);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->variance, variance, 1e-12 * variance);
  EXPECT_NEAR(result->mean, mean_of_sum, 1e-12 * std::abs(mean_of_sum));
  EXPECT_NEAR(result->nominal, 11, 1e-12);  // 1 - 2 + 3 ... + 21
  for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_EQ(result->contributions[i].derivative, Weighted::weight(i));
}

TEST(FirstOrder, SharedCausesAddStandardDeviations) {
  // n equal inputs: n s^2 apart, (n s)^2 together, n s^2 (1 + (n - 1) rho) in between.
  const std::size_t n = 4;
  const double s = 1 / std::sqrt(12.0);
  for (const double rho : {0.0, 0.3, 1.0}) {
    std::vector<Input> inputs, normals;
    for (std::size_t i = 0; i < n; ++i) {
      inputs.push_back(uniform("x" + std::to_string(i), 0, 1, "grid", rho));
      normals.push_back(normal("x" + std::to_string(i), 0, 1, "grid", rho));
    }
    const double r = 6 / std::numbers::pi * std::asin(rho / 2), t = standard_deviation(normals[0]);
    EXPECT_NEAR(first_order(Sum{}, inputs)->variance, n * s * s * (1 + (n - 1) * r), 1e-6);
    EXPECT_NEAR(first_order(Sum{}, normals)->variance, n * t * t * (1 + (n - 1) * rho), 1e-10);
  }
}

TEST(FirstOrder, CompensationWithinAGroupTakesVarianceAway) {
  const std::vector<Input> inputs = {uniform("a", 0, 1, "g"), uniform("b", 0, 2, "g"), uniform("c", 0, 1)};
  const auto result = first_order([](auto x) { return x[0] * 2.0 - x[1] + x[2]; }, inputs);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->variance, 1.0 / 12, 1e-12);
  EXPECT_NEAR(result->contributions[0].share, 0, 1e-12);
  EXPECT_NEAR(result->contributions[2].share, 1, 1e-12);
}

RC_GTEST_PROP(FirstOrder, SharesAddUpToOneAndVarianceIsNeverNegative, ()) {
  std::vector<Input> inputs;
  const int count = *rc::gen::inRange(1, 8);
  for (int i = 0; i < count; ++i) {
    Input input = any_input("x" + std::to_string(i));
    input.group = *rc::gen::element(std::string(), std::string("g"), std::string("h"));
    if (!input.group.empty()) input.correlation = *rc::gen::element(0.0, 0.4, 1.0);
    inputs.push_back(input);
  }
  const auto result = first_order(Weighted{}, inputs);
  RC_ASSERT(result.has_value());
  RC_ASSERT(result->variance >= 0);
  double shares = 0;
  for (const auto& each : result->contributions) shares += each.share;
  RC_ASSERT(result->variance == 0 || std::abs(shares - 1) < 1e-9);
}

TEST(FirstOrder, AModelWithoutADerivativeIsAnErrorThatNamesTheInput) {
  const auto root = [](auto x) {
    using std::sqrt;
    return sqrt(x[0]);
  };
  const auto result = first_order(root, std::vector<Input>{uniform("edge", -1, 1)});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().where.find("edge"), std::string::npos);
  EXPECT_FALSE(first_order(root, std::vector<Input>{uniform("below", -3, -1)}));
}

}  // namespace
}  // namespace cradle::carbon
