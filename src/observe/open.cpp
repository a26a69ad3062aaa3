// The observer of this machine: the capture, meters and map that its options name.
#include <unistd.h>

#include <algorithm>

#include "node_observer.h"

namespace cradle::observe {

namespace {

using Meters = std::vector<std::unique_ptr<meter::Meter>>;

/// Where none is named: every meter that is found, and the declared model for the parts that none of them covers, so
/// that a machine with RAPL alone does not seem to have no disks, cards and fans. A meter of the whole machine covers
/// everything: then nothing is estimated.
Result<Meters> meters_of(meter::MeterOptions options, const catalog::Catalog& catalog) {
  auto found = meter::open_meters(options, catalog);
  if (!found || !options.sources.empty()) return found;
  std::vector<std::string> sources;
  for (const auto& meter : *found)
    for (const meter::Zone& zone : meter->zones()) {
      const bool whole = zone.kind == meter::ZoneKind::psys || zone.kind == meter::ZoneKind::platform;
      if (whole || zone.source == "model") return found;
      if (std::find(sources.begin(), sources.end(), zone.source) == sources.end()) sources.push_back(zone.source);
    }
  found->clear();  // no counter is open twice
  options.sources = std::move(sources);
  options.sources.push_back("model");
  return meter::open_meters(options, catalog);
}

}  // namespace

Result<std::unique_ptr<Observer>> Observer::open(const ObserverOptions& options, const catalog::Catalog& catalog) {
  auto capture = capture::Capture::open(options.capture);
  if (!capture) return std::move(capture).error();
  return open(options, catalog, *std::move(capture));
}

Result<std::unique_ptr<Observer>> Observer::open(const ObserverOptions& options, const catalog::Catalog& catalog,
                                                 std::unique_ptr<capture::Capture> capture) {
  Parts parts;
  parts.capture = std::move(capture);
  meter::MeterOptions metering = options.meter;
  if (metering.server.empty()) metering.server = options.place.server;
  auto meters = meters_of(std::move(metering), catalog);
  if (!meters) return std::move(meters).error();
  parts.meters = *std::move(meters);
  parts.gpu_use = meter::gpu_process_use;
  if (!options.self_map.empty()) {
    auto map = kernel::SelfMap::create(options.self_map);
    if (!map) return std::move(map).error();
    parts.self_map = *std::move(map);
  }
  parts.own_pid = ::getpid();
  auto observer = NodeObserver::compose(options, std::move(parts), catalog);
  if (!observer) return std::move(observer).error();
  return std::unique_ptr<Observer>(*std::move(observer));
}

}  // namespace cradle::observe
