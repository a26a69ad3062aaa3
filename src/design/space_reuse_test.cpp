// Reused silicon as an axis of a design space: what it changes, what it leaves alone, and where it cannot be had.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cradle/design/explore.h"
#include "cradle/design/uncertain_point.h"
#include "space_example.h"

namespace cradle::design {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// The small chip, every block with these lines.
TestStudy with_reuse(const std::string& lines) {
  TestStudy study;
  study.blocks = replaced(study.blocks, "split = [1, 2, 4]", lines + "split = [1, 4]");
  study.blocks = replaced(study.blocks, "split_range = [1, 2]", lines + "split_range = [1, 2]");
  study.blocks = replaced(study.blocks, "products = [1, 3]", lines + "products = [1, 3]");
  study.package =
      "[package]\nintegration = [\"one-die\", \"chiplets\"]\ntechnology = [\"organic\", \"emib\", \"hybrid\"]\n";
  study.fab = "[fab]\ngrid = \"TW\"\n";
  study.design = "[design]\ngrid = \"US\"\nvolume = 1e5\n";
  return study;
}

const Space& reusing() {
  static const Space space = *with_reuse("reuse = [0, 0.5, 1]\nreuse_carbon_share = 0.1\n").read();
  return space;
}

/// One block of two dies.
Space two_dies(const std::string& lines) {
  TestStudy study = one_point_study("2", "n7", "organic");
  study.blocks += lines;
  return *study.read();
}

TEST(SpaceReuse, NothingReusedKeepsEveryBit) {
  const Space plain = *with_reuse("").read();
  const Evaluator before(plain), after(reusing());
  ASSERT_EQ(reusing().points(), 27 * plain.points());
  ASSERT_FALSE(plain.reuses());
  for (std::uint64_t i = 0; i < plain.points(); ++i) {
    const std::uint64_t same = reusing().index_of(plain.at(i));
    const Evaluated a = before.at(i), b = after.at(same);
    ASSERT_EQ(a.standing, b.standing);
    ASSERT_EQ(plain.label(i), reusing().label(same));
    for (std::size_t k = 0; k < objective_count; ++k) {
      const auto objective = static_cast<Objective>(k);
      if (a.standing != Standing::impossible) {
        ASSERT_EQ(value(a.outcome, objective), value(b.outcome, objective));
      }
    }
  }
}

TEST(SpaceReuse, MakingAndDesignFallByTheShareAndTheRestDoesNot) {
  const auto fresh = Evaluator(two_dies("")).at(0).outcome;
  const Space half = two_dies("reuse = 0.5\nreuse_carbon_share = 0.1\n");
  const auto reused = Evaluator(half).at(0).outcome;
  const double making = 0.5 + 0.5 * 0.1;
  EXPECT_DOUBLE_EQ(reused.silicon, fresh.silicon * making);
  EXPECT_DOUBLE_EQ(reused.edge, fresh.edge * making);
  EXPECT_NEAR(reused.loss / (fresh.loss * making), 1, 1e-12);
  EXPECT_DOUBLE_EQ(reused.design, fresh.design * making);
  EXPECT_EQ(reused.substrate, fresh.substrate);
  EXPECT_EQ(reused.bonding, fresh.bonding);
  EXPECT_EQ(reused.operation, fresh.operation);
  EXPECT_EQ(reused.cost, fresh.cost);
  EXPECT_EQ(reused.delay, fresh.delay);
  EXPECT_EQ(reused.area, fresh.area);
  // A bad bond loses what is in the package: reclaimed dies for what they took.
  const double in_package = (fresh.silicon + fresh.edge + fresh.loss) * making + fresh.substrate + fresh.bonding;
  const double dies = (fresh.silicon + fresh.edge + fresh.loss) + fresh.substrate + fresh.bonding;
  EXPECT_NEAR(reused.package_loss / (fresh.package_loss * in_package / dies), 1, 1e-12);
  EXPECT_EQ(half.label(0), "compute 2x n7 reuse 0.5 | organic | TW");
}

TEST(SpaceReuse, WithoutAShareItIsThatOfReusedMemoryBehindCxl) {
  // Two controllers of 2.47 kg in place of 40 % of twelve modules of 105.4 kg, and the ends of their ranges.
  const auto share = two_dies("reuse = 1\n").blocks[0].reclaiming.share;
  EXPECT_NEAR(share.value, 2 * 2.47 / (0.4 * 12 * 105.4), 5e-4);
  EXPECT_NEAR(share.low, 2 * 1.2 / (0.4 * 12 * 110), 1e-4);
  EXPECT_NEAR(share.high, 2 * 10 / (0.4 * 12 * 40.0), 5e-4);
}

RC_GTEST_PROP(SpaceReuse, MoreReuseNeverEmitsMore, ()) {
  static const Evaluator evaluator(reusing());
  std::uint64_t index = *rc::gen::inRange<std::uint64_t>(0, reusing().points());
  while (evaluator.at(index).standing == Standing::impossible) index = (index + 1) % reusing().points();
  Choice choice = reusing().at(index);
  const auto block = *rc::gen::inRange<std::size_t>(0, 3);
  std::vector<double> carbon;
  for (std::size_t share = 0; share < 3; ++share) {
    if (reusing().merged[choice.integration]) {
      for (std::size_t b = 0; b < 3; ++b) choice.blocks[b].reuse = share;
    } else {
      choice.blocks[block].reuse = share;
    }
    const Evaluated point = evaluator.at(reusing().index_of(choice));
    RC_ASSERT(point.standing != Standing::impossible);
    carbon.push_back(point.outcome.carbon());
  }
  RC_ASSERT(carbon[0] > carbon[1]);
  RC_ASSERT(carbon[1] > carbon[2]);
}

RC_GTEST_PROP(SpaceReuse, NumbersChoicesAndLabelsAreOneToOne, ()) {
  const auto index = *rc::gen::inRange<std::uint64_t>(0, reusing().points());
  const auto other = *rc::gen::inRange<std::uint64_t>(0, reusing().points());
  RC_ASSERT(reusing().index_of(reusing().at(index)) == index);
  RC_ASSERT((reusing().label(index) == reusing().label(other)) == (index == other));
}

TEST(SpaceReuse, StreamsAndVectorsAgreeWithSinglePointsAndTheFrontWithBruteForce) {
  const Evaluator evaluator(reusing());
  std::vector<std::vector<double>> rows;
  std::vector<std::uint64_t> indices;
  for (std::uint64_t i = 0; i < reusing().points(); ++i) {
    const Evaluated point = evaluator.at(i);
    if (point.standing != Standing::feasible) continue;
    indices.push_back(i);
    std::vector<double>& row = rows.emplace_back();
    for (const Objective objective : reusing().objectives) row.push_back(value(point.outcome, objective));
  }
  for (const Arithmetic arithmetic : {Arithmetic::strict, Arithmetic::lanes}) {
    Batch batch;
    Collector(evaluator, arithmetic).collect(0, reusing().points(), batch);
    ASSERT_EQ(batch.indices, indices);
    double worst = 0;
    std::size_t next = 0;
    for (const auto& row : rows)
      for (const double value : row) worst = std::max(worst, std::abs(batch.rows[next++] / value - 1));
    EXPECT_LE(worst, arithmetic == Arithmetic::strict ? 0 : 1e-12);
  }
  auto expected = *pareto_front(rows);
  for (FrontPoint& point : expected) point.index = indices[point.index];
  const auto found = explore(reusing());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->front, expected);
  // Nothing but carbon depends on it, and reclaiming takes less than making: the front is of the largest share.
  for (const FrontPoint& point : found->front)
    for (std::size_t b = 0; b < 3; ++b) EXPECT_EQ(reusing().at(point.index).blocks[b].reuse, 2U);
}

