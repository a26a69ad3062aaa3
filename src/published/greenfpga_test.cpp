#include "cradle/published/greenfpga.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>

#include "cradle/published/tools.h"
#include "test_folder.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;
using carbon::KilogramsCO2e;
using carbon::SquareMillimetres;
using carbon::Watts;

const fs::path data_folder = fs::path(CRADLE_SOURCE_DIR) / ".." / "shared" / "data";

/// The tool's TPU example, with some texts replaced.
struct Texts {
  std::string spec =
      "{\"area\": 600, \"power\": 192, \"lifetime\": 131400,\n \"num_app\": 5, \"num_des\": 5, \"num_prt_mfg\": 1e6}";
  std::string parameters =
      "{\"App_size\": 100000, \"Fpga_cap\": 100000, \"FE_dev_time\": 0.2, \"BE_dev_time\": 0.05,\n"
      " \"num_fpga_types\": 1, \"config_time\": 0, \"CPU_power_per_core\": 10, \"num_CPU_cores\": 8,\n"
      " \"app_dev_Carbon_per_kWh\": 700, \"num_iter\": 100, \"Transistors_per_gate\": 8, \"Power_per_core\": 10,\n"
      " \"Carbon_per_kWh\": 700, \"recycle_frac\": 0.0, \"recycle_cpa_frac\": 0.4, \"epp_yr\": 0.4625,\n"
      " \"tot_emp\": 16000, \"gate_scale\": 1, \"discard_frac\": 0.8, \"Cdis_per_ton\": 10, \"Crec_per_ton\": 2,\n"
      " \"chip_weight\": 2, \"dc\": 1, \"pkg_type\": \"EMIB\", \"interposer_node\": 65, \"rdl_layers\": 6,\n"
      " \"emib_layers\": 5, \"tsv_pitch\": 0.025, \"tsv_size\": 0.005, \"num_beol\": 8, \"emib_pitch\": 10}";
  std::string nodes = "[10]\n";

  Texts& change(std::string Texts::*file, const std::string& from, const std::string& to) {
    const auto at = (this->*file).find(from);
    EXPECT_NE(at, std::string::npos) << from;
    (this->*file).replace(at, from.size(), to);
    return *this;
  }
  Result<GreenFpgaDesign> parse(const GreenFpgaOverrides& overrides = {}) const {
    return parse_greenfpga({spec, parameters, nodes}, "case", overrides);
  }
  void write(const TestFolder& folder, const fs::path& name) const {
    folder.write(name / "spec.json", spec);
    folder.write(name / "green_fpga_param.json", parameters);
    folder.write(name / "node_list.txt", nodes);
  }
};

Texts agilex() {
  return Texts()
      .change(&Texts::spec, "600", "550")
      .change(&Texts::spec, "192", "220")
      .change(&Texts::spec, "\"num_des\": 5", "\"num_des\": 1")
      .change(&Texts::parameters, "\"FE_dev_time\": 0.2, \"BE_dev_time\": 0.05",
              "\"FE_dev_time\": 2.5, \"BE_dev_time\": 1")
      .change(&Texts::parameters, "\"tot_emp\": 16000, \"gate_scale\": 1", "\"tot_emp\": 4000, \"gate_scale\": 4");
}

GreenFpgaDesign design_of(const Texts& texts, const GreenFpgaOverrides& overrides = {}) {
  auto design = texts.parse(overrides);
  EXPECT_TRUE(design);
  return *design;
}

const GreenFpgaTables tables = published_greenfpga_tables();

GreenFpgaCarbon run(const GreenFpgaDesign& design, const GreenFpgaSwitches& switches = {}) {
  EXPECT_TRUE(check(design, tables, switches, "test"));
  return evaluate(design, tables, switches);
}

double kg(carbon::GramsCO2e grams) { return KilogramsCO2e{grams}.value(); }

GreenFpgaSwitches corrected() { return all_corrections<GreenFpgaSwitches>(greenfpga_switches()); }

TEST(GreenFpga, PublishedNumbers) {
  for (const fs::path& data : {data_folder, fs::path("/nonexistent")}) {
    const AnchorSet set = anchors_greenfpga(data);
    EXPECT_EQ(set.anchors.size(), 15u);
    for (const Anchor& anchor : set.anchors)
      EXPECT_TRUE(anchor.passes()) << anchor.item << ' ' << anchor.quantity << ' ' << anchor.ours << " for "
                                   << anchor.published;
  }
}

