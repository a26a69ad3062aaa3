#include <array>
#include <cstdint>

#include "cradle/base/text.h"
#include "cradle/meter/recorded.h"

namespace cradle::meter {

using carbon::Watts;

namespace {

struct Found {
  std::optional<Watts> dcmi, system;
  double supplies = 0;
  bool any_supply = false;
};

Error refuse(std::string message, std::string_view source, std::size_t line) {
  return bad_input(std::move(message), std::string(source) + (line > 0 ? ":" + std::to_string(line) : ""),
                   "record the output of `ipmitool dcmi power reading`, `ipmitool sensor` or `ipmitool sdr elist`");
}

bool in_range(double watts) { return watts >= 0 && watts <= most_platform_power.value(); }

/// "220 Watts", "220.000 Watts".
std::optional<double> watts_of(std::string_view text) {
  const std::string_view value = trim(text);
  constexpr std::string_view unit = "Watts";
  if (!value.ends_with(unit)) return std::nullopt;
  return parse_number(trim(value.substr(0, value.size() - unit.size())));
}

/// The watts of a line of `sensor` ("NAME | 168.000 | Watts | ok | ...") or `sdr` ("NAME | ... | 168 Watts").
std::optional<double> sensor_watts(const std::vector<std::string_view>& fields) {
  if (fields.size() >= 3 && trim(fields[2]) == "Watts") return parse_number(trim(fields[1]));
  for (std::size_t i = 1; i < fields.size(); ++i)
    if (const auto watts = watts_of(fields[i])) return watts;
  return std::nullopt;
}

bool is_system(std::string_view name) {
  constexpr std::array<std::string_view, 8> words = {"pwr consumption", "power consumption", "system power",
                                                     "sys power",       "total power",       "total_power",
                                                     "sys_power",       "node power"};
  for (const std::string_view word : words)
    if (name.find(word) != std::string_view::npos) return true;
  return false;
}

/// "PS1 Input Power", "PSU2 Power In", "PS1_PIN".
bool is_supply(std::string_view name) {
  return name.starts_with("ps") &&
         (name.find("in") != std::string_view::npos || name.find("pwr") != std::string_view::npos) &&
         name.find("out") == std::string_view::npos;
}

}  // namespace

Result<PlatformReading> parse_ipmi(std::string_view text, std::string_view source) {
  if (!is_utf8(text)) return refuse("it is not UTF-8", source, 0);
  Found found;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    constexpr std::string_view instant = "Instantaneous power reading:";
    const std::string_view trimmed = trim(line);
    if (trimmed.starts_with(instant)) {
      const auto watts = watts_of(trimmed.substr(instant.size()));
      if (!watts || !in_range(*watts)) return refuse("its power is no number of Watts in 0 .. 1e6", source, number);
      if (found.dcmi) return refuse("it has two instantaneous power readings", source, number);
      found.dcmi = Watts{*watts};
      continue;
    }
    if (trimmed.starts_with("Power reading state is:") && trimmed.find("deactivated") != std::string_view::npos)
      return refuse("the controller's power reading is deactivated", source, number);
    const auto fields = split(trimmed, '|');
    if (fields.size() < 2) continue;
    const auto watts = sensor_watts(fields);
    if (!watts) continue;  // another unit, or "na": a sensor that is not there now
    const std::string name = to_lower(trim(fields[0]));
    if (!in_range(*watts)) return refuse("sensor '" + name + "' is not in 0 .. 1e6 Watts", source, number);
    if (is_system(name) && !found.system) found.system = Watts{*watts};
    if (is_supply(name)) {
      found.supplies += *watts;
      found.any_supply = true;
    }
  }
  PlatformReading reading;
  if (found.dcmi)
    reading.power = found.dcmi;
  else if (found.system)
    reading.power = found.system;
  else if (found.any_supply && in_range(found.supplies))
    reading.power = Watts{found.supplies};
  else
    return refuse("no power of the system in it", source, 0);
  return reading;
}

}  // namespace cradle::meter
