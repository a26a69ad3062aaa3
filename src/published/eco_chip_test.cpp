#include "cradle/published/eco_chip.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "cradle/published/tools.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;
using carbon::GramsPerKilowattHour;
using carbon::Hours;
using carbon::KilogramsCO2e;
using carbon::SquareMillimetres;
using carbon::Watts;
using enum EcoChipBlock;

const fs::path data_folder = fs::path(CRADLE_SOURCE_DIR) / ".." / "shared" / "data";

EcoChipNodeIndex nm(int node) {
  for (std::size_t i = 0; i < eco_chip_nodes.size(); ++i)
    if (eco_chip_nodes[i] == node) return static_cast<EcoChipNodeIndex>(i);
  ADD_FAILURE() << node;
  return 0;
}

struct Part {
  EcoChipBlock block;
  double area;
  int node;
};

EcoChipDesign design_of(EcoChipPackage package, const std::vector<Part>& parts) {
  EcoChipDesign design;
  design.name = "test";
  design.package = package;
  design.power = Watts{15};
  design.lifetime = Hours{17520};
  for (const Part& part : parts)
    design.chiplets.push_back(
        {"c" + std::to_string(design.chiplets.size()), part.block, SquareMillimetres{part.area}, nm(part.node)});
  return design;
}

EcoChipDesign ga102() {
  EcoChipDesign design = design_of(EcoChipPackage::rdl, {{logic, 425.01, 7}, {analog, 92.03, 10}, {sram, 58.78, 14}});
  design.power = Watts{225};
  design.iterations = 100;
  return design;
}

struct Answer {
  EcoChipSystem system;
  std::vector<EcoChipShare> chiplets;
};

Answer run(const EcoChipDesign& design, const EcoChipSwitches& switches = {}) {
  Answer answer;
  EXPECT_TRUE(check(design, published_eco_chip_tables(), switches, "test"));
  answer.chiplets.resize(design.chiplets.size());
  answer.system = evaluate(design, published_eco_chip_tables(), switches, answer.chiplets);
  return answer;
}

double kg(carbon::GramsCO2e grams) { return KilogramsCO2e{grams}.value(); }

void expect_near(double ours, double theirs, const std::string& what) {
  EXPECT_NEAR(ours, theirs, 1e-9 * std::abs(theirs)) << what;
}

EcoChipSwitches corrected() { return all_corrections<EcoChipSwitches>(eco_chip_switches()); }

TEST(EcoChip, PublishedNumbers) {
  for (const fs::path& data : {data_folder, fs::path("/nonexistent")}) {
    const AnchorSet set = anchors_eco_chip(data);
    EXPECT_EQ(set.anchors.size(), 36u);
    for (const Anchor& anchor : set.anchors)
      EXPECT_TRUE(anchor.passes()) << anchor.item << ' ' << anchor.quantity << ' ' << anchor.ours << " for "
                                   << anchor.published;
  }
}

