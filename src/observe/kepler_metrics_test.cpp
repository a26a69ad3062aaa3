// Names, labels and types against Kepler's documentation; sums against the zones they come from.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cradle/base/file.h"
#include "cradle/observe/metrics.h"
#include "cradle_metrics_sample.h"
#include "kepler_metrics_vm.h"

namespace cradle::observe {
namespace {

using exposition::MetricFamily;
using exposition::MetricType;
using exposition::Sample;

Snapshot after_ticks(int ticks) {
  Snapshot node = sample_node();
  for (int i = 0; i < ticks; ++i) sample_tick(node);
  return node;
}

const MetricFamily& named(const std::vector<MetricFamily>& families, const std::string& name) {
  static const MetricFamily none;
  for (const MetricFamily& family : families)
    if (family.name == name) return family;
  ADD_FAILURE() << "no family " << name;
  return none;
}

double sum_where(const MetricFamily& family, const std::map<std::string, std::string>& wanted) {
  double sum = 0;
  int found = 0;
  for (const Sample& sample : family.samples) {
    bool fits = true;
    for (std::size_t i = 0; i < family.labels.size(); ++i) {
      const auto want = wanted.find(family.labels[i]);
      fits = fits && (want == wanted.end() || want->second == sample.labels[i]);
    }
    if (!fits) continue;
    sum += sample.value;
    ++found;
  }
  EXPECT_GT(found, 0) << family.name;
  return sum;
}

struct Row {
  const char* name;
  MetricType type;
  std::vector<std::string> labels;
};

/// Kepler's docs/user/metrics.md (main of 2026-08, after 0.11.4; Apache-2.0), restated. node_name is a constant label
/// of all of them.
std::vector<Row> documented() {
  const std::vector<std::string> zone = {"node_name", "zone", "path"};
  const std::vector<std::string> gpu = {"node_name", "gpu", "gpu_uuid", "gpu_name", "vendor"};
  const std::vector<std::string> process = {"node_name", "pid",   "comm",         "exe",
                                            "type",      "state", "container_id", "vm_id"};
  const std::vector<std::string> container = {"node_name", "container_id", "container_name",
                                              "runtime",   "state",        "pod_id"};
  const std::vector<std::string> pod = {"node_name", "pod_id", "pod_name", "pod_namespace", "state"};
  const std::vector<std::string> machine = {"node_name", "vm_id", "vm_name", "hypervisor", "state"};
  const auto zoned = [](std::vector<std::string> labels) {
    labels.emplace_back("zone");
    return labels;
  };
  std::vector<Row> rows = {
      {"kepler_build_info", MetricType::gauge, {"node_name", "arch", "branch", "revision", "version", "goversion"}},
      {"kepler_node_cpu_info",
       MetricType::gauge,
       {"node_name", "processor", "vendor_id", "model_name", "physical_id", "core_id"}},
      {"kepler_node_cpu_usage_ratio", MetricType::gauge, {"node_name"}},
      {"kepler_node_cpu_joules_total", MetricType::counter, zone},
      {"kepler_node_cpu_watts", MetricType::gauge, zone},
      {"kepler_node_cpu_active_joules_total", MetricType::counter, zone},
      {"kepler_node_cpu_active_watts", MetricType::gauge, zone},
      {"kepler_node_cpu_idle_joules_total", MetricType::counter, zone},
      {"kepler_node_cpu_idle_watts", MetricType::gauge, zone},
      {"kepler_node_gpu_info", MetricType::gauge, gpu},
      {"kepler_node_gpu_joules_total", MetricType::counter, gpu},
      {"kepler_node_gpu_watts", MetricType::gauge, gpu},
      {"kepler_node_gpu_active_joules_total", MetricType::counter, gpu},
      {"kepler_node_gpu_active_watts", MetricType::gauge, gpu},
      {"kepler_node_gpu_idle_joules_total", MetricType::counter, gpu},
      {"kepler_node_gpu_idle_watts", MetricType::gauge, gpu},
      {"kepler_process_cpu_joules_total", MetricType::counter, zoned(process)},
      {"kepler_process_cpu_watts", MetricType::gauge, zoned(process)},
      {"kepler_process_cpu_seconds_total",
       MetricType::counter,
       {"node_name", "pid", "comm", "exe", "type", "container_id", "vm_id"}},
      {"kepler_process_gpu_joules_total", MetricType::counter, process},
      {"kepler_process_gpu_watts", MetricType::gauge, process},
      {"kepler_container_cpu_joules_total", MetricType::counter, zoned(container)},
      {"kepler_container_cpu_watts", MetricType::gauge, zoned(container)},
      {"kepler_container_cpu_seconds_total", MetricType::counter, container},
      {"kepler_container_gpu_joules_total", MetricType::counter, container},
      {"kepler_container_gpu_watts", MetricType::gauge, container},
      {"kepler_pod_cpu_joules_total", MetricType::counter, zoned(pod)},
      {"kepler_pod_cpu_watts", MetricType::gauge, zoned(pod)},
      {"kepler_pod_gpu_joules_total", MetricType::counter, pod},
      {"kepler_pod_gpu_watts", MetricType::gauge, pod},
      {"kepler_vm_cpu_joules_total", MetricType::counter, zoned(machine)},
      {"kepler_vm_cpu_watts", MetricType::gauge, zoned(machine)},
      {"kepler_platform_watts",
       MetricType::gauge,
       {"source", "node_name", "bmc_id", "chassis_id", "source_id", "source_name", "source_type"}},
  };
  return rows;
}

TEST(KeplerMetrics, NamesLabelsAndTypesAreAsDocumented) {
  const auto families = kepler_families(after_ticks(2));
  std::set<std::string> known;
  for (const Row& row : documented()) {
    const MetricFamily& family = named(families, row.name);
    EXPECT_EQ(family.type, row.type) << row.name;
    EXPECT_EQ(std::set<std::string>(family.labels.begin(), family.labels.end()),
              std::set<std::string>(row.labels.begin(), row.labels.end()))
        << row.name;
    EXPECT_FALSE(family.samples.empty()) << row.name;
    known.insert(row.name);
  }
  for (const MetricFamily& family : families) EXPECT_TRUE(known.contains(family.name)) << family.name;
  const auto checked = exposition::check(families);
  EXPECT_TRUE(checked) << to_string(checked.error());
}

TEST(KeplerMetrics, ValuesOfTheLabels) {
  const auto families = kepler_families(after_ticks(1));
  const std::set<std::string> zones = {"package", "core", "dram", "uncore", "psys"};
  for (const MetricFamily& family : families)
    for (std::size_t i = 0; i < family.labels.size(); ++i)
      for (const Sample& sample : family.samples) {
        if (family.labels[i] == "zone") {
          EXPECT_TRUE(zones.contains(sample.labels[i])) << sample.labels[i];
        }
        if (family.labels[i] == "state") {
          EXPECT_EQ(sample.labels[i], "running");
        }
        if (family.labels[i] == "node_name") {
          EXPECT_EQ(sample.labels[i], "node-1");
        }
      }
  EXPECT_EQ(named(families, "kepler_node_gpu_info").samples[0].labels,
            (std::vector<std::string>{"node-1", "0", "GPU-1a2b", "NVIDIA H100", "nvidia"}));
  sum_where(named(families, "kepler_vm_cpu_watts"), {{"vm_id", "web-1"}, {"vm_name", "web-1"}, {"zone", "dram"}});
  sum_where(named(families, "kepler_process_cpu_watts"), {{"type", "vm"}, {"vm_id", "web-1"}});
  sum_where(named(families, "kepler_process_cpu_watts"), {{"type", "container"}});
  sum_where(named(families, "kepler_process_cpu_watts"), {{"type", "regular"}});
}

TEST(KeplerMetrics, SumsOfWorkloadsAreSumsOfTheSnapshot) {
  const Snapshot node = after_ticks(5);
  const auto families = kepler_families(node);
  const auto& processes = named(families, "kepler_process_cpu_joules_total");
  const auto& containers = named(families, "kepler_container_cpu_joules_total");
  const auto& pods = named(families, "kepler_pod_cpu_joules_total");
  // Active == processes + overhead + unattributed, as Kepler's own conservation panel draws it.
  double elsewhere = 0;
  for (const ZoneTotals& zone : node.zones)
    if (zone.counted && zone.component == Component::cpu)
      elsewhere += static_cast<double>(zone.overhead_microjoules + zone.unattributed_microjoules) / 1e6;
  EXPECT_NEAR(sum_where(named(families, "kepler_node_cpu_active_joules_total"), {{"zone", "package"}}),
              sum_where(processes, {{"zone", "package"}}) + elsewhere, 1e-6);
  const double of_containers = sum_where(containers, {{"zone", "package"}});
  EXPECT_GT(of_containers, 0);
  EXPECT_NEAR(sum_where(processes, {{"zone", "package"}, {"type", "container"}}), of_containers, 1e-6);
  EXPECT_NEAR(sum_where(pods, {{"zone", "package"}}), of_containers, 1e-6);
  EXPECT_NEAR(sum_where(named(families, "kepler_process_gpu_joules_total"), {{"type", "container"}}),
              sum_where(named(families, "kepler_container_gpu_joules_total"), {}), 1e-6);
  // Joules of one second are the watts of it.
  const auto one = kepler_families(after_ticks(1));
  EXPECT_NEAR(sum_where(named(one, "kepler_process_cpu_joules_total"), {}),
              sum_where(named(one, "kepler_process_cpu_watts"), {}), 1e-6);
  EXPECT_NEAR(sum_where(named(one, "kepler_node_cpu_watts"), {}),
              sum_where(named(one, "kepler_node_cpu_active_watts"), {}) +
                  sum_where(named(one, "kepler_node_cpu_idle_watts"), {}),
              1e-6);
}

TEST(KeplerMetrics, WhatEndedIsTerminatedAndDrawsNothing) {
  Snapshot node = after_ticks(1);
  node.groups[2].ended = true;
  for (ProcessTotals& process : node.processes) process.ended = process.group == node.groups[2].id;
  const auto families = kepler_families(node);
  const std::map<std::string, std::string> ended = {{"container_id", std::string(64, 'a')}, {"state", "terminated"}};
  EXPECT_EQ(sum_where(named(families, "kepler_container_cpu_watts"), ended), 0);
  EXPECT_GT(sum_where(named(families, "kepler_container_cpu_joules_total"), ended), 0);
  sum_where(named(families, "kepler_process_cpu_joules_total"), ended);
  sum_where(named(families, "kepler_pod_cpu_watts"), {{"state", "running"}});  // the other container of it lives
}

TEST(KeplerMetrics, AProcessNumberThatWasGivenAgain) {
  Snapshot node = after_ticks(1);
  ProcessTotals again = node.processes[0];
  again.key.started_ns = 999;
  node.processes.push_back(again);
  EXPECT_TRUE(exposition::check(kepler_families(node)));
  EXPECT_TRUE(exposition::check(cradle_families(node)));
}

TEST(KeplerMetrics, ANodeWithoutAnything) {
  const auto families = kepler_families(Snapshot{});
  EXPECT_TRUE(exposition::check(families));
  for (const MetricFamily& family : families) EXPECT_FALSE(family.samples.empty()) << family.name;
}

TEST(KeplerMetrics, VirtualMachinesByGroupAndCommand) {
  EXPECT_EQ(virtual_machine("/machine.slice/machine-qemu\\x2d12\\x2ddb\\x2d2.scope/libvirt/vcpu0", "x", 5).name,
            "db-2");
  EXPECT_EQ(virtual_machine("/machine/qemu-3-web.libvirt-qemu/emulator", "x", 5).id, "web");
  EXPECT_EQ(virtual_machine("/user.slice", "qemu-system-x86", 5).id, "pid-5");
  EXPECT_EQ(virtual_machine("/user.slice", "qemu-img", 5).id, "");
  EXPECT_EQ(virtual_machine("", "", 5).id, "");
  EXPECT_EQ(virtual_machine("/machine-qemu\\x2d.scope/qemu-.libvirt-qemu/qemu-x-y.libvirt-qemu", "bash", 5).id, "");
}

TEST(KeplerMetrics, ReadsProcessors) {
  const auto processors = read_processors(
      "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon: 8 cores\nphysical id\t: 0\ncore id\t\t: 3\n"
      "flags\t: fpu vme\n\nprocessor\t: 1\nmodel name\t: Xeon\n");
  ASSERT_EQ(processors.size(), 2U);
  EXPECT_EQ(processors[0].vendor, "GenuineIntel");
  EXPECT_EQ(processors[0].model, "Xeon: 8 cores");
  EXPECT_EQ(processors[0].core, "3");
  EXPECT_EQ(processors[1].number, "1");
  EXPECT_EQ(processors[1].package, "");
  EXPECT_TRUE(read_processors("").empty());
  EXPECT_TRUE(read_processors("vendor_id : x\n:\n\xff\n").empty());
}

TEST(KeplerMetrics, SaysTheVersionOfTheProject) {
  const auto text = read_file(std::string(CRADLE_SOURCE_DIR) + "/CMakeLists.txt");
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("VERSION " + std::string(metrics_version) + " "), std::string::npos);
}

}  // namespace
}  // namespace cradle::observe
