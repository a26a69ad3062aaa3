#include "cradle/study/space_report.h"

#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/report/format.h"

namespace cradle::study {

using carbon::Estimate;
using carbon::GramsCO2e;
using carbon::KilogramsCO2e;
using design::Exploration;
using design::FrontPoint;
using design::Objective;
using design::Outcome;
using design::Space;
using report::Align;
using report::Cell;
using report::Table;

namespace {

constexpr const char* created_by = "cradle 0.1.0";

double kilograms(GramsCO2e grams) { return KilogramsCO2e{grams}.value(); }

/// "carbon", "carbon and cost", "carbon, delay and cost"
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

std::string objective_names(const Space& space) {
  std::vector<std::string> names;
  for (const Objective objective : space.objectives) names.emplace_back(name(objective));
  return listed(names);
}

/// "12.3 kgCO2e"
std::string value_text(Objective objective, double value) {
  return report::significant(shown(objective, value), 4) + " " + std::string(unit(objective));
}

/// A unit as part of a key: letters, digits and underscores.
std::string key_of(Objective objective) {
  std::string key = std::string(name(objective)) + "_";
  for (const char c : unit(objective)) key += c == ' ' ? '_' : c;
  return to_lower(key);
}

/// Lifetimes or duties differ, so that a design may take more than one life for the work.
bool several_lives(const Space& space) { return space.lifetimes.size() > 1 || space.duties.size() > 1; }

Table front_rows(const Space& space, const Exploration& found, std::size_t most_rows, bool words, bool with_complete) {
  Table table;
  table.column("point", "point", Align::right, 0).column("design", "design");
  for (const Objective objective : space.objectives)
    table.column(key_of(objective), std::string(name(objective)), Align::right, -1, std::string(unit(objective)));
  // The label names the share of reuse as well; scripts want it as a number.
  const bool reuse = words && space.reuses();
  for (const design::Block& block : space.blocks)
    if (reuse) table.column("reuse_" + block.name, "reuse of " + block.name, Align::right, -1);
  table.column("why", words ? "stands out" : "");
  if (with_complete) table.column("complete", "complete");
  const std::vector<Standout> special = standouts(space, found);
  auto next = special.begin();
  for (std::size_t i = 0; i < found.front.size(); ++i) {
    const bool stands_out = next != special.end() && next->position == i;
    if (most_rows != 0 && i >= most_rows && !stands_out) continue;
    const FrontPoint& point = found.front[i];
    std::vector<Cell> row{static_cast<std::int64_t>(point.index), space.label(point.index)};
    for (std::size_t k = 0; k < space.objectives.size(); ++k)
      row.emplace_back(shown(space.objectives[k], point.values[k]));
    const design::Choice choice = space.at(point.index);
    for (std::size_t b = 0; b < space.blocks.size(); ++b)
      if (reuse) row.emplace_back(space.blocks[b].reuse[choice.blocks[b].reuse]);
    row.emplace_back(stands_out ? (words ? next->why : std::string("*")) : std::string());
    if (with_complete) row.emplace_back(std::string(found.complete() ? "true" : "false"));
    table.row(std::move(row));
    if (stands_out) ++next;
  }
  return table;
}

}  // namespace

std::vector<Standout> standouts(const Space& space, const Exploration& found) {
  if (found.front.empty()) return {};
  std::vector<std::pair<std::size_t, std::vector<std::string>>> least;  // position, objectives
  for (std::size_t k = 0; k < space.objectives.size(); ++k) {
    const std::size_t position = design::best(found.front, k);
    const std::string word(name(space.objectives[k]));
    const auto same = std::find_if(least.begin(), least.end(), [&](const auto& l) { return l.first == position; });
    if (same == least.end()) {
      least.push_back({position, {word}});
    } else {
      same->second.push_back(word);
    }
  }
  std::vector<Standout> list;
  for (const auto& [position, words] : least) list.push_back({position, "least " + listed(words)});
  const std::size_t knee = design::knee(found.front);
  const auto same = std::find_if(list.begin(), list.end(), [&](const Standout& s) { return s.position == knee; });
  if (found.front.size() > 1) {
    if (same == list.end()) {
      list.push_back({knee, "knee"});
    } else {
      same->why += ", knee";
    }
  }
  std::sort(list.begin(), list.end(), [](const Standout& a, const Standout& b) { return a.position < b.position; });
  return list;
}

Table front_table(const Space& space, const Exploration& found, std::size_t most_rows, bool words) {
  return front_rows(space, found, most_rows, words, false);
}

std::string front_csv(const Space& space, const Exploration& found) {
  return front_rows(space, found, 0, true, true).to_csv();
}

std::string count_sentence(const Space& space, const Exploration& found) {
  const std::uint64_t feasible = found.evaluated - found.impossible - found.excluded;
  std::string text = std::to_string(found.evaluated) + " points";
  if (!found.complete())
    text += " of " + std::to_string(found.points) +
            (found.too_large ? " (stopped: the front grew too large)" : " (stopped)");
  return text + ": " + std::to_string(found.impossible) + " cannot be made" +
         (found.oversized > 0 ? " (" + std::to_string(found.oversized) + " for a die above the " +
                                    shortest(space.largest_die.value()) + " mm2 of one exposure)"
                              : "") +
         ", " + std::to_string(found.excluded) + " miss a constraint or the work, " + std::to_string(feasible) +
         " are candidates; the front of " + objective_names(space) + " has " + std::to_string(found.front.size()) + ".";
}

std::vector<std::string> standout_lines(const Space& space, const Exploration& found) {
  std::vector<std::string> parts;
  for (const Standout& standout : standouts(space, found)) {
    const FrontPoint& point = found.front[standout.position];
    std::vector<std::string> values;
    for (std::size_t k = 0; k < space.objectives.size(); ++k)
      values.push_back(value_text(space.objectives[k], point.values[k]));
    parts.push_back(standout.why + ": point " + std::to_string(point.index) + " (" + space.label(point.index) +
                    ") with " + listed(values));
  }
  return parts;
}

std::string answer_sentence(const Space& space, const Exploration& found) {
  // What each objective can be brought down to; the page shows the rest.
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < space.objectives.size(); ++k) {
    const FrontPoint& point = found.front[design::best(found.front, k)];
    parts.push_back(std::string(name(space.objectives[k])) + " " + value_text(space.objectives[k], point.values[k]) +
                    " (point " + std::to_string(point.index) + ")");
  }
  const FrontPoint& middle = found.front[design::knee(found.front)];
  return std::string(found.complete() ? "" : "Of the points so far: ") + "At least " + listed(parts) +
         (found.front.size() > 1 ? "; nearest to all of them at once is point " + std::to_string(middle.index) + ": " +
                                       space.label(middle.index)
                                 : ": " + space.label(middle.index)) +
         ".";
}

