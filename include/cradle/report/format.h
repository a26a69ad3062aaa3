// Quantities as people read them: a unit that fits, and no more digits than mean something.
#pragma once

#include <string>

#include "cradle/carbon/quantity.h"

namespace cradle::report {

/// `digits` significant digits in plain notation: 0.0123, 1.50, 1234567. Exact integers keep all their digits.
/// Outside 1e-6 .. 1e15 in scientific notation. "-" for a number that is not finite.
std::string significant(double value, int digits);
/// `decimals` digits after the point; never "-0.0"; "-" for a number that is not finite.
std::string decimal(double value, int decimals);
/// As `decimal`, the digits before the point in groups of three (narrow no-break spaces) when there are more than four.
std::string grouped(double value, int decimals);

/// "28.5 gCO2e", "1.23 kgCO2e", "4.57 tCO2e": the largest unit in which the value is at least 1.
std::string mass_text(carbon::GramsCO2e mass, int digits = 3);
/// "850 Wh", "1.23 kWh", "4.57 MWh"
std::string energy_text(carbon::Joules energy, int digits = 3);
/// "12.5 s", "4.20 min", "3.10 h", "149 d"
std::string duration_text(carbon::Seconds duration, int digits = 3);
/// "12.3 %" of a ratio (0.123).
std::string percent_text(double ratio, int decimals = 1);

}  // namespace cradle::report
