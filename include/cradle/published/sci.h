// The Software Carbon Intensity score (ISO/IEC 21031:2024; specification v1.1.0): carbon for each functional unit.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/published/named_switch.h"

namespace cradle::published {

/// Where the specification's worked example differs from the calendar. False: as published.
struct SciSwitches {
  bool julian_years = false;  ///< a life given in years has 365.25 days in each
};
std::span<const NamedSwitch<SciSwitches>> sci_switches();

/// One component within the boundary.
struct SciComponent {
  std::string name = "component";
  carbon::KilowattHours energy;            ///< E of all hardware reserved, used or not
  double pue = 1;                          ///< energy of the data centre over that of the hardware
  carbon::GramsPerKilowattHour intensity;  ///< I, location-based
  carbon::GramsCO2e embodied;              ///< TE, over the whole life of the hardware
  carbon::Hours reserved;                  ///< TiR
  carbon::Hours lifetime;                  ///< EL, a year counted as 8,760 hours
  bool lifetime_in_years = false;
  double resources_reserved = 1, resources_total = 1;  ///< RR, ToR: vCPUs, say
};

struct SciScore {
  carbon::GramsCO2e operational;  ///< O = E I
  carbon::GramsCO2e embodied;     ///< M = TE (TiR / EL) (RR / ToR)
};

/// bad_input at the component's name for negative numbers, a life or total of 0, or more reserved than there is.
Result<SciScore> evaluate_sci(const SciComponent& component, const SciSwitches& switches);

struct SciApplication {
  std::string functional_unit = "functional unit";
  double functional_units = 1;  ///< R, in which all components count
  std::vector<SciComponent> components;
  std::vector<std::string> notes;  ///< keys that were ignored
};
/// The score: grams for each functional unit.
Result<carbon::GramsCO2e> evaluate_sci(const SciApplication& application, const SciSwitches& switches);

/// The specification's example: 1000 kg, four years, one hour, the whole machine.
SciApplication sci_example();

/// JSON or TOML: functional_unit, functional_units, and components with name, energy_kwh, pue, intensity_g_per_kwh,
/// embodied_kg, reserved_hours, lifetime_years or lifetime_hours, resources_reserved, resources_total; a file without
/// components is one component itself. JSON's other keys are noted, TOML's an error.
Result<SciApplication> parse_sci_json(std::string_view text, const std::string& source);
Result<SciApplication> parse_sci_toml(std::string_view text, const std::string& source);

}  // namespace cradle::published
