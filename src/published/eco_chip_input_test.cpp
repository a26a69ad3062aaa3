// ECO-CHIP's files: what is refused, what is accepted, which designs and tables are found.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <vector>

#include "cradle/published/eco_chip.h"
#include "cradle/published/tools.h"
#include "test_folder.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;
using carbon::SquareMillimetres;
using carbon::Watts;

/// A design of these chiplets.
EcoChipDesign design_of(std::vector<EcoChipChiplet> chiplets) {
  EcoChipDesign design;
  design.chiplets = std::move(chiplets);
  design.power = Watts{15};
  design.lifetime = carbon::Hours{17520};
  return design;
}

struct Texts {
  std::string architecture =
      "{\"CPU\": {\"type\": \"logic\", \"area\": 16, \"node\": 7},\n"
      " \"IO\": {\"type\": \"analog\", \"area\": 24, \"node\": 10},\n \"pkg_type\": \"RDL\"}";
  std::string design =
      "{\"power\": 15, \"num_iter\": 90, \"num_prt_mfg\": 1e5, \"Transistors_per_gate\": 8,\n"
      " \"Power_per_core\": 10, \"Carbon_per_kWh\": 700}";
  std::string operation = "{\"lifetime\": 17520}";
  std::string package =
      "{\"interposer_node\": 65, \"rdl_layers\": 6, \"emib_layers\": 5, \"tsv_pitch\": 0.025,\n"
      " \"tsv_size\": 0.005, \"num_beol\": 8, \"emib_pitch\": 10}";

  Texts& change(std::string Texts::*file, const std::string& from, const std::string& to) {
    const auto at = (this->*file).find(from);
    EXPECT_NE(at, std::string::npos) << from;
    (this->*file).replace(at, from.size(), to);
    return *this;
  }
  Result<EcoChipDesign> parse() const { return parse_eco_chip({architecture, design, operation, package}, "case"); }
  void write(const TestFolder& folder, const fs::path& name) const {
    folder.write(name / "architecture.json", architecture);
    folder.write(name / "designC.json", design);
    folder.write(name / "operationalC.json", operation);
    folder.write(name / "packageC.json", package);
  }
};

TEST(EcoChip, BadInputIsOneClearError) {
  constexpr auto architecture = &Texts::architecture, design = &Texts::design, operation = &Texts::operation,
                 package = &Texts::package;
  const struct {
    std::string Texts::*file;
    const char* from;
    const char* to;
    const char* where;
    const char* message;
  } cases[] = {
      {architecture, "16", "-16", "architecture.json:1", "'CPU.area' is -16"},
      {architecture, "24", "0", "architecture.json:2", "'IO.area' is 0"},
      {architecture, "\"node\": 10", "\"node\": 5", "architecture.json:2", "node 5 nm is not in the tables"},
      {architecture, "\"node\": 10", "\"node\": 65", "architecture.json:2", "node 65 nm is not in the tables"},
      {architecture, "\"node\": 10", "\"node\": \"10\"", "architecture.json:2", "'IO.node' is not a number"},
      {architecture, ", \"node\": 10", "", "architecture.json:2", "'node' is missing"},
      {architecture, "analog", "Analog", "architecture.json:2", "'Analog' is no type of chiplet"},
      {architecture, "RDL", "rdl", "architecture.json:3", "'rdl' is no type of package"},
      {architecture, "\"area\": 24", "\"area\": 24, \"power\": 3", "architecture.json:2", "power of its own"},
      {architecture, "\"IO\"", "\"CPU\"", "architecture.json:2", "'CPU' stands twice"},
      {architecture, ",\n \"pkg_type\": \"RDL\"", "", "architecture.json:1", "'pkg_type' is missing"},
      {architecture, "{\"type\": \"logic\", \"area\": 16, \"node\": 7}", "16", "architecture.json:1", "not an object"},
      {design, "1e5", "0", "designC.json:1", "'num_prt_mfg' is 0"},
      {design, "15", "\"much\"", "designC.json:1", "'power' is not a number"},
      {design, "700", "-1", "designC.json:2", "'Carbon_per_kWh' is -1"},
      {operation, "17520", "0", "operationalC.json:1", "'lifetime' is 0"},
      {operation, "17520", "1e999", "operationalC.json:1", "not JSON"},
      {package, "65", "5", "packageC.json:1", "node 5 nm is not in the tables"},
      {package, "\"num_beol\": 8, ", "", "packageC.json:1", "'num_beol' is missing"},
      {package, "\"num_beol\": 8", "\"num_beol\": 0", "packageC.json:2", "'num_beol' is 0"},
      {package, "\"emib_pitch\": 10", "\"emib_pitch\": 0", "packageC.json:2", "'emib_pitch' is 0"},
  };
  ASSERT_TRUE(Texts().parse());
  for (const auto& item : cases) {
    const auto result = Texts().change(item.file, item.from, item.to).parse();
    ASSERT_FALSE(result) << item.to;
    EXPECT_EQ(result.error().code, ErrorCode::bad_input) << item.to;
    EXPECT_EQ(result.error().where, std::string("case/") + item.where) << item.to;
    EXPECT_NE(result.error().message.find(item.message), std::string::npos) << result.error().message;
    EXPECT_FALSE(result.error().hint.empty());
  }
}

