#include "cradle/inference/sizing.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cradle/base/text.h"

namespace cradle::inference {

using carbon::Watts;

Result<void> check(const PowerCurve& curve) {
  const auto fine = [](Watts draw) { return draw >= Watts{0} && std::isfinite(draw.value()); };
  const std::pair<const char*, Watts> draws[] = {
      {"idle", curve.idle}, {"midPower", curve.middle}, {"full", curve.full}};
  Watts last{0};
  for (const auto& [field, watts] : draws) {
    if (!fine(watts)) return bad_input("a draw of " + shortest(watts.value()) + " W", field, "give watts of 0 or more");
    if (watts < last)
      return bad_input("the draw falls with use, to " + shortest(watts.value()) + " W", field,
                       "idle, middle and full draw must not fall");
    last = watts;
  }
  if (!(curve.middle_use > 0 && curve.middle_use < 1))
    return bad_input("a use of " + shortest(curve.middle_use), "midUtil", "give a share greater than 0, less than 1");
  return {};
}

Watts draw(const PowerCurve& curve, double use) {
  const double at = std::clamp(use, 0.0, 1.0);
  if (at < curve.middle_use) return curve.idle + (curve.middle - curve.idle) * (at / curve.middle_use);
  return curve.middle + (curve.full - curve.middle) * ((at - curve.middle_use) / (1 - curve.middle_use));
}

Result<QueueState> state_of_replica(const Service& service, double rate_per_s, std::int64_t replicas) {
  if (replicas <= 0 || rate_per_s == 0) return idle_state(service);
  return queue_state(service, rate_per_s / static_cast<double>(replicas));
}

Result<Sizing> size(const Service& service, const Targets& targets, double rate_per_s, std::int64_t least) {
  if (!(rate_per_s >= 0) || !std::isfinite(rate_per_s))
    return bad_input("a rate of " + shortest(rate_per_s) + " requests/s", "rate", "give a rate of 0 or more");
  const auto most = capacity(service, targets);
  if (!most) return most.error();
  const double needed = std::ceil(rate_per_s / most->rate_per_s);
  if (needed > static_cast<double>(most_replicas))
    return bad_input("it takes " + shortest(needed) + " replicas to serve " + shortest(rate_per_s) + " requests/s",
                     "rate",
                     "check the rate and its unit: one replica serves " + shortest(most->rate_per_s) + " requests/s");
  Sizing sizing;
  sizing.capacity = *most;
  sizing.replicas = std::max(static_cast<std::int64_t>(needed), least);
  const auto state = state_of_replica(service, rate_per_s, sizing.replicas);
  if (!state) return state.error();
  sizing.state = *state;
  return sizing;
}

}  // namespace cradle::inference
