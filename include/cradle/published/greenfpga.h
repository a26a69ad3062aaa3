// GreenFPGA (DAC 2024; BSD-3-Clause, as of commit 6add8f5): design, manufacture, use and end of life of FPGAs against
// ASICs that are designed anew for each application.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/published/eco_chip.h"
#include "cradle/published/named_switch.h"

namespace cradle::published {

/// The tables of ECO-CHIP, and how a die's area is split into logic, analog and memory (in the order of EcoChipBlock).
struct GreenFpgaTables {
  EcoChipTables nodes;
  std::array<double, 3> area_share{0.74, 0.16, 0.1};
};
/// tech_params/ of commit 6add8f5. Area and power scaling are fixed in the program.
GreenFpgaTables published_greenfpga_tables();
/// area_config.json and three node tables of a tech_params folder. missing_data if one is absent; bad_input with file
/// and line otherwise.
Result<GreenFpgaTables> read_greenfpga_tables(const std::filesystem::path& folder);

/// Time in calendar months: 720 h as published, 730 h corrected.
struct Months {
  double value = 0;
};
/// A mass, not an emission.
struct MassGrams {
  double value = 0;
};

/// spec.json, green_fpga_param.json and node_list.txt of one folder.
struct GreenFpgaDesign {
  std::string name;
  std::vector<EcoChipNodeIndex> nodes;  ///< of node_list.txt; the tool reports the first one
  carbon::SquareMillimetres area;       ///< as if made in 7 nm
  carbon::Watts power;
  carbon::Hours lifetime;         ///< of the whole evaluation, not of one design
  double applications = 1;        ///< num_app, count
  double designs = 1;             ///< num_des: chips designed and made one after the other, count
  double volume = 1;              ///< num_prt_mfg or --emb_vol: parts of each design, count
  double operating_volume = 1;    ///< --ope_vol, else num_prt_mfg; the tool uses `volume`
  double application_size = 1;    ///< gates
  double device_capacity = 1;     ///< gates
  std::optional<double> devices;  ///< --nfpga: devices for one application, in place of size over capacity

  Months front_end, back_end;  ///< development of one application
  Months configuration;        ///< of one part
  carbon::Watts power_per_core;
  double cores = 0;
  carbon::GramsPerKilowattHour development_intensity, use_intensity;
  double recycled_share = 0;   ///< of the silicon, 0 .. 1
  double recycled_carbon = 1;  ///< of recycled silicon against new, ratio
  carbon::KilowattHours per_person_year;
  double people = 0;           ///< tot_emp: person-years of a design
  double gate_scale = 1;       ///< ratio
  double duty = 1;             ///< dc: ratio
  double discarded_share = 0;  ///< of devices at the end of life, the rest is recycled, 0 .. 1
  double discard_carbon = 0;   ///< g CO2e per g of device (the file has kg per tonne)
  double recycle_credit = 0;   ///< g CO2e saved per g of device
  MassGrams device_mass;
};

/// All off: as published. What each one corrects stands in greenfpga_switches().
struct GreenFpgaSwitches {
  bool design_intensity_of_file = false;
  bool end_of_life_of_file = false;
  bool whole_devices = false;
  bool operating_volume = false;
  bool every_node = false;
  bool wafer_300mm = false;
  bool whole_dies = false;
  bool waste_yielded = false;
  bool waste_by_made_area = false;
  bool one_duty_cycle = false;
  bool calendar_months = false;
};
std::span<const NamedSwitch<GreenFpgaSwitches>> greenfpga_switches();

/// Carbon of one device, by block in the order of EcoChipBlock.
struct GreenFpgaDevice {
  std::array<carbon::GramsCO2e, 3> manufacturing, operational;  ///< the latter for a duty of 1
};

struct GreenFpgaCarbon {
  GreenFpgaDevice device;
  carbon::GramsCO2e design, manufacturing, end_of_life, operational, application_development;

  carbon::GramsCO2e embodied() const { return design + manufacturing + end_of_life + application_development; }
  carbon::GramsCO2e total() const { return embodied() + operational; }
};

/// bad_input if a number is outside its range, there is no node, or the die does not fit on the wafer.
Result<void> check(const GreenFpgaDesign& design, const GreenFpgaTables& tables, const GreenFpgaSwitches& switches,
                   const std::string& where);

/// The model at one node of the design (0: the first, as the tool does). Allocates nothing.
/// Precondition: check passes, node < design.nodes.size().
GreenFpgaCarbon evaluate(const GreenFpgaDesign& design, const GreenFpgaTables& tables,
                         const GreenFpgaSwitches& switches, std::size_t node = 0);

/// From how many designs on the reused device (`fpga`, as it is) costs less than a chip for each design (`asic`, with
/// its number of designs varied): embodied::formula::crossing of the two totals. bad_input as `check`; missing_data if
/// they cost the same nowhere above 0.
Result<double> crossover(const GreenFpgaDesign& asic, const GreenFpgaDesign& fpga, const GreenFpgaTables& tables,
                         const GreenFpgaSwitches& switches);

/// What the tool's command line puts in place of the files' values. The volumes, counts and area are whole numbers.
struct GreenFpgaOverrides {
  std::optional<double> applications, lifetime_years, designs, devices, power, area, volume, operating_volume;
};
struct GreenFpgaFiles {
  std::string_view spec, parameters, nodes;
};
/// `folder` names the files in errors and the design. A key that is overridden may be absent, `area` excepted.
Result<GreenFpgaDesign> parse_greenfpga(const GreenFpgaFiles& files, const std::filesystem::path& folder,
                                        const GreenFpgaOverrides& overrides = {});
Result<GreenFpgaDesign> read_greenfpga(const std::filesystem::path& folder, const GreenFpgaOverrides& overrides = {});

}  // namespace cradle::published
