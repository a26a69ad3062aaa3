#include "simulation_setting.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "cradle/base/random.h"
#include "cradle/base/text.h"

namespace cradle::inference {

namespace {
/// With the longest request and these, sums of attended tokens stay within 64 bits.
constexpr int most_batch = 1 << 16;
constexpr int most_chunks = 1 << 12;
}  // namespace

Result<void> check_simulation(const Service& service, std::span<const Arrival> arrivals, Fidelity fidelity) {
  if (auto fine = check(service); !fine) return fine;
  if (service.max_batch > most_batch)
    return bad_input("a batch of " + std::to_string(service.max_batch), "max_batch",
                     "simulations take at most " + std::to_string(most_batch));
  if (fidelity == Fidelity::tokens && service.prefill_chunks > most_chunks)
    return bad_input(std::to_string(service.prefill_chunks) + " chunks", "prefill_chunks",
                     "simulations take at most " + std::to_string(most_chunks));
  if (fidelity == Fidelity::tokens && service.formula == Formula::separate)
    return bad_input("formula 'separate' has two laws of time and does not say which of them an iteration follows",
                     "formula", "simulate it with fidelity model, or use formula iteration or newest");
  if (arrivals.empty()) return bad_input("no request", "arrivals", "give a trace with at least one request");
  if (arrivals.size() >= std::numeric_limits<std::uint32_t>::max())
    return bad_input(std::to_string(arrivals.size()) + " requests", "arrivals", "cut the trace into parts");
  double before = 0;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    const Arrival& a = arrivals[i];
    const std::string where = "request " + std::to_string(i);
    if (!(a.at_ms >= before) || !std::isfinite(a.at_ms))
      return bad_input("arrives at " + shortest(a.at_ms) + " ms, the one before at " + shortest(before) + " ms", where,
                       "sort requests by time, the first at 0 or later");
    if (a.in_tokens < 0 || a.out_tokens < 1 || a.in_tokens > longest_request || a.out_tokens > longest_request)
      return bad_input(
          "reads " + std::to_string(a.in_tokens) + " and writes " + std::to_string(a.out_tokens) + " tokens", where,
          "give 0 or more and 1 or more, up to " + std::to_string(longest_request));
    before = a.at_ms;
  }
  return {};
}

std::vector<double> work_of(std::size_t requests, Fidelity fidelity, std::uint64_t seed) {
  if (fidelity != Fidelity::model) return {};
  RandomStream stream(seed, "work");
  std::vector<double> work(requests);
  for (double& one : work) one = stream.exponential(1);
  return work;
}

ReplicaSetting setting_of(const Service& service, std::vector<double> watts, std::span<const Arrival> arrivals,
                          std::span<const double> work, std::span<Outcome> outcomes) {
  std::vector<double> tau(static_cast<std::size_t>(service.max_batch) + 1);
  for (int b = 1; b <= service.max_batch; ++b) tau[static_cast<std::size_t>(b)] = batch_time_ms(service, b);
  return {service, PhaseLaw(service), std::move(tau), std::move(watts), arrivals, work, outcomes};
}

}  // namespace cradle::inference
