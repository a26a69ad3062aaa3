// cradle account: the grams of one run of a ledger by job, user, product, machine or day.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cradle/base/text.h"
#include "cradle/ledger/ledger.h"
#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

using carbon::Account;
using carbon::AccountRow;
using carbon::Figures;
using carbon::GramsCO2e;
using carbon::Grouping;
using carbon::Knowledge;
using report::Align;
using report::Cell;
using report::Table;
using Json = nlohmann::ordered_json;

double kwh(carbon::Joules energy) { return carbon::KilowattHours{energy}.value(); }

struct Column {
  const char* key;
  double (*value)(const Figures&);
};

/// The numbers of a row for programs; each key says its unit, energies are those of the view.
constexpr Column columns[] = {
    {"energy_kwh", [](const Figures& f) { return kwh(f.energy.joules()); }},
    {"idle_energy_kwh", [](const Figures& f) { return kwh(f.idle_energy.joules()); }},
    {"facility_energy_kwh", [](const Figures& f) { return kwh(f.facility_energy); }},
    {"operational_g", [](const Figures& f) { return f.operational.value(); }},
    {"embodied_g", [](const Figures& f) { return f.embodied.value.value(); }},
    {"embodied_low_g", [](const Figures& f) { return f.embodied.low.value(); }},
    {"embodied_high_g", [](const Figures& f) { return f.embodied.high.value(); }},
    {"idle_operational_g", [](const Figures& f) { return f.idle_operational.value(); }},
    {"idle_embodied_g", [](const Figures& f) { return f.idle_embodied.value.value(); }},
    {"idle_embodied_low_g", [](const Figures& f) { return f.idle_embodied.low.value(); }},
    {"idle_embodied_high_g", [](const Figures& f) { return f.idle_embodied.high.value(); }},
    {"total_g", [](const Figures& f) { return f.total().value.value(); }},
    {"total_low_g", [](const Figures& f) { return f.total().low.value(); }},
    {"total_high_g", [](const Figures& f) { return f.total().high.value(); }},
    {"measured_share", [](const Figures& f) { return f.share(Knowledge::measured); }},
    {"estimated_share", [](const Figures& f) { return f.share(Knowledge::estimated); }},
    {"simulated_share", [](const Figures& f) { return f.share(Knowledge::simulated); }},
};

/// "average", "marginal", or both with the sites that have no marginal signal.
std::string signal_text(const Account& account) {
  std::string without;
  bool marginal = false;
  for (const auto& site : account.signals) {
    if (site.signal == carbon::Signal::marginal)
      marginal = true;
    else
      without += (without.empty() ? "" : ", ") + site.site;
  }
  if (without.empty()) return "marginal";
  return marginal ? "marginal; average at " + without : "average";
}

std::string share_text(const Figures& figures) {
  std::string text;
  for (const auto& [knowledge, word] :
       {std::pair{Knowledge::measured, "measured"}, std::pair{Knowledge::estimated, "estimated"},
        std::pair{Knowledge::simulated, "simulated"}})
    if (figures.share(knowledge) > 0)
      text += (text.empty() ? "" : ", ") + report::percent_text(figures.share(knowledge)) + " " + word;
  return text.empty() ? "none" : text;
}

bool is_zero(const Figures& figures) {
  return figures.idle_energy == carbon::ExactEnergy{} && figures.total().high == GramsCO2e{0};
}

struct TableUnit {
  double size;  ///< in grams, or joules
  const char* name;
  int decimals;
};

/// One unit for all columns of a kind, so that they can be compared and added: the largest in which the largest number
/// is at least 1. A year of a fleet is told in kilograms like a day of it.
template <std::size_t N>
const TableUnit& fitting(const TableUnit (&units)[N], double largest) {
  const TableUnit* chosen = &units[0];
  for (const TableUnit& unit : units)
    if (largest >= unit.size) chosen = &unit;
  return *chosen;
}

constexpr TableUnit mass_units[] = {
    {1e-6, "ugCO2e", 3}, {1e-3, "mgCO2e", 3}, {1, "gCO2e", 3}, {1e3, "kgCO2e", 3}, {1e9, "tCO2e", 3}};
