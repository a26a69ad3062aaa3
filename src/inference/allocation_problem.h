// What the solvers of an allocation share.
#pragma once

#include <vector>

#include "cradle/inference/allocation.h"

namespace cradle::inference {

/// More than all demands could cost together: what an unserved demand counts, so that as many as can be are served.
double unserved_value(const AllocationProblem& problem);

bool fits(const Choice& choice, const std::vector<std::int64_t>& left);
void take(const Choice& choice, std::vector<std::int64_t>& left, std::int64_t sign);

/// Value, unserved and gap of what is taken, given a bound on value + unserved x unserved_value.
void settle(const AllocationProblem& problem, double bound, bool optimal, AllocationResult& result);

/// Solves each class of priority in turn on what the ones before it left, or all at once.
template <class Solve>
Result<AllocationResult> by_class(const AllocationProblem& problem, const Solve& solve) {
  if (auto fine = check(problem); !fine) return fine.error();
  if (!problem.by_priority) return solve(problem);
  std::vector<int> priorities;
  for (const Demand& demand : problem.demands) priorities.push_back(demand.priority);
  std::sort(priorities.begin(), priorities.end());
  priorities.erase(std::unique(priorities.begin(), priorities.end()), priorities.end());

  AllocationResult whole;
  whole.taken.resize(problem.demands.size());
  whole.optimal = true;
  AllocationProblem part;
  part.capacity = problem.capacity;
  for (const int priority : priorities) {
    std::vector<std::size_t> members;
    part.demands.clear();
    for (std::size_t i = 0; i < problem.demands.size(); ++i) {
      if (problem.demands[i].priority != priority) continue;
      members.push_back(i);
      part.demands.push_back(problem.demands[i]);
    }
    auto solved = solve(part);
    if (!solved) return solved.error();
    for (std::size_t i = 0; i < members.size(); ++i) {
      whole.taken[members[i]] = solved->taken[i];
      if (solved->taken[i].choice >= 0)
        take(part.demands[i].choices[static_cast<std::size_t>(solved->taken[i].choice)], part.capacity, -1);
    }
    whole.value += solved->value;
    whole.bound += solved->bound;
    whole.unserved += solved->unserved;
    whole.steps += solved->steps;
    whole.optimal = whole.optimal && solved->optimal;
  }
  whole.gap = whole.value > 0 ? (whole.value - whole.bound) / whole.value : 0;
  return whole;
}

}  // namespace cradle::inference
