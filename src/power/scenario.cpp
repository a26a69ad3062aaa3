#include "cradle/power/scenario.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "shown.h"

namespace cradle::power {

namespace {

constexpr std::int64_t most_coins = std::numeric_limits<Coins>::max();

std::int64_t sum(const std::vector<Coins>& coins) {
  return std::accumulate(coins.begin(), coins.end(), std::int64_t{0});
}

Error too_many(std::string where) {
  return bad_input("more than " + std::to_string(most_coins) + " coins in all", std::move(where),
                   "let a coin stand for more power: a tile may come to hold all of them");
}

/// One more coin for the `count` tiles with the largest remainders among `tiles`; ties: the lower tile.
void add_largest(std::vector<Coins>& share, const std::vector<std::int64_t>& remainder, std::vector<Tile> tiles,
                 std::int64_t count) {
  const auto larger = [&](Tile a, Tile b) {
    return remainder[a] != remainder[b] ? remainder[a] > remainder[b] : a < b;
  };
  const auto last = tiles.begin() + count;
  if (last != tiles.end()) std::nth_element(tiles.begin(), last, tiles.end(), larger);
  for (auto tile = tiles.begin(); tile != last; ++tile) ++share[*tile];
}

/// Adds `coins` to the shares of `tiles` by weight, `total` > 0 being the sum of their weights.
void add_by_weight(std::vector<Coins>& share, std::int64_t coins, const std::vector<Coins>& weight, std::int64_t total,
                   std::vector<Tile> tiles) {
  std::vector<std::int64_t> remainder(share.size(), 0);
  std::int64_t left = coins;
  for (const Tile tile : tiles) {
    const std::int64_t product = coins * weight[tile];
    share[tile] += static_cast<Coins>(product / total);
    remainder[tile] = product % total;
    left -= product / total;
  }
  add_largest(share, remainder, std::move(tiles), left);
}

std::vector<Tile> all_tiles(std::size_t count) {
  std::vector<Tile> tiles(count);
  std::iota(tiles.begin(), tiles.end(), Tile{0});
  return tiles;
}

/// What tiles that ask for something ask for, by the kind of demands and the weights. Every tile draws, so that who
/// asks changes nothing for the others.
void vary(std::vector<Coins>& demand, const ScenarioOptions& options) {
  constexpr std::int64_t levels = 8;
  RandomStream level(options.seed, "power.demands"), weight(options.seed, "power.weights");
  for (Coins& asked : demand) {
    if (options.demands == Demands::mixed) {
      const auto part = 1 + static_cast<std::int64_t>(level.below(static_cast<std::uint64_t>(levels)));
      asked = static_cast<Coins>((asked * part + levels - 1) / levels);
    }
    if (!options.weights.empty()) asked *= options.weights[weight.below(options.weights.size())];
  }
}

/// A rectangle of about a quarter of the tiles (of a graph: the first quarter).
std::vector<Tile> corner_of(const Topology& topology, const ScenarioOptions& options) {
  std::vector<Tile> inside;
  const std::uint32_t width = topology.width(), height = topology.height();
  if (width == 0) {
    inside = all_tiles((topology.tiles() + 3) / 4);
    return inside;
  }
  std::uint32_t left = 0, top = 0, columns = (width + 1) / 2, rows = (height + 1) / 2;
  if (options.corner_drawn) {
    RandomStream stream(options.seed, "power.corner");
    left = static_cast<std::uint32_t>(stream.below(width));
    top = static_cast<std::uint32_t>(stream.below(height));
    const double part = 0.35 + 0.3 * stream.uniform();
    const auto of = [](double share, std::uint32_t side) {
      return std::clamp(static_cast<std::uint32_t>(std::lround(share * side)), 1U, side);
    };
    columns = of(part, width);
    rows = of(0.25 / part, height);
  }
  for (std::uint32_t y = 0; y < rows; ++y)
    for (std::uint32_t x = 0; x < columns; ++x) inside.push_back((top + y) % height * width + (left + x) % width);
  return inside;
}

}  // namespace

std::int64_t budget(const Tiles& tiles) { return sum(tiles.held) + sum(tiles.floor); }

Result<Start> parse_start(std::string_view text, std::string where) {
  if (text == "corner") return Start::corner;
  if (text == "half-idle") return Start::half_idle;
  const std::vector<std::string> names = {"corner", "half-idle"};
  return bad_input("no such start: " + shown(text), std::move(where), suggest(text, names));
}

Result<Demands> parse_demands(std::string_view text, std::string where) {
  if (text == "equal") return Demands::equal;
  if (text == "mixed") return Demands::mixed;
  const std::vector<std::string> names = {"equal", "mixed"};
  return bad_input("no such demands: " + shown(text), std::move(where), suggest(text, names));
}

Result<Tiles> make_tiles(const Topology& topology, const ScenarioOptions& options) {
  const auto negative = [](const char* what, Coins value) {
    return bad_input(std::string(what) + " of " + std::to_string(value) + " coins", "scenario",
                     "coins are counted from 0");
  };
  if (options.demand < 0) return negative("a demand", options.demand);
  if (options.coins_per_tile < 0) return negative("a budget per tile", options.coins_per_tile);
  if (options.floor < 0) return negative("a floor", options.floor);
  for (const Coins weight : options.weights) {
    if (weight < 1)
      return bad_input("a weight of " + std::to_string(weight), "scenario", "a weight is a whole number from 1");
    if (std::int64_t{weight} * options.demand > most_coins)
      return bad_input("a demand of " + std::to_string(options.demand) + " coins with a weight of " +
                           std::to_string(weight) + " is more than " + std::to_string(most_coins),
                       "scenario", "let a coin stand for more power, or take smaller weights");
  }
  const std::uint32_t count = topology.tiles();
  const std::int64_t floors = std::int64_t{options.floor} * count;
  if (options.budget && *options.budget < floors) {
    return bad_input("a budget of " + std::to_string(*options.budget) + " coins is below the sum of the floors, " +
                         std::to_string(floors),
                     "scenario", "raise the budget, or lower the floor of each tile");
  }
  const std::int64_t coins = options.budget ? *options.budget - floors : std::int64_t{options.coins_per_tile} * count;
  if (coins > most_coins - floors) return too_many("scenario");

  Tiles tiles;
  tiles.floor.assign(count, options.floor);
  if (options.start == Start::half_idle) {
    tiles.held = proportional_share(coins, std::vector<Coins>(count, 0));
    tiles.demand.resize(count);
    RandomStream stream(options.seed, "power.half_idle");
    for (Coins& demand : tiles.demand) demand = stream.uniform() < 0.5 ? options.demand : 0;
    vary(tiles.demand, options);
    return tiles;
  }
  tiles.demand.assign(count, options.demand);
  vary(tiles.demand, options);
  tiles.held.assign(count, 0);
  const std::vector<Tile> quadrant = corner_of(topology, options);
  const std::vector<Coins> even = proportional_share(coins, std::vector<Coins>(quadrant.size(), 0));
  for (std::size_t i = 0; i < quadrant.size(); ++i) tiles.held[quadrant[i]] = even[i];
  return tiles;
}

Result<void> check(const Tiles& tiles, const Topology& topology) {
  struct Column {
    const char* name;
    const std::vector<Coins>* coins;
  };
  for (const Column& column :
       {Column{"held", &tiles.held}, Column{"demand", &tiles.demand}, Column{"floor", &tiles.floor}}) {
    if (column.coins->size() != topology.tiles()) {
      return bad_input(
          std::to_string(column.coins->size()) + " values for " + std::to_string(topology.tiles()) + " tiles",
          std::string("tiles: ") + column.name, "give one value for each tile of the topology");
    }
    for (std::size_t tile = 0; tile < column.coins->size(); ++tile) {
      if ((*column.coins)[tile] < 0) {
        return bad_input(std::to_string((*column.coins)[tile]) + " coins",
                         "tile " + std::to_string(tile) + ": " + column.name,
                         "coins are counted from 0; held coins are those above the floor, so the budget of a tile must "
                         "cover its floor");
      }
    }
  }
  if (budget(tiles) > most_coins) return too_many("tiles: held and floor");
  return {};
}

std::vector<Coins> proportional_share(std::int64_t coins, const std::vector<Coins>& demand) {
  std::vector<Coins> share(demand.size(), 0);
  if (demand.empty()) return share;
  const std::int64_t total = sum(demand);
  if (total == 0) {
    const std::vector<Coins> even(demand.size(), 1);
    add_by_weight(share, coins, even, static_cast<std::int64_t>(even.size()), all_tiles(demand.size()));
  } else {
    add_by_weight(share, coins, demand, total, all_tiles(demand.size()));
  }
  return share;
}

std::vector<Coins> water_filling(std::int64_t coins, const std::vector<Coins>& demand,
                                 const std::vector<Coins>& weight) {
  std::vector<Coins> share(demand.size(), 0);
  std::vector<Tile> weighted;
  std::int64_t total = 0;
  for (Tile tile = 0; tile < demand.size(); ++tile) {
    if (weight[tile] == 0) continue;
    weighted.push_back(tile);
    total += weight[tile];
  }
  if (weighted.empty()) return share;
  const std::int64_t all_weight = total;
  // Those whose whole demand is below the level are full and leave; the level of the others only rises with that.
  __extension__ using Wide = __int128;
  std::vector<Tile> open = weighted;
  for (std::size_t before = 0; before != open.size() && !open.empty();) {
    before = open.size();
    const std::int64_t level = coins, by = total;
    std::erase_if(open, [&](Tile tile) {
      if (Wide{level} * weight[tile] < Wide{demand[tile]} * by) return false;
      share[tile] = demand[tile];
      coins -= demand[tile];
      total -= weight[tile];
      return true;
    });
  }
  if (open.empty()) {
    add_by_weight(share, coins, weight, all_weight, std::move(weighted));
  } else {
    add_by_weight(share, coins, weight, total, std::move(open));
  }
  return share;
}

double mean_error(const Tiles& tiles) {
  if (tiles.held.empty()) return 0;
  const std::int64_t held = sum(tiles.held), demand = sum(tiles.demand);
  const auto count = static_cast<double>(tiles.held.size());
  const double even = static_cast<double>(held) / count;
  const double alpha = demand == 0 ? 0 : static_cast<double>(held) / static_cast<double>(demand);
  double error = 0;
  for (std::size_t tile = 0; tile < tiles.held.size(); ++tile) {
    error += std::abs(tiles.held[tile] - (demand == 0 ? even : alpha * tiles.demand[tile]));
  }
  return error / count;
}

double jain(const std::vector<Coins>& held, const std::vector<Coins>& share) {
  double total = 0, squares = 0, count = 0;
  for (std::size_t tile = 0; tile < share.size(); ++tile) {
    if (share[tile] <= 0) continue;
    const double x = static_cast<double>(held[tile]) / share[tile];
    total += x;
    squares += x * x;
    ++count;
  }
  return squares == 0 ? 1 : total * total / (count * squares);
}

}  // namespace cradle::power
