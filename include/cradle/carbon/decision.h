// What a placement would emit: the one call that a scheduler makes per candidate, without allocating.
#pragma once

#include "cradle/base/result.h"
#include "cradle/carbon/intensity.h"
#include "cradle/carbon/metric.h"

namespace cradle::carbon {

/// The grid signals of a site, in the form that decisions read: average and marginal in their own places, checked once.
/// It refers to the series, which must outlive it.
class SiteSignals {
 public:
  /// bad_input if `average` is no average series, `marginal` is no marginal one, or PUE is below 1 or not finite.
  /// Without a marginal series (null) the marginal cost uses the average one and says so.
  static Result<SiteSignals> make(double pue, const IntensitySeries& average, const IntensitySeries* marginal);
  static Result<SiteSignals> make(double pue, IntensitySeries&& average, const IntensitySeries* marginal) = delete;

  double pue() const { return pue_; }
  const IntensitySeries& average() const { return *average_; }
  const IntensitySeries& marginal() const { return *marginal_; }
  bool covers(Instant from, Instant to) const { return average_->covers(from, to) && marginal_->covers(from, to); }

 private:
  SiteSignals(double pue, const IntensitySeries* average, const IntensitySeries* marginal)
      : pue_(pue), average_(average), marginal_(marginal) {}

  double pue_;
  const IntensitySeries* average_;
  const IntensitySeries* marginal_;  ///< the average series where the site has no marginal one
};

/// A job on the hardware it would reserve, over the time it would run.
struct Placement {
  Watts busy;                  ///< draw of the reserved hardware with the job on it
  Watts base;                  ///< of these, what that hardware draws anyway if it stays on (0 if it would be off)
  GramsPerSecond embodied;     ///< sum over the reserved components of EMC x reserved share / lifetime
  GramsPerSecond unpurchased;  ///< the part of `embodied` on hardware that is bought because of this decision
  Instant start;
  Instant end;
};

/// The cost of a placement in the two views that a scheduler compares.
struct PlacementCost {
  GramsCO2e jsc;       ///< operational grams of the whole draw, average intensity
  GramsCO2e asc;       ///< jsc + embodied share: the attributional view. Never place by it on hardware already bought
  GramsCO2e marginal;  ///< what the placement changes: the draw above base, and hardware not bought yet
  Signal marginal_signal = Signal::average;  ///< the signal that `marginal` was computed with
};

/// At most 200 ns, no allocation. Precondition: start <= end, and the site covers [start, end).
PlacementCost decision_cost(const SiteSignals& site, const Placement& placement);

}  // namespace cradle::carbon