TEST(SpaceReuse, OneDieIsReclaimedAsAWhole) {
  const TestStudy study = [] {
    TestStudy small = with_reuse("reuse = [0, 0.5]\nreuse_carbon_share = 0.2\n");
    small.blocks = replaced(small.blocks, "node = [\"n28\", \"n14\", \"n7\"]", "node = [\"n7\"]");
    return small;
  }();
  const Space space = *study.read();
  const Evaluator small(space);
  Choice at;
  for (auto& block : at.blocks) block.node = 1;
  at.blocks[2].node = 0;
  const Evaluated fresh = small.at(space.index_of(at));
  ASSERT_NE(fresh.standing, Standing::impossible) << space.label(space.index_of(at));
  at.blocks[0].reuse = 1;
  EXPECT_EQ(small.at(space.index_of(at)).standing, Standing::impossible);
  at.blocks[1].reuse = at.blocks[2].reuse = 1;
  const Evaluated whole = small.at(space.index_of(at));
  ASSERT_NE(whole.standing, Standing::impossible);
  EXPECT_DOUBLE_EQ(whole.outcome.silicon, fresh.outcome.silicon * 0.6);
  EXPECT_DOUBLE_EQ(whole.outcome.design, fresh.outcome.design * 0.6);
}

TEST(SpaceReuse, TiersGrownOnOneWaferAreNew) {
  TestStudy study = one_point_study("2", "n7", "monolithic-3d");
  study.blocks += "reuse = [0, 0.5]\n";
  const Space space = *study.read();
  const Evaluator evaluator(space);
  EXPECT_EQ(evaluator.at(0).standing, Standing::feasible);
  EXPECT_EQ(evaluator.at(1).standing, Standing::impossible);
  for (const Arithmetic arithmetic : {Arithmetic::strict, Arithmetic::lanes}) {
    Batch batch;
    Collector(evaluator, arithmetic).collect(0, 2, batch);
    EXPECT_EQ(batch.impossible, 1U);
    EXPECT_EQ(batch.oversized, 0U);
  }
}

