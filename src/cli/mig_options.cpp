#include "mig_options.h"

#include "option_kinds.h"

namespace cradle::cli {

namespace {

void add_gpu(CLI::App* action, MigOptions& options) {
  action->add_option("--gpu", options.gpu, "accelerator of the catalogue, e.g. a100-80 or H100-80GB")
      ->capture_default_str();
  action->add_flag("--with-1g20", options.wide, "also the one-compute profile with two memory slices");
}

void add_replay(CLI::App* action, MigOptions& options) {
  action->add_option("--data", options.data, "folder with the MISO trace; ../shared/data/miso if left out");
  action->add_option("--reading", options.reading, "of the trace: lengths, or literal as the files are named")
      ->capture_default_str();
  add_count(action, "--gpus", options.gpus, 100'000, "accelerators");
  add_repeatable(action, "--policy", options.policies, "may be repeated; all if left out")->delimiter(',');
  add_number(action, "--checkpoint", options.checkpoint, 0, 1e6, "seconds to save a job's state; our estimate");
  add_number(action, "--reconfigure", options.reconfigure, 0, 1e6, "seconds to change instances; our estimate");
  add_number(action, "--restart", options.restart, 0, 1e6, "seconds until a job works again; of the trace");
  add_number(action, "--profiling", options.profiling, 0, 1e6, "seconds of shared running of the published rule");
  add_repeatable(action, "--curve", options.curves,
                 "curve of power against slices: RECORD for all jobs, or KIND=RECORD; may be repeated");
  action->add_option("--server", options.server,
                     "whose host share the accelerators bear; none: they alone; the first with them if left out");
  action->add_option("--grid", options.grid, "grid of the catalogue: its mean over the year")->capture_default_str();
  add_number(action, "--pue", options.pue, 1, 10, "facility energy over IT energy");
}

}  // namespace

void add_mig_verb(CLI::App& app, MigOptions& options, const std::function<void()>& act) {
  CLI::App* verb = app.add_subcommand("mig", "accelerators divided in hardware: states, choices, replays");
  verb->require_subcommand(1);
  const auto add = [&](const char* name, const char* help) {
    CLI::App* action = verb->add_subcommand(name, help);
    action->callback([&options, act, name] {
      options.action = name;
      act();
    });
    add_output(action, options.output);
    return action;
  };
  CLI::App* states = add("states", "valid states and maximal layouts, and how fragmented each leaves the accelerator");
  add_gpu(states, options);
  states->add_option("--layout", options.layout, "PROFILE@START,...: what else fits beside it, and where best");

  CLI::App* choose = add("choose", "the partition and the slice of each job with the greatest sum of relative speeds");
  add_gpu(choose, options);
  add_repeatable(choose, "--job", options.jobs, "NAME:PROFILE=SPEED,...; a profile left out has too little memory");
  choose->add_option("--jobs", options.file, "CSV with job, profile and speed");
  choose->add_option("--current", options.current, "JOB=PROFILE@START,...: where jobs run now; they stay if they can");

  CLI::App* replay = add("replay", "the MISO trace or generated mixes under every policy: time, energy, grams");
  add_replay(replay, options);
  replay->add_option("--gpu", options.replay_gpu, "accelerator; on others than that of the trace its speeds are mapped")
      ->capture_default_str();
  replay->add_flag("--mix", options.mix, "generated training, fine-tuning and inference jobs in place of the trace");
  add_count(replay, "--seed", options.seed, largest_count, "of the first mix");
  add_count(replay, "--mixes", options.mixes, 1000, "mixes, of consecutive seeds; figures are their means");
  add_count(replay, "--jobs", options.mix_jobs, 100'000, "jobs of a mix");
  add_number(replay, "--gap", options.gap, 1e-3, 1e6, "mean seconds between arrivals of a mix");
  add_number(replay, "--length", options.length, 1e-3, 1e6, "mean seconds of a training or fine-tuning job of a mix");
  replay->add_option("--kinds", options.kinds, "shares of the kinds of a mix")->capture_default_str();
  replay->callback([replay, &options, act] {
    // Their defaults would not tell whether they were given.
    const auto given = [replay](const std::vector<std::string>& names) {
      std::vector<std::string> found;
      for (const std::string& name : names)
        if (replay->get_option(name)->count() > 0) found.push_back(name);
      return found;
    };
    options.of_mix = given({"--seed", "--mixes", "--jobs", "--gap", "--length", "--kinds"});
    options.of_trace = given({"--data", "--reading"});
    options.action = "replay";
    act();
  });
}

void add_compare_miso(CLI::App& compare, MigOptions& options, const std::function<void()>& act) {
  CLI::App* verb =
      compare.add_subcommand("miso", "MISO (SoCC 2022) on its own trace of 100 jobs, published beside ours");
  add_replay(verb, options);
  add_output(verb, options.output);
  verb->callback(act);
}

}  // namespace cradle::cli
