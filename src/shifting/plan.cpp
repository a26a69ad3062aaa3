#include "cradle/shifting/plan.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::shifting {

namespace {

/// A stretch of steps in which one value holds, within a window.
struct Piece {
  double value;
  Step from;
  Step steps;
};

/// The pieces of [from, to), in order of time.
std::vector<Piece> pieces(const Signal& signal, Step from, Step to) {
  std::vector<Piece> parts;
  const Step width = signal.steps_per_value();
  parts.reserve(static_cast<std::size_t>((to - from) / width + 2));
  for (Step at = from, i = from / width; at < to; ++i) {
    const Step until = std::min(to, (i + 1) * width);
    parts.push_back({signal.values()[static_cast<std::size_t>(i)].value(), at, until - at});
    at = until;
  }
  return parts;
}

/// Appends [from, to), joined to the interval before it where they touch.
void run(Plan& plan, Step from, Step to) {
  if (!plan.empty() && plan.back().to == from)
    plan.back().to = to;
  else
    plan.push_back({from, to});
}

Plan from_start(const Window& window, Step offset) {
  const Step start = window.release + offset;
  return {{start, start + window.length}};
}

Step lowest_slot(const Signal& signal, const Window& window) {
  const Step last = std::min(window.wait, signal.end() - 1 - window.release);
  const Step width = signal.steps_per_value();
  Step best = 0;
  double lowest = signal.at(window.release);
  // Within a value the first step that may be taken is as good as any later one.
  for (Step i = window.release / width + 1; i * width - window.release <= last; ++i) {
    const double value = signal.values()[static_cast<std::size_t>(i)].value();
    if (value < lowest) {
      lowest = value;
      best = i * width - window.release;
    }
  }
  return best;
}

/// The offset 0, 1, 2, ... values after release with the largest score(C(0), C(offset), offset); ties: the earliest.
template <class Score>
Step best_offset(const Signal& signal, const Window& window, Score score) {
  const Step last = std::min(window.wait, signal.end() - window.release - window.known_length);
  if (last < 0) return 0;
  const auto cost = [&](Step offset) {
    const Step from = window.release + offset;
    return signal.sum(from, from + window.known_length);
  };
  const double now = cost(0);
  Step best = 0;
  double highest = score(now, now, Step{0});
  for (Step offset = signal.steps_per_value(); offset <= last; offset += signal.steps_per_value()) {
    const double value = score(now, cost(offset), offset);
    if (value > highest) {
      highest = value;
      best = offset;
    }
  }
  return best;
}

/// The percentile of the steps of the parts, linear between the two steps that it lies between.
double percentile_of(std::vector<Piece> parts, double percentile) {
  std::sort(parts.begin(), parts.end(), [](const Piece& a, const Piece& b) { return a.value < b.value; });
  Step steps = 0;
  for (const Piece& part : parts) steps += part.steps;
  // Divided last: where the place is a whole step, it is found exactly.
  const double place = percentile * static_cast<double>(steps - 1) / 100;
  const Step below = std::min(static_cast<Step>(place), steps - 1);
  const double way = place - static_cast<double>(below);
  Step passed = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    passed += parts[i].steps;
    if (below >= passed) continue;
    const double low = parts[i].value;
    if (below + 1 < passed || i + 1 == parts.size()) return low;
    return low + (parts[i + 1].value - low) * way;
  }
  return parts.back().value;
}

Plan below_threshold(const Signal& signal, const Window& window, const PlanOptions& options) {
  const Step width = signal.steps_per_value();
  const Step ahead = options.percentile_window > 0 ? options.percentile_window : std::min(24 * width, longest_steps);
  const Step seen = std::min(ahead, signal.end() - window.release);
  const double limit = percentile_of(pieces(signal, window.release, window.release + seen), options.percentile);
  Plan plan;
  Step at = window.release, waiting = window.wait, left = window.length;
  while (left > 0 && waiting > 0 && at < signal.end()) {
    const Step i = at / width;
    const Step until = std::min((i + 1) * width, signal.end());
    if (signal.values()[static_cast<std::size_t>(i)].value() < limit) {
      const Step steps = std::min(left, until - at);
      run(plan, at, at + steps);
      left -= steps;
      at += steps;
    } else {
      const Step steps = std::min(waiting, until - at);
      waiting -= steps;
      at += steps;
    }
  }
  if (left > 0) run(plan, at, at + left);
  return plan;
}

