// cradle design reuse: when does a second life save, and how much?
#include <algorithm>

#include "cradle/design/reuse.h"
#include "cradle/report/format.h"
#include "design_output.h"
#include "verb_design.h"

namespace cradle::cli {

namespace {

using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::KilogramsCO2e;
using report::Align;
using report::percent_text;
using report::significant;
using Answer = design::ReuseThreshold::Answer;

double grams_per_kwh(GramsPerJoule intensity) { return GramsPerKilowattHour{intensity}.value(); }

std::string sentence(const design::ReuseStudy& study, const design::ReuseThreshold& found) {
  const std::string target = percent_text(study.target, 0);
  const std::string at_none = percent_text(design::saving(study.comparison, {}));
  std::string out =
      percent_text(study.share, 0) + " of " + study.part + " reused saves " + at_none + " of the embodied carbon";
  switch (found.answer) {
    case Answer::below:
      return out + ", and more than " + target + " of the total below " +
             significant(grams_per_kwh(found.intensity), 3) + " gCO2e/kWh.";
    case Answer::above:
      return out + ", and more than " + target + " of the total above " +
             significant(grams_per_kwh(found.intensity), 3) + " gCO2e/kWh.";
    case Answer::always: return out + ", and more than " + target + " of the total on every grid.";
    case Answer::never: return out + ", and more than " + target + " of the total on no grid.";
  }
  return out;
}

report::Table savings(const design::ReuseStudy& study) {
  report::Table table;
  table.column("grid", "grid")
      .column("g_per_kwh", "intensity", Align::right, 1, "g/kWh")
      .column("baseline_kg", "baseline", Align::right, 1, "kgCO2e")
      .column("reused_kg", "with reuse", Align::right, 1, "kgCO2e")
      .column("saving_percent", "saving", Align::right, 2, "%");
  const auto base = design::baseline_life(study.comparison), reused = design::reused_life(study.comparison);
  const auto row = [&](const std::string& name, GramsPerJoule intensity) {
    constexpr double percent = 100;
    table.row({name, grams_per_kwh(intensity), KilogramsCO2e{base.total(intensity)}.value(),
               KilogramsCO2e{reused.total(intensity)}.value(), percent * design::saving(study.comparison, intensity)});
  };
  row("no operation (embodied alone)", {});
  for (std::size_t i = 0; i < study.intensities.size(); ++i)
    row(study.intensity_names[i], GramsPerJoule{study.intensities[i]});
  return table;
}

report::Table parts(const design::ReuseStudy& study) {
  report::Table table;
  table.column("part", "part")
      .column("in", "in")
      .column("count", "count", Align::right, 2)
      .column("making_kg", "making", Align::right, 2, "kgCO2e")
      .column("repairs_kg", "repairs", Align::right, 2, "kgCO2e")
      .column("energy_kwh", "energy", Align::right, 0, "kWh");
  const auto add = [&](const std::vector<design::ReusePart>& list, const char* in) {
    for (const auto& part : list) {
      const auto life = design::life_of({&part, 1}, study.comparison);
      table.row({part.name, in, part.count, KilogramsCO2e{life.making}.value(), KilogramsCO2e{life.repairs}.value(),
                 carbon::KilowattHours{life.energy}.value()});
    }
  };
  add(study.comparison.common, "both");
  add(study.comparison.replaced, "baseline");
  add(study.comparison.added, "with reuse");
  return table;
}

report::BillBar bill(const char* name, const design::ReuseStudy& study, const std::vector<design::ReusePart>& more) {
  report::BillBar bar{name, {}, {}};
  KilogramsCO2e total;
  for (const auto* list : {&study.comparison.common, &more})
    for (const auto& part : *list) {
      const auto life = design::life_of({&part, 1}, study.comparison);
      const KilogramsCO2e carbon{life.embodied()};
      total += carbon;
      // Where a share is replaced, what stays and what goes are one part of the baseline.
      const auto same =
          std::find_if(bar.parts.begin(), bar.parts.end(), [&](const auto& p) { return p.name == part.name; });
      if (same == bar.parts.end())
        bar.parts.push_back({part.name, carbon::Estimate<KilogramsCO2e>::exact(carbon)});
      else
        same->carbon = carbon::Estimate<KilogramsCO2e>::exact(same->carbon.value + carbon);
    }
  bar.total = carbon::Estimate<KilogramsCO2e>::exact(total);
  return bar;
}

report::Curve curve(const design::ReuseStudy& study, const design::ReuseThreshold& found) {
  report::Curve curve;
  curve.title = "Saving by grid intensity";
  curve.x = {"grid intensity", "gCO2e/kWh", false};
  curve.y = {"saving of the total", "%", false};
  report::Line saved{"with reuse", {}, {}}, target{"target", {}, {}};
  double most = 500;
  if (found.answer == Answer::below || found.answer == Answer::above)
    most = std::max(most, 2 * grams_per_kwh(found.intensity));
  constexpr int points = 200;
  constexpr double percent = 100;
  for (int i = 0; i <= points; ++i) {
    const double grams = most * i / points;
    saved.x.push_back(grams);
    saved.y.push_back(percent * design::saving(study.comparison, GramsPerJoule{GramsPerKilowattHour{grams}}));
    target.x.push_back(grams);
    target.y.push_back(percent * study.target);
  }
  curve.lines = {saved, target};
  if (found.answer == Answer::below || found.answer == Answer::above) {
    const double at = grams_per_kwh(found.intensity);
    curve.crossings.push_back({"intensity at which the saving is the target", at, at, at, "gCO2e/kWh"});
  }
  return curve;
}

}  // namespace

int run_design_reuse(const DesignOptions& options, const Common& common) {
  const auto opened = open_design_study(options, "reuse-ddr4");
  if (!opened) return fail(opened.error());
  if (opened->printed) return 0;
  const auto study = design::read_reuse_study(opened->text.text, opened->text.source);
  if (!study) return fail(study.error());
  if (auto fine = check_report(options); !fine) return fail(fine.error());
  const auto found = design::threshold(study->comparison, study->target);

  DesignAnswer answer;
  answer.schema = "cradle.design.reuse/1";
  report::DesignReport& page = answer.page;
  page.title = study->title;
  page.question = study->question;
  page.answer = sentence(*study, found);
  page.study_file = opened->text.source;
  page.tables = {{"Saving by grid", savings(*study)}, {"One server over its service", parts(*study)}};
  page.notes = study->notes;
  const bool crosses = found.answer == Answer::below || found.answer == Answer::above;
  constexpr double percent = 100;
  const char* words[] = {"below", "above", "always", "never"};
  answer.fields = {{"target_percent", percent * study->target},
                   {"embodied_saving_percent", percent * design::saving(study->comparison, {})},
                   {"saving_exceeds_target", std::string(words[static_cast<int>(found.answer)])},
                   {"threshold_g_per_kwh", crosses ? report::Cell(grams_per_kwh(found.intensity)) : report::Cell{}}};
  if (!options.report.empty()) {
    page.curves.push_back(curve(*study, found));
    page.bills.push_back(
        {"Embodied carbon of one server",
         "",
         {bill("baseline", *study, study->comparison.replaced), bill("with reuse", *study, study->comparison.added)}});
    const auto at = [&](design::Move move) -> std::optional<double> {
      const auto moved = design::read_reuse_study(opened->text.text, opened->text.source, move);
      if (!moved) return std::nullopt;
      const auto there = design::threshold(moved->comparison, moved->target);
      if (there.answer != Answer::below) return std::nullopt;
      return grams_per_kwh(there.intensity);
    };
    if (found.answer == Answer::below)
      page.tornados.push_back(tornado_of("Intensity below which the saving exceeds " + percent_text(study->target, 0),
                                         {"intensity", "gCO2e/kWh", false}, grams_per_kwh(found.intensity),
                                         design::swings(study->figures, at)));
  }
  return deliver(std::move(answer), options, common);
}

}  // namespace cradle::cli
