#include "cradle/slicing/cap.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "cradle/base/text.h"

namespace cradle::slicing {

namespace {

using carbon::Estimate;
using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::GramsPerSecond;
using carbon::Joules;
using carbon::Seconds;
using carbon::View;
using carbon::Watts;

template <class Q>
double number(Q q) {
  if constexpr (std::is_same_v<Q, double>)
    return q;
  else
    return q.value();
}

template <class Q>
bool in_order(const Estimate<Q>& e, double lowest) {
  return std::isfinite(number(e.low)) && std::isfinite(number(e.high)) && number(e.low) >= lowest && e.low <= e.value &&
         e.value <= e.high;
}

double between(double a, double b, double part) { return a + (b - a) * part; }

template <class Q>
Estimate<Q> between(const Estimate<Q>& a, const Estimate<Q>& b, double part) {
  return {Q(between(number(a.value), number(b.value), part)), Q(between(number(a.low), number(b.low), part)),
          Q(between(number(a.high), number(b.high), part))};
}

CapPoint between(const CapPoint& a, const CapPoint& b, double part) {
  return {between(a.cap, b.cap, part), between(a.power, b.power, part), between(a.throughput, b.throughput, part)};
}

/// One value of everything that has bounds.
struct Scenario {
  Watts power, idle, host;
  double throughput;
  GramsPerSecond embodied;
};

struct Amounts {
  Joules energy;
  GramsCO2e embodied;
  Seconds time;
};

Amounts amounts(const Scenario& s, const CapJob& job, const CapCost& cost) {
  const Seconds time = job.work / s.throughput;
  const Seconds kept = std::max(time, job.deadline);
  const Watts after = cost.sleep ? Watts{} : s.idle + s.host;
  switch (cost.view) {
    case View::attributional: return {(s.power + s.host) * time, s.embodied * time, time};
    case View::marginal: return {std::max(Watts{}, s.power + s.host - after) * time, {}, time};
    case View::planning: return {(s.power + s.host) * time + after * (kept - time), s.embodied * kept, time};
  }
  return {};
}

template <class Q>
void widen(Estimate<Q>& e, Q q) {
  e.low = std::min(e.low, q);
  e.high = std::max(e.high, q);
}

}  // namespace

Result<CapCurve> CapCurve::make(std::vector<CapPoint> points, Watts limit, const std::string& where) {
  const auto refuse = [&](const std::string& message) {
    return bad_input(message, where, "give caps that rise to 1, each with its power and throughput");
  };
  if (!(std::isfinite(limit.value()) && limit > Watts{})) return refuse("the board's power limit is not positive");
  if (points.empty()) return refuse("a curve of power caps without points");
  double before = 0;
  for (const CapPoint& point : points) {
    const std::string at = " at the cap " + shortest(point.cap);
    if (!(point.cap > before)) return refuse("caps must rise from above 0, but there is one" + at);
    if (!in_order(point.power, 0)) return refuse("power is negative, not finite or out of order" + at);
    if (!in_order(point.throughput, 0) || !(point.throughput.low > 0))
      return refuse("throughput is not positive, not finite or out of order" + at);
    before = point.cap;
  }
  if (before != 1) return refuse("the curve ends at the cap " + shortest(before));
  return CapCurve(std::move(points), limit);
}

Result<CapCurve> CapCurve::make(const catalog::AcceleratorCurve& curve, const catalog::Accelerator& accelerator) {
  const auto refuse = [&](const std::string& message) {
    return bad_input("curve '" + curve.id + "' " + message, curve.origin,
                     "'cradle catalog list curve' shows all; 'cradle catalog show ID' says what one stands for");
  };
  if (curve.curve != catalog::CurveKind::power_cap) return refuse("is no curve of power caps");
  if (std::find(curve.accelerators.begin(), curve.accelerators.end(), accelerator.id) == curve.accelerators.end())
    return refuse("does not stand for the accelerator '" + accelerator.id + "'");
  const Watts limit = accelerator.full_power.value();
  const Estimate<double>& draw = curve.draw_at_one.estimate;
  std::vector<CapPoint> points;
  points.reserve(curve.points.size());
  for (const catalog::CurvePoint& from : curve.points) {
    const Estimate<double>& power = from.power.estimate;
    const double cap = from.at.value();
    const auto watts = [&](double relative) { return limit * std::min(relative, cap); };
    points.push_back({cap,
                      {watts(draw.value * power.value), watts(draw.low * power.low), watts(draw.high * power.high)},
                      from.throughput.estimate});
  }
  return make(std::move(points), limit, curve.origin);
}

Result<CapPoint> CapCurve::at(double cap) const {
  if (!(cap >= lowest_cap() && cap <= 1))
    return bad_input("a cap of " + shortest(cap) + " of the limit is outside the curve", "power cap",
                     "give one from " + shortest(lowest_cap()) + " to 1: nothing is known beyond");
  const auto above = std::lower_bound(points_.begin(), points_.end(), cap,
                                      [](const CapPoint& point, double c) { return point.cap < c; });
  if (above->cap == cap) return *above;
  const CapPoint& below = *(above - 1);
  CapPoint point = between(below, *above, (cap - below.cap) / (above->cap - below.cap));
  point.cap = cap;
  return point;
}

std::vector<CapPoint> CapCurve::crossings(double wanted) const {
  std::vector<CapPoint> found;
  for (std::size_t i = 0; i < points_.size(); ++i) {
    const double here = points_[i].throughput.value;
    if (here == wanted) found.push_back(points_[i]);
    if (i + 1 == points_.size()) break;
    const double next = points_[i + 1].throughput.value;
    if ((here < wanted) == (next < wanted) || here == wanted || next == wanted) continue;
    CapPoint point = between(points_[i], points_[i + 1], (wanted - here) / (next - here));
    point.throughput.value = wanted;
    found.push_back(point);
  }
  return found;
}

Estimate<GramsCO2e> CapBill::grams(const Estimate<GramsPerJoule>& intensity, double pue) const {
  return {carbon::operational(energy.value, pue, intensity.value) + embodied.value,
          carbon::operational(energy.low, pue, intensity.low) + embodied.low,
          carbon::operational(energy.high, pue, intensity.high) + embodied.high};
}

Result<void> check(const CapJob& job, const CapCost& cost) {
  if (!(std::isfinite(job.work.value()) && job.work > Seconds{}))
    return bad_input("the work takes " + shortest(job.work.value()) + " s", "work", "give a time above 0");
  if (!(std::isfinite(job.deadline.value()) && job.deadline >= job.work))
    return bad_input("the deadline is " + shortest(job.deadline.value()) + " s, but the work takes " +
                         shortest(job.work.value()) + " s without a cap",
                     "deadline", "allow at least " + shortest(job.work.value()) + " s");
  if (!(std::isfinite(cost.pue) && cost.pue >= 1))
    return bad_input("a PUE of " + shortest(cost.pue), "PUE", "it is facility energy over IT energy: 1 or more");
  if (!in_order(cost.idle_power, 0) || !in_order(cost.host_power, 0) || !in_order(cost.embodied, 0))
    return bad_input("idle power, host power or embodied carbon is negative, not finite or out of order", "cost",
                     "0 <= low <= value <= high must hold");
  return {};
}

CapBill bill(const CapPoint& point, const CapJob& job, const CapCost& cost) {
  const Amounts middle = amounts(
      {point.power.value, cost.idle_power.value, cost.host_power.value, point.throughput.value, cost.embodied.value},
      job, cost);
  CapBill result{Estimate<Joules>::exact(middle.energy), Estimate<GramsCO2e>::exact(middle.embodied),
                 Estimate<Seconds>::exact(middle.time)};
  // Each amount is monotone in each input, so its bounds are at the corners.
  for (unsigned corner = 0; corner < 32; ++corner) {
    const auto pick = [&](unsigned bit, const auto& e) { return corner >> bit & 1 ? e.high : e.low; };
    const Amounts a = amounts({pick(0, point.power), pick(1, cost.idle_power), pick(2, cost.host_power),
                               pick(3, point.throughput), pick(4, cost.embodied)},
                              job, cost);
    widen(result.energy, a.energy);
    widen(result.embodied, a.embodied);
    widen(result.time, a.time);
  }
  return result;
}

Result<CapChoice> best_cap(const CapCurve& curve, const CapJob& job, const CapCost& cost,
                           const Estimate<GramsPerJoule>& intensity) {
  if (auto usable = check(job, cost); !usable) return usable.error();
  if (!in_order(intensity, 0))
    return bad_input("the intensity is negative, not finite or out of order", "intensity",
                     "0 <= low <= value <= high must hold");
  const double wanted = job.work / job.deadline;
  std::vector<CapPoint> candidates = curve.crossings(wanted);
  double fastest = 0;
  for (const CapPoint& point : curve.points()) {
    fastest = std::max(fastest, point.throughput.value);
    if (point.throughput.value > wanted) candidates.push_back(point);
  }
  if (candidates.empty())
    return bad_input("the deadline asks for " + shortest(wanted) + " of the speed of the whole board, but there is " +
                         shortest(fastest),
                     "deadline", "allow " + shortest(1 / fastest) + " times the time that the work takes there");
  std::optional<CapChoice> best;
  const auto rank = [](const CapChoice& choice) {
    return std::tuple(choice.grams.value, -choice.point.throughput.value, choice.point.cap);
  };
  for (const CapPoint& point : candidates) {
    CapBill amounts_at = bill(point, job, cost);
    const CapChoice choice{point, amounts_at, amounts_at.grams(intensity, cost.pue)};
    if (!best || rank(choice) < rank(*best)) best = choice;
  }
  return *best;
}

}  // namespace cradle::slicing
