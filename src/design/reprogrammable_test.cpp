#include "cradle/design/reprogrammable.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cradle/design/studies.h"

namespace cradle::design {
namespace {

ReprogrammableStudy shipped() {
  for (const auto& study : embedded_studies())
    if (study.name == "fpga") {
      auto read = read_reprogrammable_study(study.text, "fpga.toml");
      EXPECT_TRUE(read) << to_string(read.error());
      return *read;
    }
  ADD_FAILURE() << "no study fpga";
  return {};
}

void expect_kg(carbon::GramsCO2e grams, double kilograms) {
  EXPECT_NEAR(carbon::KilogramsCO2e{grams}.value() / kilograms, 1, 1e-9) << kilograms;
}

TEST(Reprogrammable, GivesThePublishedSums) {
  const auto study = shipped();
  // Computed with GreenFPGA at 6add8f5 on its TPU and Agilex examples: five designs, and one.
  const auto fixed = life_cycle(study.fixed, 5, "tpu");
  ASSERT_TRUE(fixed) << to_string(fixed.error());
  expect_kg(fixed->design, 25900000.0);
  expect_kg(fixed->making, 314141286.5210969);
  expect_kg(fixed->end_of_life, 3900.0);
  expect_kg(fixed->operation, 1098548248.1781697);
  expect_kg(fixed->development, 50.4);
  expect_kg(fixed->embodied(), 340045236.92109686);
  expect_kg(fixed->total(), 1438593485.0992665);
  const auto reprogrammed = life_cycle(study.reprogrammed, 5, "agilex");
  ASSERT_TRUE(reprogrammed);
  expect_kg(reprogrammed->making, 53021415.54880065);
  expect_kg(reprogrammed->operation, 1258753201.0374863);
  expect_kg(reprogrammed->development, 705.6);
  expect_kg(reprogrammed->total(), 1316956102.186287);
}

TEST(Reprogrammable, TheFpgaWinsFromFourDesigns) {
  const auto study = shipped();
  const auto found = applications_to_break_even(study.fixed, study.reprogrammed, "study");
  ASSERT_TRUE(found);
  ASSERT_TRUE(*found);
  EXPECT_NEAR(**found, 3.21, 5e-3);  // from the published totals: 218,407,804 / 68,009,037
  const auto total = [](const ReprogrammableChip& chip, double n) { return life_cycle(chip, n, "x")->total(); };
  EXPECT_LT(total(study.fixed, 3), total(study.reprogrammed, 3));
  EXPECT_GT(total(study.fixed, 4), total(study.reprogrammed, 4));
}

TEST(Reprogrammable, CorrectedDiffersByWaferAndEndOfLifeOnly) {
  const auto study = shipped();
  const auto published = *life_cycle(study.fixed, 1, "x"), corrected = *life_cycle(study.fixed_corrected, 1, "x");
  EXPECT_EQ(published.design, corrected.design);
  EXPECT_EQ(published.operation, corrected.operation);
  expect_kg(corrected.end_of_life, 15.2);  // 0.8 x 10 g/kg x 2 g - 0.2 x 2 g/kg x 2 g = 0.0152 g a part
  EXPECT_GT(corrected.making, published.making);
}

TEST(Reprogrammable, NeverMeetsWhereEachDesignCostsLess) {
  auto study = shipped();
  study.fixed.power = carbon::Watts{1e4};
  study.fixed.design = {};
  study.fixed.process.gas = {};
  study.fixed.end_of_life = {};
  study.fixed.development = study.reprogrammed.development;
  const auto found = applications_to_break_even(study.fixed, study.reprogrammed, "study");
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST(Reprogrammable, RefusesImpossibleChips) {
  const auto refused = [](auto change) {
    auto chip = shipped().fixed;
    change(chip);
    const auto out = life_cycle(chip, 2, "chip");
    return !out && !out.error().hint.empty();
  };
  EXPECT_TRUE(refused([](auto& chip) { chip.volume = 0; }));
  EXPECT_TRUE(refused([](auto& chip) { chip.service = carbon::Hours{0}; }));
  EXPECT_TRUE(refused([](auto& chip) { chip.power = carbon::Watts{-1}; }));
  EXPECT_TRUE(refused([](auto& chip) { chip.blocks.clear(); }));
  EXPECT_TRUE(refused([](auto& chip) { chip.blocks[0].area = carbon::SquareMillimetres{1e9}; }));
  EXPECT_TRUE(refused([](auto& chip) { chip.recycled = 2; }));
}

RC_GTEST_PROP(Reprogrammable, TheTwoAreEqualAtTheRoot, ()) {
  auto study = shipped();
  study.fixed.design = carbon::GramsCO2e{1e6 * *rc::gen::inRange(1, 100000)};
  study.reprogrammed.power = carbon::Watts{static_cast<double>(*rc::gen::inRange(200, 400))};
  const auto found = applications_to_break_even(study.fixed, study.reprogrammed, "study");
  RC_ASSERT(found.has_value());
  RC_PRE(found->has_value());
  const double a = life_cycle(study.fixed, **found, "x")->total().value();
  const double b = life_cycle(study.reprogrammed, **found, "x")->total().value();
  RC_ASSERT(std::abs(a - b) <= 1e-9 * a);
}

}  // namespace
}  // namespace cradle::design
