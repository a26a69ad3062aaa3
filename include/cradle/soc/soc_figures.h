// From a description of a system on chip to areas: bits of memory, logic, tiles, and the die.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/soc/esp_accelerator.h"
#include "cradle/soc/esp_config.h"
#include "cradle/soc/tile_table.h"

namespace cradle::soc {

/// Counts of bits.
struct SramBits {
  carbon::Estimate<double> plm;    ///< private local memories of memlist.txt
  carbon::Estimate<double> l2;     ///< with tags
  carbon::Estimate<double> llc;    ///< with tags; low: the file's size is that of all memory tiles together
  carbon::Estimate<double> slm;    ///< scratchpad
  carbon::Estimate<double> other;  ///< of the tile table

  carbon::Estimate<double> total() const { return plm + l2 + llc + slm + other; }
};

struct TileFigures {
  SramBits bits;
  carbon::Estimate<carbon::SquareMillimetres> sram, logic;  ///< in the chip's node; logic with the socket
  std::string logic_source;
  bool logic_assumed = true;  ///< by default, not by the user's table
  bool plm_known = true;      ///< false: an accelerator without memlist.txt, whose memories only the tile table tells
  bool managed = false;
  power::Coins max_coins = 0;  ///< of a managed tile
  carbon::Watts power;         ///< at full load, in the chip's node
  bool power_assumed = true;
  std::size_t design = 0;  ///< in SocFigures::designs

  carbon::Estimate<carbon::SquareMillimetres> area() const { return sram + logic; }
};

/// Tiles that are alike: one design, however often it is placed.
struct TileDesign {
  std::string name;   ///< the ip of an accelerator, else the kind
  std::string label;  ///< name, and what tells it from others of that name: "FFT2_STRATUS basic_fx32_dma64"
  TileKind kind = TileKind::empty;
  std::size_t tile = 0;    ///< the first of them
  std::size_t placed = 0;  ///< count
};

struct SocFigures {
  const catalog::FabProcess* node = nullptr;
  std::vector<TileFigures> tiles;  ///< as EspConfig::tiles
  std::vector<TileDesign> designs;
  carbon::Estimate<carbon::SquareMillimetres> tile_area;  ///< of all tiles
  carbon::Estimate<carbon::SquareMillimetres> top;        ///< between and around them
  carbon::Estimate<carbon::SquareMillimetres> die() const { return tile_area + top; }
};

/// Count of bits of a cache: sets x ways x (line + tags).
carbon::Estimate<double> cache_bits(const CacheSize& size, std::uint64_t line_bits,
                                    const carbon::Estimate<double>& tag_bits);

/// bits x cell / efficiency, the cell being that of 7 nm times the node's sram_area; low and high are those of all
/// three at their best and at their worst.
carbon::Estimate<carbon::SquareMillimetres> sram_area(const carbon::Estimate<double>& bits, const TileTable& table,
                                                      const catalog::FabProcess& node);

/// Four transistors for each gate over the node's density of logic.
carbon::Estimate<carbon::SquareMillimetres> logic_area(const carbon::Estimate<double>& kilogates,
                                                       const catalog::FabProcess& node);

/// `accelerators` may be empty: then private local memories are not known. bad_input if the table names a process that
/// the catalogue lacks; with the tile's line, if nobody tells how many coins a managed tile may hold, or if that is 0.
Result<SocFigures> measure(const EspConfig& config, std::span<const Accelerator> accelerators, const TileTable& table,
                           const catalog::Catalog& catalog, const catalog::FabProcess& node);

/// "n12", or "12" for it: a fab process of the catalogue. bad_input with the nearest.
Result<const catalog::FabProcess*> find_node(const catalog::Catalog& catalog, std::string_view text, std::string where);

}  // namespace cradle::soc
