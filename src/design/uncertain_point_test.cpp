#include "cradle/design/uncertain_point.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "cradle/embodied/bill_uncertainty.h"
#include "space_example.h"

namespace cradle::design {
namespace {

Result<PointUncertainty> of(const TestStudy& study, carbon::MonteCarloOptions options = {.samples = 20'000}) {
  const auto space = study.read();
  EXPECT_TRUE(space) << to_string(space.error());
  return uncertainty(Evaluator(*space), 0, options);
}

TEST(UncertainPoint, NominalPartsAreThoseOfThePoint) {
  const TestStudy study = one_point_study("4", "n5", "passive");
  const auto space = study.read();
  const Outcome<double> o = Evaluator(*space).at(0).outcome;
  const auto u = of(study);
  ASSERT_TRUE(u) << to_string(u.error());
  EXPECT_EQ(u->total.value.value(), o.carbon());
  EXPECT_EQ(u->embodied.value.value(), o.embodied());
  ASSERT_EQ(u->parts.size(), 9U);
  EXPECT_EQ(u->parts[0].value.value(), o.silicon);
  EXPECT_EQ(u->parts[3].value.value(), o.carrier);
  EXPECT_EQ(u->parts[8].value.value(), o.operation);
  for (const CarbonRange& part : u->parts) {
    EXPECT_LE(part.p5, part.p50) << part.name;
    EXPECT_LE(part.p50, part.p95) << part.name;
  }
}

TEST(UncertainPoint, BoundsHoldTheQuantiles) {
  const auto u = of(one_point_study("2", "n7", "organic"));
  ASSERT_TRUE(u && u->bounds);
  EXPECT_LT(u->bounds->low, u->total.p5);
  EXPECT_GT(u->bounds->high, u->total.p95);
}

TEST(UncertainPoint, OneFabGridAndOneLearningCurveForAllDies) {
  TestStudy study = one_point_study("2", "n5", "passive");
  study.blocks += "[[block]]\nname = \"io\"\nkind = \"analog\"\narea_mm2 = 60\npower_w = 20\nnode = [\"n14\"]\n";
  const auto u = of(study);
  ASSERT_TRUE(u) << to_string(u.error());
  const auto named = [&](const std::string& name) {
    return std::count_if(u->shares.begin(), u->shares.end(), [&](const auto& share) { return share.name == name; });
  };
  EXPECT_EQ(named("grid.TW.average"), 1);
  EXPECT_EQ(named("yield learning"), 1);
  EXPECT_EQ(named("process.n5.energy"), 0);
  EXPECT_EQ(named("fab energy"), 1);
  EXPECT_EQ(named("process.n5.switching_energy"), 1);
  // Three processes, the interposer's among them, learn together.
  EXPECT_EQ(std::count_if(u->swings.begin(), u->swings.end(),
                          [](const CoefficientSwing& s) { return s.group == "yield learning"; }),
            3);
  for (const CoefficientSwing& swing : u->swings) {
    EXPECT_FALSE(swing.range.empty()) << swing.key;
    EXPECT_FALSE(swing.source.empty()) << swing.key;
    EXPECT_TRUE(swing.variance_share && swing.embodied_variance_share) << swing.key;
  }
  for (std::size_t i = 1; i < u->shares.size(); ++i) EXPECT_GE(u->shares[i - 1].total, u->shares[i].total);
}

TEST(UncertainPoint, TheGridOfUseDoesNotMoveWhatIsEmbodied) {
  TestStudy study = one_point_study("2", "n5", "organic");
  study.use = "[use]\ngrid = [\"SE\"]\nlifetime_years = 4\nduty = 1\nthroughput = 100\n";
  const auto u = of(study);
  ASSERT_TRUE(u);
  for (const carbon::SobolShare& share : u->embodied_shares) {
    if (share.name != "grid.SE.average") continue;
    EXPECT_NEAR(share.total, 0, 1e-12);
  }
  for (const CoefficientSwing& swing : u->swings) {
    if (swing.key != "grid.SE.average") continue;
    EXPECT_EQ(swing.embodied_at_low, swing.embodied_at_high);
  }
}

TEST(UncertainPoint, TheGridOfUseDecidesWhereUseDominates) {
  TestStudy study = one_point_study("1", "n5", "organic");
  study.use = "[use]\ngrid = [\"US\"]\nlifetime_years = 10\nduty = 1\nthroughput = 100\n";
  const auto u = of(study);
  ASSERT_TRUE(u);
  EXPECT_TRUE(u->shares[0].name == "grid.US.average" || u->shares[0].name == "process.n5.switching_energy")
      << u->shares[0].name;
}

TEST(UncertainPoint, ThreadsAndRepetitionGiveTheSameBits) {
  const TestStudy study = one_point_study("4", "n5", "emib");
  const auto one = of(study, {.samples = 10'000, .seed = 7, .threads = 1});
  const auto two = of(study, {.samples = 10'000, .seed = 7, .threads = 2});
  const auto other = of(study, {.samples = 10'000, .seed = 8, .threads = 2});
  ASSERT_TRUE(one && two && other);
  EXPECT_EQ(one->total.p95, two->total.p95);
  EXPECT_EQ(one->shares[0].total, two->shares[0].total);
  EXPECT_NE(one->total.p95, other->total.p95);
}

TEST(UncertainPoint, ChipletsLowerTheTailMoreThanTheMiddle) {
  // CarbonClarity's direction: what large dies lose to defects is what is least certain about them.
  const auto one = of(one_point_study("1", "n7", "organic", "600"));
  const auto four = of(one_point_study("4", "n7", "organic", "600"));
  ASSERT_TRUE(one && four);
  const auto loss = [](const PointUncertainty& u) { return u.parts[2]; };
  EXPECT_LT((loss(*four).p95 - loss(*four).p50).value(), (loss(*one).p95 - loss(*one).p50).value());
  EXPECT_GT(1 - four->embodied.p95 / one->embodied.p95, 1 - four->embodied.p50 / one->embodied.p50);
}

// --- What moves together
// ----------------------------------------------------------------------------------------------

/// A coefficient of the catalogue, known to within `spread` of it.
std::string field(const std::string& name, double value, const std::string& unit, double spread = 0) {
  return name + " = { value = " + std::to_string(value) + ", low = " + std::to_string(value * (1 - spread)) +
         ", high = " + std::to_string(value * (1 + spread)) + ", unit = \"" + unit + "\", source = \"x\" }\n";
}

/// A node of which only `uncertain` has a range, of 20 % to either side.
std::string node(const std::string& id, double nm, const std::string& uncertain) {
  const auto one = [&](const std::string& name, double value, const std::string& unit) {
    return field(name, value, unit, name == uncertain ? 0.2 : 0);
  };
  return "[process." + id + "]\nname = \"" + id + "\"\n" + field("node", nm, "nm") + one("energy", 2, "kWh/cm2") +
         one("gas", 300, "gCO2e/cm2") + one("material", 500, "gCO2e/cm2") + one("defects", 0.1, "defect/cm2") +
         one("clustering", 10, "ratio") + one("transistors", 90, "MTr/mm2") + field("logic_area", 1, "ratio") +
         field("sram_area", 1, "ratio") + field("analog_area", 1, "ratio") + one("delay", 1, "ratio") +
         one("switching_energy", 1, "ratio") + field("wafer_cost", 9500, "USD") + field("design_cost", 300, "MUSD") +
         field("interconnect_share", 0.5, "ratio");
}

/// Two chiplets of two nodes in which one coefficient is uncertain.
struct TwoChiplets {
  catalog::Catalog records;
  Space space;

  static TwoChiplets with(const std::string& uncertain) {
    std::string text = "[sources.x]\ntext = \"a test\"\nyear = 2024\nscope = \"none\"\nlicence = \"none\"\n" +
                       node("a", 7, uncertain) + node("b", 14, uncertain) +
                       "[package.organic]\nname = \"organic\"\nform = \"organic\"\n" +
                       field("carrier_area", 0, "ratio") + field("carrier_carbon_share", 0, "ratio") +
                       field("substrate_area", 4, "ratio") + field("substrate_energy", 0.001, "kWh/mm2") +
                       field("bonding_energy", 0.001, "kWh/mm2") + field("bonding_yield", 0.98, "ratio") +
                       field("via_area", 0.1, "ratio") + field("link_energy", 1, "pJ/bit") +
                       field("link_delay", 0.1, "ratio") + field("most_dies", 16, "die") +
                       field("cost", 0.005, "USD/mm2") + field("bonding_cost", 0.5, "USD") +
                       "[grid.G]\nname = \"G\"\nregion = \"G\"\n" + field("average", 400, "gCO2e/kWh");
    const auto parsed = catalog::Catalog::parse(std::vector<catalog::Layer>{{{"two.toml", text}}});
    EXPECT_TRUE(parsed.errors.empty()) << to_string(parsed.errors.front());
    const auto space = parse_space(
        "name = \"two\"\nobjectives = [\"carbon\"]\n"
        "[[block]]\nname = \"one\"\nkind = \"logic\"\narea_mm2 = 100\npower_w = 1\nnode = \"a\"\n"
        "[[block]]\nname = \"other\"\nkind = \"logic\"\narea_mm2 = 100\npower_w = 1\nnode = \"b\"\n"
        "[package]\ntechnology = \"organic\"\n[fab]\ngrid = \"G\"\n[design]\ngrid = \"G\"\nvolume = 1e6\n"
        "[use]\ngrid = \"G\"\nlifetime_years = 4\nduty = 0.1\nthroughput = 1\n",
        "two", parsed.catalog);
    EXPECT_TRUE(space) << to_string(space.error());
    return {parsed.catalog, *space};
  }
};

TEST(UncertainPoint, TwoChipletsOfOneGroupVaryByTheFormula) {
  // var(a + b) = s_a^2 + s_b^2 + 2 r s_a s_b. The two dies are alike, so that s_a = s_b = s: 4 s^2 for one cause, 2 s^2
  // for causes of their own, and (2 + 2 x 0.8) s^2 for the fabs' energy, whose triangles keep the correlation of their
  // normal scores to 1 %.
  struct Case {
    const char* coefficient;
    double of_one;  ///< variance of both over that of one
  };
  for (const Case& c : {Case{"gas", 4}, Case{"material", 4}, Case{"energy", 2 + 2 * 0.8}, Case{"transistors", 2}}) {
    const TwoChiplets two = TwoChiplets::with(c.coefficient);
    const Evaluator evaluator(two.space);
    const auto inputs = uncertain_inputs(evaluator, 0);
    ASSERT_TRUE(inputs);
    ASSERT_EQ(inputs->size(), 2U) << c.coefficient;
    const auto u = uncertainty(evaluator, 0, {.samples = 20'000});
    ASSERT_TRUE(u) << to_string(u.error());
    // One standard deviation of one coefficient: its triangle reaches 20 % to either side, which moves the total by
    // half of its swing.
    const CoefficientSwing& swing = u->swings[0];
    const double half = (swing.at_high - swing.at_low).value() / 2;
    const double variance = half * half / 6;
    EXPECT_NEAR((u->swings[1].at_high - u->swings[1].at_low).value() / 2, half, 1e-9 * half);
    const double deviation = u->total.standard_deviation.value();
    // A variance of 20,000 samples is known to 1 %.
    EXPECT_NEAR(deviation * deviation / variance, c.of_one, 0.04 * c.of_one) << c.coefficient;
  }
}

TEST(UncertainPoint, GroupsAreThoseOfABill) {
  TestStudy study = one_point_study("2", "n5", "passive");
  study.blocks += "[[block]]\nname = \"io\"\nkind = \"analog\"\narea_mm2 = 60\npower_w = 20\nnode = [\"n14\"]\n";
  const Space space = *study.read();
  const auto of_point = uncertain_inputs(Evaluator(space), 0);
  ASSERT_TRUE(of_point);
  const auto bill = embodied::parse_bill(
      "name = \"chip\"\n[life]\nyears = 4\n[[package]]\nname = \"p\"\ntechnology = \"passive\"\nsite = \"TW\"\n"
      "[[die]]\nname = \"compute\"\npackage = \"p\"\narea_mm2 = 80\nprocess = \"n5\"\nfab = \"TW\"\ncount = 2\n"
      "[[die]]\nname = \"io\"\npackage = \"p\"\narea_mm2 = 60\nprocess = \"n14\"\nfab = \"TW\"\n",
      "bill.toml");
  ASSERT_TRUE(bill) << to_string(bill.error());
  const auto compiled = embodied::CompiledBill::make(*bill, test_catalog());
  ASSERT_TRUE(compiled) << to_string(compiled.error());
  std::size_t grouped = 0;
  for (const carbon::Input& theirs : embodied::uncertain_inputs(*compiled)) {
    const auto ours = std::find_if(of_point->begin(), of_point->end(),
                                   [&](const carbon::Input& input) { return input.name == theirs.name; });
    if (ours == of_point->end()) {
      EXPECT_EQ(theirs.estimate.low, theirs.estimate.high) << theirs.name;
      continue;
    }
    EXPECT_EQ(ours->group, theirs.group) << theirs.name;
    EXPECT_EQ(ours->correlation, theirs.correlation) << theirs.name;
    grouped += theirs.group.empty() ? 0 : 1;
  }
  // Energy, gas, material and defects of two nodes and of the interposer's.
  EXPECT_EQ(grouped, 12U);
}

TEST(UncertainPoint, WhatCannotBeMadeIsRefused) {
  const auto space = one_point_study("1", "n28", "organic", "60000").read();
  ASSERT_TRUE(space);
  const auto u = uncertainty(Evaluator(*space), 0, {});
  ASSERT_FALSE(u);
  EXPECT_EQ(u.error().code, ErrorCode::bad_input);
  EXPECT_FALSE(u.error().hint.empty());
}

}  // namespace
}  // namespace cradle::design
