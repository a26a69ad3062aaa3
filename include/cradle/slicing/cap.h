// Power caps: what a board draws and does under one, what a unit of work then emits, and which cap emits least.
//
// With linear interpolation grams(cap) = [power(cap) x PUE x intensity + embodied a second] / throughput(cap) is a
// ratio of linear functions between two points of a curve, hence monotone there: the least is at a point or at a limit
// on time. The searches below are exact, and need no convexity.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/metric.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/accelerator_curves.h"

namespace cradle::slicing {

/// A board under a cap. `cap` is relative to its limit; throughput is relative to the whole board without a cap.
struct CapPoint {
  double cap = 1;
  carbon::Estimate<carbon::Watts> power;
  carbon::Estimate<double> throughput;
};

/// Power and throughput of one board at one kind of work, at every cap from the lowest to 1.
class CapCurve {
 public:
  /// The catalogue's curve in the watts of an accelerator, whose full power is taken for its limit. No point draws more
  /// than its cap, in either bound. bad_input: a curve of slices, or one that does not stand for this accelerator.
  static Result<CapCurve> make(const catalog::AcceleratorCurve& curve, const catalog::Accelerator& accelerator);
  /// From points; `where` names them in errors. bad_input: none, caps that do not rise within (0, 1] and end at 1,
  /// power that is negative, throughput that is not positive, anything out of order or not finite.
  static Result<CapCurve> make(std::vector<CapPoint> points, carbon::Watts limit, const std::string& where);

  std::span<const CapPoint> points() const { return points_; }
  carbon::Watts limit() const { return limit_; }
  double lowest_cap() const { return points_.front().cap; }

  /// On the straight line between two points. bad_input below the lowest cap and above 1: nothing is extrapolated.
  Result<CapPoint> at(double cap) const;
  /// The caps at which throughput is exactly `wanted`, rising; of a flat part its ends.
  std::vector<CapPoint> crossings(double wanted) const;

 private:
  CapCurve(std::vector<CapPoint> points, carbon::Watts limit) : points_(std::move(points)), limit_(limit) {}
  std::vector<CapPoint> points_;
  carbon::Watts limit_;
};

/// Work on one board: how long it takes there without a cap, and by when it must be done.
struct CapJob {
  carbon::Seconds work;      ///< > 0
  carbon::Seconds deadline;  ///< from its start; at least `work`
};

/// What the place costs besides the board's draw under load.
struct CapCost {
  carbon::Estimate<carbon::Watts> idle_power;         ///< of the board when its work is done
  carbon::Estimate<carbon::Watts> host_power;         ///< the board's share of the rest of its machine, working or idle
  carbon::Estimate<carbon::GramsPerSecond> embodied;  ///< of board and share of the machine, EMC over lifetime
  double pue = 1;
  /// attributional: joules and embodied share of the time that the work takes; what is idle then is on another line.
  /// marginal: joules above what board and host would draw without the job; hardware already bought counts nothing.
  /// planning: the board is kept for the job until its deadline: idle joules and the embodied share of all that time.
  carbon::View view = carbon::View::attributional;
  /// Board and host are off (0 W, at once and for nothing) when the work is done; else they stay idle.
  bool sleep = false;
};

/// What a job takes at one cap, before it is priced: affine in the intensity, which is why break-evens are closed
/// forms.
struct CapBill {
  carbon::Estimate<carbon::Joules> energy;  ///< at the machine, before PUE
  carbon::Estimate<carbon::GramsCO2e> embodied;
  carbon::Estimate<carbon::Seconds> time;  ///< until the work is done

  carbon::Estimate<carbon::GramsCO2e> grams(const carbon::Estimate<carbon::GramsPerJoule>& intensity, double pue) const;
};

/// Refuses what the functions below assume: work > 0, deadline >= work, PUE >= 1, powers and embodied finite, not
/// negative and in order.
Result<void> check(const CapJob& job, const CapCost& cost);

/// Bounds are those over every combination of the bounds of its inputs. Precondition: check() passes.
CapBill bill(const CapPoint& point, const CapJob& job, const CapCost& cost);

/// The cap chosen, and what it comes to.
struct CapChoice {
  CapPoint point;
  CapBill bill;
  carbon::Estimate<carbon::GramsCO2e> grams;
};

/// The cap with least grams (middle values) of those that meet the deadline (middle throughput). Equal grams: the
/// fastest, then the lowest cap. bad_input: what check() refuses, or a deadline that no cap meets, with what is
/// missing.
Result<CapChoice> best_cap(const CapCurve& curve, const CapJob& job, const CapCost& cost,
                           const carbon::Estimate<carbon::GramsPerJoule>& intensity);

}  // namespace cradle::slicing
