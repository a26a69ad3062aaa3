// One node's coins among its devices: weighted max-min fairness, none above its demand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

namespace cradle::hierarchy {

/// How full a node is: `level` quanta per weight at every device that asks for more; `weight` of those; `demand` of
/// all. Infinitely full, of no weight, where all demand is met.
struct Fill {
  std::int64_t demand = 0;
  double level = std::numeric_limits<double>::infinity();
  double weight = 0;
};

/// The water level of `coins` (>= 0), where the demand in all is `sum`. `weight(i)` is whole, 1 or more. `guess`: a
/// level that may be near, > 0 and finite; it changes the time this takes, not the answer.
template <class Weight>
Fill level_of(std::int64_t coins, std::span<const std::int32_t> demand, std::int64_t sum, Weight weight,
              double guess = std::numeric_limits<double>::infinity()) {
  Fill result;
  result.demand = sum;
  if (coins >= sum) return result;
  // What is met at a level is concave and piecewise linear in it: Newton's method comes from any side to below the
  // answer and then climbs, each time over devices that turn out to be met, until nobody new is: that level is exact.
  double level = guess;
  std::int64_t last_open = -1, last_met = -1;
  for (;;) {
    std::int64_t met = 0, open = 0;
    for (std::size_t i = 0; i < demand.size(); ++i) {
      const std::int64_t asks = demand[i] > level * static_cast<double>(weight(i)) ? 1 : 0;
      open += asks * weight(i);
      met += (1 - asks) * demand[i];
    }
    // A guess at which all is met, or none was made: all are open at 0.
    if (open == 0 && last_open < 0) {
      for (std::size_t i = 0; i < demand.size(); ++i) open += weight(i);
      met = 0;
    }
    // Rounding can make the last device look met; the level found so far serves as well.
    if (open == 0 || (open == last_open && met == last_met)) break;
    last_open = open;
    last_met = met;
    level = static_cast<double>(std::max<std::int64_t>(0, coins - met)) / static_cast<double>(open);
  }
  result.level = level;
  result.weight = static_cast<double>(last_open);
  return result;
}

/// Water-filling at a level from level_of: out[i] = min(demand[i], level x weight[i]), whole quanta, what rounding
/// leaves going one each to the first that still ask. Exact: the sum is min(coins, sum of demand).
template <class Weight>
void pour(std::int64_t coins, const Fill& fill, std::span<const std::int32_t> demand, std::span<std::int32_t> out,
          Weight weight) {
  if (coins >= fill.demand) {
    std::copy(demand.begin(), demand.end(), out.begin());
    return;
  }
  std::int64_t given = 0;
  for (std::size_t i = 0; i < demand.size(); ++i) {
    const double share = fill.level * static_cast<double>(weight(i));
    out[i] = share < demand[i] ? static_cast<std::int32_t>(share) : demand[i];
    given += out[i];
  }
  // Of each device that asks for more, less than one quantum was cut off.
  for (std::size_t i = 0; given < coins && i < demand.size(); ++i)
    if (out[i] < demand[i]) {
      ++out[i];
      ++given;
    }
}

/// Both, with all devices alike or with weights.
template <class Weight>
Fill fill(std::int64_t coins, std::span<const std::int32_t> demand, std::span<std::int32_t> out, Weight weight) {
  std::int64_t sum = 0;
  for (const std::int32_t one : demand) sum += one;
  const Fill found = level_of(coins, demand, sum, weight);
  pour(coins, found, demand, out, weight);
  return found;
}

}  // namespace cradle::hierarchy
