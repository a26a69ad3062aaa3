// No schedule emits less than this: the linear relaxation of region dispatch, through prices of site-hours.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "cradle/shifting/region.h"

namespace cradle::shifting {

/// What a unit of capacity is worth at each site and hour: [site x hours + hour], >= 0.
using SiteHourPrices = std::vector<carbon::GramsCO2e>;

/// What an optimiser counts. Ablations take knobs away: a schedule then moves only where capacity leaves no choice.
struct RegionObjective {
  bool embodied = true;  ///< false: operational grams alone
  bool move = true;      ///< false: away from home costs more than it can ever save
  bool wait = true;      ///< false: an hour of waiting costs more than it can ever save
};

struct BoundOptions {
  RegionObjective objective;
  int iterations = 0;  ///< 0: by the number of jobs
  std::uint64_t seed = 1;
  unsigned threads = 0;               ///< 0: one per processor; the result is the same for any number
  SiteHourPrices start;               ///< empty: none. Prices to begin from
  std::function<bool()> interrupted;  ///< asked before each iteration; true: what there is by then
};

/// The Lagrangian dual of the time-indexed form: x[job, site, start] with one column per job, capacity rows priced.
/// Prices p give the bound  sum over jobs of the cheapest column under p - sum of p x capacity  (valid for any p >= 0);
/// the volume algorithm (Barahona and Anbil, Mathematical Programming 87, 2000) raises it towards the optimum of the
/// linear relaxation and returns, as weights on the choices of its iterations, a fractional schedule.
struct RegionBound {
  carbon::GramsCO2e bound{};  ///< to rounding (1e-9 of it); grams of `objective`
  SiteHourPrices prices;      ///< that prove it
  int iterations = 0;
  /// The fractional schedule: with probability weights[k] / sum of weights a job runs as choices[k] says.
  std::vector<double> weights;
  std::vector<RegionSchedule> choices;
  /// Largest use of a site-hour by the fractional schedule over its capacity.
  double overload = 0;
};
RegionBound region_bound(const RegionProblem& problem, const BoundOptions& options = {});

/// The same relaxation for the question how much can be served at all: no schedule serves all jobs if `unit_hours` > 0.
struct ShortageBound {
  double unit_hours = 0;  ///< at least so many unit-hours of demand stay unserved in every schedule
  std::int32_t site = 0;  ///< of the scarcest site-hours: the site with the most of them, and where they begin and end
  Hour from = 0, to = 0;
};
ShortageBound shortage_bound(const RegionProblem& problem, const BoundOptions& options = {});

}  // namespace cradle::shifting
