// What the catalogue knows: one struct per kind of record. Every number in them has a source.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cradle/carbon/intensity.h"
#include "cradle/catalog/coefficient.h"

namespace cradle::catalog {

enum class Kind {
  accelerator,
  cpu,
  memory,
  storage,
  nic,
  server,
  grid,
  process,
  package,
  material,
  partitioning,
  curve
};

/// Every kind, in the order in which they are listed.
inline constexpr std::array<Kind, 12> all_kinds = {Kind::accelerator, Kind::cpu,      Kind::memory,       Kind::storage,
                                                   Kind::nic,         Kind::server,   Kind::grid,         Kind::process,
                                                   Kind::package,     Kind::material, Kind::partitioning, Kind::curve};
/// "accelerator", "cpu", ...: the word of the TOML tables and of the command line.
const char* to_string(Kind kind);

/// What every record has.
struct Record {
  std::string id;
  std::string name;
  std::string note;    ///< may be empty
  std::string origin;  ///< file and line of the record
};

/// One accelerator board or module, as it is bought.
struct Accelerator : Record {
  std::string vendor;
  bool mig = false;  ///< can be partitioned in hardware (NVIDIA multi-instance GPU)
  Coefficient<carbon::Watts> idle_power;
  Coefficient<carbon::Watts> full_power;
  Coefficient<carbon::Bytes> memory;
  Coefficient<OperationsPerSecond> fp16_throughput;  ///< peak, dense
  std::optional<Coefficient<carbon::SquareMillimetres>> die_area;
  Coefficient<carbon::GramsCO2e> embodied;  ///< cradle to gate
  Coefficient<carbon::Years> lifetime;
};

/// One processor socket.
struct Cpu : Record {
  std::string vendor;
  Coefficient<double> cores;
  Coefficient<double> threads;
  Coefficient<carbon::Watts> idle_power;
  Coefficient<carbon::Watts> full_power;
  std::optional<Coefficient<carbon::SquareMillimetres>> die_area;
  Coefficient<carbon::GramsCO2e> embodied;
  Coefficient<carbon::Years> lifetime;
};

/// Memory modules, by capacity.
struct Memory : Record {
  Coefficient<WattsPerByte> power;
  Coefficient<GramsPerByte> embodied;
  Coefficient<carbon::Years> lifetime;
};

/// Drives, by capacity.
struct Storage : Record {
  Coefficient<WattsPerByte> power;
  Coefficient<GramsPerByte> embodied;
  Coefficient<carbon::Years> lifetime;
};

/// One network card.
struct Nic : Record {
  Coefficient<carbon::Watts> idle_power;
  Coefficient<carbon::Watts> full_power;
  Coefficient<carbon::GramsCO2e> embodied;
  Coefficient<carbon::Years> lifetime;
};

/// A machine made of the parts above and of a base: chassis, boards, power supplies, fans, and any drive or network
/// card that is not named as a part. An empty id means that the machine has no such part.
struct Server : Record {
  std::string cpu;
  Coefficient<double> cpu_sockets;
  std::string memory;
  Coefficient<carbon::Bytes> memory_size;
  std::string accelerator;
  std::optional<Coefficient<double>> accelerator_count;
  std::string storage;
  std::optional<Coefficient<carbon::Bytes>> storage_size;
  std::string nic;
  std::optional<Coefficient<double>> nic_count;
  Coefficient<carbon::GramsCO2e> base_embodied;
  Coefficient<carbon::Watts> base_power;  ///< constant draw of the base; 0 reproduces models that leave it out
  Coefficient<carbon::Years> lifetime;
  /// GPU model names of cluster traces that this machine stands for; "" stands for nodes without a GPU.
  std::vector<std::string> trace_models;
};

/// One fab node: what processing an area of its wafer costs, how well it works, and what its circuits are like. Areas,
/// delays and energies of the same circuit are relative to the node `reference_node`.
struct FabProcess : Record {
  static constexpr double reference_node = 7;              ///< nm
  Coefficient<double> node;                                ///< nm, as it is marketed
  Coefficient<carbon::JoulesPerSquareMillimetre> energy;   ///< EPA: electricity of the fab
  Coefficient<carbon::GramsPerSquareMillimetre> gas;       ///< GPA: process gases after abatement
  Coefficient<carbon::GramsPerSquareMillimetre> material;  ///< MPA: wafer, chemicals, upstream gases
  Coefficient<carbon::PerSquareMillimetre> defects;        ///< D0
  Coefficient<double> clustering;                          ///< alpha of the negative binomial yield
  Coefficient<carbon::PerSquareMillimetre> transistors;    ///< density of logic
  Coefficient<double> logic_area, sram_area, analog_area;  ///< of the same block, ratio
  Coefficient<double> delay;                               ///< of the same logic, ratio
  Coefficient<double> switching_energy;                    ///< of the same logic, ratio
  Coefficient<double> interconnect_share;                  ///< part of the wafer's carbon that its wiring layers cost
  Coefficient<double> wafer_cost;                          ///< US dollars for a 300 mm wafer
  Coefficient<double> design_cost;                         ///< US dollars, masks and verification of one design
};

/// How several dies become one chip.
enum class PackageForm : std::uint8_t {
  organic,  ///< dies side by side on a laminate (flip chip, multi-chip module)
  fanout,   ///< redistribution layers in place of a laminate (RDL, InFO)
  bridge,   ///< small pieces of silicon under neighbouring dies (EMIB)
  passive_interposer,
  active_interposer,
  stacked,     ///< dies on dies, through-silicon vias with micro-bumps or hybrid bonds
  monolithic,  ///< tiers grown on one wafer
};

/// One packaging technology. Areas of carrier and substrate are ratios to the dies' (stacked: the largest die's) area.
struct PackageTechnology : Record {
  PackageForm form = PackageForm::organic;
  std::string carrier_process;               ///< fab process of interposer or bridge; empty: none
  Coefficient<double> carrier_area;          ///< ratio; of a bridge: mm2 for one bridge
  Coefficient<double> carrier_carbon_share;  ///< part of the process's carbon that the carrier costs
  /// D0 of the carrier, which may be wiring alone; without it that of the process.
  std::optional<Coefficient<carbon::PerSquareMillimetre>> carrier_defects;
  Coefficient<double> substrate_area;                               ///< ratio
  Coefficient<carbon::JoulesPerSquareMillimetre> substrate_energy;  ///< of laminate or redistribution layers
  Coefficient<carbon::JoulesPerSquareMillimetre> bonding_energy;    ///< for each area of die that is bonded
  Coefficient<double> bonding_yield;                                ///< for each die that is bonded, ratio
  Coefficient<double> via_area;                                     ///< part of each die given to vias and links, ratio
  Coefficient<double> link_energy;                                  ///< joules for one bit between two dies
  Coefficient<double> link_delay;    ///< growth of the critical path for each crossing, ratio
  Coefficient<double> most_dies;     ///< count that the technology carries
  Coefficient<double> cost;          ///< US dollars for each mm2 of substrate
  Coefficient<double> bonding_cost;  ///< US dollars for each die
};

/// Anything else that is bought by mass, area, distance or piece: steel, boards, power supplies, freight.
struct Material : Record {
  std::string per;  ///< what `embodied` is for: "kg", "m2", "m2 layer", "t km", "piece", "kWh"
  Coefficient<carbon::GramsCO2e> embodied;
};

/// A typical year: mean and standard deviation over the days of a month, by month (January first) and hour of the day
/// (UTC).
struct YearProfile {
  template <class T>
  using Table = std::array<std::array<T, 24>, 12>;
  Table<carbon::GramsPerKilowattHour> mean{};
  Table<carbon::GramsPerKilowattHour> spread{};
  std::int64_t hours_used = 0;     ///< hours of data behind the profile
  std::int64_t hours_missing = 0;  ///< hours of the period without a usable value
  std::vector<std::string> gaps;   ///< each run of missing hours: start, length and why
  carbon::Provenance provenance;
};

/// An electricity grid. Average and marginal intensity answer different questions: one never stands in for the other.
struct Grid : Record {
  std::string region;
  Coefficient<carbon::GramsPerKilowattHour> average;  ///< mean over a year
  std::optional<YearProfile> average_profile;
  std::optional<Coefficient<carbon::GramsPerKilowattHour>> marginal;
  std::optional<YearProfile> marginal_profile;

  /// Average intensity: the profile repeated for ever, or the constant mean where there is no profile. The year has
  /// 8,760 hourly steps from 2022-01-01T00:00Z and a period of 365 days, so that after leap days the seasons of the
  /// series run ahead of the calendar by one day each.
  carbon::IntensitySeries series() const;
  /// Marginal intensity in the same form; nothing if the record has none.
  std::optional<carbon::IntensitySeries> marginal_series() const;
};

}  // namespace cradle::catalog
