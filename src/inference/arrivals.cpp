// Requests from traces and by chance.
#include <cmath>
#include <string>

#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "cradle/inference/replica_simulation.h"

namespace cradle::inference {

namespace {

/// Geometric on 0, 1, 2, ... with the given mean.
std::int32_t geometric(RandomStream& stream, double mean) {
  if (mean <= 0) return 0;
  const double draw = std::floor(std::log1p(-stream.uniform()) / std::log(mean / (mean + 1)));
  return static_cast<std::int32_t>(std::min(draw, static_cast<double>(longest_request)));
}

}  // namespace

Result<std::vector<Arrival>> arrivals_of(const workload::LlmTrace& trace) {
  if (trace.requests.empty()) return bad_input("no request", trace.name, "give a trace with at least one request");
  std::vector<Arrival> arrivals;
  arrivals.reserve(trace.requests.size());
  for (const workload::LlmRequest& request : trace.requests) {
    if (request.context_tokens > longest_request || request.generated_tokens > longest_request)
      return bad_input("request " + std::to_string(arrivals.size()) + " has " +
                           std::to_string(std::max(request.context_tokens, request.generated_tokens)) + " tokens",
                       trace.name, "simulations take at most " + std::to_string(longest_request));
    arrivals.push_back({static_cast<double>(request.arrival_ms), static_cast<std::int32_t>(request.context_tokens),
                        static_cast<std::int32_t>(std::max<std::int64_t>(1, request.generated_tokens))});
  }
  return arrivals;
}

Result<std::vector<Arrival>> generate_arrivals(const GeneratedArrivals& trace, std::uint64_t seed) {
  const auto within = [](double value, double low, double high) { return value >= low && value <= high; };
  const double length_s = trace.length.value();
  struct Rule {
    bool fine;
    const char* field;
    double value;
    const char* hint;
  };
  constexpr double most_requests = 1e8;
  for (const Rule& rule :
       {Rule{within(trace.rate_per_s, 1e-9, 1e9), "rate", trace.rate_per_s, "give requests per second > 0"},
        Rule{within(length_s, 1e-9, 1e10), "length", length_s, "give seconds > 0"},
        Rule{within(trace.rate_per_s * length_s, 0, most_requests), "rate", trace.rate_per_s,
             "a trace holds at most 100 million requests"},
        Rule{within(trace.in_tokens, 0, 1e6), "in_tokens", trace.in_tokens, "give a mean from 0 to 1e6"},
        Rule{within(trace.out_tokens, 1, 1e6), "out_tokens", trace.out_tokens, "give a mean from 1 to 1e6"},
        Rule{within(trace.burst, 1, 1e6), "burst", trace.burst, "give the ratio of two rates, from 1 to 1e6"},
        Rule{within(trace.burst_length.value(), 1e-3, 1e9), "burst_length", trace.burst_length.value(),
             "give seconds > 0"}})
    if (!rule.fine) return bad_input("a value of " + shortest(rule.value), rule.field, rule.hint);

  RandomStream when(seed, "arrivals"), how_long(seed, "tokens");
  const double end_ms = length_s * 1e3;
  // Both states last equally long in the mean, so that the mean rate is halfway between them.
  const double low_rate = 2 * trace.rate_per_s / (1 + trace.burst) / 1e3;
  double rate = trace.burst > 1 ? low_rate : trace.rate_per_s / 1e3;
  double change_ms = trace.burst > 1 ? when.exponential(trace.burst_length.value() * 1e3) : end_ms;
  bool high = false;
  std::vector<Arrival> arrivals;
  arrivals.reserve(static_cast<std::size_t>(trace.rate_per_s * length_s * 1.1) + 16);
  for (double now = 0;;) {
    const double next = now + when.exponential(1 / rate);
    if (next > change_ms && change_ms < end_ms) {
      // Without memory: the wait for the next arrival begins anew with the new rate.
      now = change_ms;
      high = !high;
      rate = high ? low_rate * trace.burst : low_rate;
      change_ms += when.exponential(trace.burst_length.value() * 1e3);
      continue;
    }
    if (next >= end_ms) break;
    now = next;
    Arrival arrival{now, static_cast<std::int32_t>(std::lround(trace.in_tokens)),
                    static_cast<std::int32_t>(std::lround(trace.out_tokens))};
    if (!trace.equal_tokens) {
      arrival.in_tokens = geometric(how_long, trace.in_tokens);
      arrival.out_tokens = 1 + geometric(how_long, trace.out_tokens - 1);
    }
    arrivals.push_back(arrival);
  }
  if (arrivals.empty())
    return bad_input("no request within " + shortest(length_s) + " s", "length", "raise the rate or the length");
  return arrivals;
}

}  // namespace cradle::inference
