// How many replicas a service needs, and what they draw.
#pragma once

#include <cstdint>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/inference/queue.h"

namespace cradle::inference {

/// Draw against use in two straight lines: idle to `middle` at the use `middle_use`, then to full.
struct PowerCurve {
  carbon::Watts idle, middle, full;
  double middle_use = 0.6;  ///< ratio, greater than 0 and less than 1
};
/// bad_input that names the field: a negative or infinite draw, one that falls with use, middle_use outside (0, 1).
Result<void> check(const PowerCurve& curve);
/// `use` is clamped to 0 .. 1.
carbon::Watts draw(const PowerCurve& curve, double use);

inline constexpr std::int64_t most_replicas = 1'000'000'000;

/// Equal replicas behind one even split of the requests.
struct Sizing {
  Capacity capacity;          ///< of one replica
  std::int64_t replicas = 0;  ///< the fewest that keep every target
  QueueState state;           ///< of one replica at its share of the rate; idle_state if there is none
};

/// replicas = ceil(rate / capacity), at least `least`. A rate of 0 needs only `least`. bad_input: a negative or
/// infinite rate, a target that no rate keeps (see `capacity`), or more than most_replicas.
Result<Sizing> size(const Service& service, const Targets& targets, double rate_per_s, std::int64_t least = 0);

/// The state of one of `replicas` replicas, however many they should be.
Result<QueueState> state_of_replica(const Service& service, double rate_per_s, std::int64_t replicas);

}  // namespace cradle::inference
