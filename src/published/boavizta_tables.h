// Figures of boaviztapi 2.4.1, restated as facts: archetypes, densities, die sizes, power profiles, grids.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/published/boavizta.h"

namespace cradle::published {

/// An archetype of servers; what is absent is unknown.
struct BoaviztaArchetype {
  std::string_view id;
  BoaviztaRange cpu_cores;
  std::optional<double> die_per_core_mm2;
  BoaviztaRange ram_units;
  double ram_gb = 0;
  BoaviztaRange ssd_units, hdd_units;
  std::optional<double> ssd_gb, hdd_gb;
  BoaviztaRange supply_units;
  bool gpu_known = true;  ///< GPU columns say 0; false: they are blank
};
Result<BoaviztaArchetype> boavizta_archetype(std::string_view id);

/// GB/cm2 of the memory or flash chips that fit; NaN where a filter leaves none, unless `keep_all` drops that filter. A
/// maker that is not in the table is no filter.
BoaviztaRange boavizta_ram_density(std::string_view manufacturer, std::optional<double> process_nm, bool keep_all);
BoaviztaRange boavizta_ssd_density(std::string_view manufacturer, std::optional<double> layers, bool keep_all);

/// Die of a processor with so many cores, in mm2, three digits; without cores, of any processor. `fitted` is set where
/// the restated figures have no row for the cores, so that the published table's straight line stands in.
BoaviztaRange boavizta_die(std::optional<double> cores, bool& fitted);

/// Mean power of a processor as a function of load: a ln(b (load + c)) + d, in watts.
struct BoaviztaProfile {
  double a = 171.2, b = 0.0354, c = 36.89, d = -10.13;
  double watts(double load_percent) const;
};
BoaviztaProfile boavizta_profile(std::string_view model_range);
/// The profile's shape fitted to 12, 32, 75 and 102 % of `tdp` at loads 0, 10, 50 and 100 %, with a at most three times
/// the profile's own; b = 1, for b and d cannot be told apart.
BoaviztaProfile boavizta_fit(const BoaviztaProfile& start, double tdp);

/// kg/kWh; nothing if the country is not among the restated ones.
std::optional<double> boavizta_intensity(std::string_view location);
inline constexpr std::string_view boavizta_default_location = "EEE";
inline constexpr BoaviztaRange boavizta_default_intensity{0.38, 0.023, 1.13161};

/// Rounded half up to so many significant digits.
double significant(double value, int digits);

}  // namespace cradle::published
