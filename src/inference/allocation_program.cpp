#include "allocation_program.h"

#include <algorithm>

namespace cradle::inference {

AssignmentProgram assignment_program(const Stage& stage, bool integer) {
  const AllocationProblem& problem = stage.problem;
  AssignmentProgram built;
  // The solver's tolerances are for numbers of ordinary size.
  const double unserved = unserved_value(problem);
  built.scale = unserved / 1e3;
  constexpr std::int64_t limitless = std::int64_t{1} << 50;
  // So are rows: those of many units are counted in their own capacity.
  constexpr std::int64_t ordinary = std::int64_t{1} << 32;
  for (const std::int64_t units : problem.capacity) {
    const bool large = units > ordinary && units < limitless;
    built.row_unit.push_back(large ? static_cast<double>(units) : 1);
    const double limit = static_cast<double>(units) / built.row_unit.back();
    built.program.row(-solve::infinity, units < limitless ? limit : solve::infinity);
  }
  for (std::size_t i = 0; i < problem.demands.size(); ++i) {
    const auto& choices = problem.demands[i].choices;
    const int row = built.program.row(1, 1);
    built.program.term(row, built.program.variable(unserved / built.scale, 0, i < stage.required ? 0 : 1, integer), 1);
    built.variables.emplace_back();
    for (const Choice& choice : choices) {
      if (!fits(choice, problem.capacity)) {
        built.variables.back().push_back(-1);
        continue;
      }
      const int variable = built.program.variable(choice.value / built.scale, 0, 1, integer);
      built.variables.back().push_back(variable);
      built.program.term(row, variable, 1);
      for (const Use& use : choice.uses)
        if (use.units > 0)
          built.program.term(use.type, variable,
                             static_cast<double>(use.units) / built.row_unit[static_cast<std::size_t>(use.type)]);
    }
  }
  return built;
}

namespace {

Result<AllocationResult> solve_whole(const Stage& stage, const AllocationOptions& options) {
  const AllocationProblem& problem = stage.problem;
  const AssignmentProgram built = assignment_program(stage, true);
  solve::Options solver;
  solver.time_limit_seconds = options.time_limit_seconds;
  solver.relative_gap = std::max(options.relative_gap, 1e-9);
  solver.interrupted = options.interrupted;
  const auto solution = solve::minimise(built.program, solver);
  if (!solution) return solution.error();
  AllocationResult result;
  result.taken.resize(problem.demands.size());
  for (std::size_t i = 0; i < problem.demands.size(); ++i)
    for (std::size_t j = 0; j < problem.demands[i].choices.size(); ++j) {
      const int variable = built.variables[i][j];
      if (variable >= 0 && solution->x[static_cast<std::size_t>(variable)] > 0.5)
        result.taken[i] = {static_cast<int>(j), problem.demands[i].choices[j].parts};
    }
  settle(problem, solution->bound * built.scale, solution->optimal, result);
  return result;
}

}  // namespace

Result<AllocationResult> allocate_by_program(const AllocationProblem& problem, const AllocationOptions& options) {
  return by_class(problem, [&](const Stage& stage) { return solve_whole(stage, options); });
}

}  // namespace cradle::inference
