#include "cradle/embodied/package.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "test_catalog.h"

namespace cradle::embodied {
namespace {

using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::SquareMillimetres;
using catalog::PackageForm;
using catalog::PackageTechnology;

const catalog::Catalog& records() {
  static const catalog::Catalog catalog = test_catalog();
  return catalog;
}

const GramsPerJoule here{GramsPerKilowattHour{500}};

PackagedDie die(double area) { return {SquareMillimetres{area}, process_of(*records().process("t7")), here}; }

Result<PackageCarbon> packaged(const std::string& id, const std::vector<PackagedDie>& dies) {
  const PackageTechnology& technology = *records().package(id);
  const catalog::FabProcess* carrier =
      technology.carrier_process.empty() ? nullptr : records().process(technology.carrier_process);
  return package_carbon(dies, technology, carrier, here, "x.toml:1");
}

double grams(double area) { return die_carbon(SquareMillimetres{area}, die(1).process, here).total().value(); }

constexpr const char* side_by_side[] = {"board", "layers", "bridges", "interposer", "routers"};

TEST(Package, TwoDiesOnALaminateByHand) {
  const auto package = packaged("board", {die(90), die(90)});
  ASSERT_TRUE(package.has_value()) << to_string(package.error());
  // A tenth of each grown die is links: 90 / 0.9 = 100 mm2. Substrate 2 x 200 mm2 x 0.002 kWh/mm2 x 500 g/kWh = 400 g,
  // bonding 200 mm2 x 0.001 x 500 = 100 g, two bonds of 0.95.
  EXPECT_NEAR(package->dies.total().value(), 2 * grams(90), 1e-9);
  EXPECT_NEAR((package->dies.total() + package->vias).value(), 2 * grams(100), 1e-9);
  EXPECT_EQ(package->carrier.value(), 0);
  EXPECT_NEAR(package->substrate.value(), 400, 1e-9);
  EXPECT_NEAR(package->bonding.value(), 100, 1e-9);
  EXPECT_NEAR(package->bonding_yield, 0.95 * 0.95, 1e-12);
  EXPECT_NEAR(package->loss.value(), (2 * grams(100) + 500) * (1 / 0.9025 - 1), 1e-9);
  EXPECT_NEAR(package->total().value(), (2 * grams(100) + 500) / 0.9025, 1e-8);
}

TEST(Package, InterposerAndBridgesByHand) {
  const Process old = process_of(*records().process("t65"));
  const auto carrier = [&](double area) {
    return 0.5 * die_carbon(SquareMillimetres{area}, old, here).total().value();
  };
  // Passive: wiring with a quarter of the defects, 1.25e-4 /mm2 on 240 mm2. 0.5 kWh/cm2 x 500 g/kWh + 200 + 500 g/cm2
  // are 9.5 g/mm2; a wafer has floor(300 pi (300 / 960 - 1 / sqrt 480)) = 251 pieces.
  const double yield = std::pow(1 + 240 * 1.25e-4 / 10, -10), silicon = 70685.834705770345 / 251;
  EXPECT_NEAR(packaged("interposer", {die(90), die(90)})->carrier.value(), 0.5 * 9.5 * silicon / yield, 1e-6);
  // Active: that of the process.
  EXPECT_NEAR(packaged("routers", {die(90), die(90)})->carrier.value(), carrier(1.2 * 200), 1e-9);
  // Two dies touch once, four in a square four times: one bridge each.
  EXPECT_NEAR(packaged("bridges", {die(90), die(90)})->carrier.value(), carrier(25), 1e-9);
  EXPECT_NEAR(packaged("bridges", {die(9), die(9), die(9), die(9)})->carrier.value(), 4 * carrier(25), 1e-9);
}

TEST(Package, NeighboursOfSquares) {
  // Harary and Harborth 1976: most shared edges of n unit squares; OEIS A123663.
  const double expected[] = {0, 1, 2, 4, 5, 7, 8, 10, 12, 13, 15, 17, 18, 20, 22, 24};
  for (int n = 1; n <= 16; ++n) EXPECT_EQ(formula::neighbours(n), expected[n - 1]) << n;
}

TEST(Package, AStackHasOneFootprintAndOneBondLessThanDies) {
  const auto package = packaged("stack", {die(90), die(100)});
  ASSERT_TRUE(package.has_value());
  // Vias go through the lower die only, which grows to 100 mm2; the footprint is 100 mm2, one die of 100 mm2 is bonded.
  EXPECT_NEAR((package->dies.total() + package->vias).value(), grams(100) + grams(100), 1e-9);
  EXPECT_NEAR(package->substrate.value(), 2 * 100 * 0.002 * 500, 1e-9);
  EXPECT_NEAR(package->bonding.value(), 100 * 0.001 * 500, 1e-9);
  EXPECT_NEAR(package->bonding_yield, 0.95, 1e-12);
}

TEST(Package, TiersOfOneWaferFailTogether) {
  const auto package = packaged("tiers", {die(90), die(100)});
  ASSERT_TRUE(package.has_value());
  const DieCarbon tier = die_carbon(SquareMillimetres{100}, die(1).process, here);
  const double processed = 2 * (tier.silicon + tier.edge).value();
  EXPECT_NEAR((package->dies.total() + package->vias).value(), processed / (tier.yield * tier.yield), 1e-8);
  // Tested apart, the same two dies cost less.
  EXPECT_GT((package->dies.total() + package->vias).value(), 2 * tier.total().value());
}

TEST(Package, ASingleDieHasNoLinks) {
  for (const char* id : {"board", "layers", "interposer", "routers"}) {
    const auto package = packaged(id, {die(150)});
    ASSERT_TRUE(package.has_value()) << id;
    EXPECT_EQ(package->vias.value(), 0) << id;
    EXPECT_NEAR(package->dies.total().value(), grams(150), 1e-9) << id;
  }
}

rc::Gen<std::vector<double>> some_areas() {
  return rc::gen::container<std::vector<double>>(
      4, rc::gen::map(rc::gen::resize(rc::kNominalSize, rc::gen::inRange(5, 200)),
                      [](int area) { return static_cast<double>(area); }));
}

RC_GTEST_PROP(Package, PartsAreNotNegativeAndOrderDoesNotMatterSideBySide, ()) {
  std::vector<double> areas = *some_areas();
  const std::string id =
      *rc::gen::elementOf(std::vector<std::string>(std::begin(side_by_side), std::end(side_by_side)));
  std::vector<PackagedDie> dies, reversed;
  for (const double area : areas) dies.push_back(die(area));
  reversed.assign(dies.rbegin(), dies.rend());
  const auto package = packaged(id, dies), other = packaged(id, reversed);
  RC_ASSERT(package.has_value());
  for (const carbon::GramsCO2e part : {package->dies.silicon, package->dies.edge, package->dies.loss, package->vias,
                                       package->carrier, package->substrate, package->bonding, package->loss})
    RC_ASSERT(part.value() >= 0);
  RC_ASSERT(std::abs(package->total() / other->total() - 1) < 1e-12);
  RC_ASSERT(std::abs((package->dies.total() + package->packaging()) / package->total() - 1) < 1e-12);
}

RC_GTEST_PROP(Package, WhatGoesInOverTheYieldIsWhatComesOut, ()) {
  // Conservation: the good packages of a batch carry all of its dies, carriers, substrates and bonds.
  std::vector<PackagedDie> dies;
  for (const double area : *some_areas()) dies.push_back(die(area));
  const auto package =
      packaged(*rc::gen::elementOf(std::vector<std::string>{"board", "bridges", "routers", "stack"}), dies);
  RC_ASSERT(package.has_value());
  const double into = (package->total() - package->loss).value();
  RC_ASSERT(std::abs(package->total().value() * package->bonding_yield / into - 1) < 1e-12);
}

RC_GTEST_PROP(Package, BetterBondsAndCleanerElectricityCostLess, ()) {
  PackageTechnology technology = *records().package("board");
  const std::vector<PackagedDie> dies(4, die(*rc::gen::inRange(5, 400)));
  const auto total = [&](GramsPerJoule grid) {
    return package_carbon(dies, technology, nullptr, grid, "x")->total().value();
  };
  const double before = total(here);
  RC_ASSERT(total(here * 0.5) < before);
  technology.bonding_yield.estimate.value = 0.99;
  RC_ASSERT(total(here) < before);
  technology.bonding_yield.estimate.value = 1;
  RC_ASSERT(package_carbon(dies, technology, nullptr, here, "x")->loss.value() == 0);
}

TEST(Package, ChipletsPayWhereYieldIsPoorAndNotWhereItIsGood) {
  const auto compare = [](double area, double defects) {
    PackagedDie whole = die(area), part = die(area / 4);
    whole.process.yield.defects = part.process.yield.defects = PerSquareMillimetre{defects};
    return packaged("board", {part, part, part, part})->total().value() / packaged("board", {whole})->total().value();
  };
  EXPECT_LT(compare(800, 0.003), 1);
  EXPECT_GT(compare(50, 0.0001), 1);
}

// --- Bad input ------------------------------------------------------------------------------------------------------

void expect_refused(const Result<PackageCarbon>& result, const std::string& part_of_message) {
  ASSERT_FALSE(result.has_value()) << part_of_message;
  EXPECT_NE(result.error().message.find(part_of_message), std::string::npos) << result.error().message;
  EXPECT_FALSE(result.error().hint.empty());
  EXPECT_FALSE(result.error().where.empty());
}

TEST(Package, RefusesTheImpossible) {
  for (const char* id : {"bridges", "stack", "tiers"}) expect_refused(packaged(id, {die(100)}), "one die");
  expect_refused(packaged("board", {}), "no die");
  expect_refused(packaged("board", std::vector<PackagedDie>(17, die(10))), "17 dies");
  expect_refused(packaged("tiers", {die(10), die(10), die(10)}), "carries 2");
  expect_refused(packaged("board", {die(10), die(-10)}), "area");
  expect_refused(packaged("interposer", std::vector<PackagedDie>(16, die(3500))), "does not fit");
  expect_refused(
      package_carbon(std::vector<PackagedDie>{die(10)}, *records().package("interposer"), nullptr, here, "x"),
      "no process");

  PackageTechnology technology = *records().package("board");
  const std::vector<PackagedDie> two(2, die(10));
  technology.bonding_yield.estimate = {0, 0, 0};
  expect_refused(package_carbon(two, technology, nullptr, here, "x"), "bonding yield");
  technology = *records().package("board");
  technology.via_area.estimate = {0.5, 0.5, 1};
  expect_refused(package_carbon(two, technology, nullptr, here, "x"), "vias");
}

TEST(Package, FormsHaveNames) {
  EXPECT_EQ(name(PackageForm::organic), "organic");
  EXPECT_EQ(name(PackageForm::monolithic), "monolithic");
}

}  // namespace
}  // namespace cradle::embodied
