#include "lanes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hash.h"

#if defined(__x86_64__)
#define CRADLE_TARGET(features) __attribute__((target(features)))
#endif

namespace cradle::hierarchy {

namespace {

constexpr std::uint32_t job_seconds = 600;

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

[[gnu::always_inline]] inline Work sum_work(std::span<const std::int32_t> demand, std::span<const std::int32_t> held) {
  constexpr std::size_t width = 16;
  double speed[width] = {};
  std::int32_t asking[width] = {};
  const std::int32_t* __restrict d = demand.data();
  const std::int32_t* __restrict h = held.data();
  const std::size_t whole = demand.size() / width * width;
  const auto one = [&](std::size_t i, std::size_t lane) {
    // Without demand: 0 / 1, and not counted.
    const std::int32_t asked = std::max(d[i], 1);
    speed[lane] += std::sqrt(static_cast<double>(std::min(h[i], d[i])) / asked);
    asking[lane] += d[i] > 0 ? 1 : 0;
  };
  for (std::size_t i = 0; i < whole; i += width)
    for (std::size_t lane = 0; lane < width; ++lane) one(i + lane, lane);
  for (std::size_t i = whole; i < demand.size(); ++i) one(i, i - whole);
  Work work;
  for (std::size_t lane = 0; lane < width; ++lane) {
    work.speed += speed[lane];
    work.asking += asking[lane];
  }
  return work;
}

[[gnu::always_inline]] inline void sum_power(std::span<const std::int32_t> demand, std::span<const std::int32_t> held,
                                             std::size_t fan_out, std::int64_t* by_server) {
  for (std::size_t s = 0; s * fan_out < demand.size(); ++s) {
    const std::int32_t* __restrict d = demand.data() + s * fan_out;
    const std::int32_t* __restrict h = held.data() + s * fan_out;
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < fan_out; ++i) sum += std::min(d[i], h[i]);
    by_server[s] = sum;
  }
}

/// Lane by lane what level_of does; lanes that have found their level find it again until all have.
[[gnu::always_inline]] inline void share_block(const ServerBlock& block) {
  constexpr std::size_t lanes = ServerBlock::servers;
  const std::size_t n = block.devices;
  std::int32_t asked[ServerBlock::most_devices][lanes];
  for (std::size_t s = 0; s < lanes; ++s)
    for (std::size_t i = 0; i < n; ++i) asked[i][s] = block.demand[s][i];
  constexpr double highest = 0x1p30;
  std::int32_t coins[lanes], whole[lanes], open[lanes], met[lanes], last_open[lanes], last_met[lanes];
  double level[lanes];
  bool enough[lanes];
  for (std::size_t s = 0; s < lanes; ++s) {
    enough[s] = block.coins[s] >= block.fill[s]->demand;
    coins[s] = static_cast<std::int32_t>(std::min<std::int64_t>(block.coins[s], block.fill[s]->demand));
    level[s] = enough[s] ? highest : std::min(block.fill[s]->level, highest);
    last_open[s] = last_met[s] = -1;
  }
  for (bool found = false; !found;) {
    for (std::size_t s = 0; s < lanes; ++s) {
      // Of whole numbers: above the level is above its whole part.
      whole[s] = static_cast<std::int32_t>(level[s]);
      open[s] = met[s] = 0;
    }
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t s = 0; s < lanes; ++s) {
        open[s] += asked[i][s] > whole[s] ? 1 : 0;
        met[s] += asked[i][s] > whole[s] ? 0 : asked[i][s];
      }
    found = true;
    for (std::size_t s = 0; s < lanes; ++s) {
      if (enough[s]) continue;
      if (open[s] == 0 && last_open[s] < 0) {
        open[s] = static_cast<std::int32_t>(n);
        met[s] = 0;
      }
      if (open[s] == 0 || (open[s] == last_open[s] && met[s] == last_met[s])) continue;
      found = false;
      last_open[s] = open[s];
      last_met[s] = met[s];
      level[s] = static_cast<double>(std::max(0, coins[s] - met[s])) / open[s];
    }
  }
  std::int32_t left[lanes];
  for (std::size_t s = 0; s < lanes; ++s) {
    whole[s] = static_cast<std::int32_t>(level[s]);
    left[s] = coins[s];
  }
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t s = 0; s < lanes; ++s) left[s] -= std::min(asked[i][s], whole[s]);
  // What rounding leaves, one each to the first that still ask; no branches, as which they are is as good as random.
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t s = 0; s < lanes; ++s) {
      const std::int32_t one =
          static_cast<std::int32_t>(asked[i][s] > whole[s]) & static_cast<std::int32_t>(left[s] > 0);
      asked[i][s] = std::min(asked[i][s], whole[s]) + one;
      left[s] -= one;
    }
  for (std::size_t s = 0; s < lanes; ++s) {
    for (std::size_t i = 0; i < n; ++i) block.held[s][i] = asked[i][s];
    block.fill[s]->level = enough[s] ? std::numeric_limits<double>::infinity() : level[s];
    block.fill[s]->weight = enough[s] ? 0 : last_open[s];
  }
}

struct Plain {
  static void draw(const DemandDraw& draw, std::uint32_t first, std::span<std::int32_t> out) {
    draw_devices(draw, first, out);
  }
  static Work work(std::span<const std::int32_t> demand, std::span<const std::int32_t> held) {
    return sum_work(demand, held);
  }
  static void power(std::span<const std::int32_t> demand, std::span<const std::int32_t> held, std::size_t fan_out,
                    std::int64_t* by_server) {
    sum_power(demand, held, fan_out, by_server);
  }
  static void share(const ServerBlock& block) { share_block(block); }
};

#if defined(__x86_64__)
struct Avx2 {
  CRADLE_TARGET("avx2")
  static void draw(const DemandDraw& draw, std::uint32_t first, std::span<std::int32_t> out) {
    draw_devices(draw, first, out);
  }
  CRADLE_TARGET("avx2")
  static Work work(std::span<const std::int32_t> demand, std::span<const std::int32_t> held) {
    return sum_work(demand, held);
  }
  CRADLE_TARGET("avx2")
  static void power(std::span<const std::int32_t> demand, std::span<const std::int32_t> held, std::size_t fan_out,
                    std::int64_t* by_server) {
    sum_power(demand, held, fan_out, by_server);
  }
  CRADLE_TARGET("avx2")
  static void share(const ServerBlock& block) { share_block(block); }
};
#endif

template <class Set>
constexpr Lanes lanes_of() {
  return {Set::draw, Set::work, Set::power, Set::share};
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
