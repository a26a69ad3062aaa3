// Region dispatch: a site and a start for each job, with the least life-cycle grams found and a proof of how near.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "cradle/shifting/region.h"
#include "cradle/shifting/region_bound.h"

namespace cradle::shifting {

struct DispatchOptions {
  RegionObjective objective;
  std::uint64_t seed = 1;
  unsigned threads = 0;             ///< 0: one per processor; the result is the same for any number
  int bound_iterations = 0;         ///< 0: by the number of jobs
  std::int64_t search_rounds = -1;  ///< of local search; -1: by the number of jobs, and more while that helps
  int roundings = 0;                ///< samples of the fractional schedule; 0: by the number of jobs
  double good_enough = 0;           ///< search ends at this gap, a ratio
  /// Schedules of the same jobs that are known already. What is found is no worse, by the objective, than any of them.
  std::vector<RegionSchedule> known;
  /// Asked often, from any thread; true: the best so far. What comes out then depends on when it was.
  std::function<bool()> interrupted;
  /// Told how much of the work is done, 0 .. 1, from one thread at a time.
  std::function<void(double)> progress;
};

struct Dispatch {
  RegionSchedule schedule;
  RegionGrams grams;                  ///< of the jobs that are served
  std::vector<std::size_t> unserved;  ///< jobs for which no place was found, though none was proven to be missing
  carbon::GramsCO2e bound{};          ///< no schedule of all jobs emits less, by the objective
  /// Grams by the objective over the bound, less one; nothing while jobs are unserved or the bound is 0.
  std::optional<double> gap;
  SiteHourPrices prices;
  int bound_iterations = 0;
  bool interrupted = false;
};

/// Bound, randomised rounding with repair, local search; then, until no job moves any more, each in order of release
/// the earliest start, and of those the site nearest to home, that has room and costs no more (to 1e-9). bad_input if a
/// known schedule is none, or if it is proven that no schedule serves all jobs: by the sums of check_aggregate, or by
/// shortage_bound where jobs are left over.
Result<Dispatch> dispatch(const RegionProblem& problem, const DispatchOptions& options = {});

/// In order of release each job takes the earliest start at home, or where it can start earliest if home cannot end it
/// in time; what fits nowhere is unserved. What happens without looking at carbon.
RegionSchedule run_now_at_home(const RegionProblem& problem);

}  // namespace cradle::shifting
