#include "cradle/design/break_even.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "cradle/base/random.h"

namespace cradle::design {
namespace {

using namespace cradle::carbon;
using Answer = BreakEven::Answer;

Technology technology(std::string name, double design_kg, double making_kg, double idle, double full, double speed = 1,
                      double years = 5) {
  return {std::move(name),
          GramsCO2e{KilogramsCO2e{design_kg}},
          GramsCO2e{KilogramsCO2e{making_kg}},
          Watts{idle},
          Watts{full},
          catalog::OperationsPerSecond{speed},
          Years{years},
          1};
}

Comparison example() {
  return {
      technology("old", 0, 100, 50, 200), technology("new", 1e6, 300, 20, 80), {1000, Years{4}, 0.5, Sizing::by_work}};
}

GramsPerJoule per_kwh(double grams) { return GramsPerJoule{GramsPerKilowattHour{grams}}; }

/// Grams of challenger less baseline, from `emissions`: the second way of computing what `break_even` solves.
double gap(Comparison comparison, GramsPerJoule intensity, Variable variable, double x) {
  switch (variable) {
    case Variable::volume: comparison.setting.volume = x; break;
    case Variable::service: comparison.setting.service = Years{x}; break;
    case Variable::utilisation: comparison.setting.utilisation = x; break;
    case Variable::intensity: intensity = per_kwh(x); break;
  }
  const auto exposure = intensity * Seconds{comparison.setting.service};
  return (emissions(comparison.challenger, comparison, exposure).total() -
          emissions(comparison.baseline, comparison, exposure).total())
      .value();
}

TEST(BreakEven, VolumeIsTheDesignOverTheSavingOfOne) {
  // By hand: power 125 W against 50 W; 75 W over 4 years at 400 g/kWh saves 75 x 35,064 h x 0.4 / 1000 = 1,051.92 kg;
  // 200 kg more to make; so 851.92 kg a machine, and 1e6 kg of design need 1,173.82 machines.
  const auto found = break_even(example(), per_kwh(400), Variable::volume, 1, 1e9, "test");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->crossings.size(), 1u);
  EXPECT_NEAR(found->crossings[0].value, 1e6 / (0.075 * 35064 * 0.4 - 200), 1e-6);
  EXPECT_TRUE(found->crossings[0].challenger_after);
  EXPECT_TRUE(found->closed_form);
}

TEST(BreakEven, SaysNeverAndAlwaysWithTheReason) {
  auto worse = example();
  worse.challenger = technology("worse", 0, 300, 60, 300);
  const auto never = break_even(worse, per_kwh(400), Variable::service, 0.01, 5, "test");
  ASSERT_TRUE(never);
  EXPECT_EQ(never->answer, Answer::never);
  EXPECT_NE(never->reason.find("nothing that could pay it back"), std::string::npos) << never->reason;
  auto better = example();
  better.challenger = technology("better", 0, 50, 20, 80);
  const auto always = break_even(better, per_kwh(400), Variable::intensity, 0, 1000, "test");
  ASSERT_TRUE(always);
  EXPECT_EQ(always->answer, Answer::always);
  auto slow = example();
  slow.setting.volume = 10;
  const auto late = break_even(slow, per_kwh(400), Variable::service, 0.01, 5, "test");
  ASSERT_TRUE(late);
  EXPECT_EQ(late->answer, Answer::never);
  EXPECT_NE(late->reason.find("does not pay back within"), std::string::npos) << late->reason;
}

TEST(BreakEven, BendsAtALifetime) {
  // The challenger lasts 1 year against 100: it is made again and again and never keeps its lead.
  Comparison comparison{technology("lasting", 0, 100, 100, 100, 1, 100),
                        technology("short", 0, 110, 0, 0, 1, 1),
                        {1, Years{1}, 1, Sizing::by_work}};
  // 100 W at 100 g/kWh are 87.66 kg a year: ahead after 10 / 87.66 years; from year 1 on 110 kg a year go against it,
  // and it falls behind where 100 + 87.66 t = 110 t, t = 4.4763.
  const auto found = break_even(comparison, per_kwh(100), Variable::service, 0.001, 20, "test");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->crossings.size(), 2u);
  EXPECT_NEAR(found->crossings[0].value, 10 / 87.66, 1e-12);
  EXPECT_NEAR(found->crossings[1].value, 100 / (110 - 87.66), 1e-9);
  EXPECT_FALSE(found->crossings[1].challenger_after);
  const auto series = IntensitySeries::constant(Signal::average, GramsPerKilowattHour{100});
  const auto bracketed = break_even(comparison, series, Instant{}, Variable::service, 0.001, 20, "test");
  ASSERT_TRUE(bracketed);
  ASSERT_EQ(bracketed->crossings.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_LE(bracketed->crossings[i].low, found->crossings[i].value);
    EXPECT_GE(bracketed->crossings[i].high, found->crossings[i].value);
  }
}

