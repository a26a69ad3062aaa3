#include "cradle/soc/esp_config.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

#include "esp_examples.h"

namespace cradle::soc {
namespace {

EspConfig parsed(std::string_view text) {
  auto config = parse_esp_config(text, "d");
  EXPECT_TRUE(config) << to_string(config.error());
  return config ? std::move(*config) : EspConfig{};
}

/// `text` with the first `from` replaced.
std::string with(std::string_view text, std::string_view from, std::string_view to) {
  std::string changed(text);
  const auto at = changed.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return changed.replace(at, from.size(), to);
}

TEST(EspConfig, EveryFieldOfThe3x3) {
  const EspConfig config = parsed(esp_3x3);
  EXPECT_EQ(config.rows, 3u);
  EXPECT_EQ(config.columns, 3u);
  EXPECT_EQ(config.cpu_arch, "ariane");
  EXPECT_EQ(config.coherence_width, 64u);
  EXPECT_EQ(config.dma_width, 64u);
  EXPECT_TRUE(config.caches);
  EXPECT_EQ(config.cpu_l2->sets, 512u);
  EXPECT_EQ(config.cpu_l2->ways, 4u);
  EXPECT_EQ(config.llc->sets, 1024u);
  EXPECT_EQ(config.llc->ways, 16u);
  EXPECT_EQ(config.accelerator_l2->sets, 256u);
  EXPECT_EQ(config.line_bits, 128u);
  EXPECT_EQ(config.scratchpad_kib, 256u);
  EXPECT_EQ(config.clock, "2");
  EXPECT_TRUE(config.has_dvfs);
  EXPECT_EQ(config.monitors, (std::vector<std::string>{"DDR", "DVFS"}));
  EXPECT_EQ(config.settings.size(), 20u);
  EXPECT_EQ(config.unknown_keys, (std::vector<std::string>{"CONFIG_CACHE_RTL", "CONFIG_JTAG_EN", "CONFIG_ETH_EN"}));
  ASSERT_EQ(config.tiles.size(), 9u);
  const EspTile& nvdla = config.at(0, 2);
  EXPECT_EQ(nvdla.ip, "NV_NVDLA");
  EXPECT_EQ(nvdla.point, "");
  EXPECT_FALSE(nvdla.has_l2);
  EXPECT_EQ(nvdla.has_tdvfs, true);
  EXPECT_EQ(nvdla.vendor, "nvidia");
  EXPECT_EQ(record(nvdla), "2 acc NV_NVDLA  0 1 nvidia");
  const EspTile& fft = config.at(1, 0);
  EXPECT_EQ(fft.id, 3u);
  EXPECT_EQ(fft.point, "basic_fx32_dma64");
  EXPECT_EQ(fft.vendor, "sld");
  EXPECT_EQ(fft.line, 26u);
  EXPECT_EQ(config.at(0, 1).kind, TileKind::misc);
  EXPECT_EQ(config.at(0, 1).ip, "IO");
}

TEST(EspConfig, WrittenBackByteForByte) {
  for (const std::string_view text : {esp_3x3, esp_4x4, esp_older}) {
    const EspConfig config = parsed(text);
    EXPECT_EQ(to_text(config), text);
    // Lines of tiles come from the fields, not from a copy of the line.
    std::size_t tiles = 0;
    for (const auto& line : config.lines) tiles += line.tile.has_value();
    EXPECT_EQ(tiles, config.tiles.size());
  }
}

TEST(EspConfig, AChangedTileIsWrittenAndNothingElse) {
  EspConfig config = parsed(esp_3x3);
  config.tiles[2].has_tdvfs = false;
  EXPECT_EQ(to_text(config), with(esp_3x3, "NV_NVDLA  0 1 nvidia", "NV_NVDLA  0 0 nvidia"));
}

TEST(EspConfig, OlderBranches) {
  const EspConfig config = parsed(esp_older);
  const EspTile& adder = config.at(1, 0);
  EXPECT_EQ(adder.clock, (std::vector<std::string>{"1", "1", "0"}));
  EXPECT_EQ(adder.point, "dma64_w32");
  EXPECT_TRUE(adder.has_l2);
  EXPECT_FALSE(adder.has_tdvfs.has_value());
  EXPECT_EQ(config.at(1, 1).kind, TileKind::scratchpad);
  EXPECT_EQ(config.at(0, 0).clock.size(), 3u);
  ASSERT_EQ(config.powers.size(), 2u);
  EXPECT_EQ(config.powers[1].numbers[1], 0.5);
  EXPECT_EQ(config.powers[1].numbers[11], 1e-3);
  EXPECT_EQ(config.powers[0].row, 1u);
  // Clock fields together with tokens.
  const std::string both = with(esp_older, "1 1 0 dma64_w32 1 sld", "1 1 0 dma64_w32 0 1 sld");
  EXPECT_EQ(parsed(both).at(1, 0).has_tdvfs, true);
  EXPECT_EQ(to_text(parsed(both)), both);
  const std::string empty_point = with(esp_older, "1 1 0 dma64_w32 1 sld", "1 1 0  0 1 nvidia");
  EXPECT_EQ(parsed(empty_point).at(1, 0).point, "");
  EXPECT_EQ(parsed(empty_point).at(1, 0).has_tdvfs, true);
}

TEST(EspConfig, OtherSpellingsAreKept) {
  for (const auto& [from, to] : {std::pair{"TILE_0_0 = 0 cpu cpu", "TILE_0_0=0 cpu cpu"},
                                 {"TILE_0_0 = 0 cpu cpu", "TILE_0_0 = 00 cpu cpu "},
                                 {"TILE_1_1 = 4 mem mem", "  TILE_1_1 =  4 mem mem"},
                                 {"CONFIG_CLK_STR = 2", "CONFIG_CLK_STR   =\t2 "}}) {
    const std::string text = with(esp_3x3, from, to);
    const auto config = parse_esp_config(text, "d");
    if (std::string_view(to).find("=  4") != std::string_view::npos) {
      EXPECT_FALSE(config);  // a second blank is an empty field, here the id
      continue;
    }
    ASSERT_TRUE(config) << to << to_string(config.error());
    EXPECT_EQ(to_text(*config), text);
    EXPECT_EQ(config->clock, "2");
  }
}

struct Wrong {
  const char *from, *to, *message, *where;
};

TEST(EspConfig, WhatCannotBeHasItsLine) {
  const Wrong cases[] = {
      {"TILE_0_2 = 2 acc NV_NVDLA  0 1 nvidia", "TILE_0_2 = 2 acc NV_NVDLA 0 1 nvidia", "point is missing", "d:25"},
      {"TILE_1_1 = 4 mem mem", "TILE_1_1 = 4 mem", "a tile has 2 fields", "d:27"},
      {"basic_fx32_dma64 0 1 sld", "basic_fx32_dma64 0 1 0 sld", "the acc tile has 5 fields", "d:26"},
      {"basic_fx32_dma64 0 1 sld", "basic_fx32_dma64 0 2 sld",
       "'2' is neither 0 nor 1, where the acc tile has has_tdvfs", "d:26"},
      {"basic_fx32_dma64 0 1 sld", "basic_fx32_dma64 y 1 sld", "'y' is neither 0 nor 1, where the acc tile has has_l2",
       "d:26"},
      {"basic_fx32_dma64 0 1 sld", "basic_fx32_dma64 sld", "the acc tile has 2 fields", "d:26"},
      {"basic_fx32_dma64 0 1 sld", "basic_fx32_dma64 0 1", "vendor is missing", "d:26"},
      {"basic_fx32_dma64 0 1 sld", "a b c basic_fx32_dma64 0 1 sld", "the acc tile has 7 fields", "d:26"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_1 = 1 misc IO x", "not understood", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_1 = 1 misc ", "no ip", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_1 = 1 mics IO", "no kind of tile 'mics'", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_1 = one misc IO", "'one' is no tile id", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_1 = 9 misc IO", "tile id 9 is beyond the grid of 3 x 3", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_1 = 60000 misc IO", "tile id 60000 is beyond the grid of 3 x 3", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_1 = 0 misc IO", "tile id 0 was given in line 23", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_0 = 1 misc IO", "was given in line 23", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_3 = 1 misc IO", "outside of the grid of 3 x 3", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_99999999999 = 1 misc IO", "outside of the grid", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_-1 = 1 misc IO", "no tile 'TILE_0_-1'", "d:24"},
      {"TILE_0_1 = 1 misc IO", "", "TILE_0_1 is missing", "d"},
      {"CONFIG_NOC_ROWS = 3", "CONFIG_NOC_ROWS = 4", "TILE_3_0 is missing", "d"},
      {"CONFIG_NOC_ROWS = 3", "CONFIG_NOC_ROWS = 2", "outside of the grid of 2 x 3", "d:29"},
      {"CONFIG_NOC_ROWS = 3", "CONFIG_NOC_ROWS = 1000000000", "CONFIG_NOC_ROWS is '1000000000'", "d:3"},
      {"CONFIG_NOC_ROWS = 3", "CONFIG_NOC_ROWS = 100", "100 x 3 tiles", "d"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_1 = 1\tmisc IO", "a tab in a tile", "d:24"},
      {"TILE_0_1 = 1 misc IO", "TILE_0_1 = 1  misc IO", "the tile has no kind", "d:24"},
      {"NCPU_TILE = 1", "NCPU_TILE = 17", "NCPU_TILE is '17'", "d:2"},
      {"512 4 1024 16", "0 0 0 0", "a cache of no size", "d:9"},
      {"512 4 1024 16", "512 4 1024 0", "a cache of no size", "d:9"},
      {"CONFIG_NOC_ROWS = 3", "CONFIG_NOC_ROWS = 3.0", "CONFIG_NOC_ROWS is '3.0'", "d:3"},
      {"CONFIG_NOC_ROWS = 3", "CONFIG_NOC_ROWS = nan", "CONFIG_NOC_ROWS is 'nan'", "d:3"},
      {"CONFIG_NOC_ROWS = 3\n", "", "no CONFIG_NOC_ROWS", "d"},
      {"#CONFIG_JTAG_EN is not set", "#CONFIG_NOC_COLS is not set", "was given in line 4", "d:13"},
      {"NCPU_TILE = 1", "NCPU_TILE = 2", "NCPU_TILE is 2, but there are 1 cpu tiles", "d:2"},
      {"NCPU_TILE = 1\n", "", "no NCPU_TILE", "d"},
      {"CPU_ARCH = ariane", "CPU_ARCH = arian", "no processor 'arian'", "d:1"},
      {"CPU_ARCH = ariane",
       "\xef\xbb\xbf"
       "CPU_ARCH = ariane",
       "a byte order mark", "d:1"},
      {"512 4 1024 16", "512 4 1024", "has 3 numbers", "d:9"},
      {"512 4 1024 16", "512 4 -1 16", "CONFIG_CPU_CACHES is '-1'", "d:9"},
      {"512 4 1024 16", "512 4  1024 16", "CONFIG_CPU_CACHES has two blanks in a row", "d:9"},
      {"CONFIG_CACHE_EN = y", "CONFIG_CACHE_EN = perhaps", "CONFIG_CACHE_EN is 'perhaps'", "d:7"},
      {"CONFIG_CLK_STR = 2", "CONFIG_CLK_STR 2", "neither a setting nor a comment", "d:15"},
      {"CONFIG_CLK_STR = 2", "= 2", "a value without a key", "d:15"},
      {"CONFIG_CLK_STR = 2", "CONFIG_CLK_STR = \xff", "no UTF-8", "d"},
      {"# tiles", "POWER_0_0 = cpu 1 2 3", "the power record has 4 fields", "d:22"},
      {"# tiles", "POWER_0_0 = cpu 1 2 3 4 5 6 7 8 9 10 11 x", "'x' is no number", "d:22"},
      {"# tiles", "POWER_1_0 = VITDODEC_STRATUS 1 2 3 4 5 6 7 8 9 10 11 12",
       "of 'VITDODEC_STRATUS', the tile in line 26 of 'FFT2_STRATUS'", "d:22"},
      {"# tiles", "POWER_0_9 = cpu 1 2 3 4 5 6 7 8 9 10 11 12", "outside of the grid", "d:22"}};
  for (const Wrong& wrong : cases) {
    const auto config = parse_esp_config(with(esp_3x3, wrong.from, wrong.to), "d");
    ASSERT_FALSE(config) << wrong.to;
    EXPECT_NE(config.error().message.find(wrong.message), std::string::npos)
        << wrong.to << ": " << to_string(config.error());
    EXPECT_EQ(config.error().where, wrong.where) << to_string(config.error());
    EXPECT_FALSE(config.error().hint.empty());
  }
  EXPECT_FALSE(parse_esp_config("", "d"));
  EXPECT_FALSE(parse_esp_config(std::string_view("\0", 1), "d"));
}

/// A grid of any tiles in the form that ESP writes.
rc::Gen<std::string> any_config() {
  return rc::gen::exec([] {
    const int rows = *rc::gen::inRange(1, 7), columns = *rc::gen::inRange(1, 7);
    std::string text =
        "CONFIG_NOC_ROWS = " + std::to_string(rows) + "\nCONFIG_NOC_COLS = " + std::to_string(columns) + "\n";
    int id = 0, cpus = 0;
    for (int row = 0; row < rows; ++row)
      for (int column = 0; column < columns; ++column) {
        text += "TILE_" + std::to_string(row) + "_" + std::to_string(column) + " = " + std::to_string(id++) + " ";
        const std::string clock = *rc::gen::element<std::string>("", " 0 1 0");
        const auto kind = *rc::gen::element<std::string>("cpu", "mem", "slm", "misc", "empty", "acc");
        cpus += kind == "cpu" ? 1 : 0;
        if (kind == "acc") {
          text += "acc " + *rc::gen::element<std::string>("FFT2_STRATUS", "NV_NVDLA", "SORT_STRATUS") + clock + " " +
                  *rc::gen::element<std::string>("", "basic_fx32_dma64", "dma32") +
                  *rc::gen::element<std::string>(" 0", " 1") +
                  *rc::gen::element<std::string>(" sld", " 0 nvidia", " 1 sld", " 1 ");
        } else {
          text += kind + " " + (kind == "misc" ? "IO" : kind) + clock;
        }
        text += *rc::gen::element<std::string>("\n", "\n", "\r\n", "\n\n", "\n# a comment\n");
      }
    return "NCPU_TILE = " + std::to_string(cpus) + "\n" + text;
  });
}

RC_GTEST_PROP(EspConfig, AnyGridComesBack, ()) {
  const std::string text = *any_config();
  const auto config = parse_esp_config(text, "d");
  RC_ASSERT(config.has_value());
  RC_ASSERT(to_text(*config) == text);
  RC_ASSERT(config->tiles.size() == std::size_t{config->rows} * config->columns);
  for (const EspTile& tile : config->tiles) RC_ASSERT(&config->at(tile.row, tile.column) == &tile);
}

RC_GTEST_PROP(EspConfig, DamageIsRefusedOrKept, ()) {
  std::string text(esp_3x3);
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  text[at] = static_cast<char>(*rc::gen::inRange(0, 256));
  const auto config = parse_esp_config(text, "d");
  if (config) {
    RC_ASSERT(to_text(*config) == text);
  } else {
    RC_ASSERT(!config.error().hint.empty());
  }
}

TEST(EspConfig, TruncatedAnywhere) {
  for (std::size_t size = 0; size < esp_3x3.size(); ++size) {
    const auto config = parse_esp_config(esp_3x3.substr(0, size), "d");
    // The last field is a name, which may end early, down to nothing behind its blank; and so may the line end.
    if (config) {
      EXPECT_GE(size, esp_3x3.size() - std::string_view("sld\n").size());
      EXPECT_EQ(to_text(*config), esp_3x3.substr(0, size));
    } else {
      EXPECT_FALSE(config.error().hint.empty());
    }
  }
}

/// Each field of each line, whatever parts them, left out and given twice: refused with a hint, or kept as it is.
TEST(EspConfig, EachFieldDeletedAndDoubled) {
  std::size_t refused = 0, kept = 0;
  for (const std::string_view text : {esp_3x3, esp_4x4, esp_older})
    for (std::size_t from = 0; from < text.size(); ++from) {
      const std::size_t end = std::min(text.find_first_of(" _=\r\n", from), text.size());
      if (end == from) continue;
      const std::string before(text.substr(0, from)), field(text.substr(from, end - from)), after(text.substr(end));
      for (const std::string& changed : {before + after, before + after.substr(after.empty() ? 0 : 1),
                                         before + field + field + after, before + field + " " + field + after}) {
        const auto config = parse_esp_config(changed, "d");
        if (config) {
          ++kept;
          EXPECT_EQ(to_text(*config), changed);
        } else {
          ++refused;
          EXPECT_FALSE(config.error().message.empty());
          EXPECT_FALSE(config.error().hint.empty());
          EXPECT_EQ(config.error().where.substr(0, 1), "d");
        }
      }
      from = end;
    }
  EXPECT_GT(refused, kept);
  EXPECT_GT(kept, 100u) << "names may be any";
}

TEST(EspConfig, TheLargestGrid) {
  const auto grid = [](int rows, int columns) {
    std::string text = "NCPU_TILE = 0\nCONFIG_NOC_ROWS = " + std::to_string(rows) +
                       "\nCONFIG_NOC_COLS = " + std::to_string(columns) + "\n";
    for (int i = 0; i < rows * columns; ++i)
      text += "TILE_" + std::to_string(i / columns) + "_" + std::to_string(i % columns) + " = " + std::to_string(i) +
              " empty empty\n";
    return text;
  };
  EXPECT_EQ(parsed(grid(16, 16)).tiles.size(), 256u);
  const auto larger = parse_esp_config(grid(1, 257), "d");
  ASSERT_FALSE(larger);
  EXPECT_NE(larger.error().hint.find("256"), std::string::npos);
}

}  // namespace
}  // namespace cradle::soc
