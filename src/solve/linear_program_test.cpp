#include "cradle/solve/linear_program.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <csignal>
#include <limits>

namespace cradle::solve {
namespace {

TEST(LinearProgram, FindsTheKnownOptimumOfTheBlendingProblem) {
  // max 3x + 5y, x <= 4, 2y <= 12, 3x + 2y <= 18 (the Wyndor Glass problem; Hillier and Lieberman): 36 at (2, 6).
  LinearProgram program;
  const int x = program.variable(-3), y = program.variable(-5);
  program.row(-infinity, 4);
  program.term(x, 1);
  program.row(-infinity, 12);
  program.term(y, 2);
  program.row(-infinity, 18);
  program.term(x, 3);
  program.term(y, 2);
  const auto solution = minimise(program);
  ASSERT_TRUE(solution) << solution.error().message;
  EXPECT_NEAR(solution->objective, -36, 1e-9);
  EXPECT_NEAR(solution->x[0], 2, 1e-9);
  EXPECT_NEAR(solution->x[1], 6, 1e-9);
  EXPECT_TRUE(solution->optimal);
  // Shadow prices of the book, as costs: 0, -3/2, -1.
  EXPECT_NEAR(solution->row_prices[0], 0, 1e-9);
  EXPECT_NEAR(solution->row_prices[1], -1.5, 1e-9);
  EXPECT_NEAR(solution->row_prices[2], -1, 1e-9);
}

TEST(LinearProgram, FindsTheKnownOptimumOfAKnapsack) {
  // Weights 12, 2, 1, 1, 4 and values 4, 2, 1, 2, 10 under 15: all but the heaviest, 15.
  const double weights[] = {12, 2, 1, 1, 4}, values[] = {4, 2, 1, 2, 10};
  LinearProgram program;
  program.row(-infinity, 15);
  for (int i = 0; i < 5; ++i) program.term(0, program.variable(-values[i], 0, 1, true), weights[i]);
  const auto solution = minimise(program);
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->objective, -15);
  EXPECT_EQ(solution->x[0], 0);
  EXPECT_TRUE(solution->optimal);
  EXPECT_LE(solution->bound, solution->objective);
}

TEST(LinearProgram, SaysWhetherItIsInfeasibleOrUnbounded) {
  for (const bool integer : {false, true}) {
    LinearProgram none;
    const int x = none.variable(1, 0, 10, integer);
    none.row(11, infinity);
    none.term(x, 1);
    const auto infeasible = minimise(none);
    ASSERT_FALSE(infeasible);
    EXPECT_EQ(infeasible.error().code, ErrorCode::bad_input);
    EXPECT_NE(infeasible.error().message.find("no solution"), std::string::npos);

    LinearProgram endless;
    const int a = endless.variable(-1, 0, infinity, integer), b = endless.variable(0, 0, infinity, integer);
    endless.row(0, 1);
    endless.term(a, 1);
    endless.term(b, -1);
    const auto unbounded = minimise(endless);
    ASSERT_FALSE(unbounded);
    EXPECT_NE(unbounded.error().message.find("no lower limit"), std::string::npos) << unbounded.error().message;
  }
}

TEST(LinearProgram, AnIntegerProgramWithoutAWholePointIsInfeasible) {
  LinearProgram program;
  const int x = program.variable(1, 0, 10, true);
  program.row(1, 1);
  program.term(x, 2);
  EXPECT_FALSE(minimise(program));
}

TEST(LinearProgram, RefusesNumbersThatAreNone) {
  LinearProgram cost;
  cost.variable(std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(minimise(cost));
  LinearProgram crossed;
  crossed.variable(1, 2, 1);
  EXPECT_FALSE(minimise(crossed));
  LinearProgram row;
  row.variable(1);
  row.row(3, 2);
  EXPECT_FALSE(minimise(row));
  LinearProgram index;
  index.variable(1);
  index.row(0, 1);
  index.term(7, 1);
  EXPECT_FALSE(minimise(index));
}

TEST(LinearProgram, OfNothingIsZero) {
  const auto solution = minimise({});
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->objective, 0);
}

TEST(LinearProgram, LeavesTheSignalHandlerAlone) {
  struct sigaction mine {
  }, after{};
  mine.sa_handler = [](int) {};
  struct sigaction before {};
  sigaction(SIGINT, &mine, &before);
  LinearProgram program;
  program.row(7.5, infinity);
  for (int i = 0; i < 6; ++i) program.term(0, program.variable(1 + i % 3, 0, 3, true), 1.7 + i % 4);
  EXPECT_TRUE(minimise(program));
  sigaction(SIGINT, &before, &after);
  EXPECT_EQ(after.sa_handler, mine.sa_handler);
}

TEST(LinearProgram, StopsWhenAskedTo) {
  // A market-split problem (Cornuejols and Dawande 1998): equality knapsacks that branch and bound cannot settle soon.
  LinearProgram program;
  std::uint64_t state = 1;
  const auto draw = [&state] {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>((state >> 33) % 100);
  };
  constexpr int variables = 50, rows = 6;
  std::vector<std::vector<double>> weights(rows, std::vector<double>(variables));
  for (int j = 0; j < variables; ++j) program.variable(0, 0, 1, true);
  for (int i = 0; i < rows; ++i) {
    double sum = 0;
    for (auto& weight : weights[static_cast<std::size_t>(i)]) sum += weight = draw();
    program.row(std::floor(sum / 2), std::floor(sum / 2));
    for (int j = 0; j < variables; ++j)
      program.term(j, weights[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]);
    program.term(program.variable(1), 1);
    program.term(program.variable(1), -1);
  }
  // Wherever the question comes true (relaxation, cuts, heuristics, nodes), it is asked only a few times more.
  for (const std::uint64_t patience : {0, 1, 100, 10'000}) {
    std::uint64_t asked = 0;
    Options options;
    options.interrupted = [&] { return asked++ >= patience; };
    const auto solution = minimise(program, options);
    EXPECT_EQ(asked, patience + 1);
    if (solution) {
      EXPECT_LE(solution->bound, solution->objective);
      EXPECT_FALSE(solution->optimal);
    } else {
      EXPECT_EQ(solution.error().code, ErrorCode::failed);
      EXPECT_NE(solution.error().message.find("stopped"), std::string::npos);
    }
  }
}

TEST(LinearProgram, KeepsTheBestSolutionWhenItIsInterrupted) {
  // A knapsack in which any choice fits: a solution is there at once, the best one is not.
  LinearProgram program;
  std::uint64_t state = 7;
  const auto draw = [&state] {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return 50 + static_cast<double>((state >> 33) % 100);
  };
  constexpr int variables = 200, rows = 30;
  for (int j = 0; j < variables; ++j) program.variable(-draw(), 0, 1, true);
  for (int i = 0; i < rows; ++i) {
    program.row(-infinity, 50.0 * variables / 2 + 0.5);
    for (int j = 0; j < variables; ++j) program.term(j, draw());
  }
  std::uint64_t asked = 0;
  Options options;
  options.interrupted = [&] { return asked++ >= 500; };
  const auto solution = minimise(program, options);
  ASSERT_TRUE(solution) << solution.error().message;
  EXPECT_FALSE(solution->optimal);
  EXPECT_LT(solution->objective, 0);
  EXPECT_LT(solution->bound, solution->objective);
  std::vector<double> used(rows, 0);
  for (const auto& term : program.terms())
    used[static_cast<std::size_t>(term.row)] += term.coefficient * solution->x[static_cast<std::size_t>(term.variable)];
  for (int i = 0; i < rows; ++i)
    EXPECT_LE(used[static_cast<std::size_t>(i)], program.row_highs()[static_cast<std::size_t>(i)] + 1e-6);
}

/// A random covering problem: minimise c x, A x >= b, 0 <= x <= 4.
LinearProgram covering(bool integer) {
  LinearProgram program;
  const int variables = *rc::gen::inRange(1, 5), rows = *rc::gen::inRange(1, 4);
  for (int j = 0; j < variables; ++j) program.variable(*rc::gen::inRange(1, 20), 0, 4, integer);
  for (int i = 0; i < rows; ++i) {
    program.row(*rc::gen::inRange(0, 15), infinity);
    for (int j = 0; j < variables; ++j) program.term(j, *rc::gen::inRange(0, 6));
  }
  return program;
}

double brute_force(const LinearProgram& program) {
  double best = infinity;
  std::vector<double> x(static_cast<std::size_t>(program.variables()), 0);
  for (;;) {
    std::vector<double> activity(static_cast<std::size_t>(program.rows()), 0);
    for (const auto& term : program.terms())
      activity[static_cast<std::size_t>(term.row)] += term.coefficient * x[static_cast<std::size_t>(term.variable)];
    bool fits = true;
    for (std::size_t i = 0; i < activity.size(); ++i) fits = fits && activity[i] >= program.row_lows()[i];
    double cost = 0;
    for (std::size_t j = 0; j < x.size(); ++j) cost += program.costs()[j] * x[j];
    if (fits) best = std::min(best, cost);
    std::size_t j = 0;
    while (j < x.size() && x[j] == 4) x[j++] = 0;
    if (j == x.size()) return best;
    ++x[j];
  }
}

RC_GTEST_PROP(LinearProgram, EqualsBruteForceOnSmallIntegerPrograms, ()) {
  const auto program = covering(true);
  const double best = brute_force(program);
  const auto solution = minimise(program, {.time_limit_seconds = 60, .relative_gap = 0, .interrupted = {}});
  RC_ASSERT(solution.has_value() == std::isfinite(best));
  if (solution) {
    RC_ASSERT(std::abs(solution->objective - best) < 1e-7);
    RC_ASSERT(solution->bound <= solution->objective + 1e-9);
    RC_ASSERT(solution->bound >= best - 1e-6 * (1 + best));
  }
}

RC_GTEST_PROP(LinearProgram, PricesProveTheOptimumOfLinearPrograms, ()) {
  const auto program = covering(false);
  const auto solution = minimise(program);
  RC_PRE(solution.has_value());
  // Weak duality: prices y >= 0 bound every solution by b y + sum of min over 0 .. 4 of (c - A'y) x; here they meet.
  std::vector<double> reduced = program.costs();
  double dual = 0;
  for (std::size_t i = 0; i < solution->row_prices.size(); ++i) {
    RC_ASSERT(solution->row_prices[i] >= -1e-9);
    dual += solution->row_prices[i] * program.row_lows()[i];
  }
  for (const auto& term : program.terms())
    reduced[static_cast<std::size_t>(term.variable)] -=
        term.coefficient * solution->row_prices[static_cast<std::size_t>(term.row)];
  for (const double cost : reduced) dual += std::min(0.0, cost) * 4;
  RC_ASSERT(std::abs(dual - solution->objective) < 1e-6);
}

}  // namespace
}  // namespace cradle::solve
