#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "cradle/base/random.h"
#include "cradle/simulate/event_queue.h"
#include "cradle/simulate/inflation.h"
#include "cradle/simulate/timed_replay.h"

namespace cradle::simulate {
namespace {

fleet::NodeSpec node(const std::string& name, int gpus, const std::string& model, std::int64_t cpu,
                     std::uint16_t site = 0) {
  fleet::NodeSpec spec;
  spec.name = name;
  spec.cpu_milli = cpu;
  spec.memory_mib = 131'072;
  spec.gpu_count = gpus;
  spec.gpu_model = model;
  spec.site = site;
  spec.power = {carbon::Watts{30},   carbon::Watts{150}, carbon::Watts{20}, carbon::Watts{185}, 16,
                carbon::Watts{36.4}, carbon::Watts{47.3}};
  return spec;
}

std::vector<workload::Job> random_jobs(std::uint64_t seed, std::size_t count, std::int64_t span_ms) {
  RandomStream stream(seed, "test-jobs");
  std::vector<workload::Job> jobs;
  for (std::size_t i = 0; i < count; ++i) {
    workload::Job job;
    job.name = "j" + std::to_string(i);
    const std::uint64_t kind = stream.below(10);
    job.demand.gpu_count = kind < 2 ? 0 : kind < 9 ? 1 : static_cast<int>(2 + stream.below(3));
    job.demand.gpu_milli = kind < 2 ? 0 : kind < 5 ? static_cast<int>(50 + 10 * stream.below(90)) : 1000;
    job.demand.cpu_milli = static_cast<std::int64_t>(500 + 250 * stream.below(40));
    job.demand.memory_mib = static_cast<std::int64_t>(512 * (1 + stream.below(40)));
    job.arrival_ms = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(span_ms)));
    job.duration_ms = 1 + static_cast<std::int64_t>(stream.exponential(0.1 * static_cast<double>(span_ms)));
    jobs.push_back(job);
  }
  return jobs;
}

std::vector<carbon::SiteRecord> two_sites() {
  std::vector<carbon::SiteRecord> sites(2);
  sites[0].name = "north";
  sites[0].average = carbon::IntensitySeries::constant(carbon::Signal::average, carbon::GramsPerKilowattHour{40});
  sites[1].name = "south";
  sites[1].pue = 1.4;
  sites[1].average = carbon::IntensitySeries::constant(carbon::Signal::average, carbon::GramsPerKilowattHour{400});
  return sites;
}

struct Kept : carbon::EntrySink {
  std::vector<carbon::Entry> entries;
  void write(const carbon::Entry& entry) override { entries.push_back(entry); }
};

RC_GTEST_PROP(EventQueue, PopsByTimeThenByInsertion, (const std::vector<std::uint8_t>& times)) {
  EventQueue<std::size_t> queue;
  std::vector<std::pair<std::int64_t, std::size_t>> expected;
  for (std::size_t i = 0; i < times.size(); ++i) {
    queue.push(times[i], i);
    expected.emplace_back(times[i], i);
  }
  std::sort(expected.begin(), expected.end());
  for (const auto& [time, index] : expected) {
    RC_ASSERT(queue.next_time() == time);
    RC_ASSERT(queue.pop().payload == index);
  }
  RC_ASSERT(queue.empty());
}

