// Exchanges of many pairs at once, for the instruction set at hand.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cradle/power/scenario.h"

namespace cradle::power {

/// What the exchanges of one call did.
struct Moves {
  std::uint64_t gives = 0;  ///< pairs whose first gave to the second
  bool any = false;         ///< a coin moved
};

/// What a row of tiles comes to.
struct RowSum {
  double error = 0;        ///< sum of |held - alpha demand - even|
  std::uint32_t seen = 0;  ///< all balances, ored: no balance is larger
};

/// In which numbers a pair is reckoned. Every one gives the same coins as exchange.h within its limit: a quotient of
/// whole numbers, rounded once, never reaches the next whole number if the dividend has fewer bits than the mantissa.
enum class Width : std::uint8_t { single_float, double_float, whole };

/// The narrowest that is exact for balances up to `held` and demands up to `demand`.
Width width_for(std::uint64_t held, std::uint64_t demand);

/// Pairs (a[i], b[i]), a and b apart.
using ApartFn = Moves (*)(Coins* a, const Coins* demand_a, Coins* b, const Coins* demand_b, std::size_t pairs);
/// Pairs (row[2 i], row[2 i + 1]).
using AdjacentFn = Moves (*)(Coins* row, const Coins* demand, std::size_t pairs);
using SumFn = RowSum (*)(const Coins* row, const Coins* demand, std::size_t tiles, double alpha, double even);

struct ExchangeLanes {
  ApartFn apart;
  AdjacentFn adjacent;
};

enum class Lanes : std::uint8_t { plain, avx2, avx512 };
/// The widest that this processor has.
Lanes best_lanes();
ExchangeLanes exchange_lanes(Lanes lanes, Width width, bool nearest);
SumFn sum_lanes(Lanes lanes);

}  // namespace cradle::power
