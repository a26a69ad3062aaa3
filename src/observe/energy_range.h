// How surely a component's joules are known, of the whole node once, so that the range of one tenant is two products.
#pragma once

#include <cstdint>

#include "cradle/observe/node.h"

namespace cradle::observe {

/// The convention is `energy_estimate`'s (node.h).
class EnergyRange {
 public:
  EnergyRange(const Snapshot& snapshot, Component component);
  /// Of `microjoules` in all, of which `dynamic` are not idle ones.
  carbon::Estimate<carbon::Joules> of(std::int64_t microjoules, std::int64_t dynamic) const;

 private:
  std::int64_t metered_ = 0;
  double unattributed_share_ = 0;  ///< of a tenant's dynamic joules: what may be added to them
  double low_ = 1, high_ = 1;      ///< ratios to the reading
};

}  // namespace cradle::observe
