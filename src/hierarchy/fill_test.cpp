#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/hierarchy/demand.h"
#include "cradle/hierarchy/manager.h"
#include "cradle/power/scenario.h"
#include "hash.h"
#include "lanes.h"

namespace cradle::hierarchy {
namespace {

std::int64_t total(const std::vector<std::int32_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

std::vector<std::int32_t> draw_demand(RandomStream& random, std::size_t count) {
  std::vector<std::int32_t> demand(count);
  for (auto& one : demand) one = random.below(4) == 0 ? 0 : static_cast<std::int32_t>(random.below(700));
  return demand;
}

RC_GTEST_PROP(Fill, IsMaxMinFairAndExact, (std::uint64_t seed)) {
  RandomStream random(seed, "fill");
  const auto count = static_cast<std::size_t>(1 + random.below(12));
  const auto demand = draw_demand(random, count);
  std::vector<std::int32_t> weight(count);
  for (auto& one : weight) one = static_cast<std::int32_t>(1 + random.below(5));
  const auto coins = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(total(demand)) + 100));
  std::vector<std::int32_t> out(count);
  const auto weight_of = [&](std::size_t i) -> std::int64_t { return weight[i]; };
  const Fill found = fill(coins, demand, out, weight_of);
  RC_ASSERT(total(out) == std::min(coins, total(demand)));
  for (std::size_t i = 0; i < count; ++i) {
    RC_ASSERT(out[i] >= 0 && out[i] <= demand[i]);
    // Nobody who asks for more has less, by more than a quantum, than the level gives to every weight.
    if (out[i] < demand[i]) RC_ASSERT(out[i] >= static_cast<std::int32_t>(found.level * weight[i]));
    for (std::size_t j = 0; j < count; ++j)
      if (out[i] < demand[i] && out[j] > 0) RC_ASSERT((out[j] - 1.0) / weight[j] <= (out[i] + 1.0) / weight[i] + 1e-9);
  }
  // Whatever is guessed, the answer is the same.
  const double guess = random.uniform() * 1000 + 1e-6;
  const Fill guessed = level_of(coins, demand, total(demand), weight_of, guess);
  RC_ASSERT(guessed.weight == found.weight);
  if (found.weight > 0) RC_ASSERT(std::abs(guessed.level - found.level) <= 1e-9 * found.level);
}

RC_GTEST_PROP(Fill, LanesAgreeWithTheGeneralForm, (std::uint64_t seed)) {
  RandomStream random(seed, "lanes");
  constexpr std::size_t sizes[] = {1, 3, 4, 7, 8, 16, 30, 64};
  const std::size_t devices = sizes[random.below(std::size(sizes))];
  const auto one = [](std::size_t) { return std::int64_t{1}; };
  std::vector<std::vector<std::int32_t>> demand, expected;
  std::vector<std::int64_t> coins;
  std::vector<Fill> fills, guesses;
  for (std::size_t s = 0; s < ServerBlock::servers; ++s) {
    demand.push_back(draw_demand(random, devices));
    coins.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(total(demand[s])) + 10)));
    const double guess = random.below(3) == 0 ? std::numeric_limits<double>::infinity() : random.uniform() * 800 - 20;
    guesses.push_back({total(demand[s]), guess, 0});
    expected.emplace_back(devices);
    fills.push_back(level_of(coins[s], demand[s], total(demand[s]), one));
    pour(coins[s], fills[s], demand[s], expected[s], one);
  }
  for (const Lanes* set : {&lanes(), &plain_lanes()}) {
    std::vector<Fill> found = guesses;
    std::vector<std::vector<std::int32_t>> held(ServerBlock::servers, std::vector<std::int32_t>(devices));
    ServerBlock block;
    block.devices = devices;
    for (std::size_t s = 0; s < ServerBlock::servers; ++s) {
      block.demand[s] = demand[s].data();
      block.held[s] = held[s].data();
      block.coins[s] = coins[s];
      block.fill[s] = &found[s];
    }
    set->level(block);
    for (std::size_t s = 0; s < ServerBlock::servers; ++s) {
      RC_ASSERT(held[s] == std::vector<std::int32_t>(devices));
      RC_ASSERT(found[s].weight == fills[s].weight);
      RC_ASSERT(found[s].level == fills[s].level);
    }
    found = guesses;
    set->share(block);
    for (std::size_t s = 0; s < ServerBlock::servers; ++s) {
      RC_ASSERT(held[s] == expected[s]);
      RC_ASSERT(found[s].weight == fills[s].weight);
      RC_ASSERT(found[s].level == fills[s].level);
    }
  }
}

