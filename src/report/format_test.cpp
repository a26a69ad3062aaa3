#include "cradle/report/format.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "cradle/base/text.h"

namespace cradle::report {
namespace {

using carbon::GramsCO2e;
using carbon::Joules;
using carbon::Seconds;

TEST(Format, SignificantDigitsWithoutAnExponent) {
  EXPECT_EQ(significant(0, 3), "0");
  EXPECT_EQ(significant(28.538813, 3), "28.5");
  EXPECT_EQ(significant(9.996, 3), "10.0");
  EXPECT_EQ(significant(99.96, 3), "100");
  EXPECT_EQ(significant(0.0123456, 3), "0.0123");
  EXPECT_EQ(significant(1234567.8, 3), "1234568");
  EXPECT_EQ(significant(-1.5, 3), "-1.50");
  EXPECT_EQ(significant(12, 3), "12");
  EXPECT_EQ(significant(1.5e-9, 2), "1.5e-09");
  EXPECT_EQ(significant(std::nan(""), 3), "-");
  EXPECT_EQ(significant(-INFINITY, 3), "-");
}

TEST(Format, DecimalsAndGroups) {
  EXPECT_EQ(decimal(-0.0001, 2), "0.00");
  EXPECT_EQ(grouped(1234, 0), "1234");
  EXPECT_EQ(grouped(12345, 0), "12\u202F345");
  EXPECT_EQ(grouped(-1234567.25, 2), "-1\u202F234\u202F567.25");
  EXPECT_EQ(grouped(std::nan(""), 1), "-");
}

TEST(Format, TheUnitFitsTheValue) {
  EXPECT_EQ(mass_text(GramsCO2e{0}), "0 gCO2e");
  EXPECT_EQ(mass_text(GramsCO2e{28.538813}), "28.5 gCO2e");
  EXPECT_EQ(mass_text(GramsCO2e{999.4}), "999 gCO2e");
  EXPECT_EQ(mass_text(GramsCO2e{999.7}), "1.00 kgCO2e");
  EXPECT_EQ(mass_text(GramsCO2e{-4.567e6}), "-4.57 tCO2e");
  EXPECT_EQ(mass_text(GramsCO2e{INFINITY}), "-");
  EXPECT_EQ(energy_text(Joules{carbon::KilowattHours{1.234}}), "1.23 kWh");
  EXPECT_EQ(duration_text(Seconds{0}), "0 s");
  EXPECT_EQ(duration_text(Seconds{0.25}), "250 ms");
  EXPECT_EQ(duration_text(Seconds{90}), "1.50 min");
  EXPECT_EQ(duration_text(Seconds{149 * 86'400.0}), "149 d");
  EXPECT_EQ(percent_text(0.1234), "12.3 %");
  EXPECT_EQ(percent_text(std::nan("")), "-");
}

RC_GTEST_PROP(Format, SignificantTextReadsBackWithinHalfADigit, ()) {
  const int exponent = *rc::gen::inRange(-5, 14);
  const double value = *rc::gen::inRange(-999'999, 999'999) * 1e-5 * std::pow(10.0, exponent);
  const int digits = *rc::gen::inRange(2, 8);
  const auto read = parse_number(significant(value, digits));
  RC_ASSERT(read.has_value());
  RC_ASSERT(std::abs(*read - value) <= std::abs(value) * 0.5000001 * std::pow(10.0, 1 - digits));
}

RC_GTEST_PROP(Format, GroupingOnlyAddsSpaces, ()) {
  const double value = *rc::gen::inRange(-2'000'000'000, 2'000'000'000);
  std::string text = grouped(value, 1);
  for (std::size_t at; (at = text.find("\u202F")) != std::string::npos;) text.erase(at, 3);
  RC_ASSERT(text == decimal(value, 1));
}

}  // namespace
}  // namespace cradle::report
