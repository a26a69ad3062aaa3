#include "cradle/carbon/decision.h"

#include <cmath>

#include "cradle/base/text.h"

namespace cradle::carbon {

Result<SiteSignals> SiteSignals::make(double pue, const IntensitySeries& average, const IntensitySeries* marginal) {
  if (!std::isfinite(pue) || pue < 1) {
    return bad_input("the PUE is " + shortest(pue), "pue", "facility energy over IT energy is at least 1");
  }
  if (average.signal() != Signal::average) {
    return bad_input("a marginal series stands in the place of the average one", "average",
                     "give the average intensity here and the marginal one as marginal");
  }
  if (marginal && marginal->signal() != Signal::marginal) {
    return bad_input("an average series stands in the place of the marginal one", "marginal",
                     "leave it out where the site has no marginal signal");
  }
  return SiteSignals(pue, &average, marginal ? marginal : &average);
}

PlacementCost decision_cost(const SiteSignals& site, const Placement& placement) {
  const Seconds duration{static_cast<double>(placement.end.ms - placement.start.ms) / ms_per_second};
  const IntensitySeconds average = site.average().integral(placement.start, placement.end);
  const IntensitySeconds marginal =
      &site.marginal() == &site.average() ? average : site.marginal().integral(placement.start, placement.end);

  PlacementCost cost;
  cost.jsc = placement.busy * site.pue() * average;
  cost.asc = cost.jsc + placement.embodied * duration;
  cost.marginal = (placement.busy - placement.base) * site.pue() * marginal + placement.unpurchased * duration;
  cost.marginal_signal = site.marginal().signal();
  return cost;
}

}  // namespace cradle::carbon
