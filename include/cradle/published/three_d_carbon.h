// 3D-Carbon (Zhao et al., DAC 2024; figures of commit 14e1a7f restated as facts, the tool has no licence): 2.5D and 3D
// integrated circuits, made and used, and which way of joining dies gives enough bandwidth.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/published/named_switch.h"

namespace cradle::published {

using WattsPerSquareMillimetre = carbon::Quantity<carbon::Dimension<1, -1, 0, 0, -1, 0>>;

enum class ThreeDMethod : std::uint8_t {
  mcm,
  info_chip_first,
  info_chip_last,
  emib,
  silicon_interposer,
  micro_bumping,
  hybrid_bonding,
  monolithic,
};
/// As in the tool's files: "MCM", "InFO_chip_first", ...
std::string_view name(ThreeDMethod method);

/// Nodes in nm that the tool has figures for.
inline constexpr std::array<int, 9> three_d_nodes{3, 5, 7, 8, 10, 12, 14, 20, 28};

/// One entry of die_list. An absent number is 0, and is then computed.
struct ThreeDDie {
  std::string name = "die";
  int node = 7;                    ///< nm, one of three_d_nodes
  double gates = 0;                ///< count; 0: from the area
  carbon::SquareMillimetres area;  ///< 0: from the gates
  double layers = 0;               ///< metal layers, count; 0: from a wiring model
  bool layer_sensitive = true;     ///< energy and gas follow the number of layers
  double ios = 0;                  ///< count
  double number = 1;               ///< dies of this kind, count
  bool feature_size = false;       ///< given: the tool then has no feature size to compute anything with
};

/// The life of a product, where design_exploration asks for it.
struct ThreeDUse {
  carbon::Watts power;          ///< 0: not given
  carbon::Joules energy;        ///< of one run; 0: not given
  carbon::Seconds delay;        ///< of one run; 0: not given
  carbon::Seconds application;  ///< T_app: time in which `energy` is spent
  carbon::Seconds lifetime{0.25 * 365 * 86400};
  WattsPerSquareMillimetre power_density{
      0.45};          ///< of the application's class, where neither power nor energy is given
  double duty = 0.1;  ///< share of the lifetime in use, fixed in the tool
};

/// One entry of an estimation file.
struct ThreeDProduct {
  std::string name = "None";
  ThreeDMethod method = ThreeDMethod::mcm;
  bool wafer_to_wafer = false;                            ///< stacking: W2W; micro bumps and hybrid bonds only
  bool face_to_face = false;                              ///< F2F; micro bumps and hybrid bonds only
  carbon::SquareMillimetres package_area;                 ///< 0: from the dies
  bool tested = false;                                    ///< `test`: read with hybrid bonds only
  carbon::GramsPerKilowattHour making{301}, in_use{301};  ///< intensities where it is made and used
  std::vector<ThreeDDie> dies;                            ///< from bottom to top
  std::optional<ThreeDUse> use;
};

/// All off: as published. What each one corrects stands in three_d_switches().
struct ThreeDSwitches {
  bool wire_model = false;
  bool refuse_oversized = false;
  bool neighbour_above = false;
  bool face_to_face_dies = false;
  bool raw_material = false;
  bool via_energy = false;
  bool bonding_intensity = false;
  bool bonding_counted = false;
  bool largest_footprint = false;
  bool every_bond = false;
  bool interposer_gas = false;
  bool bond_yield = false;
  bool bonded_dies = false;
  bool stated_layers = false;
  bool no_test_factor = false;
  bool emib = false;
  bool every_entry = false;
  bool monolithic_tiers = false;
  bool exploration_keys = false;
  bool use_grid = false;
  bool power_from_energy = false;
  bool explored_stacks = false;
  bool infeasible_bandwidth = false;
  bool readme_keys = false;
};
std::span<const NamedSwitch<ThreeDSwitches>> three_d_switches();

/// Carbon of one entry of die_list, all its dies together.
struct ThreeDDieCarbon {
  std::string name;
  carbon::SquareMillimetres area;  ///< of one die, vias included
  double gates = 0;
  double layers = 0;
  double yield = 1;           ///< of the die alone
  double dies_per_wafer = 0;  ///< count
  carbon::GramsCO2e carbon;
};

struct ThreeDCarbon {
  std::vector<ThreeDDieCarbon> dies;
  carbon::GramsCO2e bonding, substrate, package;
  double factor = 1;  ///< of the total: 1000 where the tool mistakes the unit of a tested product
  std::optional<carbon::GramsCO2e> operational;

  carbon::GramsCO2e die_sum() const;
  carbon::GramsCO2e embodied() const { return (die_sum() + bonding + substrate + package) * factor; }
  carbon::GramsCO2e total() const { return embodied() + operational.value_or(carbon::GramsCO2e{}); }
};

/// The model. bad_input if a die has neither gates nor area, an unknown node, or is larger than a wafer, a stacking is
/// impossible, or a use has no delay to go with its power.
Result<ThreeDCarbon> three_d_carbon(const ThreeDProduct& product, const ThreeDSwitches& switches, std::string where);

/// One entry of an exploration file: a die whose circuits may be split.
struct ThreeDQuestion {
  std::string name = "None";
  ThreeDDie die;
  double efficiency = 1;                     ///< energy_efficiency, TOPS/W
  double bandwidth = 0;                      ///< bandwidth-requirement, TB/s
  int memory_node = 28;                      ///< nm; the tool has 28 always
  carbon::GramsPerKilowattHour making{583};  ///< the tool has Taiwan always
};

/// One way of joining the two halves of a split die.
struct ThreeDOption {
  std::string name;  ///< "2D", "MCM", ..., "Monolithic_3D"
  carbon::GramsCO2e dies, bonding, substrate, package;
  std::optional<carbon::GramsCO2e>
      operational;           ///< none if the bandwidth is out of reach (switch infeasible-bandwidth)
  double bandwidth = 0;      ///< TB/s
  bool wide_enough = false;  ///< more than asked for
  carbon::SquareMillimetres largest_die;

  carbon::GramsCO2e embodied() const { return dies + bonding + substrate + package; }
};

/// The die whole (first), and split in all eight ways. `heterogeneous`: memory apart, in its own node; else two halves.
Result<std::vector<ThreeDOption>> explore(const ThreeDQuestion& question, bool heterogeneous,
                                          const ThreeDSwitches& switches, const std::string& where);

/// A file of either kind.
struct ThreeDInput {
  std::vector<ThreeDProduct> products;
  std::vector<ThreeDQuestion> questions;
  std::vector<std::string> notes;
};
/// Some switches are rules of reading. bad_input with file and line.
Result<ThreeDInput> parse_three_d(std::string_view text, const std::string& source, const ThreeDSwitches& switches);
Result<ThreeDInput> read_three_d(const std::filesystem::path& path, const ThreeDSwitches& switches);

}  // namespace cradle::published
