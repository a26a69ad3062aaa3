// How a time grows with the number of tiles: time = factor x tiles ^ exponent, fitted with its confidence interval.
#pragma once

#include <cstddef>
#include <span>

#include "cradle/base/result.h"

namespace cradle::power {

/// One run: its size and how long it took, in any unit.
struct ScalingPoint {
  double tiles;
  double time;
};

/// exponent with its two-sided 95 % interval (Student's t).
struct PowerLaw {
  double factor = 0;
  double exponent = 0;
  double low = 0, high = 0;
  double r_squared = 0;
  std::size_t points = 0;
};

/// Ordinary least squares on the logarithms. The interval holds if the points scatter about a power law alike at all
/// sizes; where growth steps or bends it is too narrow. bad_input: fewer than 8 points, fewer than 3 sizes, values that
/// are not above 0 or not finite.
Result<PowerLaw> fit_power_law(std::span<const ScalingPoint> points);

/// Student's t at two-sided 95 % for the given degrees of freedom, 6 or more (within 0.2 %).
double student_t_95(std::size_t degrees);

}  // namespace cradle::power
