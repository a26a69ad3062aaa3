#include "shift_options.h"

#include "option_kinds.h"

namespace cradle::cli {

namespace {

constexpr std::int64_t most_hours = 50 * 8766;
constexpr const char* column_help =
    "its column in g/kWh; carbon_intensity_avg, avg_CI, lca_g_per_kwh, the only or the second one if left out";

}  // namespace

void add_compare_gaia(CLI::App& compare_verb, CompareGaiaOptions& options, const std::function<void()>& act) {
  CLI::App* verb = compare_verb.add_subcommand("gaia", "time policies of GAIA (ASPLOS 2024) on its own protocol");
  verb->add_option("--jobs", options.jobs, "arrival_time, length (seconds) and cpus, as the PAI sample")->required();
  verb->add_option("--intensity", options.intensity, "hourly CSV")->required();
  verb->add_option("--column", options.column, column_help);
  add_count(verb, "--start-hour", options.start_hour, most_hours,
            "row of the intensities at which the jobs' clock is 0");
  add_count(verb, "--hours", options.hours, most_hours, "hours of intensity that are used");
  add_output(verb, options.output);
  verb->callback(act);
}

CLI::App* add_shift_verb(CLI::App& app, ShiftVerbOptions& options, const std::function<void()>& act) {
  CLI::App* verb = app.add_subcommand("shift", "when and where jobs run: grams saved by waiting, pausing and moving");
  verb->require_subcommand(1);
  CLI::App* jobs = verb->add_subcommand("jobs", "time policies on a trace of jobs and one grid, by forecast");
  jobs->add_option("--jobs", options.jobs, "trace in the layout of PAI or openb")->required();
  jobs->add_option("--grid", options.grid, "key of a grid in the catalogue");
  jobs->add_option("--intensity", options.intensity, "hourly CSV in place of a grid");
  jobs->add_option("--column", options.column, column_help);
  add_count(jobs, "--start-hour", options.start_hour, most_hours, "hour of the grid at which the jobs' clock is 0");
  jobs->add_option("--policy", options.policy,
                   "now, lowest-slot, lowest-window, carbon-time, threshold, wait-awhile or all")
      ->capture_default_str();
  jobs->add_option("--max-wait-short", options.max_wait_short, "that short jobs wait at most, e.g. 90m or 6h")
      ->capture_default_str();
  jobs->add_option("--max-wait-long", options.max_wait_long, "that long jobs wait at most")->capture_default_str();
  jobs->add_option("--short-below", options.short_below, "length from which a job is long")->capture_default_str();
  jobs->add_option("--lengths", options.lengths,
                   "what lowest-window and carbon-time know: mean (of the queue) or own (each job's)")
      ->capture_default_str();
  jobs->add_option("--forecast", options.forecast,
                   "perfect, noise:0.1 (grows with lead time), flat-noise:0.1, persistence or day-ahead")
      ->capture_default_str();
  add_count(jobs, "--seed", options.seed, largest_count, "the same seed gives the same forecasts");
  add_number(jobs, "--watts-per-core", options.watts_per_core, 0, 1e6, "draw of a core while it runs a job");
  add_number(jobs, "--watts-per-gpu", options.watts_per_gpu, 0, 1e6, "draw of a whole GPU while it runs a job");
  add_number(jobs, "--embodied-per-core-hour", options.embodied_per_core_hour, 0, 1e6, "g of making it, a core hour");
  add_number(jobs, "--embodied-per-gpu-hour", options.embodied_per_gpu_hour, 0, 1e6, "g of making it, a GPU hour");
  jobs->add_option("--report", options.report, "write a page with plots");
  add_output(jobs, options.output);
  jobs->callback([&options, act] {
    options.action = "jobs";
    act();
  });
  return verb;
}

}  // namespace cradle::cli
