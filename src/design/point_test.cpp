#include "cradle/design/point.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/carbon/dual.h"
#include "cradle/carbon/interval.h"
#include "cradle/design/evaluator.h"
#include "cradle/embodied/package.h"
#include "space_example.h"

namespace cradle::design {
namespace {

using carbon::Dual;
using carbon::Interval;

Outcome<double> only_point(const TestStudy& study) {
  const auto space = study.read();
  EXPECT_TRUE(space) << to_string(space.error());
  EXPECT_EQ(space->points(), 1U);
  const Evaluated point = Evaluator(*space).at(0);
  EXPECT_NE(point.standing, Standing::impossible);
  return point.outcome;
}

double relative(double a, double b) { return std::abs(a - b) / std::max(std::abs(a), std::abs(b)); }

TEST(Point, EveryPackageEqualsTheEmbodiedRoom) {
  for (const char* package : {"organic", "rdl", "emib", "passive", "active", "3d", "hybrid", "monolithic-3d"})
    for (const std::size_t dies : {2, 3, 4}) {
      const catalog::PackageTechnology& technology = *test_catalog().package(package);
      if (static_cast<double>(dies) > technology.most_dies.value()) continue;
      const auto o = only_point(one_point_study(std::to_string(dies), "n5", package));

      const catalog::FabProcess& node = *test_catalog().process("n5");
      const carbon::GramsPerJoule fab{test_catalog().grid("TW")->average.value()};
      const carbon::SquareMillimetres area{300 * node.logic_area.value() / static_cast<double>(dies)};
      const std::vector<embodied::PackagedDie> parts(dies, {area, embodied::process_of(node), fab});
      const auto expected =
          embodied::package_carbon(parts, technology, test_catalog().process(technology.carrier_process), fab, package);
      ASSERT_TRUE(expected) << to_string(expected.error());
      EXPECT_LT(relative(o.made, expected->total().value()), 1e-12) << package << " " << dies;
      EXPECT_LT(relative(o.silicon + o.edge + o.loss, (expected->dies.total() + expected->vias).value()), 1e-12);
      EXPECT_NEAR(o.carrier, expected->carrier.value(), 1e-9);
      EXPECT_NEAR(o.substrate, expected->substrate.value(), 1e-9);
      EXPECT_NEAR(o.bonding, expected->bonding.value(), 1e-9);
      EXPECT_NEAR(o.package_loss, expected->loss.value(), 1e-8);
    }
}

TEST(Point, CostDesignAndOperationByHand) {
  // One die of 300 mm2 at 7 nm, organic: what follows from the catalogue's numbers with a pocket calculator.
  const auto o = only_point(one_point_study("1", "n7", "organic"));
  const catalog::FabProcess& node = *test_catalog().process("n7");
  const catalog::PackageTechnology& package = *test_catalog().package("organic");
  const double yield =
      std::pow(1 + 300 * node.defects.value().value() / node.clustering.value(), -node.clustering.value());
  const double dies = std::floor(3.141592653589793 * 300 * (300 / (4 * 300.0) - 1 / std::sqrt(2 * 300.0)));
  const double bond = package.bonding_yield.value();
  const double cost = (node.wafer_cost.value() / dies / yield +
                       package.cost.value() * package.substrate_area.value() * 300 + package.bonding_cost.value()) /
                          bond +
                      node.design_cost.value() / 1e5;
  EXPECT_LT(relative(o.cost, cost), 1e-12);
  EXPECT_EQ(o.least_dies, dies);

  const double us = carbon::GramsPerJoule{test_catalog().grid("US")->average.value()}.value();
  // Gates / gates per core-hour x 10 W x 100 iterations, over 1e5 chips (ECO-CHIP, HPCA 2024).
  const double gates = 300 * node.transistors.value().value() / 8;
  EXPECT_LT(relative(o.design, gates / 3645.833 * 3600 * 10 * 100 * us / 1e5), 1e-9);
  // 150 W x half of four years.
  const double joules = 150 * 0.5 * 4 * 365.25 * 86400;
  EXPECT_LT(relative(o.energy, joules), 1e-12);
  EXPECT_LT(relative(o.operation, joules * us), 1e-12);
  EXPECT_LT(relative(o.operations, 100 * 0.5 * 4 * 365.25 * 86400), 1e-12);
  EXPECT_LT(relative(o.delay, 0.01), 1e-12);
  EXPECT_EQ(o.power, 150);
  EXPECT_EQ(o.area, 300);
  EXPECT_EQ(o.busy, 0.5);
}

TEST(Point, MetricsAreProductsOfTheirParts) {
  // Embodied 2 g, operational 4 g, 3 s, 5 J, 6 operations.
  Outcome<double> o{};
  o.made = 1.5;
  o.design = 0.5;
  o.operation = 4;
  o.delay = 3;
  o.energy = 5;
  o.operations = 6;
  EXPECT_EQ(value(o, Objective::carbon), 6);
  EXPECT_EQ(value(o, Objective::cdp), 6);
  EXPECT_EQ(value(o, Objective::cep), 10);
  EXPECT_EQ(value(o, Objective::c2ep), 20);
  EXPECT_EQ(value(o, Objective::ce2p), 50);
  EXPECT_EQ(value(o, Objective::edp), 15);
  EXPECT_EQ(value(o, Objective::tcdp), 18);
  EXPECT_EQ(value(o, Objective::asc), 1);
  for (std::size_t i = 0; i < objective_count; ++i) {
    const auto objective = static_cast<Objective>(i);
    EXPECT_EQ(*parse_objective(name(objective), "test"), objective);
    EXPECT_FALSE(unit(objective).empty());
  }
  EXPECT_FALSE(parse_objective("", "test"));
  EXPECT_EQ(shown(Objective::energy, 7.2e6), 2);
}

TEST(Point, CrossingsAreTheCutsOfABalancedBisection) {
  const std::vector<std::pair<std::size_t, double>> expected = {{1, 0}, {2, 1}, {3, 2}, {4, 2},
                                                                {5, 3}, {8, 3}, {9, 4}, {16, 4}};
  for (const auto& [dies, crossings] : expected)
    EXPECT_EQ(counts(catalog::PackageForm::organic, dies).crossings, crossings) << dies;
}

TEST(Point, LinksCostTimeAndEnergy) {
  TestStudy study = one_point_study("1", "n7", "organic"), split = one_point_study("4", "n7", "organic");
  study.use += "traffic_bits_per_operation = 1e10\n";
  split.use += "traffic_bits_per_operation = 1e10\n";
  const auto one = only_point(study), four = only_point(split);
  const catalog::PackageTechnology& package = *test_catalog().package("organic");
  EXPECT_LT(relative(four.delay / one.delay, 1 + 2 * package.link_delay.value()), 1e-12);
  EXPECT_LT(relative(four.energy - one.energy, one.operations * 1e10 * package.link_energy.value() * 2), 1e-9);
}

// --- Same work ------------------------------------------------------------------------------------------------------

/// One way to make a chip, on a grid, of these lifetimes and duties.
Space used(const std::string& grid, const std::string& lifetimes, const std::string& duties) {
  TestStudy study = one_point_study("1", "n5", "organic");
  study.use = "[use]\ngrid = [\"" + grid + "\"]\nlifetime_years = " + lifetimes + "\nduty = " + duties +
              "\nthroughput = 100\nbase_power_w = 20\nidle_share = 0.1\npue = 1.2\n";
  return *study.read();
}

TEST(SameWork, ALongerLifeWinsWhereMakingIsHeavy) {
  const Space space = used("IS", "[2, 4, 6]", "0.5");
  const Evaluator evaluator(space);
  const auto two = evaluator.at(0).outcome, four = evaluator.at(1).outcome, six = evaluator.at(2).outcome;
  EXPECT_EQ(two.lives, 3);
  EXPECT_EQ(four.lives, 1.5);
  EXPECT_EQ(six.lives, 1);
  for (const Objective objective :
       {Objective::carbon, Objective::cost, Objective::tcdp, Objective::cep, Objective::asc}) {
    EXPECT_GT(value(two, objective), value(four, objective)) << name(objective);
    EXPECT_GT(value(four, objective), value(six, objective)) << name(objective);
  }
  EXPECT_LT(relative(two.made, 3 * six.made), 1e-14);
  EXPECT_LT(relative(two.design, 3 * six.design), 1e-14);
  // The same years of use: only making differs.
  EXPECT_LT(relative(two.operation, six.operation), 1e-14);
  EXPECT_LT(relative(two.energy, six.energy), 1e-14);
  EXPECT_LT(relative(two.operations, six.operations), 1e-14);
  EXPECT_EQ(two.delay, six.delay);
  EXPECT_EQ(two.power, six.power);
  EXPECT_EQ(two.busy, six.busy);
  const std::string label = space.label(0);
  EXPECT_NE(label.find("3 lives of 2 years"), std::string::npos) << label;
  EXPECT_NE(space.label(2).find("1 life of 6 years"), std::string::npos) << space.label(2);
}

TEST(SameWork, OneLifetimeAndOneDutyKeepTheirBits) {
  const auto alone = only_point(one_point_study("1", "n5", "organic"));
  EXPECT_EQ(alone.lives, 1);
  // The largest of several is a whole life as well: the others do not move it.
  const Space one = used("SE", "5", "0.3"), several = used("SE", "[1, 5, 3]", "[0.1, 0.3]");
  const auto a = Evaluator(one).at(0).outcome;
  const auto b = Evaluator(several).at(several.index_of({.lifetime = 1, .duty = 1})).outcome;
  EXPECT_EQ(a.lives, 1);
  EXPECT_EQ(b.lives, 1);
  for (std::size_t i = 0; i < objective_count; ++i)
    EXPECT_EQ(value(a, static_cast<Objective>(i)), value(b, static_cast<Objective>(i)));
}

TEST(SameWork, DutyMovesCarbonOnlyByMakingAndIdle) {
  TestStudy study = one_point_study("1", "n5", "organic");
  study.use = "[use]\ngrid = [\"US\"]\nlifetime_years = 4\nduty = [0.2, 0.8]\nthroughput = 100\n";  // nothing idles
  const auto space = study.read();
  ASSERT_TRUE(space);
  const auto idler = Evaluator(*space).at(0).outcome, busy = Evaluator(*space).at(1).outcome;
  EXPECT_LT(relative(idler.operation, busy.operation), 1e-14);
  EXPECT_LT(relative(idler.operations, busy.operations), 1e-14);
  EXPECT_LT(relative(idler.embodied(), 4 * busy.embodied()), 1e-14);
  // With idle power: four devices, 0.8 of their lives each without work, against 0.2 of one; n5 is faster than 1.
  const Space idle = used("US", "4", "[0.2, 0.8]");
  const auto a = Evaluator(idle).at(0).outcome, b = Evaluator(idle).at(1).outcome;
  const auto rest = [](const Outcome<double>& o) { return o.lives * (20 + 0.1 * 150 * 0.8696 * (1 - o.busy)); };
  const double joules = 1.2 * 4 * 365.25 * 86400 * (rest(a) - rest(b));
  EXPECT_NEAR((a.energy - b.energy) / joules, 1, 1e-3);
}

// --- Directions that are published ----------------------------------------------------------------------------------

TEST(Point, TwoSmallDiesCostLessToMakeThanOneLarge) {
  // ECO-CHIP (HPCA 2024): 148 mm2 at 7 nm as one die 5.499 + 2.649 kg, as 2 x 74 mm2 less. Here for the dies alone,
  // and with the package from the size on where bad dies outweigh it.
  const auto one = only_point(one_point_study("1", "n7", "organic", "148"));
  const auto two = only_point(one_point_study("2", "n7", "rdl", "148"));
  EXPECT_LT(two.loss, one.loss);
  const auto one_large = only_point(one_point_study("1", "n7", "organic", "800"));
  const auto four = only_point(one_point_study("4", "n7", "organic", "800"));
  EXPECT_LT(four.made, one_large.made);
  EXPECT_LT(four.cost, one_large.cost);
}

TEST(Point, CarbonFallsWithVolume) {
  double before = INFINITY;
  for (const char* volume : {"1", "10", "1e3", "1e5", "1e9"}) {
    TestStudy study = one_point_study("2", "n5", "organic");
    study.design = std::string("[design]\ngrid = \"US\"\nvolume = ") + volume + "\n";
    const auto o = only_point(study);
    EXPECT_LT(o.carbon(), before);
    before = o.carbon();
  }
}

TEST(Point, SharedDesignsCostLess) {
  TestStudy alone = one_point_study("2", "n5", "organic"), shared = alone;
  shared.blocks += "products = 5\n";
  const auto a = only_point(alone), b = only_point(shared);
  EXPECT_LT(relative(a.design, 5 * b.design), 1e-12);
  EXPECT_EQ(a.made, b.made);
}

TEST(Point, ACleanerGridMovesTheBestNode) {
  // Analog circuits hardly shrink, so that a newer node costs carbon to make and saves it in use: worth it on a dirty
  // grid, not on a clean one.
  const auto best_node = [](const std::string& grid) {
    std::string best;
    double least = INFINITY;
    for (const std::string node : {"n28", "n14", "n10", "n7", "n5"}) {
      TestStudy study = one_point_study("1", node, "organic");
      study.blocks =
          "[[block]]\nname = \"io\"\nkind = \"analog\"\narea_mm2 = 60\npower_w = 2\ncritical = true\n"
          "node = [\"" +
          node + "\"]\n";
      study.use = "[use]\ngrid = [\"" + grid + "\"]\nlifetime_years = 4\nduty = 0.3\nthroughput = 100\n";
      const double grams = only_point(study).carbon();
      if (grams < least) {
        least = grams;
        best = node;
      }
    }
    return best;
  };
  EXPECT_EQ(best_node("IN"), "n5");
  EXPECT_EQ(best_node("IS"), "n14");
}

// --- Laws -----------------------------------------------------------------------------------------------------------

/// Any point that can be put together: the first from a random one on.
Evaluator::Parts any_parts() {
  static const Space space = *TestStudy{}.read();
  static const Evaluator evaluator(space);
  std::uint64_t index = *rc::gen::inRange<std::uint64_t>(0, space.points());
  while (!evaluator.parts(index)) index = (index + 1) % space.points();
  return *evaluator.parts(index);
}

RC_GTEST_PROP(Point, PartsAddUp, ()) {
  const auto parts = any_parts();
  const auto o = evaluate(parts.terms, parts.build);
  const double sum = o.silicon + o.edge + o.loss + o.carrier + o.substrate + o.bonding + o.package_loss;
  RC_ASSERT(relative(sum, o.made) < 1e-12);
  RC_ASSERT(o.carbon() == o.made + o.design + o.operation);
  for (const double part :
       {o.silicon, o.edge, o.loss, o.carrier, o.substrate, o.bonding, o.package_loss, o.design, o.operation, o.cost})
    RC_ASSERT(part >= 0);
}

RC_GTEST_PROP(Point, WorseCoefficientsNeverHelp, ()) {
  const auto parts = any_parts();
  const auto before = evaluate(parts.terms, parts.build);
  auto worse = parts;
  SystemTerms<double>& s = worse.terms.system;
  BlockTerms<double>& b = worse.terms.blocks[0];
  const double more = 1 + *rc::gen::inRange(1, 100) / 100.0;
  switch (*rc::gen::inRange(0, 9)) {
    case 0: s.fab_intensity *= more; break;
    case 1: s.design_intensity *= more; break;
    case 2: s.work_intensity *= more, s.mean_intensity *= more; break;
    case 3: s.volume /= more; break;
    case 4:
      s.bonding_yield /= more;
      worse.terms.tries = package_tries(s.bonding_yield, worse.terms.counts);
      break;
    case 5: b.defects *= more; break;
    case 6: b.energy *= more; break;
    case 7: b.switching *= more; break;
    case 8: s.link_energy *= more; break;
  }
  const auto after = evaluate(worse.terms, worse.build);
  RC_ASSERT(after.carbon() >= before.carbon() * (1 - 1e-14));
}

RC_GTEST_PROP(Point, CarbonIsLinearInTheGridOfUse, ()) {
  const auto parts = any_parts();
  const auto once = evaluate(parts.terms, parts.build);
  auto twice = parts;
  twice.terms.system.work_intensity *= 2;
  twice.terms.system.mean_intensity *= 2;
  RC_ASSERT(relative(evaluate(twice.terms, twice.build).operation, 2 * once.operation) < 1e-14);
}

/// Terms in another number type.
template <class T, class Convert>
PointTerms<T> converted(const PointTerms<double>& from, std::size_t blocks, Convert convert) {
  PointTerms<T> to;
  std::vector<double> values;
  for (std::size_t b = 0; b < blocks; ++b)
    for_each_block_term(from.blocks[b], [&](const double& value) { values.push_back(value); });
  for_each_system_term(from.system, [&](const double& value) { values.push_back(value); });
  std::size_t next = 0;
  for (std::size_t b = 0; b < blocks; ++b)
    for_each_block_term(to.blocks[b], [&](T& term) { term = convert(values[next++]); });
  for_each_system_term(to.system, [&](T& term) { term = convert(values[next++]); });
  to.counts = {T(from.counts.dies), T(from.counts.bonds), T(from.counts.pieces), T(from.counts.crossings)};
  to.tries = package_tries(to.system.bonding_yield, to.counts);
  return to;
}

RC_GTEST_PROP(Point, IntervalsHoldEveryPointWithin, ()) {
  const auto parts = any_parts();
  const double spread = *rc::gen::inRange(0, 50) / 1000.0;
  const auto wide = converted<Interval>(parts.terms, parts.build.blocks,
                                        [&](double v) { return Interval(v * (1 - spread), v * (1 + spread)); });
  auto inside = parts;
  RandomStream random(*rc::gen::arbitrary<std::uint64_t>(), "inside");
  const auto vary = [&](double& v) { v *= 1 + spread * (2 * random.uniform() - 1); };
  for (std::size_t b = 0; b < parts.build.blocks; ++b) for_each_block_term(inside.terms.blocks[b], vary);
  for_each_system_term(inside.terms.system, vary);
  inside.terms.tries = package_tries(inside.terms.system.bonding_yield, inside.terms.counts);
  const Outcome<Interval> bounds = evaluate(wide, parts.build);
  const auto o = evaluate(inside.terms, inside.build);
  RC_PRE(bounds.least_dies.low >= 1);
  RC_ASSERT(bounds.carbon().contains(o.carbon()));
  RC_ASSERT(bounds.cost.contains(o.cost));
  RC_ASSERT(bounds.energy.contains(o.energy));
  RC_ASSERT(bounds.delay.contains(o.delay));
}

RC_GTEST_PROP(Point, GradientsAreThoseOfSmallSteps, ()) {
  const auto parts = any_parts();
  auto dual = converted<Dual<1>>(parts.terms, parts.build.blocks, [](double v) { return Dual<1>(v); });
  dual.system.fab_intensity.partial[0] = 1;
  const Dual<1> slope = evaluate(dual, parts.build).carbon();
  auto up = parts;
  const double step = up.terms.system.fab_intensity * 1e-3;
  up.terms.system.fab_intensity += step;
  // Carbon is linear in the fab's intensity.
  const double finite = (evaluate(up.terms, up.build).carbon() - evaluate(parts.terms, parts.build).carbon()) / step;
  RC_ASSERT(relative(slope.partial[0], finite) < 1e-6);
}

}  // namespace
}  // namespace cradle::design
