#include "units.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "cradle/base/text.h"

namespace cradle::published {
namespace {

double value(std::string_view text, const UnitPowers& powers, const UnitRules& rules = {}) {
  const auto measure = parse_measure(text, powers, "what is wanted", "here", rules);
  EXPECT_TRUE(measure) << text << ": " << (measure ? "" : to_string(measure.error()));
  return measure ? *measure : std::nan("");
}

TEST(Units, OneNumberAndOneUnit) {
  EXPECT_DOUBLE_EQ(value("10 mm2", area_unit), 10);
  EXPECT_DOUBLE_EQ(value("13cm2", area_unit), 1300);
  EXPECT_DOUBLE_EQ(value("50mm^2", area_unit), 50);
  EXPECT_DOUBLE_EQ(value("826 mm**2", area_unit), 826);
  EXPECT_DOUBLE_EQ(value("7 mm\xC2\xB2", area_unit), 7);
  EXPECT_DOUBLE_EQ(value("5000000 um2", area_unit), 5);
  EXPECT_DOUBLE_EQ(value("10 inch**2", area_unit), 6451.6);
  EXPECT_DOUBLE_EQ(value("64GB", data_unit), 64e9);
  EXPECT_DOUBLE_EQ(value("3 GiB", data_unit), 3.0 * 1024 * 1024 * 1024);
  EXPECT_DOUBLE_EQ(value("16 Gbit", data_unit), 2e9);
  EXPECT_DOUBLE_EQ(value("8 gigabytes", data_unit), 8e9);
  EXPECT_DOUBLE_EQ(value("0.03 mg", mass_unit), 0.03e-3);
  EXPECT_DOUBLE_EQ(value("2 lb", mass_unit), 907.18474);
  EXPECT_DOUBLE_EQ(value("1 ton", mass_unit), 907184.74);
  EXPECT_DOUBLE_EQ(value("5000 mWh", energy_unit), 18000);
  EXPECT_DOUBLE_EQ(value("1 MJ", energy_unit), 1e6);
  EXPECT_DOUBLE_EQ(value("0.25kW", power_unit), 250);
  EXPECT_DOUBLE_EQ(value("18months", time_unit), 1.5 * 8766 * 3600);
  EXPECT_DOUBLE_EQ(value("2years", time_unit), 2 * 8766 * 3600.0);
  EXPECT_DOUBLE_EQ(value(".5 kg", mass_unit), 500);
  EXPECT_DOUBLE_EQ(value("1_000 g", mass_unit), 1000);
  EXPECT_DOUBLE_EQ(value("1e3 g", mass_unit), 1000);
  EXPECT_DOUBLE_EQ(value("-10 mm2", area_unit), -10);
  EXPECT_DOUBLE_EQ(value("GB", data_unit), 1e9);
}

TEST(Units, ProductsQuotientsAndSums) {
  EXPECT_DOUBLE_EQ(value("583 g / kWh", {.mass = 1, .energy = -1}), 583 / 3.6e6);
  EXPECT_DOUBLE_EQ(value("2.15 kWh / cm2", {.length = -2, .energy = 1}), 2.15 * 3.6e6 / 100);
  EXPECT_DOUBLE_EQ(value("4.1 MJ/mm2", {.length = -2, .energy = 1}), 4.1e6);
  EXPECT_DOUBLE_EQ(value("15.1 kg / kg", plain_number), 15.1);
  EXPECT_DOUBLE_EQ(value("2*3 mm2", area_unit), 6);
  EXPECT_DOUBLE_EQ(value("1/2 GB", data_unit), 0.5e9);
  EXPECT_DOUBLE_EQ(value("1 GB + 1 MB", data_unit), 1.001e9);
}

TEST(Units, PrefixOfASquare) {
  EXPECT_DOUBLE_EQ(value("1 km2", area_unit), 1e12);
  EXPECT_DOUBLE_EQ(value("1 km2", area_unit, {false}), 1e9);
  EXPECT_DOUBLE_EQ(value("1 dm2", area_unit), 1e4);
  EXPECT_DOUBLE_EQ(value("1 dm2", area_unit, {false}), 1e5);
  // Written with a power, the prefix is squared under either rule.
  EXPECT_DOUBLE_EQ(value("1 km**2", area_unit, {false}), 1e12);
}

TEST(Units, Refused) {
  for (const char* text : {"", "  ", "10 in2", "16 KB", "16 Gb", "3 KW", "1,5 GB", "1 GB + 1 g", "mm2 /", "* 2",
                           "1 2 3 +", "1e999 g", "1 / 0 g / 0", "\xFF", "10 mm3", "(1 g)", "--1 g", "1 g\n2"}) {
    const auto measure = parse_measure(text, "here");
    if (measure) {
      // What parses all the same is no area.
      EXPECT_FALSE(parse_measure(text, area_unit, "an area", "here")) << text;
      continue;
    }
    EXPECT_EQ(measure.error().where, "here") << text;
    EXPECT_FALSE(measure.error().hint.empty()) << text;
  }
  EXPECT_FALSE(parse_measure(std::string(100'000, '1') + " g", "here"));
  EXPECT_FALSE(parse_measure("10 mm", area_unit, "an area", "here"));
  EXPECT_FALSE(parse_measure("10", area_unit, "an area", "here"));
}

RC_GTEST_PROP(Units, AnyTextIsFiniteOrRefused, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789.eE+-*/^ _gkMWhmB2cJ")));
  const auto measure = parse_measure(text, "here");
  if (measure) RC_ASSERT(std::isfinite(measure->value));
}

RC_GTEST_PROP(Units, ReadsBackWhatWasWritten, ()) {
  const double grams = *rc::gen::inRange(0, 1'000'000) / 1000.0;
  const auto read = parse_measure(shortest(grams) + " g", mass_unit, "a mass", "here");
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == grams);
}

}  // namespace
}  // namespace cradle::published
