#include "cradle/published/act.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>

#include "cradle/base/text.h"
#include "cradle/published/tools.h"
#include "switches.h"
#include "test_folder.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;
const fs::path data_folder = fs::path(CRADLE_SOURCE_DIR) / ".." / "shared" / "data";

Result<std::string> no_import(std::string_view name) {
  return missing_data("no such file", std::string(name), "add it");
}

Result<ActReport> report_of(std::string_view text, const ActSwitches& switches = {},
                            const ActOperation& operation = {}) {
  const auto bom = parse_act_bom(text, "bom.yaml", switches, no_import);
  if (!bom) return bom.error();
  const ActModels models = act_release_models();
  return evaluate_act(*bom, models, models, operation, switches);
}

/// Embodied kg by item; "total" for their sum.
std::map<std::string, double> kilograms(std::string_view text, const ActSwitches& switches = {}) {
  std::map<std::string, double> sums;
  const auto report = report_of(text, switches);
  EXPECT_TRUE(report) << (report ? "" : to_string(report.error()));
  if (!report) return sums;
  for (const ActAmount& part : report->amounts) sums[part.item] += carbon::KilogramsCO2e{part.amount}.value();
  sums["total"] = carbon::KilogramsCO2e{report->embodied}.value();
  return sums;
}

void expect_near(double ours, double published) { EXPECT_NEAR(ours, published, 1e-9 * std::abs(published)); }

TEST(Act, EveryPublishedNumber) {
  const AnchorSet set = anchors_act(data_folder);
  EXPECT_GE(set.anchors.size(), 8U);
  for (const Anchor& anchor : set.anchors)
    EXPECT_TRUE(anchor.passes()) << anchor.item << " " << anchor.quantity << ": " << shortest(anchor.ours) << " for "
                                 << shortest(anchor.published);
}

// Held-out bills; figures computed with ACT v2.0 at abc9fbb.
TEST(Act, DiesOfEveryNode) {
  const auto kg = kilograms(
      "silicon:\n"
      "  n28: {area: 100 mm2, process: 28nm, gpa: 95, fab_ci: coal}\n"
      "  n20: {area: 1.5 cm2, process: 20nm, gpa: 97, fab_ci: gas, n_ics: 1}\n"
      "  n14: {area: 200 mm2, process: 14nm, gpa: 99, fab_ci: world, fab_yield: 0.9}\n"
      "  n10: {area: 0.75cm2, process: 10nm, fab_ci: india}\n"
      "  n8: {area: 50mm^2, process: 8nm, gpa: 99, fab_ci: korea}\n"
      "  n7: {area: 826 mm**2, process: 7nm, fab_yield: 0.61, fab_ci: usa, n_ics: 3}\n"
      "  n5: {area: 5000000 um2, process: 5nm, gpa: 95, fab_ci: iceland}\n"
      "  n3: {area: 0.000123 m2, process: 3nm, gpa: 97, fab_ci: wind, fab_yield: 1}\n"
      "  default_grid: {model: logic, area: 13.5 mm2, process: 7nm}\n");
  expect_near(kg.at("n28"), 1.614857142857143);
  expect_near(kg.at("n20"), 2.2722857142857142);
  expect_near(kg.at("n14"), 2.191555555555556);
  expect_near(kg.at("n10"), 1.5123214285714284);
  expect_near(kg.at("n8"), 0.7449142857142858);
  expect_near(kg.at("n7"), 22.007245901639344);
  expect_near(kg.at("n5"), 0.057542857142857146);
  expect_near(kg.at("n3"), 1.1171475);
  expect_near(kg.at("default_grid"), 0.31296085714285715);
  expect_near(kg.at("total"), 31.83083124290919);
}

