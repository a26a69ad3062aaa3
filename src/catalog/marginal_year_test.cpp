// Marginal intensity from a fuel mix: made-up grids whose marginal plant is known.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <string>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/catalog/hourly_grid.h"

namespace cradle::catalog {
namespace {

struct Mix {
  double sun = 0, water = 0, gas = 0, coal = 0;
};

/// A year of hours, MWh by fuel as `mix` gives them, with 500 MWh of nuclear.
HourlyGrid year_of(const std::function<Mix(int hour)>& mix) {
  std::string text = "timestamp,WND,SUN,WAT,OIL,NG,COL,NUC,OTH,avg_CI\n";
  const Instant start = instant_of(2022, 1, 1);
  for (int hour = 0; hour < 8760; ++hour) {
    const Mix m = mix(hour);
    const double total = m.sun + m.water + m.gas + m.coal + 500;
    const double grams = 41 * m.sun + 24 * m.water + 490 * m.gas + 820 * m.coal + 12 * 500;
    text += to_iso({start.ms + hour * ms_per_hour}) + ",0," + fixed(m.sun, 3) + "," + fixed(m.water, 3) + ",0," +
            fixed(m.gas, 3) + "," + fixed(m.coal, 3) + ",500,0," + fixed(grams / total, 6) + "\n";
  }
  return *import_fuel_mix(text, "made-up", {.collapse_fraction = 0});
}

double demand(int hour) { return 1000 + 300 * std::sin(hour * 0.26) + 57 * std::sin(hour * 1.7); }

TEST(MarginalYear, IsThePlantThatFollowsDemandWhateverTheSunDoes) {
  // Sun comes and goes, gas fills the rest, coal is constant: the average falls at noon, the marginal plant is gas.
  const auto year = *marginal_year(year_of([](int hour) {
    const double sun = std::max(0.0, 400 * std::sin((hour % 24 - 6) * 3.14159 / 12));
    return Mix{sun, 0, demand(hour) - sun, 200};
  }));
  EXPECT_NEAR(year.mean.value.value(), 490, 0.01);
  for (const auto& month : year.profile.mean)
    for (const auto& cell : month) EXPECT_NEAR(cell.value(), 490, 0.01);
  for (const auto& month : year.profile.spread)
    for (const auto& cell : month) EXPECT_NEAR(cell.value(), 0, 0.01);
  // Over all generation the sun counts too, and pulls the slope away from gas: that is the range.
  EXPECT_LT(year.mean.low.value(), 485);
  EXPECT_NEAR(year.mean.high.value(), 490, 0.01);
}

TEST(MarginalYear, FollowsTheHourOfTheDay) {
  // Water follows demand by day, coal by night: far from the changes of shift the cells say so.
  const auto year = *marginal_year(year_of([](int hour) {
    const bool day = hour % 24 >= 12;
    return Mix{0, day ? demand(hour) : 1000, 300, day ? 1000 : demand(hour)};
  }));
  EXPECT_NEAR(year.profile.mean[5][5].value(), 820, 0.01);
  EXPECT_NEAR(year.profile.mean[5][18].value(), 24, 0.01);
  EXPECT_GT(year.mean.value.value(), 24);
  EXPECT_LT(year.mean.value.value(), 820);
  // What is burnt is coal alone: where water is short, that is the answer.
  EXPECT_NEAR(year.mean.high.value(), 820, 0.01);
}

TEST(MarginalYear, StaysWithinWhatTheFuelsCanEmit) {
  // Coal rises as gas falls by nearly as much: the slope is beyond any fuel.
  const auto year = *marginal_year(year_of([](int hour) {
    return Mix{0, 0, 2000 - 0.9 * demand(hour), demand(hour)};
  }));
  for (const auto& month : year.profile.mean)
    for (const auto& cell : month) EXPECT_EQ(cell.value(), 820);
}

TEST(MarginalYear, NeedsFuelsThatChange) {
  const auto still = marginal_year(year_of([](int) { return Mix{100, 100, 100, 100}; }));
  ASSERT_FALSE(still);
  EXPECT_EQ(still.error().code, ErrorCode::missing_data);
  const auto no_fuels = marginal_year(
      *import_intensity("at,gco2\n2022-01-01T00:00:00Z,300\n2022-01-01T01:00:00Z,310\n", "made-up", "at", "gco2"));
  ASSERT_FALSE(no_fuels);
  EXPECT_NE(no_fuels.error().hint.find("fuel"), std::string::npos);
}

TEST(MarginalYear, OfTheHouseIsDerivedFromThePublishedData) {
  const std::filesystem::path folder = CRADLE_SOURCE_DIR "/../shared/data/grid-eia-hourly-2022";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the hourly grid data are absent: " << folder;
  // Slopes over the year, computed once with a few lines of Python from the same files.
  for (const auto& [id, slope] : {std::pair("CISO", 353.0), std::pair("BPAT", 29.0), std::pair("MISO", 567.0)}) {
    const auto grid = import_hourly(*read_file(folder / (std::string(id) + ".csv")), id);
    const auto year = *marginal_year(*grid);
    EXPECT_NEAR(year.mean.value.value(), slope, 10) << id;
    EXPECT_LE(year.mean.low, year.mean.value);
    EXPECT_GE(year.mean.high, year.mean.value);
  }
}

}  // namespace
}  // namespace cradle::catalog
