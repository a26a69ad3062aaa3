#include "cradle/study/fleet_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "cradle/simulate/timed_replay.h"

namespace cradle::study {

namespace {

using carbon::Bytes;
using carbon::Estimate;
using carbon::GramsCO2e;
using carbon::Watts;

constexpr double bytes_per_mib = 1'048'576;

template <class Q>
Q at(const Estimate<Q>& estimate, End end) {
  return end == End::low ? estimate.low : end == End::high ? estimate.high : estimate.value;
}

End end_of(const Ends& ends, Group group) { return ends[static_cast<std::size_t>(group)]; }

/// Every shape keeps its proportion: the list is walked in order of shape and every 1/scale-th node is kept.
std::vector<workload::NodeRow> sample(std::span<const workload::NodeRow> rows, double scale) {
  std::vector<workload::NodeRow> sorted(rows.begin(), rows.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::tie(a.gpu_model, a.gpu_count, a.cpu_milli, a.memory_mib) <
           std::tie(b.gpu_model, b.gpu_count, b.cpu_milli, b.memory_mib);
  });
  if (scale == 1) return sorted;
  std::vector<workload::NodeRow> kept;
  double sum = 0.5;
  for (workload::NodeRow& row : sorted) {
    sum += scale;
    if (sum < 1) continue;
    sum -= 1;
    kept.push_back(std::move(row));
  }
  return kept;
}

/// Deals neighbours of the sorted list out by the sites' shares: each goes where most is still missing.
std::vector<fleet::SiteIndex> deal(std::size_t nodes, std::span<const SiteConfig> sites) {
  double total = 0;
  for (const SiteConfig& site : sites) total += site.share;
  std::vector<double> owed(sites.size());
  std::vector<fleet::SiteIndex> assigned;
  for (std::size_t n = 0; n < nodes; ++n) {
    for (std::size_t s = 0; s < sites.size(); ++s) owed[s] += sites[s].share / total;
    const auto most = std::max_element(owed.begin(), owed.end());
    *most -= 1;
    assigned.push_back(static_cast<fleet::SiteIndex>(most - owed.begin()));
  }
  return assigned;
}

struct Machine {
  fleet::NodeSpec spec;
  std::array<carbon::ComponentRecord, simulate::parts_per_node> components;
};

Machine machine(const workload::NodeRow& row, fleet::SiteIndex site, const catalog::Server& server,
                const catalog::ServerParts& parts, const Ends& ends) {
  const double memory_bytes = static_cast<double>(row.memory_mib) * bytes_per_mib;
  const double threads = static_cast<double>(row.cpu_milli) / fleet::milli;

  Machine made;
  fleet::NodeSpec& spec = made.spec;
  spec.name = row.name;
  spec.cpu_milli = row.cpu_milli;
  spec.memory_mib = row.memory_mib;
  spec.gpu_count = row.gpu_count;
  spec.gpu_model = row.gpu_model;
  spec.site = site;
  spec.power.cores_per_socket = std::max(1, static_cast<int>(std::lround(parts.cpu->cores.value())));
  spec.power.socket_idle = at(parts.cpu->idle_power.estimate, end_of(ends, Group::processor_power));
  spec.power.socket_full = at(parts.cpu->full_power.estimate, end_of(ends, Group::processor_power));
  if (parts.accelerator != nullptr) {
    spec.power.gpu_idle = at(parts.accelerator->idle_power.estimate, end_of(ends, Group::gpu_idle_power));
    spec.power.gpu_full = at(parts.accelerator->full_power.estimate, end_of(ends, Group::gpu_full_power));
  }
  if (parts.memory != nullptr)
    spec.power.memory = at(parts.memory->power.estimate, end_of(ends, Group::memory_power)) * Bytes{memory_bytes};
  spec.power.base = at(server.base_power.estimate, end_of(ends, Group::processor_power));

  // A longer life carries less per operation, so the low end of the footprint is the high end of the lifetime.
  const auto seconds = carbon::Seconds{at(server.lifetime.estimate, end_of(ends, Group::lifetime))}.value();
  const int sockets = fleet::socket_count(spec.power, row.cpu_milli);
  const auto range = [&](const Estimate<GramsCO2e>& estimate, Group group) {
    const GramsCO2e value = at(estimate, end_of(ends, group));
    return end_of(ends, group) == End::value ? Estimate<GramsCO2e>{value, estimate.low, estimate.high}
                                             : Estimate<GramsCO2e>::exact(value);
  };
  Estimate<GramsCO2e> host = server.base_embodied.estimate;
  if (parts.storage != nullptr && server.storage_size) {
    const Bytes size = server.storage_size->value();
    const auto& per_byte = parts.storage->embodied.estimate;
    host = host + Estimate<GramsCO2e>{per_byte.value * size, per_byte.low * size, per_byte.high * size};
  }
  if (parts.nic != nullptr && server.nic_count) host = host + parts.nic->embodied.estimate * server.nic_count->value();

  const auto component = [&](simulate::Part part, const char* kind, std::string model,
                             const Estimate<GramsCO2e>& embodied, double operations_per_second,
                             carbon::OperationType type) {
    carbon::ComponentRecord& record = made.components[static_cast<std::size_t>(part)];
    record.machine = row.name;
    record.kind = kind;
    record.model = std::move(model);
    record.site = site;
    record.embodied = embodied;
    // A part that the machine does not have still has a life, so that its record is sound.
    record.lifetime_operations = carbon::Operations{std::max(operations_per_second, 1e-3) * seconds};
    record.lifetime = carbon::Seconds{seconds};
    record.operation_type = type;
  };
  using carbon::OperationType;
  component(simulate::Part::gpu, "gpu", server.accelerator,
            parts.accelerator == nullptr
                ? Estimate<GramsCO2e>{}
                : range(parts.accelerator->embodied.estimate, Group::gpu_embodied) * row.gpu_count,
            row.gpu_count, OperationType::device_second);
  component(simulate::Part::cpu, "cpu", server.cpu, range(parts.cpu->embodied.estimate, Group::host_embodied) * sockets,
            threads, OperationType::core_second);
  Estimate<GramsCO2e> memory{};
  if (parts.memory != nullptr) {
    const auto& per_byte = parts.memory->embodied.estimate;
    const Bytes size{memory_bytes};
    memory = range({per_byte.value * size, per_byte.low * size, per_byte.high * size}, Group::memory_embodied);
  }
  component(simulate::Part::memory, "memory", server.memory, memory, static_cast<double>(row.memory_mib) / 1024,
            OperationType::gibibyte_second);
  component(simulate::Part::host, "host", server.id, range(host, Group::host_embodied), threads,
            OperationType::core_second);
  return made;
}

/// The same series with every step multiplied.
Result<carbon::IntensitySeries> scaled(const carbon::IntensitySeries& series, double factor) {
  if (factor == 1) return series;
  std::vector<carbon::GramsPerKilowattHour> steps;
  for (const carbon::GramsPerJoule step : series.steps()) steps.emplace_back(step * factor);
  return carbon::IntensitySeries::make(series.signal(), series.start(), series.step_ms(), std::move(steps),
                                       series.periodic());
}

double ratio(const Estimate<carbon::GramsPerKilowattHour>& estimate, End end) {
  return estimate.value.value() > 0 ? at(estimate, end) / estimate.value : 1;
}

}  // namespace

