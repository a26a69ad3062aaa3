// Boavizta's server: impacts of its components with bounds, amortised, and of its use.
#include "cradle/published/boavizta.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "boavizta_tables.h"
#include "cradle/base/text.h"

namespace cradle::published {
namespace {

using Range = BoaviztaRange;
using carbon::KilogramsCO2e;

constexpr double bytes_per_gb = 1e9;

// Factors in kg: dies of processors for mm2, of memory and flash for cm2, and each component's own.
constexpr double cpu_per_mm2 = 0.0197, cpu_base = 9.14;
constexpr double chip_per_cm2 = 2.2, ram_base = 5.22, ssd_base = 6.34;
constexpr double hdd = 31.11, supply_per_kg = 24.3, motherboard = 66.1, assembly = 6.68;
constexpr double rack_case = 150, blade_case = 880.0 / 16 + 30.9;  // a sixteenth of the chassis, and the blade
// GPU board: for kg, cm2 or mm2; freight for kg or kg km.
constexpr double casing_per_kg = 8.2542, heatsink_per_kg = 5.7412, board_per_cm2 = 0.032549, gpu_per_mm2 = 0.042592,
                 vram_per_mm2 = 0.18379, upstream_per_kg = 0.25955, truck_per_kg_km = 5.04e-5, boat_per_kg_km = 1.33e-5,
                 plane_per_kg_km = 0.00211, end_of_life_per_kg = 1.5062;
constexpr double gpu_die_mm2 = 814, vram_mm2_per_gb = 15.5, default_vram_dies = 6, default_vram_gb = 80;
constexpr double ram_watts_per_gb = 0.284;
constexpr Range default_lifetime_hours{35040, 35040, 35040};
constexpr Range default_other_ratio{0.33, 0.2, 0.6};
constexpr Range default_load{50, 0, 100};
constexpr double default_supply_kg = 2.99;
constexpr Range supply_kg{default_supply_kg, 1, 5};

Range given_or(const std::optional<double>& given, const Range& archetype) {
  return given ? Range::exactly(*given) : archetype;
}
Range operator+(const Range& a, const Range& b) { return {a.value + b.value, a.min + b.min, a.max + b.max}; }
/// Value with value, least with least: the model never crosses bounds.
Range operator*(const Range& a, const Range& b) { return {a.value * b.value, a.min * b.min, a.max * b.max}; }
Range operator*(const Range& a, double factor) { return {a.value * factor, a.min * factor, a.max * factor}; }
Range operator+(const Range& a, double term) { return {a.value + term, a.min + term, a.max + term}; }

/// Wafer area behind one die of `mm2`: a 300 mm wafer, 0.2 mm of saw street, yield exp(-sqrt(A D0)) at 0.1 for a cm2.
/// NaN if not one fits on the wafer.
double with_wafer_loss(double mm2) {
  const double side = std::sqrt(mm2) + 0.2;
  const double die = side * side;
  const double wafer = std::numbers::pi * 150 * 150;
  const double dies = wafer / die - std::numbers::pi * 300 / std::sqrt(2 * die);
  if (dies < 1) return std::numeric_limits<double>::quiet_NaN();
  const double good = std::exp(-std::sqrt(die / 100 * 0.1));
  return die * (wafer / (dies * die)) / good;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  for (const std::string_view word : split(text, ' '))
    if (!word.empty()) result.push_back(word);
  return result;
}
bool all_in(std::string_view few, std::string_view many) {
  const auto among = words(many);
  const auto wanted = words(few);
  return !wanted.empty() && std::all_of(wanted.begin(), wanted.end(), [&](std::string_view word) {
    return std::find(among.begin(), among.end(), word) != among.end();
  });
}

class Evaluation {
 public:
  Evaluation(const BoaviztaServer& server, const BoaviztaQuery& query, const BoaviztaSwitches& switches,
             const BoaviztaArchetype& archetype)
      : server_(server), query_(query), switches_(switches), archetype_(archetype), cpu_(server.cpu) {
    lifetime_ = server.usage.lifetime ? Range::exactly(server.usage.lifetime->value()) : default_lifetime_hours;
    duration_ = query.duration ? query.duration->value() : lifetime_.value;
  }

