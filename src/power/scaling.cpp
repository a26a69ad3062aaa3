#include "cradle/power/scaling.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace cradle::power {

double student_t_95(std::size_t degrees) {
  // Cornish-Fisher expansion about the normal quantile (Abramowitz and Stegun, 26.7.5).
  constexpr double z = 1.959963984540054;
  constexpr double z2 = z * z;
  const auto n = static_cast<double>(degrees);
  const double g1 = z * (z2 + 1) / 4;
  const double g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
  const double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  const double g4 = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
  return z + g1 / n + g2 / (n * n) + g3 / (n * n * n) + g4 / (n * n * n * n);
}

Result<PowerLaw> fit_power_law(std::span<const ScalingPoint> points) {
  if (points.size() < 8) {
    return bad_input(std::to_string(points.size()) + " sizes settled, at least 8 are needed", "scaling",
                     "give at least 8 runs of different sizes");
  }
  std::vector<double> sizes;
  double mean_x = 0, mean_y = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const ScalingPoint& point = points[i];
    if (!(point.tiles > 0) || !(point.time > 0) || !std::isfinite(point.tiles) || !std::isfinite(point.time)) {
      return bad_input("a size or time that is not above 0", "scaling: point " + std::to_string(i + 1),
                       "leave out runs that took no time or never settled, and say so");
    }
    sizes.push_back(point.tiles);
    mean_x += std::log(point.tiles);
    mean_y += std::log(point.time);
  }
  std::sort(sizes.begin(), sizes.end());
  if (std::unique(sizes.begin(), sizes.end()) - sizes.begin() < 3) {
    return bad_input("fewer than 3 different sizes", "scaling", "vary the number of tiles");
  }
  const auto n = static_cast<double>(points.size());
  mean_x /= n;
  mean_y /= n;
  double xx = 0, xy = 0, yy = 0;
  for (const ScalingPoint& point : points) {
    const double x = std::log(point.tiles) - mean_x, y = std::log(point.time) - mean_y;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  PowerLaw law;
  law.points = points.size();
  law.exponent = xy / xx;
  law.factor = std::exp(mean_y - law.exponent * mean_x);
  const double rest = std::max(0.0, yy - law.exponent * xy);
  law.r_squared = yy > 0 ? 1 - rest / yy : 1;
  const double reach = student_t_95(points.size() - 2) * std::sqrt(rest / (n - 2) / xx);
  law.low = law.exponent - reach;
  law.high = law.exponent + reach;
  return law;
}

}  // namespace cradle::power
