// The root of a rising function between two known values, by inverse quadratic steps that a bisection guards.
#pragma once

#include <algorithm>
#include <cmath>

namespace cradle::inference {

/// 0 <= low, f(low) = at_low < 0 < at_high = f(high); returns a point where f <= 0, within 1e-13 of the root relative
/// to itself.
/// Chandrupatla's rule (Advances in Engineering Software 28, 1997): interpolate where the three last points allow it,
/// halve otherwise, so that at most a few dozen calls are made.
template <class Function>
double bracketed_root(const Function& f, double low, double at_low, double high, double at_high) {
  constexpr int most_steps = 100;
  constexpr double tolerance = 1e-13;
  double newest = high, at_newest = at_high;
  double other = low, at_other = at_low;
  double oldest = low, at_oldest = at_low;
  double share = 0.5;
  for (int step = 0; step < most_steps; ++step) {
    const double point = newest + share * (other - newest);
    const double value = f(point);
    if ((value > 0) == (at_newest > 0)) {
      oldest = newest, at_oldest = at_newest;
    } else {
      oldest = other, at_oldest = at_other;
      other = newest, at_other = at_newest;
    }
    newest = point, at_newest = value;

    const double width = std::fabs(other - newest);
    const double least_step = tolerance * newest;
    if (value == 0) return newest;
    if (width <= 2 * least_step) break;

    const double xi = (newest - other) / (oldest - other);
    const double phi = (at_newest - at_other) / (at_oldest - at_other);
    share = 0.5;
    if (phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi)
      share = at_newest / (at_other - at_newest) * at_oldest / (at_other - at_oldest) +
              (oldest - newest) / (other - newest) * at_newest / (at_oldest - at_newest) * at_other /
                  (at_oldest - at_other);
    const double least = least_step / width;
    share = std::clamp(share, least, 1 - least);
  }
  return at_newest <= 0 ? newest : other;
}

}  // namespace cradle::inference
