// One reading under four idle policies: nothing is lost or made, level below level, tick after tick.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "cradle/attribution/attribution.h"
#include "cradle/base/random.h"

namespace cradle::attribution {
namespace {

constexpr IdlePolicy policies[] = {IdlePolicy::none, IdlePolicy::even, IdlePolicy::reservation, IdlePolicy::use};

Pool some_pool(RandomStream& random) {
  Pool pool;
  pool.metered = static_cast<MicroJoules>(random.below(10) == 0 ? 0 : random.below(400'000'000));
  pool.idle = static_cast<MicroJoules>(random.below(static_cast<std::uint64_t>(pool.metered) + 1));
  pool.used = static_cast<std::int64_t>(random.below(10) == 0 ? 0 : random.below(4'000'000'000));
  pool.capacity = 4'000'000'000;
  pool.overhead = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(pool.used) / 50 + 1));
  return pool;
}

std::vector<Consumer> some_consumers(RandomStream& random, const Pool& pool, std::size_t n) {
  // Now and then more than the machine counted, as clocks that are read one after the other do.
  std::vector<Consumer> consumers(n);
  const std::uint64_t most = static_cast<std::uint64_t>(pool.used) * 2 / (n + 1) + 1;
  for (Consumer& consumer : consumers) {
    consumer.use = random.below(4) == 0 ? 0 : static_cast<std::int64_t>(random.below(most));
    consumer.reserved = random.below(3) == 0 ? 0 : static_cast<std::int64_t>(random.below(3'000'000'000));
  }
  return consumers;
}

void expect_exact(const Pool& pool, const std::vector<Consumer>& consumers, const Division& division) {
  ASSERT_EQ(division.dynamic.size(), consumers.size());
  for (const IdlePolicy policy : policies) {
    ASSERT_EQ(division.total(policy) - pool.metered, 0);
    ASSERT_GE(division.idle_residue[static_cast<std::size_t>(policy)], 0);
    MicroJoules tenants = 0;
    for (std::size_t i = 0; i < consumers.size(); ++i) {
      ASSERT_GE(division.of(i, policy), division.dynamic[i]);
      tenants += division.of(i, policy);
      if (consumers[i].use == 0) {
        ASSERT_EQ(division.dynamic[i], 0);
      }
    }
    ASSERT_EQ(
        tenants + division.idle_residue[static_cast<std::size_t>(policy)] + division.overhead + division.unattributed,
        pool.metered);
  }
  ASSERT_GE(division.overhead, 0);
  ASSERT_GE(division.unattributed, 0);
}

TEST(Division, ByHand) {
  // 100 J, 40 of them idle; the machine counted 60 s of CPU: 30 and 15 were seen, 3 are ours, 12 nobody's.
  const Pool pool{100'000'000, 40'000'000, 60, 100, 3};
  const std::vector<Consumer> consumers{{30, 50}, {15, 10}};
  Division division;
  divide(pool, consumers, division);
  EXPECT_EQ(division.dynamic, (std::vector<MicroJoules>{30'000'000, 15'000'000}));
  EXPECT_EQ(division.overhead, 3'000'000);
  EXPECT_EQ(division.unattributed, 12'000'000);
  EXPECT_EQ(division.of(0, IdlePolicy::none), 30'000'000);
  EXPECT_EQ(division.of(0, IdlePolicy::even), 50'000'000);
  EXPECT_EQ(division.of(0, IdlePolicy::reservation), 50'000'000);  // 50 of 100 reserved: 20 of 40 J
  EXPECT_EQ(division.of(1, IdlePolicy::reservation), 19'000'000);
  EXPECT_EQ(division.of(0, IdlePolicy::use), 50'000'000);  // 30 of 60 used
  EXPECT_EQ(division.idle_residue, (std::array<MicroJoules, 4>{40'000'000, 0, 16'000'000, 10'000'000}));
}

TEST(Division, WithoutTenantsOrUse) {
  Division division;
  divide(Pool{1'000, 300, 0, 10, 0}, {}, division);
  EXPECT_EQ(division.unattributed, 700);
  for (const IdlePolicy policy : policies) EXPECT_EQ(division.idle_residue[static_cast<std::size_t>(policy)], 300);
  const std::vector<Consumer> idlers(3);
  divide(Pool{1'000, 300, 0, 0, 0}, idlers, division);
  EXPECT_EQ(division.unattributed, 700);
  EXPECT_EQ(division.of(0, IdlePolicy::even), 100);
  EXPECT_EQ(division.of(0, IdlePolicy::use), 0);
  EXPECT_EQ(division.of(0, IdlePolicy::reservation), 0);
  divide(Pool{1'000, 300, 5, 0, 0}, {}, division);  // memory of the division before is not seen
  EXPECT_TRUE(division.dynamic.empty());
  EXPECT_EQ(division.unattributed, 700);
}

TEST(Division, MoreUseThanTheMachineCounted) {
  Division division;
  divide(Pool{900, 0, 10, 10, 0}, std::vector<Consumer>{{20, 0}, {10, 0}}, division);
  EXPECT_EQ(division.dynamic, (std::vector<MicroJoules>{600, 300}));
  EXPECT_EQ(division.unattributed, 0);
}

TEST(Division, MoreReservedThanThereIs) {
  Division division;
  divide(Pool{900, 900, 0, 10, 0}, std::vector<Consumer>{{0, 20}, {0, 10}}, division);
  EXPECT_EQ(division.of(0, IdlePolicy::reservation), 600);
  EXPECT_EQ(division.idle_residue[static_cast<std::size_t>(IdlePolicy::reservation)], 0);
}

TEST(Division, TheLargestNumbers) {
  constexpr std::int64_t most = std::int64_t{1} << 62;
  const std::vector<Consumer> consumers(1'000, Consumer{most, most});
  Division division;
  const Pool pool{most, most / 3, most, most, most};
  divide(pool, consumers, division);
  expect_exact(pool, consumers, division);
}

/// A neighbour whose short processes nobody saw: my bill is what it would be had they been seen.
RC_GTEST_PROP(Division, ABystandersBillDoesNotDependOnWhatWasSeenOfOthers, (std::uint64_t seed)) {
  RandomStream random(seed, "bystander");
  const std::int64_t mine = 1 + static_cast<std::int64_t>(random.below(1'000'000'000));
  const std::int64_t theirs = static_cast<std::int64_t>(random.below(1'000'000'000));
  const std::int64_t seen = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(theirs) + 1));
  const Pool pool{300'000'000, 120'000'000, mine + theirs, 2'000'000'000, 0};
  Division all, part;
  divide(pool, std::vector<Consumer>{{mine, 5}, {theirs, 5}}, all);
  divide(pool, std::vector<Consumer>{{mine, 5}, {seen, 5}}, part);
  for (const IdlePolicy policy : policies) RC_ASSERT(std::abs(all.of(0, policy) - part.of(0, policy)) <= 2);
}

/// Node to pods, pods to containers, containers to processes; and board to MIG instances to processes: the sum at each
/// level is the level above, under every policy.
TEST(Division, ThreeLevelsDown) {
  RandomStream random(3, "levels");
  Division division;
  for (int round = 0; round < 20'000; ++round) {
    const Pool pool = some_pool(random);
    const std::size_t pods = 1 + random.below(5);
    const std::vector<Consumer> consumers = some_consumers(random, pool, pods);
    divide(pool, consumers, division);
    expect_exact(pool, consumers, division);
    for (const IdlePolicy policy : policies) {
      MicroJoules leaves = 0;
      for (std::size_t pod = 0; pod < pods; ++pod) {
        // One more place than containers: what no container of the pod was seen at.
        std::vector<std::int64_t> containers(random.below(4));
        for (std::int64_t& use : containers) use = static_cast<std::int64_t>(random.below(1'000'000));
        std::vector<MicroJoules> of_container(containers.size() + 1);
        divide(division.of(pod, policy), containers, of_container);
        leaves += of_container.back();
        for (std::size_t c = 0; c < containers.size(); ++c) {
          std::vector<std::int64_t> processes(1 + random.below(6));
          for (std::int64_t& use : processes) use = static_cast<std::int64_t>(random.below(1000));
          std::vector<MicroJoules> of_process(processes.size() + 1);
          divide(of_container[c], processes, of_process);
          ASSERT_EQ(std::accumulate(of_process.begin(), of_process.end(), MicroJoules{0}), of_container[c]);
          leaves += of_container[c];
        }
      }
      const auto p = static_cast<std::size_t>(policy);
      ASSERT_EQ(leaves + division.idle_residue[p] + division.overhead + division.unattributed, pool.metered);
    }
  }
}

TEST(Division, MigInstancesAddUpToTheBoard) {
  // A board of 7 slices split 4g + 2g + 1g, each weighted by slices x activity (1g at 100 % is 1/4 of 4g at 100 %).
  constexpr std::int64_t second = 1'000'000'000;
  const Pool board{250'000'000, 60'000'000, 7 * second / 2, 7 * second, 0};
  const std::vector<Consumer> instances{
      {4 * second / 2, 4 * second}, {2 * second / 2, 2 * second}, {second / 2, second}};
  Division division;
  divide(board, instances, division);
  expect_exact(board, instances, division);
  EXPECT_NEAR(static_cast<double>(division.dynamic[0]), 190e6 * 4 / 7, 1);
  EXPECT_NEAR(static_cast<double>(division.dynamic[2]), 190e6 / 7, 1);
  EXPECT_EQ(division.unattributed, 0);
}

TEST(IdlePolicy, NamesAreReadBack) {
  for (const IdlePolicy policy : policies) {
    const auto read = parse_idle_policy(to_string(policy), "--idle");
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, policy);
  }
  const auto wrong = parse_idle_policy("evn", "--idle");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().where, "--idle");
  EXPECT_NE(wrong.error().hint.find("even"), std::string::npos);
  EXPECT_FALSE(parse_idle_policy("", "x"));
  EXPECT_FALSE(parse_idle_policy("USE\xff", "x"));
}

constexpr std::int64_t second_ns = 1'000'000'000;

TEST(IdleFloor, TheLeastSeenWhileQuiet) {
  IdleFloor floor(IdleFloor::Options{25, 10 * second_ns, 0.1});
  EXPECT_EQ(floor.idle(100'000'000, second_ns, 0.9), 25'000'000);  // nothing seen yet: as declared
  EXPECT_EQ(floor.idle(40'000'000, second_ns, 0.05), 40'000'000);
  EXPECT_EQ(floor.idle(100'000'000, second_ns, 0.9), 40'000'000);
  EXPECT_EQ(floor.idle(30'000'000, second_ns, 0.0), 30'000'000);
  EXPECT_EQ(floor.idle(100'000'000, second_ns, 0.9), 30'000'000);
  EXPECT_EQ(floor.idle(20'000'000, second_ns, 0.9), 20'000'000);   // never more than the reading
  EXPECT_EQ(floor.idle(50'000'000, second_ns, 0.01), 30'000'000);  // a warmer quiet machine does not raise it
  EXPECT_EQ(floor.idle(200'000'000, 2 * second_ns, 0.9), 60'000'000);
}

TEST(IdleFloor, ForgetsButNeverTheLast) {
  IdleFloor floor(IdleFloor::Options{0, 10 * second_ns, 0.1});
  EXPECT_EQ(floor.idle(30'000'000, second_ns, 0), 30'000'000);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(floor.idle(100'000'000, second_ns, 1), 30'000'000);
  EXPECT_EQ(floor.idle(45'000'000, second_ns, 0), 45'000'000);  // the old one is out of date now
  EXPECT_EQ(floor.idle(100'000'000, second_ns, 1), 45'000'000);
}

TEST(IdleFloor, AZoneThatVanishedIsNoMachineAtZeroWatts) {
  IdleFloor floor(IdleFloor::Options{});
  EXPECT_EQ(floor.idle(30'000'000, second_ns, 0), 30'000'000);
  EXPECT_EQ(floor.idle(0, second_ns, 0), 0);
  EXPECT_EQ(floor.idle(5, 0, 0), 0);
  EXPECT_EQ(floor.idle(90'000'000, second_ns, 1), 30'000'000);
}

/// Against the plain minimum over everything that is remembered.
RC_GTEST_PROP(IdleFloor, IsTheMinimumOfItsMemory, (std::uint64_t seed)) {
  RandomStream random(seed, "floor");
  const std::int64_t memory = second_ns * static_cast<std::int64_t>(1 + random.below(20));
  IdleFloor floor(IdleFloor::Options{10, memory, 0.1});
  std::vector<std::pair<std::int64_t, MicroJoules>> seen;  // when, joules of a second
  std::int64_t now = 0;
  for (int i = 0; i < 200; ++i) {
    const MicroJoules metered = 1'000'000 + static_cast<MicroJoules>(random.below(100'000'000));
    const double busy = random.uniform() * 0.2;
    now += second_ns;
    if (busy < 0.1) seen.emplace_back(now, metered);
    MicroJoules least = seen.empty() ? 10'000'000 : seen.back().second;
    for (const auto& [at, joules] : seen)
      if (now - at <= memory) least = std::min(least, joules);
    const MicroJoules idle = floor.idle(metered, second_ns, busy);
    // With nothing left in memory the last minimum stands, which is at least one of those seen.
    if (!seen.empty() && now - seen.back().first > memory) {
      RC_ASSERT(idle <= metered);
      continue;
    }
    RC_ASSERT(std::abs(idle - std::min(least, metered)) <= 1);
  }
}

}  // namespace
}  // namespace cradle::attribution