std::vector<std::string> notes(const Space& space, const std::optional<design::MeasuredUse>& measured) {
  std::vector<std::string> list;
  if (several_lives(space)) {
    list.emplace_back(
        "every design does the same work, the largest duty x lifetime at reference throughput: one that does less in "
        "its "
        "life counts as many times as that takes (its lives), in carbon, energy, cost and what follows from them; "
        "a slower one is busy for longer");
  } else {
    list.emplace_back(
        "figures are for one device over its life; every design does the same work, duty x reference throughput x "
        "lifetime, and a slower one is busy for longer");
  }
  if (measured) {
    list.push_back("duty " + report::significant(space.duties.front(), 4) + " is " + measured->origin);
    list.emplace_back(
        "the ledger counts device-seconds, not operations: its duty is taken as that of the reference throughput, and "
        "throughput, lifetime and energy are those of the file");
  }
  for (const design::UseGrid& use : space.grids)
    list.push_back("use on " + use.grid->id + ": " +
                   report::significant(carbon::GramsPerKilowattHour{use.work.value}.value(), 4) +
                   " gCO2e/kWh while working, " +
                   report::significant(carbon::GramsPerKilowattHour{use.mean.value}.value(), 4) + " over all hours");
  for (const design::Block& block : space.blocks) {
    if (!(*std::max_element(block.reuse.begin(), block.reuse.end()) > 0)) continue;
    const Estimate<double>& share = block.reclaiming.share;
    list.push_back("reused silicon of " + block.name + " costs " + shortest(share.value) + " (" + shortest(share.low) +
                   " .. " + shortest(share.high) + ") of the carbon of making and designing it anew: " +
                   block.reclaiming.source + "; in US dollars it is counted as new");
  }
  list.emplace_back(std::string("cost is that of making ") + (several_lives(space) ? "the devices" : "one device") +
                    " (wafers, package, " + (several_lives(space) ? "their" : "its") +
                    " share of design and masks), not a price");
  return list;
}

