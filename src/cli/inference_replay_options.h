// What `cradle inference replay` takes from the command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "verbs.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
}

namespace cradle::cli {

struct InferenceReplayOptions {
  std::string trace = "generated";                                   ///< azure-conv|azure-code|generated or a file
  std::filesystem::path data;                                        ///< folder with the Azure traces
  double rate_per_s = 5, hours = 1, burst = 2, burst_seconds = 120;  ///< of a generated trace
  std::vector<std::string> autoscalers{"all"};
  // The law: of a file, or given. Its defaults are granite_13b on an A100 in llm-inferno's sample data (Apache-2.0).
  std::filesystem::path input;
  std::string model, accelerator;
  std::string formula = "iteration";
  int chunks = 1;
  double alpha_ms = 20.58, beta_ms = 0.041, gamma_ms = 0.00128125, delta_ms = 0;
  double in_tokens = -1, out_tokens = -1;  ///< negative: means of the trace's first part
  int batch = -1;                          ///< negative: 16, or what the file's profile says
  int queue = -1;                          ///< negative: ten times the batch
  std::string device = "a100-80";          ///< of the catalogue: watts and embodied grams
  int devices = 1;                         ///< of one replica
  double ttft_ms = 2000, itl_ms = 120;
  double attainment = 0.95, first_part = 0.3;
  std::string startup = "60s", interval = "10s", window = "60s", scale_down_delay = "120s";
  int least = 1, most = 1000;
  std::string fidelity = "tokens", routing = "shortest-queue";
  double intensity = -1;  ///< negative: the grid's
  std::string grid = "CISO";
  std::string start;  ///< empty: the trace's own time, or 2022-01-01
  double pue = 1.2;
  std::uint64_t seed = 1;
  std::filesystem::path report;
  std::vector<std::string> given;  ///< the options that were given, by name
  Output output = Output::table;
};

/// Adds the action to `cradle inference`.
void add_inference_replay(CLI::App& inference_verb, InferenceReplayOptions& options, const std::function<void()>& act);
int run_inference_replay(const InferenceReplayOptions& options, const Common& common);

}  // namespace cradle::cli
