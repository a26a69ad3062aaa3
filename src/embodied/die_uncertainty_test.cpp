// Uncertainty of made silicon: the equations of formula.h on intervals, dual numbers and draws.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "cradle/carbon/uncertainty.h"
#include "cradle/embodied/formula.h"

namespace cradle::embodied {
namespace {

using carbon::Input;
using carbon::Shape;

// --- Every formula, random ranges -----------------------------------------------------------------------------------

/// Inputs: intensity, energy, gas, material, area, defects, clustering, wafer diameter.
struct GoodDie {
  int yield_law = 0;
  bool edge = false;
  template <class T>
  T operator()(std::span<const T> x) const {
    using std::sqrt;
    T grams = formula::carbon_per_area(x[1], x[0], x[2], x[3]) * x[4];
    if (yield_law == 0) grams = grams / formula::poisson_yield(x[4], x[5]);
    if (yield_law == 1) grams = grams / formula::murphy_yield(x[4], x[5]);
    if (yield_law == 2) grams = grams / formula::negative_binomial_yield(x[4], x[5], x[6]);
    if (edge) grams = grams + x[3] / formula::dies_per_wafer(x[4], x[7]) * sqrt(x[4]);
    return grams;
  }
};

std::vector<Input> any_process() {
  struct Range {
    const char* name;
    double low, high;
  };
  std::vector<Input> inputs;
  for (const Range& range :
       {Range{"intensity", 1e-5, 2.5e-4}, Range{"energy", 2e4, 1.5e5}, Range{"gas", 0.5, 5}, Range{"material", 2, 8},
        Range{"area", 5, 800}, Range{"defects", 1e-4, 5e-3}, Range{"clustering", 1, 20}, Range{"wafer", 200, 450}}) {
    const auto within = [&] { return range.low + (range.high - range.low) * (*rc::gen::inRange(0, 1001) / 1e3); };
    double a = within(), b = within();
    if (a > b) std::swap(a, b);
    inputs.push_back({range.name,
                      {a + (b - a) / 2, a, b},
                      *rc::gen::element(Shape::triangular, Shape::uniform),
                      *rc::gen::element<std::string>("", "fab")});
  }
  return inputs;
}

RC_GTEST_PROP(DieUncertainty, IntervalContainsEveryMonteCarloSample, ()) {
  const GoodDie model{*rc::gen::inRange(0, 4), *rc::gen::arbitrary<bool>()};
  const auto inputs = any_process();
  const auto bounds = carbon::interval_bounds(model, inputs);
  const auto drawn = carbon::monte_carlo(model, inputs, {.samples = 2000});
  RC_ASSERT(bounds.has_value() && drawn.has_value());
  RC_ASSERT(bounds->range.low <= drawn->low);
  RC_ASSERT(drawn->high <= bounds->range.high);
  RC_ASSERT(bounds->range.contains(drawn->nominal));
}

RC_GTEST_PROP(DieUncertainty, FirstOrderAgreesWithMonteCarloWhereInputsHardlyVary, ()) {
  const GoodDie model{*rc::gen::inRange(0, 4), *rc::gen::arbitrary<bool>()};
  auto inputs = any_process();
  for (Input& input : inputs) {
    input.estimate.low = input.estimate.value * 0.9995;
    input.estimate.high = input.estimate.value * 1.0005;
  }
  const auto first = carbon::first_order(model, inputs);
  const auto drawn = carbon::monte_carlo(model, inputs, {.samples = 20'000});
  RC_ASSERT(first.has_value() && drawn.has_value());
  RC_ASSERT(std::abs(first->standard_deviation - drawn->standard_deviation) <= 0.05 * drawn->standard_deviation);
  RC_ASSERT(std::abs(first->mean - drawn->mean) <= 6 * drawn->standard_error() + 1e-4 * drawn->mean);
}

// --- What splitting a die does to its worst cases
// ----------------------------------------------------------------------

/// Grams of `dies` equal dies that together have 600 mm2 at 7 nm. Inputs: fab intensity, energy, gas, defect density,
/// all of them shared by the dies (one fab, one process).
struct Split {
  double dies = 1;
  template <class T>
  T operator()(std::span<const T> x) const {
    const T area = 600 / dies;
    const T grams = formula::carbon_per_area(x[1], x[0], x[2], T(5.0)) * area;
    return T(dies) * grams / formula::negative_binomial_yield(area, x[3], T(10.0));
  }
};

/// 7 nm, per mm2 and joule. Intensity of the fab's grid: Taiwan, 583 g/kWh, between Europe (295) and India (725), from
/// ACT (v2.0, 2022 file). Energy: ACT's 2.15 kWh/cm2, between its values for the nodes before and after (1.52 and
/// 2.75). Gas: ACT's 200 to 350 g/cm2 (99 and 95 % abated). Material: 500 g/cm2. Defects: ECO-CHIP's 0.20 per cm2, down
/// to 3D-Carbon's 0.10 and as far up, for a process that is still learning.
std::vector<Input> seven_nm() {
  const double kwh = 3.6e6;
  return {{"fab grid", {583 / kwh, 295 / kwh, 725 / kwh}},
          {"energy", {0.0215 * kwh, 0.0152 * kwh, 0.0275 * kwh}},
          {"gas", {2.75, 2.0, 3.5}, Shape::uniform},
          {"defects", {0.0020, 0.0010, 0.0030}}};
}

TEST(DieUncertainty, ChipletsLowerTheP95MoreThanTheMean) {
  // CarbonClarity reports for 7 nm a P95 up to 1.6 times the mean, and 18 % less P95 with chiplets; its inputs are not
  // public, so the direction is tested, on the inputs above. Both cases meet the same draws.
  const auto inputs = seven_nm();
  const auto one = carbon::monte_carlo(Split{1}, inputs, {.samples = 200'000});
  const auto four = carbon::monte_carlo(Split{4}, inputs, {.samples = 200'000});
  ASSERT_TRUE(one && four);
  const double mean_saving = 1 - four->mean / one->mean, p95_saving = 1 - four->p95 / one->p95;
  EXPECT_GT(mean_saving, 0.3);
  EXPECT_GT(p95_saving, mean_saving + 0.05);
  EXPECT_GT(one->p95 / one->mean, 1.2);
  EXPECT_LT(one->p95 / one->mean, 1.7);
  EXPECT_LT(four->p95 / four->mean, one->p95 / one->mean);
}

/// What docs/uncertainty.md prints, in kg, and shares of the variance by input.
struct Printed {
  double dies, nominal, low, high, first_mean, first_sd, mean, sd, p5, p50, p95;
  double first_order_share[4], sobol_first[4];
};

TEST(DieUncertainty, TheWorkedExampleOfTheDocumentation) {
  const Printed table[] = {{1,
                            37.80,
                            12.34,
                            89.30,
                            35.75,
                            8.99,
                            36.54,
                            9.24,
                            23.24,
                            35.50,
                            53.52,
                            {0.158, 0.077, 0.008, 0.757},
                            {0.157, 0.077, 0.008, 0.747}},
                           {4,
                            16.36,
                            8.00,
                            26.50,
                            15.47,
                            2.13,
                            15.50,
                            2.14,
                            12.09,
                            15.42,
                            19.15,
                            {0.527, 0.259, 0.027, 0.187},
                            {0.522, 0.257, 0.027, 0.187}}};
  const auto inputs = seven_nm();
  const carbon::MonteCarloOptions options{.samples = 200'000};
  for (const Printed& printed : table) {
    const Split model{printed.dies};
    const auto bounds = carbon::interval_bounds(model, inputs);
    const auto first = carbon::first_order(model, inputs);
    const auto drawn = carbon::monte_carlo(model, inputs, options);
    const auto shares = carbon::sobol(model, inputs, options);
    ASSERT_TRUE(bounds && first && drawn && shares);
    const auto expect_kg = [](double grams, double kg) { EXPECT_NEAR(grams / 1e3, kg, 0.0051); };
    expect_kg(drawn->nominal, printed.nominal);
    expect_kg(bounds->range.low, printed.low);
    expect_kg(bounds->range.high, printed.high);
    expect_kg(first->mean, printed.first_mean);
    expect_kg(first->standard_deviation, printed.first_sd);
    expect_kg(drawn->mean, printed.mean);
    expect_kg(drawn->standard_deviation, printed.sd);
    expect_kg(drawn->p5, printed.p5);
    expect_kg(drawn->p50, printed.p50);
    expect_kg(drawn->p95, printed.p95);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_NEAR(first->contributions[i].share, printed.first_order_share[i], 0.00051) << inputs[i].name;
      EXPECT_NEAR(shares->shares[i].first, printed.sobol_first[i], 0.00051) << inputs[i].name;
    }
  }
}

// --- One fab grid for all chiplets
// ------------------------------------------------------------------------------------

/// Sum of the grams of chiplets that each have a grid of their own by name: x[i] is the intensity of chiplet i.
struct Chiplets {
  template <class T>
  T operator()(std::span<const T> x) const {
    T sum = 0.0;
    for (const T& intensity : x)
      sum = sum + formula::carbon_per_area(T(0.0215 * 3.6e6), intensity, T(2.75), T(5.0)) * T(150.0);
    return sum;
  }
};

TEST(DieUncertainty, OneFabGridMakesTheVarianceOfNChipletsNTimesThatOfNGrids) {
  const double kwh = 3.6e6;
  const std::size_t n = 4;
  std::vector<Input> apart, shared;
  for (std::size_t i = 0; i < n; ++i) {
    apart.push_back({"grid of chiplet " + std::to_string(i), {583 / kwh, 295 / kwh, 725 / kwh}});
    shared.push_back(apart.back());
    shared.back().group = "fab grid";
  }
  const auto first_apart = carbon::first_order(Chiplets{}, apart),
             first_shared = carbon::first_order(Chiplets{}, shared);
  ASSERT_TRUE(first_apart && first_shared);
  EXPECT_NEAR(first_shared->variance / first_apart->variance, n, 1e-9);
  const auto apart_drawn = carbon::monte_carlo(Chiplets{}, apart, {.samples = 200'000});
  const auto shared_drawn = carbon::monte_carlo(Chiplets{}, shared, {.samples = 200'000});
  ASSERT_TRUE(apart_drawn && shared_drawn);
  EXPECT_NEAR(shared_drawn->standard_deviation / apart_drawn->standard_deviation, std::sqrt(n), 0.02);
  EXPECT_NEAR(shared_drawn->standard_deviation, first_shared->standard_deviation,
              0.01 * first_shared->standard_deviation);
}

}  // namespace
}  // namespace cradle::embodied
