// The plan of sites and start hours: one job against every choice, several against every order, and what is not
// planned.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

#include "dispatch_fixture.h"

namespace cradle::dispatch {
namespace {

constexpr Service year{{1'640'995'200'000}, 300 * ms_per_day};  // from 2022-01-01

Configuration planned() {
  Configuration made = configuration();
  made.region = RegionRule::planned;
  made.service.short_wait_ms = 10 * ms_per_hour;
  return made;
}

std::unique_ptr<Dispatcher> make(const Configuration& configuration, const std::vector<fleet::NodeSpec>& nodes,
                                 const std::vector<carbon::SiteRecord>& sites,
                                 const std::vector<workload::Job>& typical) {
  auto made = Dispatcher::make(configuration, nodes, sites, typical, year);
  EXPECT_TRUE(made) << to_string(made.error());
  return std::move(*made);
}

double hour_cost(const carbon::SiteRecord& site, std::int64_t hour) {
  const Instant from{year.start.ms + hour * ms_per_hour};
  return site.average.mean(from, {from.ms + ms_per_hour}).value() * site.pue;
}

/// Where each job starts, as hour and site. Whoever is not running by the end is missing.
std::vector<std::pair<std::int64_t, int>> starts_of(Dispatcher& dispatcher, const std::vector<workload::Job>& jobs,
                                                    std::int64_t until_ms) {
  std::vector<std::pair<std::int64_t, int>> starts(jobs.size(), {-1, -1});
  std::vector<std::pair<std::int64_t, JobId>> ends;
  const auto apply = [&](std::int64_t now, std::span<const Decision> decisions) {
    for (const Decision& decision : decisions) {
      if (decision.action != Action::start) continue;
      starts[decision.job] = {now, dispatcher.cluster().site(decision.placement.node)};
      ends.emplace_back(now + jobs[decision.job].duration_ms, decision.job);
    }
  };
  for (const workload::Job& job : jobs) apply(job.arrival_ms, dispatcher.arrive(job.arrival_ms, job));
  for (;;) {
    std::sort(ends.begin(), ends.end());
    const std::int64_t end = ends.empty() ? until_ms : ends.front().first;
    const std::int64_t wake = dispatcher.next_wake().value_or(until_ms);
    const std::int64_t now = std::min(end, wake);
    if (now >= until_ms) return starts;
    if (end == now) {
      const std::vector<JobId> done{ends.front().second};
      ends.erase(ends.begin());
      apply(now, dispatcher.finish(now, done));
    } else {
      apply(now, dispatcher.tick(now));
    }
  }
}

RC_GTEST_PROP(RegionPlanned, AloneAJobTakesTheCheapestSiteAndHours, (std::uint64_t seed)) {
  RandomStream stream(seed, "alone");
  const std::vector nodes{node("a", 4, 0), node("b", 4, 1), node("c", 4, 2)};
  const std::vector sites{site("x", seed + 1, 300), site("y", seed + 2, 320, 1.1), site("z", seed + 3, 280, 1.2)};
  const auto arrival = static_cast<std::int64_t>(stream.below(1000)) * ms_per_hour;
  const auto length = static_cast<std::int64_t>(1 + stream.below(30));
  const std::vector jobs{job("one", arrival, length * ms_per_hour, static_cast<int>(stream.below(3)))};
  const Configuration config = planned();
  auto dispatcher = make(config, nodes, sites, jobs);
  const auto starts = starts_of(*dispatcher, jobs, 300 * ms_per_day);
  const auto cost = [&](std::int64_t hour, int at) {
    double sum = 0;
    for (std::int64_t h = hour; h < hour + length; ++h) sum += hour_cost(sites[static_cast<std::size_t>(at)], h);
    return sum;
  };
  double least = std::numeric_limits<double>::infinity();
  const std::int64_t first = arrival / ms_per_hour, wait = config.service.wait_ms(jobs[0]) / ms_per_hour;
  for (std::int64_t hour = first; hour <= first + wait; ++hour)
    for (int at = 0; at < 3; ++at) least = std::min(least, cost(hour, at));
  RC_ASSERT(starts[0].first >= arrival);
  RC_ASSERT(starts[0].first % ms_per_hour == 0);
  RC_ASSERT(std::abs(cost(starts[0].first / ms_per_hour, starts[0].second) - least) <= 1e-6 * least);
}

// Rules for one job at a time send all of them to the same hour of the same site; together they are dealt out.
RC_GTEST_PROP(RegionPlanned, JobsThatWantTheSameGpuAreDealtOutAsWellAsInAnyOrder, (std::uint64_t seed)) {
  const std::vector nodes{node("a", 1, 0), node("b", 1, 1)};
  const std::vector sites{site("x", seed + 1, 300), site("y", seed + 2, 330)};
  std::vector<workload::Job> jobs;
  for (int i = 0; i < 5; ++i) jobs.push_back(job("j" + std::to_string(i), 0, ms_per_hour));
  Configuration config = planned();
  config.service.short_wait_ms = 5 * ms_per_hour;
  auto dispatcher = make(config, nodes, sites, jobs);
  const auto starts = starts_of(*dispatcher, jobs, 10 * ms_per_day);
  double sum = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    RC_ASSERT(starts[i].first >= 0);
    RC_ASSERT(starts[i].first <= config.service.short_wait_ms);
    sum += hour_cost(sites[static_cast<std::size_t>(starts[i].second)], starts[i].first / ms_per_hour);
  }
  // Equal jobs of an hour: the least is the sum of the cheapest GPU-hours that there are.
  std::vector<double> hours;
  for (std::int64_t hour = 0; hour <= 5; ++hour)
    for (const carbon::SiteRecord& at : sites) hours.push_back(hour_cost(at, hour));
  std::sort(hours.begin(), hours.end());
  double least = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) least += hours[i];
  RC_ASSERT(sum >= least * (1 - 1e-9));
  RC_ASSERT(sum <= least * (1 + 1e-9));
}

