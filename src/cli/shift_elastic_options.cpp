#include "shift_elastic_options.h"

#include "option_kinds.h"

namespace cradle::cli {

void add_shift_elastic(CLI::App& shift_verb, ShiftElasticOptions& options, const std::function<void()>& act) {
  CLI::App* verb = shift_verb.add_subcommand("elastic", "one job on more or fewer machines from hour to hour");
  verb->add_option("--grid", options.grid, "key of a grid in the catalogue");
  verb->add_option("--intensity", options.intensity, "hourly CSV in place of a grid");
  verb->add_option("--column", options.column, "its column in g/kWh");
  add_count(verb, "--start-hour", options.start_hour, 50 * 8766, "hour of the grid at which the job is released");
  add_number(verb, "--work-hours", options.work_hours, 0, 1e9, "hours that one machine takes")->required();
  add_count(verb, "--deadline-hours", options.deadline_hours, 8766, "hours from release to the deadline");
  add_count(verb, "--machines", options.machines, 10'000, "at most; as many as the curve has if left out");
  verb->add_option("--curve", options.curve, "work that the 1st, 2nd, ... machine adds, falling: 1,.9,.8")
      ->delimiter(',')
      ->capture_default_str();
  add_number(verb, "--watts", options.watts, 0, 1e9, "draw of a machine while it runs");
  add_number(verb, "--embodied-per-hour", options.embodied_per_hour, 0, 1e9, "g of making a machine, an hour");
  add_output(verb, options.output);
  verb->callback(act);
}

}  // namespace cradle::cli
