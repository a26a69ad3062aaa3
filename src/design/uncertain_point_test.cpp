#include "cradle/design/uncertain_point.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

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
  EXPECT_EQ(named("process.n5.energy"), 1);
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
