#include "cradle/shifting/elastic.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::shifting {

namespace {

using carbon::GramsCO2e, carbon::GramsPerJoule, carbon::GramsPerKilowattHour, carbon::GramsPerSecond, carbon::Seconds;

bool amount(double value) { return std::isfinite(value) && value >= 0; }

Result<void> check(const Signal& signal, const ElasticJob& job) {
  const std::string where = "elastic job";
  if (job.marginal.empty()) return bad_input("there is no capacity curve", where, "give the work of one machine");
  for (std::size_t j = 0; j < job.marginal.size(); ++j) {
    const double value = job.marginal[j];
    const std::string point = "marginal capacity of machine " + std::to_string(j + 1);
    if (!std::isfinite(value) || value <= 0)
      return bad_input("the " + point + " is " + shortest(value), where,
                       "give values above zero, and end the curve where a machine adds nothing");
    if (j > 0 && value > job.marginal[j - 1])
      return bad_input("the " + point + " is " + shortest(value) + ", above that of machine " + std::to_string(j) +
                           ", " + shortest(job.marginal[j - 1]),
                       where, "the greedy is optimal for falling curves only: smooth the measured one");
  }
  if (!std::isfinite(job.work) || job.work <= 0 || !std::isfinite(job.step.value()) || job.step.value() <= 0)
    return bad_input("the work or the length of a step is not above zero", where, "give finite values above zero");
  if (!amount(job.draw.value()) || !amount(job.embodied.value()))
    return bad_input("the draw or the embodied share is negative or not finite", where,
                     "give finite values from zero on");
  if (job.deadline < job.release)
    return bad_input("the deadline lies before release", where,
                     "give a deadline after step " + std::to_string(job.release));
  if (!signal.covers(job.release, job.deadline))
    return bad_input("the window is not within the signal", where,
                     "give intensities up to step " + std::to_string(job.deadline));
  return {};
}

Error does_not_fit(double fits, double work) {
  return bad_input("of its work of " + shortest(work) + " steps " + shortest(fits) + " fit before the deadline",
                   "elastic job", "give a later deadline or more machines");
}

/// Grams of one machine over one step at an intensity.
GramsCO2e step_grams(const ElasticJob& job, double intensity) {
  return GramsPerJoule{GramsPerKilowattHour{intensity}} * (job.draw * job.step);
}

struct Slot {
  Step from, to;
  double intensity;
  int machines = 0;       ///< that run in all of it
  Step last_machine = 0;  ///< steps from its beginning in which one more runs
};

ElasticPlan bill(const ElasticJob& job, const std::vector<Slot>& slots) {
  ElasticPlan plan;
  const auto run = [&](Step from, Step to, int machines) {
    if (from == to || machines == 0) return;
    auto& done = plan.intervals;
    if (!done.empty() && done.back().to == from && done.back().machines == machines)
      done.back().to = to;
    else
      done.push_back({from, to, machines});
  };
  for (const Slot& slot : slots) {
    run(slot.from, slot.from + slot.last_machine, slot.machines + 1);
    run(slot.from + slot.last_machine, slot.to, slot.machines);
    const auto steps = static_cast<double>(slot.to - slot.from), more = static_cast<double>(slot.last_machine);
    for (int j = 0; j < slot.machines; ++j) plan.work += job.marginal[static_cast<std::size_t>(j)] * steps;
    if (slot.last_machine > 0) plan.work += job.marginal[static_cast<std::size_t>(slot.machines)] * more;
    const double machine_steps = slot.machines * steps + more;
    plan.operational += step_grams(job, slot.intensity) * machine_steps;
    plan.machine_time += job.step * machine_steps;
  }
  plan.embodied = job.embodied * plan.machine_time;
  return plan;
}

/// The values of the window, one slot each.
std::vector<Slot> slots_of(const Signal& signal, Step from, Step to) {
  std::vector<Slot> slots;
  for (Step at = from; at < to;) {
    const Step until = std::min(to, (at / signal.steps_per_value() + 1) * signal.steps_per_value());
    slots.push_back({at, until, signal.at(at)});
    at = until;
  }
  return slots;
}

}  // namespace

Result<ElasticPlan> scale(const Signal& signal, const ElasticJob& job, ElasticObjective objective) {
  if (auto fine = check(signal, job); !fine) return std::move(fine).error();
  std::vector<Slot> slots = slots_of(signal, job.release, job.deadline);
  struct Choice {
    double grams_of_work;
    std::size_t slot;
    std::size_t machine;
  };
  std::vector<Choice> choices;
  choices.reserve(slots.size() * job.marginal.size());
  const GramsCO2e share = objective == ElasticObjective::life_cycle ? job.embodied * job.step : GramsCO2e{0};
  for (std::size_t s = 0; s < slots.size(); ++s) {
    const GramsCO2e grams = step_grams(job, slots[s].intensity) + share;
    for (std::size_t j = 0; j < job.marginal.size(); ++j) choices.push_back({grams.value() / job.marginal[j], s, j});
  }
  // The j-th machine of a slot never comes before the one below it: the curve falls, and ties go to the lower.
  std::sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
    if (a.grams_of_work != b.grams_of_work) return a.grams_of_work < b.grams_of_work;
    return a.slot != b.slot ? a.slot < b.slot : a.machine < b.machine;
  });
  double left = job.work;
  for (const Choice& choice : choices) {
    Slot& slot = slots[choice.slot];
    const double rate = job.marginal[choice.machine];
    const Step steps = slot.to - slot.from;
    // Less than whole only for the last choice taken.
    if (const double needed = std::ceil(left / rate); needed < static_cast<double>(steps)) {
      slot.last_machine = static_cast<Step>(needed);
      left = 0;
      break;
    }
    ++slot.machines;
    left -= rate * static_cast<double>(steps);
    if (left <= 0) break;
  }
  if (left > 0) return does_not_fit(job.work - left, job.work);
  return bill(job, slots);
}

Result<ElasticPlan> run_fixed(const Signal& signal, const ElasticJob& job, int machines) {
  if (auto fine = check(signal, job); !fine) return std::move(fine).error();
  if (machines < 1 || static_cast<std::size_t>(machines) > job.marginal.size())
    return bad_input(std::to_string(machines) + " machines are asked for", "elastic job",
                     "give 1 to " + std::to_string(job.marginal.size()) + ", the points of the curve");
  double rate = 0;
  for (int j = 0; j < machines; ++j) rate += job.marginal[static_cast<std::size_t>(j)];
  const double needed = std::ceil(job.work / rate);
  if (needed > static_cast<double>(job.deadline - job.release))
    return does_not_fit(rate * static_cast<double>(job.deadline - job.release), job.work);
  std::vector<Slot> slots = slots_of(signal, job.release, job.release + static_cast<Step>(needed));
  for (Slot& slot : slots) slot.machines = machines;
  return bill(job, slots);
}

GramsPerSecond break_even_share(const ElasticPlan& a, const ElasticPlan& b) {
  return (b.operational - a.operational) / (a.machine_time - b.machine_time);
}

}  // namespace cradle::shifting
