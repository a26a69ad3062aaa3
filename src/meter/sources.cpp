#include "sources.h"

#include <algorithm>
#include <array>

#include "sysfs.h"

namespace cradle::meter {

const char* to_string(ZoneKind kind) {
  switch (kind) {
    case ZoneKind::package: return "package";
    case ZoneKind::core: return "core";
    case ZoneKind::uncore: return "uncore";
    case ZoneKind::dram: return "dram";
    case ZoneKind::psys: return "psys";
    case ZoneKind::gpu: return "gpu";
    case ZoneKind::gpu_instance: return "gpu-instance";
    case ZoneKind::disk: return "disk";
    case ZoneKind::network: return "network";
    case ZoneKind::platform: return "platform";
  }
  return "";
}

carbon::Knowledge knowledge_of(std::string_view source) {
  constexpr std::array<std::string_view, 6> instruments = {"powercap", "perf", "hwmon", "ipmi", "redfish", "nvml"};
  if (std::find(instruments.begin(), instruments.end(), source) != instruments.end())
    return carbon::Knowledge::measured;
  return source == "model" ? carbon::Knowledge::estimated : carbon::Knowledge::simulated;
}

void doubt_if_copied(Zone& zone, const std::filesystem::path& folder) {
  if (in_sysfs(folder)) return;
  zone.knowledge = carbon::Knowledge::simulated;
  zone.uncertainty_source =
      "a copy in " + folder.string() + ", not the kernel's own tree; as if it were: " + zone.uncertainty_source;
}

std::string Presence::found() {
  if (present()) return {};
  loss_.clear();
  return "returned";
}

std::string Presence::lost(const std::string& event) {
  if (loss_ == event) return {};
  loss_ = event;
  return event;
}

std::string zone_names(const Meter& meter) {
  std::string names;
  bool instrument = true;
  for (const Zone& zone : meter.zones()) {
    names += (names.empty() ? "" : ", ") + zone.name;
    if (zone.knowledge == carbon::Knowledge::simulated) instrument = false;
  }
  return instrument ? names : names + " (simulated: a copy, not the kernel's own tree)";
}

}  // namespace cradle::meter
