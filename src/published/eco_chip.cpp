#include "cradle/published/eco_chip.h"

#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/embodied/formula.h"
#include "die_size.h"
#include "wafer_waste.h"

namespace cradle::published {

using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::Hours;
using carbon::Joules;
using carbon::PerSquareMillimetre;
using carbon::Seconds;
using carbon::SquareMillimetres;
using carbon::Watts;

namespace {

constexpr double published_iterations = 90;    // what reaches the model whatever num_iter says
constexpr double cut = 0.5;                    // mm between two blocks of the floorplan
constexpr SquareMillimetres router_14{0.33};   // a network-on-chip router in 14 nm
constexpr SquareMillimetres router_65{4.47};   // and in an active interposer of 65 nm
constexpr double package_defect_share = 0.25;  // defects of a wafer that has wiring only, against a full one

/// embodied::formula::negative_binomial_yield with a clustering of 10, by multiplication: that is most of a design's
/// time, and within some units of the last place of what pow gives.
double yield(SquareMillimetres area, PerSquareMillimetre defects) {
  const double faults = 1 + area * defects / 10;
  const double square = faults * faults, fourth = square * square;
  return 1 / (fourth * fourth * square);
}

/// What does not depend on the chiplet.
struct Model {
  const EcoChipDesign& design;
  const EcoChipTables& tables;
  const EcoChipSwitches& switches;
  double wafer = 0;  ///< mm
  bool same_node = true;

  const EcoChipNode& node_of(const EcoChipChiplet& chiplet) const { return tables.nodes[chiplet.node]; }
  static double scale(const EcoChipNode& node, EcoChipBlock block) {
    return node.area_scale[static_cast<std::size_t>(block)];
  }
  bool several() const { return design.chiplets.size() > 1; }
  /// Every package but the active interposer has a router in each chiplet.
  bool routers_in_chiplets() const { return several() && design.package != EcoChipPackage::active; }

  SquareMillimetres router_area(const EcoChipChiplet& chiplet) const {
    return router_14 / scale(tables.nodes[eco_chip_node_14], chiplet.block) * scale(node_of(chiplet), chiplet.block);
  }
  SquareMillimetres die_area(const EcoChipChiplet& chiplet) const {
    const SquareMillimetres own = chiplet.area * scale(node_of(chiplet), chiplet.block);
    return switches.routers_in_dies && routers_in_chiplets() ? own + router_area(chiplet) : own;
  }

  GramsCO2e die(SquareMillimetres area, const EcoChipNode& node) const {
    const double good = yield(area, node.defects);
    const GramsCO2e edge = wafer_waste(area, node.carbon_per_area, wafer, switches.whole_dies);
    return area * node.carbon_per_area / good + (switches.waste_yielded ? edge / good : edge);
  }

  /// One run of the design flow.
  GramsCO2e design_run(SquareMillimetres area, const EcoChipNode& node) const {
    const double core_hours = area * node.transistors / design.transistors_per_gate / node.gates_per_core_hour;
    return design.power_per_core * Seconds{Hours{core_hours}} * GramsPerJoule{design.design_intensity};
  }
  GramsCO2e design_share(GramsCO2e run) const {
    return run * (switches.iterations_of_file ? design.iterations : published_iterations) / design.volume;
  }

  GramsCO2e operation(const EcoChipChiplet& chiplet, SquareMillimetres all) const {
    const EcoChipNode& node = node_of(chiplet);
    const Watts full = chiplet.area / all * design.power * node.power_scale[static_cast<std::size_t>(chiplet.block)];
    const double active = node.dynamic_share * design.switching + (1 - node.dynamic_share);
    return full * (design.load_share * design.duty * active) * Seconds{design.lifetime} *
           GramsPerJoule{design.use_intensity};
  }

  double bond() const {
    if (design.package != EcoChipPackage::stack) return design.bond_yield;
    return std::pow(design.bond_yield, static_cast<double>(design.chiplets.size()));
  }

  GramsCO2e interposer(SquareMillimetres area) const {
    const EcoChipNode& node = tables.nodes[design.interposer_node];
    return area * node.carbon_per_area /
           yield(area, node.defects * (switches.package_defects ? package_defect_share : 1));
  }

  GramsCO2e bridges(double count) const {
    const EcoChipNode& node = tables.nodes[eco_chip_node_22];
    const SquareMillimetres tested = switches.bridge_yield ? design.bridge_area : design.bridge_area * count;
    return design.bridge_area * count * node.carbon_per_area / yield(tested, node.defects * package_defect_share) *
           node.wiring_share;
  }

  /// What TSVs add to the dies of a stack.
  GramsCO2e through_vias() const {
    GramsCO2e sum;
    for (const EcoChipChiplet& chiplet : design.chiplets) {
      const EcoChipNode& node = node_of(chiplet);
      const double again = switches.stack_scaled_once ? 1 : scale(node, chiplet.block);
      const auto cost = [&](SquareMillimetres area) {
        return area * again * node.carbon_per_area / yield(area * again, node.defects);
      };
      const SquareMillimetres area = die_area(chiplet);
      const double per_side = std::floor(std::sqrt(area.value()) / design.tsv_pitch.value);
      const SquareMillimetres vias{per_side * per_side * design.tsv_size.value * design.tsv_size.value};
      sum += cost(area + vias) - cost(area);
    }
    return sum;
  }