// Held-out systems, computed with ECO-CHIP at fe998d9: packaging manufacture, all manufacture, design, operation, kg.
TEST(EcoChip, HeldOutSystems) {
  struct Case {
    const char* name;
    EcoChipDesign design;
    double packaging, manufacturing, effort, operational;
  };
  std::vector<Case> cases;
  {
    EcoChipDesign d = design_of(EcoChipPackage::rdl, {{analog, 84.629, 22}, {logic, 184.299, 28}, {logic, 206.057, 7}});
    d.power = Watts{246.38};
    d.volume = 250000;
    d.transistors_per_gate = 8.5;
    d.power_per_core = Watts{12.5};
    d.interposer_node = nm(22);
    d.rdl_layers = 7;
    d.num_beol = 12;
    d.emib_pitch = {7.5};
    d.lifetime = Hours{43800};
    cases.push_back({"RDL", d, 73.84494965855286, 155.38838468534252, 2.506210127376729, 519.4465700439673});
  }
  {
    EcoChipDesign d = design_of(
        EcoChipPackage::emib,
        {{logic, 139.094, 28}, {sram, 188.995, 22}, {logic, 136.475, 7}, {sram, 65.035, 22}, {sram, 66.127, 7}});
    d.power = Watts{7.27};
    d.volume = 250000;
    d.transistors_per_gate = 6;
    d.interposer_node = nm(22);
    d.emib_pitch = {7.5};
    d.lifetime = Hours{43800};
    cases.push_back({"EMIB", d, 2.6543542568513585, 79.41523335285495, 3.402273703060755, 15.769744980348625});
  }
  {
    EcoChipDesign d =
        design_of(EcoChipPackage::passive, {{logic, 188.749, 10}, {logic, 163.143, 22}, {analog, 162.586, 28}});
    d.power = Watts{186.58};
    d.iterations = 100;
    d.volume = 5e5;
    d.transistors_per_gate = 8.5;
    d.design_intensity = d.use_intensity = GramsPerKilowattHour{50};
    d.interposer_node = nm(28);
    d.lifetime = Hours{8760};
    cases.push_back({"passive", d, 94.39624048469103, 168.97891516648474, 0.07500200790678459, 5.749359605388808});
  }
  {
    EcoChipDesign d =
        design_of(EcoChipPackage::active, {{logic, 175.269, 7}, {logic, 89.168, 22}, {analog, 156.671, 22}});
    d.power = Watts{114.92};
    d.iterations = 100;
    d.volume = 1e4;
    d.power_per_core = Watts{12.5};
    d.design_intensity = d.use_intensity = GramsPerKilowattHour{50};
    d.interposer_node = nm(14);
    d.emib_pitch = {4};
    cases.push_back({"active", d, 42.68254351281664, 77.13685123778794, 4.369487630679853, 6.575910988559674});
  }
  {
    EcoChipDesign d = design_of(EcoChipPackage::stack, {{sram, 152.037, 28}, {sram, 192.663, 14}, {sram, 66.219, 14}});
    d.power = Watts{65.71};
    d.volume = 1e4;
    d.power_per_core = Watts{12.5};
    d.tsv_size = {0.003};
    d.emib_pitch = {4};
    cases.push_back({"3D", d, 10.696311963659692, 39.0710699382225, 31.131134221768452, 50.442099033678296});
  }
  {
    const EcoChipDesign d = design_of(EcoChipPackage::active, {{logic, 1.5, 7}, {logic, 2, 7}, {logic, 0.9, 7}});
    cases.push_back({"routers larger than the interposer", d, 0.08067044879639476, 0.19692659291368703,
                     0.07875014472000133, 10.658651391964801});
  }
  {
    const EcoChipDesign d =
        design_of(EcoChipPackage::emib, {{logic, 50, 7}, {logic, 50, 7}, {logic, 50, 7}, {logic, 50, 7}});
    cases.push_back({"equal areas", d, 0.8469022500582559, 6.8635712689485455, 3.585920699990082, 10.658651391964804});
  }
  {
    const EcoChipDesign d =
        design_of(EcoChipPackage::rdl, {{logic, 19.991, 14}, {analog, 181.469, 14}, {sram, 187.517, 14}});
    cases.push_back({"one node", d, 3.6288011507445574, 17.97641742749923, 2.396904682626036, 10.019897676691627});
  }
  {
    const EcoChipDesign d = design_of(EcoChipPackage::rdl, {{logic, 30000, 7}});
    cases.push_back({"larger than the wafer", d, 0, 221432337181.92563, 536.9328049090999, 10.658651391964801});
  }
  for (const Case& item : cases) {
    const EcoChipSystem system = run(item.design).system;
    expect_near(kg(system.packaging.manufacturing), item.packaging, item.name);
    expect_near(kg(system.chiplets.manufacturing + system.packaging.manufacturing), item.manufacturing, item.name);
    expect_near(kg(system.chiplets.design + system.packaging.design), item.effort, item.name);
    expect_near(kg(system.chiplets.operational), item.operational, item.name);
  }
}

