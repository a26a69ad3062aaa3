#include "cradle/power/scenario.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "cradle/power/outcome.h"

namespace cradle::power {
namespace {

std::int64_t sum(const std::vector<Coins>& coins) {
  return std::accumulate(coins.begin(), coins.end(), std::int64_t{0});
}

std::vector<Coins> some_coins(std::size_t count, Coins most) {
  return *rc::gen::container<std::vector<Coins>>(count, rc::gen::inRange<Coins>(0, most + 1));
}

RC_GTEST_PROP(Share, ProportionalIsWholeAndNextToExact, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(1, 50);
  const auto demand = some_coins(count, 1000);
  const auto coins = *rc::gen::inRange<std::int64_t>(0, 100'000);
  const auto share = proportional_share(coins, demand);
  RC_ASSERT(sum(share) == coins);
  const std::int64_t total = sum(demand);
  for (std::size_t tile = 0; tile < count; ++tile) {
    const double exact = total == 0 ? static_cast<double>(coins) / static_cast<double>(count)
                                    : static_cast<double>(coins) * demand[tile] / static_cast<double>(total);
    RC_ASSERT(std::abs(share[tile] - exact) < 1);
    if (total > 0 && demand[tile] == 0) RC_ASSERT(share[tile] == 0);
  }
}

TEST(Share, LargestRemainderTiesGoToTheLowerTile) {
  EXPECT_EQ(proportional_share(5, {1, 1, 1}), (std::vector<Coins>{2, 2, 1}));
  EXPECT_EQ(proportional_share(5, {0, 0, 0}), (std::vector<Coins>{2, 2, 1}));
  // 30 coins over the released 3x3 system, all at work: 11.45 1.82 6.55 1.82 6.55 1.82.
  EXPECT_EQ(proportional_share(30, {63, 10, 36, 10, 36, 10}), (std::vector<Coins>{11, 2, 7, 2, 6, 2}));
  EXPECT_TRUE(proportional_share(7, {}).empty());
  // No overflow at the largest that may be asked.
  const Coins most = std::numeric_limits<Coins>::max();
  EXPECT_EQ(proportional_share(most, {most, 0}), (std::vector<Coins>{most, 0}));
}

RC_GTEST_PROP(Share, WaterFillingAgreesWithASearchedLevel, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(1, 30);
  const auto demand = some_coins(count, 200), weight = some_coins(count, 9);
  const auto coins = *rc::gen::inRange<std::int64_t>(0, 4000);
  const auto share = water_filling(coins, demand, weight);
  double asked = 0, weights = 0;
  for (std::size_t tile = 0; tile < count; ++tile) {
    if (weight[tile] == 0) RC_ASSERT(share[tile] == 0);
    asked += weight[tile] > 0 ? demand[tile] : 0;
    weights += weight[tile];
  }
  if (weights == 0) return;
  RC_ASSERT(sum(share) == coins);
  const auto amount = static_cast<double>(coins);
  if (amount >= asked) {
    for (std::size_t tile = 0; tile < count; ++tile) {
      if (weight[tile] == 0) continue;
      RC_ASSERT(std::abs(share[tile] - (demand[tile] + (amount - asked) * weight[tile] / weights)) < 1);
    }
    return;
  }
  double low = 0, high = 1000;
  for (int i = 0; i < 200; ++i) {
    const double level = (low + high) / 2;
    double filled = 0;
    for (std::size_t tile = 0; tile < count; ++tile) filled += std::fmin(demand[tile], level * weight[tile]);
    (filled < amount ? low : high) = level;
  }
  for (std::size_t tile = 0; tile < count; ++tile) {
    RC_ASSERT(share[tile] <= demand[tile]);
    RC_ASSERT(std::abs(share[tile] - std::fmin(demand[tile], high * weight[tile])) < 1 + 1e-9);
  }
}

/// Max-min fairness by its definition: nobody can have one more without another, no richer by weight, losing one.
RC_GTEST_PROP(Share, WaterFillingCannotBeMadeFairer, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(2, 12);
  const auto demand = some_coins(count, 60);
  const std::vector<Coins> weight(count, 1);
  const auto coins = *rc::gen::inRange<std::int64_t>(0, sum(demand) + 1);
  const auto share = water_filling(coins, demand, weight);
  for (std::size_t poor = 0; poor < count; ++poor) {
    for (std::size_t rich = 0; rich < count; ++rich) {
      RC_ASSERT(share[poor] >= demand[poor] || share[rich] <= share[poor] + 1);
    }
  }
}

TEST(Scenario, StartsHoldTheBudget) {
  for (const char* form : {"torus:1x1", "torus:3x3", "torus:10x7", "ring:13"}) {
    const auto topology = *Topology::parse(form, "test");
    for (const Start start : {Start::corner, Start::half_idle}) {
      const auto tiles = make_tiles(topology, {.start = start, .coins_per_tile = 7, .floor = 2});
      ASSERT_TRUE(tiles);
      EXPECT_EQ(budget(*tiles), std::int64_t{9} * topology.tiles());
      EXPECT_TRUE(check(*tiles, topology));
    }
  }
  const auto topology = *Topology::torus(10, 10, "test");
  const auto corner = *make_tiles(topology, {.start = Start::corner});
  EXPECT_EQ(corner.held[44], 32);
  EXPECT_EQ(corner.held[45], 0);
  EXPECT_DOUBLE_EQ(mean_error(corner), 12);
  const auto idle = *make_tiles(topology, {.seed = 3}), again = *make_tiles(topology, {.seed = 3});
  EXPECT_EQ(idle.demand, again.demand);
  const auto busy = std::count(idle.demand.begin(), idle.demand.end(), 32);
  EXPECT_GT(busy, 30);
  EXPECT_LT(busy, 70);
}

TEST(Scenario, MixedDemandsAreEighthsAndWeightsMultiplyThem) {
  const auto topology = *Topology::torus(60, 60, "test");
  for (const Start start : {Start::corner, Start::half_idle}) {
    const auto equal = *make_tiles(topology, {.start = start, .demand = 30, .seed = 5});
    const auto mixed = *make_tiles(topology, {.start = start, .demand = 30, .seed = 5, .demands = Demands::mixed});
    const auto heavy = *make_tiles(
        topology, {.start = start, .demand = 30, .seed = 5, .demands = Demands::mixed, .weights = {1, 4, 6}});
    EXPECT_EQ(mixed.held, equal.held);
    std::map<Coins, int> levels, weights;
    int asking = 0;
    for (Tile tile = 0; tile < topology.tiles(); ++tile) {
      EXPECT_EQ(mixed.demand[tile] > 0, equal.demand[tile] > 0) << "the same tiles ask";
      if (equal.demand[tile] == 0) continue;
      ++asking;
      ++levels[mixed.demand[tile]];
      ASSERT_EQ(heavy.demand[tile] % mixed.demand[tile], 0);
      ++weights[heavy.demand[tile] / mixed.demand[tile]];
    }
    // 30/8 = 3.75, rounded up, and so on; each as likely.
    EXPECT_EQ(levels.size(), 8U);
    for (const Coins level : {4, 8, 12, 15, 19, 23, 27, 30}) EXPECT_NEAR(levels[level], asking / 8.0, 0.2 * asking / 8);
    EXPECT_EQ(weights.size(), 3U);
    for (const Coins weight : {1, 4, 6}) EXPECT_NEAR(weights[weight], asking / 3.0, 0.15 * asking / 3);
  }
  EXPECT_FALSE(make_tiles(topology, {.weights = {1, 0}}));
  EXPECT_FALSE(make_tiles(topology, {.demand = 1'000'000'000, .weights = {1, 3}}));
  EXPECT_EQ(*parse_demands("mixed", "--demands"), Demands::mixed);
  EXPECT_FALSE(parse_demands("mixt", "--demands"));
}

TEST(Scenario, RefusesWhatHoldsNoCoins) {
  const auto topology = *Topology::torus(8, 8, "test");
  EXPECT_FALSE(make_tiles(topology, {.demand = -1}));
  EXPECT_FALSE(make_tiles(topology, {.coins_per_tile = -1}));
  EXPECT_FALSE(make_tiles(topology, {.floor = -1}));
  EXPECT_FALSE(make_tiles(topology, {.coins_per_tile = 1'000'000'000}));
  EXPECT_FALSE(make_tiles(topology, {.budget = std::numeric_limits<std::int64_t>::max()}));
  EXPECT_FALSE(make_tiles(topology, {.budget = std::numeric_limits<std::int64_t>::min()}));
  const auto low = make_tiles(topology, {.floor = 2, .budget = 127});
  ASSERT_FALSE(low);
  EXPECT_NE(low.error().message.find("127 coins is below the sum of the floors, 128"), std::string::npos);
  EXPECT_EQ(budget(*make_tiles(topology, {.start = Start::corner, .floor = 2, .budget = 128})), 128);
  EXPECT_EQ(budget(*make_tiles(topology, {.floor = 2, .budget = 130})), 130);

  Tiles tiles = *make_tiles(topology, {});
  tiles.held[5] = -1;
  const auto negative = check(tiles, topology);
  ASSERT_FALSE(negative);
  EXPECT_EQ(negative.error().where, "tile 5: held");
  tiles.held[5] = 0;
  tiles.demand.pop_back();
  const auto few = check(tiles, topology);
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().where, "tiles: demand");
  tiles.demand.push_back(0);
  tiles.floor[0] = tiles.floor[1] = 1'500'000'000;
  EXPECT_FALSE(check(tiles, topology));
  EXPECT_FALSE(parse_start("middle", "--start"));
  EXPECT_FALSE(parse_start("\xff", "--start"));
  EXPECT_EQ(*parse_start("half-idle", "--start"), Start::half_idle);
}

TEST(Outcome, ProtocolsReadAsTheyAreWritten) {
  for (const char* name : {"escrow", "published", "c-rr", "optimal", "ring", "static"}) {
    const auto protocol = parse_protocol(name, "--protocol");
    ASSERT_TRUE(protocol);
    EXPECT_STREQ(to_string(*protocol), name);
  }
  const auto wrong = parse_protocol("escrw", "--protocol");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().hint.find("escrow"), std::string::npos);
  EXPECT_FALSE(parse_protocol("", "--protocol"));
  EXPECT_FALSE(parse_protocol("\xc3", "--protocol"));
}

TEST(Fairness, JainsIndex) {
  EXPECT_DOUBLE_EQ(jain({4, 8, 0}, {2, 4, 0}), 1);
  // One of four has all: 1/4 (Jain, Chiu and Hawe 1984).
  EXPECT_DOUBLE_EQ(jain({8, 0, 0, 0}, {2, 2, 2, 2}), 0.25);
  EXPECT_DOUBLE_EQ(jain({}, {}), 1);
  EXPECT_DOUBLE_EQ(jain({0, 0}, {1, 1}), 1);
}

RC_GTEST_PROP(Fairness, NoDivisionDoesMoreThanTheProportionalOne, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(1, 20);
  // Demands that share without rest, so that rounding cannot blur the comparison.
  auto demand = some_coins(count, 50);
  std::vector<Coins> held(count);
  for (std::size_t tile = 0; tile < count; ++tile) {
    held[tile] = 2 * demand[tile];
    demand[tile] *= 6;
  }
  const double best = throughput(held, demand);
  const auto moves = *rc::gen::inRange(0, 30);
  for (int i = 0; i < moves; ++i) {
    const auto a = *rc::gen::inRange<std::size_t>(0, count), b = *rc::gen::inRange<std::size_t>(0, count);
    const Coins coins = *rc::gen::inRange<Coins>(0, held[a] + 1);
    held[a] -= coins;
    held[b] += coins;
  }
  RC_ASSERT(throughput(held, demand) <= best + 1e-12);
  RC_ASSERT(throughput(held, demand) >= 0);
}

TEST(Fairness, ThroughputIsTheCubeRoot) {
  EXPECT_DOUBLE_EQ(throughput({1, 5}, {8, 0}), 0.5);
  EXPECT_DOUBLE_EQ(throughput({9, 5}, {8, 0}), 1);
  EXPECT_DOUBLE_EQ(throughput({3, 4}, {0, 0}), 1);
}

}  // namespace
}  // namespace cradle::power
