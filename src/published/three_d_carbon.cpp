#include "cradle/published/three_d_carbon.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cradle/base/text.h"
#include "cradle/embodied/formula.h"
#include "three_d_tables.h"

namespace cradle::published {

using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::SquareMillimetres;
using carbon::Watts;

namespace {

namespace formula = embodied::formula;

constexpr double wafer_mm = 300;
constexpr double square_mm_per_cm2 = 100;
constexpr double gate_area = 4e8;        // mm2 for each gate and m2 of feature size squared
constexpr double io_area = 0.014;        // mm2
constexpr double rent = 0.525;           // Rent exponent of the wiring model
constexpr double rent_vias = 0.61;       // and of the connections between dies
constexpr double tier_layers = 2.0 / 3;  // what an upper die of a 3D stack keeps of its layers

/// A die with its geometry. Areas in mm2.
struct Placed {
  const ThreeDDie* die;
  const ThreeDNode* node;
  double gates = 0, area = 0, layers = 0, yield = 1, per_wafer = 0;
  double neighbour_gates = 0;
  bool vias = false;

  double feature() const { return node->nm * 1e-9; }  // m
  bool area_from_gates() const { return die->area.value() == 0; }
};

double whole_dies(double area) { return std::trunc(formula::dies_per_wafer(area, wafer_mm)); }

double average_wire(double gates, bool corrected) {
  using std::pow;
  const double p = rent;
  const double first = corrected ? 7 * (pow(gates, p - 0.5) - 1) / (pow(4, p - 0.5) - 1)
                                 : (7 * pow(gates, p - 0.5) - 1) / pow(4, p - 0.5);
  return 2.0 / 9 * (1 - pow(4, p - 1)) / (1 - pow(gates, p - 1)) *
         (first - (1 - pow(gates, p - 1.5)) / (1 - pow(4, p - 1.5)));
}

/// Metal layers for the wires of all gates: fan-out 4, wires 3.6 features apart, 30 % of the tracks used (Dong et al.,
/// ICCAD 2009). As published the wire length has no unit and the pitch is in m.
double wired_layers(const Placed& placed, bool corrected) {
  const double wire = average_wire(placed.gates, corrected);
  const double pitch = 3.6 * placed.feature();
  const double length = corrected ? wire * std::sqrt(placed.area / placed.gates) * 1e3 : wire;
  const double needed = 4 * placed.gates * length * pitch / (0.3 * placed.area);
  return std::isfinite(needed) ? std::min(placed.node->layers + 3, std::trunc(needed + 1)) : needed;
}

/// Connections between dies of a and b gates by Rent's rule (Stow et al.), and the area of their vias.
double via_area(double a, double b) {
  const double q = rent_vias - 1;
  const auto crossing = [q](double gates) { return 0.8 * 4 * gates * (1 - std::pow(gates, q)); };
  return 1e-4 * (crossing(a + b) - crossing(a) - crossing(b));
}

/// Area, yield and dies per wafer; vias included once they are known.
void measure(Placed& placed) {
  if (placed.area_from_gates()) {
    const double circuits = placed.gates * gate_area * placed.feature() * placed.feature();
    placed.area = placed.die->ios == 0 ? circuits * 1.1 : circuits + placed.die->ios * io_area;
    if (placed.vias) placed.area += via_area(placed.gates, placed.neighbour_gates);
  } else {
    placed.area = placed.die->area.value();
  }
  placed.yield = formula::negative_binomial_yield(placed.area, placed.node->defects, three_d_clustering);
  placed.per_wafer = whole_dies(placed.area);
}

class Stack {
 public:
  Stack(const ThreeDProduct& product, const ThreeDSwitches& switches, std::string where)
      : product_(product), switches_(switches), where_(std::move(where)), making_(product.making.value()) {}

