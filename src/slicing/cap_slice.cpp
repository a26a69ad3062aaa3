#include "cradle/slicing/cap_slice.h"

#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"

namespace cradle::slicing {

namespace {

using carbon::Estimate;
using carbon::GramsPerJoule;
using carbon::Watts;

/// Relative power and throughput at a share of busy slices.
struct SlicePoint {
  Estimate<double> power, throughput;
};

Estimate<double> between(const Estimate<double>& a, const Estimate<double>& b, double part) {
  const auto mix = [&](double x, double y) { return x + (y - x) * part; };
  return {mix(a.value, b.value), mix(a.low, b.low), mix(a.high, b.high)};
}

SlicePoint slice_point(const catalog::AcceleratorCurve& slices, double share) {
  const auto& points = slices.points;
  const auto above = std::lower_bound(points.begin(), points.end(), share,
                                      [](const catalog::CurvePoint& point, double s) { return point.at.value() < s; });
  if (above == points.begin() || above->at.value() == share) return {above->power.estimate, above->throughput.estimate};
  const auto below = above - 1;
  const double part = (share - below->at.value()) / (above->at.value() - below->at.value());
  return {between(below->power.estimate, above->power.estimate, part),
          between(below->throughput.estimate, above->throughput.estimate, part)};
}

Estimate<double> times(const Estimate<double>& a, const Estimate<double>& b) {
  return {a.value * b.value, a.low * b.low, a.high * b.high};
}

/// The draw with some slices busy at the clock at which all of them would draw `full` of the uncapped `most`.
double at_same_clock(double full, double most, double idle, double busy) {
  const double clock = std::clamp((full / most - idle) / (1 - idle), 0.0, 1.0);
  return most * (idle + (busy - idle) * clock);
}

/// Points whose caps do not rise are those of a board that its cap does not hold: the later one stands for them.
void add_rising(std::vector<CapPoint>& points, CapPoint point) {
  while (!points.empty() && points.back().cap >= point.cap) points.pop_back();
  points.push_back(std::move(point));
}

bool is_twin(const catalog::SliceProfile& profile, const catalog::Partitioning& rules) {
  return profile.at_most > 0 &&
         std::any_of(rules.profiles.begin(), rules.profiles.end(), [&](const catalog::SliceProfile& other) {
           return other.at_most == 0 && other.compute == profile.compute && other.memory == profile.memory;
         });
}

}  // namespace

double dominant_share(const catalog::SliceProfile& profile, const catalog::Partitioning& rules) {
  return std::max(static_cast<double>(profile.compute) / rules.compute_slices,
                  static_cast<double>(profile.memory) / rules.memory_slices);
}

Result<CapCurve> curve_on_slices(const CapCurve& board, const catalog::AcceleratorCurve& slices, double share,
                                 Sharing sharing) {
  if (slices.curve != catalog::CurveKind::slices)
    return bad_input("curve '" + slices.id + "' is no curve of slices", slices.origin, "name one of kind slices");
  if (!(share > 0 && share <= 1) || slices.points.empty() || share < slices.points.front().at.value())
    return bad_input("a share of " + shortest(share) + " of the slices is outside the curve '" + slices.id + "'",
                     slices.origin, "give a share that the curve has: nothing is extrapolated");
  const SlicePoint busy = slice_point(slices, share);
  std::vector<CapPoint> points;
  if (sharing == Sharing::shared) {
    for (const CapPoint& point : board.points())
      points.push_back({point.cap, point.power * share, times(point.throughput, busy.throughput)});
    return CapCurve::make(std::move(points), board.limit(), slices.origin);
  }
  const SlicePoint idle = slice_point(slices, std::min(share, slices.points.front().at.value()));
  const CapPoint& most = board.points().back();
  const auto draw = [&](Watts full, Watts whole, double idle_part, double busy_part) {
    return Watts{at_same_clock(full.value(), whole.value(), std::min(idle_part, 0.99), busy_part)};
  };
  for (const CapPoint& point : board.points()) {
    // A cap at or below the idle draw cannot be held by any clock.
    if (point.cap < 1 && point.power.value / most.power.value <= idle.power.value) continue;
    Estimate<Watts> power{draw(point.power.value, most.power.value, idle.power.value, busy.power.value),
                          draw(point.power.low, most.power.low, idle.power.low, busy.power.low),
                          draw(point.power.high, most.power.high, idle.power.high, busy.power.high)};
    power.low = std::min(power.low, power.value);
    power.high = std::max(power.high, power.value);
    // The lowest cap under which this clock is held.
    const double cap = point.cap == 1 ? 1 : std::min(point.cap, power.value / board.limit());
    power.high = std::min(power.high, board.limit() * cap);
    power.value = std::min(power.value, power.high);
    add_rising(points, {cap, power, times(point.throughput, busy.throughput)});
  }
  return CapCurve::make(std::move(points), board.limit(), slices.origin);
}

Result<std::vector<SliceCapChoice>> choose_slice_and_cap(const CapCurve& board, const catalog::Accelerator& accelerator,
                                                         const catalog::Partitioning& rules,
                                                         const catalog::AcceleratorCurve& slices, Sharing sharing,
                                                         carbon::Bytes memory, const CapJob& job, const CapCost& cost,
                                                         const Estimate<GramsPerJoule>& intensity) {
  if (!(memory >= carbon::Bytes{}) || memory > accelerator.memory.value())
    return bad_input("the job needs " + shortest(carbon::Gibibytes{memory}.value()) + " GiB, but '" + accelerator.id +
                         "' has " + shortest(carbon::Gibibytes{accelerator.memory.value()}.value()),
                     "memory", "choose an accelerator with more memory, or several");
  auto whole = best_cap(board, job, cost, intensity);
  if (!whole) return std::move(whole).error();
  std::vector<SliceCapChoice> choices = {{"", 1, accelerator.memory.value(), *std::move(whole)}};
  for (const catalog::SliceProfile& profile : rules.profiles) {
    const carbon::Bytes has = rules.slice_memory.value() * static_cast<double>(profile.memory);
    if (has < memory || is_twin(profile, rules)) continue;
    const double share = static_cast<double>(profile.compute) / rules.compute_slices;
    const auto curve = curve_on_slices(board, slices, share, sharing);
    if (!curve) return curve.error();
    CapCost part = cost;
    if (sharing == Sharing::shared) {
      const double kept = dominant_share(profile, rules);
      // The idle draw beyond the compute share is there working or idle, as the host's is.
      part.host_power = cost.host_power * kept + cost.idle_power * (kept - share);
      part.idle_power = cost.idle_power * share;
      part.embodied = cost.embodied * kept;
    }
    // A slice that is too slow for the deadline is no choice; whatever else could be wrong, the whole board has shown.
    if (auto choice = best_cap(*curve, job, part, intensity))
      choices.push_back({profile.name, share, has, *std::move(choice)});
  }
  std::stable_sort(choices.begin(), choices.end(), [](const SliceCapChoice& a, const SliceCapChoice& b) {
    return a.choice.grams.value < b.choice.grams.value;
  });
  return choices;
}

}  // namespace cradle::slicing
