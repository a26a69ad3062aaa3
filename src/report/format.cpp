#include "cradle/report/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>

#include "cradle/base/text.h"

namespace cradle::report {
namespace {

struct Unit {
  double size;
  const char* name;
};

/// The largest unit in which the rounded value is at least 1, so that 999.96 g reads 1.00 kg; the smallest otherwise.
std::string in_fitting_unit(double value, std::span<const Unit> units, int digits) {
  if (!std::isfinite(value)) return "-";
  const double rounding = 1 - 0.5 * std::pow(10.0, -digits);
  const Unit* chosen = &units.front();
  for (const Unit& unit : units)
    if (std::abs(value) >= unit.size * rounding) chosen = &unit;
  return significant(value / chosen->size, digits) + " " + chosen->name;
}

}  // namespace

std::string significant(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  if (value == 0) return "0";
  const double magnitude = std::abs(value);
  if (magnitude < 1e-6 || magnitude >= 1e15) {
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, digits - 1);
    return {buffer, end.ptr};
  }
  if (value == std::trunc(value) && magnitude < std::pow(10.0, digits)) return decimal(value, 0);
  int exponent = static_cast<int>(std::floor(std::log10(magnitude)));
  // Rounding may carry into one more digit: 9.996 with three digits is 10.0.
  if (magnitude >= std::pow(10.0, exponent + 1) - 0.5 * std::pow(10.0, exponent + 1 - digits)) ++exponent;
  return decimal(value, std::max(0, digits - 1 - exponent));
}

std::string decimal(double value, int decimals) { return std::isfinite(value) ? fixed(value, decimals) : "-"; }

std::string grouped(double value, int decimals) {
  std::string text = decimal(value, decimals);
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  std::size_t point = text.find('.');
  if (point == std::string::npos) point = text.size();
  // Four digits read well as they are (ISO 80000-1 leaves the choice).
  if (!std::isfinite(value) || point - first <= 4) return text;
  for (std::size_t i = point; i > first + 3;) text.insert(i -= 3, "\xE2\x80\xAF");
  return text;
}

std::string mass_text(carbon::GramsCO2e mass, int digits) {
  static constexpr Unit units[] = {{1, "gCO2e"}, {1e3, "kgCO2e"}, {1e6, "tCO2e"}};
  return in_fitting_unit(mass.value(), units, digits);
}

std::string energy_text(carbon::Joules energy, int digits) {
  static constexpr Unit units[] = {{3600, "Wh"}, {3.6e6, "kWh"}, {3.6e9, "MWh"}, {3.6e12, "GWh"}};
  return in_fitting_unit(energy.value(), units, digits);
}

std::string duration_text(carbon::Seconds duration, int digits) {
  static constexpr Unit units[] = {{1e-3, "ms"}, {1, "s"}, {60, "min"}, {3600, "h"}, {86'400, "d"}};
  if (duration.value() == 0) return "0 s";
  return in_fitting_unit(duration.value(), units, digits);
}

std::string percent_text(double ratio, int decimals) {
  const std::string number = decimal(ratio * 100, decimals);
  return number == "-" ? number : number + " %";
}

}  // namespace cradle::report
