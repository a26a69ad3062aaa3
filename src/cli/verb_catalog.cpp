// cradle catalog list|show|check|derive-grid: the records and where their numbers come from.
#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/catalog/catalog.h"
#include "cradle/catalog/hourly_grid.h"
#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

using report::Align;
using report::Table;

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

std::string bounds(const carbon::Estimate<double>& e) {
  return report::significant(e.low, 6) + " .. " + report::significant(e.high, 6);
}

Result<void> check_kind(const std::string& kind) {
  std::vector<std::string> kinds;
  kinds.reserve(catalog::all_kinds.size());
  for (const catalog::Kind known : catalog::all_kinds) kinds.emplace_back(to_string(known));
  if (kind.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) return {};
  return bad_input("no kind of record '" + kind + "'", "catalog list", suggest(kind, kinds));
}

int list(const catalog::Catalog& catalog, const CatalogOptions& options) {
  if (auto known = check_kind(options.kind); !known) return fail(known.error());
  Table table;
  table.column("kind", "kind").column("id", "id").column("name", "name").column("origin", "from");
  for (const catalog::Listing& record : catalog.list())
    if (options.kind.empty() || options.kind == to_string(record.kind))
      table.row({std::string(to_string(record.kind)), record.id, record.name, record.origin});
  if (options.output == Output::table) print(table.to_text());
  if (options.output == Output::csv) print(table.to_csv());
  if (options.output == Output::json) print(table.to_json("cradle.catalog-list.v1"));
  return 0;
}

/// What a whole server costs, part by part, with the sum in the last line.
Table server_table(const catalog::Catalog& catalog, const catalog::Server& server) {
  Table table;
  table.column("part", "part")
      .column("embodied_kg", "embodied", Align::right, 1, "kgCO2e")
      .column("embodied_low_kg", "low", Align::right, 1, "kgCO2e")
      .column("embodied_high_kg", "high", Align::right, 1, "kgCO2e")
      .column("idle_w", "idle", Align::right, 1, "W")
      .column("full_w", "full", Align::right, 1, "W");
  catalog::ServerLine sum{"sum", {}, {}, {}};
  const auto add = [&](const catalog::ServerLine& line) {
    const auto kg = [](carbon::GramsCO2e grams) { return carbon::KilogramsCO2e{grams}.value(); };
    table.row({line.part, kg(line.embodied.value), kg(line.embodied.low), kg(line.embodied.high),
               line.idle_power.value.value(), line.full_power.value.value()});
  };
  for (const catalog::ServerLine& line : catalog.breakdown(server)) {
    add(line);
    sum = {"sum", sum.embodied + line.embodied, sum.idle_power + line.idle_power, sum.full_power + line.full_power};
  }
  add(sum);
  return table;
}

/// A typical year: the mean of each month, its lowest and highest hour of the day, and the mean spread.
Table year_table(const catalog::YearProfile& profile) {
  Table table;
  table.column("month", "month", Align::right)
      .column("mean", "mean", Align::right, 1, "g/kWh")
      .column("lowest", "lowest", Align::right, 1, "g/kWh")
      .column("lowest_hour", "at", Align::right, 0, "h UTC")
      .column("highest", "highest", Align::right, 1, "g/kWh")
      .column("highest_hour", "at", Align::right, 0, "h UTC")
      .column("spread", "spread", Align::right, 1, "g/kWh");
  for (std::size_t month = 0; month < profile.mean.size(); ++month) {
    const auto& hours = profile.mean[month];
    carbon::GramsPerKilowattHour mean, spread;
    for (std::size_t hour = 0; hour < hours.size(); ++hour) {
      mean += hours[hour] / static_cast<double>(hours.size());
      spread += profile.spread[month][hour] / static_cast<double>(hours.size());
    }
    const auto low = std::min_element(hours.begin(), hours.end());
    const auto high = std::max_element(hours.begin(), hours.end());
    table.row({static_cast<std::int64_t>(month + 1), mean.value(), low->value(),
               static_cast<std::int64_t>(low - hours.begin()), high->value(),
               static_cast<std::int64_t>(high - hours.begin()), spread.value()});
  }
  return table;
}

/// "idle_power" of "accelerator.t4.idle_power". Ids may hold dots, fields do not.
std::string field_of(const catalog::Figure& figure) { return figure.key.substr(figure.key.rfind('.') + 1); }

/// The numbers of a record, what each includes, and the sources that they name by number.
void print_numbers(const std::vector<catalog::Figure>& figures) {
  Table table;
  table.column("field", "field")
      .column("value", "value", Align::right)
      .column("range", "low .. high", Align::right)
      .column("unit", "unit")
      .column("source", "source", Align::right);
  std::vector<std::string> sources;
  for (const catalog::Figure& figure : figures) {
    const carbon::Provenance& from = figure.provenance;
    const std::string source = from.source + " (" + std::to_string(from.year) + "); licence: " + from.licence;
    auto at = std::find(sources.begin(), sources.end(), source);
    if (at == sources.end()) at = sources.insert(at, source);
    table.row({field_of(figure), report::significant(figure.estimate.value, 6), bounds(figure.estimate), figure.unit,
               static_cast<std::int64_t>(at - sources.begin() + 1)});
  }
  print("\n" + table.to_text() + "\nSources:\n");
  for (std::size_t i = 0; i < sources.size(); ++i)
    print("  [" + std::to_string(i + 1) + "] " + report::printable(sources[i]) + "\n");
  print("\nScope and notes:\n");
  for (const catalog::Figure& figure : figures) {
    const carbon::Provenance& from = figure.provenance;
    print("  " + field_of(figure) + ": " + report::printable(from.scope + (from.note.empty() ? "" : "; " + from.note)) +
          "\n");
  }
}