TEST(BreakEven, RefusesWhatCannotBe) {
  const auto refused = [](auto change) {
    Comparison comparison = example();
    change(comparison);
    const auto found = break_even(comparison, per_kwh(400), Variable::volume, 1, 10, "study.toml");
    return !found && found.error().code == ErrorCode::bad_input && !found.error().hint.empty() &&
           found.error().where == "study.toml";
  };
  EXPECT_TRUE(refused([](Comparison& c) { c.baseline.lifetime = Years{0}; }));
  EXPECT_TRUE(refused([](Comparison& c) { c.setting.volume = 0; }));
  EXPECT_TRUE(refused([](Comparison& c) { c.setting.service = Years{-1}; }));
  EXPECT_TRUE(refused([](Comparison& c) { c.setting.utilisation = 1.5; }));
  EXPECT_TRUE(refused([](Comparison& c) { c.challenger.making = GramsCO2e{std::nan("")}; }));
  EXPECT_TRUE(refused([](Comparison& c) { c.challenger.throughput = catalog::OperationsPerSecond{0}; }));
  EXPECT_TRUE(refused([](Comparison& c) { c.challenger.pue = 0.9; }));
  EXPECT_TRUE(refused([](Comparison& c) { c.challenger.idle = Watts{1e4}; }));
  EXPECT_TRUE(refused([](Comparison& c) {
    c.setting.sizing = Sizing::one_for_one;
    c.challenger.throughput = catalog::OperationsPerSecond{0.1};
  }));
  EXPECT_FALSE(break_even(example(), per_kwh(400), Variable::volume, 10, 1, "x"));
  EXPECT_FALSE(break_even(example(), per_kwh(-1), Variable::volume, 1, 10, "x"));
  EXPECT_FALSE(break_even(example(), per_kwh(1), Variable::utilisation, 0, 1.5, "x"));
  const auto day = *IntensitySeries::make(Signal::average, Instant{}, ms_per_hour,
                                          std::vector<GramsPerKilowattHour>(24, GramsPerKilowattHour{1}), false);
  EXPECT_FALSE(break_even(example(), day, Instant{}, Variable::service, 0.1, 5, "x"));
}

Comparison any_comparison() {
  const auto number = [](int low, int high) { return static_cast<double>(*rc::gen::inRange(low, high)); };
  const double idle_a = number(0, 100), idle_b = number(0, 100);
  Comparison comparison{
      technology("a", number(0, 1000), number(0, 1000), idle_a, idle_a + number(0, 300), number(1, 9), number(1, 12)),
      technology("b", number(0, 1000), number(0, 1000), idle_b, idle_b + number(0, 300), number(1, 9), number(1, 12)),
      {number(1, 50), Years{number(1, 10)}, number(0, 101) / 100, Sizing::by_work}};
  comparison.baseline.pue = 1 + number(0, 10) / 10;
  return comparison;
}

