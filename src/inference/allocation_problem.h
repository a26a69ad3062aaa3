// What the solvers of an allocation share.
#pragma once

#include <functional>
#include <vector>

#include "cradle/inference/allocation.h"

namespace cradle::inference {

/// More than all demands could cost together: what an unserved demand counts, so that as many as can be are served.
double unserved_value(const AllocationProblem& problem);

bool fits(const Choice& choice, const std::vector<std::int64_t>& left);
void take(const Choice& choice, std::vector<std::int64_t>& left, std::int64_t sign);

/// Value, unserved and gap of what is taken, given a bound on value + unserved x unserved_value.
void settle(const AllocationProblem& problem, double bound, bool optimal, AllocationResult& result);

/// One problem as a solver sees it: what classes before it must keep is part of it.
struct Stage {
  AllocationProblem problem;
  std::size_t required = 0;  ///< the first so many demands are served in every allocation that counts
  std::vector<int> start;    ///< an allocation known to be possible, a choice by demand (-1: unserved); empty: none
};
using SolveStage = std::function<Result<AllocationResult>(const Stage&)>;

/// All at once or, by priority, class by class: each class at its best among the allocations in which the classes
/// before it are served as many, at the same value, as they found. Values that differ by less than 1e-12 of all
/// demands' sum are the same.
Result<AllocationResult> by_class(const AllocationProblem& problem, const SolveStage& solve);

}  // namespace cradle::inference
