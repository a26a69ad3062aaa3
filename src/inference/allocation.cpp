#include "cradle/inference/allocation.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "allocation_problem.h"
#include "cradle/base/text.h"

namespace cradle::inference {

namespace {

constexpr std::int64_t most_units = std::int64_t{1} << 60;

std::string place(std::size_t demand, std::size_t choice) {
  return "demand " + std::to_string(demand) + ", choice " + std::to_string(choice);
}

}  // namespace

Result<void> check(const AllocationProblem& problem) {
  for (std::size_t t = 0; t < problem.capacity.size(); ++t)
    if (problem.capacity[t] < 0 || problem.capacity[t] > most_units)
      return bad_input("a capacity of " + std::to_string(problem.capacity[t]), "type " + std::to_string(t),
                       "give 0 or more devices, at most 2^60");
  for (std::size_t i = 0; i < problem.demands.size(); ++i)
    for (std::size_t j = 0; j < problem.demands[i].choices.size(); ++j) {
      const Choice& choice = problem.demands[i].choices[j];
      if (!(choice.value >= 0) || choice.value > 1e15)
        return bad_input("a value of " + shortest(choice.value), place(i, j), "give 0 to 1e15");
      if (choice.parts < 1)
        return bad_input("a choice of " + std::to_string(choice.parts) + " parts", place(i, j), "give 1 or more");
      std::set<int> types;
      for (const Use& use : choice.uses) {
        if (use.type < 0 || static_cast<std::size_t>(use.type) >= problem.capacity.size())
          return bad_input("no type " + std::to_string(use.type), place(i, j), "add its capacity");
        if (use.units < 0 || use.units > most_units)
          return bad_input("a use of " + std::to_string(use.units), place(i, j), "give 0 or more devices");
        if (!types.insert(use.type).second)
          return bad_input("type " + std::to_string(use.type) + " is used twice", place(i, j), "add the two up");
      }
    }
  return {};
}

double unserved_value(const AllocationProblem& problem) {
  double sum = 1;
  for (const Demand& demand : problem.demands) {
    double most = 0;
    for (const Choice& choice : demand.choices)
      if (fits(choice, problem.capacity)) most = std::max(most, choice.value);
    sum += most;
  }
  return 2 * sum;
}

bool fits(const Choice& choice, const std::vector<std::int64_t>& left) {
  return std::all_of(choice.uses.begin(), choice.uses.end(),
                     [&](const Use& use) { return use.units <= left[static_cast<std::size_t>(use.type)]; });
}

void take(const Choice& choice, std::vector<std::int64_t>& left, std::int64_t sign) {
  for (const Use& use : choice.uses) left[static_cast<std::size_t>(use.type)] += sign * use.units;
}

void settle(const AllocationProblem& problem, double bound, bool optimal, AllocationResult& result) {
  result.value = 0;
  result.unserved = 0;
  for (std::size_t i = 0; i < problem.demands.size(); ++i) {
    const Taken& taken = result.taken[i];
    if (taken.choice < 0) {
      ++result.unserved;
      continue;
    }
    const Choice& choice = problem.demands[i].choices[static_cast<std::size_t>(taken.choice)];
    if (taken.parts < choice.parts) ++result.unserved;
    result.value += choice.value * static_cast<double>(taken.parts) / static_cast<double>(choice.parts);
  }
  result.optimal = optimal;
  const double served_bound = bound - result.unserved * unserved_value(problem);
  result.bound = optimal ? result.value : std::clamp(served_bound, 0.0, result.value);
  result.gap = result.value > 0 ? (result.value - result.bound) / result.value : 0;
}

std::vector<std::int64_t> used(const AllocationProblem& problem, const AllocationResult& result) {
  std::vector<std::int64_t> units(problem.capacity.size());
  for (std::size_t i = 0; i < result.taken.size(); ++i) {
    const Taken& taken = result.taken[i];
    if (taken.choice < 0) continue;
    const Choice& choice = problem.demands[i].choices[static_cast<std::size_t>(taken.choice)];
    for (const Use& use : choice.uses)
      units[static_cast<std::size_t>(use.type)] += use.units / choice.parts * taken.parts;
  }
  return units;
}

std::vector<Shortage> shortages(const AllocationProblem& problem, const AllocationResult& result, int demand) {
  const std::vector<std::int64_t> taken = used(problem, result);
  std::vector<Shortage> found;
  const auto& choices = problem.demands[static_cast<std::size_t>(demand)].choices;
  for (std::size_t j = 0; j < choices.size(); ++j) {
    Shortage shortest{static_cast<int>(j), 0, 0, 0};
    std::int64_t worst = 0;
    for (const Use& use : choices[j].uses) {
      const auto t = static_cast<std::size_t>(use.type);
      const std::int64_t left = problem.capacity[t] - taken[t];
      if (use.units - left <= worst) continue;
      worst = use.units - left;
      shortest = {static_cast<int>(j), use.type, use.units, left};
    }
    if (worst > 0) found.push_back(shortest);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Shortage& a, const Shortage& b) { return a.needed - a.left < b.needed - b.left; });
  return found;
}

}  // namespace cradle::inference