  Result<ThreeDCarbon> carbon() {
    if (auto fine = place(); !fine) return fine.error();
    const double area_made = footprint_of_all();
    Parts parts;
    switch (product_.method) {
      case ThreeDMethod::mcm: parts = side_by_side(); break;
      case ThreeDMethod::info_chip_first: parts = chip_first(); break;
      case ThreeDMethod::info_chip_last: parts = chip_last(); break;
      case ThreeDMethod::emib: parts = on_silicon(three_d::bridge_area, three_d::bridges_per_die * count()); break;
      case ThreeDMethod::silicon_interposer: {
        const double area = footprint_of_all() * three_d::interposer_scale;
        if (switches_.refuse_oversized && whole_dies(area) <= 0)
          return bad_input("an interposer of " + shortest(area) + " mm2 does not fit on a wafer of 300 mm", where_,
                           "use fewer or smaller dies");
        parts = on_silicon(area, 1);
        break;
      }
      case ThreeDMethod::micro_bumping:
      case ThreeDMethod::hybrid_bonding: {
        auto stacked = stack();
        if (!stacked) return stacked.error();
        parts = std::move(*stacked);
        break;
      }
      case ThreeDMethod::monolithic: {
        auto grown = monolithic();
        if (!grown) return grown.error();
        parts = std::move(*grown);
        break;
      }
    }
    ThreeDCarbon result;
    for (std::size_t i = 0; i < placed_.size(); ++i)
      result.dies.push_back({placed_[i].die->name, SquareMillimetres{placed_[i].area}, placed_[i].gates,
                             placed_[i].layers, placed_[i].yield, placed_[i].per_wafer, GramsCO2e{parts.dies[i]}});
    result.bonding = GramsCO2e{parts.bonding};
    result.substrate = GramsCO2e{parts.substrate};
    result.package = GramsCO2e{package(parts)};
    if (product_.method == ThreeDMethod::hybrid_bonding && product_.tested && !switches_.no_test_factor)
      result.factor = 1000;
    if (product_.use) {
      auto used = operational(SquareMillimetres{area_made});
      if (!used) return used.error();
      result.operational = *used;
    }
    if (!std::isfinite(result.total().value()))
      return bad_input("the carbon of '" + product_.name + "' is no finite number", where_,
                       "check the sizes of its dies: a wafer has a diameter of 300 mm");
    return result;
  }

 private:
  /// Grams, and what the package is made for.
  struct Parts {
    std::vector<double> dies;
    double bonding = 0, substrate = 0;
    double footprint = 0;  ///< mm2
    double package_energy = three_d::flip_chip_package;
  };

  bool stacked() const {
    return product_.method == ThreeDMethod::micro_bumping || product_.method == ThreeDMethod::hybrid_bonding;
  }
  double count() const {
    return std::accumulate(placed_.begin(), placed_.end(), 0.0,
                           [](double sum, const Placed& placed) { return sum + placed.die->number; });
  }
  double footprint_of_all() const {
    return std::accumulate(placed_.begin(), placed_.end(), 0.0,
                           [](double sum, const Placed& placed) { return sum + placed.area * placed.die->number; });
  }
  Error refuse(const ThreeDDie& die, const std::string& message, std::string hint) const {
    return bad_input("die '" + die.name + "': " + message, where_, std::move(hint));
  }

  Result<void> fits(const Placed& placed) const {
    if (placed.per_wafer == 0 || (switches_.refuse_oversized && placed.per_wafer < 0) || !(placed.area > 0))
      return refuse(*placed.die, shortest(placed.area) + " mm2 does not fit on a wafer of 300 mm", "make it smaller");
    return {};
  }

  Result<void> place() {
    if (product_.dies.empty()) return bad_input("'" + product_.name + "' has no die", where_, "list at least one");
    if (product_.method == ThreeDMethod::emib && !switches_.emib)
      return bad_input("the tool estimates no EMIB", where_, "use --corrected, or an exploration file");
    if (product_.wafer_to_wafer && !stacked() && product_.method != ThreeDMethod::monolithic)
      return bad_input(std::string(name(product_.method)) + " cannot be stacked W2W", where_, "write stacking: D2W");
    for (const ThreeDDie& die : product_.dies) {
      auto placed = place(die);
      if (!placed) return placed.error();
      placed_.push_back(*placed);
    }
    return {};
  }

