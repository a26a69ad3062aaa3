#include "shift_regions_options.h"

#include <array>

#include "cradle/shifting/region.h"
#include "option_kinds.h"

namespace cradle::cli {

void add_shift_regions(CLI::App& shift_verb, ShiftRegionsOptions& options, const std::function<void()>& act) {
  CLI::App* verb = shift_verb.add_subcommand("regions", "a site and a start for each job, with a proof of how near");
  verb->add_option("--jobs", options.jobs, "CSV: name,home,release,deadline,length,demand,watts[,latency_ms]");
  verb->add_option("--sites", options.sites,
                   "CSV: name,grid,capacity[,zone,pue,draw_factor,embodied_g_per_unit_hour]; a grid of the catalogue "
                   "or an hourly file");
  verb->add_option("--capacities", options.capacities, "CSV: site,from,until,capacity where it differs by hour");
  verb->add_option("--latency", options.latency, "matrix in ms: origin,ZONE,... and a line for each zone");
  add_count(verb, "--generate", options.generate, shifting::most_region_jobs, "make up so many jobs");
  add_count(verb, "--seed", options.seed, largest_count, "the same seed gives the same jobs and the same plan");
  verb->add_option("--regions", options.regions, "grids to make up sites of, with commas; GRID=ZONE names its zone")
      ->delimiter(',')
      ->capture_default_str();
  add_count(verb, "--hours", options.hours, shifting::most_region_hours, "length of the horizon");
  add_count(verb, "--start-hour", options.start_hour, 50 * 8766, "hour of the grids at which it begins");
  add_number(verb, "--load", options.load, 0.01, 1, "unit-hours asked for over those offered");
  add_count(verb, "--slack", options.slack, shifting::most_region_hours, "mean hours that jobs made up can wait");
  add_count(verb, "--longest", options.longest, shifting::most_region_hours, "hours of the longest job made up");
  add_count(verb, "--largest-demand", options.largest_demand, 1'000'000, "units of the largest job made up");
  add_number(verb, "--watts", options.watts, 0, 1e9, "draw of a unit of jobs made up, about");
  verb->add_option("--pue", options.pue, "of the regions, with commas; the last for the others")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--embodied", options.embodied, "grams of the machine by unit and hour, the same way")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--draw-factor", options.draw_factor, "draw over what jobs state, the same way")
      ->delimiter(',')
      ->capture_default_str();
  add_number(verb, "--time-limit", options.time_limit, 0, 1e9,
             "seconds for each plan; 0: until done. What it cuts short may differ from run to run");
  verb->add_flag("--online", options.online, "plan as jobs arrive as well, every hour anew");
  verb->add_flag("--allow-unserved", options.allow_unserved, "jobs left without a place are no failure");
  verb->add_option("--schedule", options.schedule, "write the plan as CSV: name,site,start");
  verb->add_option("--report", options.report, "write a page");
  add_output(verb, options.output);
  verb->callback([verb, &options, act] {
    // Their defaults would not tell: with files they say nothing, and whoever gives them means something.
    constexpr std::array making{"--regions", "--load", "--slack",    "--longest",    "--largest-demand",
                                "--watts",   "--pue",  "--embodied", "--draw-factor"};
    options.making.clear();
    for (const char* option : making)
      if (verb->get_option(option)->count() > 0) options.making.emplace_back(option);
    act();
  });
}

}  // namespace cradle::cli
