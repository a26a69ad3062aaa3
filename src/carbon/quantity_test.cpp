#include "cradle/carbon/quantity.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <type_traits>

#include "cradle/carbon/compensated_sum.h"

namespace cradle::carbon {
namespace {

using namespace literals;

// A quantity is a double to the machine.
static_assert(sizeof(KilowattHours) == sizeof(double) && alignof(KilowattHours) == alignof(double));
static_assert(std::is_trivially_copyable_v<GramsPerJoule> && std::is_nothrow_move_constructible_v<GramsPerJoule>);
static_assert(!std::is_convertible_v<double, Joules> && !std::is_convertible_v<Joules, double>);
static_assert(!std::is_convertible_v<KilowattHours, Joules>);

// Products and quotients have the dimension they should.
static_assert(std::is_same_v<decltype(1_W * 1_s), Joules>);
static_assert(std::is_same_v<decltype(1_J * GramsPerJoule{1}), GramsCO2e>);
static_assert(std::is_same_v<decltype(1_W * IntensitySeconds{1}), GramsCO2e>);
static_assert(std::is_same_v<decltype(1_g / 1_s), GramsPerSecond>);
static_assert(std::is_same_v<decltype(Operations{1} * JoulesPerOperation{1}), Joules>);
static_assert(std::is_same_v<decltype(1_J / 1_J), double>);
static_assert(std::is_same_v<decltype(1_s * (1_J / 1_s / 1_J)), double>);

// Units.
static_assert(Joules{1_kWh} == 3'600'000_J);
static_assert(Seconds{2_h} == 7200_s);
static_assert(GramsCO2e{1.5_kg} == 1500_g);
static_assert(KilogramsCO2e{TonnesCO2e{2}} == 2000_kg);
static_assert(Hours{Years{1}} == 8766_h);
static_assert(GramsPerJoule{360_g_per_kWh} == GramsPerJoule{1e-4});
static_assert(Bytes{Gibibytes{1}} == Bytes{1024.0 * 1024 * 1024});

RC_GTEST_PROP(Quantity, AChangeOfUnitAndBackIsTheSame, (int thousandths)) {
  const double value = thousandths / 1000.0;
  const auto same = [value](double other) { return std::abs(other - value) <= 1e-15 * std::abs(value); };
  RC_ASSERT(same(KilowattHours{Joules{KilowattHours{value}}}.value()));
  RC_ASSERT(same(GramsPerKilowattHour{GramsPerJoule{GramsPerKilowattHour{value}}}.value()));
  RC_ASSERT(same(Years{Seconds{Years{value}}}.value()));
}

RC_GTEST_PROP(Quantity, EnergyTimesIntensityIsTheSameInBothUnits, (unsigned watt_hours, unsigned short grams)) {
  const KilowattHours energy{watt_hours / 1000.0};
  const double expected = energy.value() * grams;
  const GramsCO2e actual = Joules{energy} * GramsPerJoule{GramsPerKilowattHour{static_cast<double>(grams)}};
  RC_ASSERT(std::abs(actual.value() - expected) <= 1e-15 * expected);
}

TEST(CompensatedSum, KeepsWhatAPlainSumLoses) {
  CompensatedSum sum;
  double plain = 0;
  for (const double term : {1e16, 1.0, 1.0, -1e16}) {
    sum.add(term);
    plain += term;
  }
  EXPECT_EQ(sum.value(), 2);
  EXPECT_NE(plain, 2) << "or there was nothing to keep";
}

}  // namespace
}  // namespace cradle::carbon
