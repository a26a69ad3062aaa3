// ACT's equations over a bill that has been read.
#include "cradle/published/act.h"

#include <utility>

#include "cradle/base/text.h"
#include "cradle/embodied/formula.h"

namespace cradle::published {
namespace {

using carbon::GramsCO2e;

constexpr GramsCO2e package_carbon{150};        // Kr, one packaged IC (ISCA 2022, table 1)
constexpr double default_yield = 0.875;         // ISCA 2022, section 3
constexpr double defects_per_mm2 = 0.15 / 100;  // ACT's own default, 0.15 for each cm2, which no bill reaches
constexpr GramsCO2e generic_capacitor{300};
constexpr Kilograms default_capacitor_weight{0.03e-3};
constexpr double lithium_nmc_g_per_kwh = 87e3;
constexpr double lithium_lfp_g_per_kwh = 61.5e3;
constexpr double joules_per_kwh = 3.6e6;

template <class Table>
std::string listed(const Table& table, std::string_view word) {
  std::vector<std::string> names;
  for (const auto& [key, value] : table) names.push_back(key);
  return names.empty() ? "the models folder has none" : suggest(word, names);
}

Result<carbon::GramsPerJoule> intensity(const ActModels& models, std::string_view grid, const std::string& where) {
  if (const auto found = models.sources.find(grid); found != models.sources.end()) return found->second;
  if (const auto found = models.locations.find(grid); found != models.locations.end()) return found->second;
  auto all = models.locations;
  all.insert(models.sources.begin(), models.sources.end());
  return bad_input("no grid or power source '" + std::string(grid) + "' in " + models.source, where, listed(all, grid));
}

/// Adds up a report item by item.
class Evaluation {
 public:
  Evaluation(const ActModels& models, const ActSwitches& switches) : models_(models), switches_(switches) {}

  Result<void> silicon(const ActSilicon& item) {
    // ACT looks the grid up for every model, also where it has no effect.
    if (auto grid = intensity(models_, item.fab_grid, item.where); !grid) return grid.error();
    const double yield = yield_of(item);
    GramsCO2e packages = item.packages * package_carbon;
    GramsCO2e made;
    switch (item.model) {
      case ActModel::logic: {
        const auto die = act_die(models_, item.area, item.process, item.fab_grid, item.abatement, yield, item.where);
        if (!die) return die.error();
        made = *die;
        break;
      }
      case ActModel::manual:
        if (!item.carbon)
          return bad_input("a manual part without its carbon", item.where, "add carbon: 5 kg, or choose a model");
        made = *item.carbon / yield;
        if (!switches_.package_not_yielded) packages = packages / yield;
        break;
      case ActModel::dram:
      case ActModel::flash:
      case ActModel::hdd: {
        const auto& table = item.model == ActModel::dram    ? models_.dram
                            : item.model == ActModel::flash ? models_.flash
                                                            : models_.hdd;
        const auto found = table.find(item.process);
        if (found == table.end())
          return bad_input(item.process.empty() ? "a part without a process"
                                                : "no process '" + item.process + "' in " + models_.source,
                           item.where, listed(table, item.process));
        made = item.capacity * (found->second / yield);
        break;
      }
    }
    add("silicon", item.name, ActCategory::packaging, packages);
    add("silicon", item.name, item.category, made);
    return {};
  }

  Result<void> passive(const ActPassive& item) {
    if (item.category != "capacitor")
      return bad_input("ACT has no model of a " + item.category, item.where,
                       "only capacitors have one; remove the part");
    const auto grid = intensity(models_, item.fab_grid, item.where);
    if (!grid) return grid.error();
    const double quantity = item.quantity.value_or(switches_.capacitor_defaults ? 1 : 0);
    const auto found = models_.capacitors.find(item.type);
    if (found == models_.capacitors.end()) {
      if (item.type != "generic")
        return bad_input("no capacitor type '" + item.type + "' in " + models_.source, item.where,
                         listed(models_.capacitors, item.type));
      add("passives", item.name, ActCategory::passives, generic_capacitor * quantity);
      return {};
    }
    const Kilograms weight =
        item.weight.value_or(switches_.capacitor_defaults ? default_capacitor_weight : Kilograms{0});
    const carbon::Joules energy{found->second.value * weight.value * quantity};
    add("passives", item.name, ActCategory::passives, energy * *grid);
    return {};
  }

