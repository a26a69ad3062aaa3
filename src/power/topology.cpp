#include "cradle/power/topology.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <numeric>

#include "cradle/base/text.h"
#include "shown.h"

namespace cradle::power {

namespace {

constexpr std::uint32_t most_tiles = std::uint32_t{1} << 26;
/// A torus of no more tiles has all others as far partners: with fewer, a tile that asks among idle ones is cut off.
constexpr std::uint32_t small_torus = 64;
constexpr std::uint32_t no_color = ~std::uint32_t{0};

const char* const forms_hint = "write torus:WIDTHxHEIGHT or ring:TILES, as in torus:20x20";

Error size_error(std::string what, std::string where) {
  return bad_input(std::move(what), std::move(where), "take between 1 and " + std::to_string(most_tiles) + " tiles");
}

/// Distances of the far partners along a side, growing: the side by the golden section, again and again, down to 2.
/// They grow with the side, so that no width is a special one, and the section is the number that fractions come least
/// near to: no distance is a simple part of the side or of another one, which would level some starts at one stroke and
/// leave others standing.
std::vector<std::uint32_t> far_distances(std::uint32_t side) {
  constexpr double section = 0.6180339887498949;
  std::vector<std::uint32_t> distances;
  for (double length = side * section * section; length >= 1.5; length *= section) {
    const auto distance = std::min(static_cast<std::uint32_t>(std::lround(length)), side / 2);
    if (distances.empty() || distances.back() != distance) distances.push_back(distance);
  }
  std::reverse(distances.begin(), distances.end());
  return distances;
}

std::uint32_t side_matchings(std::uint32_t side) {
  if (side < 3) return side - 1;
  return side % 2 == 0 ? 2 : 3;
}

std::uint32_t wrapped(std::int64_t position, std::uint32_t side) {
  const std::int64_t rest = position % std::int64_t{side};
  return static_cast<std::uint32_t>(rest < 0 ? rest + side : rest);
}

std::uint32_t ring_distance(std::uint32_t a, std::uint32_t b, std::uint32_t side) {
  const std::uint32_t apart = a < b ? b - a : a - b;
  return std::min(apart, side - apart);
}

/// Partners by tile, in the order of the edges, and the matching of each: first fit.
struct Adjacency {
  std::vector<std::uint32_t> first;
  std::vector<Tile> partner;
  std::vector<std::uint32_t> color;
  std::uint32_t colors = 0;
};

Adjacency adjacency(std::uint32_t tiles, std::span<const Edge> edges) {
  Adjacency out;
  out.first.assign(std::size_t{tiles} + 1, 0);
  for (const Edge& edge : edges) {
    ++out.first[edge.first + 1];
    ++out.first[edge.second + 1];
  }
  std::partial_sum(out.first.begin(), out.first.end(), out.first.begin());
  out.partner.resize(2 * edges.size());
  out.color.resize(2 * edges.size());
  std::vector<std::uint32_t> next(out.first.begin(), out.first.end() - 1);
  std::vector<std::vector<std::uint64_t>> used(tiles);  // bit c: colour c is taken at the tile
  for (const Edge& edge : edges) {
    auto& a = used[edge.first];
    auto& b = used[edge.second];
    std::size_t word = 0;
    std::uint64_t taken = 0;
    for (;; ++word) {
      taken = (word < a.size() ? a[word] : 0) | (word < b.size() ? b[word] : 0);
      if (~taken != 0) break;
    }
    std::uint32_t bit = 0;
    while ((taken >> bit & 1) != 0) ++bit;
    for (auto* side : {&a, &b}) {
      if (side->size() <= word) side->resize(word + 1, 0);
      (*side)[word] |= std::uint64_t{1} << bit;
    }
    const auto color = static_cast<std::uint32_t>(word * 64 + bit);
    out.colors = std::max(out.colors, color + 1);
    for (const auto& [from, to] : {edge, Edge{edge.second, edge.first}}) {
      out.partner[next[from]] = to;
      out.color[next[from]++] = color;
    }
  }
  return out;
}

Result<void> check_edges(std::uint32_t tiles, std::span<const Edge> edges, const char* kind, const std::string& where) {
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto [a, b] = edges[i];
    const std::string at = where + ": " + kind + " edge " + std::to_string(i + 1);
    if (a >= tiles || b >= tiles) {
      return bad_input("tile " + std::to_string(std::max(a, b)) + " does not exist", at,
                       "tiles are numbered 0 to " + std::to_string(tiles - 1));
    }
    if (a == b) {
      return bad_input("tile " + std::to_string(a) + " is its own partner", at, "name two different tiles");
    }
  }
  return {};
}

std::uint32_t root(std::vector<std::uint32_t>& parent, std::uint32_t tile) {
  while (parent[tile] != tile) {
    parent[tile] = parent[parent[tile]];
    tile = parent[tile];
  }
  return tile;
}

}  // namespace

