#include "cradle/power/unit.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "cradle/base/random.h"
#include "cradle/power/exchange.h"
#include "cradle/power/scenario.h"

namespace cradle::power {
namespace {

UnitMesh made(const std::vector<UnitSettings>& settings, std::size_t width) {
  Result<UnitMesh> mesh = UnitMesh::make(settings, width, "test");
  EXPECT_TRUE(mesh) << (mesh ? "" : to_string(mesh.error()));
  return std::move(mesh).value();
}

std::vector<UnitSettings> mesh_of(std::size_t width, std::size_t height, std::uint8_t coins) {
  UnitSettings like;
  like.initial_coins = coins;
  return mesh_settings(width, height, like);
}

void run(UnitMesh& mesh, const std::vector<std::uint8_t>& demand, int cycles) {
  for (int i = 0; i < cycles; ++i) mesh.step(demand);
}

// Mean distance of balances from shares in proportion to demand, in coins.
double mean_error_of(const UnitMesh& mesh, const std::vector<std::uint8_t>& demand) {
  Tiles tiles;
  for (std::size_t i = 0; i < mesh.tiles(); ++i) {
    tiles.held.push_back(mesh.state(i).held);
    tiles.demand.push_back(demand[i]);
    tiles.floor.push_back(0);
  }
  double held = 0, asked = 0, error = 0;
  for (std::size_t i = 0; i < mesh.tiles(); ++i) held += tiles.held[i], asked += tiles.demand[i];
  for (std::size_t i = 0; i < mesh.tiles(); ++i)
    error += std::abs(tiles.held[i] - (asked > 0 ? held * tiles.demand[i] / asked : held / double(mesh.tiles())));
  return error / double(mesh.tiles());
}

RC_GTEST_PROP(TokenUnit, NoCoinIsLostOrMadeWhateverTheBudgetAndActivity, (std::uint64_t seed)) {
  RandomStream random(seed, "unit mesh");
  const std::size_t width = 1 + random.below(6), height = 1 + random.below(5);
  std::vector<UnitSettings> settings = mesh_of(width, height, 0);
  std::uint32_t budget = 0;
  for (UnitSettings& tile : settings) {
    // Often full: sums far beyond one counter.
    tile.initial_coins = static_cast<std::uint8_t>(random.below(2) == 0 ? 63 : random.below(64));
    tile.interval_min = static_cast<std::uint16_t>(1 + random.below(40));
    tile.interval_max = static_cast<std::uint16_t>(tile.interval_min + random.below(400));
    tile.far_every = static_cast<std::uint8_t>(random.below(8));
    budget += tile.initial_coins;
  }
  UnitMesh mesh = made(settings, width);
  std::vector<std::uint8_t> demand(mesh.tiles(), 0);
  for (int cycle = 0; cycle < 6000; ++cycle) {
    if (cycle % 150 == 0) demand[random.below(mesh.tiles())] = static_cast<std::uint8_t>(random.below(64));
    mesh.step(demand);
    RC_ASSERT(mesh.held() + mesh.in_flight() == budget);
    for (std::size_t tile = 0; tile < mesh.tiles(); ++tile) RC_ASSERT(mesh.state(tile).held <= unit_coin_limit);
  }
}

RC_GTEST_PROP(TokenUnit, TwoTilesComeToTheNearestShareWhereTheCountersAllowIt, ()) {
  const auto below = [](int end) { return static_cast<std::uint8_t>(*rc::gen::inRange(0, end)); };
  const std::uint8_t coins_a = below(64), coins_b = below(64), demand_a = below(64), demand_b = below(64);
  std::vector<UnitSettings> settings = mesh_of(2, 1, 0);
  settings[0].initial_coins = coins_a;
  settings[1].initial_coins = coins_b;
  settings[0].neighbours.fill(1);
  settings[1].neighbours.fill(0);
  UnitMesh mesh = made(settings, 2);
  run(mesh, {demand_a, demand_b}, 3000);
  const int sum = coins_a + coins_b;
  const int a = mesh.state(0).held, b = mesh.state(1).held;
  RC_ASSERT(a + b == sum);
  // At rest: no more than half a coin from the share, unless a counter is full.
  if (a < 63 && b < 63) RC_ASSERT(nearest_transfer(a, demand_a, b, demand_b) == 0);
}

// A gradient of less than a coin from tile to tile stands for ever among neighbours; far partners dissolve it.
TEST(TokenUnit, FarPartnersBringCoinsAcrossTheMesh) {
  const auto error_after = [](std::uint8_t far_every, int cycles) {
    std::vector<UnitSettings> settings = mesh_of(8, 4, 0);
    for (std::size_t i = 0; i < settings.size(); ++i) {
      settings[i].initial_coins = i == 0 || i == 1 || i == 8 || i == 9 ? 40 : 0;
      settings[i].far_every = far_every;
      settings[i].interval_min = static_cast<std::uint16_t>(90 + 3 * i % 41);
      settings[i].interval_max = settings[i].interval_min;
    }
    UnitMesh mesh = made(settings, 8);
    const std::vector<std::uint8_t> demand(32, 20);
    run(mesh, demand, cycles);
    return mean_error_of(mesh, demand);
  };
  EXPECT_LT(error_after(4, 40'000), 0.5);
  EXPECT_GT(error_after(0, 40'000), error_after(4, 40'000));
}

TEST(TokenUnit, IdleTilesAreDrainedToThoseThatAsk) {
  UnitMesh mesh = made(mesh_of(3, 3, 5), 3);
  std::vector<std::uint8_t> demand(9, 0);
  demand[4] = 60;
  run(mesh, demand, 30'000);
  EXPECT_EQ(mesh.state(4).held, 45);
  EXPECT_EQ(mesh.held(), 45U);
}

TEST(TokenUnit, ATileDoesNotTakeMoreThanItsCounterHolds) {
  UnitMesh mesh = made(mesh_of(3, 3, 63), 3);
  std::vector<std::uint8_t> demand(9, 0);
  demand[0] = 63;
  for (int cycle = 0; cycle < 20'000; ++cycle) {
    mesh.step(demand);
    ASSERT_EQ(mesh.held() + mesh.in_flight(), 9U * 63);
  }
  EXPECT_EQ(mesh.state(0).held, 63);
}

TEST(TokenUnit, IntervalsGrowAtRestAndShrinkWhenCoinsMove) {
  UnitSettings like;
  like.initial_coins = 8;
  like.interval_min = 50;
  like.interval_max = 1600;
  UnitMesh mesh = made(mesh_settings(3, 3, like), 3);
  std::vector<std::uint8_t> demand(9, 20);
  run(mesh, demand, 40'000);
  const std::uint64_t before = mesh.packets();
  run(mesh, demand, 16'000);
  // At rest: an ask and its answer each 1600 cycles and a little, of nine tiles.
  EXPECT_LE(mesh.packets() - before, 2U * 9 * 10);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(mesh.state(i).interval, 1600) << i;
  demand[4] = 0;
  std::uint16_t shortest = 1600;
  for (int cycle = 0; cycle < 3000; ++cycle) {
    mesh.step(demand);
    shortest = std::min(shortest, mesh.state(4).interval);
  }
  EXPECT_EQ(shortest, 50);
  EXPECT_LE(mesh.state(4).held, 1);
  // 1.5 times from 50 on, halves of a cycle rounded up: 50, 75, 113, 170, 255.
  like.interval_max = 255;
  UnitMesh again = made(mesh_settings(3, 3, like), 3);
  std::vector<std::uint16_t> seen{again.state(0).interval};
  demand.assign(9, 0);
  for (int cycle = 0; cycle < 5000; ++cycle) {
    again.step(demand);
    if (again.state(0).interval != seen.back()) seen.push_back(again.state(0).interval);
  }
  EXPECT_EQ(seen, (std::vector<std::uint16_t>{50, 75, 113, 170, 255}));
}

// The six managed tiles of the released BlitzCoin 3x3 chip with 30 coins, activity as in published_unit_test.cpp, where
// the published unit settles in 321 cycles and holds up to twice its budget.
TEST(TokenUnit, SettlesTheReleasedChipAsQuicklyWithinItsBudget) {
  constexpr std::array<std::uint8_t, 6> managed{2, 3, 5, 6, 7, 8}, max{63, 10, 36, 10, 36, 10};
  constexpr std::array<std::array<std::uint8_t, 4>, 6> nearest{
      {{5, 8, 3, 7}, {6, 5, 7, 2}, {2, 8, 3, 7}, {3, 7, 8, 5}, {6, 8, 3, 5}, {5, 7, 2, 6}}};
  constexpr std::array<std::uint16_t, 6> refresh{97, 101, 103, 107, 109, 113};
  constexpr int budget = 30, changes = 125, runs = 4;
  const auto observe = [&](int sooner, int later, double& settle, std::uint64_t& packets) {
    settle = 0;
    packets = 0;
    bool conserved = true;
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
      std::vector<UnitSettings> settings(9);
      for (std::size_t k = 0; k < managed.size(); ++k) {
        UnitSettings& tile = settings[managed[k]];
        tile.initial_coins = budget / 6;
        tile.neighbours = nearest[k];
        tile.far_tiles = 0b111101100U & ~(1U << managed[k]);
        tile.interval_min = static_cast<std::uint16_t>(refresh[k] / sooner);
        tile.interval_max = static_cast<std::uint16_t>(refresh[k] * later);
      }
      for (const std::uint8_t tile : std::array<std::uint8_t, 3>{0, 1, 4}) {
        settings[tile].neighbours.fill(tile);  // no part in it: asks itself, rarely
        settings[tile].interval_min = settings[tile].interval_max = unit_interval_limit;
      }
      UnitMesh mesh = made(settings, 3);
      RandomStream random(seed, "activity");
      std::vector<std::uint8_t> demand(9, 0);
      for (int change = 0; change < changes; ++change) {
        const std::uint64_t k = random.below(managed.size());
        demand[managed[k]] = demand[managed[k]] == 0 ? max[k] : std::uint8_t{0};
        const double asked = std::accumulate(demand.begin(), demand.end(), 0.0);
        int settled = 4000;
        for (int cycle = 0; cycle < 4000; ++cycle) {
          mesh.step(demand);
          double error = 0;
          for (const std::uint8_t tile : managed)
            error =
                std::max(error, std::abs(mesh.state(tile).held - budget * (asked > 0 ? demand[tile] / asked : 1. / 6)));
          if (error <= 2) settled = std::min(settled, cycle);
          conserved = conserved && mesh.held() + mesh.in_flight() == 30U;
        }
        settle += double(settled) / (changes * runs);
      }
      packets += mesh.packets();
    }
    EXPECT_TRUE(conserved);
  };
  double settle = 0, dynamic_settle = 0;
  std::uint64_t packets = 0, dynamic_packets = 0;
  observe(1, 1, settle, packets);
  EXPECT_LT(settle, 1.25 * 321);
  observe(4, 4, dynamic_settle, dynamic_packets);
  EXPECT_LT(dynamic_settle, 1.25 * 321);
  EXPECT_LT(dynamic_packets * 2, packets);
}

// The packets of one conversation, by hand: 30 coins against 10 at equal demand, ten go over.
TEST(TokenUnit, AnAskIsAnsweredByCoinsThatHaveLeftBefore) {
  UnitSettings settings;
  settings.initial_coins = 30;
  settings.interval_min = settings.interval_max = 2047;
  TokenUnit unit(settings);
  const UnitPacket ask{UnitPacketKind::ask, 7, 10, 20};
  UnitInput input{20, true, nullptr, true};
  unit.clock(input);  // sees its demand
  input.received = &ask;
  int cycles = 0;
  while (!unit.output(input).sends) {
    EXPECT_FALSE(unit.output(input).takes);
    unit.clock(input);
    ASSERT_LT(++cycles, 20);
  }
  // One cycle to see it, 6 for the product, 7 for the quotient, one to decide.
  EXPECT_EQ(cycles, 15);
  EXPECT_EQ(unit.state().held, 20);
  EXPECT_EQ(unit.output(input).packet, (UnitPacket{UnitPacketKind::give, 7, 10, 20}));
  EXPECT_TRUE(unit.output(input).takes);
  // Coins do not leave before the clock is down.
  input.settled = false;
  EXPECT_FALSE(unit.output(input).sends);
  EXPECT_FALSE(unit.output(input).takes);
  unit.clock(input);
  EXPECT_EQ(unit.leaving(), 10U);
}

TEST(TokenUnit, AGiftBeyondTheCounterEndsAtItsEnd) {
  UnitSettings settings;
  settings.initial_coins = 60;
  TokenUnit unit(settings);
  const UnitPacket gift{UnitPacketKind::give, 1, 63, 0};
  unit.clock({0, true, &gift, true});
  EXPECT_EQ(unit.state().held, unit_coin_limit);
}

TEST(FrequencyTable, IsStraightBetweenPointsAndFlatBeyondTheLast) {
  FrequencyTable table;
  for (std::size_t i = 0; i < 16; ++i) table.points[i] = static_cast<std::uint8_t>(255 - 17 * i);
  for (std::uint32_t coins = 0; coins <= 60; ++coins) {
    // 255 - 17/4 coins, rounded down.
    EXPECT_EQ(table.code(coins), (4 * 255 - 17 * coins) / 4) << coins;
  }
  for (std::uint32_t coins = 60; coins <= 70; ++coins) EXPECT_EQ(table.code(coins), 0);
}

TEST(UnitMesh, RefusesSettingsThatTheUnitCannotHold) {
  const auto error_of = [](auto change, std::size_t width = 3) {
    std::vector<UnitSettings> settings = mesh_of(3, 3, 5);
    change(settings);
    const Result<UnitMesh> mesh = UnitMesh::make(settings, width, "soc.toml:3");
    EXPECT_FALSE(mesh);
    if (mesh) return std::string();
    EXPECT_EQ(mesh.error().code, ErrorCode::bad_input);
    EXPECT_FALSE(mesh.error().hint.empty());
    return mesh.error().where + ": " + mesh.error().message;
  };
  using All = std::vector<UnitSettings>;
  EXPECT_EQ(error_of([](All& a) { a[2].initial_coins = 64; }), "soc.toml:3, tile 2: 64 coins at the start");
  EXPECT_EQ(error_of([](All& a) { a[0].interval_min = 0; }), "soc.toml:3, tile 0: interval from 0 to 100 cycles");
  EXPECT_EQ(error_of([](All& a) { a[1].interval_max = 2048; }), "soc.toml:3, tile 1: interval from 100 to 2048 cycles");
  EXPECT_EQ(error_of([](All& a) { a[1].interval_min = 200; }), "soc.toml:3, tile 1: interval from 200 to 100 cycles");
  EXPECT_EQ(error_of([](All& a) { a[8].neighbours[3] = 9; }), "soc.toml:3, tile 8: neighbour 9 of 9 tiles");
  EXPECT_EQ(error_of([](All& a) { a[3].far_tiles |= 1U << 9; }), "soc.toml:3, tile 3: a far partner beyond 9 tiles");
  EXPECT_EQ(error_of([](All& a) { a[3].far_every = 32; }), "soc.toml:3, tile 3: a far partner after 32 neighbours");
  EXPECT_EQ(error_of([](All& a) { a.clear(); }), "soc.toml:3, tile 0: 0 tiles");
  EXPECT_EQ(error_of([](All& a) { a.resize(33); }), "soc.toml:3, tile 0: 33 tiles");
  EXPECT_EQ(error_of([](All&) {}, 0), "soc.toml:3: rows of 0 for 9 tiles");
  EXPECT_EQ(error_of([](All&) {}, 4), "soc.toml:3: rows of 4 for 9 tiles");
}

TEST(UnitMesh, KnowsNoMeshBeyondItsTileNumbers) {
  EXPECT_EQ(mesh_settings(8, 4, {}).size(), 32U);
  EXPECT_EQ(mesh_settings(32, 1, {}).size(), 32U);
  for (const std::size_t side :
       {std::size_t{0}, std::size_t{6}, std::size_t{33}, std::size_t{1'000'000'000}, ~std::size_t{0}})
    EXPECT_TRUE(mesh_settings(side, side == 33 ? 1 : 6, {}).empty()) << side;
  EXPECT_FALSE(UnitMesh::make(mesh_settings(9, 9, {}), 9, "test"));
}

TEST(UnitNetwork, TakesThreeCyclesAndOneForEachHopAndSendsEverySecond) {
  UnitNetwork<int> network(9, 3);
  network.send(0, 8, 1);  // four hops
  EXPECT_FALSE(network.ready(0));
  network.send(7, 8, 2);  // one hop: overtakes
  std::vector<std::pair<int, int>> arrivals;
  for (int cycle = 0; cycle < 12; ++cycle) {
    EXPECT_EQ(network.ready(0), cycle >= 2) << cycle;
    while (const int* packet = network.arrived(8)) {
      arrivals.emplace_back(cycle, *packet);
      network.take(8);
    }
    network.tick();
  }
  EXPECT_EQ(arrivals, (std::vector<std::pair<int, int>>{{4, 2}, {7, 1}}));
}

}  // namespace
}  // namespace cradle::power
