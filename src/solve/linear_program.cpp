#include "cradle/solve/linear_program.h"

#include <coin/CbcConfig.h>

#include <algorithm>
#include <cmath>
#include <coin/CbcEventHandler.hpp>
#include <coin/CbcHeuristic.hpp>
#include <coin/CbcHeuristicFPump.hpp>
#include <coin/CbcModel.hpp>
#include <coin/CglGomory.hpp>
#include <coin/CglKnapsackCover.hpp>
#include <coin/CglMixedIntegerRounding2.hpp>
#include <coin/ClpEventHandler.hpp>
#include <coin/ClpSimplex.hpp>
#include <coin/OsiClpSolverInterface.hpp>
#include <string>

namespace cradle::solve {

int LinearProgram::variable(double cost, double low, double high, bool integer) {
  costs_.push_back(cost);
  lows_.push_back(low);
  highs_.push_back(high);
  integers_.push_back(integer ? 1 : 0);
  return variables() - 1;
}

int LinearProgram::row(double low, double high) {
  row_lows_.push_back(low);
  row_highs_.push_back(high);
  return rows() - 1;
}

void LinearProgram::term(int variable, double coefficient) { term(rows() - 1, variable, coefficient); }

void LinearProgram::term(int row, int variable, double coefficient) { terms_.push_back({row, variable, coefficient}); }

bool LinearProgram::integer() const {
  return std::any_of(integers_.begin(), integers_.end(), [](char whole) { return whole != 0; });
}

const char* solver_name() { return "CBC " CBC_VERSION; }

namespace {

/// Asks whether to stop, and remembers a yes: every part of the solver then hears the same.
class Interruption {
 public:
  explicit Interruption(const std::function<bool()>& ask) : ask_(ask) {}
  bool now() { return happened_ = happened_ || (ask_ && ask_()); }
  bool happened() const { return happened_; }

 private:
  const std::function<bool()>& ask_;
  bool happened_ = false;
};

class StopLinear final : public ClpEventHandler {
 public:
  explicit StopLinear(Interruption& interruption) : interruption_(&interruption) {}
  int event(Event which) override {
    return which == endOfIteration && interruption_->now() ? 5 : -1;  // 5: stopped by an event
  }
  ClpEventHandler* clone() const override { return new StopLinear(*this); }

 private:
  Interruption* interruption_;
};

class StopInteger final : public CbcEventHandler {
 public:
  explicit StopInteger(Interruption& interruption) : interruption_(&interruption) {}
  CbcAction event(CbcEvent) override { return interruption_->now() ? stop : noAction; }
  CbcEventHandler* clone() const override { return new StopInteger(*this); }

