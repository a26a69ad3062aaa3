// cradle design import-esp: a system on chip as ESP describes it, to areas, carbon and a design space.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/embodied/die.h"
#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "cradle/soc/chip.h"
#include "cradle/soc/noc.h"
#include "verb_design.h"

namespace cradle::cli {

namespace {

using Json = nlohmann::ordered_json;
using carbon::Estimate;
using carbon::GramsCO2e;
using carbon::SquareMillimetres;
using report::Align;
using report::significant;

constexpr std::uint64_t largest_file = 4 << 20;
constexpr double percent = 100;

/// All that the answer is made of.
struct Import {
  soc::EspConfig config;
  std::vector<soc::Accelerator> accelerators;
  soc::TileTable table;
  soc::ReusePlan plan;
  soc::SocFigures figures;
  soc::DesignAnswer design;
  soc::ChipMaking making;
  std::optional<power::Topology> exchange;

  Estimate<GramsCO2e> chip() const { return making.total() + design.per_chip; }
};

/// A file by its parser; `fallback` where no file is named.
template <class T, class Parse>
Result<T> read_named(const std::filesystem::path& path, const Parse& parse, T fallback) {
  if (path.empty()) return fallback;
  const auto text = read_file(path, largest_file);
  if (!text) return text.error();
  return parse(*text, path.string());
}

Result<Import> import(const ImportEspOptions& options, const catalog::Catalog& catalog) {
  Import in;
  const auto text = read_file(options.file, largest_file);
  if (!text) return text.error();
  auto config = soc::parse_esp_config(*text, options.file.string());
  if (!config) return config.error();
  in.config = std::move(*config);
  if (!options.accelerators.empty()) {
    auto accelerators = soc::read_accelerators(options.accelerators);
    if (!accelerators) return accelerators.error();
    in.accelerators = std::move(*accelerators);
  }
  auto table = read_named(options.areas, soc::parse_tile_table, soc::default_tile_table());
  if (!table) return table.error();
  in.table = std::move(*table);
  if (auto fine = soc::check_ips(in.table, in.config, options.areas.string()); !fine) return fine.error();
  auto plan = read_named(options.reuse, soc::parse_reuse_plan, soc::default_reuse_plan());
  if (!plan) return plan.error();
  in.plan = std::move(*plan);
  const std::string plan_source = options.reuse.empty() ? "default reuse plan" : options.reuse.string();
  const auto node = soc::find_node(catalog, options.node, "--node " + options.node);
  if (!node) return node.error();
  auto figures = soc::measure(in.config, in.accelerators, in.table, catalog, **node);
  if (!figures) return figures.error();
  in.figures = std::move(*figures);
  auto parts = soc::design_parts(in.figures, in.plan, plan_source);
  if (!parts) return parts.error();
  const auto grid = catalog.find_grid(in.plan.design_grid, plan_source);
  if (!grid) return grid.error();
  const auto& average = (*grid)->average.estimate;
  const Estimate<carbon::GramsPerJoule> intensity{
      carbon::GramsPerJoule{average.value}, carbon::GramsPerJoule{average.low}, carbon::GramsPerJoule{average.high}};
  auto design = soc::design_carbon(std::move(*parts), in.plan, intensity, plan_source);
  if (!design) return design.error();
  in.design = std::move(*design);
  if (const auto fab = catalog.find_grid(in.plan.fab_grid, plan_source); !fab) return fab.error();
  if (const auto package = catalog.find_package(in.plan.package, plan_source); !package) return package.error();
  const auto making = soc::make_chip(in.figures, in.plan, catalog, in.config.source);
  if (!making) return making.error();
  in.making = *making;
  auto exchange = soc::exchange_topology(in.config);
  if (!exchange) return exchange.error();
  in.exchange = std::move(*exchange);
  return in;
}

std::string place(const soc::EspTile& tile) { return std::to_string(tile.row) + "," + std::to_string(tile.column); }

report::Table tile_table(const Import& in) {
  report::Table table;
  table.column("tile", "tile")
      .column("id", "id", Align::right)
      .column("kind", "kind")
      .column("ip", "ip")
      .column("point", "point")
      .column("sram_kilobits", "SRAM", Align::right, 1, "kbit")
      .column("sram_kilobits_low", "low", Align::right, 1, "kbit")
      .column("sram_kilobits_high", "high", Align::right, 1, "kbit")
      .column("area_mm2", "area", Align::right, 3, "mm2")
      .column("area_mm2_low", "low", Align::right, 3, "mm2")
      .column("area_mm2_high", "high", Align::right, 3, "mm2")
      .column("max_coins", "coins", Align::right)
      .column("logic", "logic");
  constexpr double kilo = 1024;
  for (std::size_t i = 0; i < in.config.tiles.size(); ++i) {
    const soc::EspTile& tile = in.config.tiles[i];
    const soc::TileFigures& figures = in.figures.tiles[i];
    const Estimate<double> bits = figures.bits.total() * (1 / kilo);
    const auto area = figures.area();
    table.row({place(tile), std::int64_t{tile.id}, std::string(name(tile.kind)), tile.ip, tile.point, bits.value,
               bits.low, bits.high, area.value.value(), area.low.value(), area.high.value(),
               figures.managed ? report::Cell(std::int64_t{figures.max_coins}) : report::Cell(),
               std::string(figures.logic_assumed ? "assumed" : "given")});
  }
  return table;
}

template <class Q, class Read>
void add_estimate(report::Table& table, const std::string& what, const Estimate<Q>& x, const Read& read) {
  table.row({what, read(x.value), read(x.low), read(x.high)});
}

report::Table area_table(const Import& in) {
  report::Table table;
  table.column("part", "part");
  for (const char* key : {"value", "low", "high"}) table.column(key, key, Align::right, 3, "mm2");
  Estimate<SquareMillimetres> sram, logic;
  for (const soc::TileFigures& tile : in.figures.tiles) {
    sram = sram + tile.sram;
    logic = logic + tile.logic;
  }
  const auto read = [](SquareMillimetres area) { return area.value(); };
  add_estimate(table, "logic of the tiles", logic, read);
  add_estimate(table, "memory of the tiles", sram, read);
  add_estimate(table, "between and around them", in.figures.top, read);
  add_estimate(table, "die", in.figures.die(), read);
  return table;
}

report::Table carbon_table(const Import& in) {
  report::Table table;
  table.column("part", "of one chip");
  for (const char* key : {"value", "low", "high"}) table.column(key, key, Align::right, 2, "gCO2e");
  const auto read = [](GramsCO2e grams) { return grams.value(); };
  add_estimate(table, "die", in.making.die, read);
  add_estimate(table, "package", in.making.package, read);
  add_estimate(table, "design", in.design.per_chip, read);
  add_estimate(table, "chip", in.chip(), read);
  return table;
}

report::Table design_table(const Import& in) {
  report::Table table;
  table.column("design", "design")
      .column("role", "is")
      .column("placed", "tiles", Align::right)
      .column("share", "effort", Align::right, 2, "ratio")
      .column("products", "products", Align::right, 0)
      .column("gates", "gates", Align::right, 3, "million")
      .column("compute_kg", "EDA compute", Align::right, 2, "kgCO2e")
      .column("people_kg", "people", Align::right, 2, "kgCO2e")
      .column("per_chip_g", "per chip", Align::right, 4, "gCO2e");
  constexpr double million = 1e6;
  for (const soc::DesignPart& part : in.design.parts)
    table.row(
        {part.label, std::string(name(part.role)),
         part.role == soc::DesignRole::top ? report::Cell() : report::Cell(static_cast<std::int64_t>(part.placed)),
         part.share.value, part.products.value, part.gates / million, carbon::KilogramsCO2e{part.compute}.value(),
         carbon::KilogramsCO2e{part.people}.value(), part.per_chip.value()});
  return table;
}

report::Table swing_table(const Import& in) {
  constexpr std::size_t most_rows = 12;
  report::Table table;
  table.column("input", "input")
      .column("cause", "of")
      .column("value", "value", Align::right)
      .column("range", "low .. high")
      .column("at_low", "at low", Align::right, 3, "gCO2e")
      .column("at_high", "at high", Align::right, 3, "gCO2e")
      .column("source", "source");
  for (std::size_t i = 0; i < in.design.swings.size() && i < most_rows; ++i) {
    const soc::DesignSwing& swing = in.design.swings[i];
    table.row({swing.name, std::string(name(swing.cause)), significant(swing.input.value, 4),
               significant(swing.input.low, 4) + " .. " + significant(swing.input.high, 4), swing.at_low.value(),
               swing.at_high.value(), swing.source});
  }
  return table;
}

/// Who dominates, by share of the grams and by what the ranges of each move.
std::vector<std::string> dominance(const soc::DesignAnswer& design) {
  std::vector<std::string> sentences;
  const double whole = design.per_chip.value.value();
  if (!(whole > 0)) return {"The design takes nothing."};
  const auto share = [&](GramsCO2e grams) { return report::decimal(percent * grams.value() / whole, 1) + " %"; };
  const auto grams = [](GramsCO2e mass) { return significant(mass.value(), 3) + " g"; };
  const bool compute = design.spread_of_compute() >= design.spread_of_people();
  sentences.push_back("EDA compute is " + share(design.compute) + " of the design, people " + share(design.people) +
                      "; its ranges move " + grams(design.spread_of_compute()) + " per chip, those of people " +
                      grams(design.spread_of_people()) + ": " +
                      (compute ? "EDA compute dominates." : "people dominate."));
  const bool fresh = design.spread_of_new() >= design.spread_of_reused();
  std::string tiles = "New tiles are " + share(design.of_new) + ", reused ones " + share(design.of_reused) +
                      ", the top and the chip as a whole " + share(design.of_top) +
                      "; ranges of new tiles alone move " + grams(design.spread_of_new()) + ", of reused ones " +
                      grams(design.spread_of_reused()) + ": " + (fresh ? "new" : "reused") + " tiles dominate.";
  sentences.push_back(std::move(tiles));
  if (design.if_all_new > GramsCO2e{})
    sentences.push_back("Were every tile new and for this product alone, designing would take " +
                        grams(design.if_all_new) + " per chip; reuse and sharing save " +
                        report::decimal(percent * (1 - whole / design.if_all_new.value()), 1) + " %.");
  return sentences;
}

/// Names, each once; of many the first few, and how many more.
class Names {
 public:
  void add(const std::string& name) {
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) names_.push_back(name);
  }
  bool empty() const { return names_.empty(); }
  std::string text() const {
    constexpr std::size_t most = 8;
    std::string list;
    for (std::size_t i = 0; i < names_.size() && i < most; ++i) list += (i == 0 ? "" : ", ") + names_[i];
    return names_.size() > most ? list + " and " + std::to_string(names_.size() - most) + " more" : list;
  }

