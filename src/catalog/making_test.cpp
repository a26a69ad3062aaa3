// Fab processes, packaging technologies and materials: what the embedded records say, and what bad ones are told.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "cradle/carbon/uncertainty.h"
#include "cradle/catalog/catalog.h"

namespace cradle::catalog {
namespace {

const Catalog& embedded() {
  static const Result<Catalog> catalog = Catalog::load();
  if (!catalog) throw std::runtime_error(to_string(catalog.error()));
  return *catalog;
}

constexpr double kwh_per_cm2 = 3.6e6 / 100;  // J/mm2

/// Every process, from the coarsest node to the finest.
std::vector<const FabProcess*> by_node() {
  std::vector<const FabProcess*> all;
  for (const FabProcess& process : embedded().processes()) all.push_back(&process);
  std::sort(all.begin(), all.end(),
            [](const FabProcess* a, const FabProcess* b) { return a->node.value() > b->node.value(); });
  return all;
}

TEST(Making, theEmbeddedRecordsAreThere) {
  for (const char* id : {"n65", "n28", "n22", "n20", "n14", "n12", "n10", "n8", "n7", "n5", "n3"}) {
    ASSERT_TRUE(embedded().process(id)) << id;
    EXPECT_EQ("n" + std::to_string(static_cast<int>(embedded().process(id)->node.value())), id);
  }
  const std::map<std::string, PackageForm> forms = {{"organic", PackageForm::organic},
                                                    {"rdl", PackageForm::fanout},
                                                    {"emib", PackageForm::bridge},
                                                    {"passive", PackageForm::passive_interposer},
                                                    {"active", PackageForm::active_interposer},
                                                    {"3d", PackageForm::stacked},
                                                    {"hybrid", PackageForm::stacked},
                                                    {"monolithic-3d", PackageForm::monolithic}};
  EXPECT_EQ(embedded().packages().size(), forms.size());
  for (const auto& [id, form] : forms) {
    ASSERT_TRUE(embedded().package(id)) << id;
    EXPECT_EQ(embedded().package(id)->form, form) << id;
  }
  for (const char* id :
       {"steel",       "aluminium",   "pcb-2",        "pcb-8",        "pcb-layer", "mlcc",      "tantalum",
        "battery",     "psu",         "motherboard",  "rack-chassis", "assembly",  "hdd-drive", "packaged-ic",
        "freight-air", "freight-sea", "freight-road", "freight-rail", "discard",   "recycle"})
    EXPECT_TRUE(embedded().material(id)) << id;
  for (const char* id : {"TW", "KR", "JP", "US", "CN", "SG", "EU", "IE", "IL", "world"})
    EXPECT_TRUE(embedded().grid(id)) << id;
  for (const char* id : {"ddr3-50nm", "ddr4-10nm", "lpddr4"}) EXPECT_TRUE(embedded().memory(id)) << id;
  for (const char* id : {"nand-30nm", "nand-tlc-v3", "exos-x12", "ssd-r740"}) EXPECT_TRUE(embedded().storage(id)) << id;
}

// ACT (Gupta et al., ISCA 2022), table 1, as in facebookresearch/ACT at abc9fbb: kWh/cm2, g/cm2 at 95 and 99 %
// abatement; imec.netzero kg/cm2 from the same repository; ECO-CHIP's kg/cm2 (HPCA 2024, at fe998d9).
TEST(Making, processingIsThatOfItsSourcesAndCoversThem) {
  struct Row {
    const char* id;
    double energy, gas_95, gas_99, imec, eco_chip;  // 0: not published
  };
  for (const Row& row : {Row{"n28", 0.90, 175, 100, 0.91, 1.4138}, Row{"n20", 1.2, 190, 110, 0.91, 0},
                         Row{"n14", 1.2, 200, 125, 0.97, 1.684}, Row{"n10", 1.475, 240, 150, 1.09, 1.949},
                         Row{"n8", 1.52, 240, 150, 0, 0}, Row{"n7", 2.15, 350, 200, 1.44, 2.613},
                         Row{"n5", 2.75, 430, 225, 1.54, 0}, Row{"n3", 3.25, 470, 275, 1.75, 0}}) {
    const FabProcess& process = *embedded().process(row.id);
    const auto& energy = process.energy.estimate;
    EXPECT_DOUBLE_EQ(energy.value.value() / kwh_per_cm2, row.energy) << row.id;
    EXPECT_DOUBLE_EQ(process.gas.estimate.value.value() * 100, (row.gas_95 + row.gas_99) / 2) << row.id;
    EXPECT_DOUBLE_EQ(process.gas.estimate.low.value() * 100, row.gas_99) << row.id;
    EXPECT_DOUBLE_EQ(process.gas.estimate.high.value() * 100, row.gas_95) << row.id;
    EXPECT_DOUBLE_EQ(process.material.estimate.value.value() * 100, 500) << row.id;
    double low = 0.9 * row.energy, high = 1.1 * row.energy;
    const auto take = [&](double implied) {
      low = std::min(low, implied);
      high = std::max(high, implied);
    };
    if (row.imec > 0) take((row.imec - row.gas_99 / 1e3) / 0.583);
    if (row.eco_chip > 0) take((row.eco_chip - 0.5 - row.gas_95 / 1e3) / 0.7);
    EXPECT_NEAR(energy.low.value() / kwh_per_cm2, low, 1e-3) << row.id;
    EXPECT_NEAR(energy.high.value() / kwh_per_cm2, high, 1e-3) << row.id;
  }
}

// ECO-CHIP (HPCA 2024, ASU-VDA-Lab/ECO-CHIP at fe998d9), tech_params.
TEST(Making, circuitsAreThoseOfEcoChip) {
  struct Row {
    const char* id;
    double logic, sram, analog, delay, energy, wiring, transistors;
  };
  for (const Row& row :
       {Row{"n7", 1, 1, 1, 1, 1, 0.5090, 82.86}, Row{"n10", 1.949555068, 1, 1, 1.25268817, 1.36425648, 0.4887, 38.72},
        Row{"n14", 3.709574145, 1.902779873, 1, 1.562502831, 1.727115717, 0.4916, 18.09},
        Row{"n22", 7.325456759, 3.757501843, 1.974743319, 1.959590643, 2.72479564, 0.4855, 8.45},
        Row{"n28", 8.453656378, 4.336197791, 2.278875162, 2.464222503, 3.367003367, 0.5675, 3.95}}) {
    const FabProcess& process = *embedded().process(row.id);
    EXPECT_DOUBLE_EQ(process.logic_area.value(), row.logic) << row.id;
    EXPECT_DOUBLE_EQ(process.sram_area.value(), row.sram) << row.id;
    EXPECT_DOUBLE_EQ(process.analog_area.value(), row.analog) << row.id;
    EXPECT_DOUBLE_EQ(process.delay.value(), row.delay) << row.id;
    EXPECT_DOUBLE_EQ(process.switching_energy.value(), row.energy) << row.id;
    EXPECT_DOUBLE_EQ(process.interconnect_share.value(), row.wiring) << row.id;
    EXPECT_DOUBLE_EQ(process.transistors.value().value(), row.transistors * 1e6) << row.id;
  }
  EXPECT_EQ(embedded().process("n7")->node.value(), FabProcess::reference_node);
}

// What every source agrees on: a finer node costs more for each wafer and design, and needs less area, time and energy
// for the same circuit.
TEST(Making, finerNodesAreDenserAndCostlier) {
  const auto nodes = by_node();
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const FabProcess &coarse = *nodes[i - 1], &fine = *nodes[i];
    EXPECT_LE(coarse.energy.value(), fine.energy.value()) << fine.id;
    EXPECT_LE(coarse.wafer_cost.value(), fine.wafer_cost.value()) << fine.id;
    EXPECT_LE(coarse.design_cost.value(), fine.design_cost.value()) << fine.id;
    EXPECT_LT(coarse.transistors.value(), fine.transistors.value()) << fine.id;
    EXPECT_GT(coarse.logic_area.value(), fine.logic_area.value()) << fine.id;
    EXPECT_GE(coarse.sram_area.value(), fine.sram_area.value()) << fine.id;
    EXPECT_GE(coarse.analog_area.value(), fine.analog_area.value()) << fine.id;
    EXPECT_GE(coarse.delay.value(), fine.delay.value()) << fine.id;
    EXPECT_GE(coarse.switching_energy.value(), fine.switching_energy.value()) << fine.id;
  }
}

// TSMC: N5 1.84 times as dense as N7 in logic, 15 % faster at the same power; N3 1.6 to 1.7 times as dense as N5.
TEST(Making, theFinestNodesFollowFromTheFoundrysStatements) {
  const FabProcess &n5 = *embedded().process("n5"), &n3 = *embedded().process("n3");
  EXPECT_NEAR(n5.logic_area.value(), 1 / 1.84, 1e-3);
  EXPECT_NEAR(n5.logic_area.value() / n3.logic_area.value(), 1.65, 1e-2);
  EXPECT_NEAR(n5.delay.value(), 1 / 1.15, 1e-3);
  EXPECT_NEAR(n3.delay.value(), 1 / 1.15 / 1.125, 1e-3);
  // At the same power: as much faster as there is energy saved in each operation.
  EXPECT_DOUBLE_EQ(n5.delay.value(), n5.switching_energy.value());
  EXPECT_DOUBLE_EQ(n3.delay.value(), n3.switching_energy.value());
  EXPECT_NEAR(n5.sram_area.value(), 1 / 1.35, 1e-3);
}

TEST(Making, carriersAreMadeOnProcessesOfTheCatalogue) {
  for (const PackageTechnology& package : embedded().packages()) {
    const bool silicon = package.form == PackageForm::bridge || package.form == PackageForm::passive_interposer ||
                         package.form == PackageForm::active_interposer;
    EXPECT_EQ(silicon, !package.carrier_process.empty()) << package.id;
    EXPECT_EQ(silicon, package.carrier_area.value() > 0) << package.id;
    EXPECT_EQ(silicon, package.carrier_carbon_share.value() > 0) << package.id;
    EXPECT_EQ(silicon, embedded().process(package.carrier_process) != nullptr) << package.id;
    EXPECT_EQ(package.carrier_area.unit, package.form == PackageForm::bridge ? "mm2" : "ratio") << package.id;
    EXPECT_GE(package.most_dies.value(), 2) << package.id;
  }
  const PackageTechnology& bridge = *embedded().package("emib");
  EXPECT_EQ(bridge.carrier_process, "n22");
  EXPECT_DOUBLE_EQ(bridge.carrier_area.value(), 25);
}

// 3D-Carbon (DAC 2024): 0.00135 kWh/mm2 of flip-chip package, 0.011 of redistribution layers, 0.0009 and 0.0028 of
// bonds, 0.0025 of vias. Links: the nearer the dies, the less energy for a bit.
TEST(Making, packagesRestateTheirSources) {
  const auto kwh = [](const char* id, const Coefficient<carbon::JoulesPerSquareMillimetre> PackageTechnology::*field) {
    return (embedded().package(id)->*field).value().value() / 3.6e6;
  };
  EXPECT_DOUBLE_EQ(kwh("organic", &PackageTechnology::substrate_energy), 0.00135);
  EXPECT_DOUBLE_EQ(kwh("rdl", &PackageTechnology::substrate_energy), 0.011);
  EXPECT_DOUBLE_EQ(kwh("3d", &PackageTechnology::bonding_energy), 0.0009 + 0.0025);
  EXPECT_DOUBLE_EQ(kwh("hybrid", &PackageTechnology::bonding_energy), 0.0028 + 0.0025);
  EXPECT_DOUBLE_EQ(embedded().package("emib")->link_energy.value(), 0.5e-12);
  double before = 1;
  for (const char* id : {"organic", "rdl", "emib", "3d", "hybrid", "monolithic-3d"}) {
    EXPECT_LT(embedded().package(id)->link_energy.value(), before) << id;
    before = embedded().package(id)->link_energy.value();
  }
}

TEST(Making, materialsRestateTheirSources) {
  const auto kilograms = [](const char* id) {
    return carbon::KilogramsCO2e{embedded().material(id)->embodied.value()}.value();
  };
  EXPECT_DOUBLE_EQ(kilograms("steel"), 1.89);
  EXPECT_DOUBLE_EQ(kilograms("psu"), 24.3);
  EXPECT_DOUBLE_EQ(kilograms("packaged-ic"), 0.15);
  EXPECT_EQ(embedded().material("steel")->per, "kg");
  EXPECT_EQ(embedded().material("pcb-layer")->per, "m2 layer");
  EXPECT_EQ(embedded().material("freight-sea")->per, "t km");
  EXPECT_EQ(embedded().material("motherboard")->per, "piece");
  // 6862 and 5567 MJ/kg at the world's mean.
  const double world = carbon::GramsPerKilowattHour{embedded().grid("world")->average.value()}.value();
  EXPECT_NEAR(kilograms("mlcc"), 6862 / 3.6 * world / 1e3, 0.1);
  EXPECT_NEAR(kilograms("tantalum"), 5567 / 3.6 * world / 1e3, 0.1);
  EXPECT_LT(kilograms("recycle"), 0) << "a credit";
  EXPECT_LT(kilograms("freight-sea"), kilograms("freight-rail"));
  EXPECT_LT(kilograms("freight-rail"), kilograms("freight-road"));
  EXPECT_LT(kilograms("freight-road"), kilograms("freight-air"));
}

// ACT (facebookresearch/ACT at abc9fbb): g/GB of dies and drives.
TEST(Making, memoryAndDrivesRestateAct) {
  EXPECT_DOUBLE_EQ(embedded().memory("ddr3-50nm")->embodied.estimate.low.value() * 1e9, 600);
  EXPECT_DOUBLE_EQ(embedded().memory("lpddr4")->embodied.estimate.low.value() * 1e9, 48);
  EXPECT_DOUBLE_EQ(embedded().storage("nand-30nm")->embodied.estimate.low.value() * 1e9, 31);
  EXPECT_DOUBLE_EQ(embedded().storage("exos-5e8")->embodied.value().value() * 1e9, 3.8556);
}

// ... and as they are bought: over a yield of 0.875, with 0.15 kg for each of 19 packages of 36 GB, 13 of 3.84 TB.
TEST(Making, chipsAreDiesOverTheirYieldAndTheirPackages) {
  for (const char* id :
       {"ddr3-50nm", "ddr3-40nm", "ddr3-30nm", "ddr4-10nm", "lpddr2-20nm", "lpddr3-30nm", "lpddr3-20nm", "lpddr4"}) {
    const auto& kg = embedded().memory(id)->embodied.estimate;
    EXPECT_NEAR(kg.value.value() * 1e9, kg.low.value() * 1e9 / 0.875 + 19 * 150 / 36.0, 0.06) << id;
  }
  for (const char* id : {"nand-30nm", "nand-20nm", "nand-10nm", "nand-tlc-1z", "nand-tlc-v3"}) {
    const auto& kg = embedded().storage(id)->embodied.estimate;
    EXPECT_NEAR(kg.value.value() * 1e9, kg.low.value() * 1e9 / 0.875 + 13 * 150 / 3840.0, 0.006) << id;
  }
}

// ECO-CHIP: wiring alone has a quarter of the defects of its node.
TEST(Making, carriersOfWiringHaveAQuarterOfTheDefects) {
  for (const char* id : {"passive", "emib"}) {
    const PackageTechnology& package = *embedded().package(id);
    ASSERT_TRUE(package.carrier_defects) << id;
    EXPECT_NEAR(package.carrier_defects->value() / embedded().process(package.carrier_process)->defects.value(), 0.25,
                1e-12)
        << id;
  }
  EXPECT_FALSE(embedded().package("active")->carrier_defects);
}

// A value is what is likely, so no range ends at it: it lies within P5 .. P95 of its own distribution, and away from
// the ends of a wide range. Excepted is what cannot go further: nothing of a part, all of a process.
TEST(Catalogue, everyValueIsWithinItsRange) {
  std::size_t ranges = 0;
  for (const Listing& listing : embedded().list()) {
    for (const Figure& figure : embedded().figures(listing.id)) {
      const auto& e = figure.estimate;
      const bool all = figure.unit == "ratio" && e.value == 1 && e.high == 1;
      if (e.low == e.high || (e.value == 0 && e.low == 0) || all) continue;
      carbon::Input input;
      input.name = figure.key;
      input.estimate = e;
      input.shape = carbon::shape_of(e);
      EXPECT_LE(carbon::quantile(input, 0.05), e.value) << figure.key;
      EXPECT_GE(carbon::quantile(input, 0.95), e.value) << figure.key;
      if (e.low > 0) {
        const double way = std::log(e.value / e.low) / std::log(e.high / e.low);
        EXPECT_GT(way, 0.02) << figure.key;
        EXPECT_LT(way, 0.98) << figure.key;
      }
      ++ranges;
    }
  }
  EXPECT_GT(ranges, 500u);
}

TEST(Making, listsAndFindsTheNewKinds) {
  std::map<Kind, std::size_t> counts;
  for (const Listing& listing : embedded().list()) ++counts[listing.kind];
  EXPECT_EQ(counts[Kind::process], embedded().processes().size());
  EXPECT_EQ(counts[Kind::package], embedded().packages().size());
  EXPECT_EQ(counts[Kind::material], embedded().materials().size());
  EXPECT_EQ(embedded().figures("n7").size(), 15u);
  EXPECT_EQ(embedded().figures("emib").size(), 13u);
  const auto texts = embedded().texts("emib");
  EXPECT_TRUE(std::count(texts.begin(), texts.end(), std::pair<std::string, std::string>("form", "bridge")));
  EXPECT_TRUE(std::count(texts.begin(), texts.end(), std::pair<std::string, std::string>("carrier_process", "n22")));

  EXPECT_EQ((*embedded().find_process("n7", "x"))->id, "n7");
  EXPECT_EQ((*embedded().find_memory("ddr4", "x"))->id, "ddr4");
  const auto wrong = [](const auto& result, const char* hint) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().where, "design.toml:4");
    EXPECT_EQ(result.error().code, ErrorCode::bad_input);
    EXPECT_NE(result.error().hint.find(hint), std::string::npos) << result.error().hint;
  };
  wrong(embedded().find_process("n6nm", "design.toml:4"), "catalog list process");
  wrong(embedded().find_package("embi", "design.toml:4"), "'emib'");
  wrong(embedded().find_material("aluminum", "design.toml:4"), "'aluminium'");
  wrong(embedded().find_memory("ddr55", "design.toml:4"), "'ddr5'");
  wrong(embedded().find_storage("nvm", "design.toml:4"), "'nvme'");
}

