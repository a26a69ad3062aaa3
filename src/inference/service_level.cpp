// What users got, and what the model says they will get.
#include <algorithm>
#include <cmath>

#include "cradle/inference/replica_simulation.h"
#include "phases.h"

namespace cradle::inference {

namespace {

/// Nearest rank. Reorders `values`.
Quantiles quantiles(std::vector<double>& values) {
  Quantiles result;
  if (values.empty()) return result;
  double sum = 0;
  for (const double value : values) sum += value;
  const auto at = [&values](double share) {
    const auto rank = static_cast<std::ptrdiff_t>(std::ceil(share * static_cast<double>(values.size()))) - 1;
    const auto nth = values.begin() + std::max<std::ptrdiff_t>(0, rank);
    std::nth_element(values.begin(), nth, values.end());
    return *nth;
  };
  result.mean = sum / static_cast<double>(values.size());
  result.p50 = at(0.50), result.p95 = at(0.95), result.p99 = at(0.99);
  return result;
}

/// Probability that an Erlang sum of `stages` exponentials with rate 1 is at most x, for stages = 1, 2, ... in turn:
/// that a Poisson count with mean x reaches `stages`.
class ErlangShare {
 public:
  explicit ErlangShare(double x) : x_(x), log_term_(-x) {}
  double next() {
    const double term = std::exp(log_term_);
    below_ += term;
    ++stages_;
    log_term_ += std::log(x_) - std::log(stages_);
    return std::max(0.0, 1 - below_);
  }

 private:
  double x_, log_term_;
  double below_ = 0, stages_ = 0;
};

}  // namespace

ServiceLevel service_level(std::span<const Arrival> arrivals, std::span<const Outcome> outcomes, const Targets& targets,
                           double from_ms, double until_ms) {
  ServiceLevel level;
  std::vector<double> ttft, itl, total;
  const auto earlier = [](const Arrival& a, double at) { return a.at_ms < at; };
  const auto first =
      static_cast<std::size_t>(std::lower_bound(arrivals.begin(), arrivals.end(), from_ms, earlier) - arrivals.begin());
  const auto last = static_cast<std::size_t>(std::lower_bound(arrivals.begin(), arrivals.end(), until_ms, earlier) -
                                             arrivals.begin());
  std::int64_t ttft_kept = 0, itl_kept = 0, kept = 0;
  double waiting = 0;
  for (std::size_t i = first; i < last; ++i) {
    const Outcome& outcome = outcomes[i];
    ++level.requests;
    if (outcome.blocked) {
      ++level.blocked;
      continue;
    }
    ttft.push_back(outcome.ttft_ms);
    itl.push_back(outcome.itl_ms);
    total.push_back(outcome.total_ms);
    waiting += outcome.waiting_ms;
    const bool soon = !targets.ttft_ms || outcome.ttft_ms <= *targets.ttft_ms;
    const bool fast = !targets.itl_ms || outcome.itl_ms <= *targets.itl_ms;
    ttft_kept += soon, itl_kept += fast, kept += soon && fast;
  }
  if (level.requests == 0) return level;
  const auto all = static_cast<double>(level.requests);
  level.ttft_kept = static_cast<double>(ttft_kept) / all;
  level.itl_kept = static_cast<double>(itl_kept) / all;
  level.kept = static_cast<double>(kept) / all;
  if (!ttft.empty()) level.waiting_ms = waiting / static_cast<double>(ttft.size());
  level.ttft_ms = quantiles(ttft);
  level.itl_ms = quantiles(itl);
  level.total_ms = quantiles(total);
  return level;
}

Result<ModelShare> model_share(const Service& service, double rate_per_s, const Targets& targets) {
  const auto state = queue_state(service, rate_per_s);
  if (!state) return state.error();
  const double rate = rate_per_s / 1e3;
  const int batch = service.max_batch;
  const PhaseLaw phases(service);
  const double full_rate = batch / batch_time_ms(service, batch);
  // Weights of states as logarithms of p(n) / p(0): by product while the batch has room, geometric beyond. The largest
  // is taken out before they are added.
  std::vector<double> weights(static_cast<std::size_t>(batch) + 1, 0.0);
  for (int n = 1; n <= batch; ++n) {
    const auto at = static_cast<std::size_t>(n);
    weights[at] = weights[at - 1] + std::log(rate * batch_time_ms(service, n) / n);
  }
  const double log_ratio = std::log(rate / full_rate);
  const double full_system = weights.back() + service.max_queue * log_ratio;
  const double largest = std::max(*std::max_element(weights.begin(), weights.end()), full_system);

  ModelShare share;
  double all = 0;
  for (int n = 0; n < batch; ++n) {
    const double weight = std::exp(weights[static_cast<std::size_t>(n)] - largest);
    const Phases met = phases(n, batch_time_ms(service, n + 1));
    const bool soon = !targets.ttft_ms || met.first_ms <= *targets.ttft_ms;
    const bool fast = !targets.itl_ms || met.itl_ms <= *targets.itl_ms;
    all += weight;
    share.ttft_kept += soon ? weight : 0;
    share.itl_kept += fast ? weight : 0;
    share.kept += soon && fast ? weight : 0;
  }
  // States with a full batch and a free place in the queue, then the one without.
  const double waiting_states = service.max_queue;
  const double first = std::exp(weights.back() - largest), last = std::exp(full_system - largest);
  double waiting = first * waiting_states;
  // From the larger end, so that nothing overflows.
  if (std::abs(log_ratio) * waiting_states >= 1e-9)
    waiting = log_ratio < 0 ? first * std::expm1(log_ratio * waiting_states) / std::expm1(log_ratio)
                            : last * -std::expm1(-log_ratio * waiting_states) / std::expm1(log_ratio);
  all += waiting + last;
  const Phases full = phases(batch - 1, batch_time_ms(service, batch));
  const bool fast = !targets.itl_ms || full.itl_ms <= *targets.itl_ms;
  double soon = targets.ttft_ms ? 0 : waiting;
  if (targets.ttft_ms && *targets.ttft_ms > full.first_ms) {
    ErlangShare in_time((*targets.ttft_ms - full.first_ms) * full_rate);
    for (int ahead = 0; ahead < service.max_queue; ++ahead) {
      const double within = in_time.next();
      if (within < 1e-15) break;
      soon += within * std::exp(weights.back() + ahead * log_ratio - largest);
    }
  }
  share.ttft_kept += soon;
  share.itl_kept += fast ? waiting : 0;
  share.kept += fast ? soon : 0;
  share.ttft_kept /= all, share.itl_kept /= all, share.kept /= all;
  return share;
}

}  // namespace cradle::inference