TEST(Act, PassivesMaterialsAndManualParts) {
  const auto kg = kilograms(
      "passives:\n"
      "  mlcc: {category: capacitor, type: mlcc, quantity: 200, weight: 0.03 g, fab_ci: taiwan}\n"
      "  tec: {category: capacitor, type: tec, quantity: 7, weight: 1.2 g}\n"
      "  gen: {category: capacitor, type: generic, quantity: 5, weight: 999 kg, fab_ci: coal}\n"
      "  no_quantity: {category: capacitor, type: mlcc, weight: 1 g}\n"
      "materials:\n"
      "  lbs: {category: frame, type: steel, weight: 2 lb}\n"
      "  pcb8: {category: pcb, area: 10 inch**2, layers: 8}\n"
      "  pcb65: {category: pcb, area: 10 cm2, layers: 6.5}\n"
      "  pcb6f: {category: pcb, area: 10 cm2, layers: 6.0}\n"
      "  bat3: {category: battery, capacity: 1 MJ}\n"
      "silicon:\n"
      "  m1: {model: manual, carbon: 5 kg, fab_yield: 0.8, n_ics: 3}\n"
      "  m2: {model: manual, carbon: 250 g, ctype: 1, n_ics: 2}\n"
      "  ssd: {model: flash, capacity: 1 TiB, process: nand_tlc_1z}\n"
      "  dram: {model: dram, capacity: 3 GiB, process: lpddr3_30nm}\n");
  expect_near(kg.at("mlcc"), 6.667576666666667);
  expect_near(kg.at("tec"), 6.299988333333333);
  expect_near(kg.at("gen"), 1.5);
  EXPECT_EQ(kg.at("no_quantity"), 0);
  expect_near(kg.at("lbs"), 1.7145791586);
  expect_near(kg.at("pcb8"), 0.005870955999999999);
  expect_near(kg.at("pcb65"), 0.0008449999999999999);
  expect_near(kg.at("pcb6f"), 0.00071);
  expect_near(kg.at("bat3"), 24.166666666666668);
  expect_near(kg.at("m1"), 6.8125);
  expect_near(kg.at("m2"), 0.6285714285714286);
  expect_near(kg.at("dram"), 0.7399615084251429);
}

TEST(Act, NumbersOfYaml11) {
  const auto kg = kilograms(
      "silicon:\n"
      "  base: &b {model: flash, capacity: 1 TB, process: nand_tlc_v3, fab_yield: 9.0e-1}\n"
      "  merged: {<<: *b, n_ics: 010}\n"
      "  hex_gpa: {area: 1 cm2, process: 7nm, gpa: 0x5F}\n"
      "  many: {area: 1 cm2, process: 7nm, n_ics: 1_000}\n");
  expect_near(kg.at("base"), 7.0);
  expect_near(kg.at("merged"), 8.2);  // 010 is octal: eight packages
  expect_near(kg.at("hex_gpa"), 2.403942857142857);
  expect_near(kg.at("many"), 152.31822857142856);
}

TEST(Act, OperationOverLifeAndDuty) {
  ActOperation operation;
  operation.power = carbon::Watts{400};
  operation.lifetime = carbon::Seconds{carbon::Years{4}};
  operation.duty = 0.35;
  operation.grid = "europe";
  const auto report = report_of("name: nothing but operation\nsilicon:\n", {}, operation);
  ASSERT_TRUE(report);
  expect_near(carbon::KilogramsCO2e{report->operation}.value(), 1448.1431999999995);
  expect_near(report->of(ActCategory::operation).value(), 1448143.1999999995);
  EXPECT_EQ(report->embodied.value(), 0);
}

TEST(Act, ImportsReplaceInPlaceAndGoOneLevelDeep) {
  const TestFolder folder;
  folder.write("part1.yaml",
               "silicon:\n  x: {area: 20 mm2, process: 10nm, n_ics: 1}\n"
               "  y: {model: dram, capacity: 2 GB, process: lpddr4}\n"
               "passives:\n  c: {category: capacitor, type: tec, quantity: 2, weight: 1 g}\n");
  folder.write("part2.yaml",
               "name: q\nimports: {deeper: part1.yaml}\n"
               "materials:\n  lid: {category: enclosure, type: alumnimum, weight: 0.2 kg}\n"
               "  board: {category: pcb, area: 50 cm2, layers: 10}\n");
  const fs::path bom = folder.write("bom.yaml",
                                    "imports:\n  p: part1.yaml\n  q: part2.yaml\n"
                                    "silicon:\n  p.x: {area: 100 mm2, process: 7nm}\n"
                                    "  own: {area: 1 mm2, process: 28nm}\n"
                                    "materials:\n  box: {category: enclosure, type: steel, weight: 1 kg}\n");
  const auto read = read_act_bom(bom, {});
  ASSERT_TRUE(read) << to_string(read.error());
  ASSERT_EQ(read->silicon.size(), 3U);
  EXPECT_EQ(read->silicon[0].name, "p.x");
  EXPECT_EQ(read->silicon[0].process, "10nm");
  EXPECT_EQ(read->notes.size(), 1U);
  const ActModels models = act_release_models();
  const auto report = evaluate_act(*read, models, models, {}, {});
  ASSERT_TRUE(report);
  // Computed with ACT v2.0 at abc9fbb.
  expect_near(carbon::KilogramsCO2e{report->embodied}.value(), 7.044905222222224);
}

