// What the joules and device-seconds of one tick cost in grams: the grid at that time, and how surely it is known.
#pragma once

#include <optional>
#include <vector>

#include "cradle/carbon/account.h"
#include "cradle/carbon/estimate.h"
#include "hardware.h"
#include "tick_division.h"

namespace cradle::observe {

/// Half of a two-sided 90 % interval of a normal distribution, in standard deviations: low and high of a meter's joules
/// are its 5th and 95th percentile, as the catalogue's ranges are.
inline constexpr double deviations_to_bound = 1.6449;

class TickPrice {
 public:
  /// `wall` lies within the site's series, which `hardware_of` makes periodic or constant.
  TickPrice(const Hardware& hardware, const carbon::Period& wall, const std::vector<ZoneTotals>& zones,
            const std::vector<ZoneTick>& ticks);

  /// low: every component's joules at the low end of its meter, times the low end of the intensity; high likewise.
  carbon::Estimate<carbon::GramsCO2e> average(const ByComponent& microjoules) const;
  std::optional<carbon::Estimate<carbon::GramsCO2e>> marginal(const ByComponent& microjoules) const;
  /// The share of each part's embodied carbon that these device-seconds take out of its life.
  carbon::Estimate<carbon::GramsCO2e> embodied(const std::array<double, components>& device_seconds) const;
  carbon::GramsCO2e embodied(Component component, double device_seconds) const;
  /// Nominal, at the average intensity.
  carbon::GramsCO2e average(attribution::MicroJoules microjoules) const;

 private:
  carbon::Estimate<carbon::GramsCO2e> priced(const ByComponent& microjoules, carbon::GramsPerJoule intensity,
                                             const SignalRange& range) const;
  const Hardware& hardware_;
  carbon::GramsPerJoule average_;
  std::optional<carbon::GramsPerJoule> marginal_;
  std::array<double, components> low_{}, high_{};  ///< of the component's joules, ratios to the reading
};

}  // namespace cradle::observe
