// A made-up node for tests: two packages, memory, disk, a GPU and a platform meter; a service, a pod of two containers,
// a Slurm job, a virtual machine. Every reading is divided for real, so that what must add up does.
#pragma once

#include <string>
#include <vector>

#include "cradle/attribution/attribution.h"
#include "cradle/observe/node.h"

namespace cradle::observe {

inline meter::Zone sample_zone(std::string name, meter::ZoneKind kind, std::string path, std::string source,
                               carbon::Knowledge knowledge) {
  meter::Zone zone;
  zone.name = std::move(name);
  zone.kind = kind;
  zone.path = std::move(path);
  zone.source = std::move(source);
  zone.knowledge = knowledge;
  zone.uncertainty = 0.05;
  return zone;
}

inline GroupTotals sample_group(std::uint64_t id, std::string path, capture::TenantKind kind) {
  GroupTotals group;
  group.id = id;
  group.path = std::move(path);
  group.tenant.kind = kind;
  return group;
}

/// The node before its first tick, with `more` further services of `processes` processes each.
inline Snapshot sample_node(std::size_t more = 0, std::size_t processes = 0) {
  using carbon::Knowledge;
  using meter::ZoneKind;
  Snapshot node;
  node.node_name = "node-1";
  node.policy = attribution::IdlePolicy::reservation;
  node.busy_share = 0.5;
  node.processors = {{"0", "AuthenticAMD", "AMD EPYC 7713", "0", "0"},
                     {"1", "AuthenticAMD", "AMD EPYC 7713", "0", "1"}};
  const auto zone = [&](meter::Zone of, Component component, bool counted) {
    ZoneTotals totals;
    totals.zone = std::move(of);
    totals.component = component;
    totals.counted = counted;
    node.zones.push_back(std::move(totals));
  };
  zone(sample_zone("package-0", ZoneKind::package, "/sys/p0", "powercap", Knowledge::measured), Component::cpu, true);
  zone(sample_zone("package-1", ZoneKind::package, "/sys/p1", "powercap", Knowledge::measured), Component::cpu, true);
  zone(sample_zone("core-0", ZoneKind::core, "/sys/p0/c", "powercap", Knowledge::measured), Component::cpu, false);
  zone(sample_zone("dram-0", ZoneKind::dram, "/sys/d0", "powercap", Knowledge::measured), Component::memory, true);
  zone(sample_zone("disk", ZoneKind::disk, "server.x", "model", Knowledge::estimated), Component::storage, true);
  zone(sample_zone("gpu-GPU-1a2b", ZoneKind::gpu, "NVIDIA H100 GPU-1a2b", "nvml", Knowledge::measured),
       Component::accelerator, true);
  zone(sample_zone("platform", ZoneKind::platform, "dcmi", "redfish", Knowledge::measured), Component::base, false);
  node.zones[2].zone.parent = 0;

  node.groups.push_back(sample_group(1, "/", capture::TenantKind::node));
  node.groups.push_back(sample_group(2, "/system.slice/ssh.service", capture::TenantKind::unit));
  node.groups[1].tenant.unit = "ssh.service";
  const std::string pod = "11111111-2222-3333-4444-555555555555";
  for (const char digit : {'a', 'b'}) {
    const std::string id(64, digit);
    node.groups.push_back(
        sample_group(node.groups.size() + 1, "/kubepods/pod" + pod + "/" + id, capture::TenantKind::container));
    node.groups.back().tenant.container_id = id;
    node.groups.back().tenant.pod_id = pod;
    node.groups.back().tenant.runtime = "containerd";
  }
  node.groups.push_back(sample_group(5, "/slurm/uid_1/job_4711/step_0", capture::TenantKind::slurm_job));
  node.groups.back().tenant.slurm_job = "4711";
  node.groups.push_back(
      sample_group(6, "/machine.slice/machine-qemu\\x2d3\\x2dweb\\x2d1.scope", capture::TenantKind::unit));
  for (std::size_t i = 0; i < more; ++i)
    node.groups.push_back(sample_group(node.groups.size() + 1, "/system.slice/worker-" + std::to_string(i) + ".service",
                                       capture::TenantKind::unit));
  std::int32_t pid = 100;
  for (const GroupTotals& group : node.groups)
    for (std::size_t i = 0; i < (group.id > 6 ? processes : 2); ++i) {
      ProcessTotals process;
      process.key = {pid++, group.id};
      process.command = group.id == 6 ? "qemu-system-x86" : "worker \"" + std::to_string(i) + "\"";
      process.group = group.id;
      node.processes.push_back(std::move(process));
    }
  return node;
}

/// One second: every counted zone is read, divided among the groups and those among their processes.
inline void sample_tick(Snapshot& node) {
  node.at.ms += 1000;
  node.interval_ns = 1'000'000'000;
  ++node.ticks;
  for (GroupTotals& group : node.groups) group.interval_dynamic_microjoules = {};
  for (ProcessTotals& process : node.processes) process.interval_dynamic_microjoules = {};
  const auto n = static_cast<std::int64_t>(node.groups.size());
  attribution::Division division;
  std::vector<attribution::Consumer> consumers;
  for (std::size_t z = 0; z < node.zones.size(); ++z) {
    ZoneTotals& zone = node.zones[z];
    const attribution::Pool pool{90'000'007 + 1000 * static_cast<std::int64_t>(z), 40'000'001, 2'000 * n, 4'000 * n,
                                 13};
    consumers.clear();
    for (std::int64_t g = 0; g < n; ++g) consumers.push_back({1'000 + 7 * g, 1'001 + g});
    attribution::divide(pool, consumers, division);
    zone.microjoules += pool.metered;
    zone.idle_microjoules += pool.idle;
    zone.active_microjoules += pool.metered - pool.idle;
    zone.watts = static_cast<double>(pool.metered) / 1e6;
    zone.active_watts = static_cast<double>(pool.metered - pool.idle) / 1e6;
    zone.overhead_microjoules += division.overhead;
    zone.unattributed_microjoules += division.unattributed;
    for (std::size_t p = 0; p < attribution::idle_policies; ++p) zone.idle_residue[p] += division.idle_residue[p];
    if (!zone.counted) continue;
    const auto c = static_cast<std::size_t>(zone.component);
    for (std::size_t g = 0; g < node.groups.size(); ++g) {
      GroupTotals& group = node.groups[g];
      group.totals.dynamic_microjoules[c] += division.dynamic[g];
      group.interval_dynamic_microjoules[c] += division.dynamic[g];
      for (std::size_t p = 0; p < attribution::idle_policies; ++p)
        group.totals.idle_microjoules[p][c] += division.idle[p][g];
      std::vector<ProcessTotals*> members;
      for (ProcessTotals& process : node.processes)
        if (process.group == group.id) members.push_back(&process);
      const std::vector<std::int64_t> alike(members.size(), 1);
      std::vector<attribution::MicroJoules> parts(members.size() + 1);
      attribution::divide(division.dynamic[g], alike, parts);
      for (std::size_t m = 0; m < members.size(); ++m) {
        members[m]->dynamic_microjoules[c] += parts[m];
        members[m]->interval_dynamic_microjoules[c] += parts[m];
        group.untold_microjoules[c] -= parts[m];
        members[m]->operational = members[m]->operational + carbon::GramsCO2e{static_cast<double>(parts[m]) * 1e-10};
        members[m]->embodied = members[m]->embodied + carbon::GramsCO2e{0.001};
      }
      group.untold_microjoules[c] += division.dynamic[g];
      group.untold_idle_microjoules[c] += division.idle[static_cast<std::size_t>(node.policy)][g];
    }
  }
  using carbon::GramsCO2e;
  for (GroupTotals& group : node.groups) {
    Totals& totals = group.totals;
    totals.cpu_ns += 1'000'000;
    totals.block_read_bytes += 4096;
    totals.network_sent_bytes += 1500;
    totals.resident_bytes = 1 << 20;
    totals.operational_average =
        totals.operational_average + carbon::Estimate<GramsCO2e>{GramsCO2e{0.01}, GramsCO2e{0.009}, GramsCO2e{0.011}};
    totals.operational_marginal = totals.operational_average * 2;
    totals.embodied = totals.embodied + carbon::Estimate<GramsCO2e>{GramsCO2e{0.02}, GramsCO2e{0.01}, GramsCO2e{0.04}};
  }
  node.node.operational_average = node.groups[0].totals.operational_average * static_cast<double>(n);
  node.node.embodied = node.groups[0].totals.embodied * static_cast<double>(n);
  for (ProcessTotals& process : node.processes) process.cpu_ns += 400'000;
}

}  // namespace cradle::observe