constexpr TableUnit energy_units[] = {{1, "J", 3}, {3600, "Wh", 3}, {3.6e6, "kWh", 1}};

struct Line {
  std::string label;
  Figures figures;
};

/// The rows with the largest totals, the others as one, what belongs to no row, and the sum.
std::vector<Line> lines_of(const Account& account, std::uint64_t limit) {
  std::vector<const AccountRow*> rows;
  for (const auto& row : account.rows) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), [](const AccountRow* a, const AccountRow* b) {
    return a->figures.total().value > b->figures.total().value;
  });
  const std::size_t shown = limit == 0 ? rows.size() : std::min<std::size_t>(rows.size(), limit);
  std::vector<Line> lines;
  for (std::size_t r = 0; r < shown; ++r)
    lines.push_back({rows[r]->key.empty() ? "(none)" : rows[r]->key, rows[r]->figures});
  if (shown < rows.size()) {
    Figures others;
    for (std::size_t r = shown; r < rows.size(); ++r) others += rows[r]->figures;
    lines.push_back({"(" + std::to_string(rows.size() - shown) + " more)", others});
  }
  if (!is_zero(account.unassigned)) lines.push_back({"(idle)", account.unassigned});
  lines.push_back({"(total)", account.total});
  return lines;
}

void print_table(const Account& account, const ledger::RunSummary& run, std::uint64_t limit) {
  std::printf("run %s, %s to %s: %s view, %s intensity\n\n", report::printable(run.info.name).c_str(),
              to_iso(account.period.from).c_str(), to_iso(account.period.to).c_str(),
              std::string(carbon::name(account.view)).c_str(), signal_text(account).c_str());
  const std::vector<Line> lines = lines_of(account, limit);
  double most_grams = 0, most_joules = 0;
  for (const Line& line : lines) {
    most_grams = std::max(most_grams, line.figures.total().high.value());
    most_joules = std::max(most_joules, (line.figures.energy + line.figures.idle_energy).joules().value());
  }
  const TableUnit& mass = fitting(mass_units, most_grams);
  const TableUnit& energy = fitting(energy_units, most_joules);
  Table table;
  table.column(std::string(name(account.by)), std::string(name(account.by)))
      .column("energy", "energy", Align::right, energy.decimals, energy.name);
  for (const char* column : {"operational", "embodied", "idle", "total", "low", "high"})
    table.column(column, column, Align::right, mass.decimals, mass.name);
  const auto in_mass = [&mass](GramsCO2e grams) { return grams.value() / mass.size; };
  for (const auto& [label, figures] : lines) {
    const auto total = figures.total();
    table.row({label, (figures.energy + figures.idle_energy).joules().value() / energy.size,
               in_mass(figures.operational), in_mass(figures.embodied.value),
               in_mass(figures.idle_operational + figures.idle_embodied.value), in_mass(total.value),
               in_mass(total.low), in_mass(total.high)});
  }
  std::fputs(table.to_text().c_str(), stdout);

  std::printf("\nenergy counted: %s at the machines, %s with PUE; known how: %s\n",
              report::energy_text((account.total.energy + account.total.idle_energy).joules()).c_str(),
              report::energy_text(account.total.facility_energy).c_str(), share_text(account.total).c_str());
  if (account.excluded != carbon::ExactEnergy{})
    std::printf("left out by this view, since it would be drawn anyway: %s of %s metered\n",
                report::energy_text(account.excluded.joules()).c_str(),
                report::energy_text(account.metered.joules()).c_str());
}

/// One row of data for programs.
std::vector<Cell> cells_of(const Figures& figures) {
  std::vector<Cell> cells;
  for (const Column& column : columns) cells.emplace_back(column.value(figures));
  return cells;
}

void add_columns(Table& table) {
  for (const Column& column : columns) table.column(column.key, column.key, Align::right);
}

/// The user and product of a job's row; nothing for other rows.
std::vector<Cell> job_cells(const Account& account, const ledger::RunReader& run, std::size_t row) {
  if (account.by != Grouping::job) return {};
  const auto& job = run.jobs()[row];
  return {job.user, job.product};
}

