// The profile of a GPU: against a device that behaves by a known law, a recorded run, and files that are none.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "cradle/base/file.h"
#include "cradle/base/random.h"
#include "cradle/profile/gpu_profile.h"

namespace cradle::profile {
namespace {

using carbon::Joules;
using carbon::Seconds;
using carbon::Watts;

const catalog::Catalog& records() {
  static const catalog::Catalog catalog = *catalog::Catalog::load();
  return catalog;
}

/// A board whose draw is a law of its busy multiprocessors, on a clock that only `wait` moves. Its energy counter moves
/// every 100 ms, as the real ones do.
class LawfulGpu : public LoadedGpu {
 public:
  explicit LawfulGpu(int multiprocessors = 132) {
    facts_ = {"NVIDIA H100 80GB HBM3", "GPU-1", "550.54", "9.0", multiprocessors, Watts{700}, Watts{700}};
  }
  static double watts(double share) { return 80 + 500 * (1 - std::exp(-2 * share)); }

  const GpuFacts& facts() const override { return facts_; }
  Result<GpuSample> sample() override {
    if (fails_at >= 0 && samples_++ >= fails_at) return missing_data("the board is lost", "GPU-1", "look");
    GpuSample sample;
    sample.at = Seconds{now_};
    if (counts) sample.energy = Joules{std::floor(counted_ * 1000) / 1000};
    if (powers) sample.power = Watts{draw()};
    sample.megahertz = 1980;
    return sample;
  }
  Result<void> start(int multiprocessors, Seconds duration) override {
    EXPECT_EQ(busy_, 0) << "one load at a time";
    EXPECT_GE(multiprocessors, 1);
    busy_ = multiprocessors;
    asked = duration;
    ends_ = now_ + duration.value();
    ++loads;
    return {};
  }
  Result<LoadDone> finish() override {
    if (now_ < ends_) wait(Seconds{ends_ - now_});
    const LoadDone done{1e12 * busy_ * asked.value(), std::min(busy_, spread_over)};
    busy_ = 0;
    ++finished;
    return done;
  }
  void wait(Seconds duration) override {
    // The counter takes over what was drawn at each full tenth of a second.
    for (double left = duration.value(); left > 0;) {
      const double next = (std::floor(now_ * 10 + 1e-9) + 1) / 10, step = std::min(left, next - now_);
      energy_ += draw() * step;
      now_ += step;
      left -= step;
      if (step > 0 && std::abs(now_ - next) < 1e-9) counted_ = energy_;
      if (left < 1e-12) break;
    }
  }

  bool counts = true, powers = true;
  int fails_at = -1, loads = 0, finished = 0, spread_over = 1 << 20;
  double noise = 0;
  Seconds asked;

