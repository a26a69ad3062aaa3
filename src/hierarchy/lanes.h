// The loops over all devices, for the vectors that the processor has. Whole numbers, or one order of addition: every
// instruction set comes to the same results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fill.h"

namespace cradle::hierarchy {

/// What GeneratedDemand::fill needs of its options and the second.
struct DemandDraw {
  std::uint32_t seed = 0, now = 0, moment = 0, threshold = 0, highest = 0, noise = 0;
};

struct Work {
  double speed = 0;  ///< sum of sqrt(held / demand), at most 1 each, over those that ask
  std::int64_t asking = 0;
};

/// Eight servers of `devices` devices. A lane that is not used: coins 0 and demand and held of any other.
struct ServerBlock {
  static constexpr std::size_t servers = 8, most_devices = 64;
  std::size_t devices = 0;
  const std::int32_t* demand[servers] = {};
  std::int32_t* held[servers] = {};
  std::int64_t coins[servers] = {};
  Fill* fill[servers] = {};  ///< level: in, a guess; out, what was found
};

struct Lanes {
  void (*draw_demand)(const DemandDraw& draw, std::uint32_t first, std::span<std::int32_t> out);
  /// Summed over each `fan_out`.
  void (*sums)(std::span<const std::int32_t> demand, std::size_t fan_out, std::int64_t* by_server);
  /// Of exponent 2, each device's speed rounded as a float is; `drawn` takes min(demand, held), summed over each
  /// `fan_out`.
  Work (*work)(std::span<const std::int32_t> demand, std::span<const std::int32_t> held, std::size_t fan_out,
               std::int64_t* drawn);
  /// level_of and pour (fill.h) for eight servers at once, all weights 1. Preconditions: at most `most_devices` each, a
  /// demand in all below 2^31, `fill[s].demand` is the sum.
  void (*share)(const ServerBlock& block);
  /// level_of alone: nobody's `held` is touched.
  void (*level)(const ServerBlock& block);
};

const Lanes& lanes();
/// Without vectors: what the others are compared with.
const Lanes& plain_lanes();

}  // namespace cradle::hierarchy
