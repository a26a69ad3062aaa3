// Laws of the power of mixed work on slices, each against what the curves say of one kind alone.
#include "cradle/slicing/slice_power.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "cradle/catalog/catalog.h"

namespace cradle::slicing {
namespace {

using carbon::Estimate;
using carbon::Watts;

const catalog::Catalog& records() {
  static const catalog::Catalog catalog = *catalog::Catalog::load();
  return catalog;
}

KindCurves curves_named(const char* training, const char* fine_tuning, const char* inference) {
  return {records().curve(training), records().curve(fine_tuning), records().curve(inference)};
}

/// A second implementation of one kind alone: the middle of the curve in watts, on straight lines.
double along_curve(const catalog::Accelerator& board, const catalog::AcceleratorCurve& curve, double share) {
  const double full = board.full_power.value().value() * curve.draw_at_one.value();
  for (std::size_t i = 1; i < curve.points.size(); ++i) {
    const double from = curve.points[i - 1].at.value(), to = curve.points[i].at.value();
    if (share > to) continue;
    const double low = curve.points[i - 1].power.value(), high = curve.points[i].power.value();
    return full * (low + (high - low) * (share - from) / (to - from));
  }
  return full;
}

/// Whole slices, at most seven, by kind; now and then paused.
SliceLoad any_load(int most = 7) {
  SliceLoad load;
  int left = *rc::gen::inRange(0, most + 1);
  while (left > 0) {
    const int n = *rc::gen::inRange(1, left + 1);
    const auto kind = static_cast<std::size_t>(*rc::gen::inRange(0, 3));
    (*rc::gen::inRange(0, 3) == 0 ? load.paused : load.working)[kind] += n;
    left -= n;
  }
  return load;
}

RC_GTEST_PROP(SlicePower, LiesBetweenIdleAndFullInItsBand, ()) {
  const char* const boards[] = {"a30", "a100-40", "a100-80", "h100", "h200"};
  const auto& board = *records().accelerator(boards[*rc::gen::inRange(0, 5)]);
  const auto power = SlicePower::make(7, board, curves_named("training-slices", "fine-tuning-slices", "decode-slices"));
  RC_ASSERT(power.has_value());
  const SliceLoad load = any_load();
  const Estimate<Watts> draw = power->draw(load), idle = power->draw({});
  RC_ASSERT(draw.low <= draw.value && draw.value <= draw.high);
  RC_ASSERT(draw.value >= idle.value && draw.low >= idle.low && draw.high >= idle.high);
  const auto& full = board.full_power.estimate;
  RC_ASSERT(draw.value <= full.value && draw.low <= full.low && draw.high <= full.high);
}

RC_GTEST_PROP(SlicePower, NeverFallsWithASliceMoreOrAPauseLess, ()) {
  const auto& board = *records().accelerator("a100-80");
  const auto power = SlicePower::make(7, board, curves_named("training-slices", "prefill-slices", "decode-slices"));
  const SliceLoad load = any_load(6);
  const auto kind = static_cast<std::size_t>(*rc::gen::inRange(0, 3));
  const auto not_above = [&](const SliceLoad& a, const SliceLoad& b) {
    const Estimate<Watts> less = power->draw(a), more = power->draw(b);
    const Watts slack{1e-9};
    return less.value <= more.value + slack && less.low <= more.low + slack && less.high <= more.high + slack;
  };
  SliceLoad paused = load, working = load;
  paused.paused[kind] += 1;
  working.working[kind] += 1;
  RC_ASSERT(not_above(load, paused));
  RC_ASSERT(not_above(paused, working));
}

RC_GTEST_PROP(SlicePower, KindsWithOneCurveDrawWhatTheyWouldAsOne, ()) {
  const auto& board = *records().accelerator("h100");
  const char* const names[] = {"training-slices", "prefill-slices", "decode-slices"};
  const char* const name = names[*rc::gen::inRange(0, 3)];
  const auto power = SlicePower::make(7, board, curves_named(name, name, name));
  SliceLoad load = any_load();
  load.paused = {};
  const double slices = load.working[0] + load.working[1] + load.working[2];
  const double wanted = along_curve(board, *records().curve(name), slices / 7);
  RC_ASSERT(std::abs(power->draw(load).value.value() - wanted) < 1e-9 * wanted);
}

TEST(SlicePower, OneKindAloneDrawsWhatItsCurveAddsToIdle) {
  const auto& board = *records().accelerator("a100-40");
  const auto power = SlicePower::make(7, board, curves_named("training-slices", "fine-tuning-slices", "decode-slices"));
  ASSERT_TRUE(power);
  const auto& decode = *records().curve("decode-slices");
  const double idle = power->draw({}).value.value();
  // Idle is that of the hungriest kind.
  EXPECT_NEAR(idle, along_curve(board, *records().curve("training-slices"), 0), 1e-9);
  for (int n = 1; n <= 7; ++n) {
    SliceLoad load;
    load.working[2] = n;
    const double above = along_curve(board, decode, n / 7.0) - along_curve(board, decode, 0);
    EXPECT_NEAR(power->draw(load).value.value(), idle + above, 1e-9) << n;
  }
}

TEST(SlicePower, MixedWorkIsWrittenOut) {
  // Full power 400 W. Training: 0.93 x 400 = 372 W at 1; 0.14, 0.354, 0.526, 0.665 at 0..3 slices. Decode on two slices
  // adds 0.45 x 400 x (0.603 - 0.28) = 58.14 W; alone, training needs 58.14 / (372 x 0.214) = 0.7303 slices for that.
  // Two slices of training beside it: the draw at 2.7303 slices of training.
  const auto& board = *records().accelerator("a100-40");
  ASSERT_EQ(board.full_power.value().value(), 400);
  const auto power =
      *SlicePower::make(7, board, curves_named("training-slices", "fine-tuning-slices", "decode-slices"));
  SliceLoad load;
  load.working = {2, 0, 2};
  const double slices = 2 + 58.14 / (372 * 0.214);
  EXPECT_NEAR(power.draw(load).value.value(), 372 * (0.526 + (0.665 - 0.526) * (slices - 2)), 1e-3);
}

TEST(SlicePower, PausesCountFromIdleToWorking) {
  const auto& board = *records().accelerator("a100-40");
  const auto power =
      *SlicePower::make(7, board, curves_named("training-slices", "fine-tuning-slices", "decode-slices"));
  SliceLoad still, busy, paused;
  still.working[0] = 2;
  busy.working[0] = 5;
  paused.working[0] = 2;
  paused.paused[0] = 3;
  EXPECT_EQ(power.draw(paused).low, power.draw(still).low);
  EXPECT_EQ(power.draw(paused).high, power.draw(busy).high);
  EXPECT_NEAR(power.draw(paused).value.value(), (power.draw(still).value + power.draw(busy).value).value() / 2, 1e-9);
}

}  // namespace
}  // namespace cradle::slicing