  /// Routers as small dies of their own.
  GramsCO2e routers() const {
    if (switches.routers_in_dies) return GramsCO2e{};
    const bool together = same_node && !switches.router_yield_each;
    SquareMillimetres all;
    if (together)
      for (const EcoChipChiplet& chiplet : design.chiplets) all += router_area(chiplet);
    GramsCO2e sum;
    for (const EcoChipChiplet& chiplet : design.chiplets) {
      const SquareMillimetres area = router_area(chiplet);
      const EcoChipNode& node = node_of(chiplet);
      sum += area * node.carbon_per_area / yield(together ? all : area, node.defects);
    }
    return sum;
  }

  EcoChipShare packaging() const {
    EcoChipFloor floor;
    if (design.package != EcoChipPackage::stack) {
      double areas[eco_chip_most_chiplets];
      for (std::size_t i = 0; i < design.chiplets.size(); ++i) areas[i] = die_area(design.chiplets[i]).value();
      floor = floorplan({areas, design.chiplets.size()}, design.emib_pitch, switches.floorplan_descending);
    }
    const double wiring = tables.nodes[design.interposer_node].wiring_share;
    GramsCO2e carrier;
    switch (design.package) {
      case EcoChipPackage::rdl:
        carrier = interposer(floor.area()) * wiring * (design.rdl_layers / design.num_beol);
        break;
      case EcoChipPackage::emib: carrier = bridges(floor.interfaces); break;
      case EcoChipPackage::passive: carrier = interposer(floor.area()) * wiring; break;
      case EcoChipPackage::stack: carrier = through_vias(); break;
      case EcoChipPackage::active: return active_packaging(floor.area());
    }
    GramsCO2e runs;
    for (const EcoChipChiplet& chiplet : design.chiplets) runs += design_run(router_area(chiplet), node_of(chiplet));
    return {(carrier + routers()) / bond(), design_share(runs), GramsCO2e{}};
  }

  EcoChipShare active_packaging(SquareMillimetres floor) const {
    const double count = static_cast<double>(design.chiplets.size());
    SquareMillimetres used = router_65 * count;
    if (switches.active_routers_fit) used = std::min(used, floor);
    const GramsCO2e whole = interposer(floor);
    const GramsCO2e routed = whole * (used / floor);
    const EcoChipNodeIndex wiring = switches.active_wiring_of_node ? design.interposer_node : eco_chip_node_65;
    const GramsCO2e wires = (whole - routed) * tables.nodes[wiring].wiring_share;
    // There is no gate density at 65 nm: the router's gates are counted where they are known, in 14 nm.
    const GramsCO2e runs =
        switches.active_router_design ? design_run(router_14, tables.nodes[eco_chip_node_14]) * count : GramsCO2e{};
    return {(wires + routed) / bond(), design_share(runs), GramsCO2e{}};
  }
};

struct Block {
  double size[2];
  double interfaces;
};

/// `areas` are sorted; each half keeps that order. `spare` has room for as many.
Block bisect(std::span<double> areas, int axis, double pitch, double* spare) {
  Block block{};
  if (areas.size() == 1) {
    const double side = std::sqrt(areas[0] / 2);
    block.size[axis] = 2 * side;
    block.size[1 - axis] = side;
    return block;
  }
  double sum[2] = {0, 0};
  std::size_t kept = 0, moved = 0;
  for (const double area : areas) {
    const bool first = sum[0] <= sum[1];
    sum[first ? 0 : 1] += area;
    if (first)
      areas[kept++] = area;
    else
      spare[moved++] = area;
  }
  std::copy(spare, spare + moved, areas.data() + kept);
  const Block left = bisect(areas.first(kept), 1 - axis, pitch, spare);
  const Block right = bisect(areas.subspan(kept), 1 - axis, pitch, spare);
  block.size[axis] = left.size[axis] + right.size[axis] + cut;
  block.size[1 - axis] = std::max(left.size[1 - axis], right.size[1 - axis]);
  block.interfaces =
      left.interfaces + right.interfaces + std::ceil(std::min(left.size[1 - axis], right.size[1 - axis]) / pitch);
  return block;
}

}  // namespace

EcoChipFloor floorplan(std::span<double> areas, embodied::Millimetres emib_pitch, bool descending) {
  if (descending)
    std::sort(areas.begin(), areas.end(), std::greater<>());
  else
    std::sort(areas.begin(), areas.end());
  double spare[eco_chip_most_chiplets];
  const Block block = bisect(areas, 0, emib_pitch.value, spare);
  return {{block.size[0]}, {block.size[1]}, block.interfaces};
}

EcoChipSystem evaluate(const EcoChipDesign& design, const EcoChipTables& tables, const EcoChipSwitches& switches,
                       std::span<EcoChipShare> shares) {
  Model model{design, tables, switches, switches.wafer_300mm ? real_wafer_mm : eco_chip_wafer_mm, true};
  SquareMillimetres all;
  for (const EcoChipChiplet& chiplet : design.chiplets) {
    all += chiplet.area;
    model.same_node = model.same_node && chiplet.node == design.chiplets[0].node;
  }
  const double lost = switches.bond_loses_dies && model.several() ? model.bond() : 1;

  EcoChipSystem system;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const EcoChipChiplet& chiplet = design.chiplets[i];
    const EcoChipNode& node = model.node_of(chiplet);
    // The effort for a router is part of the package's design, wherever its silicon is counted.
    const SquareMillimetres own = chiplet.area * Model::scale(node, chiplet.block);
    shares[i] = {model.die(model.die_area(chiplet), node) / lost, model.design_share(model.design_run(own, node)),
                 model.operation(chiplet, all)};
    system.chiplets.manufacturing += shares[i].manufacturing;
    system.chiplets.design += shares[i].design;
    system.chiplets.operational += shares[i].operational;
  }
  if (model.several()) system.packaging = model.packaging();
  return system;
}

