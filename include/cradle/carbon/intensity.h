// Grid carbon intensity over time: piecewise constant, integrated exactly, average and marginal kept apart.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
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

/// "average" or "marginal", for tables and messages.
std::string_view name(Signal signal);

/// A step function of time. Step i holds from start + i * step up to the next one; outside, the series repeats if it
/// is periodic (a typical year), on both sides, and is undefined otherwise (`covers`).
/// Every integral is O(1) through prefix sums. The sums are kept in twice the working precision, so that an integral
/// is exact up to the rounding of its last few operations however far it lies from the start, and integrals over
/// adjacent intervals add up.
class IntensitySeries {
 public:
  /// bad_input if `steps` is empty, a value is not within 0 .. `highest`, step_ms <= 0, or the series reaches further
  /// than `reach_ms` from 1970.
  static Result<IntensitySeries> make(Signal signal, Instant start, std::int64_t step_ms,
                                      std::vector<GramsPerKilowattHour> steps, bool periodic);
  /// The same value for all time. Precondition: it is within 0 .. `highest`.
  static IntensitySeries constant(Signal signal, GramsPerKilowattHour value);

  Signal signal() const { return signal_; }
  Instant start() const { return start_; }
  Instant end() const;
  std::int64_t step_ms() const { return step_ms_; }
  bool periodic() const { return periodic_; }
  std::span<const GramsPerJoule> steps() const { return steps_; }
  /// True if every point of [from, to), and `from` itself, has a value. False if from > to.
  bool covers(Instant from, Instant to) const;

  /// The value that holds at `at`. Precondition: covers(at, at).
  GramsPerJoule at(Instant at) const;
  /// Integral over [from, to). Precondition: from <= to and covers(from, to).
  IntensitySeconds integral(Instant from, Instant to) const;
  /// Time-weighted mean over [from, to); the value at `from` when the interval is empty.
  GramsPerJoule mean(Instant from, Instant to) const;

  /// The dirtiest plants emit some 1,500 g/kWh; a thousand times as much is a mistaken unit.
  static constexpr GramsPerKilowattHour highest{1e6};
  /// Instants further than this from 1970 (36 million years) are outside every series.
  static constexpr std::int64_t reach_ms = std::int64_t{1} << 60;

 private:
  /// A sum of doubles in twice the precision: its nearest double and what that leaves out.
  struct Sum {
    double head = 0;
    double tail = 0;
  };
  /// Where an instant lies: in which repetition, which step of it, how far into the step.
  struct Place {
    std::int64_t cycle;
    std::int64_t step;
    std::int64_t offset_ms;
  };

  IntensitySeries() = default;
  Place place(Instant at) const;

  Signal signal_ = Signal::average;
  Instant start_;
  std::int64_t step_ms_ = ms_per_hour;
  bool periodic_ = false;
  std::vector<GramsPerJoule> steps_;
  std::vector<Sum> prefix_;  ///< prefix_[i]: sum of the first i steps, g / J
};

}  // namespace cradle::carbon