// The TPU example with one thing changed, computed with GreenFPGA at 6add8f5: design, manufacture, end of life, use,
// application development, kg.
TEST(GreenFpga, HeldOutExamples) {
  constexpr auto spec = &Texts::spec, parameters = &Texts::parameters;
  const struct {
    Texts texts;
    double design, manufacturing, end_of_life, operational, development;
  } cases[] = {
      {Texts().change(&Texts::nodes, "[10]", "22,28"), 25900000, 4220406479.443383, 3900, 1478003743.7033854, 50.4},
      {Texts().change(parameters, "\"recycle_frac\": 0.0, \"recycle_cpa_frac\": 0.4",
                      "\"recycle_frac\": 0.3, \"recycle_cpa_frac\": 0.25"),
       25900000, 243459497.0538501, 3900, 1098548248.1781697, 50.4},
      {Texts().change(parameters, "\"App_size\": 100000", "\"App_size\": 250000"), 25900000, 785353216.3027422, 9750,
       2746370620.445424, 50.4},
      {Texts().change(parameters, "\"config_time\": 0, \"CPU_power_per_core\": 10, \"num_CPU_cores\": 8",
                      "\"config_time\": 0.01, \"CPU_power_per_core\": 12.5, \"num_CPU_cores\": 16"),
       25900000, 314141286.5210969, 3900, 1098548248.1781697, 1008126},
      {Texts()
           .change(parameters, "0.4625", "0.31")
           .change(parameters, "16000, \"gate_scale\": 1", "1234, \"gate_scale\": 2.5"),
       3347225, 314141286.5210969, 3900, 1098548248.1781697, 50.4},
      {Texts().change(spec, "600", "3200").change(&Texts::nodes, "10", "28"), 25900000, 20886927293908.04, 3900,
       1393112615.7803502, 50.4},
      {Texts()
           .change(parameters, "\"app_dev_Carbon_per_kWh\": 700", "\"app_dev_Carbon_per_kWh\": 20")
           .change(parameters, "\"Carbon_per_kWh\": 700", "\"Carbon_per_kWh\": 50"),
       25900000, 314141286.5210969, 3900, 78467732.01272643, 1.44},
  };
  for (const auto& item : cases) {
    const GreenFpgaCarbon carbon = run(design_of(item.texts));
    EXPECT_NEAR(kg(carbon.design) / item.design, 1, 1e-9);
    EXPECT_NEAR(kg(carbon.manufacturing) / item.manufacturing, 1, 1e-9);
    EXPECT_NEAR(kg(carbon.end_of_life) / item.end_of_life, 1, 1e-9);
    EXPECT_NEAR(kg(carbon.operational) / item.operational, 1, 1e-9);
    EXPECT_NEAR(kg(carbon.application_development) / item.development, 1, 1e-9);
  }
}

// Agilex against TPU, from totals that the tool prints (README: 1.438593e9 and 1.316956e9 kg): up to three designs
// cost less as ASICs, from four on the FPGA does.
TEST(GreenFpga, CrossoverOfTpuAndAgilex) {
  const GreenFpgaDesign fpga = design_of(agilex());
  const auto designs = crossover(design_of(Texts()), fpga, tables, {});
  ASSERT_TRUE(designs);
  EXPECT_NEAR(*designs, 3.2115, 5e-5);
  const auto asic = [](double count) {
    GreenFpgaOverrides overrides;
    overrides.designs = count;
    return run(design_of(Texts(), overrides)).total();
  };
  EXPECT_LT(asic(3), run(fpga).total());
  EXPECT_GT(asic(4), run(fpga).total());

  // A device that costs less than the use of the ASIC alone wins from the start.
  GreenFpgaOverrides idle;
  idle.power = 1;
  EXPECT_EQ(crossover(design_of(Texts()), design_of(agilex(), idle), tables, {}).error().code, ErrorCode::missing_data);
}

rc::Gen<GreenFpgaDesign> designs() {
  return rc::gen::exec([] {
    GreenFpgaOverrides overrides;
    overrides.area = *rc::gen::inRange(1, 900);
    overrides.power = *rc::gen::inRange(0, 400);
    overrides.designs = *rc::gen::inRange(1, 9);
    overrides.volume = *rc::gen::inRange(1, 1000000);
    GreenFpgaDesign design = design_of(Texts(), overrides);
    design.operating_volume = design.volume;
    design.nodes = {*rc::gen::inRange<EcoChipNodeIndex>(0, 5)};
    design.recycled_share = *rc::gen::inRange(0, 11) / 10.0;
    return design;
  });
}

RC_GTEST_PROP(GreenFpga, LinearInDesignsAndVolume, ()) {
  GreenFpgaDesign design = *designs();
  const GreenFpgaCarbon once = run(design, corrected());
  design.designs *= 3;
  const GreenFpgaCarbon more = run(design, corrected());
  RC_ASSERT(std::abs(more.manufacturing / once.manufacturing - 3) < 1e-12);
  RC_ASSERT(std::abs(more.design / once.design - 3) < 1e-12);
  RC_ASSERT(more.operational == once.operational);
  design.volume *= 2;
  design.operating_volume *= 2;
  RC_ASSERT(std::abs(run(design, corrected()).manufacturing / more.manufacturing - 2) < 1e-12);
}

