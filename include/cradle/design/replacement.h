// A fleet over the years: which machines to buy, keep, give a second life and retire, so that making and running them
// all emits least while every year's work gets done. Exact where it is small; where it is large, within a gap that is
// known.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/coefficient.h"

namespace cradle::design {

/// Work of one kind. Its load over the day has a peak that machines must carry, and a mean that they draw for.
struct WorkClass {
  std::string name;
  std::vector<catalog::OperationsPerSecond> demand;  ///< mean, for each year of the plan
  double peak = 1;                                   ///< highest hour over the mean, ratio, 1 or more
  bool light = false;                                ///< machines in their second life may do it
};

/// A kind of machine that can be bought.
struct MachineType {
  std::string name;
  carbon::GramsCO2e making;
  catalog::OperationsPerSecond capacity;
  carbon::Watts idle, full;
  double gain = 0;       ///< less draw for each later year of purchase: x (1 - gain)^year, ratio
  int on_sale_from = 0;  ///< first and last year of the plan in which it is sold
  int on_sale_to = 1 << 20;
  int life = 5;                    ///< years in its first life at most
  int second_life = 0;             ///< years of light work that may follow; 0: none
  double second_capacity = 1;      ///< of its capacity, in the second life, ratio
  carbon::GramsCO2e refurbishing;  ///< of moving one machine to its second life
  double failures = 0;             ///< per machine and year
  double repair = 0;               ///< what mending one failure costs, ratio of `making`
  double handed_on = 0;  ///< ratio: credit for the unused part of a first life when it leaves; the next owner's saving
  std::vector<std::size_t> work;  ///< classes that it can do
};

/// A place. Exposure is what its grid's intensity integrates to over a year.
struct FleetSite {
  std::string name;
  double pue = 1;
  std::vector<carbon::IntensitySeconds> exposure;  ///< by year, of a constant draw
  /// By class and year, of a draw in proportion to the load of that class with mean 1.
  std::vector<std::vector<carbon::IntensitySeconds>> work_exposure;
  double room = 1e18;  ///< machines that fit, in either life, at work or not
};

/// Machines that are there when the plan begins. Their making is sunk.
struct FleetStock {
  std::size_t type = 0, site = 0;
  int age = 0;    ///< years, at the begin
  int count = 0;  ///< machines
};

struct FleetQuestion {
  int years = 10;
  std::vector<WorkClass> classes;
  std::vector<MachineType> types;
  std::vector<FleetSite> sites;
  std::vector<FleetStock> stock;
};

/// bad_input if a list is empty or of the wrong length, a number negative or not finite, a life 0, a peak or PUE below
/// 1, a share above 1, an index unknown, or work that no machine can do. `where` names the study.
Result<void> check(const FleetQuestion& question, const std::string& where);

struct FleetTotals {
  carbon::GramsCO2e making, refurbishing, repairs, operation;
  carbon::GramsCO2e credit;  ///< for machines handed on, subtracted
  carbon::GramsCO2e total() const { return making + refurbishing + repairs + operation - credit; }
};

/// Machines of one type, bought for one site in one year (or there before), through the plan.
struct CohortPlan {
  std::size_t type = 0, site = 0;
  int bought = 0;           ///< year; negative: age of the stock at the begin
  std::vector<int> first;   ///< machines in their first life, by year of the plan
  std::vector<int> second;  ///< in their second
  std::vector<int> moved;   ///< from the first to the second at the begin of that year
  std::vector<int> left;    ///< handed on or scrapped at the begin of that year; one entry more, for the end
  /// Mean work done: by life (0, 1), class and year; and how many machines are switched on for it.
  std::array<std::vector<std::vector<catalog::OperationsPerSecond>>, 2> work;
  std::array<std::vector<std::vector<int>>, 2> on;
};

struct FleetPlan {
  std::vector<CohortPlan> cohorts;  ///< those with machines, by type, site and year
  FleetTotals totals;
  carbon::GramsCO2e bound;  ///< no plan emits less
  bool exact = false;       ///< solved to optimality (to 1e-6)
  /// False: stopped before the linear bound was proven. The bound is then a weak one: all work at the best rate of any
  /// machine, its making spread over its longest life.
  bool complete = true;
  double gap() const { return totals.total() / bound - 1; }
};

enum class FleetMethod {
  automatic,   ///< exact where the integer program is small, else decomposed
  exact,       ///< one integer program; cut short: the better of what it has and what `decomposed` gives
  decomposed,  ///< column generation over the lives of machines: an LP bound, then whole machines
};

struct FleetOptions {
  FleetMethod method = FleetMethod::automatic;
  double time_limit_seconds = 60;
  double gap = 5e-3;                  ///< decomposed: good enough above the bound, ratio
  std::function<bool()> interrupted;  ///< asked often, from the calling thread; true: the best plan so far is enough
  /// Told now and then: what is being done, how far it is, of how much (0: unknown).
  std::function<void(const std::string& what, std::uint64_t done, std::uint64_t total)> progress;
};

/// The plan with the least grams. Every machine that is on draws idle power, and the rest in proportion to its work;
/// those that are off draw nothing. bad_input as check, and if the demand is above all capacity (room, lives and what
/// is on sale). Cut short by its time limit or by `interrupted`, it gives the best plan so far, if need be one that no
/// solver had a part in (machines replaced at the end of their first life); failed if not even that fits into the room.
Result<FleetPlan> plan_fleet(const FleetQuestion& question, const FleetOptions& options, std::string where);

/// Grams of a plan, computed from its numbers alone, after checking that it does the work and keeps the rules.
/// bad_input names what it breaks.
Result<FleetTotals> evaluate(const FleetQuestion& question, const std::vector<CohortPlan>& cohorts);

}  // namespace cradle::design
