// The allocation as a linear or mixed-integer program.
#pragma once

#include <vector>

#include "allocation_problem.h"
#include "cradle/solve/linear_program.h"

namespace cradle::inference {

/// Rows 0 .. types-1 are the capacities, then one for each demand.
struct AssignmentProgram {
  solve::LinearProgram program;
  std::vector<std::vector<int>> variables;  ///< variable by demand and choice; -1: the choice never fits
  double scale = 1;                         ///< of the objective: values are divided by it
  std::vector<double> row_unit;             ///< by type: uses and capacity are divided by it
};
AssignmentProgram assignment_program(const Stage& stage, bool integer);

}  // namespace cradle::inference
