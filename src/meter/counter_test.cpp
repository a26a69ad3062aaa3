#include "counter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "cradle/base/random.h"

namespace cradle::meter {
namespace {

using carbon::Watts;

constexpr std::int64_t second = 1'000'000'000;

TEST(EnergyCounter, SumOfStepsIsTheTruthOverManyWraps) {
  RandomStream draws(7, "wraps");
  for (const std::int64_t range : {std::int64_t{2}, std::int64_t{1000}, std::int64_t{262'143'328'850}}) {
    EnergyCounter counter({range, {}});
    std::int64_t truth = static_cast<std::int64_t>(draws.below(static_cast<std::uint64_t>(range)));
    const std::int64_t start = truth;
    std::int64_t sum = counter.step(truth % range, second).microjoules;
    std::int64_t wraps = 0, told = 0;
    for (int i = 0; i < 500'000; ++i) {
      const auto more = static_cast<std::int64_t>(draws.below(static_cast<std::uint64_t>(range)));
      wraps += (truth + more) / range - truth / range;
      truth += more;
      const CounterStep step = counter.step(truth % range, second);
      ASSERT_EQ(step.microjoules, more);
      sum += step.microjoules;
      told += step.event == "wrapped" ? 1 : 0;
    }
    EXPECT_EQ(sum, truth - start);
    EXPECT_EQ(told, wraps);
    EXPECT_GE(wraps, 100'000);  // at every range: 1e5 wraps and more
  }
}

TEST(EnergyCounter, StepDownWithoutRangeIsNoEnergy) {
  EnergyCounter counter;
  EXPECT_EQ(counter.step(5000, second).microjoules, 0);
  const CounterStep down = counter.step(100, second);
  EXPECT_EQ(down.microjoules, 0);
  EXPECT_EQ(down.event, "ran backwards");
  EXPECT_EQ(counter.step(160, second).microjoules, 60);
}

TEST(EnergyCounter, ResetIsNotTakenForAWrap) {
  // 200 W cannot bring a counter of 262 kJ from 1 kJ to its end within a second: it was reset.
  EnergyCounter counter({262'143'328'850, Watts{400}});
  counter.step(1'000'000'000, second);
  const CounterStep down = counter.step(5, second);
  EXPECT_EQ(down.microjoules, 0);
  EXPECT_EQ(down.event, "ran backwards");
  EXPECT_EQ(counter.step(200'000'005, second).microjoules, 200'000'000);
}

TEST(EnergyCounter, ImplausibleStepIsNoEnergy) {
  EnergyCounter counter({0, Watts{2000}});
  counter.step(0, second);
  const CounterStep jump = counter.step(4'000'000'000'000'000, second);
  EXPECT_EQ(jump.microjoules, 0);
  EXPECT_NE(jump.event.find("no reading"), std::string::npos);
  EXPECT_EQ(counter.step(4'000'000'000'000'007, second).microjoules, 7);
}

TEST(EnergyCounter, SaysWhenMoreThanOneWrapIsPossible) {
  EnergyCounter counter({1'000'000, Watts{1}});  // one second at 1 W
  counter.step(900'000, second);
  EXPECT_EQ(counter.step(300'000, second).event, "wrapped");
  const CounterStep late = counter.step(400'000, 3 * second);
  EXPECT_EQ(late.microjoules, 100'000);
  EXPECT_NE(late.event.find("more wraps are possible"), std::string::npos);
  EXPECT_NE(late.event.find("every 1.0 s"), std::string::npos);
}

TEST(EnergyCounter, NegativeCountIsNoReading) {
  EnergyCounter counter;
  counter.step(10, second);
  EXPECT_EQ(counter.step(-1, second).microjoules, 0);
  EXPECT_EQ(counter.step(15, second).microjoules, 5);
}

RC_GTEST_PROP(WholeMicrojoules, NothingIsLostToRounding, ()) {
  const auto parts = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1'000'000));
  WholeMicrojoules whole;
  std::int64_t sum = 0;
  double truth = 0;
  for (const int part : parts) {
    truth += part / 1000.0;
    sum += whole.add(part / 1000.0);
  }
  RC_ASSERT(std::abs(static_cast<double>(sum) - truth) <= 1.0);
}

TEST(PowerIntegral, TrapezoidOfARampIsExact) {
  PowerIntegral integral;
  std::int64_t sum = 0;
  for (int t = 0; t <= 100; ++t) sum += integral.add(Watts{2.0 * t}, second);
  EXPECT_EQ(sum, 10'000'000'000);  // the integral of 2 t from 0 to 100 s: 10,000 J
  integral.forget();
  EXPECT_EQ(integral.add(Watts{500}, second), 0);
}

RC_GTEST_PROP(SplitExactly, PartsAddUpEachWithinOne, ()) {
  const auto weights =
      *rc::gen::suchThat(rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 7001)),
                         [](const auto& w) { return std::accumulate(w.begin(), w.end(), std::int64_t{0}) > 0; });
  const auto total = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
  const auto parts = split_exactly(total, weights);
  RC_ASSERT(std::accumulate(parts.begin(), parts.end(), std::int64_t{0}) == total);
  const double sum = static_cast<double>(std::accumulate(weights.begin(), weights.end(), std::int64_t{0}));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const double exact = static_cast<double>(total) * static_cast<double>(weights[i]) / sum;
    RC_ASSERT(std::abs(static_cast<double>(parts[i]) - exact) <= 1.01);
    RC_ASSERT(weights[i] > 0 || parts[i] == 0);
  }
}

}  // namespace
}  // namespace cradle::meter