RC_GTEST_PROP(Lanes, EveryInstructionSetComesToTheSame, (std::uint64_t seed)) {
  RandomStream random(seed, "sets");
  // Often the usual 8; more than once around what is summed up as floats.
  const std::size_t fan_out = random.below(2) == 0 ? 8 : 1 + random.below(9), servers = 1 + random.below(80);
  std::vector<std::int32_t> demand = draw_demand(random, fan_out * servers), held(demand.size());
  for (std::size_t i = 0; i < held.size(); ++i)
    held[i] = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(demand[i]) + 200));
  std::vector<std::int64_t> a(servers), b(servers), expected(servers);
  const Work wide = lanes().work(demand, held, fan_out, a.data());
  const Work plain = plain_lanes().work(demand, held, fan_out, b.data());
  RC_ASSERT(wide.asking == plain.asking);
  RC_ASSERT(wide.speed == plain.speed);
  double work = 0;
  std::int64_t asking = 0;
  for (std::size_t i = 0; i < held.size(); ++i) {
    asking += demand[i] > 0 ? 1 : 0;
    work += demand[i] > 0 ? speed(held[i], demand[i]) : 0;
    expected[i / fan_out] += std::min(held[i], demand[i]);
  }
  RC_ASSERT(wide.asking == asking);
  // A float has 24 bits: half of the last one is rounded off by the quotient, the root and each of 16 additions.
  RC_ASSERT(std::abs(wide.speed - work) <= 18 * 0x1p-24 * (1 + work));
  RC_ASSERT(a == expected);
  RC_ASSERT(b == expected);
  for (std::size_t s = 0; s < servers; ++s)
    expected[s] = std::accumulate(demand.begin() + static_cast<std::ptrdiff_t>(s * fan_out),
                                  demand.begin() + static_cast<std::ptrdiff_t>((s + 1) * fan_out), std::int64_t{0});
  lanes().sums(demand, fan_out, a.data());
  plain_lanes().sums(demand, fan_out, b.data());
  RC_ASSERT(a == expected);
  RC_ASSERT(b == expected);
  const DemandDraw draw{mix(static_cast<std::uint32_t>(seed)), 4321, mix(77), 1U << 23, 640, 12};
  std::vector<std::int32_t> c(33), d(33);
  lanes().draw_demand(draw, 5, c);
  plain_lanes().draw_demand(draw, 5, d);
  RC_ASSERT(c == d);
}

TEST(Demand, IsBusierByDayAndWithinItsBounds) {
  DemandOptions options;
  options.highest = 640;
  const auto demand = GeneratedDemand::make(options, "demand");
  ASSERT_TRUE(demand);
  std::vector<std::int32_t> now(20'000);
  const auto busy = [&](std::int64_t second) {
    demand->fill(second, 0, now);
    double share = 0;
    for (const std::int32_t one : now) {
      EXPECT_GE(one, 0);
      EXPECT_LE(one, 640);
      share += one > 0 ? 1 : 0;
    }
    return share / static_cast<double>(now.size());
  };
  constexpr std::int64_t hour = 3600;
  EXPECT_NEAR(busy(15 * hour), 0.8, 0.02);
  EXPECT_NEAR(busy(3 * hour), 0.4, 0.02);
  EXPECT_NEAR(busy(27 * hour), 0.4, 0.02);  // the next night
  // A part of the devices draws what it draws among all.
  std::vector<std::int32_t> part(100);
  demand->fill(12'345, 0, now);
  demand->fill(12'345, 5000, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), now.begin() + 5000));
  // The largest quanta do not overflow.
  options.highest = 1 << 20;
  GeneratedDemand::make(options, "demand")->fill(15 * hour, 0, now);
  EXPECT_GT(*std::max_element(now.begin(), now.end()), 1'000'000);
  EXPECT_GE(*std::min_element(now.begin(), now.end()), 0);
}

TEST(Demand, RefusesWhatIsNoShare) {
  DemandOptions options;
  options.busy_by_day = 80;
  EXPECT_FALSE(GeneratedDemand::make(options, "demand"));
  options = {};
  options.highest = 0;
  EXPECT_FALSE(GeneratedDemand::make(options, "demand"));
}

TEST(Demand, ReadsARecordAndRepeatsIt) {
  const auto demand = RecordedDemand::read("second,device,demand\n0,0,10\n0,1,20\n5,1,30\n", "trace.csv");
  ASSERT_TRUE(demand) << to_string(demand.error());
  EXPECT_EQ(demand->columns(), 2U);
  std::vector<std::int32_t> now(4);
  demand->fill(4, 0, now);
  EXPECT_EQ(now, (std::vector<std::int32_t>{10, 20, 10, 20}));
  demand->fill(5, 1, now);
  EXPECT_EQ(now, (std::vector<std::int32_t>{30, 10, 30, 10}));
  demand->fill(6, 0, now);  // from the beginning again
  EXPECT_EQ(now, (std::vector<std::int32_t>{10, 20, 10, 20}));
  const auto shared = RecordedDemand::read("second,demand\n3,7\n", "trace.csv");
  ASSERT_TRUE(shared);
  shared->fill(1, 0, now);
  EXPECT_EQ(now, (std::vector<std::int32_t>{0, 0, 0, 0})) << "before its first second it asks for nothing";
  shared->fill(3, 0, now);
  EXPECT_EQ(now, (std::vector<std::int32_t>{7, 7, 7, 7}));
}

TEST(Demand, BadRecordsAreRefusedWithTheLine) {
  for (const char* text : {"", "second,demand\n", "second,demand\n1,-5\n", "second,demand\n5,1\n4,1\n",
                           "second,device,demand\n0,-1,5\n", "second,demand\n1,2000000\n", "second,demand\n1,x\n"}) {
    const auto demand = RecordedDemand::read(text, "trace.csv");
    ASSERT_FALSE(demand) << text;
    EXPECT_NE(demand.error().where.find("trace.csv"), std::string::npos);
    EXPECT_FALSE(demand.error().hint.empty());
  }
}

}  // namespace
}  // namespace cradle::hierarchy
