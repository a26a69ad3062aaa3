#include "cradle/carbon/intensity.h"

#include <cassert>
#include <string>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::carbon {

std::string_view name(Signal signal) { return signal == Signal::average ? "average" : "marginal"; }

Result<IntensitySeries> IntensitySeries::make(Signal signal, Instant start, std::int64_t step_ms,
                                              std::vector<GramsPerKilowattHour> steps, bool periodic) {
  const std::string where = "carbon intensity series";
  if (steps.empty()) return bad_input("the series has no steps", where, "give at least one value in g/kWh");
  if (step_ms <= 0) {
    return bad_input("the step is " + std::to_string(step_ms) + " ms", where, "give a step longer than zero");
  }
  const auto count = static_cast<std::int64_t>(steps.size());
  if (start.ms < -reach_ms || start.ms > reach_ms || step_ms > (reach_ms - start.ms) / count) {
    return bad_input("the series reaches beyond the calendar", where, "check its start and its step in milliseconds");
  }

  IntensitySeries series;
  series.signal_ = signal;
  series.start_ = start;
  series.step_ms_ = step_ms;
  series.periodic_ = periodic;
  series.steps_.reserve(steps.size());
  series.prefix_.reserve(steps.size() + 1);
  series.prefix_.push_back({});
  Sum sum;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double given = steps[i].value();
    if (!(given >= 0 && given <= highest.value())) {
      return bad_input("the value is " + shortest(given) + " g/kWh", where + ", step " + std::to_string(i),
                       "give 0 to " + shortest(highest.value()) + " g/kWh, and bridge gaps before the series is made");
    }
    const GramsPerJoule step{steps[i]};
    series.steps_.push_back(step);
    // Knuth's two-sum: head + value == next + lost, exactly.
    const double next = sum.head + step.value();
    const double added = next - sum.head;
    const double lost = (sum.head - (next - added)) + (step.value() - added);
    sum = {next, sum.tail + lost};
    series.prefix_.push_back(sum);
  }
  return series;
}

IntensitySeries IntensitySeries::constant(Signal signal, GramsPerKilowattHour value) {
  auto series = make(signal, Instant{}, ms_per_hour, {value}, true);
  assert(series && "a constant intensity is finite and not negative");
  return *std::move(series);
}

Instant IntensitySeries::end() const { return {start_.ms + step_ms_ * static_cast<std::int64_t>(steps_.size())}; }

bool IntensitySeries::covers(Instant from, Instant to) const {
  if (from > to) return false;
  if (periodic_) return from.ms >= -reach_ms && to.ms <= reach_ms;
  return from >= start_ && from < end() && to <= end();
}

IntensitySeries::Place IntensitySeries::place(Instant at) const {
  const std::int64_t since_start = at.ms - start_.ms;
  std::int64_t cycle = 0;
  std::int64_t phase = since_start;
  if (periodic_) {
    const std::int64_t period = step_ms_ * static_cast<std::int64_t>(steps_.size());
    cycle = since_start / period;
    phase = since_start % period;
    if (phase < 0) {
      phase += period;
      --cycle;
    }
  }
  return {cycle, phase / step_ms_, phase % step_ms_};
}

GramsPerJoule IntensitySeries::at(Instant at) const {
  assert(covers(at, at));
  return steps_[static_cast<std::size_t>(place(at).step)];
}

IntensitySeconds IntensitySeries::integral(Instant from, Instant to) const {
  if (from == to) return IntensitySeconds{0};
  assert(covers(from, to));
  const Place a = place(from);
  const Place b = place(to);
  const double first = steps_[static_cast<std::size_t>(a.step)].value();
  if (a.cycle == b.cycle && a.step == b.step) {
    return IntensitySeconds{first * static_cast<double>(b.offset_ms - a.offset_ms) / ms_per_second};
  }
  // The rest of the first step, the whole steps between, the beginning of the last one.
  const double cycles = static_cast<double>(b.cycle - a.cycle);
  const Sum& total = prefix_.back();
  const Sum& low = prefix_[static_cast<std::size_t>(a.step) + 1];
  const Sum& high = prefix_[static_cast<std::size_t>(b.step)];
  const double whole = (cycles * total.head - low.head + high.head) + (cycles * total.tail - low.tail + high.tail);
  double weighted = whole * static_cast<double>(step_ms_) + first * static_cast<double>(step_ms_ - a.offset_ms);
  if (b.offset_ms > 0) {
    weighted += steps_[static_cast<std::size_t>(b.step)].value() * static_cast<double>(b.offset_ms);
  }
  return IntensitySeconds{weighted / ms_per_second};
}

GramsPerJoule IntensitySeries::mean(Instant from, Instant to) const {
  if (from == to) return at(from);
  return integral(from, to) / Seconds{static_cast<double>(to.ms - from.ms) / ms_per_second};
}

}  // namespace cradle::carbon
