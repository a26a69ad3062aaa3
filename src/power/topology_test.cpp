#include "cradle/power/topology.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>
#include <set>

namespace cradle::power {
namespace {

/// Breadth first over near partners, as a second opinion on hops.
std::vector<std::uint32_t> distances(const Topology& topology, Tile from) {
  std::vector<std::uint32_t> distance(topology.tiles(), ~0U);
  std::queue<Tile> queue({from});
  distance[from] = 0;
  while (!queue.empty()) {
    const Tile tile = queue.front();
    queue.pop();
    for (const Tile partner : topology.near(tile)) {
      if (distance[partner] != ~0U) continue;
      distance[partner] = distance[tile] + 1;
      queue.push(partner);
    }
  }
  return distance;
}

/// Every matching pairs partners with each other; returns how often each edge is in one.
template <class Partner>
std::map<Edge, int> edges_of(const Topology& topology, std::uint32_t matchings, Partner partner) {
  std::map<Edge, int> seen;
  for (std::uint32_t m = 0; m < matchings; ++m) {
    bool any = false;
    for (Tile tile = 0; tile < topology.tiles(); ++tile) {
      const std::optional<Tile> other = partner(m, tile);
      if (!other) continue;
      any = true;
      EXPECT_NE(*other, tile);
      const std::optional<Tile> back = partner(m, *other);
      EXPECT_TRUE(back && *back == tile) << "matching " << m << " tile " << tile;
      if (tile < *other) ++seen[{tile, *other}];
    }
    EXPECT_TRUE(any) << "matching " << m << " pairs nobody";
  }
  return seen;
}

void expect_lawful(const Topology& topology) {
  std::map<Edge, int> near_edges, far_edges;
  for (Tile tile = 0; tile < topology.tiles(); ++tile) {
    std::set<Tile> partners;
    const auto note = [&](Tile partner, std::uint32_t link, std::map<Edge, int>& edges) {
      EXPECT_LT(partner, topology.tiles());
      EXPECT_NE(partner, tile);
      EXPECT_TRUE(partners.insert(partner).second) << "twice a partner: " << tile << " " << partner;
      EXPECT_EQ(topology.link(tile, partner), link);
      EXPECT_TRUE(topology.link(partner, tile)) << "one-sided";
      edges[std::minmax(tile, partner)] = 1;
    };
    std::uint32_t link = 0;
    for (const Tile partner : topology.near(tile)) note(partner, link++, near_edges);
    for (std::uint32_t i = 0; i < topology.far_count(tile); ++i) note(topology.far(tile, i), link++, far_edges);
    EXPECT_EQ(topology.links(tile), link);
    EXPECT_EQ(topology.link(tile, tile), std::nullopt);
  }
  const auto near = edges_of(topology, topology.near_matchings(),
                             [&](std::uint32_t m, Tile tile) { return topology.near_partner(m, tile); });
  EXPECT_EQ(near, near_edges);
  const auto far = edges_of(topology, topology.far_matchings(),
                            [&](std::uint32_t m, Tile tile) { return topology.far_partner(m, tile); });
  if (topology.has_far_strides()) {
    for (const auto& edge : far) {
      EXPECT_EQ(edge.second, 1);
      EXPECT_TRUE(far_edges.count(edge.first)) << edge.first.first << " " << edge.first.second;
    }
    // All but those that the seam cuts: fewer than a block in each row and column.
    EXPECT_GE(2 * far.size(), far_edges.size());
  } else {
    EXPECT_EQ(far, far_edges);
  }
}

TEST(Topology, TorusOfEverySmallSize) {
  for (std::uint32_t width = 1; width <= 9; ++width) {
    for (std::uint32_t height = 1; height <= 9; ++height) {
      SCOPED_TRACE(std::to_string(width) + "x" + std::to_string(height));
      const auto topology = Topology::torus(width, height, "test");
      ASSERT_TRUE(topology);
      expect_lawful(*topology);
      for (Tile from = 0; from < topology->tiles(); ++from) {
        const auto bfs = distances(*topology, from);
        for (Tile to = 0; to < topology->tiles(); ++to) {
          ASSERT_EQ(topology->hops(from, to), bfs[to]);
          ASSERT_EQ(topology->hops(to, from), bfs[to]);
        }
      }
    }
  }
}

TEST(Topology, LargerTori) {
  for (const auto& [width, height] :
       {std::pair{16U, 16U}, {17U, 20U}, {65U, 1U}, {1U, 128U}, {40U, 3U}, {23U, 3U}, {31U, 29U}}) {
    SCOPED_TRACE(std::to_string(width) + "x" + std::to_string(height));
    expect_lawful(*Topology::torus(width, height, "test"));
  }
}

TEST(Topology, SmallTorusKnowsAllOthers) {
  const auto topology = *Topology::torus(8, 8, "test");
  for (Tile tile = 0; tile < 64; ++tile) EXPECT_EQ(topology.links(tile), 63U);
  // Nearest first.
  for (std::uint32_t i = 1; i < topology.far_count(5); ++i) {
    EXPECT_LE(topology.hops(5, topology.far(5, i - 1)), topology.hops(5, topology.far(5, i)));
  }
}

TEST(Topology, FarPartnersGrowByTheGoldenSection) {
  const auto topology = *Topology::parse("ring:100", "test");
  std::vector<Tile> far;
  for (std::uint32_t i = 0; i < topology.far_count(0); ++i) far.push_back(topology.far(0, i));
  EXPECT_EQ(far, (std::vector<Tile>{2, 98, 3, 97, 6, 94, 9, 91, 15, 85, 24, 76, 38, 62}));
  EXPECT_EQ(topology.row_matchings(), 2U);
}

/// No width is a special one: as many far partners as its logarithm says, the longest the same part of the side.
TEST(Topology, FarPartnersAreAlikeAtAllSizes) {
  for (std::uint32_t side = 65; side <= 1100; ++side) {
    const auto topology = *Topology::torus(side, 1, "test");
    const std::uint32_t count = topology.far_count(0);
    EXPECT_NEAR(topology.far(0, count - 2), 0.382 * side, 1) << side;
    EXPECT_NEAR(count / 2.0, std::log(0.382 * side / 1.5) / std::log(1.618), 1.01) << side;
    EXPECT_EQ(topology.far(0, 0), 2U) << side;
  }
}

RC_GTEST_PROP(TopologyProperty, GraphsAreLawful, ()) {
  const auto tiles = *rc::gen::inRange<std::uint32_t>(1, 40);
  std::set<Edge> near_set, far_set;
  for (Tile tile = 1; tile < tiles; ++tile) {
    const Edge edge{*rc::gen::inRange<Tile>(0, tile), tile};
    (*rc::gen::arbitrary<bool>() ? near_set : far_set).insert(edge);
  }
  const auto extra = *rc::gen::inRange(0, 60);
  for (int i = 0; i < extra && tiles > 1; ++i) {
    const Tile a = *rc::gen::inRange<Tile>(0, tiles), b = *rc::gen::inRange<Tile>(0, tiles);
    const Edge edge = std::minmax(a, b);
    if (a != b && far_set.count(edge) == 0) near_set.insert(edge);
  }
  const std::vector<Edge> near(near_set.begin(), near_set.end()), far(far_set.begin(), far_set.end());
  const auto topology = Topology::graph(tiles, near, far, "test");
  RC_ASSERT(topology.has_value());
  expect_lawful(*topology);
  const Tile from = *rc::gen::inRange<Tile>(0, tiles);
  const auto bfs = distances(*topology, from);
  for (Tile to = 0; to < tiles; ++to) {
    RC_ASSERT(topology->hops(from, to) == std::min(bfs[to], tiles));
    RC_ASSERT(topology->hops(to, from) == topology->hops(from, to));
  }
}

TEST(Topology, StarOfManyTilesTakesOneMatchingEach) {
  std::vector<Edge> edges;
  for (Tile tile = 1; tile < 500; ++tile) edges.push_back({0, tile});
  EXPECT_EQ(Topology::graph(500, edges, {}, "test")->near_matchings(), 499U);
}

TEST(Topology, RefusesWhatIsNoGraph) {
  const auto refused = [](std::uint32_t tiles, std::vector<Edge> near, std::vector<Edge> far, const char* says) {
    const auto topology = Topology::graph(tiles, near, far, "links.txt");
    ASSERT_FALSE(topology);
    EXPECT_EQ(topology.error().code, ErrorCode::bad_input);
    EXPECT_NE(to_string(topology.error()).find(says), std::string::npos) << to_string(topology.error());
    EXPECT_NE(topology.error().where.find("links.txt"), std::string::npos);
    EXPECT_FALSE(topology.error().hint.empty());
  };
  refused(0, {}, {}, "0 tiles");
  refused(1'000'000'000, {}, {}, "1000000000 tiles");
  refused(3, {{0, 1}, {1, 3}}, {}, "near edge 2: tile 3 does not exist");
  refused(3, {{0, 1}}, {{2, 2}}, "far edge 1: tile 2 is its own partner");
  refused(3, {{0, 1}, {1, 2}, {1, 0}}, {}, "tiles 0 and 1 are made partners twice");
  refused(3, {{0, 1}, {1, 2}}, {{2, 1}}, "tiles 1 and 2 are made partners twice");
  refused(5, {{0, 1}, {3, 4}}, {{1, 2}}, "from tile 0 to tile 3");
}

TEST(Topology, ParsesAndRefusesText) {
  const auto torus = Topology::parse("torus:20x10", "--topology");
  ASSERT_TRUE(torus);
  EXPECT_EQ(torus->width(), 20U);
  EXPECT_EQ(torus->height(), 10U);
  EXPECT_EQ(Topology::parse("ring:7", "--topology")->tiles(), 7U);
  for (const char* text : {"", "torus", "torus:", "torus:3", "torus:3x", "torus:x3", "torus:3x3x3", "torus:-1x3",
                           "torus:0x3", "ring:0", "ring:-5", "mesh:3x3", "torus:99999x99999", "ring:1000000000",
                           "torus:99999999999999999999x1", "torus: 3x3", "ring:3.5", "\xff\xfe:3"}) {
    const auto topology = Topology::parse(text, "--topology");
    ASSERT_FALSE(topology) << text;
    EXPECT_EQ(topology.error().code, ErrorCode::bad_input);
    EXPECT_EQ(topology.error().where, "--topology");
    EXPECT_FALSE(topology.error().hint.empty());
  }
}

}  // namespace
}  // namespace cradle::power
