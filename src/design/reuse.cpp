#include "cradle/design/reuse.h"

#include <cmath>

namespace cradle::design {

using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::Joules;
using carbon::Seconds;
using carbon::Watts;
using carbon::Years;

namespace {

ServerLife operator+(const ServerLife& a, const ServerLife& b) {
  return {a.making + b.making, a.repairs + b.repairs, a.energy + b.energy};
}

}  // namespace

Result<void> check(const ReuseComparison& comparison, const std::string& where) {
  const auto fine = [](double value) { return std::isfinite(value) && value >= 0; };
  for (const auto* parts : {&comparison.common, &comparison.replaced, &comparison.added})
    for (const ReusePart& part : *parts)
      if (!fine(part.making.value()) || !fine(part.power.value()) || !fine(part.count) || !fine(part.load) ||
          !fine(part.failures))
        return bad_input("part '" + part.name + "' has a negative number, or one that is none", where,
                         "give making, power, count, load and failures of 0 or more");
  if (!(comparison.service.value() > 0) || std::isinf(comparison.service.value()))
    return bad_input("the service is not positive", where, "say for how many months the server runs");
  if (!(comparison.pue >= 1) || std::isinf(comparison.pue))
    return bad_input("the PUE is below 1", where, "give facility energy over IT energy, 1 or more");
  if (!(comparison.power_factor > 0 && comparison.power_factor <= 1))
    return bad_input("the power factor is outside 0 .. 1", where, "give what a loaded server draws of its parts' draw");
  const ServerLife base = baseline_life(comparison);
  if (!(base.embodied() + GramsCO2e{base.energy.value()} > GramsCO2e{0}))
    return bad_input("the baseline server costs nothing", where, "describe its parts");
  return {};
}

ServerLife life_of(std::span<const ReusePart> parts, const ReuseComparison& comparison) {
  ServerLife out;
  Watts draw;
  for (const ReusePart& part : parts) {
    out.making += part.making * part.count;
    out.repairs += part.making * (part.count * part.failures * (Seconds{comparison.service} / Seconds{Years{1}}));
    draw += part.power * (part.count * part.load);
  }
  out.energy = draw * Seconds{comparison.service} * (comparison.pue * comparison.power_factor);
  return out;
}

ServerLife baseline_life(const ReuseComparison& comparison) {
  return life_of(comparison.common, comparison) + life_of(comparison.replaced, comparison);
}

ServerLife reused_life(const ReuseComparison& comparison) {
  return life_of(comparison.common, comparison) + life_of(comparison.added, comparison);
}

double saving(const ReuseComparison& comparison, GramsPerJoule intensity) {
  return 1 - reused_life(comparison).total(intensity) / baseline_life(comparison).total(intensity);
}

ReuseThreshold threshold(const ReuseComparison& comparison, double target) {
  using Answer = ReuseThreshold::Answer;
  const ServerLife base = baseline_life(comparison), reused = reused_life(comparison);
  // The saving is at least the target where spare >= intensity x extra.
  const GramsCO2e spare = base.embodied() * (1 - target) - reused.embodied();
  const Joules extra = reused.energy - base.energy * (1 - target);
  if (spare >= GramsCO2e{0}) {
    if (extra <= Joules{0}) return {Answer::always, {}};
    return {Answer::below, spare / extra};
  }
  if (extra >= Joules{0}) return {Answer::never, {}};
  return {Answer::above, spare / extra};
}

}  // namespace cradle::design
