// The fields of what hardware is made with: fab processes, packaging technologies, materials.
#pragma once

#include <array>
#include <string_view>

#include "fields.h"

namespace cradle::catalog {

namespace rule {
inline constexpr Rule node{Measure::length, "nm", 0, 1000, true, false, true};
inline constexpr Rule fab_energy{Measure::energy_per_area, "kWh/cm2", 0, 100};
inline constexpr Rule fab_carbon{Measure::carbon_per_area, "gCO2e/cm2", 0, 1e5};
inline constexpr Rule defects{Measure::defects_per_area, "defect/cm2", 0, 100};
inline constexpr Rule transistors{Measure::transistors_per_area, "MTr/mm2", 0, 1e5, true};
inline constexpr Rule clustering{Measure::ratio, "ratio", 0, 1000, true};
inline constexpr Rule scale{Measure::ratio, "ratio", 0, 1000, true};  ///< against the reference node
inline constexpr Rule share{Measure::ratio, "ratio", 0, 1};
inline constexpr Rule success{Measure::ratio, "ratio", 0, 1, true};
inline constexpr Rule per_die_area{Measure::ratio, "ratio", 0, 100};
inline constexpr Rule bridge_area{Measure::area, "mm2", 0, 1e4, true};
inline constexpr Rule assembly_energy{Measure::energy_per_area, "kWh/mm2", 0, 1};
inline constexpr Rule link_energy{Measure::energy_per_bit, "pJ/bit", 0, 1e3};
inline constexpr Rule growth{Measure::ratio, "ratio", 0, 100};
inline constexpr Rule dies{Measure::die_count, "die", 1, 1024, false, true, true};
inline constexpr Rule wafer_cost{Measure::money, "USD", 0, 1e7};
inline constexpr Rule design_cost{Measure::money, "MUSD", 0, 1e5};
inline constexpr Rule area_cost{Measure::money_per_area, "USD/mm2", 0, 1e3};
inline constexpr Rule piece_cost{Measure::money, "USD", 0, 1e5};
/// Below zero where something made from waste saves more than handling the waste emits.
inline constexpr Rule material{Measure::carbon, "kgCO2e", -1e4, 1e7};
}  // namespace rule

/// In the order of PackageForm.
inline constexpr std::array<std::string_view, 7> package_forms = {
    "organic", "fanout", "bridge", "passive-interposer", "active-interposer", "stacked", "monolithic"};

/// What the grams of a material can be for.
inline constexpr std::array<std::string_view, 6> material_measures = {"kg", "m2", "m2 layer", "t km", "piece", "kWh"};

template <class V, RecordOf<FabProcess> R>
void visit_fields(V& visit, R& r) {
  visit.number("node", r.node, rule::node);
  visit.number("energy", r.energy, rule::fab_energy);
  visit.number("gas", r.gas, rule::fab_carbon);
  visit.number("material", r.material, rule::fab_carbon);
  visit.number("defects", r.defects, rule::defects);
  visit.number("clustering", r.clustering, rule::clustering);
  visit.number("transistors", r.transistors, rule::transistors);
  visit.number("logic_area", r.logic_area, rule::scale);
  visit.number("sram_area", r.sram_area, rule::scale);
  visit.number("analog_area", r.analog_area, rule::scale);
  visit.number("delay", r.delay, rule::scale);
  visit.number("switching_energy", r.switching_energy, rule::scale);
  visit.number("interconnect_share", r.interconnect_share, rule::share);
  visit.number("wafer_cost", r.wafer_cost, rule::wafer_cost);
  visit.number("design_cost", r.design_cost, rule::design_cost);
}

template <class V, RecordOf<PackageTechnology> R>
void visit_fields(V& visit, R& r) {
  const bool form_known = visit.choice("form", r.form, package_forms);
  visit.text("carrier_process", r.carrier_process, Presence::optional);
  const bool bridge = r.form == PackageForm::bridge;
  visit.needs("carrier_process", !r.carrier_process.empty(),
              bridge || r.form == PackageForm::passive_interposer || r.form == PackageForm::active_interposer,
              "names the fab process of its silicon");
  // A bridge is a piece of its own; any other carrier grows with the dies on it.
  if (form_known)
    visit.number("carrier_area", r.carrier_area, bridge ? rule::bridge_area : rule::per_die_area);
  else
    visit.leave_out("carrier_area");
  visit.number("carrier_carbon_share", r.carrier_carbon_share, rule::share);
  visit.number("carrier_defects", r.carrier_defects, rule::defects);
  visit.number("substrate_area", r.substrate_area, rule::per_die_area);
  visit.number("substrate_energy", r.substrate_energy, rule::assembly_energy);
  visit.number("bonding_energy", r.bonding_energy, rule::assembly_energy);
  visit.number("bonding_yield", r.bonding_yield, rule::success);
  visit.number("via_area", r.via_area, rule::share);
  visit.number("link_energy", r.link_energy, rule::link_energy);
  visit.number("link_delay", r.link_delay, rule::growth);
  visit.number("most_dies", r.most_dies, rule::dies);
  visit.number("cost", r.cost, rule::area_cost);
  visit.number("bonding_cost", r.bonding_cost, rule::piece_cost);
}

template <class V, RecordOf<Material> R>
void visit_fields(V& visit, R& r) {
  visit.choice("per", r.per, material_measures);
  visit.number("embodied", r.embodied, rule::material);
}

}  // namespace cradle::catalog
