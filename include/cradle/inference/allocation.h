// Which demand takes which of its choices, where choices share limited devices: the cheapest, with a proven gap.
//
// A multiple-choice assignment: every demand takes one choice at most, a choice uses devices of some types, types are
// limited. The problem knows nothing of queues, so that replicas, slices or capped boards can all be choices.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/inference/inferno.h"

namespace cradle::inference {

/// Devices of one type.
struct Use {
  int type = 0;  ///< index into AllocationProblem::capacity
  std::int64_t units = 0;
};

struct Choice {
  double value = 0;        ///< what it costs, in the objective's unit; >= 0
  std::vector<Use> uses;   ///< each type once at most
  std::int64_t parts = 1;  ///< equal parts of which fewer may be taken as leftovers (replicas); `uses` are of all parts
};

struct Demand {
  int priority = 1;  ///< 1 first
  std::vector<Choice> choices;
};

struct AllocationProblem {
  std::vector<std::int64_t> capacity;  ///< devices by type, >= 0
  std::vector<Demand> demands;
  bool by_priority = false;  ///< classes one after the other, each best in what the ones before it left
};
/// bad_input: a negative capacity, a value that is negative or not finite, a use of an unknown type, twice the same, or
/// of negative units.
Result<void> check(const AllocationProblem& problem);

struct Taken {
  int choice = -1;         ///< -1: unserved
  std::int64_t parts = 0;  ///< fewer than the choice has: leftovers, which do not serve the whole demand
};

struct AllocationResult {
  std::vector<Taken> taken;  ///< by demand
  double value = 0;          ///< sum over what is taken, in proportion to its parts
  int unserved = 0;          ///< demands that have not all they need
  /// No allocation that leaves as few unserved is below this; 0 from the published greedy, which proves nothing.
  double bound = 0;
  double gap = 0;        ///< (value - bound) / value, proven; 0: optimal
  bool optimal = false;  ///< proven
  std::int64_t steps = 0;
};

struct AllocationOptions {
  std::uint64_t seed = 1;
  std::int64_t most_steps = 500'000;  ///< nodes of the search that closes the gap; more, smaller gap
  double relative_gap = 1e-9;         ///< ends once it is proven to be this small
  double time_limit_seconds = 60;     ///< of the packaged solver only; ours counts steps
  std::function<bool()> interrupted;  ///< asked now and then; true: the best so far, with its gap
};

/// Ours, at any time the best so far: greedy by regret at the prices of the linear relaxation, moves of one and of two
/// demands, and a depth-first search under the Lagrangian bound at those prices. The same seed gives the same result.
Result<AllocationResult> allocate(const AllocationProblem& problem, const AllocationOptions& options = {});

/// The optimum by the packaged solver (mixed-integer program, one binary for each choice).
Result<AllocationResult> allocate_by_program(const AllocationProblem& problem, const AllocationOptions& options = {});

/// The published rule: by priority, then by regret (next cheapest less cheapest, largest first), each entry takes its
/// cheapest choice or falls back to its next; leftovers by the policy. Source: llm-inferno (Apache-2.0).
Result<AllocationResult> allocate_published(const AllocationProblem& problem, Saturation saturation,
                                            bool delayed_best_effort);

/// Devices by type that a result takes.
std::vector<std::int64_t> used(const AllocationProblem& problem, const AllocationResult& result);

/// What an unserved demand lacks: of each choice, the type that is shortest and by how much.
struct Shortage {
  int choice = 0;
  int type = 0;
  std::int64_t needed = 0, left = 0;
};
/// By what is left after `result`, the least lacking first.
std::vector<Shortage> shortages(const AllocationProblem& problem, const AllocationResult& result, int demand);

}  // namespace cradle::inference
