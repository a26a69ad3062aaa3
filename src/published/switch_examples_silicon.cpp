// Cases on which the switches of the tools that price dies show: ACT, ECO-CHIP, 3D-Carbon, GreenFPGA.
#include "cradle/published/act.h"
#include "cradle/published/eco_chip.h"
#include "cradle/published/greenfpga.h"
#include "cradle/published/three_d_carbon.h"
#include "cradle/published/tools.h"
#include "switch_examples.h"

namespace cradle::published {
namespace {

using carbon::GramsCO2e;
using carbon::SquareMillimetres;

constexpr const char* total = "total";
constexpr const char* kg = "kgCO2e";

double kilograms(GramsCO2e amount) { return carbon::KilogramsCO2e{amount}.value(); }

/// A bill for ACT, its grids for operation from a second table.
SwitchMeasure<ActSwitches> act_bill(std::string item, const std::string& text, int operation_year = 2022) {
  return {std::move(item), total, kg, [text, operation_year](const ActSwitches& on) -> Result<double> {
            const ActModels models = act_release_models();
            const auto nothing_imported = [](std::string_view name) -> Result<std::string> {
              return missing_data("is not built in", std::string(name), "state it in the bill");
            };
            const auto bom = parse_act_bom(text, "built-in case", on, nothing_imported);
            if (!bom) return bom.error();
            const auto report = evaluate_act(*bom, models, act_release_models(operation_year), {}, on);
            if (!report) return report.error();
            return kilograms(report->total());
          }};
}

SwitchMeasure<ActSwitches> act_flags(std::string item, const std::map<std::string, std::string>& flags) {
  return {std::move(item), total, kg, [flags](const ActSwitches& on) -> Result<double> {
            Request request;
            request.options = flags;
            std::string names;
            for (const auto& entry : act_switches())
              if (on.*(entry.flag)) names += (names.empty() ? "" : ",") + std::string(entry.name);
            if (!names.empty()) request.options["switch"] = names;
            const auto comparison = compare_act(request);
            if (!comparison) return comparison.error();
            return comparison->rows.back().value;
          }};
}

SwitchMeasure<EcoChipSwitches> three_chiplets(std::string item, EcoChipPackage package, SquareMillimetres largest,
                                              EcoChipNodeIndex interposer = eco_chip_node_14,
                                              EcoChipNodeIndex node = eco_chip_node_22) {
  EcoChipDesign design;
  design.name = item;
  design.package = package;
  design.power = carbon::Watts{15};
  design.lifetime = carbon::Hours{17520};
  design.iterations = 50;
  design.interposer_node = interposer;
  constexpr std::array<double, 3> shares{1, 0.5, 0.25};
  for (const double share : shares) design.chiplets.push_back({"die", EcoChipBlock::logic, largest * share, node});
  return {std::move(item), total, kg, [design](const EcoChipSwitches& on) -> Result<double> {
            const EcoChipTables& tables = published_eco_chip_tables();
            if (auto fine = check(design, tables, on, design.name); !fine) return fine.error();
            std::vector<EcoChipShare> shares_of(design.chiplets.size());
            return kilograms(evaluate(design, tables, on, shares_of).total());
          }};
}

SwitchMeasure<ThreeDSwitches> product(std::string item, const std::string& head, const std::string& dies) {
  const std::string text = "- " + head + "\n  die_list:\n" + dies;
  return {std::move(item), total, kg, [text](const ThreeDSwitches& on) -> Result<double> {
            const auto input = parse_three_d(text, "built-in case", on);
            if (!input) return input.error();
            const auto carbon = three_d_carbon(input->products.at(0), on, "built-in case");
            if (!carbon) return carbon.error();
            return kilograms(carbon->total());
          }};
}

/// 3D-Carbon's own example of a split die: NVIDIA Thor, stacked by micro bumps.
SwitchMeasure<ThreeDSwitches> split_die(std::string item, carbon::GramsPerKilowattHour making) {
  ThreeDQuestion question;
  question.name = item;
  question.die.node = 5;
  question.die.area = SquareMillimetres{810};
  question.die.gates = 7.7e10;
  question.efficiency = 12.5;
  question.bandwidth = 6;
  question.making = making;
  return {std::move(item), "embodied", kg, [question](const ThreeDSwitches& on) -> Result<double> {
            const auto options = explore(question, true, on, "built-in case");
            if (!options) return options.error();
            for (const ThreeDOption& option : *options)
              if (option.name == "Micro_bumping") return kilograms(option.embodied());
            return kilograms(options->back().embodied());
          }};
}

}  // namespace

void show_act(Comparison& to) {
  show_on<ActSwitches>(
      act_switches(),
      {act_bill("manual part with a package, yield 0.5",
                "silicon: {part: {model: manual, carbon: 1 kg, fab_yield: 0.5, n_ics: 1}}\n"),
       act_bill("three boards of 1 m2", "materials: {boards: {category: pcb, area: 1 m2, layers: 2, quantity: 3}}\n"),
       act_bill("ceramic capacitor without weight",
                "passives: {cap: {category: capacitor, type: mlcc, fab_ci: coal}}\n"),
       act_bill("board of 1 dm2", "materials: {board: {category: pcb, area: 1 dm2, layers: 2}}\n"),
       act_bill("die of 50 mm2 at 14 nm", "silicon: {die: {area: 50 mm2, process: 14nm}}\n"),
       act_bill("die of 100 mm2 at 14 nm, grids of 2023",
                "silicon: {die: {area: 100 mm2, process: 14nm, fab_yield: 0.9}}\n", 2023),
       act_flags("flags: die of 1 cm2 made with wind, used in India",
                 {{"logic-area", "1cm2"}, {"logic-process", "7"}, {"fab-ci", "wind"}, {"op-ci", "india"}}),
       act_flags("flags: die of 1 cm2 in two packages", {{"logic-area", "1cm2"}, {"ics", "2"}})},
      to);
}

void show_eco_chip(Comparison& to) {
  const SquareMillimetres large{120}, tiny{1.5};
  show_on<EcoChipSwitches>(
      eco_chip_switches(),
      {three_chiplets("three dies on RDL", EcoChipPackage::rdl, large),
       three_chiplets("three dies on EMIB", EcoChipPackage::emib, large),
       three_chiplets("three dies on an active interposer", EcoChipPackage::active, large),
       three_chiplets("three dies in a stack", EcoChipPackage::stack, large),
       three_chiplets("three tiny dies on an active interposer", EcoChipPackage::active, tiny, eco_chip_node_65, 0)},
      to);
}

void show_three_d_carbon(Comparison& to) {
  const std::string dies =
      "  - {technode(nm): 14, gatenumber: 7.0e+8}\n  - {technode(nm): 14, gatenumber: 9.0e+8}\n"
      "  - {technode(nm): 14, gatenumber: 2.0e+8, layer: 6}\n";
  const std::string one_die = "  - {technode(nm): 7, area(mm2): 50, layer: 15}\n";
  const std::string use = "method: MCM\n  use_power_grid: India\n  design_exploration: 1\n  delay(s): 0.1\n  ";
  show_on<ThreeDSwitches>(
      three_d_switches(),
      {product("three dies in a multi-chip module", "method: MCM", dies),
       product("three dies stacked by micro bumps", "method: Micro_bumping", dies),
       product("three dies stacked face to face", "method: Micro_bumping\n  F2F_F2B: F2F", dies),
       product("three wafers stacked by micro bumps", "method: Micro_bumping\n  stacking: W2W", dies),
       product("three dies on InFO, chip last", "method: InFO_chip_last", dies),
       product("three dies on a silicon interposer", "method: Si_int", dies),
       product("three dies stacked by hybrid bonds", "method: Hybrid_bonding", dies),
       product("a tested hybrid stack", "method: Hybrid_bonding\n  test: 1", dies),
       product("two monolithic tiers", "method: Monolithic_3D",
               one_die + "  - {technode(nm): 7, area(mm2): 40, layer: 9}\n"),
       product("a die used in India, energy stated", use + "energy(mJ): 5", one_die),
       product("a die used in India, power stated", use + "power(W): 3", one_die),
       product("a face-to-face stack spelt as the README has it", "method: Micro_bumping\n  F2F/F2B: F2F", dies),
       split_die("Thor, split and stacked", carbon::GramsPerKilowattHour{583}),
       split_die("Thor, split and stacked, made at 28 g/kWh", carbon::GramsPerKilowattHour{28})},
      to);
}

void show_greenfpga(Comparison& to) {
  GreenFpgaDesign design;
  design.nodes = {1};
  design.area = SquareMillimetres{400};
  design.power = carbon::Watts{100};
  design.lifetime = carbon::Hours{17520};
  design.volume = 1000;
  design.operating_volume = 500;
  design.application_size = 1.5;
  design.front_end = {2};
  design.power_per_core = carbon::Watts{10};
  design.cores = 8;
  design.development_intensity = carbon::GramsPerKilowattHour{700};
  design.use_intensity = carbon::GramsPerKilowattHour{50};
  design.per_person_year = carbon::KilowattHours{0.4625};
  design.people = 1000;
  design.duty = 0.35;
  design.discarded_share = 0.8;
  design.discard_carbon = 0.01;
  design.recycle_credit = 0.002;
  design.device_mass = {2};
  const GreenFpgaTables tables = published_greenfpga_tables();
  const std::string item = "1,000 devices of 400 mm2 at 10 nm, 500 in use";
  const SwitchMeasure<GreenFpgaSwitches> all{item, total, kg, [&](const GreenFpgaSwitches& on) -> Result<double> {
                                               return kilograms(evaluate(design, tables, on).total());
                                             }};
  // Blocks share the same sum differently.
  const SwitchMeasure<GreenFpgaSwitches> logic{item, "logic of one device", kg,
                                               [&](const GreenFpgaSwitches& on) -> Result<double> {
                                                 return kilograms(evaluate(design, tables, on).device.manufacturing[0]);
                                               }};
  show_on<GreenFpgaSwitches>(greenfpga_switches(), {all, logic}, to);
}

}  // namespace cradle::published