 private:
  double draw() { return watts(static_cast<double>(busy_) / facts_.multiprocessors) * (1 + noise * draws_.normal()); }
  GpuFacts facts_;
  RandomStream draws_{7, "gpu"};
  int busy_ = 0, samples_ = 0;
  double now_ = 1000.03, ends_ = 0, energy_ = 5e6, counted_ = 5e6;
};

const Instant date = instant_of(2026, 3, 1);

ProfileOptions quick() {
  ProfileOptions options;
  options.settle = Seconds{0.2};
  options.window = Seconds{1};
  return options;
}

TEST(Profile, RecoversTheLawOfTheDevice) {
  LawfulGpu gpu;
  const auto raw = measure(gpu, quick(), date);
  ASSERT_TRUE(raw) << to_string(raw.error());
  EXPECT_EQ(raw->repetitions.size(), 9u * 3);
  EXPECT_TRUE(raw->cut_short.empty());
  EXPECT_EQ(gpu.loads, 8 * 3);
  EXPECT_EQ(gpu.finished, gpu.loads);
  EXPECT_EQ(raw->repetitions[0].multiprocessors, 132) << "all of them first";
  EXPECT_EQ(raw->repetitions[3].multiprocessors, 0) << "then none";
  const auto steps = steps_of(*raw, "run");
  ASSERT_TRUE(steps);
  ASSERT_EQ(steps->size(), 9u);
  for (const ProfileStep& step : *steps) {
    EXPECT_TRUE(step.counted);
    EXPECT_EQ(step.repetitions, 3);
    EXPECT_EQ(step.megahertz, 1980);
    const double watts = LawfulGpu::watts(step.at);
    // The counter moves ten times a second over a second: its edges are known to a look, 50 ms.
    EXPECT_NEAR(step.power.value.value(), watts, 0.06 * watts) << step.at;
    EXPECT_LT(step.power.low, step.power.value);
    EXPECT_GT(step.power.high, step.power.value);
    EXPECT_NEAR(step.operations.value, 1e12 * step.multiprocessors, 1);
  }
}

TEST(Profile, WithoutACounterItSamplesPower) {
  LawfulGpu gpu;
  gpu.counts = false;
  const auto steps = steps_of(*measure(gpu, quick(), date), "run");
  ASSERT_TRUE(steps);
  for (const ProfileStep& step : *steps) {
    EXPECT_FALSE(step.counted);
    EXPECT_NEAR(step.power.value.value(), LawfulGpu::watts(step.at), 1e-6);
  }
}

TEST(Profile, NoiseWidensTheBounds) {
  const auto width = [](double noise) {
    LawfulGpu gpu;
    gpu.counts = false;
    gpu.noise = noise;
    const auto steps = *steps_of(*measure(gpu, quick(), date), "run");
    return steps.back().power.high.value() / steps.back().power.value.value() - 1;
  };
  EXPECT_NEAR(width(0), 0.01, 1e-9) << "never less than 1 %";
  EXPECT_GT(width(0.2), 0.015);
}

TEST(Profile, TheRecordIsACurveOfTheCatalogue) {
  LawfulGpu gpu;
  gpu.counts = false;
  const auto raw = *measure(gpu, quick(), date);
  const auto accelerator = accelerator_of(records(), raw.device.name);
  ASSERT_TRUE(accelerator) << to_string(accelerator.error());
  EXPECT_EQ((*accelerator)->id, "h100");
  const auto text = curve_record_toml(raw, *steps_of(raw, "run"), **accelerator, "mine");
  ASSERT_TRUE(text) << to_string(text.error());
  const std::vector<catalog::Layer> layers = {catalog::embedded_layer(), {{"mine.toml", *text}}};
  const auto parsed = catalog::Catalog::parse(layers);
  ASSERT_TRUE(parsed.errors.empty()) << to_string(parsed.errors[0]);
  const catalog::AcceleratorCurve& curve = *parsed.catalog.curve("mine");
  EXPECT_EQ(curve.curve, catalog::CurveKind::slices);
  EXPECT_EQ(curve.work, "synthetic");
  ASSERT_EQ(curve.points.size(), 9u);
  const double full = LawfulGpu::watts(1);
  EXPECT_NEAR(curve.draw_at_one.value(), full / 700, 1e-4);
  for (const catalog::CurvePoint& point : curve.points) {
    EXPECT_NEAR(point.power.value(), LawfulGpu::watts(point.at.value()) / full, 2e-4);
    EXPECT_NEAR(point.throughput.value(), point.at.value(), 2e-4);
    const std::string& source = point.power.provenance.source;
    for (const char* part : {"NVIDIA H100 80GB HBM3", "550.54", "2026-03-01", "132 multiprocessors", "3 repetitions"})
      EXPECT_NE(source.find(part), std::string::npos) << source;
    EXPECT_EQ(point.power.provenance.year, 2026);
  }
}

TEST(Profile, AStopKeepsWhatIsFinished) {
  LawfulGpu gpu;
  ProfileOptions options = quick();
  int done = 0;
  options.progress = [&](int finished, int all) {
    done = finished;
    EXPECT_EQ(all, 27);
  };
  options.stop = [&] { return done >= 7; };
  const auto raw = measure(gpu, options, date);
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->repetitions.size(), 7u);
  EXPECT_EQ(raw->cut_short, "stopped by the user");
  EXPECT_EQ(gpu.finished, gpu.loads) << "the device is at rest";
  const auto steps = *steps_of(*raw, "run");
  ASSERT_EQ(steps.size(), 3u);  // none, the first part, all
  EXPECT_TRUE(curve_record_toml(*raw, steps, *records().accelerator("h100"), "mine"));

