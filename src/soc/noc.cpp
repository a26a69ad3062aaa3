#include "cradle/soc/noc.h"

#include <algorithm>
#include <set>

namespace cradle::soc {

namespace {

std::uint32_t distance(std::uint32_t a, std::uint32_t b) { return a < b ? b - a : a - b; }

}  // namespace

std::uint32_t hops(const EspTile& from, const EspTile& to) {
  return distance(from.row, to.row) + distance(from.column, to.column);
}

std::vector<std::vector<std::uint32_t>> hop_matrix(const EspConfig& config) {
  std::vector<std::vector<std::uint32_t>> matrix;
  for (const EspTile& from : config.tiles) {
    auto& row = matrix.emplace_back();
    for (const EspTile& to : config.tiles) row.push_back(hops(from, to));
  }
  return matrix;
}

std::vector<std::size_t> managed_tiles(const EspConfig& config) {
  std::vector<std::size_t> managed;
  for (std::size_t i = 0; i < config.tiles.size(); ++i)
    if (config.tiles[i].has_tdvfs.value_or(false)) managed.push_back(i);
  return managed;
}

Result<std::optional<power::Topology>> exchange_topology(const EspConfig& config) {
  const std::vector<std::size_t> managed = managed_tiles(config);
  const auto count = static_cast<power::Tile>(managed.size());
  if (count < 2) return std::optional<power::Topology>();
  constexpr std::size_t neighbours = 4;
  std::set<power::Edge> near;
  for (power::Tile tile = 0; tile < count; ++tile) {
    std::vector<power::Tile> others;
    for (power::Tile other = 0; other < count; ++other)
      if (other != tile) others.push_back(other);
    const EspTile& here = config.tiles[managed[tile]];
    std::stable_sort(others.begin(), others.end(), [&](power::Tile a, power::Tile b) {
      return hops(here, config.tiles[managed[a]]) < hops(here, config.tiles[managed[b]]);
    });
    others.resize(std::min(others.size(), neighbours));
    for (const power::Tile other : others) near.insert({std::min(tile, other), std::max(tile, other)});
  }
  std::vector<power::Edge> far;
  for (power::Tile a = 0; a < count; ++a)
    for (power::Tile b = a + 1; b < count; ++b)
      if (!near.contains({a, b})) far.emplace_back(a, b);
  const std::vector<power::Edge> close(near.begin(), near.end());
  auto topology = power::Topology::graph(count, close, far, config.source);
  if (!topology) return topology.error();
  return std::optional<power::Topology>(std::move(*topology));
}

}  // namespace cradle::soc
