// The laws of the observer: whole microjoules conserved at every tick, level and policy; shares; grams.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "cradle/carbon/metric.h"
#include "observe_fixture.h"

namespace cradle::observe {
namespace {

using attribution::IdlePolicy;
using meter::ZoneKind;

constexpr IdlePolicy all_policies[] = {IdlePolicy::none, IdlePolicy::even, IdlePolicy::reservation, IdlePolicy::use};

/// Recounts the snapshot from its parts. Empty if every law holds.
std::string broken_law(const Snapshot& now) {
  for (std::size_t c = 0; c < components; ++c) {
    const auto component = static_cast<Component>(c);
    std::int64_t metered = 0;
    for (const ZoneTotals& zone : now.zones)
      if (zone.counted && zone.component == component) metered += zone.microjoules;
    for (const IdlePolicy policy : all_policies) {
      std::int64_t parts = now.idle.microjoules(policy, component) + now.overhead.microjoules(policy, component) +
                           now.unattributed.microjoules(policy, component);
      for (const GroupTotals& group : now.groups) parts += group.totals.microjoules(policy, component);
      if (parts != metered) return std::string("groups: ") + to_string(component);
      if (now.node.microjoules(policy, component) != metered) return std::string("node: ") + to_string(component);
    }
    std::int64_t dynamic = 0, idle = 0;
    for (const GroupTotals& group : now.groups) {
      dynamic += group.totals.dynamic_microjoules[c] - group.untold_microjoules[c];
      idle += group.totals.idle_microjoules[static_cast<std::size_t>(now.policy)][c] - group.untold_idle_microjoules[c];
    }
    for (const ProcessTotals& process : now.processes) {
      dynamic -= process.dynamic_microjoules[c] - process.elsewhere_microjoules[c];
      idle -= process.idle_microjoules[c] - process.elsewhere_idle_microjoules[c];
    }
    if (dynamic != 0 || idle != 0) return std::string("processes: ") + to_string(component);
  }
  for (const ZoneTotals& zone : now.zones) {
    if (zone.active_microjoules + zone.idle_microjoules != zone.microjoules) return "zone " + zone.zone.name;
    for (const std::int64_t residue : zone.idle_residue)
      if (residue < 0 || residue > zone.idle_microjoules) return "residue of zone " + zone.zone.name;
  }
  return {};
}

/// A node on which everything happens that may happen.
class RandomNode {
 public:
  RandomNode() : random_(2026, "node"), world(std::make_shared<World>()) {
    world->add_meter();
    world->add_zone(0, "package-0", ZoneKind::package, "powercap", -1, 0.02);
    world->add_zone(0, "core-0", ZoneKind::core, "powercap", 0);
    world->add_zone(0, "dram-0", ZoneKind::dram, "powercap");
    world->add_zone(0, "disk-0", ZoneKind::disk, "model");
    world->add_zone(0, "net-0", ZoneKind::network, "model");
    world->add_meter();
    world->add_zone(1, "package-0", ZoneKind::package, "perf");  // the same joules once more: must not count
    world->add_zone(1, "platform-0", ZoneKind::platform, "ipmi");
    world->add_meter();
    world->group(1, "/");
    observer_group_ = 2;
    world->group(2, "/system.slice/cradle.service");
  }

