#include "cradle/actuator/law.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace cradle::actuator {
namespace {

using carbon::Watts;

Level microwatts(std::int64_t amount) { return {Unit::microwatts, amount, false}; }
Level kilohertz(std::int64_t amount) { return {Unit::kilohertz, amount, false}; }

/// A curve with up to eight points; flat pieces among them.
rc::Gen<PowerCurve> any_curve(Unit unit) {
  return rc::gen::exec([unit] {
    const int count = *rc::gen::inRange(2, 9);
    std::vector<PowerCurve::Point> points;
    std::int64_t amount = *rc::gen::inRange<std::int64_t>(0, 1000);
    double watts = *rc::gen::inRange(0, 500) / 10.0;
    for (int i = 0; i < count; ++i) {
      points.push_back({amount, Watts{watts}});
      amount += *rc::gen::inRange<std::int64_t>(1, 2'000'000);
      watts += *rc::gen::inRange(0, 1000) / 7.0;
    }
    return *PowerCurve::make(unit, points, "curve");
  });
}

TEST(Law, KnownValues) {
  // 100 cores' worth of 3 W each above 40 W: 100 W leave 20 cores.
  const auto cores = PowerCurve::cores(Watts{40}, Watts{3}, 100, "test");
  EXPECT_EQ(cores->level(Watts{100})->amount, 20'000'000);
  EXPECT_DOUBLE_EQ(cores->draw({Unit::microcores, 1'500'000, false}).value(), 44.5);
  // 2 GHz at 50 W, 3 GHz at 100 W: 75 W are 2.5 GHz.
  const auto table = PowerCurve::make(Unit::kilohertz, {{2'000'000, Watts{50}}, {3'000'000, Watts{100}}}, "test");
  EXPECT_EQ(table->level(Watts{75})->amount, 2'500'000);
  EXPECT_EQ(table->level(Watts{1000})->amount, 3'000'000);
  EXPECT_EQ(table->level(Watts{49.9}).error().code, ErrorCode::budget_exceeded);
  const auto limit = PowerCurve::limit(Watts{30}, "test");
  EXPECT_EQ(limit->level(Watts{180.25})->amount, 150'250'000);
}

TEST(Law, PlacesOnStepsWithinTheRange) {
  const auto limit = PowerCurve::limit(Watts{0}, "test");
  const Range range{microwatts(50'000'000), microwatts(165'000'000), 125'000, false};
  EXPECT_EQ(place(*limit, Watts{100.3}, range)->level, microwatts(100'250'000));
  EXPECT_FALSE(place(*limit, Watts{100.3}, range)->at_highest);
  const auto most = place(*limit, Watts{500}, range);
  EXPECT_EQ(most->level, microwatts(165'000'000));
  EXPECT_TRUE(most->at_highest);
  const auto least = place(*limit, Watts{49}, range);
  ASSERT_FALSE(least);
  EXPECT_EQ(least.error().code, ErrorCode::budget_exceeded);
  EXPECT_NE(least.error().hint.find("50 W"), std::string::npos);
  EXPECT_EQ(place(*limit, Watts{std::nan("")}, range).error().code, ErrorCode::budget_exceeded);
  EXPECT_EQ(place(*limit, Watts{100}, {kilohertz(1), kilohertz(2), 1, false}).error().code, ErrorCode::bad_input);
}

TEST(Law, NothingBeyondTheDeclaredCurve) {
  const auto table = PowerCurve::make(Unit::kilohertz, {{1'000'000, Watts{20}}, {2'000'000, Watts{50}}}, "test");
  // The device goes to 3 GHz; what it draws there was not declared.
  EXPECT_EQ(place(*table, Watts{500}, {kilohertz(800'000), kilohertz(3'000'000), 1, false})->level,
            kilohertz(2'000'000));
  EXPECT_EQ(place(*table, Watts{500}, {kilohertz(2'500'000), kilohertz(3'000'000), 1, false}).error().code,
            ErrorCode::bad_input);
}

RC_GTEST_PROP(Law, NeverAboveTheGrantAndTheHighestSuch, ()) {
  const PowerCurve curve = *any_curve(Unit::microcores);
  const Watts watts{*rc::gen::inRange(0, 1'000'000) / 997.0};
  const auto level = curve.level(watts);
  if (!level) {
    RC_ASSERT(curve.points().front().draw > watts);
    return;
  }
  RC_ASSERT(curve.draw(*level) <= watts);
  if (level->amount < curve.points().back().amount)
    RC_ASSERT(curve.draw({level->unit, level->amount + 1, false}) > watts);
}

RC_GTEST_PROP(Law, CoinsAndLevelsAreInverseUpToRounding, ()) {
  const PowerCurve curve = *any_curve(Unit::microwatts);
  const std::int64_t first = curve.points().front().amount, last = curve.points().back().amount;
  const std::int64_t lowest = *rc::gen::inRange(first, last + 1);
  const Range range{microwatts(lowest), microwatts(*rc::gen::inRange(lowest, last + 1)),
                    *rc::gen::inRange<std::int64_t>(1, 200'000), false};
  const CoinLaw law{curve.draw(range.lowest), Watts{*rc::gen::inRange(1, 5000) / 1000.0}};
  const std::int64_t coins = *rc::gen::inRange<std::int64_t>(0, 2000);
  const auto placed = place(curve, grant(law, coins), range);
  RC_ASSERT(placed.has_value());
  RC_ASSERT(placed->draw <= grant(law, coins));
  RC_ASSERT(!above(placed->level, range.highest) && !above(range.lowest, placed->level));
  RC_ASSERT((placed->level.amount - lowest) % range.step == 0);
  // More coins never give less.
  const auto more = place(curve, grant(law, coins + *rc::gen::inRange<std::int64_t>(0, 100)), range);
  RC_ASSERT(!above(placed->level, more->level));
  // No more coins than were granted cover it, and those that cover it give it again.
  const std::int64_t back = coins_to_cover(law, placed->draw);
  RC_ASSERT(back <= coins);
  RC_ASSERT(!above(placed->level, place(curve, grant(law, back), range)->level));
}

RC_GTEST_PROP(Law, WattsAndMicrowattsGoBackAndForth, (std::uint32_t high, std::uint32_t low)) {
  const std::int64_t amount = (static_cast<std::int64_t>(high % 10'000) << 26) + low % (1 << 26);
  RC_ASSERT(level_of(watts_of(microwatts(amount))).amount == amount);
  const Watts between{static_cast<double>(amount) / 1e6 * 1.0000001};
  RC_ASSERT(watts_of(level_of(between)) <= between);
}

TEST(Law, RefusesCurvesThatAreNone) {
  using Points = std::vector<PowerCurve::Point>;
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinite = std::numeric_limits<double>::infinity();
  for (const Points& points :
       {Points{}, Points{{0, Watts{1}}}, Points{{0, Watts{1}}, {0, Watts{2}}}, Points{{5, Watts{1}}, {4, Watts{2}}},
        Points{{0, Watts{2}}, {1, Watts{1}}}, Points{{-1, Watts{1}}, {1, Watts{2}}},
        Points{{0, Watts{1}}, {2'000'000'000'000, Watts{2}}}, Points{{0, Watts{nan}}, {1, Watts{2}}},
        Points{{0, Watts{1}}, {1, Watts{infinite}}}, Points{{0, Watts{-1}}, {1, Watts{2}}}}) {
    const auto curve = PowerCurve::make(Unit::kilohertz, points, "the curve");
    ASSERT_FALSE(curve);
    EXPECT_EQ(curve.error().code, ErrorCode::bad_input);
    EXPECT_EQ(curve.error().where.find("the curve"), 0u);
  }
  EXPECT_FALSE(PowerCurve::cores(Watts{0}, Watts{3}, 0, "test"));
  EXPECT_FALSE(PowerCurve::cores(Watts{0}, Watts{-3}, 4, "test"));
  EXPECT_FALSE(PowerCurve::cores(Watts{0}, Watts{3}, 1'000'000'000, "test"));
}

TEST(CoinTable, InterpolatesAsTheUnit) {
  std::array<std::int64_t, CoinTable::points> values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(10 * i);
  const auto table = CoinTable::make(values, 6, "test");  // 64 coins, 4 from value to value
  EXPECT_EQ(table->value(0), 0);
  EXPECT_EQ(table->value(1), 2);  // 10 x 1 / 4, down
  EXPECT_EQ(table->value(2), 5);
  EXPECT_EQ(table->value(3), 7);
  EXPECT_EQ(table->value(4), 10);
  EXPECT_EQ(table->value(60), 150);
  EXPECT_EQ(table->value(63), 150);  // held
  EXPECT_EQ(table->value(64), 150);
  EXPECT_EQ(table->value(-3), 0);
  EXPECT_EQ(table->coins(8), 4);
  EXPECT_EQ(table->coins(151), -1);
  values[7] = 0;
  const auto falling = CoinTable::make(values, 6, "the table");
  ASSERT_FALSE(falling);
  EXPECT_NE(falling.error().where.find("value 8"), std::string::npos);
  EXPECT_FALSE(CoinTable::make({}, 3, "test"));
  EXPECT_FALSE(CoinTable::make({}, 17, "test"));
  EXPECT_FALSE(CoinTable::make({std::int64_t{1} << 41}, 6, "test"));
}

RC_GTEST_PROP(CoinTable, NowhereAboveTheLawWhateverItsBend, ()) {
  const PowerCurve curve = *any_curve(Unit::kilohertz);
  const Range range{kilohertz(curve.points().front().amount), kilohertz(curve.points().back().amount), 1, false};
  const CoinLaw law{curve.points().front().draw, Watts{*rc::gen::inRange(1, 40'000) / 1000.0}};
  const auto bits = static_cast<unsigned>(*rc::gen::inRange(4, 9));
  const auto table = CoinTable::below(curve, law, range, bits);
  RC_ASSERT(table.has_value());
  std::int64_t before = -1;
  for (std::int64_t coins = 0; coins < std::int64_t{1} << bits; ++coins) {
    const std::int64_t value = table->value(coins);
    RC_ASSERT(value >= before);
    RC_ASSERT(value <= place(curve, grant(law, coins), range)->level.amount);
    RC_ASSERT(table->coins(value) <= coins);
    before = value;
  }
}

TEST(CoinTable, LosesNothingOnAStraightLaw) {
  const auto line = PowerCurve::make(Unit::kilohertz, {{0, Watts{0}}, {65'536, Watts{64}}}, "test");
  const auto table = CoinTable::below(*line, {Watts{0}, Watts{1}}, {kilohertz(0), kilohertz(65'536), 1, false}, 6);
  for (std::int64_t coins = 0; coins <= 60; ++coins) EXPECT_EQ(table->value(coins), coins * 1024);
}

}  // namespace
}  // namespace cradle::actuator
