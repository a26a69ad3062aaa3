#include "profile_options.h"

#include "option_kinds.h"

namespace cradle::cli {

void add_profile_verb(CLI::App& app, ProfileVerbOptions& options, const std::function<void()>& act) {
  CLI::App* verb = app.add_subcommand("profile", "measures how a device's power follows its load");
  verb->require_subcommand(1);
  CLI::App* gpu = verb->add_subcommand("gpu", "power of an NVIDIA GPU against its busy multiprocessors");
  gpu->callback(act);
  add_count(gpu, "--device", options.device, 1023, "in the order of `nvidia-smi -L`");
  add_count(gpu, "--steps", options.steps, 64, "busy multiprocessors in steps of 1/N of them all");
  add_count(gpu, "--repetitions", options.repetitions, 1000, "of each step");
  add_number(gpu, "--window", options.window_seconds, 0.1, 60, "seconds of each repetition that count");
  add_number(gpu, "--settle", options.settle_seconds, 0, 60, "seconds under load before they count");
  gpu->add_option("--accelerator", options.accelerator,
                  "record of the catalogue that the device is; what its name says if left out");
  gpu->add_option("--id", options.id, "of the record that is written; synthetic-slices-ACCELERATOR if left out");
  gpu->add_option("--output", options.catalogue, "write the catalogue record (TOML) to this file");
  gpu->add_option("--record", options.record, "write the raw run (JSON) to this file");
  gpu->add_option("--recorded", options.recorded, "read a raw run instead of measuring");
  gpu->add_option("--nvml", options.management_library, "NVIDIA's management library")->capture_default_str();
  gpu->add_option("--cuda", options.driver_library, "NVIDIA's driver library")->capture_default_str();
  gpu->add_flag("--json", options.json, "the steps as JSON");
}

}  // namespace cradle::cli