  void step(int tick) {
    world->next(static_cast<std::int64_t>(random_.below(2'000'000'000)));
    if (tick % 1000 == 999) world->scan.at.ms += static_cast<std::int64_t>(random_.below(20'000'000)) - 10'000'000;
    if (tick == 5000) world->add_zone(2, "gpu-0", ZoneKind::gpu, "nvml");  // hot plug
    if (tick == 9000) {
      world->add_zone(2, "gpu-0-1g", ZoneKind::gpu_instance, "nvml", 0);
      world->add_zone(0, "package-1", ZoneKind::package, "powercap");
    }
    if (random_.below(10) == 0) make_group();
    if (random_.below(10) == 0) end_group();
    for (capture::GroupUsage& group : world->scan.groups) use_resources(group);
    for (int i = 0; i < 3; ++i) make_process();
    run_processes();
    if (random_.below(4) == 0) {
      const std::int64_t own = static_cast<std::int64_t>(random_.below(3'000'000));
      world->work(observer_pid, 7, observer_group_, own + static_cast<std::int64_t>(random_.below(1000)));
      world->scan.own_cpu_ns = own;
    }
    // /proc/stat is coarser, and sees more, than the groups' counters.
    world->scan.node.busy_ns += static_cast<std::int64_t>(random_.below(40'000'000)) - 10'000'000;
    world->scan.node.busy_ns = std::max<std::int64_t>(0, world->scan.node.busy_ns);
    world->scan.lost_records = random_.below(50) == 0 ? 2 : 0;
    for (std::size_t m = 0; m < world->zones.size(); ++m)
      for (std::size_t z = 0; z < world->zones[m].size(); ++z) read_zone(m, z);
  }

 private:
  struct Process {
    std::int32_t pid;
    std::uint64_t started, group;
  };
  void make_group() {
    if (world->scan.groups.size() > 12) return;
    // Few paths: most groups are made again under a path that was there before, with another number.
    const std::string path = "/tenant" + std::to_string(random_.below(6)) + (random_.below(2) == 0 ? "" : "/inner");
    for (const capture::GroupUsage& group : world->scan.groups)
      if (group.path == path) return;
    world->group(next_group_++, path);
  }
  void end_group() {
    if (world->scan.groups.size() < 3) return;
    capture::GroupUsage& group = world->scan.groups[2 + random_.below(world->scan.groups.size() - 2)];
    group.ended = true;
    group.cpu_ns += static_cast<std::int64_t>(random_.below(5'000'000));
    std::erase_if(processes_, [&](const Process& process) { return process.group == group.id; });
  }
  void use_resources(capture::GroupUsage& group) {
    group.resident_bytes = random_.below(5) == 0 ? 0 : static_cast<std::int64_t>(random_.below(3 * gibibyte));
    if (random_.below(3) == 0) group.block_read_bytes = static_cast<std::int64_t>(random_.below(1'000'000'000));
    if (random_.below(3) == 0) group.network_sent_bytes = static_cast<std::int64_t>(random_.below(1'000'000'000));
    if (random_.below(20) == 0) group.reserved_cores = random_.uniform() * 6;
    // Time that no process was seen at.
    if (random_.below(4) == 0) group.cpu_ns += static_cast<std::int64_t>(random_.below(100'000'000));
  }
  void make_process() {
    const auto& group = world->scan.groups[random_.below(world->scan.groups.size())];
    if (group.ended) return;
    const auto pid = static_cast<std::int32_t>(1 + random_.below(40));
    std::erase_if(processes_, [&](const Process& process) { return process.pid == pid; });  // died unheard
    processes_.push_back({pid, next_start_++, group.id});
  }
  void run_processes() {
    for (std::size_t i = 0; i < processes_.size();) {
      Process& process = processes_[i];
      const bool ends = random_.below(8) == 0;
      if (ends || random_.below(2) == 0)
        world->work(process.pid, process.started, process.group, static_cast<std::int64_t>(random_.below(400'000'000)),
                    ends);
      // Moved, and told of in both groups by the same scan.
      if (!ends && random_.below(30) == 0)
        world->work(process.pid, process.started, world->scan.groups[random_.below(world->scan.groups.size())].id,
                    static_cast<std::int64_t>(random_.below(100'000'000)));
      if (random_.below(30) == 0) process.group = world->scan.groups.front().id;  // moved
      if (ends)
        processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(i));
      else
        ++i;
    }
  }
  void read_zone(std::size_t m, std::size_t z) {
    const auto microjoules = static_cast<std::int64_t>(random_.below(200'000'000));
    world->read(m, z, microjoules, random_.below(2) == 0 ? -1 : static_cast<std::int64_t>(random_.below(250'000'000)));
    if (random_.below(40) == 0) {
      world->readings[m].back().present = false;
      world->readings[m].back().event = "vanished";
    }
    if (m == 2 && !processes_.empty())
      for (int i = 0; i < 2; ++i)
        world->gpu_uses[m].push_back({processes_[random_.below(processes_.size())].pid, z,
                                      static_cast<std::int64_t>(random_.below(1'000'000'000))});
  }

  RandomStream random_;
  std::vector<Process> processes_;
  std::uint64_t observer_group_ = 0, next_group_ = 10, next_start_ = 100;

 public:
  std::shared_ptr<World> world;
};

/// The first group whose processes and what they leave untold are not what it bears; empty: none.
std::string group_that_breaks(const Snapshot& now) {
  std::unordered_map<std::uint64_t, std::array<std::int64_t, components>> told;
  for (const ProcessTotals& process : now.processes)
    for (std::size_t c = 0; c < components; ++c)
      told[process.group][c] += process.microjoules_in_group(static_cast<Component>(c));
  std::size_t known = 0;
  for (const GroupTotals& group : now.groups) {
    const auto processes = told.find(group.id);
    known += processes != told.end() ? 1 : 0;
    for (std::size_t c = 0; c < components; ++c) {
      const std::int64_t of_processes = processes == told.end() ? 0 : processes->second[c];
      const std::int64_t untold = group.untold_microjoules[c] + group.untold_idle_microjoules[c];
      if (untold < 0 || of_processes + untold != group.totals.microjoules(now.policy, static_cast<Component>(c)))
        return group.path + " " + to_string(static_cast<Component>(c)) + ": processes " + std::to_string(of_processes) +
               ", untold " + std::to_string(untold) + ", in all " +
               std::to_string(group.totals.microjoules(now.policy, static_cast<Component>(c)));
    }
  }
  return known == told.size() ? "" : "a process of no group";
}

TEST(ObserverLaw, EveryMicrojouleIsSomebodysAtEveryTickLevelAndPolicy) {
  const TestFolder folder;
  RandomNode node;
  ObserverOptions options = test_options(folder);
  options.policy = IdlePolicy::use;
  options.ended_kept = 12;
  options.ended_kept_ns = 20 * second_ns;
  const auto observer = observe(node.world, options);
  std::int64_t before = 0, cpu_before = 0, folded = 0;
  std::size_t most_groups = 0;
  for (int tick = 0; tick < 120'000; ++tick) {
    node.step(tick);
    must(observer->tick());
    const Snapshot& now = observer->snapshot();
    ASSERT_EQ(broken_law(now), "") << "tick " << tick;
    ASSERT_EQ(group_that_breaks(now), "") << "tick " << tick;
    const std::int64_t joules = sum(now.node.dynamic_microjoules) + sum(now.node.idle_microjoules[0]);
    ASSERT_GE(joules, before);
    ASSERT_GE(now.node.cpu_ns, cpu_before);
    before = joules;
    cpu_before = now.node.cpu_ns;
    folded += now.groups.size() < most_groups ? 1 : 0;
    most_groups = std::max(most_groups, now.groups.size());
  }
  const Snapshot& end = observer->snapshot();
  EXPECT_EQ(end.broken_laws, 0);
  EXPECT_EQ(end.ticks, 120'000);
  EXPECT_GT(end.clock_steps, 100);
  EXPECT_GT(end.lost_records, 1000);
  EXPECT_GT(folded, 100) << "no group was ever folded: the law was not put to the test";
  for (std::size_t c = 0; c < components; ++c)
    EXPECT_GT(end.node.dynamic_microjoules[c], 0) << to_string(static_cast<Component>(c));
  EXPECT_LT(end.processes.size(), 80U);
}

TEST(ObserverLaw, GramsAreSharedWithoutRestAndEmbodiedIsWhatTheTimeCosts) {
  const TestFolder folder;
  RandomNode node;
  ObserverOptions options = test_options(folder);
  options.place.grid = "CISO";
  options.place.server = "hgx-h100";
  options.policy = IdlePolicy::reservation;
  const auto observer = observe(node.world, options);
  std::int64_t passed_ns = 0;
  for (int tick = 0; tick < 5'000; ++tick) {
    node.step(tick);
    passed_ns += node.world->scan.interval_ns;
    must(observer->tick());
  }
  const Snapshot& now = observer->snapshot();
  Totals parts;
  for (const Totals* some : {&now.idle, &now.overhead, &now.unattributed}) add_totals(parts, *some);
  for (const GroupTotals& group : now.groups) add_totals(parts, group.totals);
  const auto near = [](double a, double b) { return std::abs(a - b) <= 1e-12 * std::abs(b); };
  const auto same = [&](const carbon::Estimate<carbon::GramsCO2e>& a, const carbon::Estimate<carbon::GramsCO2e>& b) {
    return near(a.value.value(), b.value.value()) && near(a.low.value(), b.low.value()) &&
           near(a.high.value(), b.high.value());
  };
  EXPECT_TRUE(same(parts.embodied, now.node.embodied));
  // The joint price of the node and the prices of its parts are rounded apart.
  EXPECT_NEAR(parts.operational_average.value.value() / now.node.operational_average.value.value(), 1, 1e-11);
  EXPECT_NEAR(parts.operational_average.high.value() / now.node.operational_average.high.value(), 1, 1e-11);

  const catalog::Server& server = *test_catalog().server("hgx-h100");
  carbon::Estimate<carbon::GramsCO2e> emc;
  for (const auto& line : test_catalog().breakdown(server)) emc = emc + line.embodied;
  const double life = carbon::Seconds{server.lifetime.value()}.value();
  const double share = static_cast<double>(passed_ns) * 1e-9 / life;
  EXPECT_TRUE(near(now.node.embodied.value.value(), emc.value.value() * share));
  EXPECT_TRUE(near(now.node.embodied.high.value(), emc.high.value() * share));
  EXPECT_GT(now.idle.embodied.value, carbon::GramsCO2e{0});
  EXPECT_LT(now.node.operational_average.low, now.node.operational_average.value);
  EXPECT_LT(now.node.operational_average.value, now.node.operational_average.high);
}

TEST(Observer, ABystanderPaysItsOwnShareWhateverDiesNextToIt) {
  const TestFolder folder;
  const auto world = package_world();
  const auto observer = observe(world, test_options(folder));
  for (int tick = 0; tick < 20; ++tick) {
    world->next();
    world->work(10, 1, 2, second_ns / 4);
    // The neighbour's time is known to its group alone: every process of it died unseen.
    world->group(3).cpu_ns = second_ns / 2;
    world->scan.node.busy_ns = second_ns;  // a quarter of a second belongs to no group
    world->read(0, 0, 40'000'000, 10'000'000);
    must(observer->tick());
  }
  const Snapshot& now = observer->snapshot();
  EXPECT_EQ(find_group(now, "/a.service")->totals.dynamic_microjoules[0], 20 * 7'500'000);
  EXPECT_EQ(find_group(now, "/b.service")->totals.dynamic_microjoules[0], 20 * 15'000'000);
  EXPECT_EQ(now.unattributed.dynamic_microjoules[0], 20 * 7'500'000);
  EXPECT_EQ(now.unattributed.cpu_ns, 20 * second_ns / 4);
  EXPECT_EQ(find_process(now, 10)->dynamic_microjoules[0], 20 * 7'500'000);
  EXPECT_EQ(find_group(now, "/b.service")->processes_unseen_ns, 20 * second_ns / 2);
  EXPECT_EQ(find_group(now, "/a.service")->processes_unseen_ns, 0);
  EXPECT_EQ(find_group(now, "/a.service")->interval_dynamic_microjoules[0], 7'500'000);
}

TEST(Observer, WhatTheMonitorUsesIsOverheadAndNotItsGroups) {
  const TestFolder folder;
  const auto world = package_world();
  const auto observer = observe(world, test_options(folder));
  world->next();
  world->work(10, 1, 2, second_ns / 2);
  world->work(observer_pid, 1, 3, second_ns / 2);
  world->scan.own_cpu_ns = second_ns / 2;
  world->read(0, 0, 40'000'000, 10'000'000);
  must(observer->tick());
  const Snapshot& now = observer->snapshot();
  EXPECT_EQ(find_group(now, "/a.service")->totals.dynamic_microjoules[0], 15'000'000);
  EXPECT_EQ(find_group(now, "/b.service")->totals.dynamic_microjoules[0], 0);
  EXPECT_EQ(find_group(now, "/b.service")->totals.cpu_ns, second_ns / 2) << "the kernel's count stands";
  EXPECT_EQ(now.overhead.dynamic_microjoules[0], 15'000'000);
  EXPECT_EQ(now.overhead.cpu_ns, second_ns / 2);
}

TEST(Observer, OnlyWhatIsReservedBearsIdleUnderThatPolicy) {
  const TestFolder folder;
  const auto world = package_world();
  const auto observer = observe(world, test_options(folder));
  world->next();
  world->work(10, 1, 2, second_ns);
  world->group(3).reserved_cores = 2;
  world->read(0, 0, 40'000'000, 10'000'000);
  must(observer->tick());
  const Snapshot& now = observer->snapshot();
  const auto idle = [&](const char* path, IdlePolicy policy) {
    return find_group(now, path)->totals.idle_microjoules[static_cast<std::size_t>(policy)][0];
  };
  // Of four processors a used one (no reservation is known), b reserved two, nobody has the fourth.
  EXPECT_EQ(idle("/a.service", IdlePolicy::reservation), 2'500'000);
  EXPECT_EQ(idle("/b.service", IdlePolicy::reservation), 5'000'000);
  EXPECT_EQ(now.idle.idle_microjoules[static_cast<std::size_t>(IdlePolicy::reservation)][0], 2'500'000);
  EXPECT_EQ(idle("/a.service", IdlePolicy::even), 5'000'000);
  EXPECT_EQ(idle("/b.service", IdlePolicy::even), 5'000'000);
  EXPECT_EQ(idle("/a.service", IdlePolicy::use), 10'000'000);
  EXPECT_EQ(idle("/b.service", IdlePolicy::use), 0);
  EXPECT_EQ(now.idle.idle_microjoules[static_cast<std::size_t>(IdlePolicy::none)][0], 10'000'000);
}

TEST(Observer, MemoryIsHeldByBytesAndReadByCpuTime) {
  const TestFolder folder;
  const auto world = package_world();
  world->add_zone(0, "dram-0", ZoneKind::dram, "simulated");
  const auto observer = observe(world, test_options(folder));
  world->next();
  world->work(10, 1, 2, second_ns);
  world->group(3).resident_bytes = 4 * gibibyte;
  world->group(2).resident_bytes = 8 * gibibyte;
  world->read(0, 0, 0, 0);
  world->read(0, 1, 10'000'000, 4'000'000);  // 4 J to refresh 16 GiB, 6 J for accesses
  must(observer->tick());
  const Snapshot& now = observer->snapshot();
  EXPECT_EQ(find_group(now, "/a.service")->totals.dynamic_microjoules[1], 6'000'000 + 2'000'000);
  EXPECT_EQ(find_group(now, "/b.service")->totals.dynamic_microjoules[1], 1'000'000);
  EXPECT_EQ(now.idle.idle_microjoules[0][1], 1'000'000) << "a quarter of the bytes is free";
  EXPECT_EQ(find_process(now, 10)->dynamic_microjoules[1], 6'000'000) << "who holds the bytes is known by group only";
}

TEST(Observer, AMeterOfTheWholeMachineAddsOnlyWhatItsPartsLack) {
  const TestFolder folder;
  const auto world = package_world();
  world->add_zone(0, "core-0", ZoneKind::core, "simulated", 0);
  const std::size_t bmc = world->add_meter();
  world->add_zone(bmc, "platform", ZoneKind::platform, "ipmi");
  const auto observer = observe(world, test_options(folder));
  const std::int64_t platform[] = {90'000'000, 30'000'000, 0, 160'000'000};  // the third reading comes with the fourth
  std::int64_t all = 0;
  for (const std::int64_t microjoules : platform) {
    world->next();
    world->work(10, 1, 2, second_ns);
    world->read(0, 0, 40'000'000, 10'000'000);
    world->read(0, 1, 25'000'000);
    world->read(bmc, 0, microjoules);
    all += microjoules;
    must(observer->tick());
  }
  const Snapshot& now = observer->snapshot();
  const IdlePolicy none = IdlePolicy::none;
  EXPECT_EQ(now.node.microjoules(none, Component::cpu), 160'000'000);
  EXPECT_EQ(now.node.microjoules(none, Component::cpu) + now.node.microjoules(none, Component::base), all);
  ASSERT_EQ(now.zones.size(), 4U);
  const auto zone =
      std::find_if(now.zones.begin(), now.zones.end(), [](const ZoneTotals& each) { return each.zone.name == "base"; });
  ASSERT_NE(zone, now.zones.end());
  EXPECT_TRUE(zone->counted);
  EXPECT_EQ(broken_law(now), "");
}

TEST(Observer, AModelsRemainderIsAPartUnlessTheWholeIsMetered) {
  for (const bool metered : {false, true}) {
    const TestFolder folder;
    const auto world = package_world();
    world->add_zone(0, "platform-base", ZoneKind::platform, "model");
    world->zones[0].back().remainder = true;
    const std::size_t bmc = world->add_meter();
    if (metered) world->add_zone(bmc, "platform", ZoneKind::platform, "ipmi");
    const auto observer = observe(world, test_options(folder));
    world->next();
    world->work(10, 1, 2, second_ns);
    world->read(0, 0, 40'000'000, 10'000'000);
    world->read(0, 1, 5'000'000, 5'000'000);
    if (metered) world->read(bmc, 0, 100'000'000);
    must(observer->tick());
    const Snapshot& now = observer->snapshot();
    EXPECT_EQ(now.node.microjoules(IdlePolicy::none, Component::base), metered ? 60'000'000 : 5'000'000);
    EXPECT_EQ(broken_law(now), "");
  }
}

TEST(Observer, AcceleratorsAreToldByWhoeverUsedThem) {
  const TestFolder folder;
  const auto world = package_world();
  const std::size_t gpu = world->add_meter();
  world->add_zone(gpu, "gpu-0", ZoneKind::gpu, "nvml");
  world->add_zone(gpu, "gpu-0-a", ZoneKind::gpu_instance, "nvml", 0);
  world->add_zone(gpu, "gpu-0-b", ZoneKind::gpu_instance, "nvml", 0);
  const auto observer = observe(world, test_options(folder));
  world->next();
  world->work(10, 1, 2, 1000);
  world->work(11, 1, 3, 1000);
  world->read(0, 0, 0, 0);
  world->read(gpu, 0, 100'000'000, 20'000'000);
  world->read(gpu, 1, 75'000'000);
  world->read(gpu, 2, 25'000'000);
  // Both were busy all the time, but on instances of three and one part of the board.
  world->gpu_uses[gpu] = {{10, 1, second_ns}, {11, 2, second_ns}};
  must(observer->tick());
  const Snapshot* now = &observer->snapshot();
  constexpr auto accelerator = static_cast<std::size_t>(Component::accelerator);
  EXPECT_EQ(find_process(*now, 10)->dynamic_microjoules[accelerator], 60'000'000);
  EXPECT_EQ(find_group(*now, "/b.service")->totals.dynamic_microjoules[accelerator], 20'000'000);
  world->next();
  world->read(gpu, 0, 100'000'000, 20'000'000);
  must(observer->tick());
  now = &observer->snapshot();
  EXPECT_EQ(now->unattributed.dynamic_microjoules[accelerator], 80'000'000) << "nobody was seen at it";
  EXPECT_EQ(broken_law(*now), "");
}

TEST(Observer, GramsAreJoulesTimesPueTimesTheGridWithBothRanges) {
  const TestFolder folder;
  const auto world = package_world();
  const auto observer = observe(world, test_options(folder));
  for (int tick = 0; tick < 3600; ++tick) {
    world->next();
    world->work(10, 1, 2, second_ns);
    world->read(0, 0, 1'000'000'000, 0);  // 1 kW for an hour: 1 kWh
    must(observer->tick());
  }
  const catalog::Grid& grid = *test_catalog().grid("DE");
  const double value = grid.average.estimate.value.value() * 1.25;
  const auto& grams = find_group(observer->snapshot(), "/a.service")->totals.operational_average;
  EXPECT_NEAR(grams.value.value(), value, value * 1e-9);
  EXPECT_NEAR(grams.low.value(), grid.average.estimate.low.value() * 1.25 * (1 - 1.6449 * 0.05), value * 1e-9);
  EXPECT_NEAR(grams.high.value(), grid.average.estimate.high.value() * 1.25 * (1 + 1.6449 * 0.05), value * 1e-9);
  EXPECT_NEAR(find_process(observer->snapshot(), 10)->operational.value(), value, value * 1e-9);
}

TEST(Observer, ManyShortProcessesAndGroupsLeaveBoundedTables) {
  const TestFolder folder;
  const auto world = package_world();
  ObserverOptions options = test_options(folder);
  options.ended_kept = 500;
  const auto observer = observe(world, options);
  std::int32_t pid = 1;
  for (int tick = 0; tick < 1000; ++tick) {
    world->next();
    const std::uint64_t id = 100 + static_cast<std::uint64_t>(tick);
    world->group(id, "/b.service/run-" + std::to_string(tick)).ended = true;
    for (int i = 0; i < 100; ++i, ++pid) world->work(pid, 1, id, 100'000, true);
    world->read(0, 0, 40'000'000, 10'000'000);
    must(observer->tick());
    ASSERT_LE(observer->snapshot().processes.size(), 500U);
    ASSERT_LE(observer->snapshot().groups.size(), 503U);
  }
  const Snapshot& now = observer->snapshot();
  EXPECT_EQ(broken_law(now), "");
  std::int64_t below_b = 0;
  for (const GroupTotals& group : now.groups)
    if (group.path.rfind("/b.service", 0) == 0) below_b += group.totals.dynamic_microjoules[0];
  EXPECT_EQ(below_b, 1000 * 30'000'000LL);
  EXPECT_GT(find_group(now, "/b.service")->totals.cpu_ns, 0) << "what ended is folded into the group above it";
}

TEST(Observer, ANewProcessOfAnOldNumberStartsFromNothing) {
  const TestFolder folder;
  const auto world = package_world();
  const auto observer = observe(world, test_options(folder));
  for (const std::uint64_t started : {std::uint64_t{1}, std::uint64_t{2}}) {
    world->next();
    world->work(10, started, 2, second_ns);
    world->read(0, 0, 40'000'000, 10'000'000);
    must(observer->tick());
  }
  const Snapshot& now = observer->snapshot();
  ASSERT_EQ(now.processes.size(), 2U);
  EXPECT_TRUE(now.processes[0].ended);
  EXPECT_FALSE(now.processes[1].ended);
  EXPECT_EQ(now.processes[1].cpu_ns, second_ns);
}

TEST(Observer, RefusesPlacesThatTheCatalogueLacks) {
  const auto world = package_world();
  const TestFolder folder;
  for (const auto& change : std::vector<std::pair<std::string, double>>{{"gird", 1.2}, {"DE", 0.5}, {"DE", NAN}}) {
    ObserverOptions options = test_options(folder);
    options.place.grid = change.first;
    options.place.pue = change.second;
    Parts parts;
    parts.capture = std::make_unique<FakeCapture>(world);
    parts.meters = fake_meters(world);
    const auto observer = NodeObserver::compose(options, std::move(parts), test_catalog());
    ASSERT_FALSE(observer.has_value());
    EXPECT_EQ(observer.error().code, ErrorCode::bad_input);
    EXPECT_FALSE(observer.error().hint.empty());
  }
}

}  // namespace
}  // namespace cradle::observe
