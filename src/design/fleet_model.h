// The fleet question as cohorts and unit costs, shared by all methods of planning. Kilograms and operations
// per second, so that programs are well scaled.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "cradle/design/replacement.h"

namespace cradle::design::fleet_model {

/// Machines of a type at a site that share their age.
struct Cohort {
  std::size_t type = 0, site = 0;
  int bought = 0;  ///< year; negative: age of the stock
  int stock = 0;   ///< machines there at the begin; 0 for cohorts that are bought
  bool is_stock = false;
  int begin = 0;      ///< first year of the plan in which it is there
  int first_end = 0;  ///< years of the plan before which a first life must be over
  int second_end = 0;
};

class Model {
 public:
  explicit Model(const FleetQuestion& question) : question_(question) {
    for (const FleetStock& stock : question.stock) {
      if (stock.count > 0) add({stock.type, stock.site, -stock.age, stock.count, true, 0, 0, 0});
    }
    for (std::size_t type = 0; type < question.types.size(); ++type)
      for (std::size_t site = 0; site < question.sites.size(); ++site)
        for (int year = std::max(0, question.types[type].on_sale_from);
             year <= std::min(question.years - 1, question.types[type].on_sale_to); ++year)
          add({type, site, year, 0, false, year, 0, 0});
  }

  const FleetQuestion& question() const { return question_; }
  const std::vector<Cohort>& cohorts() const { return cohorts_; }
  const MachineType& type(const Cohort& cohort) const { return question_.types[cohort.type]; }
  const FleetSite& site(const Cohort& cohort) const { return question_.sites[cohort.site]; }

  bool can(const Cohort& cohort, int life, std::size_t work) const {
    const auto& able = type(cohort).work;
    return std::find(able.begin(), able.end(), work) != able.end() && (life == 0 || question_.classes[work].light);
  }
  /// Mean work of one machine that carries the class's peak at full use.
  double capacity(const Cohort& cohort, int life, std::size_t work) const {
    const double share = life == 0 ? 1 : type(cohort).second_capacity;
    return type(cohort).capacity.value() * share / question_.classes[work].peak;
  }
  static double kilograms(carbon::GramsCO2e grams) { return carbon::KilogramsCO2e{grams}.value(); }
  double making(const Cohort& cohort) const { return cohort.is_stock ? 0 : kilograms(type(cohort).making); }
  double refurbishing(const Cohort& cohort) const { return kilograms(type(cohort).refurbishing); }
  /// Of leaving a first life at the begin of `year`.
  double credit(const Cohort& cohort, int year) const {
    const double used = static_cast<double>(year - cohort.bought) / type(cohort).life;
    return kilograms(type(cohort).making) * type(cohort).handed_on * std::max(0.0, 1 - used);
  }
  double draw_share(const Cohort& cohort) const {
    return cohort.bought > 0 ? std::pow(1 - type(cohort).gain, cohort.bought) : 1;
  }
  double repair(const Cohort& cohort) const {
    return kilograms(type(cohort).making) * type(cohort).failures * type(cohort).repair;
  }
  /// Idle energy of one machine that is on for the year.
  double idle(const Cohort& cohort, int year) const {
    return kilograms(type(cohort).idle * site(cohort).exposure[at(year)] * (site(cohort).pue * draw_share(cohort)));
  }
  /// Of one unit of mean work in the year.
  double per_work(const Cohort& cohort, int life, std::size_t work, int year) const {
    const double busy_at_full = 1 / question_.classes[work].peak;
    const carbon::Watts span = type(cohort).full - type(cohort).idle;
    return kilograms(span * site(cohort).work_exposure[work][at(year)] *
                     (site(cohort).pue * draw_share(cohort) * busy_at_full)) /
           capacity(cohort, life, work);
  }
  /// Of one machine that is on for the year and carries all it can of the class; repairs included.
  double full_cost(const Cohort& cohort, int life, std::size_t work, int year) const {
    return idle(cohort, year) + repair(cohort) + capacity(cohort, life, work) * per_work(cohort, life, work, year);
  }
  static std::size_t at(int year) { return static_cast<std::size_t>(year); }

