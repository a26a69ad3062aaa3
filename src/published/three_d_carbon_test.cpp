#include "cradle/published/three_d_carbon.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>

#include "cradle/published/tools.h"
#include "test_folder.h"

namespace cradle::published {
namespace {

using carbon::GramsCO2e;
using carbon::KilogramsCO2e;
using carbon::SquareMillimetres;

ThreeDSwitches corrected() { return all_corrections<ThreeDSwitches>(three_d_switches()); }

ThreeDSwitches only(std::string_view name) {
  ThreeDSwitches switches;
  for (const auto& entry : three_d_switches())
    if (entry.name == name) switches.*(entry.flag) = true;
  return switches;
}

/// The first entry of a file.
ThreeDProduct product_of(const std::string& text, const ThreeDSwitches& switches = {}) {
  const auto input = parse_three_d(text, "test.yaml", switches);
  EXPECT_TRUE(input) << to_string(input.error());
  return input->products.at(0);
}

ThreeDCarbon run(const ThreeDProduct& product, const ThreeDSwitches& switches = {}) {
  auto carbon = three_d_carbon(product, switches, "test");
  EXPECT_TRUE(carbon) << to_string(carbon.error());
  return carbon ? *carbon : ThreeDCarbon{};
}

std::string refusal(const std::string& text, const ThreeDSwitches& switches = {}) {
  const auto input = parse_three_d(text, "test.yaml", switches);
  if (!input) return input.error().where + " " + input.error().message;
  const auto carbon = three_d_carbon(input->products.at(0), switches, "test.yaml");
  return carbon ? "" : carbon.error().where + " " + carbon.error().message;
}

TEST(ThreeDCarbon, PublishedNumbers) {
  const AnchorSet set = anchors_three_d_carbon("/nonexistent");
  EXPECT_EQ(set.anchors.size(), 46u);
  for (const Anchor& anchor : set.anchors)
    EXPECT_TRUE(anchor.passes()) << anchor.item << ' ' << anchor.quantity << ' ' << anchor.ours << " for "
                                 << anchor.published;
}

// Held-out products, computed with 3D-Carbon at 14e1a7f: dies, bonding, substrate, package, in use, g.
struct HeldOut {
  const char* text;
  double dies, bonding, substrate, package, operational;
};
const HeldOut held_out[] = {
    {"- method: MCM\n  manufacturing_power_grid: USA\n  die_list:\n"
     "  - {technode(nm): 3, area(mm2): 51.1, number: 1}\n  - {technode(nm): 5, area(mm2): 58.5, number: 3}\n"
     "  - {technode(nm): 7, area(mm2): 65.9, number: 2}\n  - {technode(nm): 8, area(mm2): 69.6, number: 3}\n"
     "  - {technode(nm): 10, area(mm2): 77.0, number: 2}\n  - {technode(nm): 12, area(mm2): 84.4, number: 1}\n"
     "  - {technode(nm): 14, area(mm2): 91.80000000000001, number: 3}\n"
     "  - {technode(nm): 20, area(mm2): 114.0, number: 3}\n"
     "  - {technode(nm): 28, area(mm2): 143.60000000000002, number: 2}\n",
     24498.775347046758, 0, 0, 1052.79912, 0},
    {"- method: MCM\n  packagearea(mm2): 2000.0\n  manufacturing_power_grid: Singapore\n  die_list:\n"
     "  - {technode(nm): 7, area(mm2): 74, layer: 20, layer_sensitive: 0, number: 4}\n"
     "  - {technode(nm): 14, area(mm2): 300, layer: 5}\n",
     11278.970104838414, 0, 0, 1336.5, 0},
    {"- method: MCM\n  manufacturing_power_grid: Taiwan\n  use_power_grid: India\n  design_exploration: 1\n"
     "  power(W): 12.5\n  energy(mJ): 44.0\n  delay(s): 0.013\n  T_app(s): 0.2\n  T_exe(year): 1.5\n  die_list:\n"
     "  - {technode(nm): 10, area(mm2): 90, layer: 14, number: 3}\n",
     5188.011532412342, 0, 0, 255.0042, 9575.775},
    {"- method: InFO_chip_last\n  manufacturing_power_grid: India\n  packagearea(mm2): 900\n  die_list:\n"
     "  - {technode(nm): 5, area(mm2): 220, name: a}\n"
     "  - {technode(nm): 28, gatenumber: 1200000000.0, number: 5, name: b}\n",
     54938.76261904451, 3.1592669310393173, 86756.93125847355, 880.8750000000001, 0},
    {"- method: Si_int\n  manufacturing_power_grid: Brazil\n  design_exploration: 1\n  power(W): 350\n  delay(s): 2.0\n"
     "  die_list:\n  - {technode(nm): 7, area(mm2): 420, gatenumber: 20000000000.0, number: 2}\n"
     "  - {technode(nm): 20, area(mm2): 92, number: 6, layer: 7}\n",
     26321.78125814333, 0, 19964.551924789925, 184.91328000000001, 6285.3},
    {"- method: Micro_bumping\n  F2F_F2B: F2F\n  manufacturing_power_grid: Taiwan\n  design_exploration: 1\n"
     "  T_exe(year): 2\n  application: Mobile SOC\n  die_list:\n"
     "  - {technode(nm): 14, gatenumber: 700000000.0}\n  - {technode(nm): 10, gatenumber: 3000000000.0}\n"
     "  - {technode(nm): 7, gatenumber: 5000000000.0, IO_number: 800}\n",
     13438.301534457645, 352.45870980353766, 0, 469.21366060800017, 58525.012254720015},
    {"- method: Micro_bumping\n  stacking: W2W\n  manufacturing_power_grid: USA\n  die_list:\n"
     "  - {technode(nm): 7, gatenumber: 2000000000.0}\n  - {technode(nm): 7, gatenumber: 2500000000.0}\n"
     "  - {technode(nm): 5, area(mm2): 40, layer: 12}\n",
     7738.930910831639, 21.190306855802717, 0, 218.45281920000002, 0},
    {"- method: Hybrid_bonding\n  manufacturing_power_grid: Taiwan\n  die_list:\n"
     "  - {technode(nm): 5, gatenumber: 4000000000.0}\n"
     "  - {technode(nm): 7, gatenumber: 2200000000.0, IO_number: 300, layer: 14}\n"
     "  - {technode(nm): 28, area(mm2): 30}\n",
     5479.80965659581, 440.18285659198375, 0, 60.711442451121464, 0},
    {"- method: Hybrid_bonding\n  stacking: W2W\n  manufacturing_power_grid: Iceland\n  die_list:\n"
     "  - {technode(nm): 12, gatenumber: 1000000000.0}\n  - {technode(nm): 12, gatenumber: 1100000000.0}\n"
     "  - {technode(nm): 20, gatenumber: 500000000.0, number: 2}\n",
     3983.1878048923413, 36.20362780986145, 0, 4.554281456518903, 0},
    {"- method: Monolithic_3D\n  packagearea(mm2): 70\n  die_list:\n"
     "  - {technode(nm): 28, gatenumber: 200000000.0, number: 3}\n  - {technode(nm): 14, gatenumber: 400000000.0}\n"
     "  - {technode(nm): 3, gatenumber: 1000000000.0}\n",
     688.7717052185633, 0, 0, 28.4445, 0},
    {"- method: MCM\n  die_list:\n  - {technode(nm): 28, area(mm2): 20000}\n", -3404449652.3607383, 0, 0, 9752.4, 0},
};

TEST(ThreeDCarbon, HeldOutProducts) {
  for (const HeldOut& item : held_out) {
    const ThreeDCarbon carbon = run(product_of(item.text));
    const auto near = [&item](double ours, double theirs) {
      EXPECT_NEAR(ours, theirs, 1e-9 * std::abs(theirs)) << item.text;
    };
    near(carbon.die_sum().value(), item.dies);
    near(carbon.bonding.value(), item.bonding);
    near(carbon.substrate.value(), item.substrate);
    near(carbon.package.value(), item.package);
    near(carbon.operational.value_or(GramsCO2e{}).value(), item.operational);
  }
}

ThreeDQuestion thor() {
  ThreeDQuestion question;
  question.name = "THOR";
  question.die.node = 5;
  question.die.area = SquareMillimetres{810};
  question.die.gates = 7.7e10;
  question.efficiency = 12.5;
  question.bandwidth = 6;
  return question;
}

// NVIDIA Thor, computed with 3D-Carbon at 14e1a7f: dies, substrate, in use (g), bandwidth (TB/s).
TEST(ThreeDCarbon, ExploredThor) {
  const struct {
    bool heterogeneous;
    std::size_t option;
    double dies, substrate, operational, bandwidth;
  } rows[] = {{false, 0, 66062.31953869158, 0, 69137.00351999998, 10},
              {false, 1, 45042.101439227314, 0, 76178.12465589368, 1.2922574032166592},
              {false, 4, 48873.807985272695, 1275.3749245705465, 76131.61111456135, 6.202835535439965},
              {true, 2, 88022.98425718858, 11214.431052736541, 76155.95540901383, 4.146653341256857},
              {true, 5, 58397.81085899157, 23525.608471442734, 76139.87488065586, 10},
              {true, 8, 53227.59911521704, 0, 57138.01943801652, 10}};
  for (const auto& row : rows) {
    const auto options = explore(thor(), row.heterogeneous, {}, "thor");
    ASSERT_TRUE(options);
    ASSERT_EQ(options->size(), 9u);
    const ThreeDOption& option = (*options)[row.option];
    EXPECT_NEAR(option.dies.value() / row.dies, 1, 1e-9);
    EXPECT_NEAR(option.substrate.value(), row.substrate, 1e-9 * row.substrate);
    EXPECT_NEAR(option.operational->value() / row.operational, 1, 1e-9);
    EXPECT_NEAR(option.bandwidth / row.bandwidth, 1, 1e-9);
    EXPECT_EQ(option.wide_enough, option.bandwidth > 6);
  }
}

// --- Switches -------------------------------------------------------------------------------------------------------

/// Which parts of a product differ.
std::string changed(const std::string& text, const ThreeDSwitches& switches) {
  const ThreeDCarbon a = run(product_of(text)), b = run(product_of(text, switches), switches);
  std::string parts;
  const auto add = [&parts](const char* name, double x, double y) {
    if (std::abs(x - y) > 1e-12 * std::abs(x)) parts += std::string(parts.empty() ? "" : " ") + name;
  };
  add("dies", a.die_sum().value(), b.die_sum().value());
  add("bonding", a.bonding.value(), b.bonding.value());
  add("substrate", a.substrate.value(), b.substrate.value());
  add("package", a.package.value(), b.package.value());
  add("factor", a.factor, b.factor);
  add("use", a.operational.value_or(GramsCO2e{}).value(), b.operational.value_or(GramsCO2e{}).value());
  return parts;
}

TEST(ThreeDCarbon, EachSwitchChangesWhatItSaysAndNothingElse) {
  // Sizes for which the wiring model is below its limit, dies of unlike sizes, the second larger than the first.
  const auto stack = [](const std::string& head) {
    return "- " + head +
           "\n  die_list:\n  - {technode(nm): 14, gatenumber: 7.0e+8}\n"
           "  - {technode(nm): 14, gatenumber: 9.0e+8}\n  - {technode(nm): 14, gatenumber: 2.0e+8, layer: 6}\n";
  };
  const std::string mcm = stack("method: MCM"), last = stack("method: InFO_chip_last"),
                    interposer = stack("method: Si_int"), micro = stack("method: Micro_bumping"),
                    hybrid = stack("method: Hybrid_bonding");
  const std::string face = stack("method: Micro_bumping\n  F2F_F2B: F2F"),
                    readme = stack("method: Micro_bumping\n  F2F/F2B: F2F"),
                    wafers = stack("method: Micro_bumping\n  stacking: W2W"),
                    hybrid_wafers = stack("method: Hybrid_bonding\n  stacking: W2W"),
                    tested = stack("method: Hybrid_bonding\n  test: 1");
  const std::string used =
      "- method: MCM\n  use_power_grid: India\n  design_exploration: 1\n  energy(mJ): 5\n"
      "  delay(s): 0.1\n  die_list: [{technode(nm): 7, area(mm2): 50, layer: 15}]\n";
  const std::string monolith =
      "- method: Monolithic_3D\n  die_list:\n  - {technode(nm): 7, area(mm2): 50, layer: 15}\n"
      "  - {technode(nm): 7, area(mm2): 40, layer: 9}\n";
  const std::map<std::string_view, std::vector<std::pair<std::string, std::string>>> expected{
      {"wire-model", {{mcm, "dies"}, {used, ""}}},
      {"refuse-oversized", {{mcm, ""}, {micro, ""}}},
      {"neighbour-above", {{micro, "dies bonding"}, {hybrid, "dies bonding package"}, {mcm, ""}, {face, ""}}},
      {"face-to-face-dies", {{face, "dies bonding"}, {micro, ""}}},
      {"raw-material", {{wafers, "dies"}, {micro, ""}}},
      {"via-energy", {{micro, "dies"}, {wafers, "dies"}, {mcm, ""}}},
      {"bonding-intensity", {{last, "bonding"}, {interposer, ""}, {micro, ""}}},
      {"bonding-counted", {{interposer, "bonding substrate"}, {last, ""}}},
      {"largest-footprint", {{micro, "package"}, {hybrid, "package"}, {wafers, "bonding package"}}},
      {"every-bond", {{wafers, "bonding"}, {hybrid_wafers, ""}, {micro, ""}}},
      {"interposer-gas", {{interposer, "substrate"}, {last, ""}}},
      {"bond-yield", {{micro, "dies bonding"}, {hybrid, "dies bonding"}, {wafers, "dies bonding"}, {last, ""}}},
      {"bonded-dies", {{micro, "bonding"}, {hybrid, "bonding"}, {wafers, ""}}},
      {"stated-layers", {{hybrid, "dies"}, {hybrid_wafers, "dies"}, {micro, ""}, {monolith, "dies"}}},
      {"no-test-factor", {{tested, "factor"}, {micro, ""}}},
      {"every-entry", {{mcm, ""}}},
      {"monolithic-tiers", {{monolith, "dies package"}, {micro, ""}}},
      {"exploration-keys", {{mcm, ""}}},
      {"use-grid", {{used, ""}}},
      {"power-from-energy", {{used, "use"}, {mcm, ""}}},
      {"explored-stacks", {{micro, ""}}},
      {"infeasible-bandwidth", {{mcm, ""}}},
      {"readme-keys", {{readme, "dies bonding"}, {face, ""}}},
  };
  for (const auto& entry : three_d_switches()) {
    if (entry.name == "emib") continue;
    for (const auto& [text, parts] : expected.at(entry.name))
      EXPECT_EQ(changed(text, only(entry.name)), parts) << entry.name << " on\n" << text;
  }
  ThreeDProduct powered = product_of(used);
  powered.use->power = carbon::Watts{3};
  EXPECT_NEAR(*run(powered, only("use-grid")).operational / *run(powered).operational, 725.0 / 301, 1e-12);

  const std::string emib = stack("method: EMIB");
  EXPECT_NE(refusal(emib), "");
  EXPECT_EQ(refusal(emib, only("emib")), "");
}

TEST(ThreeDCarbon, SwitchesOfExploration) {
  const auto options = [](ThreeDQuestion question, std::string_view name) {
    const auto explored = explore(question, true, only(name), "test");
    EXPECT_TRUE(explored);
    return *explored;
  };
  ThreeDQuestion question = thor();
  question.making = carbon::GramsPerKilowattHour{28};
  question.memory_node = 14;
  const auto published = options(question, "");
  EXPECT_LT(options(question, "exploration-keys")[0].dies, published[0].dies);
  EXPECT_LT(options(question, "explored-stacks")[6].dies, published[6].dies);  // stacked dies are a tenth smaller
  EXPECT_EQ(options(question, "explored-stacks")[1].dies, published[1].dies);
  question.bandwidth = 500;
  EXPECT_TRUE(options(question, "")[1].operational);
  EXPECT_FALSE(options(question, "infeasible-bandwidth")[1].operational);
}

// Donath's mean wire length for 1e9 gates and p = 0.525 is some 14 gate pitches, so that a 28 nm die of that many gates
// needs more layers than the 4 that the published form gives it; the limit of default + 3 layers is reached.
TEST(ThreeDCarbon, WireModel) {
  const auto layers = [](const ThreeDSwitches& switches) {
    return run(product_of("- method: MCM\n  die_list: [{technode(nm): 28, gatenumber: 1.0e+9}]\n"), switches)
        .dies[0]
        .layers;
  };
  EXPECT_EQ(layers({}), 4);
  EXPECT_EQ(layers(corrected()), 13);
}

// --- Laws -----------------------------------------------------------------------------------------------------------

rc::Gen<ThreeDProduct> products() {
  return rc::gen::exec([] {
    ThreeDProduct product;
    product.method = static_cast<ThreeDMethod>(*rc::gen::inRange(0, 7));
    const bool stack = product.method == ThreeDMethod::micro_bumping || product.method == ThreeDMethod::hybrid_bonding;
    product.wafer_to_wafer = stack && *rc::gen::arbitrary<bool>();
    product.face_to_face = stack && *rc::gen::arbitrary<bool>();
    for (int i = *rc::gen::inRange(2, 5); i > 0; --i) {
      ThreeDDie die;
      die.name = std::to_string(i);
      die.node = three_d_nodes[*rc::gen::inRange<std::size_t>(0, three_d_nodes.size())];
      if (*rc::gen::arbitrary<bool>())
        die.area = SquareMillimetres{*rc::gen::inRange(5, 300) * 1.0};
      else
        die.gates = *rc::gen::inRange(1, 50) * 1e8;
      die.number = *rc::gen::inRange(1, 4);
      product.dies.push_back(die);
    }
    return product;
  });
}

RC_GTEST_PROP(ThreeDCarbon, CorrectedPartsAreNotNegativeAndFollowTheGrid, ()) {
  ThreeDProduct product = *products();
  const auto dirty = three_d_carbon(product, corrected(), "law");
  RC_PRE(dirty.has_value());
  product.making = carbon::GramsPerKilowattHour{28};
  const ThreeDCarbon clean = run(product, corrected());
  RC_ASSERT(clean.bonding.value() >= 0 && clean.substrate.value() >= 0 && clean.package.value() > 0);
  for (const ThreeDDieCarbon& die : clean.dies) RC_ASSERT(die.carbon.value() > 0);
  RC_ASSERT(clean.embodied() < dirty->embodied());
  const GramsCO2e sum = clean.die_sum() + clean.bonding + clean.substrate + clean.package;
  RC_ASSERT(std::abs(clean.embodied() / sum - 1) < 1e-12);
}

RC_GTEST_PROP(ThreeDCarbon, EqualDiesCountAsOneEntryOrMany, ()) {
  ThreeDProduct many;
  many.method = *rc::gen::element(ThreeDMethod::mcm, ThreeDMethod::info_chip_first, ThreeDMethod::info_chip_last,
                                  ThreeDMethod::silicon_interposer);
  ThreeDDie die;
  die.node = 7;
  die.area = SquareMillimetres{*rc::gen::inRange(5, 200) * 1.0};
  const int count = *rc::gen::inRange(1, 8);
  many.dies.assign(static_cast<std::size_t>(count), die);
  ThreeDProduct one = many;
  one.dies.resize(1);
  one.dies[0].number = count;
  RC_ASSERT(std::abs(run(many).embodied() / run(one).embodied() - 1) < 1e-12);
}

RC_GTEST_PROP(ThreeDCarbon, LargerDiesCostMore, ()) {
  ThreeDProduct product;
  ThreeDDie die;
  die.node = three_d_nodes[*rc::gen::inRange<std::size_t>(0, three_d_nodes.size())];
  die.layers = 10;
  die.area = SquareMillimetres{*rc::gen::inRange(1, 500) * 1.0};
  product.dies = {die};
  const GramsCO2e once = run(product, corrected()).embodied();
  product.dies[0].area = die.area * 1.3;
  RC_ASSERT(run(product, corrected()).embodied() > once);
}

// --- Input ----------------------------------------------------------------------------------------------------------

TEST(ThreeDCarbon, BadInputIsOneClearError) {
  const std::string die = "  die_list: [{technode(nm): 7, area(mm2): 50}]\n";
  const std::pair<std::string, std::string> cases[] = {
      {"method: MCM\n", "is no list of entries"},
      {"- method: MCM\n", "'[0]' has no 'die_list'"},
      {"- Product: x\n" + die, "has no 'method'"},
      {"- method: 2D\n" + die, "'[0].method' is '2D'"},
      {"- method: EMIB\n" + die, "the tool estimates no EMIB"},
      {"- method: MCM\n  stacking: W2W\n" + die, "MCM cannot be stacked W2W"},
      {"- method: MCM\n  manufacturing_power_grid: Mars\n" + die,
       "test.yaml:2 '[0].manufacturing_power_grid' is 'Mars'"},
      {"- method: Micro_bumping\n  F2F_F2B: B2B\n" + die, "'[0].F2F_F2B' is 'B2B'"},
      {"- method: Hybrid_bonding\n  F2F_F2B: F2F\n" + die, "face to face takes two entries"},
      {"- method: MCM\n  design_exploration: 1\n  power(W): 9\n" + die, "has a power or energy, and no delay"},
      {"- method: MCM\n  design_exploration: 1\n  T_exe(year): 0\n" + die, "T_exe(year) is 0"},
      {"- method: MCM\n  design_exploration: 1\n  application: DSP\n" + die, "'[0].application' is 'DSP'"},
      {"- method: MCM\n  die_list: [{technode(nm): 6, area(mm2): 50}]\n", "is '6', a node without figures"},
      {"- method: MCM\n  die_list: [{technode(nm): 7.0, area(mm2): 50}]\n", "is '7.0', a node without figures"},
      {"- method: MCM\n  die_list: [{area(mm2): 50}]\n", "has no 'technode(nm)'"},
      {"- method: MCM\n  die_list: [{technode(nm): 7}]\n", "neither gatenumber nor area(mm2) is given"},
      {"- method: MCM\n  die_list: [{technode(nm): 7, area(mm2): -5}]\n", "'[0].die_list[0].area(mm2)' is '-5'"},
      {"- method: MCM\n  die_list: [{technode(nm): 7, area(mm2): .nan}]\n", "is '.nan', no number"},
      {"- method: MCM\n  die_list: [{technode(nm): 7, gatenumber: 1e9}]\n",
       "is '1e9', which YAML 1.1 takes for a text"},
      {"- method: MCM\n  die_list: [{technode(nm): 7, area(mm2): 50, gatenumber: 1}]\n", "no answer for 1 gates"},
      {"- method: MCM\n  die_list: [{technode(nm): 28, area(mm2): 10000}]\n", "does not fit on a wafer"},
      {"- method: MCM\n  die_list: [{technode(nm): 7, area(mm2): 50, number: 0}]\n", "its number is 0"},
      {"- method: MCM\n  die_list: [{technode(nm): 7, area(mm2): 50, feature_size: 7.0e-9}]\n", "with feature_size"},
      {"- [", "is no YAML"},
      {"", "is no list of entries"},
  };
  for (const auto& [text, message] : cases) {
    const std::string error = refusal(text);
    EXPECT_NE(error.find(message), std::string::npos) << text << "\ngave: " << error;
  }
  // Corrected, a die larger than the wafer is refused as well, and so is a third tier.
  EXPECT_NE(refusal("- method: MCM\n  die_list: [{technode(nm): 28, area(mm2): 20000}]\n", corrected()), "");
  EXPECT_NE(refusal("- method: Monolithic_3D\n  die_list: [{technode(nm): 7, area(mm2): 9, number: 3}]\n", corrected()),
            "");
}

TEST(ThreeDCarbon, AKeyStatedTwiceCountsLastAndIsNamed) {
  const auto input = parse_three_d(
      "- method: MCM\n  die_list:\n  - technode(nm): 7\n    area(mm2): 5\n    area(mm2): 50\n", "thor.yaml", {});
  ASSERT_TRUE(input);
  EXPECT_EQ(input->products[0].dies[0].area, SquareMillimetres{50});
  ASSERT_EQ(input->notes.size(), 1u);
  EXPECT_EQ(input->notes[0], "thor.yaml:5 has the key 'area(mm2)' twice: the last one counts");
}

std::map<std::string, double> rows_of(const Comparison& comparison) {
  std::map<std::string, double> rows;
  for (const Row& row : comparison.rows) rows[row.item + ' ' + row.quantity] = row.value;
  return rows;
}

TEST(ThreeDCarbon, CompareAnswersEstimatesAndQuestions) {
  const TestFolder folder;
  const auto estimate = folder.write("two.yaml",
                                     "- {method: MCM, die_list: [{technode(nm): 7, area(mm2): 50}]}\n"
                                     "- {method: MCM, memory: 3, die_list: [{technode(nm): 7, area(mm2): 60}]}\n");
  Request request{.input = estimate, .mode = Mode::as_published, .options = {}};
  auto comparison = compare_three_d_carbon(request);
  ASSERT_TRUE(comparison);
  auto rows = rows_of(*comparison);
  EXPECT_EQ(rows.count("None 2 total"), 0u);
  EXPECT_NEAR(rows["None/die manufacturing"] + rows["None package"], rows["None total"], 1e-12);
  const auto noted = [&comparison](const std::string& text) {
    return std::any_of(comparison->notes.begin(), comparison->notes.end(),
                       [&text](const std::string& note) { return note.find(text) != std::string::npos; });
  };
  EXPECT_TRUE(noted("not answered: None 2"));
  EXPECT_TRUE(noted("key without influence: memory"));
  request.mode = Mode::corrected;
  comparison = compare_three_d_carbon(request);
  ASSERT_TRUE(comparison);
  EXPECT_EQ(rows_of(*comparison).count("None 2 total"), 1u);

  // README's table for Thor: savings 31.34 %, 10.22 % in total, choosing below 29 years, too narrow.
  request.mode = Mode::as_published;
  request.input = folder.write("thor.yaml",
                               "- {Product: THOR, technode(nm): 5, area(mm2): 810, gatenumber: 7.7e+10,\n"
                               "   energy_efficiency: 12.5, bandwidth-requirement: 6}\n");
  comparison = compare_three_d_carbon(request);
  ASSERT_TRUE(comparison);
  rows = rows_of(*comparison);
  EXPECT_EQ(rows["THOR/homogeneous/MCM embodied_saving"], 31.34);
  EXPECT_EQ(rows["THOR/homogeneous/MCM total_saving"], 10.22);
  EXPECT_EQ(rows["THOR/homogeneous/MCM choose_below"], 29);
  EXPECT_EQ(rows["THOR/homogeneous/MCM bandwidth_sufficient"], 0);
  EXPECT_EQ(rows["THOR/homogeneous/EMIB bandwidth_sufficient"], 1);
  EXPECT_EQ(rows["THOR/heterogeneous/Hybrid_bonding replace_above"], 89);

  request.input = folder.path();
  comparison = compare_three_d_carbon(request);
  ASSERT_TRUE(comparison);
  EXPECT_EQ(rows_of(*comparison).count("two/None total"), 1u);

  request.options = {{"package", "EMIB"}};
  EXPECT_EQ(compare_three_d_carbon(request).error().where, "--package");
  request.options.clear();
  request.input = folder.path() / "none.yaml";
  EXPECT_EQ(compare_three_d_carbon(request).error().code, ErrorCode::missing_data);
}

}  // namespace
}  // namespace cradle::published
