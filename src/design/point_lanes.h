// The point equations on the machine's vectors, for as many points at a time as `lanes_batch`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cradle/design/point.h"

namespace cradle::design {

inline constexpr std::size_t lanes_batch = 64;

/// Points that share all but their blocks' options.
struct LaneJob {
  const SystemTerms<double>* system = nullptr;
  Build build;
  /// For each block: its terms, each a column over the block's options.
  std::array<std::array<const double*, block_terms>, most_blocks> columns{};
  /// For each block and point: the option.
  alignas(64) std::array<std::array<std::int64_t, lanes_batch>, most_blocks> options{};
  alignas(64) std::array<std::array<double, lanes_batch>, 4> counts{};  ///< in the order of Counts
  alignas(64) std::array<double, lanes_batch> tries{};
  std::span<const Objective> objectives;

  /// For each objective and point: the value.
  alignas(64) std::array<std::array<double, lanes_batch>, objective_count> values{};
  /// What constraints look at.
  alignas(64) std::array<double, lanes_batch> area{}, carbon{}, throughput{}, cost{}, power{}, busy{}, largest{},
      least_dies{};
};

/// Fills values and what follows for the first `points` points (rounded up to whole vectors, whose options must be
/// sound as well). Chooses the widest vectors that this machine has.
void evaluate_lanes(LaneJob& job, std::size_t points);

/// Name of the instruction set in use: "avx3", "avx2", "baseline".
const char* lanes_target();

}  // namespace cradle::design
