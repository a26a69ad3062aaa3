// cradle inference replay: what users get, and what it costs in joules and grams, by autoscaler.
#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/report/format.h"
#include "design_output.h"
#include "inference_replay_setting.h"

namespace cradle::cli {

namespace {

using namespace inference;
using report::Align;
using report::Cell;

constexpr double percent = 100;

std::string word(Scaling scaling) { return std::string(name(scaling)); }

report::Table service_table(const ScalingComparison& comparison) {
  report::Table table;
  table.column("autoscaler", "autoscaler").column("margin", "margin", Align::right, 2);
  for (const char* share : {"promised", "modelled", "simulated"}) table.column(share, share, Align::right, 2, "%");
  for (const char* time : {"TTFT", "ITL", "end to end"})
    for (const char* rank : {"p50", "p95", "p99"})
      table.column(std::string(time) + "_" + rank, std::string(time) + " " + rank, Align::right,
                   time == std::string("ITL") ? 1 : 0, "ms");
  table.column("blocked", "blocked", Align::right);
  for (const ScalingRow& row : comparison.rows) {
    const Replay& run = row.replay;
    std::vector<Cell> cells{word(row.scaling), row.calibration.margin, percent * run.promised.share.kept,
                            percent * run.modelled.share.kept, percent * run.level.kept};
    for (const Quantiles* q : {&run.level.ttft_ms, &run.level.itl_ms, &run.level.total_ms})
      for (const double value : {q->p50, q->p95, q->p99}) cells.emplace_back(value);
    cells.emplace_back(run.level.blocked);
    table.row(std::move(cells));
  }
  return table;
}

report::Table grams_table(const ScalingComparison& comparison, bool equal) {
  report::Table table;
  table.column("autoscaler", "autoscaler")
      .column("margin", "margin", Align::right, 2)
      .column("kept", "kept", Align::right, 2, "%")
      .column("replica_hours", "replicas on", Align::right, 3, "h")
      .column("most", "at most", Align::right)
      .column("changes", "changes", Align::right)
      .column("energy", "energy", Align::right, 3, "kWh")
      .column("operational", "operation", Align::right, 1, "g")
      .column("embodied", "embodied", Align::right, 2, "g")
      .column("grams_per_1000", "by 1,000 requests", Align::right, 2, "g")
      .column("against", "against the first", Align::right, 1, "%");
  const auto of = [equal](const ScalingRow& row) -> const Replay& { return equal ? row.equal : row.replay; };
  const carbon::GramsCO2e first = of(comparison.rows.front()).grams_per_1000();
  for (const ScalingRow& row : comparison.rows) {
    const Replay& run = of(row);
    const carbon::GramsCO2e grams = run.grams_per_1000();
    table.row({word(row.scaling), equal ? row.hindsight.margin : row.calibration.margin, percent * run.level.kept,
               run.replica_time.value(), static_cast<std::int64_t>(run.most_replicas), run.changes,
               carbon::KilowattHours{run.energy}.value(), run.operational.value(), run.embodied.value(), grams.value(),
               first.value() > 0 ? Cell(percent * (grams / first - 1)) : Cell()});
  }
  return table;
}

/// Everything of a run, for JSON and CSV.
report::Table rows_table(const ScalingComparison& comparison) {
  report::Table table;
  for (const char* key : {"autoscaler",
                          "margin",
                          "calibrated_kept",
                          "calibration_reached",
                          "level_weight",
                          "trend_weight",
                          "requests",
                          "blocked",
                          "kept_promised",
                          "kept_modelled",
                          "kept",
                          "kept_less_promised",
                          "kept_less_modelled",
                          "ttft_kept",
                          "itl_kept",
                          "ttft_ms_mean",
                          "ttft_ms_p50",
                          "ttft_ms_p95",
                          "ttft_ms_p99",
                          "ttft_ms_modelled",
                          "itl_ms_mean",
                          "itl_ms_p50",
                          "itl_ms_p95",
                          "itl_ms_p99",
                          "itl_ms_modelled",
                          "total_ms_mean",
                          "total_ms_p50",
                          "total_ms_p95",
                          "total_ms_p99",
                          "replica_hours",
                          "most_replicas",
                          "changes",
                          "joules",
                          "operational_g",
                          "embodied_g",
                          "grams_per_1000",
                          "equal_margin",
                          "equal_reached",
                          "equal_kept",
                          "equal_replica_hours",
                          "equal_grams_per_1000"})
    table.column(key, key, key == std::string("autoscaler") ? Align::left : Align::right);
  for (const ScalingRow& row : comparison.rows) {
    const Replay& run = row.replay;
    const bool weighted = row.scaling == Scaling::forecast;
    std::vector<Cell> cells{word(row.scaling),
                            row.calibration.margin,
                            row.calibration.kept,
                            static_cast<std::int64_t>(row.calibration.reached),
                            weighted ? Cell(row.level_weight) : Cell(),
                            weighted ? Cell(row.trend_weight) : Cell(),
                            run.level.requests,
                            run.level.blocked,
                            run.promised.share.kept,
                            run.modelled.share.kept,
                            run.level.kept,
                            run.level.kept - run.promised.share.kept,
                            run.level.kept - run.modelled.share.kept,
                            run.level.ttft_kept,
                            run.level.itl_kept};
    const auto quantiles = [&cells](const Quantiles& q) {
      for (const double value : {q.mean, q.p50, q.p95, q.p99}) cells.emplace_back(value);
    };
    quantiles(run.level.ttft_ms);
    cells.emplace_back(run.modelled.ttft_ms);
    quantiles(run.level.itl_ms);
    cells.emplace_back(run.modelled.itl_ms);
    quantiles(run.level.total_ms);
    for (const Cell& cell : {Cell(run.replica_time.value()), Cell(static_cast<std::int64_t>(run.most_replicas)),
                             Cell(run.changes), Cell(run.energy.value()), Cell(run.operational.value()),
                             Cell(run.embodied.value()), Cell(run.grams_per_1000().value()), Cell(row.hindsight.margin),
                             Cell(static_cast<std::int64_t>(row.hindsight.reached)), Cell(row.equal.level.kept),
                             Cell(row.equal.replica_time.value()), Cell(row.equal.grams_per_1000().value())})
      cells.push_back(cell);
    table.row(std::move(cells));
  }
  return table;
}

/// How far the queue is from one replica's requests, at several loads.
Result<report::Table> difference_table(const InferenceReplaySetting& setting) {
  report::Table table;
  table.column("load", "load", Align::right, 0, "%")
      .column("requests", "requests")
      .column("ttft_model", "TTFT model", Align::right, 1, "ms")
      .column("ttft", "simulated", Align::right, 1, "ms")
      .column("ttft_excess", "more", Align::right, 1, "%")
      .column("itl_model", "ITL model", Align::right, 2, "ms")
      .column("itl", "simulated", Align::right, 2, "ms")
      .column("itl_excess", "more", Align::right, 1, "%");
  struct Kind {
    Fidelity fidelity;
    bool equal;
    const char* text;
  };
  std::vector<Kind> kinds{{Fidelity::model, false, "the model's law"}};
  if (setting.options.fidelity == Fidelity::tokens) {
    kinds.push_back({Fidelity::tokens, true, "iterations, all requests alike"});
    kinds.push_back({Fidelity::tokens, false, "iterations, geometric lengths"});
  }
  for (const double load : {0.5, 0.8, 1.0})
    for (const Kind& kind : kinds) {
      constexpr std::int64_t requests = 20'000;
      const auto found = model_difference(setting.options.replica.service, load * setting.capacity.rate_per_s, requests,
                                          kind.fidelity, kind.equal, setting.options.seed);
      if (!found) return found.error();
      table.row({percent * load, std::string(kind.text), found->model.ttft_ms, found->ttft_ms,
                 percent * found->ttft_excess, found->model.itl_ms, found->itl_ms, percent * found->itl_excess});
    }
  return table;
}

/// What each knob of a replica gives at the mean rate and intensity of the part judged, with replicas for that rate
/// times the model's margin.
Result<report::Table> knob_table(const InferenceReplaySetting& setting, const ScalingComparison& comparison) {
  report::Table table;
  table.column("knobs", "knobs")
      .column("variant", "best variant")
      .column("replicas", "replicas", Align::right)
      .column("devices", "devices", Align::right, 2)
      .column("watts", "draw", Align::right, 0, "W")
      .column("operational", "operation", Align::right, 1, "g/h")
      .column("embodied", "embodied", Align::right, 2, "g/h")
      .column("excess", "above all", Align::right, 1, "%");
  const ReplayOptions& options = setting.options;
  const auto at = [&](double seconds) { return Instant{options.start.ms + std::llround(seconds * 1e3)}; };
  const carbon::GramsPerKilowattHour intensity{
      setting.intensity.mean(at(comparison.cut.value()), at(setting.arrivals.back().at_ms / 1e3))};
  const auto rows = ablate(setting.knobs, options.targets, comparison.rest_per_s,
                           {intensity, options.pue, comparison.model_margin}, Aim::grams);
  if (!rows) return rows.error();
  const auto by_hour = [](carbon::GramsPerSecond rate) { return rate.value() * 3600; };
  for (const AblationRow& row : *rows) {
    if (setting.knobs.size() == 1 && row.name.find("type") != std::string::npos) continue;
    if (row.variant.empty())
      table.row({row.name, std::string("none keeps the targets"), Cell(), Cell(), Cell(), Cell(), Cell(), Cell()});
    else
      table.row({row.name, row.variant, row.plan.sizing.replicas, row.plan.devices, row.plan.watts.value(),
                 by_hour(row.plan.operational), by_hour(row.plan.embodied), percent * row.excess});
  }
  return table;
}

/// What the numbers say, good or bad.
std::vector<std::string> findings(const InferenceReplayOptions& options, const ScalingComparison& comparison) {
  std::vector<std::string> notes;
  const double goal = options.attainment;
  for (const ScalingRow& row : comparison.rows) {
    if (!row.calibration.reached)
      notes.push_back(word(row.scaling) + ": no margin up to " + shortest(most_margin) + " keeps " +
                      report::percent_text(goal) + " on the first part (" + report::percent_text(row.calibration.kept) +
                      "): requests come and go faster than replicas start; more replicas at least (--min) would help");
    if (row.replay.level.kept >= goal) continue;
    notes.push_back(
        word(row.scaling) + " misses the goal by " + report::percent_text(goal - row.replay.level.kept, 2) + ": " +
        (row.replay.modelled.share.kept >= goal
             ? "the model would keep it at the mean rates of each window, but arrivals within it are not Poisson"
             : "the model misses it as well at the rates that came: the replicas came too late or were too few"));
  }
  if (comparison.dispersion > 2)
    notes.push_back("burstiness breaks the model's Poisson assumption: the variance of requests by window is " +
                    report::significant(comparison.dispersion, 3) + " times their mean, where 1 is Poisson");
  const auto find = [&](Scaling scaling) -> const ScalingRow* {
    for (const ScalingRow& row : comparison.rows)
      if (row.scaling == scaling) return &row;
    return nullptr;
  };
  const ScalingRow *fixed_peak = find(Scaling::static_peak), *reactive = find(Scaling::reactive),
                   *forecast = find(Scaling::forecast);
  if (!fixed_peak || !reactive || !forecast) return notes;
  if (!fixed_peak->hindsight.reached || !reactive->hindsight.reached || !forecast->hindsight.reached) {
    notes.emplace_back("no comparison at equal service: not all of them can keep the goal on the rest");
    return notes;
  }
  const double a = fixed_peak->equal.grams_per_1000().value(), b = reactive->equal.grams_per_1000().value(),
               c = forecast->equal.grams_per_1000().value();
  if (c <= b && b <= a)
    notes.emplace_back("at equal service forecast <= reactive <= static in grams, as expected");
  else
    notes.push_back("a null result at equal service: " +
                    std::string(b > a ? "following the rate costs more than the static peak (" +
                                            report::percent_text(b / a - 1) + ")"
                                      : "following the rate saves " + report::percent_text(1 - b / a)) +
                    (c > b ? ", and the forecast costs " + report::percent_text(c / b - 1) + " more than it"
                           : ", the forecast saves " + report::percent_text(1 - c / b) + " on it"));
  return notes;
}

std::vector<report::Curve> curves(const ScalingComparison& comparison) {
  report::Curve replicas{"Replicas that take requests", {"time", "min", false}, {"replicas", "", false}, {}, {}, {}};
  replicas.caption = "The part that margins were not found on.";
  report::Curve kept{"Requests within their targets", {"time", "min", false}, {"share", "%", false}, {}, {}, {}};
  kept.caption = "Means over six intervals.";
  report::Curve rate{"Requests", {"time", "min", false}, {"rate", "1/s", false}, {}, {}, {}};
  rate.caption = "Means over six intervals.";
  constexpr std::size_t group = 6, most_points = 2000;
  for (const ScalingRow& row : comparison.rows) {
    const auto& steps = row.replay.steps;
    if (steps.size() < 2 * group) return {};
    const std::size_t each = std::max<std::size_t>(1, steps.size() / most_points);
    report::Line ready{word(row.scaling), {}, {}}, share{word(row.scaling), {}, {}}, came{"came", {}, {}};
    for (std::size_t i = 0; i < steps.size(); i += each) {
      ready.x.push_back(steps[i].at.value() / 60);
      ready.y.push_back(steps[i].ready);
    }
    for (std::size_t i = 0; i + group <= steps.size(); i += group) {
      double requests = 0, good = 0;
      for (std::size_t k = i; k < i + group; ++k)
        requests += steps[k].rate_per_s, good += steps[k].rate_per_s * steps[k].kept;
      share.x.push_back(steps[i + group - 1].at.value() / 60);
      share.y.push_back(requests > 0 ? percent * good / requests : percent);
      came.x.push_back(share.x.back());
      came.y.push_back(requests / group);
    }
    replicas.lines.push_back(std::move(ready));
    kept.lines.push_back(std::move(share));
    if (rate.lines.empty()) rate.lines.push_back(std::move(came));
  }
  return {std::move(replicas), std::move(rate), std::move(kept)};
}

}  // namespace

int run_inference_replay(const InferenceReplayOptions& options, const Common& common) {
  DesignOptions page_options;
  page_options.report = options.report;
  if (auto fine = check_report(page_options); !fine) return fail(fine.error());
  const auto setting = inference_replay_setting(options, common);
  if (!setting) return fail(setting.error());
  const auto comparison = compare_scalings(setting->arrivals, setting->options, setting->intensity, setting->scalings,
                                           options.attainment, options.first_part, common.threads);
  if (!comparison) return fail(comparison.error());
  const auto knobs = knob_table(*setting, *comparison);
  if (!knobs) return fail(knobs.error());
  const auto differences = difference_table(*setting);
  if (!differences) return fail(differences.error());

  const auto least =
      std::min_element(comparison->rows.begin(), comparison->rows.end(), [&](const ScalingRow& a, const ScalingRow& b) {
        const auto rank = [&](const ScalingRow& row) {
          return std::pair(row.replay.level.kept < options.attainment, row.replay.grams_per_1000().value());
        };
        return rank(a) < rank(b);
      });
  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  const double length_s = setting->arrivals.back().at_ms / 1e3;
  page.title = "Replicas for " + setting->trace;
  page.question = "Which autoscaler keeps " + report::decimal(options.ttft_ms, 0) + " ms to the first token and " +
                  report::decimal(options.itl_ms, 0) + " ms between tokens for " +
                  report::percent_text(options.attainment) + " of " + setting->trace + ", at how many grams?";
  page.answer = word(least->scaling) + ": " + report::percent_text(least->replay.level.kept, 2) + " kept at " +
                report::significant(least->replay.grams_per_1000().value(), 4) + " g by 1,000 requests" +
                (least->replay.level.kept < options.attainment ? " (none keeps the goal)." : ".");
  page.tables = {
      {"Service on the last " + report::percent_text(1 - comparison->cut.value() / length_s, 0) +
           " of the trace, margins found on the part before",
       service_table(*comparison)},
      {"Energy and grams of the same runs", grams_table(*comparison, false)},
      {"At equal service: the least margin that keeps the goal on this very part, known only afterwards",
       grams_table(*comparison, true)},
      {"The model against the simulation: one replica, Poisson arrivals, part of its capacity", *differences},
      {"One replica's knobs at the mean rate and intensity of that part: the least grams without each, and with each "
       "alone",
       *knobs}};
  page.notes = {
      "promised: the model's share at the load replicas are sized for (capacity over margin); modelled: at the rates "
      "that came, window by window; simulated less modelled is what burstiness and unlike requests do",
      "one replica (" + setting->options.replica.name + ") keeps the mean targets up to " +
          report::significant(setting->capacity.rate_per_s, 4) + " requests/s (" +
          std::string(setting->capacity.binding) + " binds); draw by its power curve at the batch's share of " +
          std::to_string(setting->options.replica.full_batch) + ", intensity of " + setting->intensity_text + ", PUE " +
          shortest(options.pue),
      "means within the targets are not enough: for " + report::percent_text(options.attainment) +
          " of the requests the model asks for a margin of " + report::decimal(comparison->model_margin, 2) +
          ", and calibration only adds to it",
      "a curve of draw against the batch's share knows nothing of how well a large batch uses the device"};
  page.notes.push_back("knobs: replicas are sized for " + report::decimal(comparison->model_margin, 2) +
                       " times the mean rate of " + report::significant(comparison->rest_per_s, 4) +
                       " requests/s; draw and grams are those at the mean rate itself");
  page.notes.emplace_back(
      "knobs: slices and caps follow the catalogue's curves of decoding, estimates where the device was not measured; "
      "a "
      "slice's batch is its share of memory, weights left out; what a part of a device leaves unused counts for "
      "nobody");
  page.notes.insert(page.notes.end(), setting->notes.begin(), setting->notes.end());
  for (std::string& text : findings(options, *comparison)) page.notes.push_back(std::move(text));
  page.curves = curves(*comparison);
  answer.rows = rows_table(*comparison);
  answer.schema = "cradle.inference.replay/1";
  answer.fields = {{"trace", setting->trace},
                   {"requests", static_cast<std::int64_t>(setting->arrivals.size())},
                   {"seconds", length_s},
                   {"cut_seconds", comparison->cut.value()},
                   {"attainment", options.attainment},
                   {"slo_ttft_ms", options.ttft_ms},
                   {"slo_itl_ms", options.itl_ms},
                   {"capacity_per_s", setting->capacity.rate_per_s},
                   {"peak_per_s", comparison->peak_per_s},
                   {"rest_per_s", comparison->rest_per_s},
                   {"dispersion", comparison->dispersion},
                   {"model_margin", comparison->model_margin},
                   {"fidelity", options.fidelity},
                   {"routing", options.routing},
                   {"intensity", setting->intensity_text},
                   {"pue", options.pue},
                   {"seed", static_cast<std::int64_t>(options.seed)}};
  const std::string command = "cradle inference replay --trace " + options.trace + " --slo-ttft " +
                              shortest(options.ttft_ms) + " --slo-itl " + shortest(options.itl_ms) + " --seed " +
                              std::to_string(options.seed);
  return deliver(std::move(answer), command, options.report, options.output, common);
}

}  // namespace cradle::cli