  Result<Placed> place(const ThreeDDie& die) const {
    const auto node = std::find_if(three_d_node_table.begin(), three_d_node_table.end(),
                                   [&die](const ThreeDNode& entry) { return entry.nm == die.node; });
    if (node == three_d_node_table.end())
      return refuse(die, "there are no figures for " + std::to_string(die.node) + " nm",
                    "use 3, 5, 7, 8, 10, 12, 14, 20 or 28");
    for (const double value : {die.gates, die.area.value(), die.layers, die.ios})
      if (!(value >= 0 && value <= 1e300)) return refuse(die, shortest(value) + " is no size", "give 0 or more");
    if (!(die.number > 0 && die.number <= 1e9))
      return refuse(die, "its number is " + shortest(die.number), "give 1 or more");
    if (die.gates == 0 && die.area.value() == 0)
      return refuse(die, "neither gatenumber nor area(mm2) is given", "give at least one of them");
    if (die.feature_size && (die.gates == 0 || die.area.value() == 0 || die.layers == 0))
      return refuse(die, "with feature_size the tool computes nothing",
                    "leave it out, or give gatenumber, area(mm2) and layer as well");
    Placed placed{&die, &*node};
    placed.gates = die.gates;
    if (die.gates == 0) placed.gates = die.area.value() / (placed.feature() * placed.feature() * gate_area);
    measure(placed);
    if (auto fine = fits(placed); !fine) return fine.error();
    placed.layers = die.layers != 0 ? die.layers : wired_layers(placed, switches_.wire_model);
    if (!std::isfinite(placed.layers) || placed.layers < 0)
      return refuse(die, "the wiring model has no answer for " + shortest(placed.gates) + " gates", "state its layers");
    return placed;
  }

  /// g per cm2 of wafer, before yield, of a die with so many metal layers.
  double per_cm2(const Placed& placed, double layers, bool scale_material) const {
    const ThreeDNode& node = *placed.node;
    double energy = node.energy, scale = 1;
    if (placed.die->layer_sensitive) {
      energy = node.energy + (layers - node.layers) * node.energy_per_layer;
      scale = energy / node.energy;
    }
    return formula::carbon_per_area(energy, making_, scale * node.gas,
                                    scale_material ? scale * node.material : node.material);
  }
  double of_wafer(const Placed& placed, double layers, bool scale_material) const {
    return per_cm2(placed, layers, scale_material) / square_mm_per_cm2 *
           formula::silicon_per_die(placed.per_wafer, wafer_mm) * placed.die->number;
  }

  std::vector<double> yielded_dies(double divisor) const {
    std::vector<double> dies;
    for (const Placed& placed : placed_)
      dies.push_back(of_wafer(placed, placed.layers, false) / placed.yield / divisor);
    return dies;
  }

  double package(const Parts& parts) const {
    const double given = product_.package_area.value();
    return (given != 0 ? given : parts.footprint * three_d::package_scale) * parts.package_energy * making_;
  }
  /// As published, kWh go for grams.
  double bonding_intensity() const { return switches_.bonding_intensity ? making_ : 1; }

  Parts side_by_side() const { return {yielded_dies(1), 0, 0, footprint_of_all()}; }

  Parts chip_first() const {
    const double area = footprint_of_all() * three_d::rdl_scale;
    const double yield = formula::negative_binomial_yield(area, three_d::rdl_defects, three_d::rdl_clustering);
    return {yielded_dies(yield), 0, area * making_ * three_d::rdl_substrate / yield, footprint_of_all()};
  }

  Parts chip_last() const {
    const double area = footprint_of_all() * three_d::rdl_scale;
    const double yield = formula::negative_binomial_yield(area, three_d::rdl_defects, three_d::rdl_clustering);
    const double bonds = std::pow(three_d::bump_d2w, count());
    return {yielded_dies(bonds), area * three_d::bump_bond * bonding_intensity() / bonds,
            area * making_ * three_d::rdl_substrate / yield / bonds, footprint_of_all()};
  }

  /// Dies on pieces of passive silicon: an interposer, or bridges of `area` each.
  Parts on_silicon(double area, double pieces) const {
    const double bonds = std::pow(three_d::bump_d2w, count());
    const double per_area = formula::carbon_per_area(three_d::interposer_energy, making_,
                                                     switches_.interposer_gas ? three_d::interposer_gas : 0.0,
                                                     three_d::interposer_material) /
                            square_mm_per_cm2;
    const double yield =
        formula::negative_binomial_yield(area, three_d::interposer_defects, three_d::interposer_clustering);
    const double piece = formula::good_die(per_area, formula::silicon_per_die(whole_dies(area), wafer_mm), yield);
    Parts parts{yielded_dies(bonds), 0, piece * pieces, footprint_of_all()};
    if (switches_.bonding_counted) {
      parts.bonding = area * three_d::bump_bond * bonding_intensity() / bonds;
      parts.substrate = parts.substrate / bonds;
    }
    return parts;
  }

