#include "cap_options.h"

#include "option_kinds.h"

namespace cradle::cli {

void add_cap_verb(CLI::App& app, CapOptions& options, const std::function<void()>& act) {
  CLI::App* verb = app.add_subcommand("cap", "power caps: which emits least, and whether to race or to be steady");
  verb->require_subcommand(1);
  const auto add = [&](const char* name, const char* help) {
    CLI::App* action = verb->add_subcommand(name, help);
    action->callback([&options, act, name] {
      options.action = name;
      act();
    });
    action->add_option("--accelerator", options.accelerator, "of the catalogue")->capture_default_str();
    action->add_option("--work", options.work, "training, fine-tuning, prefill, decode or synthetic")
        ->capture_default_str();
    action->add_option("--curve", options.curve, "curve of power caps; that of accelerator and work if left out");
    action->add_option("--server", options.server,
                       "whose share the board takes; none: the board alone; the first with it if left out");
    action->add_option("--view", options.view, "attributional, marginal or planning")->capture_default_str();
    add_number(action, "--hours", options.hours, 1e-6, 1e6, "that the work takes on the whole board without a cap");
    add_number(action, "--deadline-ratio", options.deadline_ratio, 1, 1e6, "deadline over these hours");
    add_number(action, "--pue", options.pue, 1, 10, "facility energy over IT energy");
    action->add_flag("--sleep", options.sleep, "board and host are off when the work is done, not idle");
    add_output(action, options.output);
    return action;
  };
  CLI::App* choose = add("choose", "the best power cap and slice for one job");
  choose->add_option("--grid", options.grid, "of the catalogue")->capture_default_str();
  choose->add_option("--slices", options.slices, "curve of busy slices; that of accelerator and work if left out");
  choose
      ->add_option("--sharing", options.sharing,
                   "what the other slices do: shared (as busy as this one) or alone (idle)")
      ->capture_default_str();
  add_number(choose, "--memory", options.memory_gib, 0, 1e6, "GiB that the job needs");
  CLI::App* race = add("race", "full power and then nothing, or the lowest cap that meets the deadline: by grid");
  add_repeatable(race, "--grid", options.grids, "of the catalogue, may be repeated; all if left out");
}

}  // namespace cradle::cli
