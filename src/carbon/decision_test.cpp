#include "cradle/carbon/decision.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

namespace {
thread_local std::size_t allocations = 0;
}

// Counts every allocation of the test program, to show that a decision makes none.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size ? size : 1)) return memory;
  throw std::bad_alloc();
}
// The non-throwing form, which std::stable_sort uses, must match the operator delete below as well.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size ? size : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace cradle::carbon {
namespace {

using namespace literals;

/// low .. high - 1, small and large alike (rapidcheck would begin near `low`).
rc::Gen<std::int64_t> within(std::int64_t low, std::int64_t high) {
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high));
}

IntensitySeries hourly(Signal signal, double first, double second) {
  return *IntensitySeries::make(signal, Instant{0}, ms_per_hour,
                                {GramsPerKilowattHour{first}, GramsPerKilowattHour{second}}, true);
}

TEST(Decision, CostsAreThoseOfTheMetricByHand) {
  const auto average = hourly(Signal::average, 100, 300);
  const auto marginal = hourly(Signal::marginal, 500, 700);
  const auto site = *SiteSignals::make(1.2, average, &marginal);
  // Two hours at 400 W, 100 W of them idle draw; 36 g/h of hardware, a third of it not bought yet.
  const PlacementCost cost = decision_cost(
      site, {400_W, 100_W, 36_g / Seconds{1_h}, 12_g / Seconds{1_h}, Instant{0}, Instant{2 * ms_per_hour}});
  EXPECT_DOUBLE_EQ(cost.jsc.value(), 0.4 * 1.2 * (100 + 300));
  EXPECT_DOUBLE_EQ(cost.asc.value(), 192 + 72);
  EXPECT_DOUBLE_EQ(cost.marginal.value(), 0.3 * 1.2 * (500 + 700) + 24);
  EXPECT_EQ(cost.marginal_signal, Signal::marginal);
}

TEST(Decision, WithoutAMarginalSignalTheAverageIsUsedAndNamed) {
  const auto average = hourly(Signal::average, 100, 300);
  const auto site = *SiteSignals::make(1, average, nullptr);
  const PlacementCost cost = decision_cost(site, {400_W, 100_W, {}, {}, Instant{0}, Instant{ms_per_hour}});
  EXPECT_DOUBLE_EQ(cost.marginal.value(), 30);
  EXPECT_EQ(cost.marginal_signal, Signal::average);
}

RC_GTEST_PROP(Decision, AgreesWithTheViewsOfTheSameUse, ()) {
  const auto average = hourly(Signal::average, 100, 300);
  const auto marginal_series = hourly(Signal::marginal, 500, 700);
  const bool has_marginal = *rc::gen::arbitrary<bool>();
  const bool sunk = *rc::gen::arbitrary<bool>();
  const auto site = *SiteSignals::make(1.3, average, has_marginal ? &marginal_series : nullptr);
  const Instant start{*within(-ms_per_day, ms_per_day)};
  const std::int64_t length = *within(1, 10 * ms_per_day);
  const Instant end{start.ms + length};
  const Seconds duration{static_cast<double>(length) / 1000};
  const Watts base{static_cast<double>(*within(0, 200))};
  const Watts busy = base + Watts{static_cast<double>(*within(0, 500))};

  const Seconds lifetime{1e8};
  const GramsCO2e emc{150_kg};
  const ComponentUse use{busy * duration, base * duration, Operations{duration.value()}};
  ComponentCost priced{1.3, average.mean(start, end), {}, emc, Operations{lifetime.value()}};
  if (has_marginal) priced.marginal = marginal_series.mean(start, end);
  priced.sunk = sunk;

  const PlacementCost cost =
      decision_cost(site, {busy, base, emc / lifetime, sunk ? GramsPerSecond{0} : emc / lifetime, start, end});
  RC_ASSERT(std::abs((cost.asc - attributional(use, priced).total()).value()) <= 1e-12 * cost.asc.value());
  RC_ASSERT(std::abs((cost.marginal - marginal(use, priced).total()).value()) <= 1e-12 * cost.asc.value() * 10);
  RC_ASSERT(cost.marginal_signal == priced.marginal_signal());
}

TEST(Decision, SignalsInTheWrongPlaceAreRefused) {
  const auto average = hourly(Signal::average, 1, 2);
  const auto marginal = hourly(Signal::marginal, 1, 2);
  EXPECT_EQ(SiteSignals::make(1, marginal, nullptr).error().where, "average");
  EXPECT_EQ(SiteSignals::make(1, average, &average).error().where, "marginal");
  for (const double pue :
       {0.99, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    EXPECT_EQ(SiteSignals::make(pue, average, &marginal).error().where, "pue");
}

TEST(Decision, MakesNoAllocation) {
  const auto average = hourly(Signal::average, 100, 300);
  const auto marginal = hourly(Signal::marginal, 500, 700);
  const auto site = *SiteSignals::make(1.2, average, &marginal);
  const std::size_t before_control = allocations;
  ::operator delete(::operator new(8));
  ASSERT_EQ(allocations, before_control + 1) << "the counter counts";

  GramsCO2e sum;
  const std::size_t before = allocations;
  for (std::int64_t hour = 0; hour < 1000; ++hour) {
    const Instant start{hour * ms_per_hour + 17};
    sum += decision_cost(site, {400_W, 100_W, {}, {}, start, {start.ms + 90 * 60'000}}).marginal;
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(sum, 0_g);
}

}  // namespace
}  // namespace cradle::carbon