 private:
  std::vector<std::string> names_;
};

/// What the file leaves out or says to no effect.
std::vector<std::string> notes_of_file(const soc::EspConfig& config) {
  std::vector<std::string> notes;
  const auto has = [&](soc::TileKind kind) {
    return std::any_of(config.tiles.begin(), config.tiles.end(),
                       [&](const soc::EspTile& tile) { return tile.kind == kind; });
  };
  const bool cpus = has(soc::TileKind::cpu);
  if (cpus && config.cpu_arch.empty()) notes.push_back("the file has no CPU_ARCH: ariane is taken");
  if (!config.caches && (config.cpu_l2 || config.accelerator_l2))
    notes.push_back("CONFIG_CACHE_EN is not set: the sizes of caches are kept, and their memory is not counted");
  if (config.caches && !config.cpu_l2 && (cpus || has(soc::TileKind::memory)))
    notes.push_back("caches are on, but the file has no CONFIG_CPU_CACHES: their memory is not counted");
  if (has(soc::TileKind::scratchpad) && !config.scratchpad_kib)
    notes.push_back("the file has no CONFIG_SLM_KBYTES: memory of the slm tiles is not counted");
  if (config.caches && !config.line_bits)
    notes.push_back("the file has no CONFIG_CACHE_LINE_SIZE: lines of " + std::to_string(soc::default_line_bits) +
                    " bits are taken");
  const std::string unused = " kept for writing the file back, and used in no number";
  if (!config.powers.empty()) notes.push_back("power records (POWER_row_column) are" + unused);
  if (config.has_dvfs) notes.push_back("CONFIG_HAS_DVFS is" + unused);
  return notes;
}

std::vector<std::string> notes_of(const Import& in) {
  std::vector<std::string> notes;
  Names assumed, memories, unknown;
  std::size_t tiles = 0;
  for (const soc::TileFigures& tile : in.figures.tiles) {
    const std::string& name = in.figures.designs[tile.design].name;
    if (tile.logic_assumed) {
      assumed.add(name);
      ++tiles;
    }
    if (!tile.plm_known) memories.add(name);
  }
  if (tiles > 0)
    notes.push_back("logic of " + std::to_string(tiles) + " tiles is our wide estimate (" + assumed.text() +
                    "); say kilogates or mm2 with --areas");
  if (!memories.empty())
    notes.push_back("no memlist.txt of " + memories.text() +
                    ": their memories are not counted, but for what --areas or the defaults say; name "
                    "--accelerators");
  for (const std::string& key : in.config.unknown_keys) unknown.add(key);
  if (!unknown.empty()) notes.push_back("keys that are kept and not understood: " + unknown.text());
  for (std::string& note : notes_of_file(in.config)) notes.push_back(std::move(note));
  if (in.figures.die().value > embodied::reticle_field)
    notes.push_back("the die is larger than the " + shortest(embodied::reticle_field.value()) +
                    " mm2 that one exposure prints: it is priced as stitched; see --space for several dies");
  return notes;
}

std::string question_of(const Import& in) {
  const soc::EspConfig& config = in.config;
  const auto managed = soc::managed_tiles(config).size();
  return config.source + ": " + std::to_string(config.rows) + " x " + std::to_string(config.columns) + " tiles of " +
         std::to_string(in.figures.designs.size()) + " designs, " + std::to_string(managed) +
         " of them managed by tokens, in " + in.figures.node->id;
}

std::string answer_of(const Import& in) {
  const auto die = in.figures.die();
  const auto chip = in.chip();
  return "The die has " + significant(die.value.value(), 3) + " mm2 (" + significant(die.low.value(), 3) + " .. " +
         significant(die.high.value(), 3) + "); a chip emits " + significant(chip.value.value(), 3) + " gCO2e (" +
         significant(chip.low.value(), 3) + " .. " + significant(chip.high.value(), 3) + "), " +
         significant(in.design.per_chip.value.value(), 3) + " of it its design at " + significant(in.plan.volume, 4) +
         " chips.";
}

template <class Q>
Json json_of(const Estimate<Q>& x) {
  return {{"value", x.value.value()}, {"low", x.low.value()}, {"high", x.high.value()}};
}
Json json_of(const Estimate<double>& x) { return {{"value", x.value}, {"low", x.low}, {"high", x.high}}; }

Json tiles_json(const Import& in) {
  Json tiles = Json::array();
  for (std::size_t i = 0; i < in.config.tiles.size(); ++i) {
    const soc::EspTile& tile = in.config.tiles[i];
    const soc::TileFigures& figures = in.figures.tiles[i];
    Json item{{"row", tile.row}, {"column", tile.column}, {"id", tile.id}, {"kind", name(tile.kind)}, {"ip", tile.ip}};
    item["record"] = tile.written;
    if (tile.kind == soc::TileKind::accelerator) {
      item["point"] = tile.point;
      item["has_l2"] = tile.has_l2;
      if (tile.has_tdvfs) item["has_tdvfs"] = *tile.has_tdvfs;
      item["vendor"] = tile.vendor;
    }
    const soc::SramBits& bits = figures.bits;
    item["sram_bits"] = {{"plm", json_of(bits.plm)}, {"l2", json_of(bits.l2)},       {"llc", json_of(bits.llc)},
                         {"slm", json_of(bits.slm)}, {"other", json_of(bits.other)}, {"total", json_of(bits.total())}};
    item["plm_known"] = figures.plm_known;
    item["sram_mm2"] = json_of(figures.sram);
    item["logic_mm2"] = json_of(figures.logic);
    item["logic_source"] = figures.logic_source;
    item["area_mm2"] = json_of(figures.area());
    item["power_w"] = figures.power.value();
    item["power_assumed"] = figures.power_assumed;
    item["managed"] = figures.managed;
    if (figures.managed) item["max_coins"] = figures.max_coins;
    item["design"] = in.figures.designs[figures.design].label;
    tiles.push_back(std::move(item));
  }
  return tiles;
}

Json exchange_json(const Import& in) {
  Json partners = Json::array();
  const auto managed = soc::managed_tiles(in.config);
  if (in.exchange)
    for (power::Tile tile = 0; tile < in.exchange->tiles(); ++tile) {
      Json item{{"tile", in.config.tiles[managed[tile]].id}, {"near", Json::array()}, {"far", Json::array()}};
      for (const power::Tile other : in.exchange->near(tile))
        item["near"].push_back(in.config.tiles[managed[other]].id);
      for (std::uint32_t i = 0; i < in.exchange->far_count(tile); ++i)
        item["far"].push_back(in.config.tiles[managed[in.exchange->far(tile, i)]].id);
      partners.push_back(std::move(item));
    }
  return partners;
}

Json design_json(const Import& in) {
  const soc::DesignAnswer& design = in.design;
  Json parts = Json::array(), swings = Json::array();
  for (const soc::DesignPart& part : design.parts)
    parts.push_back({{"design", part.label},
                     {"role", name(part.role)},
                     {"placed", part.placed},
                     {"share", json_of(part.share)},
                     {"products", json_of(part.products)},
                     {"person_months", json_of(part.person_months)},
                     {"gates", part.gates},
                     {"compute_g", part.compute.value()},
                     {"people_g", part.people.value()},
                     {"per_chip_g", part.per_chip.value()}});
  for (const soc::DesignSwing& swing : design.swings)
    swings.push_back({{"input", swing.name},
                      {"cause", name(swing.cause)},
                      {"range", json_of(swing.input)},
                      {"at_low_g", swing.at_low.value()},
                      {"at_high_g", swing.at_high.value()},
                      {"source", swing.source}});
  return {{"volume", in.plan.volume},
          {"per_chip_g", json_of(design.per_chip)},
          {"compute_g", design.compute.value()},
          {"people_g", design.people.value()},
          {"new_g", design.of_new.value()},
          {"reused_g", design.of_reused.value()},
          {"top_g", design.of_top.value()},
          {"if_all_new_g", design.if_all_new.value()},
          {"spread_of_compute_g", design.spread_of_compute().value()},
          {"spread_of_people_g", design.spread_of_people().value()},
          {"spread_of_new_g", design.spread_of_new().value()},
          {"spread_of_reused_g", design.spread_of_reused().value()},
          {"parts", std::move(parts)},
          {"swings", std::move(swings)}};
}

Json system_json(const soc::EspConfig& config) {
  Json settings = Json::array();
  for (const soc::EspSetting& setting : config.settings)
    settings.push_back({{"key", setting.key}, {"value", setting.value ? Json(*setting.value) : Json()}});
  Json powers = Json::array();
  for (const soc::EspPower& power : config.powers)
    powers.push_back({{"row", power.row}, {"column", power.column}, {"ip", power.ip}, {"numbers", power.numbers}});
  return {{"rows", config.rows},         {"columns", config.columns}, {"cpu_arch", config.cpu_arch},
          {"monitors", config.monitors}, {"settings", settings},      {"unknown_keys", config.unknown_keys},
          {"power_records", powers}};
}

Json accelerators_json(const std::vector<soc::Accelerator>& accelerators) {
  Json list = Json::array();
  for (const soc::Accelerator& accelerator : accelerators) {
    Json item{{"flow", accelerator.flow}, {"folder", accelerator.folder}};
    if (accelerator.record) {
      item["name"] = accelerator.record->name;
      item["description"] = accelerator.record->description;
      item["device_id"] = accelerator.record->device_id;
      item["hls_tool"] = accelerator.record->hls_tool;
      if (accelerator.record->data_size_mb) item["data_size_mb"] = *accelerator.record->data_size_mb;
      item["parameters"] = accelerator.record->parameters.size();
    }
    if (accelerator.memories) {
      item["memories"] = accelerator.memories->size();
      item["plm_bits"] = json_of(soc::plm_bits(*accelerator.memories, "", std::nullopt));
    }
    list.push_back(std::move(item));
  }
  return list;
}

Json json_of(const Import& in) {
  Json document{{"schema", "cradle.design.import-esp/1"}, {"question", question_of(in)}, {"answer", answer_of(in)}};
  document["dominance"] = dominance(in.design);
  document["notes"] = notes_of(in);
  document["node"] = in.figures.node->id;
  document["system"] = system_json(in.config);
  document["tiles"] = tiles_json(in);
  document["hops"] = soc::hop_matrix(in.config);
  document["exchange"] = exchange_json(in);
  document["accelerators"] = accelerators_json(in.accelerators);
  document["area_mm2"] = {
      {"tiles", json_of(in.figures.tile_area)}, {"top", json_of(in.figures.top)}, {"die", json_of(in.figures.die())}};
  document["die_yield"] = json_of(in.making.yield);
  document["carbon_g"] = {{"die", json_of(in.making.die)},
                          {"package", json_of(in.making.package)},
                          {"design", json_of(in.design.per_chip)},
                          {"chip", json_of(in.chip())}};
  document["design"] = design_json(in);
  return document;
}

std::string text_of(const Import& in) {
  constexpr std::size_t width = 130;
  std::string text = question_of(in) + "\n" + answer_of(in) + "\n\n" + tile_table(in).to_text(width);
  text += "\nArea\n" + area_table(in).to_text(width);
  text += "\nCarbon\n" + carbon_table(in).to_text(width);
  text += "\nDesign, each once however often it is placed\n" + design_table(in).to_text(width);
  for (const std::string& sentence : dominance(in.design)) text += sentence + "\n";
  text += "\nWhat moves the design of a chip, widest first\n" + swing_table(in).to_text(width) + "\n";
  for (const std::string& note : notes_of(in)) text += "note: " + report::printable(note) + "\n";
  return text;
}

Result<void> check_space(const ImportEspOptions& options) {
  if (options.space.empty()) return {};
  for (const auto& input : {options.file, options.areas, options.reuse})
    if (!input.empty() && std::filesystem::weakly_canonical(input) == std::filesystem::weakly_canonical(options.space))
      return bad_input("would overwrite " + input.string(), "--space " + options.space.string(), "name another file");
  return {};
}

}  // namespace

int run_design_import_esp(const ImportEspOptions& options, const Common& common) {
  if (auto fine = check_space(options); !fine) return fail(fine.error());
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const auto in = import(options, *catalog);
  if (!in) return fail(in.error());
  std::string printed;
  switch (options.output) {
    case Output::json: printed = json_of(*in).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; break;
    case Output::csv: printed = tile_table(*in).to_csv(); break;
    case Output::table: printed = text_of(*in); break;
  }
  std::fwrite(printed.data(), 1, printed.size(), stdout);
  if (options.space.empty()) return 0;
  const std::string space = soc::space_text(in->config, in->figures, in->design, in->plan);
  if (auto written = write_file(options.space, space); !written) return fail(written.error());
  if (!common.quiet)
    std::fprintf(stderr, "cradle: the design space is %s; run cradle design explore %s\n", options.space.c_str(),
                 options.space.c_str());
  return 0;
}

}  // namespace cradle::cli
