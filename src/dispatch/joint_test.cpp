// The joint optimiser against brute force, and its rule at work in a dispatcher.
#include "cradle/dispatch/joint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

#include "dispatch_fixture.h"

namespace cradle::dispatch {
namespace {

using carbon::GramsPerSecond;
using carbon::Watts;
using shifting::Signal;
using shifting::Step;

constexpr Step minute = 60'000;

Signal random_signal(RandomStream& stream, std::size_t hours) {
  std::vector<carbon::GramsPerKilowattHour> values;
  for (std::size_t hour = 0; hour < hours; ++hour) values.emplace_back(static_cast<double>(stream.below(900)));
  return *Signal::make(std::move(values), ms_per_hour);
}

struct Example {
  JointJob job;
  std::vector<JointKind> kinds;
  std::vector<JointModel> models;
  std::vector<Signal> signals;
  std::vector<const Signal*> views() const {
    std::vector<const Signal*> list;
    for (const Signal& signal : signals) list.push_back(&signal);
    return list;
  }
};

/// Times in whole minutes and speeds that keep them so: the best start then is at a whole minute.
Example random_example(std::uint64_t seed) {
  RandomStream stream(seed, "joint");
  Example made;
  for (int site = 0; site < 2; ++site) made.signals.push_back(random_signal(stream, 40));
  made.models = {{"a",
                  GramsPerSecond{static_cast<double>(stream.below(20)) * 1e-4},
                  GramsPerSecond{1e-5},
                  {{0.5, 0.6, 0.8}, {0.4, 0.5, 0.5}}},
                 {"b", GramsPerSecond{static_cast<double>(stream.below(20)) * 1e-4}, {}, {{0.7, 0.75, 0.8}}},
                 {}};
  for (int kind = 0; kind < 4; ++kind)
    made.kinds.push_back({static_cast<fleet::SiteIndex>(stream.below(2)), static_cast<fleet::GpuModel>(stream.below(2)),
                          Watts{20}, Watts{50.0 + static_cast<double>(stream.below(300))},
                          Watts{static_cast<double>(stream.below(5))}, stream.below(4) > 0});
  made.job.gpus = static_cast<double>(1 + stream.below(4));
  made.job.may_cap = stream.below(2) == 0;
  made.job.threads = static_cast<double>(stream.below(30));
  made.job.earliest = static_cast<Step>(stream.below(120)) * minute;
  made.job.latest = made.job.earliest + static_cast<Step>(stream.below(600)) * minute;
  made.job.length = static_cast<Step>(4 * (1 + stream.below(120))) * minute;
  made.job.deadline = made.job.latest + made.job.length + static_cast<Step>(stream.below(200)) * minute;
  return made;
}

RC_GTEST_PROP(PlanJoint, IsAsGoodAsTryingEveryMinute, (std::uint64_t seed)) {
  const Example example = random_example(seed);
  const JointJob& job = example.job;
  const bool embodied = seed % 2 == 0;
  const auto views = example.views();
  double least = std::numeric_limits<double>::infinity();
  for (const JointKind& kind : example.kinds) {
    const JointModel& model = example.models[kind.model];
    for (std::size_t cap = 0; cap <= (job.may_cap ? model.caps.size() : 0); ++cap)
      for (Step start = job.earliest; start <= job.latest; start += minute) {
        const double speed = cap == 0 ? 1 : model.caps[cap - 1].speed;
        if (cap > 0 && start + stretched(job.length, speed) > job.deadline) break;
        if (!kind.free && start < (job.earliest / ms_per_hour + 1) * ms_per_hour) continue;
        least = std::min(least, run_grams(job, kind, model, *views[kind.site], start, cap, embodied).value());
      }
  }
  const auto choice = plan_joint(job, example.kinds, example.models, views, embodied);
  RC_ASSERT(choice.has_value() == (least < std::numeric_limits<double>::infinity()));
  if (!choice) return;
  RC_ASSERT(std::abs(choice->grams.value() - least) <= 1e-9 * std::max(1.0, least));
  RC_ASSERT(choice->start >= job.earliest && choice->start <= job.latest);
  RC_ASSERT(choice->start > job.earliest || example.kinds[choice->kind].free);
}

RC_GTEST_PROP(PlanJoint, IsNeverWorseThanOneKnobAlone, (std::uint64_t seed)) {
  Example example = random_example(seed);
  for (JointKind& kind : example.kinds) kind.free = true;
  const auto views = example.views();
  const auto all = plan_joint(example.job, example.kinds, example.models, views, true);
  RC_ASSERT(all.has_value());
  const auto least = [&](const JointJob& job, std::span<const JointKind> kinds) {
    return plan_joint(job, kinds, example.models, views, true)->grams;
  };
  const std::span<const JointKind> one_kind(example.kinds.data(), 1);
  JointJob now = example.job, plain = example.job;
  now.latest = now.earliest;
  plain.may_cap = false;
  for (const carbon::GramsCO2e alone : {least(now, one_kind), least(plain, one_kind), least(now, example.kinds),
                                        least(plain, example.kinds), least(example.job, one_kind)})
    RC_ASSERT(all->grams <= alone);
}

TEST(PlanJoint, TakesTheEarliestOfEqualsAndNothingWithoutRoom) {
  const Signal flat =
      *Signal::make(std::vector<carbon::GramsPerKilowattHour>(48, carbon::GramsPerKilowattHour{300}), ms_per_hour);
  const std::vector<const Signal*> signals{&flat};
  const std::vector<JointModel> models{{"a", {}, {}, {}}, {}};
  std::vector<JointKind> kinds{{0, 0, Watts{10}, Watts{110}, Watts{0}, true},
                               {0, 0, Watts{10}, Watts{110}, Watts{0}, true}};
  JointJob job{1, false, 0, 5 * minute, 600 * minute, 60 * minute, 900 * minute};
  const auto choice = plan_joint(job, kinds, models, signals, false);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->start, job.earliest);
  EXPECT_EQ(choice->kind, 0U);
  EXPECT_NEAR(choice->grams.value(), 0.1 * 300, 1e-9);  // 100 W for an hour at 300 g/kWh
  for (JointKind& kind : kinds) kind.free = false;
  EXPECT_GT(plan_joint(job, kinds, models, signals, false)->start, job.earliest);
  job.latest = job.earliest;
  EXPECT_FALSE(plan_joint(job, kinds, models, signals, false));
  EXPECT_FALSE(plan_joint(job, {}, models, signals, false));
}

// What counts decides: where the grid is clean, the frugal machine that was dear to make loses once making it counts.
TEST(PlanJoint, CountingEmbodiedChangesTheChoice) {
  const Signal clean =
      *Signal::make(std::vector<carbon::GramsPerKilowattHour>(48, carbon::GramsPerKilowattHour{20}), ms_per_hour);
  const std::vector<const Signal*> signals{&clean};
  const std::vector<JointModel> models{
      {"new", GramsPerSecond{2e-3}, {}, {}}, {"old", GramsPerSecond{1e-4}, {}, {}}, {}};
  const std::vector<JointKind> kinds{{0, 0, Watts{10}, Watts{110}, Watts{0}, true},
                                     {0, 1, Watts{10}, Watts{260}, Watts{0}, true}};
  const JointJob job{1, false, 0, 0, 0, 60 * minute, 60 * minute};
  EXPECT_EQ(plan_joint(job, kinds, models, signals, false)->kind, 0U);
  EXPECT_EQ(plan_joint(job, kinds, models, signals, true)->kind, 1U);
}

/// Adds the draw with the job less that without it, minute by minute, by the fleet's own power model.
RC_GTEST_PROP(AddedGrams, IsTheRiseOfTheMachinesDraw, (std::uint64_t seed)) {
  RandomStream stream(seed, "machine");
  auto cluster = *fleet::Cluster::make(std::vector{node("m", 4)});
  std::vector<JointStay> stays;
  std::vector<fleet::Request> requests;
  for (int i = 0; i < 6; ++i) {
    workload::Job made = job("r", 0, 1, 1);
    made.demand.gpu_milli = stream.below(2) == 0 ? 1000 : 300;
    made.demand.cpu_milli = static_cast<std::int64_t>(1000 * (1 + stream.below(10)));
    made.demand.memory_mib = 1;
    const fleet::Request request = cluster.request(made.demand);
    if (!cluster.fits(0, request)) continue;
    const auto view = cluster.view(0);
    const std::uint32_t gpus =
        request.shares_gpu() ? fleet::tightest_gpu(view, request.gpu_milli) : fleet::first_idle_gpus(view, 1);
    cluster.place({0, gpus}, request);
    stays.push_back({static_cast<Step>(1 + stream.below(600)) * minute, request.cpu_milli, gpus});
    requests.push_back(request);
  }
  workload::Job asked = job("asks", 0, 1, 1);
  asked.demand.gpu_milli = stream.below(2) == 0 ? 1000 : 400;
  asked.demand.cpu_milli = static_cast<std::int64_t>(2000 * (1 + stream.below(8)));
  asked.demand.memory_mib = 1;
  const fleet::Request request = cluster.request(asked.demand);
  if (!cluster.fits(0, request)) return;
  std::vector<std::size_t> order(stays.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return stays[a].until < stays[b].until; });
  std::vector<JointStay> sorted;
  for (const std::size_t i : order) sorted.push_back(stays[i]);
  const Signal signal = random_signal(stream, 20);
  const Step to = static_cast<Step>(1 + stream.below(700)) * minute;
  const auto before = cluster.view(0);
  const AddedGrams added = added_grams(before, sorted, request, signal, 0, to, 1);
  const std::uint32_t gpus = request.shares_gpu() ? 1U << added.gpu : fleet::first_idle_gpus(before, 1);
  const auto draw = [&](Step at, bool with) {
    auto machine = *fleet::Cluster::make(std::vector{node("m", 4)});
    for (std::size_t i = 0; i < stays.size(); ++i)
      if (stays[i].until > at) machine.place({0, stays[i].gpus}, requests[i]);
    if (with) machine.place({0, gpus}, request);
    return machine.power(0).total().value();
  };
  double grams = 0;
  for (Step at = 0; at < to; at += minute) grams += (draw(at, true) - draw(at, false)) / 1000 * signal.at(at) / 60;
  RC_ASSERT(std::abs(added.woken.value() - grams) <= 1e-9 * std::max(1.0, grams));
}

