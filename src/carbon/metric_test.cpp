#include "cradle/carbon/metric.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "cradle/base/random.h"

namespace cradle::carbon {
namespace {

using namespace literals;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

bool close(GramsCO2e a, GramsCO2e b, double relative) {
  return std::abs(a.value() - b.value()) <= relative * std::max(std::abs(a.value()), std::abs(b.value()));
}

/// A factor in [low, high) on a fine grid.
double any(double low, double high) {
  return low + (high - low) * static_cast<double>(*rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, 1 << 20))) /
                   (1 << 20);
}

TEST(Metric, JscIsOperationsTimesEnergyTimesPueTimesIntensity) {
  // 1e15 operations at 1 pJ are 1 kJ, at PUE 1.2 and 360 g/kWh (1e-4 g/J) 0.12 g.
  const GramsCO2e grams = jsc(Operations{1e15}, JoulesPerOperation{1e-12}, 1.2, GramsPerJoule{360_g_per_kWh});
  EXPECT_DOUBLE_EQ(grams.value(), 0.12);
  EXPECT_EQ(grams, operational(Operations{1e15} * JoulesPerOperation{1e-12}, 1.2, GramsPerJoule{360_g_per_kWh}));
}

TEST(Metric, AscAddsComponentsCountedInDifferentOperationTypes) {
  const GramsPerJoule grid{360_g_per_kWh};
  const PricedUse uses[] = {
      // An accelerator for an hour at 300 W: 30 g x 4 = 108 g + 150 kg x 1/35040.
      {{300_W * Seconds{1_h}, {}, Operations{3600}, OperationType::device_second},
       {1, grid, {}, GramsCO2e{150_kg}, Operations{4.0 * 365 * 24 * 3600}, OperationType::device_second, true}},
      // A processor: 1e12 instructions at 2 nJ = 2 kJ = 0.2 g, PUE 1.5; and a millionth of its 20 kg.
      {{Joules{2000}, {}, Operations{1e12}, OperationType::instruction},
       {1.5, grid, {}, GramsCO2e{20_kg}, Operations{1e18}, OperationType::instruction, true}},
  };
  const auto sum = asc(uses);
  ASSERT_TRUE(sum);
  EXPECT_DOUBLE_EQ(sum->operational.value(), 108 + 0.3);
  EXPECT_DOUBLE_EQ(sum->embodied.value(), 150'000.0 / 35040 + 0.02);
  EXPECT_DOUBLE_EQ(sum->total().value(), sum->operational.value() + sum->embodied.value());
  EXPECT_EQ(*asc({}), Footprint{});
}

TEST(Metric, OperationsOfTwoTypesHaveNoRatio) {
  const PricedUse uses[] = {{}, {{1_J, {}, Operations{1}, OperationType::fp16_flop}, {}}};
  const auto sum = asc(uses);
  ASSERT_FALSE(sum);
  EXPECT_EQ(sum.error().where, "use 1, operation_type");
}

TEST(Metric, BadQuantitiesAreRefusedByName) {
  const auto where = [](auto change) {
    ComponentUse use{10_J, 5_J, Operations{1}, OperationType::device_second};
    ComponentCost cost{
        1.1, GramsPerJoule{1e-4}, GramsPerJoule{2e-4}, 100_g, Operations{10}, OperationType::device_second, true};
    EXPECT_TRUE(check(use, cost));
    change(use, cost);
    const auto result = check(use, cost);
    EXPECT_TRUE(result || !result.error().hint.empty());
    return result ? std::string("accepted") : result.error().where;
  };
  for (const double bad : {-1.0, nan, std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(where([bad](ComponentUse& u, ComponentCost&) { u.energy = Joules{bad}; }), "energy");
    EXPECT_EQ(where([bad](ComponentUse& u, ComponentCost&) { u.baseline = Joules{bad}; }), "baseline");
    EXPECT_EQ(where([bad](ComponentUse& u, ComponentCost&) { u.operations = Operations{bad}; }), "operations");
    EXPECT_EQ(where([bad](ComponentUse&, ComponentCost& c) { c.pue = bad; }), "pue");
    EXPECT_EQ(where([bad](ComponentUse&, ComponentCost& c) { c.average = GramsPerJoule{bad}; }), "average");
    EXPECT_EQ(where([bad](ComponentUse&, ComponentCost& c) { c.marginal = GramsPerJoule{bad}; }), "marginal");
    EXPECT_EQ(where([bad](ComponentUse&, ComponentCost& c) { c.embodied = GramsCO2e{bad}; }), "embodied");
    EXPECT_EQ(where([bad](ComponentUse&, ComponentCost& c) { c.lifetime = Operations{bad}; }), "lifetime");
  }
  EXPECT_EQ(where([](ComponentUse& u, ComponentCost&) { u.baseline = 11_J; }), "baseline");
  EXPECT_EQ(where([](ComponentUse&, ComponentCost& c) { c.pue = 0.99; }), "pue");
  EXPECT_EQ(where([](ComponentUse&, ComponentCost& c) { c.lifetime = Operations{0}; }), "lifetime");
}

TEST(Metric, ViewsHaveNames) {
  for (const View view : {View::attributional, View::marginal, View::planning})
    EXPECT_EQ(*parse_view(name(view)), view);
  for (const char* bad : {"", "Marginal", "asc", "\xFF"}) EXPECT_FALSE(parse_view(bad)) << bad;
  EXPECT_EQ(parse_view("marginl").error().hint, "did you mean 'marginal'?");
}

// --- SCI ------------------------------------------------------------------------------------------------------------

TEST(Metric, SciWorkedExample) {
  // SCI specification v1.1: a machine of 1000 kg, expected to last 4 years, reserved whole for 1 hour. The published
  // 28.538813 g counts years of 365 days (4 x 365 x 24 h); Julian years would give 28.519279 g.
  EXPECT_NEAR(sci_embodied(GramsCO2e{1000_kg}, Seconds{1_h}, Seconds{Hours{4.0 * 365 * 24}}, 1).value(), 28.538813,
              5e-7);
  EXPECT_NEAR(sci_embodied(GramsCO2e{1000_kg}, Seconds{1_h}, Seconds{Years{4}}, 1).value(), 28.519279, 5e-7);
}

TEST(Metric, SciScore) {
  // 2 kWh at 400 g/kWh and 100 g of hardware over 300 requests: 3 g a request.
  EXPECT_DOUBLE_EQ(sci(Joules{2_kWh}, GramsPerJoule{400_g_per_kWh}, 100_g, Operations{300}).value(), 3);
}

RC_GTEST_PROP(Metric, EmbodiedShareIsSciWhenOperationsAreReservedTimeTimesShare, ()) {
  // A machine of `slots` equal parts is counted in slot-seconds; a job reserves some of them for some time.
  const double slots = std::floor(any(1, 256));
  const double reserved_slots = any(0, 1) * slots;
  const Seconds lifespan{any(1e6, 3e8)};
  const Seconds reserved{lifespan * any(0, 1)};
  const GramsCO2e total{any(1, 1e7)};
  const Operations used{reserved.value() * reserved_slots}, lifetime{lifespan.value() * slots};
  RC_ASSERT(close(embodied_share(used, lifetime, total),
                  sci_embodied(total, reserved, lifespan, reserved_slots / slots), 1e-14));
  // ASC of one functional unit is then SCI's score, energy and all.
  const Joules energy{any(0, 1e9)};
  const GramsPerJoule intensity{GramsPerKilowattHour{any(1, 1000)}};
  const PricedUse use{{energy, {}, used}, {1, intensity, {}, total, lifetime}};
  RC_ASSERT(
      close(asc({&use, 1})->total(),
            sci(energy, intensity, sci_embodied(total, reserved, lifespan, reserved_slots / slots), Operations{1}) *
                Operations{1},
            1e-14));
}

// --- Conservation
// -----------------------------------------------------------------------------------------------------

RC_GTEST_PROP(Metric, SharesOfAllJobsAndTheIdleResidueAreTheEmbodiedCarbon, ()) {
  // The life of a component is cut at random into the operations of jobs and idle stretches.
  const auto parts =
      *rc::gen::resize(2000, rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint32_t>>(rc::gen::resize(
                                 rc::kNominalSize, rc::gen::inRange<std::uint32_t>(0, 1'000'000'000)))));
  double lifetime = 1;  // an idle rest that is never empty
  for (const auto part : parts) lifetime += part;
  const GramsCO2e emc{any(1, 1e7)};
  const ComponentCost cost{1, {}, {}, emc, Operations{lifetime}};
  GramsCO2e jobs, idle = attributional({{}, {}, Operations{1}}, cost).embodied;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const GramsCO2e share = attributional({{}, {}, Operations{static_cast<double>(parts[i])}}, cost).embodied;
    (i % 3 == 0 ? idle : jobs) += share;
  }
  RC_ASSERT(close(jobs + idle, emc, 1e-12));
}

TEST(Metric, AMillionSharesStillAddUpToTheEmbodiedCarbon) {
  RandomStream random(42, "lives");
  std::vector<double> parts(1'000'000);
  double lifetime = 0;
  for (double& part : parts) lifetime += part = random.exponential(3600);
  const GramsCO2e emc{150_kg};
  GramsCO2e sum;
  for (const double part : parts) sum += embodied_share(Operations{part}, Operations{lifetime}, emc);
  EXPECT_NEAR(sum / emc, 1, 1e-12);
}

RC_GTEST_PROP(Metric, PlanningSpreadsTheWholeResidueOverTheTenants, ()) {
  const ComponentCost cost{
      any(1, 2), GramsPerJoule{any(1e-6, 3e-4)}, {}, GramsCO2e{any(1, 1e6)}, Operations{any(1e6, 1e9)}};
  const int count = static_cast<int>(any(1, 50));
  std::vector<ComponentUse> tenants;
  Residue residue{attributional({Joules{any(0, 1e8)}, {}, Operations{any(0, 1e6)}}, cost), {}};
  Footprint expected = residue.footprint;
  for (int i = 0; i < count; ++i) {
    tenants.push_back({Joules{any(0, 1e8)}, {}, Operations{any(1, 1e5)}});
    residue.reserved_by_tenants += tenants.back().operations;
    expected += attributional(tenants.back(), cost);
  }
  Footprint sum;
  for (const auto& use : tenants) {
    const Footprint mine = planning(use, cost, residue);
    RC_ASSERT(mine.total() >= attributional(use, cost).total());
    sum += mine;
  }
  RC_ASSERT(close(sum.operational, expected.operational, 1e-12));
  RC_ASSERT(close(sum.embodied, expected.embodied, 1e-12));
}

RC_GTEST_PROP(Metric, MarginalIsNeverMoreThanAttributionalUnderOneSignal, (bool sunk)) {
  const double energy = any(0, 1e9);
  const ComponentUse use{Joules{energy}, Joules{energy * any(0, 1)}, Operations{any(0, 1e6)}};
  const ComponentCost cost{any(1, 2),       GramsPerJoule{1e-4},          {},  GramsCO2e{100_kg},
                           Operations{1e6}, OperationType::device_second, sunk};
  const Footprint mine = marginal(use, cost), all = attributional(use, cost);
  RC_ASSERT(mine.operational <= all.operational);
  RC_ASSERT(mine.embodied == (sunk ? 0_g : all.embodied));
  RC_ASSERT(cost.marginal_signal() == Signal::average);
}

TEST(Metric, MarginalUsesTheMarginalSignalWhereThereIsOne) {
  ComponentCost cost{1.5, GramsPerJoule{1e-4}, {}, 1000_g, Operations{10}, OperationType::device_second, true};
  const ComponentUse use{100_J, 40_J, Operations{1}};
  EXPECT_DOUBLE_EQ(marginal(use, cost).operational.value(), 60 * 1.5 * 1e-4);
  EXPECT_EQ(cost.marginal_signal(), Signal::average);
  cost.marginal = GramsPerJoule{3e-4};
  EXPECT_DOUBLE_EQ(marginal(use, cost).operational.value(), 60 * 1.5 * 3e-4);
  EXPECT_EQ(cost.marginal_signal(), Signal::marginal);
  EXPECT_DOUBLE_EQ(attributional(use, cost).operational.value(), 100 * 1.5 * 1e-4) << "the views do not mix signals";
  EXPECT_EQ(marginal(use, cost).embodied, 0_g);
  cost.sunk = false;
  EXPECT_DOUBLE_EQ(marginal(use, cost).embodied.value(), 100);
  EXPECT_EQ(marginal({100_J, 100_J, Operations{1}}, cost).operational, 0_g) << "idle draw is nobody's consequence";
}

TEST(Metric, AResidueWithoutTenantsStaysWithTheFleet) {
  const ComponentCost cost{1, GramsPerJoule{1e-4}, {}, 1000_g, Operations{10}};
  const ComponentUse nothing{};
  EXPECT_EQ(planning(nothing, cost, {{5_g, 7_g}, Operations{0}}), Footprint{});
}

// --- The sunk carbon fallacy
// ---------------------------------------------------------------------------------------------

/// A server that is already in the rack and stays powered whether the job comes or not.
struct Server {
  Watts idle;
  Watts busy;     ///< with the job on it
  Hours runtime;  ///< of the job
  KilogramsCO2e emc;
  Hours lifetime;
};

constexpr GramsPerJoule grid{GramsPerKilowattHour{100}};
constexpr Hours horizon{24};

GramsCO2e server_emissions(const Server& server, bool runs_the_job) {
  const Joules standing = server.idle * Seconds{horizon};
  const Joules added = runs_the_job ? (server.busy - server.idle) * Seconds{server.runtime} : 0_J;
  return (standing + added) * grid;
}

PricedUse job_on(const Server& server) {
  return {{server.busy * Seconds{server.runtime}, server.idle * Seconds{server.runtime},
           Operations{Seconds{server.runtime}.value()}},
          {1, grid, {}, GramsCO2e{server.emc}, Operations{Seconds{server.lifetime}.value()}}};
}

TEST(Metric, PlacingByAscCanRaiseTheCarbonEmittedAndTheMarginalViewDoesNot) {
  // After Bashir et al., "The Sunk Carbon Fallacy" (SoCC'24, arXiv 2410.15087): both servers are bought and on. The
  // old one is slow and hungry but was cheap to make; the new one needs half the energy but carries much embodied
  // carbon. ASC charges the new one's making to the job although nothing that the job does can undo it.
  const Server old_server{150_W, 350_W, 10_h, 500_kg, Hours{6.0 * 8760}};
  const Server new_server{100_W, 400_W, 4_h, 4000_kg, Hours{4.0 * 8760}};

  // By hand: old 3.5 kWh x 100 g + 500 kg x 10/52560 h = 445.1 g; new 1.6 kWh x 100 g + 4000 kg x 4/35040 h = 616.6 g.
  const PricedUse on_old = job_on(old_server), on_new = job_on(new_server);
  EXPECT_NEAR(asc({&on_old, 1})->total().value(), 445.13, 0.01);
  EXPECT_NEAR(asc({&on_new, 1})->total().value(), 616.62, 0.01);
  const bool asc_chooses_old = asc({&on_old, 1})->total() < asc({&on_new, 1})->total();
  ASSERT_TRUE(asc_chooses_old);

  // What the atmosphere sees over the day, and in all: both servers were made, both stand, one runs the job.
  const GramsCO2e made = GramsCO2e{old_server.emc} + GramsCO2e{new_server.emc};
  const GramsCO2e if_old = made + server_emissions(old_server, true) + server_emissions(new_server, false);
  const GramsCO2e if_new = made + server_emissions(old_server, false) + server_emissions(new_server, true);
  EXPECT_GT(if_old, if_new) << "the choice by ASC emits more";

  // The marginal view chooses the other one, and its difference is the true one to the gram: 2.0 against 1.2 kWh.
  const GramsCO2e marginal_old = marginal(on_old.use, on_old.cost).total();
  const GramsCO2e marginal_new = marginal(on_new.use, on_new.cost).total();
  EXPECT_LT(marginal_new, marginal_old);
  EXPECT_NEAR(marginal_old.value(), 200, 1e-9);
  EXPECT_NEAR(marginal_new.value(), 120, 1e-9);
  EXPECT_NEAR((if_old - if_new).value(), (marginal_old - marginal_new).value(), 1e-6);
}

RC_GTEST_PROP(Metric, MarginalDifferencesAreTheDifferencesInCarbonEmitted, ()) {
  const auto any_server = [] {
    const double idle = any(10, 500);
    return Server{Watts{idle}, Watts{idle + any(1, 1000)}, Hours{any(0.1, 24)}, KilogramsCO2e{any(100, 10'000)},
                  Hours{any(8760, 87600)}};
  };
  const Server a = any_server(), b = any_server();
  const GramsCO2e if_a = server_emissions(a, true) + server_emissions(b, false);
  const GramsCO2e if_b = server_emissions(a, false) + server_emissions(b, true);
  const PricedUse on_a = job_on(a), on_b = job_on(b);
  const GramsCO2e difference = marginal(on_a.use, on_a.cost).total() - marginal(on_b.use, on_b.cost).total();
  RC_ASSERT(std::abs((if_a - if_b - difference).value()) <= 1e-10 * (if_a + if_b).value());
}

}  // namespace
}  // namespace cradle::carbon