  Result<void> material(const ActMaterial& item) {
    const double quantity = switches_.material_quantity ? item.quantity : 1;
    if (item.category == "battery") {
      const double g_per_kwh = item.type == "LFP" ? lithium_lfp_g_per_kwh : lithium_nmc_g_per_kwh;
      add("materials", item.name, ActCategory::fabrication,
          item.capacity * carbon::GramsPerJoule{g_per_kwh / joules_per_kwh} * quantity);
      return {};
    }
    if (item.category == "pcb") {
      if (!item.layers) return bad_input("a pcb without its layers", item.where, "add layers: 4");
      carbon::GramsPerSquareMillimetre board;
      if (const auto found = models_.boards.find(*item.layers); found != models_.boards.end())
        board = found->second;
      else if (models_.board_layer)
        board = *models_.board_layer * *item.layers;
      else
        return bad_input("no board of " + shortest(*item.layers) + " layers in " + models_.source, item.where,
                         "add it, or cpla for any number of layers, to materials/pcb.yaml");
      add("materials", item.name, switches_.board_category ? ActCategory::pcb : ActCategory::fabrication,
          item.area * board * quantity);
      return {};
    }
    const auto found = models_.metals.find(item.type);
    if (found == models_.metals.end())
      return bad_input(item.type.empty() ? "a " + item.category + " without its material"
                                         : "no material '" + item.type + "' in " + models_.source,
                       item.where, "give type: " + listed(models_.metals, item.type));
    add("materials", item.name, ActCategory::enclosure, GramsCO2e{item.weight.value * 1e3 * found->second * quantity});
    return {};
  }

  ActReport report;

 private:
  double yield_of(const ActSilicon& item) const {
    if (item.yield) return *item.yield;
    if (switches_.area_yield && item.model == ActModel::logic && item.area.value() > 0)
      return embodied::formula::murphy_yield(item.area.value(), defects_per_mm2);
    return default_yield;
  }
  void add(std::string_view section, const std::string& item, ActCategory category, GramsCO2e amount) {
    report.embodied += amount;
    if (!report.amounts.empty()) {  // a manual part may be a package itself
      ActAmount& last = report.amounts.back();
      if (last.section == section && last.item == item && last.category == category) {
        last.amount += amount;
        return;
      }
    }
    report.amounts.push_back({section, item, category, amount});
  }

  const ActModels& models_;
  const ActSwitches& switches_;
};

}  // namespace

std::string_view name(ActCategory category) {
  constexpr std::array<std::string_view, 9> names = {"PACKAGING", "MATERIALS", "OPERATION", "FABRICATION", "PASSIVES",
                                                     "PCB",       "CONNECTOR", "ENCLOSURE", "OTHER"};
  return names[static_cast<std::size_t>(category) - 1];
}

GramsCO2e ActReport::of(ActCategory category) const {
  GramsCO2e sum = category == ActCategory::operation ? operation : GramsCO2e{};
  for (const ActAmount& part : amounts)
    if (part.category == category) sum += part.amount;
  return sum;
}

Result<GramsCO2e> act_die(const ActModels& models, carbon::SquareMillimetres area, std::string_view node,
                          std::string_view grid, int abatement, double yield, const std::string& where) {
  const auto fab = intensity(models, grid, where);
  if (!fab) return fab.error();
  const auto energy = models.energy.find(node);
  const auto material = models.material.find(node);
  const auto gas95 = models.gas95.find(node);
  const auto gas99 = models.gas99.find(node);
  if (energy == models.energy.end() || material == models.material.end() ||
      (abatement != 99 && gas95 == models.gas95.end()) || (abatement != 95 && gas99 == models.gas99.end()))
    return bad_input(
        node.empty() ? "a die without a process" : "no fab process '" + std::string(node) + "' in " + models.source,
        where, listed(models.energy, node));
  const carbon::GramsPerSquareMillimetre gas = abatement == 95   ? gas95->second
                                               : abatement == 99 ? gas99->second
                                                                 : (gas95->second + gas99->second) / 2;
  const double per_area =
      embodied::formula::carbon_per_area(energy->second.value(), fab->value(), gas.value(), material->second.value());
  return GramsCO2e{area.value() * (per_area / yield)};
}

Result<ActReport> evaluate_act(const ActBom& bom, const ActModels& models, const ActModels& operation_models,
                               const ActOperation& operation, const ActSwitches& switches) {
  Evaluation evaluation(switches.one_grid_table ? operation_models : models, switches);
  evaluation.report.amounts.reserve(2 * bom.silicon.size() + bom.passives.size() + bom.materials.size());
  for (const ActSilicon& item : bom.silicon)
    if (auto ok = evaluation.silicon(item); !ok) return ok.error();
  for (const ActPassive& item : bom.passives)
    if (auto ok = evaluation.passive(item); !ok) return ok.error();
  for (const ActMaterial& item : bom.materials)
    if (auto ok = evaluation.material(item); !ok) return ok.error();
  const auto grid = intensity(operation_models, operation.grid, "operation");
  if (!grid) return grid.error();
  evaluation.report.operation = *grid * (operation.power * (operation.lifetime * operation.duty));
  return std::move(evaluation.report);
}

ActMetrics act_metrics(GramsCO2e embodied, carbon::Seconds delay, carbon::Joules energy) {
  const double c = embodied.value(), d = delay.value(), e = energy.value();
  return {c * d, c * e, c * c * e, c * e * e};
}

}  // namespace cradle::published