Table bill_table(const design::PointUncertainty& uncertainty) {
  Table table;
  table.column("part", "part")
      .column("value_kg", "value", Align::right, -1, "kgCO2e")
      .column("p5_kg", "P5", Align::right, -1, "kgCO2e")
      .column("p50_kg", "P50", Align::right, -1, "kgCO2e")
      .column("p95_kg", "P95", Align::right, -1, "kgCO2e")
      .column("share_percent", "share", Align::right, 1, "%");
  const auto add = [&](const design::CarbonRange& range) {
    table.row({range.name, kilograms(range.value), kilograms(range.p5), kilograms(range.p50), kilograms(range.p95),
               100 * (range.value / uncertainty.total.value)});
  };
  for (const design::CarbonRange& part : uncertainty.parts) add(part);
  add(uncertainty.embodied);
  add(uncertainty.total);
  return table;
}

Table figure_table(const Space& space, const Outcome<double>& o) {
  Table table;
  table.column("figure", "figure").column("value", "value", Align::right).column("unit", "unit");
  for (std::size_t i = 0; i < design::objective_count; ++i) {
    const auto objective = static_cast<Objective>(i);
    std::string counted(unit(objective));
    if (objective == Objective::delay || objective == Objective::asc) counted += " / " + space.operation;
    table.row({std::string(name(objective)), shown(objective, value(o, objective)), counted});
  }
  if (several_lives(space))
    table.row({std::string("lives"), o.lives, std::string("devices one after the other, for the work")});
  table.row({std::string("operations"), o.operations, space.operation});
  table.row({std::string("throughput"), o.throughput, space.operation + " / s"});
  table.row({std::string("power"), o.power, std::string("W at full load")});
  table.row({std::string("busy"), 100 * o.busy, std::string("% of its life")});
  table.row({std::string("area"), o.area, std::string("mm2 of dies")});
  return table;
}

Table share_table(const std::vector<carbon::SobolShare>& shares, const std::string& title, std::size_t most_rows) {
  Table table;
  table.column("cause", title)
      .column("total_percent", "total", Align::right, 1, "%")
      .column("first_percent", "alone", Align::right, 1, "%")
      .column("error_percent", "error", Align::right, 1, "%");
  for (const carbon::SobolShare& share : shares) {
    if (most_rows != 0 && table.rows() >= most_rows) break;
    // Estimates of small shares may come out a little below zero.
    table.row({share.name + (share.group ? " (together)" : ""), 100 * std::max(0.0, share.total),
               100 * std::max(0.0, share.first), 100 * share.total_error});
  }
  return table;
}

// --- Pages ----------------------------------------------------------------------------------------------------------

