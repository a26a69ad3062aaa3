#include "cradle/soc/reuse_plan.h"

#include <optional>
#include <utility>

#include "cradle/toml/toml_reader.h"

namespace cradle::soc {

namespace {

constexpr double most_months = 1e6;

/// KEY and KEY_range; what `input` holds where the table has no such key.
void take(TomlReader& table, const std::string& key, double low, double high, const std::string& source, Input& input) {
  const std::string range_key = key + "_range";
  if (!table.has(key)) {
    if (table.has(range_key)) table.fail(range_key, "a range is given, but no " + key, "add " + key);
    return;
  }
  const double value = table.number(key, low, high);
  input = {carbon::Estimate<double>::exact(value), source};
  if (!table.has(range_key)) return;
  const auto range = table.numbers(range_key, low, high);
  if (range.size() != 2 || !(range[0] <= value && value <= range[1])) {
    table.fail(range_key, "'" + range_key + "' is no range around '" + key + "'",
               "write [low, high] with low <= " + key + " <= high");
    return;
  }
  input.estimate = {value, range[0], range[1]};
}

std::string source_of(TomlReader& table, const std::string& source) {
  return table.has("source") ? table.text("source") : source;
}

void read_design(TomlReader& table, const std::string& source, ReusePlan& plan) {
  const std::string from = source_of(table, source);
  plan.design_grid = table.text("grid", plan.design_grid);
  plan.volume = table.number("volume", 1, 1e12, plan.volume);
  take(table, "iterations", 0, 1e6, from, plan.iterations);
  take(table, "gates_per_core_hour", 1e-3, 1e12, from, plan.gates_per_core_hour);
  take(table, "power_per_core_w", 0, 1e4, from, plan.power_per_core);
  take(table, "transistors_per_gate", 1, 1000, from, plan.transistors_per_gate);
  take(table, "sram_share", 0, 1, from, plan.sram_share);
  take(table, "person_months", 0, most_months, from, plan.person_months);
  take(table, "kwh_per_person_year", 0, 1e6, from, plan.kwh_per_person_year);
  take(table, "new_person_months", 0, most_months, from, plan.new_person_months);
  take(table, "integration_share", 0, 1, from, plan.integration_share);
}

}  // namespace

ReusePlan default_reuse_plan() {
  ReusePlan plan;
  plan.design_grid = "US";
  plan.fab_grid = "TW";
  plan.package = "organic";
  const std::string eco_chip = "ECO-CHIP (Sudarshan et al., HPCA 2024)";
  const std::string guess = "our estimate, no published figure";
  // Its test cases have 90 and 100.
  plan.iterations = {{90, 10, 100}, eco_chip + "; low: our estimate"};
  // 700,000 gates a day on 8 cores.
  plan.gates_per_core_hour = {carbon::Estimate<double>::exact(700'000.0 / (24 * 8)), eco_chip};
  plan.power_per_core = {{10, 5, 20}, eco_chip + "; range: our estimate"};
  plan.transistors_per_gate = {carbon::Estimate<double>::exact(8), eco_chip};
  plan.sram_share = {{1, 0, 1}, eco_chip + "; low: generated memories take no design"};
  plan.person_months = {{30, 10, 60}, "EPOCHS-1 took less than 30 person-months; range: our estimate"};
  plan.kwh_per_person_year = {
      {462.5, 200, 4000},
      "GreenFPGA (DAC 2024), open data: 0.4625 MWh; range: our estimate, high: with office and travel"};
  plan.new_person_months = {{6, 1, 36}, guess};
  plan.integration_share = {{0.1, 0.02, 0.5}, guess};
  return plan;
}

Result<ReusePlan> parse_reuse_plan(std::string_view text, const std::string& source) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  ReusePlan plan = default_reuse_plan();
  if (auto table = document->table("design")) read_design(*table, source, plan);
  if (auto table = document->table("making")) {
    plan.fab_grid = table->text("grid", plan.fab_grid);
    plan.package = table->text("package", plan.package);
  }
  for (TomlReader& table : document->tables("tile")) {
    const std::string from = source_of(table, source);
    const std::string ip = table.text("ip");
    TileReuse tile;
    tile.reused = table.choice("design", {"new", "reused"}) == 1;
    tile.share = tile.reused ? plan.integration_share : Input{carbon::Estimate<double>::exact(1), ""};
    tile.products = {carbon::Estimate<double>::exact(1), ""};
    tile.person_months = tile.reused ? Input{{0, 0, 0}, ""} : plan.new_person_months;
    if (!tile.reused && table.has("integration_share"))
      table.fail("integration_share", "'" + ip + "' is new, but has an integration share",
                 "write design = \"reused\", or take integration_share out");
    take(table, "integration_share", 0, 1, from, tile.share);
    take(table, "products", 1, 1e6, from, tile.products);
    take(table, "person_months", 0, most_months, from, tile.person_months);
    if (!plan.tiles.emplace(ip, std::move(tile)).second)
      table.fail("ip", "'" + ip + "' is named twice", "keep one [[tile]] for each ip");
  }
  if (auto fine = document->finish(); !fine) return fine.error();
  return plan;
}

}  // namespace cradle::soc
