// Tidying a fleet's plan: never worse, always feasible, and what stands idle goes.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fleet_model.h"
#include "replacement_example.h"

namespace cradle::design {
namespace {

using namespace cradle::carbon;
using fleet_model::Cohort;
using fleet_model::Model;

/// `plan` with `count` machines more of a cohort, which stand idle for all of their first life.
void buy_idle(const Model& model, const Cohort& cohort, int count, std::vector<CohortPlan>& plans) {
  const auto same = [&](const CohortPlan& plan) {
    return plan.type == cohort.type && plan.site == cohort.site && plan.bought == cohort.bought;
  };
  auto plan = std::find_if(plans.begin(), plans.end(), same);
  if (plan == plans.end()) plan = plans.insert(plans.end(), model.blank(cohort));
  for (int year = cohort.begin; year < cohort.first_end; ++year) plan->first[Model::at(year)] += count;
  model.count_leaving(cohort, *plan);
}

int bought(const FleetPlan& plan, int year) {
  int machines = 0;
  for (const CohortPlan& cohort : plan.cohorts)
    if (cohort.bought == year) machines += cohort.first[Model::at(year)];
  return machines;
}

FleetPlan with_totals(const FleetQuestion& question, std::vector<CohortPlan> cohorts) {
  FleetPlan plan;
  plan.cohorts = std::move(cohorts);
  const auto totals = evaluate(question, plan.cohorts);
  EXPECT_TRUE(totals) << to_string(totals.error());
  if (totals) plan.totals = *totals;
  return plan;
}

RC_GTEST_PROP(Polish, IsNeverWorseAndKeepsTheRules, ()) {
  RandomStream random(static_cast<std::uint64_t>(*rc::gen::inRange(1, 1 << 20)), "polish");
  const auto years = *rc::gen::inRange(1, 6);
  auto question = random_question(random, years, 3, 2, 2, *rc::gen::inRange(1, 40));
  question.stock[0].age += 1;  // not to be taken for machines bought in year 0
  const Model model(question);
  auto cohorts = fleet_model::simple_plan(model);
  const auto extra = *rc::gen::inRange(0, 3);
  for (int i = 0; i < extra; ++i) {
    const Cohort& cohort = model.cohorts()[random.below(model.cohorts().size())];
    if (!cohort.is_stock) buy_idle(model, cohort, 1 + static_cast<int>(random.below(3)), cohorts);
  }
  FleetPlan plan = with_totals(question, cohorts);
  const GramsCO2e before = plan.totals.total();
  fleet_model::polish(model, plan);
  const auto after = evaluate(question, plan.cohorts);
  RC_ASSERT(after.has_value());
  RC_ASSERT(std::abs(after->total() / plan.totals.total() - 1) <= 1e-12);
  RC_ASSERT(after->total() <= before * (1 + 1e-9));
  // Once tidy, nothing is left to tidy.
  FleetPlan again = plan;
  fleet_model::polish(model, again);
  RC_ASSERT(again.totals.total() <= plan.totals.total() * (1 + 1e-9));
}

/// One kind of machine, 100 kg each, that does 1 unit of work; 2 units are wanted in the first two years, `later` in
/// the last two.
FleetQuestion plain_question(double later) {
  FleetQuestion question;
  question.years = 4;
  WorkClass work{"work", {}, 1, false};
  for (const double demand : {2.0, 2.0, later, later}) work.demand.emplace_back(demand);
  question.classes = {work};
  MachineType type;
  type.name = "machine";
  type.making = GramsCO2e{KilogramsCO2e{100}};
  type.capacity = catalog::OperationsPerSecond{1};
  type.idle = Watts{100};
  type.full = Watts{200};
  type.life = 10;
  type.work = {0};
  question.types = {type};
  const std::vector<IntensitySeconds> years(4, GramsPerJoule{GramsPerKilowattHour{100}} * Seconds{Hours{8766}});
  question.sites = {{"site", 1, years, {years}, 1e18}};
  return question;
}

TEST(Polish, TakesOutAPurchaseThatNobodyNeeds) {
  const auto question = plain_question(2);
  const Model model(question);
  const auto needed = fleet_model::simple_plan(model);
  const auto least = with_totals(question, needed).totals;
  EXPECT_NEAR(KilogramsCO2e{least.making}.value(), 200, 1e-9);
  for (std::size_t year = 1; year < 4; ++year) {
    auto cohorts = needed;
    buy_idle(model, model.cohorts()[year], 2, cohorts);
    FleetPlan plan = with_totals(question, cohorts);
    EXPECT_NEAR(KilogramsCO2e{plan.totals.making}.value(), 400, 1e-9);
    fleet_model::polish(model, plan);
    EXPECT_EQ(plan.totals.total(), least.total());
    EXPECT_EQ(plan.cohorts.size(), 1u);
  }
}

TEST(Polish, BuysInTheYearInWhichMachinesAreNeeded) {
  // Five machines bought at once, though three of them have no work before the third year: making is the same, and
  // later machines draw less.
  auto question = plain_question(5);
  question.types[0].gain = 0.1;
  const auto at_once = [](const Model& model) {
    std::vector<CohortPlan> cohorts = {model.blank(model.cohorts()[0])};
    cohorts[0].first = {5, 5, 5, 5};
    cohorts[0].on[0][0] = {2, 2, 5, 5};
    for (std::size_t year = 0; year < 4; ++year)
      cohorts[0].work[0][0][year] = catalog::OperationsPerSecond{year < 2 ? 2.0 : 5.0};
    model.count_leaving(model.cohorts()[0], cohorts[0]);
    return cohorts;
  };
  {
    const Model model(question);
    FleetPlan plan = with_totals(question, at_once(model));
    const FleetTotals before = plan.totals;
    fleet_model::polish(model, plan);
    EXPECT_EQ(bought(plan, 0), 2);
    EXPECT_EQ(bought(plan, 2), 3);
    EXPECT_NEAR(plan.totals.making / before.making, 1, 1e-12);
    // 3 machines for 2 years, 200 W at 100 g/kWh, 19 % less: 3 x 2 x 175.32 kg x 0.19.
    EXPECT_NEAR(KilogramsCO2e{before.operation - plan.totals.operation}.value(), 3 * 2 * 0.2 * 8766 * 0.1 * 0.19, 1e-9);
  }
  question.types[0].on_sale_to = 0;
  const Model model(question);
  FleetPlan plan = with_totals(question, at_once(model));
  const GramsCO2e before = plan.totals.total();
  fleet_model::polish(model, plan);
  EXPECT_EQ(bought(plan, 0), 5) << "it is not on sale later";
  EXPECT_EQ(plan.totals.total(), before);
}

}  // namespace
}  // namespace cradle::design
