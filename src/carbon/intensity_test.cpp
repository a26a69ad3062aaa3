#include "cradle/carbon/intensity.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "cradle/base/csv.h"
#include "cradle/base/file.h"
#include "cradle/carbon/metric.h"

namespace cradle::carbon {
namespace {

using namespace literals;

std::vector<GramsPerKilowattHour> grams(const std::vector<double>& values) {
  std::vector<GramsPerKilowattHour> steps;
  for (const double value : values) steps.emplace_back(value);
  return steps;
}

/// The definition, step by step, in extended precision: what the prefix sums must equal.
double brute_force(const IntensitySeries& series, Instant from, Instant to) {
  const std::int64_t step = series.step_ms();
  const auto count = static_cast<std::int64_t>(series.steps().size());
  long double sum = 0;
  for (std::int64_t at = from.ms; at < to.ms;) {
    const std::int64_t offset = at - series.start().ms;
    const std::int64_t index = offset >= 0 ? offset / step : -((-offset + step - 1) / step);
    const std::int64_t next = std::min(to.ms, series.start().ms + (index + 1) * step);
    const std::int64_t folded = ((index % count) + count) % count;
    sum += static_cast<long double>(series.steps()[static_cast<std::size_t>(folded)].value()) * (next - at) / 1000;
    at = next;
  }
  return static_cast<double>(sum);
}

/// low .. high - 1, small and large alike (rapidcheck would begin near `low`).
rc::Gen<std::int64_t> within(std::int64_t low, std::int64_t high) {
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high));
}

