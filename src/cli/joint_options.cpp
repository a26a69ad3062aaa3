#include "joint_options.h"

#include "option_kinds.h"

namespace cradle::cli {

void add_compare_joint(CLI::App& compare_verb, CompareJointOptions& options, const std::function<void()>& act) {
  CLI::App* verb = compare_verb.add_subcommand(
      "joint", "placement, start, region and power cap chosen together, beside the best pipeline of single rules");
  verb->add_option("--data", options.data, "folder with the openb trace");
  verb->add_option("--pods", options.pods, "pod list in the openb layout in place of the trace's default one");
  verb->add_flag("--embedded", options.embedded, "use the generated workload even if a trace is at hand");
  add_number(verb, "--fleet-scale", options.fleet_scale, 1e-4, 1, "share of the trace's machines");
  add_number(verb, "--load", options.load, 0.001, 100, "how often each job comes");
  add_number(verb, "--days", options.days, 0, 366, "length of the period; 0: that of the trace");
  add_number(verb, "--pue", options.pue, 1, 99, "power of a site over that of its machines");
  add_number(verb, "--stretch", options.stretch, 1, 10, "run time over length that a power cap may cause");
  add_repeatable(verb, "--grids", options.grids, "grids of the catalogue; BPAT,CISO,MISO if left out")->delimiter(',');
  verb->add_option("--seeds", options.seeds, "e.g. 42..44 or 42,43")->capture_default_str();
  add_output(verb, options.output);
  verb->callback([act] { act(); });
}

}  // namespace cradle::cli
