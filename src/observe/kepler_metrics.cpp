// Kepler's names and labels, as its documentation lists them from version 0.10 on.
#include <map>

#include "cradle/base/text.h"
#include "cradle/observe/metrics.h"
#include "cradle_metrics_rows.h"
#include "kepler_metrics_vm.h"

namespace cradle::observe {

using exposition::MetricFamily;
using exposition::MetricType;
using exposition::valid_utf8;

namespace {

#if defined(__x86_64__)
constexpr const char* architecture = "amd64";  // Go's word, as Kepler says it
#elif defined(__aarch64__)
constexpr const char* architecture = "arm64";
#else
constexpr const char* architecture = "other";
#endif

using ComponentSums = std::array<std::int64_t, components>;

std::int64_t of(const ComponentSums& sums, Component component) { return sums[static_cast<std::size_t>(component)]; }

bool is_cpu_zone(meter::ZoneKind kind) {
  switch (kind) {
    case meter::ZoneKind::package:
    case meter::ZoneKind::core:
    case meter::ZoneKind::uncore:
    case meter::ZoneKind::dram:
    case meter::ZoneKind::psys: return true;
    default: return false;
  }
}

/// The zones that a workload's joules are told by: the counted ones, each with the component that it measures.
struct WorkloadZone {
  Component component;
  const char* name;
};
std::vector<WorkloadZone> workload_zones(const Snapshot& snapshot) {
  std::vector<WorkloadZone> zones;
  for (const ZoneTotals& totals : snapshot.zones) {
    if (!totals.counted || !is_cpu_zone(totals.zone.kind)) continue;
    const bool known = std::any_of(zones.begin(), zones.end(),
                                   [&](const WorkloadZone& zone) { return zone.component == totals.component; });
    if (!known) zones.push_back({totals.component, meter::to_string(totals.zone.kind)});
  }
  return zones;
}

const char* state_of(bool ended) { return ended ? "terminated" : "running"; }

/// The joules, watts and CPU seconds of one kind of workload. The labels that name a workload are the same in all
/// families but for the zone, which comes last.
class Workload {
 public:
  Workload(const Snapshot& snapshot, const std::string& kind, const std::vector<std::string>& labels,
           const std::vector<std::string>& seconds_labels)
      : snapshot_(snapshot),
        zones_(workload_zones(snapshot)),
        has_gpu_(weakest(snapshot, Component::accelerator).has_value()),
        joules_("kepler_" + kind + "_cpu_joules_total", "Energy of a " + kind + " without idle", "joules",
                MetricType::counter, with_zone(labels)),
        watts_("kepler_" + kind + "_cpu_watts", "Power of a " + kind + " without idle", "watts", MetricType::gauge,
               with_zone(labels)),
        seconds_("kepler_" + kind + "_cpu_seconds_total", "CPU time of a " + kind, "seconds", MetricType::counter,
                 seconds_labels),
        gpu_joules_("kepler_" + kind + "_gpu_joules_total", "GPU energy of a " + kind + " without idle", "joules",
                    MetricType::counter, labels),
        gpu_watts_("kepler_" + kind + "_gpu_watts", "GPU power of a " + kind + " without idle", "watts",
                   MetricType::gauge, labels) {}

  template <class... Labels>
  void add_cpu(const ComponentSums& total, const ComponentSums& interval, const Labels&... labels) {
    for (const WorkloadZone& zone : zones_) {
      joules_.add(joules(of(total, zone.component)), snapshot_.node_name, labels..., zone.name);
      watts_.add(watts(of(interval, zone.component), snapshot_.interval_ns), snapshot_.node_name, labels..., zone.name);
    }
  }
  template <class... Labels>
  void add_energy(const ComponentSums& total, const ComponentSums& interval, const Labels&... labels) {
    add_cpu(total, interval, labels...);
    if (!has_gpu_) return;
    gpu_joules_.add(joules(of(total, Component::accelerator)), snapshot_.node_name, labels...);
    gpu_watts_.add(watts(of(interval, Component::accelerator), snapshot_.interval_ns), snapshot_.node_name, labels...);
  }
  template <class... Labels>
  void add_seconds(std::int64_t cpu_ns, const Labels&... labels) {
    seconds_.add(seconds(cpu_ns), snapshot_.node_name, labels...);
  }
  void take_into(std::vector<MetricFamily>& families) {
    for (Rows* rows : {&joules_, &watts_, &seconds_, &gpu_joules_, &gpu_watts_}) families.push_back(rows->take());
  }

 private:
  static std::vector<std::string> with_zone(std::vector<std::string> labels) {
    labels.emplace_back("zone");
    return labels;
  }

