// ESP's description of a system on chip (socs/*/esp_defconfig of sld-columbia/esp, Apache-2.0): tiles on a mesh and
// what they hold. Read line by line, nothing is lost: what was read is written back byte for byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::soc {

inline constexpr std::uint32_t most_tiles = 256;  ///< of ESP since 2025.1.0

enum class TileKind : std::uint8_t { cpu, accelerator, memory, scratchpad, misc, empty };
/// ESP's own words: "cpu", "acc", "mem", "slm", "misc", "empty".
std::string_view name(TileKind kind);
Result<TileKind> parse_tile_kind(std::string_view text, std::string where);

/// `TILE_row_column = id kind ip [...]`, its fields parted by single blanks, so that a field may be empty.
struct EspTile {
  std::uint32_t row = 0, column = 0;
  std::uint32_t id = 0;
  TileKind kind = TileKind::empty;
  std::string ip;  ///< of an accelerator its name ("FFT2_STRATUS"); else the kind again, or "IO"
  /// Whole numbers before the fields of an accelerator: clock region, PLL and clock buffer of older branches.
  std::vector<std::string> clock;
  // Of accelerators only.
  std::string point;              ///< of the high-level synthesis; empty for third-party IP
  bool has_l2 = false;            ///< its own cache
  std::optional<bool> has_tdvfs;  ///< power managed by tokens; nothing in files older than that
  std::string vendor;
  std::size_t line = 0;  ///< in the file
  std::string written;   ///< what stands there behind " = ", with blanks that say nothing; empty: of no file
};
/// What stands behind " = " if it is written anew.
std::string record(const EspTile& tile);

/// `POWER_row_column = ip` and 12 numbers: voltage, frequency and energy at four points, in units that ESP does not
/// state.
struct EspPower {
  std::uint32_t row = 0, column = 0;
  std::string ip;
  std::array<double, 12> numbers{};
  std::size_t line = 0;
};

/// Any other `KEY = VALUE`; without a value for `#KEY is not set`.
struct EspSetting {
  std::string key;
  std::optional<std::string> value;
  std::size_t line = 0;
};

struct CacheSize {
  std::uint64_t sets = 0, ways = 0;
};

struct EspConfig {
  std::string source;
  std::uint32_t rows = 0, columns = 0;
  std::string cpu_arch;                                     ///< ariane, leon3 or ibex; empty if not said
  std::optional<std::uint32_t> coherence_width, dma_width;  ///< bits of the networks' links
  bool caches = false;                                      ///< CONFIG_CACHE_EN
  std::optional<CacheSize> cpu_l2, llc, accelerator_l2;
  std::optional<std::uint64_t> line_bits;       ///< CONFIG_CACHE_LINE_SIZE
  std::optional<std::uint64_t> scratchpad_kib;  ///< of each slm tile
  std::string clock;                            ///< CONFIG_CLK_STR
  bool has_dvfs = false;
  std::vector<std::string> monitors;  ///< those that are on: "DDR", "L2", ...
  std::vector<EspTile> tiles;         ///< all of the grid, row by row
  std::vector<EspPower> powers;
  std::vector<EspSetting> settings;       ///< in the order of the file
  std::vector<std::string> unknown_keys;  ///< of settings: kept, and not understood

  /// One line of the file with its end. That of a tile is `text`, record(tile), `end`.
  struct Line {
    std::string text, end;
    std::optional<std::size_t> tile;
  };
  std::vector<Line> lines;

  const EspTile& at(std::uint32_t row, std::uint32_t column) const { return tiles[row * columns + column]; }
};

/// Bits of a cache line where the file has none. The line size of ESP counts bits: 128 are four words of 32.
inline constexpr std::uint64_t default_line_bits = 128;

/// `source` names the text in errors. bad_input with the line: no setting, comment or tile; a key or tile given twice,
/// a tile's id twice or beyond the grid; a wrong number of fields, an unknown kind or processor, a number that is none
/// or out of range, a tab in a tile, a tile outside the grid, a cache of no size where caches are on, more than 16 cpu
/// or mem tiles, NCPU_TILE other than the number of cpu tiles, a power record of another ip than its tile's. bad_input
/// for the whole: no or an empty grid, no NCPU_TILE, more than 256 tiles, tiles that are missing, bytes that are not
/// UTF-8, an empty text.
Result<EspConfig> parse_esp_config(std::string_view text, std::string source);

/// The file again; byte for byte what was parsed, where no tile was changed.
std::string to_text(const EspConfig& config);

}  // namespace cradle::soc