RC_GTEST_PROP(GreenFpga, RecyclingNeverCostsMore, ()) {
  GreenFpgaDesign design = *designs();
  design.recycled_share = 0.2;
  const GreenFpgaCarbon some = run(design);
  design.recycled_share = 0.6;
  RC_ASSERT(run(design).manufacturing < some.manufacturing);
}

/// Which parts differ.
std::string changed(const GreenFpgaDesign& design, const GreenFpgaSwitches& switches) {
  const GreenFpgaCarbon a = run(design), b = run(design, switches);
  std::string parts;
  const auto add = [&parts](const char* name, carbon::GramsCO2e x, carbon::GramsCO2e y) {
    if (std::abs(x.value() - y.value()) > 1e-12 * std::abs(x.value()))
      parts += std::string(parts.empty() ? "" : " ") + name;
  };
  add("logic", a.device.manufacturing[0], b.device.manufacturing[0]);
  add("design", a.design, b.design);
  add("made", a.manufacturing, b.manufacturing);
  add("end", a.end_of_life, b.end_of_life);
  add("use", a.operational, b.operational);
  add("development", a.application_development, b.application_development);
  return parts;
}

TEST(GreenFpga, EachSwitchChangesWhatItSaysAndNothingElse) {
  GreenFpgaDesign design = design_of(Texts());
  design.use_intensity = carbon::GramsPerKilowattHour{50};
  design.application_size = 250000;
  design.operating_volume = 1000;
  design.duty = 0.35;
  const std::map<std::string_view, std::string> expected{{"design-intensity-of-file", "design"},
                                                         {"end-of-life-of-file", "end"},
                                                         {"whole-devices", "made end use"},
                                                         {"operating-volume", "use"},
                                                         {"every-node", ""},
                                                         {"wafer-300mm", "logic made"},
                                                         {"whole-dies", "logic made"},
                                                         {"waste-yielded", "logic made"},
                                                         {"waste-by-made-area", "logic"},
                                                         {"one-duty-cycle", "use"},
                                                         {"calendar-months", "development"}};
  EXPECT_EQ(expected.size(), greenfpga_switches().size());
  for (const auto& entry : greenfpga_switches()) {
    GreenFpgaSwitches alone;
    alone.*(entry.flag) = true;
    EXPECT_EQ(changed(design, alone), expected.at(entry.name)) << entry.name;
  }
  // 0.8 x 10 kg/t x 2 g - 0.2 x 2 kg/t x 2 g = 0.0152 g a part; 5e6 parts.
  GreenFpgaSwitches end;
  end.end_of_life_of_file = true;
  EXPECT_NEAR(kg(run(design_of(Texts()), end).end_of_life), 76, 1e-9);
  GreenFpgaSwitches wafer;
  wafer.wafer_300mm = true;
  const auto& blocks = run(design_of(Texts()), wafer).device.manufacturing;
  EXPECT_NEAR(kg(blocks[0] + blocks[1] + blocks[2]), 66.48624576769657, 1e-9);
}

TEST(GreenFpga, OverridesReplaceKeys) {
  Texts texts;
  texts.spec = "{\"area\": 200}";
  EXPECT_FALSE(texts.parse());
  GreenFpgaOverrides overrides;
  overrides.applications = 5;
  overrides.designs = 2;
  overrides.volume = 1e6;
  overrides.power = 192;
  overrides.lifetime_years = 15;
  overrides.area = 600;
  const GreenFpgaDesign design = design_of(texts, overrides);
  // TPU with two designs, computed with GreenFPGA at 6add8f5.
  EXPECT_NEAR(kg(run(design).total()) / 1234566373.1866086, 1, 1e-9);
}

TEST(GreenFpga, NodeLists) {
  const auto nodes = [](const std::string& text) -> std::string {
    Texts texts;
    texts.nodes = text;
    const auto design = texts.parse();
    if (!design) return design.error().where.substr(5) + " " + design.error().message;
    std::string list;
    for (const EcoChipNodeIndex node : design->nodes) list += std::to_string(eco_chip_nodes[node]) + " ";
    return list;
  };
  EXPECT_EQ(nodes("[7]\n[28]\n"), "7 28 ");
  EXPECT_EQ(nodes("(14, 7)  # two"), "14 7 ");
  EXPECT_EQ(nodes("22,\n"), "22 ");
  EXPECT_EQ(nodes("[10]\n\n"), "node_list.txt:2 the line is empty");
  EXPECT_EQ(nodes("10\n"), "node_list.txt:1 a bare number is no list");
  EXPECT_EQ(nodes("[10, 65]"), "node_list.txt:1 '65' is no node of the tables");
  EXPECT_EQ(nodes("[]"), "node_list.txt there is no node");
  EXPECT_EQ(nodes(""), "node_list.txt there is no node");
  EXPECT_EQ(nodes("[ten]"), "node_list.txt:1 'ten' is no node of the tables");
}