  Result<BoaviztaReport> run() {
    name_processor();
    add("assembly", Range::exactly(assembly));
    processor();
    if (auto ok = gpu(); !ok) return ok.error();
    if (auto ok = memory(); !ok) return ok.error();
    if (auto ok = disks(); !ok) return ok.error();
    const BoaviztaPowerSupply& supply = server_.power_supply;
    const Range weight = supply.weight ? Range::exactly(supply.weight->value) : supply_kg;
    add("power supply", weight * supply_per_kg * given_or(supply.units, archetype_.supply_units));
    if (server_.type == "rack")
      add("case", Range::exactly(rack_case));
    else if (server_.type == "blade")
      add("case", Range::exactly(blade_case));
    else
      add("case", {rack_case, std::min(rack_case, blade_case), std::max(rack_case, blade_case)});
    add("motherboard", Range::exactly(motherboard));
    report_.embodied = impact(embodied_);
    use();
    return std::move(report_);
  }

 private:
  static BoaviztaImpact impact(const Range& range) {
    return {KilogramsCO2e{range.value}, KilogramsCO2e{range.min}, KilogramsCO2e{range.max}};
  }

  void add(std::string name, Range range) {
    if (switches_.replacement || duration_ <= lifetime_.value)
      range = range * Range{duration_ / lifetime_.value, duration_ / lifetime_.max, duration_ / lifetime_.min};
    embodied_ = embodied_ + range;
    report_.components.push_back({std::move(name), impact(range)});
  }
  Error refused(std::string message, std::string hint) const {
    return bad_input(std::move(message), server_.where, std::move(hint));
  }

  /// Fills what the table of processors knows of a name; it outranks the request as published.
  void name_processor() {
    if (cpu_.name.empty()) return;
    if (query_.cpu_table.empty()) {
      report_.notes.push_back("the processor's name has no effect without a table of processors (--cpu-specs FILE)");
      return;
    }
    const auto same = [&](const BoaviztaCpuRow& row) {
      return all_in(cpu_.name, row.name) || all_in(row.name, cpu_.name);
    };
    const auto row = std::find_if(query_.cpu_table.begin(), query_.cpu_table.end(), same);
    if (row == query_.cpu_table.end()) {
      report_.notes.push_back("no processor '" + cpu_.name + "' in the table");
      return;
    }
    const auto take = [&](auto& field, const auto& known) {
      if (known && !(switches_.user_over_name && field)) field = known;
    };
    take(cpu_.cores, row->cores);
    take(cpu_.tdp, row->tdp);
    if (!cpu_.die && row->die) cpu_.die = carbon::SquareMillimetres{std::floor(row->die->value())};
    cpu_.manufacturer = row->manufacturer;
    cpu_.model_range = row->model_range;
    cpu_.family = row->family;
  }

  Range die() {
    if (cpu_.die) return Range::exactly(cpu_.die->value());
    std::optional<double> cores = cpu_.cores;
    std::optional<double> per_core;
    if (cpu_.die_per_core) per_core = cpu_.die_per_core->value();
    if (switches_.archetype_die) {
      if (!cores) cores = archetype_.cpu_cores.value;
      if (!per_core) per_core = archetype_.die_per_core_mm2;
    }
    if (cores && per_core) return Range::exactly(*cores * *per_core);
    if (!query_.cpu_table.empty()) return die_of_table(cores);
    if (!cpu_.family.empty())
      report_.notes.push_back("the processor's family has no effect without a table of processors (--cpu-specs FILE)");
    bool fitted = false;
    const Range die = boavizta_die(cores, fitted);
    if (fitted)
      report_.notes.push_back("die of " + shortest(*cores) +
                              " cores from the straight line through the published table, whose own rows for that "
                              "number of cores, if any, are not restated (--cpu-specs FILE)");
    return die;
  }