/// A process, and a package on it with a material, one field a line.
const std::string good_process = R"([sources.s]
text = "sheet"
year = 2020
scope = "wafer"
licence = "CC0"

[process.n9]
name = "9 nm"
node = { value = 9, unit = "nm", source = "s" }
energy = { value = 1, low = 0.5, high = 2, unit = "kWh/cm2", source = "s" }
gas = { value = 0.2, low = 0.1, high = 0.3, unit = "kgCO2e/cm2", source = "s" }
material = { value = 5, low = 4, high = 6, unit = "gCO2e/mm2", source = "s" }
defects = { value = 0.001, low = 0.001, high = 0.002, unit = "defect/mm2", source = "s" }
clustering = { value = 3, low = 2, high = 10, unit = "ratio", source = "s" }
transistors = { value = 50, low = 40, high = 60, unit = "MTr/mm2", source = "s" }
logic_area = { value = 1.5, low = 1.4, high = 1.6, unit = "ratio", source = "s" }
sram_area = { value = 1.2, low = 1, high = 1.3, unit = "ratio", source = "s" }
analog_area = { value = 1, low = 1, high = 1.1, unit = "ratio", source = "s" }
delay = { value = 1.1, low = 1, high = 1.2, unit = "ratio", source = "s" }
switching_energy = { value = 1.2, low = 1, high = 1.3, unit = "ratio", source = "s" }
interconnect_share = { value = 0.5, low = 0.4, high = 0.6, unit = "ratio", source = "s" }
wafer_cost = { value = 7000, low = 6000, high = 8000, unit = "USD", source = "s" }
design_cost = { value = 200, low = 100, high = 300, unit = "MUSD", source = "s" }
)";
const std::string good = good_process + R"([package.glue]
name = "Glue"
form = "bridge"
carrier_process = "n9"
carrier_area = { value = 0.2, low = 0.1, high = 0.3, unit = "cm2", source = "s" }
carrier_carbon_share = { value = 0.5, low = 0.5, high = 1, unit = "ratio", source = "s" }
substrate_area = { value = 3, low = 2, high = 4, unit = "ratio", source = "s" }
substrate_energy = { value = 0.001, low = 0.001, high = 0.002, unit = "kWh/mm2", source = "s" }
bonding_energy = { value = 100, low = 0, high = 200, unit = "J/mm2", source = "s" }
bonding_yield = { value = 0.99, low = 0.9, high = 1, unit = "ratio", source = "s" }
via_area = { value = 0.1, low = 0, high = 0.2, unit = "ratio", source = "s" }
link_energy = { value = 500, low = 100, high = 900, unit = "fJ/bit", source = "s" }
link_delay = { value = 0.1, low = 0, high = 0.2, unit = "ratio", source = "s" }
most_dies = { value = 6, unit = "die", source = "s" }
cost = { value = 0.1, low = 0.1, high = 0.2, unit = "USD/cm2", source = "s" }
bonding_cost = { value = 1, low = 0, high = 2, unit = "USD", source = "s" }

