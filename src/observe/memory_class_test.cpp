// Energy of memory accesses by declared bandwidth class: exact sums, only memory moves, patterns and their mistakes.
#include "cradle/observe/memory_class.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "memory_weights.h"
#include "observe_fixture.h"
#include "tick_division.h"

namespace cradle::observe {
namespace {

using attribution::IdlePolicy;
using attribution::MicroJoules;

constexpr auto memory = static_cast<std::size_t>(Component::memory);
constexpr auto cpu = static_cast<std::size_t>(Component::cpu);

std::vector<ZoneTotals> cpu_and_memory() {
  std::vector<ZoneTotals> zones(2);
  for (ZoneTotals& zone : zones) zone.counted = true;
  zones[0].component = Component::cpu;
  zones[1].component = Component::memory;
  return zones;
}

std::vector<ZoneTick> reading(MicroJoules metered, MicroJoules idle) {
  std::vector<ZoneTick> ticks(2);
  for (ZoneTick& tick : ticks) {
    tick.metered = metered;
    tick.idle = idle;
  }
  return ticks;
}

GroupUse use_of(std::int64_t cpu_ns, std::int64_t weight) {
  GroupUse use;
  use.cpu_ns = use.reserved_ns = cpu_ns;
  use.memory_weight = weight;
  return use;
}

TEST(MemoryClass, EachIsFourTimesTheOneBefore) {
  EXPECT_EQ(memory_weight(BandwidthClass::medium), neutral_memory_weight);
  EXPECT_EQ(memory_weight(BandwidthClass::medium), 4 * memory_weight(BandwidthClass::low));
  EXPECT_EQ(memory_weight(BandwidthClass::high), 4 * memory_weight(BandwidthClass::medium));
  EXPECT_EQ(memory_weight(BandwidthClass::streaming), 4 * memory_weight(BandwidthClass::high));
}

TEST(MemoryClass, ByHand) {
  // 21 J of accesses, equal CPU time: the weights 4 : 16 : 1, and nothing of it in the processor's joules.
  auto zones = cpu_and_memory();
  TickDivision division(IdlePolicy::none);
  const std::vector<GroupUse> uses{use_of(second_ns, 4), use_of(second_ns, 16), use_of(second_ns, 1)};
  division.divide(zones, reading(21'000'000, 0), {second_ns, 3 * second_ns, 0, 1 << 30, 4}, uses);
  EXPECT_EQ(division.groups()[0].dynamic[memory], 4'000'000);
  EXPECT_EQ(division.groups()[1].dynamic[memory], 16'000'000);
  EXPECT_EQ(division.groups()[2].dynamic[memory], 1'000'000);
  for (const Take& take : division.groups()) {
    EXPECT_EQ(take.dynamic[cpu], 7'000'000);
    EXPECT_EQ(take.dynamic_by_cpu[memory], take.dynamic[memory]) << "processes are told of it by CPU time";
  }
  // The monitor and the unseen count as everybody who is not declared: 1 s each beside 1 s of streaming.
  division.divide(zones, reading(18'000'000, 0), {second_ns, 3 * second_ns, second_ns, 1 << 30, 4},
                  std::vector<GroupUse>{use_of(second_ns, 64)});
  EXPECT_EQ(division.groups()[0].dynamic[memory], 16'000'000);
  EXPECT_EQ(division.overhead()[memory], 1'000'000);
  EXPECT_EQ(division.unattributed()[memory], 1'000'000);
  EXPECT_EQ(division.groups()[0].dynamic[cpu], 6'000'000);
}

struct Random {
  std::vector<GroupUse> uses;
  NodeUse node;
  MicroJoules metered, idle;
};

Random some_tick(std::uint64_t seed) {
  RandomStream random(seed, "memory");
  const auto below = [&](std::int64_t end) { return static_cast<std::int64_t>(random.below(end)); };
  Random tick;
  std::int64_t seen = 0;
  for (std::int64_t i = below(6); i >= 0; --i) {
    GroupUse use = use_of(random.below(4) == 0 ? 0 : below(second_ns), std::int64_t{1} << (2 * below(4)));
    use.resident_bytes = below(std::int64_t{1} << 33);
    seen += use.cpu_ns;
    tick.uses.push_back(use);
  }
  tick.node = {second_ns, seen + below(second_ns), below(second_ns / 100), std::int64_t{1} << 34, 8};
  tick.metered = below(100'000'000);
  tick.idle = below(tick.metered + 1);
  return tick;
}

RC_GTEST_PROP(MemoryClass, PartsAreTheReadingUnderEveryPolicy, (std::uint64_t seed)) {
  const Random tick = some_tick(seed);
  auto zones = cpu_and_memory();
  TickDivision division(IdlePolicy::use);
  division.divide(zones, reading(tick.metered, tick.idle), tick.node, tick.uses);
  RC_ASSERT(division.conserved());
  for (std::size_t p = 0; p < attribution::idle_policies; ++p) {
    MicroJoules sum = division.overhead()[memory] + division.unattributed()[memory] + division.idle().idle[p][memory];
    for (const Take& take : division.groups()) {
      RC_ASSERT(take.dynamic[memory] >= 0);
      sum += take.dynamic[memory] + take.idle[p][memory];
    }
    RC_ASSERT(sum == tick.metered);
  }
}

RC_GTEST_PROP(MemoryClass, HigherClassMovesJoulesInMemoryAccessesOnly, (std::uint64_t seed)) {
  Random tick = some_tick(seed);
  auto zones = cpu_and_memory(), zones_then = cpu_and_memory();
  TickDivision before(IdlePolicy::reservation), then(IdlePolicy::reservation);
  before.divide(zones, reading(tick.metered, tick.idle), tick.node, tick.uses);
  tick.uses[0].memory_weight *= 2;
  then.divide(zones_then, reading(tick.metered, tick.idle), tick.node, tick.uses);
  for (std::size_t g = 0; g < tick.uses.size(); ++g) {
    const Take &a = before.groups()[g], &b = then.groups()[g];
    RC_ASSERT(a.dynamic[cpu] == b.dynamic[cpu]);
    RC_ASSERT(a.idle == b.idle);
    RC_ASSERT(a.occupied == b.occupied);
    // What is not by CPU time is by held bytes.
    RC_ASSERT(a.dynamic[memory] - a.dynamic_by_cpu[memory] == b.dynamic[memory] - b.dynamic_by_cpu[memory]);
    if (g == 0)
      RC_ASSERT(b.dynamic[memory] >= a.dynamic[memory]);
    else
      RC_ASSERT(b.dynamic[memory] <= a.dynamic[memory] + 1);  // rounding may go the other way by one microjoule
  }
  RC_ASSERT(before.metered() == then.metered());
  RC_ASSERT(then.conserved());
}

/// Weights that are all alike are no weights: the division is to the microjoule that by CPU time.
RC_GTEST_PROP(MemoryClass, NeutralIsByCpuTime, (std::uint64_t seed)) {
  Random tick = some_tick(seed);
  for (GroupUse& use : tick.uses) {
    use.memory_weight = neutral_memory_weight;
    use.resident_bytes = 0;
  }
  auto zones = cpu_and_memory();
  TickDivision division(IdlePolicy::none);
  division.divide(zones, reading(tick.metered, 0), tick.node, tick.uses);
  for (const Take& take : division.groups()) RC_ASSERT(take.dynamic[memory] == take.dynamic[cpu]);
  RC_ASSERT(division.unattributed()[memory] == division.unattributed()[cpu]);
}

TEST(MemoryClass, YearsOfCpuTimeInOneTickAreStillConserved) {
  auto zones = cpu_and_memory();
  TickDivision division(IdlePolicy::none);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 4;
  const std::vector<GroupUse> uses{use_of(most, 64), use_of(most, 64), use_of(1, 1)};
  division.divide(zones, reading(1'000'000, 0), {second_ns, 0, 0, 1 << 30, 4}, uses);
  EXPECT_TRUE(division.conserved());
  EXPECT_EQ(division.groups()[0].dynamic[memory], 500'000);
}

TEST(MemoryClass, IsReadFromAnOption) {
  const auto good = parse_memory_class("/analytics=v2/*=high", "--memory-class");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->pattern, "/analytics=v2/*");
  EXPECT_EQ(good->bandwidth, BandwidthClass::high);
  for (const char* wrong : {"", "=high", "high", "a=", "a=HIGH", "a=higher", "a=high ", "a\xff=x", "a=\xff"}) {
    const auto read = parse_memory_class(wrong, "--memory-class");
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code, ErrorCode::bad_input);
    EXPECT_EQ(read.error().where, "--memory-class");
    EXPECT_FALSE(read.error().hint.empty());
    EXPECT_TRUE(is_utf8(read.error().message));
  }
  EXPECT_NE(parse_memory_class("a=hihg", "x").error().hint.find("high"), std::string::npos);
}

TEST(MemoryClass, MatchesPathOrTenantOnceWhenAGroupIsFirstSeen) {
  MemoryWeights weights({{"/batch/*", BandwidthClass::streaming},
                         {"job 4711", BandwidthClass::high},
                         {"/batch/x*", BandwidthClass::low},
                         {"[", BandwidthClass::low}});
  GroupTotals group;
  const auto weight = [&](std::uint64_t id, const char* path, const char* tenant, bool ended = false) {
    group.id = id;
    group.path = path;
    group.tenant.name = tenant;
    return weights.of(group, ended);
  };
  EXPECT_EQ(weight(1, "/", "node"), 4);
  EXPECT_EQ(weight(2, "/batch/a/b", ""), 64);
  EXPECT_EQ(weight(3, "/slurm/job_4711", "job 4711"), 16);
  EXPECT_EQ(weight(4, "/batch/xy", ""), 64) << "the first that matches";
  EXPECT_EQ(weight(2, "/renamed", "", true), 64) << "once";
  EXPECT_EQ(weight(2, "/another", ""), 4) << "a number that is given again";
  EXPECT_EQ(MemoryWeights({}).of(group, false), 4);
  EXPECT_TRUE(MemoryWeights({}).note().empty());
  EXPECT_NE(weights.note().find("job 4711=high"), std::string::npos);
}

TEST(MemoryClass, ReachesTheObserversFigures) {
  const TestFolder folder;
  const auto world = std::make_shared<World>();
  world->add_meter();
  world->add_zone(0, "dram-0", meter::ZoneKind::dram, "simulated");
  world->group(1, "/");
  world->group(2, "/a.service");
  world->group(3, "/b.service");
  ObserverOptions options = test_options(folder);
  options.memory_classes = {{"/b*", BandwidthClass::high}};
  const auto observer = observe(world, options);
  world->next();
  world->work(7, 1, 2, second_ns / 2);
  world->work(8, 1, 3, second_ns / 2);
  world->read(0, 0, 10'000'000, 0);
  must(observer->tick());
  EXPECT_EQ(find_group(observer->snapshot(), "/a.service")->totals.dynamic_microjoules[memory], 2'000'000);
  EXPECT_EQ(find_group(observer->snapshot(), "/b.service")->totals.dynamic_microjoules[memory], 8'000'000);
  EXPECT_EQ(observer->snapshot().broken_laws, 0);
  const auto& notes = observer->snapshot().notes;
  EXPECT_TRUE(std::any_of(notes.begin(), notes.end(),
                          [](const std::string& note) { return note.find("/b*=high") != std::string::npos; }));
}

}  // namespace
}  // namespace cradle::observe