// Against the shared model of a die: as published the wafer's edge is added, corrected it is divided among whole dies.
RC_GTEST_PROP(EcoChip, DieIsTheSharedDie, ()) {
  const double area = *rc::gen::inRange(1, 900) + 0.37;
  const EcoChipNodeIndex node = *rc::gen::inRange<EcoChipNodeIndex>(0, 5);
  const EcoChipDesign design = design_of(EcoChipPackage::rdl, {{analog, area, eco_chip_nodes[node]}});
  const EcoChipNode& column = published_eco_chip_tables().nodes[node];

  embodied::Process process;
  process.material = column.carbon_per_area;
  process.yield.defects = column.defects;
  process.wafer = {.diameter = {450}, .whole_dies = false};
  process.share = embodied::WaferShare::edge_added;
  const SquareMillimetres made = design.chiplets[0].area * column.area_scale[1];
  const auto published = embodied::die_carbon(made, process, {});
  RC_ASSERT(std::abs(run(design).chiplets[0].manufacturing / published.total() - 1) < 1e-12);

  process.wafer = {};
  process.share = embodied::WaferShare::edge_divided;
  const auto divided = embodied::die_carbon(made, process, {});
  RC_ASSERT(std::abs(run(design, corrected()).chiplets[0].manufacturing / divided.total() - 1) < 1e-12);
}

/// Any system that the tool takes and a 300 mm wafer holds.
rc::Gen<EcoChipDesign> systems() {
  return rc::gen::exec([] {
    std::vector<Part> parts;
    const int count = *rc::gen::inRange(1, 10);
    for (int i = 0; i < count; ++i)
      parts.push_back({static_cast<EcoChipBlock>(*rc::gen::inRange(0, 3)), *rc::gen::inRange(10, 3000) / 10.0,
                       eco_chip_nodes[*rc::gen::inRange<std::size_t>(0, 5)]});
    EcoChipDesign design = design_of(static_cast<EcoChipPackage>(*rc::gen::inRange(0, 5)), parts);
    design.interposer_node = *rc::gen::inRange<EcoChipNodeIndex>(0, 6);
    return design;
  });
}

RC_GTEST_PROP(EcoChip, OrderOfChipletsChangesNothing, ()) {
  const EcoChipDesign design = *systems();
  EcoChipDesign turned = design;
  std::reverse(turned.chiplets.begin(), turned.chiplets.end());
  for (const EcoChipSwitches& switches : {EcoChipSwitches{}, corrected()}) {
    const double a = run(design, switches).system.total().value(), b = run(turned, switches).system.total().value();
    RC_ASSERT(std::abs(a - b) <= 1e-9 * std::abs(a));
  }
}

RC_GTEST_PROP(EcoChip, PartsAddUpToTheSystem, ()) {
  const Answer answer = run(*systems());
  EcoChipShare sum;
  for (const EcoChipShare& share : answer.chiplets) {
    sum.manufacturing += share.manufacturing;
    sum.design += share.design;
    sum.operational += share.operational;
  }
  RC_ASSERT(std::abs((sum.total() + answer.system.packaging.total()) / answer.system.total() - 1) < 1e-12);
}

RC_GTEST_PROP(EcoChip, ScaleLaws, ()) {
  EcoChipDesign design = *systems();
  const EcoChipSystem once = run(design, corrected()).system;
  design.lifetime = design.lifetime * 3;
  design.volume *= 4;
  const EcoChipSystem more = run(design, corrected()).system;
  RC_ASSERT(std::abs(more.chiplets.operational / once.chiplets.operational - 3) < 1e-12);
  RC_ASSERT(std::abs(once.chiplets.design / more.chiplets.design - 4) < 1e-12);
  RC_ASSERT(more.chiplets.manufacturing == once.chiplets.manufacturing);
  RC_ASSERT(more.packaging.manufacturing == once.packaging.manufacturing);
}

