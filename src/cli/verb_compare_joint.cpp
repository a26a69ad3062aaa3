// cradle compare joint: all knobs together against FGD, PWR+FGD and the best pipeline of single rules.
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cradle/report/table.h"
#include "cradle/study/fgd_comparison.h"
#include "cradle/study/joint_comparison.h"
#include "cradle/workload/data_set.h"
#include "joint_options.h"

namespace cradle::cli {

namespace {

using report::Align;
using report::Cell;

double kilograms(carbon::GramsCO2e grams) { return grams.value() / 1000; }
double hours(carbon::Seconds time) { return carbon::Hours{time}.value(); }
/// "average" or "marginal, embodied".
std::string name(study::JointView view) {
  return std::string(carbon::name(view.signal)) + (view.embodied ? ", embodied" : "");
}

report::Table rows_table(const study::JointComparison& comparison) {
  report::Table table;
  table.column("place", "place")
      .column("view", "view")
      .column("strategy", "strategy")
      .column("total_kg", "total", Align::right, 0, "kg")
      .column("total_against_fgd_percent", "to FGD", Align::right, 2, "%")
      .column("total_against_pwr_fgd_percent", "to PWR+FGD", Align::right, 2, "%")
      .column("added_kg", "by jobs", Align::right, 0, "kg")
      .column("added_against_fgd_percent", "to FGD", Align::right, 2, "%")
      .column("added_against_pwr_fgd_percent", "to PWR+FGD", Align::right, 2, "%")
      .column("useful_gpu_hours", "useful", Align::right, 0, "GPU h")
      .column("wait_mean_hours", "wait", Align::right, 2, "h")
      .column("wait_p95_hours", "p95", Align::right, 2, "h")
      .column("slowdown_mean", "slowdown", Align::right, 2)
      .column("late", "late", Align::right, 1)
      .column("finished", "finished", Align::right, 1)
      .column("detail", "chosen");
  for (const study::JointRow& row : comparison.rows)
    table.row({row.place, name(row.view), row.strategy, kilograms(row.total), 100 * row.total_vs_fgd,
               100 * row.total_vs_power, kilograms(row.added), 100 * row.added_vs_fgd, 100 * row.added_vs_power,
               row.useful.value(), hours(row.wait_mean), hours(row.wait_p95), row.slowdown, row.late, row.finished,
               row.detail});
  return table;
}

report::Table fixed_table(const study::JointComparison& comparison) {
  report::Table table;
  table.column("place", "place")
      .column("signal", "signal")
      .column("idle_kg", "idle draw", Align::right, 0, "kg")
      .column("fleet_embodied_kg", "embodied", Align::right, 0, "kg")
      .column("least_added_kg", "least by jobs", Align::right, 0, "kg");
  for (const study::JointFixed& fixed : comparison.fixed)
    table.row({fixed.place, std::string(carbon::name(fixed.signal)), kilograms(fixed.idle),
               kilograms(fixed.fleet_embodied), kilograms(fixed.least_added)});
  return table;
}

const study::JointRow* find(const study::JointComparison& comparison, const std::string& place, study::JointView view,
                            const std::string& strategy) {
  for (const study::JointRow& row : comparison.rows)
    if (row.place == place && row.view == view && row.strategy == strategy) return &row;
  return nullptr;
}

/// Where the joint rule gives nothing, or less than single rules one after the other; what each knob gives.
std::vector<std::string> findings(const study::JointComparison& comparison) {
  std::vector<std::string> said;
  const auto percent = [](double ratio) {
    char text[32];
    std::snprintf(text, sizeof text, "%+.2f %%", 100 * ratio);
    return std::string(text);
  };
  for (const study::JointRow& row : comparison.rows) {
    if (row.strategy != "joint") continue;
    const std::string where = row.place + ", " + name(row.view) + ": ";
    const study::JointRow* single = find(comparison, row.place, row.view, "sequential");
    if (single == nullptr) continue;
    constexpr double nothing = 0.0005;
    const double gain = row.total / single->total - 1;
    if (gain > -nothing)
      said.push_back(where + "joint gives " + (gain < nothing ? "nothing over" : "less than") +
                     " the pipeline (total " + percent(gain) + ")");
    if (const study::JointRow* sliced = find(comparison, row.place, row.view, "joint, in slices");
        sliced != nullptr && sliced->total / row.total > 1 - nothing)
      said.push_back(where + "slices give nothing (total with them " + percent(sliced->total / row.total - 1) + ")");
    for (const char* knob : {"placement", "start", "region", "cap"}) {
      const study::JointRow* without = find(comparison, row.place, row.view, "joint, no " + std::string(knob));
      if (without == nullptr) continue;
      const double without_it = without->total / row.total - 1;
      if (without_it < nothing)
        said.push_back(where + "the knob " + knob + (without_it > -nothing ? " gives nothing" : " costs") +
                       " (total without it " + percent(without_it) + ")");
    }
  }
  return said;
}

}  // namespace

int run_compare_joint(const CompareJointOptions& options, const Common& common) {
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  if (options.embedded && !options.pods.empty())
    return fail(bad_input("the generated workload takes no pod list", "--embedded", "leave out --embedded, or --pods"));
  study::JointOptions asked;
  asked.data = options.data;
  // Without a home folder there is no cache to look in; that is no error here.
  if (const auto cache = workload::default_cache()) asked.cache = *cache;
  asked.pods = options.pods;
  asked.generated = options.embedded;
  asked.fleet_scale = options.fleet_scale;
  asked.load = options.load;
  asked.days = options.days;
  asked.pue = options.pue;
  asked.stretch = options.stretch;
  asked.threads = common.threads;
  if (!options.grids.empty()) asked.grids = options.grids;
  const auto seeds = study::parse_seeds(options.seeds);
  if (!seeds) return fail(seeds.error());
  asked.seeds = *seeds;
  const auto comparison = study::compare_joint(asked, *catalog);
  if (!comparison) return fail(comparison.error());

  const report::Table rows = rows_table(*comparison), fixed = fixed_table(*comparison);
  const std::vector<std::string> said = findings(*comparison);
  if (options.output == Output::json) {
    nlohmann::ordered_json document{{"schema", "cradle.compare.joint/1"},
                                    {"jobs", comparison->jobs},
                                    {"machines", comparison->machines},
                                    {"gpu_allocation_percent", 100 * comparison->allocation},
                                    {"seeds", *seeds}};
    document["rows"] = nlohmann::ordered_json::parse(rows.to_json_rows());
    document["fixed"] = nlohmann::ordered_json::parse(fixed.to_json_rows());
    document["findings"] = said;
    document["notes"] = comparison->notes;
    std::printf("%s\n", document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return 0;
  }
  if (options.output == Output::csv) {
    std::fputs(rows.to_csv().c_str(), stdout);
    return 0;
  }
  std::printf("%llu jobs on %zu machines, GPUs %.1f %% allocated under FGD\n\n%s\n",
              static_cast<unsigned long long>(comparison->jobs), comparison->machines, 100 * comparison->allocation,
              rows.to_text(200).c_str());
  std::printf(
      "What no policy changes, and the least that jobs add if none waits and no cap is set (never reached):\n%s",
      fixed.to_text(120).c_str());
  if (!said.empty()) std::printf("\n");
  for (const std::string& line : said) std::printf("%s\n", report::printable(line).c_str());
  if (!common.quiet)
    for (const std::string& note : comparison->notes)
      std::fprintf(stderr, "cradle: %s\n", report::printable(note).c_str());
  return 0;
}

}  // namespace cradle::cli
