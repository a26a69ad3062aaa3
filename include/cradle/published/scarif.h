// SCARIF (Ji et al., ISVLSI 2024; arc-research-lab/SCARIF): a server's embodied carbon by regression, and when an
// upgrade pays back.
#pragma once

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

/// Where SCARIF as published differs from what it was fitted on or should print. All false: as published.
struct ScarifSwitches {
  bool square_centimetres = false;  ///< 100 mm2 are 1 cm2 in the chip's own figure, not 1000 mm2
  bool clear_accelerator = false;   ///< a system without accelerator does not print the one before it
  bool fitted_terms = false;        ///< coefficients as fitted and the year with its month, neither cut off
  bool not_negative = false;        ///< a total below zero is outside the fit's range and counts as zero
  bool never = false;               ///< an upgrade that saves nothing never breaks even
  bool whole_servers = false;       ///< a fleet has whole servers
  bool nodes_between = false;       ///< a node between two known ones is interpolated, 12 nm say
  bool fab_grid = false;            ///< chips are made with Taiwan's grid (583 g/kWh), not with coal power
};
std::span<const NamedSwitch<ScarifSwitches>> scarif_switches();

struct ScarifChip {
  double node_nm = 0;              ///< 28, 20, 14, 10, 8, 7, 5, 3
  carbon::SquareMillimetres area;  ///< of all chips of the server
};

struct ScarifServer {
  std::string name = "system";
  std::string vendor = "HP";  ///< HP, Dell or Lenovo
  double cores = 0;           ///< of all sockets
  carbon::Bytes dram, ssd, hdd;
  int year = 0;
  std::optional<int> month;  ///< 1..12, read by fitted_terms; absent: the middle of the year
  std::optional<ScarifChip> accelerator;
  /// Release 0.1 scaled the accelerator from the server's own two processors; 0.2 scales it from one Xeon 8180 (28
  /// cores, 698 mm2 in 14 nm).
  std::optional<ScarifChip> own_cpu;
};

struct ScarifCarbon {
  carbon::KilogramsCO2e base;
  carbon::KilogramsCO2e accelerator;
  carbon::KilogramsCO2e chip;  ///< ACT's figure of the accelerator, before it is scaled to a board
  bool clamped = false;        ///< the regression gave less than nothing

  carbon::KilogramsCO2e total() const { return base + accelerator; }
};

/// 5.01 kg a core, 0.95 a GB of DRAM, 0.16 SSD, 0.04 HDD, 83.08 a year since 2000, and the vendor's constant; plus
/// 140.28 kg (28 cores) times the accelerator's carbon over a Xeon 8180's, both by ACT with coal power, 95 % abatement
/// and yield 0.875. bad_input for an unknown vendor or node, or negative amounts.
Result<ScarifCarbon> evaluate_scarif(const ScarifServer& server, const ScarifSwitches& switches);

/// A server at work: the accelerator's task power for `utilisation` of the time, its idle power else, beside `cpus`
/// sockets at idle power.
struct ScarifSystem {
  ScarifServer server;
  double cpus = 0;
  carbon::Watts cpu_idle, accelerator_idle, accelerator_task;
  double utilisation = 1;
};
/// Energy of a year of 8,760 hours.
carbon::KilowattHours scarif_energy(const ScarifSystem& system);

struct ScarifRegion {
  std::string name;
  carbon::GramsPerKilowattHour intensity;
};
/// The four regions of the publication: TX, AZ, CA, NY.
std::vector<ScarifRegion> scarif_regions();

/// An installed system and the one that may replace it; the installed one's embodied carbon is spent.
struct ScarifUpgrade {
  ScarifSystem installed, proposed;
  std::vector<ScarifRegion> regions;
};
/// The publication's first case study: two sockets and a V100 (2017) against two sockets and an A100 (2020).
ScarifUpgrade scarif_case_study();

struct ScarifBreakEven {
  std::string region;
  carbon::KilogramsCO2e saved_per_year;
  /// Embodied carbon of the new system over the saving; infinite where nothing is saved. Years of 8,760 hours; negative
  /// as published where the new system emits more.
  carbon::Hours after;
};
struct ScarifUpgradeResult {
  ScarifCarbon installed, proposed;
  std::vector<ScarifBreakEven> regions;
};
Result<ScarifUpgradeResult> evaluate_scarif(const ScarifUpgrade& upgrade, const ScarifSwitches& switches);

/// The second case study: how many servers of each kind do the same work, and what they emit over the years.
struct ScarifFleetOption {
  std::string name;
  std::optional<ScarifChip> accelerator;  ///< one board
  double count = 0;                       ///< boards in a server
  carbon::Watts base, each;               ///< power of the server without boards, and of a board
  double servers = 1;                     ///< that do the work of one reference server
};
struct ScarifFleet {
  ScarifServer host;
  std::vector<ScarifFleetOption> options;
  carbon::GramsPerKilowattHour intensity;
  std::vector<double> years;
};
struct ScarifFleetResult {
  std::string name;
  carbon::KilogramsCO2e server, servers, operation_per_year;
  std::vector<carbon::KilogramsCO2e> after;  ///< for each of the years
};
Result<std::vector<ScarifFleetResult>> evaluate_scarif(const ScarifFleet& fleet, const ScarifSwitches& switches);

/// What an input file may ask.
struct ScarifInput {
  std::vector<ScarifServer> servers;
  std::optional<ScarifUpgrade> upgrade;
  std::optional<ScarifFleet> fleet;
  std::vector<std::string> notes;
};
/// JSON or TOML: cpu_core_num, dram, ssd, hdd (GB), year, vendor, acc_tech_node, acc_chip_area of one server; or
/// system1 and system2 with, beside these, cpus, cpu_idle_w, acc_idle_w, acc_task_w, util, and regions (kg/kWh); or
/// host, options, intensity and years.
Result<ScarifInput> parse_scarif_json(std::string_view text, const std::string& source);
Result<ScarifInput> parse_scarif_toml(std::string_view text, const std::string& source);
/// One server a row, columns as above and name; two rows with util are an upgrade.
Result<ScarifInput> parse_scarif_csv(std::string_view text, const std::string& source);

}  // namespace cradle::published
