#include "lanes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "hash.h"

#if defined(__x86_64__)
#define CRADLE_TARGET(features) __attribute__((target(features)))
#endif

namespace cradle::hierarchy {

namespace {

constexpr std::uint32_t job_seconds = 600;
constexpr std::size_t usual_fan_out = 8;

[[gnu::always_inline]] inline void draw_devices(const DemandDraw& draw, std::uint32_t first,
                                                std::span<std::int32_t> out) {
  const DemandDraw d = draw;
  std::int32_t* __restrict to = out.data();
  const auto count = static_cast<std::uint32_t>(out.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    // Jobs begin at a time of the device's own.
    const std::uint32_t own = mix((first + i) ^ d.seed);
    const std::uint32_t job = (d.now + (own & 1023U) * job_seconds / 1024U) / job_seconds;
    const std::uint32_t bits = mix(own + job * 0x9e37'79b9U);
    const std::uint32_t level = 96U + (bits & 127U) + ((bits >> 7) & 31U);  // 96 .. 254 of 256
    const std::uint32_t shake = (mix(own ^ d.moment) >> 24) * d.noise;      // 0 .. 255 x noise
    const std::uint32_t quanta = (((d.highest * level) >> 8) * ((65'536U - shake) >> 4)) >> 12;
    to[i] = (bits >> 8) < d.threshold ? static_cast<std::int32_t>(quanta) : 0;
  }
}

/// Of `Fixed` devices each, which the compiler unrolls; 0: of `fan_out`.
template <std::size_t Fixed>
[[gnu::always_inline]] inline void sum_servers(std::span<const std::int32_t> demand, std::size_t fan_out,
                                               std::int64_t* __restrict by_server) {
  const std::size_t n = Fixed > 0 ? Fixed : fan_out;
  const std::int32_t* __restrict d = demand.data();
  for (std::size_t s = 0; s < demand.size() / n; ++s) {
    // Few devices' sum fits 32 bits.
    std::conditional_t<(Fixed > 0), std::int32_t, std::int64_t> sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += d[s * n + i];
    by_server[s] = sum;
  }
}

[[gnu::always_inline]] inline void sum_demand(std::span<const std::int32_t> demand, std::size_t fan_out,
                                              std::int64_t* by_server) {
  if (fan_out == usual_fan_out) return sum_servers<usual_fan_out>(demand, fan_out, by_server);
  sum_servers<0>(demand, fan_out, by_server);
}

[[gnu::always_inline]] inline Work sum_speed(std::span<const std::int32_t> demand, std::span<const std::int32_t> held) {
  constexpr std::size_t width = 16, rows = 16;
  const std::int32_t* __restrict d = demand.data();
  const std::int32_t* __restrict h = held.data();
  Work work;
  // As floats are summed up for a few rows only, what is rounded off stays below that of one device's speed.
  for (std::size_t first = 0; first < demand.size(); first += width * rows) {
    const std::size_t end = std::min(demand.size(), first + width * rows);
    const std::size_t whole = first + (end - first) / width * width;
    float speed[width] = {};
    std::int32_t asking[width] = {};
    const auto one = [&](std::size_t i, std::size_t lane) __attribute__((always_inline)) {
      // Without demand: 0 / 1, and not counted.
      speed[lane] += std::sqrt(static_cast<float>(std::min(h[i], d[i])) / static_cast<float>(std::max(d[i], 1)));
      asking[lane] += d[i] > 0 ? 1 : 0;
    };
    for (std::size_t i = first; i < whole; i += width)
      for (std::size_t lane = 0; lane < width; ++lane) one(i + lane, lane);
    for (std::size_t i = whole; i < end; ++i) one(i, i - whole);
    for (std::size_t lane = 0; lane < width; ++lane) {
      work.speed += static_cast<double>(speed[lane]);
      work.asking += asking[lane];
    }
  }
  return work;
}

template <std::size_t Fixed>
[[gnu::always_inline]] inline void sum_drawn(std::span<const std::int32_t> demand, std::span<const std::int32_t> held,
                                             std::size_t fan_out, std::int64_t* __restrict drawn) {
  const std::size_t n = Fixed > 0 ? Fixed : fan_out;
  const std::int32_t* __restrict d = demand.data();
  const std::int32_t* __restrict h = held.data();
  for (std::size_t s = 0; s < demand.size() / n; ++s) {
    std::conditional_t<(Fixed > 0), std::int32_t, std::int64_t> sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += std::min(d[s * n + i], h[s * n + i]);
    drawn[s] = sum;
  }
}

[[gnu::always_inline]] inline Work sum_work(std::span<const std::int32_t> demand, std::span<const std::int32_t> held,
                                            std::size_t fan_out, std::int64_t* drawn) {
  if (fan_out == usual_fan_out)
    sum_drawn<usual_fan_out>(demand, held, fan_out, drawn);
  else
    sum_drawn<0>(demand, held, fan_out, drawn);
  return sum_speed(demand, held);
}

constexpr std::size_t eight = ServerBlock::servers;
using Eight = std::int32_t __attribute__((vector_size(eight * sizeof(std::int32_t))));

/// Rows and columns changed over.
[[gnu::always_inline]] inline void transpose(Eight (&r)[eight]) {
  Eight a[eight], b[eight];
  for (std::size_t i = 0; i < eight; i += 2) {
    a[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    a[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (std::size_t i = 0; i < eight; i += 4)
    for (std::size_t k = 0; k < 2; ++k) {
      b[i + 2 * k] = __builtin_shufflevector(a[i + k], a[i + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      b[i + 2 * k + 1] = __builtin_shufflevector(a[i + k], a[i + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (std::size_t i = 0; i < 4; ++i) {
    r[i] = __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    r[i + 4] = __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// Lane by lane what level_of does, and, if `Pour`, what pour does; lanes that have found their level keep it until all
/// have. Of `Fixed` devices each, which then stay in registers; 0: of as many as the block says.
template <std::size_t Fixed, bool Pour>
[[gnu::always_inline]] inline void fill_lanes(const ServerBlock& block) {
  const std::size_t n = Fixed > 0 ? Fixed : block.devices;
  constexpr double highest = 0x1p30;
  constexpr std::int32_t yes = -1, no = 0;  // as vectors compare
  Eight coins, enough, last_open, last_met;
  double level[eight];
  std::int32_t all_enough = yes;
  for (std::size_t s = 0; s < eight; ++s) {
    enough[s] = block.coins[s] >= block.fill[s]->demand ? yes : no;
    all_enough &= enough[s];
    coins[s] = static_cast<std::int32_t>(std::min<std::int64_t>(block.coins[s], block.fill[s]->demand));
    level[s] = enough[s] ? highest : std::min(block.fill[s]->level, highest);
    last_open[s] = last_met[s] = -1;
  }
  if (all_enough) {
    for (std::size_t s = 0; s < eight; ++s) {
      if (Pour) std::memcpy(block.held[s], block.demand[s], n * sizeof(std::int32_t));
      *block.fill[s] = {block.fill[s]->demand};
    }
    return;
  }
  Eight asked[Fixed > 0 ? Fixed : ServerBlock::most_devices];
  if constexpr (Fixed == eight) {
    for (std::size_t s = 0; s < eight; ++s) std::memcpy(&asked[s], block.demand[s], sizeof(Eight));
    transpose(asked);
  } else {
    for (std::size_t s = 0; s < eight; ++s)
      for (std::size_t i = 0; i < n; ++i) asked[i][s] = block.demand[s][i];
  }
  Eight whole, open, met;
  for (bool found = false; !found;) {
    // Of whole numbers: above the level is above its whole part.
    for (std::size_t s = 0; s < eight; ++s) whole[s] = static_cast<std::int32_t>(level[s]);
    open = met = Eight{};
    for (std::size_t i = 0; i < n; ++i) {
      const Eight above = asked[i] > whole;
      open -= above;
      met += asked[i] & ~above;
    }
    // Nobody is open at a guess that was too high: all are at 0.
    const Eight too_high = (open == 0) & (last_open < 0);
    open += too_high & static_cast<std::int32_t>(n);
    met &= ~too_high;
    const Eight go_on = ~enough & (open != 0) & ((open != last_open) | (met != last_met));
    last_open = (open & go_on) | (last_open & ~go_on);
    last_met = (met & go_on) | (last_met & ~go_on);
    std::int32_t any = 0;
    for (std::size_t s = 0; s < eight; ++s) {
      const double next = static_cast<double>(std::max(0, coins[s] - met[s])) / std::max(1, open[s]);
      level[s] = go_on[s] ? next : level[s];
      any |= go_on[s];
    }
    found = any == 0;
  }
  if constexpr (Pour) {
    Eight left = coins;
    for (std::size_t i = 0; i < n; ++i) left -= asked[i] < whole ? asked[i] : whole;
    // What rounding leaves, one each to the first that still ask; no branches, as which they are is as good as random.
    for (std::size_t i = 0; i < n; ++i) {
      const Eight one = (asked[i] > whole) & (left > 0);
      asked[i] = (asked[i] < whole ? asked[i] : whole) - one;
      left += one;
    }
    if constexpr (Fixed == eight) {
      transpose(asked);
      for (std::size_t s = 0; s < eight; ++s) std::memcpy(block.held[s], &asked[s], sizeof(Eight));
    } else {
      for (std::size_t s = 0; s < eight; ++s)
        for (std::size_t i = 0; i < n; ++i) block.held[s][i] = asked[i][s];
    }
  }
  for (std::size_t s = 0; s < eight; ++s) {
    block.fill[s]->level = enough[s] ? std::numeric_limits<double>::infinity() : level[s];
    block.fill[s]->weight = enough[s] ? 0 : last_open[s];
  }
}

template <bool Pour>
[[gnu::always_inline]] inline void fill_block(const ServerBlock& block) {
  if (block.devices == usual_fan_out) return fill_lanes<usual_fan_out, Pour>(block);
  fill_lanes<0, Pour>(block);
}

struct Plain {
  static void draw(const DemandDraw& draw, std::uint32_t first, std::span<std::int32_t> out) {
    draw_devices(draw, first, out);
  }
  static void sums(std::span<const std::int32_t> demand, std::size_t fan_out, std::int64_t* by_server) {
    sum_demand(demand, fan_out, by_server);
  }
  static Work work(std::span<const std::int32_t> demand, std::span<const std::int32_t> held, std::size_t fan_out,
                   std::int64_t* drawn) {
    return sum_work(demand, held, fan_out, drawn);
  }
  static void share(const ServerBlock& block) { fill_block<true>(block); }
  static void level(const ServerBlock& block) { fill_block<false>(block); }
};

#if defined(__x86_64__)
struct Avx2 {
  CRADLE_TARGET("avx2")
  static void draw(const DemandDraw& draw, std::uint32_t first, std::span<std::int32_t> out) {
    draw_devices(draw, first, out);
  }
  CRADLE_TARGET("avx2")
  static void sums(std::span<const std::int32_t> demand, std::size_t fan_out, std::int64_t* by_server) {
    sum_demand(demand, fan_out, by_server);
  }
  CRADLE_TARGET("avx2")
  static Work work(std::span<const std::int32_t> demand, std::span<const std::int32_t> held, std::size_t fan_out,
                   std::int64_t* drawn) {
    return sum_work(demand, held, fan_out, drawn);
  }
  CRADLE_TARGET("avx2")
  static void share(const ServerBlock& block) { fill_block<true>(block); }
  CRADLE_TARGET("avx2")
  static void level(const ServerBlock& block) { fill_block<false>(block); }
};
#endif

template <class Set>
constexpr Lanes lanes_of() {
  return {Set::draw, Set::sums, Set::work, Set::share, Set::level};
}

}  // namespace

const Lanes& plain_lanes() {
  static constexpr Lanes all = lanes_of<Plain>();
  return all;
}

const Lanes& lanes() {
#if defined(__x86_64__)
  static constexpr Lanes wide = lanes_of<Avx2>();
  if (__builtin_cpu_supports("avx2")) return wide;
#endif
  return plain_lanes();
}

}  // namespace cradle::hierarchy