std::string_view name(Group group) {
  switch (group) {
    case Group::grid_intensity: return "grid intensity";
    case Group::gpu_full_power: return "GPU power at load";
    case Group::gpu_idle_power: return "GPU power when idle";
    case Group::processor_power: return "processor and board power";
    case Group::memory_power: return "memory power";
    case Group::gpu_embodied: return "embodied carbon of GPUs";
    case Group::host_embodied: return "embodied carbon of hosts";
    case Group::memory_embodied: return "embodied carbon of memory";
    case Group::lifetime: return "lifetime of hardware";
  }
  return "";
}

Ends all_at(End end) {
  Ends ends{};
  ends.fill(end);
  // All of the footprint at one end: a long life goes with low numbers.
  ends[static_cast<std::size_t>(Group::lifetime)] = end == End::low    ? End::high
                                                    : end == End::high ? End::low
                                                                       : End::value;
  return ends;
}

Ends only(Group group, End end) {
  Ends ends = all_at(End::value);
  ends[static_cast<std::size_t>(group)] = end;
  return ends;
}

Result<FleetPlan> plan_fleet(const StudyConfig& config, std::span<const workload::NodeRow> rows,
                             const catalog::Catalog& catalog, const Ends& ends) {
  std::vector<workload::NodeRow> kept = sample(rows, config.fleet.scale);
  if (kept.empty())
    return missing_data("no node is left of " + std::to_string(rows.size()), config.file + ": fleet.scale",
                        "choose a larger scale");
  const std::vector<fleet::SiteIndex> sites = deal(kept.size(), config.sites);

  FleetPlan plan;
  for (const SiteConfig& site : config.sites) {
    const auto grid = catalog.find_grid(site.grid, config.file + ": site '" + site.name + "'");
    if (!grid) return grid.error();
    carbon::SiteRecord record;
    record.name = site.name;
    record.pue = site.pue;
    record.grid = site.grid;
    const End end = end_of(ends, Group::grid_intensity);
    auto average = scaled((*grid)->series(), ratio((*grid)->average.estimate, end));
    if (!average) return average.error();
    record.average = std::move(*average);
    if (const auto marginal = (*grid)->marginal_series()) {
      auto series = scaled(*marginal, (*grid)->marginal ? ratio((*grid)->marginal->estimate, end) : 1);
      if (!series) return series.error();
      record.marginal = std::move(*series);
    }
    plan.sites.push_back(std::move(record));
  }

  std::vector<Machine> machines;
  for (std::size_t n = 0; n < kept.size(); ++n) {
    const auto server = catalog.find_server_for_trace_model(kept[n].gpu_model, "node '" + kept[n].name + "'");
    if (!server) return server.error();
    machines.push_back(machine(kept[n], sites[n], **server, catalog.parts(**server), ends));
  }
  RandomStream(config.seed, "node-order").shuffle(std::span<Machine>(machines));
  for (Machine& made : machines) {
    plan.nodes.push_back(std::move(made.spec));
    for (carbon::ComponentRecord& component : made.components) plan.components.push_back(std::move(component));
  }
  return plan;
}

