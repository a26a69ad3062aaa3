// ACT v2.0 (Gupta et al., ISCA 2022; facebookresearch/ACT): carbon of a bill of materials, by part and by category.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/coefficient.h"
#include "cradle/published/named_switch.h"

namespace cradle::published {

/// A mass of something, not of CO2e.
struct Kilograms {
  double value = 0;
};
struct JoulesPerKilogram {
  double value = 0;
};

/// Where ACT as published differs from what its authors describe or physics asks. All false: as published.
struct ActSwitches {
  bool fab_grid_of_flags = false;    ///< the fab of a bill made of flags uses --fab-ci, not --op-ci
  bool every_flag = false;           ///< --ics, --caps and --pcb-area are parts of the bill
  bool package_not_yielded = false;  ///< a manual part's packages cost 150 g each, as in all other models
  bool one_grid_table = false;       ///< a chosen grid table reaches fabs and capacitors, not only operation
  bool whole_number_yield = false;   ///< the yield of memory and storage may be written 1
  bool capacitor_defaults = false;   ///< a capacitor without quantity is one, without weight 0.03 g
  bool material_quantity = false;    ///< materials count as often as their quantity says
  bool squared_prefixes = false;     ///< 1 km2 is 1e6 m2, not 1000 m2
  bool material_names = false;  ///< aluminium and aluminum are the table's "alumnimum"; batteries may be of type LFP
  bool board_category = false;  ///< boards are reported as PCB, not as FABRICATION
  bool category_names = false;  ///< a manual part's category may be named
  bool data_capacity = false;   ///< a capacity without a unit of data is refused
  bool empty_imported_section = false;  ///< an imported section may be empty
  bool area_yield = false;  ///< a die without a stated yield has Murphy's, 0.15 defects for each cm2, not 0.875
};
std::span<const NamedSwitch<ActSwitches>> act_switches();

/// The tables of ACT's models folder.
struct ActModels {
  template <class T>
  using Table = std::map<std::string, T, std::less<>>;
  Table<carbon::GramsPerJoule> locations, sources;  ///< carbon intensity by name of place and of power source
  Table<carbon::JoulesPerSquareMillimetre> energy;  ///< EPA by node ("7nm")
  Table<carbon::GramsPerSquareMillimetre> gas95, gas99, material;  ///< GPA at 95 and 99 % abatement, MPA
  Table<catalog::GramsPerByte> dram, flash, hdd;
  Table<double> metals;                                         ///< g CO2e for each g
  std::map<double, carbon::GramsPerSquareMillimetre> boards;    ///< by number of layers
  std::optional<carbon::GramsPerSquareMillimetre> board_layer;  ///< for each layer of any other board
  Table<JoulesPerKilogram> capacitors;
  std::string source;  ///< folder, or the release that the figures are restated from
};

/// The tables of release 2.0 (facts restated from facebookresearch/ACT @abc9fbb, MIT); `year` 2022 or 2023 is the one
/// of its two location tables.
ActModels act_release_models(int year = 2022);
/// Reads a models folder (carbon_intensity/, logic/, dram/, ssd/, hdd/, materials/, passives/). `year` 2022 or 2023 in
/// place of what location.yaml is or names; 0: location.yaml.
Result<ActModels> read_act_models(const std::filesystem::path& folder, int year = 0);

enum class ActModel : std::uint8_t { logic, dram, flash, hdd, manual };
enum class ActCategory : std::uint8_t {
  packaging = 1,
  materials,
  operation,
  fabrication,
  passives,
  pcb,
  connector,
  enclosure,
  other
};
/// "PACKAGING", ...: the names of ACT's report.
std::string_view name(ActCategory category);

struct ActSilicon {
  std::string name;
  ActModel model = ActModel::logic;
  carbon::SquareMillimetres area;
  carbon::Bytes capacity;
  double packages = 0;  ///< packaged ICs
  std::string process;
  std::optional<carbon::GramsCO2e> carbon;  ///< of a manual part
  ActCategory category = ActCategory::fabrication;
  std::optional<double> yield;  ///< ratio; absent: 0.875
  std::string fab_grid = "taiwan";
  int abatement = 97;  ///< percent: 95, 97 or 99
  std::string where;   ///< file and line
};

struct ActPassive {
  std::string name;
  std::string category;  ///< capacitor; resistor and signal bead have no model
  std::string type = "generic";
  std::optional<double> quantity;
  std::optional<Kilograms> weight;  ///< of one
  std::string fab_grid = "japan";
  std::string where;
};

struct ActMaterial {
  std::string name;
  std::string category;  ///< frame, enclosure, pcb or battery
  std::string type;
  double quantity = 1;
  Kilograms weight;
  carbon::SquareMillimetres area;
  std::optional<double> layers;
  carbon::Joules capacity;
  std::string where;
};

struct ActBom {
  std::string name;
  std::vector<ActSilicon> silicon;
  std::vector<ActPassive> passives;
  std::vector<ActMaterial> materials;
  std::vector<std::string> notes;
};

/// The text of a file that a bill imports by name.
using ActImport = std::function<Result<std::string>(std::string_view name)>;

/// Reads ACT's bill of materials (YAML 1.1). Some switches are rules of reading. Refused in both modes, though ACT
/// computes with them: negative areas, amounts and counts, yields outside (0, 1], decimal commas.
Result<ActBom> parse_act_bom(std::string_view text, const std::string& source, const ActSwitches& switches,
                             const ActImport& import);
Result<ActBom> read_act_bom(const std::filesystem::path& path, const ActSwitches& switches);

/// Operation: power drawn for `duty` of `lifetime` from the grid (or power source) of that name.
struct ActOperation {
  carbon::Watts power;
  carbon::Seconds lifetime{carbon::Years{2}};
  double duty = 1;
  std::string grid = "usa";
};

struct ActAmount {
  std::string_view section;  ///< "silicon", "passives", "materials"
  std::string item;
  ActCategory category = ActCategory::fabrication;
  carbon::GramsCO2e amount;
};

struct ActReport {
  std::vector<ActAmount> amounts;  ///< in order of the bill
  carbon::GramsCO2e embodied;
  carbon::GramsCO2e operation;

  carbon::GramsCO2e total() const { return embodied + operation; }
  /// Sum of one category, operation included.
  carbon::GramsCO2e of(ActCategory category) const;
};

/// One die: area (CI EPA + GPA + MPA) / yield (ISCA 2022, eq. 4 and 5), without packages. missing_data-free: bad_input
/// at `where` for a node or grid that the tables lack.
Result<carbon::GramsCO2e> act_die(const ActModels& models, carbon::SquareMillimetres area, std::string_view node,
                                  std::string_view grid, int abatement, double yield, const std::string& where);

/// The whole bill. `operation_models` gives the grids of operation; with one_grid_table those of everything.
Result<ActReport> evaluate_act(const ActBom& bom, const ActModels& models, const ActModels& operation_models,
                               const ActOperation& operation, const ActSwitches& switches);

/// The products of embodied carbon C, delay D and energy E by which ACT ranks designs (ISCA 2022, table 2), in the
/// units g s, g J, g2 J and g J2.
struct ActMetrics {
  double cdp = 0, cep = 0, c2ep = 0, ce2p = 0;
};
ActMetrics act_metrics(carbon::GramsCO2e embodied, carbon::Seconds delay, carbon::Joules energy);

}  // namespace cradle::published