[material.tape]
name = "Tape"
per = "m2"
embodied = { value = 400, low = -100, high = 900, unit = "gCO2e", source = "s" }
)";

Catalog::Parsed parse(const std::string& text) {
  const std::vector<Layer> layers = {{{"my.toml", text}}};
  return Catalog::parse(layers);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(MakingToml, unitsAreThoseOfTheFields) {
  const auto parsed = parse(good);
  for (const Error& error : parsed.errors) ADD_FAILURE() << to_string(error);
  const FabProcess& process = *parsed.catalog.process("n9");
  EXPECT_DOUBLE_EQ(process.energy.value().value(), 36000);
  EXPECT_DOUBLE_EQ(process.gas.value().value(), 2);
  EXPECT_DOUBLE_EQ(process.material.value().value(), 5);
  EXPECT_DOUBLE_EQ(process.defects.value().value(), 0.001);
  EXPECT_DOUBLE_EQ(process.transistors.value().value(), 50e6);
  EXPECT_DOUBLE_EQ(process.design_cost.value(), 200e6);
  const PackageTechnology& package = *parsed.catalog.package("glue");
  EXPECT_EQ(package.form, PackageForm::bridge);
  EXPECT_DOUBLE_EQ(package.carrier_area.value(), 20);
  EXPECT_DOUBLE_EQ(package.substrate_energy.value().value(), 3600);
  EXPECT_DOUBLE_EQ(package.bonding_energy.value().value(), 100);
  EXPECT_DOUBLE_EQ(package.link_energy.value(), 5e-13);
  EXPECT_DOUBLE_EQ(package.cost.value(), 0.001);
  EXPECT_DOUBLE_EQ(parsed.catalog.material("tape")->embodied.estimate.low.value(), -100);
  // Figures are in the unit that they are printed with.
  std::map<std::string, double> printed;
  for (const Figure& figure : parsed.catalog.figures("n9")) printed[figure.key] = figure.estimate.value;
  EXPECT_DOUBLE_EQ(printed["process.n9.energy"], 1);
  EXPECT_DOUBLE_EQ(printed["process.n9.gas"], 200);
  EXPECT_DOUBLE_EQ(printed["process.n9.defects"], 0.1);
  EXPECT_DOUBLE_EQ(printed["process.n9.design_cost"], 200);
}

struct BadCase {
  const char *from, *to, *message, *hint;
};

TEST(MakingToml, badRecordsAreOneErrorWithAFix) {
  for (const BadCase& bad : {
           BadCase{"value = 9, unit = \"nm\"", "value = 0, unit = \"nm\"", "is 0 nm", "above 0"},
           BadCase{"value = 9, unit", "value = -9, unit", "is -9 nm", "above 0"},
           BadCase{"value = 1, low = 0.5, high = 2", "value = nan, low = 0.5, high = 2", "not finite", "leave"},
           BadCase{"kWh/cm2", "kWh", "'kWh' is a unit of energy", "kWh/cm2"},
           BadCase{"kWh/cm2", "kWh/cm3", "unknown unit", "'kWh/cm2'"},
           BadCase{"defect/mm2", "MTr/mm2", "is a unit of a density of transistors", "defect/cm2"},
           BadCase{"value = 0.5, low = 0.4, high = 0.6", "value = 0.5, low = 0.4, high = 1.6", "is 1.6", "at most 1"},
           BadCase{"clustering = { value = 3, low = 2", "clustering = { value = 3, low = 0", "is 0", "above 0"},
           BadCase{"transistors = { value = 50, low = 40, high = 60",
                   "transistors = { value = 50, low = 40, high = 1e9", "is 1e+09 MTr/mm2", "at most"},
           BadCase{"form = \"bridge\"", "form = \"bridg\"", "unknown value 'bridg'", "'bridge'"},
           BadCase{"form = \"bridge\"", "form = 3", "must be a text", "quotes"},
           BadCase{"form = \"bridge\"\n", "", "has no 'form'", "form ="},
           BadCase{"carrier_process = \"n9\"\n", "", "has no 'carrier_process'", "fab process"},
           BadCase{"carrier_process = \"n9\"", "carrier_process = \"n8\"", "names the process 'n8'", "'n9'"},
           BadCase{"unit = \"cm2\"", "unit = \"ratio\"", "is a unit of a ratio", "mm2"},
           BadCase{"value = 0.99, low = 0.9, high = 1,", "value = 0.99, low = 0.9, high = 1.1,", "is 1.1", "at most 1"},
           BadCase{"value = 0.99, low = 0.9,", "value = 0.99, low = 0,", "is 0", "above 0"},
           BadCase{"value = 6, unit", "value = 2.5, unit", "whole number", "correct"},
           BadCase{"value = 6, unit", "value = 1000000000, unit", "is 1e+09 die", "at most 1024"},
           BadCase{"per = \"m2\"", "per = \"m3\"", "unknown value 'm3'", "'m2'"},
           BadCase{"per = \"m2\"", "per = \"\"", "has no 'per'", "per ="},
       }) {
    // A package whose process is broken would be a second error.
    const bool of_process = good_process.find(bad.from) != std::string::npos;
    const auto parsed = parse(replaced(of_process ? good_process : good, bad.from, bad.to));
    ASSERT_EQ(parsed.errors.size(), 1u) << bad.to;
    const Error& error = parsed.errors.front();
    EXPECT_EQ(error.code, ErrorCode::bad_input);
    EXPECT_EQ(error.where.rfind("my.toml:", 0), 0u) << error.where;
    EXPECT_NE(error.message.find(bad.message), std::string::npos) << bad.to << ": " << error.message;
    EXPECT_NE(error.hint.find(bad.hint), std::string::npos) << bad.to << ": " << error.hint;
  }
}

TEST(MakingToml, aPackageWithoutItsProcessIsLeftOut) {
  const auto parsed = parse(replaced(good, "carrier_process = \"n9\"", "carrier_process = \"n99\""));
  EXPECT_FALSE(parsed.catalog.package("glue"));
  EXPECT_TRUE(parsed.catalog.process("n9"));
  // An organic package needs no silicon, and then its carrier is a ratio.
  const std::string organic =
      replaced(replaced(replaced(good, "\"bridge\"", "\"organic\""), "carrier_process = \"n9\"\n", ""),
               "value = 0.2, low = 0.1, high = 0.3, unit = \"cm2\"", "value = 0, low = 0, high = 0, unit = \"ratio\"");
  const auto fine = parse(organic);
  for (const Error& error : fine.errors) ADD_FAILURE() << to_string(error);
  EXPECT_EQ(fine.catalog.package("glue")->carrier_area.value(), 0);
}

RC_GTEST_PROP(MakingTomlProperty, aDamagedFileNeverGivesAnIncompleteRecord, ()) {
  std::string text = good;
  const auto edits = *rc::gen::inRange(1, 4);
  for (int i = 0; i < edits; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    const auto length = *rc::gen::inRange<std::size_t>(0, 12);
    text.replace(at, length,
                 *rc::gen::element<std::string>("", "\"", "}", "[", "-", "9", "nan", "\n", "=", "ratio", "\xc3"));
  }
  const auto parsed = parse(text);
  for (const FabProcess& process : parsed.catalog.processes()) {
    RC_ASSERT(process.node.value() > 0 && process.logic_area.estimate.low > 0 && process.clustering.value() > 0);
    RC_ASSERT(process.interconnect_share.estimate.high <= 1);
  }
  for (const PackageTechnology& package : parsed.catalog.packages()) {
    RC_ASSERT(package.bonding_yield.estimate.low > 0 && package.bonding_yield.estimate.high <= 1);
    RC_ASSERT(package.carrier_process.empty() || parsed.catalog.process(package.carrier_process));
    RC_ASSERT(package.most_dies.value() >= 1);
  }
  for (const Material& material : parsed.catalog.materials()) RC_ASSERT(!material.per.empty());
  for (const Listing& listing : parsed.catalog.list())
    for (const Figure& figure : parsed.catalog.figures(listing.id)) {
      RC_ASSERT(figure.estimate.low <= figure.estimate.value && figure.estimate.value <= figure.estimate.high);
      RC_ASSERT(!figure.provenance.source.empty() && !figure.unit.empty());
    }
}

}  // namespace
}  // namespace cradle::catalog
