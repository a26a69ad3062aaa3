#include "cradle/soc/design_carbon.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <utility>

#include "cradle/base/text.h"
#include "cradle/embodied/design_effort.h"

namespace cradle::soc {

namespace {

using carbon::Estimate;
using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::SquareMillimetres;

constexpr double months_per_year = 12;

/// Everything that a design's grams depend on.
struct Question {
  std::vector<DesignPart> parts;
  ReusePlan plan;
  Estimate<GramsPerJoule> intensity;
};

/// Of which end of its range an input is read.
enum class End { value, low, high };

double at(const Estimate<double>& input, End end) {
  return end == End::value ? input.value : end == End::low ? input.low : input.high;
}

/// The other end, for an input that makes the answer smaller.
End opposite(End end) { return end == End::low ? End::high : end == End::high ? End::low : End::value; }

struct PartGrams {
  double gates = 0;
  GramsCO2e compute, people;
};

Result<PartGrams> grams_of(const DesignPart& part, const Question& asked, End end, const std::string& where) {
  const ReusePlan& plan = asked.plan;
  const double transistors =
      at(part.logic_transistors, end) + at(part.sram_transistors, end) * at(plan.sram_share.estimate, end);
  embodied::DesignEffort effort;
  effort.gates = at(part.share, end) * transistors / at(plan.transistors_per_gate.estimate, opposite(end));
  effort.gates_per_core_hour = at(plan.gates_per_core_hour.estimate, opposite(end));
  effort.power_per_core = carbon::Watts{at(plan.power_per_core.estimate, end)};
  effort.iterations = at(plan.iterations.estimate, end);
  effort.energy_per_person_year = carbon::Joules{carbon::KilowattHours{at(plan.kwh_per_person_year.estimate, end)}};
  effort.intensity =
      end == End::value ? asked.intensity.value : (end == End::low ? asked.intensity.low : asked.intensity.high);
  const auto compute = embodied::design_carbon(effort, where);
  if (!compute) return compute.error();
  PartGrams grams{effort.gates, *compute, {}};
  effort.gates = 0;
  effort.person_years = at(part.person_months, end) / months_per_year;
  const auto people = embodied::design_carbon(effort, where);
  if (!people) return people.error();
  grams.people = *people;
  return grams;
}

/// Of a chip, all inputs at one end.
Result<GramsCO2e> per_chip(const Question& asked, End end, const std::string& where) {
  GramsCO2e sum;
  for (const DesignPart& part : asked.parts) {
    const auto grams = grams_of(part, asked, end, where);
    if (!grams) return grams.error();
    const auto share =
        embodied::amortised(grams->compute + grams->people, asked.plan.volume, at(part.products, opposite(end)), where);
    if (!share) return share.error();
    sum += *share;
  }
  return sum;
}

/// An input that may have a range, as a place in the question.
struct Cause {
  std::string name;
  DesignCause cause;
  bool of_new = true, of_reused = true;
  std::function<Estimate<double>&(Question&)> input;
  std::string source;
};

std::vector<Cause> causes_of(const Question& asked) {
  std::vector<Cause> causes;
  const auto of_plan = [&](const char* name, DesignCause cause, Input ReusePlan::*input) {
    causes.push_back({name, cause, true, true,
                      [input](Question& q) -> Estimate<double>& { return (q.plan.*input).estimate; },
                      (asked.plan.*input).source});
  };
  of_plan("iterations", DesignCause::compute, &ReusePlan::iterations);
  of_plan("gates_per_core_hour", DesignCause::compute, &ReusePlan::gates_per_core_hour);
  of_plan("power_per_core_w", DesignCause::compute, &ReusePlan::power_per_core);
  of_plan("transistors_per_gate", DesignCause::compute, &ReusePlan::transistors_per_gate);
  of_plan("sram_share", DesignCause::compute, &ReusePlan::sram_share);
  of_plan("kwh_per_person_year", DesignCause::people, &ReusePlan::kwh_per_person_year);
  for (std::size_t i = 0; i < asked.parts.size(); ++i) {
    const DesignPart& part = asked.parts[i];
    const auto of_part = [&](const char* what, DesignCause cause, Estimate<double> DesignPart::*input) {
      causes.push_back({part.label + ": " + what, cause, part.role == DesignRole::fresh,
                        part.role == DesignRole::reused,
                        [i, input](Question& q) -> Estimate<double>& { return q.parts[i].*input; }, ""});
    };
    of_part("logic", DesignCause::compute, &DesignPart::logic_transistors);
    of_part("memory", DesignCause::compute, &DesignPart::sram_transistors);
    of_part("integration_share", DesignCause::compute, &DesignPart::share);
    of_part("person_months", DesignCause::people, &DesignPart::person_months);
    of_part("products", DesignCause::both, &DesignPart::products);
  }
  return causes;
}

Result<std::vector<DesignSwing>> swings_of(const Question& asked, const std::string& where) {
  std::vector<DesignSwing> swings;
  const auto add = [&](DesignSwing swing, const auto& move) -> Result<void> {
    for (const bool high : {false, true}) {
      Question moved = asked;
      move(moved, high);
      const auto grams = per_chip(moved, End::value, where);
      if (!grams) return grams.error();
      (high ? swing.at_high : swing.at_low) = *grams;
    }
    if (swing.spread().value() > 0) swings.push_back(std::move(swing));
    return {};
  };
  for (const Cause& cause : causes_of(asked)) {
    Question copy = asked;
    const Estimate<double> range = cause.input(copy);
    if (range.low == range.high) continue;
    const auto fine =
        add({cause.name, cause.cause, cause.of_new, cause.of_reused, range, {}, {}, cause.source},
            [&](Question& moved, bool high) { cause.input(moved).value = high ? range.high : range.low; });
    if (!fine) return fine.error();
  }
  const auto in_kwh = [](GramsPerJoule x) { return carbon::GramsPerKilowattHour{x}.value(); };
  const auto& grid = asked.intensity;
  if (grid.low != grid.high) {
    const auto fine = add({"electricity of " + asked.plan.design_grid + ", g/kWh",
                           DesignCause::both,
                           true,
                           true,
                           {in_kwh(grid.value), in_kwh(grid.low), in_kwh(grid.high)},
                           {},
                           {},
                           "catalogue"},
                          [&](Question& moved, bool high) { moved.intensity.value = high ? grid.high : grid.low; });
    if (!fine) return fine.error();
  }
  std::stable_sort(swings.begin(), swings.end(),
                   [](const DesignSwing& a, const DesignSwing& b) { return a.spread() > b.spread(); });
  return swings;
}

template <class Pick>
GramsCO2e sum_of(const std::vector<DesignSwing>& swings, const Pick& pick) {
  GramsCO2e sum;
  for (const DesignSwing& swing : swings)
    if (pick(swing)) sum += swing.spread();
  return sum;
}

/// Transistors that an area of one node holds; memories are counted as if they were logic, as ECO-CHIP does.
Estimate<double> transistors(const Estimate<SquareMillimetres>& area, const catalog::FabProcess& node) {
  const double density = node.transistors.value().value();
  return {area.value.value() * density, area.low.value() * density, area.high.value() * density};
}

}  // namespace

std::string_view name(DesignRole role) {
  constexpr std::string_view words[] = {"new", "reused", "top"};
  return words[static_cast<std::size_t>(role)];
}

std::string_view name(DesignCause cause) {
  constexpr std::string_view words[] = {"EDA compute", "people", "both"};
  return words[static_cast<std::size_t>(cause)];
}

GramsCO2e DesignSwing::spread() const { return at_high > at_low ? at_high - at_low : at_low - at_high; }

GramsCO2e DesignAnswer::spread_of_compute() const {
  return sum_of(swings, [](const DesignSwing& swing) { return swing.cause == DesignCause::compute; });
}
GramsCO2e DesignAnswer::spread_of_people() const {
  return sum_of(swings, [](const DesignSwing& swing) { return swing.cause == DesignCause::people; });
}
GramsCO2e DesignAnswer::spread_of_new() const {
  return sum_of(swings, [](const DesignSwing& swing) { return swing.of_new && !swing.of_reused; });
}
GramsCO2e DesignAnswer::spread_of_reused() const {
  return sum_of(swings, [](const DesignSwing& swing) { return swing.of_reused && !swing.of_new; });
}

Result<std::vector<DesignPart>> design_parts(const SocFigures& figures, const ReusePlan& plan,
                                             const std::string& plan_source) {
  std::vector<std::string> names;
  for (const TileDesign& design : figures.designs) names.push_back(design.name);
  for (const auto& [ip, reuse] : plan.tiles)
    if (std::find(names.begin(), names.end(), ip) == names.end())
      return bad_input("the system has no tile '" + ip + "'", plan_source, suggest(ip, names));
  std::vector<DesignPart> parts;
  for (const TileDesign& design : figures.designs) {
    const TileFigures& tile = figures.tiles[design.tile];
    DesignPart part;
    part.label = design.label;
    part.placed = design.placed;
    part.logic_transistors = transistors(tile.logic, *figures.node);
    part.sram_transistors = transistors(tile.sram, *figures.node);
    part.share = part.products = Estimate<double>::exact(1);
    // An empty tile is its socket alone.
    part.person_months = design.kind == TileKind::empty ? Estimate<double>::exact(0) : plan.new_person_months.estimate;
    if (const auto said = plan.tiles.find(design.name); said != plan.tiles.end()) {
      part.role = said->second.reused ? DesignRole::reused : DesignRole::fresh;
      part.share = said->second.share.estimate;
      part.products = said->second.products.estimate;
      part.person_months = said->second.person_months.estimate;
    }
    parts.push_back(std::move(part));
  }
  DesignPart top;
  top.label = "top and chip";
  top.role = DesignRole::top;
  top.logic_transistors = transistors(figures.top, *figures.node);
  top.share = top.products = Estimate<double>::exact(1);
  top.person_months = plan.person_months.estimate;
  parts.push_back(std::move(top));
  return parts;
}

Result<DesignAnswer> design_carbon(std::vector<DesignPart> parts, const ReusePlan& plan,
                                   const Estimate<GramsPerJoule>& intensity, const std::string& where) {
  Question asked{std::move(parts), plan, intensity};
  DesignAnswer answer;
  for (DesignPart& part : asked.parts) {
    const auto grams = grams_of(part, asked, End::value, where);
    if (!grams) return grams.error();
    part.gates = grams->gates;
    part.compute = grams->compute;
    part.people = grams->people;
    const auto compute = embodied::amortised(part.compute, plan.volume, part.products.value, where);
    if (!compute) return compute.error();
    const auto people = embodied::amortised(part.people, plan.volume, part.products.value, where);
    if (!people) return people.error();
    part.per_chip = *compute + *people;
    answer.compute += *compute;
    answer.people += *people;
    GramsCO2e& role = part.role == DesignRole::fresh    ? answer.of_new
                      : part.role == DesignRole::reused ? answer.of_reused
                                                        : answer.of_top;
    role += part.per_chip;
  }
  answer.per_chip.value = answer.compute + answer.people;
  for (const bool high : {false, true}) {
    const auto bound = per_chip(asked, high ? End::high : End::low, where);
    if (!bound) return bound.error();
    (high ? answer.per_chip.high : answer.per_chip.low) = *bound;
  }
  Question fresh = asked;
  for (DesignPart& part : fresh.parts) {
    part.share = part.products = Estimate<double>::exact(1);
    if (part.role == DesignRole::reused) part.person_months = plan.new_person_months.estimate;
  }
  const auto all_new = per_chip(fresh, End::value, where);
  if (!all_new) return all_new.error();
  answer.if_all_new = *all_new;
  auto swings = swings_of(asked, where);
  if (!swings) return swings.error();
  answer.swings = std::move(*swings);
  answer.parts = std::move(asked.parts);
  return answer;
}

}  // namespace cradle::soc
