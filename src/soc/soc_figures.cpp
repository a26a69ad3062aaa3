#include "cradle/soc/soc_figures.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::soc {

namespace {

using carbon::Estimate;
using carbon::SquareMillimetres;

/// Of positive numbers: value / value, low / high, high / low.
template <class Q>
Estimate<Q> over(const Estimate<Q>& a, const Estimate<double>& b) {
  return {a.value / b.value, a.low / b.high, a.high / b.low};
}

template <class Q>
Estimate<Q> times(const Estimate<Q>& a, const Estimate<double>& b) {
  return {a.value * b.value, a.low * b.low, a.high * b.high};
}

/// What the user's table says of a tile, the more particular first: by ip, by kind, then the defaults.
class Lookup {
 public:
  Lookup(const EspTile& tile, const EspConfig& config, const TileTable& table)
      : default_(default_facts(tile, config.cpu_arch)) {
    if (const auto found = table.by_ip.find(tile.ip); found != table.by_ip.end()) said_.push_back(&found->second);
    if (const auto found = table.by_kind.find(tile.kind); found != table.by_kind.end()) said_.push_back(&found->second);
  }

  /// The first that says `field`, and whether the user did.
  template <class Field>
  std::pair<const TileFacts*, bool> first(Field TileFacts::*field) const {
    for (const TileFacts* facts : said_)
      if ((facts->*field).has_value()) return {facts, true};
    return {&default_.facts, false};
  }
  /// The first that tells logic in either form.
  std::pair<const TileFacts*, bool> logic() const {
    for (const TileFacts* facts : said_)
      if (facts->kilogates || facts->area) return {facts, true};
    return {&default_.facts, false};
  }
  bool published_power() const { return default_.published_power; }

 private:
  DefaultFacts default_;
  std::vector<const TileFacts*> said_;
};

/// The user's area of another node, in this one.
Result<Estimate<SquareMillimetres>> moved(const TileFacts& facts, const catalog::Catalog& catalog,
                                          const catalog::FabProcess& node) {
  if (facts.node.empty()) return *facts.area;
  const auto from = find_node(catalog, facts.node, facts.source);
  if (!from) return from.error();
  if (*from == &node) return *facts.area;
  return over(times(*facts.area, node.logic_area.estimate), (*from)->logic_area.estimate);
}

SramBits bits_of(const EspTile& tile, const EspConfig& config, std::span<const Accelerator> accelerators,
                 const TileTable& table, const Lookup& lookup, bool& plm_known) {
  SramBits bits;
  const std::uint64_t line_bits = config.line_bits.value_or(default_line_bits);
  const auto cache = [&](const std::optional<CacheSize>& size) {
    return size ? cache_bits(*size, line_bits, table.tag_bits.estimate) : Estimate<double>{};
  };
  if (tile.kind == TileKind::cpu && config.caches) bits.l2 = cache(config.cpu_l2);
  if (tile.kind == TileKind::accelerator && config.caches && tile.has_l2)
    bits.l2 = cache(config.accelerator_l2 ? config.accelerator_l2 : config.cpu_l2);
  if (tile.kind == TileKind::memory && config.caches) {
    const auto memories = std::count_if(config.tiles.begin(), config.tiles.end(),
                                        [](const EspTile& other) { return other.kind == TileKind::memory; });
    bits.llc = cache(config.llc);
    bits.llc.low /= static_cast<double>(memories);
  }
  constexpr double bits_per_kib = 8192;
  if (tile.kind == TileKind::scratchpad)
    bits.slm = Estimate<double>::exact(bits_per_kib * static_cast<double>(config.scratchpad_kib.value_or(0)));
  if (tile.kind == TileKind::accelerator) {
    const Accelerator* accelerator = find_accelerator(accelerators, tile.ip);
    plm_known = accelerator != nullptr && accelerator->memories.has_value();
    if (plm_known) bits.plm = plm_bits(*accelerator->memories, tile.point, config.dma_width);
  }
  constexpr double bits_per_kilobit = 1024;
  const auto [facts, said] = lookup.first(&TileFacts::sram_kilobits);
  // A guess of what no file tells does not come on top of what a file told.
  const bool counted = said || tile.kind != TileKind::accelerator || !plm_known;
  if (facts->sram_kilobits && counted) bits.other = *facts->sram_kilobits * bits_per_kilobit;
  return bits;
}

/// Tiles with the same key are one design. Whether tokens manage it is a parameter of the socket, no other design.
auto design_key(const EspTile& tile) {
  return std::tuple(tile.kind, tile.kind == TileKind::accelerator ? tile.ip : std::string(), tile.point, tile.has_l2,
                    tile.vendor);
}

TileDesign design_of(const EspTile& tile, std::size_t position) {
  const bool block = tile.kind == TileKind::accelerator;
  TileDesign design{block ? tile.ip : std::string(name(tile.kind)), "", tile.kind, position, 0};
  design.label = design.name + (tile.point.empty() ? "" : " " + tile.point) + (tile.has_l2 ? " with L2" : "");
  return design;
}

}  // namespace