Result<Topology> Topology::torus(std::uint32_t width, std::uint32_t height, std::string where) {
  if (width == 0 || height == 0) return size_error("a torus with a side of 0", std::move(where));
  if (std::uint64_t{width} * height > most_tiles) {
    return size_error(std::to_string(width) + " x " + std::to_string(height) + " tiles are too many", std::move(where));
  }
  Topology t;
  t.width_ = width;
  t.height_ = height;
  t.tiles_ = width * height;
  t.row_matchings_ = side_matchings(width);
  t.near_colors_ = t.row_matchings_ + side_matchings(height);

  const std::uint32_t along_row = std::min(width - 1, 2U);
  const std::uint32_t along_column = std::min(height - 1, 2U);
  t.near_first_.resize(std::size_t{t.tiles_} + 1);
  t.near_.reserve(std::size_t{t.tiles_} * (along_row + along_column));
  for (std::uint32_t y = 0; y < height; ++y) {
    const std::uint32_t up = (y + height - 1) % height, down = (y + 1) % height;
    for (std::uint32_t x = 0; x < width; ++x) {
      // West, east, north, south: the order in which the released unit asks its neighbours.
      if (along_row == 2) t.near_.push_back(y * width + (x + width - 1) % width);
      if (along_row >= 1) t.near_.push_back(y * width + (x + 1) % width);
      if (along_column == 2) t.near_.push_back(up * width + x);
      if (along_column >= 1) t.near_.push_back(down * width + x);
      t.near_first_[y * width + x + 1] = static_cast<std::uint32_t>(t.near_.size());
    }
  }

  if (t.tiles_ <= small_torus) {
    std::vector<Edge> far;
    for (std::uint32_t hops = 2; hops <= width / 2 + height / 2; ++hops) {
      for (Tile a = 0; a < t.tiles_; ++a) {
        for (Tile b = a + 1; b < t.tiles_; ++b) {
          if (t.hops(a, b) == hops) far.push_back({a, b});
        }
      }
    }
    t.take_far(far);
    return t;
  }
  const auto columns = far_distances(width), rows = far_distances(height);
  for (std::size_t i = 0; i < std::max(columns.size(), rows.size()); ++i) {
    for (const bool row : {true, false}) {
      const auto& distances = row ? columns : rows;
      if (i >= distances.size()) continue;
      const auto d = static_cast<std::int32_t>(distances[i]);
      const bool opposite = 2 * distances[i] == (row ? width : height);  // both ways lead to one tile
      for (const std::int32_t offset : {d, -d}) {
        if (opposite && offset < 0) continue;
        t.far_dx_.push_back(row ? offset : 0);
        t.far_dy_.push_back(row ? 0 : offset);
      }
    }
  }
  for (std::size_t i = std::max(columns.size(), rows.size()); i-- > 0;) {
    for (const bool row : {true, false}) {
      const auto& distances = row ? columns : rows;
      if (i >= distances.size()) continue;
      const std::uint32_t d = distances[i], side = row ? width : height;
      t.far_strides_.push_back({row, d, 0, side - d});
      // Where one block fills the side, shifted pairs are the same again.
      if (2 * d != side) t.far_strides_.push_back({row, d, d, side - d});
    }
  }
  t.far_colors_ = static_cast<std::uint32_t>(t.far_strides_.size());
  return t;
}

Result<Topology> Topology::graph(std::uint32_t tiles, std::span<const Edge> near, std::span<const Edge> far,
                                 std::string where) {
  if (tiles == 0 || tiles > most_tiles) {
    return size_error("a graph of " + std::to_string(tiles) + " tiles", std::move(where));
  }
  if (auto ok = check_edges(tiles, near, "near", where); !ok) return ok.error();
  if (auto ok = check_edges(tiles, far, "far", where); !ok) return ok.error();

  std::vector<Edge> all;
  all.reserve(near.size() + far.size());
  std::vector<std::uint32_t> parent(tiles);
  std::iota(parent.begin(), parent.end(), 0U);
  for (const auto edges : {near, far}) {
    for (const Edge& edge : edges) {
      all.push_back(std::minmax(edge.first, edge.second));
      parent[root(parent, edge.first)] = root(parent, edge.second);
    }
  }
  std::sort(all.begin(), all.end());
  if (const auto twice = std::adjacent_find(all.begin(), all.end()); twice != all.end()) {
    return bad_input(
        "tiles " + std::to_string(twice->first) + " and " + std::to_string(twice->second) + " are made partners twice",
        std::move(where), "give each pair once, as near or as far partners");
  }
  for (Tile tile = 1; tile < tiles; ++tile) {
    if (root(parent, tile) != root(parent, 0)) {
      return bad_input(
          "the topology is not connected: no chain of partners leads from tile 0 to tile " + std::to_string(tile),
          std::move(where), "add a near or far edge between the two parts; coins could never cross");
    }
  }

  Topology t;
  t.tiles_ = tiles;
  Adjacency close = adjacency(tiles, near);
  t.near_first_ = std::move(close.first);
  t.near_ = std::move(close.partner);
  t.near_color_ = std::move(close.color);
  t.near_colors_ = close.colors;
  t.take_far(far);
  return t;
}

