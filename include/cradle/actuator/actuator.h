// What holds a device to a power: one interface for RAPL limits, frequencies, GPU limits, CPU quotas and simulated
// ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::actuator {

/// What a device's limit is said in: whole numbers, so that what is written, read back and compared is exact.
enum class Unit : std::uint8_t {
  microwatts,
  microcores,  ///< millionths of one processor's time: the quota of a control group
  kilohertz,
  hundredths  ///< of a percent of the largest processor's capacity: uclamp
};

/// A limit.
struct Level {
  Unit unit = Unit::microwatts;
  std::int64_t amount = 0;  ///< 0 if unlimited
  bool unlimited = false;   ///< "max" of control groups

  static Level none(Unit unit) { return {unit, 0, true}; }
  friend bool operator==(const Level&, const Level&) = default;
};

/// True if a lets the device draw more than b does. Precondition: the same unit.
bool above(const Level& a, const Level& b);

/// "125 W", "0.2 cores", "2400000 kHz", "37.5 %", "no limit".
std::string to_string(const Level& level);
/// The largest level of microwatts that is not above `watts`. What is no number, or too large for whole microwatts,
/// comes out beyond every range.
Level level_of(carbon::Watts watts);
/// Precondition: microwatts, not unlimited.
carbon::Watts watts_of(const Level& level);

/// What a device can be held to. Amounts between two steps are rounded down, never up.
struct Range {
  Level lowest, highest;
  std::int64_t step = 1;   ///< amounts are lowest + whole steps
  bool unlimited = false;  ///< the device knows "no limit"
};

/// real: the kernel's own files, or a driver's library. The same names in a plain folder are simulated.
enum class Known : std::uint8_t { real, simulated };
const char* to_string(Known known);

struct Device {
  std::string name;       ///< as `Owner::take` takes it: "powercap:package-0", "cpu:/batch", ...
  std::string interface;  ///< "powercap", "cpufreq", "uclamp", "cpu", "nvml", "simulated"
  std::string path;       ///< file, or "nvml:UUID@LIBRARY"
  Range range;
  Known known = Known::real;
  std::vector<std::string> notes;  ///< what the owner should know, in sentences
};

/// One write to the machine: a file and its text, or a board ("nvml:UUID@LIBRARY") and its milliwatts.
struct Write {
  std::string target, text;
  friend bool operator==(const Write&, const Write&) = default;
};

struct Setting {
  Level level;                ///< what the device says after it; in a dry run what it would be asked for
  std::vector<Write> writes;  ///< in their order
  bool applied = false;       ///< false: a dry run, nothing was written
};

/// A device that has an owner. What it was before is written back when the actuator goes, and by the owner's watchdog
/// when the owner dies.
class Actuator {
 public:
  virtual ~Actuator() = default;
  virtual const Device& device() const = 0;
  /// The limit in force now.
  virtual Result<Level> current() = 0;
  /// bad_input, with the range in the hint, for a level outside of it or in another unit: nothing is written then.
  /// failed if the device refuses, or afterwards says more than was asked (what was written is then undone), or if the
  /// watchdog is gone.
  virtual Result<Setting> set(const Level& level) = 0;
  /// What it was when it was taken.
  virtual const Level& before() const = 0;
  /// Writes that back now; the device stays taken. Nothing in a dry run.
  virtual Result<void> restore() = 0;
};

}  // namespace cradle::actuator
