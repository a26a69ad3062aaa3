#include "exchange_lanes.h"

#include <cmath>
#include <type_traits>

#include "cradle/power/exchange.h"

#if defined(__x86_64__)
#define CRADLE_TARGET(features) __attribute__((target(features)))
#endif

namespace cradle::power {

namespace {

/// exchange.h without branches. Real: float or double, every step of it exact but the quotient.
template <class Real, bool nearest>
[[gnu::always_inline]] inline Coins transfer(Coins held_a, Coins demand_a, Coins held_b, Coins demand_b) {
  if constexpr (std::is_integral_v<Real>) {
    return static_cast<Coins>(nearest ? nearest_transfer(held_a, demand_a, held_b, demand_b)
                                      : published_transfer(held_a, demand_a, held_b, demand_b));
  } else {
    const Real ha = static_cast<Real>(held_a), hb = static_cast<Real>(held_b);
    const Real da = static_cast<Real>(demand_a), db = static_cast<Real>(demand_b);
    // Two idle tiles meet half way: the difference over 2, which both rules then round towards zero.
    const bool idle = da + db == 0;
    const Real divisor = idle ? Real{2} : da + db;
    const Real numerator = idle ? ha - hb : ha * db - hb * da;
    if constexpr (!nearest) return static_cast<Coins>(numerator / divisor);
    return static_cast<Coins>((2 * numerator + std::copysign(divisor - 1, numerator)) / (2 * divisor));
  }
}

template <class Real, bool nearest>
[[gnu::always_inline]] inline Moves apart(Coins* __restrict a, const Coins* __restrict demand_a, Coins* __restrict b,
                                          const Coins* __restrict demand_b, std::size_t pairs) {
  std::uint32_t gives = 0, moved = 0;  // of a row: fewer than 2^32
  for (std::size_t i = 0; i < pairs; ++i) {
    const Coins coins = transfer<Real, nearest>(a[i], demand_a[i], b[i], demand_b[i]);
    a[i] -= coins;
    b[i] += coins;
    gives += coins > 0 ? 1U : 0U;
    moved |= static_cast<std::uint32_t>(coins);
  }
  return {gives, moved != 0};
}

template <class Real, bool nearest>
[[gnu::always_inline]] inline Moves adjacent(Coins* __restrict row, const Coins* __restrict demand, std::size_t pairs) {
  std::uint32_t gives = 0, moved = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    const Coins coins = transfer<Real, nearest>(row[2 * i], demand[2 * i], row[2 * i + 1], demand[2 * i + 1]);
    row[2 * i] -= coins;
    row[2 * i + 1] += coins;
    gives += coins > 0 ? 1U : 0U;
    moved |= static_cast<std::uint32_t>(coins);
  }
  return {gives, moved != 0};
}

/// Sixteen partial sums, so that every instruction set adds in the same order.
[[gnu::always_inline]] inline RowSum sum(const Coins* __restrict row, const Coins* __restrict demand, std::size_t tiles,
                                         double alpha, double even) {
  double error[16] = {};
  std::uint32_t seen[16] = {};
  const std::size_t whole = tiles / 16 * 16;
  for (std::size_t i = 0; i < whole; i += 16) {
    for (std::size_t j = 0; j < 16; ++j) {
      const double share = alpha * demand[i + j] + even;
      error[j] += std::abs(row[i + j] - share);
      seen[j] |= static_cast<std::uint32_t>(row[i + j]);
    }
  }
  for (std::size_t i = whole; i < tiles; ++i) {
    const double share = alpha * demand[i] + even;
    error[i - whole] += std::abs(row[i] - share);
    seen[i - whole] |= static_cast<std::uint32_t>(row[i]);
  }
  RowSum total;
  for (std::size_t j = 0; j < 16; ++j) {
    total.error += error[j];
    total.seen |= seen[j];
  }
  return total;
}

struct Plain {
  template <class Real, bool nearest>
  static Moves apart_pairs(Coins* a, const Coins* demand_a, Coins* b, const Coins* demand_b, std::size_t pairs) {
    return apart<Real, nearest>(a, demand_a, b, demand_b, pairs);
  }
  template <class Real, bool nearest>
  static Moves adjacent_pairs(Coins* row, const Coins* demand, std::size_t pairs) {
    return adjacent<Real, nearest>(row, demand, pairs);
  }
  static RowSum row_sum(const Coins* row, const Coins* demand, std::size_t tiles, double alpha, double even) {
    return sum(row, demand, tiles, alpha, even);
  }
};

#if defined(__x86_64__)
struct Avx2 {
  template <class Real, bool nearest>
  CRADLE_TARGET("avx2")
  static Moves apart_pairs(Coins* a, const Coins* demand_a, Coins* b, const Coins* demand_b, std::size_t pairs) {
    return apart<Real, nearest>(a, demand_a, b, demand_b, pairs);
  }
  template <class Real, bool nearest>
  CRADLE_TARGET("avx2")
  static Moves adjacent_pairs(Coins* row, const Coins* demand, std::size_t pairs) {
    return adjacent<Real, nearest>(row, demand, pairs);
  }
  CRADLE_TARGET("avx2")
  static RowSum row_sum(const Coins* row, const Coins* demand, std::size_t tiles, double alpha, double even) {
    return sum(row, demand, tiles, alpha, even);
  }
};

struct Avx512 {
  template <class Real, bool nearest>
  CRADLE_TARGET("avx2,avx512f,avx512bw,avx512dq,avx512vl")
  static Moves apart_pairs(Coins* a, const Coins* demand_a, Coins* b, const Coins* demand_b, std::size_t pairs) {
    return apart<Real, nearest>(a, demand_a, b, demand_b, pairs);
  }
  template <class Real, bool nearest>
  CRADLE_TARGET("avx2,avx512f,avx512bw,avx512dq,avx512vl")
  static Moves adjacent_pairs(Coins* row, const Coins* demand, std::size_t pairs) {
    return adjacent<Real, nearest>(row, demand, pairs);
  }
  CRADLE_TARGET("avx2,avx512f,avx512bw,avx512dq,avx512vl")
  static RowSum row_sum(const Coins* row, const Coins* demand, std::size_t tiles, double alpha, double even) {
    return sum(row, demand, tiles, alpha, even);
  }
};
#endif

template <class Set, bool nearest>
ExchangeLanes of_width(Width width) {
  switch (width) {
    case Width::single_float:
      return {Set::template apart_pairs<float, nearest>, Set::template adjacent_pairs<float, nearest>};
    case Width::double_float:
      return {Set::template apart_pairs<double, nearest>, Set::template adjacent_pairs<double, nearest>};
    case Width::whole: break;
  }
  return {Set::template apart_pairs<std::int64_t, nearest>, Set::template adjacent_pairs<std::int64_t, nearest>};
}

template <class Set>
ExchangeLanes of_rule(Width width, bool nearest) {
  return nearest ? of_width<Set, true>(width) : of_width<Set, false>(width);
}

}  // namespace

