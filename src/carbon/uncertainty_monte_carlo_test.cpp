// Monte Carlo and Sobol shares, against closed forms, against each other and over numbers of threads.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>
#include <vector>

#include "cradle/carbon/uncertainty.h"

namespace cradle::carbon {
namespace {

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

std::vector<Input> equal_inputs(std::size_t count, Shape shape, const std::string& group, double correlation) {
  std::vector<Input> inputs;
  for (std::size_t i = 0; i < count; ++i)
    inputs.push_back({"x" + std::to_string(i), {1, 0.5, 2}, shape, group, correlation});
  return inputs;
}

// --- Monte Carlo ----------------------------------------------------------------------------------------------------

TEST(MonteCarlo, OfOneUniformInputIsTheUniformDistribution) {
  const auto result = monte_carlo(Sum{}, std::vector<Input>{uniform("x", 2, 4)}, {.samples = 400'000});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->samples, 400'000U);
  EXPECT_EQ(result->nominal, 3);
  // Quantiles of n uniform draws scatter by (high - low) sqrt(p (1 - p) / n): 0.0016 at the median; four of that.
  EXPECT_NEAR(result->mean, 3, 4 * result->standard_error());
  EXPECT_NEAR(result->p5, 2.1, 0.003);
  EXPECT_NEAR(result->p50, 3, 0.0064);
  EXPECT_NEAR(result->p95, 3.9, 0.003);
  EXPECT_NEAR(result->standard_deviation, 1 / std::sqrt(3.0), 0.002);
  EXPECT_TRUE(result->low >= 2 && result->low < 2.001);
  EXPECT_TRUE(result->high <= 4 && result->high > 3.999);
}

TEST(MonteCarlo, QuantilesAreNearestRanksOfTheSamples) {
  // With p5 = p50 = p95 = the one sample there is; with three of them, ranks 1, 2 and 3.
  const std::vector<Input> inputs = {uniform("x", 0, 1)};
  const auto one = monte_carlo(Sum{}, inputs, {.samples = 1});
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->p5 == one->mean && one->p50 == one->mean && one->p95 == one->mean && one->low == one->high);
  EXPECT_EQ(one->standard_deviation, 0);
  const auto three = monte_carlo(Sum{}, inputs, {.samples = 3});
  ASSERT_TRUE(three);
  EXPECT_TRUE(three->p5 == three->low && three->p95 == three->high);
  EXPECT_TRUE(three->low < three->p50 && three->p50 < three->high);
  EXPECT_NEAR(three->low + three->p50 + three->high, 3 * three->mean, 1e-15);
}

RC_GTEST_PROP(MonteCarlo, QuantilesAreThoseOfTheSortedSamples, ()) {
  // Results of all kinds: spread evenly, bunched at one end, few different ones, huge, tiny.
  const auto samples = static_cast<std::uint64_t>(*rc::gen::inRange(1, 5000));
  const int kind = *rc::gen::inRange(0, 5);
  std::vector<double> seen;
  const auto model = [&seen, kind](auto x) {
    double y = x[0];
    if (kind == 1) y = std::pow(y, 40.0);
    if (kind == 2) y = std::floor(4 * y);
    if (kind == 3) y = (y - 0.5) * 1e150;
    if (kind == 4) y = std::floor(3 * y) * 5e-324;
    seen.push_back(y);
    return y;
  };
  const auto drawn = monte_carlo(model, std::vector<Input>{uniform("x", 0, 1)}, {.samples = samples});
  RC_ASSERT(drawn.has_value());
  // The check and the nominal case run the model once each; samples come in between, on one thread.
  std::vector<double> sorted(seen.begin() + 1, seen.begin() + 1 + static_cast<std::ptrdiff_t>(samples));
  std::sort(sorted.begin(), sorted.end());
  const auto ranked = [&](double share) {
    return sorted[static_cast<std::size_t>(std::ceil(share * static_cast<double>(samples) - 1e-9)) - 1];
  };
  RC_ASSERT(drawn->p5 == ranked(0.05));
  RC_ASSERT(drawn->p50 == ranked(0.5));
  RC_ASSERT(drawn->p95 == ranked(0.95));
  RC_ASSERT(drawn->low == sorted.front());
  RC_ASSERT(drawn->high == sorted.back());
}

TEST(MonteCarlo, VarianceOfSumsHasItsClosedForm) {
  // n equal inputs: n s^2 (1 + (n - 1) r); of 200,000 draws the deviation is known to about 0.3 %.
  for (const Shape shape : {Shape::triangular, Shape::uniform, Shape::normal, Shape::lognormal}) {
    for (const double rho : {0.0, 0.5, 1.0}) {
      const auto inputs = equal_inputs(4, shape, "grid", rho);
      const double s = standard_deviation(inputs[0]), r = pearson_correlation(inputs[0], inputs[1]);
      const auto drawn = monte_carlo(Sum{}, inputs, {.samples = 200'000});
      ASSERT_TRUE(drawn);
      const double exact = s * std::sqrt(4 * (1 + 3 * r));
      EXPECT_NEAR(drawn->standard_deviation, exact, 0.01 * exact) << "shape " << static_cast<int>(shape) << " " << rho;
      EXPECT_NEAR(drawn->mean, 4 * mean(inputs[0]), 4 * drawn->standard_error());
      EXPECT_NEAR(std::sqrt(first_order(Sum{}, inputs)->variance), exact, 1e-9 * exact);
    }
  }
}

TEST(MonteCarlo, OneFabGridForAllChipletsWidensTheSumByTheSquareRootOfTheirNumber) {
  // The same marginals, shared or each its own: variances n^2 s^2 and n s^2.
  const auto apart = monte_carlo(Sum{}, equal_inputs(9, Shape::triangular, "", 1), {.samples = 200'000});
  const auto shared = monte_carlo(Sum{}, equal_inputs(9, Shape::triangular, "fab grid", 1), {.samples = 200'000});
  ASSERT_TRUE(apart && shared);
  EXPECT_NEAR(shared->standard_deviation / apart->standard_deviation, 3, 0.03);
  EXPECT_NEAR(shared->mean, apart->mean, 0.02);
  EXPECT_GT(shared->p95, apart->p95);
}

TEST(MonteCarlo, EmpiricalInputsAreDrawnInProportionToTheirSamples) {
  Input input{"x", {1, 0, 10}, Shape::samples};
  input.samples = {10, 0, 0, 1};
  const auto result = monte_carlo(Sum{}, std::vector<Input>{input}, {.samples = 100'000});
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->mean, 11.0 / 4, 4 * result->standard_error());
  EXPECT_NEAR(result->standard_deviation, standard_deviation(input), 0.02);
  EXPECT_TRUE(result->p5 == 0 && result->p95 == 10);
}

TEST(MonteCarlo, AllConstantIsTheNominalCase) {
  const std::vector<Input> inputs = {{"a", Estimate<double>::exact(2)}, {"b", Estimate<double>::exact(3)}};
  const auto result = monte_carlo(Sum{}, inputs, {.samples = 5000});
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->mean == 5 && result->p5 == 5 && result->p95 == 5 && result->standard_deviation == 0);
}

struct Curved {
  template <class T>
  T operator()(std::span<const T> x) const {
    using std::exp, std::sqrt;
    return exp(x[0]) * x[1] + sqrt(x[2]) / x[3];
  }
};

std::vector<Input> mixed_inputs() {
  Input empirical{"d", {2, 1, 4}, Shape::samples};
  empirical.samples = {1, 2, 2, 3, 4};
  return {{"a", {0.2, 0.1, 0.7}, Shape::triangular, "g", 1},
          {"b", {1, 0.5, 2}, Shape::lognormal, "g", 0.6},
          {"c", {3, 1, 4}, Shape::uniform, "", 1},
          empirical};
}

template <class T>
std::string bytes_of(const T& value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string bytes_of(const MonteCarlo& r) {
  std::string bytes;
  for (const double x : {r.nominal, r.mean, r.standard_deviation, r.low, r.high, r.p5, r.p50, r.p95})
    bytes += bytes_of(x);
  return bytes + bytes_of(r.samples);
}

std::string bytes_of(const Sobol& r) {
  std::string bytes = bytes_of(r.mean) + bytes_of(r.variance);
  for (const auto& s : r.shares)
    bytes += s.name + bytes_of(s.first) + bytes_of(s.total) + bytes_of(s.first_error) + bytes_of(s.total_error);
  return bytes;
}

TEST(MonteCarlo, IsByteIdenticalForAnyNumberOfThreads) {
  const auto inputs = mixed_inputs();
  MonteCarloOptions options{.samples = 20'001, .seed = 7};
  const std::string drawn = bytes_of(*monte_carlo(Curved{}, inputs, options));
  const std::string shares = bytes_of(*sobol(Curved{}, inputs, options));
  for (const unsigned threads : {2U, 5U, 0U}) {
    options.threads = threads;
    EXPECT_EQ(bytes_of(*monte_carlo(Curved{}, inputs, options)), drawn) << threads;
    EXPECT_EQ(bytes_of(*sobol(Curved{}, inputs, options)), shares) << threads;
  }
  options.seed = 8;
  EXPECT_NE(bytes_of(*monte_carlo(Curved{}, inputs, options)), drawn);
  EXPECT_NE(bytes_of(*sobol(Curved{}, inputs, options)), shares);
}

TEST(MonteCarlo, AnInputIsDrawnAlikeWhateverStandsBesideIt) {
  const auto first = [](auto x) { return x[0]; };
  const auto second = [](auto x) { return x[1]; };
  const auto alone = monte_carlo(first, std::vector<Input>{uniform("d0", 0, 1, "fab")});
  const auto beside = monte_carlo(second, std::vector<Input>{uniform("new", 0, 1), uniform("d0", 0, 1, "fab")});
  ASSERT_TRUE(alone && beside);
  EXPECT_TRUE(alone->mean == beside->mean && alone->p95 == beside->p95 && alone->low == beside->low);
}

RC_GTEST_PROP(MonteCarlo, StaysWithinTheIntervalAndItsQuantilesAreInOrder, ()) {
  std::vector<Input> inputs;
  for (int i = 0; i < 4; ++i) {
    const double low = 1e-2 * *rc::gen::inRange(1, 500), step = 1e-2 * *rc::gen::inRange(0, 500);
    inputs.push_back({"x" + std::to_string(i),
                      {low + step / 2, low, low + step},
                      *rc::gen::element(Shape::triangular, Shape::uniform),
                      *rc::gen::element<std::string>("", "g")});
  }
  const MonteCarloOptions options{.samples = 500, .seed = static_cast<std::uint64_t>(*rc::gen::inRange(0, 1000))};
  const auto bounds = interval_bounds(Curved{}, inputs);
  const auto drawn = monte_carlo(Curved{}, inputs, options);
  RC_ASSERT(bounds.has_value() && drawn.has_value());
  RC_ASSERT(bounds->covers_all);
  RC_ASSERT(bounds->range.low <= drawn->low && drawn->high <= bounds->range.high);
  RC_ASSERT(drawn->low <= drawn->p5 && drawn->p5 <= drawn->p50);
  RC_ASSERT(drawn->p50 <= drawn->p95 && drawn->p95 <= drawn->high);
}

// --- Bad input, stopping, progress ----------------------------------------------------------------------------------

TEST(MonteCarlo, RefusesNoSamplesAndTooMany) {
  const std::vector<Input> inputs = {uniform("x", 0, 1)};
  for (const std::uint64_t samples : {std::uint64_t{0}, most_samples + 1, ~std::uint64_t{0}}) {
    const auto drawn = monte_carlo(Sum{}, inputs, {.samples = samples});
    ASSERT_FALSE(drawn);
    EXPECT_EQ(drawn.error().code, ErrorCode::bad_input);
    EXPECT_EQ(drawn.error().where, "samples");
    EXPECT_FALSE(sobol(Sum{}, inputs, {.samples = samples}));
  }
}

TEST(MonteCarlo, AModelWithoutAValueIsAnErrorThatNamesTheDraw) {
  const auto root = [](auto x) {
    using std::sqrt;
    return sqrt(x[0] - 0.01);
  };
  const std::vector<Input> inputs = {uniform("share", 0, 1)};
  std::string first;
  for (const unsigned threads : {1U, 5U}) {
    const auto drawn = monte_carlo(root, inputs, {.samples = 10'000, .threads = threads});
    ASSERT_FALSE(drawn);
    EXPECT_NE(drawn.error().message.find("share = 0.00"), std::string::npos) << drawn.error().message;
    EXPECT_NE(drawn.error().where.find("sample "), std::string::npos);
    if (first.empty()) first = to_string(drawn.error());
    EXPECT_EQ(to_string(drawn.error()), first);
    EXPECT_FALSE(sobol(root, inputs, {.samples = 10'000, .threads = threads}));
  }
  const auto huge = monte_carlo([](auto x) { return x[0] * 1e151; }, inputs, {.samples = 10'000});
  ASSERT_FALSE(huge);
  EXPECT_NE(huge.error().message.find("gives"), std::string::npos);
  const auto nowhere = monte_carlo(root, std::vector<Input>{uniform("share", -2, -1)}, {.samples = 10});
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().where.find("stated values"), std::string::npos);
}

TEST(MonteCarlo, AStoppedRunIsTheBeginningOfTheWholeOne) {
  const auto inputs = mixed_inputs();
  std::stop_source source;
  std::uint64_t done = 0;
  MonteCarloOptions options{.samples = 100'000, .seed = 7, .stop = source.get_token()};
  options.progress = [&](std::uint64_t more) {
    done += more;
    if (done >= 5000) source.request_stop();
  };
  const auto part = monte_carlo(Curved{}, inputs, options);
  ASSERT_TRUE(part);
  EXPECT_TRUE(part->stopped);
  EXPECT_EQ(part->samples, done);
  EXPECT_TRUE(part->samples >= 5000 && part->samples < 7000);
  const auto whole = monte_carlo(Curved{}, inputs, {.samples = part->samples, .seed = 7});
  ASSERT_TRUE(whole);
  EXPECT_FALSE(whole->stopped);
  EXPECT_EQ(bytes_of(*part), bytes_of(*whole));

  const auto none = monte_carlo(Curved{}, inputs, options);  // the token is spent
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->stopped && none->samples == 0 && none->mean == 0);
  const auto no_shares = sobol(Curved{}, inputs, options);
  ASSERT_TRUE(no_shares);
  EXPECT_TRUE(no_shares->stopped && no_shares->shares.empty());
}

TEST(MonteCarlo, ProgressCountsEverySample) {
  std::atomic<std::uint64_t> done{0};
  MonteCarloOptions options{.samples = 12'345, .threads = 3};
  options.progress = [&](std::uint64_t more) { done += more; };
  ASSERT_TRUE(monte_carlo(Sum{}, mixed_inputs(), options));
  EXPECT_EQ(done.load(), 12'345U);
}

// --- Sobol ----------------------------------------------------------------------------------------------------------

TEST(Sobol, LinearModelsShareTheirVarianceInClosedForm) {
  // 1 x, 2 x, 4 x of equal spread: shares 1, 4 and 16 of 21, first-order and total alike.
  const std::vector<Input> inputs = {uniform("a", 0, 1), uniform("b", 3, 5), uniform("c", -2, 2)};
  const auto result = sobol(Sum{}, inputs, {.samples = 200'000});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->shares.size(), 3U);
  EXPECT_NEAR(result->variance, 21.0 / 12, 0.01);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& share = result->shares[i];
    const double exact = std::pow(4.0, static_cast<double>(i)) / 21;
    EXPECT_EQ(share.name, inputs[i].name);
    EXPECT_NEAR(share.first, exact, 4 * share.first_error + 0.005 * exact);
    EXPECT_NEAR(share.total, exact, 4 * share.total_error + 0.005 * exact);
    EXPECT_TRUE(share.first_error > 0 && share.first_error < 0.01);
  }
  EXPECT_EQ(result->evaluations, 200'000U * 5);
}

TEST(Sobol, Ishigami) {
  // Ishigami and Homma 1990 with a = 7, b = 0.1: V = a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2. First-order 0.3139, 0.4424,
  // 0; total 0.5576, 0.4424, 0.2437.
  const auto model = [](auto x) {
    using std::sin;
    return sin(x[0]) + 7 * sin(x[1]) * sin(x[1]) + 0.1 * x[2] * x[2] * x[2] * x[2] * sin(x[0]);
  };
  const double pi = std::numbers::pi;
  const std::vector<Input> inputs = {uniform("x1", -pi, pi), uniform("x2", -pi, pi), uniform("x3", -pi, pi)};
  const auto result = sobol(model, inputs, {.samples = 400'000});
  ASSERT_TRUE(result);
  const double variance = 49.0 / 8 + 0.1 * std::pow(pi, 4) / 5 + 0.01 * std::pow(pi, 8) / 18 + 0.5;
  EXPECT_NEAR(result->variance, variance, 0.01 * variance);
  EXPECT_NEAR(result->mean, 3.5, 0.02);
  const double first[] = {0.3139, 0.4424, 0}, total[] = {0.5576, 0.4424, 0.2437};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(result->shares[i].first, first[i], 0.01);
    EXPECT_NEAR(result->shares[i].total, total[i], 0.01);
  }
}

TEST(Sobol, WhatVariesTogetherIsOneCause) {
  // a + b together: (1 + 1)^2 / 12; c alone: 1 / 12; d varies with nobody although it is in the group; e is constant.
  const std::vector<Input> inputs = {uniform("a", 0, 1, "fab grid"),
                                     uniform("c", 0, 1),
                                     uniform("b", 0, 1, "fab grid"),
                                     uniform("d", 0, 1, "fab grid", 0),
                                     {"e", Estimate<double>::exact(5)}};
  const auto result = sobol(Sum{}, inputs, {.samples = 200'000});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->shares.size(), 3U);
  EXPECT_TRUE(result->shares[0].group);
  EXPECT_EQ(result->shares[0].name, "fab grid");
  EXPECT_FALSE(result->shares[1].group);
  EXPECT_EQ(result->shares[1].name, "c");
  EXPECT_EQ(result->shares[2].name, "d");
  EXPECT_NEAR(result->shares[0].first, 4.0 / 6, 0.01);
  EXPECT_NEAR(result->shares[1].total, 1.0 / 6, 0.01);
  EXPECT_NEAR(result->shares[2].total, 1.0 / 6, 0.01);
}

TEST(Sobol, PartlyCorrelatedMembersAreOneCauseToo) {
  // x0 + x1 with correlation r against an independent x2 of the same spread: 2 (1 + r) to 1.
  auto inputs = equal_inputs(3, Shape::normal, "learning", 0.5);
  inputs[2].group.clear();
  inputs[2].correlation = 1;
  const auto result = sobol(Sum{}, inputs, {.samples = 200'000});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->shares.size(), 2U);
  EXPECT_NEAR(result->shares[0].first, 0.75, 0.01);
  EXPECT_NEAR(result->shares[1].total, 0.25, 0.01);
}

TEST(Sobol, NothingVariesNothingShares) {
  const std::vector<Input> inputs = {{"a", Estimate<double>::exact(2)}, uniform("b", 0, 1)};
  const auto constant = sobol([](auto x) { return x[0] * 2.0; }, inputs, {.samples = 3000});
  ASSERT_TRUE(constant);
  EXPECT_EQ(constant->variance, 0);
  ASSERT_EQ(constant->shares.size(), 1U);
  EXPECT_TRUE(constant->shares[0].first == 0 && constant->shares[0].total == 0);
}

}  // namespace
}  // namespace cradle::carbon