namespace {

constexpr std::size_t operation_part = 8;  ///< in PointUncertainty::parts
constexpr std::size_t widest_swings = 15;

Estimate<KilogramsCO2e> estimate(const design::CarbonRange& range) {
  return {KilogramsCO2e{range.value}, KilogramsCO2e{std::min(range.p5, range.value)},
          KilogramsCO2e{std::max(range.p95, range.value)}};
}

report::BillBar embodied_bar(const std::string& name, const design::PointUncertainty& u) {
  report::BillBar bar{name, {}, estimate(u.embodied)};
  for (std::size_t i = 0; i < operation_part; ++i) bar.parts.push_back({u.parts[i].name, estimate(u.parts[i])});
  return bar;
}

report::BillBar whole_bar(const std::string& name, const design::PointUncertainty& u) {
  return {
      name, {{"embodied", estimate(u.embodied)}, {"operation", estimate(u.parts[operation_part])}}, estimate(u.total)};
}

std::string range_text(const carbon::MonteCarloOptions& options) {
  return "P5 .. P95 of " + std::to_string(options.samples) + " samples, seed " + std::to_string(options.seed);
}

std::string swing_name(const design::CoefficientSwing& swing) {
  return swing.group.empty() ? swing.key : swing.key + " (" + swing.group + ")";
}

/// Of the total, and of what is embodied: that is what whoever makes the device decides about.
std::vector<report::Tornado> tornados(const std::string& which, const design::PointUncertainty& u) {
  report::Tornado total{
      "What decides the carbon of " + which, {"carbon", "kgCO2e", false}, kilograms(u.total.value), {}};
  report::Tornado embodied{
      "What decides its embodied carbon", {"embodied carbon", "kgCO2e", false}, kilograms(u.embodied.value), {}};
  for (const design::CoefficientSwing& swing : u.swings) {
    total.bars.push_back({swing_name(swing), swing.range, kilograms(swing.at_low), kilograms(swing.at_high),
                          swing.variance_share, swing.source});
    embodied.bars.push_back({swing_name(swing), swing.range, kilograms(swing.embodied_at_low),
                             kilograms(swing.embodied_at_high), swing.embodied_variance_share, swing.source});
  }
  std::stable_sort(embodied.bars.begin(), embodied.bars.end(),
                   [](const report::TornadoBar& a, const report::TornadoBar& b) {
                     return std::abs(a.at_high - a.at_low) > std::abs(b.at_high - b.at_low);
                   });
  for (report::Tornado* tornado : {&total, &embodied})
    if (tornado->bars.size() > widest_swings) tornado->bars.resize(widest_swings);
  return {std::move(total), std::move(embodied)};
}

/// What a point emits if one thing about it were otherwise.
template <class Change>
double carbon_if(const design::Evaluator::Parts& parts, const Change& change) {
  design::Evaluator::Parts other = parts;
  change(other.terms.system);
  return kilograms(GramsCO2e{evaluate(other.terms, other.build).carbon()});
}

struct NamedPoint {
  std::string name;
  design::Evaluator::Parts parts;
};

double over_intensity(const NamedPoint& point, double grams_per_kwh) {
  return carbon_if(point.parts, [&](design::SystemTerms<double>& s) {
    s.work_intensity = s.mean_intensity = carbon::GramsPerJoule{carbon::GramsPerKilowattHour{grams_per_kwh}}.value();
  });
}

double over_volume(const NamedPoint& point, double volume) {
  return carbon_if(point.parts, [&](design::SystemTerms<double>& s) { s.volume = volume; });
}

constexpr double highest_intensity = 1000;  // g/kWh: coal
constexpr double least_volume = 100, most_volume = 1e8;

/// Carbon is linear in the intensity of use: where two designs meet, in closed form.
std::optional<report::BreakEven> same_over_intensity(const NamedPoint& a, const NamedPoint& b) {
  const double a0 = over_intensity(a, 0), b0 = over_intensity(b, 0);
  const double slope =
      (over_intensity(b, highest_intensity) - b0 - (over_intensity(a, highest_intensity) - a0)) / highest_intensity;
  const double at = (a0 - b0) / slope;
  if (!std::isfinite(at) || at <= 0 || at >= highest_intensity) return std::nullopt;
  return report::BreakEven{"intensity of use at which " + a.name + " and " + b.name + " emit the same", at, at, at,
                           "gCO2e/kWh"};
}

/// It is linear in 1 / volume as well.
std::optional<report::BreakEven> same_over_volume(const NamedPoint& a, const NamedPoint& b) {
  const double a_one = over_volume(a, 1), b_one = over_volume(b, 1);
  const double a_many = over_volume(a, INFINITY), b_many = over_volume(b, INFINITY);
  const double at = (a_one - a_many - (b_one - b_many)) / (b_many - a_many);
  if (!std::isfinite(at) || at <= least_volume || at >= most_volume) return std::nullopt;
  return report::BreakEven{"volume at which " + a.name + " and " + b.name + " emit the same", at, at, at, "devices"};
}

std::vector<report::Curve> curves(const std::vector<NamedPoint>& points) {
  constexpr int steps = 40;
  report::Curve grid{
      "Carbon by the grid of use", {"intensity of use", "gCO2e/kWh", false}, {"carbon", "kgCO2e", false}, {}, {}};
  report::Curve volume{"Carbon by volume", {"volume", "devices", true}, {"carbon", "kgCO2e", true}, {}, {}};
  for (const NamedPoint& point : points) {
    report::Line by_grid{point.name, {}, {}}, by_volume{point.name, {}, {}};
    for (int i = 0; i <= steps; ++i) {
      const double part = static_cast<double>(i) / steps;
      by_grid.x.push_back(highest_intensity * part);
      by_grid.y.push_back(over_intensity(point, by_grid.x.back()));
      by_volume.x.push_back(least_volume * std::pow(most_volume / least_volume, part));
      by_volume.y.push_back(over_volume(point, by_volume.x.back()));
    }
    grid.lines.push_back(std::move(by_grid));
    volume.lines.push_back(std::move(by_volume));
  }
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (auto meet = same_over_intensity(points[0], points[i])) grid.crossings.push_back(std::move(*meet));
    if (auto meet = same_over_volume(points[0], points[i])) volume.crossings.push_back(std::move(*meet));
  }
  return {std::move(grid), std::move(volume)};
}

report::DesignPoint plotted(const Space& space, const FrontPoint& point) {
  report::DesignPoint result{point.index, space.label(point.index), {}};
  for (std::size_t k = 0; k < space.objectives.size(); ++k)
    result.values.push_back(shown(space.objectives[k], point.values[k]));
  return result;
}

