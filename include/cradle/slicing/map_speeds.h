// The speeds of jobs that were measured on one divisible accelerator, on the slices of another.
#pragma once

#include <span>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/slicing/replay.h"

namespace cradle::slicing {

/// An accelerator's slices and the memory of one memory slice.
struct SlicedMemory {
  const PartitionTable* table;
  carbon::Bytes slice;
};

/// Where the speeds of the mapped jobs come from: counts of speeds above 0.
struct MappedSpeeds {
  std::vector<SliceJob> jobs;
  std::size_t same_share = 0;  ///< of a measured profile with the same shares of compute and of memory slices
  std::size_t between = 0;     ///< on the line between measured profiles by share of compute slices, from 0 at 0
};

/// Relative speeds on the profiles of `to`; arrivals and lengths stay, so that a job takes as long on the whole of the
/// other accelerator. A speed is that of the measured profile with the same shares of compute and memory slices, or
/// lies on the line between the profiles around its share of compute. A profile holds a job if it has as much memory as
/// the least measured profile that held it: whether less would do was not measured. bad_input: a job that not even the
/// whole of the other accelerator is known to hold, or whose speeds are not those of `from`.
Result<MappedSpeeds> map_speeds(std::span<const SliceJob> jobs, const SlicedMemory& from, const SlicedMemory& to);

}  // namespace cradle::slicing
