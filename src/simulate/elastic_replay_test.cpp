// Jobs that change their number of machines while they run, in the timed replay.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "../dispatch/dispatch_fixture.h"
#include "cradle/shifting/elastic.h"
#include "cradle/simulate/timed_replay.h"

namespace cradle::simulate {
namespace {

using dispatch::Configuration;
using shifting::TimePolicy;

struct Kept : carbon::EntrySink {
  std::vector<carbon::Entry> entries;
  void write(const carbon::Entry& entry) override { entries.push_back(entry); }
};

Configuration elastic(std::vector<double> curve) {
  Configuration made = dispatch::configuration(TimePolicy::wait_awhile);
  made.elastic_curve = std::move(curve);
  return made;
}

TimedOptions two_weeks() {
  TimedOptions options;
  options.start = instant_of(2022, 1, 1);
  options.horizon_ms = 14 * ms_per_day;
  options.service = dispatch::configuration().service;
  return options;
}

/// Grams of the GPUs that jobs hold, by the average signal with PUE.
double gpu_grams(const Kept& kept, const std::vector<fleet::NodeSpec>& nodes,
                 const std::vector<carbon::SiteRecord>& sites) {
  double grams = 0;
  for (const carbon::Entry& entry : kept.entries) {
    if (entry.role != carbon::Role::tenant || entry.component % parts_per_node != 0) continue;
    const carbon::SiteRecord& site = sites[nodes[entry.component / parts_per_node].site];
    const double watts =
        static_cast<double>(entry.microjoules) / 1000 / static_cast<double>(entry.end.ms - entry.start.ms);
    grams += watts * site.average.integral(entry.start, entry.end).value() * site.pue;
  }
  return grams;
}

shifting::Signal hours_of(const carbon::SiteRecord& site, Instant start, int hours) {
  std::vector<carbon::GramsPerKilowattHour> values;
  for (int hour = 0; hour < hours; ++hour)
    values.emplace_back(site.pue *
                        carbon::GramsPerKilowattHour{
                            site.average.mean({start.ms + hour * ms_per_hour}, {start.ms + (hour + 1) * ms_per_hour})}
                            .value());
  return *shifting::Signal::make(std::move(values), ms_per_hour);
}

// Alone on a fleet with room, a job runs as the planner of single jobs says, gram for gram.
TEST(ElasticReplay, AJobAloneEmitsWhatItsPlanSays) {
  const std::vector nodes{dispatch::node("a", 3), dispatch::node("b", 4), dispatch::node("c", 4)};
  const std::vector sites{dispatch::site("s", 1, 300, 1.2)};
  const std::vector<double> curve{1, 0.9, 0.7, 0.4};
  const TimedOptions options = two_weeks();
  const shifting::Signal signal = hours_of(sites[0], options.start, 14 * 24);
  std::size_t levels = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    RandomStream stream(seed, "alone");
    const int gpus = 1 + static_cast<int>(stream.below(2));
    const std::vector jobs{dispatch::job("only", static_cast<std::int64_t>(stream.below(3 * ms_per_day)),
                                         ms_per_hour / 4 + static_cast<std::int64_t>(stream.below(20 * ms_per_hour)),
                                         gpus)};
    const auto& only = jobs[0];
    shifting::ElasticJob job;
    job.marginal = curve;
    job.work = static_cast<double>(only.duration_ms);
    job.release = only.arrival_ms;
    job.deadline = options.service.deadline_ms(only);
    job.draw = nodes[0].power.gpu_full * gpus;
    job.step = carbon::Seconds{1e-3};
    const auto plan = *shifting::scale(signal, job, shifting::ElasticObjective::operational);
    Kept kept;
    const auto result = *replay_timed(nodes, jobs, sites, elastic(curve), options, kept);
    ASSERT_EQ(result.finished, 1U);
    EXPECT_EQ(result.late, 0U);
    EXPECT_NEAR(gpu_grams(kept, nodes, sites), plan.operational.value(), 1e-6 * plan.operational.value()) << seed;
    EXPECT_NEAR(static_cast<double>(result.jobs[0].finished->ms - options.start.ms),
                static_cast<double>(plan.intervals.back().to), 2);
    EXPECT_NEAR(result.useful_gpu_hours * ms_per_hour, static_cast<double>(only.duration_ms * gpus), 1);
    levels += plan.intervals.size();
  }
  EXPECT_GT(levels, 100U) << "the jobs of this test change their machines";
}

// A job of one machine is a job of wait-awhile. Where the fleet is full, whoever could not run when he should is
// planned anew by the one and runs on to his end by the other.
TEST(ElasticReplay, OneMachineIsWaitAwhile) {
  const std::vector nodes{dispatch::node("a", 4), dispatch::node("b", 4)};
  const std::vector sites{dispatch::site("s", 1, 300)};
  const TimedOptions options = two_weeks();
  for (const std::size_t count : {std::size_t{20}, std::size_t{300}}) {
    const auto jobs = dispatch::random_jobs(count, count, 8 * ms_per_day);
    Kept one, awhile;
    const auto a = *replay_timed(nodes, jobs, sites, elastic({1}), options, one);
    const auto b = *replay_timed(nodes, jobs, sites, dispatch::configuration(TimePolicy::wait_awhile), options, awhile);
    EXPECT_EQ(a.finished, b.finished) << count;
    const bool room = b.late == 0;
    EXPECT_EQ(room, count < 100);
    EXPECT_EQ(a.late == 0, room);
    EXPECT_NEAR(gpu_grams(one, nodes, sites) / gpu_grams(awhile, nodes, sites), 1, room ? 1e-9 : 0.02) << count;
  }
}

// Room that nobody else wants: more machines emit less, and less the more they add.
TEST(ElasticReplay, MoreMachinesInCleanHoursEmitLess) {
  const std::vector nodes{dispatch::node("a", 16), dispatch::node("b", 16), dispatch::node("c", 16)};
  const std::vector sites{dispatch::site("s", 1, 300)};
  const auto jobs = dispatch::random_jobs(11, 40, 8 * ms_per_day);
  const TimedOptions options = two_weeks();
  double before = 1e300;
  for (const std::vector<double>& curve : {std::vector<double>{1}, {1, 0.8}, {1, 0.95}, {1, 1, 1, 1}}) {
    Kept kept;
    const auto result = *replay_timed(nodes, jobs, sites, elastic(curve), options, kept);
    EXPECT_EQ(result.finished, jobs.size());
    EXPECT_EQ(result.late, 0U);
    const double grams = gpu_grams(kept, nodes, sites);
    EXPECT_LT(grams, before);
    before = grams;
  }
}

// Further machines are in nobody's way: who may not wait starts at once, as if they were not there.
TEST(ElasticReplay, FurtherMachinesMakeRoom) {
  const std::vector nodes{dispatch::node("a", 4)};
  std::vector sites{dispatch::site("s", 1, 300)};
  // A first hour so clean that all machines are wanted in it.
  std::vector<carbon::GramsPerKilowattHour> hours(365 * 24, carbon::GramsPerKilowattHour{500});
  hours[0] = carbon::GramsPerKilowattHour{5};
  sites[0].average = *carbon::IntensitySeries::make(carbon::Signal::average, instant_of(2022, 1, 1), ms_per_hour,
                                                    std::move(hours), true);
  const std::int64_t minute = 60'000;
  const std::vector jobs{dispatch::job("elastic", 0, 4 * ms_per_hour),
                         dispatch::job("two", 20 * minute, 10 * minute, 2, "LS"),
                         dispatch::job("one", 25 * minute, 1 * minute, 1, "LS")};
  Kept kept;
  dispatch::DecisionLog log;
  TimedOptions options = two_weeks();
  options.decisions = &log;
  const auto result = *replay_timed(nodes, jobs, sites, elastic({1, 1, 1, 1}), options, kept);
  EXPECT_EQ(result.jobs[1].started->ms - options.start.ms, 20 * minute);
  EXPECT_EQ(result.jobs[2].started->ms - options.start.ms, 25 * minute);
  // 4 machines for 20 minutes, 2 for 5, 1 for 1, 2 for 4, 4 for 30: 219 machine minutes of 240 in the clean hour.
  std::map<std::int64_t, std::int64_t> held;  // by hour
  for (const carbon::Entry& entry : kept.entries)
    if (entry.role == carbon::Role::tenant && entry.job == 0 && entry.component == 0)
      held[(entry.start.ms - options.start.ms) / ms_per_hour] += std::llround(entry.operations * 1000);
  EXPECT_EQ(held[0], 219 * minute);
  std::int64_t all = 0;
  for (const auto& [hour, machine_ms] : held) all += machine_ms;
  EXPECT_EQ(all, 4 * ms_per_hour) << "what did not fit is done later, and no more than that";
  EXPECT_NE(log.text().find("\n> 0 grow "), std::string::npos);
  EXPECT_NE(log.text().find("\n> 0 shrink "), std::string::npos);
}

TEST(ElasticReplay, CurvesThatCannotBeAreRefused) {
  const std::vector nodes{dispatch::node("a", 4)};
  const std::vector sites{dispatch::site("s", 1, 300)};
  const std::vector jobs{dispatch::job("only", 0, 1000)};
  const auto refused = [&](const Configuration& configuration) {
    Kept kept;
    const auto result = replay_timed(nodes, jobs, sites, configuration, two_weeks(), kept);
    return !result && result.error().code == ErrorCode::bad_input && !result.error().hint.empty();
  };
  EXPECT_FALSE(refused(elastic({1, 0.5, 0.5, 0.001})));
  EXPECT_TRUE(refused(elastic({0.9})));
  EXPECT_TRUE(refused(elastic({1, 0.5, 0.6})));
  EXPECT_TRUE(refused(elastic({1, 0})));
  EXPECT_TRUE(refused(elastic({1, -1})));
  EXPECT_TRUE(refused(elastic({1, std::nan("")})));
  EXPECT_TRUE(refused(elastic(std::vector<double>(65, 1))));
  EXPECT_FALSE(refused(elastic(std::vector<double>(64, 1))));
  Configuration other = elastic({1, 0.5});
  other.time = TimePolicy::now;
  EXPECT_TRUE(refused(other));
  other = elastic({1, 0.5});
  other.cap.when = dispatch::CapWhen::always;
  EXPECT_TRUE(refused(other));
  other = elastic({1, 0.5});
  other.region = dispatch::RegionRule::planned;
  EXPECT_TRUE(refused(other));
  other = elastic({1, 0.5});
  other.joint.enabled = true;
  EXPECT_TRUE(refused(other));
}

}  // namespace
}  // namespace cradle::simulate
