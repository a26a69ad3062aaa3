#include "cradle/power/rounds.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "cradle/base/random.h"
#include "cradle/power/exchange.h"
#include "cradle/power/scaling.h"
#include "cradle/power/sweep.h"
#include "exchange_lanes.h"

namespace cradle::power {
namespace {

std::int64_t sum(const std::vector<Coins>& coins) {
  return std::accumulate(coins.begin(), coins.end(), std::int64_t{0});
}

/// The same exchange, one pair after the other, from the topology's partners and exchange.h alone.
struct Reference {
  std::uint64_t exchanges = 0;
  std::vector<double> trace;
};
Reference reference(const Topology& topology, Tiles& tiles, Protocol rule, std::uint32_t far_every,
                    std::uint32_t periods) {
  Reference out;
  const Schedule schedule(topology, far_every);
  for (std::uint32_t period = 0; period < periods; ++period) {
    for (const Turn& turn : schedule.period(period)) {
      for (Tile a = 0; a < topology.tiles(); ++a) {
        const auto b = turn.far ? topology.far_partner(turn.matching, a) : topology.near_partner(turn.matching, a);
        if (!b || *b < a) continue;
        const auto transfer = rule == Protocol::escrow ? nearest_transfer : published_transfer;
        const std::int64_t coins = transfer(tiles.held[a], tiles.demand[a], tiles.held[*b], tiles.demand[*b]);
        tiles.held[a] -= static_cast<Coins>(coins);
        tiles.held[*b] += static_cast<Coins>(coins);
        ++out.exchanges;
      }
    }
    out.trace.push_back(mean_error(tiles));
  }
  return out;
}

Tiles random_tiles(const Topology& topology, Coins most_held, Coins most_demand, std::uint64_t seed) {
  RandomStream stream(seed, "test.tiles");
  Tiles tiles;
  for (Tile tile = 0; tile < topology.tiles(); ++tile) {
    const auto below = [&](Coins most) {
      return static_cast<Coins>(stream.below(static_cast<std::uint64_t>(most) + 1));
    };
    tiles.held.push_back(stream.uniform() < 0.3 ? 0 : below(most_held));
    tiles.demand.push_back(stream.uniform() < 0.3 ? 0 : below(most_demand));
    tiles.floor.push_back(0);
  }
  return tiles;
}

TEST(Rounds, MatchTheScalarReferenceOnEveryShape) {
  struct Range {
    Coins held, demand;
  };
  // The widest values need the double and the whole-number lanes.
  for (const Range range : {Range{63, 63}, Range{40'000, 900}, Range{3'000'000, 2'000'000'000}, Range{5, 0}}) {
    for (const auto& [width, height] : {std::pair{1U, 1U},
                                        {2U, 1U},
                                        {1U, 2U},
                                        {2U, 2U},
                                        {3U, 3U},
                                        {1U, 90U},
                                        {91U, 1U},
                                        {7U, 6U},
                                        {8U, 8U},
                                        {17U, 9U},
                                        {33U, 12U},
                                        {16U, 31U}}) {
      for (const Protocol rule : {Protocol::escrow, Protocol::published}) {
        for (const std::uint32_t far_every : {0U, 2U, 5U}) {
          const auto topology = *Topology::torus(width, height, "test");
          const Tiles start = random_tiles(topology, range.held, range.demand, width * 100 + height);
          Tiles fast = start, slow = start;
          const auto out =
              run_rounds(topology, fast, {.rule = rule, .far_every = far_every, .periods = 45, .until_settled = false});
          ASSERT_TRUE(out);
          const Reference expected = reference(topology, slow, rule, far_every, 45);
          ASSERT_EQ(fast.held, slow.held) << width << "x" << height << " far " << far_every << " held " << range.held;
          EXPECT_EQ(out->events, expected.exchanges);
          ASSERT_EQ(out->error_trace.size(), expected.trace.size());
          for (std::size_t i = 0; i < expected.trace.size(); ++i) {
            ASSERT_NEAR(out->error_trace[i], expected.trace[i], 1e-9 * (1 + expected.trace[i]));
          }
          EXPECT_EQ(sum(fast.held), sum(start.held));
          EXPECT_GE(out->min_balance, 0);
        }
      }
    }
  }
}

RC_GTEST_PROP(RoundsProperty, GraphsMatchTheScalarReference, ()) {
  const auto tiles = *rc::gen::inRange<std::uint32_t>(2, 20);
  std::vector<Edge> near, far;
  for (Tile tile = 1; tile < tiles; ++tile) {
    (*rc::gen::arbitrary<bool>() ? near : far).push_back({*rc::gen::inRange<Tile>(0, tile), tile});
  }
  const auto topology = *Topology::graph(tiles, near, far, "test");
  const Tiles start = random_tiles(topology, 100, 50, *rc::gen::arbitrary<std::uint64_t>());
  Tiles fast = start, slow = start;
  const auto out = run_rounds(topology, fast, {.far_every = 3, .periods = 30, .until_settled = false});
  RC_ASSERT(out.has_value());
  reference(topology, slow, Protocol::escrow, 3, 30);
  RC_ASSERT(fast.held == slow.held);
}

/// Every set of lanes and every width, at the very limit of the width, against exchange.h.
TEST(Lanes, AreExactUpToTheirLimit) {
  RandomStream stream(7, "test.lanes");
  constexpr std::size_t pairs = 4099;
  for (const Lanes lanes : {Lanes::plain, Lanes::avx2, Lanes::avx512}) {
    if (lanes > best_lanes()) continue;
    for (const Coins demand : {1, 2, 63, 1000, 65'535, 8'000'000, 2'147'483'647}) {
      for (const bool nearest : {true, false}) {
        for (const Width width : {Width::single_float, Width::double_float, Width::whole}) {
          // The largest balance that the width is said to take.
          std::uint64_t low = 0, high = 1'000'000'000;
          while (low < high) {
            const std::uint64_t middle = (low + high + 1) / 2;
            (width_for(middle, static_cast<std::uint64_t>(demand)) <= width ? low : high) =
                width_for(middle, static_cast<std::uint64_t>(demand)) <= width ? middle : middle - 1;
          }
          if (width_for(low, static_cast<std::uint64_t>(demand)) > width) continue;
          const auto draw = [&](std::uint64_t most) {
            const std::uint64_t kind = stream.below(4);
            if (kind == 0) return static_cast<Coins>(most - stream.below(std::min<std::uint64_t>(most, 3) + 1));
            if (kind == 1) return static_cast<Coins>(stream.below(std::min<std::uint64_t>(most, 3) + 1));
            return static_cast<Coins>(stream.below(most + 1));
          };
          std::vector<Coins> held(2 * pairs), asked(2 * pairs);
          for (std::size_t i = 0; i < 2 * pairs; ++i) {
            held[i] = draw(low);
            asked[i] = draw(static_cast<std::uint64_t>(demand));
          }
          std::vector<Coins> apart = held, adjacent = held;
          const ExchangeLanes exchange = exchange_lanes(lanes, width, nearest);
          const Moves one =
              exchange.apart(apart.data(), asked.data(), apart.data() + pairs, asked.data() + pairs, pairs);
          exchange.adjacent(adjacent.data(), asked.data(), pairs);
          const auto transfer = nearest ? nearest_transfer : published_transfer;
          std::uint64_t gives = 0;
          for (std::size_t i = 0; i < pairs; ++i) {
            const auto far = static_cast<Coins>(transfer(held[i], asked[i], held[pairs + i], asked[pairs + i]));
            ASSERT_EQ(apart[i], held[i] - far)
                << held[i] << " " << asked[i] << " " << held[pairs + i] << " " << asked[pairs + i];
            ASSERT_EQ(apart[pairs + i], held[pairs + i] + far);
            gives += far > 0 ? 1 : 0;
            const auto close =
                static_cast<Coins>(transfer(held[2 * i], asked[2 * i], held[2 * i + 1], asked[2 * i + 1]));
            ASSERT_EQ(adjacent[2 * i], held[2 * i] - close);
            ASSERT_EQ(adjacent[2 * i + 1], held[2 * i + 1] + close);
          }
          EXPECT_EQ(one.gives, gives);
          EXPECT_TRUE(one.any);
        }
      }
    }
  }
}

TEST(Lanes, SumAlikeToTheLastBit) {
  const auto topology = *Topology::torus(1003, 1, "test");
  const Tiles tiles = random_tiles(topology, 1000, 63, 5);
  const RowSum plain = sum_lanes(Lanes::plain)(tiles.held.data(), tiles.demand.data(), 1003, 0.3, 0.1);
  for (const Lanes lanes : {Lanes::avx2, Lanes::avx512}) {
    if (lanes > best_lanes()) continue;
    const RowSum wide = sum_lanes(lanes)(tiles.held.data(), tiles.demand.data(), 1003, 0.3, 0.1);
    EXPECT_EQ(wide.error, plain.error);
    EXPECT_EQ(wide.seen, plain.seen);
  }
  EXPECT_GE(plain.seen, static_cast<std::uint32_t>(*std::max_element(tiles.held.begin(), tiles.held.end())));
}

TEST(Rounds, TwoThreadsGiveTheSameOutcome) {
  for (const auto& [width, height] : {std::pair{128U, 128U}, {150U, 131U}}) {
    const auto topology = *Topology::torus(width, height, "test");
    for (const Start start : {Start::corner, Start::half_idle}) {
      Tiles one = *make_tiles(topology, {.start = start}), two = one, three = one;
      const auto alone = *run_rounds(topology, one, {.threads = 1});
      const auto both = *run_rounds(topology, two, {.threads = 2});
      const auto odd = *run_rounds(topology, three, {.threads = 3});
      EXPECT_EQ(one.held, two.held);
      EXPECT_EQ(one.held, three.held);
      EXPECT_EQ(alone.error_trace, both.error_trace);
      EXPECT_EQ(alone.error_trace, odd.error_trace);
      EXPECT_EQ(alone.messages_per_tile_period, both.messages_per_tile_period);
      EXPECT_EQ(alone.events, both.events);
    }
  }
}

/// The imbalance of a pair never grows, coins are conserved, nothing goes below zero.
RC_GTEST_PROP(RoundsProperty, ConserveAndEnd, ()) {
  const auto topology =
      *Topology::torus(*rc::gen::inRange<std::uint32_t>(1, 12), *rc::gen::inRange<std::uint32_t>(1, 12), "test");
  const Tiles start = random_tiles(topology, 60, 63, *rc::gen::arbitrary<std::uint64_t>());
  Tiles tiles = start;
  const auto out = run_rounds(topology, tiles, {.far_every = *rc::gen::element(0U, 2U, 16U)});
  RC_ASSERT(out.has_value());
  RC_ASSERT(sum(tiles.held) == sum(start.held));
  RC_ASSERT(out->min_balance >= 0);
  // Exchange ends: it settled, or came to stand still, long before the last period.
  RC_ASSERT(out->periods < 20'000);
  RC_ASSERT(std::abs(out->residual_coins - mean_error(tiles)) < 1e-9);
}

TEST(Schedule, APeriodIsOneTurnOfEachTile) {
  for (const auto& [width, height] : {std::pair{8U, 6U}, {7U, 5U}, {16U, 3U}}) {
    const auto topology = *Topology::torus(width, height, "test");
    const Schedule schedule(topology, 4);
    std::set<std::pair<bool, std::uint32_t>> seen;
    for (std::uint64_t period = 0; period < schedule.cycle(); ++period) {
      std::uint32_t exchanges = 0;
      for (const Turn& turn : schedule.period(period)) {
        seen.insert({turn.far, turn.matching});
        EXPECT_EQ(turn.far, period % 4 == 3);
        for (Tile tile = 0; tile < topology.tiles(); ++tile) {
          const auto partner =
              turn.far ? topology.far_partner(turn.matching, tile) : topology.near_partner(turn.matching, tile);
          exchanges += partner && tile < *partner ? 1 : 0;
        }
      }
      if (period % 4 != 3) {
        EXPECT_EQ(exchanges, topology.tiles());
      }
    }
    EXPECT_EQ(seen.size(), topology.near_matchings() + topology.far_matchings());
  }
  const auto topology = *Topology::torus(8, 8, "test");
  EXPECT_EQ(Schedule(topology, 0).cycle(), 2U);
}

/// Without far partners a gradient of a coin from tile to tile stands for ever, at any size, and more so the larger.
/// Measured before with a plain loop of the published rule, coins in a quadrant, its other settings lost: 2.0, 4.0 and
/// 9.1 coins at W = 10, 20, 50. Here, on a torus with 16 coins for each tile: 1.5, 3.2 and 7.9. Demands are equal, so
/// that both rules move the same coins.
TEST(Convergence, FarPartnersAreWhatMakesItLive) {
  struct Plateau {
    std::uint32_t width;
    double residual;
  };
  for (const Plateau& plateau : {Plateau{10, 1.48}, Plateau{20, 3.20}, Plateau{50, 7.88}}) {
    const auto topology = *Topology::torus(plateau.width, plateau.width, "test");
    for (const Protocol rule : {Protocol::published, Protocol::escrow}) {
      const Tiles start = *make_tiles(topology, {.start = Start::corner, .coins_per_tile = 16});
      Tiles near_only = start, with_far = start;
      const auto stuck = *run_rounds(topology, near_only, {.rule = rule, .far_every = 0});
      EXPECT_FALSE(stuck.settle_periods);
      EXPECT_LT(stuck.periods, 20'000);  // it stands: not one coin moved in a whole cycle
      EXPECT_NEAR(stuck.residual_coins, plateau.residual, 0.01);
      const auto live = *run_rounds(topology, with_far, {.rule = rule});
      EXPECT_TRUE(live.settle_periods);
      EXPECT_LT(live.residual_coins, 1);
    }
  }
}

/// Where demands differ, truncation leaves more behind than rounding to the nearest coin.
TEST(Convergence, TheNearestCoinEndsNearer) {
  const auto topology = *Topology::torus(20, 20, "test");
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Tiles start = random_tiles(topology, 16, 63, seed);
    Tiles nearest = start, truncated = start;
    const auto ours = *run_rounds(topology, nearest, {.periods = 3000, .until_settled = false});
    const auto theirs =
        *run_rounds(topology, truncated, {.rule = Protocol::published, .periods = 3000, .until_settled = false});
    EXPECT_LT(ours.residual_coins, 0.7 * theirs.residual_coins);
    EXPECT_GT(ours.jain, theirs.jain);
  }
}

const std::vector<std::uint32_t> usual_widths = {3, 5, 7, 10, 15, 22, 33, 47, 72, 100, 150, 220, 330, 470, 700, 1000};

/// Small dies alone: the published 3x3 up to the 20x20 of its largest figures, and to 64x64.
const std::vector<std::uint32_t> small_widths = {3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20},
                                 middle_widths = {3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64};

Sweep swept(Start start, std::uint32_t far_every, std::vector<std::uint32_t> widths) {
  SweepOptions options;
  options.start = start;
  options.far_every = far_every;
  options.widths = std::move(widths);
  options.seeds = 4;
  const auto sweep = run_sweep(Protocol::escrow, options);
  EXPECT_TRUE(sweep) << (sweep ? "" : to_string(sweep.error()));
  if (!sweep) return {};
  for (const SweepRow& row : sweep->rows) EXPECT_TRUE(row.outcome.settle_periods) << row.width << " " << row.seed;
  EXPECT_TRUE(sweep->law) << sweep->no_law;
  return *sweep;
}

/// Coins that must cross the die: at most the square root of the number of tiles (the published O(sqrt N)), whatever
/// the widths, wherever the corner lies. From 3x3 to 20x20 alone times are a few periods, and scatter.
TEST(Convergence, CornerStartScalesBelowTheSquareRoot) {
  for (const auto& widths : {usual_widths, middle_widths, std::vector<std::uint32_t>{7, 11, 23, 47, 97, 199, 401, 797},
                             std::vector<std::uint32_t>{8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512}}) {
    for (const std::uint32_t far_every : {2U, usual_far_every(Protocol::escrow)}) {
      const Sweep sweep = swept(Start::corner, far_every, widths);
      if (!sweep.law) continue;
      EXPECT_LE(sweep.law->high, 0.5) << sweep.law->exponent;
      EXPECT_EQ(sweep.law->points, widths.size()) << "a size counts once, however many runs it has";
      EXPECT_GT(sweep.law->exponent, far_every == 2 ? 0.0 : 0.05) << "and coins do have to cross";
    }
  }
  const Sweep smallest = swept(Start::corner, usual_far_every(Protocol::escrow), small_widths);
  ASSERT_TRUE(smallest.law);
  EXPECT_LE(smallest.law->exponent, 0.5);
}

/// Far turns are what small dies wait for: with one in 17, as released, the response grows much faster there.
TEST(Convergence, SeldomFarTurnsAreWhatMakesSmallDiesSlow) {
  const Sweep often = swept(Start::corner, usual_far_every(Protocol::escrow), middle_widths);
  const Sweep seldom = swept(Start::corner, usual_far_every(Protocol::published), middle_widths);
  ASSERT_TRUE(often.law && seldom.law);
  EXPECT_GT(seldom.law->exponent, often.law->exponent + 0.15);
  // Neither start, at no size above 3x3, takes longer for it on the whole, or more messages.
  for (const Start how : {Start::corner, Start::half_idle}) {
    const Sweep four = swept(how, usual_far_every(Protocol::escrow), usual_widths);
    const Sweep sixteen = swept(how, 16, usual_widths);
    double time = 0, messages = 0;
    for (std::size_t i = 0; i < four.rows.size(); ++i) {
      ASSERT_EQ(four.rows[i].width, sixteen.rows[i].width);
      const PowerOutcome &often_out = four.rows[i].outcome, &seldom_out = sixteen.rows[i].outcome;
      time += std::log((*often_out.settle_periods + 1) / (*seldom_out.settle_periods + 1));
      messages += std::log(often_out.messages_per_tile_period / seldom_out.messages_per_tile_period);
    }
    EXPECT_LT(time / static_cast<double>(four.rows.size()), std::log(0.6));
    EXPECT_LT(messages, 0);
  }
}

/// No width settles in a small part of the time of its neighbours.
TEST(Convergence, NoWidthIsASpecialOne) {
  std::vector<double> times;
  for (const std::uint32_t width : {240U, 250U, 251U, 256U, 257U, 270U, 300U, 316U, 383U, 384U, 400U, 401U, 500U}) {
    const auto topology = *Topology::torus(width, width, "test");
    Tiles tiles = *make_tiles(topology, {.start = Start::corner});
    const auto out = *run_rounds(topology, tiles, {.threads = 2});
    ASSERT_TRUE(out.settle_periods) << width;
    times.push_back(*out.settle_periods);
  }
  const auto [least, most] = std::minmax_element(times.begin(), times.end());
  EXPECT_LE(*most, 1.5 * *least);
}

/// Imbalance that is local everywhere: the same time at any size.
TEST(Convergence, HalfIdleStartDoesNotDependOnSize) {
  const Sweep sweep = swept(Start::half_idle, usual_far_every(Protocol::escrow), usual_widths);
  ASSERT_TRUE(sweep.law);
  EXPECT_LT(std::abs(sweep.law->exponent), 0.1);
}

/// Demands and priorities that differ: every tile comes to its part of the budget by what it asks for, reckoned here
/// with fractions and nothing of scenario.h, and rounding to the nearest coin ends nearer than truncation.
TEST(Convergence, MixedDemandsComeToTheirWeightedShare) {
  for (const Start how : {Start::corner, Start::half_idle}) {
    for (const std::vector<Coins>& weights : {std::vector<Coins>{}, std::vector<Coins>{1, 4}}) {
      const auto topology = *Topology::torus(24, 24, "test");
      double nearest_error = 0, truncated_error = 0;
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const Tiles start = *make_tiles(topology, {.start = how,
                                                   .demand = 64,
                                                   .coins_per_tile = 16,
                                                   .floor = 3,
                                                   .seed = seed,
                                                   .demands = Demands::mixed,
                                                   .weights = weights});
        Tiles ours = start, theirs = start;
        const auto nearest = *run_rounds(topology, ours, {.periods = 600, .until_settled = false});
        const auto truncated =
            *run_rounds(topology, theirs, {.rule = Protocol::published, .periods = 600, .until_settled = false});
        ASSERT_TRUE(nearest.settle_periods);
        const auto all = static_cast<double>(sum(start.held)), asked = static_cast<double>(sum(start.demand));
        double distance = 0;
        for (Tile tile = 0; tile < topology.tiles(); ++tile) {
          const double share = all * start.demand[tile] / asked;
          EXPECT_LT(std::abs(ours.held[tile] - share), 4) << tile;
          distance += std::abs(ours.held[tile] - share);
        }
        EXPECT_NEAR(nearest.residual_coins, distance / topology.tiles(), 1e-9);
        EXPECT_GT(nearest.jain, 0.98);
        EXPECT_LT(nearest.jain_max_min, nearest.jain) << "by demand, not alike for all";
        nearest_error += nearest.residual_coins;
        truncated_error += truncated.residual_coins;
        EXPECT_NE(ours.held, theirs.held);
      }
      EXPECT_LT(nearest_error, 0.8 * truncated_error);
    }
  }
}

TEST(Sweep, DemandsAndFarTurnsAreThoseOfTheProtocol) {
  SweepOptions options;
  options.widths = {9, 12};
  options.seeds = 1;
  const auto published = *run_sweep(Protocol::published, options);
  options.far_every = usual_far_every(Protocol::published);
  EXPECT_EQ(run_sweep(Protocol::published, options)->rows[1].outcome.error_trace,
            published.rows[1].outcome.error_trace);
  // Among equal demands both rules move the same coins.
  EXPECT_EQ(run_sweep(Protocol::escrow, options)->rows[1].outcome.error_trace, published.rows[1].outcome.error_trace);
  options.demands = Demands::mixed;
  const auto mixed = *run_sweep(Protocol::published, options);
  EXPECT_NE(run_sweep(Protocol::escrow, options)->rows[1].outcome.error_trace, mixed.rows[1].outcome.error_trace);
  options.weights = {1, 9};
  EXPECT_NE(run_sweep(Protocol::published, options)->rows[1].outcome.error_trace, mixed.rows[1].outcome.error_trace);
}

TEST(Rounds, MessagesCountTheThirdOnlyWhereTheAskerGives) {
  const auto topology = *Topology::torus(2, 1, "test");
  for (const bool first_gives : {true, false}) {
    Tiles tiles{first_gives ? std::vector<Coins>{10, 0} : std::vector<Coins>{0, 10}, {1, 1}, {0, 0}};
    const auto out = *run_rounds(topology, tiles, {.periods = 1, .until_settled = false});
    EXPECT_EQ(tiles.held, (std::vector<Coins>{5, 5}));
    EXPECT_EQ(out.messages_per_tile_period, first_gives ? 1.5 : 1.0);
  }
}

TEST(Rounds, RefusesWhatItCannotRun) {
  const auto topology = *Topology::torus(3, 3, "test");
  Tiles tiles = *make_tiles(topology, {});
  EXPECT_FALSE(run_rounds(topology, tiles, {.rule = Protocol::ring}));
  EXPECT_FALSE(run_rounds(topology, tiles, {.far_every = 1}));
  EXPECT_FALSE(run_rounds(topology, tiles, {.periods = 1'000'000'000}));
  tiles.held[0] = -4;
  EXPECT_FALSE(run_rounds(topology, tiles, {}));
  tiles.held.clear();
  EXPECT_FALSE(run_rounds(topology, tiles, {}));
}

TEST(Rounds, NoPeriodsLeaveAllAsItWas) {
  const auto topology = *Topology::torus(3, 3, "test");
  Tiles tiles = *make_tiles(topology, {.start = Start::corner});
  const std::vector<Coins> before = tiles.held;
  const auto out = *run_rounds(topology, tiles, {.periods = 0});
  EXPECT_EQ(tiles.held, before);
  EXPECT_FALSE(out.settle_periods);
  EXPECT_TRUE(out.error_trace.empty());
}

}  // namespace
}  // namespace cradle::power
