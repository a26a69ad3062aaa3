#include "cradle/soc/design_carbon.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "esp_examples.h"

namespace cradle::soc {
namespace {

using carbon::Estimate;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::KilogramsCO2e;

using E = Estimate<double>;

Estimate<GramsPerJoule> grid(double grams_per_kwh) {
  return Estimate<GramsPerJoule>::exact(GramsPerJoule{GramsPerKilowattHour{grams_per_kwh}});
}

DesignPart part_of(const std::string& label, double transistors) {
  DesignPart part;
  part.label = label;
  part.logic_transistors = E::exact(transistors);
  part.share = part.products = E::exact(1);
  return part;
}

DesignAnswer answered(std::vector<DesignPart> parts, const ReusePlan& plan, double intensity = 700) {
  auto answer = design_carbon(std::move(parts), plan, grid(intensity), "test");
  EXPECT_TRUE(answer) << to_string(answer.error());
  return answer ? std::move(*answer) : DesignAnswer{};
}

double kg(carbon::GramsCO2e grams) { return KilogramsCO2e{grams}.value(); }

TEST(DesignCarbon, TheSixPublishedNumbers) {
  // ECO-CHIP (Sudarshan et al., HPCA 2024), README at fe998d9: design carbon of each chiplet with 90 iterations,
  // 100,000 parts and 700 g/kWh. Areas in 7 nm of its test cases; density of transistors and area of memory by its
  // tech_params.
  struct Published {
    const char* name;
    double area, scale, density, kilograms;
    int decimals;
  };
  const double n7 = 82.86e6, n10 = 38.72e6, n14 = 18.09e6;
  const double sram_14 = 1.902779873;
  const Published published[] = {
      {"GA102 GPU", 425.01, 1, n7, 7.606727, 6},          {"GA102 analog", 92.03, 1, n10, 0.769695, 6},
      {"GA102 memory", 58.78, sram_14, n14, 0.437029, 6}, {"Tiger Lake CPU", 16.04, 1, n7, 0.28708, 5},
      {"Tiger Lake analog", 24.47, 1, n10, 0.204655, 6},  {"Tiger Lake memory", 10.84, 1, n10, 0.090661, 6}};
  const ReusePlan plan = default_reuse_plan();
  for (const Published& chiplet : published) {
    const auto answer = answered({part_of(chiplet.name, chiplet.area * chiplet.scale * chiplet.density)}, plan);
    const double unit = std::pow(10.0, chiplet.decimals);
    EXPECT_EQ(std::round(kg(answer.per_chip.value) * unit), std::round(chiplet.kilograms * unit))
        << chiplet.name << ": " << kg(answer.per_chip.value);
  }
}

TEST(DesignCarbon, ComputingAgainstPeople) {
  // A hypothetical chip of 64 mm2 in 14 nm: 39,695 core-hours and 278 kg for each run of the flow, 25.0 t for 90 of
  // them; 30 person-months of 0.4625 MWh a year (GreenFPGA, DAC 2024) are 809 kg. Computing is 31 times people.
  ReusePlan plan = default_reuse_plan();
  plan.volume = 1;
  DesignPart whole = part_of("whole", 64 * 18.09e6);
  whole.person_months = E::exact(30);
  const auto answer = answered({whole}, plan);
  EXPECT_NEAR(whole.logic_transistors.value / 8 / plan.gates_per_core_hour.estimate.value, 39695, 1);
  EXPECT_NEAR(kg(answer.compute) / 90, 277.9, 0.1);
  EXPECT_NEAR(kg(answer.compute), 25008, 1);
  EXPECT_NEAR(kg(answer.people), 809.4, 0.1);
  EXPECT_NEAR(answer.compute / answer.people, 31, 0.2);
}

TEST(DesignCarbon, AGridOfEqualTilesCostsItsDistinctOnes) {
  const auto records = catalog::Catalog::load().value();
  const auto config = parse_esp_config(esp_4x4, "d").value();
  TileTable table = default_tile_table();
  table.top_share.estimate = E::exact(0);
  for (const TileKind kind : {TileKind::cpu, TileKind::accelerator, TileKind::memory, TileKind::misc}) {
    table.by_kind[kind].kilogates = E::exact(500);
    table.by_kind[kind].sram_kilobits = E::exact(0);
  }
  const auto figures = measure(config, {}, table, records, *records.process("n12")).value();
  ReusePlan plan = default_reuse_plan();
  plan.person_months.estimate = plan.new_person_months.estimate = E::exact(0);
  const auto answer = answered(design_parts(figures, plan, "p").value(), plan);
  // 6 distinct of 16.
  const double each = figures.tiles[0].area().value.value() * records.process("n12")->transistors.value().value();
  const auto all = answered({part_of("16 tiles", 16 * each)}, plan);
  EXPECT_NEAR(answer.per_chip.value / all.per_chip.value, 6.0 / 16, 1e-12);
}

RC_GTEST_PROP(DesignCarbon, LawsOfSharing, ()) {
  const double transistors = *rc::gen::inRange(1, 1'000'000'000);
  const double months = *rc::gen::inRange(0, 1000);
  const double share = *rc::gen::inRange(0, 101) / 100.0, products = *rc::gen::inRange(1, 1000);
  ReusePlan plan = default_reuse_plan();
  DesignPart fresh = part_of("a", transistors);
  fresh.person_months = E::exact(months);
  const auto whole = answered({fresh}, plan);
  DesignPart reused = fresh;
  reused.role = DesignRole::reused;
  reused.share = E::exact(share);
  reused.products = E::exact(products);
  const auto part = answered({reused}, plan);
  const auto near = [](double a, double b) { return std::abs(a - b) <= 1e-9 * (1 + std::abs(b)); };
  RC_ASSERT(near(part.compute / carbon::GramsCO2e{1}, whole.compute.value() * share / products));
  RC_ASSERT(near(part.people.value(), whole.people.value() / products));
  RC_ASSERT(near(part.if_all_new.value() - answered({part_of("a", transistors)}, plan).compute.value(),
                 6.0 / 12 * 462.5 * 700 / plan.volume));
  // Twice the chips, half the grams of each.
  plan.volume *= 2;
  RC_ASSERT(near(2 * answered({fresh}, plan).per_chip.value.value(), whole.per_chip.value.value()));
}

RC_GTEST_PROP(DesignCarbon, SumsBoundsAndSwings, (std::uint8_t parts_less_one)) {
  std::vector<DesignPart> parts;
  for (int i = 0; i <= parts_less_one % 6; ++i) {
    DesignPart part = part_of("p" + std::to_string(i), 1);
    const double logic = *rc::gen::inRange(0, 1'000'000), sram = *rc::gen::inRange(0, 1'000'000);
    part.logic_transistors = {logic, logic / 2, logic * 3};
    part.sram_transistors = {sram, sram / 4, sram * 2};
    part.role = *rc::gen::element(DesignRole::fresh, DesignRole::reused, DesignRole::top);
    part.share = {0.5, 0.1, 0.9};
    part.products = {2, 1, 8};
    part.person_months = {3, 0, 20};
    parts.push_back(part);
  }
  const auto answer = answered(parts, default_reuse_plan(), 400);
  double sum = 0;
  for (const DesignPart& part : answer.parts) sum += part.per_chip.value();
  const double total = answer.per_chip.value.value();
  RC_ASSERT(std::abs(sum - total) <= 1e-9 * total);
  RC_ASSERT(std::abs((answer.of_new + answer.of_reused + answer.of_top).value() - total) <= 1e-9 * total);
  RC_ASSERT(std::abs((answer.compute + answer.people).value() - total) <= 1e-9 * total);
  RC_ASSERT(answer.per_chip.low <= answer.per_chip.value);
  RC_ASSERT(answer.per_chip.value <= answer.per_chip.high);
  for (std::size_t i = 0; i < answer.swings.size(); ++i) {
    const DesignSwing& swing = answer.swings[i];
    if (i > 0) RC_ASSERT(swing.spread() <= answer.swings[i - 1].spread());
    // No single input leaves the bounds of all of them together.
    const double slack = 1e-9 * total;
    for (const auto end : {swing.at_low, swing.at_high}) {
      RC_ASSERT(end.value() >= answer.per_chip.low.value() - slack);
      RC_ASSERT(end.value() <= answer.per_chip.high.value() + slack);
    }
  }
}

TEST(DesignCarbon, WhoDominatesFollowsTheRanges) {
  ReusePlan plan = default_reuse_plan();
  for (Input* input : {&plan.iterations, &plan.power_per_core, &plan.sram_share, &plan.kwh_per_person_year})
    input->estimate = E::exact(input->estimate.value);
  DesignPart fresh = part_of("a", 1e8), reused = part_of("b", 1e8);
  fresh.logic_transistors = {1e8, 0.9e8, 1.1e8};
  reused.role = DesignRole::reused;
  reused.share = {0.1, 0.02, 0.5};
  const auto answer = answered({fresh, reused}, plan);
  ASSERT_EQ(answer.swings.size(), 2u);
  EXPECT_EQ(answer.swings[0].name, "b: integration_share");
  EXPECT_GT(answer.spread_of_reused(), answer.spread_of_new());
  EXPECT_EQ(answer.spread_of_people().value(), 0);
  // 0.48 of what the whole of b would take, and 0.2 of a.
  EXPECT_NEAR(answer.spread_of_reused() / answer.spread_of_new(), 0.48 / 0.2, 1e-9);
  EXPECT_GT(answer.of_new, answer.of_reused);
}

TEST(ReusePlan, ReadsAndKeepsDefaults) {
  const auto plan = parse_reuse_plan(
      "[design]\ngrid = \"SE\"\nvolume = 5e4\niterations = 20\niterations_range = [10, 30]\nsource = \"ours\"\n"
      "[making]\ngrid = \"KR\"\npackage = \"rdl\"\n"
      "[[tile]]\nip = \"cpu\"\ndesign = \"reused\"\nproducts = 4\nproducts_range = [2, 8]\n"
      "[[tile]]\nip = \"FFT2_STRATUS\"\ndesign = \"new\"\nperson_months = 3\n",
      "r");
  ASSERT_TRUE(plan) << to_string(plan.error());
  EXPECT_EQ(plan->design_grid, "SE");
  EXPECT_EQ(plan->volume, 5e4);
  EXPECT_EQ(plan->iterations.estimate, (E{20, 10, 30}));
  EXPECT_EQ(plan->iterations.source, "ours");
  EXPECT_EQ(plan->person_months.estimate, default_reuse_plan().person_months.estimate);
  EXPECT_TRUE(plan->tiles.at("cpu").reused);
  EXPECT_EQ(plan->tiles.at("cpu").share.estimate, plan->integration_share.estimate);
  EXPECT_EQ(plan->tiles.at("cpu").person_months.estimate.value, 0);
  EXPECT_EQ(plan->tiles.at("FFT2_STRATUS").person_months.estimate.value, 3);
  ASSERT_TRUE(parse_reuse_plan("", "r"));
}

TEST(ReusePlan, WhatCannotBe) {
  for (const auto& [text, where] :
       {std::pair{"[design]\niterations = -1", "r:2"},
        {"[design]\niterations = inf", "r:2"},
        {"[design]\niterations_range = [1, 2]", "r:2"},
        {"[design]\niterations = 5\niterations_range = [6, 7]", "r:3"},
        {"[design]\nvolume = 0", "r:2"},
        {"[design]\niteration = 3", "r:2"},
        {"[[tile]]\nip = \"a\"\ndesign = \"old\"", "r:3"},
        {"[[tile]]\nip = \"a\"", "r:1"},
        {"[[tile]]\nip = \"a\"\ndesign = \"new\"\nintegration_share = 0.5", "r:4"},
        {"[[tile]]\nip = \"a\"\ndesign = \"reused\"\nintegration_share = 1.5", "r:4"},
        {"[[tile]]\nip = \"a\"\ndesign = \"new\"\nproducts = 0", "r:4"},
        {"[[tile]]\nip = \"a\"\ndesign = \"new\"\n[[tile]]\nip = \"a\"\ndesign = \"new\"", "r:5"}}) {
    const auto plan = parse_reuse_plan(text, "r");
    ASSERT_FALSE(plan) << text;
    EXPECT_EQ(plan.error().where, where) << text << "\n" << to_string(plan.error());
    EXPECT_FALSE(plan.error().hint.empty());
  }
  const auto records = catalog::Catalog::load().value();
  const auto figures =
      measure(parse_esp_config(esp_3x3, "d").value(), {}, default_tile_table(), records, *records.process("n12"))
          .value();
  const auto plan = parse_reuse_plan("[[tile]]\nip = \"FFT2_STRATOS\"\ndesign = \"reused\"\n", "r").value();
  const auto parts = design_parts(figures, plan, "r");
  ASSERT_FALSE(parts);
  EXPECT_NE(parts.error().hint.find("FFT2_STRATUS"), std::string::npos);
}

}  // namespace
}  // namespace cradle::soc
