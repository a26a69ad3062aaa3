// What one scrape costs: from a snapshot, and from families that are there, to text.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "cradle/attribution/attribution.h"
#include "cradle/base/random.h"
#include "cradle/exposition/metric_family.h"
#include "cradle/observe/metrics.h"

namespace cradle {
namespace {

/// As many series as a scrape of Scaphandre gave at 2,000 processes: 17,000 with the labels of a process.
std::vector<exposition::MetricFamily> process_series() {
  RandomStream random(1, "series");
  std::vector<exposition::MetricFamily> families(17);
  for (std::size_t f = 0; f < families.size(); ++f) {
    exposition::MetricFamily& family = families[f];
    family = {"cradle_process_" + std::to_string(f) + "_joules_total",
              "Energy of a process",
              "joules",
              exposition::MetricType::counter,
              {"pid", "comm", "cgroup", "container_id"},
              {}};
    for (int pid = 0; pid < 1000; ++pid)
      family.samples.push_back({{std::to_string(pid + 10'000), "worker/" + std::to_string(pid % 7),
                                 "/system.slice/worker-" + std::to_string(pid % 50) + ".service",
                                 std::string(64, static_cast<char>('a' + pid % 6))},
                                random.uniform() * 1e5});
  }
  return families;
}

template <class Write>
void encode(benchmark::State& state, Write write) {
  const std::vector<exposition::MetricFamily> families = process_series();
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string text = write(families);
    benchmark::DoNotOptimize(text.data());
    bytes = text.size();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

void encode_prometheus(benchmark::State& state) {
  encode(state, [](const auto& families) {
    std::string text;
    exposition::write_prometheus(families, text);
    return text;
  });
}
void encode_open_metrics(benchmark::State& state) {
  encode(state, [](const auto& families) {
    std::string text;
    exposition::write_open_metrics(families, text);
    return text;
  });
}
void encode_otlp(benchmark::State& state) {
  encode(state, [](const auto& families) {
    return exposition::otlp_json(families, {{"host.name", "n"}}, Instant{0}, Instant{1});
  });
}
BENCHMARK(encode_prometheus)->Name("exposition/prometheus_17000_series")->Unit(benchmark::kMillisecond);
BENCHMARK(encode_open_metrics)->Name("exposition/open_metrics_17000_series")->Unit(benchmark::kMillisecond);
BENCHMARK(encode_otlp)->Name("exposition/otlp_17000_series")->Unit(benchmark::kMillisecond);

/// A whole scrape: families from a snapshot of 2,000 processes in 200 groups, both sets of names, and their text.
void scrape(benchmark::State& state) {
  observe::Snapshot node;
  node.node_name = "node-1";
  node.interval_ns = 1'000'000'000;
  for (const auto& [kind, component] : {std::pair(meter::ZoneKind::package, observe::Component::cpu),
                                        std::pair(meter::ZoneKind::dram, observe::Component::memory)}) {
    observe::ZoneTotals zone;
    zone.zone.name = meter::to_string(kind);
    zone.zone.kind = kind;
    zone.counted = true;
    zone.component = component;
    zone.microjoules = 123'456'789;
    node.zones.push_back(zone);
  }
  for (std::uint64_t id = 0; id < 200; ++id) {
    observe::GroupTotals group;
    group.id = id;
    group.path = "/system.slice/worker-" + std::to_string(id) + ".service";
    group.totals.dynamic_microjoules.fill(987'654'321);
    node.groups.push_back(group);
  }
  for (std::int32_t pid = 0; pid < 2000; ++pid) {
    observe::ProcessTotals process;
    process.key.pid = 10'000 + pid;
    process.command = "worker";
    process.group = static_cast<std::uint64_t>(pid % 200);
    process.cpu_ns = std::int64_t{1'234'567} * pid;
    process.dynamic_microjoules.fill(7'654'321 + pid);
    node.processes.push_back(process);
  }
  std::size_t series = 0;
  for (auto _ : state) {
    std::vector<exposition::MetricFamily> families = observe::kepler_families(node);
    for (exposition::MetricFamily& family : observe::cradle_families(node)) families.push_back(std::move(family));
    std::string text;
    exposition::write_prometheus(families, text);
    benchmark::DoNotOptimize(text.data());
    series = 0;
    for (const exposition::MetricFamily& family : families) series += family.samples.size();
  }
  state.counters["series"] = static_cast<double>(series);
}
BENCHMARK(scrape)->Name("exposition/scrape_2000_processes")->Unit(benchmark::kMillisecond);

/// One meter's reading among 10,000 consumers under four idle policies.
void divide_10000(benchmark::State& state) {
  RandomStream random(2, "consumers");
  attribution::Pool pool{200'000'000, 80'000'000, 64'000'000'000, 64'000'000'000, 1'000'000};
  std::vector<attribution::Consumer> consumers(10'000);
  for (attribution::Consumer& consumer : consumers)
    consumer = {static_cast<std::int64_t>(random.below(6'000'000)), static_cast<std::int64_t>(random.below(5'000'000))};
  attribution::Division division;
  for (auto _ : state) {
    attribution::divide(pool, consumers, division);
    benchmark::DoNotOptimize(division.dynamic.data());
  }
}
BENCHMARK(divide_10000)->Name("attribution/divide_10000_consumers")->Unit(benchmark::kMillisecond);

/// The same numbers at the ends of their range: sums beyond 64 bits.
void divide_10000_largest(benchmark::State& state) {
  RandomStream random(3, "weights");
  std::vector<std::int64_t> weights(10'000), parts(10'000);
  for (std::int64_t& weight : weights) weight = static_cast<std::int64_t>(random.next() >> 2);
  std::vector<attribution::Remainder> room;
  for (auto _ : state) {
    attribution::divide(std::int64_t{1} << 62, weights, parts, room);
    benchmark::DoNotOptimize(parts.data());
  }
}
BENCHMARK(divide_10000_largest)->Name("attribution/divide_10000_largest")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cradle
