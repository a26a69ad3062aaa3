#include "inference_options.h"

#include "cradle/inference/queue.h"
#include "option_kinds.h"

namespace cradle::cli {

namespace {

constexpr const char* input_help =
    "folder with accelerator-data.json, model-data.json, serviceclass-data.json, server-data.json, and perhaps "
    "capacity-data.json and optimizer-data.json";

void add_formula(CLI::App* action, std::string& formula, int& chunks) {
  action->add_option("--formula", formula, "iteration, newest or separate")->capture_default_str();
  add_count(action, "--chunks", chunks, inference::largest_batch, "chunks of prefill");
}

void add_grams(CLI::App* action, InferenceOptions& options) {
  add_number(action, "--intensity", options.intensity, 0, 1e6, "gCO2e/kWh")->default_str("");
  action->add_option("--grid", options.grid, "grid of the catalogue whose average intensity is meant");
  add_number(action, "--pue", options.pue, 1, 99, "power of the site over that of its devices");
  add_repeatable(action, "--embodied", options.embodied,
                 "TYPE=KG:YEARS or TYPE=KEY of a catalogue accelerator; may be repeated");
}

}  // namespace

void add_compare_inferno(CLI::App& compare_verb, CompareInfernoOptions& options, const std::function<void()>& act) {
  CLI::App* verb = compare_verb.add_subcommand(
      "inferno", "replicas and times of a published LLM inference optimiser on its own files");
  verb->add_option("--input", options.input, input_help)->required();
  verb->add_option("--solution", options.solution, "JSON of allocations, whose accelerators are taken");
  add_formula(verb, options.formula, options.chunks);
  add_output(verb, options.output);
  verb->callback([act] { act(); });
}

CLI::App* add_inference_verb(CLI::App& app, InferenceOptions& options, const std::function<void()>& act) {
  CLI::App* verb = app.add_subcommand("inference", "replicas of language models: how many, where, at what cost");
  verb->require_subcommand(1);
  const auto add = [&](const char* name, const char* help) {
    CLI::App* action = verb->add_subcommand(name, help);
    action->callback([&options, act, name, action] {
      options.action = name;
      options.given = given_options(action);
      act();
    });
    add_formula(action, options.formula, options.chunks);
    add_grams(action, options);
    add_output(action, options.output);
    return action;
  };

  CLI::App* size = add("size", "what one replica of a service can do, and how many it takes");
  size->add_option("--input", options.input, input_help);
  size->add_option("--server", options.server, "name of a server of --input");
  size->add_option("--accelerator", options.accelerator, "of --input; all if left out");
  add_number(size, "--alpha", options.alpha_ms, 0, 1e12, "ms of an iteration, whatever its batch");
  add_number(size, "--beta", options.beta_ms, 0, 1e12, "ms for each token");
  add_number(size, "--gamma", options.gamma_ms, 0, 1e12,
             "ms for each token and token before it (separate: of prefill)");
  add_number(size, "--delta", options.delta_ms, 0, 1e12, "separate only: ms of prefill for each token in the batch");
  add_number(size, "--in", options.in_tokens, 0, 1e12, "mean tokens that a request reads");
  add_number(size, "--out", options.out_tokens, 1, 1e12, "mean tokens that it writes");
  add_number(size, "--rate", options.rate_per_s, 0, 1e12, "requests a second");
  add_count(size, "--batch", options.batch, inference::largest_batch, "most requests at a time");
  add_count(size, "--queue", options.queue, inference::largest_queue, "most that wait; ten times the batch if left out")
      ->default_str("");
  add_number(size, "--itl", options.itl_ms, 0, 1e12, "promised ms between tokens; 0: none");
  add_number(size, "--ttft", options.ttft_ms, 0, 1e12, "promised ms to the first token; 0: none");
  add_number(size, "--tokens", options.tokens_per_s, 0, 1e12, "promised tokens a second; 0: none");
  size->add_option("--device", options.device, "accelerator of the catalogue, for watts and embodied grams");
  add_count(size, "--devices", options.devices, 1'000'000, "of one replica");

  CLI::App* allocate = add("allocate", "which accelerators serve which servers, with the proven gap to the optimum");
  allocate->add_option("--input", options.input, input_help)->required();
  allocate->add_option("--objective", options.objective, "cost, watts or carbon")->capture_default_str();
  allocate->add_option("--solver", options.solver, "heuristic, milp or greedy (the published rule)")
      ->capture_default_str();
  allocate->add_flag("--priorities", options.priorities, "classes in their order, each on what was left to it");
  allocate->add_flag("--mixed", options.mixed, "a server may use two kinds of accelerator");
  allocate->add_flag("--operational-only", options.operational_only, "leave all embodied grams out");
  add_repeatable(allocate, "--host", options.hosts,
                 "TYPE=KEY of a catalogue server whose part each device of the type counts; may be repeated");
  allocate->add_flag("--no-hosts", options.no_hosts, "count accelerators only");
  allocate->add_flag("--unlimited", options.unlimited, "as many devices as are asked for");
  add_number(allocate, "--transition", options.transition, 0, 1e6,
             "share of old and new that leaving an accelerator costs");
  add_count(allocate, "--seed", options.seed, largest_count, "not milp: the same seed gives the same allocation");
  add_count(allocate, "--steps", options.steps, largest_count, "not milp: nodes of the search that closes the gap");
  add_number(allocate, "--time-limit", options.time_limit, 1e-3, 1e6, "milp only: seconds");
  return verb;
}

}  // namespace cradle::cli
