#include <nlohmann/json.hpp>

#include "cradle/base/text.h"
#include "cradle/meter/recorded.h"

namespace cradle::meter {

using carbon::Joules;
using carbon::KilowattHours;
using carbon::Watts;

namespace {

using Json = nlohmann::json;

/// 2.5 GWh, the most that 64 bits of microjoules hold: no machine counts as much in its life.
constexpr double most_joules = 9e12;

/// The member, or null: also for what is no object.
const Json& member(const Json& json, const char* key) {
  static const Json nothing;
  if (!json.is_object()) return nothing;
  const auto found = json.find(key);
  return found == json.end() ? nothing : *found;
}

std::string text_of(const Json& json) { return json.is_string() ? json.get<std::string>() : std::string(); }

struct Reader {
  PlatformReading reading;
  std::string broken;  ///< key of a number that is out of range

  void power(const Json& json, const char* key) {
    if (reading.power || !json.is_number()) return;
    const auto watts = json.get<double>();
    if (watts >= 0 && watts <= most_platform_power.value())
      reading.power = Watts{watts};
    else
      broken = key;
  }
  void energy(const Json& json, const char* key, double joules_per_unit) {
    if (reading.counted || !json.is_number()) return;
    const double joules = json.get<double>() * joules_per_unit;
    if (joules >= 0 && joules <= most_joules)
      reading.counted = Joules{joules};
    else
      broken = key;
  }
};

}  // namespace

Result<PlatformReading> parse_redfish(std::string_view text, std::string_view source) {
  const std::string hint =
      "record the reply of /redfish/v1/Chassis/ID/Power, of .../EnvironmentMetrics or of one power sensor";
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) return bad_input("it is no JSON object", std::string(source), hint);

  Reader reader;
  constexpr double joules_per_kwh = Joules{KilowattHours{1}}.value();
  if (const Json& controls = member(json, "PowerControl"); controls.is_array()) {
    // The first is that of the whole chassis; others are of parts of it.
    for (const Json& control : controls) reader.power(member(control, "PowerConsumedWatts"), "PowerConsumedWatts");
    for (const Json& control : controls)
      reader.power(member(member(control, "PowerMetrics"), "AverageConsumedWatts"), "AverageConsumedWatts");
  }
  reader.power(member(member(json, "PowerWatts"), "Reading"), "PowerWatts");
  reader.energy(member(member(json, "EnergyJoules"), "Reading"), "EnergyJoules", 1);
  reader.energy(member(member(json, "EnergykWh"), "Reading"), "EnergykWh", joules_per_kwh);

  const std::string type = text_of(member(json, "ReadingType")), unit = text_of(member(json, "ReadingUnits"));
  const Json& value = member(json, "Reading");
  if (type == "Power" || (type.empty() && (unit == "W" || unit == "Watts"))) reader.power(value, "Reading");
  if (type == "EnergyJoules" || (type.empty() && unit == "J")) reader.energy(value, "Reading", 1);
  if (type == "EnergykWh" || (type.empty() && unit == "kW.h")) reader.energy(value, "Reading", joules_per_kwh);

  if (!reader.broken.empty()) return bad_input("its " + reader.broken + " is out of range", std::string(source), hint);
  if (!reader.reading.power && !reader.reading.counted)
    return bad_input("no power or energy of the machine in it", std::string(source), hint);
  return reader.reading;
}

}  // namespace cradle::meter
