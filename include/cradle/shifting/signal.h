// A grid's intensity as a planner sees it: equal values on an integer clock, with windows and percentiles in O(values).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::shifting {

/// A time or a length on the planner's own clock. What a step lasts is the caller's: 5 s in the published protocol of
/// GAIA, 1 ms in a replay.
using Step = std::int64_t;

/// Value i holds over the steps [i x steps_per_value, (i + 1) x steps_per_value). Nothing is known outside.
class Signal {
 public:
  /// bad_input: no value, a value that is negative or not finite, steps_per_value <= 0, or more than 2^53 steps.
  static Result<Signal> make(std::vector<carbon::GramsPerKilowattHour> values, Step steps_per_value);

  std::span<const carbon::GramsPerKilowattHour> values() const { return values_; }
  Step steps_per_value() const { return steps_per_value_; }
  Step end() const { return static_cast<Step>(values_.size()) * steps_per_value_; }
  bool covers(Step from, Step to) const { return 0 <= from && from <= to && to <= end(); }
  /// The value of the step. Precondition: covers(step, step + 1).
  double at(Step step) const;
  /// Sum over the steps [from, to) of their values, in g/kWh x steps. Precondition: covers(from, to).
  /// The prefix sums are kept in twice the working precision: windows of equal values have equal sums wherever they
  /// lie, so that ties are ties.
  double sum(Step from, Step to) const;

 private:
  /// A sum of doubles: its nearest double and what that leaves out.
  struct Sum {
    double head = 0;
    double tail = 0;
  };
  Signal() = default;
  std::vector<carbon::GramsPerKilowattHour> values_;
  std::vector<Sum> prefix_;  ///< prefix_[i]: sum of the first i values
  Step steps_per_value_ = 1;
};

}  // namespace cradle::shifting