  options.stop = [] { return true; };
  const auto nothing = measure(gpu, options, date);
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->repetitions.empty());
  EXPECT_FALSE(steps_of(*nothing, "run"));
}

TEST(Profile, ALostBoardEndsTheRunAtWhatIsFinished) {
  LawfulGpu gpu;
  gpu.fails_at = 50;
  const auto raw = measure(gpu, quick(), date);
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->cut_short, "the board is lost");
  EXPECT_FALSE(raw->repetitions.empty());
  LawfulGpu gone;
  gone.fails_at = 0;
  const auto lost = measure(gone, quick(), date);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::missing_data);
  EXPECT_EQ(gone.finished, gone.loads);
}

TEST(Profile, WhatWorkedIsWhatCounts) {
  LawfulGpu gpu(16);
  gpu.spread_over = 12;  // a device that puts two blocks on one multiprocessor
  const auto steps = *steps_of(*measure(gpu, quick(), date), "run");
  EXPECT_EQ(steps.back().multiprocessors, 12);
  const auto record = curve_record_toml(*measure(gpu, quick(), date), steps, *records().accelerator("h100"), "mine");
  ASSERT_FALSE(record) << "there is no step with all of them";
}

TEST(Profile, BadOptionsAreRefused) {
  LawfulGpu gpu;
  const auto refused = [&](auto change) {
    ProfileOptions options = quick();
    change(options);
    const auto raw = measure(gpu, options, date);
    ASSERT_FALSE(raw);
    EXPECT_EQ(raw.error().code, ErrorCode::bad_input);
    EXPECT_EQ(gpu.loads, 0);
  };
  refused([](ProfileOptions& o) { o.steps = 0; });
  refused([](ProfileOptions& o) { o.steps = 1'000'000'000; });
  refused([](ProfileOptions& o) { o.repetitions = 0; });
  refused([](ProfileOptions& o) { o.window = Seconds{0}; });
  refused([](ProfileOptions& o) { o.window = Seconds{std::nan("")}; });
  refused([](ProfileOptions& o) { o.settle = Seconds{-1}; });
  refused([](ProfileOptions& o) { o.settle = Seconds{1e9}; });
}

RC_GTEST_PROP(Profile, AnyRunReadsBackAsItIs, ()) {
  LawfulGpu gpu(*rc::gen::inRange(1, 200));
  gpu.counts = *rc::gen::arbitrary<bool>();
  gpu.powers = !gpu.counts || *rc::gen::arbitrary<bool>();
  ProfileOptions options = quick();
  options.steps = *rc::gen::inRange(1, 10);
  options.repetitions = *rc::gen::inRange(1, 3);
  const auto raw = *measure(gpu, options, date);
  const std::string text = to_json(raw);
  const auto again = parse_profile(text, "run.json");
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == raw);
  RC_ASSERT(to_json(*again) == text);
}

TEST(ProfileFile, WhatIsNoRunIsRefused) {
  LawfulGpu gpu(4);
  ProfileOptions options = quick();
  options.steps = options.repetitions = 1;
  options.window = Seconds{0.1};
  const std::string good = to_json(*measure(gpu, options, date));
  ASSERT_TRUE(parse_profile(good, "x"));
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& bad :
       std::vector<std::string>{"",
                                "{",
                                "[]",
                                "null",
                                "\xff\xfe",
                                good.substr(0, good.size() / 2),
                                "{\"schema\":\"other/1\"}",
                                replaced("cradle.gpu-profile/1", "cradle.gpu-profile/2"),
                                replaced("\"multiprocessors\": 4", "\"multiprocessors\": 0"),
                                replaced("\"multiprocessors\": 4", "\"multiprocessors\": 1000000000"),
                                replaced("\"multiprocessors\": 4", "\"multiprocessors\": 2"),
                                replaced("\"multiprocessors\": 4", "\"multiprocessors\": 3.5"),
                                replaced("\"worked\": 4", "\"worked\": 5"),
                                replaced("\"duration_s\": ", "\"duration_s\": -"),
                                replaced("\"operations\": ", "\"operations\": -"),
                                replaced("\"at_s\": ", "\"at_s\": 2"),
                                replaced("\"energy_j\": ", "\"energy_j\": \"a\", \"x\": "),
                                replaced("\"samples\": [", "\"samples\": 3, \"x\": ["),
                                replaced("2026-03-01T", "yesterday"),
                                replaced("\"limit_w\": 700.0", "\"limit_w\": 1e300")}) {
    const auto run = parse_profile(bad, "run.json");
    ASSERT_FALSE(run) << bad.substr(0, 200);
    EXPECT_EQ(run.error().code, ErrorCode::bad_input);
    EXPECT_FALSE(run.error().hint.empty());
  }
}

