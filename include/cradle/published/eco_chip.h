// ECO-CHIP (Sudarshan et al., HPCA 2024; BSD-3-Clause, as of commit fe998d9): carbon of a system of chiplets, their
// design, their package and their use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/embodied/die.h"
#include "cradle/published/named_switch.h"

namespace cradle::published {

/// Nodes in nm, in the order of the tool's tables; the last one is for interposers only.
inline constexpr std::array<int, 6> eco_chip_nodes{7, 10, 14, 22, 28, 65};
using EcoChipNodeIndex = std::uint8_t;  ///< into eco_chip_nodes
inline constexpr EcoChipNodeIndex eco_chip_node_14 = 2, eco_chip_node_22 = 3, eco_chip_node_65 = 5;

enum class EcoChipBlock : std::uint8_t { logic, analog, sram };
enum class EcoChipPackage : std::uint8_t { rdl, emib, passive, active, stack };
std::string_view name(EcoChipBlock block);
/// "RDL", "EMIB", "passive", "active", "3D".
std::string_view name(EcoChipPackage package);
/// bad_input, with the nearest name, for anything else.
Result<EcoChipPackage> parse_eco_chip_package(std::string_view text, std::string where);

/// One column of tech_params/.
struct EcoChipNode {
  carbon::GramsPerSquareMillimetre carbon_per_area;
  carbon::PerSquareMillimetre defects;
  double wiring_share = 0;                  ///< of the wafer's carbon that its metal layers cause
  double dynamic_share = 0;                 ///< of power that switching causes
  carbon::PerSquareMillimetre transistors;  ///< none at 65 nm
  double gates_per_core_hour = 0;           ///< none at 65 nm
  std::array<double, 3> area_scale{};       ///< by EcoChipBlock, against 7 nm; none at 65 nm
  std::array<double, 3> power_scale{};
};
struct EcoChipTables {
  std::array<EcoChipNode, eco_chip_nodes.size()> nodes;
};
/// tech_params/ of commit fe998d9 (CPA, defect density, area and power scaling: paper, section IV).
const EcoChipTables& published_eco_chip_tables();
/// The nine tables of a tech_params folder. missing_data if one is absent; bad_input with file and line otherwise.
Result<EcoChipTables> read_eco_chip_tables(const std::filesystem::path& folder);

struct EcoChipChiplet {
  std::string name;
  EcoChipBlock block = EcoChipBlock::logic;
  carbon::SquareMillimetres area;  ///< as if made in 7 nm
  EcoChipNodeIndex node = 0;       ///< below eco_chip_node_65
};

/// A system: architecture.json, designC.json, packageC.json and operationalC.json of one folder, and what the tool has
/// as fixed numbers.
struct EcoChipDesign {
  std::string name;
  std::vector<EcoChipChiplet> chiplets;
  EcoChipPackage package = EcoChipPackage::rdl;  ///< no influence on a single chiplet

  carbon::Watts power;     ///< of all chiplets together if they were made in 7 nm
  carbon::Hours lifetime;  ///< time in use
  double iterations = 90;  ///< num_iter: runs of the design flow
  double volume = 1e5;     ///< num_prt_mfg: parts that share the design, count
  double transistors_per_gate = 8;
  carbon::Watts power_per_core{10};
  carbon::GramsPerKilowattHour design_intensity{700};
  carbon::GramsPerKilowattHour use_intensity{700};  ///< the files have one intensity for both

  EcoChipNodeIndex interposer_node = eco_chip_node_65;
  double rdl_layers = 6, num_beol = 8;  ///< counts
  embodied::Millimetres emib_pitch{10}, tsv_pitch{0.025}, tsv_size{0.005};
  carbon::SquareMillimetres bridge_area{25};               ///< an EMIB bridge of 5 x 5 mm, made in 22 nm
  double bond_yield = 0.99;                                ///< of one bond, ratio
  double load_share = 0.667, duty = 0.1, switching = 0.2;  ///< mean power over `power`; time in use; activity
};

/// Limit on the chiplets of a system.
inline constexpr std::size_t eco_chip_most_chiplets = 128;

/// All off: as published. What each one corrects stands in eco_chip_switches().
struct EcoChipSwitches {
  bool iterations_of_file = false;
  bool package_defects = false;
  bool stack_scaled_once = false;
  bool wafer_300mm = false;
  bool bridge_yield = false;
  bool whole_dies = false;
  bool waste_yielded = false;
  bool active_wiring_of_node = false;
  bool active_routers_fit = false;
  bool active_router_design = false;
  bool router_yield_each = false;
  bool routers_in_dies = false;
  bool bond_loses_dies = false;
  bool floorplan_descending = false;  ///< a choice, as defensible either way: off in the corrected mode
};
std::span<const NamedSwitch<EcoChipSwitches>> eco_chip_switches();

/// Carbon of one chiplet, of the package, or of a sum of them.
struct EcoChipShare {
  carbon::GramsCO2e manufacturing, design, operational;

  carbon::GramsCO2e total() const { return manufacturing + design + operational; }
};

/// Sides of the package's floor and the EMIB bridges that its chiplets need.
struct EcoChipFloor {
  embodied::Millimetres x, y;
  double interfaces = 0;  ///< count

  carbon::SquareMillimetres area() const { return carbon::SquareMillimetres{x.value * y.value}; }
};

struct EcoChipSystem {
  EcoChipShare chiplets;   ///< their sum
  EcoChipShare packaging;  ///< zero for a single chiplet

  carbon::GramsCO2e total() const { return chiplets.total() + packaging.total(); }
};

/// bad_input if a number is outside its range (areas, volume, lifetime, pitch > 0, ...), there is no chiplet or too
/// many, or with `whole_dies` a chiplet does not fit on the wafer.
Result<void> check(const EcoChipDesign& design, const EcoChipTables& tables, const EcoChipSwitches& switches,
                   const std::string& where);

/// The model (paper, eqs. 1 to 14). `shares` takes one entry for each chiplet. Allocates nothing.
/// Precondition: check passes and shares.size() == design.chiplets.size().
EcoChipSystem evaluate(const EcoChipDesign& design, const EcoChipTables& tables, const EcoChipSwitches& switches,
                       std::span<EcoChipShare> shares);

/// Chiplets that are larger than a wafer or than one exposure, which the tool answers all the same.
std::vector<std::string> size_notes(const EcoChipDesign& design, const EcoChipTables& tables,
                                    const EcoChipSwitches& switches);

/// Recursive bisection of the chiplets by area, 2:1 rectangles, 0.5 mm for each cut. `areas` are reordered.
/// Precondition: 1 .. eco_chip_most_chiplets positive areas, in mm2.
EcoChipFloor floorplan(std::span<double> areas, embodied::Millimetres emib_pitch, bool descending);

/// The texts of the four files of a design.
struct EcoChipFiles {
  std::string_view architecture, design, operation, package;
};
/// `folder` names the files in errors and the design. `package` overrides pkg_type.
Result<EcoChipDesign> parse_eco_chip(const EcoChipFiles& files, const std::filesystem::path& folder,
                                     std::optional<EcoChipPackage> package = {});
Result<EcoChipDesign> read_eco_chip(const std::filesystem::path& folder, std::optional<EcoChipPackage> package = {});

}  // namespace cradle::published
