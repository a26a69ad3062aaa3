// cradle power tree: a datacenter's power budget, from the site down to devices.
#include <algorithm>
#include <memory>
#include <optional>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/catalog/catalog.h"
#include "cradle/hierarchy/run.h"
#include "cradle/report/format.h"
#include "cradle/report/progress.h"
#include "interrupt.h"
#include "verb_power.h"

namespace cradle::cli {

using hierarchy::ManagerKind;
using hierarchy::RunOutcome;
using report::Align;
using report::Cell;
using report::decimal;
using report::significant;

namespace {

constexpr std::int64_t seconds_per_hour = 3600, hours_per_day = 24;
/// 2022-01-01T00:00Z, where a grid's typical year begins.
constexpr std::int64_t year_begins_ms = 1'640'995'200'000;
constexpr double percent = 100;

struct Setting {
  hierarchy::Tree tree;
  hierarchy::ManagerOptions manager;
  hierarchy::RunOptions run;
  std::unique_ptr<hierarchy::Demand> demand;
  std::optional<carbon::IntensitySeries> intensity;
  std::vector<ManagerKind> kinds;
};

Result<std::unique_ptr<hierarchy::Demand>> demand_of(const PowerOptions& options, std::size_t devices) {
  if (!options.demand_file.empty()) {
    const auto text = read_file(options.demand_file);
    if (!text) return text.error();
    auto recorded = hierarchy::RecordedDemand::read(*text, options.demand_file.string());
    if (!recorded) return std::move(recorded).error();
    if (recorded->columns() > devices)
      return bad_input(
          "it names device " + std::to_string(recorded->columns() - 1) + " of " + std::to_string(devices) + " devices",
          options.demand_file.string(), "devices are numbered from 0; name those of --tree");
    return std::unique_ptr<hierarchy::Demand>(std::make_unique<hierarchy::RecordedDemand>(std::move(recorded).value()));
  }
  hierarchy::DemandOptions made_up;
  made_up.highest = static_cast<std::int32_t>(options.device_demand);
  made_up.seed = options.seed;
  auto generated = hierarchy::GeneratedDemand::make(made_up, "--demand");
  if (!generated) return std::move(generated).error();
  return std::unique_ptr<hierarchy::Demand>(std::make_unique<hierarchy::GeneratedDemand>(std::move(generated).value()));
}

Result<Setting> read_setting(const PowerOptions& options, const Common& common) {
  auto tree = hierarchy::Tree::parse(options.tree, "--tree");
  if (!tree) return std::move(tree).error();
  auto demand = demand_of(options, tree->devices());
  if (!demand) return std::move(demand).error();
  Setting setting{std::move(*tree), {}, {}, std::move(*demand), {}, {}};
  constexpr double usual_share = 0.7;
  const auto devices = static_cast<double>(setting.tree.devices());
  const auto all = devices * static_cast<double>(options.device_floor + options.device_demand);
  setting.manager.budget = options.budget_watts > 0   ? static_cast<hierarchy::Quanta>(options.budget_watts)
                           : options.tree == "dynamo" ? hierarchy::Tree::dynamo_site
                                                      : static_cast<hierarchy::Quanta>(usual_share * all);
  setting.manager.floor = static_cast<std::int32_t>(options.device_floor);
  setting.manager.threads = common.threads;
  setting.manager.seed = options.seed;
  setting.manager.crash_per_second = options.crash_per_second;
  setting.manager.lease_seconds = options.lease_seconds;
  for (const std::int64_t weight : options.weights) setting.manager.weight.push_back(static_cast<std::int32_t>(weight));

  setting.run.seconds =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(options.hours * static_cast<double>(seconds_per_hour)));
  // A short run is looked at as often as a long one.
  constexpr std::int64_t looks = 6;
  setting.run.fairness_every = std::clamp<std::int64_t>(setting.run.seconds / looks, 1, setting.run.fairness_every);
  setting.run.first_second =
      options.demand_file.empty() ? static_cast<std::int64_t>(options.from_hour * seconds_per_hour) : 0;
  const double start_hours = static_cast<double>(options.day * hours_per_day) + options.from_hour;
  setting.run.start =
      Instant{year_begins_ms + static_cast<std::int64_t>(start_hours * static_cast<double>(ms_per_hour))};
  for (const std::string& text : options.cuts) {
    const auto cut = parse_cut(text);
    if (!cut) return cut.error();
    if (cut->first >= options.hours * seconds_per_hour)
      return bad_input("'" + text + "' is after the end of the run", "--cut",
                       "the run ends after " + shortest(options.hours * seconds_per_hour) + " s: give more --hours");
    const auto second = static_cast<std::int64_t>(cut->first);
    if (std::any_of(setting.run.changes.begin(), setting.run.changes.end(),
                    [second](const auto& change) { return change.second == second; }))
      return bad_input("'" + text + "' is a second budget for the same second", "--cut",
                       "give one budget for each second");
    setting.run.changes.push_back(
        {second, static_cast<hierarchy::Quanta>(cut->second * static_cast<double>(setting.manager.budget))});
  }
  if (!options.grid.empty()) {
    const auto catalog = catalog::Catalog::load(common.catalog);
    if (!catalog) return catalog.error();
    const auto grid = catalog->find_grid(options.grid, "--grid");
    if (!grid) return grid.error();
    setting.intensity = (*grid)->series();
  }
  if (options.signal > 0) setting.run.signal = hierarchy::CarbonSignal{options.signal, options.least_budget};
  std::vector<std::string> names = options.managers;
  if (names.empty()) names = {"exchange", "dynamo", "gradient", "static"};
  for (const std::string& name : names) {
    const auto kind = hierarchy::parse_manager(name, "--manager");
    if (!kind) return kind.error();
    setting.kinds.push_back(*kind);
  }
  const bool exchanges =
      std::find(setting.kinds.begin(), setting.kinds.end(), ManagerKind::exchange) != setting.kinds.end();
  if (!exchanges && options.lease_given)
    return bad_input("none of the managers has leases", "--lease", "leave it out, or let exchange run too");
  if (!exchanges && options.crash_per_second > 0)
    return bad_input("none of the managers has servers that fall silent", "--crash",
                     "leave it out, or let exchange run too");
  if (options.day_given && options.grid.empty())
    return bad_input("a day of the year without a grid", "--day", "leave it out, or name a --grid");
  if (options.least_budget_given && options.signal == 0)
    return bad_input("a budget that follows no grid has no least share", "--least-budget",
                     "leave it out, or give --signal");
  return setting;
}

report::Table outcome_table(const std::vector<std::pair<std::string, RunOutcome>>& runs) {
  report::Table table;
  table.column("manager", "manager")
      .column("work_percent", "work done", Align::right, 2, "%")
      .column("device_hours_lost", "work lost", Align::right, 1, "device h")
      .column("jain_mean", "Jain, mean", Align::right, 4)
      .column("jain_least", "least", Align::right, 4)
      .column("over_budget_watt_seconds", "over budget", Align::right, -1, "W s")
      .column("worst_over_percent", "at most", Align::right, 2, "%")
      .column("breakers_tripped", "tripped", Align::right)
      .column("seconds_to_obey", "cut obeyed", Align::right, 0, "s")
      .column("messages_per_device_second", "messages", Align::right, 3, "/device/s")
      .column("violations", "violations", Align::right)
      .column("energy_mwh", "energy", Align::right, 3, "MWh")
      .column("kg_co2e", "carbon", Align::right, 1, "kgCO2e");
  for (const auto& [name, run] : runs) {
    double over = 0, worst = 0;
    std::int64_t tripped = 0;
    for (const auto& level : run.levels) {
      over += level.over_watt_seconds;
      worst = std::max(worst, level.worst_over_percent);
      tripped += static_cast<std::int64_t>(level.tripped);
    }
    table.row({name, percent * run.work_share, run.device_hours_lost,
               run.fairness_samples > 0 ? Cell(run.fairness_mean) : Cell(),
               run.fairness_samples > 0 ? Cell(run.fairness_least) : Cell(), over, worst, tripped,
               run.seconds_to_obey ? Cell(*run.seconds_to_obey) : Cell(), run.messages_per_device_second,
               static_cast<std::int64_t>(run.violations), carbon::KilowattHours{run.energy}.value() / 1e3,
               run.grams ? Cell(carbon::KilogramsCO2e{*run.grams}.value()) : Cell()});
  }
  return table;
}

report::Table level_table(const std::vector<std::pair<std::string, RunOutcome>>& runs) {
  report::Table table;
  table.column("manager", "manager")
      .column("level", "level")
      .column("nodes", "nodes", Align::right)
      .column("over_watt_seconds", "over its rating", Align::right, -1, "W s")
      .column("worst_over_percent", "at most", Align::right, 2, "%")
      .column("tripped", "breakers tripped", Align::right);
  for (const auto& [name, run] : runs)
    for (const auto& level : run.levels)
      if (level.over_watt_seconds > 0)
        table.row({name, level.name, static_cast<std::int64_t>(level.nodes), level.over_watt_seconds,
                   level.worst_over_percent, static_cast<std::int64_t>(level.tripped)});
  return table;
}

/// Why token exchange is not as fair as it should be; empty where it is.
std::string why_unfair(const std::vector<std::pair<std::string, RunOutcome>>& runs, const PowerOptions& options) {
  const std::vector<std::int64_t>& weights = options.weights;
  constexpr double fair = 0.99;
  double least = 1;
  for (const auto& [name, run] : runs)
    if (run.manager == ManagerKind::exchange) least = std::min(least, run.fairness_least);
  if (least >= fair) return {};
  const std::string what =
      "exchange comes to Jain's index " + decimal(least, 4) + " of water-filling at its least, below 0.99: ";
  if (weights.size() > 1 &&
      *std::max_element(weights.begin(), weights.end()) != *std::min_element(weights.begin(), weights.end()))
    return what +
           "with weights this far apart the light devices share what the heavy ones leave, which changes from second "
           "to second by more than one second's messages bring; and shares of a few watts are rounded to whole ones";
  if (options.crash_per_second > 0) return what + "servers that fall silent hold nothing";
  return what +
         "a budget so tight that shares are a few coins, coins of a level that are large against its nodes' budgets, "
         "or a budget that moves faster than coins do";
}

hierarchy::LinkModel links_of(std::uint64_t seed) {
  hierarchy::LinkModel links;
  links.seed = seed;
  return links;
}

report::Table cut_table(const hierarchy::Tree& tree, std::uint64_t seed) {
  report::Table table;
  constexpr double ms = 1000;
  table.column("level", "level")
      .column("median_ms", "median", Align::right, 0, "ms")
      .column("p999_ms", "99.9th percentile", Align::right, 0, "ms")
      .column("latest_ms", "latest", Align::right, 0, "ms");
  for (const auto& response : hierarchy::cut_response(tree, links_of(seed)))
    table.row({response.level, response.median.value() * ms, response.p999.value() * ms, response.latest.value() * ms});
  return table;
}

}  // namespace