  /// The published rule over the user's own table.
  Range die_of_table(std::optional<double> cores) {
    std::vector<BoaviztaCpuRow> rows;
    for (const BoaviztaCpuRow& row : query_.cpu_table)
      if (row.die) rows.push_back(row);
    const auto of_family = [&](const BoaviztaCpuRow& row) { return to_lower(row.family) == to_lower(cpu_.family); };
    if (!cpu_.family.empty() && std::any_of(rows.begin(), rows.end(), of_family))
      std::erase_if(rows, [&](const BoaviztaCpuRow& row) { return !of_family(row); });
    std::vector<BoaviztaCpuRow> chosen = rows;
    if (cores) {
      std::erase_if(chosen, [&](const BoaviztaCpuRow& row) { return row.cores != cores; });
      if (chosen.empty()) return Range::exactly(significant(line(rows, *cores), 3));
    }
    if (chosen.empty()) {
      report_.notes.push_back("the table of processors has no die; the published mean stands in");
      bool fitted = false;
      return boavizta_die(std::nullopt, fitted);
    }
    Range range{0, chosen.front().die->value(), chosen.front().die->value()};
    for (const BoaviztaCpuRow& row : chosen) {
      range.value += row.die->value() / static_cast<double>(chosen.size());
      range.min = std::min(range.min, row.die->value());
      range.max = std::max(range.max, row.die->value());
    }
    return {significant(range.value, 3), significant(range.min, 3), significant(range.max, 3)};
  }

  /// Least squares of die over cores; in proportion where all rows have the same number of cores.
  static double line(const std::vector<BoaviztaCpuRow>& rows, double cores) {
    double n = 0, mean_x = 0, mean_y = 0;
    for (const BoaviztaCpuRow& row : rows) {
      if (!row.cores) continue;
      n += 1;
      mean_x += *row.cores;
      mean_y += row.die->value();
    }
    if (n == 0) return 0;
    mean_x /= n;
    mean_y /= n;
    double xx = 0, xy = 0;
    for (const BoaviztaCpuRow& row : rows) {
      if (!row.cores) continue;
      xx += (*row.cores - mean_x) * (*row.cores - mean_x);
      xy += (*row.cores - mean_x) * (row.die->value() - mean_y);
    }
    if (xx == 0) return mean_x > 0 ? mean_y * cores / mean_x : mean_y;
    return mean_y + xy / xx * (cores - mean_x);
  }

  void processor() {
    const Range area = die();
    report_.die_mm2 = area;
    cpu_units_ = given_or(cpu_.units, Range::exactly(2));
    add("cpu", (area * cpu_per_mm2 + cpu_base) * cpu_units_);
  }

  Result<void> gpu() {
    if (!server_.gpu) return {};
    const BoaviztaGpu& gpu = *server_.gpu;
    if (!gpu.name.empty()) report_.notes.push_back("the GPU's name has no effect: the tool never looks it up");
    const double units = gpu.units.value_or(archetype_.gpu_known ? 0 : 1);
    double die = with_wafer_loss(gpu_die_mm2);
    if (gpu.die) die = switches_.gpu_wafer_loss ? with_wafer_loss(gpu.die->value()) : gpu.die->value();
    const auto vram = gpu_memory(gpu);
    if (!vram) return vram.error();
    if (std::isnan(die) || std::isnan(*vram))
      return refused("a GPU with a die larger than a wafer", "give gpu_surface in mm2 and vram in GB");
    const double kilograms = gpu.weight.value;
    const double each = casing_per_kg * gpu.casing.value + heatsink_per_kg * gpu.heatsink.value +
                        board_per_cm2 * gpu.board_cm2 + gpu_per_mm2 * die + vram_per_mm2 * *vram +
                        upstream_per_kg * kilograms + boat_per_kg_km * gpu.boat_km * kilograms +
                        truck_per_kg_km * gpu.truck_km * kilograms + plane_per_kg_km * gpu.plane_km * kilograms +
                        end_of_life_per_kg * kilograms;
    add("gpu", Range::exactly(units * each));
    if (gpu.power) gpu_watts_ = units * gpu.power->value();
    return {};
  }

