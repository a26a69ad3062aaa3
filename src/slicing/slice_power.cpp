#include "cradle/slicing/slice_power.h"

#include <algorithm>

namespace cradle::slicing {

namespace {

using carbon::Estimate;
using carbon::Watts;
using Line = std::vector<std::pair<double, double>>;

/// On the straight line between the points around `at`.
double along(const Line& line, double at) {
  std::size_t i = 1;
  while (i + 1 < line.size() && line[i].first < at) ++i;
  const double part = (at - line[i - 1].first) / (line[i].first - line[i - 1].first);
  return line[i - 1].second + (line[i].second - line[i - 1].second) * std::clamp(part, 0.0, 1.0);
}

/// The least share that draws as much.
double share_that_draws(const Line& line, double watts) {
  if (watts <= line.front().second) return 0;
  std::size_t i = 1;
  while (i + 1 < line.size() && line[i].second < watts) ++i;
  const auto &before = line[i - 1], &after = line[i];
  if (watts >= after.second) return after.first;
  return before.first + (after.first - before.first) * (watts - before.second) / (after.second - before.second);
}

Result<void> check(const catalog::AcceleratorCurve& curve, const catalog::Accelerator& accelerator) {
  if (curve.curve != catalog::CurveKind::slices)
    return bad_input("the curve is of power caps, not of slices", curve.id, "name one with curve = \"slices\"");
  if (std::find(curve.accelerators.begin(), curve.accelerators.end(), accelerator.id) == curve.accelerators.end())
    return bad_input("the curve does not stand for " + accelerator.id, curve.id,
                     "name one that lists it, or add it to the record");
  if (curve.points.size() < 2 || curve.points.front().at.value() != 0 || curve.points.back().at.value() != 1)
    return bad_input("the curve does not reach from 0 slices to all", curve.id, "give it points at 0 and at 1");
  for (std::size_t i = 1; i < curve.points.size(); ++i) {
    const auto &before = curve.points[i - 1].power.estimate, &here = curve.points[i].power.estimate;
    if (here.value < before.value || here.low < before.low || here.high < before.high)
      return bad_input("the power of the curve falls with more slices", curve.id,
                       "more slices that work never draw less: let value, low and high rise");
  }
  return {};
}

}  // namespace

Result<SlicePower> SlicePower::make(int compute_slices, const catalog::Accelerator& accelerator,
                                    const KindCurves& curves) {
  SlicePower power;
  power.compute_slices_ = compute_slices;
  std::array<double, 3> most{-1, -1, -1};
  const std::array<Bound*, 3> bounds{&power.value_, &power.low_, &power.high_};
  const auto pick = [](const auto& estimate, std::size_t bound) {
    return bound == 0 ? estimate.value : bound == 1 ? estimate.low : estimate.high;
  };
  for (std::size_t kind = 0; kind < job_kinds; ++kind) {
    const catalog::AcceleratorCurve& curve = *curves[kind];
    if (auto fine = check(curve, accelerator); !fine) return fine.error();
    for (std::size_t b = 0; b < bounds.size(); ++b) {
      const double full = pick(accelerator.full_power.estimate, b).value() * pick(curve.draw_at_one.estimate, b);
      const double idle = full * pick(curve.points.front().power.estimate, b);
      Line& line = bounds[b]->above_idle[kind];
      for (const catalog::CurvePoint& point : curve.points)
        line.emplace_back(point.at.value(), full * pick(point.power.estimate, b) - idle);
      if (line.back().second <= most[b]) continue;
      most[b] = line.back().second;
      bounds[b]->hungriest = kind;
      bounds[b]->idle = idle;
    }
  }
  return power;
}

double SlicePower::Bound::watts(const std::array<double, job_kinds>& shares) const {
  double share = 0;
  const auto& most = above_idle[hungriest];
  for (std::size_t kind = 0; kind < job_kinds; ++kind)
    if (shares[kind] > 0) share += share_that_draws(most, along(above_idle[kind], shares[kind]));
  return idle + along(most, std::min(1.0, share));
}

Estimate<Watts> SlicePower::draw(const SliceLoad& load) const {
  std::array<double, job_kinds> working, all;
  for (std::size_t kind = 0; kind < job_kinds; ++kind) {
    working[kind] = load.working[kind] / compute_slices_;
    all[kind] = (load.working[kind] + load.paused[kind]) / compute_slices_;
  }
  const double value = (value_.watts(working) + value_.watts(all)) / 2;
  return {Watts{value}, Watts{std::min(value, low_.watts(working))}, Watts{std::max(value, high_.watts(all))}};
}

}  // namespace cradle::slicing
