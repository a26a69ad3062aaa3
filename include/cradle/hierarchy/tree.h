// A datacenter as a tree: levels from the site down to devices, each with its coin and its rating.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::hierarchy {

/// Power in whole quanta of the lowest level: with a quantum of one watt, watts.
using Quanta = std::int64_t;

/// A level below the site. Every node of the level above has `fan_out` nodes here.
struct Level {
  std::string name;
  std::uint32_t fan_out = 1;
  /// Of siblings at this level: they exchange, and are issued, whole coins of so many quanta. A multiple of the coin of
  /// the level below; what does not fill a coin stays in the parent's escrow.
  Quanta coin = 1;
  /// What the node's own breaker allows, in quanta, floors included; 0: as much as the site has.
  Quanta rating = 0;
};

/// Nodes of a level are numbered so that siblings lie together: children of node n are n * fan_out ...
class Tree {
 public:
  /// Levels from the one below the site to the devices. bad_input: none, a fan-out of 0, more than 2^27 devices, a coin
  /// that is no multiple of the one below.
  static Result<Tree> make(std::vector<Level> levels, std::string where);
  /// "NAME:FAN_OUT[:COIN[:RATING]]" for each level, with commas: "row:10:1000,rack:25:100,server:50:10,device:8".
  static Result<Tree> parse(std::string_view text, std::string where);
  /// The tree of Dynamo (Wu et al., ISCA 2016) by its ratings: site 30 MW, main switch board 2.5 MW, switch board 1.25
  /// MW, reactive power panel 190 kW, rack 12.6 kW. How many of each hang on the one above is our choice: as many as
  /// oversubscribe each rating by some 10 to 30 %. One quantum is one watt.
  static Tree dynamo();
  static constexpr Quanta dynamo_site = 30'000'000;

  /// Levels below the site; level 0 is the site itself, one node.
  std::size_t levels() const { return levels_.size(); }
  /// 1 .. levels()
  const Level& level(std::size_t number) const { return levels_[number - 1]; }
  const char* name(std::size_t number) const { return number == 0 ? "site" : levels_[number - 1].name.c_str(); }
  /// Of level 0 .. levels().
  std::size_t nodes(std::size_t number) const { return nodes_[number]; }
  std::size_t devices() const { return nodes_.back(); }

 private:
  std::vector<Level> levels_;
  std::vector<std::size_t> nodes_;
};

}  // namespace cradle::hierarchy
