// Opinions of the tools that price dies: ACT (and what else it has figures for), ECO-CHIP, 3D-Carbon, GreenFPGA.
#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/published/act.h"
#include "cradle/published/eco_chip.h"
#include "cradle/published/greenfpga.h"
#include "cradle/published/three_d_carbon.h"
#include "opinion_tools.h"
#include "switches.h"

namespace cradle::published {
namespace {

using carbon::GramsCO2e;
using embodied::Group;

constexpr double mm2_per_cm2 = 100;
constexpr std::string_view silicon = "logic silicon";
constexpr std::string_view per_cm2 = "kgCO2e/cm2";

std::string at_node(const DieFact& die, double node) {
  return die.name + " (" + shortest(*die.node_nm) + " nm" +
         (node == *die.node_nm ? "" : ", priced as " + shortest(node) + " nm") + ")";
}

/// The dies of a package at the tool's nodes; nothing, and the reason, if one of them has none.
std::optional<std::vector<double>> nodes_of(const PackageFact& package, std::span<const double> known,
                                            OpinionWriter& writer) {
  std::vector<double> nodes;
  for (const DieFact& die : package.dies) {
    const auto node = die.node_nm ? nearest_node(*die.node_nm, known) : std::nullopt;
    if (!node) {
      writer.left_out(die.name + (die.node_nm ? ": no node near " + shortest(*die.node_nm) + " nm" : ": node unknown"));
      return std::nullopt;
    }
    nodes.push_back(*node);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) writer.covered(at_node(package.dies[i], nodes[i]));
  return nodes;
}

double area_cm2(const PackageFact& package) {
  double area = 0;
  for (const DieFact& die : package.dies) area += die.count * die.area.value() / mm2_per_cm2;
  return area * package.count;
}

Group group_of(const PackageFact& package) { return package.dies.front().group; }

// --- ACT ------------------------------------------------------------------------------------------------------------

std::string act_grid(std::string_view id) {
  constexpr std::array<std::array<std::string_view, 2>, 11> names = {{{"TW", "taiwan"},
                                                                      {"US", "usa"},
                                                                      {"JP", "japan"},
                                                                      {"KR", "korea"},
                                                                      {"IN", "india"},
                                                                      {"AU", "australia"},
                                                                      {"SG", "singapore"},
                                                                      {"EU", "europe"},
                                                                      {"BR", "brazil"},
                                                                      {"IS", "iceland"},
                                                                      {"world", "world"}}};
  for (const auto& [ours, theirs] : names)
    if (ours == id) return std::string(theirs);
  return "taiwan";  // ACT's default
}

/// The catalogue's technologies are named after ACT's where they come from there; others take ACT's own defaults.
std::string act_process(const ActModels::Table<catalog::GramsPerByte>& table, std::string id,
                        const std::string& fallback) {
  for (char& c : id) c = c == '-' ? '_' : c;
  return table.contains(id) ? id : fallback;
}

void act_material(const embodied::MaterialPart& part, const ActModels& models, OpinionWriter& writer) {
  const double amount = part.amount * part.count;
  const auto add = [&](std::string coefficient, std::string unit, double kg_per_unit) {
    writer.term(part.group, std::move(coefficient), std::move(unit), amount,
                GramsCO2e{carbon::KilogramsCO2e{kg_per_unit * amount}});
    writer.covered(part.name);
  };
  if (part.material == "steel" || part.material == "aluminium") {
    const auto metal = models.metals.find(part.material == "steel" ? "steel" : "alumnimum");
    return add(part.material, "kgCO2e/kg", metal == models.metals.end() ? 0 : metal->second);
  }
  if (part.material.starts_with("pcb-")) {
    if (part.material == "pcb-layer" && models.board_layer)
      return add("board layer", "kgCO2e/m2", models.board_layer->value() * 1e3);
    const auto layers = parse_number(std::string_view(part.material).substr(4));
    const auto board = layers ? models.boards.find(*layers) : models.boards.end();
    if (board != models.boards.end()) return add("circuit board", "kgCO2e/m2", board->second.value() * 1e3);
  }
  if (part.material == "mlcc" || part.material == "tantalum") {
    const auto energy = models.capacitors.find(part.material == "mlcc" ? "mlcc" : "tec");
    const auto grid = models.locations.find("japan");
    if (energy != models.capacitors.end() && grid != models.locations.end())
      return add("capacitors", "kgCO2e/kg", energy->second.value * grid->second.value() / 1e3);
  }
  if (part.material == "battery") return add("battery", "kgCO2e/kWh", 87);
  if (part.material == "packaged-ic") return add("package", "kgCO2e each", 0.15);
  writer.left_out(part.name);
}

}  // namespace

Opinion act_opinion(const OpinionCase& question) {
  OpinionWriter writer("act", question.mode);
  const ActModels models = act_release_models();
  const ActSwitches switches = switches_of(question.mode, act_switches());
  std::vector<double> nodes;
  for (const auto& [name, energy] : models.energy)
    if (const auto nm = parse_number(std::string_view(name).substr(0, name.size() - 2))) nodes.push_back(*nm);
  const auto evaluate = [&](ActSilicon part) -> GramsCO2e {
    ActBom bom;
    bom.silicon.push_back(std::move(part));
    const auto report = evaluate_act(bom, models, models, {}, switches);
    return report ? report->embodied : GramsCO2e{};
  };
  for (const PackageFact& package : question.facts.packages) {
    const auto at = nodes_of(package, nodes, writer);
    if (!at) continue;
    GramsCO2e dies;
    for (std::size_t i = 0; i < at->size(); ++i) {
      ActSilicon part;
      part.area = package.dies[i].area;
      part.process = shortest((*at)[i]) + "nm";
      part.fab_grid = act_grid(package.dies[i].grid);
      dies += package.count * package.dies[i].count * evaluate(part);
    }
    writer.term(group_of(package), std::string(silicon), std::string(per_cm2), area_cm2(package), dies);
    if (package.form)
      writer.term(group_of(package), "package", "kgCO2e each", package.count, package.count * GramsCO2e{150});
  }
  const auto storage = [&](const CapacityFact& fact, ActModel model, Group group, const char* coefficient,
                           const std::string& process) {
    ActSilicon part;
    part.model = model;
    part.capacity = carbon::Bytes{fact.total() * 1e9};
    part.process = process;
    writer.term(group, coefficient, "kgCO2e/GB", fact.total(), evaluate(part));
    writer.covered(fact.technology + " as " + process);
  };
  for (const CapacityFact& fact : question.facts.memories)
    storage(fact, ActModel::dram, Group::memory, "DRAM", act_process(models.dram, fact.technology, "ddr4_10nm"));
  for (const CapacityFact& fact : question.facts.drives) {
    if (fact.flash)
      storage(fact, ActModel::flash, Group::storage, "flash", act_process(models.flash, fact.technology, "nand_10nm"));
    else
      storage(fact, ActModel::hdd, Group::storage, "hard disk", "BarraCuda");
  }
  for (const embodied::MaterialPart& part : question.bill.materials) act_material(part, models, writer);
  for (const std::string& what : question.facts.unknown) writer.left_out(what);
  if (!question.bill.base.empty()) writer.left_out("chassis, boards and power supplies, known as one figure");
  return writer.finish();
}

// --- ECO-CHIP -------------------------------------------------------------------------------------------------------

Opinion eco_chip_opinion(const OpinionCase& question) {
  OpinionWriter writer("eco-chip", question.mode);
  const EcoChipTables& tables = published_eco_chip_tables();
  EcoChipSwitches switches = switches_of(question.mode, eco_chip_switches());
  const std::vector<double> nodes(eco_chip_nodes.begin(), eco_chip_nodes.begin() + eco_chip_node_65);
  const auto form = [](const std::optional<catalog::PackageForm>& of) {
    switch (of.value_or(catalog::PackageForm::organic)) {
      case catalog::PackageForm::bridge: return EcoChipPackage::emib;
      case catalog::PackageForm::passive_interposer: return EcoChipPackage::passive;
      case catalog::PackageForm::active_interposer: return EcoChipPackage::active;
      case catalog::PackageForm::stacked:
      case catalog::PackageForm::monolithic: return EcoChipPackage::stack;
      default: return EcoChipPackage::rdl;
    }
  };
  for (const PackageFact& package : question.facts.packages) {
    const auto at = nodes_of(package, nodes, writer);
    if (!at) continue;
    EcoChipDesign design;
    design.name = package.dies.front().name;
    design.package = form(package.form);
    // Design and use are not part of a bill; the tool wants numbers for them all the same.
    design.lifetime = carbon::Hours{1};
    for (std::size_t i = 0; i < at->size(); ++i) {
      const auto index = std::find(nodes.begin(), nodes.end(), (*at)[i]) - nodes.begin();
      EcoChipChiplet chiplet;
      chiplet.name = package.dies[i].name;
      chiplet.node = static_cast<EcoChipNodeIndex>(index);
      // The tool's areas are those of the same block in 7 nm.
      const double scale = tables.nodes[static_cast<std::size_t>(index)].area_scale[0];
      chiplet.area = package.dies[i].area / scale;
      const double copies = std::min<double>(package.dies[i].count, eco_chip_most_chiplets + 1);
      for (double n = 0; n < copies; ++n) design.chiplets.push_back(chiplet);
    }
    if (auto ok = check(design, tables, switches, design.name); !ok) {
      writer.left_out(design.name + ": " + ok.error().message);
      continue;
    }
    std::vector<EcoChipShare> shares(design.chiplets.size());
    const EcoChipSystem system = evaluate(design, tables, switches, shares);
    writer.term(group_of(package), std::string(silicon), std::string(per_cm2), area_cm2(package),
                package.count * system.chiplets.manufacturing);
    if (design.chiplets.size() > 1)
      writer.term(group_of(package), "package", "kgCO2e each", package.count,
                  package.count * system.packaging.manufacturing);
  }
  if (!question.facts.memories.empty() || !question.facts.drives.empty()) writer.left_out("memory and drives");
  if (!question.bill.materials.empty() || !question.bill.base.empty())
    writer.left_out("boards, chassis and power supplies");
  return writer.finish();
}

// --- 3D-Carbon ------------------------------------------------------------------------------------------------------

Opinion three_d_opinion(const OpinionCase& question) {
  OpinionWriter writer("3d-carbon", question.mode);
  const ThreeDSwitches switches = switches_of(question.mode, three_d_switches());
  const std::vector<double> nodes(three_d_nodes.begin(), three_d_nodes.end());
  const auto method = [](const std::optional<catalog::PackageForm>& of) {
    switch (of.value_or(catalog::PackageForm::organic)) {
      case catalog::PackageForm::fanout: return ThreeDMethod::info_chip_last;
      case catalog::PackageForm::bridge: return ThreeDMethod::emib;
      case catalog::PackageForm::passive_interposer:
      case catalog::PackageForm::active_interposer: return ThreeDMethod::silicon_interposer;
      case catalog::PackageForm::stacked: return ThreeDMethod::micro_bumping;
      case catalog::PackageForm::monolithic: return ThreeDMethod::monolithic;
      default: return ThreeDMethod::mcm;
    }
  };
  for (const PackageFact& package : question.facts.packages) {
    const auto at = nodes_of(package, nodes, writer);
    if (!at) continue;
    ThreeDProduct product;
    product.name = package.dies.front().name;
    product.method = method(package.form);
    // The product has one grid: that of its first die. Unknown: the tool's own default.
    if (!package.dies.front().grid.empty()) product.making = package.dies.front().intensity;
    for (std::size_t i = 0; i < at->size(); ++i) {
      ThreeDDie die;
      die.name = package.dies[i].name;
      die.node = static_cast<int>((*at)[i]);
      die.area = package.dies[i].area;
      die.number = package.dies[i].count;
      product.dies.push_back(std::move(die));
    }
    const auto carbon = three_d_carbon(product, switches, product.name);
    if (!carbon) {
      writer.left_out(product.name + ": " + carbon.error().message);
      continue;
    }
    writer.term(group_of(package), std::string(silicon), std::string(per_cm2), area_cm2(package),
                package.count * carbon->die_sum());
    if (package.form)
      writer.term(group_of(package), "package", "kgCO2e each", package.count,
                  package.count * (carbon->embodied() - carbon->die_sum()));
  }
  if (!question.facts.memories.empty() || !question.facts.drives.empty()) writer.left_out("memory and drives");
  if (!question.bill.materials.empty() || !question.bill.base.empty())
    writer.left_out("boards, chassis and power supplies");
  return writer.finish();
}

// --- GreenFPGA ------------------------------------------------------------------------------------------------------

Opinion greenfpga_opinion(const OpinionCase& question) {
  OpinionWriter writer("greenfpga", question.mode);
  const GreenFpgaTables tables = published_greenfpga_tables();
  const GreenFpgaSwitches switches = switches_of(question.mode, greenfpga_switches());
  const std::vector<double> nodes(eco_chip_nodes.begin(), eco_chip_nodes.begin() + eco_chip_node_65);
  bool packaged = false;
  for (const PackageFact& package : question.facts.packages) {
    const auto at = nodes_of(package, nodes, writer);
    if (!at) continue;
    GramsCO2e dies, discarded;
    double devices = 0;
    bool fits = true;
    for (std::size_t i = 0; i < at->size() && fits; ++i) {
      const auto index = static_cast<std::size_t>(std::find(nodes.begin(), nodes.end(), (*at)[i]) - nodes.begin());
      // The tool's areas are those in 7 nm, and its blocks shrink differently.
      double scale = 0;
      for (std::size_t block = 0; block < tables.area_share.size(); ++block)
        scale += tables.area_share[block] * tables.nodes.nodes[index].area_scale[block];
      // Design, development and use are not part of a bill: nobody designs it and it draws nothing.
      GreenFpgaDesign design;
      design.name = package.dies[i].name;
      design.nodes = {static_cast<EcoChipNodeIndex>(index)};
      design.area = package.dies[i].area / scale;
      design.lifetime = carbon::Hours{1};
      if (auto ok = check(design, tables, switches, design.name); !ok) {
        writer.left_out(design.name + ": " + ok.error().message);
        fits = false;
        continue;
      }
      const GreenFpgaCarbon one = evaluate(design, tables, switches);
      const double count = package.dies[i].count * package.count;
      dies += count * one.manufacturing;
      discarded += count * one.end_of_life;
      devices += count;
    }
    if (!fits) continue;
    writer.term(group_of(package), std::string(silicon), std::string(per_cm2), area_cm2(package), dies);
    // Corrected, it follows from masses and shares that a bill does not have.
    if (!switches.end_of_life_of_file)
      writer.term(Group::end_of_life, "discarded device", "kgCO2e each", devices, discarded);
    packaged = packaged || package.form.has_value();
  }
  if (packaged) writer.left_out("packages");
  if (!question.facts.memories.empty() || !question.facts.drives.empty()) writer.left_out("memory and drives");
  if (!question.bill.materials.empty() || !question.bill.base.empty())
    writer.left_out("boards, chassis and power supplies");
  if (question.facts.packages.empty()) writer.left_out("everything: the bill has no die of known area");
  return writer.finish();
}

}  // namespace cradle::published
