#include "inference_replay_options.h"

#include "cradle/inference/queue.h"
#include "option_kinds.h"

namespace cradle::cli {

void add_inference_replay(CLI::App& inference_verb, InferenceReplayOptions& options, const std::function<void()>& act) {
  CLI::App* verb = inference_verb.add_subcommand(
      "replay", "a trace of requests against replicas that come and go: service, joules and grams by autoscaler");
  verb->add_option("--trace", options.trace, "azure-conv, azure-code, generated, or a file in the format of the former")
      ->capture_default_str();
  verb->add_option("--data", options.data, "folder with the Azure traces");
  add_number(verb, "--rate", options.rate_per_s, 1e-3, 1e6, "generated: mean requests a second");
  add_number(verb, "--hours", options.hours, 0.05, 1000, "generated: length");
  add_number(verb, "--burst", options.burst, 1, 1e6, "generated: high rate over low rate; 1: Poisson");
  add_number(verb, "--burst-seconds", options.burst_seconds, 1e-3, 1e6, "generated: mean time at either rate");
  verb->add_option("--autoscaler", options.autoscalers, "static, reactive, forecast, quantile or all, with commas")
      ->delimiter(',')
      ->capture_default_str();

  verb->add_option("--input", options.input,
                   "folder of the published optimiser, for the law of --model on --accelerator");
  verb->add_option("--model", options.model, "of --input");
  verb->add_option("--accelerator", options.accelerator, "of --input");
  verb->add_option("--formula", options.formula, "iteration, newest or (fidelity model) separate")
      ->capture_default_str();
  add_count(verb, "--chunks", options.chunks, 4096, "chunks of prefill");
  add_number(verb, "--alpha", options.alpha_ms, 0, 1e12, "ms of an iteration, whatever its batch");
  add_number(verb, "--beta", options.beta_ms, 0, 1e12, "ms for each token");
  add_number(verb, "--gamma", options.gamma_ms, 0, 1e12,
             "ms for each token and token before it (separate: of prefill)");
  add_number(verb, "--delta", options.delta_ms, 0, 1e12, "separate only: ms of prefill for each token in the batch");
  add_number(verb, "--in", options.in_tokens, 0, 1e6, "mean tokens read; of the trace's first part if left out")
      ->default_str("");
  add_number(verb, "--out", options.out_tokens, 1, 1e6, "mean tokens written; of the trace's first part if left out")
      ->default_str("");
  add_count(verb, "--batch", options.batch, 65536, "most requests at a time; 16, or what --input says, if left out")
      ->default_str("");
  add_count(verb, "--queue", options.queue, inference::largest_queue, "most that wait; ten times the batch if left out")
      ->default_str("");
  verb->add_option("--device", options.device, "accelerator of the catalogue, for watts and embodied grams")
      ->capture_default_str();
  add_count(verb, "--devices", options.devices, 1'000'000, "of one replica");

  add_number(verb, "--slo-ttft", options.ttft_ms, 1e-3, 1e9, "promised ms to the first token");
  add_number(verb, "--slo-itl", options.itl_ms, 1e-3, 1e9, "promised ms between tokens");
  add_number(verb, "--attainment", options.attainment, 1e-3, 1, "share of requests to keep both promises");
  add_number(verb, "--calibration", options.first_part, 0.01, 0.99, "share of the trace that margins are found on");
  verb->add_option("--startup", options.startup, "until a new replica is ready, e.g. 60s")->capture_default_str();
  verb->add_option("--interval", options.interval, "between decisions")->capture_default_str();
  verb->add_option("--window", options.window, "over which rates are counted")->capture_default_str();
  verb->add_option("--scale-down-delay", options.scale_down_delay, "fewer were enough for this long")
      ->capture_default_str();
  add_count(verb, "--min", options.least, 100'000, "fewest replicas");
  add_count(verb, "--max", options.most, 100'000, "most replicas");
  verb->add_option("--fidelity", options.fidelity, "tokens (iterations) or model (the queue's own law)")
      ->capture_default_str();
  verb->add_option("--routing", options.routing, "shortest-queue, least-work or random")->capture_default_str();

  verb->add_option("--grid", options.grid, "grid of the catalogue")->capture_default_str();
  add_number(verb, "--intensity", options.intensity, 0, 1e6, "gCO2e/kWh in place of the grid")->default_str("");
  verb->add_option("--start", options.start,
                   "time on the grid's clock, e.g. 2022-07-01T18:00Z; the trace's own if left out");
  add_number(verb, "--pue", options.pue, 1, 99, "power of the site over that of its devices");
  add_count(verb, "--seed", options.seed, largest_count, "the same seed gives the same replay");
  verb->add_option("--report", options.report, "write a page with plots");
  add_output(verb, options.output);
  verb->callback([act, verb, &options] {
    options.given = given_options(verb);
    act();
  });
}

}  // namespace cradle::cli
