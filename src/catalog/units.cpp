#include "units.h"

#include <array>

namespace cradle::catalog {

namespace {

constexpr double gib = 1073741824.0;

// Records store W, g, years, bytes, operations/s, g/kWh, W/byte, g/byte, mm2, nm, J/mm2, g/mm2, 1/mm2, J/bit, USD and
// USD/mm2.
constexpr std::array units = {
    Unit{"W", Measure::power, 1},
    Unit{"kW", Measure::power, 1e3},
    Unit{"mW", Measure::power, 1e-3},
    Unit{"J", Measure::energy, 1},
    Unit{"Wh", Measure::energy, 3600},
    Unit{"kWh", Measure::energy, 3.6e6},
    Unit{"gCO2e", Measure::carbon, 1},
    Unit{"kgCO2e", Measure::carbon, 1e3},
    Unit{"tCO2e", Measure::carbon, 1e6},
    Unit{"year", Measure::time, 1},
    Unit{"month", Measure::time, 1.0 / 12},
    Unit{"MiB", Measure::capacity, gib / 1024},
    Unit{"GiB", Measure::capacity, gib},
    Unit{"TiB", Measure::capacity, gib * 1024},
    Unit{"GB", Measure::capacity, 1e9},
    Unit{"TB", Measure::capacity, 1e12},
    Unit{"GFLOP/s", Measure::rate, 1e9},
    Unit{"TFLOP/s", Measure::rate, 1e12},
    Unit{"PFLOP/s", Measure::rate, 1e15},
    Unit{"gCO2e/kWh", Measure::intensity, 1},
    Unit{"kgCO2e/kWh", Measure::intensity, 1e3},
    Unit{"kgCO2e/MWh", Measure::intensity, 1},
    Unit{"W/GiB", Measure::power_per_capacity, 1 / gib},
    Unit{"W/GB", Measure::power_per_capacity, 1e-9},
    Unit{"W/TB", Measure::power_per_capacity, 1e-12},
    Unit{"kgCO2e/GiB", Measure::carbon_per_capacity, 1e3 / gib},
    Unit{"kgCO2e/GB", Measure::carbon_per_capacity, 1e-6},
    Unit{"kgCO2e/TB", Measure::carbon_per_capacity, 1e-9},
    Unit{"mm2", Measure::area, 1},
    Unit{"cm2", Measure::area, 100},
    Unit{"nm", Measure::length, 1},
    Unit{"ratio", Measure::ratio, 1},
    Unit{"kWh/cm2", Measure::energy_per_area, 3.6e4},
    Unit{"kWh/mm2", Measure::energy_per_area, 3.6e6},
    Unit{"J/mm2", Measure::energy_per_area, 1},
    Unit{"gCO2e/cm2", Measure::carbon_per_area, 0.01},
    Unit{"gCO2e/mm2", Measure::carbon_per_area, 1},
    Unit{"kgCO2e/cm2", Measure::carbon_per_area, 10},
    Unit{"defect/cm2", Measure::defects_per_area, 0.01},
    Unit{"defect/mm2", Measure::defects_per_area, 1},
    Unit{"MTr/mm2", Measure::transistors_per_area, 1e6},
    Unit{"pJ/bit", Measure::energy_per_bit, 1e-12},
    Unit{"fJ/bit", Measure::energy_per_bit, 1e-15},
    Unit{"USD", Measure::money, 1},
    Unit{"MUSD", Measure::money, 1e6},
    Unit{"USD/mm2", Measure::money_per_area, 1},
    Unit{"USD/cm2", Measure::money_per_area, 0.01},
    Unit{"core", Measure::core_count, 1},
    Unit{"thread", Measure::thread_count, 1},
    Unit{"socket", Measure::socket_count, 1},
    Unit{"device", Measure::device_count, 1},
    Unit{"die", Measure::die_count, 1},
};

}  // namespace

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

std::string_view describe(Measure measure) {
  switch (measure) {
    case Measure::power: return "power";
    case Measure::energy: return "energy";
    case Measure::carbon: return "embodied carbon";
    case Measure::time: return "time";
    case Measure::capacity: return "capacity";
    case Measure::rate: return "a rate of operations";
    case Measure::intensity: return "carbon intensity";
    case Measure::power_per_capacity: return "power per capacity";
    case Measure::carbon_per_capacity: return "embodied carbon per capacity";
    case Measure::area: return "area";
    case Measure::length: return "a length";
    case Measure::ratio: return "a ratio";
    case Measure::energy_per_area: return "energy per area";
    case Measure::carbon_per_area: return "embodied carbon per area";
    case Measure::defects_per_area: return "a density of defects";
    case Measure::transistors_per_area: return "a density of transistors";
    case Measure::energy_per_bit: return "energy per bit";
    case Measure::money: return "money";
    case Measure::money_per_area: return "money per area";
    case Measure::core_count: return "a number of cores";
    case Measure::thread_count: return "a number of threads";
    case Measure::socket_count: return "a number of sockets";
    case Measure::device_count: return "a number of devices";
    case Measure::die_count: return "a number of dies";
  }
  return "";
}

std::vector<std::string> unit_names(Measure measure) {
  std::vector<std::string> names;
  for (const Unit& unit : units)
    if (unit.measure == measure) names.emplace_back(unit.name);
  return names;
}

std::vector<std::string> all_unit_names() {
  std::vector<std::string> names;
  names.reserve(units.size());
  for (const Unit& unit : units) names.emplace_back(unit.name);
  return names;
}

}  // namespace cradle::catalog
