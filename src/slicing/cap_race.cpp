#include "cradle/slicing/cap_race.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cradle::slicing {

namespace {

using carbon::Estimate;
using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::Joules;

/// What steady takes less than racing in energy, and more in embodied carbon; both may be negative.
struct Difference {
  Joules saved;
  GramsCO2e added;
};

/// Energies that differ by less than this part of racing's are the same: the rest is rounding.
constexpr double same_energy = 1e-12;

CapPoint exact(const CapPoint& point, carbon::Watts power, double throughput) {
  return {point.cap, Estimate<carbon::Watts>::exact(power), Estimate<double>::exact(throughput)};
}

Difference difference(const CapPoint& race, const CapPoint& steady, const CapJob& job, const CapCost& cost) {
  const CapBill fast = bill(race, job, cost), slow = bill(steady, job, cost);
  const Joules saved = fast.energy.value - slow.energy.value;
  const bool same = std::abs(saved.value()) <= same_energy * fast.energy.value.value();
  return {same ? Joules{} : saved, slow.embodied.value - fast.embodied.value};
}

/// Where saved x PUE x intensity == added. The slower strategy holds the board longer: added is not negative but for
/// throughputs above 1 within their bounds, which count as 0.
GramsPerJoule equal_at(const Difference& d, double pue) {
  if (!(d.saved > Joules{})) return GramsPerJoule{std::numeric_limits<double>::infinity()};
  return std::max(GramsPerJoule{}, d.added / (d.saved * pue));
}

}  // namespace

Result<CapRace> race_or_steady(const CapCurve& curve, const CapJob& job, const CapCost& cost,
                               const Estimate<GramsPerJoule>& intensity) {
  auto best = best_cap(curve, job, cost, intensity);
  if (!best) return std::move(best).error();
  const double wanted = job.work / job.deadline;
  CapPoint slow = curve.points().front();
  if (slow.throughput.value < wanted) slow = curve.crossings(wanted).front();
  const CapPoint& fast = curve.points().back();

  const auto choice = [&](const CapPoint& point) {
    const CapBill amounts = bill(point, job, cost);
    return CapChoice{point, amounts, amounts.grams(intensity, cost.pue)};
  };
  CapRace result{choice(fast), choice(slow), *std::move(best), false, Verdict::unclear, {}};
  result.race_is_less = result.race.grams.value <= result.steady.grams.value;

  // A board that draws more than its curve's middle does so under both strategies: power goes up and down in one step,
  // relative to each point's own bounds. Work without a cap is the measure of throughput and has no bounds.
  const Difference middle = difference(exact(fast, fast.power.value, fast.throughput.value),
                                       exact(slow, slow.power.value, slow.throughput.value), job, cost);
  const GramsPerJoule flip = equal_at(middle, cost.pue);
  result.flip = {flip, flip, flip};
  bool racing = true, steady = true;
  for (unsigned corner = 0; corner < 32; ++corner) {
    const auto pick = [&](unsigned bit, const auto& e) { return corner >> bit & 1 ? e.high : e.low; };
    CapCost exact_cost = cost;
    exact_cost.idle_power = Estimate<carbon::Watts>::exact(pick(2, cost.idle_power));
    exact_cost.host_power = Estimate<carbon::Watts>::exact(pick(3, cost.host_power));
    exact_cost.embodied = Estimate<carbon::GramsPerSecond>::exact(pick(4, cost.embodied));
    const Difference d = difference(exact(fast, pick(0, fast.power), pick(1, fast.throughput)),
                                    exact(slow, pick(0, slow.power), pick(1, slow.throughput)), job, exact_cost);
    for (const GramsPerJoule at : {intensity.low, intensity.high}) {
      const GramsCO2e gain = carbon::operational(d.saved, cost.pue, at) - d.added;
      racing = racing && gain <= GramsCO2e{};
      steady = steady && gain >= GramsCO2e{};
    }
    const GramsPerJoule at = equal_at(d, cost.pue);
    result.flip.low = std::min(result.flip.low, at);
    result.flip.high = std::max(result.flip.high, at);
  }
  if (racing != steady) result.verdict = racing ? Verdict::race : Verdict::steady;
  return result;
}

}  // namespace cradle::slicing
