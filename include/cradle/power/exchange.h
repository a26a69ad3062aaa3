// One exchange between two tiles: how many coins the first should give to the second.
#pragma once

#include <cstdint>

#include "cradle/power/scenario.h"

namespace cradle::power {

/// As published (BlitzCoin, ISCA 2024, as its open RTL does it): truncated towards zero, so that pairs whose numerator
/// is below the divisor stand still. Positive: a gives to b.
constexpr std::int64_t published_transfer(std::int64_t held_a, std::int64_t demand_a, std::int64_t held_b,
                                          std::int64_t demand_b) {
  if (demand_a + demand_b == 0) return (held_a - held_b) / 2;
  return (held_a * demand_b - held_b * demand_a) / (demand_a + demand_b);
}

/// Ours: to the nearest whole coin, half a coin stays where it is. The pair's imbalance |held_a demand_b - held_b
/// demand_a| never grows and falls with every coin that moves, so exchange ends; no pair is left more than half a coin
/// from its balance. Never more than a holds, nor less than what b holds can give. Preconditions: nothing negative.
constexpr std::int64_t nearest_transfer(std::int64_t held_a, std::int64_t demand_a, std::int64_t held_b,
                                        std::int64_t demand_b) {
  if (demand_a + demand_b == 0) return (held_a - held_b) / 2;
  const std::int64_t divisor = demand_a + demand_b;
  const std::int64_t numerator = held_a * demand_b - held_b * demand_a;
  const std::int64_t size = numerator < 0 ? -numerator : numerator;
  if (2 * size <= divisor) return 0;  // as nearly always, and sooner told than divided
  const std::int64_t coins = (2 * size + divisor - 1) / (2 * divisor);
  return numerator < 0 ? -coins : coins;
}

}  // namespace cradle::power
