#include "cradle/power/baselines.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "cradle/base/random.h"
#include "grants.h"
#include "round_robin.h"

namespace cradle::power {

namespace {

constexpr double longest_trace = 100'000;
constexpr std::uint32_t most_rounds = 10'000;

/// Time in steps of the manager, told in periods of exchange; the error at the end of each.
class Clock {
 public:
  Clock(const BaselineOptions& options, const Grants& grants, PowerOutcome& out)
      : grants_(grants), out_(out), periods_per_half_step_(options.step_cycles / (2.0 * options.period_cycles)) {}

  double now() const { return static_cast<double>(half_steps_) * periods_per_half_step_; }
  /// The grants stood as they are for so long.
  void pass(std::uint64_t half_steps) {
    half_steps_ += half_steps;
    if (now() > longest_trace) {
      out_.error_trace.clear();
      return;
    }
    while (static_cast<double>(out_.error_trace.size() + 1) <= now()) out_.error_trace.push_back(grants_.mean_error());
  }

 private:
  const Grants& grants_;
  PowerOutcome& out_;
  double periods_per_half_step_;
  std::uint64_t half_steps_ = 0;
};

void run_round_robin(Tiles& tiles, Grants& grants, Clock& clock, RandomStream& stream, PowerOutcome& out) {
  const auto count = static_cast<std::uint32_t>(tiles.held.size());
  std::vector<Coins> most(count), least(count);
  for (Tile tile = 0; tile < count; ++tile) {
    // Of a tile that fell idle unseen the manager still believes what it was granted.
    most[tile] = tiles.demand[tile] > 0 ? tiles.demand[tile] : tiles.held[tile];
    least[tile] = std::min(most[tile], std::max(1, most[tile] / 10));
  }
  const std::int64_t coins = std::accumulate(tiles.held.begin(), tiles.held.end(), std::int64_t{0});
  RoundRobin manager(std::move(most), std::move(least), coins);
  std::vector<bool> changed(count);
  std::uint32_t unseen = 0;
  for (Tile tile = 0; tile < count; ++tile) {
    const bool before = tiles.held[tile] > 0;
    if (before) manager.adopt(tile, tiles.held[tile]);
    changed[tile] = before != (tiles.demand[tile] > 0);
    if (changed[tile]) ++unseen;
  }

  std::uint64_t messages = 0;
  Tile next = static_cast<Tile>(stream.below(count));
  const auto step = [&] {
    clock.pass(2);
    manager.step(next, tiles.demand[next] > 0);
    if (changed[next]) {
      changed[next] = false;
      --unseen;
    }
    for (const Tile tile : manager.changed()) grants.set(tile, manager.granted()[tile]);
    messages += 2 + manager.changed().size();
    next = next + 1 == count ? 0 : next + 1;
    ++out.events;
  };
  for (std::uint64_t i = 0; i < 4 * std::uint64_t{count} && (unseen > 0 || manager.waiting() > 0); ++i) step();
  if (unseen == 0 && manager.waiting() == 0) out.settle_periods = clock.now();

  grants.begin_mean();
  for (std::uint32_t i = 0; i < count; ++i) {
    step();
    grants.step();
  }
  out.throughput = grants.end_mean();
  // Rounded to whole coins of as many as were granted, for Jain's index.
  std::vector<Coins> mean(count);
  for (Tile tile = 0; tile < count; ++tile) {
    mean[tile] = static_cast<Coins>(std::lround(grants.coin_steps()[tile] / count));
  }
  judge_fairness(out, mean, tiles.demand);
  out.messages_per_tile_period = static_cast<double>(messages);
}

void run_optimal(Tiles& tiles, Grants& grants, Clock& clock, RandomStream& stream, PowerOutcome& out) {
  const auto count = static_cast<std::uint32_t>(tiles.held.size());
  const std::int64_t coins = std::accumulate(tiles.held.begin(), tiles.held.end(), std::int64_t{0});
  const std::vector<Coins> share = proportional_share(coins, tiles.demand);
  clock.pass(2 * stream.below(count));  // the rest of the round before
  clock.pass(count);
  for (const bool losers : {true, false}) {
    for (Tile tile = 0; tile < count; ++tile) {
      if ((share[tile] < grants[tile]) != losers || share[tile] == grants[tile]) continue;
      clock.pass(1);
      grants.set(tile, share[tile]);
      ++out.messages_per_tile_period;
    }
  }
  out.settle_periods = clock.now();
  out.events = count;
  out.messages_per_tile_period += 2.0 * count;
}

void run_ring(Tiles& tiles, Grants& grants, Clock& clock, RandomStream& stream, PowerOutcome& out) {
  constexpr Coins most_ramp = 32;
  constexpr std::uint32_t patience = 32;
  const auto count = static_cast<std::uint32_t>(tiles.held.size());
  const std::int64_t coins = std::accumulate(tiles.held.begin(), tiles.held.end(), std::int64_t{0});
  const auto asking = std::count_if(tiles.demand.begin(), tiles.demand.end(), [](Coins d) { return d > 0; });
  const auto bound = static_cast<Coins>(asking == 0 ? 0 : coins / asking);

  std::int64_t pool = 0;
  std::uint32_t empty = 0;
  bool fair = false;
  std::vector<Coins> ramp(count, 1);
  Tile next = static_cast<Tile>(stream.below(count));
  std::uint64_t quiet = 0;
  double last_change = 0;
  for (std::uint64_t i = 0; i < std::uint64_t{most_rounds} * count && quiet < count + patience; ++i) {
    clock.pass(2);
    ++out.events;
    ++quiet;
    const Coins held = grants[next];
    const Coins need = fair ? std::min(tiles.demand[next], bound) : tiles.demand[next];
    Coins take = 0;
    if (held > need) {
      take = need - held;
    } else if (held < need && pool > 0) {
      take = static_cast<Coins>(std::min<std::int64_t>({ramp[next], need - held, pool}));
      ramp[next] = std::min(2 * ramp[next], most_ramp);
      empty = 0;
    } else {
      ramp[next] = 1;
      if (held < need && !fair && ++empty == patience) {
        fair = true;
        quiet = 0;
      }
    }
    if (take != 0) {
      grants.set(next, held + take);
      pool -= take;
      quiet = 0;
      last_change = clock.now();
    }
    next = next + 1 == count ? 0 : next + 1;
  }
  if (quiet >= count + patience) out.settle_periods = last_change;
  out.messages_per_tile_period = static_cast<double>(out.events);
}

}  // namespace

Result<PowerOutcome> run_baseline(const Topology& topology, Tiles& tiles, const BaselineOptions& options) {
  if (auto ok = check(tiles, topology); !ok) return ok.error();
  const Protocol protocol = options.protocol;
  if (protocol == Protocol::escrow || protocol == Protocol::published) {
    return bad_input(std::string("protocol '") + to_string(protocol) + "' is no baseline", "baseline",
                     "take c-rr, optimal, ring or static; exchange is run in rounds or by events");
  }
  if (options.step_cycles == 0 || options.period_cycles == 0) {
    return bad_input("a step or period of 0 cycles", "baseline: step_cycles, period_cycles", "take 1 and more");
  }
  PowerOutcome out;
  out.protocol = protocol;
  out.budget = budget(tiles);
  const std::int64_t coins = out.budget - std::accumulate(tiles.floor.begin(), tiles.floor.end(), std::int64_t{0});
  RandomStream stream(options.seed, "power.baseline");
  {
    Grants grants(tiles);
    Clock clock(options, grants, out);
    if (protocol == Protocol::c_rr) {
      run_round_robin(tiles, grants, clock, stream, out);
    } else if (protocol == Protocol::optimal) {
      run_optimal(tiles, grants, clock, stream, out);
    } else if (protocol == Protocol::ring) {
      run_ring(tiles, grants, clock, stream, out);
    } else {
      const std::vector<Coins> even = proportional_share(coins, std::vector<Coins>(tiles.held.size(), 0));
      for (Tile tile = 0; tile < even.size(); ++tile) grants.set(tile, even[tile]);
      out.settle_periods = 0;
    }
    out.periods = clock.now();
    // What a pool keeps back is not held: the error is against the whole budget all the same.
    out.residual_coins = grants.mean_error();
  }
  const double tile_periods = out.periods * topology.tiles();
  if (tile_periods > 0) out.messages_per_tile_period /= tile_periods;
  out.min_balance = *std::min_element(tiles.held.begin(), tiles.held.end());
  if (protocol != Protocol::c_rr) {
    judge_fairness(out, tiles.held, tiles.demand);
    out.throughput = throughput(tiles.held, tiles.demand);
  }
  return out;
}

}  // namespace cradle::power