  Result<void> add_vias() {
    const std::size_t dies = placed_.size();
    const auto give = [this](std::size_t i, std::size_t neighbour) {
      placed_[i].vias = true;
      placed_[i].neighbour_gates = placed_[neighbour].gates;
    };
    if (product_.face_to_face) {
      if (dies < 2)
        return bad_input("face to face takes two entries of dies", where_, "add one, or write F2F_F2B: F2B");
      if (switches_.face_to_face_dies) {
        give(0, 1);
        for (std::size_t i = 2; i < dies; ++i) give(i, i - 1);
      } else {
        for (std::size_t i = 0; i < dies; ++i) give(i, 1);
      }
    } else {
      for (std::size_t i = 0; i + 1 < dies; ++i) give(i, switches_.neighbour_above ? i + 1 : (i + dies - 1) % dies);
    }
    for (Placed& placed : placed_) {
      if (!placed.vias) continue;
      measure(placed);
      if (auto fine = fits(placed); !fine) return fine.error();
    }
    return {};
  }

  /// Energy of the vias of entry i, g, before any yield but the die's own.
  double via_carbon(std::size_t i) const {
    const Placed& placed = placed_[i];
    const double number = placed.die->number;
    double units = number + (i == 0 ? 1.0 : 2.0) - 2;
    // Face to back, of several dies of the last entry the topmost alone has none.
    if (switches_.via_energy) units = placed.vias ? number : product_.face_to_face ? 0 : number - 1;
    const double grams = three_d::via * making_ * placed.area * units;
    return switches_.via_energy && !product_.wafer_to_wafer ? grams / placed.yield : grams;
  }

  double stack_footprint() const {
    double largest = 0;
    for (const Placed& placed : placed_) largest = std::max(largest, placed.area);
    return largest;
  }

  Result<Parts> stack() {
    const bool hybrid = product_.method == ThreeDMethod::hybrid_bonding;
    const double first_before_vias = placed_[0].area;
    if (auto fine = add_vias(); !fine) return fine.error();
    Parts parts;
    parts.footprint = hybrid ? placed_[0].area : first_before_vias;
    if (switches_.largest_footprint) parts.footprint = stack_footprint();
    if (!hybrid) parts.package_energy = three_d::wafer_package;
    const double energy = hybrid ? three_d::hybrid_bond : three_d::bump_bond;
    const double bonds = count() - 1;

    if (product_.wafer_to_wafer) {
      const double one = hybrid ? three_d::hybrid_w2w : three_d::bump_w2w;
      double yield = std::pow(one, switches_.bond_yield ? bonds : count());
      for (const Placed& placed : placed_) yield *= std::pow(placed.yield, placed.die->number);
      for (std::size_t i = 0; i < placed_.size(); ++i)
        parts.dies.push_back((of_wafer(placed_[i], stack_layers(i, false), !switches_.raw_material) + via_carbon(i)) /
                             yield);
      parts.bonding = parts.footprint * energy * making_ * (hybrid || switches_.every_bond ? bonds : 1) / yield;
      return parts;
    }
    // As published, the counters of bonds stay at none and one.
    const double yield = switches_.bond_yield ? std::pow(hybrid ? three_d::hybrid_d2w : three_d::bump_d2w, bonds)
                         : hybrid             ? three_d::hybrid_d2w
                                              : 1;
    for (std::size_t i = 0; i < placed_.size(); ++i) {
      const Placed& placed = placed_[i];
      parts.dies.push_back((of_wafer(placed, stack_layers(i, hybrid), false) / placed.yield + via_carbon(i)) / yield);
      const double bonded = switches_.bonded_dies ? placed.die->number - (i == 0 ? 1 : 0) : 1;
      parts.bonding += bonded * placed.area * energy * making_ / yield / placed.yield;
    }
    return parts;
  }

