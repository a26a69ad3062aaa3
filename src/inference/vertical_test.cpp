#include "cradle/inference/vertical.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace cradle::inference {
namespace {

/// granite_13b on an A100 and an L4 pair in the sample data of llm-inferno (Apache-2.0): alpha, beta, gamma in ms and
/// the two-slope draws; embodied grams are made up.
Variant a100() {
  Variant v;
  v.name = "a100";
  v.service = {.formula = Formula::iteration,
               .alpha_ms = 20.58,
               .beta_ms = 0.041,
               .gamma_ms = 0.00128125,
               .delta_ms = 0,
               .in_tokens = 128,
               .out_tokens = 1024,
               .prefill_chunks = 1,
               .max_batch = 32,
               .max_queue = 320};
  v.power = {carbon::Watts{150}, carbon::Watts{320}, carbon::Watts{400}, 0.6};
  v.full_batch = 32;
  v.embodied = carbon::GramsPerSecond{1e-3};
  v.cents_per_h = 40;
  return v;
}
Variant l4_pair() {
  Variant v = a100();
  v.name = "2xl4";
  v.service.alpha_ms = 137.2, v.service.beta_ms = 0.273, v.service.gamma_ms = 0.00853125;
  v.service.max_batch = 9, v.service.max_queue = 90;
  v.power = {carbon::Watts{50}, carbon::Watts{130}, carbon::Watts{150}, 0.6};
  v.full_batch = 9;
  v.embodied = carbon::GramsPerSecond{3e-4};
  v.devices = 2, v.cents_per_h = 12;
  return v;
}
const Targets loose{.itl_ms = 250, .ttft_ms = 4000, .tokens_per_s = {}};

std::vector<TypeKnobs> some_knobs() {
  return {
      {a100(),
       {{.name = "1g", .share = 0.125, .throughput = 0.16, .power = 0.19, .batch = 0.1},
        {.name = "3g", .share = 0.5, .throughput = 0.45, .power = 0.52, .batch = 0.45}},
       {4, 8, 16},
       {{.name = "cap 0.5", .power = 0.55, .throughput = 0.7}, {.name = "cap 0.75", .power = 0.8, .throughput = 0.93}}},
      {l4_pair(), {}, {4}, {{.name = "cap 0.7", .power = 0.72, .throughput = 0.85}}}};
}

TEST(Vertical, KnobsScaleTheLaw) {
  const Variant whole = a100();
  const Variant half = *sliced(whole, {.name = "h", .share = 0.5, .throughput = 0.4, .power = 0.6, .batch = 0.25});
  EXPECT_EQ(half.service.max_batch, 8);
  EXPECT_EQ(half.service.max_queue, 80);
  EXPECT_EQ(half.full_batch, 8);
  for (const double batch : {1.0, 4.0, 8.0})
    EXPECT_NEAR(batch_time_ms(half.service, batch), batch_time_ms(whole.service, batch) / 0.4, 1e-9);
  EXPECT_NEAR(draw(half, 0).value(), 75, 1e-12);
  EXPECT_NEAR(draw(half, 8).value(), 240, 1e-12);
  EXPECT_NEAR(half.embodied.value(), 5e-4, 1e-18);
  EXPECT_TRUE(half.estimated);

  const Variant cap = *capped(whole, {.name = "c", .power = 0.7, .throughput = 0.8, .estimated = false});
  EXPECT_NEAR(draw(cap, 0).value(), 150, 1e-12);
  EXPECT_NEAR(draw(cap, 32).value(), 280, 1e-12);
  EXPECT_LE(draw(cap, 19.2), carbon::Watts{280});
  EXPECT_NEAR(batch_time_ms(cap.service, 5), batch_time_ms(whole.service, 5) / 0.8, 1e-9);
  EXPECT_FALSE(cap.estimated);

  // A smaller batch is the same device: it draws at a batch what it drew.
  const Variant small = *batched(whole, 8);
  EXPECT_EQ(small.service.max_queue, 80);
  EXPECT_EQ(draw(small, 8), draw(whole, 8));
}

TEST(Vertical, CurvesAreReadBetweenTheirPoints) {
  catalog::AcceleratorCurve curve;
  curve.id = "test";
  const auto point = [](double at, double power, double throughput) {
    catalog::CurvePoint p;
    p.at.estimate.value = at, p.power.estimate.value = power, p.throughput.estimate.value = throughput;
    return p;
  };
  curve.points = {point(0.5, 0.6, 0.7), point(1, 1, 1)};
  EXPECT_NEAR(curve_at(curve, 0.75)->power, 0.8, 1e-12);
  EXPECT_NEAR(curve_at(curve, 0.75)->throughput, 0.85, 1e-12);
  EXPECT_EQ(curve_at(curve, 0.5)->power, 0.6);
  EXPECT_EQ(curve_at(curve, 1)->throughput, 1);
  for (const double at : {0.4, 1.1, std::nan("")}) EXPECT_FALSE(curve_at(curve, at)) << at;
  EXPECT_NEAR(cap_knob(curve, 0.75)->power, 0.8, 1e-12);

  catalog::Partitioning rules;
  const catalog::SliceProfile profile{"4g", 4, 4, {0}, 0};
  EXPECT_FALSE(slice_knob(curve, rules, profile, a100().power, 0.5));
  curve.curve = catalog::CurveKind::slices;
  EXPECT_FALSE(cap_knob(curve, 0.75));
  const SliceKnob slice = *slice_knob(curve, rules, profile, a100().power, 0.45);
  // 4 of 7 compute slices lie a seventh of the way from 1/2 to 1; half of the idle draw of 150 of 400 W is others'.
  EXPECT_NEAR(slice.throughput, 0.7 + 0.3 / 7, 1e-12);
  EXPECT_NEAR(slice.power, 0.6 + 0.4 / 7 - 0.5 * 0.375, 1e-12);
  EXPECT_EQ(slice.share, 0.5);
}

TEST(Vertical, TheChoiceIsNeverWorseThanAnyCandidate) {
  const auto types = some_knobs();
  const auto variants = variants_of(types);
  EXPECT_EQ(variants.size(), 3u * (1 + 1 + 1 + 1) * 3 - 3 * 3 - 3 + 2 * 2);  // 1g holds 3, 3g 14: some batches are none
  for (const Aim aim : {Aim::grams, Aim::watts, Aim::cost})
    for (const double rate : {0.1, 1.0, 10.0, 300.0}) {
      const auto selection = choose(variants, loose, rate, {}, aim);
      ASSERT_TRUE(selection);
      EXPECT_EQ(selection->plans.size() + selection->refused.size(), variants.size());
      for (std::size_t i = 0; i < variants.size(); ++i) {
        const auto plan = plan_of(variants, i, loose, rate, {});
        if (!plan) continue;
        EXPECT_LE(selection->best.value(aim), plan->value(aim));
        EXPECT_LE(plan->sizing.state.itl_ms, 250 * (1 + 1e-9));
        EXPECT_LE(plan->sizing.state.ttft_ms, 4000 * (1 + 1e-9));
      }
    }
}

RC_GTEST_PROP(Vertical, HigherIntensityNeverPicksMoreWatts, ()) {
  const auto types = some_knobs();
  auto variants = variants_of(types);
  for (Variant& v : variants) v.embodied = carbon::GramsPerSecond{*rc::gen::inRange(0, 1000) * 1e-5};
  const double rate = *rc::gen::inRange(1, 2000) / 10.0;
  double watts = std::numeric_limits<double>::infinity();
  for (const double intensity : {0.0, 5.0, 20.0, 80.0, 300.0, 1000.0}) {
    const auto selection = choose(variants, loose, rate, {carbon::GramsPerKilowattHour{intensity}, 1.2}, Aim::grams);
    RC_ASSERT(selection.has_value());
    RC_ASSERT(selection->best.watts.value() <= watts * (1 + 1e-12));
    watts = selection->best.watts.value();
  }
}

TEST(Vertical, AMarginAddsReplicasAndNoLoad) {
  const std::vector<Variant> variants = variants_of(some_knobs());
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const auto plan = plan_of(variants, i, loose, 20, {.margin = 2});
    const auto sized = size(variants[i].service, loose, 40);
    ASSERT_EQ(plan.has_value(), sized.has_value());
    if (!plan) continue;
    EXPECT_EQ(plan->sizing.replicas, sized->replicas);
    const auto state = state_of_replica(variants[i].service, 20, sized->replicas);
    ASSERT_TRUE(state);
    EXPECT_DOUBLE_EQ(plan->watts.value(),
                     (draw(variants[i], state->in_service) * static_cast<double>(sized->replicas)).value());
  }
  EXPECT_EQ(choose(variants, loose, 20, {.margin = 0.5}, Aim::grams).error().where, "margin");
}

