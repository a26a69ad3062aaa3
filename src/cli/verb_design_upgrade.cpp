// cradle design break-even upgrade, and fpga: the questions of SCARIF and of GreenFPGA.
#include <cmath>

#include "cradle/design/reprogrammable.h"
#include "cradle/design/upgrade.h"
#include "cradle/report/format.h"
#include "design_output.h"
#include "verb_design_break_even.h"

namespace cradle::cli {

namespace {

using carbon::KilogramsCO2e;
using report::Align;
using report::significant;

constexpr carbon::Years upgrade_horizon{30};

std::optional<double> crossing_in(const design::UpgradeAnswer& answer) {
  if (answer.corrected.crossings.empty() || !answer.corrected.crossings.front().challenger_after) return std::nullopt;
  return answer.corrected.crossings.front().value;
}

report::Curve upgrade_curve(const design::UpgradeStudy& study, const std::vector<design::UpgradeAnswer>& answers) {
  report::Curve curve;
  curve.title = "What replacing has emitted, less what keeping would have";
  curve.x = {"service", "years", false};
  curve.y = {"difference", "kgCO2e", false};
  constexpr int points = 96;
  const double longest = study.corrected.setting.service.value() * 2;
  for (std::size_t i = 0; i < study.regions.size(); ++i) {
    report::Line line{study.regions[i].name, {}, {}};
    for (int k = 0; k <= points; ++k) {
      design::Comparison at = study.corrected;
      at.setting.service = carbon::Years{longest * k / points};
      const double ms = carbon::Seconds{at.setting.service}.value() * static_cast<double>(ms_per_second);
      const auto exposure =
          study.regions[i].series.integral(study.start, Instant{study.start.ms + static_cast<std::int64_t>(ms)});
      line.x.push_back(at.setting.service.value());
      line.y.push_back(KilogramsCO2e{design::emissions(at.challenger, at, exposure).total() -
                                     design::emissions(at.baseline, at, exposure).total()}
                           .value());
    }
    curve.lines.push_back(std::move(line));
    for (const auto& crossing : answers[i].corrected.crossings)
      if (crossing.value <= longest)
        curve.crossings.push_back({study.regions[i].name, crossing.value, crossing.low, crossing.high, "years"});
  }
  return curve;
}

}  // namespace

int run_upgrade(const design::StudyText& text, const DesignOptions& options, const Common& common,
                const catalog::Catalog& catalog) {
  const auto read = [&](std::optional<design::Move> move) {
    return design::read_upgrade_study(text.text, text.source, catalog, move);
  };
  const auto study = read({});
  if (!study) return fail(study.error());
  const auto answers = design::answer(*study, upgrade_horizon);
  if (!answers) return fail(answers.error());

  report::Table table;
  table.column("region", "region")
      .column("published_g_per_kwh", "published", Align::right, 0, "g/kWh")
      .column("saved_kg_per_year", "saved", Align::right, 1, "kgCO2e/year")
      .column("published_years", "published", Align::right, 2, "years")
      .column("grid", "grid");
  add_crossing_columns(table);
  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  for (std::size_t i = 0; i < answers->size(); ++i) {
    const auto& region = (*answers)[i];
    std::vector<report::Cell> cells = {
        region.region, study->regions[i].published.value(), region.saved_per_year.value(),
        region.published_years ? report::Cell(*region.published_years) : report::Cell{}, study->regions[i].grid};
    add_crossing_cells(region.corrected, cells);
    table.row(std::move(cells));
    page.answer += (page.answer.empty() ? "" : "; ") + region.region + " " +
                   (region.published_years ? significant(*region.published_years, 3) : "never") +
                   " years as published, ours " + crossing_text(region.corrected);
  }
  page.answer += ".";
  page.title = study->title;
  page.question = study->question;
  page.study_file = text.source;
  page.tables = {{"Years until the new machine has repaid its making", std::move(table)}};
  for (const auto& correction : study->corrections) page.notes.push_back("difference, " + correction);
  page.notes.push_back("the brackets hold the root on the hourly series for certain, in years of 365.25 days");
  answer.schema = "cradle.design.break-even/1";
  answer.fields = {{"kind", std::string("upgrade")}};
  if (!options.report.empty()) {
    page.curves.push_back(upgrade_curve(*study, *answers));
    if (const auto value = crossing_in(answers->front()))
      page.tornados.push_back(
          tornado_of("Years until it is repaid, " + answers->front().region, {"service", "years", false}, *value,
                     design::swings(study->figures, [&](design::Move move) -> std::optional<double> {
                       const auto moved = read(move);
                       if (!moved) return std::nullopt;
                       const auto there = design::answer(*moved, upgrade_horizon);
                       return there ? crossing_in(there->front()) : std::nullopt;
                     })));
  }
  return deliver(std::move(answer), options, common);
}

int run_designs(const design::StudyText& text, const DesignOptions& options, const Common& common) {
  const auto study = design::read_reprogrammable_study(text.text, text.source);
  if (!study) return fail(study.error());
  const auto published = design::applications_to_break_even(study->fixed, study->reprogrammed, text.source);
  if (!published) return fail(published.error());
  const auto corrected =
      design::applications_to_break_even(study->fixed_corrected, study->reprogrammed_corrected, text.source);
  if (!corrected) return fail(corrected.error());

  report::Table table;
  table.column("applications", "applications", Align::right, 0);
  for (const char* mode : {"published", "corrected"})
    for (const auto* chip : {&study->fixed, &study->reprogrammed})
      table.column(std::string(mode) + (chip->reprogrammed ? "_reprogrammed_kg" : "_fixed_kg"),
                   chip->name + ", " + mode, Align::right, 0, "kgCO2e");
  table.column("least", "emits less");
  report::Curve curve{
      "Total by the number of applications", {"applications", "", false}, {"total", "kgCO2e", false}, {}, {}};
  report::Line fixed_line{study->fixed.name, {}, {}}, other_line{study->reprogrammed.name, {}, {}};
  for (const double applications : study->applications) {
    std::vector<report::Cell> cells = {applications};
    double values[4];
    std::size_t i = 0;
    for (const auto* chip :
         {&study->fixed, &study->reprogrammed, &study->fixed_corrected, &study->reprogrammed_corrected}) {
      const auto life = design::life_cycle(*chip, applications, chip->name);
      if (!life) return fail(life.error());
      values[i] = KilogramsCO2e{life->total()}.value();
      cells.emplace_back(values[i++]);
    }
    cells.emplace_back(values[0] <= values[1] ? study->fixed.name : study->reprogrammed.name);
    table.row(std::move(cells));
    fixed_line.x.push_back(applications);
    fixed_line.y.push_back(values[0]);
    other_line.x.push_back(applications);
    other_line.y.push_back(values[1]);
  }
  curve.lines = {fixed_line, other_line};
  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  const auto sentence = [&](const std::optional<double>& count) -> std::string {
    if (!count) return "the two never emit the same";
    return study->fixed.name + " up to " + significant(std::floor(*count), 6) + " applications, " +
           study->reprogrammed.name + " from " + significant(std::floor(*count) + 1, 6) + " (equal at " +
           significant(*count, 3) + ")";
  };
  page.answer = "As published: " + sentence(*published) + ". Corrected: " + sentence(*corrected) + ".";
  page.title = study->title;
  page.question = study->question;
  page.study_file = text.source;
  page.tables = {{"Totals over the whole service", std::move(table)}};
  for (const auto& correction : study->corrections) page.notes.push_back("corrected: " + correction);
  answer.schema = "cradle.design.break-even/1";
  const auto cell = [](const std::optional<double>& value) { return value ? report::Cell(*value) : report::Cell{}; };
  answer.fields = {{"kind", std::string("designs")},
                   {"published_break_even_applications", cell(*published)},
                   {"corrected_break_even_applications", cell(*corrected)}};
  if (!options.report.empty()) {
    if (*published) {
      curve.crossings.push_back({"both emit the same", **published, **published, **published, "applications"});
      page.tornados.push_back(tornado_of(
          "Applications at which the two emit the same", {"applications", "", false}, **published,
          design::swings(study->figures, [&](design::Move move) -> std::optional<double> {
            const auto moved = design::read_reprogrammable_study(text.text, text.source, move);
            if (!moved) return std::nullopt;
            const auto there = design::applications_to_break_even(moved->fixed, moved->reprogrammed, text.source);
            return there ? *there : std::nullopt;
          })));
    }
    page.curves.push_back(std::move(curve));
  }
  return deliver(std::move(answer), options, common);
}

}  // namespace cradle::cli
