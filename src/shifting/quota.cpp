#include "cradle/shifting/quota.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cradle/base/text.h"

namespace cradle::shifting {

namespace {

using carbon::GramsPerKilowattHour;

constexpr int most_machines = 10'000'000;

/// x = 1/alpha: the root in 0 .. 1 of (1 + x/k)^k (1 - x) = 1 - low/high, whose left side falls from 1 to 0.
double inverse_ratio(double low_over_high, int k) {
  double below = 0, above = 1;
  for (int i = 0; i < 200 && below < above; ++i) {
    const double middle = below + (above - below) / 2;
    if (middle == below || middle == above) break;
    // In logarithms, precise for large k.
    const double left = k * std::log1p(middle / k) + std::log1p(-middle);
    (left > std::log1p(-low_over_high) ? below : above) = middle;
  }
  return below;
}

}  // namespace

Result<QuotaCurve> QuotaCurve::make(GramsPerKilowattHour low, GramsPerKilowattHour high, int machines, int minimum) {
  const std::string where = "quota";
  if (!std::isfinite(low.value()) || !std::isfinite(high.value()) || !(low.value() > 0) || high < low)
    return bad_input("the bounds are " + shortest(low.value()) + " and " + shortest(high.value()) + " g/kWh", where,
                     "give 0 < low <= high: the lowest and highest intensity that is expected");
  if (machines < 0 || machines > most_machines)
    return bad_input(std::to_string(machines) + " machines are given", where,
                     "give 0 to " + std::to_string(most_machines));
  if (minimum < 0 || minimum > machines)
    return bad_input("the minimum is " + std::to_string(minimum) + " of " + std::to_string(machines) + " machines",
                     where, "give a minimum from 0 to the number of machines");
  QuotaCurve curve;
  curve.minimum_ = minimum;
  const int k = machines - minimum;
  if (k == 0) return curve;
  const double inverse = inverse_ratio(low / high, k);
  curve.ratio_ = 1 / inverse;
  curve.thresholds_.reserve(static_cast<std::size_t>(k));
  for (int i = 1; i <= k; ++i) {
    const double growth = std::exp((i - 1) * std::log1p(inverse / k));
    const double threshold = high.value() * (1 - (1 - inverse) * growth);
    curve.thresholds_.emplace_back(std::clamp(threshold, low.value(), high.value()));
  }
  return curve;
}

int QuotaCurve::quota(GramsPerKilowattHour intensity) const {
  // Thresholds fall: those at or above the intensity come first.
  const auto first_below = std::partition_point(thresholds_.begin(), thresholds_.end(),
                                                [&](GramsPerKilowattHour phi) { return phi >= intensity; });
  return minimum_ + static_cast<int>(first_below - thresholds_.begin());
}

Result<int> quota(GramsPerKilowattHour intensity, GramsPerKilowattHour low, GramsPerKilowattHour high, int machines,
                  int minimum) {
  const auto curve = QuotaCurve::make(low, high, machines, minimum);
  if (!curve) return curve.error();
  return curve->quota(intensity);
}

}  // namespace cradle::shifting
