// One replica of a language model as a queue: how long requests wait and how fast tokens come at a given rate.
//
// The model is a state-dependent M/M/1/K queue: n requests in the system are served min(n, N) at a time, in batches
// whose time grows with their size. Source: Tantawi et al., llm-inferno (Apache-2.0), its equations restated.
#pragma once

#include <optional>
#include <string_view>

#include "cradle/base/result.h"

namespace cradle::inference {

/// Which generation of formulas gives the time of a batch. With B the batch, n the tokens read, m the tokens written,
/// c the chunks of prefill: w_prefill = (beta + gamma (c+1)/2) n, w_decode = beta m + gamma m (n + (m+1)/2),
/// delta = (w_prefill + w_decode) / (c + m).
///
/// The published solutions need one term more than their description has: a request's own work beside the batch counts
/// m/2 tokens written before each token, where delta counts (m+1)/2. With it every published figure at hand comes out
/// to single precision (3e-6); with (m+1)/2 in both places times are up to 6e-4 too long.
enum class Formula {
  separate,   ///< tau(B) = (gamma + delta' n B) + (m - 1)(alpha + beta B): two laws, four parameters
  iteration,  ///< tau(B) = (c + m)(alpha + (B + 1) delta) - gamma m/2: generated the published solutions
  newest,     ///< tau(B) = (c + m)(alpha + B delta)
};
std::string_view name(Formula formula);
Result<Formula> formula_by_name(std::string_view name);

inline constexpr int largest_batch = 1'000'000;
inline constexpr int largest_queue = 1'000'000'000;

/// The law of one replica. Times are milliseconds, as the published parameters are.
struct Service {
  Formula formula = Formula::iteration;
  double alpha_ms = 0, beta_ms = 0, gamma_ms = 0;
  double delta_ms = 0;     ///< Formula::separate only
  double in_tokens = 1;    ///< mean tokens read by a request; >= 0
  double out_tokens = 1;   ///< mean tokens written; >= 1
  int prefill_chunks = 1;  ///< c
  int max_batch = 1;       ///< N, 1 .. largest_batch
  int max_queue = 0;       ///< requests that may wait, 0 .. largest_queue; K = max_batch + max_queue
};
/// bad_input that names the field.
Result<void> check(const Service& service);

/// tau(B) in milliseconds, of a batch of B >= 1 requests (not necessarily whole).
double batch_time_ms(const Service& service, double batch);

/// What a replica does at a rate of arrivals, in the steady state. With S the time in service and B the mean number in
/// service, prefill is c (alpha + B delta) + w_prefill (iteration), c (alpha + B delta) (newest), or gamma + delta' n
/// B' with B' such that tau(B') = S (separate). Time between tokens is (S - prefill) / m; separate: / (m - 1). The
/// first token comes after waiting and prefill and, but for `separate`, whose prefill writes it, one time between
/// tokens.
struct QueueState {
  double rate_per_s = 0;        ///< offered
  double throughput_per_s = 0;  ///< served: offered less blocked
  double blocked = 0;           ///< share of requests that find the queue full
  double in_service = 0;        ///< mean requests in the batch
  double waiting_ms = 0;
  double service_ms = 0;
  double prefill_ms = 0;
  double itl_ms = 0;       ///< between tokens
  double ttft_ms = 0;      ///< waiting + prefill + first token, as the formula's generation has it
  double utilisation = 0;  ///< in_service / max_batch
};
/// bad_input: a rate that is not > 0 or beyond 1e-100 .. 1e100, or an invalid service.
Result<QueueState> queue_state(const Service& service, double rate_per_s);

/// What users were promised; nothing: not promised.
struct Targets {
  std::optional<double> itl_ms;
  std::optional<double> ttft_ms;
  std::optional<double> tokens_per_s;
};

/// The state of an almost idle replica: what no rate can better.
Result<QueueState> idle_state(const Service& service);

/// Rates beyond this share of what a full batch serves are never used; a promise of tokens per second leaves a tenth
/// more. Both are the published tool's.
inline constexpr double stable_share = 0.999;
inline constexpr double token_share = 0.9;

/// The largest rate at which one replica keeps its targets, by a bracketed root search to 1e-13 of the rate. bad_input
/// if none does: the message says which target, what the best possible value is (an almost idle replica) and by how
/// much it misses. (The published tool halves an interval until its target is met to a tolerance. Its rate may be
/// smaller by that much, which shows only where the offered rate is nearly a whole number of replicas.)
struct Capacity {
  double rate_per_s = 0;
  std::string_view binding;  ///< "itl", "ttft", "tokens" or "batch" (saturation)
};
Result<Capacity> capacity(const Service& service, const Targets& targets);

}  // namespace cradle::inference
