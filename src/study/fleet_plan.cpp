#include "cradle/study/fleet_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "cradle/base/file.h"
#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "cradle/catalog/hourly_grid.h"
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

auto shape_of(const workload::NodeRow& row) {
  return std::tie(row.gpu_model, row.gpu_count, row.cpu_milli, row.memory_mib);
}

/// Every shape keeps its proportion: the list is walked in order of shape and every 1/scale-th node is kept.
std::vector<workload::NodeRow> sample(std::span<const workload::NodeRow> rows, double scale) {
  std::vector<workload::NodeRow> sorted(rows.begin(), rows.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return shape_of(a) < shape_of(b); });
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

/// Shapes that are in the list and not in the sample, as one sentence; empty if there are none.
std::string left_out(std::span<const workload::NodeRow> rows, std::span<const workload::NodeRow> kept) {
  std::map<std::tuple<std::string, int>, std::pair<int, int>> counts;  // machines in the list and in the sample
  for (const workload::NodeRow& row : rows) ++counts[{row.gpu_model, row.gpu_count}].first;
  for (const workload::NodeRow& row : kept) ++counts[{row.gpu_model, row.gpu_count}].second;
  std::string text;
  for (const auto& [shape, count] : counts)
    if (count.second == 0)
      text += (text.empty() ? "" : ", ") + std::to_string(count.first) + " with " + std::to_string(std::get<1>(shape)) +
              " x " + (std::get<0>(shape).empty() ? "no GPU" : std::get<0>(shape));
  return text.empty() ? text : "too few for the sample, left out: " + text;
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
  spec.power.socket_full = at(parts.cpu->full_power.estimate, end_of(ends, Group::processor_power));
  spec.power.socket_idle =
      std::min(spec.power.socket_full, at(parts.cpu->idle_power.estimate, end_of(ends, Group::processor_power)));
  if (parts.accelerator != nullptr) {
    spec.power.gpu_full = at(parts.accelerator->full_power.estimate, end_of(ends, Group::gpu_full_power));
    spec.power.gpu_idle = std::min(spec.power.gpu_full,  // ranges may overlap
                                   at(parts.accelerator->idle_power.estimate, end_of(ends, Group::gpu_idle_power)));
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

/// A site's own hourly data; what was bridged in it is counted in the notes.
Result<carbon::IntensitySeries> hourly_series(const SiteConfig& site, std::vector<std::string>& notes) {
  const auto text = read_file(site.hourly);
  if (!text) return text.error();
  const auto grid = catalog::import_hourly(*text, site.hourly);
  if (!grid) return grid.error();
  if (grid->hours_bridged() > 0)
    notes.push_back("site " + site.name + ": " + std::to_string(grid->hours_bridged()) + " of " +
                    std::to_string(grid->hours()) + " hours of " + site.hourly +
                    " are gaps and were bridged, the first at " + to_iso(grid->defects.front().instant));
  return grid->series(carbon::Signal::average);
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
  if (std::string note = left_out(rows, kept); !note.empty()) plan.notes.push_back(std::move(note));
  for (const SiteConfig& site : config.sites) {
    const auto grid = catalog.find_grid(site.grid, site.where);
    if (!grid) return grid.error();
    carbon::SiteRecord record;
    record.name = site.name;
    record.pue = site.pue;
    record.grid = site.grid;
    const End end = end_of(ends, Group::grid_intensity);
    carbon::IntensitySeries series = (*grid)->series();
    if (!site.hourly.empty()) {
      auto hourly = hourly_series(site, plan.notes);
      if (!hourly) return hourly.error();
      series = std::move(*hourly);
    }
    auto average = scaled(series, ratio((*grid)->average.estimate, end));
    if (!average) return average.error();
    record.average = std::move(*average);
    if (const auto marginal = (*grid)->marginal_series()) {
      auto scaled_marginal = scaled(*marginal, (*grid)->marginal ? ratio((*grid)->marginal->estimate, end) : 1);
      if (!scaled_marginal) return scaled_marginal.error();
      record.marginal = std::move(*scaled_marginal);
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

Result<fleet::NodeSpec> node_spec(const workload::NodeRow& row, const catalog::Catalog& catalog) {
  const auto server = catalog.find_server_for_trace_model(row.gpu_model, "node '" + row.name + "'");
  if (!server) return server.error();
  return machine(row, 0, **server, catalog.parts(**server), all_at(End::value)).spec;
}

GroupRange describe(Group group, const StudyConfig& config, std::span<const workload::NodeRow> rows,
                    const catalog::Catalog& catalog) {
  // Every coefficient of the group that this fleet uses, once; the widest one speaks for its source.
  struct Member {
    double low, high;  ///< over value
    const carbon::Provenance* provenance;
  };
  std::vector<Member> members;
  std::string from_nothing;  // what has the value 0 and a range above it has no ratio
  const auto add = [&](const auto& coefficient) {
    const auto& estimate = coefficient.estimate;
    if (estimate.value.value() > 0) {
      members.push_back({estimate.low / estimate.value, estimate.high / estimate.value, &coefficient.provenance});
    } else if (estimate.high.value() > 0) {
      from_nothing = "; " + coefficient.key.substr(coefficient.key.rfind('.') + 1) + " 0 .. " +
                     shortest(estimate.high.value()) + " " + coefficient.unit;
    }
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
    if (group == Group::processor_power) {
      add(parts.cpu->full_power);
      add(parts.cpu->idle_power);
      add(server->base_power);
    }
    if (group == Group::host_embodied) {
      add(parts.cpu->embodied);
      add(server->base_embodied);
      if (parts.storage != nullptr) add(parts.storage->embodied);
      if (parts.nic != nullptr) add(parts.nic->embodied);
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
  return {fixed(100 * (low - 1), 0) + " % .. +" + fixed(100 * (high - 1), 0) + " %" + from_nothing,
          widest.provenance->source};
}

}  // namespace cradle::study
