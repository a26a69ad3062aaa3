// What a column (job, site, start) costs, in O(1) from prefix sums; the cheapest column of a job under prices.
#pragma once

#include <limits>
#include <vector>

#include "cradle/shifting/region_bound.h"

namespace cradle::shifting {

/// Running sums over the hours of every site: [site x (hours + 1) + hour].
using Prefix = std::vector<double>;

class RegionColumns {
 public:
  RegionColumns(const RegionProblem& problem, const RegionObjective& objective);

  struct Found {
    double cost = std::numeric_limits<double>::infinity();
    Placement placement;
  };

  /// Grams by the objective, surcharges for knobs that are taken away included.
  double cost(std::size_t job, const Placement& placement) const;
  /// What leaving the job out counts as: more than any column.
  double unserved_cost(std::size_t job) const;
  /// Least cost + demand x prices over the columns that capacity allows the job alone; `grams` false: prices alone.
  /// Ties go to the first site and start. There is one: the problem has been checked.
  Found cheapest(std::size_t job, const Prefix& prices, bool grams = true) const;
  /// Least cost + weight x demand x prices (null: none) over the columns that `left`, by cell, has room for; nowhere
  /// if there is none.
  Found cheapest_free(std::size_t job, const Prefix* prices, double weight, const std::vector<Units>& left) const;

  const RegionProblem& problem() const { return *problem_; }
  std::size_t row(std::int32_t site) const { return static_cast<std::size_t>(site) * (hours_ + 1); }
  std::size_t cell(std::int32_t site, Hour hour) const {
    return static_cast<std::size_t>(site) * hours_ + static_cast<std::size_t>(hour);
  }
  std::size_t cells() const { return hours_ * rates_.size(); }
  /// Sums of values by cell.
  void sum(const std::vector<double>& values, Prefix& prefix) const;
  Prefix sum(const SiteHourPrices& prices) const;

 private:
  /// cost(start) = rate x (sum of intensity) + fixed + by_hour x (start - release).
  struct Terms {
    double rate, fixed, by_hour;
  };
  Terms terms(std::size_t job, std::int32_t site) const;
  /// More than the job can emit anywhere.
  double dearest(std::size_t job) const;

  const RegionProblem* problem_;
  RegionObjective objective_;
  std::size_t hours_;
  Prefix intensity_;
  std::vector<double> rates_, embodied_;            ///< by site: kWh of the site for one of the job; grams by unit-hour
  std::vector<Units> least_;                        ///< by site: least capacity of an hour
  double dearest_rate_ = 0, dearest_embodied_ = 0;  ///< of a kWh at any site, grams; of a unit-hour
};

}  // namespace cradle::shifting
