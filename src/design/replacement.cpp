#include "cradle/design/replacement.h"

#include <algorithm>
#include <cmath>

#include "fleet_model.h"

namespace cradle::design {

using carbon::GramsCO2e;
using carbon::KilogramsCO2e;
using fleet_model::Cohort;
using fleet_model::Model;

namespace {

bool not_negative(double value) { return std::isfinite(value) && value >= 0; }
bool ratio(double value) { return value >= 0 && value <= 1; }

Result<void> check_type(const FleetQuestion& question, const MachineType& type, const std::string& where) {
  const auto refuse = [&](const char* what, const char* hint) {
    return bad_input("machine '" + type.name + "': " + what, where, hint);
  };
  if (!not_negative(type.making.value()) || !not_negative(type.refurbishing.value()))
    return refuse("making or refurbishing is negative or no number", "give kilograms of 0 or more");
  if (!(type.capacity.value() > 0) || std::isinf(type.capacity.value()))
    return refuse("the capacity is not positive", "give the work that it does in a second");
  if (!not_negative(type.idle.value()) || !not_negative(type.full.value()) || type.full < type.idle)
    return refuse("idle and full power are not in order", "give watts with 0 <= idle <= full");
  if (type.on_sale_from > type.on_sale_to)
    return refuse("it is on sale until before it is on sale", "give the first year, then the last one");
  if (type.life < 1 || type.life > 1000 || type.second_life < 0 || type.second_life > 1000)
    return refuse("a life is not 1 .. 1000 years", "give a first life of 1 year or more, a second one of 0 or more");
  if (!not_negative(type.failures) || !not_negative(type.repair))
    return refuse("failures or repair are negative", "give numbers of 0 or more");
  if (!ratio(type.gain) || type.gain == 1 || !ratio(type.handed_on) || !ratio(type.second_capacity) ||
      (type.second_life > 0 && type.second_capacity == 0))
    return refuse("a share is outside its range",
                  "gain 0 .. 1 (excluded), handed_on 0 .. 1, second_capacity 0 (excluded) .. 1");
  for (const std::size_t work : type.work)
    if (work >= question.classes.size())
      return refuse("it does work that is not described", "name a class of the study");
  return {};
}

}  // namespace

Result<void> check(const FleetQuestion& question, const std::string& where) {
  constexpr int most_years = 100;
  if (question.years < 1 || question.years > most_years)
    return bad_input("the plan has no 1 .. 100 years", where, "say over how many years to plan");
  const auto years = static_cast<std::size_t>(question.years);
  if (question.classes.empty() || question.types.empty() || question.sites.empty())
    return bad_input("no work, no machines or no sites", where, "describe at least one of each");
  for (const WorkClass& work : question.classes) {
    if (work.demand.size() != years)
      return bad_input("work '" + work.name + "' has no demand for each of the years", where, "give one number a year");
    for (const auto demand : work.demand)
      if (!not_negative(demand.value()))
        return bad_input("work '" + work.name + "' has a negative demand", where, "give 0 or more");
    if (!(work.peak >= 1) || std::isinf(work.peak))
      return bad_input("work '" + work.name + "' has a peak below its mean", where, "give a peak of 1 or more");
  }
  for (const MachineType& type : question.types)
    if (auto fine = check_type(question, type, where); !fine) return fine;
  for (const FleetSite& site : question.sites) {
    bool whole = site.exposure.size() == years && site.work_exposure.size() == question.classes.size();
    for (const auto exposure : site.exposure) whole = whole && not_negative(exposure.value());
    for (const auto& by_year : site.work_exposure) {
      whole = whole && by_year.size() == years;
      for (const auto exposure : by_year) whole = whole && not_negative(exposure.value());
    }
    if (!whole || !(site.pue >= 1) || std::isinf(site.pue) || !(site.room >= 0))
      return bad_input("site '" + site.name + "' has a PUE below 1, negative room, or no exposure for each year", where,
                       "correct the site");
  }
  for (const FleetStock& stock : question.stock)
    if (stock.type >= question.types.size() || stock.site >= question.sites.size() || stock.age < 0 || stock.count < 0)
      return bad_input("a stock names no machine or site, or is negative", where, "correct the stock");
  return {};
}

namespace fleet_model {

Error demand_above_capacity(const std::string& detail) {
  return bad_input("the demand is above all capacity" + detail, "fleet",
                   "offer more room, machines that can do this work, or longer lives; or demand less");
}

}  // namespace fleet_model

Result<FleetTotals> evaluate(const FleetQuestion& question, const std::vector<CohortPlan>& cohorts) {
  const Model model(question);
  const auto broken = [](const std::string& what) {
    return bad_input("the plan " + what, "fleet plan", "correct the plan");
  };
  double making = 0, refurbishing = 0, repairs = 0, operation = 0, credit = 0;
  std::vector<std::vector<double>> done(question.classes.size(), std::vector<double>(Model::at(question.years), 0));
  std::vector<std::vector<double>> room(question.sites.size(), std::vector<double>(Model::at(question.years), 0));
  std::vector<char> used(model.cohorts().size(), 0);
  for (const CohortPlan& plan : cohorts) {
    const Cohort* cohort = nullptr;
    for (std::size_t i = 0; i < model.cohorts().size(); ++i) {
      const Cohort& candidate = model.cohorts()[i];
      if (used[i] != 0 || candidate.type != plan.type || candidate.site != plan.site || candidate.bought != plan.bought)
        continue;
      used[i] = 1;
      cohort = &candidate;
      break;
    }
    if (cohort == nullptr) return broken("holds machines that are not on sale, or the same ones twice");
    int before_first = cohort->is_stock ? cohort->stock : 0, before_second = 0;
    for (int year = 0; year < question.years; ++year) {
      const std::size_t y = Model::at(year);
      const int first = plan.first[y], second = plan.second[y], moved = plan.moved[y];
      if (first < 0 || second < 0 || moved < 0) return broken("has negative machines");
      if ((year < cohort->begin || year >= cohort->first_end) && first > 0)
        return broken("keeps machines past their life");
      if ((year < cohort->begin || year >= cohort->second_end) && second > 0)
        return broken("keeps machines past their second life");
      if (moved > 0 && model.type(*cohort).second_life == 0) return broken("gives a second life that there is not");
      int left_first = 0;
      if (!cohort->is_stock && year == cohort->begin) {
        making += model.making(*cohort) * first;
        if (moved > 0 || second > 0) return broken("buys machines for their second life");
      } else if (year >= cohort->begin) {
        left_first = before_first - first - moved;
        if (left_first < 0 || second > before_second + moved) return broken("makes machines out of nothing");
      }
      credit += model.credit(*cohort, year) * left_first;
      refurbishing += model.refurbishing(*cohort) * moved;
      before_first = first;
      before_second = second;
      room[cohort->site][y] += first + second;
      for (int life = 0; life < 2; ++life) {
        int on_in_life = 0;
        for (std::size_t work = 0; work < question.classes.size(); ++work) {
          const int on = plan.on[life][work][y];
          const double amount = plan.work[life][work][y].value();
          if (on < 0 || amount < 0) return broken("has negative work");
          if (on > 0 && !model.can(*cohort, life, work)) return broken("gives machines work that they cannot do");
          if (amount > on * model.capacity(*cohort, life, work) * (1 + 1e-9)) return broken("overloads machines");
          on_in_life += on;
          done[work][y] += amount;
          repairs += model.repair(*cohort) * on;
          operation += model.idle(*cohort, year) * on;
          if (amount > 0) operation += model.per_work(*cohort, life, work, year) * amount;
        }
        if (on_in_life > (life == 0 ? first : second)) return broken("switches on more machines than there are");
      }
    }
    credit += model.credit(*cohort, question.years) * before_first;
  }
  for (std::size_t work = 0; work < done.size(); ++work)
    for (std::size_t year = 0; year < done[work].size(); ++year)
      if (done[work][year] < question.classes[work].demand[year].value() * (1 - 1e-9))
        return broken("leaves work of year " + std::to_string(year) + " undone");
  for (std::size_t site = 0; site < room.size(); ++site)
    for (const double machines : room[site])
      if (machines > question.sites[site].room)
        return broken("needs more room than site '" + question.sites[site].name + "' has");
  const auto grams = [](double kilograms) { return GramsCO2e{KilogramsCO2e{kilograms}}; };
  return FleetTotals{grams(making), grams(refurbishing), grams(repairs), grams(operation), grams(credit)};
}

namespace {

/// The integer program; where it was cut short, the decomposition has a word too: the better plan, the better bound.
Result<FleetPlan> plan_small(const Model& model, FleetOptions options) {
  const double limit = options.time_limit_seconds;
  constexpr double share_of_time = 0.7;
  options.time_limit_seconds = limit * share_of_time;
  auto plan = fleet_model::plan_exactly(model, options);
  if (plan ? plan->exact : plan.error().code == ErrorCode::bad_input) return plan;
  options.time_limit_seconds = limit * (1 - share_of_time);
  auto other = fleet_model::plan_by_columns(model, options);
  if (!plan || !other) return plan ? plan : other;
  const bool complete = plan->complete || other->complete;
  const GramsCO2e bound = std::max(plan->bound, other->bound);
  const auto one = evaluate(model.question(), plan->cohorts), two = evaluate(model.question(), other->cohorts);
  if (one && two && two->total() < one->total()) plan = std::move(other);
  plan->complete = complete;
  plan->bound = bound;
  return plan;
}

}  // namespace

Result<FleetPlan> plan_fleet(const FleetQuestion& question, const FleetOptions& options, std::string where) {
  if (auto fine = check(question, where); !fine) return fine.error();
  const Model model(question);
  constexpr std::size_t small = 1500;  // integer variables that are solved to the end in seconds
  const bool exact = options.method == FleetMethod::exact ||
                     (options.method == FleetMethod::automatic && fleet_model::exact_size(model) <= small);
  auto plan = exact ? plan_small(model, options) : fleet_model::plan_by_columns(model, options);
  if (!plan) {
    Error error = plan.error();
    error.where = std::move(where);
    return error;
  }
  const auto totals = evaluate(question, plan->cohorts);
  if (!totals)
    return failure("internal: " + totals.error().message, std::move(where), "report this with the study file");
  plan->totals = *totals;
  fleet_model::polish(model, *plan);
  // An optimum and its bound are two sums of the same numbers, equal to the solver's tolerance.
  constexpr double tolerance = 1e-6;
  const GramsCO2e total = plan->totals.total();
  if (plan->complete && plan->bound.value() > total.value() + tolerance * std::abs(total.value()))
    return failure("internal: the plan emits less than the bound that no plan is below", std::move(where),
                   "report this with the study file");
  plan->bound = std::min(plan->bound, total);
  return plan;
}

}  // namespace cradle::design
