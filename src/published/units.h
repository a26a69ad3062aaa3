// Texts such as "10 mm2", "64GB" or "0.9 kWh / cm2" as numbers in coherent units (mm, g, J, s, A, byte).
#pragma once

#include <string>
#include <string_view>

#include "cradle/base/result.h"

namespace cradle::published {

/// Powers of the base units: an area is {.length = 2}, g/kWh is {.mass = 1, .energy = -1}.
struct UnitPowers {
  int length = 0;   ///< mm
  int mass = 0;     ///< g
  int energy = 0;   ///< J
  int time = 0;     ///< s
  int current = 0;  ///< A
  int data = 0;     ///< byte
  friend bool operator==(const UnitPowers&, const UnitPowers&) = default;
};

inline constexpr UnitPowers plain_number{};
inline constexpr UnitPowers area_unit{.length = 2};
inline constexpr UnitPowers mass_unit{.mass = 1};
inline constexpr UnitPowers energy_unit{.energy = 1};
inline constexpr UnitPowers power_unit{.energy = 1, .time = -1};
inline constexpr UnitPowers time_unit{.time = 1};
inline constexpr UnitPowers data_unit{.data = 1};

/// A value in the coherent unit of its powers. Always finite.
struct Measure {
  double value = 0;
  UnitPowers powers;
};

struct UnitRules {
  /// km2 is (1000 m)2 as the SI says. False: 1000 (m2), as the unit table of ACT v2 has it.
  bool squared_prefixes = true;
};

/// Reads sums, products and quotients of numbers and units, from left to right: "2*3 mm2", "1 GB + 1 MB", "g / kWh";
/// a missing number is 1, no blank is needed between number and unit. Powers are written mm2, mm^2, mm**2 or with a
/// raised 2. Unit names are case sensitive, as in the tools that use them: mm2 cm2 m2 um2, m in ft with prefixes; g
/// with prefixes, t, tonne, ton (US short ton), lb, oz; J, Wh with prefixes; W with prefixes, hp; s min h hr day week
/// month year (365.25 days); B, bit, byte with decimal and binary prefixes; A, Ah; radian. Errors: bad_input at `where`
/// for an unknown unit, a decimal comma, a sum of unlike units, a text of more than 200 bytes, or no finite result.
Result<Measure> parse_measure(std::string_view text, const std::string& where, const UnitRules& rules = {});

/// The same, where the kind of quantity is known: `expected` is its name, with an example, for the error.
Result<double> parse_measure(std::string_view text, const UnitPowers& powers, std::string_view expected,
                             const std::string& where, const UnitRules& rules = {});

}  // namespace cradle::published
