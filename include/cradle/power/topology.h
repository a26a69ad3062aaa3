// Who exchanges coins with whom: near partners in turn, far partners at growing distances, and the matchings of both.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::power {

using Tile = std::uint32_t;
using Edge = std::pair<Tile, Tile>;

/// A connected graph of tiles. Far partners are what makes exchange live: with near ones alone a gradient of one coin
/// from tile to tile stands for ever. A torus of up to 64 tiles has all others as far partners (the released unit: up
/// to 32); a larger one those at 0.382, 0.236, 0.146, ... of its width and height (the golden section), down to 2, both
/// ways: any two tiles are O(log N) exchanges apart as long as those between them ask for coins too. An idle tile
/// passes nothing on.
class Topology {
 public:
  /// Tile of column x and row y is y * width + x. bad_input: a side of 0, more than 2^26 tiles.
  static Result<Topology> torus(std::uint32_t width, std::uint32_t height, std::string where);
  /// Any graph; partners in the order of the edges. bad_input: an edge to itself or to no tile, one given twice; a
  /// graph that is not connected over near and far edges together: the error names one tile of each part.
  static Result<Topology> graph(std::uint32_t tiles, std::span<const Edge> near, std::span<const Edge> far,
                                std::string where);
  /// "torus:WxH" or "ring:N". bad_input with the forms there are.
  static Result<Topology> parse(std::string_view text, std::string where);

  std::uint32_t tiles() const { return tiles_; }
  /// 0 for a graph that is no torus.
  std::uint32_t width() const { return width_; }
  std::uint32_t height() const { return height_; }
  std::span<const Tile> near(Tile tile) const;
  std::uint32_t far_count(Tile tile) const;
  /// Of 0 .. far_count - 1, nearest first.
  Tile far(Tile tile, std::uint32_t index) const;
  /// Position of `partner` among near, then far partners of `tile`: the number of the link.
  std::optional<std::uint32_t> link(Tile tile, Tile partner) const;
  std::uint32_t links(Tile tile) const { return static_cast<std::uint32_t>(near(tile).size()) + far_count(tile); }
  /// Hops from tile to tile on the near edges (torus: Manhattan, wrapped).
  std::uint32_t hops(Tile from, Tile to) const;

  /// Matchings: in each, a tile has at most one partner, and its partner has it. Every near edge, and every far edge of
  /// a graph or a torus of up to 64 tiles, is in exactly one of them. A side of a torus has two near matchings (one
  /// when it is 2 long, a third for the one edge left over when it is odd), rows first. Of a larger torus far ones come
  /// longest first, rows before columns, two for each distance d: pairs d apart in blocks of 2 d, the blocks counted
  /// from column (row) 0 and from d before it. The synchronous engine runs whole matchings; the event engine in lock
  /// step runs the same.
  std::uint32_t near_matchings() const;
  std::uint32_t far_matchings() const;
  std::optional<Tile> near_partner(std::uint32_t matching, Tile tile) const;
  std::optional<Tile> far_partner(std::uint32_t matching, Tile tile) const;
  /// Of a torus: how many of the near matchings run along rows, and what a matching of it pairs.
  std::uint32_t row_matchings() const { return row_matchings_; }
  struct Stride {
    bool along_rows;
    std::uint32_t distance;  ///< partners are this many columns (rows) apart
    std::uint32_t shift;     ///< position p counts as (p + shift) mod side; blocks of 2 x distance start at 0
    std::uint32_t last;      ///< only pairs whose lower shifted position is before this
  };
  Stride near_stride(std::uint32_t matching) const;
  /// Precondition: more than 64 tiles.
  Stride far_stride(std::uint32_t matching) const;
  bool has_far_strides() const { return width_ != 0 && far_first_.empty(); }

 private:
  void take_far(std::span<const Edge> edges);
  std::optional<Tile> stride_partner(const Stride& stride, Tile tile) const;
  std::uint32_t tiles_ = 0, width_ = 0, height_ = 0;
  std::vector<std::uint32_t> near_first_, far_first_;  ///< by tile, one more than tiles; far: empty with strides
  std::vector<Tile> near_, far_;
  std::vector<std::uint32_t> near_color_, far_color_;  ///< by position in near_, far_; empty with strides
  std::uint32_t near_colors_ = 0, far_colors_ = 0;
  std::uint32_t row_matchings_ = 0;
  std::vector<std::int32_t> far_dx_, far_dy_;  ///< with strides: offsets, nearest first
  std::vector<Stride> far_strides_;            ///< by far matching
};

}  // namespace cradle::power
