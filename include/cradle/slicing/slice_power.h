// What an accelerator draws while its slices do different kinds of work.
//
// Nobody has published power by slices in use, let alone of mixed work: each kind has a curve of the catalogue with low
// and high, and the rule by which they add up is ours. Let d_k(x) be what the share x of the slices draws above idle if
// all of it does work of kind k, and d the curve of the hungriest kind (greatest d_k(1)). The share x_k of kind k
// counts as the share of the hungriest kind that would draw as much alone; together they draw what the sum of these
// would:
//   draw = idle + d(min(1, sum over k of d^-1(d_k(x_k)))).
// So one kind alone draws what its curve says, kinds with one curve draw what they would as one kind, more slices never
// draw less, nothing draws less than idle or more than all slices at the hungriest kind.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/accelerator_curves.h"
#include "cradle/slicing/replay.h"

namespace cradle::slicing {

/// The curve of each kind of job, by JobKind.
using KindCurves = std::array<const catalog::AcceleratorCurve*, job_kinds>;

class SlicePower {
 public:
  /// Full power x draw at 1 x the curve, each with its own low and high; straight lines between points. bad_input: a
  /// curve of something else, of another accelerator, one that does not reach from 0 to 1, or one that falls.
  static Result<SlicePower> make(int compute_slices, const catalog::Accelerator& accelerator, const KindCurves& curves);

  /// Slices that pause (a state is saved, instances are made, a job starts) count as idle for the low bound, as working
  /// for the high one, and as half way between the two for the value. Low and high never cross the value.
  carbon::Estimate<carbon::Watts> draw(const SliceLoad& load) const;
  int compute_slices() const { return compute_slices_; }

 private:
  /// One bound of everything.
  struct Bound {
    double idle = 0;                                                           ///< watts, of the hungriest kind
    std::size_t hungriest = 0;                                                 ///< kind
    std::array<std::vector<std::pair<double, double>>, job_kinds> above_idle;  ///< by kind: share, watts
    double watts(const std::array<double, job_kinds>& shares) const;
  };
  SlicePower() = default;
  int compute_slices_ = 7;
  Bound value_, low_, high_;
};

}  // namespace cradle::slicing