  /// Layers that entry i pays for: those above the first of a hybrid stack share some.
  double stack_layers(std::size_t i, bool published_cut) const {
    const Placed& placed = placed_[i];
    const bool hybrid = product_.method == ThreeDMethod::hybrid_bonding;
    const bool cut = switches_.stated_layers ? hybrid && placed.die->layers == 0 : published_cut;
    return cut && i > 0 ? std::trunc(placed.layers * tier_layers) : placed.layers;
  }

  double tier_layer_count(const Placed& placed) const {
    const bool stated = switches_.stated_layers && placed.die->layers != 0;
    return stated ? placed.layers : std::trunc(placed.layers * tier_layers);
  }

  Result<Parts> monolithic() const {
    Parts parts;
    parts.dies.assign(placed_.size(), 0);
    if (!switches_.monolithic_tiers) {
      const Placed& first = placed_[0];
      const double faults = 1 + first.area * first.node->defects / three_d_clustering;
      const double yield =
          1 / (1.25 * std::pow(faults, 0.25 * three_d_clustering) * std::pow(faults, three_d_clustering));
      const double one = per_cm2(first, tier_layer_count(first), false) / square_mm_per_cm2 *
                         formula::silicon_per_die(first.per_wafer, wafer_mm);
      parts.dies[0] = one / yield;
      parts.footprint = first.area * three_d::package_scale;
      return parts;
    }
    // Every tier is processed on the same wafer, which is raw material once; all tiers must work.
    if (count() > 2)
      return bad_input("a monolithic stack has two tiers, this one " + shortest(count()), where_,
                       "give one or two dies");
    const double area = stack_footprint();
    double yield = std::pow(three_d::tier, count() - 1);
    for (const Placed& placed : placed_)
      yield *= std::pow(formula::negative_binomial_yield(area, placed.node->defects, three_d_clustering),
                        placed.die->number);
    const double silicon = formula::silicon_per_die(whole_dies(area), wafer_mm) / square_mm_per_cm2;
    for (std::size_t i = 0; i < placed_.size(); ++i) {
      const Placed& placed = placed_[i];
      const double material = placed.node->material;
      const double process = per_cm2(placed, tier_layer_count(placed), false) - material;
      parts.dies[i] = (process * placed.die->number + (i == 0 ? material : 0)) * silicon / yield;
    }
    parts.footprint = area;
    return parts;
  }

  Result<GramsCO2e> operational(SquareMillimetres area) const {
    const ThreeDUse& use = *product_.use;
    if ((use.power.value() > 0 || use.energy.value() > 0) && !(use.delay.value() > 0))
      return bad_input("'" + product_.name + "' has a power or energy, and no delay", where_, "give delay(s)");
    if (!(use.lifetime.value() > 0)) return bad_input("T_exe(year) is 0", where_, "give more than 0");
    Watts power = use.power;
    if (use.energy.value() > 0) {
      if (power.value() == 0 && switches_.power_from_energy) power = use.energy / use.application;
    } else if (power.value() == 0) {
      power = area * use.power_density;
    }
    const GramsPerJoule intensity{switches_.use_grid ? product_.in_use : product_.making};
    return power * use.lifetime * use.duty * intensity;
  }

  const ThreeDProduct& product_;
  const ThreeDSwitches& switches_;
  std::string where_;
  double making_;  ///< g/kWh
  std::vector<Placed> placed_;
};

}  // namespace

std::string_view name(ThreeDMethod method) {
  constexpr std::array<std::string_view, 8> names{"MCM",    "InFO_chip_first", "InFO_chip_last", "EMIB",
                                                  "Si_int", "Micro_bumping",   "Hybrid_bonding", "Monolithic_3D"};
  return names[static_cast<std::size_t>(method)];
}

GramsCO2e ThreeDCarbon::die_sum() const {
  GramsCO2e sum;
  for (const ThreeDDieCarbon& die : dies) sum += die.carbon;
  return sum;
}

Result<ThreeDCarbon> three_d_carbon(const ThreeDProduct& product, const ThreeDSwitches& switches, std::string where) {
  return Stack(product, switches, std::move(where)).carbon();
}

}  // namespace cradle::published