TEST(SpaceReuse, BadSharesAreRefusedWithLineAndHint) {
  struct Wrong {
    const char *lines, *where, *message, *hint;
  };
  // The block begins at line 3; its own lines end at 9.
  const Wrong all[] = {
      {"reuse = [0, 1.1]\n", "chip.toml:10", "numbers of 0 .. 1", "0 .. 1"},
      {"reuse = [-0.1]\n", "chip.toml:10", "numbers of 0 .. 1", "0 .. 1"},
      {"reuse = nan\n", "chip.toml:10", "numbers of 0 .. 1", "0 .. 1"},
      {"reuse = []\n", "chip.toml:10", "empty", "name at least one value"},
      {"reuse = [0.5, 0.5]\n", "chip.toml:10", "twice", "once"},
      {"reuse = [0, -0.0]\n", "chip.toml:10", "twice", "once"},
      {"reuse = \"all\"\n", "chip.toml:10", "numbers of 0 .. 1", "0 .. 1"},
      {"reuse = 1\nreuse_carbon_share = 1.5\n", "chip.toml:11", "is 1.5", "0 .. 1"},
      {"reuse = 1\nreuse_carbon_share = -1\n", "chip.toml:11", "is -1", "0 .. 1"},
      {"reuse_carbon_share = 0.1\n", "chip.toml:10", "nothing is reused", "add reuse"},
      {"reuse = 1\nreuse_carbon_share_range = [0, 1]\n", "chip.toml:11", "no reuse_carbon_share", "add"},
      {"reuse = 1\nreuse_carbon_share = 0.1\nreuse_carbon_share_range = [0.2, 0.3]\n", "chip.toml:12", "no range",
       "[least, most]"},
      {"reuse = 1\nreuse_carbon_share = 0.1\nreuse_carbon_share_range = [0.1]\n", "chip.toml:12", "no range",
       "[least, most]"},
  };
  for (const Wrong& wrong : all) {
    TestStudy study = one_point_study("2", "n7", "organic");
    study.blocks += wrong.lines;
    const auto space = study.read();
    ASSERT_FALSE(space) << wrong.lines;
    EXPECT_EQ(space.error().where, wrong.where) << wrong.lines << to_string(space.error());
    EXPECT_NE(space.error().message.find(wrong.message), std::string::npos) << to_string(space.error());
    EXPECT_NE(space.error().hint.find(wrong.hint), std::string::npos) << to_string(space.error());
  }
}

TEST(SpaceReuse, WhatNoPointCanHaveIsRefused) {
  TestStudy tiers = one_point_study("2", "n7", "monolithic-3d");
  tiers.blocks += "reuse = [0.5, 1]\n";
  const auto grown = tiers.read();
  ASSERT_FALSE(grown);
  EXPECT_NE(grown.error().message.find("one wafer"), std::string::npos) << to_string(grown.error());
  // On one die: no common share, or a common share that is reclaimed in two ways.
  for (const char* compute : {"reuse = 1\n", "reuse = 0.5\nreuse_carbon_share = 0.2\n"}) {
    TestStudy study = with_reuse("reuse = 0.5\n");
    study.blocks = replaced(study.blocks, "reuse = 0.5\n", compute);
    const auto space = study.read();
    ASSERT_FALSE(space);
    EXPECT_NE(space.error().hint.find("one-die"), std::string::npos) << to_string(space.error());
  }
}

