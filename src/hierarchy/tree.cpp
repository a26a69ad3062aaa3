#include "cradle/hierarchy/tree.h"

#include <utility>

#include "cradle/base/text.h"

namespace cradle::hierarchy {

Result<Tree> Tree::make(std::vector<Level> levels, std::string where) {
  constexpr std::size_t most_devices = std::size_t{1} << 27;
  if (levels.empty())
    return bad_input("a tree without levels", std::move(where),
                     "name them from the site down: row:10,rack:25,device:8");
  Tree tree;
  tree.nodes_.push_back(1);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const Level& level = levels[i];
    if (level.fan_out == 0)
      return bad_input("level '" + level.name + "' has no nodes", std::move(where), "give it a fan-out of 1 or more");
    if (level.coin < 1 || level.rating < 0)
      return bad_input("level '" + level.name + "' has a coin below 1 or a negative rating", std::move(where),
                       "a coin is a whole number of the lowest level's quanta, 1 or more");
    if (i > 0 && levels[i - 1].coin % level.coin != 0)
      return bad_input("a coin of level '" + levels[i - 1].name + "' (" + std::to_string(levels[i - 1].coin) +
                           ") is no whole number of coins of '" + level.name + "' (" + std::to_string(level.coin) + ")",
                       std::move(where), "make each level's coin a multiple of the next one's");
    if (tree.nodes_.back() > most_devices / level.fan_out)
      return bad_input("more than " + std::to_string(most_devices) + " nodes at level '" + level.name + "'",
                       std::move(where), "divide the site");
    tree.nodes_.push_back(tree.nodes_.back() * level.fan_out);
  }
  tree.levels_ = std::move(levels);
  return tree;
}

Result<Tree> Tree::parse(std::string_view text, std::string where) {
  if (text == "dynamo") return dynamo();
  std::vector<Level> levels;
  for (const auto part : split(text, ',')) {
    const auto fields = split(part, ':');
    const bool shaped = fields.size() >= 2 && fields.size() <= 4 && !fields[0].empty();
    const auto number = [&](std::size_t i, std::int64_t otherwise) {
      return shaped && i < fields.size() ? parse_integer(fields[i]) : std::optional(otherwise);
    };
    const auto fan_out = number(1, -1), coin = number(2, 1), rating = number(3, 0);
    constexpr std::int64_t widest = 1'000'000;
    if (!fan_out || *fan_out < 0 || *fan_out > widest || !coin || !rating)
      return bad_input("'" + std::string(part) + "' is no level", std::move(where),
                       "write NAME:FAN_OUT[:COIN[:RATING]], e.g. row:10:1000,rack:25:100,server:50:10,device:8");
    levels.push_back({std::string(fields[0]), static_cast<std::uint32_t>(*fan_out), *coin, *rating});
  }
  return make(std::move(levels), std::move(where));
}

Tree Tree::dynamo() {
  // 14 main boards of 2.5 MW on 30 MW (1.17), two switch boards of 1.25 MW on each (1.0), 8 panels of 190 kW on a board
  // (1.22), 18 racks of 12.6 kW on a panel (1.19); a rack holds 30 servers.
  std::vector<Level> levels{{"msb", 14, 1000, 2'500'000},
                            {"sb", 2, 1000, 1'250'000},
                            {"rpp", 8, 100, 190'000},
                            {"rack", 18, 100, 12'600},
                            {"server", 30, 1, 0}};
  auto tree = make(std::move(levels), "dynamo");
  return std::move(tree).value();
}

}  // namespace cradle::hierarchy
