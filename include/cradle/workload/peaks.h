// Node power at 1 Hz as the PEAKS project published it (sustainable-computing-io/peaks): watts of a host over time.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/carbon/quantity.h"

namespace cradle::workload {

struct PowerSample {
  Instant at;
  carbon::Watts power;
};

struct HostPower {
  std::string host;
  std::vector<PowerSample> samples;  ///< times strictly increase
};

struct PowerTrace {
  std::vector<HostPower> hosts;    ///< in the order of their first line
  std::vector<std::string> notes;  ///< lines left out, counted
};

/// Samples from the columns Timestamp (seconds since 1970, UTC), Power (W) and Hostname. A second reading of the same
/// host in the same second is left out and counted.
/// Errors (bad_input, with file:line): all of read_csv, a power that is negative, not finite or beyond limits.h, an
/// empty host name, a time earlier than the host's line before.
Result<PowerTrace> parse_peaks_power(std::string_view text, std::string_view source);
Result<PowerTrace> read_peaks_power(const std::filesystem::path& file);

}  // namespace cradle::workload