TEST(SpaceReuse, WhatReclaimingTakesIsAnUncertainCoefficient) {
  const Space space = two_dies("reuse = 0.5\nreuse_carbon_share = 0.1\nreuse_carbon_share_range = [0.05, 0.4]\n");
  const auto u = uncertainty(Evaluator(space), 0, {.samples = 2000});
  ASSERT_TRUE(u) << to_string(u.error());
  const auto fresh = Evaluator(two_dies("")).at(0).outcome;
  bool found = false;
  for (const CoefficientSwing& swing : u->swings) {
    if (swing.key != "block.compute.reuse_carbon_share") continue;
    found = true;
    EXPECT_EQ(swing.range, "0.05 .. 0.1 .. 0.4 ratio");
    EXPECT_EQ(swing.source, "chip.toml");
    // Embodied carbon is linear in it: half of the dies and of their design, with what bad bonds lose of them.
    const double dies = fresh.silicon + fresh.edge + fresh.loss;
    const double tries = fresh.made / (dies + fresh.substrate + fresh.bonding);
    const double slope = 0.5 * (dies * tries + fresh.design);
    EXPECT_NEAR((swing.embodied_at_high - swing.embodied_at_low).value() / (slope * 0.35), 1, 1e-9);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(u->embodied.value.value(), Evaluator(space).at(0).outcome.embodied());
  // Blocks that leave the share at its default share one input as well.
  const auto inputs = uncertain_inputs(Evaluator(two_dies("reuse = 1\n")), 0);
  ASSERT_TRUE(inputs);
  EXPECT_EQ(std::count_if(inputs->begin(), inputs->end(),
                          [](const carbon::Input& input) { return input.name == "reuse_carbon_share"; }),
            1);
}

// --- The largest die -------------------------------------------------------------------------------------------------

TEST(SpaceReticle, ADieOfOneExposureIsMadeAndALargerOneIsNot) {
  // 26 x 33 mm; logic of 7 nm is as large as in the reference node.
  const Space fits = *one_point_study("1", "n7", "organic", "858").read();
  EXPECT_EQ(Evaluator(fits).at(0).standing, Standing::feasible);
  const Space large = *one_point_study("1", "n7", "organic", "858.0001").read();
  EXPECT_EQ(Evaluator(large).at(0).standing, Standing::impossible);
  EXPECT_TRUE(Evaluator(large).oversized(Evaluator(large).at(0).outcome));
  const auto found = explore(large);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->impossible, 1U);
  EXPECT_EQ(found->oversized, 1U);
  const auto u = uncertainty(Evaluator(large), 0, {});
  ASSERT_FALSE(u);
  EXPECT_NE(u.error().message.find("858 mm2 (26 x 33 mm)"), std::string::npos) << to_string(u.error());
  EXPECT_NE(u.error().hint.find("stitched"), std::string::npos);
  TestStudy stitched = one_point_study("1", "n7", "organic", "2000");
  stitched.fab += "stitched = true\n";
  EXPECT_EQ(Evaluator(*stitched.read()).at(0).standing, Standing::feasible);
}

TEST(SpaceReticle, BothPathsCountTheSamePoints) {
  const double vias = test_catalog().package("organic")->via_area.value();
  for (const double factor : {1 - 1e-6, 1 + 1e-6}) {
    // Two dies that just fit with their vias, or just do not; one die of all does not, four dies always do.
    TestStudy study = one_point_study("1", "n7", "organic", std::to_string(2 * 858 * (1 - vias) * factor));
    study.blocks = replaced(study.blocks, "split = [1]", "split = [1, 2, 4]");
    study.blocks +=
        "[[block]]\nname = \"io\"\nkind = \"analog\"\narea_mm2 = 60\npower_w = 20\nnode = [\"n14\", \"n7\"]\n";
    const auto space = study.read();
    ASSERT_TRUE(space) << to_string(space.error());
    const Evaluator evaluator(*space);
    for (const Arithmetic arithmetic : {Arithmetic::strict, Arithmetic::lanes}) {
      Batch batch;
      Collector(evaluator, arithmetic).collect(0, space->points(), batch);
      EXPECT_EQ(batch.oversized, factor < 1 ? 2U : 4U);
      EXPECT_EQ(batch.impossible, batch.oversized);
      EXPECT_EQ(batch.indices.size() + batch.impossible, space->points());
      for (const std::uint64_t index : batch.indices)
        EXPECT_GT(space->blocks[0].splits[space->at(index).blocks[0].split], factor < 1 ? 1 : 2);
    }
  }
}

}  // namespace
}  // namespace cradle::design
