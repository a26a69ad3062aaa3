#include "cradle/shifting/signal.h"

#include <cassert>
#include <cmath>
#include <string>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::shifting {

namespace {
constexpr Step most_steps = Step{1} << 53;  // whole numbers up to here are exact in a double
}

Result<Signal> Signal::make(std::vector<carbon::GramsPerKilowattHour> values, Step steps_per_value) {
  const std::string where = "intensity signal";
  if (values.empty()) return bad_input("the signal has no values", where, "give at least one value in g/kWh");
  if (steps_per_value <= 0)
    return bad_input("a value lasts " + std::to_string(steps_per_value) + " steps", where,
                     "give a number of steps above zero");
  if (steps_per_value > most_steps / static_cast<Step>(values.size()))
    return bad_input("the signal has more than 2^53 steps", where, "give fewer values, or longer steps");
  Signal signal;
  signal.steps_per_value_ = steps_per_value;
  signal.prefix_.reserve(values.size() + 1);
  signal.prefix_.push_back({});
  Sum sum;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i].value();
    if (!(value >= 0) || !std::isfinite(value))
      return bad_input("the value is " + shortest(value) + " g/kWh", where + ", value " + std::to_string(i),
                       "give finite values of at least zero, and bridge gaps first");
    // Knuth's two-sum: head + value == next + lost, exactly.
    const double next = sum.head + value;
    const double added = next - sum.head;
    const double lost = (sum.head - (next - added)) + (value - added);
    sum = {next, sum.tail + lost};
    signal.prefix_.push_back(sum);
  }
  if (!std::isfinite(sum.head))
    return bad_input("the values add up to more than a number can hold", where, "check their unit: g/kWh");
  signal.values_ = std::move(values);
  return signal;
}

double Signal::at(Step step) const {
  assert(covers(step, step + 1));
  return values_[static_cast<std::size_t>(step / steps_per_value_)].value();
}

double Signal::sum(Step from, Step to) const {
  assert(covers(from, to));
  if (from == to) return 0;
  const Step a = from / steps_per_value_;
  const Step b = to / steps_per_value_;
  const double first = values_[static_cast<std::size_t>(a)].value();
  if (a == b) return first * static_cast<double>(to - from);
  const Sum& low = prefix_[static_cast<std::size_t>(a) + 1];
  const Sum& high = prefix_[static_cast<std::size_t>(b)];
  // The difference of the heads and what its rounding loses, exactly: one rounding is left.
  const double heads = high.head - low.head;
  const double taken = heads - high.head;
  const double lost = (high.head - (heads - taken)) - (low.head + taken);
  const double whole = heads + (lost + (high.tail - low.tail));
  const Step rest = to - b * steps_per_value_;
  double sum =
      first * static_cast<double>((a + 1) * steps_per_value_ - from) + whole * static_cast<double>(steps_per_value_);
  if (rest > 0) sum += values_[static_cast<std::size_t>(b)].value() * static_cast<double>(rest);
  return sum;
}

}  // namespace cradle::shifting
