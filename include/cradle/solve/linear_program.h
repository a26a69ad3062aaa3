// Linear and mixed-integer programs, solved by a packaged solver behind one small interface.
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::solve {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// minimise cost . x  subject to  row.low <= row . x <= row.high  and  low <= x <= high; some x integer.
/// Built once, row by row or column by column, then solved. Units are the caller's; costs and coefficients that differ
/// by more than a factor of 1e9 are badly scaled.
class LinearProgram {
 public:
  /// Returns the index of the new variable.
  int variable(double cost, double low = 0, double high = infinity, bool integer = false);
  /// Starts a row; the calls of `term(variable, coefficient)` that follow belong to it. Returns its index.
  int row(double low, double high);
  void term(int variable, double coefficient);
  /// A term of an earlier row, so that variables may come after rows.
  void term(int row, int variable, double coefficient);

  /// One non-zero coefficient; terms of the same row and variable add up.
  struct Term {
    int row;
    int variable;
    double coefficient;
  };

  int variables() const { return static_cast<int>(costs_.size()); }
  int rows() const { return static_cast<int>(row_lows_.size()); }
  bool integer() const;  ///< some variable is
  const std::vector<double>& costs() const { return costs_; }
  const std::vector<double>& lows() const { return lows_; }
  const std::vector<double>& highs() const { return highs_; }
  const std::vector<char>& integers() const { return integers_; }
  const std::vector<double>& row_lows() const { return row_lows_; }
  const std::vector<double>& row_highs() const { return row_highs_; }
  const std::vector<Term>& terms() const { return terms_; }

 private:
  std::vector<double> costs_, lows_, highs_;
  std::vector<char> integers_;
  std::vector<double> row_lows_, row_highs_;
  std::vector<Term> terms_;
};

struct Options {
  double time_limit_seconds = 60;
  double relative_gap = 1e-6;  ///< integer programs stop at this gap, ratio of the objective
  /// Asked after every simplex iteration and at every node, from the calling thread; true counts as the time limit.
  std::function<bool()> interrupted;
};

struct Solution {
  std::vector<double> x;           ///< integer variables hold whole numbers exactly
  std::vector<double> row_prices;  ///< what one more unit of a row's bound costs; of linear programs only
  double objective = 0;
  double bound = 0;  ///< no solution is below this, to the solver's tolerance of 1e-7; interrupted: the relaxation's
  bool optimal = false;  ///< within Options::relative_gap
};

/// bad_input if a number is NaN, a low bound above its high one, or an index unknown, and if the program is infeasible
/// or unbounded (the message says which); failed if the limit came before any solution. Nothing is printed, and the
/// process's signal handlers stay as they are.
Result<Solution> minimise(const LinearProgram& program, const Options& options = {});

/// The libraries behind it, with versions, for `cradle doctor`.
const char* solver_name();

}  // namespace cradle::solve