  /// An empty plan of the cohort.
  CohortPlan blank(const Cohort& cohort) const {
    CohortPlan plan;
    plan.type = cohort.type;
    plan.site = cohort.site;
    plan.bought = cohort.bought;
    const std::size_t years = at(question_.years);
    plan.first.assign(years, 0);
    plan.second.assign(years, 0);
    plan.moved.assign(years, 0);
    plan.left.assign(years + 1, 0);
    for (int life = 0; life < 2; ++life) {
      plan.work[life].assign(question_.classes.size(), std::vector<catalog::OperationsPerSecond>(years));
      plan.on[life].assign(question_.classes.size(), std::vector<int>(years, 0));
    }
    return plan;
  }
  /// Lets machines leave as soon as nothing needs them any more, which costs nothing: a credit only falls with age.
  void trim(const Cohort& cohort, CohortPlan& plan) const {
    int first = 0, second = 0;  // needed from the next year on
    for (int year = question_.years - 1; year >= cohort.begin; --year) {
      const std::size_t y = at(year);
      int on[2] = {0, 0};
      for (int life = 0; life < 2; ++life)
        for (const auto& by_year : plan.on[life]) on[life] += by_year[y];
      first = std::max(on[0], first);
      second = std::max(on[1], second);
      plan.first[y] = std::min(plan.first[y], first);
      plan.second[y] = std::min(plan.second[y], second);
      // Those who move in this year were in their first life the year before, and are not needed in their second then.
      plan.moved[y] = std::min(plan.moved[y], plan.second[y]);
      first += plan.moved[y];
      second -= plan.moved[y];
    }
  }
  /// Fills `left` from the other numbers.
  void count_leaving(const Cohort& cohort, CohortPlan& plan) const {
    int before = cohort.is_stock ? cohort.stock : 0;
    for (int year = cohort.begin; year <= question_.years; ++year) {
      const int now = year < question_.years ? plan.first[at(year)] + plan.second[at(year)] : 0;
      if (year > cohort.begin || cohort.is_stock) plan.left[at(year)] = before - now;
      before = now;
    }
  }

 private:
  void add(Cohort cohort) {
    const MachineType& machine = question_.types[cohort.type];
    cohort.first_end = std::min(question_.years, cohort.bought + machine.life);
    cohort.second_end = std::min(question_.years, cohort.bought + machine.life + machine.second_life);
    if (cohort.second_end > cohort.begin) cohorts_.push_back(cohort);
  }

  const FleetQuestion& question_;
  std::vector<Cohort> cohorts_;
};

/// The whole question as one integer program.
Result<FleetPlan> plan_exactly(const Model& model, const FleetOptions& options);
/// Integer variables that it has.
std::size_t exact_size(const Model& model);
/// Column generation, then whole machines.
Result<FleetPlan> plan_by_columns(const Model& model, const FleetOptions& options);

/// A plan that needs no solver, as far from the best as it may be: each class has machines of its own, bought when work
/// would be left undone and replaced at the end of their first life. Empty where that does not fit.
std::vector<CohortPlan> simple_plan(const Model& model);
/// Kilograms that no plan is below, without a solver: all work at the best rate that any machine has in that year, its
/// making spread over its longest life, less the credit for a stock that is handed on at once.
double simple_bound(const Model& model);

/// Distributes the work of each class and year over the machines that are on for it, those that do it for least first.
/// What is not needed is switched off and leaves. `cohort_of[i]` is the cohort, by index, that `plans[i]` is about.
void fill(const Model& model, const std::vector<std::size_t>& cohort_of, std::vector<CohortPlan>& plans);

/// Tidies a plan whose totals are known: machines that would stand idle at first are bought in the year in which they
/// are needed, if they are on sale then, and purchases of one or two machines whose work others have room for are left
/// out. Every change keeps the rules and none adds to the total.
void polish(const Model& model, FleetPlan& plan);

/// What to say when no plan exists.
Error demand_above_capacity(const std::string& detail);

}  // namespace cradle::design::fleet_model