  const Snapshot& snapshot_;
  std::vector<WorkloadZone> zones_;
  bool has_gpu_;
  Rows joules_, watts_, seconds_, gpu_joules_, gpu_watts_;
};

/// What several groups or processes come to that are one container, pod or virtual machine.
struct Sum {
  ComponentSums total{}, interval{};
  std::int64_t cpu_ns = 0;
  bool ended = true;
  std::string runtime, pod_id;  ///< of a container

  void add(const ComponentSums& totals, const ComponentSums& last, std::int64_t cpu, bool is_ended) {
    for (std::size_t c = 0; c < components; ++c) {
      total[c] += totals[c];
      interval[c] += is_ended ? 0 : last[c];
    }
    cpu_ns += cpu;
    ended = ended && is_ended;
  }
};

void add_processes(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  Workload processes(snapshot, "process", {"node_name", "pid", "comm", "exe", "type", "state", "container_id", "vm_id"},
                     {"node_name", "pid", "comm", "exe", "type", "container_id", "vm_id"});
  std::map<std::pair<std::string, std::string>, Sum> machines;  // by id and name
  const auto groups = groups_by_id(snapshot);
  const std::string unknown;
  for (const ProcessTotals& process : snapshot.processes) {
    const auto found = groups.find(process.group);
    const GroupTotals* group = found == groups.end() ? nullptr : found->second;
    const std::string& container = group == nullptr ? unknown : group->tenant.container_id;
    const VirtualMachine machine =
        virtual_machine(group == nullptr ? std::string_view{} : group->path, process.command, process.key.pid);
    const char* type = !machine.id.empty() ? "vm" : container.empty() ? "regular" : "container";
    const std::string pid = std::to_string(process.key.pid), comm = valid_utf8(process.command);
    const std::string machine_id = valid_utf8(machine.id);
    const char* state = state_of(process.ended);
    const ComponentSums& interval = process.interval_dynamic_microjoules;
    processes.add_energy(process.dynamic_microjoules, interval, pid, comm, "", type, state, container, machine_id);
    processes.add_seconds(process.cpu_ns, pid, comm, "", type, container, machine_id);
    if (machine.id.empty()) continue;
    Sum& sum = machines[{machine_id, valid_utf8(machine.name)}];
    sum.add(process.dynamic_microjoules, interval, process.cpu_ns, process.ended);
  }
  processes.take_into(families);

  Workload all(snapshot, "vm", {"node_name", "vm_id", "vm_name", "hypervisor", "state"}, {});
  for (const auto& [machine, sum] : machines)
    all.add_cpu(sum.total, sum.interval, machine.first, machine.second, "kvm", state_of(sum.ended));
  all.take_into(families);
}

void add_containers_and_pods(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  std::map<std::string, Sum> containers, pods;
  for (const GroupTotals& group : snapshot.groups) {
    const capture::Tenant& tenant = group.tenant;
    const auto add = [&](Sum& sum) {
      sum.add(group.totals.dynamic_microjoules, group.interval_dynamic_microjoules, group.totals.cpu_ns, group.ended);
    };
    if (!tenant.container_id.empty()) {
      Sum& sum = containers[tenant.container_id];
      sum.runtime = tenant.runtime;
      sum.pod_id = tenant.pod_id;
      add(sum);
    }
    if (!tenant.pod_id.empty()) add(pods[tenant.pod_id]);
  }
  constexpr std::size_t short_id = 12;  // as the runtimes' own commands show it
  Workload all(snapshot, "container", {"node_name", "container_id", "container_name", "runtime", "state", "pod_id"},
               {"node_name", "container_id", "container_name", "runtime", "state", "pod_id"});
  for (const auto& [id, sum] : containers) {
    all.add_energy(sum.total, sum.interval, id, id.substr(0, short_id), sum.runtime, state_of(sum.ended), sum.pod_id);
    all.add_seconds(sum.cpu_ns, id, id.substr(0, short_id), sum.runtime, state_of(sum.ended), sum.pod_id);
  }
  all.take_into(families);
  Workload every(snapshot, "pod", {"node_name", "pod_id", "pod_name", "pod_namespace", "state"}, {});
  for (const auto& [id, sum] : pods) every.add_energy(sum.total, sum.interval, id, id, "unknown", state_of(sum.ended));
  every.take_into(families);
}

/// The six figures of one zone of the node, and the families that they go to.
class NodeEnergy {
 public:
  NodeEnergy(const std::string& kind, const std::vector<std::string>& labels)
      : rows_{Rows(name(kind, "joules_total"), "Energy of the node's " + kind, "joules", MetricType::counter, labels),
              Rows(name(kind, "watts"), "Power of the node's " + kind, "watts", MetricType::gauge, labels),
              Rows(name(kind, "active_joules_total"), "Above what an idle node draws", "joules", MetricType::counter,
                   labels),
              Rows(name(kind, "active_watts"), "Above what an idle node draws", "watts", MetricType::gauge, labels),
              Rows(name(kind, "idle_joules_total"), "What an idle node draws", "joules", MetricType::counter, labels),
              Rows(name(kind, "idle_watts"), "What an idle node draws", "watts", MetricType::gauge, labels)} {}