TEST(Inflation, IsReproducibleAndStopsAtTheDemand) {
  std::vector<fleet::NodeSpec> nodes;
  for (int i = 0; i < 20; ++i) nodes.push_back(node("n" + std::to_string(i), 4, i % 2 == 0 ? "T4" : "G2", 64'000));
  const auto jobs = random_jobs(1, 60, 1000);
  for (const std::string& name : policy::policy_names()) {
    const auto policy = *policy::policy_by_name(name);
    const InflationOptions options{1.3, 42, policy::Scheduler::Cache::on, true};
    const auto first = *replay_inflation(nodes, jobs, policy, options);
    const auto again = *replay_inflation(nodes, jobs, policy, options);
    const auto other = *replay_inflation(nodes, jobs, policy, {1.3, 43, policy::Scheduler::Cache::on, true});
    EXPECT_EQ(first.placements, again.placements) << name;
    EXPECT_NE(first.placements, other.placements) << name;
    EXPECT_LE(first.allocation_percent, 100);
    EXPECT_GT(first.allocation_percent, 60) << name;
    EXPECT_GE(first.points.back().demand_percent, 120) << name;
    const auto uncached = *replay_inflation(nodes, jobs, policy, {1.3, 42, policy::Scheduler::Cache::off, true});
    EXPECT_EQ(first.placements, uncached.placements) << name;
    EXPECT_GT(uncached.evaluations, first.evaluations) << name;
  }
}

TEST(Inflation, RefusesWhatHasNoGpu) {
  const auto policy = *policy::policy_by_name("FGD");
  const std::vector<fleet::NodeSpec> cpu_only{node("a", 0, "", 64'000)}, gpus{node("a", 2, "T4", 64'000)};
  auto jobs = random_jobs(1, 10, 1000);
  EXPECT_FALSE(replay_inflation(cpu_only, jobs, policy, {}));
  for (auto& job : jobs) job.demand.gpu_count = job.demand.gpu_milli = 0;
  EXPECT_FALSE(replay_inflation(gpus, jobs, policy, {}));
  EXPECT_FALSE(replay_inflation(gpus, {}, policy, {}));
}

/// The draw of the fleet at an instant, from nothing but the entries.
double watts_at(const std::vector<carbon::Entry>& entries, std::int64_t ms) {
  double watts = 0;
  for (const auto& entry : entries)
    if (entry.start.ms <= ms && ms < entry.end.ms)
      watts += static_cast<double>(entry.microjoules) / static_cast<double>(entry.end.ms - entry.start.ms) / 1000;
  return watts;
}

// An independent look at the same replay: rebuild every node's occupation at every event from the entries alone.
TEST(TimedReplay, EveryInstantAddsUpToTheMachinesDraw) {
  const std::vector<fleet::NodeSpec> nodes{node("a", 4, "T4", 32'000), node("b", 2, "G2", 64'000, 1),
                                           node("c", 0, "", 16'000)};
  const auto sites = two_sites();
  const auto jobs = random_jobs(5, 120, 3'600'000);
  for (const std::string& name : policy::policy_names()) {
    Kept kept;
    TimedOptions options;
    options.start = instant_of(2022, 3, 1);
    const auto result = *replay_timed(nodes, jobs, sites, *policy::policy_by_name(name), options, kept);
    EXPECT_EQ(result.finished + result.running + result.waiting + result.impossible, jobs.size()) << name;
    std::int64_t sum = 0;
    for (const auto& entry : kept.entries) {
      sum += entry.microjoules;
      ASSERT_GE(entry.microjoules, 0) << name;
      ASSERT_GE(entry.baseline_microjoules, 0) << name;
      ASSERT_LE(entry.baseline_microjoules, entry.microjoules) << name;
      ASSERT_LT(entry.start, entry.end);
    }
    EXPECT_EQ(carbon::ExactEnergy(sum), result.energy) << name;

    const std::int64_t span = result.end.ms - result.start.ms;
    for (std::int64_t t = 0; t < span; t += span / 97) {
      const std::int64_t now = result.start.ms + t;
      // Occupation by node from the tenants' entries.
      struct Use {
        double threads = 0, gpus = 0, memory = 0;
        std::map<std::uint32_t, double> whole;
      };
      std::vector<Use> use(nodes.size());
      for (const auto& entry : kept.entries) {
        if (entry.role != carbon::Role::tenant || entry.start.ms > now || now >= entry.end.ms) continue;
        const double rate = entry.operations * 1000 / static_cast<double>(entry.end.ms - entry.start.ms);
        Use& on = use[entry.component / parts_per_node];
        switch (static_cast<Part>(entry.component % parts_per_node)) {
          case Part::gpu: on.gpus += rate; break;
          case Part::cpu: on.threads += rate; break;
          case Part::memory: on.memory += rate; break;
          case Part::host: break;
        }
      }
      double least = 0, most = 0;
      for (std::size_t n = 0; n < nodes.size(); ++n) {
        ASSERT_LE(use[n].gpus, nodes[n].gpu_count + 1e-9) << name;
        ASSERT_LE(use[n].threads * 1000, static_cast<double>(nodes[n].cpu_milli) + 1e-6) << name;
        ASSERT_LE(use[n].memory * 1024, static_cast<double>(nodes[n].memory_mib) + 1e-6) << name;
        const auto cpu_left = nodes[n].cpu_milli - std::llround(use[n].threads * 1000);
        const int busy_at_least = static_cast<int>(std::ceil(use[n].gpus - 1e-9));
        const auto power = [&](int busy) {
          return fleet::node_power(nodes[n].power, nodes[n].cpu_milli, cpu_left, nodes[n].gpu_count,
                                   nodes[n].gpu_count - busy)
              .total()
              .value();
        };
        least += power(busy_at_least);
        most += power(use[n].gpus > 1e-9 ? nodes[n].gpu_count : 0);
      }
      const double watts = watts_at(kept.entries, now);
      EXPECT_GE(watts, least - 0.05) << name << " at " << t;
      EXPECT_LE(watts, most + 0.05) << name << " at " << t;
    }
  }
}

TEST(TimedReplay, OneJobOnOneMachineByHand) {
  const std::vector<fleet::NodeSpec> nodes{node("a", 2, "T4", 32'000)};
  workload::Job job;
  job.name = "only";
  job.demand = {8000, 32'768, 1, 500, {}};
  job.arrival_ms = 1000;
  job.duration_ms = 10'000;
  Kept kept;
  TimedOptions options;
  options.horizon_ms = 20'000;
  const auto sites = two_sites();
  const auto result = *replay_timed(nodes, std::vector{job}, sites, *policy::policy_by_name("BestFit"), options, kept);
  // Idle 2 x 30 + 20 W (one socket of 16 cores), memory 36.4 W, rest 47.3 W; while the job runs one GPU at 150 W and
  // the socket at 185 W.
  EXPECT_EQ(result.energy, carbon::ExactEnergy(std::int64_t{163'700'000} * 20 + std::int64_t{285'000'000} * 10));
  std::map<std::uint32_t, std::int64_t> tenant, baseline;
  for (const auto& entry : kept.entries)
    if (entry.role == carbon::Role::tenant) {
      tenant[entry.component] = entry.microjoules;
      baseline[entry.component] = entry.baseline_microjoules;
    }
  EXPECT_EQ(tenant[0], 75 * 10'000'000);  // half a GPU at full draw
  EXPECT_EQ(baseline[0], 15 * 10'000'000);
  EXPECT_EQ(tenant[1], 46'250 * 10'000);  // a quarter of the socket: 8 of 32 threads
  EXPECT_EQ(tenant[2], 9'100 * 10'000);   // a quarter of the memory
  EXPECT_EQ(tenant[3], 11'825 * 10'000);  // a quarter of the rest
  // Energy beyond the empty machine's, whoever it is charged to: one GPU and one socket were woken for ten seconds.
  std::int64_t woken = 0;
  for (const auto& entry : kept.entries) woken += entry.microjoules - entry.baseline_microjoules;
  EXPECT_EQ(woken, std::int64_t{150 - 30 + 185 - 20} * 10'000'000);
  EXPECT_DOUBLE_EQ(result.useful_gpu_hours, 0.5 * 10 / 3600);
  EXPECT_DOUBLE_EQ(result.gpu_allocation_percent, 100 * 0.25 * 10 / 20);
}

TEST(TimedReplay, JobsWaitInOrderAndTheHorizonCutsThem) {
  const std::vector<fleet::NodeSpec> nodes{node("a", 1, "T4", 32'000)};
  std::vector<workload::Job> jobs(4);
  for (std::size_t i = 0; i < 4; ++i) {
    jobs[i].name = "j" + std::to_string(i);
    jobs[i].demand = {1000, 1024, 1, 1000, {}};
    jobs[i].arrival_ms = static_cast<std::int64_t>(i) * 1000;
    jobs[i].duration_ms = 10'000;
  }
  jobs[3].demand.gpu_count = 2;  // fits no machine
  Kept kept;
  TimedOptions options;
  options.horizon_ms = 15'000;
  const auto sites = two_sites();
  const auto result = *replay_timed(nodes, jobs, sites, *policy::policy_by_name("FGD"), options, kept);
  EXPECT_EQ(result.finished, 1U);
  EXPECT_EQ(result.running, 1U);
  EXPECT_EQ(result.waiting, 1U);
  EXPECT_EQ(result.impossible, 1U);
  EXPECT_EQ(result.jobs[1].started->ms, 10'000);
  EXPECT_FALSE(result.jobs[1].finished);
  // The second waited from 1 to 10 s, the third from 2 s to the end at 15 s.
  EXPECT_EQ(result.waits.max_s, 13);
  EXPECT_DOUBLE_EQ(result.waits.mean_s, (0 + 9 + 13) / 3.0);
}

TEST(TimedReplay, CachedAndUncachedWriteTheSameEntriesAndAStopLeavesWholeOnes) {
  std::vector<fleet::NodeSpec> nodes;
  for (int i = 0; i < 6; ++i)
    nodes.push_back(
        node("n" + std::to_string(i), 2 + i % 3, i % 2 == 0 ? "T4" : "G2", 48'000, static_cast<std::uint16_t>(i % 2)));
  const auto sites = two_sites();
  const auto jobs = random_jobs(9, 400, 7'200'000);
  for (const std::string& name : policy::policy_names()) {
    Kept cached, uncached;
    TimedOptions options;
    const auto policy = *policy::policy_by_name(name);
    ASSERT_TRUE(replay_timed(nodes, jobs, sites, policy, options, cached));
    options.cache = policy::Scheduler::Cache::off;
    ASSERT_TRUE(replay_timed(nodes, jobs, sites, policy, options, uncached));
    EXPECT_EQ(cached.entries, uncached.entries) << name;
  }
  std::stop_source stop;
  Kept part;
  TimedOptions options;
  options.stop = stop.get_token();
  options.progress = [&](std::int64_t done, std::int64_t) {
    if (done > 0) stop.request_stop();
  };
  const auto result = *replay_timed(nodes, jobs, sites, *policy::policy_by_name("FGD"), options, part);
  EXPECT_TRUE(result.stopped);
  EXPECT_LT(result.end.ms, 7'200'000);
  std::int64_t sum = 0;
  for (const auto& entry : part.entries) {
    sum += entry.microjoules;
    EXPECT_LE(entry.end, result.end);
  }
  EXPECT_EQ(carbon::ExactEnergy(sum), result.energy);
}

TEST(TimedReplay, RefusesBadInput) {
  const auto sites = two_sites();
  const auto policy = *policy::policy_by_name("FGD");
  Kept kept;
  const std::vector<fleet::NodeSpec> nodes{node("a", 1, "T4", 32'000)}, astray{node("a", 1, "T4", 32'000, 7)};
  auto jobs = random_jobs(1, 3, 1000);
  EXPECT_FALSE(replay_timed(nodes, {}, sites, policy, {}, kept));
  EXPECT_FALSE(replay_timed(astray, jobs, sites, policy, {}, kept));
  jobs[1].duration_ms = std::int64_t{1} << 52;  // its energy would not fit an entry
  EXPECT_FALSE(replay_timed(nodes, jobs, sites, policy, {}, kept));
  jobs[1].duration_ms = 0;
  EXPECT_FALSE(replay_timed(nodes, jobs, sites, policy, {}, kept));
  EXPECT_TRUE(kept.entries.empty());
}

}  // namespace
}  // namespace cradle::simulate