IntensitySeries any_series(bool periodic) {
  const auto value = rc::gen::map(within(0, 1'500'000),
                                  [](std::int64_t milligrams) { return static_cast<double>(milligrams) / 1000; });
  const auto count = static_cast<std::size_t>(*within(1, 60));
  const auto values = *rc::gen::container<std::vector<double>>(count, value);
  const auto step = *rc::gen::element<std::int64_t>(1, 7, 300'000, ms_per_hour, ms_per_day);
  const auto start = *within(-1000 * step, 1000 * step);
  return *IntensitySeries::make(Signal::average, Instant{start}, step, grams(values), periodic);
}

/// `count` instants in order within three periods on either side of the start, or within the series.
std::vector<Instant> any_instants(const IntensitySeries& series, std::size_t count) {
  const std::int64_t span = series.end().ms - series.start().ms;
  const std::int64_t low = series.periodic() ? series.start().ms - 3 * span : series.start().ms;
  const std::int64_t high = series.periodic() ? series.end().ms + 3 * span : series.end().ms;
  auto instants = *rc::gen::container<std::vector<Instant>>(
      count, rc::gen::map(within(low, high), [](std::int64_t ms) { return Instant{ms}; }));
  std::sort(instants.begin(), instants.end());
  return instants;
}

void expect_close(double actual, double expected, double relative) {
  RC_ASSERT(std::abs(actual - expected) <= relative * std::max(std::abs(actual), std::abs(expected)));
}

RC_GTEST_PROP(Intensity, IntegralEqualsTheSumOverSteps, (bool periodic)) {
  const auto series = any_series(periodic);
  const auto t = any_instants(series, 2);
  expect_close(series.integral(t[0], t[1]).value(), brute_force(series, t[0], t[1]), 1e-14);
}

RC_GTEST_PROP(Intensity, IntegralsOverAdjacentIntervalsAddUp, (bool periodic)) {
  const auto series = any_series(periodic);
  const auto t = any_instants(series, 3);
  expect_close((series.integral(t[0], t[1]) + series.integral(t[1], t[2])).value(), series.integral(t[0], t[2]).value(),
               1e-14);
}

RC_GTEST_PROP(Intensity, MeanLiesBetweenTheExtremesAndRepeatsWithThePeriod, ()) {
  const auto series = any_series(true);
  const auto t = any_instants(series, 2);
  const auto [low, high] = std::minmax_element(series.steps().begin(), series.steps().end());
  const double mean = series.mean(t[0], t[1]).value();
  RC_ASSERT(mean >= low->value() * (1 - 1e-14));
  RC_ASSERT(mean <= high->value() * (1 + 1e-14));
  const std::int64_t period = series.end().ms - series.start().ms;
  const std::int64_t shift = period * *within(-50, 50);
  RC_ASSERT(series.at(t[0]) == series.at(Instant{t[0].ms + shift}));
  expect_close(series.integral({t[0].ms + shift}, {t[1].ms + shift}).value(), series.integral(t[0], t[1]).value(),
               1e-14);
}

TEST(Intensity, ShortIntervalsStayExactFarFromTheStart) {
  // A typical year that starts in 2022 is asked for seconds and hours in 1970 and in 2105: no digits may be lost.
  std::vector<double> values(8760);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 100.0 + static_cast<double>((i * 7919) % 613) / 7;
  const auto series = *IntensitySeries::make(Signal::average, instant_of(2022, 1, 1), ms_per_hour, grams(values), true);
  for (const int year : {1970, 2022, 2105}) {
    const Instant at = instant_of(year, 11, 17, 13);
    for (const std::int64_t half : {std::int64_t{500}, ms_per_hour / 2, ms_per_hour, 3 * ms_per_hour}) {
      const Instant from{at.ms - half}, to{at.ms + half};
      EXPECT_DOUBLE_EQ(series.integral(from, to).value(), brute_force(series, from, to)) << year << " " << half;
    }
  }
}

TEST(Intensity, StepsHoldFromTheirStartToTheNext) {
  const auto series = *IntensitySeries::make(Signal::average, Instant{1000}, 10, grams({36, 72}), false);
  EXPECT_EQ(series.at({1000}), GramsPerJoule{36_g_per_kWh});
  EXPECT_EQ(series.at({1009}), GramsPerJoule{36_g_per_kWh});
  EXPECT_EQ(series.at({1010}), GramsPerJoule{72_g_per_kWh});
  // 36 g/kWh is 1e-5 g/J; 5 ms of it and 5 ms of the double.
  EXPECT_DOUBLE_EQ(series.integral({1005}, {1015}).value(), 15e-8);
  EXPECT_DOUBLE_EQ(series.mean({1005}, {1015}).value(), 1.5e-5);
  EXPECT_EQ(series.mean({1010}, {1010}), GramsPerJoule{72_g_per_kWh});
  EXPECT_EQ(series.integral({1020}, {1020}).value(), 0);
  EXPECT_EQ(series.end(), Instant{1020});
}

TEST(Intensity, CoversIsExactAtTheEdges) {
  const auto once = *IntensitySeries::make(Signal::average, Instant{0}, 10, grams({1, 2}), false);
  EXPECT_TRUE(once.covers({0}, {20}));
  EXPECT_TRUE(once.covers({19}, {19}));
  EXPECT_FALSE(once.covers({-1}, {5}));
  EXPECT_FALSE(once.covers({5}, {21}));
  EXPECT_FALSE(once.covers({20}, {20}));
  EXPECT_FALSE(once.covers({6}, {5}));
  const auto year = IntensitySeries::constant(Signal::marginal, 5_g_per_kWh);
  EXPECT_TRUE(year.covers({-1'000'000'000'000'000}, {1'000'000'000'000'000}));
  EXPECT_FALSE(year.covers({0}, {std::numeric_limits<std::int64_t>::max()}));
  EXPECT_EQ(year.signal(), Signal::marginal);
  EXPECT_EQ(name(year.signal()), "marginal");
}

TEST(Intensity, AConstantSeriesIsTheSameForAllTime) {
  const auto series = IntensitySeries::constant(Signal::average, 360_g_per_kWh);
  // 360 g/kWh is 1e-4 g/J: 1000 s make 0.1 g s/J, before and after 1970 alike.
  EXPECT_DOUBLE_EQ(series.integral({-500'000}, {500'000}).value(), 0.1);
  EXPECT_DOUBLE_EQ(operational(1000_W, 1.5, series, {0}, {3'600'000}).value(), 540);  // 1.5 kWh at 360 g
}

TEST(Intensity, BadSeriesAreRefusedByTheStepTheyStandIn) {
  const auto make = [](std::vector<double> values, std::int64_t step = ms_per_hour, std::int64_t start = 0) {
    return IntensitySeries::make(Signal::average, Instant{start}, step, grams(values), true);
  };
  EXPECT_FALSE(make({}));
  for (const double bad :
       {-1e-9, -300.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const auto series = make({1, 2, bad, 4});
    ASSERT_FALSE(series) << bad;
    EXPECT_EQ(series.error().code, ErrorCode::bad_input);
    EXPECT_NE(series.error().where.find("step 2"), std::string::npos) << series.error().where;
    EXPECT_FALSE(series.error().hint.empty());
  }
  EXPECT_FALSE(make({1}, 0));
  EXPECT_FALSE(make({1}, -5));
  EXPECT_FALSE(make({1, 2, 3}, std::numeric_limits<std::int64_t>::max()));
  EXPECT_FALSE(make({1}, 1, std::numeric_limits<std::int64_t>::min()));
  EXPECT_FALSE(make({1}, 1, std::numeric_limits<std::int64_t>::max()));
  EXPECT_FALSE(make({2e6}));  // two tonnes a kilowatt-hour: a mistaken unit
  EXPECT_TRUE(make({0, 0}));
}

TEST(Intensity, ARealYearHasItsKnownMean) {
  // Hourly average intensity of US balancing areas in 2022, from EIA generation by fuel (public domain; compiled in
  // HewlettPackard/dc-rl, MIT). The arithmetic means of the 8,760 hours were computed apart, to three decimals.
  const std::filesystem::path folder = CRADLE_SOURCE_DIR "/../shared/data/grid-eia-hourly-2022";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no grid data beside the source folder";
  const std::pair<const char*, double> means[] = {
      {"AZPS.csv", 575.042}, {"BPAT.csv", 54.714}, {"ERCO.csv", 347.202}, {"NYIS.csv", 272.770}, {"SOCO.csv", 423.198}};
  for (const auto& [file, mean] : means) {
    const auto text = read_file(folder / file);
    ASSERT_TRUE(text) << file;
    std::vector<GramsPerKilowattHour> steps;
    static constexpr std::string_view columns[] = {"avg_CI"};
    const auto rows = read_csv(*text, file, columns, [&steps](const CsvRow& row) -> Result<void> {
      const auto value = row.number(0, 0, 5000);
      if (!value) return value.error();
      steps.emplace_back(*value);
      return {};
    });
    ASSERT_TRUE(rows) << to_string(rows.error());
    EXPECT_EQ(*rows, 8760U);
    const auto series = *IntensitySeries::make(Signal::average, instant_of(2022, 1, 1), ms_per_hour, steps, true);
    EXPECT_NEAR(GramsPerKilowattHour{series.mean(series.start(), series.end())}.value(), mean, 6e-4) << file;
    // A day across the new year wraps from the last hours to the first ones.
    const Instant from = instant_of(2022, 12, 31, 12), to = instant_of(2023, 1, 1, 12);
    EXPECT_NEAR(series.integral(from, to).value(), brute_force(series, from, to), 1e-12);
  }
}

}  // namespace
}  // namespace cradle::carbon