// --- Switches -------------------------------------------------------------------------------------------------------

constexpr std::string_view bill_of_slips =
    "silicon:\n"
    "  die: {area: 1 km2, process: 14nm, fab_yield: 0.5}\n"
    "  small: {area: 50 mm2, process: 14nm}\n"
    "  manual: {model: manual, carbon: 1 kg, fab_yield: 0.5, n_ics: 1}\n"
    "passives:\n  cap: {category: capacitor, type: mlcc, fab_ci: coal}\n"
    "materials:\n  boards: {category: pcb, area: 1 m2, layers: 2, quantity: 3}\n";

TEST(Act, EachSwitchChangesWhatItSays) {
  const auto base = kilograms(bill_of_slips);
  const auto changed = [&](bool ActSwitches::*on) {
    ActSwitches switches;
    switches.*on = true;
    auto kg = kilograms(bill_of_slips, switches);
    for (auto& [item, value] : kg) value -= base.at(item);
    return kg;
  };
  const auto only = [](const std::map<std::string, double>& difference, const std::string& item, double by) {
    for (const auto& [name, value] : difference) {
      if (name == "total") continue;
      EXPECT_NEAR(value, name == item ? by : 0, 1e-9 * std::max(1.0, std::abs(by))) << name;
    }
  };
  only(changed(&ActSwitches::package_not_yielded), "manual", 0.15 - 0.3);
  only(changed(&ActSwitches::material_quantity), "boards", 2 * 0.41);
  // 0.03 g of ceramic capacitor at 6862 MJ/kg with coal power.
  only(changed(&ActSwitches::capacitor_defaults), "cap", 6862 / 3.6 * 0.03e-3 * 0.82);
  // 1000 m2 become 1e6 m2.
  only(changed(&ActSwitches::squared_prefixes), "die", base.at("die") * 999);
  const double faults = 50 * 0.0015;
  const double murphy = std::pow((1 - std::exp(-faults)) / faults, 2);
  only(changed(&ActSwitches::area_yield), "small", base.at("small") * (0.875 / murphy - 1));
  for (const auto on : {&ActSwitches::fab_grid_of_flags, &ActSwitches::every_flag, &ActSwitches::one_grid_table,
                        &ActSwitches::whole_number_yield, &ActSwitches::material_names, &ActSwitches::category_names,
                        &ActSwitches::data_capacity, &ActSwitches::empty_imported_section})
    only(changed(on), "", 0);
}

TEST(Act, BoardsMoveToTheirOwnCategory) {
  ActSwitches switches;
  switches.board_category = true;
  const auto before = report_of(bill_of_slips);
  const auto after = report_of(bill_of_slips, switches);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->of(ActCategory::pcb).value(), 0);
  EXPECT_NEAR(after->of(ActCategory::pcb).value(), 410, 1e-9);
  EXPECT_EQ(before->embodied, after->embodied);
}

TEST(Act, WhatOnlyACorrectedReaderTakes) {
  struct Case {
    const char* text;
    bool ActSwitches::*on;
  };
  const Case cases[] = {
      {"silicon: {a: {model: dram, capacity: 1 GB, process: lpddr4, fab_yield: 1}}", &ActSwitches::whole_number_yield},
      {"materials: {a: {category: frame, type: aluminium, weight: 1 kg}}", &ActSwitches::material_names},
      {"materials: {a: {category: battery, type: LFP, capacity: 1 kWh}}", &ActSwitches::material_names},
      {"silicon: {a: {model: manual, carbon: 1 kg, ctype: PCB}}", &ActSwitches::category_names}};
  for (const Case& one : cases) {
    EXPECT_FALSE(report_of(one.text)) << one.text;
    ActSwitches switches;
    switches.*one.on = true;
    EXPECT_TRUE(report_of(one.text, switches)) << one.text;
  }
  ActSwitches strict;
  strict.data_capacity = true;
  constexpr std::string_view radian = "silicon: {d: {model: dram, capacity: 1 radian, process: lpddr4}}";
  EXPECT_TRUE(report_of(radian));
  EXPECT_FALSE(report_of(radian, strict));
}

