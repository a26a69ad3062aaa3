// What `cradle inference` and `cradle compare inferno` take from the command line.
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

struct CompareInfernoOptions {
  std::filesystem::path input;
  std::filesystem::path solution;
  std::string formula = "iteration";
  int chunks = 1;
  Output output = Output::table;
};
/// Registers `compare inferno`; `act` runs after it was parsed.
void add_compare_inferno(CLI::App& compare_verb, CompareInfernoOptions& options, const std::function<void()>& act);
int run_compare_inferno(const CompareInfernoOptions& options, const Common& common);

struct InferenceOptions {
  std::string action;           ///< size|allocate
  std::filesystem::path input;  ///< folder in the published optimiser's format
  std::string server, accelerator;
  std::string formula = "iteration";
  int chunks = 1;
  // A service that is not in any file.
  double alpha_ms = 0, beta_ms = 0, gamma_ms = 0, delta_ms = 0, in_tokens = 0, out_tokens = 1, rate_per_s = 0;
  int batch = 1, queue = -1;                         ///< queue -1: ten times the batch
  double itl_ms = 0, ttft_ms = 0, tokens_per_s = 0;  ///< 0: not promised
  std::string device;                                ///< of the catalogue
  int devices = 1;                                   ///< of one replica
  // Grams.
  double intensity = -1;  ///< g/kWh; negative: not given
  std::string grid;       ///< of the catalogue
  double pue = 1;
  std::vector<std::string> embodied;  ///< TYPE=KG:YEARS or TYPE=KEY
  // Allocation.
  std::string objective = "cost";
  std::string solver = "heuristic";  ///< heuristic|milp|greedy
  bool priorities = false;
  bool mixed = false, unlimited = false, operational_only = false, no_hosts = false;
  std::vector<std::string> hosts;  ///< TYPE=KEY
  double transition = 0.1;
  std::uint64_t seed = 1;
  std::int64_t steps = 500'000;
  double time_limit = 60;          ///< seconds, of milp
  std::vector<std::string> given;  ///< the options that were given, by name: their defaults would not tell
  Output output = Output::table;
};
/// Registers the verb and its actions and returns it, so that other actions can be added to it.
CLI::App* add_inference_verb(CLI::App& app, InferenceOptions& options, const std::function<void()>& act);
int run_inference(const InferenceOptions& options, const Common& common);

}  // namespace cradle::cli
