#include "cradle/shifting/forecast.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

namespace cradle::shifting {
namespace {

using carbon::GramsPerKilowattHour;

Signal hourly(std::size_t hours, Step width = 10) {
  std::vector<GramsPerKilowattHour> values;
  for (std::size_t i = 0; i < hours; ++i)
    values.emplace_back(200 + 100 * std::sin(static_cast<double>(i) * 0.26) + static_cast<double>(i % 7));
  return *Signal::make(std::move(values), width);
}

double value(const Signal& signal, std::size_t i) { return signal.values()[i].value(); }

const std::vector<std::string> all_models{"perfect", "noise:0.1", "flat-noise:0.05", "persistence", "day-ahead"};

RC_GTEST_PROP(Forecast, the_past_and_the_present_are_known, ()) {
  const Signal truth = hourly(100);
  const auto model = *forecast_by_name(*rc::gen::elementOf(all_models));
  const Step now = *rc::gen::inRange<Step>(0, truth.end());
  const Signal believed = forecast(truth, now, model, 7);
  RC_ASSERT(believed.end() == truth.end());
  for (std::size_t i = 0; i < 100; ++i) {
    if (static_cast<Step>(i) <= now / 10) RC_ASSERT(value(believed, i) == value(truth, i));
    RC_ASSERT(value(believed, i) >= 0);
  }
}

RC_GTEST_PROP(Forecast, is_the_same_for_all_who_ask_within_a_value, ()) {
  const Signal truth = hourly(60);
  const auto model = *forecast_by_name(*rc::gen::elementOf(all_models));
  const Step hour = *rc::gen::inRange<Step>(0, 60);
  const Signal a = forecast(truth, hour * 10, model, 7), b = forecast(truth, hour * 10 + 9, model, 7);
  for (std::size_t i = 0; i < 60; ++i) RC_ASSERT(value(a, i) == value(b, i));
}

TEST(Forecast, without_error_noise_is_perfect) {
  const Signal truth = hourly(60);
  for (const char* name : {"perfect", "noise:0", "flat-noise:0"}) {
    const Signal believed = forecast(truth, 100, *forecast_by_name(name), 7);
    for (std::size_t i = 0; i < 60; ++i) EXPECT_EQ(value(believed, i), value(truth, i)) << name;
  }
}

// The stated error is the standard deviation a day ahead and grows with the root of lead time: over 4,000 seeds the
// estimate has a standard error of 1.1 %.
TEST(Forecast, noise_has_the_stated_error) {
  const Signal truth = hourly(100);
  const ForecastModel model = *forecast_by_name("noise:0.1");
  double sums[3] = {0, 0, 0}, mean = 0;
  constexpr int seeds = 4000;
  const std::size_t leads[3] = {6, 24, 96};
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const Signal believed = forecast(truth, 0, model, seed);
    for (int l = 0; l < 3; ++l) {
      const double error = value(believed, leads[l]) / value(truth, leads[l]) - 1;
      sums[l] += error * error / seeds;
      if (leads[l] == 24) mean += error / seeds;
    }
  }
  EXPECT_NEAR(std::sqrt(sums[0]), 0.05, 0.0025);
  EXPECT_NEAR(std::sqrt(sums[1]), 0.10, 0.005);
  EXPECT_NEAR(std::sqrt(sums[2]), 0.20, 0.01);
  EXPECT_NEAR(mean, 0, 0.008);
}

TEST(Forecast, flat_noise_has_the_stated_error_at_every_lead) {
  const Signal truth = hourly(20'000, 1);
  const double mean = truth.sum(0, truth.end()) / 20'000;
  const Signal believed = forecast(truth, 0, *forecast_by_name("flat-noise:0.1"), 3);
  double square = 0;
  for (std::size_t i = 1; i < 20'000; ++i)
    square += std::pow((value(believed, i) - value(truth, i)) / mean, 2) / 19'999;
  EXPECT_NEAR(std::sqrt(square), 0.1, 0.003);
  // The same noise whenever it is asked for.
  const Signal later = forecast(truth, 500, *forecast_by_name("flat-noise:0.1"), 3);
  EXPECT_EQ(value(later, 600), value(believed, 600));
}

TEST(Forecast, made_from_the_past) {
  const Signal truth = hourly(100);
  const Signal still = forecast(truth, 305, *forecast_by_name("persistence"), 7);
  const Signal profile = forecast(truth, 305, *forecast_by_name("day-ahead"), 7);
  for (std::size_t i = 31; i < 100; ++i) EXPECT_EQ(value(still, i), value(truth, 30));
  EXPECT_EQ(value(profile, 31), value(truth, 7));
  EXPECT_EQ(value(profile, 54), value(truth, 30));
  EXPECT_EQ(value(profile, 55), value(truth, 7));  // two days ahead: the latest known day again
  const Signal first = forecast(truth, 0, *forecast_by_name("day-ahead"), 7);
  EXPECT_EQ(value(first, 5), value(truth, 0));
  EXPECT_EQ(value(first, 24), value(truth, 0));
}

TEST(Forecast, names_are_read_back) {
  for (const std::string& text : all_models) {
    const auto model = forecast_by_name(text);
    ASSERT_TRUE(model) << text;
    EXPECT_EQ(name(*model), text);
  }
  for (const char* text :
       {"", "noise", "noise:", "noise:-0.1", "noise:nan", "noise:11", "perfect:0.1", "Noise:0.1", "noise:0.1:2"}) {
    const auto model = forecast_by_name(text);
    ASSERT_FALSE(model) << text;
    EXPECT_FALSE(model.error().hint.empty());
  }
}

}  // namespace
}  // namespace cradle::shifting
