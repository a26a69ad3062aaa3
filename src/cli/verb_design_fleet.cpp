// cradle design fleet: what to buy, keep, reuse and retire over the years.
#include <cstdio>
#include <memory>
#include <optional>

#include "cradle/design/replacement_study.h"
#include "cradle/report/format.h"
#include "cradle/report/progress.h"
#include "design_output.h"
#include "interrupt.h"
#include "verb_design.h"

namespace cradle::cli {

namespace {

using carbon::KilogramsCO2e;
using carbon::TonnesCO2e;
using report::Align;
using report::significant;

constexpr int interrupted_status = 130;  // what shells call a program ended by SIGINT

report::Table schedule(const design::FleetStudy& study, const design::FleetPlan& plan) {
  report::Table table;
  table.column("year", "year", Align::right)
      .column("machine", "machine")
      .column("site", "site")
      .column("bought_in", "bought in", Align::right)
      .column("buy", "buy", Align::right)
      .column("keep", "keep", Align::right)
      .column("to_second_life", "to 2nd life", Align::right)
      .column("second_life", "2nd life", Align::right)
      .column("retire", "retire", Align::right)
      .column("working", "working", Align::right);
  const auto& fleet = study.fleet;
  for (int year = 0; year < fleet.years; ++year) {
    const auto y = static_cast<std::size_t>(year);
    for (const auto& cohort : plan.cohorts) {
      const bool entry = cohort.bought == year;
      std::int64_t on = 0;
      for (const auto& by_class : cohort.on)
        for (const auto& by_year : by_class) on += by_year[y];
      const int before_and_now = cohort.first[y] + cohort.second[y] + cohort.left[y];
      if (before_and_now == 0) continue;
      const auto count = [](int n) { return static_cast<std::int64_t>(n); };
      table.row({count(study.first_year + year), fleet.types[cohort.type].name, fleet.sites[cohort.site].name,
                 count(study.first_year + cohort.bought), count(entry ? cohort.first[y] : 0),
                 count(entry ? 0 : cohort.first[y]), count(cohort.moved[y]), count(cohort.second[y]),
                 count(cohort.left[y]), on});
    }
  }
  return table;
}

report::Table sums(const design::FleetPlan& plan) {
  report::Table table;
  table.column("part", "part").column("tonnes", "over the plan", Align::right, 1, "tCO2e");
  const auto row = [&](const char* name, carbon::GramsCO2e grams) { table.row({name, TonnesCO2e{grams}.value()}); };
  row("making what is bought", plan.totals.making);
  row("refurbishing for second lives", plan.totals.refurbishing);
  row("repairs", plan.totals.repairs);
  row("operation", plan.totals.operation);
  row("credit for what is handed on", -plan.totals.credit);
  row("total", plan.totals.total());
  row("bound: no plan is below", plan.bound);
  return table;
}

report::BillBar bar(const std::string& name, const design::FleetTotals& totals) {
  const auto exact = [](carbon::GramsCO2e grams) {
    return carbon::Estimate<KilogramsCO2e>::exact(KilogramsCO2e{grams});
  };
  return {name,
          {{"making", exact(totals.making)},
           {"refurbishing", exact(totals.refurbishing)},
           {"repairs", exact(totals.repairs)},
           {"operation", exact(totals.operation)}},
          exact(totals.total() + totals.credit)};
}

report::Curve machines(const design::FleetStudy& study, const design::FleetPlan& plan) {
  report::Curve curve{"Machines by year", {"year", "", false}, {"machines", "", false}, {}, {}};
  for (std::size_t type = 0; type < study.fleet.types.size(); ++type) {
    report::Line line{study.fleet.types[type].name, {}, {}};
    bool any = false;
    for (int year = 0; year < study.fleet.years; ++year) {
      const auto y = static_cast<std::size_t>(year);
      double count = 0;
      for (const auto& cohort : plan.cohorts)
        if (cohort.type == type) count += cohort.first[y] + cohort.second[y];
      any = any || count > 0;
      line.x.push_back(study.first_year + year);
      line.y.push_back(count);
    }
    if (any) curve.lines.push_back(std::move(line));
  }
  return curve;
}

}  // namespace

int run_design_fleet(const DesignOptions& options, const Common& common) {
  const auto opened = open_design_study(options, "fleet");
  if (!opened) return fail(opened.error());
  if (opened->printed) return 0;
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const auto study = design::read_fleet_study(opened->text.text, opened->text.source, *catalog);
  if (!study) return fail(study.error());
  if (auto fine = check_report(options); !fine) return fail(fine.error());

  std::optional<InterruptGuard> guard(std::in_place);
  std::unique_ptr<report::Progress> line;
  std::string shown;
  design::FleetOptions run;
  run.interrupted = [] { return InterruptGuard::interrupted(); };
  run.progress = [&](const std::string& what, std::uint64_t, std::uint64_t total) {
    if (what != shown) {
      line.reset();
      line = std::make_unique<report::Progress>(what, total, common.progress && !common.quiet);
      shown = what;
    }
    line->advance();
  };
  const auto plan = design::plan_fleet(study->fleet, run, opened->text.source);
  line.reset();
  const bool interrupted = InterruptGuard::interrupted();
  if (!plan) {
    guard.reset();
    if (interrupted) {
      std::fprintf(stderr, "cradle: stopped before there was a plan\n");
      return interrupted_status;
    }
    return fail(plan.error());
  }

  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  page.title = study->title;
  page.question = study->question;
  page.study_file = opened->text.source;
  const double total = TonnesCO2e{plan->totals.total()}.value();
  page.answer = "The plan emits " + significant(total, 4) + " tCO2e over " + std::to_string(study->fleet.years) +
                " years, " + significant(TonnesCO2e{plan->totals.making}.value(), 3) + " t of it for making; ";
  constexpr double percent = 100;
  if (interrupted)
    page.answer += "interrupted, it is the best found until then; ";
  else if (!plan->complete)
    page.answer += "out of time, it is the best found until then; ";
  page.answer += "no plan is below " + significant(TonnesCO2e{plan->bound}.value(), 4) + " t (" +
                 (plan->complete ? "" : "a weak bound, ") + "gap " + report::decimal(percent * plan->gap(), 2) + " %).";
  page.tables = {{"What to do each year", schedule(*study, *plan)}, {"Carbon", sums(*plan)}};
  page.notes = study->notes;
  answer.schema = "cradle.design.fleet/1";
  answer.fields.emplace_back("total_t", total);
  answer.fields.emplace_back("bound_t", TonnesCO2e{plan->bound}.value());
  answer.fields.emplace_back("gap_percent", percent * plan->gap());
  answer.fields.emplace_back("exact", std::string(plan->exact ? "yes" : "no"));
  answer.fields.emplace_back("complete", std::string(interrupted || !plan->complete ? "no" : "yes"));
  if (!options.report.empty()) {
    page.curves.push_back(machines(*study, *plan));
    page.bills.push_back({"Carbon of the plan", "", {bar("plan", plan->totals)}});
    if (plan->complete && !interrupted) {
      const auto at = [&](design::Move move) -> std::optional<double> {
        const auto moved = design::read_fleet_study(opened->text.text, opened->text.source, *catalog, move);
        if (!moved || InterruptGuard::interrupted()) return std::nullopt;
        design::FleetOptions again = run;
        again.method = design::FleetMethod::decomposed;
        again.gap = 1;  // the bound tells what the figure does; whole machines would add noise of their own
        const auto there = design::plan_fleet(moved->fleet, again, opened->text.source);
        if (!there || !there->complete) return std::nullopt;
        return TonnesCO2e{there->bound}.value();
      };
      page.tornados.push_back(tornado_of("Bound of the total when one figure moves", {"total", "tCO2e", false},
                                         TonnesCO2e{plan->bound}.value(), design::swings(study->figures, at)));
      line.reset();
    }
  }
  guard.reset();
  const int status = deliver(std::move(answer), options, common);
  return interrupted && status == 0 ? interrupted_status : status;
}

}  // namespace cradle::cli
