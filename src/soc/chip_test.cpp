#include "cradle/soc/chip.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "cradle/base/text.h"
#include "cradle/design/evaluator.h"
#include "cradle/design/space.h"
#include "esp_examples.h"

namespace cradle::soc {
namespace {

using carbon::Estimate;
using carbon::GramsPerJoule;

const catalog::Catalog& records() {
  static const auto loaded = catalog::Catalog::load();
  return loaded.value();
}

struct Chip {
  EspConfig config;
  SocFigures figures;
  DesignAnswer design;
  ChipMaking making;
};

Chip chip_of(std::string_view text, const ReusePlan& plan, const char* node = "n12") {
  Chip chip;
  chip.config = parse_esp_config(text, "d\\ \"x\"").value();
  chip.figures = measure(chip.config, {}, default_tile_table(), records(), *records().process(node)).value();
  const auto& average = records().grid(plan.design_grid)->average.estimate;
  const Estimate<GramsPerJoule> intensity{GramsPerJoule{average.value}, GramsPerJoule{average.low},
                                          GramsPerJoule{average.high}};
  chip.design = design_carbon(design_parts(chip.figures, plan, "r").value(), plan, intensity, "r").value();
  chip.making = make_chip(chip.figures, plan, records(), "r").value();
  return chip;
}

ReusePlan plan_of(const char* text) { return parse_reuse_plan(text, "r").value(); }

constexpr const char* shared =
    "[design]\nsram_share = 0.5\nvolume = 2e4\n[[tile]]\nip = \"FFT2_STRATUS\"\ndesign = \"reused\"\n"
    "integration_share = 0.2\nproducts = 3\nperson_months = 2\n[[tile]]\nip = \"cpu\"\ndesign = \"reused\"\nproducts = "
    "4\n[[tile]]\nip = \"mem\"\ndesign = \"new\"\nproducts = 2\n";

TEST(Chip, MakingIsInOrderAndGrowsWithTheDie) {
  std::string more(esp_3x3);
  more.replace(more.find("1024 16"), 7, "4096 16");
  const Chip small = chip_of(esp_3x3, default_reuse_plan()), large = chip_of(more, default_reuse_plan());
  for (const Chip* chip : {&small, &large}) {
    for (const auto& grams : {chip->making.die, chip->making.package, chip->making.total()}) {
      EXPECT_GT(grams.low.value(), 0);
      EXPECT_LT(grams.low, grams.value);
      EXPECT_LT(grams.value, grams.high);
    }
    EXPECT_LE(chip->making.yield.low, chip->making.yield.value);
    EXPECT_LE(chip->making.yield.value, chip->making.yield.high);
  }
  EXPECT_GT(large.figures.die().value, small.figures.die().value);
  EXPECT_GT(large.making.die.value, small.making.die.value);
  ReusePlan elsewhere = default_reuse_plan();
  elsewhere.fab_grid = "XX";
  EXPECT_FALSE(make_chip(small.figures, elsewhere, records(), "r"));
  elsewhere = default_reuse_plan();
  elsewhere.package = "paper";
  EXPECT_FALSE(make_chip(small.figures, elsewhere, records(), "r"));
}

/// The space's own equations, which know nothing of tiles, come to the same grams.
TEST(Chip, TheSpaceSaysTheSame) {
  for (const ReusePlan& plan : {default_reuse_plan(), plan_of(shared)})
    for (const char* node : {"n12", "n7", "n28"}) {
      const Chip chip = chip_of(esp_3x3, plan, node);
      const std::string text = space_text(chip.config, chip.figures, chip.design, plan);
      const auto space = design::parse_space(text, "space", records());
      ASSERT_TRUE(space) << to_string(space.error()) << text;
      const design::Evaluator evaluator(*space);
      // Number 0 takes the first of each axis: one die in the chip's own node, the plan's package.
      const design::Outcome<double> outcome = evaluator.at(0).outcome;
      EXPECT_NEAR(outcome.design / chip.design.per_chip.value.value(), 1, 1e-9) << node;
      EXPECT_NEAR(outcome.area / chip.figures.die().value.value(), 1, 1e-9) << node;
      EXPECT_NEAR(outcome.made / chip.making.total().value.value(), 1, 1e-9) << node;
    }
}

/// How often a tile is placed, and who reuses it, moves the grams of its design; design and masks of the chip are paid
/// once and whole: nothing of their cost is shared by more than the chips that are made.
TEST(Chip, TheSpacePaysDesignAndMasksOfOneWholeChip) {
  for (const char* tiles : {"", "[[tile]]\nip = \"cpu\"\ndesign = \"reused\"\nintegration_share = 0\nproducts = 4\n"}) {
    const auto cost = [&](double volume) {
      const ReusePlan plan = plan_of(("[design]\nvolume = " + shortest(volume) + "\n" + tiles).c_str());
      const Chip chip = chip_of(esp_3x3, plan);
      const auto space = design::parse_space(space_text(chip.config, chip.figures, chip.design, plan), "s", records());
      return design::Evaluator(*space).at(0).outcome.cost;
    };
    constexpr double volume = 1e5;
    const double whole = records().process("n12")->design_cost.value();
    EXPECT_NEAR((cost(volume) - cost(2 * volume)) / (whole / volume - whole / (2 * volume)), 1, 1e-9) << tiles;
  }
}

TEST(Chip, EverySystemIsASpace) {
  for (const std::string_view text : {esp_3x3, esp_4x4, esp_older}) {
    const ReusePlan plan = default_reuse_plan();
    const Chip chip = chip_of(text, plan);
    const auto space = design::parse_space(space_text(chip.config, chip.figures, chip.design, plan), "s", records());
    ASSERT_TRUE(space) << to_string(space.error());
    EXPECT_GE(space->blocks.size(), 5u);
  }
  // A tile that is not there, and effort that nobody pays.
  const std::string_view lonely = "CONFIG_NOC_ROWS = 1\nCONFIG_NOC_COLS = 1\nNCPU_TILE = 0\nTILE_0_0 = 0 empty empty\n";
  const ReusePlan none = plan_of("[[tile]]\nip = \"empty\"\ndesign = \"reused\"\nintegration_share = 0\n");
  const Chip chip = chip_of(lonely, none);
  EXPECT_TRUE(design::parse_space(space_text(chip.config, chip.figures, chip.design, none), "s", records()));
}

}  // namespace
}  // namespace cradle::soc
