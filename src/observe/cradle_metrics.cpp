// Our own metrics: everything that a snapshot says, with how it is known.
#include "cradle/observe/metrics.h"
#include "cradle_metrics_rows.h"
#include "energy_range.h"
#include "subtree.h"

namespace cradle::observe {

using exposition::MetricFamily;
using exposition::MetricType;
using exposition::valid_utf8;

namespace {

constexpr attribution::IdlePolicy policies[] = {attribution::IdlePolicy::none, attribution::IdlePolicy::even,
                                                attribution::IdlePolicy::reservation, attribution::IdlePolicy::use};

const char* tier_name(capture::Tier tier) {
  switch (tier) {
    case capture::Tier::bpf: return "bpf";
    case capture::Tier::taskstats: return "taskstats";
    case capture::Tier::proc: return "proc";
  }
  return "proc";
}

/// The components that some meter counts, with the kind to be told of them.
struct KnownComponent {
  Component component;
  const char* kind;
};
std::vector<KnownComponent> known_components(const Snapshot& snapshot) {
  std::vector<KnownComponent> known;
  for (std::size_t c = 0; c < components; ++c) {
    const auto component = static_cast<Component>(c);
    if (const auto knowledge = weakest(snapshot, component)) known.push_back({component, meter_kind(*knowledge)});
  }
  return known;
}

/// Half the range over the value: 0.1 is +- 10 %. 0 where there is nothing to be unsure of.
template <class Quantity>
double relative_uncertainty(const carbon::Estimate<Quantity>& estimate) {
  return estimate.value.value() > 0 ? (estimate.high - estimate.low) / estimate.value / 2 : 0;
}

/// The three figures of grams that totals hold, each with its scope, signal and kind. Embodied carbon is never
/// measured; operational carbon is known no better than the joules.
template <class Row>
void for_each_carbon(const Totals& totals, const std::optional<carbon::Knowledge>& knowledge, Row row) {
  if (knowledge) row(totals.operational_average, "operational", "average", meter_kind(*knowledge));
  if (knowledge && totals.operational_marginal)
    row(*totals.operational_marginal, "operational", "marginal", meter_kind(*knowledge));
  row(totals.embodied, "embodied", "none", meter_kind(carbon::Knowledge::estimated));
}

void add_groups(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  const std::vector<std::string> cgroup = {"cgroup"};
  Rows info("cradle_cgroup_info", "Who a control group is, as its path says", "", MetricType::gauge,
            {"cgroup", "kind", "container_id", "pod_id", "slurm_job", "unit"});
  Rows cpu("cradle_cgroup_cpu_seconds_total", "CPU time of a control group without its children", "seconds",
           MetricType::counter, cgroup);
  // A gauge: what is told late of a process takes away from it.
  Rows unseen("cradle_cgroup_unseen_cpu_seconds", "CPU time of a control group that no process was seen at", "seconds",
              MetricType::gauge, cgroup);
  Rows energy("cradle_cgroup_energy_joules_total",
              "Energy of a control group, with the idle draw that each policy has it bear; add up one policy only",
              "joules", MetricType::counter, {"cgroup", "component", "policy", "meter_kind"});
  Rows untold("cradle_cgroup_untold_joules_total",
              "Of a control group's energy under the idle policy in force, what no process that is told of had",
              "joules", MetricType::counter, {"cgroup", "component", "meter_kind"});
  Rows energy_uncertainty("cradle_cgroup_energy_uncertainty_ratio",
                          "Half the range of the joules under the idle policy in force over their value", "ratio",
                          MetricType::gauge, {"cgroup", "component"});
  Rows grams("cradle_cgroup_carbon_grams_total", "Carbon of a control group in gCO2e, with PUE", "grams",
             MetricType::counter, {"cgroup", "scope", "signal", "meter_kind"});
  Rows uncertainty("cradle_cgroup_carbon_uncertainty_ratio", "Half the range of the grams over their value", "ratio",
                   MetricType::gauge, {"cgroup", "scope", "signal", "meter_kind"});
  Rows resident("cradle_cgroup_resident_bytes", "Memory that a control group holds now", "bytes", MetricType::gauge,
                cgroup);
  Rows read("cradle_cgroup_block_read_bytes_total", "Read from block devices", "bytes", MetricType::counter, cgroup);
  Rows written("cradle_cgroup_block_written_bytes_total", "Written to block devices", "bytes", MetricType::counter,
               cgroup);
  Rows received("cradle_cgroup_network_received_bytes_total", "Received from the network", "bytes", MetricType::counter,
                cgroup);
  Rows sent("cradle_cgroup_network_sent_bytes_total", "Sent to the network", "bytes", MetricType::counter, cgroup);

  const std::vector<KnownComponent> known = known_components(snapshot);
  const auto knowledge = weakest(snapshot);
  std::vector<EnergyRange> ranges;
  for (const KnownComponent& one : known) ranges.emplace_back(snapshot, one.component);
  for (const GroupTotals& group : snapshot.groups) {
    const std::string path = valid_utf8(group.path);
    const Totals& totals = group.totals;
    const capture::Tenant& tenant = group.tenant;
    info.once(1, path, capture::to_string(tenant.kind), valid_utf8(tenant.container_id), valid_utf8(tenant.pod_id),
              valid_utf8(tenant.slurm_job), valid_utf8(tenant.unit));
    cpu.add(seconds(totals.cpu_ns), path);
    unseen.add(seconds(group.processes_unseen_ns), path);
    for (const KnownComponent& one : known)
      for (const attribution::IdlePolicy policy : policies)
        energy.add(joules(totals.microjoules(policy, one.component)), path, to_string(one.component),
                   attribution::to_string(policy), one.kind);
    for (std::size_t k = 0; k < known.size(); ++k) {
      const auto c = static_cast<std::size_t>(known[k].component);
      const char* component = to_string(known[k].component);
      const std::int64_t all = totals.microjoules(snapshot.policy, known[k].component);
      untold.add(joules(group.untold_microjoules[c] + group.untold_idle_microjoules[c]), path, component,
                 known[k].kind);
      if (all > 0)
        energy_uncertainty.once(relative_uncertainty(ranges[k].of(all, totals.dynamic_microjoules[c])), path,
                                component);
    }
    for_each_carbon(totals, knowledge,
                    [&](const auto& estimate, const char* scope, const char* signal, const char* kind) {
                      grams.add(estimate.value.value(), path, scope, signal, kind);
                      uncertainty.once(relative_uncertainty(estimate), path, scope, signal, kind);
                    });
    if (!group.ended) resident.add(static_cast<double>(totals.resident_bytes), path);
    read.add(static_cast<double>(totals.block_read_bytes), path);
    written.add(static_cast<double>(totals.block_written_bytes), path);
    received.add(static_cast<double>(totals.network_received_bytes), path);
    sent.add(static_cast<double>(totals.network_sent_bytes), path);
  }
  for (Rows* rows : {&info, &cpu, &unseen, &energy, &untold, &energy_uncertainty, &grams, &uncertainty, &resident,
                     &read, &written, &received, &sent})
    families.push_back(rows->take());
}

void add_subtrees(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  Rows cpu("cradle_cgroup_subtree_cpu_seconds_total", "CPU time of a control group that has children, with them",
           "seconds", MetricType::counter, {"cgroup"});
  Rows energy("cradle_cgroup_subtree_energy_joules_total",
              "Energy of a control group that has children, with them, under the idle policy in force", "joules",
              MetricType::counter, {"cgroup", "component", "meter_kind"});
  Rows grams("cradle_cgroup_subtree_carbon_grams_total",
             "Carbon of a control group that has children, with them, in gCO2e, with PUE", "grams", MetricType::counter,
             {"cgroup", "scope", "signal", "meter_kind"});
  const std::vector<KnownComponent> known = known_components(snapshot);
  const auto knowledge = weakest(snapshot);
  for (const Subtree& subtree : subtrees(snapshot)) {
    const std::string path = valid_utf8(subtree.path);
    cpu.add(seconds(subtree.cpu_ns), path);
    for (const KnownComponent& one : known)
      energy.add(joules(subtree.microjoules[static_cast<std::size_t>(one.component)]), path, to_string(one.component),
                 one.kind);
    if (knowledge) {
      grams.add(subtree.operational_average.value(), path, "operational", "average", meter_kind(*knowledge));
      if (subtree.operational_marginal)
        grams.add(subtree.operational_marginal->value(), path, "operational", "marginal", meter_kind(*knowledge));
    }
    grams.add(subtree.embodied.value(), path, "embodied", "none", meter_kind(carbon::Knowledge::estimated));
  }
  for (Rows* rows : {&cpu, &energy, &grams}) families.push_back(rows->take());
}

void add_processes(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  Rows cpu("cradle_process_cpu_seconds_total", "CPU time of a process in a control group", "seconds",
           MetricType::counter, {"pid", "comm", "cgroup"});
  Rows energy("cradle_process_energy_joules_total",
              "Energy of a process in a control group, dynamic and idle under the idle policy in force; none, no row",
              "joules", MetricType::counter, {"pid", "comm", "cgroup", "component", "meter_kind"});
  Rows grams("cradle_process_carbon_grams_total",
             "Carbon of a process in gCO2e: operational by the average signal with PUE, embodied of processor and base",
             "grams", MetricType::counter, {"pid", "comm", "cgroup", "scope", "meter_kind"});
  const std::vector<KnownComponent> known = known_components(snapshot);
  const auto knowledge = weakest(snapshot);
  const auto groups = groups_by_id(snapshot);
  for (const ProcessTotals& process : snapshot.processes) {
    const auto group = groups.find(process.group);
    const std::string pid = std::to_string(process.key.pid), comm = valid_utf8(process.command),
                      path = group == groups.end() ? std::string() : valid_utf8(group->second->path);
    cpu.add(seconds(process.cpu_ns - process.elsewhere_cpu_ns), pid, comm, path);
    for (const KnownComponent& one : known) {
      const std::int64_t microjoules = process.microjoules_in_group(one.component);
      if (microjoules > 0) energy.add(joules(microjoules), pid, comm, path, to_string(one.component), one.kind);
    }
    if (knowledge && process.operational.value() > 0)
      grams.add(process.operational.value(), pid, comm, path, "operational", meter_kind(*knowledge));
    if (process.embodied.value() > 0)
      grams.add(process.embodied.value(), pid, comm, path, "embodied", meter_kind(carbon::Knowledge::estimated));
  }
  for (Rows* rows : {&cpu, &energy, &grams}) families.push_back(rows->take());
}

void add_node(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  const std::vector<std::string> by_component = {"component", "meter_kind"};
  Rows energy("cradle_node_energy_joules_total", "Energy of the node by its meters, each joule once", "joules",
              MetricType::counter, by_component);
  Rows idle("cradle_node_idle_joules_total", "Idle draw that an idle policy leaves with nobody", "joules",
            MetricType::counter, {"component", "policy", "meter_kind"});
  Rows overhead("cradle_node_overhead_joules_total", "Energy of what the system does for everybody", "joules",
                MetricType::counter, by_component);
  Rows unattributed("cradle_node_unattributed_joules_total", "Energy of use that nobody was seen at", "joules",
                    MetricType::counter, by_component);
  Rows energy_uncertainty("cradle_node_energy_uncertainty_ratio", "Half the range of the joules over their value",
                          "ratio", MetricType::gauge, {"component"});
  Rows grams("cradle_node_carbon_grams_total", "Carbon of the node in gCO2e, with PUE", "grams", MetricType::counter,
             {"scope", "signal", "meter_kind"});
  Rows uncertainty("cradle_node_carbon_uncertainty_ratio", "Half the range of the grams over their value", "ratio",
                   MetricType::gauge, {"scope", "signal", "meter_kind"});

  for (const KnownComponent& one : known_components(snapshot)) {
    // Whole microjoules are summed before they become a double: the parts then add up in it as well as they can.
    std::int64_t metered = 0, over = 0, lost = 0;
    std::array<std::int64_t, attribution::idle_policies> residue{};
    for (const ZoneTotals& zone : snapshot.zones) {
      if (!zone.counted || zone.component != one.component) continue;
      metered += zone.microjoules;
      over += zone.overhead_microjoules;
      lost += zone.unattributed_microjoules;
      for (std::size_t p = 0; p < residue.size(); ++p) residue[p] += zone.idle_residue[p];
    }
    energy.add(joules(metered), to_string(one.component), one.kind);
    if (metered > 0)
      energy_uncertainty.once(relative_uncertainty(EnergyRange(snapshot, one.component).of(metered, 0)),
                              to_string(one.component));
    overhead.add(joules(over), to_string(one.component), one.kind);
    unattributed.add(joules(lost), to_string(one.component), one.kind);
    for (const attribution::IdlePolicy policy : policies)
      idle.add(joules(residue[static_cast<std::size_t>(policy)]), to_string(one.component),
               attribution::to_string(policy), one.kind);
  }
  for_each_carbon(snapshot.node, weakest(snapshot),
                  [&](const auto& estimate, const char* scope, const char* signal, const char* kind) {
                    grams.add(estimate.value.value(), scope, signal, kind);
                    uncertainty.once(relative_uncertainty(estimate), scope, signal, kind);
                  });
  for (Rows* rows : {&energy, &idle, &overhead, &unattributed, &energy_uncertainty, &grams, &uncertainty})
    families.push_back(rows->take());
}

void add_zones(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  const std::vector<std::string> labels = {"zone", "source", "meter_kind"};
  Rows energy("cradle_zone_energy_joules_total", "Energy of one zone of a meter; zones overlap", "joules",
              MetricType::counter, labels);
  Rows power("cradle_zone_power_watts", "Power of one zone of a meter in the last interval", "watts", MetricType::gauge,
             labels);
  Rows uncertainty("cradle_zone_uncertainty_ratio",
                   "Of the zone's energy, one standard deviation, by the meter's source", "ratio", MetricType::gauge,
                   labels);
  Rows events("cradle_meter_events_total", "What a meter told of a zone beside its joules", "", MetricType::counter,
              {"zone", "event"});
  for (const ZoneTotals& totals : snapshot.zones) {
    for (std::size_t e = 0; e < meter_events; ++e)
      events.add(static_cast<double>(totals.events[e]), valid_utf8(totals.zone.name),
                 to_string(static_cast<MeterEvent>(e)));
    const std::string zone = valid_utf8(totals.zone.name), source = valid_utf8(totals.zone.source);
    const char* kind = meter_kind(totals.zone.knowledge);
    energy.add(joules(totals.microjoules), zone, source, kind);
    power.add(totals.watts, zone, source, kind);
    uncertainty.once(totals.zone.uncertainty, zone, source, kind);
  }
  for (Rows* rows : {&energy, &power, &uncertainty, &events}) families.push_back(rows->take());
}

MetricFamily single(std::string name, std::string help, std::string unit, MetricType type, double value) {
  return {std::move(name), std::move(help), std::move(unit), type, {}, {{{}, value}}};
}

void add_observer(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  families.push_back({"cradle_build_info",
                      "The program that says this",
                      "",
                      MetricType::gauge,
                      {"version"},
                      {{{std::string(metrics_version)}, 1}}});
  families.push_back(
      {"cradle_node_info",
       "The node, where its processes are known from, the idle policy in force",
       "",
       MetricType::gauge,
       {"node_name", "tier", "policy"},
       {{{valid_utf8(snapshot.node_name), tier_name(snapshot.tier), attribution::to_string(snapshot.policy)}, 1}}});
  families.push_back(single("cradle_node_cpu_busy_ratio", "Of the processors, in the last interval", "ratio",
                            MetricType::gauge, snapshot.busy_share));
  families.push_back(single("cradle_ticks_total", "Scans that were accounted", "", MetricType::counter,
                            static_cast<double>(snapshot.ticks)));
  families.push_back(single("cradle_lost_records_total", "Records of processes that the kernel could not hand over", "",
                            MetricType::counter, static_cast<double>(snapshot.lost_records)));
  families.push_back(single("cradle_clock_steps_total", "Steps of the wall clock of more than a second", "",
                            MetricType::counter, static_cast<double>(snapshot.clock_steps)));
  families.push_back(single("cradle_observer_cpu_seconds_total", "CPU time that the observer itself took", "seconds",
                            MetricType::counter, seconds(snapshot.observer_cpu_ns)));
  families.push_back(single("cradle_scan_cpu_seconds", "CPU time that the last scan took", "seconds", MetricType::gauge,
                            seconds(snapshot.scan_cpu_ns)));
}

}  // namespace

const char* meter_kind(carbon::Knowledge knowledge) {
  switch (knowledge) {
    case carbon::Knowledge::measured: return "measured";
    case carbon::Knowledge::estimated: return "estimated";
    case carbon::Knowledge::simulated: return "simulated";
  }
  return "simulated";
}

std::optional<carbon::Knowledge> weakest(const Snapshot& snapshot, std::optional<Component> component) {
  // Declared from best to worst.
  std::optional<carbon::Knowledge> worst;
  for (const ZoneTotals& zone : snapshot.zones)
    if (zone.counted && (!component || zone.component == *component) && (!worst || zone.zone.knowledge > *worst))
      worst = zone.zone.knowledge;
  return worst;
}

std::vector<MetricFamily> cradle_families(const Snapshot& snapshot) {
  std::vector<MetricFamily> families;
  add_observer(snapshot, families);
  add_node(snapshot, families);
  add_zones(snapshot, families);
  add_groups(snapshot, families);
  add_subtrees(snapshot, families);
  add_processes(snapshot, families);
  return families;
}

}  // namespace cradle::observe
