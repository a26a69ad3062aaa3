#include "cradle/slicing/map_speeds.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "cradle/base/random.h"
#include "cradle/catalog/catalog.h"
#include "example_rules.h"

namespace cradle::slicing {
namespace {

constexpr double gib = 1024.0 * 1024 * 1024;

PartitionTable a30_table() {
  catalog::Partitioning rules;
  rules.id = "a30";
  rules.compute_slices = 4;
  rules.memory_slices = 4;
  rules.profiles = {{"1g.6gb", 1, 1, {0, 1, 2, 3}, 0}, {"2g.12gb", 2, 2, {0, 2}, 0}, {"4g.24gb", 4, 4, {0}, 0}};
  return *PartitionTable::make(rules, plain_profiles(rules, false));
}

SliceJob measured(std::vector<double> speed) {
  SliceJob job;
  job.name = "test";
  job.arrival = carbon::Seconds{3};
  job.length = carbon::Seconds{100};
  job.speed = std::move(speed);
  return job;
}

TEST(MapSpeeds, AreTheMeasuredOnesOnTheSameSlices) {
  const PartitionTable table = a100_table();
  const SlicedMemory same{&table, carbon::Bytes{4.75 * gib}};
  const std::vector<SliceJob> jobs{measured({0, 0.3, 0.6, 0.7, 1}), measured({0.1, 0.3, 0.6, 0.7, 1})};
  const auto mapped = map_speeds(jobs, same, same);
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->jobs[0].speed, jobs[0].speed);
  EXPECT_EQ(mapped->jobs[1].speed, jobs[1].speed);
  EXPECT_EQ(mapped->same_share, 9U);
  EXPECT_EQ(mapped->between, 0U);
  EXPECT_EQ(mapped->jobs[0].length, jobs[0].length);
  EXPECT_EQ(mapped->jobs[0].arrival, jobs[0].arrival);
}

TEST(MapSpeeds, FollowTheSharesWhereTheSlicesDiffer) {
  const PartitionTable from = a100_table(), to = a30_table();
  const SlicedMemory a100{&from, carbon::Bytes{4.75 * gib}}, a30{&to, carbon::Bytes{5.81 * gib}};
  const auto mapped = map_speeds(std::vector<SliceJob>{measured({0.14, 0.3, 0.6, 0.7, 1})}, a100, a30);
  ASSERT_TRUE(mapped) << to_string(mapped.error());
  // 1/4 of the compute lies at 0.75 between 1/7 and 2/7; 1/2 in the middle of 3/7 and 4/7; the whole is the whole.
  EXPECT_NEAR(mapped->jobs[0].speed[0], 0.14 + 0.75 * 0.16, 1e-12);
  EXPECT_NEAR(mapped->jobs[0].speed[1], 0.65, 1e-12);
  EXPECT_EQ(mapped->jobs[0].speed[2], 1);
  EXPECT_EQ(mapped->same_share, 1U);
  EXPECT_EQ(mapped->between, 2U);
  // Measured to need more than 4.75 GiB, known to run in 9.5: not in 5.81, but in 11.62.
  const auto large = map_speeds(std::vector<SliceJob>{measured({0, 0.3, 0.6, 0.7, 1})}, a100, a30);
  EXPECT_EQ(large->jobs[0].speed[0], 0);
  EXPECT_GT(large->jobs[0].speed[1], 0);
  // Twice the memory: 1g holds it too. Its speed was not measured; it lies on the line from 0 to that of 2g.
  const SlicedMemory wide{&from, carbon::Bytes{9.5 * gib}};
  const auto wider = map_speeds(std::vector<SliceJob>{measured({0, 0.3, 0.6, 0.7, 1})}, a100, wide);
  EXPECT_NEAR(wider->jobs[0].speed[0], 0.15, 1e-12);
}

TEST(MapSpeeds, RefusesWhatIsNotKnown) {
  const PartitionTable from = a100_table(), to = a30_table();
  const SlicedMemory a100{&from, carbon::Bytes{4.75 * gib}}, a30{&to, carbon::Bytes{5.81 * gib}};
  const auto refused = map_speeds(std::vector<SliceJob>{measured({0, 0, 0, 0, 1})}, a100, a30);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("more memory than 4g.24gb"), std::string::npos);
  EXPECT_FALSE(refused.error().hint.empty());
  EXPECT_FALSE(map_speeds(std::vector<SliceJob>{measured({1, 1})}, a100, a30));
}

RC_GTEST_PROP(MapSpeeds, RisingSpeedsStayRisingAndWithinTheMeasured, (std::uint32_t seed)) {
  RandomStream draws(seed, "map.speeds");
  const PartitionTable from = a100_table();
  const auto catalog = catalog::Catalog::load();
  std::vector<double> speed;
  for (int i = 0; i < 5; ++i) speed.push_back(draws.uniform());
  std::sort(speed.begin(), speed.end());
  for (double& one : speed) one /= speed.back();
  for (const catalog::Partitioning& rules : catalog->partitionings()) {
    const auto to = *PartitionTable::make(rules, plain_profiles(rules, true));
    const auto mapped = map_speeds(std::vector<SliceJob>{measured(speed)}, {&from, carbon::Bytes{4.75 * gib}},
                                   {&to, rules.slice_memory.value()});
    RC_ASSERT(mapped.has_value());
    const auto& there = mapped->jobs[0].speed;
    for (std::size_t p = 0; p < there.size(); ++p) {
      RC_ASSERT(there[p] > 0 && there[p] <= 1);
      for (std::size_t q = 0; q < there.size(); ++q)
        if (to.profile(static_cast<ProfileId>(p)).compute < to.profile(static_cast<ProfileId>(q)).compute)
          RC_ASSERT(there[p] <= there[q] + 1e-12);
    }
  }
}

}  // namespace
}  // namespace cradle::slicing