TEST(JointRule, RefusesWhatCannotBe) {
  JointRule rule;
  rule.models = {{"T4", {}, {}, {}}, {"T4", {}, {}, {}}};
  EXPECT_EQ(check(rule).error().message, "appears twice");
  rule.models = {{"T4", GramsPerSecond{-1}, {}, {}}};
  EXPECT_FALSE(check(rule));
  rule.models = {{"T4", GramsPerSecond{std::numeric_limits<double>::quiet_NaN()}, {}, {}}};
  EXPECT_FALSE(check(rule));
  rule.models = {{"T4", {}, {}, {{0.5, 0.5, 1.5}}}};
  EXPECT_FALSE(check(rule));
  rule.models = {{"T4", {}, {}, {{0.5, 0.5, 0}}}};
  EXPECT_FALSE(check(rule));
  rule.models = {{"T4", {}, {}, {{0.5, 0.5, 0.6}}}};
  EXPECT_TRUE(check(rule));
  const std::vector<std::string> names{"P100", "T4"};
  const auto resolved = resolve(rule, names);
  ASSERT_EQ(resolved.size(), 3U);
  EXPECT_TRUE(resolved[0].caps.empty());
  EXPECT_EQ(resolved[1].caps.size(), 1U);
}

class JointDispatch : public testing::Test {
 protected:
  std::vector<Decision> decide(const JointRule& rule, const workload::Job& asked, std::int64_t now_ms = 0) {
    Configuration config = configuration();
    config.joint = rule;
    config.service.stretch = 1.1;
    const std::vector jobs{asked};
    auto made = Dispatcher::make(config, nodes, sites, jobs, {instant_of(2022, 1, 1), 10 * ms_per_day});
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    const auto decided = (*made)->arrive(now_ms, asked);
    return {decided.begin(), decided.end()};
  }
  JointRule rule() const {
    JointRule made;
    made.enabled = true;
    made.models = {{"T4", {}, {}, {{0.5, 0.6, 0.5}, {0.8, 0.85, 0.95}}}};
    return made;
  }
  // The dirty site first: a policy that sees no difference takes the first machine.
  std::vector<fleet::NodeSpec> nodes{node("dirty", 2, 0), node("clean", 2, 1)};
  std::vector<carbon::SiteRecord> sites{site("dirty", 1, 600), site("clean", 1, 60)};
};

