// Energy meters of one machine: counters of joules, their kind, and what to do when there is none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/carbon/entry.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"

namespace cradle::meter {

/// What a zone measures, in the field's words (RAPL domains, and the parts that have none).
enum class ZoneKind : std::uint8_t { package, core, uncore, dram, psys, gpu, gpu_instance, disk, network, platform };

const char* to_string(ZoneKind kind);  ///< "package", "core", ..., "gpu", "gpu-instance", "disk", "network", "platform"

/// One counter of energy. Zones overlap: core and uncore lie within package; psys and platform hold everything.
struct Zone {
  std::string name;  ///< "package-0", "dram-1", "gpu-GPU-...": unique on the node, stable over restarts
  ZoneKind kind = ZoneKind::package;
  std::string path;    ///< file, address or model that it comes from
  std::string source;  ///< "powercap", "perf", "hwmon", "ipmi", "redfish", "nvml", "model", "simulated"
  carbon::Knowledge knowledge = carbon::Knowledge::measured;
  int parent = -1;         ///< position of the zone that contains this one; -1: none
  double uncertainty = 0;  ///< of its energy, relative, one standard deviation; stated by the source of the meter
  std::string uncertainty_source;
  /// Of kind platform only: the rest of the machine, beside its other zones, where a platform meter lies around them.
  bool remainder = false;
};

/// What the machine did since the reading before: what a model or a simulated meter turns into joules. Real meters do
/// not look at it.
struct Activity {
  std::int64_t interval_ns = 0;
  int processors = 1;
  std::int64_t busy_ns = 0;  ///< of all processors
  std::int64_t block_bytes = 0, network_bytes = 0;
  std::int64_t resident_bytes = 0, memory_bytes = 0;
};

/// Energy since the reading before. A counter that wrapped is unwrapped; a zone that vanished, came back or ran
/// backwards gives no energy for that interval and is told of in `event`.
struct ZoneReading {
  std::size_t zone = 0;  ///< position in zones()
  std::int64_t microjoules = 0;
  std::int64_t idle_microjoules = 0;  ///< of these, what the meter knows to be drawn without any work (models only)
  bool idle_known = false;
  bool present = true;
  std::string event;  ///< empty, or "wrapped", "vanished", "returned", "ran backwards", "no reading: REASON"
};

class Meter {
 public:
  virtual ~Meter() = default;
  /// May grow (hot plug) and never shrinks; positions stay.
  virtual const std::vector<Zone>& zones() const = 0;
  /// One reading for each zone. The first only sets the marks (0 joules).
  virtual std::vector<ZoneReading> read(Instant at, const Activity& activity) = 0;
};

struct MeterOptions {
  std::filesystem::path sysroot = "/";
  /// Empty: every real meter that is found, else the declared model. Otherwise a list of "powercap", "perf", "hwmon",
  /// "nvml[:LIBRARY]", "ipmi:FILE", "redfish:FILE", "model[:SERVER]", "simulated[:KEY=VALUE,...]". A model beside
  /// other meters has only the zones of a kind that they lack.
  std::vector<std::string> sources;
  std::string server;  ///< of the catalogue: for the declared model, empty: a generic one scaled to the processors
};

/// The meters of this machine. bad_input for an unknown source or law, with the nearest word; missing_data if a named
/// source is not there (with the file and how to make it readable). An empty list is never returned: there is always
/// the model.
Result<std::vector<std::unique_ptr<Meter>>> open_meters(const MeterOptions& options, const catalog::Catalog& catalog);

/// What was looked for and found, for `cradle doctor`.
struct MeterReport {
  std::string source;
  bool works = false;
  std::string text;  ///< zones, or why not and what would help
};
std::vector<MeterReport> probe_meters(const std::filesystem::path& sysroot);

}  // namespace cradle::meter
