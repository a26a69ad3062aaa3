// cradle design break-even: from which volume, time of service, grid or use does it pay back? Three kinds of question.
#include "verb_design_break_even.h"

#include <cmath>
#include <optional>

#include "cradle/design/break_even_study.h"
#include "cradle/report/format.h"
#include "cradle/study/operation.h"
#include "design_output.h"
#include "verb_design.h"

namespace cradle::cli {

namespace {

using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::KilogramsCO2e;
using carbon::Seconds;
using carbon::Years;
using design::BreakEven;
using design::Variable;
using report::Align;
using report::significant;

/// What the study's grid integrates to over a service: its hourly series, or the constant one.
carbon::IntensitySeconds exposure_of(const design::BreakEvenStudy& study, Years service) {
  const double ms = Seconds{service}.value() * static_cast<double>(ms_per_second);
  return study.series.integral(study.start, Instant{study.start.ms + static_cast<std::int64_t>(ms)});
}

/// Totals of both at one value of a variable, tonnes.
std::pair<double, double> totals(const design::BreakEvenStudy& study, Variable variable, double x) {
  design::Comparison comparison = study.comparison;
  switch (variable) {
    case Variable::volume: comparison.setting.volume = x; break;
    case Variable::service: comparison.setting.service = Years{x}; break;
    case Variable::utilisation: comparison.setting.utilisation = x; break;
    case Variable::intensity: break;
  }
  const carbon::IntensitySeconds exposure =
      variable == Variable::intensity ? GramsPerJoule{GramsPerKilowattHour{x}} * Seconds{comparison.setting.service}
                                      : exposure_of(study, comparison.setting.service);
  return {carbon::TonnesCO2e{design::emissions(comparison.baseline, comparison, exposure).total()}.value(),
          carbon::TonnesCO2e{design::emissions(comparison.challenger, comparison, exposure).total()}.value()};
}

report::Curve curve_of(const design::BreakEvenStudy& study, const BreakEven& found) {
  report::Curve curve;
  curve.title = "Total by " + std::string(name(found.variable));
  const bool logarithmic = found.from > 0 && found.to / found.from >= 1000;
  curve.x = {std::string(name(found.variable)), std::string(unit(found.variable)), logarithmic};
  curve.y = {"total", "tCO2e", logarithmic};
  report::Line baseline{study.comparison.baseline.name, {}, {}}, challenger{study.comparison.challenger.name, {}, {}};
  constexpr int points = 120;
  for (int i = 0; i <= points; ++i) {
    const double share = static_cast<double>(i) / points;
    const double x = logarithmic ? found.from * std::pow(found.to / found.from, share)
                                 : found.from + (found.to - found.from) * share;
    const auto [at_baseline, at_challenger] = totals(study, found.variable, x);
    baseline.x.push_back(x);
    baseline.y.push_back(at_baseline);
    challenger.x.push_back(x);
    challenger.y.push_back(at_challenger);
  }
  curve.lines = {baseline, challenger};
  for (const auto& crossing : found.crossings)
    curve.crossings.push_back(
        {"both emit the same", crossing.value, crossing.low, crossing.high, std::string(unit(found.variable))});
  return curve;
}

report::BillBar bill(const design::Technology& technology, const design::BreakEvenStudy& study) {
  const auto at = design::emissions(technology, study.comparison, exposure_of(study, study.comparison.setting.service));
  const auto exact = [](carbon::GramsCO2e grams) {
    return carbon::Estimate<KilogramsCO2e>::exact(KilogramsCO2e{grams});
  };
  return {technology.name,
          {{"design", exact(at.design)}, {"making", exact(at.making)}, {"operation", exact(at.operation)}},
          exact(at.total())};
}

}  // namespace

std::string crossing_text(const BreakEven& found) {
  if (found.answer == BreakEven::Answer::always) return "always";
  if (found.answer == BreakEven::Answer::never) return "never";
  std::string out;
  for (const auto& crossing : found.crossings)
    out += (out.empty() ? "" : ", then ") + std::string(crossing.challenger_after ? "from " : "up to ") +
           significant(crossing.value, 4);
  return out;
}

void add_crossing_columns(report::Table& table) {
  table.column("answer", "answer")
      .column("value", "value", Align::right)
      .column("low", "bracket from", Align::right, 8)
      .column("high", "to", Align::right, 8);
}

void add_crossing_cells(const BreakEven& found, std::vector<report::Cell>& cells) {
  cells.emplace_back(crossing_text(found));
  if (found.crossings.empty()) {
    cells.insert(cells.end(), 3, report::Cell{});
  } else {
    const auto& first = found.crossings.front();
    cells.insert(cells.end(), {report::Cell(first.value), report::Cell(first.low), report::Cell(first.high)});
  }
}

namespace {

int run_technologies(const design::StudyText& text, const DesignOptions& options, const Common& common,
                     const catalog::Catalog& catalog, const std::optional<study::MeasuredOperation>& measured) {
  const auto read = [&](std::optional<design::Move> move) {
    return design::read_break_even_study(text.text, text.source, catalog, move,
                                         measured ? std::optional<double>(measured->duty) : std::nullopt);
  };
  const auto study = read({});
  if (!study) return fail(study.error());
  report::Table table;
  table.column("variable", "over").column("unit", "in");
  add_crossing_columns(table);
  table.column("method", "method");
  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  std::string reason;  // of the range before: often the same
  for (const auto& range : study->ranges) {
    const auto found = design::answer(*study, range);
    if (!found) return fail(found.error());
    std::vector<report::Cell> cells = {std::string(name(range.variable)), std::string(unit(range.variable))};
    add_crossing_cells(*found, cells);
    cells.emplace_back(std::string(found->closed_form ? "closed form" : "bracketed on hours"));
    table.row(std::move(cells));
    if (found->reason != reason) page.notes.push_back(found->reason);
    reason = found->reason;
    const bool with_unit = !found->crossings.empty() && range.variable != Variable::utilisation;
    page.answer += (page.answer.empty() ? study->comparison.challenger.name + " emits less over " : "; ") +
                   std::string(name(range.variable)) + ": " + crossing_text(*found) +
                   (with_unit ? " " + std::string(unit(range.variable)) : "");
    if (!options.report.empty()) page.curves.push_back(curve_of(*study, *found));
  }
  page.answer += ".";
  if (!options.report.empty()) {
    page.bills.push_back({"Carbon of the setting",
                          "",
                          {bill(study->comparison.baseline, *study), bill(study->comparison.challenger, *study)}});
    const auto& first = study->ranges.front();
    const auto crossing = [&](const design::BreakEvenStudy& at) -> std::optional<double> {
      const auto found = design::answer(at, first);
      if (!found || found->crossings.empty()) return std::nullopt;
      return found->crossings.front().value;
    };
    if (const auto value = crossing(*study))
      page.tornados.push_back(tornado_of("Break-even " + std::string(name(first.variable)),
                                         {std::string(name(first.variable)), std::string(unit(first.variable)), false},
                                         *value, design::swings(study->figures, [&](design::Move move) {
                                           const auto moved = read(move);
                                           return moved ? crossing(*moved) : std::nullopt;
                                         })));
  }
  page.title = study->title;
  page.question = study->question;
  page.study_file = text.source;
  page.tables = {{"Where the two emit the same", std::move(table)}};
  page.notes.insert(page.notes.end(), study->notes.begin(), study->notes.end());
  if (measured)
    page.notes.push_back("utilisation " + significant(measured->duty, 3) + " as measured: run " + measured->run +
                         " of the ledger" + (measured->warning.empty() ? "" : "; " + measured->warning));
  answer.schema = "cradle.design.break-even/1";
  answer.fields = {{"kind", std::string("technologies")}, {"grid", study->grid}};
  return deliver(std::move(answer), options, common);
}

}  // namespace

int run_design_break_even(const DesignOptions& options, const Common& common) {
  const auto opened = open_design_study(options, "break-even");
  if (!opened) return fail(opened.error());
  if (opened->printed) return 0;
  const auto kind = design::break_even_kind(opened->text.text, opened->text.source);
  if (!kind) return fail(kind.error());
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  if (auto fine = check_report(options); !fine) return fail(fine.error());
  std::optional<study::MeasuredOperation> measured;
  if (!options.ledger.empty()) {
    if (*kind != design::BreakEvenKind::technologies)
      return fail(bad_input("this question has no utilisation to take from a ledger", "--ledger",
                            "use it with a study of kind \"technologies\""));
    auto read = study::measured_operation(options.ledger, options.run);
    if (!read) return fail(read.error());
    measured = std::move(*read);
  }
  switch (*kind) {
    case design::BreakEvenKind::upgrade: return run_upgrade(opened->text, options, common, *catalog);
    case design::BreakEvenKind::designs: return run_designs(opened->text, options, common);
    case design::BreakEvenKind::technologies: break;
  }
  return run_technologies(opened->text, options, common, *catalog, measured);
}

}  // namespace cradle::cli
