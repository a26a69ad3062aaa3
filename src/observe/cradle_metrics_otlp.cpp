// The hardware metrics of OpenTelemetry's semantic conventions, from the zones of a snapshot.
#include "cradle/observe/metrics.h"
#include "cradle_metrics_rows.h"

namespace cradle::observe {

using exposition::MetricFamily;
using exposition::MetricType;
using exposition::valid_utf8;

namespace {

bool is_whole_host(const meter::Zone& zone) {
  return zone.kind == meter::ZoneKind::psys || zone.kind == meter::ZoneKind::platform;
}

/// The convention's hw.type of a zone that is a part of the host.
const char* hardware_type(meter::ZoneKind kind) {
  switch (kind) {
    case meter::ZoneKind::dram: return "memory";
    case meter::ZoneKind::gpu:
    case meter::ZoneKind::gpu_instance: return "gpu";
    case meter::ZoneKind::disk: return "physical_disk";
    case meter::ZoneKind::network: return "network";
    default: return "cpu";
  }
}

}  // namespace

std::vector<MetricFamily> otlp_families(const Snapshot& snapshot) {
  const std::vector<std::string> part = {"hw.id", "hw.type", "hw.name", "hw.parent", "cradle.meter_kind"};
  const std::vector<std::string> host = {"cradle.meter_kind"};
  Rows energy("hw.energy", "Energy of a component", "joules", MetricType::counter, part);
  Rows power("hw.power", "Power of a component", "watts", MetricType::gauge, part);
  Rows host_energy("hw.host.energy", "Energy of the whole host", "joules", MetricType::counter, host);
  Rows host_power("hw.host.power", "Power of the whole host", "watts", MetricType::gauge, host);

  // A meter of the whole host knows what no sum of parts does; without one the host is what is counted.
  const ZoneTotals* whole = nullptr;
  std::int64_t counted = 0;
  double counted_watts = 0;
  for (const ZoneTotals& totals : snapshot.zones) {
    if (is_whole_host(totals.zone) && (whole == nullptr || totals.zone.kind == meter::ZoneKind::platform))
      whole = &totals;
    if (!totals.counted) continue;
    counted += totals.microjoules;
    counted_watts += totals.watts;
    if (is_whole_host(totals.zone)) continue;
    const auto parent = static_cast<std::size_t>(totals.zone.parent);
    const std::string above = totals.zone.parent >= 0 && parent < snapshot.zones.size()
                                  ? valid_utf8(snapshot.zones[parent].zone.name)
                                  : std::string();
    const std::string id = valid_utf8(totals.zone.name), name = valid_utf8(totals.zone.path);
    const char *type = hardware_type(totals.zone.kind), *kind = meter_kind(totals.zone.knowledge);
    energy.add(joules(totals.microjoules), id, type, name, above, kind);
    power.add(totals.watts, id, type, name, above, kind);
  }
  if (whole != nullptr) {
    host_energy.add(joules(whole->microjoules), meter_kind(whole->zone.knowledge));
    host_power.add(whole->watts, meter_kind(whole->zone.knowledge));
  } else if (const auto knowledge = weakest(snapshot)) {
    host_energy.add(joules(counted), meter_kind(*knowledge));
    host_power.add(counted_watts, meter_kind(*knowledge));
  }
  std::vector<MetricFamily> families;
  for (Rows* rows : {&energy, &power, &host_energy, &host_power}) families.push_back(rows->take());
  for (MetricFamily& family : cradle_families(snapshot)) families.push_back(std::move(family));
  return families;
}

std::vector<std::pair<std::string, std::string>> otlp_resource(const Snapshot& snapshot) {
  return {
      {"host.name", snapshot.node_name}, {"service.name", "cradle"}, {"service.version", std::string(metrics_version)}};
}

}  // namespace cradle::observe
