// A schedule under change: what is left of each site-hour, who runs where, what it costs; and its improvement.
#pragma once

#include <functional>
#include <vector>

#include "cradle/base/random.h"
#include "region_columns.h"

namespace cradle::shifting {

class Packing {
 public:
  explicit Packing(const RegionColumns& columns);

  const RegionSchedule& schedule() const { return schedule_; }
  const std::vector<Units>& left() const { return left_; }
  /// Grams by the objective; unserved jobs at what leaving them out counts as.
  double cost() const { return cost_; }
  const std::vector<std::size_t>& unserved() const { return unserved_; }

  bool fits(std::size_t job, const Placement& placement) const;
  /// Precondition: the job is not served; nowhere is allowed and changes nothing. It need not fit.
  void place(std::size_t job, const Placement& placement);
  void remove(std::size_t job);
  /// The first hour of the placement without room for the job, or -1.
  Hour blocked(std::size_t job, const Placement& placement) const;
  /// A random job that runs in the site-hour, or none after some tries.
  std::size_t running(std::int32_t site, Hour hour, RandomStream& stream) const;
  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

 private:
  void occupy(std::size_t job, const Placement& placement, Units sign);

  const RegionColumns* columns_;
  Hour longest_ = 1;
  RegionSchedule schedule_;
  std::vector<Units> left_;
  double cost_ = 0;
  std::vector<std::vector<std::uint32_t>> started_;  ///< by cell: the jobs that start there
  std::vector<std::uint32_t> place_in_list_;         ///< of a job in started_ or unserved_
  std::vector<std::size_t> unserved_;
};

/// Each job takes the column that the fractional schedule draws for it if it still fits, large jobs first; the others
/// the cheapest that is free under prices.
Packing rounded(const RegionColumns& columns, const RegionBound& bound, const Prefix& prices, RandomStream stream);

struct SearchOptions {
  std::int64_t rounds = 0;
  double target = 0;       ///< ends at this cost
  double temperature = 0;  ///< of the first round, as a part of the mean cost of a job; 0: only improvements
  std::function<bool()> interrupted;
  std::function<void(double)> progress;
};

/// Rounds of ejection: a job goes where prices say that it belongs, those in its way leave and take the cheapest free
/// places with others that left; the round stands if the whole costs less (or, early, little more). The best found.
Packing improved(Packing packing, const RegionColumns& columns, const Prefix& prices, const SearchOptions& options,
                 RandomStream stream);

}  // namespace cradle::shifting
