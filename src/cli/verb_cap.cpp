// cradle cap choose|race: the power cap with least grams for a job, and race-to-idle against slow-and-steady by grid.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "cap_options.h"
#include "cradle/base/text.h"
#include "cradle/catalog/catalog.h"
#include "cradle/report/format.h"
#include "cradle/slicing/cap_race.h"
#include "cradle/slicing/cap_slice.h"
#include "cradle/slicing/host_share.h"
#include "design_output.h"

namespace cradle::cli {

using carbon::Estimate;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::Seconds;
using report::Align;
using report::significant;

namespace {

/// What the options name, found.
struct CapQuestion {
  const catalog::Accelerator* accelerator;
  const catalog::AcceleratorCurve* record;
  slicing::CapCurve curve;
  slicing::CapJob job;
  slicing::CapCost cost;
  std::string server;  ///< empty: the board alone
};

/// Embodied carbon a second over the life of the board.
Estimate<carbon::GramsPerSecond> over_life(const catalog::Accelerator& accelerator) {
  const auto& grams = accelerator.embodied.estimate;
  const auto& life = accelerator.lifetime.estimate;
  return {grams.value / Seconds{life.value}, grams.low / Seconds{life.high}, grams.high / Seconds{life.low}};
}

Result<const catalog::Server*> server_of(const catalog::Catalog& catalog, const CapOptions& options) {
  auto server = slicing::find_host(catalog, options.accelerator, options.server, "--server");
  if (!server) return std::move(server).error();
  if (*server && (*server)->accelerator != options.accelerator)
    return bad_input("the server '" + options.server + "' has no '" + options.accelerator + "'", "--server",
                     "name a server with this accelerator, or none");
  return *server;
}

/// A board's share of the rest of its machine: idle draw (high: at full load), and embodied carbon over its life.
void add_host(const slicing::HostShare& host, slicing::CapCost& cost) {
  cost.host_power = {host.idle.value, host.idle.low, host.full.high};
  cost.embodied = cost.embodied + host.embodied;
}

Result<const catalog::AcceleratorCurve*> curve_of(const catalog::Catalog& catalog, const CapOptions& options,
                                                  catalog::CurveKind kind, const std::string& named,
                                                  const char* option) {
  if (!named.empty()) return catalog.find_curve(named, option);
  std::vector<std::string> works;
  for (const catalog::AcceleratorCurve* curve : catalog.curves_of(options.accelerator, kind)) {
    if (curve->work == options.work) return curve;
    works.push_back(curve->work);
  }
  const std::string of = kind == catalog::CurveKind::power_cap ? "power caps" : "slices";
  if (works.empty())
    return missing_data("no curve of " + of + " stands for '" + options.accelerator + "'", option,
                        "add one to a folder and name it with --catalog: docs/catalog.md");
  return missing_data("no curve of " + of + " of '" + options.accelerator + "' for the work '" + options.work + "'",
                      "--work", suggest(options.work, works));
}

Result<CapQuestion> open_question(const catalog::Catalog& catalog, const CapOptions& options) {
  const auto accelerator = catalog.find_accelerator(options.accelerator, "--accelerator");
  if (!accelerator) return accelerator.error();
  const auto record = curve_of(catalog, options, catalog::CurveKind::power_cap, options.curve, "--curve");
  if (!record) return record.error();
  auto curve = slicing::CapCurve::make(**record, **accelerator);
  if (!curve) return std::move(curve).error();
  const auto view = carbon::parse_view(options.view);
  if (!view) return view.error();
  const auto server = server_of(catalog, options);
  if (!server) return server.error();
  slicing::CapCost cost;
  cost.idle_power = (*accelerator)->idle_power.estimate;
  cost.embodied = over_life(**accelerator);
  cost.pue = options.pue;
  cost.view = *view;
  cost.sleep = options.sleep;
  if (*server) add_host(slicing::host_share(catalog, **server), cost);
  const Seconds work{carbon::Hours{options.hours}};
  return CapQuestion{*accelerator,
                     *record,
                     *std::move(curve),
                     {work, work * options.deadline_ratio},
                     cost,
                     *server ? (*server)->id : std::string()};
}

/// The signal that the view asks for, the average where a grid has no other; true in `second` for the latter.
std::pair<Estimate<GramsPerJoule>, bool> intensity_of(const catalog::Grid& grid, carbon::View view) {
  const bool marginal = view == carbon::View::marginal;
  const Estimate<GramsPerKilowattHour>& e = marginal && grid.marginal ? grid.marginal->estimate : grid.average.estimate;
  return {{GramsPerJoule{e.value}, GramsPerJoule{e.low}, GramsPerJoule{e.high}}, marginal && !grid.marginal};
}

double per_kwh(GramsPerJoule intensity) { return GramsPerKilowattHour{intensity}.value(); }

std::string watts_text(const slicing::CapCurve& curve, double cap) {
  return significant(curve.limit().value() * cap, 3) + " W";
}

std::string hours_text(const CapQuestion& q) {
  return significant(carbon::Hours{q.job.work}.value(), 4) + " h of " + q.record->work + " within " +
         significant(carbon::Hours{q.job.deadline}.value(), 4) + " h";
}

std::vector<std::string> notes_of(const CapQuestion& q, bool fell_back) {
  const char* view =
      q.cost.view == carbon::View::attributional
          ? "energy and embodied share of the time that the work takes; what is idle then is not the job's"
      : q.cost.view == carbon::View::marginal
          ? "energy above what board and host would draw without the job; bought hardware counts nothing"
          : "the board is kept until the deadline: idle energy and embodied share of all that time";
  std::vector<std::string> notes = {"view " + std::string(carbon::name(q.cost.view)) + ": " + view,
                                    "curve " + q.record->id + ": " + q.record->name};
  notes.push_back(q.server.empty() ? "the board alone, without a share of a machine"
                                   : "with its share of the server " + q.server);
  if (fell_back) notes.push_back("grids without a marginal signal are counted with their average");
  return notes;
}

std::vector<report::Field> fields_of(const CapQuestion& q) {
  return {{"accelerator", q.accelerator->id},
          {"work", q.record->work},
          {"curve", q.record->id},
          {"server", q.server},
          {"view", std::string(carbon::name(q.cost.view))},
          {"sleep", std::string(q.cost.sleep ? "yes" : "no")},
          {"pue", q.cost.pue},
          {"hours", carbon::Hours{q.job.work}.value()},
          {"deadline_hours", carbon::Hours{q.job.deadline}.value()}};
}

int choose(const catalog::Catalog& catalog, const CapOptions& options, const Common& common) {
  const auto question = open_question(catalog, options);
  if (!question) return fail(question.error());
  const CapQuestion& q = *question;
  const auto grid = catalog.find_grid(options.grid, "--grid");
  if (!grid) return fail(grid.error());
  if (options.sharing != "shared" && options.sharing != "alone")
    return fail(bad_input("no sharing '" + options.sharing + "'", "--sharing", "use shared or alone"));
  const auto [intensity, fell_back] = intensity_of(**grid, q.cost.view);
  const carbon::Bytes memory{carbon::Gibibytes{options.memory_gib}};

  std::vector<slicing::SliceCapChoice> choices;
  const catalog::Partitioning* rules = catalog.partitioning_of(q.accelerator->id);
  std::vector<std::string> notes = notes_of(q, fell_back);
  if (rules) {
    const auto slices = curve_of(catalog, options, catalog::CurveKind::slices, options.slices, "--slices");
    if (!slices) return fail(slices.error());
    const auto sharing = options.sharing == "shared" ? slicing::Sharing::shared : slicing::Sharing::alone;
    auto all = slicing::choose_slice_and_cap(q.curve, *q.accelerator, *rules, **slices, sharing, memory, q.job, q.cost,
                                             intensity);
    if (!all) return fail(all.error());
    choices = *std::move(all);
    notes.push_back("slices " + (*slices)->id + ": " + (*slices)->name +
                    (sharing == slicing::Sharing::shared ? "; the other slices are as busy"
                                                         : "; the other slices are idle and the job bears them"));
  } else {
    if (memory > q.accelerator->memory.value())
      return fail(bad_input("the job needs more memory than '" + q.accelerator->id + "' has", "--memory",
                            "choose an accelerator with more"));
    auto one = slicing::best_cap(q.curve, q.job, q.cost, intensity);
    if (!one) return fail(one.error());
    choices.push_back({"", 1, q.accelerator->memory.value(), *std::move(one)});
  }
  const auto full = slicing::bill(q.curve.points().back(), q.job, q.cost).grams(intensity, q.cost.pue);

  report::Table table;
  table.column("profile", "slice")
      .column("cap_w", "cap", Align::right, 0, "W")
      .column("power_w", "draw", Align::right, 0, "W")
      .column("hours", "time", Align::right, 2, "h")
      .column("hours_high", "at most", Align::right, 2, "h")
      .column("grams", "emits", Align::right, 1, "gCO2e")
      .column("grams_low", "from", Align::right, 1, "gCO2e")
      .column("grams_high", "to", Align::right, 1, "gCO2e")
      .column("saved_percent", "less than uncapped", Align::right, 1, "%");
  for (const slicing::SliceCapChoice& choice : choices) {
    const slicing::CapChoice& c = choice.choice;
    table.row({choice.profile.empty() ? std::string("whole board") : choice.profile,
               q.curve.limit().value() * c.point.cap, c.point.power.value.value(),
               carbon::Hours{c.bill.time.value}.value(), carbon::Hours{c.bill.time.high}.value(), c.grams.value.value(),
               c.grams.low.value(), c.grams.high.value(), 100 * (1 - c.grams.value.value() / full.value.value())});
  }
  const slicing::SliceCapChoice& best = choices.front();
  DesignAnswer answer;
  answer.page.question = "Which slice and power cap emit least for " + hours_text(q) + " on " + q.accelerator->name +
                         ", grid " + (*grid)->id + "?";
  answer.page.answer = (best.profile.empty() ? std::string("The whole board") : "The slice " + best.profile) + " at " +
                       watts_text(q.curve, best.choice.point.cap) + ": " +
                       significant(best.choice.grams.value.value(), 4) + " gCO2e against " +
                       significant(full.value.value(), 4) + " for the whole board without a cap.";
  // The whole board and the instance of all its slices are one answer: the next best is another share.
  const auto next = std::find_if(choices.begin() + 1, choices.end(), [&](const slicing::SliceCapChoice& choice) {
    return choice.share < 1 || best.share < 1;
  });
  const bool overlap = next != choices.end() && next->choice.grams.low <= best.choice.grams.high;
  if (overlap) {
    const auto bounds = [](const Estimate<carbon::GramsCO2e>& grams) {
      return "(" + significant(grams.low.value(), 4) + " .. " + significant(grams.high.value(), 4) + ")";
    };
    answer.page.answer += " Not certain: its bounds " + bounds(best.choice.grams) +
                          " overlap those of the next best, " +
                          (next->profile.empty() ? std::string("the whole board") : next->profile) + " " +
                          bounds(next->choice.grams) + ".";
  }
  answer.page.tables = {{"The best cap of each slice", table}};
  answer.page.notes = std::move(notes);
  answer.schema = "cradle.cap.choose/1";
  answer.fields = fields_of(q);
  answer.fields.emplace_back("grid", (*grid)->id);
  answer.fields.emplace_back("intensity_g_kwh", per_kwh(intensity.value));
  answer.fields.emplace_back("uncapped_grams", full.value.value());
  answer.fields.emplace_back("bounds_overlap_next", std::string(overlap ? "yes" : "no"));
  return deliver(std::move(answer), "cradle cap choose", {}, options.output, common);
}

const char* word(slicing::Verdict verdict) {
  return verdict == slicing::Verdict::race ? "race" : verdict == slicing::Verdict::steady ? "steady" : "open";
}

int race(const catalog::Catalog& catalog, const CapOptions& options, const Common& common) {
  const auto question = open_question(catalog, options);
  if (!question) return fail(question.error());
  const CapQuestion& q = *question;
  std::vector<const catalog::Grid*> grids;
  for (const std::string& id : options.grids) {
    const auto grid = catalog.find_grid(id, "--grid");
    if (!grid) return fail(grid.error());
    grids.push_back(*grid);
  }
  if (grids.empty())
    for (const catalog::Grid& grid : catalog.grids()) grids.push_back(&grid);

  report::Table table;
  table.column("grid", "grid")
      .column("intensity_g_kwh", "intensity", Align::right, 0, "g/kWh")
      .column("race_g", "race", Align::right, 1, "gCO2e")
      .column("race_g_low", "from", Align::right, 1, "gCO2e")
      .column("race_g_high", "to", Align::right, 1, "gCO2e")
      .column("steady_g", "steady", Align::right, 1, "gCO2e")
      .column("steady_g_low", "from", Align::right, 1, "gCO2e")
      .column("steady_g_high", "to", Align::right, 1, "gCO2e")
      .column("best_g", "best", Align::right, 1, "gCO2e")
      .column("best_cap_w", "at", Align::right, 0, "W")
      .column("less", "less")
      .column("sure", "in all bounds");
  bool fell_back = false;
  std::optional<slicing::CapRace> last;
  int racing = 0;
  for (const catalog::Grid* grid : grids) {
    const auto [intensity, average] = intensity_of(*grid, q.cost.view);
    fell_back = fell_back || average;
    auto found = slicing::race_or_steady(q.curve, q.job, q.cost, intensity);
    if (!found) return fail(found.error());
    const slicing::CapRace& r = *found;
    racing += r.race_is_less;
    table.row({grid->id, per_kwh(intensity.value), r.race.grams.value.value(), r.race.grams.low.value(),
               r.race.grams.high.value(), r.steady.grams.value.value(), r.steady.grams.low.value(),
               r.steady.grams.high.value(), r.best.grams.value.value(), q.curve.limit().value() * r.best.point.cap,
               std::string(r.race_is_less ? "race" : "steady"), std::string(word(r.verdict))});
    last = *std::move(found);
  }
  const slicing::CapPoint& steady = last->steady.point;
  const slicing::BreakEven& flip = last->flip;
  DesignAnswer answer;
  answer.page.question = "Race to idle or slow and steady: " + hours_text(q) + " on " + q.accelerator->name + "?";
  const std::string slow = "Steady is " + watts_text(q.curve, steady.cap) + " for " +
                           significant(carbon::Hours{last->steady.bill.time.value}.value(), 4) + " h (" +
                           significant(carbon::Hours{last->steady.bill.time.low}.value(), 4) + " .. " +
                           significant(carbon::Hours{last->steady.bill.time.high}.value(), 4) + "). ";
  const auto bound = [](GramsPerJoule at) {
    return std::isfinite(at.value()) ? significant(per_kwh(at), 3) : std::string("any");
  };
  const std::string range =
      "by the bounds of all inputs below " + bound(flip.low) + " .. " + bound(flip.high) + " g/kWh";
  std::string flips;
  if (std::isinf(flip.value.value()))
    flips = "Racing emits less at every intensity; " + range + ".";
  else if (flip.value == GramsPerJoule{})
    flips = "Being steady emits less at every intensity" + (flip.high > flip.value ? "; racing " + range : "") + ".";
  else
    flips = "Racing emits less below " + bound(flip.value) + " g/kWh, " + range + ": in " + std::to_string(racing) +
            " of " + std::to_string(grids.size()) + " grids.";
  answer.page.answer = slow + flips;
  answer.page.tables = {{"By grid", table}};
  answer.page.notes = notes_of(q, fell_back);
  if (q.cost.view != carbon::View::attributional)
    answer.page.notes.push_back(q.cost.sleep ? "board and host are off when the work is done"
                                             : "board and host stay idle when the work is done");
  answer.schema = "cradle.cap.race/1";
  answer.fields = fields_of(q);
  answer.fields.emplace_back("steady_cap_w", q.curve.limit().value() * steady.cap);
  answer.fields.emplace_back("flip_g_kwh", per_kwh(flip.value));
  answer.fields.emplace_back("flip_g_kwh_low", per_kwh(flip.low));
  answer.fields.emplace_back("flip_g_kwh_high", per_kwh(flip.high));
  return deliver(std::move(answer), "cradle cap race", {}, options.output, common);
}

}  // namespace

int run_cap(const CapOptions& options, const Common& common) {
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  return options.action == "race" ? race(*catalog, options, common) : choose(*catalog, options, common);
}

}  // namespace cradle::cli
