// How many machines any scheduler may use at an intensity: the carbon-dependent quota of CAP.
//
// Source: Lechowicz et al., "Carbon- and Precedence-Aware Scheduling for Data Processing Clusters", arXiv 2502.09717:
// CAP wraps a scheduler and lets it use between a minimum and all machines, by the thresholds of online k-min search
// (Lorenz, Panagiotou and Steger, "Optimal algorithms for k-search with application in option pricing", Algorithmica
// 2009). With k machines above the minimum and an intensity known to stay within L .. U, the i-th of them is switched
// on at or below
//   phi_i = U [1 - (1 - 1/alpha) (1 + 1/(k alpha))^(i - 1)],  i = 1 .. k,
// where alpha, the competitive ratio, solves (1 + 1/(k alpha))^k (1 - 1/alpha) = 1 - L/U.
// The thresholds are derived from what makes them optimal (at every stop the cost is alpha times the best, which the
// test holds them to), not copied: the two papers' own lines were not at hand, so that CAP may round or index the quota
// between two thresholds otherwise, by one machine.
#pragma once

#include <span>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::shifting {

class QuotaCurve {
 public:
  /// bad_input: low <= 0, high < low, bounds that are not finite, minimum outside 0 .. machines, or more than 10
  /// million machines.
  static Result<QuotaCurve> make(carbon::GramsPerKilowattHour low, carbon::GramsPerKilowattHour high, int machines,
                                 int minimum);

  /// Falls from all machines at or below L to the minimum at U; intensities outside L .. U are taken as the nearest.
  /// Pure. NaN gives the minimum.
  int quota(carbon::GramsPerKilowattHour intensity) const;
  /// phi_1 .. phi_k, falling.
  std::span<const carbon::GramsPerKilowattHour> thresholds() const { return thresholds_; }
  /// alpha: grams of the k purchases over those of the best in hindsight, at worst.
  double competitive_ratio() const { return ratio_; }

 private:
  QuotaCurve() = default;
  std::vector<carbon::GramsPerKilowattHour> thresholds_;
  int minimum_ = 0;
  double ratio_ = 1;
};

/// One intensity's quota; errors as QuotaCurve::make.
Result<int> quota(carbon::GramsPerKilowattHour intensity, carbon::GramsPerKilowattHour low,
                  carbon::GramsPerKilowattHour high, int machines, int minimum);

}  // namespace cradle::shifting
