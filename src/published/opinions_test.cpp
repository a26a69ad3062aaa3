#include "cradle/published/opinions.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "bill_facts.h"
#include "cradle/embodied/bill.h"
#include "cradle/published/greenfpga.h"

namespace cradle::published {
namespace {

using carbon::GramsCO2e;
using embodied::Group;

const catalog::Catalog& catalogue() {
  static const catalog::Catalog loaded = [] {
    auto result = catalog::Catalog::load();
    EXPECT_TRUE(result) << (result ? "" : to_string(result.error()));
    return *result;
  }();
  return loaded;
}

std::vector<Opinion> ask(std::string_view subject, Mode mode = Mode::as_published) {
  const auto bill = embodied::find_bill(subject, catalogue());
  EXPECT_TRUE(bill) << (bill ? "" : to_string(bill.error()));
  if (!bill) return {};
  const auto result = opinions(*bill, catalogue(), mode);
  EXPECT_TRUE(result) << (result ? "" : to_string(result.error()));
  return result ? *result : std::vector<Opinion>{};
}

const Opinion* of(const std::vector<Opinion>& all, std::string_view tool) {
  for (const Opinion& opinion : all)
    if (opinion.tool == tool) return &opinion;
  ADD_FAILURE() << tool;
  return nullptr;
}

double kilograms(const Opinion& opinion, Group group) {
  for (const auto& [name, carbon] : opinion.by_group)
    if (name == embodied::name(group)) return carbon::KilogramsCO2e{carbon}.value();
  return 0;
}
double coefficient(const Opinion& opinion, std::string_view name) {
  for (const OpinionTerm& term : opinion.terms)
    if (term.coefficient == name) return term.value;
  return std::nan("");
}

TEST(Opinions, NineToolsAboutOneServer) {
  const auto all = ask("dell-r740");
  ASSERT_EQ(all.size(), 9U);
  // 384 GB of memory, 31.12 TB of flash, 56 cores, two dies of 698 mm2 at 14 nm.
  const Opinion& scarif = *of(all, "scarif");
  EXPECT_NEAR(kilograms(scarif, Group::silicon), 5.01 * 56, 1e-9);
  EXPECT_NEAR(kilograms(scarif, Group::memory), 0.95 * 384, 1e-9);
  EXPECT_NEAR(kilograms(scarif, Group::storage), 0.16 * 31120, 1e-6);
  EXPECT_NEAR(kilograms(scarif, Group::base), 83.08 * 19 - 400, 1e-9);
  EXPECT_NEAR(kilograms(*of(all, "act"), Group::memory), 384 * 0.065 / 0.875, 1e-9);
  EXPECT_NEAR(kilograms(*of(all, "act"), Group::silicon), 2 * (6.98 * (380 * 1.2 + 162.5 + 500) / 875 + 0.15), 1e-9);
  EXPECT_NEAR(kilograms(*of(all, "ccf"), Group::memory), (384 - 16) * 533.0 / 384, 0.005);
  EXPECT_NEAR(kilograms(*of(all, "ccf"), Group::storage), 900, 1e-9);
  EXPECT_NEAR(kilograms(*of(all, "boavizta"), Group::silicon), 2 * (698 * 0.0197 + 9.14), 1e-9);
  EXPECT_NEAR(kilograms(*of(all, "boavizta"), Group::power), 2 * 2.99 * 24.3, 1e-9);
  EXPECT_NEAR(coefficient(*of(all, "greensku"), "DRAM"), 105.4 / 64 * 1.12 * 0.66, 1e-12);
  const auto corrected = ask("dell-r740", Mode::corrected);
  EXPECT_NEAR(coefficient(*of(corrected, "greensku"), "DRAM"), 105.4 / 64, 1e-12);
}

TEST(Opinions, TotalsAreTheSumsOfTermsAndGroups) {
  for (const char* subject : {"dell-r740", "phone", "chiplet-gpu-server", "hgx-h100", "openb-cpu"}) {
    for (const Mode mode : {Mode::as_published, Mode::corrected}) {
      for (const Opinion& opinion : ask(subject, mode)) {
        GramsCO2e terms, groups;
        for (const OpinionTerm& term : opinion.terms) terms += term.carbon;
        for (const auto& [name, carbon] : opinion.by_group) groups += carbon;
        const double scale = 1e-12 * std::abs(opinion.total.value());
        EXPECT_NEAR(terms.value(), opinion.total.value(), scale) << subject << " " << opinion.tool;
        EXPECT_NEAR(groups.value(), opinion.total.value(), scale) << subject << " " << opinion.tool;
        EXPECT_TRUE(std::isfinite(opinion.total.value()));
        EXPECT_FALSE(opinion.terms.empty() && opinion.left_out.empty()) << subject << " " << opinion.tool;
      }
    }
  }
}

TEST(Opinions, GreenFpgaSaysOfADieWhatItsModelSays) {
  const auto all = ask("dell-r740");
  const Opinion& opinion = *of(all, "greenfpga");
  // Two dies of 698 mm2 at 14 nm, each a device of that area as made.
  const GreenFpgaTables tables = published_greenfpga_tables();
  GreenFpgaDesign design;
  design.nodes = {EcoChipNodeIndex{2}};
  double scale = 0;
  for (std::size_t block = 0; block < 3; ++block)
    scale += tables.area_share[block] * tables.nodes.nodes[2].area_scale[block];
  design.area = carbon::SquareMillimetres{698 / scale};
  design.lifetime = carbon::Hours{1};
  const GreenFpgaCarbon one = evaluate(design, tables, {});
  EXPECT_NEAR(kilograms(opinion, Group::silicon), 2 * carbon::KilogramsCO2e{one.manufacturing}.value(), 1e-9);
  EXPECT_NEAR(kilograms(opinion, Group::end_of_life), 2 * 0.78e-3, 1e-15);
  // The same tables as ECO-CHIP's, other blocks and no correction for whole dies: near, never equal.
  const double other = kilograms(*of(all, "eco-chip"), Group::silicon);
  EXPECT_NEAR(kilograms(opinion, Group::silicon), other, 0.1 * other);
  // Corrected, end of life follows from masses that no bill has.
  const auto corrected = ask("dell-r740", Mode::corrected);
  EXPECT_EQ(kilograms(*of(corrected, "greenfpga"), Group::end_of_life), 0);
  EXPECT_GT(kilograms(*of(corrected, "greenfpga"), Group::silicon), kilograms(opinion, Group::silicon));
}

TEST(Opinions, WhatAToolCannotSayIsNamed) {
  const auto phone = ask("phone");
  for (const char* tool : {"scarif", "boavizta", "ccf", "sci"}) {
    EXPECT_TRUE(of(phone, tool)->terms.empty()) << tool;
    EXPECT_FALSE(of(phone, tool)->left_out.empty()) << tool;
  }
  // Its compute dies are made in 5 nm; ECO-CHIP's finest node is 7 nm.
  const auto server = ask("chiplet-gpu-server");
  const Opinion& eco_chip = *of(server, "eco-chip");
  EXPECT_TRUE(eco_chip.terms.empty());
  EXPECT_NE(eco_chip.left_out.front().find("5 nm"), std::string::npos);
  EXPECT_TRUE(of(server, "greenfpga")->terms.empty());
  EXPECT_NE(of(server, "greenfpga")->left_out.front().find("5 nm"), std::string::npos);
  EXPECT_NE(of(server, "sci")->left_out.front().find("input"), std::string::npos);
}

TEST(Opinions, SpreadNamesTheCoefficient) {
  const auto all = ask("dell-r740");
  const Spread result = spread(all);
  ASSERT_FALSE(result.groups.empty());
  const auto memory = std::find_if(result.groups.begin(), result.groups.end(),
                                   [](const GroupSpread& line) { return line.group == "memory"; });
  ASSERT_NE(memory, result.groups.end());
  EXPECT_EQ(memory->low_tool, "act");
  EXPECT_EQ(memory->high_tool, "boavizta");
  EXPECT_EQ(memory->coefficient, "DRAM");
  EXPECT_EQ(memory->unit, "kgCO2e/GB");
  EXPECT_NEAR(memory->share, 1, 1e-9);
  EXPECT_NEAR(memory->ratio, *memory->high_value / *memory->low_value, 1e-9);
  for (std::size_t i = 1; i < result.groups.size(); ++i)
    EXPECT_GE(result.groups[i - 1].high - result.groups[i - 1].low, result.groups[i].high - result.groups[i].low);
  EXPECT_TRUE(spread({}).groups.empty());
  EXPECT_TRUE(spread(std::vector<Opinion>{all[0]}).groups.empty());
}

RC_GTEST_PROP(Opinions, SpreadHoldsEveryOpinion, ()) {
  std::vector<Opinion> all;
  const int tools = *rc::gen::inRange(2, 6);
  for (int i = 0; i < tools; ++i) {
    Opinion opinion;
    opinion.tool = "tool" + std::to_string(i);
    const GramsCO2e dies{static_cast<double>(*rc::gen::inRange(1, 1000))};
    const GramsCO2e package{static_cast<double>(*rc::gen::inRange(1, 1000))};
    opinion.terms = {{Group::silicon, "silicon", 1, "kg", dies}, {Group::silicon, "package", 1, "kg", package}};
    opinion.by_group = {{std::string(embodied::name(Group::silicon)), dies + package}};
    all.push_back(opinion);
  }
  const Spread result = spread(all);
  if (result.groups.empty()) return;
  const GroupSpread& line = result.groups.front();
  for (const Opinion& opinion : all) {
    RC_ASSERT(opinion.by_group.front().second >= line.low);
    RC_ASSERT(opinion.by_group.front().second <= line.high);
  }
  RC_ASSERT(line.share >= 0 && line.share <= 1);
}

TEST(Opinions, NearestNodes) {
  const std::vector<double> nodes = {28, 20, 14, 10, 7};
  EXPECT_EQ(nearest_node(14, nodes), 14);
  EXPECT_EQ(nearest_node(12, nodes), 14);
  EXPECT_EQ(nearest_node(6, nodes), 7);
  EXPECT_EQ(nearest_node(5, nodes), std::nullopt);
  EXPECT_EQ(nearest_node(65, nodes), std::nullopt);
}

TEST(Opinions, ABillThatNamesWhatTheCatalogueLacks) {
  embodied::BillOfMaterials bill;
  embodied::DiePart die;
  die.name = "die";
  die.area = carbon::SquareMillimetres{100};
  die.process = "n999";
  die.fab = "TW";
  die.where = die.process_where = die.fab_where = "bill.toml:3";
  bill.dies.push_back(die);
  const auto result = opinions(bill, catalogue());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().where, "bill.toml:3");
}

}  // namespace
}  // namespace cradle::published