TEST(GreenFpga, BadInputIsOneClearError) {
  constexpr auto spec = &Texts::spec, parameters = &Texts::parameters;
  const struct {
    std::string Texts::*file;
    const char* from;
    const char* to;
    const char* where;
    const char* message;
  } cases[] = {
      {spec, "600", "0", "spec.json:1", "'area' is 0"},
      {spec, "131400", "0", "spec.json:1", "'lifetime' is 0"},
      {spec, "1e6", "0", "spec.json:2", "'num_prt_mfg' is 0"},
      {spec, "1e6", "\"many\"", "spec.json:2", "'num_prt_mfg' is not a number"},
      {spec, "\"area\": 600, ", "", "spec.json:1", "'area' is missing"},
      {parameters, "\"recycle_frac\": 0.0", "\"recycle_frac\": 1.5", "green_fpga_param.json:4",
       "'recycle_frac' is 1.5"},
      {parameters, "\"Fpga_cap\": 100000", "\"Fpga_cap\": 0", "green_fpga_param.json:1", "'Fpga_cap' is 0"},
      {parameters, "\"tsv_pitch\": 0.025, ", "", "green_fpga_param.json:1", "'tsv_pitch' is missing"},
      {parameters, "}", "", "green_fpga_param.json:7", "not JSON"},
  };
  for (const auto& item : cases) {
    const auto result = Texts().change(item.file, item.from, item.to).parse();
    ASSERT_FALSE(result) << item.to;
    EXPECT_EQ(result.error().where, std::string("case/") + item.where) << item.to;
    EXPECT_NE(result.error().message.find(item.message), std::string::npos) << result.error().message;
    EXPECT_FALSE(result.error().hint.empty());
  }
  GreenFpgaDesign design = design_of(Texts());
  design.duty = std::nan("");
  EXPECT_EQ(check(design, tables, {}, "code").error().message, "'dc' is nan");
  design = design_of(Texts());
  design.area = SquareMillimetres{50000};
  EXPECT_TRUE(check(design, tables, {}, "code"));
  EXPECT_FALSE(check(design, tables, corrected(), "code"));
}

TEST(GreenFpga, CompareTakesFlagsNodesAndAnOpponent) {
  const TestFolder folder;
  Texts().change(&Texts::nodes, "[10]", "[10, 7]").write(folder, "TPU");
  agilex().write(folder, "fpga/Agilex");
  Request request{.input = folder.path() / "TPU", .mode = Mode::as_published, .options = {}};
  const auto value = [&request](const std::string& item, const std::string& quantity) {
    const auto comparison = compare_greenfpga(request);
    EXPECT_TRUE(comparison) << to_string(comparison.error());
    for (const Row& row : comparison->rows)
      if (row.item == item && row.quantity == quantity) return row.value;
    return std::nan("");
  };
  EXPECT_NEAR(value("TPU", "total") / 1438593485.0992665, 1, 1e-9);
  EXPECT_TRUE(std::isnan(value("TPU at 7 nm", "total")));
  request.options = {{"num_des", "1"}, {"num_app", "5"}, {"num_lifetime", "8"}, {"power", "150"}, {"chip_area", "650"}};
  EXPECT_NEAR(value("TPU", "total") / 536779292.147154, 1, 1e-9);
  request.options = {{"emb-vol", "1000"}, {"ope-vol", "7"}};
  EXPECT_NEAR(value("TPU", "operational"), 1098548.2481781698, 1e-3);
  request.options = {{"against", (folder.path() / "fpga").string()}};
  EXPECT_NEAR(value("TPU against Agilex", "crossover"), 3.2115, 5e-5);
  request.mode = Mode::corrected;
  EXPECT_FALSE(std::isnan(value("TPU at 7 nm", "total")));

  const auto hint = [&request](std::map<std::string, std::string> options) {
    request.options = std::move(options);
    return compare_greenfpga(request).error().where;
  };
  EXPECT_EQ(hint({{"chip_area", "650.5"}}), "--chip_area");
  EXPECT_EQ(hint({{"emb_vol", "1e6"}}), "--emb_vol");
  EXPECT_EQ(hint({{"num_apps", "1"}}), "--num_apps");
}

}  // namespace
}  // namespace cradle::published
