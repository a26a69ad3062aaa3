// What ESP's files do not say of tiles: logic, power and coins, by IP or by kind, from TOML or as stated defaults.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/power/scenario.h"
#include "cradle/soc/esp_config.h"

namespace cradle::soc {

/// Of one tile without its socket (router, network interfaces, monitors). What is unset is said by the next table.
struct TileFacts {
  std::optional<carbon::Estimate<double>> kilogates;  ///< thousands of gates of four transistors (NAND2)
  /// Logic alone: the memories that memlist.txt and cache sizes tell are added. In place of kilogates.
  std::optional<carbon::Estimate<carbon::SquareMillimetres>> area;
  std::string node;  ///< fab process in which `area` holds; empty: that of the chip
  std::optional<carbon::Estimate<double>> sram_kilobits;  ///< of 1,024 bits: memories that no file of ESP tells
  std::optional<carbon::Watts> power;                     ///< at full load
  std::optional<power::Coins> max_coins;
  std::string source;
};

/// A figure of all tiles with where it is from.
template <class Q>
struct Sourced {
  carbon::Estimate<Q> estimate;
  std::string source;
};

struct TileTable {
  std::map<std::string, TileFacts, std::less<>> by_ip;
  std::map<TileKind, TileFacts> by_kind;
  Sourced<double> socket_kilogates;
  Sourced<carbon::SquareMillimetres> cell;  ///< of one bit of SRAM at 7 nm; other nodes by the catalogue's sram_area
  Sourced<double> efficiency;               ///< cells over the whole memory, 0 (excluded) .. 1
  Sourced<double> tag_bits;                 ///< of each cache line, beside its data
  Sourced<double> top_share;                ///< area between and around the tiles over that of the tiles
};

/// Socket, cells, efficiency, tags and top, each with its source; nothing by ip or kind.
TileTable default_tile_table();

/// The user's table: [ip.NAME] and [kind.cpu|acc|mem|slm|misc|empty] with kilogates or mm2 (and node), sram_kilobits,
/// power_mw, max_coins, source; [sram] efficiency, tag_bits; [chip] socket_kilogates, top_share. A number may have a
/// range: kilogates_range = [low, high]. bad_input with file and line as TomlReader, and where both kilogates and mm2
/// are given.
Result<TileTable> parse_tile_table(std::string_view text, std::string source);

/// bad_input at `where` if the table tells of an ip that no tile has; the hint names those there are.
Result<void> check_ips(const TileTable& table, const EspConfig& config, const std::string& where);

/// What is taken where the user says nothing, and whether it comes from a publication or is our wide guess.
struct DefaultFacts {
  TileFacts facts;
  bool published_power = false;  ///< coins and power of the released BlitzCoin programs
};
DefaultFacts default_facts(const EspTile& tile, std::string_view cpu_arch);

}  // namespace cradle::soc
