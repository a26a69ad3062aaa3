#include "cradle/soc/noc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "esp_examples.h"

namespace cradle::soc {
namespace {

EspConfig parsed(std::string_view text) {
  auto config = parse_esp_config(text, "d");
  EXPECT_TRUE(config);
  return config ? std::move(*config) : EspConfig{};
}

/// Breadth first over the mesh, as another way to the same number.
std::uint32_t walked(const EspConfig& config, std::size_t from, std::size_t to) {
  std::vector<std::uint32_t> steps(config.tiles.size(), ~0u);
  std::deque<std::size_t> open{from};
  steps[from] = 0;
  while (!open.empty()) {
    const std::size_t here = open.front();
    open.pop_front();
    const std::size_t row = here / config.columns, column = here % config.columns;
    const auto visit = [&](std::size_t next) {
      if (steps[next] != ~0u) return;
      steps[next] = steps[here] + 1;
      open.push_back(next);
    };
    if (row > 0) visit(here - config.columns);
    if (row + 1 < config.rows) visit(here + config.columns);
    if (column > 0) visit(here - 1);
    if (column + 1 < config.columns) visit(here + 1);
  }
  return steps[to];
}

TEST(Noc, HopsAreShortestPaths) {
  for (const std::string_view text : {esp_3x3, esp_4x4, esp_older}) {
    const EspConfig config = parsed(text);
    const auto matrix = hop_matrix(config);
    ASSERT_EQ(matrix.size(), config.tiles.size());
    for (std::size_t a = 0; a < matrix.size(); ++a)
      for (std::size_t b = 0; b < matrix.size(); ++b) EXPECT_EQ(matrix[a][b], walked(config, a, b));
  }
  EXPECT_EQ(hop_matrix(parsed(esp_3x3))[0][8], 4u);
}

TEST(Noc, ManagedTilesOfTheReleasedSystems) {
  EXPECT_EQ(managed_tiles(parsed(esp_3x3)), (std::vector<std::size_t>{2, 3, 5, 6, 7, 8}));
  EXPECT_EQ(managed_tiles(parsed(esp_4x4)).size(), 13u);
  EXPECT_TRUE(managed_tiles(parsed(esp_older)).empty());
}

TEST(Noc, PartnersOfExchange) {
  const EspConfig config = parsed(esp_3x3);
  const auto managed = managed_tiles(config);
  const auto topology = exchange_topology(config);
  ASSERT_TRUE(topology);
  ASSERT_TRUE(topology->has_value());
  const power::Topology& partners = **topology;
  ASSERT_EQ(partners.tiles(), 6u);
  for (power::Tile tile = 0; tile < partners.tiles(); ++tile) {
    // All others are partners, once.
    EXPECT_EQ(partners.links(tile), 5u);
    EXPECT_GE(partners.near(tile).size(), 4u);
    // No far partner is nearer than the nearest four.
    std::vector<std::uint32_t> distances;
    for (std::size_t other = 0; other < managed.size(); ++other)
      if (other != tile) distances.push_back(hops(config.tiles[managed[tile]], config.tiles[managed[other]]));
    std::sort(distances.begin(), distances.end());
    for (std::uint32_t i = 0; i < partners.far_count(tile); ++i)
      EXPECT_GE(hops(config.tiles[managed[tile]], config.tiles[managed[partners.far(tile, i)]]), distances[3]);
  }
  const auto large = exchange_topology(parsed(esp_4x4));
  ASSERT_TRUE(large && large->has_value());
  EXPECT_EQ((*large)->tiles(), 13u);
  EXPECT_EQ((*large)->links(0), 12u);
  const auto none = exchange_topology(parsed(esp_older));
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
}

}  // namespace
}  // namespace cradle::soc