  template <class... Labels>
  void add(const ZoneTotals& zone, const Labels&... labels) {
    const double values[] = {joules(zone.microjoules),        zone.watts,
                             joules(zone.active_microjoules), zone.active_watts,
                             joules(zone.idle_microjoules),   zone.watts - zone.active_watts};
    for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].add(values[i], labels...);
  }
  void take_into(std::vector<MetricFamily>& families) {
    for (Rows& rows : rows_) families.push_back(rows.take());
  }

 private:
  static std::string name(const std::string& kind, const char* figure) { return "kepler_node_" + kind + "_" + figure; }
  std::vector<Rows> rows_;
};

void add_zones(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  NodeEnergy cpu("cpu", {"node_name", "zone", "path"});
  NodeEnergy gpu("gpu", {"node_name", "gpu", "gpu_uuid", "gpu_name", "vendor"});
  Rows gpu_info("kepler_node_gpu_info", "GPUs of the node", "", MetricType::gauge,
                {"node_name", "gpu", "gpu_uuid", "gpu_name", "vendor"});
  Rows platform("kepler_platform_watts", "Power of the whole platform", "watts", MetricType::gauge,
                {"source", "node_name", "bmc_id", "chassis_id", "source_id", "source_name", "source_type"});
  const std::string& node = snapshot.node_name;
  int index = 0;
  for (const ZoneTotals& totals : snapshot.zones) {
    const meter::Zone& zone = totals.zone;
    const std::string name = valid_utf8(zone.name), path = valid_utf8(zone.path);
    if (is_cpu_zone(zone.kind)) {
      cpu.add(totals, node, meter::to_string(zone.kind), path);
    } else if (zone.kind == meter::ZoneKind::gpu) {
      // A board's zone is named "gpu-" and its UUID, and its path says the product's name and then the UUID.
      const std::string uuid = name.starts_with("gpu-") ? name.substr(4) : name;
      const std::string product(trim(std::string_view(path).substr(0, path.find(uuid))));
      const char* vendor = zone.source == "nvml" ? "nvidia" : "";
      const std::string number = std::to_string(index++);
      gpu.add(totals, node, number, uuid, product, vendor);
      gpu_info.once(1, node, number, uuid, product, vendor);
    } else if (zone.kind == meter::ZoneKind::platform) {
      platform.add(totals.watts, valid_utf8(zone.source), node, "", "", name, path, "");
    }
  }
  cpu.take_into(families);
  gpu.take_into(families);
  families.push_back(gpu_info.take());
  families.push_back(platform.take());
}

void add_infos(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  const std::string& node = snapshot.node_name;
  families.push_back({"kepler_build_info",
                      "The program that says this: cradle, under Kepler's names",
                      "",
                      MetricType::gauge,
                      {"node_name", "arch", "branch", "revision", "version", "goversion"},
                      {{{node, architecture, "", "", std::string(metrics_version), "none"}, 1}}});
  families.push_back({"kepler_node_cpu_usage_ratio",
                      "Of the processors, in the last interval",
                      "ratio",
                      MetricType::gauge,
                      {"node_name"},
                      {{{node}, snapshot.busy_share}}});
  Rows cpus("kepler_node_cpu_info", "Processors of the node", "", MetricType::gauge,
            {"node_name", "processor", "vendor_id", "model_name", "physical_id", "core_id"});
  for (const Processor& cpu : snapshot.processors)
    cpus.once(1, node, valid_utf8(cpu.number), valid_utf8(cpu.vendor), valid_utf8(cpu.model), valid_utf8(cpu.package),
              valid_utf8(cpu.core));
  families.push_back(cpus.take());
}

}  // namespace

std::vector<MetricFamily> kepler_families(const Snapshot& snapshot) {
  std::vector<MetricFamily> families;
  add_infos(snapshot, families);
  add_zones(snapshot, families);
  add_processes(snapshot, families);
  add_containers_and_pods(snapshot, families);
  std::erase_if(families, [](const MetricFamily& family) { return family.samples.empty(); });
  return families;
}

std::vector<Processor> read_processors(std::string_view cpuinfo) {
  std::vector<Processor> processors;
  for (const std::string_view line : split(cpuinfo, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trim(line.substr(0, colon));
    const std::string value(trim(line.substr(colon + 1)));
    if (key == "processor") processors.push_back({value, "", "", "", ""});
    if (processors.empty()) continue;
    Processor& processor = processors.back();
    if (key == "vendor_id") processor.vendor = value;
    if (key == "model name") processor.model = value;
    if (key == "physical id") processor.package = value;
    if (key == "core id") processor.core = value;
  }
  return processors;
}

}  // namespace cradle::observe