Plan cheapest_steps(const Signal& signal, const Window& window) {
  const Step end = std::min(window.release + window.length + window.wait, signal.end());
  if (end - window.release <= window.length) return from_start(window, 0);
  std::vector<Piece> parts = pieces(signal, window.release, end);
  // The dearest value that must be used, and how many steps of it: found by value, used by time.
  std::vector<Piece> by_value = parts;
  std::sort(by_value.begin(), by_value.end(), [](const Piece& a, const Piece& b) { return a.value < b.value; });
  double dearest = 0;
  Step of_dearest = 0;
  for (Step cheaper = 0, i = 0; cheaper < window.length;) {
    dearest = by_value[static_cast<std::size_t>(i)].value;
    of_dearest = window.length - cheaper;
    for (; i < static_cast<Step>(by_value.size()) && by_value[static_cast<std::size_t>(i)].value == dearest; ++i)
      cheaper += by_value[static_cast<std::size_t>(i)].steps;
  }
  Plan plan;
  for (const Piece& part : parts) {
    Step steps = part.value < dearest ? part.steps : 0;
    if (part.value == dearest) {
      steps = std::min(part.steps, of_dearest);
      of_dearest -= steps;
    }
    if (steps > 0) run(plan, part.from, part.from + steps);
  }
  return plan;
}

constexpr std::array<std::string_view, all_time_policies.size()> names{"now",         "lowest-slot", "lowest-window",
                                                                       "carbon-time", "threshold",   "wait-awhile"};

}  // namespace

std::string_view name(TimePolicy policy) { return names[static_cast<std::size_t>(policy)]; }

Result<TimePolicy> time_policy_by_name(std::string_view name) {
  for (const TimePolicy policy : all_time_policies)
    if (names[static_cast<std::size_t>(policy)] == name) return policy;
  const std::vector<std::string> known(names.begin(), names.end());
  return bad_input("no time policy '" + std::string(name) + "'", "policy", suggest(name, known));
}

bool suspends(TimePolicy policy) { return policy == TimePolicy::threshold || policy == TimePolicy::wait_awhile; }

Result<Window> window_until(Step release, Step length, Step deadline) {
  const std::string where = "window";
  if (length <= 0)
    return bad_input("the length is " + std::to_string(length) + " steps", where, "give a length above zero");
  if (release < -longest_steps || release > longest_steps || length > longest_steps || deadline > longest_steps)
    return bad_input("the window reaches beyond 2^53 steps", where, "check the unit of its times");
  if (deadline < release + length) {
    const std::string what = deadline < release
                                 ? "the deadline lies " + std::to_string(release - deadline) + " steps before release"
                                 : "the deadline leaves " + std::to_string(deadline - release) +
                                       " steps for a job of " + std::to_string(length);
    return bad_input(what, where, "give a deadline of at least step " + std::to_string(release + length));
  }
  return Window{release, length, length, deadline - release - length};
}

Result<void> check(const Window& window, const Signal& signal) {
  const auto wrong = [](const char* field, Step value, const char* hint) {
    return bad_input("the " + std::string(field) + " is " + std::to_string(value) + " steps", "window", hint);
  };
  const auto length_wrong = [](Step length) { return length <= 0 || length > longest_steps; };
  if (length_wrong(window.length)) return wrong("length", window.length, "give a length from 1 to 2^53 steps");
  if (length_wrong(window.known_length))
    return wrong("known length", window.known_length, "give a length from 1 to 2^53 steps");
  if (window.wait < 0 || window.wait > longest_steps)
    return wrong("wait", window.wait, "give a wait from 0 to 2^53 steps; a deadline must not come before the release");
  if (!(window.release >= 0 && window.release < signal.end()))
    return wrong("release", window.release, "release jobs within the intensities, or give more of them");
  return {};
}

Plan plan(TimePolicy policy, const Signal& forecast, const Window& window, const PlanOptions& options) {
  assert(check(window, forecast));
  switch (policy) {
    case TimePolicy::now: return from_start(window, 0);
    case TimePolicy::lowest_slot: return from_start(window, lowest_slot(forecast, window));
    case TimePolicy::lowest_window:
      return from_start(window, best_offset(forecast, window, [](double, double cost, Step) { return -cost; }));
    case TimePolicy::carbon_time:
      return from_start(window, best_offset(forecast, window, [&](double now, double cost, Step offset) {
                          return (now - cost) / static_cast<double>(offset + window.known_length);
                        }));
    case TimePolicy::threshold: return below_threshold(forecast, window, options);
    case TimePolicy::wait_awhile: return cheapest_steps(forecast, window);
  }
  return {};
}

double weighted_steps(const Signal& signal, const Plan& plan) {
  double sum = 0;
  for (const Interval& interval : plan) {
    const Step from = std::clamp<Step>(interval.from, 0, signal.end());
    const Step to = std::clamp<Step>(interval.to, 0, signal.end());
    sum += signal.sum(from, to);
  }
  return sum;
}

Step steps_outside(const Signal& signal, const Plan& plan) {
  Step outside = 0;
  for (const Interval& interval : plan) {
    const Step from = std::clamp<Step>(interval.from, 0, signal.end());
    const Step to = std::clamp<Step>(interval.to, 0, signal.end());
    outside += (interval.to - interval.from) - (to - from);
  }
  return outside;
}

}  // namespace cradle::shifting