TEST(Vertical, WithoutEmbodiedGramsTheLeastWattsWin) {
  auto variants = variants_of(some_knobs());
  for (Variant& v : variants) v.embodied = {};
  for (const double rate : {0.2, 3.0, 50.0})
    EXPECT_EQ(choose(variants, loose, rate, {}, Aim::grams)->best.variant,
              choose(variants, loose, rate, {}, Aim::watts)->best.variant);
}

TEST(Vertical, AKnobNeverHurts) {
  for (const Aim aim : {Aim::grams, Aim::watts, Aim::cost}) {
    const auto rows = ablate(some_knobs(), loose, 20, {}, aim);
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 10u);
    for (const AblationRow& row : *rows) {
      EXPECT_GE(row.excess, 0) << row.name;
      EXPECT_FALSE(row.variant.empty()) << row.name;
    }
    EXPECT_GE(rows->back().excess, rows->at(5).excess);
  }
  EXPECT_EQ(ablate(some_knobs(), loose, 20, {}, Aim::grams)->back().variant, "a100");
}

TEST(Vertical, BadInputIsToldApart) {
  const auto refused = [](const auto& result) {
    return !result && result.error().code == ErrorCode::bad_input && !result.error().hint.empty();
  };
  const std::vector<Variant> one{a100()};
  EXPECT_TRUE(refused(choose({}, loose, 1, {}, Aim::grams)));
  EXPECT_TRUE(refused(choose(one, loose, -1, {}, Aim::grams)));
  EXPECT_TRUE(refused(choose(one, loose, 1, {carbon::GramsPerKilowattHour{-1}, 1}, Aim::grams)));
  EXPECT_TRUE(refused(choose(one, loose, 1, {carbon::GramsPerKilowattHour{std::nan("")}, 1}, Aim::grams)));
  EXPECT_TRUE(refused(choose(one, loose, 1, {{}, 0.5}, Aim::grams)));
  // An idle A100 needs more than 20 ms for a token.
  const auto infeasible = choose(one, {.itl_ms = 5, .ttft_ms = {}, .tokens_per_s = {}}, 1, {}, Aim::grams);
  ASSERT_TRUE(refused(infeasible));
  EXPECT_NE(infeasible.error().message.find("1 variants, none fits"), std::string::npos);
  EXPECT_TRUE(refused(sliced(a100(), {.name = "s", .share = 0})));
  EXPECT_TRUE(refused(sliced(a100(), {.name = "s", .throughput = 1.1})));
  EXPECT_TRUE(refused(sliced(a100(), {.name = "s", .batch = 0.01})));
  EXPECT_TRUE(refused(capped(a100(), {.name = "c", .power = 0.3})));
  EXPECT_TRUE(refused(capped(a100(), {.name = "c", .throughput = std::nan("")})));
  EXPECT_TRUE(refused(batched(a100(), 0)));
  EXPECT_TRUE(refused(batched(a100(), 33)));
  Variant bad = a100();
  bad.full_batch = 0;
  EXPECT_TRUE(refused(check(bad)));
  bad = a100();
  bad.embodied = carbon::GramsPerSecond{-1};
  EXPECT_TRUE(refused(check(bad)));
}

}  // namespace
}  // namespace cradle::inference
