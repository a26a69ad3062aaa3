// Replicas of a language model, request by request: what each one waits, and how far the queueing model is from it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/inference/queue.h"
#include "cradle/workload/azure_llm.h"

namespace cradle::inference {

/// A request as it comes. Milliseconds are those of the trace's own clock.
struct Arrival {
  double at_ms = 0;  ///< never less than that of the arrival before
  std::int32_t in_tokens = 0;
  std::int32_t out_tokens = 1;  ///< >= 1
};

/// Longest prompt or answer that a simulation takes.
inline constexpr std::int64_t longest_request = std::int64_t{1} << 24;

/// A trace's requests; one that wrote no token counts as one token, that of its prompt's end. bad_input: no request,
/// more tokens than `longest_request`.
Result<std::vector<Arrival>> arrivals_of(const workload::LlmTrace& trace);

/// Requests by chance: Poisson arrivals whose rate may change between a high and a low one (a Markov-modulated process
/// of two states), token counts geometric around their means.
struct GeneratedArrivals {
  double rate_per_s = 5;             ///< mean
  carbon::Seconds length{3600};      ///< of the trace
  double in_tokens = 1000;           ///< mean; >= 0
  double out_tokens = 200;           ///< mean; >= 1
  double burst = 1;                  ///< high rate over low rate; 1: Poisson
  carbon::Seconds burst_length{60};  ///< mean stay in either state
  bool equal_tokens = false;         ///< every request has the (rounded) mean counts
};
/// Streams "arrivals" and "tokens" of the seed. bad_input: a value out of range, or more than 100 million requests.
Result<std::vector<Arrival>> generate_arrivals(const GeneratedArrivals& trace, std::uint64_t seed);

enum class Fidelity {
  /// The queue's own law: each request needs an exponential amount of work with mean 1, and a batch of B does
  /// 1 / tau(B) of every request's work in a unit of time. Its steady state under Poisson arrivals is `queue_state`.
  model,
  /// Iterations: requests join at their boundaries, read their prompt in c chunks and then write a token each. With P
  /// the tokens read or written in an iteration and A those attended to, it takes base + beta P + gamma A, where
  /// base = tau(0) / (c + m): a request of mean tokens among B such takes tau(B). Not for Formula::separate, whose two
  /// laws do not say how long an iteration of both kinds takes.
  tokens,
};
std::string_view name(Fidelity fidelity);
Result<Fidelity> fidelity_by_name(std::string_view name);

enum class Routing {
  random,          ///< each replica is as likely: what a model of separate queues assumes
  shortest_queue,  ///< fewest requests in the system; ties: the first
  least_work,      ///< least work left: tokens of unfinished requests (model: work not yet done); ties: the first
};
std::string_view name(Routing routing);
Result<Routing> routing_by_name(std::string_view name);

/// What became of a request; times in milliseconds.
struct Outcome {
  double waiting_ms = 0;
  double ttft_ms = 0;    ///< as the formula's generation has it: waiting + prefill (+ the first token)
  double itl_ms = 0;     ///< mean between its tokens
  double total_ms = 0;   ///< arrival to last token
  bool blocked = false;  ///< found its queue full: none of the above
};

struct SimulationOptions {
  Fidelity fidelity = Fidelity::tokens;
  Routing routing = Routing::shortest_queue;
  int replicas = 1;
  std::uint64_t seed = 1;  ///< of `random` and of the work in `model`
  std::size_t warmup = 0;  ///< so many first requests are left out of `in_service`
};

struct Simulation {
  std::vector<Outcome> outcomes;  ///< in the order of arrivals
  double in_service = 0;          ///< mean in a replica's batch, up to the last arrival
  carbon::Seconds length;         ///< to the last arrival
};

/// A fixed number of replicas. Every request is served to its end or blocked. bad_input: no arrival, one out of order,
/// tokens out of range, an invalid service, replicas not in 1 .. 100,000, `tokens` with Formula::separate.
Result<Simulation> simulate(const Service& service, std::span<const Arrival> arrivals,
                            const SimulationOptions& options);

struct Quantiles {
  double mean = 0, p50 = 0, p95 = 0, p99 = 0;
};

/// What users got. Means and quantiles are over the requests that were served; shares over all.
struct ServiceLevel {
  std::int64_t requests = 0, blocked = 0;
  Quantiles ttft_ms, itl_ms, total_ms;
  double waiting_ms = 0;  ///< mean
  double ttft_kept = 0;   ///< share of requests whose time to the first token is within the target
  double itl_kept = 0;    ///< ... mean time between tokens
  double kept = 0;        ///< ... both
};
/// Of the arrivals within [from_ms, until_ms). A target that is absent is kept by every request served.
/// Precondition: as many outcomes as arrivals.
ServiceLevel service_level(std::span<const Arrival> arrivals, std::span<const Outcome> outcomes, const Targets& targets,
                           double from_ms, double until_ms);

/// The share of requests that the model says will keep their targets at a rate: over the states that a request may
/// find, the time to the first token from prefill, first token and an Erlang wait; the time between tokens from the
/// batch it joins; a request that finds the queue full keeps none. bad_input as `queue_state`.
struct ModelShare {
  double ttft_kept = 0;
  double itl_kept = 0;
  double kept = 0;  ///< both
};
Result<ModelShare> model_share(const Service& service, double rate_per_s, const Targets& targets);

/// The queue beside a simulation of one replica under Poisson arrivals of one rate.
struct ModelDifference {
  QueueState model;
  double waiting_ms = 0, ttft_ms = 0, itl_ms = 0, in_service = 0, blocked = 0;  ///< simulated means
  double ttft_excess = 0;                                                       ///< simulated over modelled, less 1
  double itl_excess = 0;
};
/// `equal_tokens`: every request has the service's mean tokens; else geometric around them (of `tokens` only).
Result<ModelDifference> model_difference(const Service& service, double rate_per_s, std::int64_t requests,
                                         Fidelity fidelity, bool equal_tokens, std::uint64_t seed);

}  // namespace cradle::inference