TEST(Act, FlagsAreABillOfFourItems) {
  Request request;
  // Computed with ACT v2.0 at abc9fbb: the fab's grid is the one of operation.
  request.options = {{"logic-area", "1cm2"}, {"logic-process", "7"}, {"fab-ci", "wind"},
                     {"op-ci", "india"},     {"op-power", "1W"},     {"lifetime", "15days"}};
  const auto published = compare_act(request);
  ASSERT_TRUE(published) << to_string(published.error());
  EXPECT_NEAR(published->rows.back().value, 2.59475, 1e-9);
  request.mode = Mode::corrected;
  const auto corrected = compare_act(request);
  ASSERT_TRUE(corrected);
  EXPECT_NEAR(corrected->rows.back().value, 0.79865 + 0.261, 1e-9);  // 11 g/kWh x 2.15 kWh/cm2 + 775 g/cm2
}

TEST(Act, LocationTableOfAnotherYear) {
  Request request;
  request.options = {{"logic-area", "1cm2"},
                     {"logic-process", "7"},
                     {"logic-yield", "0.875"},
                     {"op-ci", "taiwan"},
                     {"location", "2023"}};
  const auto comparison = compare_act(request);
  ASSERT_TRUE(comparison);
  EXPECT_NEAR(comparison->rows.back().value, (642 * 2.15 + 275 + 500) / 875, 1e-9);
  request.options["location"] = "2024";
  EXPECT_FALSE(compare_act(request));
}

// --- Laws -----------------------------------------------------------------------------------------------------------

