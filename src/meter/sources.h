// One function for each source of joules, and what they share: names, knowledge, events told once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/meter/meter.h"

namespace cradle::meter {

/// What a source can at best claim: "measured" for those that read an instrument. The only place that says so.
carbon::Knowledge knowledge_of(std::string_view source);

/// Only the kernel's own sysfs is an instrument: of a zone that is read in a folder elsewhere ("--sysroot") nobody
/// knows whether its counters ever counted. It becomes simulated, and its `uncertainty_source` says why.
void doubt_if_copied(Zone& zone, const std::filesystem::path& folder);

/// Kinds of zone, as a set.
class KindSet {
 public:
  void add(ZoneKind kind) { bits_ |= 1u << static_cast<unsigned>(kind); }
  bool has(ZoneKind kind) const { return (bits_ >> static_cast<unsigned>(kind) & 1u) != 0; }

 private:
  unsigned bits_ = 0;
};

/// Whether a zone was there at the reading before: turns "is there" into "vanished" and "returned", each told once.
class Presence {
 public:
  /// Of a reading that succeeded: "returned" after a loss, else empty.
  std::string found();
  /// Of one that failed: `event` the first time or when it changes, else empty.
  std::string lost(const std::string& event);
  bool present() const { return loss_.empty(); }

 private:
  std::string loss_;
};

/// A source that was opened: its meter, or null and why, and what to do about it.
struct Opened {
  std::unique_ptr<Meter> meter;
  bool readable = false;  ///< at least one zone gives a reading now
  std::string text;       ///< zones, or why not
  std::string hint;       ///< what would help; never empty if not readable
};

Opened open_powercap(const std::filesystem::path& sysroot);
Opened open_perf_events(const std::filesystem::path& sysroot);
/// Without the zones whose kind is in `known`: the same joules from another source.
Opened open_hwmon(const std::filesystem::path& sysroot, const KindSet& known = {});
Opened open_nvml(const std::string& library = "libnvidia-ml.so.1");
/// `source` is "ipmi" or "redfish". The errors of reading and parsing the file, which is read again at every tick.
Result<std::unique_ptr<Meter>> open_recorded(const std::string& source, const std::filesystem::path& file);

/// "package-0, dram-0", and whether they are read from a copy.
std::string zone_names(const Meter& meter);

}  // namespace cradle::meter
