#include "cradle/power/unit_cost.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

namespace cradle::power {
namespace {

using carbon::Estimate;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::GramsPerSquareMillimetre;
using carbon::PerSquareMillimetre;

UnitSilicon silicon_of(double grams_per_mm2, double transistors_per_mm2) {
  return {Estimate<GramsPerSquareMillimetre>::exact(GramsPerSquareMillimetre{grams_per_mm2}),
          Estimate<PerSquareMillimetre>::exact(PerSquareMillimetre{transistors_per_mm2})};
}

const GramsPerJoule grid{GramsPerKilowattHour{400}};

// Densities and carbon per area: ECO-CHIP (ASU-VDA-Lab/ECO-CHIP at fe998d9, BSD-3-Clause). 10.2 kGE of 4 transistors,
// before yield and edge: 12.9 mg at 7 nm and 38 mg at 14 nm, paid back by 116 J and 342 J at 400 g/kWh.
TEST(UnitCost, ThePublishedUnitByNode) {
  struct Node {
    double density, carbon, square_mm, milligrams, joules;
  };
  for (const Node& node : {Node{82.86e6, 26.13, 0.00049, 12.87, 115.8}, Node{38.72e6, 19.49, 0.00105, 20.54, 184.8},
                           Node{18.09e6, 16.84, 0.00226, 37.98, 341.8}, Node{8.45e6, 16.74, 0.00483, 80.83, 727.5},
                           Node{3.95e6, 14.138, 0.01033, 146.03, 1314.3}}) {
    const auto cost = unit_cost({Estimate<double>::exact(10.2)}, silicon_of(node.carbon, node.density), grid, "test");
    ASSERT_TRUE(cost);
    EXPECT_NEAR(cost->transistors.value, 40'800, 1e-9);
    EXPECT_NEAR(cost->area.value.value(), node.square_mm, 1e-5);
    EXPECT_NEAR(cost->embodied.value.value() * 1000, node.milligrams, 0.01);
    EXPECT_NEAR(cost->payback.value.value(), node.joules, 0.1);
    const auto ours = unit_cost(unit_design, silicon_of(node.carbon, node.density), grid, "test");
    const auto published = unit_cost(published_unit_design, silicon_of(node.carbon, node.density), grid, "test");
    ASSERT_TRUE(ours && published);
    // The target is 60 %, the worst of ours against the best of theirs.
    EXPECT_LT(ours->embodied.high, 0.6 * published->embodied.low);
  }
}

// Yosys 0.23: 2.83 kGE against 9.16 in osu018; the published unit's mean over five libraries is 10.2, at most 10.35.
TEST(UnitCost, IsComparedWithTheSameCellsWhereTheyAreKnown) {
  EXPECT_EQ(compared_with_published(unit_design.kilogates.value, true),
            "2.83 kGE, 30.9 % of the published unit's 9.16 in the same cells (osu018), 27.7 % of its mean over five "
            "libraries, 10.2");
  EXPECT_EQ(compared_with_published(5.1, false),
            "5.1 kGE as given, of cells unknown here: of the published unit 49.3 % to 55.7 % from library to library, "
            "50 % of its mean over five libraries, 10.2");
}

RC_GTEST_PROP(UnitCost, BoundsAreThoseOfEveryChoiceOfFactors, ()) {
  const auto draw = [](double from) {
    const auto part = [] { return *rc::gen::inRange(1, 1000) / 1000.0; };
    const double low = from * (0.1 + part()), value = low * (1 + part()), high = value * (1 + part());
    return Estimate<double>{value, low, high};
  };
  const auto within = [](const Estimate<double>& e) {
    return e.low + (e.high - e.low) * (*rc::gen::inRange(0, 1001) / 1000.0);
  };
  const Estimate<double> gates = draw(3), grams = draw(15), density = draw(2e7), good = draw(0.2);
  const UnitSilicon silicon{
      {GramsPerSquareMillimetre{grams.value}, GramsPerSquareMillimetre{grams.low},
       GramsPerSquareMillimetre{grams.high}},
      {PerSquareMillimetre{density.value}, PerSquareMillimetre{density.low}, PerSquareMillimetre{density.high}},
      {good.value, good.low, std::min(good.high, 1.0)}};
  const auto cost = unit_cost({gates}, silicon, grid, "test");
  RC_ASSERT(cost.has_value());
  RC_ASSERT(cost->embodied.low <= cost->embodied.value && cost->embodied.value <= cost->embodied.high);
  const double any = within(gates) * 4000 / within(density) * within(grams) / within(silicon.good_fraction);
  RC_ASSERT(any >= cost->embodied.low.value() * (1 - 1e-12));
  RC_ASSERT(any <= cost->embodied.high.value() * (1 + 1e-12));
  RC_ASSERT(std::abs(cost->payback.high.value() * 400 / 3.6e6 - cost->embodied.high.value()) <
            1e-9 * cost->embodied.high.value());
}

TEST(UnitCost, RefusesWhatIsNoQuantity) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const auto message = [](const UnitDesign& design, const UnitSilicon& silicon, GramsPerJoule intensity) {
    const auto cost = unit_cost(design, silicon, intensity, "--kge");
    EXPECT_FALSE(cost);
    if (cost) return std::string();
    EXPECT_EQ(cost.error().code, ErrorCode::bad_input);
    EXPECT_EQ(cost.error().where, "--kge");
    EXPECT_FALSE(cost.error().hint.empty());
    return cost.error().message;
  };
  const UnitSilicon good = silicon_of(20, 1e7);
  for (const double bad : {0.0, -1.0, nan, infinity}) {
    EXPECT_EQ(message({Estimate<double>::exact(bad)}, good, grid).find("gate equivalents"), 0U) << bad;
    EXPECT_EQ(message({Estimate<double>::exact(1), bad}, good, grid).find("transistors per gate"), 0U) << bad;
    EXPECT_EQ(message(unit_design, silicon_of(bad, 1e7), grid).find("carbon per area"), 0U) << bad;
    EXPECT_EQ(message(unit_design, silicon_of(20, bad), grid).find("transistors per area"), 0U) << bad;
    EXPECT_EQ(message(unit_design, good, GramsPerJoule{bad}).find("intensity"), 0U) << bad;
  }
  UnitSilicon yields = good;
  yields.good_fraction = {0.9, 0.8, 1.1};
  EXPECT_EQ(message(unit_design, yields, grid), "good fraction up to 1.1");
  yields.good_fraction = {0.9, 0.95, 1};
  EXPECT_EQ(message(unit_design, yields, grid), "good fraction of 0.9, 0.95 to 1");
  EXPECT_EQ(message({{2, 3, 4}}, good, grid), "gate equivalents of 2, 3 to 4");
  // Finite factors whose product is not.
  EXPECT_EQ(message({Estimate<double>::exact(1e300)}, silicon_of(1e300, 1), grid).find("a unit that is paid back by"),
            0U);
}

}  // namespace
}  // namespace cradle::power
