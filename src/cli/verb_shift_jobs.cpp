// cradle shift jobs: time policies on a trace of jobs, decided on a forecast and charged by the grid.
#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/base/time.h"
#include "cradle/report/format.h"
#include "cradle/shifting/shift_jobs.h"
#include "design_output.h"
#include "verb_shift.h"

namespace cradle::cli {

using report::Align, report::Cell;
using shifting::ShiftRow, shifting::TimePolicy;

namespace {

Result<shifting::ShiftOptions> shift_options(const ShiftVerbOptions& options) {
  shifting::ShiftOptions shift;
  shift.seed = options.seed;
  auto forecast = shifting::forecast_by_name(options.forecast);
  if (!forecast) return Error{forecast.error().code, forecast.error().message, "--forecast", forecast.error().hint};
  shift.forecast = *forecast;
  struct Wait {
    const std::string& text;
    const char* option;
    std::int64_t& ms;
  };
  for (const Wait& wait : {Wait{options.max_wait_short, "--max-wait-short", shift.queues.short_wait_ms},
                           Wait{options.max_wait_long, "--max-wait-long", shift.queues.long_wait_ms},
                           Wait{options.short_below, "--short-below", shift.queues.short_below_ms}}) {
    const auto ms = parse_wait(wait.text, wait.option);
    if (!ms) return ms.error();
    wait.ms = *ms;
  }
  if (options.lengths != "mean" && options.lengths != "own")
    return bad_input("'" + options.lengths + "' is no knowledge of lengths", "--lengths", "write mean or own");
  shift.queues.own_length = options.lengths == "own";
  return shift;
}

/// Run now comes first always: the others are compared with it.
Result<std::vector<TimePolicy>> policies_of(const std::string& word) {
  if (word == "all")
    return std::vector<TimePolicy>(shifting::all_time_policies.begin(), shifting::all_time_policies.end());
  const auto policy = shifting::time_policy_by_name(word);
  if (!policy)
    return Error{policy.error().code, policy.error().message, "--policy",
                 policy.error().hint + " 'all' runs every one"};
  if (*policy == TimePolicy::now) return std::vector{TimePolicy::now};
  return std::vector{TimePolicy::now, *policy};
}

struct Load {
  std::vector<shifting::ShiftJob> jobs;
  bool unseen_gpus = false;  ///< jobs have GPUs, but no watts are given for them
};

Load load_of(const workload::Workload& workload, const ShiftVerbOptions& options) {
  Load load;
  for (const workload::Job& job : workload.jobs) {
    const double cores = static_cast<double>(job.demand.cpu_milli) / workload::milli;
    const double gpus = static_cast<double>(job.demand.total_gpu_milli()) / workload::milli;
    load.unseen_gpus = load.unseen_gpus || (gpus > 0 && options.watts_per_gpu == 0);
    const carbon::GramsCO2e an_hour{cores * options.embodied_per_core_hour + gpus * options.embodied_per_gpu_hour};
    load.jobs.push_back({job.arrival_ms, job.duration_ms,
                         carbon::Watts{cores * options.watts_per_core + gpus * options.watts_per_gpu},
                         an_hour / carbon::Seconds{carbon::Hours{1}}});
  }
  return load;
}

Cell percent(double ratio) { return std::isfinite(ratio) ? Cell(100 * ratio) : Cell(); }

report::Table table_of(const std::vector<ShiftRow>& rows) {
  report::Table table;
  table.column("policy", "policy")
      .column("operational_grams", "operational", Align::right, 1, "g")
      .column("embodied_grams", "embodied", Align::right, 1, "g")
      .column("total_grams", "total", Align::right, 1, "g")
      .column("saving_percent", "saved", Align::right, 2, "%")
      .column("mean_wait_hours", "mean wait", Align::right, 2, "h")
      .column("forecast_loss_percent", "forecast costs", Align::right, 2, "%")
      .column("job_hours_outside", "beyond data", Align::right, 1, "job h");
  for (const ShiftRow& row : rows)
    table.row({std::string(shifting::name(row.policy)), row.operational.value(), row.embodied.value(),
               row.total().value(), percent(1 - row.total() / rows.front().total()),
               carbon::Hours{row.mean_wait}.value(), percent(row.forecast_loss()), row.job_time_outside.value()});
  return table;
}

report::Bills bills_of(const std::vector<ShiftRow>& rows) {
  using Mass = carbon::Estimate<carbon::KilogramsCO2e>;
  const auto exact = [](carbon::GramsCO2e grams) { return Mass::exact(carbon::KilogramsCO2e{grams}); };
  report::Bills bills{"Grams by policy", "", {}};
  for (const ShiftRow& row : rows)
    bills.bars.push_back({std::string(shifting::name(row.policy)),
                          {{"operational", exact(row.operational)}, {"embodied", exact(row.embodied)}},
                          exact(row.total())});
  return bills;
}

report::Curve intensity_curve(const HourlyIntensity& intensity) {
  constexpr std::size_t most_points = 24 * 28;
  report::Curve curve;
  curve.title = "Intensity of " + intensity.what;
  curve.x = {"time", "h", false};
  curve.y = {"intensity", "g/kWh", false};
  curve.caption = "The first four weeks the day before the start hour included.";
  report::Line line{intensity.what, {}, {}};
  for (std::size_t i = 0; i < std::min(most_points, intensity.hours.size()); ++i) {
    line.x.push_back(static_cast<double>(i) - static_cast<double>(intensity.history));
    line.y.push_back(intensity.hours[i].value());
  }
  curve.lines.push_back(std::move(line));
  return curve;
}

std::string command_of(const ShiftVerbOptions& options) {
  return "cradle shift jobs --jobs " + options.jobs.string() +
         (options.grid.empty() ? " --intensity " + options.intensity.string() : " --grid " + options.grid) +
         " --start-hour " + std::to_string(options.start_hour) + " --policy " + options.policy + " --forecast " +
         options.forecast + " --seed " + std::to_string(options.seed);
}

}  // namespace

int run_shift_jobs(const ShiftVerbOptions& options, const Common& common) {
  DesignOptions page_options;
  page_options.report = options.report;
  if (auto fine = check_report(page_options); !fine) return fail(fine.error());
  const auto shift = shift_options(options);
  if (!shift) return fail(shift.error());
  const auto policies = policies_of(options.policy);
  if (!policies) return fail(policies.error());
  const auto workload = read_jobs(options.jobs);
  if (!workload) return fail(workload.error());
  Load load = load_of(*workload, options);

  // Enough for the last job to wait, and a day more for what the threshold looks at.
  std::int64_t last_ms = 0;
  for (const shifting::ShiftJob& job : load.jobs) last_ms = std::max(last_ms, job.release_ms + job.length_ms);
  last_ms += std::max(shift->queues.short_wait_ms, shift->queues.long_wait_ms) + ms_per_day;
  auto intensity = hourly_intensity(options, common, static_cast<std::size_t>(last_ms / ms_per_hour + 1));
  if (!intensity) return fail(intensity.error());
  const auto history_ms = static_cast<std::int64_t>(intensity->history) * ms_per_hour;
  for (shifting::ShiftJob& job : load.jobs) job.release_ms += history_ms;
  const auto truth = shifting::Signal::make(intensity->hours, ms_per_hour);
  if (!truth) return fail(truth.error());
  const auto rows = shifting::shift_jobs(*truth, load.jobs, *policies, *shift);
  if (!rows) {
    Error error = rows.error();
    error.where = options.jobs.string() + ", " + error.where;
    return fail(error);
  }

  const auto best = std::min_element(rows->begin(), rows->end(),
                                     [](const ShiftRow& a, const ShiftRow& b) { return a.total() < b.total(); });
  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  page.title = "Jobs moved in time on " + intensity->what;
  page.question = "How many grams do " + std::to_string(load.jobs.size()) + " jobs of " + workload->name + " save on " +
                  intensity->what + " by waiting and pausing, with the forecast " + shifting::name(shift->forecast) +
                  "?";
  page.answer = rows->front().total().value() > 0
                    ? std::string(shifting::name(best->policy)) + " emits " + report::mass_text(best->total()) + ", " +
                          report::percent_text(1 - best->total() / rows->front().total()) +
                          " less than now; its jobs wait " + report::duration_text(best->mean_wait) + " on average."
                    : "Nothing is emitted: there is nothing to save.";
  page.tables = {{"Policies", table_of(*rows)}};
  page.bills.push_back(bills_of(*rows));
  page.curves.push_back(intensity_curve(*intensity));
  page.notes = workload->notes;
  page.notes.insert(page.notes.end(), intensity->notes.begin(), intensity->notes.end());
  page.notes.emplace_back("capacity is unlimited: every job runs when its policy says");
  page.notes.emplace_back(
      "waiting and pausing change no device time: the embodied share is the same under every policy; it is zero to "
      "whoever counts machines that are bought as sunk");
  page.notes.emplace_back("'forecast costs' compares operational grams with the same policy under perfect knowledge");
  if (load.unseen_gpus) page.notes.emplace_back("GPUs count 0 W: give --watts-per-gpu");
  if (std::any_of(rows->begin(), rows->end(), [](const ShiftRow& row) { return row.job_time_outside.value() > 0; }))
    page.notes.emplace_back(
        "some jobs cannot end before the last hour of intensity: what runs after it counts no grams");
  answer.schema = "cradle.shift.jobs/1";
  answer.fields = {{"jobs", static_cast<std::int64_t>(load.jobs.size())},
                   {"grid", intensity->what},
                   {"forecast", shifting::name(shift->forecast)},
                   {"seed", static_cast<std::int64_t>(options.seed)},
                   {"capacity", "unlimited"}};
  return deliver(std::move(answer), command_of(options), options.report, options.output, common);
}

}  // namespace cradle::cli
