// The released BlitzCoin systems and the response to a change of activity on them.
#include <algorithm>
#include <cmath>
#include <optional>

#include "cradle/base/random.h"
#include "cradle/power/baselines.h"
#include "cradle/power/rounds.h"
#include "round_robin.h"

namespace cradle::power {

namespace {

std::vector<ReleasedSystem> make_systems() {
  // Facts from github.com/sld-columbia/esp (Apache-2.0): main, socs/blitzcoin_asic_3x3 and its programs, and branch
  // epochs-pm for the 4x4. Least powers of the 4x4 are given as 9 to 10; 10 is taken.
  constexpr Coins nvdla = 63, fft = 10, viterbi = 36;
  ReleasedSystem three{"3x3",
                       3,
                       3,
                       {{2, 0, "NVDLA", nvdla, 120, 12},
                        {0, 1, "FFT", fft, 20, 1},
                        {2, 1, "Viterbi", viterbi, 64, 3},
                        {0, 2, "FFT", fft, 20, 1},
                        {1, 2, "Viterbi", viterbi, 64, 3},
                        {2, 2, "FFT", fft, 20, 1}},
                       30,
                       120,
                       100};
  ReleasedSystem four{"4x4", 4, 4, {}, 50, 450, 180};
  for (std::uint32_t x = 0; x < 4; ++x) four.tiles.push_back({x, 0, "GEMM", 38, 113, 10});
  for (std::uint32_t x = 0; x < 4; ++x) four.tiles.push_back({x, 1, "NightVision", 24, 72, 10});
  for (std::uint32_t x = 0; x < 3; ++x) four.tiles.push_back({x, 2, "CONV2D", 48, 145, 10});
  for (std::uint32_t x = 0; x < 2; ++x) four.tiles.push_back({x, 3, "NightVision", 24, 72, 10});
  return {three, four};
}

/// What both managers see of a system.
struct Managed {
  const Topology& topology;
  std::vector<Coins> most_coins, most_power, least_power;
  std::int64_t coins, power;
  std::uint32_t period_cycles;
};

/// Steps from the change until all that changed was polled and none waits.
std::uint64_t round_robin_steps(const Managed& system, const std::vector<bool>& before, const std::vector<bool>& after,
                                Tile from) {
  const auto count = static_cast<Tile>(before.size());
  RoundRobin manager(system.most_power, system.least_power, system.power);
  for (Tile i = 0; i < 3 * count; ++i) manager.step(i % count, before[i % count]);
  std::uint64_t last = 0;
  for (std::uint64_t steps = 1; steps <= 4 * std::uint64_t{count}; ++steps) {
    const auto tile = static_cast<Tile>((from + steps) % count);
    manager.step(tile, after[tile]);
    if ((steps <= count && before[tile] != after[tile]) || manager.waiting() > 0) last = steps;
    if (steps >= count && manager.waiting() == 0) break;
  }
  return last;
}

ResponseComparison compare(const Managed& system, std::uint32_t step_cycles, std::uint32_t draws, std::uint64_t seed) {
  const Tile count = system.topology.tiles();
  RandomStream stream(seed, "power.activity");
  ResponseComparison total;
  total.tiles = count;
  const auto draw = [&] {
    std::vector<bool> at_work(count);
    for (Tile tile = 0; tile < count; ++tile) at_work[tile] = stream.uniform() < 0.5;
    return at_work;
  };
  const auto asked = [&](const std::vector<bool>& at_work) {
    std::vector<Coins> demand(count, 0);
    for (Tile tile = 0; tile < count; ++tile) demand[tile] = at_work[tile] ? system.most_coins[tile] : 0;
    return demand;
  };
  for (std::uint64_t attempt = 0; total.draws < draws && attempt < 10 * std::uint64_t{draws}; ++attempt) {
    const std::vector<bool> before = draw(), after = draw();
    Tiles tiles{proportional_share(system.coins, asked(before)), asked(after), std::vector<Coins>(count, 0)};
    if (mean_error(tiles) < 1) continue;
    const auto exchange = run_rounds(system.topology, tiles, {.far_every = response_far_every});
    if (!exchange || !exchange->settle_periods) {
      ++total.unsettled;
      continue;
    }
    const auto from = static_cast<Tile>(stream.below(count));
    total.exchange_cycles += *exchange->settle_periods * system.period_cycles;
    total.round_robin_cycles += static_cast<double>(round_robin_steps(system, before, after, from)) * step_cycles;
    ++total.draws;
  }
  if (total.draws > 0) {
    total.exchange_cycles /= total.draws;
    total.round_robin_cycles /= total.draws;
  }
  return total;
}

}  // namespace

const std::vector<ReleasedSystem>& released_systems() {
  static const std::vector<ReleasedSystem> systems = make_systems();
  return systems;
}

Topology topology_of(const ReleasedSystem& system) {
  const auto managed = [&](std::uint32_t column, std::uint32_t row) -> std::optional<Tile> {
    for (Tile tile = 0; tile < system.tiles.size(); ++tile) {
      if (system.tiles[tile].column == column && system.tiles[tile].row == row) return tile;
    }
    return std::nullopt;
  };
  const auto count = static_cast<Tile>(system.tiles.size());
  std::vector<bool> is_near(std::size_t{count} * count, false);
  for (Tile tile = 0; tile < count; ++tile) {
    // The next managed tile eastwards and southwards, around the edge if need be.
    for (const bool east : {true, false}) {
      std::uint32_t x = system.tiles[tile].column, y = system.tiles[tile].row;
      std::optional<Tile> next;
      do {
        (east ? x : y) = east ? (x + 1) % system.columns : (y + 1) % system.rows;
        next = managed(x, y);
      } while (!next);
      is_near[std::size_t{tile} * count + *next] = is_near[std::size_t{*next} * count + tile] = true;
    }
  }
  std::vector<Edge> near, far;
  for (Tile a = 0; a < count; ++a) {
    for (Tile b = a + 1; b < count; ++b) (is_near[std::size_t{a} * count + b] ? near : far).push_back({a, b});
  }
  return *Topology::graph(count, near, far, system.name);
}

ResponseComparison compare_response(const ReleasedSystem& system, std::uint32_t step_cycles, std::uint32_t draws,
                                    std::uint64_t seed) {
  const Topology topology = topology_of(system);
  Managed managed{topology, {}, {}, {}, system.coins, system.power, system.period_cycles};
  for (const ReleasedSystem::Managed& tile : system.tiles) {
    managed.most_coins.push_back(tile.most_coins);
    managed.most_power.push_back(tile.most_power);
    managed.least_power.push_back(tile.least_power);
  }
  return compare(managed, step_cycles, draws, seed);
}

ResponseComparison compare_response(const Topology& torus, std::uint32_t step_cycles, std::uint32_t draws,
                                    std::uint64_t seed) {
  constexpr Coins most = 32, least = 3, mean = 8;
  const std::vector<Coins> most_coins(torus.tiles(), most);
  const std::int64_t coins = std::int64_t{mean} * torus.tiles();
  const Managed managed{torus,
                        most_coins,
                        most_coins,
                        std::vector<Coins>(torus.tiles(), least),
                        coins,
                        coins,
                        released_systems()[0].period_cycles};
  return compare(managed, step_cycles, draws, seed);
}

std::uint32_t calibrate_step_cycles(const ReleasedSystem& system, double ratio, std::uint32_t draws,
                                    std::uint64_t seed) {
  return static_cast<std::uint32_t>(std::lround(ratio / compare_response(system, 1, draws, seed).ratio()));
}

}  // namespace cradle::power
