// cradle design supply: solar, wind, battery and shifting for a site's demand.
#include <cstdio>
#include <optional>
#include <stop_token>

#include "cradle/design/energy_supply_study.h"
#include "cradle/report/format.h"
#include "cradle/report/progress.h"
#include "design_output.h"
#include "interrupt.h"
#include "verb_design.h"

namespace cradle::cli {

namespace {

using carbon::KilogramsCO2e;
using carbon::KilowattHours;
using carbon::TonnesCO2e;
using design::SupplyOutcome;
using report::Align;
using report::decimal;
using report::significant;

constexpr int interrupted_status = 130;  // what shells call a program ended by SIGINT
constexpr double watts_per_megawatt = 1e6;
constexpr double kilowatt_hours_per_megawatt_hour = 1e3;
constexpr double percent = 100;

double megawatt_hours(carbon::Joules energy) {
  return KilowattHours{energy}.value() / kilowatt_hours_per_megawatt_hour;
}

std::string plan_text(const design::SupplyPlan& plan) {
  return significant(plan.wind.value() / watts_per_megawatt, 4) + " MW wind, " +
         significant(plan.solar.value() / watts_per_megawatt, 4) + " MW solar, " +
         significant(megawatt_hours(plan.battery), 4) + " MWh battery, " +
         significant(percent * plan.extra_servers, 4) + " % extra servers";
}

report::Table table_of(const std::vector<std::pair<std::string, const SupplyOutcome*>>& rows) {
  report::Table table;
  table.column("plan", "plan")
      .column("wind_mw", "wind", Align::right, 0, "MW")
      .column("solar_mw", "solar", Align::right, 0, "MW")
      .column("battery_mwh", "battery", Align::right, 0, "MWh")
      .column("extra_servers_percent", "extra servers", Align::right, 0, "%")
      .column("coverage_percent", "covered", Align::right, 2, "%")
      .column("operation_t", "operation", Align::right, 0, "tCO2e")
      .column("embodied_t", "embodied", Align::right, 0, "tCO2e")
      .column("total_t", "total", Align::right, 0, "tCO2e");
  for (const auto& [name, outcome] : rows) {
    const auto& plan = outcome->plan;
    table.row({name, plan.wind.value() / watts_per_megawatt, plan.solar.value() / watts_per_megawatt,
               megawatt_hours(plan.battery), percent * plan.extra_servers, percent * outcome->coverage.ratio(),
               TonnesCO2e{outcome->operation}.value(), TonnesCO2e{outcome->embodied()}.value(),
               TonnesCO2e{outcome->total()}.value()});
  }
  return table;
}

/// The best plan without a battery, servers for shifting, or wind and sun, or with nothing at all; null if the sizes
/// have none.
const SupplyOutcome* best_of(const design::SupplySweep& sweep, bool battery, bool shifting, bool renewables) {
  const SupplyOutcome* best = nullptr;
  for (const auto& outcome : sweep.outcomes) {
    const auto& plan = outcome.plan;
    if ((!battery && plan.battery > carbon::Joules{0}) || (!shifting && plan.extra_servers > 0) ||
        (!renewables && plan.wind + plan.solar > carbon::Watts{0}))
      continue;
    if (best == nullptr || outcome.total() < best->total()) best = &outcome;
  }
  return best;
}

report::BillBar bar(const std::string& name, const SupplyOutcome& outcome) {
  const auto exact = [](carbon::GramsCO2e grams) {
    return carbon::Estimate<KilogramsCO2e>::exact(KilogramsCO2e{grams});
  };
  return {name,
          {{"wind and solar", exact(outcome.renewables)},
           {"battery", exact(outcome.battery)},
           {"extra servers", exact(outcome.servers)},
           {"operation", exact(outcome.operation)}},
          exact(outcome.total())};
}

report::Scatter scatter_of(const design::SupplySweep& sweep) {
  report::Scatter scatter;
  scatter.axes = {{"embodied", "tCO2e", false}, {"operation", "tCO2e", false}, {"covered", "%", false}};
  scatter.points = sweep.outcomes.size();
  scatter.complete = sweep.complete;
  const auto point = [&](std::size_t i) {
    const auto& outcome = sweep.outcomes[i];
    return report::DesignPoint{i,
                               plan_text(outcome.plan),
                               {TonnesCO2e{outcome.embodied()}.value(), TonnesCO2e{outcome.operation}.value(),
                                percent * outcome.coverage.ratio()}};
  };
  std::vector<char> on_front(sweep.outcomes.size(), 0);
  for (const std::size_t i : sweep.front) {
    scatter.front.push_back(point(i));
    on_front[i] = 1;
  }
  constexpr std::size_t most = 3000;
  const std::size_t step = sweep.outcomes.size() / most + 1;
  for (std::size_t i = 0; i < sweep.outcomes.size(); i += step)
    if (on_front[i] == 0) scatter.cloud.push_back(point(i));
  return scatter;
}

}  // namespace

int run_design_supply(const DesignOptions& options, const Common& common) {
  const auto opened = open_design_study(options, "supply");
  if (!opened) return fail(opened.error());
  if (opened->printed) return 0;
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const auto study = design::read_supply_study(opened->text.text, opened->text.source, *catalog);
  if (!study) return fail(study.error());
  if (auto fine = check_report(options); !fine) return fail(fine.error());

  std::stop_source stop;
  std::optional<InterruptGuard> guard(std::in_place);
  std::optional<report::Progress> line(std::in_place, "supply", study->sizes.count(), common.progress && !common.quiet);
  const auto sweep = design::sweep(
      study->site, study->coefficients, study->sizes, study->rules, common.threads,
      [&](std::uint64_t more) {
        if (InterruptGuard::interrupted()) stop.request_stop();
        line->advance(more);
      },
      stop.get_token(), opened->text.source);
  line.reset();
  const bool interrupted = InterruptGuard::interrupted();
  guard.reset();
  if (!sweep) return fail(sweep.error());
  if (sweep->outcomes.empty()) {
    std::fprintf(stderr, "cradle: stopped before there was an answer\n");
    return interrupted_status;
  }

  const SupplyOutcome& best = sweep->outcomes[sweep->best];
  std::vector<std::pair<std::string, const SupplyOutcome*>> rows = {{"best", &best}};
  const auto add = [&](const char* name, const SupplyOutcome* outcome) {
    if (outcome != nullptr) rows.emplace_back(name, outcome);
  };
  add("grid alone", best_of(*sweep, false, false, false));
  add("wind and solar", best_of(*sweep, false, false, true));
  add("and battery", best_of(*sweep, true, false, true));
  add("and extra servers", best_of(*sweep, false, true, true));

  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  page.title = study->title;
  page.question = study->question;
  page.study_file = opened->text.source;
  page.answer = plan_text(best.plan) + " emits least: " + significant(TonnesCO2e{best.total()}.value(), 4) +
                " tCO2e with all of it counted, covering " + decimal(percent * best.coverage.ratio(), 1) +
                " % of the demand" + (sweep->complete ? "." : ", of the plans tried before it was interrupted.");
  std::vector<std::pair<std::string, const SupplyOutcome*>> front;
  for (const std::size_t i : sweep->front) front.emplace_back("not beaten " + std::to_string(i), &sweep->outcomes[i]);
  page.tables = {{"Best plans", table_of(rows)}};
  auto all = rows;
  all.insert(all.end(), front.begin(), front.end());
  answer.rows = table_of(all);
  page.notes = study->notes;
  if (study->rules == design::SupplyRules::corrected) {
    const auto published =
        design::evaluate(study->site, study->coefficients, best.plan, design::SupplyRules::published);
    page.notes.push_back("by Carbon Explorer's own arithmetic the best plan covers " +
                         decimal(percent * published.coverage.ratio(), 2) + " % and emits " +
                         significant(TonnesCO2e{published.total()}.value(), 4) + " tCO2e");
  }
  answer.schema = "cradle.design.supply/1";
  answer.fields = {{"rules", std::string(study->rules == design::SupplyRules::corrected ? "corrected" : "published")},
                   {"plans", static_cast<std::int64_t>(sweep->outcomes.size())},
                   {"complete", std::string(sweep->complete ? "yes" : "no")}};
  if (!options.report.empty()) {
    page.tables.emplace_back("Plans that no other beats in both embodied and operation", table_of(front));
    page.scatter = scatter_of(*sweep);
    report::Bills bills{"Carbon over the horizon", "", {}};
    for (const auto& [name, outcome] : rows) bills.bars.push_back(bar(name, *outcome));
    page.bills.push_back(std::move(bills));
    page.tornados.push_back(tornado_of(
        "Total of the best plan when one figure moves", {"total", "tCO2e", false}, TonnesCO2e{best.total()}.value(),
        design::swings(study->figures, [&](design::Move move) -> std::optional<double> {
          const auto moved = design::read_supply_study(opened->text.text, opened->text.source, *catalog, move);
          if (!moved) return std::nullopt;
          return TonnesCO2e{design::evaluate(moved->site, moved->coefficients, best.plan, moved->rules).total()}
              .value();
        })));
  }
  const int status = deliver(std::move(answer), options, common);
  return interrupted && status == 0 ? interrupted_status : status;
}

}  // namespace cradle::cli