TEST(ProfileFile, EnergyThatRunsBackwardsIsRefused) {
  LawfulGpu gpu(4);
  auto raw = *measure(gpu, quick(), date);
  raw.repetitions[0].samples.back().energy = Joules{1};
  const auto steps = steps_of(raw, "run.json");
  ASSERT_FALSE(steps);
  EXPECT_NE(steps.error().message.find("backwards"), std::string::npos);
}

TEST(ProfileFile, PowerThatNoBoardDrawsIsRefused) {
  LawfulGpu gpu(4);
  const auto good = *measure(gpu, quick(), date);
  auto energy = good;
  for (GpuSample& sample : energy.repetitions[2].samples) sample.energy = *sample.energy * 3.0;
  const auto steps = steps_of(energy, "run.json");
  ASSERT_FALSE(steps);
  EXPECT_NE(steps.error().message.find("repetitions[2]"), std::string::npos) << steps.error().message;
  EXPECT_NE(steps.error().message.find("700 W"), std::string::npos) << steps.error().message;

  const auto refused = [](const RawProfile& raw) {
    const auto read = parse_profile(to_json(raw), "run.json");
    return read ? std::string() : read.error().message;
  };
  auto power = good;
  power.repetitions[1].samples[3].power = Watts{1051};
  EXPECT_EQ(refused(power).substr(0, 36), "repetitions[1].samples[3].power_w is");
  power.repetitions[1].samples[3].power = Watts{1050};
  EXPECT_EQ(refused(power), "");
  auto limit = good;
  limit.device.default_limit = Watts{};
  EXPECT_EQ(refused(limit), "device.default_limit_w is not above 0");
}

TEST(ProfileFile, ACurveThatFallsBeyondItsSpreadMakesNoRecord) {
  LawfulGpu gpu;
  const auto raw = *measure(gpu, quick(), date);
  const auto good = *steps_of(raw, "run.json");
  const auto record = [&](const std::vector<ProfileStep>& steps) {
    return curve_record_toml(raw, steps, *records().accelerator("h100"), "mine");
  };
  ASSERT_TRUE(record(good));
  auto power = good;
  power[4].power = {Watts{1000}, Watts{990}, Watts{1010}};
  const auto falls = record(power);
  ASSERT_FALSE(falls);
  EXPECT_EQ(falls.error().message.substr(0, 10), "power fall") << falls.error().message;
  power[4].power.low = good[5].power.high;
  for (std::size_t i = 5; i < power.size(); ++i) power[i].power.high = Watts{1000};
  EXPECT_TRUE(record(power)) << "within the spread";
  auto work = good;
  work[2].operations = good[7].operations;
  ASSERT_FALSE(record(work));
}

TEST(ProfileFile, NamesFindTheirAccelerator) {
  const auto id = [](const char* name) { return (*accelerator_of(records(), name))->id; };
  EXPECT_EQ(id("NVIDIA H100 80GB HBM3"), "h100");
  EXPECT_EQ(id("NVIDIA A100-SXM4-80GB"), "a100-80");
  EXPECT_EQ(id("NVIDIA A100-SXM4-40GB"), "a100-40");
  EXPECT_EQ(id("Tesla V100-SXM2-32GB"), "v100-32");
  EXPECT_EQ(id("Tesla T4"), "t4");
  EXPECT_EQ(id("NVIDIA L4"), "l4");
  EXPECT_EQ(id("NVIDIA H200"), "h200");
  for (const char* name : {"NVIDIA L40S", "NVIDIA GeForce RTX 3090", "", "\xff"})
    EXPECT_FALSE(accelerator_of(records(), name)) << name;
}

}  // namespace
}  // namespace cradle::profile