Width width_for(std::uint64_t held, std::uint64_t demand) {
  // The largest dividend is 2 held x demand + (2 demand - 1); of two idle tiles it is that for a demand of 1.
  const std::uint64_t factor = demand == 0 ? 1 : demand;
  const auto fits = [&](std::uint64_t limit) {
    return factor < limit / 4 && held <= (limit - 2 * factor - 2) / (2 * factor);
  };
  if (fits(std::uint64_t{1} << 24)) return Width::single_float;
  return fits(std::uint64_t{1} << 53) ? Width::double_float : Width::whole;
}

Lanes best_lanes() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return Lanes::avx512;
  }
  if (__builtin_cpu_supports("avx2")) return Lanes::avx2;
#endif
  return Lanes::plain;
}

ExchangeLanes exchange_lanes(Lanes lanes, Width width, bool nearest) {
#if defined(__x86_64__)
  if (lanes == Lanes::avx512) return of_rule<Avx512>(width, nearest);
  if (lanes == Lanes::avx2) return of_rule<Avx2>(width, nearest);
#endif
  (void)lanes;
  return of_rule<Plain>(width, nearest);
}

SumFn sum_lanes(Lanes lanes) {
#if defined(__x86_64__)
  if (lanes == Lanes::avx512) return Avx512::row_sum;
  if (lanes == Lanes::avx2) return Avx2::row_sum;
#endif
  (void)lanes;
  return Plain::row_sum;
}

}  // namespace cradle::power