RC_GTEST_PROP(BreakEven, TheDifferenceChangesItsSignAtEveryRootAndNowhereElse, ()) {
  const auto comparison = any_comparison();
  const auto intensity = per_kwh(*rc::gen::inRange(0, 900));
  const auto variable = static_cast<Variable>(*rc::gen::inRange(0, 4));
  const double from = variable == Variable::utilisation ? 0 : 0.01, to = variable == Variable::utilisation ? 1 : 500;
  const auto found = break_even(comparison, intensity, variable, from, to, "test");
  RC_ASSERT(found.has_value());
  double scale = 1;
  for (int i = 0; i <= 50; ++i)
    scale = std::max(scale, std::abs(gap(comparison, intensity, variable, from + (to - from) * i / 50)));
  double sign = 0;
  std::size_t next = 0;
  for (int i = 0; i <= 2000; ++i) {
    const double x = from + (to - from) * i / 2000;
    const double value = gap(comparison, intensity, variable, x);
    while (next < found->crossings.size() && found->crossings[next].value < x) {
      const auto& crossing = found->crossings[next++];
      RC_ASSERT(std::abs(gap(comparison, intensity, variable, crossing.value)) <= 1e-9 * scale);
      sign = crossing.challenger_after ? -1 : 1;
    }
    if (std::abs(value) <= 1e-9 * scale) continue;
    const double here = value > 0 ? 1 : -1;
    if (sign != 0) RC_ASSERT(here == sign);
    sign = here;
  }
  if (found->answer == Answer::always) RC_ASSERT(sign <= 0);
}

TEST(BreakEven, ARootAtAnEndOfTheRangeIsNoChangeOfSides) {
  // A kilowatt against nothing, 876.6 kg more to make: equal at 100 g/kWh over a year, at 1 year with 100 g/kWh, and
  // (876.6 kg of design, nothing of making) at 1 machine; half as busy at 200 g/kWh.
  const Comparison made{technology("sunk", 0, 0, 0, 1000, 1, 100),
                        technology("new", 0, 876.6, 0, 0, 1, 100),
                        {1, Years{1}, 1, Sizing::by_work}};
  const Comparison designed{
      made.baseline, technology("new", 876.6, 0, 0, 0, 1, 100), {1, Years{1}, 1, Sizing::by_work}};
  struct Case {
    Comparison comparison;
    Variable variable;
    double intensity, low, root, high;
  };
  const Case cases[] = {{designed, Variable::volume, 100, 0.25, 1, 8},
                        {made, Variable::service, 100, 0.25, 1, 8},
                        {made, Variable::intensity, 1, 25, 100, 800},
                        {made, Variable::utilisation, 200, 0.125, 0.5, 1}};
  for (const Case& one : cases) {
    const auto within = [&one](const Comparison& comparison, double from, double to) {
      const auto found = break_even(comparison, per_kwh(one.intensity), one.variable, from, to, "test");
      EXPECT_TRUE(found) << name(one.variable);
      return found ? *found : BreakEven{};
    };
    Comparison swapped = one.comparison;
    std::swap(swapped.baseline, swapped.challenger);
    const auto before = within(one.comparison, one.low, one.root), after = within(one.comparison, one.root, one.high);
    EXPECT_TRUE(before.crossings.empty() && after.crossings.empty()) << name(one.variable);
    EXPECT_EQ(before.answer, Answer::never) << name(one.variable);
    EXPECT_EQ(after.answer, Answer::always) << name(one.variable);
    EXPECT_EQ(within(swapped, one.low, one.root).answer, Answer::always) << name(one.variable);
    EXPECT_EQ(within(swapped, one.root, one.high).answer, Answer::never) << name(one.variable);
    // A billionth beyond the end it is within, and found.
    constexpr double little = 1e-9;
    for (const auto& [from, to] : {std::pair{one.low, one.root * (1 + little)},
                                   std::pair{one.root * (1 - little), one.high}, std::pair{one.low, one.high}}) {
      const auto found = within(one.comparison, from, to);
      ASSERT_EQ(found.crossings.size(), 1u) << name(one.variable) << " in " << from << " .. " << to;
      EXPECT_NEAR(found.crossings[0].value / one.root, 1, 1e-12);
      EXPECT_TRUE(found.crossings[0].challenger_after);
      EXPECT_FALSE(within(swapped, from, to).crossings[0].challenger_after);
    }
  }
}