// The tool looks at neither package type nor interposer when there is one chiplet, takes 7.0 and "15", and any order.
TEST(EcoChip, WhatTheToolAccepts) {
  Texts single;
  single.architecture =
      "{\"pkg_type\": \"none\", \"X\": {\"node\": 7.0, \"note\": 1, \"area\": 3, \"type\": \"sram\"}}";
  single.change(&Texts::package, "65", "5").change(&Texts::design, "15", "\"15\"");
  const auto design = single.parse();
  ASSERT_TRUE(design);
  EXPECT_EQ(design->power, Watts{15});
  std::vector<EcoChipShare> shares(1);
  EXPECT_EQ(evaluate(*design, published_eco_chip_tables(), {}, shares).packaging.total().value(), 0);
}

TEST(EcoChip, CheckRefusesDesignsBuiltInCode) {
  const auto message = [](const EcoChipDesign& design, const EcoChipSwitches& switches = {}) {
    const auto fine = check(design, published_eco_chip_tables(), switches, "code");
    return fine ? std::string() : fine.error().message;
  };
  const EcoChipDesign two = design_of(
      {{"c0", EcoChipBlock::logic, SquareMillimetres{40}, 0}, {"c1", EcoChipBlock::sram, SquareMillimetres{60}, 1}});
  EcoChipDesign design = two;
  design.chiplets[1].area = SquareMillimetres{std::nan("")};
  EXPECT_EQ(message(design), "chiplet 'c1': its area is nan");
  design = two;
  design.chiplets[1].node = eco_chip_node_65;
  EXPECT_EQ(message(design), "chiplet 'c1': its node is not in the tables");
  design = two;
  design.bond_yield = 1.01;
  EXPECT_EQ(message(design), "'bond yield' is more than 1");
  design = two;
  design.volume = 0;
  EXPECT_EQ(message(design), "'num_prt_mfg' is 0");
  design = two;
  design.chiplets.clear();
  EXPECT_EQ(message(design), "there is no chiplet");
  design = design_of({{"c0", EcoChipBlock::logic, SquareMillimetres{60000}, 0}});
  EXPECT_EQ(message(design), "");
  EXPECT_EQ(message(design, all_corrections<EcoChipSwitches>(eco_chip_switches())),
            "chiplet 'c0': 60000 mm2 does not fit on a wafer of 300 mm");
}

std::map<std::string, double> rows_of(const Comparison& comparison) {
  std::map<std::string, double> rows;
  for (const Row& row : comparison.rows) rows[row.item + ' ' + row.quantity] = row.value;
  return rows;
}

