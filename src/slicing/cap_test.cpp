// Power caps: laws of the best cap, racing against being steady, slices; each against a search on a fine grid.
#include "cradle/slicing/cap.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "cradle/catalog/catalog.h"
#include "cradle/slicing/cap_race.h"
#include "cradle/slicing/cap_slice.h"
#include "cradle/slicing/partition.h"

namespace cradle::slicing {
namespace {

using carbon::Estimate;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::GramsPerSecond;
using carbon::Hours;
using carbon::Seconds;
using carbon::View;
using carbon::Watts;

const catalog::Catalog& records() {
  static const catalog::Catalog catalog = *catalog::Catalog::load();
  return catalog;
}

CapCurve embedded_curve(const char* curve, const char* accelerator) {
  return *CapCurve::make(*records().curve(curve), *records().accelerator(accelerator));
}

template <class Q>
Estimate<Q> about(double value, double part = 0) {
  return {Q(value), Q(value * (1 - part)), Q(value * (1 + part))};
}

Estimate<GramsPerJoule> intensity(double grams_per_kwh, double part = 0) {
  const auto e = about<GramsPerKilowattHour>(grams_per_kwh, part);
  return {GramsPerJoule{e.value}, GramsPerJoule{e.low}, GramsPerJoule{e.high}};
}

CapPoint point(double cap, double watts, double throughput, double part = 0) {
  return {cap, about<Watts>(watts, part), about<double>(throughput, part)};
}

CapCost cost_of(double idle, double host, double grams_per_hour, View view = View::attributional, bool sleep = false) {
  return {about<Watts>(idle), about<Watts>(host), about<GramsPerSecond>(grams_per_hour / 3600), 1.2, view, sleep};
}

const CapJob hour{Seconds{Hours{1}}, Seconds{Hours{4}}};

/// Curves of any shape: power and throughput need not rise, nor be convex.
CapCurve any_curve(bool rising) {
  const int count = *rc::gen::inRange(2, 9);
  std::vector<CapPoint> points;
  double throughput = 0, watts = 0;
  for (int i = 0; i < count; ++i) {
    const double cap = i + 1 == count ? 1 : 0.2 + 0.7 * i / count;
    const double t = *rc::gen::inRange(1, 100) / 100.0, w = *rc::gen::inRange(1, 400);
    throughput = rising ? throughput + t : t;
    watts = rising ? watts + w : w;
    points.push_back(point(cap, watts, throughput));
  }
  for (CapPoint& p : points) p.throughput = p.throughput * (1 / points.back().throughput.value);
  const auto curve = CapCurve::make(points, Watts{5000}, "test");
  RC_ASSERT(curve.has_value());
  return *curve;
}

struct Amounts {
  double kwh, embodied;
};

/// A second implementation: what a job takes at one cap, written out for the middle values.
Amounts amounts_at(const CapCurve& curve, double cap, const CapJob& job, const CapCost& cost) {
  const auto p = *curve.at(cap);
  const double hours = job.work.value() / 3600 / p.throughput.value;
  const double kept = std::max(hours, job.deadline.value() / 3600);
  const double busy = p.power.value.value() + cost.host_power.value.value();
  const double after = cost.sleep ? 0 : cost.idle_power.value.value() + cost.host_power.value.value();
  const double embodied_an_hour = cost.embodied.value.value() * 3600;
  if (cost.view == View::attributional) return {busy * hours / 1000, embodied_an_hour * hours};
  if (cost.view == View::marginal) return {std::max(0.0, busy - after) * hours / 1000, 0};
  return {(busy * hours + after * (kept - hours)) / 1000, embodied_an_hour * kept};
}

double grams_at(const CapCurve& curve, double cap, const CapJob& job, const CapCost& cost, double grams_per_kwh) {
  const Amounts amounts = amounts_at(curve, cap, job, cost);
  return amounts.kwh * cost.pue * grams_per_kwh + amounts.embodied;
}

TEST(CapCurve, InterpolatesAndNeverExtrapolates) {
  const auto curve = *CapCurve::make({point(0.4, 200, 0.5), point(0.6, 300, 0.8), point(1, 450, 1)}, Watts{500}, "c");
  EXPECT_DOUBLE_EQ(curve.at(0.5)->power.value.value(), 250);
  EXPECT_DOUBLE_EQ(curve.at(0.5)->throughput.value, 0.65);
  EXPECT_DOUBLE_EQ(curve.at(0.6)->throughput.value, 0.8);
  EXPECT_DOUBLE_EQ(curve.at(1)->power.value.value(), 450);
  for (const double cap : {0.39, 1.01, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    const auto outside = curve.at(cap);
    ASSERT_FALSE(outside) << cap;
    EXPECT_NE(outside.error().hint.find("0.4 to 1"), std::string::npos);
  }
  ASSERT_EQ(curve.crossings(0.9).size(), 1u);
  EXPECT_NEAR(curve.crossings(0.9)[0].cap, 0.8, 1e-12);
  EXPECT_TRUE(curve.crossings(1.1).empty());
}

TEST(CapCurve, RefusesWhatIsNoCurve) {
  const double nan = std::nan("");
  const CapPoint end = point(1, 450, 1);
  const std::vector<std::vector<CapPoint>> bad = {
      {},
      {point(0.5, 200, 0.5)},
      {point(0.5, 200, 0.5), point(0.5, 210, 0.6), end},
      {point(0.6, 200, 0.5), point(0.5, 210, 0.6), end},
      {point(0, 200, 0.5), end},
      {point(-1, 200, 0.5), end},
      {point(0.5, -200, 0.5), end},
      {point(0.5, nan, 0.5), end},
      {point(0.5, 200, 0), end},
      {point(0.5, 200, nan), end},
      {point(0.5, 200, 0.5), end, point(1e9, 1, 1)},
      {{0.5, {Watts{200}, Watts{210}, Watts{220}}, about<double>(0.5)}, end}};
  for (const auto& points : bad) {
    const auto curve = CapCurve::make(points, Watts{500}, "bad curve");
    ASSERT_FALSE(curve);
    EXPECT_EQ(curve.error().code, ErrorCode::bad_input);
    EXPECT_EQ(curve.error().where, "bad curve");
  }
  EXPECT_FALSE(CapCurve::make({end}, Watts{0}, "x"));
  EXPECT_FALSE(CapCurve::make(*records().curve("training-slices"), *records().accelerator("h100")));
  EXPECT_FALSE(CapCurve::make(*records().curve("v100-training-cap"), *records().accelerator("h100")));
}

TEST(CapCurve, EmbeddedCurvesKeepTheirCaps) {
  int curves = 0;
  for (const catalog::Accelerator& accelerator : records().accelerators())
    for (const auto* curve : records().curves_of(accelerator.id, catalog::CurveKind::power_cap)) {
      const auto watts = CapCurve::make(*curve, accelerator);
      ASSERT_TRUE(watts) << to_string(watts.error());
      ++curves;
      for (const CapPoint& p : watts->points())
        EXPECT_LE(p.power.high.value(), p.cap * watts->limit().value() * (1 + 1e-12)) << curve->id;
    }
  EXPECT_EQ(curves, 48);  // twelve accelerators, four kinds of work
}

RC_GTEST_PROP(BestCap, IsThatOfAFineGrid, ()) {
  const CapCurve curve = any_curve(false);
  const auto view = static_cast<View>(*rc::gen::inRange(0, 3));
  const CapCost cost = cost_of(*rc::gen::inRange(0, 100), *rc::gen::inRange(0, 100), *rc::gen::inRange(0, 50), view,
                               *rc::gen::arbitrary<bool>());
  const double grid = *rc::gen::inRange(0, 800);
  const CapJob job{hour.work, hour.work * (1 + *rc::gen::inRange(0, 400) / 100.0)};
  const auto best = best_cap(curve, job, cost, intensity(grid));
  double fastest = 0, least = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= 4000; ++i) {
    const double cap = std::min(1.0, curve.lowest_cap() + (1 - curve.lowest_cap()) * i / 4000);
    const double t = curve.at(cap)->throughput.value;
    fastest = std::max(fastest, t);
    if (t * job.deadline.value() >= job.work.value()) least = std::min(least, grams_at(curve, cap, job, cost, grid));
  }
  if (!best) {
    RC_ASSERT(fastest * job.deadline.value() < job.work.value() * (1 + 1e-9));
    return;
  }
  RC_ASSERT(best->point.throughput.value * job.deadline.value() >= job.work.value() * (1 - 1e-12));
  // No worse than any point of the grid, and no better than what the second implementation says of the same cap.
  RC_ASSERT(best->grams.value.value() <= least * (1 + 1e-9) + 1e-12);
  RC_ASSERT(std::abs(best->grams.value.value() - grams_at(curve, best->point.cap, job, cost, grid)) <=
            1e-9 * (1 + best->grams.value.value()));
  RC_ASSERT(best->grams.low <= best->grams.value && best->grams.value <= best->grams.high);
}

RC_GTEST_PROP(BestCap, DoesNotDependOnTheGridWithoutEmbodiedCarbon, ()) {
  const CapCurve curve = any_curve(true);
  const CapCost cost = cost_of(0, *rc::gen::inRange(0, 50), 0);
  const auto a = best_cap(curve, hour, cost, intensity(*rc::gen::inRange(1, 900)));
  const auto b = best_cap(curve, hour, cost, intensity(*rc::gen::inRange(1, 900)));
  RC_ASSERT(a.has_value() == b.has_value());
  // Equal grams may be told apart by rounding: then the same grams at both caps.
  if (a && a->point.cap != b->point.cap)
    RC_ASSERT(std::abs(grams_at(curve, a->point.cap, hour, cost, 500) / grams_at(curve, b->point.cap, hour, cost, 500) -
                       1) < 1e-9);
}

RC_GTEST_PROP(BestCap, IsNeverLowerForMoreEmbodiedCarbonOrACleanerGrid, ()) {
  const CapCurve curve = any_curve(true);
  const double grid = *rc::gen::inRange(1, 900), embodied = *rc::gen::inRange(0, 100);
  const double host = *rc::gen::inRange(0, 50);
  const auto base = best_cap(curve, hour, cost_of(0, host, embodied), intensity(grid));
  const auto more = best_cap(curve, hour, cost_of(0, host, embodied + *rc::gen::inRange(1, 100)), intensity(grid));
  const auto cleaner = best_cap(curve, hour, cost_of(0, host, embodied), intensity(grid / 2));
  RC_ASSERT(base.has_value() == more.has_value());
  if (!base) return;
  RC_ASSERT(more->point.cap >= base->point.cap - 1e-12);
  RC_ASSERT(cleaner->point.cap >= base->point.cap - 1e-12);
}

TEST(BestCap, OnAGridWithoutCarbonIsFullSpeed) {
  for (const catalog::Accelerator& accelerator : records().accelerators())
    for (const auto* record : records().curves_of(accelerator.id, catalog::CurveKind::power_cap)) {
      const auto curve = *CapCurve::make(*record, accelerator);
      const auto best = best_cap(curve, hour, cost_of(50, 50, 5), intensity(0));
      ASSERT_TRUE(best);
      EXPECT_EQ(best->point.throughput.value, 1) << record->id;
    }
}

TEST(BestCap, SaysWhatIsMissing) {
  const CapCurve curve = embedded_curve("training-cap", "h100");
  const auto refused = [&](const CapJob& job, const CapCost& cost, const auto& grid, const char* part) {
    const auto best = best_cap(curve, job, cost, grid);
    ASSERT_FALSE(best) << part;
    EXPECT_EQ(best.error().code, ErrorCode::bad_input);
    EXPECT_NE(to_string(best.error()).find(part), std::string::npos) << to_string(best.error());
    EXPECT_FALSE(best.error().hint.empty());
  };
  const CapCost cost = cost_of(85, 75, 5);
  refused({Seconds{0}, Seconds{1}}, cost, intensity(300), "give a time above 0");
  refused({Seconds{std::nan("")}, Seconds{1}}, cost, intensity(300), "give a time above 0");
  refused({Seconds{100}, Seconds{99}}, cost, intensity(300), "allow at least 100 s");
  refused(hour, cost_of(-1, 0, 0), intensity(300), "idle power");
  refused(hour, cost, intensity(-5), "intensity is negative");
  refused(hour, cost, intensity(std::nan("")), "intensity is negative");
  CapCost below = cost;
  below.pue = 0.9;
  refused(hour, below, intensity(300), "PUE of 0.9");
}

TEST(CapBill, IsWrittenOutForOneHour) {
  // 300 W at half speed beside a host of 50 W: two hours, 0.7 kWh, times PUE 1.2 and 500 g/kWh: 420 g; 6 g embodied.
  const CapPoint slow = point(0.5, 300, 0.5);
  const auto at = [&](View view, bool sleep) {
    return bill(slow, hour, cost_of(80, 50, 3, view, sleep)).grams(intensity(500), 1.2).value.value();
  };
  EXPECT_NEAR(at(View::attributional, false), 420 + 6, 1e-9);
  EXPECT_NEAR(at(View::attributional, true), 420 + 6, 1e-9);
  // Idle, board and host would draw 130 W: (350 - 130) W for two hours.
  EXPECT_NEAR(at(View::marginal, false), 0.44 * 1.2 * 500, 1e-9);
  EXPECT_NEAR(at(View::marginal, true), 420, 1e-9);
  // Two more hours at 130 W, embodied for all four.
  EXPECT_NEAR(at(View::planning, false), (0.7 + 0.26) * 1.2 * 500 + 12, 1e-9);
  EXPECT_NEAR(at(View::planning, true), 420 + 12, 1e-9);
}

RC_GTEST_PROP(CapBill, BoundsHoldWhateverLiesWithinThem, ()) {
  const CapPoint p = point(0.6, 300, 0.7, 0.2);
  CapCost cost = cost_of(80, 50, 5, static_cast<View>(*rc::gen::inRange(0, 3)), *rc::gen::arbitrary<bool>());
  cost.idle_power = about<Watts>(80, 0.3);
  cost.host_power = about<Watts>(50, 0.5);
  cost.embodied = about<GramsPerSecond>(5 / 3600.0, 0.4);
  const auto bounds = bill(p, hour, cost);
  const auto inside = [](const auto& e) {
    const double part = *rc::gen::inRange(0, 101) / 100.0;
    return std::decay_t<decltype(e)>::exact(e.low + (e.high - e.low) * part);
  };
  CapCost exact = cost;
  exact.idle_power = inside(cost.idle_power);
  exact.host_power = inside(cost.host_power);
  exact.embodied = inside(cost.embodied);
  const CapBill one = bill({p.cap, inside(p.power), inside(p.throughput)}, hour, exact);
  const auto holds = [](const auto& outer, const auto& value) {
    const double slack = 1e-9 * std::abs(outer.high.value());
    return outer.low.value() <= value.value() + slack && value.value() <= outer.high.value() + slack;
  };
  RC_ASSERT(holds(bounds.energy, one.energy.value));
  RC_ASSERT(holds(bounds.embodied, one.embodied.value));
  RC_ASSERT(holds(bounds.time, one.time.value));
}

RC_GTEST_PROP(CapRace, FlipsWhereBothEmitTheSame, ()) {
  const CapCurve curve = any_curve(true);
  const auto view = static_cast<View>(*rc::gen::inRange(0, 3));
  const CapCost cost = cost_of(*rc::gen::inRange(0, 90), *rc::gen::inRange(0, 90), *rc::gen::inRange(1, 60), view,
                               *rc::gen::arbitrary<bool>());
  const CapJob job{hour.work, hour.work * (1.1 + *rc::gen::inRange(0, 200) / 100.0)};
  const auto race = race_or_steady(curve, job, cost, intensity(300));
  RC_ASSERT(race.has_value());
  RC_ASSERT(race->best.grams.value.value() <= race->race.grams.value.value() * (1 + 1e-12));
  RC_ASSERT(race->best.grams.value.value() <= race->steady.grams.value.value() * (1 + 1e-12));
  RC_ASSERT(race->steady.bill.time.value <= job.deadline * (1 + 1e-9));
  // Both are affine in the intensity: they meet where what steady saves in kWh pays for what it adds in embodied grams.
  const Amounts fast = amounts_at(curve, 1, job, cost), slow = amounts_at(curve, race->steady.point.cap, job, cost);
  const double saved = fast.kwh - slow.kwh, added = std::max(0.0, slow.embodied - fast.embodied);
  const double flip = GramsPerKilowattHour{race->flip.value}.value();
  // Inputs are small fractions: energies are the same but for rounding, or differ by far more.
  RC_ASSERT(std::abs(saved) <= 1e-13 * fast.kwh || std::abs(saved) > 1e-11 * fast.kwh);
  if (saved <= 1e-12 * fast.kwh) {
    RC_ASSERT(std::isinf(flip));
    RC_ASSERT(race->race_is_less);
    return;
  }
  const double meet = added / (saved * cost.pue);
  // The difference of two energies keeps what rounding leaves of it, and that of two embodied shares likewise.
  const double slack = 1e-12 + 1e-14 * (fast.kwh / saved + slow.embodied / std::max(added, 1e-300));
  RC_ASSERT(std::abs(flip - meet) <= slack * meet + 1e-12);
  if (meet < 299.99 || meet > 300.01) RC_ASSERT(race->race_is_less == (300 <= flip));
}

TEST(CapRace, WithExactInputsTheVerdictIsThatOfTheMiddle) {
  std::vector<CapPoint> points = {point(0.5, 300, 0.7), point(1, 600, 1)};
  const CapCurve curve = *CapCurve::make(points, Watts{700}, "c");
  const CapJob job{Seconds{Hours{1}}, Seconds{Hours{2}}};
  // Race 600 W x 1 h, steady 300 W x 1.43 h: 171 Wh less at PUE 1.2; 3 g/h more embodied for 0.43 h: flip at 6.25
  // g/kWh.
  const CapCost cost = cost_of(0, 0, 3);
  const double flip = 3 * (1 / 0.7 - 1) / ((0.6 - 0.3 / 0.7) * 1.2);
  const auto dirty = race_or_steady(curve, job, cost, intensity(400));
  EXPECT_NEAR(GramsPerKilowattHour{dirty->flip.value}.value(), flip, 1e-9);
  EXPECT_NEAR(flip, 6.25, 1e-9);
  EXPECT_EQ(dirty->verdict, Verdict::steady);
  EXPECT_EQ(dirty->flip.low, dirty->flip.high);
  const auto clean = race_or_steady(curve, job, cost, intensity(2));
  EXPECT_EQ(clean->verdict, Verdict::race);
  EXPECT_TRUE(clean->race_is_less);
  EXPECT_EQ(race_or_steady(curve, job, cost, intensity(6.25, 0.2))->verdict, Verdict::unclear);
}

TEST(CapRace, TheFlipLiesWithinItsBounds) {
  for (const catalog::Accelerator& accelerator : records().accelerators())
    for (const auto* record : records().curves_of(accelerator.id, catalog::CurveKind::power_cap)) {
      CapCost cost = cost_of(50, 40, 5);
      cost.embodied = about<GramsPerSecond>(5 / 3600.0, 0.5);
      const auto race = race_or_steady(*CapCurve::make(*record, accelerator), {hour.work, hour.work * 1.3}, cost,
                                       intensity(300, 0.2));
      ASSERT_TRUE(race) << to_string(race.error());
      EXPECT_LE(race->flip.low, race->flip.value) << record->id;
      EXPECT_LE(race->flip.value, race->flip.high) << record->id;
      EXPECT_EQ(race->race_is_less, intensity(300).value <= race->flip.value) << record->id;
    }
}

TEST(CapRace, IdleDrawSpeaksForBeingSteadyAndSleepForRacing) {
  const CapCurve curve = *CapCurve::make({point(0.5, 300, 0.5), point(1, 500, 1)}, Watts{500}, "c");
  const CapJob job{Seconds{Hours{1}}, Seconds{Hours{2}}};
  // Awake: 500 + 130 W against 2 x 300 W and the host twice on both sides. Asleep: 550 Wh against 700 Wh.
  const auto awake = race_or_steady(curve, job, cost_of(130, 50, 0, View::planning, false), intensity(300));
  const auto asleep = race_or_steady(curve, job, cost_of(130, 50, 0, View::planning, true), intensity(300));
  EXPECT_FALSE(awake->race_is_less);
  EXPECT_TRUE(asleep->race_is_less);
  // Without embodied carbon nothing flips.
  EXPECT_EQ(awake->flip.value.value(), 0);
  EXPECT_TRUE(std::isinf(asleep->flip.value.value()));
}

TEST(CapSlice, SharedSlicesAddUpToTheBoard) {
  const CapCurve board = embedded_curve("training-cap", "h100");
  const auto& slices = *records().curve("training-slices");
  const auto one = *curve_on_slices(board, slices, 1.0 / 7, Sharing::shared);
  for (std::size_t i = 0; i < board.points().size(); ++i)
    EXPECT_NEAR(one.points()[i].power.value.value() * 7, board.points()[i].power.value.value(), 1e-9);
  const auto whole = *curve_on_slices(board, slices, 1, Sharing::alone);
  for (const CapPoint& p : whole.points())
    if (const auto same = board.at(p.cap); same && p.cap < 1) {
      EXPECT_NEAR(same->throughput.value, p.throughput.value, 0.02) << "a whole board alone is the board itself";
    }
}

TEST(CapSlice, AFullLayoutOwesAtLeastTheWholeBoard) {
  std::size_t layouts = 0, exact = 0;
  for (const catalog::Partitioning& rules : records().partitionings())
    for (const bool wide : {false, true}) {
      const auto table = *PartitionTable::make(rules, plain_profiles(rules, wide));
      for (const StateId state : table.maximal_layouts()) {
        double sum = 0;
        int memory = 0;
        for (const Instance& instance : table.instances(state)) {
          sum += dominant_share(table.profile(instance.profile), rules);
          memory += table.profile(instance.profile).memory;
        }
        const double taken = std::max(static_cast<double>(table.compute(state)) / rules.compute_slices,
                                      static_cast<double>(memory) / rules.memory_slices);
        EXPECT_GE(sum, taken - 1e-12) << rules.id << ' ' << table.text(state);
        if (!wide) {
          EXPECT_GE(sum, 13.0 / 14 - 1e-12) << rules.id << ' ' << table.text(state);
        }
        ++layouts;
        exact += std::abs(sum - 1) < 1e-12 ? 1 : 0;
      }
    }
  EXPECT_GT(exact, 0u);
  EXPECT_GT(layouts, exact);
  // The even ones owe exactly the board.
  const auto& rules = *records().partitioning_of("h100");
  const auto table = *PartitionTable::make(rules, plain_profiles(rules, true));
  for (const char* text : {"7g@0", "3g@0,3g@4", "1g.10gb@0,1g.10gb@1,1g.10gb@2,1g.10gb@3,1g.10gb@4,1g.10gb@5,1g.10gb@6",
                           "1g.20gb@0,1g.20gb@2,1g.20gb@4,1g.20gb@6"}) {
    const auto state = table.parse(text, "layout");
    ASSERT_TRUE(state) << to_string(state.error());
    double sum = 0;
    for (const Instance& instance : table.instances(*state))
      sum += dominant_share(table.profile(instance.profile), rules);
    EXPECT_NEAR(sum, 1, 1e-12) << text;
  }
}

TEST(CapSlice, ASmallSliceAloneIsNotSlowedByACapThatItDoesNotReach) {
  const CapCurve board = embedded_curve("prefill-cap", "h100");
  const auto& slices = *records().curve("prefill-slices");
  const auto alone = *curve_on_slices(board, slices, 1.0 / 7, Sharing::alone);
  // 0.354 of the draw at one: 0.33 of the limit holds it at full clock.
  EXPECT_NEAR(alone.at(0.35)->throughput.value, alone.points().back().throughput.value, 0.003);
  EXPECT_LT(board.at(0.35)->throughput.value, 0.6);
  for (const CapPoint& p : alone.points()) EXPECT_LE(p.power.high, board.limit() * p.cap * (1 + 1e-12));
}

TEST(CapSlice, RefusesSharesOutsideTheCurve) {
  const CapCurve board = embedded_curve("training-cap", "h100");
  for (const double share : {0.0, -0.1, 1.1, std::nan("")})
    EXPECT_FALSE(curve_on_slices(board, *records().curve("training-slices"), share, Sharing::shared)) << share;
  EXPECT_FALSE(curve_on_slices(board, *records().curve("training-cap"), 0.5, Sharing::shared));
}

RC_GTEST_PROP(CapSlice, TheChoiceIsTheLeastOverProfilesAndCaps, ()) {
  const auto& gpu = *records().accelerator("a100-80");
  const auto& rules = *records().partitioning_of("a100-80");
  const CapCurve board = embedded_curve("training-cap", "a100-80");
  const auto& slices = *records().curve("training-slices");
  const auto sharing = *rc::gen::arbitrary<bool>() ? Sharing::shared : Sharing::alone;
  const CapCost cost = cost_of(50, *rc::gen::inRange(0, 60), *rc::gen::inRange(0, 20));
  const double grid = *rc::gen::inRange(0, 800);
  const CapJob job{hour.work, hour.work * (1 + *rc::gen::inRange(0, 90) / 10.0)};
  const carbon::Bytes memory{carbon::Gibibytes{static_cast<double>(*rc::gen::inRange(0, 80))}};
  const auto choices = *choose_slice_and_cap(board, gpu, rules, slices, sharing, memory, job, cost, intensity(grid));
  double least = best_cap(board, job, cost, intensity(grid))->grams.value.value();
  for (const auto& profile : rules.profiles) {
    if (profile.at_most > 0 || rules.slice_memory.value() * profile.memory < memory) continue;
    const double share = profile.compute / 7.0;
    const auto curve = *curve_on_slices(board, slices, share, sharing);
    CapCost part = cost;
    if (sharing == Sharing::shared) {
      const double kept = std::max(share, profile.memory / 8.0);
      part.host_power = cost.host_power * kept + cost.idle_power * (kept - share);
      part.idle_power = cost.idle_power * share;
      part.embodied = cost.embodied * kept;
    }
    for (int i = 0; i <= 300; ++i) {
      const double cap = std::min(1.0, curve.lowest_cap() + (1 - curve.lowest_cap()) * i / 300);
      if (curve.at(cap)->throughput.value * job.deadline.value() >= job.work.value())
        least = std::min(least, grams_at(curve, cap, job, part, grid));
    }
  }
  RC_ASSERT(choices.front().choice.grams.value.value() <= least * (1 + 1e-9) + 1e-12);
  for (const auto& choice : choices) {
    RC_ASSERT(choice.memory >= memory);
    RC_ASSERT(choice.choice.bill.time.value <= job.deadline * (1 + 1e-9));
    RC_ASSERT(choice.profile.find("+me") == std::string::npos);
  }
}

TEST(CapSlice, MemoryBeyondTheBoardIsRefused) {
  const auto refused =
      choose_slice_and_cap(embedded_curve("training-cap", "h100"), *records().accelerator("h100"),
                           *records().partitioning_of("h100"), *records().curve("training-slices"), Sharing::shared,
                           carbon::Bytes{carbon::Gibibytes{81}}, hour, cost_of(85, 75, 5), intensity(300));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("needs 81 GiB"), std::string::npos) << refused.error().message;
}

}  // namespace
}  // namespace cradle::slicing