int run_power_tree(const PowerOptions& options, const Common& common) {
  auto setting = read_setting(options, common);
  if (!setting) return fail(setting.error());
  // What follows the grid runs twice: what it saves and what it costs are told together.
  const bool follows = setting->run.signal.has_value();
  if (setting->intensity) setting->run.intensity = &*setting->intensity;

  std::optional<InterruptGuard> guard(std::in_place);
  const auto minutes = static_cast<std::uint64_t>(setting->run.seconds / 60 + 1);
  std::optional<report::Progress> progress(std::in_place, "tree", minutes * setting->kinds.size() * (follows ? 2 : 1),
                                           common.progress && !common.quiet);
  setting->run.go_on = [&](std::int64_t) {
    progress->advance();
    return !InterruptGuard::interrupted();
  };
  std::vector<std::pair<std::string, RunOutcome>> runs;
  for (const ManagerKind kind : setting->kinds)
    for (const bool with_signal : {false, true}) {
      if ((with_signal && !follows) || InterruptGuard::interrupted()) continue;
      hierarchy::RunOptions run_options = setting->run;
      if (!with_signal) run_options.signal.reset();
      const auto manager = hierarchy::Manager::make(kind, setting->tree, setting->manager, "--budget");
      if (!manager) return fail(manager.error());
      auto outcome =
          hierarchy::run(setting->tree, **manager, kind, setting->manager, *setting->demand, run_options, "power tree");
      if (!outcome) return fail(outcome.error());
      runs.emplace_back(std::string(to_string(kind)) + (with_signal ? ", by the grid" : ""), std::move(*outcome));
    }
  progress.reset();
  const bool interrupted = InterruptGuard::interrupted();
  guard.reset();
  if (runs.empty() || runs.front().second.seconds == 0) {
    std::fprintf(stderr, "cradle: stopped before there was an answer\n");
    return interrupted_status;
  }

  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  const RunOutcome& first = runs.front().second;
  page.title = "Power budget of " + std::to_string(setting->tree.devices()) + " devices";
  page.question = "What do " + std::to_string(setting->tree.devices()) + " devices get done within " +
                  significant(static_cast<double>(setting->manager.budget) / 1e6, 4) + " MW?";
  page.answer =
      runs.front().first + ": " + decimal(percent * first.work_share, 2) + " % of the work in " +
      report::duration_text(carbon::Seconds{static_cast<double>(first.seconds)}) + ", " +
      (first.fairness_samples > 0 ? "Jain's index " + decimal(first.fairness_mean, 4) + " against water-filling, "
                                  : std::string()) +
      significant(first.messages_per_device_second, 3) + " messages by device and second above the server, " +
      std::to_string(first.violations) + " violations.";
  if (follows && runs.size() > 1) {
    const RunOutcome& by_grid = runs[1].second;
    const double saved = 1 - *by_grid.grams / *first.grams;
    page.answer += " A budget that follows the grid emits " + decimal(percent * saved, 1) + " % less and loses " +
                   significant(by_grid.device_hours_lost - first.device_hours_lost, 3) + " device hours more.";
  }
  const report::Table table = outcome_table(runs);
  page.tables = {{"Managers", table}};
  if (const report::Table levels = level_table(runs); levels.rows() > 0) page.tables.emplace_back("Overdraw", levels);
  page.tables.emplace_back("A cut of the budget by token exchange: until all devices below obey",
                           cut_table(setting->tree, options.seed));
  page.notes = {"a breaker trips by an inverse-time curve through its one published point: 10 % over for 17 minutes",
                "speed of a device: the square root of the share of its demand that it may draw",
                "cut of the budget: messages of 1 ms, 2 ms in each node, 1 % lost and sent again after 20 ms, 50 ms "
                "until a device draws less"};
  if (options.demand_file.empty())
    page.notes.emplace_back("demand is made up: jobs of ten minutes, more by day, seed " +
                            std::to_string(options.seed));
  if (const std::string why = why_unfair(runs, options); !why.empty()) page.notes.push_back(why);
  if (options.crash_per_second > 0)
    page.notes.emplace_back("servers fall silent under exchange alone; the other managers run without faults");
  if (interrupted) page.notes.emplace_back("interrupted: the last run is shorter");
  answer.schema = "cradle.power.tree/1";
  answer.fields = {{"tree", options.tree},
                   {"devices", static_cast<std::int64_t>(setting->tree.devices())},
                   {"budget_watts", setting->manager.budget},
                   {"seed", static_cast<std::int64_t>(options.seed)}};
  answer.rows = table;
  if (!options.report.empty()) {
    report::Curve curve;
    curve.title = "How deep a cut reaches, and when";
    curve.x = {"level, from the site down", "", false};
    curve.y = {"latest device", "ms", false};
    const auto responses = hierarchy::cut_response(setting->tree, links_of(options.seed));
    report::Line line{"latest", {}, {}}, median{"median", {}, {}};
    for (std::size_t l = 0; l < responses.size(); ++l) {
      for (report::Line* one : {&line, &median}) one->x.push_back(static_cast<double>(l));
      line.y.push_back(responses[l].latest.value() * 1000);
      median.y.push_back(responses[l].median.value() * 1000);
    }
    curve.lines = {line, median};
    page.curves.push_back(std::move(curve));
  }
  const int status = deliver(std::move(answer), options.command, options.report, options.output, common);
  return interrupted && status == 0 ? interrupted_status : status;
}

}  // namespace cradle::cli