 private:
  Interruption* interruption_;
};

Error unusable(const std::string& message) {
  return bad_input(message, "linear program", "check the bounds and coefficients that it was made from");
}

Result<void> check(const LinearProgram& program) {
  for (int j = 0; j < program.variables(); ++j) {
    const auto i = static_cast<std::size_t>(j);
    if (!std::isfinite(program.costs()[i]) || !(program.lows()[i] <= program.highs()[i]))
      return unusable("variable " + std::to_string(j) + " has no finite cost or no room between its bounds");
  }
  for (int j = 0; j < program.rows(); ++j) {
    const auto i = static_cast<std::size_t>(j);
    if (!(program.row_lows()[i] <= program.row_highs()[i]))
      return unusable("row " + std::to_string(j) + " has its low bound above its high one");
  }
  for (const auto& term : program.terms())
    if (term.row < 0 || term.row >= program.rows() || term.variable < 0 || term.variable >= program.variables() ||
        !std::isfinite(term.coefficient))
      return unusable("a term names no row or variable, or is not finite");
  return {};
}

Error infeasible() {
  return bad_input("no solution meets all constraints", "linear program",
                   "relax a bound: something is demanded that nothing on offer can meet");
}
Error unbounded() {
  return bad_input("the objective has no lower limit", "linear program", "bound the variables with a negative cost");
}
Error out_of_time() {
  return failure("stopped before any solution was found", "linear program",
                 "allow more time, or ask a smaller question");
}

CoinPackedMatrix matrix_of(const LinearProgram& program) {
  std::vector<int> rows, columns;
  std::vector<double> values;
  rows.reserve(program.terms().size());
  columns.reserve(program.terms().size());
  values.reserve(program.terms().size());
  for (const auto& term : program.terms()) {
    rows.push_back(term.row);
    columns.push_back(term.variable);
    values.push_back(term.coefficient);
  }
  CoinPackedMatrix matrix(true, rows.data(), columns.data(), values.data(), static_cast<int>(values.size()));
  matrix.setDimensions(program.rows(), program.variables());
  return matrix;
}

/// CLP takes anything of this size for infinite.
double bound(double value) { return std::isinf(value) ? std::copysign(COIN_DBL_MAX, value) : value; }
std::vector<double> bounds(const std::vector<double>& values) {
  std::vector<double> out(values.size());
  std::transform(values.begin(), values.end(), out.begin(), bound);
  return out;
}

/// Whether rows and bounds hold, to a tolerance somewhat above the solver's.
bool meets(const LinearProgram& program, const std::vector<double>& x) {
  constexpr double tolerance = 1e-6;
  std::vector<double> activity(static_cast<std::size_t>(program.rows()), 0), magnitude(activity);
  for (const auto& term : program.terms()) {
    const double value = term.coefficient * x[static_cast<std::size_t>(term.variable)];
    activity[static_cast<std::size_t>(term.row)] += value;
    magnitude[static_cast<std::size_t>(term.row)] += std::abs(value);
  }
  bool fine = true;
  for (std::size_t i = 0; i < activity.size(); ++i) {
    const double slack = tolerance * (1 + magnitude[i]);
    fine = fine && activity[i] >= program.row_lows()[i] - slack && activity[i] <= program.row_highs()[i] + slack;
  }
  for (std::size_t j = 0; j < x.size(); ++j)
    fine = fine && x[j] >= program.lows()[j] - tolerance && x[j] <= program.highs()[j] + tolerance;
  return fine;
}

Result<Solution> minimise_linear(const LinearProgram& program, const Options& options) {
  ClpSimplex simplex;
  simplex.setLogLevel(0);
  const auto lows = bounds(program.lows()), highs = bounds(program.highs());
  const auto row_lows = bounds(program.row_lows()), row_highs = bounds(program.row_highs());
  simplex.loadProblem(matrix_of(program), lows.data(), highs.data(), program.costs().data(), row_lows.data(),
                      row_highs.data());
  simplex.setMaximumSeconds(options.time_limit_seconds);
  Interruption interruption(options.interrupted);
  const StopLinear handler(interruption);
  simplex.passInEventHandler(&handler);
  simplex.initialSolve();
  if (interruption.happened()) return out_of_time();
  if (simplex.isProvenPrimalInfeasible()) {
    // A presolve that meets an unbounded ray reports it as infeasible either way: the primal method tells them apart.
    simplex.primal();
    if (simplex.isProvenDualInfeasible() && !simplex.isProvenPrimalInfeasible()) return unbounded();
    return infeasible();
  }
  if (simplex.isProvenDualInfeasible()) return unbounded();
  if (!simplex.isProvenOptimal()) return out_of_time();
  Solution solution;
  solution.x.assign(simplex.primalColumnSolution(), simplex.primalColumnSolution() + program.variables());
  solution.row_prices.assign(simplex.dualRowSolution(), simplex.dualRowSolution() + program.rows());
  for (std::size_t j = 0; j < solution.x.size(); ++j) {
    solution.x[j] = std::clamp(solution.x[j], program.lows()[j], program.highs()[j]);
    solution.objective += program.costs()[j] * solution.x[j];
  }
  solution.bound = solution.objective;
  solution.optimal = true;
  return solution;
}

Result<Solution> minimise_integer(const LinearProgram& program, const Options& options) {
  OsiClpSolverInterface relaxed;
  relaxed.messageHandler()->setLogLevel(0);
  relaxed.getModelPtr()->setLogLevel(0);
  const auto lows = bounds(program.lows()), highs = bounds(program.highs());
  const auto row_lows = bounds(program.row_lows()), row_highs = bounds(program.row_highs());
  relaxed.loadProblem(matrix_of(program), lows.data(), highs.data(), program.costs().data(), row_lows.data(),
                      row_highs.data());
  for (int j = 0; j < program.variables(); ++j)
    if (program.integers()[static_cast<std::size_t>(j)] != 0) relaxed.setInteger(j);
  Interruption interruption(options.interrupted);
  const StopLinear linear_handler(interruption);
  relaxed.getModelPtr()->passInEventHandler(&linear_handler);
  relaxed.initialSolve();
  if (interruption.happened()) return out_of_time();
  if (relaxed.isProvenPrimalInfeasible()) return infeasible();
  if (relaxed.isProvenDualInfeasible()) return unbounded();
  const double relaxed_bound = relaxed.getObjValue();

  CbcModel model(relaxed);
  model.setLogLevel(0);
  model.messageHandler()->setLogLevel(0);
  model.setUseElapsedTime(true);
  model.setMaximumSeconds(options.time_limit_seconds);
  model.setAllowableFractionGap(options.relative_gap);
  model.setAllowableGap(0);
  StopInteger handler(interruption);
  model.passInEventHandler(&handler);
  // No probing: beside mixed-integer rounding, CBC 2.10.8 then proves plans optimal that are not (7 of 500 small
  // fleets, up to 5 % above the optimum).
  CglGomory gomory;
  CglKnapsackCover covers;
  CglMixedIntegerRounding2 roundings;
  constexpr int when_useful = -1;
  model.addCutGenerator(&gomory, when_useful, "gomory");
  model.addCutGenerator(&covers, when_useful, "covers");
  model.addCutGenerator(&roundings, when_useful, "roundings");
  CbcRounding rounding(model);
  CbcHeuristicFPump pump(model);
  model.addHeuristic(&rounding, "rounding");
  model.addHeuristic(&pump, "pump");
  model.initialSolve();
  model.branchAndBound();
  // A program that was cut short looks infeasible: what an interrupted search proves is worth nothing.
  const bool interrupted = interruption.happened();
  if (model.isProvenInfeasible() && !interrupted) return infeasible();
  const double* best = model.bestSolution();
  if (best == nullptr) return model.isContinuousUnbounded() && !interrupted ? unbounded() : out_of_time();
  Solution solution;
  solution.x.assign(best, best + program.variables());
  for (std::size_t j = 0; j < solution.x.size(); ++j) {
    if (program.integers()[j] != 0) solution.x[j] = std::round(solution.x[j]);
    solution.objective += program.costs()[j] * solution.x[j];
  }
  if (interrupted) {
    if (!meets(program, solution.x)) return out_of_time();
    solution.bound = std::min(relaxed_bound, solution.objective);
    return solution;
  }
  solution.bound = std::min(model.getBestPossibleObjValue(), solution.objective);
  const double gap = solution.objective - solution.bound;
  solution.optimal = model.isProvenOptimal() ||
                     gap <= options.relative_gap * std::max(std::abs(solution.objective), std::abs(solution.bound));
  if (model.isProvenOptimal() && options.relative_gap <= 0) solution.bound = solution.objective;
  return solution;
}

}  // namespace

Result<Solution> minimise(const LinearProgram& program, const Options& options) {
  if (auto fine = check(program); !fine) return fine.error();
  if (program.variables() == 0) {
    for (std::size_t i = 0; i < program.row_lows().size(); ++i)
      if (program.row_lows()[i] > 0 || program.row_highs()[i] < 0) return infeasible();
    Solution nothing;
    nothing.row_prices.assign(program.row_lows().size(), 0);
    nothing.optimal = true;
    return nothing;
  }
  try {
    return program.integer() ? minimise_integer(program, options) : minimise_linear(program, options);
  } catch (const CoinError& error) {
    return failure("the solver gave up: " + error.message(), "linear program",
                   "report this with the input that made it");
  } catch (const std::bad_alloc&) {
    return failure("not enough memory for the solver", "linear program", "ask a smaller question");
  }
}

}  // namespace cradle::solve
