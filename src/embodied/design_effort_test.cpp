#include "cradle/embodied/design_effort.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cradle::embodied {
namespace {

using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::Joules;
using carbon::KilowattHours;

/// ECO-CHIP (HPCA 2024) at fe998d9, GA102 logic: 425.01 mm2 at 82.86 million transistors per mm2, 8 to a gate, 10 W for
/// a core that does 3645.8333 gates an hour, 700 g/kWh.
DesignEffort ga102() {
  DesignEffort effort;
  effort.gates = 425.01 * 82.86e6 / 8;
  effort.gates_per_core_hour = 3645.8333;
  effort.iterations = 90;
  effort.intensity = GramsPerJoule{GramsPerKilowattHour{700}};
  return effort;
}

TEST(DesignEffort, Ga102OfEcoChip) {
  const auto whole = design_carbon(ga102(), "ga102");
  ASSERT_TRUE(whole.has_value());
  // 8451918.941274688 g for each of 90 iterations; over 100,000 chips 7.606727 kg (README).
  EXPECT_NEAR(whole->value() / 90, 8451918.941274688, 1e-5);
  const auto share = amortised(*whole, 1e5, 1, "ga102");
  ASSERT_TRUE(share.has_value());
  EXPECT_NEAR(share->value(), 7606.727, 0.0005);
}

TEST(DesignEffort, PeopleAddTheirEnergy) {
  DesignEffort effort = ga102();
  const double machines = design_energy(effort).value();
  effort.person_years = 500;
  effort.energy_per_person_year = Joules{KilowattHours{2000}};
  EXPECT_NEAR(design_energy(effort).value(), machines + 500 * 2000 * 3.6e6, 1e-9 * machines);
}

TEST(DesignEffort, SharingAndVolumeDivide) {
  const GramsCO2e whole{1e9};
  EXPECT_EQ(amortised(whole, 1000, 4, "x")->value(), 250'000);
  EXPECT_EQ(amortised(whole, 4000, 1, "x")->value(), 250'000);
  EXPECT_EQ(amortised(whole, 1, 1, "x")->value(), 1e9);
}

TEST(DesignEffort, RefusesWhatCannotBe) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double volume : {0.0, -1.0, 0.5, nan}) {
    const auto result = amortised(GramsCO2e{1}, volume, 1, "bill.toml:9");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().where, "bill.toml:9");
    EXPECT_FALSE(result.error().hint.empty());
  }
  EXPECT_FALSE(amortised(GramsCO2e{1}, 10, 0, "x").has_value());
  const auto refused = [](auto change) {
    DesignEffort effort = ga102();
    change(effort);
    return !design_carbon(effort, "x").has_value();
  };
  EXPECT_TRUE(refused([](DesignEffort& e) { e.gates = -1; }));
  EXPECT_TRUE(refused([](DesignEffort& e) { e.gates_per_core_hour = 0; }));
  EXPECT_TRUE(refused([=](DesignEffort& e) { e.iterations = nan; }));
  EXPECT_TRUE(refused([](DesignEffort& e) { e.person_years = -2; }));
  EXPECT_TRUE(refused([](DesignEffort& e) { e.power_per_core = carbon::Watts{-10}; }));
  EXPECT_TRUE(refused([](DesignEffort& e) { e.intensity = GramsPerJoule{-1}; }));
  EXPECT_FALSE(refused([](DesignEffort& e) { e.gates = 0; }));
}

}  // namespace
}  // namespace cradle::embodied