TEST_F(JointDispatch, EachKnobTurnsWhatItSays) {
  JointRule made = rule();
  const workload::Job patient = job("patient", 0, ms_per_hour), urgent = job("urgent", 0, ms_per_hour, 1, "LS");
  // By a sine over the day from midnight on, intensity rises at first: there is something to wait for within 24 hours
  // only for who may wait that long. The short job may wait 6 hours, in which nothing is cheaper by a tenth.
  const auto now = decide(made, patient);
  ASSERT_EQ(now.size(), 1U);
  EXPECT_EQ(now[0].action, Action::start);
  EXPECT_EQ(now[0].placement.node, 1U);
  EXPECT_EQ(now[0].pace, (Pace{800, 850, 950})) << "the lower cap would take longer than the service allows";
  // At noon intensity falls towards 18 h: waiting pays.
  const auto later = decide(made, patient, 11 * ms_per_hour);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].action, Action::defer);
  EXPECT_EQ(decide(made, urgent, 11 * ms_per_hour)[0].action, Action::start);
  EXPECT_EQ(decide(made, urgent)[0].pace, Pace{});

  made.start = false;
  EXPECT_EQ(decide(made, patient, 11 * ms_per_hour)[0].action, Action::start);
  made.cap = false;
  EXPECT_EQ(decide(made, patient)[0].pace, Pace{});
  made.region = false;
  EXPECT_EQ(decide(made, patient)[0].placement.node, 0U) << "all sites look alike";
}

TEST_F(JointDispatch, AJobThatSharesJoinsTheGpuThatStaysAwakeLongest) {
  Configuration config = configuration();
  config.joint = rule();
  nodes = {node("only", 3, 0)};
  auto made =
      *Dispatcher::make(config, nodes, sites, std::vector{job("j", 0, 1)}, {instant_of(2022, 1, 1), ms_per_day});
  auto half = [](const char* name, std::int64_t length) {
    workload::Job shares = job(name, 0, length, 1, "LS");
    shares.demand.gpu_milli = 600;
    return shares;
  };
  const auto place = [&](const workload::Job& shares) { return made->arrive(0, shares)[0].placement.gpus; };
  const std::uint32_t first = place(half("short", ms_per_hour)), second = place(half("long", 9 * ms_per_hour));
  ASSERT_NE(first, second);
  workload::Job third = half("third", 5 * ms_per_hour);
  third.demand.gpu_milli = 300;
  EXPECT_EQ(place(third), second);
}

}  // namespace
}  // namespace cradle::dispatch