RC_GTEST_PROP(EcoChip, CorrectedDieGrowsWithItsArea, ()) {
  const double area = *rc::gen::inRange(1, 400), more = area * 1.5;
  const int node = eco_chip_nodes[*rc::gen::inRange<std::size_t>(0, 5)];
  const auto made = [&](double size) {
    return run(design_of(EcoChipPackage::rdl, {{sram, size, node}}), corrected()).system.chiplets.manufacturing;
  };
  RC_ASSERT(made(more) > made(area));
}

RC_GTEST_PROP(EcoChip, FloorplanHoldsItsChiplets, ()) {
  auto areas = *rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(1, 10000), [](int x) { return x / 10.0; }));
  RC_PRE(!areas.empty() && areas.size() <= eco_chip_most_chiplets);
  const double sum = std::accumulate(areas.begin(), areas.end(), 0.0);
  for (const bool descending : {false, true}) {
    auto copy = areas;
    const EcoChipFloor floor = floorplan(copy, {10}, descending);
    RC_ASSERT(floor.area().value() >= sum * (1 - 1e-12));
    RC_ASSERT(floor.interfaces >= static_cast<double>(areas.size()) - 1);
    std::sort(copy.begin(), copy.end());
    auto sorted = areas;
    std::sort(sorted.begin(), sorted.end());
    RC_ASSERT(copy == sorted);
  }
}

// GA102 by hand (areas 92.03, 111.845, 425.01): 0.5 mm cuts, two rows against one.
TEST(EcoChip, FloorplanOfGa102) {
  std::vector<double> areas{425.01, 92.03, 58.78 * 1.902779873};
  const EcoChipFloor floor = floorplan(areas, {10}, false);
  EXPECT_NEAR(floor.x.value, 37.133250667126404, 1e-12);
  EXPECT_NEAR(floor.y.value, 21.86098694235278, 1e-12);
  EXPECT_EQ(floor.interfaces, 4);
}

TEST(EcoChip, MostChipletsWithEveryFloorplanDepth) {
  std::vector<Part> parts;
  double area = 1e-3;
  for (std::size_t i = 0; i < eco_chip_most_chiplets; ++i, area *= 1.09) parts.push_back({logic, area, 7});
  EXPECT_TRUE(std::isfinite(run(design_of(EcoChipPackage::emib, parts)).system.total().value()));
  parts.push_back({logic, 1, 7});
  const auto fine = check(design_of(EcoChipPackage::emib, parts), published_eco_chip_tables(), {}, "many");
  ASSERT_FALSE(fine);
  EXPECT_EQ(fine.error().message, "129 chiplets");
}

// --- Switches -------------------------------------------------------------------------------------------------------

/// Which parts of a system differ.
std::string changed(const EcoChipDesign& design, const EcoChipSwitches& switches) {
  const EcoChipSystem a = run(design).system, b = run(design, switches).system;
  std::string parts;
  const auto add = [&parts](const char* name, carbon::GramsCO2e x, carbon::GramsCO2e y) {
    if (std::abs(x.value() - y.value()) > 1e-12 * std::abs(x.value()))
      parts += std::string(parts.empty() ? "" : " ") + name;
  };
  add("dies", a.chiplets.manufacturing, b.chiplets.manufacturing);
  add("design", a.chiplets.design, b.chiplets.design);
  add("use", a.chiplets.operational, b.chiplets.operational);
  add("package", a.packaging.manufacturing, b.packaging.manufacturing);
  add("package-design", a.packaging.design, b.packaging.design);
  return parts;
}

