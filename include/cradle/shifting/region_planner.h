// Region dispatch as jobs arrive: each is placed at once, and what has not started is planned anew.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cradle/shifting/region_dispatch.h"

namespace cradle::shifting {

/// Capacity left by site and hour and what it is worth; a job takes the column of least grams plus the worth of the
/// capacity that it occupies. Pure: the same calls give the same decisions, no clock and no random source but the seed.
class RegionPlanner {
 public:
  /// Jobs are named by the caller's numbers, of any kind; a job is known from `decide` until `forget`.
  using JobId = std::uint64_t;

  struct Options {
    RegionObjective objective;
    std::uint64_t seed = 1;
    unsigned threads = 0;
    int bound_iterations = 60;          ///< of each plan's prices
    std::int64_t search_rounds = 2000;  ///< of each plan
  };

  /// `sites` with the forecast that there is at hour 0. Errors as RegionProblem::make.
  static Result<RegionPlanner> make(std::vector<RegionSite> sites, std::vector<carbon::Seconds> latency,
                                    const Options& options);

  /// A new forecast for a site's hours; what is past is not looked at again. bad_input: another number of hours.
  Result<void> forecast(std::int32_t site, std::vector<carbon::GramsPerKilowattHour> intensity);
  /// What capacity is worth, e.g. of a day before; as many as sites x hours.
  Result<void> set_prices(SiteHourPrices prices);
  const SiteHourPrices& prices() const { return prices_; }

  /// Places a job that arrives at `now` (it cannot start earlier) and reserves its units. Nothing where it no longer
  /// fits: the job stays known, and the next `replan` tries it again. bad_input: as RegionProblem::make, a known id.
  Result<std::optional<Placement>> decide(JobId id, const RegionJob& job, Hour now);
  /// Plans all jobs anew that have not started by `now`, and the prices with them. `expected` jobs take part in the
  /// prices only: what is likely to arrive. A job that was placed stays placed. Returns how many moved.
  Result<std::size_t> replan(Hour now, std::span<const RegionJob> expected = {});
  /// Where a known job is to run; nothing if it has no place or is not known.
  std::optional<Placement> placement(JobId id) const;
  /// The job is over or cancelled at `now`: what it still holds is free again.
  void forget(JobId id, Hour now);

  Units free_units(std::int32_t site, Hour hour) const;

 private:
  struct Known {
    JobId id;
    RegionJob job;
    Placement placement;
  };
  RegionPlanner() = default;
  std::vector<Known>::iterator find(JobId id);
  /// Whether what is free has a place for the job. Precondition: its home and window are in range.
  bool has_room(const RegionJob& job) const;
  void occupy(const RegionJob& job, const Placement& placement, Hour from, Units sign);

  Options options_;
  std::vector<RegionSite> sites_;
  std::vector<carbon::Seconds> latency_;
  Hour hours_ = 0;
  std::vector<Units> free_;  ///< [site x hours + hour]
  SiteHourPrices prices_;
  std::vector<Known> known_;  ///< in order of id
};

}  // namespace cradle::shifting
