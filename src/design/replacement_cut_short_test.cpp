// Fleet plans when there is little time: there is a plan, it keeps the rules, and its bound is one.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fleet_model.h"
#include "replacement_example.h"

namespace cradle::design {
namespace {

using namespace cradle::carbon;

FleetQuestion middling(std::uint64_t seed) {
  RandomStream random(seed, "cut short");
  return random_question(random, 4, 3, 2, 2, 40);
}

/// A plan that does not claim too much: feasible, with totals of its own, above its bound. `lowest`: a proven bound.
void expect_honest(const FleetQuestion& question, const FleetPlan& plan, GramsCO2e lowest, GramsCO2e optimum) {
  const auto totals = evaluate(question, plan.cohorts);
  ASSERT_TRUE(totals) << to_string(totals.error());
  EXPECT_NEAR(totals->total() / plan.totals.total(), 1, 1e-12);
  EXPECT_GE(plan.totals.total(), lowest * (1 - 1e-6));
  EXPECT_LE(plan.bound, optimum * (1 + 1e-6));
  EXPECT_GT(plan.bound, GramsCO2e{0});
}

constexpr FleetMethod every_method[] = {FleetMethod::exact, FleetMethod::decomposed, FleetMethod::automatic};

TEST(CutShort, InterruptedAtOnceThereIsAPlanThatIsNotCalledOptimal) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto question = middling(seed);
    FleetOptions patient;
    patient.method = FleetMethod::decomposed;
    patient.gap = 0.5;  // its bound is what counts here
    const auto reference = plan_fleet(question, patient, "test");
    ASSERT_TRUE(reference) << to_string(reference.error());
    for (const auto method : every_method) {
      FleetOptions options;
      options.method = method;
      options.interrupted = [] { return true; };
      const auto plan = plan_fleet(question, options, "test");
      ASSERT_TRUE(plan) << seed << ": " << to_string(plan.error());
      EXPECT_FALSE(plan->exact);
      EXPECT_FALSE(plan->complete);
      expect_honest(question, *plan, reference->bound, reference->totals.total());
      EXPECT_LE(plan->bound, reference->bound * (1 + 1e-9));
    }
  }
}

TEST(CutShort, WithoutTimeThereIsAPlanThatIsNotCalledOptimal) {
  const auto question = middling(5);
  FleetOptions patient;
  patient.method = FleetMethod::decomposed;
  patient.gap = 0.5;
  const auto reference = plan_fleet(question, patient, "test");
  ASSERT_TRUE(reference) << to_string(reference.error());
  for (const auto method : every_method) {
    FleetOptions options;
    options.method = method;
    options.time_limit_seconds = 1e-9;
    const auto plan = plan_fleet(question, options, "test");
    ASSERT_TRUE(plan) << to_string(plan.error());
    EXPECT_FALSE(plan->exact);
    expect_honest(question, *plan, reference->bound, reference->totals.total());
  }
}

TEST(CutShort, WheneverTheInterruptionComesThePlanIsHonest) {
  RandomStream random(3, "cut short");
  const auto question = random_question(random, 3, 3, 2, 2, 12);
  FleetOptions patient;
  patient.method = FleetMethod::exact;
  const auto optimum = plan_fleet(question, patient, "test");
  ASSERT_TRUE(optimum) << to_string(optimum.error());
  ASSERT_TRUE(optimum->exact);
  for (const auto method : {FleetMethod::exact, FleetMethod::decomposed})
    for (const int patience : {1, 2, 3, 10, 50, 200, 1000}) {
      int asked = 0;
      FleetOptions options;
      options.method = method;
      options.interrupted = [&asked, patience] { return ++asked > patience; };
      const auto plan = plan_fleet(question, options, "test");
      ASSERT_TRUE(plan) << patience << ": " << to_string(plan.error());
      expect_honest(question, *plan, optimum->totals.total(), optimum->totals.total());
    }
}

TEST(CutShort, MachinesThatNeedLessRoomAreTakenWhereThereIsLittle) {
  // The small machine emits less for its work, but ten of them do not fit.
  FleetQuestion question;
  question.years = 2;
  question.classes = {{"work", std::vector(2, catalog::OperationsPerSecond{10}), 1, true}};
  MachineType small;
  small.name = "small";
  small.making = GramsCO2e{KilogramsCO2e{10}};
  small.capacity = catalog::OperationsPerSecond{1};
  small.work = {0};
  MachineType large = small;
  large.name = "large";
  large.making = GramsCO2e{KilogramsCO2e{200}};
  large.capacity = catalog::OperationsPerSecond{5};
  question.types = {small, large};
  const std::vector<IntensitySeconds> year(2, GramsPerJoule{GramsPerKilowattHour{100}} * Seconds{Hours{8766}});
  question.sites = {{"site", 1, year, {year}, 10}};
  const auto made = [&question] {
    FleetOptions options;
    options.interrupted = [] { return true; };
    const auto plan = plan_fleet(question, options, "test");
    return plan ? KilogramsCO2e{plan->totals.making}.value() : -1;
  };
  EXPECT_NEAR(made(), 100, 1e-9);
  question.sites[0].room = 3;
  EXPECT_NEAR(made(), 400, 1e-9);
  question.sites[0].room = 1;
  EXPECT_EQ(made(), -1);
}

RC_GTEST_PROP(CutShort, TheSimplePlanKeepsTheRulesAndTheSimpleBoundIsBelowIt, ()) {
  RandomStream random(static_cast<std::uint64_t>(*rc::gen::inRange(1, 1 << 20)), "cut short");
  const auto years = *rc::gen::inRange(1, 7);
  const auto types = static_cast<std::size_t>(*rc::gen::inRange(1, 8));
  const auto question = random_question(random, years, types, 2, 2, *rc::gen::inRange(1, 300));
  const fleet_model::Model model(question);
  // Machines of the first type can do everything, are always on sale, and there is room: a plan there is.
  const auto totals = evaluate(question, fleet_model::simple_plan(model));
  RC_ASSERT(totals.has_value());
  RC_ASSERT(fleet_model::simple_bound(model) <= KilogramsCO2e{totals->total()}.value() * (1 + 1e-9));
}

}  // namespace
}  // namespace cradle::design
