// Grid carbon intensity over time: piecewise constant, integrated exactly, average and marginal kept apart.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/carbon/quantity.h"

namespace cradle::carbon {

/// Which question a signal answers. The two are never mixed: a series is one or the other for its whole life.
enum class Signal {
  average,   ///< emissions of all generation over all generation: for accounts (SCI's location-based I)
  marginal,  ///< emissions of the generation that follows a change in demand: for decisions
};

/// A step function of time. Step i holds from start + i * step up to the next one; outside, the series repeats if it
/// is periodic (a typical year) and is an error otherwise (`covers`).
/// Prefix sums make every integral O(1), exact up to rounding, and additive over adjacent intervals.
class IntensitySeries {
 public:
  /// bad_input if `steps` is empty, a value is negative or not finite, or step_ms <= 0.
  static Result<IntensitySeries> make(Signal signal, Instant start, std::int64_t step_ms,
                                      std::vector<GramsPerKilowattHour> steps, bool periodic);
  /// The same value for all time.
  static IntensitySeries constant(Signal signal, GramsPerKilowattHour value);

  Signal signal() const { return signal_; }
  Instant start() const { return start_; }
  Instant end() const;
  std::int64_t step_ms() const { return step_ms_; }
  bool periodic() const { return periodic_; }
  std::span<const GramsPerJoule> steps() const { return steps_; }
  bool covers(Instant from, Instant to) const;

  /// The value that holds at `at`. Precondition: covers(at, at).
  GramsPerJoule at(Instant at) const;
  /// Integral over [from, to). Precondition: from <= to and covers(from, to).
  IntensitySeconds integral(Instant from, Instant to) const;
  /// Time-weighted mean over [from, to); the value at `from` when the interval is empty.
  GramsPerJoule mean(Instant from, Instant to) const;

 private:
  IntensitySeries() = default;
  /// Integral from start_ up to `at`, negative before it.
  double prefix(std::int64_t at_ms) const;

  Signal signal_ = Signal::average;
  Instant start_;
  std::int64_t step_ms_ = ms_per_hour;
  bool periodic_ = false;
  std::vector<GramsPerJoule> steps_;
  std::vector<double> prefix_;  ///< prefix_[i]: integral over the first i steps, g s / J
};

}  // namespace cradle::carbon