Result<Topology> Topology::parse(std::string_view text, std::string where) {
  const auto bad = [&] { return bad_input("not a topology: " + shown(text), where, forms_hint); };
  const auto side = [&](std::string_view digits) -> std::optional<std::uint32_t> {
    const auto number = parse_integer(digits);
    if (!number || *number < 0) return std::nullopt;
    return static_cast<std::uint32_t>(std::min<std::int64_t>(*number, std::int64_t{most_tiles} + 1));
  };
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return bad();
  const std::string_view kind = text.substr(0, colon), size = text.substr(colon + 1);
  if (kind == "ring") {
    const auto count = side(size);
    if (!count) return bad();
    return torus(*count, 1, std::move(where));
  }
  const auto cross = size.find('x');
  if (kind != "torus" || cross == std::string_view::npos) return bad();
  const auto width = side(size.substr(0, cross)), height = side(size.substr(cross + 1));
  if (!width || !height) return bad();
  return torus(*width, *height, std::move(where));
}

std::span<const Tile> Topology::near(Tile tile) const {
  return {near_.data() + near_first_[tile], near_first_[tile + 1] - near_first_[tile]};
}

void Topology::take_far(std::span<const Edge> edges) {
  Adjacency distant = adjacency(tiles_, edges);
  far_first_ = std::move(distant.first);
  far_ = std::move(distant.partner);
  far_color_ = std::move(distant.color);
  far_colors_ = distant.colors;
}

std::uint32_t Topology::far_count(Tile tile) const {
  if (far_first_.empty()) return static_cast<std::uint32_t>(far_dx_.size());
  return far_first_[tile + 1] - far_first_[tile];
}

Tile Topology::far(Tile tile, std::uint32_t index) const {
  if (!far_first_.empty()) return far_[far_first_[tile] + index];
  const std::uint32_t x = wrapped(std::int64_t{tile % width_} + far_dx_[index], width_);
  const std::uint32_t y = wrapped(std::int64_t{tile / width_} + far_dy_[index], height_);
  return y * width_ + x;
}

std::optional<std::uint32_t> Topology::link(Tile tile, Tile partner) const {
  const auto close = near(tile);
  if (const auto found = std::find(close.begin(), close.end(), partner); found != close.end()) {
    return static_cast<std::uint32_t>(found - close.begin());
  }
  for (std::uint32_t i = 0; i < far_count(tile); ++i) {
    if (far(tile, i) == partner) return static_cast<std::uint32_t>(close.size()) + i;
  }
  return std::nullopt;
}

std::uint32_t Topology::hops(Tile from, Tile to) const {
  if (width_ != 0) {
    return ring_distance(from % width_, to % width_, width_) + ring_distance(from / width_, to / width_, height_);
  }
  std::vector<std::uint32_t> distance(tiles_, no_color);
  std::deque<Tile> queue = {from};
  distance[from] = 0;
  while (!queue.empty() && distance[to] == no_color) {
    const Tile tile = queue.front();
    queue.pop_front();
    for (const Tile partner : near(tile)) {
      if (distance[partner] != no_color) continue;
      distance[partner] = distance[tile] + 1;
      queue.push_back(partner);
    }
  }
  // Parts joined by far edges alone: as far as can be.
  return distance[to] == no_color ? tiles_ : distance[to];
}

std::uint32_t Topology::near_matchings() const { return near_colors_; }
std::uint32_t Topology::far_matchings() const { return far_colors_; }

Topology::Stride Topology::near_stride(std::uint32_t matching) const {
  const bool row = matching < row_matchings_;
  const std::uint32_t index = row ? matching : matching - row_matchings_, side = row ? width_ : height_;
  // The third, of an odd side, is the edge between its last two: it is first when shifted by two.
  return {row, 1, index, index < 2 ? side - 1 : 1};
}

Topology::Stride Topology::far_stride(std::uint32_t matching) const { return far_strides_[matching]; }

std::optional<Tile> Topology::stride_partner(const Stride& stride, Tile tile) const {
  const std::uint32_t x = tile % width_, y = tile / width_;
  const std::uint32_t side = stride.along_rows ? width_ : height_;
  const std::uint32_t position = ((stride.along_rows ? x : y) + stride.shift) % side;
  const bool lower = position / stride.distance % 2 == 0;
  const std::uint32_t low = lower ? position : position - stride.distance;
  if (low >= stride.last) return std::nullopt;
  const std::uint32_t partner = (lower ? position + stride.distance : low) + side - stride.shift;
  return stride.along_rows ? y * width_ + partner % side : partner % side * width_ + x;
}

std::optional<Tile> Topology::near_partner(std::uint32_t matching, Tile tile) const {
  if (width_ != 0) return stride_partner(near_stride(matching), tile);
  for (std::uint32_t i = near_first_[tile]; i < near_first_[tile + 1]; ++i) {
    if (near_color_[i] == matching) return near_[i];
  }
  return std::nullopt;
}

std::optional<Tile> Topology::far_partner(std::uint32_t matching, Tile tile) const {
  if (far_first_.empty()) return stride_partner(far_strides_[matching], tile);
  for (std::uint32_t i = far_first_[tile]; i < far_first_[tile + 1]; ++i) {
    if (far_color_[i] == matching) return far_[i];
  }
  return std::nullopt;
}

}  // namespace cradle::power