TEST(EcoChip, CompareFindsEveryDesignAndItsTables) {
  const TestFolder folder;
  Texts().write(folder, "testcases/a");
  Texts().change(&Texts::architecture, "RDL", "3D").write(folder, "testcases/group/b");
  folder.write("config/example/architecture.json", "{\"stale\": 1}");
  Request request{.input = folder.path(), .mode = Mode::as_published, .options = {}};

  auto comparison = compare_eco_chip(request);
  ASSERT_TRUE(comparison) << to_string(comparison.error());
  auto rows = rows_of(*comparison);
  EXPECT_EQ(comparison->rows.size(), 2 * (3 * 4 + 5u));
  for (const std::string system : {"a", "b"})
    EXPECT_NEAR(rows[system + " total"],
                rows[system + " manufacturing"] + rows[system + " packaging"] + rows[system + " design"] +
                    rows[system + " operational"],
                1e-12 * rows[system + " total"]);
  EXPECT_NE(comparison->notes[0].find("built in"), std::string::npos);

  // Tables beside the designs: chiplets at ten times the carbon cost ten times as much.
  const auto table = [&](const char* file, const std::string& text) {
    folder.write(fs::path("tech_params") / file, text);
  };
  table("cpa_scaling.json", "{\"cpa\": [261.3, 194.9, 168.4, 167.4, 141.38, 80]}");
  table("defect_density.json", "{\"defect_density\": [0.2, 0.11, 0.09, 0.08, 0.07, 0.05]}");
  table("beol_feol_scaling.json", "{\"beolVfeol\": [0.509, 0.4887, 0.4916, 0.4855, 0.5675, 0.5675]}");
  table("dyn_pwr_scaling.json", "{\"dyn_pwr_ratio\": [0.164167, 0.258575, 0.353535, 0.507937, 0.651163, 0.8]}");
  table("transistors_scaling.json", "{\"Transistors_per_mm2\": [82.86e6, 38.72e6, 18.09e6, 8.45e6, 3.95e6]}");
  table("gates_perhr_scaling.json", "{\"Gates_per_hr_per_core\": [3645.8333, 3645.833, 3645.833, 3645.833, 3645.833]}");
  const std::string scaling = "{\"area\": [1, 1.5, 2, 3, 4], \"power\": [1, 1, 1, 1, 1]}";
  for (const char* file : {"logic_scaling.json", "analog_scaling.json", "sram_scaling.json"}) table(file, scaling);
  comparison = compare_eco_chip(request);
  ASSERT_TRUE(comparison) << to_string(comparison.error());
  auto dearer = rows_of(*comparison);
  EXPECT_NEAR(dearer["a/CPU manufacturing"], 10 * rows["a/CPU manufacturing"], 1e-9);
  EXPECT_EQ(comparison->notes[0].find("built in"), std::string::npos);

  table("cpa_scaling.json", "{\"cpa\": [261.3, 194.9]}");
  const auto broken = compare_eco_chip(request);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message, "'cpa' has 2 numbers");
}

TEST(EcoChip, CompareTakesItsOptions) {
  const TestFolder folder;
  Texts().write(folder, "chip");
  Request request{.input = folder.path() / "chip", .mode = Mode::as_published, .options = {}};
  const auto rows = [&request] {
    const auto comparison = compare_eco_chip(request);
    EXPECT_TRUE(comparison);
    return rows_of(*comparison);
  };
  const auto published = rows();
  request.options = {{"package", "3D"}};
  EXPECT_NE(rows().at("chip packaging"), published.at("chip packaging"));
  EXPECT_EQ(rows().at("chip manufacturing"), published.at("chip manufacturing"));
  request.options = {{"use-intensity", "1400"}};
  EXPECT_NEAR(rows().at("chip operational"), 2 * published.at("chip operational"), 1e-9);
  EXPECT_EQ(rows().at("chip design"), published.at("chip design"));

  request.options = {{"package", "EMBI"}};
  EXPECT_EQ(compare_eco_chip(request).error().hint, "did you mean 'EMIB'?");
  request.options = {{"pakage", "EMIB"}};
  EXPECT_EQ(compare_eco_chip(request).error().hint, "did you mean '--package'?");
  request.options.clear();
  request.input = folder.path() / "none";
  EXPECT_EQ(compare_eco_chip(request).error().code, ErrorCode::missing_data);
}

}  // namespace
}  // namespace cradle::published