TEST(RegionPlanned, WhoMayNotWaitStartsAtOnceWhereThereIsRoom) {
  const std::vector nodes{node("a", 1, 0), node("b", 1, 1)};
  const std::vector sites{site("clean", 1, 30), site("coal", 2, 900)};
  std::vector<workload::Job> jobs;
  for (int i = 0; i < 3; ++i) jobs.push_back(job("l" + std::to_string(i), i, 2 * ms_per_hour, 1, "LS"));
  auto dispatcher = make(planned(), nodes, sites, jobs);
  EXPECT_EQ(dispatcher->cluster().site(dispatcher->arrive(0, jobs[0])[0].placement.node), 0);
  EXPECT_EQ(dispatcher->cluster().site(dispatcher->arrive(1, jobs[1])[0].placement.node), 1);
  EXPECT_TRUE(dispatcher->arrive(2, jobs[2]).empty());
  EXPECT_EQ(dispatcher->waiting(), 1U);
  EXPECT_EQ(dispatcher->finish(2 * ms_per_hour, std::vector<JobId>{0})[0].job, 2U);
}

// The only machine that holds the job is at the dirty site: the plan names the clean one, the dispatcher the other.
TEST(RegionPlanned, AJobThatFitsAtOneSiteOnlyRunsThere) {
  const std::vector nodes{node("a", 2, 0), node("b", 4, 1)};
  const std::vector sites{site("clean", 1, 30), site("coal", 2, 900)};
  const std::vector jobs{job("wide", 0, ms_per_hour, 4)};
  auto dispatcher = make(planned(), nodes, sites, jobs);
  const auto starts = starts_of(*dispatcher, jobs, 10 * ms_per_day);
  EXPECT_EQ(starts[0].second, 1);
  EXPECT_LE(starts[0].first, planned().service.short_wait_ms);
}

TEST(RegionPlanned, ATimePolicyBesideItIsRefused) {
  Configuration config = planned();
  EXPECT_TRUE(check(config));
  config.time = shifting::TimePolicy::lowest_window;
  const auto refused = check(config);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "time: lowest-window");
}

TEST(ModelCaps, EachModelTakesItsOwnAndTheOthersNone) {
  std::vector nodes{node("a", 2), node("b", 2), node("c", 2)};
  nodes[1].gpu_model = "V100";
  nodes[2].gpu_model = "A10";
  const std::vector sites{site("s", 1, 300)};
  Configuration config = configuration();
  config.service.stretch = 2;
  config.cap.when = CapWhen::always;
  config.cap.by_model = true;
  config.cap.models = {{"T4", 0.5, 0.6, 0.8}, {"V100", 0.7, 0.75, 0.9}};
  auto dispatcher = make(config, nodes, sites, {job("typical", 0, 1)});
  const auto pace_on = [&](const char* model) {
    workload::Job one = job(model, 0, ms_per_hour);
    one.demand.gpu_models = {model};
    return dispatcher->arrive(0, one)[0].pace;
  };
  EXPECT_EQ(pace_on("T4"), (Pace{500, 600, 800}));
  EXPECT_EQ(pace_on("V100"), (Pace{700, 750, 900}));
  EXPECT_EQ(pace_on("A10"), Pace{});
  // The text tells them, so that a log of another rule is refused; a rule for all models keeps the text it had.
  EXPECT_NE(canonical(config).find("cap-by-model 2\ncap-model T4 0.5/0.6/0.8\ncap-model V100 0.7/0.75/0.9\n"),
            std::string::npos);
  EXPECT_EQ(canonical(configuration()).find("cap-"), std::string::npos);
  config.cap.models.push_back({"T4", 0.4, 0.5, 0.7});
  EXPECT_EQ(check(config).error().message, "cap of GPU model 'T4': appears twice");
  config.cap.models = {{"T4", 0.4, 0.5, 0}};
  EXPECT_FALSE(check(config));
}

TEST(JointSlices, RoundSharesUpToSevenths) {
  JointRule rule;
  rule.enabled = rule.slice = true;
  EXPECT_EQ(held_gpu_milli(rule, 0), 0);
  EXPECT_EQ(held_gpu_milli(rule, 1), 143);
  EXPECT_EQ(held_gpu_milli(rule, 142), 143);
  EXPECT_EQ(held_gpu_milli(rule, 500), 572);
  EXPECT_EQ(held_gpu_milli(rule, 900), 1000);
  EXPECT_EQ(held_gpu_milli(rule, 1000), 1000);
  rule.enabled = false;
  EXPECT_EQ(held_gpu_milli(rule, 500), 500);
}

}  // namespace
}  // namespace cradle::dispatch