  Result<double> gpu_memory(const BoaviztaGpu& gpu) const {
    if (gpu.memory_dies_area) return gpu.memory_dies_area->value();
    const double dies = gpu.memory_dies.value_or(default_vram_dies);
    if (!(dies > 0)) return refused("a GPU with no memory dies", "give vram_dies of 1 or more, or leave it out");
    double gigabytes = 0;
    if (gpu.memory) {
      gigabytes = gpu.memory->value() / bytes_per_gb;
    } else if (switches_.gpu_memory_default) {
      gigabytes = default_vram_gb;
    } else if (!archetype_.gpu_known) {
      if (!gpu.memory_dies) return 0.0;
      return refused("the tool cannot compute vram_dies without vram on this archetype",
                     "give vram (GB) as well, or use --corrected");
    }
    return dies * with_wafer_loss(gigabytes * vram_mm2_per_gb / dies);
  }

  /// (capacity / density) f_die + f_base, for units; the least capacity at the highest density is the least.
  static Range chips(const Range& gigabytes, const Range& density, double base, const Range& units) {
    const Range area{gigabytes.value / density.value, gigabytes.min / density.max, gigabytes.max / density.min};
    return (area * chip_per_cm2 + base) * units;
  }
  static std::optional<double> gigabytes(const std::optional<carbon::Bytes>& capacity) {
    return capacity ? std::optional(capacity->value() / bytes_per_gb) : std::nullopt;
  }

  Result<void> memory() {
    std::vector<BoaviztaRam> items = server_.ram.value_or(std::vector<BoaviztaRam>(1));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const BoaviztaRam& item = items[i];
      const Range capacity = given_or(gigabytes(item.capacity), Range::exactly(archetype_.ram_gb));
      const Range units = given_or(item.units, archetype_.ram_units);
      const Range density =
          item.density ? Range::exactly(item.density->value)
                       : boavizta_ram_density(item.manufacturer, item.process_nm, switches_.ignore_empty_filter);
      if (std::isnan(density.value))
        return refused("no known memory of " + shortest(item.process_nm.value_or(0)) + " nm",
                       "give the density, another process, or use --corrected");
      add("ram " + std::to_string(i + 1), chips(capacity, density, ram_base, units));
      const double watts = significant(ram_watts_per_gb * capacity.value, 5);
      ram_watts_ = ram_watts_ + units * watts;
    }
    return {};
  }

  Result<void> disks() {
    const bool from_archetype = !server_.disks || (server_.disks->empty() && !switches_.no_disks);
    std::vector<BoaviztaDisk> items = server_.disks.value_or(std::vector<BoaviztaDisk>{});
    if (from_archetype) {
      for (const auto& [type, units] : {std::pair{"ssd", archetype_.ssd_units}, {"hdd", archetype_.hdd_units}}) {
        if (units.value == 0) continue;
        items.emplace_back();
        items.back().type = type;
      }
    }
    std::size_t number = 0;
    for (const BoaviztaDisk& item : items) {
      const bool flash = item.type == "ssd";
      if (!flash && item.type != "hdd") {
        if (switches_.disk_types) return refused("a disk of type '" + item.type + "'", "use ssd or hdd");
        report_.notes.push_back("a disk of type '" + item.type + "' is dropped, as by the tool");
        continue;
      }
      const Range archetype_units = flash ? archetype_.ssd_units : archetype_.hdd_units;
      const Range units =
          given_or(item.units, switches_.disk_units && !from_archetype ? Range::exactly(1) : archetype_units);
      const std::string name = item.type + " " + std::to_string(++number);
      if (!flash) {
        add(name, units * hdd);
        continue;
      }
      const auto capacity = item.capacity ? gigabytes(item.capacity) : archetype_.ssd_gb;
      if (!capacity) return refused("an SSD of unknown capacity", "give its capacity in GB: this archetype has none");
      const Range density = item.density
                                ? Range::exactly(item.density->value)
                                : boavizta_ssd_density(item.manufacturer, item.layers, switches_.ignore_empty_filter);
      if (std::isnan(density.value))
        return refused("no known flash of " + shortest(item.layers.value_or(0)) + " layers",
                       "give the density, another number of layers, or use --corrected");
      add(name, chips(Range::exactly(*capacity), density, ssd_base, units));
    }
    return {};
  }