TEST(EcoChip, EachSwitchChangesWhatItSaysAndNothingElse) {
  const std::vector<Part> one_node{{logic, 120, 22}, {logic, 60, 22}, {sram, 30, 22}};
  const auto on = [&](EcoChipPackage package) {
    EcoChipDesign design = design_of(package, one_node);
    design.iterations = 50;
    design.interposer_node = nm(14);
    return design;
  };
  EcoChipDesign tiny = design_of(EcoChipPackage::active, {{logic, 1.5, 7}, {logic, 2, 7}});
  const std::map<std::string_view, std::vector<std::pair<EcoChipDesign, std::string>>> expected{
      {"iterations-of-file",
       {{on(EcoChipPackage::rdl), "design package-design"}, {on(EcoChipPackage::active), "design"}}},
      {"package-defects",
       {{on(EcoChipPackage::rdl), "package"},
        {on(EcoChipPackage::passive), "package"},
        {on(EcoChipPackage::active), "package"},
        {on(EcoChipPackage::emib), ""},
        {on(EcoChipPackage::stack), ""}}},
      {"stack-scaled-once", {{on(EcoChipPackage::stack), "package"}, {on(EcoChipPackage::rdl), ""}}},
      {"wafer-300mm", {{on(EcoChipPackage::rdl), "dies"}, {on(EcoChipPackage::stack), "dies"}}},
      {"bridge-yield", {{on(EcoChipPackage::emib), "package"}, {on(EcoChipPackage::passive), ""}}},
      {"whole-dies", {{on(EcoChipPackage::emib), "dies"}}},
      {"waste-yielded", {{on(EcoChipPackage::active), "dies"}}},
      {"active-wiring-of-node", {{on(EcoChipPackage::active), "package"}, {on(EcoChipPackage::passive), ""}}},
      {"active-routers-fit", {{tiny, "package"}, {on(EcoChipPackage::active), ""}}},
      {"active-router-design", {{on(EcoChipPackage::active), "package-design"}, {on(EcoChipPackage::rdl), ""}}},
      {"router-yield-each", {{on(EcoChipPackage::rdl), "package"}, {ga102(), ""}, {on(EcoChipPackage::active), ""}}},
      {"routers-in-dies", {{on(EcoChipPackage::rdl), "dies package"}, {on(EcoChipPackage::active), ""}}},
      {"bond-loses-dies", {{on(EcoChipPackage::stack), "dies"}, {design_of(EcoChipPackage::rdl, {{logic, 9, 7}}), ""}}},
      {"floorplan-descending", {{ga102(), "package"}, {on(EcoChipPackage::stack), ""}}},
  };
  EXPECT_EQ(expected.size(), eco_chip_switches().size());
  for (const auto& entry : eco_chip_switches()) {
    EcoChipSwitches alone;
    alone.*(entry.flag) = true;
    for (const auto& [design, parts] : expected.at(entry.name))
      EXPECT_EQ(changed(design, alone), parts) << entry.name << " on " << name(design.package);
    EXPECT_NE(entry.why.find("published"), std::string_view::npos) << entry.name;
  }
}

// GA102, computed with ECO-CHIP at fe998d9 with one line changed: wafer 300 mm, package defects, waste yielded, whole
// dies (all manufacture), iterations of the file (total), in kg; its 3D_n3 system for the TSV term.
TEST(EcoChip, EffectsOfSwitchesOnGa102) {
  const struct {
    bool EcoChipSwitches::*flag;
    double manufacturing;
  } cases[] = {{&EcoChipSwitches::wafer_300mm, 36.499296073922096},
               {&EcoChipSwitches::package_defects, 34.20729919496982},
               {&EcoChipSwitches::waste_yielded, 37.41728346999083},
               {&EcoChipSwitches::whole_dies, 35.27882165805656},
               {&EcoChipSwitches::floorplan_descending, 35.74150827677912}};
  for (const auto& item : cases) {
    EcoChipSwitches alone;
    alone.*(item.flag) = true;
    const EcoChipSystem system = run(ga102(), alone).system;
    expect_near(kg(system.chiplets.manufacturing + system.packaging.manufacturing), item.manufacturing, "GA102");
  }
  EcoChipSwitches iterations;
  iterations.iterations_of_file = true;
  expect_near(kg(run(ga102(), iterations).system.total()), 203.00786659440666, "iterations");
}

TEST(EcoChip, CorrectedModeLeavesChoicesOut) {
  EXPECT_FALSE(corrected().floorplan_descending);
  EXPECT_TRUE(corrected().wafer_300mm);
}

}  // namespace
}  // namespace cradle::published