RC_GTEST_PROP(BreakEven, CutAtARootTheRangeHasTheOtherRootsInItsHalves, ()) {
  const auto comparison = any_comparison();
  const auto intensity = per_kwh(*rc::gen::inRange(0, 900));
  const auto variable = static_cast<Variable>(*rc::gen::inRange(0, 4));
  const double from = variable == Variable::utilisation ? 0 : 0.01, to = variable == Variable::utilisation ? 1 : 500;
  const auto whole = break_even(comparison, intensity, variable, from, to, "test");
  RC_ASSERT(whole.has_value());
  for (std::size_t i = 0; i < whole->crossings.size(); ++i) {
    const double root = whole->crossings[i].value;
    const auto before = break_even(comparison, intensity, variable, from, root, "test");
    const auto after = break_even(comparison, intensity, variable, root, to, "test");
    RC_ASSERT(before.has_value());
    RC_ASSERT(after.has_value());
    RC_ASSERT(before->crossings.size() == i);
    RC_ASSERT(after->crossings.size() == whole->crossings.size() - i - 1);
    if (i == 0) RC_ASSERT((before->answer == Answer::always) == !whole->crossings[i].challenger_after);
    if (after->crossings.empty()) RC_ASSERT((after->answer == Answer::always) == whole->crossings[i].challenger_after);
  }
}

RC_GTEST_PROP(BreakEven, OnAConstantSeriesTheBracketHoldsTheClosedForm, ()) {
  const auto comparison = any_comparison();
  const double grams = *rc::gen::inRange(1, 900);
  const auto closed = break_even(comparison, per_kwh(grams), Variable::service, 0.01, 30, "test");
  const auto series = IntensitySeries::constant(Signal::average, GramsPerKilowattHour{grams});
  const auto bracketed = break_even(comparison, series, instant_of(2022, 1, 1), Variable::service, 0.01, 30, "test");
  RC_ASSERT(closed.has_value());
  RC_ASSERT(bracketed.has_value());
  for (const Crossing& crossing : closed->crossings) {
    RC_PRE(crossing.value < 29.9);
    RC_PRE(crossing.value > 0.02);
  }
  RC_ASSERT(closed->crossings.size() == bracketed->crossings.size());
  RC_ASSERT(closed->answer == bracketed->answer);
  for (std::size_t i = 0; i < closed->crossings.size(); ++i) {
    const double slack = 1e-9 * closed->crossings[i].value;
    RC_ASSERT(bracketed->crossings[i].low <= closed->crossings[i].value + slack);
    RC_ASSERT(bracketed->crossings[i].high >= closed->crossings[i].value - slack);
    RC_ASSERT(bracketed->crossings[i].challenger_after == closed->crossings[i].challenger_after);
  }
}

RC_GTEST_PROP(BreakEven, OnAnHourlySeriesTheRootIsWhereTheSummedSavingMeetsTheMaking, ()) {
  RandomStream random(static_cast<std::uint64_t>(*rc::gen::inRange(1, 1 << 20)), "year");
  std::vector<GramsPerKilowattHour> steps;
  for (int hour = 0; hour < 8760; ++hour) steps.emplace_back(50 + 500 * random.uniform());
  const auto series = *IntensitySeries::make(Signal::average, Instant{}, ms_per_hour, steps, true);
  const double kilograms = 1 + *rc::gen::inRange(0, 2000), watts = 1 + *rc::gen::inRange(0, 500);
  Comparison comparison{technology("sunk", 0, 0, watts, watts, 1, 100),
                        technology("new", 0, kilograms, 0, 0, 1, 100),
                        {1, Years{1}, 1, Sizing::by_work}};
  const auto found = break_even(comparison, series, Instant{}, Variable::service, 0.001, 60, "test");
  RC_ASSERT(found.has_value());
  // Hour by hour, the plain way.
  double grams = kilograms * 1000;
  std::size_t hour = 0;
  while (hour < 60 * 8760 && grams - watts / 1000 * steps[hour % 8760].value() > 0)
    grams -= watts / 1000 * steps[hour++ % 8760].value();
  const double hours_per_year = 8766;
  if (hour >= 60 * 8760) {
    for (const Crossing& crossing : found->crossings) RC_ASSERT(crossing.value * hours_per_year >= 59 * 8760);
  } else if (static_cast<double>(hour) > 0.002 * hours_per_year) {
    RC_ASSERT(found->crossings.size() == 1u);
    const double root = static_cast<double>(hour) + grams / (watts / 1000 * steps[hour % 8760].value());
    RC_ASSERT(found->crossings[0].low * hours_per_year <= root + 1e-3);
    RC_ASSERT(found->crossings[0].high * hours_per_year >= root - 1e-3);
    RC_ASSERT((found->crossings[0].high - found->crossings[0].low) * hours_per_year * 3600 <= 1.001);
  }
}

}  // namespace
}  // namespace cradle::design
