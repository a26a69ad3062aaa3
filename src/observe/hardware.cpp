#include "hardware.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"

namespace cradle::observe {

namespace {

using carbon::Estimate;
using carbon::GramsCO2e;

constexpr std::string_view default_grid = "world";

Component component_of(std::string_view part) {
  if (part == "accelerator") return Component::accelerator;
  if (part == "cpu") return Component::cpu;
  if (part == "memory") return Component::memory;
  if (part == "storage") return Component::storage;
  if (part == "nic") return Component::network;
  return Component::base;
}

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == 0) return "localhost";
  return name;
}

SignalRange range_of(const Estimate<carbon::GramsPerKilowattHour>& estimate) {
  const double value = estimate.value.value();
  if (!(value > 0)) return {};
  return {estimate.low.value() / value, estimate.high.value() / value};
}

/// What this machine has of a stand-in server's part.
double scale_of(Component component, const catalog::Server& server, const catalog::ServerParts& parts, int processors,
                std::int64_t memory_bytes) {
  if (component == Component::memory) {
    const double bytes = server.memory_size.value().value();
    return bytes > 0 && memory_bytes > 0 ? static_cast<double>(memory_bytes) / bytes : 1;
  }
  const double threads = parts.cpu == nullptr ? 0 : parts.cpu->threads.value() * server.cpu_sockets.value();
  return threads > 0 && processors > 0 ? processors / threads : 1;
}

}  // namespace

Result<Hardware> hardware_of(const Place& place, int processors, std::int64_t memory_bytes,
                             const catalog::Catalog& catalog) {
  if (!(std::isfinite(place.pue) && place.pue >= 1))
    return bad_input("a PUE of " + shortest(place.pue), "pue", "give total facility energy over IT energy, at least 1");
  Hardware hardware;
  hardware.node_name = place.node_name.empty() ? host_name() : place.node_name;

  const std::string grid_id = place.grid.empty() ? std::string(default_grid) : place.grid;
  const auto grid = catalog.find_grid(grid_id, "grid");
  if (!grid) return grid.error();
  if (place.grid.empty()) hardware.notes.push_back("no grid was named: the world's mean intensity is used");
  hardware.site.name = hardware.node_name;
  hardware.site.pue = place.pue;
  hardware.site.grid = grid_id;
  hardware.site.average = (*grid)->series();
  hardware.site.marginal = (*grid)->marginal_series();
  hardware.average_range = range_of((*grid)->average.estimate);
  if ((*grid)->marginal) hardware.marginal_range = range_of((*grid)->marginal->estimate);

  const catalog::Server* server = nullptr;
  if (place.server.empty()) {
    server = catalog.server_for_trace_model("");
    hardware.notes.push_back(
        server == nullptr ? "no server was named and the catalogue has none to stand in: no embodied carbon"
                          : "no server was named: '" + server->id + "' stands in, scaled to the processors and memory");
  } else {
    const auto found = catalog.find_server(place.server, "server");
    if (!found) return found.error();
    server = *found;
  }

  for (std::size_t c = 0; c < components; ++c) {
    carbon::ComponentRecord& part = hardware.parts[c];
    part.machine = hardware.node_name;
    part.kind = to_string(static_cast<Component>(c));
    part.model = server == nullptr ? "" : server->id;
    part.lifetime = server == nullptr ? carbon::Seconds{carbon::Years{6}} : carbon::Seconds{server->lifetime.value()};
    part.lifetime_operations = carbon::Operations{part.lifetime.value()};
    part.operation_type = carbon::OperationType::device_second;
  }
  if (server == nullptr) return hardware;
  const catalog::ServerParts parts = catalog.parts(*server);
  for (const catalog::ServerLine& line : catalog.breakdown(*server)) {
    const Component component = component_of(line.part);
    const auto c = static_cast<std::size_t>(component);
    const double scale = place.server.empty() ? scale_of(component, *server, parts, processors, memory_bytes) : 1;
    hardware.parts[c].embodied = hardware.parts[c].embodied + line.embodied * scale;
    if (!place.server.empty()) hardware.declared_idle[c] += line.idle_power.value;
  }
  return hardware;
}

}  // namespace cradle::observe