Estimate<double> cache_bits(const CacheSize& size, std::uint64_t line_bits, const Estimate<double>& tag_bits) {
  const Estimate<double> line = Estimate<double>::exact(static_cast<double>(line_bits)) + tag_bits;
  return line * (static_cast<double>(size.sets) * static_cast<double>(size.ways));
}

Estimate<SquareMillimetres> sram_area(const Estimate<double>& bits, const TileTable& table,
                                      const catalog::FabProcess& node) {
  const Estimate<SquareMillimetres> cell = times(table.cell.estimate, node.sram_area.estimate);
  return over(times(cell, bits), table.efficiency.estimate);
}

Estimate<SquareMillimetres> logic_area(const Estimate<double>& kilogates, const catalog::FabProcess& node) {
  constexpr double transistors = 4 * 1000;
  const auto& density = node.transistors.estimate;
  return {SquareMillimetres{kilogates.value * transistors / density.value.value()},
          SquareMillimetres{kilogates.low * transistors / density.high.value()},
          SquareMillimetres{kilogates.high * transistors / density.low.value()}};
}

Result<SocFigures> measure(const EspConfig& config, std::span<const Accelerator> accelerators, const TileTable& table,
                           const catalog::Catalog& catalog, const catalog::FabProcess& node) {
  SocFigures figures;
  figures.node = &node;
  std::vector<decltype(design_key(config.tiles.front()))> keys;
  const Estimate<SquareMillimetres> socket = logic_area(table.socket_kilogates.estimate, node);
  for (std::size_t position = 0; position < config.tiles.size(); ++position) {
    const EspTile& tile = config.tiles[position];
    const Lookup lookup(tile, config, table);
    TileFigures out;
    out.bits = bits_of(tile, config, accelerators, table, lookup, out.plm_known);
    out.sram = sram_area(out.bits.total(), table, node);
    const auto [logic, logic_said] = lookup.logic();
    out.logic_source = logic->source;
    out.logic_assumed = !logic_said;
    if (logic->area) {
      const auto area = moved(*logic, catalog, node);
      if (!area) return area.error();
      out.logic = *area + socket;
    } else {
      out.logic = logic_area(*logic->kilogates, node) + socket;
    }
    const auto [watts, power_said] = lookup.first(&TileFacts::power);
    out.power = *watts->power;
    out.power_assumed = !power_said && !lookup.published_power();
    out.managed = tile.has_tdvfs.value_or(false);
    if (out.managed) {
      const auto coins = lookup.first(&TileFacts::max_coins).first->max_coins;
      const std::string where = config.source + ":" + std::to_string(tile.line);
      const std::string hint = "say max_coins of [ip." + tile.ip + "] or of [kind.acc] with --areas";
      if (!coins) return bad_input("no table of coins is known for the managed tile " + tile.ip, where, hint);
      if (*coins < 1) return bad_input("the managed tile " + tile.ip + " may hold no coin", where, hint);
      out.max_coins = *coins;
    }
    const auto key = design_key(tile);
    const auto known = std::find(keys.begin(), keys.end(), key);
    out.design = static_cast<std::size_t>(known - keys.begin());
    if (known == keys.end()) {
      keys.push_back(key);
      figures.designs.push_back(design_of(tile, position));
    }
    ++figures.designs[out.design].placed;
    figures.tile_area = figures.tile_area + out.area();
    figures.tiles.push_back(std::move(out));
  }
  figures.top = times(figures.tile_area, table.top_share.estimate);
  return figures;
}

Result<const catalog::FabProcess*> find_node(const catalog::Catalog& catalog, std::string_view text,
                                             std::string where) {
  const bool number = parse_integer(text).has_value();
  return catalog.find_process((number ? "n" : "") + std::string(text), std::move(where));
}

}  // namespace cradle::soc