Result<void> check(const EcoChipDesign& design, const EcoChipTables& tables, const EcoChipSwitches& switches,
                   const std::string& where) {
  const std::size_t count = design.chiplets.size();
  if (count == 0) return bad_input("there is no chiplet", where, "give at least one");
  if (count > eco_chip_most_chiplets)
    return bad_input(std::to_string(count) + " chiplets", where,
                     "a system has at most " + std::to_string(eco_chip_most_chiplets));

  struct Field {
    std::string_view name;
    double value;
    bool zero_allowed;
  };
  const bool several = count > 1;
  const Field fields[] = {{"power", design.power.value(), true},
                          {"lifetime", design.lifetime.value(), false},
                          {"num_iter", design.iterations, false},
                          {"num_prt_mfg", design.volume, false},
                          {"Transistors_per_gate", design.transistors_per_gate, false},
                          {"Power_per_core", design.power_per_core.value(), true},
                          {"Carbon_per_kWh", design.design_intensity.value(), true},
                          {"Carbon_per_kWh in use", design.use_intensity.value(), true},
                          {"bridge area", design.bridge_area.value(), false},
                          {"bond yield", design.bond_yield, false},
                          {"emib_pitch", several ? design.emib_pitch.value : 1, false},
                          {"tsv_pitch", several ? design.tsv_pitch.value : 1, false},
                          {"tsv_size", several ? design.tsv_size.value : 1, true},
                          {"rdl_layers", several ? design.rdl_layers : 1, true},
                          {"num_beol", several && design.package == EcoChipPackage::rdl ? design.num_beol : 1, false}};
  for (const Field& field : fields)
    if (!std::isfinite(field.value) || field.value < 0 || (field.value == 0 && !field.zero_allowed))
      return bad_input("'" + std::string(field.name) + "' is " + shortest(field.value), where,
                       field.zero_allowed ? "it must be 0 or more" : "it must be greater than 0");
  if (design.bond_yield > 1) return bad_input("'bond yield' is more than 1", where, "a yield is a share, 0 .. 1");
  if (several && design.interposer_node >= eco_chip_nodes.size())
    return bad_input("the interposer's node is not in the tables", where, "use 7, 10, 14, 22, 28 or 65");

  const Model model{design, tables, switches, switches.wafer_300mm ? real_wafer_mm : eco_chip_wafer_mm, true};
  for (const EcoChipChiplet& chiplet : design.chiplets) {
    const std::string of = "chiplet '" + chiplet.name + "': ";
    if (chiplet.node >= eco_chip_node_65)
      return bad_input(of + "its node is not in the tables", where, "use 7, 10, 14, 22 or 28");
    if (!std::isfinite(chiplet.area.value()) || !(chiplet.area.value() > 0))
      return bad_input(of + "its area is " + shortest(chiplet.area.value()), where, "an area is greater than 0 mm2");
    const double area = model.die_area(chiplet).value();
    const double dies = embodied::formula::dies_per_wafer(area, model.wafer);
    if (switches.whole_dies ? !(dies >= 1) : dies == 0)
      return bad_input(of + shortest(area) + " mm2 does not fit on a wafer of " + shortest(model.wafer) + " mm", where,
                       "split it into smaller chiplets");
  }
  return {};
}

std::vector<std::string> size_notes(const EcoChipDesign& design, const EcoChipTables& tables,
                                    const EcoChipSwitches& switches) {
  const Model model{design, tables, switches, switches.wafer_300mm ? real_wafer_mm : eco_chip_wafer_mm, true};
  std::vector<std::string> notes;
  for (const EcoChipChiplet& chiplet : design.chiplets)
    if (auto note = size_note(design.name + "/" + chiplet.name, model.die_area(chiplet), model.wafer))
      notes.push_back(std::move(*note));
  return notes;
}

}  // namespace cradle::published
