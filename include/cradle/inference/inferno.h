// The files of the published inference optimiser: accelerators, models, service classes, servers, capacity, options,
// and the allocations that it chose.
//
// Source: llm-inferno (Apache-2.0), its sample data. Fields that are not read here are let through.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/inference/queue.h"
#include "cradle/inference/sizing.h"

namespace cradle::inference {

/// What is bought and drawn as one: `multiplicity` devices of a type.
struct InfernoAccelerator {
  std::string name;
  std::string type;  ///< what capacity counts
  int multiplicity = 1;
  double memory_gb = 0;  ///< of all its devices; 0: not said
  double cents_per_h = 0;
  std::optional<PowerCurve> power;  ///< of all its devices
};

/// A model on an accelerator.
struct InfernoProfile {
  std::string model, accelerator;
  int accelerators = 1;  ///< accCount: how many one replica takes
  int max_batch = 1;     ///< at requests that write `at_tokens`
  double at_tokens = 1;
  double alpha_ms = 0, beta_ms = 0, gamma_ms = 0, delta_ms = 0;
  bool separate = false;  ///< written as two laws: decode alpha + beta B, prefill gamma + delta n B
};

struct InfernoTarget {
  std::string service_class, model;
  int priority = 1;  ///< 1 first
  Targets targets;
};

/// What runs now, if anything.
struct InfernoCurrent {
  std::string accelerator;  ///< empty: nothing
  std::int64_t replicas = 0;
};

struct InfernoServer {
  std::string name, service_class, model;
  double rate_per_s = 0;  ///< files say it by the minute
  double in_tokens = 0, out_tokens = 1;
  bool keep_accelerator = false;
  std::int64_t least_replicas = 0;
  int max_batch = 0;   ///< greater than 0: this batch, whatever the profile says
  int max_queue = -1;  ///< not of the files: 0 or more: so many may wait, whatever the batch
  InfernoCurrent current;
  std::string where;  ///< "server-data.json: servers[3]"
};

enum class Saturation { none, priority_exhaustive, priority_round_robin, round_robin };

struct InfernoSystem {
  std::vector<InfernoAccelerator> accelerators;
  std::vector<InfernoProfile> profiles;
  std::vector<InfernoTarget> targets;
  std::vector<InfernoServer> servers;
  std::map<std::string, std::int64_t> capacity;  ///< devices by type; a type that is not named has none
  bool unlimited = false;
  bool heterogeneous = false;        ///< one server may use two kinds of accelerator
  bool delayed_best_effort = false;  ///< leftovers are dealt out after all priorities, not after each
  Saturation saturation = Saturation::none;
  std::vector<std::string> notes;  ///< what was not used, and why

  const InfernoAccelerator* accelerator(std::string_view name) const;
  const InfernoProfile* profile(std::string_view model, std::string_view accelerator) const;
  const InfernoTarget* target(std::string_view service_class, std::string_view model) const;
};

/// The texts of the files; a name is what errors call it by.
struct InfernoFile {
  std::string name, text;
};
struct InfernoFiles {
  InfernoFile accelerators, models, classes, servers;
  std::optional<InfernoFile> capacity;   ///< none: unlimited
  std::optional<InfernoFile> optimizer;  ///< none: limited, one accelerator for each server, no leftovers
};

/// bad_input with file and JSON path: no JSON, a field that is missing, of the wrong kind or out of range, a name
/// twice, a profile, server or target that names what is not there.
Result<InfernoSystem> parse_inferno(const InfernoFiles& files);
/// The folder's accelerator-data.json, model-data.json, serviceclass-data.json, server-data.json and, where they are
/// there, capacity-data.json and optimizer-data.json.
Result<InfernoSystem> read_inferno(const std::filesystem::path& folder);

/// What was published for one server; numbers that are not said are absent.
struct InfernoAllocation {
  std::string server;
  std::string accelerator;  ///< empty: none was given
  std::optional<double> replicas, max_batch, cents_per_h, itl_ms, ttft_ms, waiting_ms;
};
struct InfernoSolution {
  std::string source;  ///< the file, for errors
  std::vector<InfernoAllocation> allocations;
  std::vector<std::string> notes;  ///< what was not used, and why
};
/// An object by server name or a list with the name inside, at the top or within other objects and lists: the first one
/// whose members have an `accelerator`, or a `currentAlloc` with one. A member without any is a server that nothing was
/// given to. bad_input with the path: no such object or list, or a member that is something else.
Result<InfernoSolution> parse_inferno_solution(std::string_view text, const std::string& source);

/// The queue of one replica of a server's model on an accelerator. N = max_batch at_tokens / out_tokens, rounded down,
/// at least 1; ten times as many may wait. `chunks` are the chunks of prefill. bad_input if the profile has not the
/// parameters that the formula needs.
Result<Service> service_of(const InfernoServer& server, const InfernoProfile& profile, Formula formula, int chunks);

}  // namespace cradle::inference
