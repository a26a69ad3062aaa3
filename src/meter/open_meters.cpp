#include <algorithm>
#include <array>
#include <map>

#include "cradle/base/text.h"
#include "cradle/meter/law.h"
#include "declared_model.h"
#include "simulated.h"
#include "sources.h"
#include "sysfs.h"

namespace cradle::meter {

namespace fs = std::filesystem;

namespace {

using Meters = std::vector<std::unique_ptr<Meter>>;

/// "ipmi:reply.txt": a name and, after the first ':', what is special about it.
struct Spec {
  std::string name, argument;
  bool has_argument = false;
};

Spec parse_spec(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return {text, "", false};
  return {text.substr(0, colon), text.substr(colon + 1), true};
}

const std::vector<std::string>& source_names() {
  static const std::vector<std::string> names = {"powercap", "perf",    "hwmon", "nvml",
                                                 "ipmi",     "redfish", "model", "simulated"};
  return names;
}

KindSet kinds_of(const Meters& meters) {
  KindSet kinds;
  for (const auto& meter : meters)
    for (const Zone& zone : meter->zones()) kinds.add(zone.kind);
  return kinds;
}

Result<void> take(Opened opened, const std::string& source, Meters& meters) {
  if (!opened.readable) return missing_data(opened.text, source, opened.hint);
  meters.push_back(std::move(opened.meter));
  return {};
}

Result<void> keep(Result<std::unique_ptr<Meter>> meter, Meters& meters) {
  if (!meter) return meter.error();
  meters.push_back(*std::move(meter));
  return {};
}

Result<void> open_one(const std::string& text, const MeterOptions& options, const catalog::Catalog& catalog,
                      Meters& meters) {
  const std::string where = "meter '" + text + "'";
  const Spec spec = parse_spec(text);
  const auto& names = source_names();
  if (std::find(names.begin(), names.end(), spec.name) == names.end())
    return bad_input("no such source of joules", where, suggest(spec.name, names));
  const bool plain = spec.name == "powercap" || spec.name == "perf" || spec.name == "hwmon";
  if (plain && spec.has_argument) return bad_input("it takes nothing after its name", where, "write " + spec.name);
  if (spec.name == "powercap") return take(open_powercap(options.sysroot), where, meters);
  if (spec.name == "perf") return take(open_perf_events(options.sysroot), where, meters);
  if (spec.name == "hwmon") return take(open_hwmon(options.sysroot), where, meters);
  if (spec.name == "nvml") return take(spec.argument.empty() ? open_nvml() : open_nvml(spec.argument), where, meters);
  if (spec.name == "simulated") {
    auto law = parse_simulated_law(spec.argument, where);
    if (!law) return law.error();
    meters.push_back(make_simulated_meter(*law));
    return {};
  }
  if (spec.name == "model")
    return keep(make_model(spec.argument.empty() ? options.server : spec.argument, catalog, where, kinds_of(meters)),
                meters);
  if (spec.argument.empty())
    return bad_input("it needs a file with the recorded reply", where, "write " + spec.name + ":FILE");
  return keep(open_recorded(spec.name, spec.argument), meters);
}

/// Everything that a machine shows of itself; RAPL through one of its doors only.
Meters open_all(const fs::path& sysroot) {
  Meters meters;
  const auto try_source = [&](Opened opened) {
    if (opened.readable) meters.push_back(std::move(opened.meter));
    return opened.readable;
  };
  if (!try_source(open_powercap(sysroot))) try_source(open_perf_events(sysroot));
  if (sysroot == "/") try_source(open_nvml());
  try_source(open_hwmon(sysroot, kinds_of(meters)));
  return meters;
}

Result<void> check_names(const Meters& meters) {
  std::map<std::string, std::string> sources;
  for (const auto& meter : meters)
    for (const Zone& zone : meter->zones()) {
      const auto [found, fresh] = sources.emplace(zone.name, zone.source);
      if (!fresh)
        return bad_input("two meters of '" + zone.name + "': its joules would count twice",
                         found->second + " and " + zone.source, "name one of them");
    }
  return {};
}

}  // namespace

Result<std::vector<std::unique_ptr<Meter>>> open_meters(const MeterOptions& options, const catalog::Catalog& catalog) {
  Meters meters;
  if (options.sources.empty()) {
    meters = open_all(options.sysroot);
    const KindSet kinds = kinds_of(meters);
    if (!kinds.has(ZoneKind::package) && !kinds.has(ZoneKind::psys) && !kinds.has(ZoneKind::platform))
      if (auto kept = keep(make_model(options.server, catalog, "declared model", kinds), meters); !kept)
        return kept.error();
  }
  // A model fills in what the others lack, wherever it is named.
  std::vector<std::string> sources = options.sources;
  std::stable_partition(sources.begin(), sources.end(),
                        [](const std::string& text) { return parse_spec(text).name != "model"; });
  for (const std::string& source : sources)
    if (auto opened = open_one(source, options, catalog, meters); !opened) return opened.error();
  if (auto unique = check_names(meters); !unique) return unique.error();
  return meters;
}

std::vector<MeterReport> probe_meters(const fs::path& sysroot) {
  std::vector<MeterReport> reports;
  const auto report = [&](const char* source, const Opened& opened) {
    reports.push_back({source, opened.readable, opened.readable ? opened.text : opened.text + ": " + opened.hint});
  };
  report("powercap", open_powercap(sysroot));
  report("perf", open_perf_events(sysroot));
  report("hwmon", open_hwmon(sysroot));
  if (sysroot == "/")
    report("nvml", open_nvml());
  else
    reports.push_back({"nvml", false, "a recorded tree has no driver to ask: leave --sysroot out"});
  const bool controller = fs::exists(under(sysroot, "dev/ipmi0"));
  reports.push_back({"ipmi", false,
                     std::string(controller ? "a controller is there" : "no controller at /dev/ipmi0") +
                         ": record `ipmitool dcmi power reading` to a file and name it as ipmi:FILE"});
  reports.push_back(
      {"redfish", false, "record the controller's /redfish/v1/Chassis/ID/Power and name it redfish:FILE"});
  reports.push_back({"model", true, "estimated from the catalogue's server; used where nothing measures"});
  return reports;
}

}  // namespace cradle::meter
