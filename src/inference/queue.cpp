#include "cradle/inference/queue.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "bracketed_root.h"
#include "cradle/base/text.h"
#include "queue_sums.h"

namespace cradle::inference {

namespace {

constexpr std::array<std::pair<Formula, std::string_view>, 3> formulas = {{
    {Formula::separate, "separate"},
    {Formula::iteration, "iteration"},
    {Formula::newest, "newest"},
}};

/// Times and token counts beyond this are slips of a unit; below it no product of them overflows.
constexpr double largest_number = 1e12;
/// A batch takes at least a femtosecond, so that rates stay far from the ends of a double.
constexpr double least_time_ms = 1e-12;
constexpr double least_rate = 1e-100;
constexpr double largest_rate = 1e100;
constexpr double ms_per_s = 1e3;

double prefill_work(const Service& s) { return (s.beta_ms + s.gamma_ms * (s.prefill_chunks + 1) / 2) * s.in_tokens; }

double decode_work(const Service& s) {
  return s.beta_ms * s.out_tokens + s.gamma_ms * s.out_tokens * (s.in_tokens + (s.out_tokens + 1) / 2);
}

/// tau(B) = fixed + slope B for every generation.
BatchLaw batch_law(const Service& s) {
  const double prefill = prefill_work(s);
  const double decode = decode_work(s);
  const double iterations = s.prefill_chunks + s.out_tokens;
  switch (s.formula) {
    case Formula::separate:
      return {s.gamma_ms + (s.out_tokens - 1) * s.alpha_ms, s.delta_ms * s.in_tokens + (s.out_tokens - 1) * s.beta_ms};
    case Formula::newest: return {iterations * s.alpha_ms, prefill + decode};
    case Formula::iteration: break;
  }
  return {iterations * s.alpha_ms + prefill + decode - s.gamma_ms * s.out_tokens / 2, prefill + decode};
}

/// Splits the time in service into prefill and decode, in_service, waiting_ms and service_ms being known.
void split_service(const Service& s, const BatchLaw& law, QueueState& state) {
  if (s.formula == Formula::separate) {
    // The batch that would take just this long. Without a slope every batch takes as long.
    const double batch =
        law.slope > 0 ? std::clamp<double>((state.service_ms - law.fixed) / law.slope, 0, s.max_batch) : 0;
    state.prefill_ms = s.gamma_ms + s.delta_ms * s.in_tokens * batch;
    state.itl_ms = s.alpha_ms + s.beta_ms * batch;
    state.ttft_ms = state.waiting_ms + state.prefill_ms;
    return;
  }
  const double own = s.formula == Formula::iteration ? prefill_work(s) : 0;
  const double delta = law.slope / (s.prefill_chunks + s.out_tokens);
  state.prefill_ms = s.prefill_chunks * (s.alpha_ms + state.in_service * delta) + own;
  state.itl_ms = (state.service_ms - state.prefill_ms) / s.out_tokens;
  state.ttft_ms = state.waiting_ms + state.prefill_ms + state.itl_ms;
}

QueueState state_at(const Service& service, const BatchLaw& law, double rate_per_s) {
  const QueueSums sums = queue_sums(law, service.max_batch, service.max_queue, rate_per_s / ms_per_s);
  QueueState state;
  state.rate_per_s = rate_per_s;
  state.throughput_per_s = rate_per_s * sums.accepted;
  state.blocked = sums.blocked;
  state.in_service = sums.in_service;
  state.waiting_ms = sums.waiting / state.throughput_per_s * ms_per_s;
  state.service_ms = sums.in_service / state.throughput_per_s * ms_per_s;
  state.utilisation = sums.in_service / service.max_batch;
  split_service(service, law, state);
  return state;
}

QueueState idle(const Service& service, const BatchLaw& law) {
  QueueState state;
  state.service_ms = law.fixed + law.slope;
  split_service(service, law, state);
  return state;
}

/// One promise, and how a state is held against it.
struct Bound {
  std::string_view word;
  std::string_view text;
  double limit = 0;
  double QueueState::*value = nullptr;
};

Result<std::vector<Bound>> bounds_of(const Targets& targets) {
  std::vector<Bound> bounds;
  const auto add = [&bounds](std::string_view word, std::string_view text, const std::optional<double>& limit,
                             double QueueState::*value) {
    if (limit) bounds.push_back({word, text, *limit, value});
  };
  add("itl", "time between tokens", targets.itl_ms, &QueueState::itl_ms);
  add("ttft", "time to the first token", targets.ttft_ms, &QueueState::ttft_ms);
  for (const Bound& bound : bounds)
    if (!(bound.limit > 0) || !std::isfinite(bound.limit))
      return bad_input("a target of " + shortest(bound.limit) + " ms", std::string(bound.word),
                       "give milliseconds greater than 0, or leave the target out");
  if (targets.tokens_per_s && (!(*targets.tokens_per_s > 0) || !std::isfinite(*targets.tokens_per_s)))
    return bad_input("a target of " + shortest(*targets.tokens_per_s) + " tokens/s", "tokens",
                     "give a number greater than 0, or leave the target out");
  return bounds;
}

}  // namespace

std::string_view name(Formula formula) {
  for (const auto& [value, word] : formulas)
    if (value == formula) return word;
  return {};
}

Result<Formula> formula_by_name(std::string_view name) {
  std::vector<std::string> words;
  for (const auto& [value, word] : formulas) {
    if (word == name) return value;
    words.emplace_back(word);
  }
  return bad_input("no formula '" + std::string(name) + "'", "formula", suggest(name, words));
}

Result<void> check(const Service& service) {
  const auto number = [](double value, double low, const char* field) -> Result<void> {
    if (value >= low && value <= largest_number) return {};
    return bad_input("a value of " + shortest(value), field,
                     "give a number from " + shortest(low) + " to " + shortest(largest_number));
  };
  const auto count = [](int value, int low, int high, const char* field) -> Result<void> {
    if (value >= low && value <= high) return {};
    return bad_input("a value of " + std::to_string(value), field,
                     "give a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  };
  for (const auto& result :
       {number(service.alpha_ms, 0, "alpha"), number(service.beta_ms, 0, "beta"), number(service.gamma_ms, 0, "gamma"),
        number(service.delta_ms, 0, "delta"), number(service.in_tokens, 0, "in_tokens"),
        number(service.out_tokens, 1, "out_tokens"), count(service.prefill_chunks, 1, largest_batch, "prefill_chunks"),
        count(service.max_batch, 1, largest_batch, "max_batch"),
        count(service.max_queue, 0, largest_queue, "max_queue")})
    if (!result) return result.error();
  if (!(batch_time_ms(service, 1) >= least_time_ms))
    return bad_input("a batch takes no time", "alpha", "give alpha or beta greater than 0");
  return {};
}

double batch_time_ms(const Service& service, double batch) {
  const BatchLaw law = batch_law(service);
  return law.fixed + law.slope * batch;
}

Result<QueueState> queue_state(const Service& service, double rate_per_s) {
  if (auto fine = check(service); !fine) return fine.error();
  if (!(rate_per_s >= least_rate && rate_per_s <= largest_rate))
    return bad_input("a rate of " + shortest(rate_per_s) + " requests/s", "rate",
                     "give a rate greater than 0 (" + shortest(least_rate) + " to " + shortest(largest_rate) +
                         "); a service without requests needs no queue");
  return state_at(service, batch_law(service), rate_per_s);
}

Result<QueueState> idle_state(const Service& service) {
  if (auto fine = check(service); !fine) return fine.error();
  return idle(service, batch_law(service));
}

Result<Capacity> capacity(const Service& service, const Targets& targets) {
  if (auto fine = check(service); !fine) return fine.error();
  const auto bounds = bounds_of(targets);
  if (!bounds) return bounds.error();

  const BatchLaw law = batch_law(service);
  const QueueState best = idle(service, law);
  for (const Bound& bound : *bounds) {
    const double reached = best.*bound.value;
    if (reached < bound.limit) continue;
    return bad_input("no rate keeps a " + std::string(bound.text) + " of " + shortest(bound.limit) +
                         " ms: an idle replica has " + fixed(reached, 3) + " ms, " + fixed(reached - bound.limit, 3) +
                         " ms (" + fixed(100 * (reached - bound.limit) / bound.limit, 1) + " %) too much",
                     std::string(bound.word),
                     "promise more than " + fixed(reached, 3) + " ms, or use a faster accelerator");
  }

  const double full = ms_per_s * service.max_batch / (law.fixed + law.slope * service.max_batch);
  Capacity found{stable_share * full, "batch"};
  if (targets.tokens_per_s) found = {token_share * stable_share * full, "tokens"};
  // Each promise in turn on what the ones before it left; both times rise with the rate.
  for (const Bound& bound : *bounds) {
    const auto excess = [&](double rate) { return state_at(service, law, rate).*bound.value / bound.limit - 1; };
    const double over = excess(found.rate_per_s);
    if (over <= 0) continue;
    found = {bracketed_root(excess, 0, best.*bound.value / bound.limit - 1, found.rate_per_s, over), bound.word};
  }
  return found;
}

}  // namespace cradle::inference