RC_GTEST_PROP(Act, CarbonGrowsWithAreaAndFallsWithYield, ()) {
  const double area = *rc::gen::inRange(1, 80'000) / 100.0;
  const double yield = *rc::gen::inRange(1, 100) / 100.0;
  const ActModels models = act_release_models();
  const auto grams = [&](double a, double y) {
    return act_die(models, carbon::SquareMillimetres{a}, "7nm", "taiwan", 97, y, "die")->value();
  };
  RC_ASSERT(grams(area * 1.1, yield) > grams(area, yield));
  RC_ASSERT(grams(area, yield) > grams(area, std::min(1.0, yield * 1.01)));
  RC_ASSERT(std::abs(grams(2 * area, yield) - 2 * grams(area, yield)) < 1e-9 * grams(area, yield));
}

RC_GTEST_PROP(Act, ReportIsTheSumOfItsPartsAndCategories, ()) {
  const int dies = *rc::gen::inRange(0, 6);
  std::string text = "silicon:\n";
  for (int i = 0; i < dies; ++i)
    text += "  d" + std::to_string(i) + ": {area: " + std::to_string(*rc::gen::inRange(0, 900)) +
            " mm2, process: 10nm, n_ics: " + std::to_string(*rc::gen::inRange(0, 5)) + "}\n";
  const auto report = report_of(text);
  RC_ASSERT(report.has_value());
  carbon::GramsCO2e parts, categories;
  for (const ActAmount& part : report->amounts) parts += part.amount;
  for (int i = 1; i <= 9; ++i) categories += report->of(static_cast<ActCategory>(i));
  RC_ASSERT(std::abs((parts - report->embodied).value()) <= 1e-12 * parts.value());
  RC_ASSERT(std::abs((categories - report->total()).value()) <= 1e-12 * parts.value());
}

// --- Bad input ------------------------------------------------------------------------------------------------------

TEST(Act, RefusesWithPlaceAndHint) {
  for (const char* text : {
           "silicon: {a: {area: 10, process: 7nm}}",
           "silicon: {a: {area: \"10\", process: 7nm}}",
           "silicon: {a: {area: 10 mm, process: 7nm}}",
           "silicon: {a: {area: -1 mm2, process: 7nm}}",
           "silicon: {a: {area: nan mm2, process: 7nm}}",
           "silicon: {a: {area: 1 mm2, process: 6nm}}",
           "silicon: {a: {area: 1 mm2, process: 45nm}}",
           "silicon: {a: {area: 1 mm2}}",
           "silicon: {a: {area: 1 mm2, process: 7nm, gpa: 98}}",
           "silicon: {a: {area: 1 mm2, process: 7nm, gpa: \"95\"}}",
           "silicon: {a: {area: 1 mm2, process: 7nm, n_ics: yes}}",
           "silicon: {a: {area: 1 mm2, process: 7nm, n_ics: -1}}",
           "silicon: {a: {area: 1 mm2, process: 7nm, fab_yield: 0}}",
           "silicon: {a: {area: 1 mm2, process: 7nm, fab_yield: 1.5}}",
           "silicon: {a: {model: dram, capacity: 1 GB, process: lpddr4, fab_yield: 9e-1}}",
           "silicon: {a: {area: 1 mm2, process: 7nm, fab_ci: Taiwan}}",
           "silicon: {a: {area: 1 mm2, process: 7nm, colour: red}}",
           "silicon: {a: {model: gpu, area: 1 mm2, process: 7nm}}",
           "silicon: {a: {model: dram, capacity: 16 KB, process: lpddr4}}",
           "silicon: {a: {model: manual}}",
           "silicon: {a: }",
           "silicon: [1, 2]",
           "passives: {a: {type: mlcc, quantity: 1}}",
           "passives: {a: {category: resistor, quantity: 1}}",
           "materials: {a: {category: pcb, area: 1 cm2}}",
           "materials: {a: {category: frame, weight: 1 kg}}",
           "materials: {a: {category: silicon, type: steel, weight: 1 kg}}",
           "memory: {a: {model: dram}}",
           "imports: {a: nowhere.yaml}",
           "silicon: {a: {area: 1 mm2, process: 7nm}, a: {area: 2 mm2, process: 7nm}}",
           "just a text",
           "silicon: {a: {area: \"\xFF\"}}",
       }) {
    const auto report = report_of(text);
    EXPECT_FALSE(report) << text;
    if (report) continue;
    EXPECT_FALSE(report.error().where.empty()) << text;
    EXPECT_FALSE(report.error().hint.empty()) << text;
  }
}

TEST(Act, UnknownOptionsAreRefusedWithTheNearestName) {
  Request request;
  request.options = {{"logic-aera", "1cm2"}};
  const auto comparison = compare_act(request);
  ASSERT_FALSE(comparison);
  EXPECT_NE(comparison.error().hint.find("logic-area"), std::string::npos);
}

// --- Models folder --------------------------------------------------------------------------------------------------

TEST(Act, ReleaseTablesAreThoseOfTheRepository) {
  const fs::path folder = data_folder / "act-coefficients" / "act" / "models";
  if (!fs::exists(folder)) GTEST_SKIP() << "no ACT models in " << folder;
  for (const int year : {2022, 2023}) {
    const auto read = read_act_models(folder, year);
    ASSERT_TRUE(read) << to_string(read.error());
    const ActModels ours = act_release_models(year);
    const auto same = [](const auto& a, const auto& b, auto value) {
      ASSERT_EQ(a.size(), b.size());
      for (auto x = a.begin(), y = b.begin(); x != a.end(); ++x, ++y) {
        EXPECT_EQ(x->first, y->first);
        EXPECT_NEAR(value(x->second), value(y->second), 1e-12 * value(y->second));
      }
    };
    const auto number = [](auto quantity) { return quantity.value(); };
    const auto plain = [](double value) { return value; };
    const auto per_mass = [](JoulesPerKilogram energy) { return energy.value; };
    same(ours.locations, read->locations, number);
    same(ours.sources, read->sources, number);
    same(ours.energy, read->energy, number);
    same(ours.gas95, read->gas95, number);
    same(ours.gas99, read->gas99, number);
    same(ours.material, read->material, number);
    same(ours.dram, read->dram, number);
    same(ours.flash, read->flash, number);
    same(ours.hdd, read->hdd, number);
    same(ours.metals, read->metals, plain);
    same(ours.boards, read->boards, number);
    same(ours.capacitors, read->capacitors, per_mass);
    EXPECT_NEAR(ours.board_layer->value(), read->board_layer->value(), 1e-15);
  }
  // location.yaml holds the name of the file of 2022.
  const auto named = read_act_models(folder);
  ASSERT_TRUE(named);
  EXPECT_NEAR(named->locations.at("taiwan").value() * 3.6e6, 583, 1e-9);
}

TEST(Act, DamagedModelsFolder) {
  const TestFolder folder;
  EXPECT_EQ(read_act_models(folder.path()).error().code, ErrorCode::missing_data);
  folder.write("carbon_intensity/location.yaml", "taiwan: 583 g / kg\n");
  folder.write("materials/pcb.yaml", "2 : 0.41 kg / m2\n");
  folder.write("materials/materials.yaml", "materials:\n  steel: 1.89 kg / kg\n");
  const auto wrong_unit = read_act_models(folder.path());
  ASSERT_FALSE(wrong_unit);
  EXPECT_NE(wrong_unit.error().where.find("location.yaml:1"), std::string::npos);
  folder.write("carbon_intensity/location.yaml", "../secret.yaml");
  EXPECT_FALSE(read_act_models(folder.path()));
}

}  // namespace
}  // namespace cradle::published
