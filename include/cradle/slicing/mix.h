// Generated mixes of training, fine-tuning and inference jobs, so that no result rests on one trace.
#pragma once

#include <cstdint>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/slicing/replay.h"

namespace cradle::slicing {

struct MixOptions {
  std::size_t jobs = 100;
  carbon::Seconds mean_gap{60};      ///< between arrivals, exponential
  carbon::Seconds mean_length{770};  ///< of training and fine-tuning on the whole accelerator, log-normal (sigma 1.5)
  double training = 0.5, fine_tuning = 0.25, inference = 0.25;  ///< shares, scaled to a sum of 1
};

/// Jobs in order of arrival. The time of one unit of work on a slice is
///   a * (all compute / its compute) + b * (all memory / its memory) + c,  a + b + c = 1,
/// an additive roofline: work that waits for compute units, for memory bandwidth (which goes with memory slices), or
/// for neither. Training draws mostly a and fits from 1, 2 or 4 memory slices on; fine-tuning mostly b and needs 2 or
/// 4; inference mostly c, serves a rate of 5..40 % of what the whole accelerator could, lasts 0.5..2 h, and is slowed
/// only where a slice serves less than that rate. Lengths are at least 60 s, at most 50 times their mean. These forms
/// are our estimate, not measured. bad_input: no job or more than 1e6, a mean that is not above 0, shares that are
/// negative or all 0.
Result<std::vector<SliceJob>> generate_mix(const PartitionTable& table, const MixOptions& options, std::uint64_t seed);

}  // namespace cradle::slicing