/// What a server's parts add up to, as figures.
void add_breakdown(const catalog::Catalog& catalog, const catalog::Server& server,
                   std::vector<catalog::Figure>& figures) {
  const carbon::Provenance derived{"parts of this catalogue, as configured", 2025, "whole server", "as its parts", ""};
  const std::string key = "server." + server.id + ".";
  for (const catalog::ServerLine& line : catalog.breakdown(server)) {
    const auto kg = [](carbon::GramsCO2e grams) { return carbon::KilogramsCO2e{grams}.value(); };
    const auto watts = [&](const char* name, const carbon::Estimate<carbon::Watts>& e) {
      figures.push_back({key + line.part + "." + name, {e.value.value(), e.low.value(), e.high.value()}, "W", derived});
    };
    figures.push_back({key + line.part + ".embodied",
                       {kg(line.embodied.value), kg(line.embodied.low), kg(line.embodied.high)},
                       "kgCO2e",
                       derived});
    watts("idle_power", line.idle_power);
    watts("full_power", line.full_power);
  }
}

int show(const catalog::Catalog& catalog, const CatalogOptions& options) {
  const auto record = catalog.find(options.id);
  if (!record) return fail(record.error());
  std::vector<catalog::Figure> figures = catalog.figures(options.id);
  const catalog::Server* server = catalog.server(options.id);

  if (options.output != Output::table) {
    if (server) add_breakdown(catalog, *server, figures);
    Table table;
    for (const char* key : {"key", "value", "low", "high", "unit", "source", "year", "scope", "licence", "note"})
      table.column(key, key);
    for (const catalog::Figure& f : figures)
      table.row({f.key, f.estimate.value, f.estimate.low, f.estimate.high, f.unit, f.provenance.source,
                 std::int64_t{f.provenance.year}, f.provenance.scope, f.provenance.licence, f.provenance.note});
    if (options.output == Output::csv) {
      print(table.to_csv());
      return 0;
    }
    std::vector<report::Field> fields = {
        {"kind", std::string(to_string(record->kind))}, {"id", record->id}, {"origin", record->origin}};
    for (const auto& [key, value] : catalog.texts(options.id)) fields.emplace_back(key, value);
    print(table.to_json("cradle.catalog-record.v1", fields));
    return 0;
  }

  print(std::string(to_string(record->kind)) + " " + record->id + ", from " + report::printable(record->origin) + "\n");
  for (const auto& [key, value] : catalog.texts(options.id)) print("  " + key + ": " + report::printable(value) + "\n");
  print_numbers(figures);
  if (server) print("\nAs configured:\n" + server_table(catalog, *server).to_text());
  if (const catalog::Grid* grid = catalog.grid(options.id)) {
    if (grid->average_profile)
      print("\nTypical year, average intensity:\n" + year_table(*grid->average_profile).to_text());
    if (grid->marginal_profile)
      print("\nTypical year, marginal intensity:\n" + year_table(*grid->marginal_profile).to_text());
  }
  return 0;
}

/// Prints every error, not the first alone.
int check(const CatalogOptions& options, const Common& common) {
  std::optional<std::filesystem::path> path;
  if (!options.file.empty()) path = options.file;
  const std::vector<Error> errors = catalog::check(path, common.catalog);
  int status = 0;
  for (const Error& error : errors) status = std::max(status, fail(error));
  const std::string what = path ? path->string() : "the embedded catalogue";
  if (errors.empty() && !common.quiet) print(report::printable(what) + ": no error\n");
  if (!errors.empty())
    std::fprintf(stderr, "cradle: %zu error%s in %s\n", errors.size(), errors.size() == 1 ? "" : "s",
                 report::printable(what).c_str());
  return status;
}

int derive_grid(const CatalogOptions& options, const Common& common) {
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const auto text = read_file(options.file);
  if (!text) return fail(text.error());
  const auto grid = catalog::import_hourly(*text, options.file.string());
  if (!grid) return fail(grid.error());
  const catalog::Grid* known = catalog->grid(options.id);
  const catalog::GridHeading heading =
      known ? catalog::heading_of(*known) : catalog::new_heading(options.id, options.file.filename().string(), *grid);
  const auto record = catalog::grid_record_toml(heading, *grid);
  if (!record) {
    Error error = record.error();
    // A typical year knows the hours that it lacks, not the file.
    if (error.code == ErrorCode::missing_data) error.where = options.file.string() + ": " + error.where;
    return fail(error);
  }
  print(*record);
  if (common.quiet) return 0;
  for (const catalog::GridDefect& defect : grid->defects)
    std::fprintf(stderr, "note: %s %s: %s\n", to_iso(defect.instant).c_str(), to_string(defect.kind),
                 report::printable(defect.text).c_str());
  std::fprintf(stderr, "note: %lld hours, %lld of them bridged in series and left out of the typical year\n",
               static_cast<long long>(grid->hours()), static_cast<long long>(grid->hours_bridged()));
  if (!known)
    std::fprintf(stderr, "note: a new record: state its name, region, source and licence before you use it\n");
  return 0;
}

}  // namespace

int run_catalog(const CatalogOptions& options, const Common& common) {
  if (options.action == "check") return check(options, common);
  if (options.action == "derive-grid") return derive_grid(options, common);
  if (options.action != "list" && options.action != "show") {
    const std::vector<std::string> actions = {"list", "show", "check", "derive-grid"};
    return fail(bad_input("no action '" + options.action + "'", "catalog", suggest(options.action, actions)));
  }
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  return options.action == "list" ? list(*catalog, options) : show(*catalog, options);
}

}  // namespace cradle::cli
