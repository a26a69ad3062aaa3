#include "cradle/embodied/die.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "cradle/embodied/formula.h"

namespace cradle::embodied {
namespace {

using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::Joules;
using carbon::KilowattHours;
using carbon::SquareMillimetres;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A number in low .. high, in 2^31 steps, small and large alike (rapidcheck would begin near `low`).
rc::Gen<double> number(double low, double high) {
  const auto steps = rc::gen::inRange(0, std::numeric_limits<int>::max());
  return rc::gen::map(rc::gen::resize(rc::kNominalSize, steps),
                      [low, high](int step) { return low + (high - low) * step / std::numeric_limits<int>::max(); });
}

/// Energy in kWh/cm2, gas and material in g/cm2, defects per cm2.
Process process(double energy, double gas, double material, double defects, double clustering = 10) {
  Process made;
  made.energy = JoulesPerSquareMillimetre{Joules{KilowattHours{energy}}.value() / 100};
  made.gas = GramsPerSquareMillimetre{gas / 100};
  made.material = GramsPerSquareMillimetre{material / 100};
  made.yield.defects = PerSquareMillimetre{defects / 100};
  made.yield.clustering = clustering;
  return made;
}

GramsPerJoule per_kwh(double grams) { return GramsPerJoule{GramsPerKilowattHour{grams}}; }

void expect_near(double actual, double expected, double relative = 1e-12) {
  EXPECT_NEAR(actual, expected, relative * std::abs(expected)) << actual << " is not " << expected;
}

// --- Published values -----------------------------------------------------------------------------------------------

TEST(Die, Epyc7351OfThreeDCarbon) {
  // 3D-Carbon (DAC 2024, parameters of March 2024): EPYC 7351P, four dies of 211 mm2 at 14 nm with 12 wiring layers
  // where the node has 10 (0.05 kWh/cm2 each, gases in proportion), Taiwan at 583 g/kWh; README: dies 16.80 kg.
  const double layers = 1.3 / 1.2;
  const Process made = process(1.3, layers * 125, 500, 0.1);
  const DieCarbon die = die_carbon(SquareMillimetres{211}, made, per_kwh(583));
  expect_near(die.yield, 0.8115536550975592);
  EXPECT_EQ(die.dies_per_wafer, 289);
  expect_near(4 * die.total().value(), 16796.822522063365);
}

TEST(Die, Ga102OfEcoChip) {
  // ECO-CHIP (HPCA 2024) at fe998d9, GA102 logic: 425.01 mm2 at 7 nm, 2613 g/cm2, 0.2 defects per cm2, wafers of
  // 450 mm, unused silicon over the real-valued number of dies. README: 26.787675 kg.
  Process made = process(0, 0, 2613, 0.2);
  made.share = WaferShare::edge_added;
  made.wafer = {.diameter = Millimetres{450}, .edge_exclusion = Millimetres{0}, .whole_dies = false};
  const DieCarbon die = die_carbon(SquareMillimetres{425.01}, made, GramsPerJoule{0});
  expect_near(die.yield, 0.4422772623930044);
  expect_near(die.dies_per_wafer, 325.720807859062);
  expect_near(die.edge.value(), 1677.8349778484933, 1e-11);
  expect_near((die.silicon + die.loss).value(), 25109.84001282825);
  EXPECT_NEAR(die.total().value(), 26787.675, 0.0005);
}

TEST(Die, MonolithicTestChipOfEcoChip) {
  // ECO-CHIP at fe998d9, 148 mm2 in one die at 7 nm: manufacture 5.499026 kg.
  Process made = process(0, 0, 2613, 0.2);
  made.share = WaferShare::edge_added;
  made.wafer = {.diameter = Millimetres{450}, .edge_exclusion = Millimetres{0}, .whole_dies = false};
  EXPECT_NEAR(die_carbon(SquareMillimetres{148}, made, GramsPerJoule{0}).total().value(), 5499.026, 0.0005);
}

TEST(Die, DellR740ProcessorsOfAct) {
  // ACT v2 (facebookresearch/ACT at abc9fbb), its R740: two dies of 6.98 cm2 at 28 nm, gases at 95 %, coal at 820
  // g/kWh, constant yield 0.875, and 150 g for each of four packages: 23.1434057 kg.
  Process made = process(0.9, 175, 500, 0);
  made.yield = {.law = YieldLaw::constant, .defects = {}, .clustering = 0, .constant = 0.875};
  made.share = WaferShare::die_area;
  const DieCarbon die = die_carbon(SquareMillimetres{698}, made, per_kwh(820));
  EXPECT_NEAR(2 * die.total().value() + 4 * 150, 23143.4057, 5e-5);
  EXPECT_EQ(die.edge.value(), 0);
}

// --- Laws -----------------------------------------------------------------------------------------------------------

RC_GTEST_PROP(Die, YieldIsAFractionThatFallsWithAreaAndDefects, ()) {
  Yield yield;
  yield.law = *rc::gen::element(YieldLaw::poisson, YieldLaw::murphy, YieldLaw::negative_binomial);
  yield.defects = PerSquareMillimetre{*number(0, 0.01)};
  yield.clustering = *number(0.1, 50);
  const SquareMillimetres area{*number(0.01, 5000)};
  const double y = good_fraction(area, yield);
  RC_ASSERT(y > 0);
  RC_ASSERT(y <= 1);
  RC_ASSERT(good_fraction(area * *number(1, 3), yield) <= y * (1 + 1e-12));
  Yield worse = yield;
  worse.defects = yield.defects * *number(1, 3);
  RC_ASSERT(good_fraction(area, worse) <= y * (1 + 1e-12));
}

RC_GTEST_PROP(Die, NegativeBinomialGoesToPoisson, ()) {
  // (1 + f / alpha)^-alpha = exp(-f + f^2 / (2 alpha) - ...): the logarithms differ by f^2 / (2 alpha) at most.
  const SquareMillimetres area{*number(1, 1000)};
  Yield clustered{YieldLaw::negative_binomial, PerSquareMillimetre{*number(0, 0.005)}, 1e6, 1};
  Yield random = clustered;
  random.law = YieldLaw::poisson;
  const double faults = area.value() * clustered.defects.value();
  const double difference = std::log(good_fraction(area, clustered) / good_fraction(area, random));
  RC_ASSERT(difference >= -1e-9);
  RC_ASSERT(difference <= faults * faults / 2e6 + 1e-9);
}

RC_GTEST_PROP(Die, MurphyLiesBetweenPoissonAndSeeds, ()) {
  // Murphy's triangular density of defects spreads less than Seeds' exponential one: exp(-f) <= Murphy <= 1 / (1 + f).
  const double faults = *number(0, 10);
  const SquareMillimetres area{100};
  const Yield murphy{YieldLaw::murphy, PerSquareMillimetre{faults / 100}, 0, 1};
  const double y = good_fraction(area, murphy);
  RC_ASSERT(y >= std::exp(-faults) * (1 - 1e-9));
  RC_ASSERT(y <= 1 / (1 + faults) * (1 + 1e-9));
}

rc::Gen<Process> any_process() {
  return rc::gen::map(
      rc::gen::tuple(number(0.1, 4), number(0, 500), number(0, 800), number(0, 0.5), number(1, 20),
                     rc::gen::element(WaferShare::die_area, WaferShare::edge_divided, WaferShare::edge_added),
                     rc::gen::arbitrary<bool>()),
      [](const auto& drawn) {
        Process made =
            process(std::get<0>(drawn), std::get<1>(drawn), std::get<2>(drawn), std::get<3>(drawn), std::get<4>(drawn));
        made.share = std::get<5>(drawn);
        made.wafer.whole_dies = std::get<6>(drawn);
        return made;
      });
}

RC_GTEST_PROP(Die, PartsAreNotNegativeAndTheWaferIsPaidOnce, ()) {
  const Process made = *any_process();
  const SquareMillimetres area{*number(0.5, 900)};
  const GramsPerJoule grid = per_kwh(*number(0, 900));
  RC_ASSERT(check(area, made, "die").has_value());
  const DieCarbon die = die_carbon(area, made, grid);
  RC_ASSERT(die.silicon.value() >= 0);
  RC_ASSERT(die.edge.value() >= -1e-9);
  RC_ASSERT(die.loss.value() >= 0);
  const double wafer = (carbon_per_area(made, grid) * made.wafer.area()).value();
  if (made.share == WaferShare::edge_divided) {
    // The good dies of a wafer carry the whole wafer.
    const double carried = die.total().value() * die.dies_per_wafer * die.yield;
    RC_ASSERT(std::abs(carried - wafer) <= 1e-9 * wafer);
  } else if (made.share == WaferShare::edge_added && made.wafer.whole_dies) {
    const double carried = (die.silicon + die.edge).value() * die.dies_per_wafer;
    RC_ASSERT(std::abs(carried - wafer) <= 1e-9 * wafer);
  }
}

RC_GTEST_PROP(Die, ALargerDieIsNeverCheaper, ()) {
  Process made = *any_process();
  const double area = *number(0.5, 800);
  const double larger = area * *number(1, 2);
  const GramsPerJoule grid = per_kwh(*number(0, 900));
  // Unused silicon jumps back when one die fewer fits, where it is added rather than divided: not a law there.
  RC_PRE(made.share != WaferShare::edge_added);
  RC_ASSERT(die_carbon(SquareMillimetres{larger}, made, grid).total().value() >=
            die_carbon(SquareMillimetres{area}, made, grid).total().value() * (1 - 1e-12));
}

RC_GTEST_PROP(Die, SplittingADieLowersItsLoss, ()) {
  Process made = *any_process();
  made.wafer.whole_dies = false;
  const SquareMillimetres area{*number(10, 900)};
  const double parts = *rc::gen::inRange(2, 16);
  const GramsPerJoule grid = per_kwh(500);
  const DieCarbon whole = die_carbon(area, made, grid), part = die_carbon(area / parts, made, grid);
  RC_ASSERT(part.loss.value() * parts <= whole.loss.value() * (1 + 1e-12));
  if (made.share == WaferShare::edge_divided)
    RC_ASSERT(part.total().value() * parts <= whole.total().value() * (1 + 1e-12));
}

RC_GTEST_PROP(Die, CarbonScalesWithTheUnitOfCarbon, ()) {
  // Twice the grams in every coefficient are twice the grams of the die.
  const Process made = *any_process();
  Process twice = made;
  twice.gas = made.gas * 2;
  twice.material = made.material * 2;
  const SquareMillimetres area{*number(1, 900)};
  const GramsPerJoule grid = per_kwh(*number(0, 900));
  const double once = die_carbon(area, made, grid).total().value();
  RC_ASSERT(std::abs(die_carbon(area, twice, grid * 2).total().value() - 2 * once) <= 1e-12 * once);
}

TEST(Die, WholeDiesAreAtMostTheRealNumber) {
  for (double area = 1; area < 900; area *= 1.1) {
    const Wafer smooth{.diameter = Millimetres{300}, .edge_exclusion = Millimetres{3}, .whole_dies = false};
    Wafer whole = smooth;
    whole.whole_dies = true;
    const double n = dies_per_wafer(SquareMillimetres{area}, smooth);
    EXPECT_EQ(dies_per_wafer(SquareMillimetres{area}, whole), std::floor(n));
    // The edge costs dies.
    EXPECT_LT(n, dies_per_wafer(SquareMillimetres{area}, {.edge_exclusion = Millimetres{0}, .whole_dies = false}));
  }
}

// --- Bad input ------------------------------------------------------------------------------------------------------

void expect_bad(SquareMillimetres area, const Process& made, const std::string& part_of_message) {
  const auto result = check(area, made, "bill.toml:7");
  ASSERT_FALSE(result.has_value()) << part_of_message;
  EXPECT_EQ(result.error().code, ErrorCode::bad_input);
  EXPECT_EQ(result.error().where, "bill.toml:7");
  EXPECT_FALSE(result.error().hint.empty());
  EXPECT_NE(result.error().message.find(part_of_message), std::string::npos) << result.error().message;
}

TEST(Die, RefusesWhatCannotBe) {
  const Process good = process(1, 100, 500, 0.1);
  EXPECT_TRUE(check(SquareMillimetres{100}, good, "die").has_value());
  for (const double area : {-1.0, 0.0, nan, infinity}) expect_bad(SquareMillimetres{area}, good, "area");
  expect_bad(SquareMillimetres{1e5}, good, "does not fit");
  for (const double defects : {-0.1, nan, infinity})
    expect_bad(SquareMillimetres{1}, process(1, 1, 1, defects), "defect");
  for (const double alpha : {0.0, -1.0, nan}) expect_bad(SquareMillimetres{1}, process(1, 1, 1, 1, alpha), "alpha");
  expect_bad(SquareMillimetres{1}, process(-1, 1, 1, 1), "not negative");
  expect_bad(SquareMillimetres{1}, process(1, nan, 1, 1), "finite");
  for (const double yield : {0.0, 1.5, -1.0, nan}) {
    Process constant = good;
    constant.yield = {.law = YieldLaw::constant, .defects = {}, .clustering = 0, .constant = yield};
    expect_bad(SquareMillimetres{1}, constant, "yield");
  }
  Process narrow = good;
  narrow.wafer.edge_exclusion = Millimetres{150};
  expect_bad(SquareMillimetres{1}, narrow, "no room");
}

TEST(Die, YieldLawsHaveNames) {
  for (const YieldLaw law : {YieldLaw::constant, YieldLaw::poisson, YieldLaw::murphy, YieldLaw::negative_binomial}) {
    const auto read = parse_yield_law(name(law), "x");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, law);
  }
  const auto wrong = parse_yield_law("poison", "x.toml:3");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().where, "x.toml:3");
  EXPECT_NE(wrong.error().hint.find("poisson"), std::string::npos);
}

}  // namespace
}  // namespace cradle::embodied
