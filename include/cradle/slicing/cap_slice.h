// Slice and cap together: the profile and the power cap with least grams for one job.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cradle/slicing/cap.h"

namespace cradle::slicing {

/// What the rest of the board does while the job has its slice.
enum class Sharing : std::uint8_t {
  /// As busy as the job: draw under load by the share of compute slices; idle draw, host and embodied by
  /// `dominant_share`.
  shared,
  alone,  ///< idle: the job bears the whole board
};

/// The larger of the profile's shares of compute and of memory slices: what it keeps others from using. A 3g.40gb takes
/// half the memory, so it owes half the board and not 3/7. The shares of a layout that takes all compute or all memory
/// slices sum to at least 1; one that leaves some of both (3g + 2g + 1g: 13/14) owes only what it takes.
double dominant_share(const catalog::SliceProfile& profile, const catalog::Partitioning& rules);

/// The curve of a job that has `share` (0 .. 1] of the compute slices, in throughput of the whole board. Shared: the
/// cap acts on a busy board, the slice draws its part of it. Alone: the cap acts at the clock at which the lesser draw
/// reaches it, so that a small slice is not slowed by a cap that a whole board would feel. Power between the points of
/// `slices` is interpolated. bad_input: a curve that is not of slices, a share outside it.
Result<CapCurve> curve_on_slices(const CapCurve& board, const catalog::AcceleratorCurve& slices, double share,
                                 Sharing sharing);

/// One way to run the job.
struct SliceCapChoice {
  std::string profile;  ///< empty: the whole board, not partitioned
  double share = 1;     ///< of the compute slices
  carbon::Bytes memory;
  CapChoice choice;
};

/// The best cap for each profile that has `memory` and meets the deadline, least grams first, the whole board among
/// them. Profiles with media engines are left out: they are others' twins. `memory` in bytes of the board.
/// bad_input: what best_cap refuses where not even the whole board will do; memory beyond that of the board.
Result<std::vector<SliceCapChoice>> choose_slice_and_cap(const CapCurve& board, const catalog::Accelerator& accelerator,
                                                         const catalog::Partitioning& rules,
                                                         const catalog::AcceleratorCurve& slices, Sharing sharing,
                                                         carbon::Bytes memory, const CapJob& job, const CapCost& cost,
                                                         const carbon::Estimate<carbon::GramsPerJoule>& intensity);

}  // namespace cradle::slicing