void print_csv(const Account& account, const ledger::RunReader& run) {
  const std::string view(carbon::name(account.view)), by(name(account.by));
  Table table;
  table.column("run", "run").column("view", "view").column("line", "line").column(by, by);
  if (account.by == Grouping::job) table.column("user", "user").column("product", "product");
  add_columns(table);
  const auto add = [&](const char* line, const std::string& key, std::vector<Cell> more, const Figures& figures) {
    std::vector<Cell> cells{run.summary().info.name, view, std::string(line), key};
    if (account.by == Grouping::job) more.resize(2);
    cells.insert(cells.end(), more.begin(), more.end());
    const auto numbers = cells_of(figures);
    cells.insert(cells.end(), numbers.begin(), numbers.end());
    table.row(std::move(cells));
  };
  for (std::size_t r = 0; r < account.rows.size(); ++r)
    add("row", account.rows[r].key, job_cells(account, run, r), account.rows[r].figures);
  add("unassigned", "", {}, account.unassigned);
  add("total", "", {}, account.total);
  std::fputs(table.to_csv().c_str(), stdout);
}

Json json_of(const Figures& figures) {
  Json object;
  for (const Column& column : columns) object[column.key] = column.value(figures);
  return object;
}

void print_json(const Account& account, const ledger::RunReader& run) {
  const ledger::RunInfo& info = run.summary().info;
  Json document;
  document["schema"] = "cradle.account/1";
  document["run"] = {{"name", info.name},  {"study", info.study},           {"policy", info.policy},
                     {"seed", info.seed},  {"created_by", info.created_by}, {"finished", run.summary().finished},
                     {"notes", info.notes}};
  document["period"] = {{"from", to_iso(account.period.from)}, {"to", to_iso(account.period.to)}};
  document["view"] = carbon::name(account.view);
  document["by"] = name(account.by);
  document["units"] = {{"_kwh", "kWh; at the machine, but facility_energy_kwh with PUE"},
                       {"_g", "g CO2e"},
                       {"_share", "of the energy, 0 to 1"}};
  for (const auto& site : account.signals) document["signals"][site.site] = carbon::name(site.signal);
  document["entries"] = account.entries;
  document["metered_kwh"] = kwh(account.metered.joules());
  document["excluded_kwh"] = kwh(account.excluded.joules());
  document["total"] = json_of(account.total);
  document["unassigned"] = json_of(account.unassigned);
  document["rows"] = Json::array();
  for (std::size_t r = 0; r < account.rows.size(); ++r) {
    Json row{{std::string(name(account.by)), account.rows[r].key}};
    if (account.by == Grouping::job) {
      row["user"] = run.jobs()[r].user;
      row["product"] = run.jobs()[r].product;
    }
    row.update(json_of(account.rows[r].figures));
    document["rows"].push_back(std::move(row));
  }
  document["notes"] = account.notes;
  // A name that is not UTF-8 must not stop the output.
  std::puts(document.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

}  // namespace

int run_account(const AccountOptions& options, const Common& common) {
  const auto usage = [](Error error, const char* option) {
    error.where = option;
    return fail(error);
  };
  const auto by = carbon::parse_grouping(options.by);
  if (!by) return usage(by.error(), "--by");
  const auto view = carbon::parse_view(options.view);
  if (!view) return usage(view.error(), "--view");
  const auto book = ledger::Ledger::open_read(options.ledger);
  if (!book) return fail(book.error());
  const auto run = book->read_run(options.run);
  if (!run) return fail(run.error());
  const auto account = run->account(*view, *by);
  if (!account) return fail(account.error());

  switch (options.output) {
    case Output::table: print_table(*account, run->summary(), options.limit); break;
    case Output::json: print_json(*account, *run); break;
    case Output::csv: print_csv(*account, *run); break;
  }
  if (!common.quiet)
    for (const auto& note : account->notes) std::fprintf(stderr, "cradle: note: %s\n", note.c_str());
  return 0;
}

}  // namespace cradle::cli
