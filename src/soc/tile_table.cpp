#include "cradle/soc/tile_table.h"

#include <array>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "cradle/base/text.h"
#include "cradle/toml/toml_reader.h"

namespace cradle::soc {

namespace {

using carbon::Estimate;
using carbon::SquareMillimetres;
using carbon::Watts;

constexpr const char* guess = "our estimate, no published figure";

/// A number and its range, KEY_range = [low, high]; without one it is exact.
Estimate<double> ranged(TomlReader& table, const std::string& key, double low, double high) {
  const double value = table.number(key, low, high);
  Estimate<double> estimate = Estimate<double>::exact(value);
  const std::string range_key = key + "_range";
  if (!table.has(range_key)) return estimate;
  const auto range = table.numbers(range_key, low, high);
  if (range.size() != 2 || !(range[0] <= value && value <= range[1])) {
    table.fail(range_key, "'" + range_key + "' is no range around '" + key + "'",
               "write [low, high] with low <= " + key + " <= high");
    return estimate;
  }
  return {value, range[0], range[1]};
}

TileFacts read_facts(TomlReader& table, const std::string& source) {
  constexpr double largest = 1e7;
  TileFacts facts;
  facts.source = table.has("source") ? table.text("source") : source;
  if (table.has("kilogates") && table.has("mm2"))
    table.fail("mm2", "both kilogates and mm2 are given", "keep one of the two");
  if (table.has("kilogates")) facts.kilogates = ranged(table, "kilogates", 0, largest);
  if (table.has("mm2")) {
    const Estimate<double> area = ranged(table, "mm2", 0, largest);
    facts.area = {SquareMillimetres{area.value}, SquareMillimetres{area.low}, SquareMillimetres{area.high}};
    if (table.has("node")) facts.node = table.text("node");
  } else if (table.has("node")) {
    table.fail("node", "a node is given, but no area in it", "add mm2, or take node out");
  }
  if (table.has("sram_kilobits")) facts.sram_kilobits = ranged(table, "sram_kilobits", 0, 1e9);
  constexpr double milliwatts = 1000;
  if (table.has("power_mw")) facts.power = Watts{table.number("power_mw", 0, 1e9) / milliwatts};
  if (table.has("max_coins")) facts.max_coins = static_cast<power::Coins>(table.integer("max_coins", 0, 1 << 20));
  return facts;
}

/// Released programs of token power management: IPs called `name`, alone or before an underscore ("FFT2_STRATUS").
struct Released {
  std::string_view name;
  power::Coins max_coins;
  double milliwatts;
};
// sld-columbia/esp: token_pm of the 3x3 and 4x4 systems; Pmax of their round-robin baseline. The files state no unit of
// power: milliwatts fit.
constexpr std::array<Released, 8> released = {{{"NV_NVDLA", 63, 120},
                                               {"FFT", 10, 20},
                                               {"FFT2", 10, 20},
                                               {"VIT", 36, 64},
                                               {"VITDODEC", 36, 64},
                                               {"GEMM", 38, 113},
                                               {"NIGHTVISION", 24, 72},
                                               {"CONV2D", 48, 145}}};

bool is_called(std::string_view ip, std::string_view name) {
  return ip.starts_with(name) && (ip.size() == name.size() || ip[name.size()] == '_');
}

Estimate<double> cpu_kilogates(std::string_view arch) {
  if (arch == "ibex") return {30, 15, 100};
  if (arch == "leon3") return {150, 40, 500};
  return {300, 150, 1500};
}

/// First-level caches belong to the core.
Estimate<double> cpu_kilobits(std::string_view arch) {
  if (arch == "ibex") return {0, 0, 64};
  if (arch == "leon3") return {128, 32, 768};
  return {384, 192, 1024};  // 16 KiB for instructions and 32 KiB for data
}

}  // namespace

TileTable default_tile_table() {
  TileTable table;
  table.socket_kilogates = {{100, 40, 300}, guess};
  constexpr double um2 = 1e-6;
  table.cell = {Estimate<SquareMillimetres>::exact(SquareMillimetres{0.027 * um2}),
                "high-density cell of a 7 nm process, Wu et al., IEDM 2016"};
  table.efficiency = {
      {0.6, 0.3, 0.77},
      "high: 23.6 Mb/mm2 with cells of 0.0312 um2, Guo et al., ISSCC 2018; low and value: our estimate for "
      "small memories"};
  table.tag_bits = {{28, 12, 60}, guess};
  table.top_share = {{0.15, 0.05, 0.5}, guess};
  return table;
}

Result<TileTable> parse_tile_table(std::string_view text, std::string source) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  TileTable table = default_tile_table();
  if (auto ips = document->table("ip"))
    for (const std::string& ip : ips->keys())
      if (auto facts = ips->table(ip, true)) table.by_ip[ip] = read_facts(*facts, source);
  if (auto kinds = document->table("kind"))
    for (const std::string& word : kinds->keys()) {
      auto facts = kinds->table(word, true);
      const auto kind = parse_tile_kind(word, kinds->where(word));
      if (!kind) kinds->fail(word, kind.error().message, kind.error().hint);
      if (facts && kind) table.by_kind[*kind] = read_facts(*facts, source);
    }
  const auto take = [&](TomlReader& reader, const char* key, double low, double high, Sourced<double>& figure) {
    if (!reader.has(key)) return;
    figure = {ranged(reader, key, low, high), source};
  };
  if (auto sram = document->table("sram")) {
    take(*sram, "efficiency", 1e-3, 1, table.efficiency);
    take(*sram, "tag_bits", 0, 4096, table.tag_bits);
  }
  if (auto chip = document->table("chip")) {
    take(*chip, "socket_kilogates", 0, 1e6, table.socket_kilogates);
    take(*chip, "top_share", 0, 100, table.top_share);
  }
  if (auto fine = document->finish(); !fine) return fine.error();
  return table;
}