report::DesignReport page(const Space& space, const PageHeading& heading, const std::vector<std::string>& notes) {
  report::DesignReport result;
  result.title = space.title;
  result.question = space.question;
  result.study_file = heading.study_file;
  result.created_by = created_by;
  result.command = heading.command;
  result.notes = notes;
  return result;
}

}  // namespace

Result<report::DesignReport> front_page(const Space& space, const Exploration& found, const PageHeading& heading,
                                        const std::vector<std::string>& notes,
                                        const carbon::MonteCarloOptions& options) {
  report::DesignReport result = page(space, heading, notes);
  result.notes.insert(result.notes.begin(), count_sentence(space, found));
  result.answer = answer_sentence(space, found);

  // A plot needs two axes; a single objective is set against the total.
  if (space.objectives.size() > 1) {
    report::Scatter scatter;
    for (const Objective objective : space.objectives)
      scatter.axes.push_back({std::string(name(objective)), std::string(unit(objective)), false});
    for (const FrontPoint& point : found.front) scatter.front.push_back(plotted(space, point));
    for (const FrontPoint& point : found.cloud) scatter.cloud.push_back(plotted(space, point));
    scatter.points = found.evaluated;
    scatter.impossible = found.impossible;
    scatter.infeasible = found.excluded;
    scatter.complete = found.complete();
    result.scatter = std::move(scatter);
  }

  const design::Evaluator evaluator(space);
  report::Bills embodied{"Embodied carbon of the designs that stand out", range_text(options), {}};
  report::Bills whole{"Embodied and operational carbon", range_text(options), {}};
  std::vector<NamedPoint> points;
  for (const Standout& standout : standouts(space, found)) {
    const std::uint64_t index = found.front[standout.position].index;
    const auto u = design::uncertainty(evaluator, index, options);
    if (!u) return u.error();
    if (u->stopped) break;
    const std::string bar = standout.why + " (" + std::to_string(index) + ")";
    embodied.bars.push_back(embodied_bar(bar, *u));
    whole.bars.push_back(whole_bar(bar, *u));
    if (points.empty()) result.tornados = tornados("point " + std::to_string(index), *u);
    points.push_back({standout.why, *evaluator.parts(index)});
  }
  if (!points.empty()) {
    result.bills = {std::move(embodied), std::move(whole)};
    result.curves = curves(points);
  }
  constexpr std::size_t rows = 50;
  result.tables.emplace_back("The front, " + std::to_string(found.front.size()) + " designs" +
                                 (found.front.size() > rows ? ", the first and those that stand out" : ""),
                             front_table(space, found, rows, true));
  return result;
}

report::DesignReport point_page(const Space& space, std::uint64_t index, const Outcome<double>& outcome,
                                const design::PointUncertainty& u, const PageHeading& heading,
                                const std::vector<std::string>& notes, const carbon::MonteCarloOptions& options) {
  report::DesignReport result = page(space, heading, notes);
  result.question = "What does point " + std::to_string(index) + " emit, and how sure is that?";
  result.answer = space.label(index) + ": " + report::mass_text(u.total.value) +
                  (several_lives(space) ? " for the work (P5 " : " over its life (P5 ") +
                  report::mass_text(u.total.p5) + ", P95 " + report::mass_text(u.total.p95) + "), of which " +
                  report::mass_text(u.embodied.value) + " embodied (P5 " + report::mass_text(u.embodied.p5) + ", P95 " +
                  report::mass_text(u.embodied.p95) + ").";
  const std::string bar = "point " + std::to_string(index);
  result.bills = {{"Embodied carbon", range_text(options), {embodied_bar(bar, u)}},
                  {"Embodied and operational carbon", range_text(options), {whole_bar(bar, u)}}};
  result.tornados = tornados(bar, u);
  const design::Evaluator evaluator(space);
  if (const auto parts = evaluator.parts(index)) {
    result.curves = curves({{bar, *parts}});
    const double embodied = kilograms(u.embodied.value);
    report::Line line{"embodied alone", {0, highest_intensity}, {embodied, embodied}};
    result.curves[0].lines.push_back(std::move(line));
  }
  result.tables.emplace_back("Bill", bill_table(u));
  result.tables.emplace_back("Figures and metrics", figure_table(space, outcome));
  result.tables.emplace_back("Causes of variance of the total", share_table(u.shares, "cause", 0));
  result.tables.emplace_back("Causes of variance of what is embodied", share_table(u.embodied_shares, "cause", 0));
  return result;
}

}  // namespace cradle::study