GroupRange describe(Group group, const StudyConfig& config, std::span<const workload::NodeRow> rows,
                    const catalog::Catalog& catalog) {
  // Every coefficient of the group that this fleet uses, once; the widest one speaks for its source.
  struct Member {
    double low, high;  ///< over value
    const carbon::Provenance* provenance;
  };
  std::vector<Member> members;
  const auto add = [&](const auto& coefficient) {
    const auto& estimate = coefficient.estimate;
    if (estimate.value.value() > 0)
      members.push_back({estimate.low / estimate.value, estimate.high / estimate.value, &coefficient.provenance});
  };
  if (group == Group::grid_intensity) {
    for (const SiteConfig& site : config.sites)
      if (const catalog::Grid* grid = catalog.grid(site.grid)) add(grid->average);
  }
  std::map<std::string, const catalog::Server*> servers;
  for (const workload::NodeRow& row : rows)
    if (const catalog::Server* server = catalog.server_for_trace_model(row.gpu_model)) servers[server->id] = server;
  for (const auto& [id, server] : servers) {
    const catalog::ServerParts parts = catalog.parts(*server);
    if (parts.accelerator != nullptr) {
      if (group == Group::gpu_full_power) add(parts.accelerator->full_power);
      if (group == Group::gpu_idle_power) add(parts.accelerator->idle_power);
      if (group == Group::gpu_embodied) add(parts.accelerator->embodied);
    }
    if (parts.memory != nullptr) {
      if (group == Group::memory_power) add(parts.memory->power);
      if (group == Group::memory_embodied) add(parts.memory->embodied);
    }
    if (group == Group::processor_power) add(parts.cpu->full_power);
    if (group == Group::host_embodied) {
      add(parts.cpu->embodied);
      add(server->base_embodied);
    }
    if (group == Group::lifetime) add(server->lifetime);
  }
  if (members.empty()) return {};
  Member widest = members.front();
  double low = 1, high = 1;
  for (const Member& member : members) {
    low = std::min(low, member.low);
    high = std::max(high, member.high);
    if (member.high - member.low > widest.high - widest.low) widest = member;
  }
  return {fixed(100 * (low - 1), 0) + " % .. +" + fixed(100 * (high - 1), 0) + " %", widest.provenance->source};
}

}  // namespace cradle::study
