// The units that catalogue files may use, and what each field of a record demands of its number.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cradle::catalog {

enum class Measure {
  power,
  energy,
  carbon,
  time,
  capacity,
  rate,
  intensity,
  power_per_capacity,
  carbon_per_capacity,
  area,
  length,
  ratio,
  energy_per_area,
  carbon_per_area,
  defects_per_area,
  transistors_per_area,
  energy_per_bit,
  money,
  money_per_area,
  core_count,
  thread_count,
  socket_count,
  device_count,
  die_count,
};

struct Unit {
  std::string_view name;
  Measure measure;
  double factor;  ///< one of this unit in the unit that records store
};

/// Null if there is no such unit.
const Unit* find_unit(std::string_view name);
/// "power", "embodied carbon per capacity", ...
std::string_view describe(Measure measure);
std::vector<std::string> unit_names(Measure measure);
std::vector<std::string> all_unit_names();

/// What a field demands of its number.
struct Rule {
  Measure measure;
  std::string_view shown_unit;  ///< in which the number is printed
  double lowest;                ///< in the shown unit
  double highest;
  bool lowest_excluded = false;
  bool whole = false;
  /// Known exactly (a count, a size as sold): low and high may be left out and are then the value.
  bool exact = false;
};

}  // namespace cradle::catalog