  Range processor_watts() const {
    const bool other_maker =
        switches_.manufacturer && !cpu_.manufacturer.empty() && to_lower(cpu_.manufacturer) != "intel";
    BoaviztaProfile profile = other_maker ? BoaviztaProfile{} : boavizta_profile(cpu_.model_range);
    if (cpu_.tdp) profile = boavizta_fit(profile, cpu_.tdp->value());
    const BoaviztaUsage& usage = server_.usage;
    Range watts;
    if (!usage.workloads.empty()) {
      double sum = 0;
      for (const BoaviztaWorkload& work : usage.workloads) sum += work.time / 100 * profile.watts(work.load);
      watts = Range::exactly(sum);
    } else {
      const Range load = given_or(usage.load, default_load);
      watts = {profile.watts(load.value), profile.watts(load.min), profile.watts(load.max)};
    }
    watts = {significant(watts.value, 5), significant(watts.min, 5), significant(watts.max, 5)};
    return watts * cpu_units_;
  }

  void use() {
    const BoaviztaUsage& usage = server_.usage;
    Range watts;
    if (usage.power) {
      watts = Range::exactly(usage.power->value());
    } else {
      const Range other = given_or(usage.other_ratio, default_other_ratio);
      watts = (processor_watts() + ram_watts_ + gpu_watts_) * (other + 1);
    }
    report_.power_watts = watts;
    Range intensity = boavizta_default_intensity;
    if (usage.intensity) {
      intensity = Range::exactly(usage.intensity->value() / 1000);
    } else if (!usage.location.empty()) {
      if (const auto known = boavizta_intensity(usage.location))
        intensity = Range::exactly(*known);
      else if (to_lower(trim(usage.location)) != to_lower(boavizta_default_location))
        report_.notes.push_back("the grid of '" + usage.location +
                                "' is not among the restated factors (FRA, USA, DEU, POL, SWE): the default is taken; "
                                "give usage.elec_factors.gwp");
    }
    report_.use = impact(intensity * (watts * (1.0 / 1000)) * usage.time_ratio.value_or(1) * duration_);
  }

  const BoaviztaServer& server_;
  const BoaviztaQuery& query_;
  const BoaviztaSwitches& switches_;
  const BoaviztaArchetype& archetype_;
  BoaviztaCpu cpu_;  ///< as completed from its name
  Range lifetime_;
  double duration_ = 0;
  Range cpu_units_, embodied_, ram_watts_;
  double gpu_watts_ = 0;
  BoaviztaReport report_;
};

}  // namespace

Result<BoaviztaReport> evaluate_boavizta(const BoaviztaServer& server, const BoaviztaQuery& query,
                                         const BoaviztaSwitches& switches) {
  const auto archetype = boavizta_archetype(query.archetype);
  if (!archetype) return archetype.error();
  if (query.duration && !(query.duration->value() > 0))
    return bad_input("a duration of " + shortest(query.duration->value()) + " hours", "--duration",
                     "give hours greater than 0");
  return Evaluation(server, query, switches, *archetype).run();
}

}  // namespace cradle::published
