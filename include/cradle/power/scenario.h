// Tiles, what they ask for and what they hold at the start; the share that each should come to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/topology.h"

namespace cradle::power {

/// A coin is a fixed quantum of power: some milliwatts for a tile, a watt for a server.
using Coins = std::int32_t;

/// By tile. What is held is above the floor: floors are granted for ever and never move.
struct Tiles {
  std::vector<Coins> held;    ///< >= 0
  std::vector<Coins> demand;  ///< what the tile could use above its floor, times its weight; 0: idle
  std::vector<Coins> floor;   ///< >= 0
};

/// Sum of held and floor.
std::int64_t budget(const Tiles& tiles);

enum class Start : std::uint8_t {
  corner,    ///< every tile asks; all coins lie in the quadrant at the origin: coins must cross the whole die
  half_idle  ///< each tile asks with probability 1/2; coins lie evenly: imbalance is local
};
Result<Start> parse_start(std::string_view text, std::string where);

enum class Demands : std::uint8_t {
  equal,  ///< every tile that asks asks for the same
  mixed   ///< for 1/8, 2/8, ... 8/8 of it (rounded up), each as likely, drawn by tile from the seed
};
Result<Demands> parse_demands(std::string_view text, std::string where);

struct ScenarioOptions {
  Start start = Start::half_idle;
  Coins demand = 32;         ///< of a tile that asks
  Coins coins_per_tile = 8;  ///< mean of the budget without floors; corner: the quadrant holds about four times as much
  Coins floor = 0;
  std::uint64_t seed = 1;
  /// Of a torus: the quadrant lies anywhere and is a rectangle of 0.35 to 0.65 of a side, both drawn from the seed.
  bool corner_drawn = false;
  std::optional<std::int64_t> budget = std::nullopt;  ///< in all, floors included, in place of coins_per_tile
  Demands demands = Demands::equal;
  /// Priorities; each tile draws one of them from the seed, by which what it asks for is multiplied. Empty: 1 for all.
  std::vector<Coins> weights = {};
};
/// bad_input: negative coins, a budget below the sum of the floors, more than 2^31 - 1 in all, a weight below 1, a
/// weighted demand above 2^31 - 1.
Result<Tiles> make_tiles(const Topology& topology, const ScenarioOptions& options);

/// bad_input with tile and hint: sizes that differ, negative coins (a tile whose budget is below its floor holds less
/// than none above it), more than 2^31 - 1 coins in all.
Result<void> check(const Tiles& tiles, const Topology& topology);

/// Coins in proportion to demand, whole ones by largest remainder (ties: lower tile): what a manager that knows all at
/// once would grant (BC-C of the released BlitzCoin programs). Without any demand: evenly. 0 <= coins < 2^31.
std::vector<Coins> proportional_share(std::int64_t coins, const std::vector<Coins>& demand);

/// Coins by weighted max-min fairness, none above its demand: water-filling, whole ones by largest remainder. What is
/// left when all demand is met is shared by weight. Weight 0: nothing. 0 <= coins < 2^31, sizes alike.
std::vector<Coins> water_filling(std::int64_t coins, const std::vector<Coins>& demand,
                                 const std::vector<Coins>& weight);

/// Mean over tiles of |held - alpha x demand|, alpha = sum of held / sum of demand; by held / tiles without demand.
double mean_error(const Tiles& tiles);

/// Jain's index of x: (sum x)^2 / (n sum x^2), of held over its proportional share, over tiles that ask; 1 is fair.
double jain(const std::vector<Coins>& held, const std::vector<Coins>& share);

}  // namespace cradle::power
