#include "cradle/soc/soc_figures.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "esp_examples.h"

namespace cradle::soc {
namespace {

using carbon::Estimate;

const catalog::Catalog& records() {
  static const auto loaded = catalog::Catalog::load();
  return loaded.value();
}
const catalog::FabProcess& node(const char* id) { return *records().process(id); }

EspConfig parsed(std::string_view text) {
  auto config = parse_esp_config(text, "d");
  EXPECT_TRUE(config);
  return config ? std::move(*config) : EspConfig{};
}

SocFigures measured(const EspConfig& config, const TileTable& table, const char* id,
                    std::span<const Accelerator> accelerators = {}) {
  auto figures = measure(config, accelerators, table, records(), node(id));
  EXPECT_TRUE(figures) << to_string(figures.error());
  return figures ? std::move(*figures) : SocFigures{};
}

template <class Q>
bool ordered(const Estimate<Q>& x) {
  return x.low <= x.value && x.value <= x.high;
}

std::vector<Accelerator> accelerators() {
  std::vector<Accelerator> list(1);
  list[0].flow = "stratus_hls";
  list[0].folder = "fft2_stratus";
  list[0].memories = parse_memory_list("in_dma64 2048 32 1w:0r 0w:2r\nin_dma32 9 9\nout 1024 32 1w:1r\n", "m").value();
  return list;
}

TEST(SocFigures, BitsOfTheFiles) {
  const SocFigures figures = measured(parsed(esp_3x3), default_tile_table(), "n12", accelerators());
  // Tags of 12 .. 28 .. 60 bits beside each line of 128.
  const TileFigures& cpu = figures.tiles[0];
  EXPECT_EQ(cpu.bits.l2, (Estimate<double>{512 * 4 * 156, 512 * 4 * 140, 512 * 4 * 188}));
  const TileFigures& memory = figures.tiles[4];
  EXPECT_EQ(memory.bits.llc.value, 1024 * 16 * 156);
  EXPECT_EQ(memory.bits.llc.low, 1024 * 16 * 140);
  const TileFigures& fft = figures.tiles[3];
  EXPECT_TRUE(fft.plm_known);
  EXPECT_EQ(fft.bits.plm, (Estimate<double>{98304, 98304, 163840}));
  EXPECT_EQ(fft.bits.l2.value, 0);
  const TileFigures& nvdla = figures.tiles[2];
  EXPECT_FALSE(nvdla.plm_known);
  EXPECT_EQ(nvdla.bits.other.value, 1024 * 1024);
  EXPECT_FALSE(figures.tiles[5].plm_known);
  EXPECT_EQ(figures.tiles[5].bits.total().value, 0);
}

TEST(SocFigures, CachesOfAcceleratorsScratchpadsAndSeveralMemoryTiles) {
  const std::string_view text =
      "NCPU_TILE = 0\nCONFIG_NOC_ROWS = 2\nCONFIG_NOC_COLS = 2\nCONFIG_CACHE_EN = y\nCONFIG_CPU_CACHES = 64 4 128 8\n"
      "CONFIG_ACC_CACHES = 32 2\nCONFIG_SLM_KBYTES = 3\nTILE_0_0 = 0 acc A_RTL p 1 0 v\nTILE_0_1 = 1 mem mem\n"
      "TILE_1_0 = 2 mem mem\nTILE_1_1 = 3 slm slm\n";
  const SocFigures figures = measured(parsed(text), default_tile_table(), "n7");
  EXPECT_EQ(figures.tiles[0].bits.l2.value, 32 * 2 * 156);
  EXPECT_EQ(figures.tiles[1].bits.llc.value, 128 * 8 * 156);
  EXPECT_EQ(figures.tiles[1].bits.llc.low, 128 * 8 * 140 / 2.0);
  EXPECT_EQ(figures.tiles[3].bits.slm, Estimate<double>::exact(3 * 8192));
  // Without CONFIG_CACHE_EN there are no caches.
  std::string off(text);
  off.replace(off.find("CONFIG_CACHE_EN = y"), 19, "#CONFIG_CACHE_EN is not set");
  const SocFigures plain = measured(parsed(off), default_tile_table(), "n7");
  EXPECT_EQ(plain.tiles[0].bits.total().value, 0);
  EXPECT_EQ(plain.tiles[1].bits.total().value, 0);
}

TEST(SocFigures, AreaOfBitsByHand) {
  // 2^20 bits of 0.027 um2 at 60 % in 7 nm, where the catalogue's ratio is 1: 0.0472 mm2; high: at 30 %.
  const auto area = sram_area(Estimate<double>::exact(1 << 20), default_tile_table(), node("n7"));
  EXPECT_NEAR(area.value.value(), 0.0471859, 1e-6);
  EXPECT_NEAR(area.high.value(), 0.0943718, 1e-6);
  EXPECT_NEAR(area.low.value(), 0.0367682, 1e-6);
  // A million gates of four transistors at 82.86 million for each mm2.
  EXPECT_NEAR(logic_area(Estimate<double>::exact(1000), node("n7")).value.value(), 4.0 / 82.86, 1e-9);
}

TEST(SocFigures, DesignsAreCountedOnce) {
  // 6 distinct of 9, and 6 of 16.
  const SocFigures small = measured(parsed(esp_3x3), default_tile_table(), "n12");
  ASSERT_EQ(small.designs.size(), 6u);
  EXPECT_EQ(small.designs[3].name, "FFT2_STRATUS");
  EXPECT_EQ(small.designs[3].placed, 3u);
  const SocFigures large = measured(parsed(esp_4x4), default_tile_table(), "n12");
  ASSERT_EQ(large.designs.size(), 6u);
  std::size_t placed = 0;
  for (const TileDesign& design : large.designs) placed += design.placed;
  EXPECT_EQ(placed, 16u);
}

TEST(SocFigures, CoinsOfTheReleasedPrograms) {
  // Max coins of the released 3x3: 63, 10, 36, 10, 36, 10; of the 4x4: 38 GEMM, 24 NightVision, 48 CONV2D.
  const SocFigures small = measured(parsed(esp_3x3), default_tile_table(), "n12");
  std::vector<power::Coins> coins;
  for (const TileFigures& tile : small.tiles)
    if (tile.managed) coins.push_back(tile.max_coins);
  EXPECT_EQ(coins, (std::vector<power::Coins>{63, 10, 36, 10, 36, 10}));
  const SocFigures large = measured(parsed(esp_4x4), default_tile_table(), "n12");
  EXPECT_EQ(large.tiles[0].max_coins, 38);
  EXPECT_EQ(large.tiles[4].max_coins, 24);
  EXPECT_EQ(large.tiles[8].max_coins, 48);
  // Its round-robin baseline draws 145 mW for CONV2D.
  EXPECT_DOUBLE_EQ(large.tiles[8].power.value(), 0.145);
}

TEST(SocFigures, CoinsBelongToWholeNames) {
  const auto coins = [](const char* ip) {
    EspTile tile;
    tile.kind = TileKind::accelerator;
    tile.ip = ip;
    return default_facts(tile, "").facts.max_coins;
  };
  for (const char* ip : {"VIT", "VIT_STRATUS", "VITDODEC", "VITDODEC_STRATUS"}) EXPECT_EQ(coins(ip), 36) << ip;
  for (const char* ip : {"FFT", "FFT2", "FFT_STRATUS", "FFT2_STRATUS"}) EXPECT_EQ(coins(ip), 10) << ip;
  for (const char* ip : {"VITAL_SIGNS", "VITDODECA", "FFT3D_STRATUS", "GEMMINI", "NV_NVDLA2", "vit", "MY_FFT"})
    EXPECT_FALSE(coins(ip)) << ip;
}

TEST(SocFigures, AManagedTileNeedsItsCoins) {
  // Nobody has released a table for this block, and none may hold no coin.
  const EspConfig config = parsed(
      "CONFIG_NOC_ROWS = 1\nCONFIG_NOC_COLS = 2\nNCPU_TILE = 1\nTILE_0_0 = 0 cpu cpu\n"
      "TILE_0_1 = 1 acc SORT_STRATUS basic_dma64 0 1 sld\n");
  const auto none = measure(config, {}, default_tile_table(), records(), node("n12"));
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("SORT_STRATUS"), std::string::npos);
  EXPECT_EQ(none.error().where, config.source + ":5");
  EXPECT_NE(none.error().hint.find("max_coins"), std::string::npos);
  const auto zero = parse_tile_table("[ip.SORT_STRATUS]\nmax_coins = 0\n", "t");
  ASSERT_TRUE(zero);
  const auto refused = measure(config, {}, *zero, records(), node("n12"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, config.source + ":5");
  const auto said = parse_tile_table("[kind.acc]\nmax_coins = 9\n", "t");
  ASSERT_TRUE(said);
  EXPECT_EQ(measured(config, *said, "n12").tiles[1].max_coins, 9);
  // A tile that is not managed needs none.
  EspConfig free = config;
  free.tiles[1].has_tdvfs = false;
  EXPECT_FALSE(measured(free, default_tile_table(), "n12").tiles[1].managed);
}

TEST(SocFigures, TheUsersTableComesFirst) {
  const auto table = parse_tile_table(
      "[ip.FFT2_STRATUS]\nkilogates = 400\nkilogates_range = [300, 500]\nmax_coins = 12\npower_mw = 25\n"
      "sram_kilobits = 2\n"
      "[kind.acc]\nmm2 = 2\nnode = \"n7\"\nmax_coins = 7\n[kind.cpu]\nmm2 = 1\n"
      "[sram]\nefficiency = 0.5\ntag_bits = 0\n[chip]\nsocket_kilogates = 0\ntop_share = 0\n",
      "t");
  ASSERT_TRUE(table) << to_string(table.error());
  const SocFigures figures = measured(parsed(esp_3x3), *table, "n12");
  const auto& n12 = node("n12");
  EXPECT_DOUBLE_EQ(figures.tiles[3].logic.value.value(), 1.6e6 / n12.transistors.value().value());
  EXPECT_EQ(figures.tiles[3].max_coins, 12);
  EXPECT_DOUBLE_EQ(figures.tiles[3].power.value(), 0.025);
  EXPECT_EQ(figures.tiles[3].bits.total().value, 2048);
  EXPECT_FALSE(figures.tiles[3].logic_assumed);
  // By kind where the ip is not named; an area of 7 nm grows with the catalogue's ratio.
  EXPECT_DOUBLE_EQ(figures.tiles[5].logic.value.value(), 2 * n12.logic_area.value());
  EXPECT_EQ(figures.tiles[5].max_coins, 7);
  EXPECT_EQ(figures.tiles[0].logic, Estimate<carbon::SquareMillimetres>::exact(carbon::SquareMillimetres{1}));
  EXPECT_EQ(figures.tiles[0].bits.l2, Estimate<double>::exact(512 * 4 * 128));
  EXPECT_TRUE(figures.tiles[4].logic_assumed);
  EXPECT_EQ(figures.top.high.value(), 0);
  double sum = 0;
  for (const TileFigures& tile : figures.tiles) sum += tile.area().value.value();
  EXPECT_NEAR(figures.die().value.value(), sum, 1e-12);
}

TEST(SocFigures, WrongTables) {
  for (const auto& [text, where] : {std::pair{"[ip.A]\nkilogates = -1", "t:2"},
                                    {"[ip.A]\nkilogates = nan", "t:2"},
                                    {"[ip.A]\nkilogates = 1\nmm2 = 1", "t:3"},
                                    {"[ip.A]\nkilogates = 1\nkilogates_range = [2, 3]", "t:3"},
                                    {"[ip.A]\nnode = \"n7\"\nkilogates = 1", "t:2"},
                                    {"[ip.A]\ngates = 1", "t:2"},
                                    {"[kind.gpu]\nkilogates = 1", "t:1"},
                                    {"[sram]\nefficiency = 0", "t:2"},
                                    {"[ip.A]\nmax_coins = 1.5", "t:2"},
                                    {"[ip]\nA = 3", "t:2"}}) {
    const auto table = parse_tile_table(text, "t");
    ASSERT_FALSE(table) << text;
    EXPECT_EQ(table.error().where, where) << text << to_string(table.error());
    EXPECT_FALSE(table.error().hint.empty());
  }
  const auto unknown = parse_tile_table("[kind.cpu]\nmm2 = 1\nnode = \"n8x\"\n", "t");
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(measure(parsed(esp_3x3), {}, *unknown, records(), node("n12")));
}

TEST(SocFigures, NodesByIdOrNumber) {
  EXPECT_EQ(*find_node(records(), "12", "n"), &node("n12"));
  EXPECT_EQ(*find_node(records(), "n7", "n"), &node("n7"));
  const auto none = find_node(records(), "13", "--node 13");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().where, "--node 13");
}

RC_GTEST_PROP(SocFigures, BoundsAreInOrderInEveryNode, ()) {
  const auto& processes = records().processes();
  const auto& process = processes[*rc::gen::inRange<std::size_t>(0, processes.size())];
  const SocFigures figures =
      measure(parsed(*rc::gen::element(esp_3x3, esp_4x4, esp_older)), {}, default_tile_table(), records(), process)
          .value();
  for (const TileFigures& tile : figures.tiles) {
    RC_ASSERT(ordered(tile.area()));
    RC_ASSERT(ordered(tile.bits.total()));
    RC_ASSERT(tile.design < figures.designs.size());
  }
  RC_ASSERT(ordered(figures.die()));
  RC_ASSERT(figures.die().low.value() > 0);
}

RC_GTEST_PROP(SocFigures, MoreBitsMoreArea, ()) {
  const double bits = *rc::gen::inRange(0, 1 << 28);
  const auto& n5 = node("n5");
  const auto less = sram_area(Estimate<double>::exact(bits), default_tile_table(), n5);
  const auto more = sram_area(Estimate<double>::exact(bits + 1), default_tile_table(), n5);
  RC_ASSERT(less.value < more.value);
  RC_ASSERT(less.high < more.high);
  RC_ASSERT(ordered(less));
}

}  // namespace
}  // namespace cradle::soc
