// Replies of a baseboard management controller as text: `ipmitool` and Redfish, the power or energy they tell.
#pragma once

#include <optional>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::meter {

/// At least one of the two. Power is that of the whole machine.
struct PlatformReading {
  std::optional<carbon::Watts> power;     ///< now, or over the controller's last sampling period
  std::optional<carbon::Joules> counted;  ///< since the controller's counter began
};

/// Powers beyond this are refused: one controller serves one machine.
inline constexpr carbon::Watts most_platform_power{1e6};

/// Output of `ipmitool dcmi power reading` ("Instantaneous power reading: 220 Watts"), or of `sensor`, `sdr` or `sdr
/// elist`: the sensor of the system's power, else the sum of the power supplies' inputs. Source: the DCMI
/// specification 1.5, section 6.6.1, and ipmitool's manual page. bad_input, with the line, for anything else.
Result<PlatformReading> parse_ipmi(std::string_view text, std::string_view source);

/// A Redfish Power resource (PowerControl[].PowerConsumedWatts, else PowerMetrics.AverageConsumedWatts), an
/// EnvironmentMetrics (PowerWatts.Reading, EnergykWh.Reading or EnergyJoules.Reading), or one Sensor (Reading with
/// ReadingType or ReadingUnits). Source: DMTF DSP2046. bad_input for anything else.
Result<PlatformReading> parse_redfish(std::string_view text, std::string_view source);

}  // namespace cradle::meter
