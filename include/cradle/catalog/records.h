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

enum class Kind { accelerator, cpu, memory, storage, nic, server, grid };

/// Every kind, in the order in which they are listed.
inline constexpr std::array<Kind, 7> all_kinds = {Kind::accelerator, Kind::cpu,    Kind::memory, Kind::storage,
                                                  Kind::nic,         Kind::server, Kind::grid};
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