Result<void> check_ips(const TileTable& table, const EspConfig& config, const std::string& where) {
  std::set<std::string> ips;
  for (const EspTile& tile : config.tiles) ips.insert(tile.ip);
  const std::vector<std::string> names(ips.begin(), ips.end());
  for (const auto& [ip, facts] : table.by_ip)
    if (!ips.contains(ip)) return bad_input("the system has no tile '" + ip + "'", where, suggest(ip, names));
  return {};
}

DefaultFacts default_facts(const EspTile& tile, std::string_view cpu_arch) {
  DefaultFacts known;
  TileFacts& facts = known.facts;
  facts.source = guess;
  const auto set = [&](Estimate<double> kilogates, Estimate<double> kilobits, double milliwatts) {
    facts.kilogates = kilogates;
    facts.sram_kilobits = kilobits;
    facts.power = Watts{milliwatts / 1000};
  };
  const Estimate<double> none{};
  switch (tile.kind) {
    case TileKind::cpu: set(cpu_kilogates(cpu_arch), cpu_kilobits(cpu_arch), 50); break;
    case TileKind::accelerator: set({200, 20, 2000}, none, 50); break;
    case TileKind::memory: set({100, 30, 600}, none, 30); break;
    case TileKind::scratchpad: set({20, 5, 80}, none, 20); break;
    case TileKind::misc: set({150, 40, 1000}, none, 30); break;
    case TileKind::empty: set(none, none, 5); break;
  }
  if (tile.kind != TileKind::accelerator) return known;
  for (const Released& row : released) {
    if (!is_called(tile.ip, row.name)) continue;
    facts.max_coins = row.max_coins;
    facts.power = Watts{row.milliwatts / 1000};
    known.published_power = true;
  }
  // No file of ESP tells the memories of this third-party block: a buffer of 128 KiB in its smallest form.
  if (is_called(tile.ip, "NV_NVDLA")) {
    facts.kilogates = {1500, 500, 6000};
    facts.sram_kilobits = {1024, 1024, 4096};
  }
  return known;
}

}  // namespace cradle::soc
