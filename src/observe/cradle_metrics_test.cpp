// Our own metrics: they add up, every joule says how it is known, and strange names break no scrape.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/observe/metrics.h"
#include "cradle_metrics_sample.h"

namespace cradle::observe {
namespace {

using exposition::MetricFamily;
using exposition::MetricType;
using exposition::Sample;

Snapshot after_ticks(int ticks) {
  Snapshot node = sample_node(3, 2);
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

std::string label(const MetricFamily& family, const Sample& sample, const std::string& name) {
  for (std::size_t i = 0; i < family.labels.size(); ++i)
    if (family.labels[i] == name) return sample.labels[i];
  return "";
}

/// Sums in whole microjoules, by component, of the rows of a policy (or of all rows, without one).
std::map<std::string, std::int64_t> by_component(const MetricFamily& family, const std::string& policy = "") {
  std::map<std::string, std::int64_t> sums;
  for (const Sample& sample : family.samples)
    if (label(family, sample, "policy") == policy)
      sums[label(family, sample, "component")] += std::llround(sample.value * 1e6);
  return sums;
}

TEST(CradleMetrics, PartsAddUpToTheMeterUnderEveryPolicy) {
  const auto families = cradle_families(after_ticks(7));
  const auto node = by_component(named(families, "cradle_node_energy_joules_total"));
  ASSERT_EQ(node.size(), 4U);  // cpu, memory, storage, accelerator: what is counted
  const auto overhead = by_component(named(families, "cradle_node_overhead_joules_total"));
  const auto unattributed = by_component(named(families, "cradle_node_unattributed_joules_total"));
  for (const char* policy : {"none", "even", "reservation", "use"}) {
    const auto groups = by_component(named(families, "cradle_cgroup_energy_joules_total"), policy);
    const auto idle = by_component(named(families, "cradle_node_idle_joules_total"), policy);
    for (const auto& [component, metered] : node)
      EXPECT_EQ(groups.at(component) + idle.at(component) + overhead.at(component) + unattributed.at(component),
                metered)
          << component << " " << policy;
  }
}

/// What the groups bear under the policy in force is what their processes are told and what none of them is.
TEST(CradleMetrics, ProcessesAndWhatIsUntoldAreTheGroups) {
  Snapshot node = after_ticks(7);
  node.processes[1].group = 12345;                        // of a group that is told no more
  node.processes[2].command = node.processes[3].command;  // and one number twice
  node.processes[2].key.pid = node.processes[3].key.pid;
  const auto families = cradle_families(node);
  const auto groups = by_component(named(families, "cradle_cgroup_energy_joules_total"), "reservation");
  const auto processes = by_component(named(families, "cradle_process_energy_joules_total"));
  const auto untold = by_component(named(families, "cradle_cgroup_untold_joules_total"));
  ASSERT_EQ(groups.size(), 4U);
  for (const auto& [component, joules] : groups) {
    EXPECT_EQ(processes.at(component) + untold.at(component), joules) << component;
    EXPECT_GT(untold.at(component), 0) << component;
    EXPECT_GT(processes.at(component), untold.at(component) / 100) << component;
  }
}

TEST(CradleMetrics, AProcessHasRowsOnlyOfWhatItHad) {
  Snapshot node = after_ticks(1);
  for (ProcessTotals& process : node.processes) process.dynamic_microjoules = process.idle_microjoules = {};
  ProcessTotals& process = node.processes[0];
  process.dynamic_microjoules[0] = 1'500'000;
  process.idle_microjoules[0] = 500'000;
  process.idle_microjoules[static_cast<std::size_t>(Component::accelerator)] = 1;
  process.dynamic_microjoules[static_cast<std::size_t>(Component::network)] = 7;  // which no meter counts
  for (ProcessTotals& each : node.processes) each.operational = each.embodied = carbon::GramsCO2e{0};
  process.operational = carbon::GramsCO2e{0.25};
  const auto families = cradle_families(node);
  const MetricFamily& energy = named(families, "cradle_process_energy_joules_total");
  ASSERT_EQ(energy.samples.size(), 2U);
  EXPECT_DOUBLE_EQ(energy.samples[0].value, 2);
  EXPECT_EQ(energy.samples[0].labels, (std::vector<std::string>{"100", "worker \"0\"", "/", "cpu", "measured"}));
  EXPECT_EQ(label(energy, energy.samples[1], "component"), "accelerator");
  const MetricFamily& grams = named(families, "cradle_process_carbon_grams_total");
  ASSERT_EQ(grams.samples.size(), 1U);
  EXPECT_EQ(grams.samples[0].labels,
            (std::vector<std::string>{"100", "worker \"0\"", "/", "operational", "estimated"}));
  EXPECT_DOUBLE_EQ(grams.samples[0].value, 0.25);
}

TEST(CradleMetrics, UncertaintyIsToldOfWhatHasJoules) {
  Snapshot node = after_ticks(3);
  node.groups[2].totals.dynamic_microjoules[0] = 0;
  node.groups[2].totals.idle_microjoules = {};
  const auto families = cradle_families(node);
  const MetricFamily& groups = named(families, "cradle_cgroup_energy_uncertainty_ratio");
  for (const Sample& sample : groups.samples) {
    EXPECT_FALSE(sample.labels[0] == node.groups[2].path && sample.labels[1] == "cpu");
    EXPECT_GT(sample.value, 0.05 * 1.6449 - 1e-9);  // the zones' own, and a part of what nobody was seen at
  }
  EXPECT_EQ(groups.samples.size(), 4 * node.groups.size() - 1);
  const MetricFamily& whole = named(families, "cradle_node_energy_uncertainty_ratio");
  ASSERT_EQ(whole.samples.size(), 4U);
  for (const Sample& sample : whole.samples) EXPECT_NEAR(sample.value, 0.05 * 1.6449, 1e-12);
}

TEST(CradleMetrics, MeterEventsAreCountedByZone) {
  Snapshot node = after_ticks(1);
  node.zones[0].events[static_cast<std::size_t>(MeterEvent::wrapped)] = 3;
  const auto families = cradle_families(node);
  const MetricFamily& events = named(families, "cradle_meter_events_total");
  EXPECT_EQ(events.samples.size(), node.zones.size() * meter_events);  // from 0 on, so that a rate sees the first
  std::set<std::string> words;
  for (const Sample& sample : events.samples) {
    words.insert(sample.labels[1]);
    EXPECT_EQ(sample.value, sample.labels == std::vector<std::string>({"package-0", "wrapped"}) ? 3 : 0);
  }
  EXPECT_EQ(words, (std::set<std::string>{"implausible", "no_reading", "ran_backwards", "read_late", "returned",
                                          "vanished", "wrapped"}));
}

TEST(CradleMetrics, NamesAndLabelsThatOthersBuildOn) {
  const auto families = cradle_families(after_ticks(1));
  const auto checked = exposition::check(families);
  EXPECT_TRUE(checked) << to_string(checked.error());
  const std::map<std::string, std::vector<std::string>> promised = {
      {"cradle_cgroup_cpu_seconds_total", {"cgroup"}},
      {"cradle_process_cpu_seconds_total", {"pid", "comm", "cgroup"}},
      {"cradle_cgroup_energy_joules_total", {"cgroup", "component", "policy", "meter_kind"}},
      {"cradle_cgroup_carbon_grams_total", {"cgroup", "scope", "signal", "meter_kind"}},
      {"cradle_process_energy_joules_total", {"pid", "comm", "cgroup", "component", "meter_kind"}},
      {"cradle_process_carbon_grams_total", {"pid", "comm", "cgroup", "scope", "meter_kind"}},
      {"cradle_cgroup_untold_joules_total", {"cgroup", "component", "meter_kind"}},
      {"cradle_cgroup_subtree_energy_joules_total", {"cgroup", "component", "meter_kind"}},
      {"cradle_cgroup_subtree_carbon_grams_total", {"cgroup", "scope", "signal", "meter_kind"}},
      {"cradle_cgroup_subtree_cpu_seconds_total", {"cgroup"}},
      {"cradle_meter_events_total", {"zone", "event"}},
      {"cradle_cgroup_info", {"cgroup", "kind", "container_id", "pod_id", "slurm_job", "unit"}},
      {"cradle_node_unattributed_joules_total", {"component", "meter_kind"}},
      {"cradle_node_idle_joules_total", {"component", "policy", "meter_kind"}},
      {"cradle_zone_energy_joules_total", {"zone", "source", "meter_kind"}},
  };
  for (const auto& [name, labels] : promised) EXPECT_EQ(named(families, name).labels, labels) << name;
  for (const MetricFamily& family : families) EXPECT_TRUE(family.name.starts_with("cradle_")) << family.name;
}

/// No joule and no gram leaves without saying how it is known.
TEST(CradleMetrics, EverySeriesOfEnergySaysItsKind) {
  for (const MetricFamily& family : cradle_families(after_ticks(1))) {
    if (family.unit != "joules" && family.unit != "watts" && family.unit != "grams") continue;
    for (const Sample& sample : family.samples) {
      const std::string kind = label(family, sample, "meter_kind");
      EXPECT_TRUE(kind == "measured" || kind == "estimated" || kind == "simulated") << family.name;
    }
  }
}

TEST(CradleMetrics, TheWeakestKindIsSaid) {
  Snapshot node = after_ticks(1);
  const auto kind_of = [&](const std::string& family_name, const std::string& component) {
    const auto families = cradle_families(node);
    const MetricFamily& family = named(families, family_name);
    std::string kinds;
    for (const Sample& sample : family.samples)
      if (label(family, sample, "component") == component || label(family, sample, "scope") == component)
        if (const std::string kind = label(family, sample, "meter_kind"); kinds.find(kind) == std::string::npos)
          kinds += kind;
    return kinds;
  };
  EXPECT_EQ(kind_of("cradle_cgroup_energy_joules_total", "cpu"), "measured");
  EXPECT_EQ(kind_of("cradle_cgroup_energy_joules_total", "storage"), "estimated");
  EXPECT_EQ(kind_of("cradle_cgroup_carbon_grams_total", "operational"), "estimated");
  node.zones[1].zone.knowledge = carbon::Knowledge::simulated;  // one of two packages
  EXPECT_EQ(kind_of("cradle_cgroup_energy_joules_total", "cpu"), "simulated");
  EXPECT_EQ(kind_of("cradle_node_energy_joules_total", "cpu"), "simulated");
  EXPECT_EQ(kind_of("cradle_cgroup_carbon_grams_total", "operational"), "simulated");
  EXPECT_EQ(kind_of("cradle_cgroup_carbon_grams_total", "embodied"), "estimated");
  for (const MetricFamily& family : otlp_families(node)) {
    if (family.name != "hw.host.energy") continue;
    EXPECT_EQ(family.samples.at(0).labels.at(0), "measured");  // by the platform's own meter
  }
}

/// A simulated meter alone: the word measured is nowhere in what leaves, in no form.
TEST(CradleMetrics, ASimulatedMeterIsNeverMeasured) {
  Snapshot node = after_ticks(1);
  for (ZoneTotals& zone : node.zones) zone.zone.knowledge = carbon::Knowledge::simulated;
  std::string text;
  exposition::write_prometheus(cradle_families(node), text);
  exposition::write_open_metrics(cradle_families(node), text);
  text += exposition::otlp_json(otlp_families(node), otlp_resource(node), Instant{0}, Instant{1});
  EXPECT_EQ(text.find("\"measured\""), std::string::npos);
  EXPECT_NE(text.find("\"simulated\""), std::string::npos);
}

TEST(CradleMetrics, CountersNeverDecrease) {
  Snapshot node = sample_node(2, 2);
  std::map<std::string, double> last;
  for (int tick = 0; tick < 20; ++tick) {
    sample_tick(node);
    if (tick == 10) node.groups[1].ended = true;
    for (const MetricFamily& family : cradle_families(node)) {
      if (family.type != MetricType::counter) continue;
      for (const Sample& sample : family.samples) {
        std::string key = family.name;
        for (const std::string& value : sample.labels) key += '|' + value;
        EXPECT_GE(sample.value, last[key]) << key;
        last[key] = sample.value;
      }
    }
  }
}

TEST(CradleMetrics, StrangeNamesAndNamesTwice) {
  Snapshot node = after_ticks(1);
  node.groups[1].path = "/a\xff\"\\\n";
  node.groups[2].path = "/a\xfe\"\\\n";   // another group, the same text once it is valid
  node.groups.push_back(node.groups[0]);  // a group that was made anew under its old name
  node.groups.back().id = 77;
  node.processes[0].command = "\x01\xff";
  node.processes[1].group = 12345;  // of a group that nobody knows
  const auto families = cradle_families(node);
  const auto checked = exposition::check(families);
  EXPECT_TRUE(checked) << to_string(checked.error());
  std::string text;
  exposition::write_prometheus(families, text);
  EXPECT_TRUE(is_utf8(text));
  const MetricFamily& cpu = named(families, "cradle_cgroup_cpu_seconds_total");
  EXPECT_EQ(cpu.samples.at(0).labels.at(0), "/");
  EXPECT_DOUBLE_EQ(cpu.samples[0].value, 2 * 1e-3);
}

TEST(CradleMetrics, ANodeWithoutAnything) {
  EXPECT_TRUE(exposition::check(cradle_families(Snapshot{})));
  for (const MetricFamily& family : otlp_families(Snapshot{})) {
    if (family.unit != "joules" && family.unit != "watts") continue;
    EXPECT_TRUE(family.samples.empty()) << family.name;  // no meter, no energy: not even 0
  }
}

/// A dashboard or a page that asks for a name that nobody exports shows nothing, and says nothing.
TEST(CradleMetrics, DashboardAndPageNameWhatThereIs) {
  std::set<std::string> exported;
  for (const MetricFamily& family : cradle_families(after_ticks(1))) exported.insert(family.name);
  for (const char* file : {"/dashboards/cradle.json", "/docs/metrics.md"}) {
    const auto text = read_file(std::string(CRADLE_SOURCE_DIR) + file);
    ASSERT_TRUE(text) << file;
    int found = 0;
    for (std::size_t at = text->find("cradle_"); at != std::string::npos; at = text->find("cradle_", at + 1)) {
      const std::size_t end = text->find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at);
      const std::string name = text->substr(at, end - at);
      EXPECT_TRUE(exported.contains(name)) << file << ": " << name;
      ++found;
    }
    EXPECT_GT(found, 10) << file;
  }
  // And the page leaves none out.
  const auto page = read_file(std::string(CRADLE_SOURCE_DIR) + "/docs/metrics.md");
  for (const std::string& name : exported) EXPECT_NE(page->find("`" + name), std::string::npos) << name;
}

TEST(OtlpMetrics, PartsDoNotOverlapAndTheHostStandsAlone) {
  const Snapshot node = after_ticks(3);
  const auto families = otlp_families(node);
  const MetricFamily& parts = named(families, "hw.energy");
  EXPECT_EQ(parts.samples.size(), 5U);  // no core within a package, no platform
  EXPECT_EQ(parts.samples.at(0).labels, (std::vector<std::string>{"package-0", "cpu", "/sys/p0", "", "measured"}));
  const MetricFamily& host = named(families, "hw.host.energy");
  ASSERT_EQ(host.samples.size(), 1U);
  EXPECT_DOUBLE_EQ(host.samples[0].value, static_cast<double>(node.zones.back().microjoules) / 1e6);
  Snapshot without = node;
  without.zones.pop_back();
  double sum = 0;
  for (const Sample& sample : parts.samples) sum += sample.value;
  EXPECT_NEAR(named(otlp_families(without), "hw.host.energy").samples.at(0).value, sum, 1e-6);
}

}  // namespace
}  // namespace cradle::observe
