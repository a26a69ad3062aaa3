// Boavizta's server model (boaviztapi 2.4.1, form of the route /v1/server): global warming potential of a server from
// whatever is known of it, the rest taken from an archetype.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/published/act.h"
#include "cradle/published/named_switch.h"

namespace cradle::published {

/// Where the model as published differs from what it means. All false: as published. Limits of the model that are no
/// slips stay: 0.0197 kg/mm2 of die at any node, no power of drives and GPUs unless stated, bounds from unknown inputs
/// only.
struct BoaviztaSwitches {
  bool archetype_die = false;        ///< an archetype's cores and die per core count as known
  bool gpu_wafer_loss = false;       ///< a stated GPU die pays for its wafer, as the default one does
  bool gpu_memory_default = false;   ///< a GPU of unknown memory has the default 80 GB
  bool user_over_name = false;       ///< stated cores and TDP outrank those of the processor's name
  bool no_disks = false;             ///< an empty list of disks means none
  bool disk_types = false;           ///< a disk of unknown type is refused, not dropped
  bool disk_units = false;           ///< a disk without units is one
  bool manufacturer = false;         ///< the stated maker of a processor chooses its power profile
  bool replacement = false;          ///< servers that outlive their life are replaced
  bool ignore_empty_filter = false;  ///< a memory process that no known chip has does not empty the table
};
std::span<const NamedSwitch<BoaviztaSwitches>> boavizta_switches();

/// A value with the bounds that unknown inputs give it.
struct BoaviztaRange {
  double value = 0, min = 0, max = 0;
  static BoaviztaRange exactly(double value) { return {value, value, value}; }
};
struct BoaviztaImpact {
  carbon::KilogramsCO2e value, min, max;
};
struct GigabytesPerSquareCentimetre {
  double value = 0;
};

struct BoaviztaCpu {
  std::optional<double> units, cores;
  std::optional<carbon::SquareMillimetres> die, die_per_core;
  std::optional<carbon::Watts> tdp;
  std::string manufacturer, model_range, family, name;
};
struct BoaviztaRam {
  std::optional<double> units;
  std::optional<carbon::Bytes> capacity;  ///< GB of 1e9 bytes
  std::optional<GigabytesPerSquareCentimetre> density;
  std::optional<double> process_nm;
  std::string manufacturer;
};
struct BoaviztaDisk {
  std::optional<double> units;
  std::string type = "ssd";  ///< lower case
  std::optional<carbon::Bytes> capacity;
  std::optional<GigabytesPerSquareCentimetre> density;
  std::optional<double> layers;
  std::string manufacturer;
};
struct BoaviztaGpu {
  std::optional<double> units;
  std::string name;
  Kilograms weight{1.69}, heatsink{0.9}, casing{0.79};
  double board_cm2 = 296;
  std::optional<carbon::SquareMillimetres> die, memory_dies_area;
  std::optional<carbon::Bytes> memory;
  std::optional<double> memory_dies;
  double boat_km = 19000, truck_km = 1000, plane_km = 0;
  std::optional<carbon::Watts> power;
};
struct BoaviztaPowerSupply {
  std::optional<double> units;
  std::optional<Kilograms> weight;
};
/// A share of time at a load, both in percent.
struct BoaviztaWorkload {
  double time = 100, load = 50;
};
struct BoaviztaUsage {
  std::optional<carbon::Watts> power;
  std::optional<double> load;               ///< percent
  std::vector<BoaviztaWorkload> workloads;  ///< in place of `load`
  std::optional<double> time_ratio, other_ratio;
  std::optional<carbon::Hours> lifetime;
  std::string location;  ///< ISO 3166 alpha-3
  std::optional<carbon::GramsPerKilowattHour> intensity;
};

/// A request as read; what is absent comes from the archetype.
struct BoaviztaServer {
  std::string type;  ///< "rack", "blade", or anything else: the archetype's
  BoaviztaCpu cpu;
  std::optional<std::vector<BoaviztaRam>> ram;
  std::optional<std::vector<BoaviztaDisk>> disks;
  std::optional<BoaviztaGpu> gpu;
  BoaviztaPowerSupply power_supply;
  BoaviztaUsage usage;
  std::string where;  ///< file, for errors
};

/// One row of a table of processors (columns of boaviztapi's cpu_specs.csv, which is under AGPL-3.0 and not shipped).
struct BoaviztaCpuRow {
  std::string name, family, manufacturer, model_range;
  std::optional<double> cores;
  std::optional<carbon::SquareMillimetres> die;
  std::optional<carbon::Watts> tdp;
};
struct BoaviztaQuery {
  std::string archetype = "platform_compute_medium";
  std::optional<carbon::Hours> duration;  ///< absent: the server's life
  std::vector<BoaviztaCpuRow> cpu_table;  ///< empty: means of the published table, restated
};

struct BoaviztaComponent {
  std::string name;  ///< "assembly", "cpu", "gpu", "ram 1", "ssd 1", "hdd 2", "power supply", "case", "motherboard"
  BoaviztaImpact embodied;
};
struct BoaviztaReport {
  std::vector<BoaviztaComponent> components;  ///< in the order in which they are summed
  BoaviztaImpact embodied, use;
  BoaviztaRange power_watts;
  BoaviztaRange die_mm2;
  std::vector<std::string> notes;
};

/// bad_input for an unknown archetype, for values out of range, and for what the tool itself cannot compute.
Result<BoaviztaReport> evaluate_boavizta(const BoaviztaServer& server, const BoaviztaQuery& query,
                                         const BoaviztaSwitches& switches);

/// Reads the JSON body of a request: model.type, configuration (cpu, ram, disk, gpu, power_supply) and usage. Unknown
/// keys are ignored, as by the tool; counts, capacities and TDP are whole numbers.
Result<BoaviztaServer> parse_boavizta(std::string_view body, const std::string& source);
/// Reads a table of processors: name, code_name, tdp, cores, total_die_size, manufacturer, model_range.
Result<std::vector<BoaviztaCpuRow>> read_boavizta_cpus(const std::filesystem::path& path);

}  // namespace cradle::published
