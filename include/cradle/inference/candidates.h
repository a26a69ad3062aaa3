// What each server could run on, sized and priced: dollars, watts and life-cycle grams of every kind of accelerator.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/inference/allocation.h"
#include "cradle/inference/inferno.h"
#include "cradle/inference/sizing.h"

namespace cradle::inference {

enum class Objective { cost, watts, carbon };
std::string_view name(Objective objective);
Result<Objective> objective_by_name(std::string_view name);

/// A device's part of the machine around it: processors, memory, drives, network, chassis.
struct HostShare {
  carbon::Watts idle{0}, full{0};  ///< a straight line between them by the occupancy of the batch
  carbon::GramsPerSecond embodied{0};
};

/// What a watt and a device cost in grams.
struct CarbonTerms {
  carbon::GramsPerKilowattHour intensity{0};
  double pue = 1;                                          ///< ratio, >= 1
  std::map<std::string, carbon::GramsPerSecond> embodied;  ///< of one device by type, spread over its life
  std::map<std::string, HostShare> hosts;                  ///< of one device by type; a type without one counts none
};

/// Equal replicas on one kind of accelerator, and what all of them cost.
struct Part {
  std::string accelerator, type;
  Service service;
  Capacity capacity;  ///< of one replica
  std::int64_t replicas = 0;
  QueueState state;          ///< of one replica
  std::int64_t devices = 0;  ///< replicas x accelerators of a replica x multiplicity
  double cents_per_h = 0;
  std::optional<carbon::Watts> watts;  ///< of the power curve at the mean occupancy of the batch; absent: no curve
  carbon::Watts host_watts{0};         ///< of its devices' part of their hosts, as far as known
  std::optional<carbon::GramsPerSecond> operational;  ///< (watts + host_watts) x PUE x intensity
  std::optional<carbon::GramsPerSecond> embodied;  ///< devices' and their part of hosts; absent: not known for its type
};

/// One part, or two where a server may mix accelerators: each then takes its share of the requests by its capacity.
struct Candidate {
  std::vector<Part> parts;

  double cents_per_h() const;
  std::optional<carbon::Watts> watts() const;  ///< with hosts, as far as known
  std::optional<carbon::GramsPerSecond> operational() const;
  carbon::GramsPerSecond known_embodied() const;  ///< of the types whose embodied grams are known
  bool embodied_known() const;                    ///< of all its types
  bool meets(const Targets& targets) const;
};

/// Why an accelerator cannot serve a server.
struct Refusal {
  std::string accelerator;
  Error error;
};

struct ServerCandidates {
  std::vector<Candidate> candidates;  ///< in the order of the accelerators, mixtures last
  std::vector<Refusal> refusals;
};

struct CandidateOptions {
  Formula formula = Formula::iteration;
  int prefill_chunks = 1;
  CarbonTerms carbon;
};

/// Requests a second that a server must serve: its load, or, where its class promises tokens a second, those over the
/// tokens of a request.
double offered_rate_per_s(const InfernoServer& server, const Targets& targets);

/// One server on one accelerator with as many replicas as it needs, or with those given. bad_input if there is no
/// profile, no rate keeps the targets, or the service is invalid.
Result<Part> size_on(const InfernoSystem& system, const InfernoServer& server, std::string_view accelerator,
                     const CandidateOptions& options, std::optional<std::int64_t> replicas = {});

/// By server. Where a server keeps its accelerator it has that alone; mixtures of two accelerators come only where the
/// system is heterogeneous.
Result<std::vector<ServerCandidates>> candidates(const InfernoSystem& system, const CandidateOptions& options);

/// bad_input for a server that nothing can serve: the target that comes nearest to being kept, its best value, and by
/// how much it misses.
Error unservable(const InfernoServer& server, const ServerCandidates& candidates);

/// A problem of allocation over candidates.
struct PricedProblem {
  AllocationProblem problem;
  std::vector<std::string> types;             ///< by index
  std::vector<std::vector<int>> candidates;   ///< by demand and choice: index into ServerCandidates::candidates
  std::vector<std::string> unknown_embodied;  ///< types that count as operational only, because nothing else is known
};

/// The published cost of a change: a tenth of old and new, where the accelerator changes.
inline constexpr double transition_share = 0.1;

/// Values are cents/h, watts or grams/h, and `transition` x (old + new) where a server leaves the accelerator that it
/// runs on. Choices are in order of value. bad_input: a server without candidates; missing_data: no power curve
/// where watts or grams are asked for.
Result<PricedProblem> priced_problem(const InfernoSystem& system, const std::vector<ServerCandidates>& candidates,
                                     Objective objective, const CandidateOptions& options,
                                     double transition = transition_share);

/// The value of a candidate without any transition: cents/h, watts or grams/h.
Result<double> running_value(const Candidate& candidate, Objective objective, std::string_view where);

}  // namespace cradle::inference
