#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "cradle/dispatch/decision_log.h"
#include "cradle/dispatch/dispatcher.h"
#include "dispatch_fixture.h"

namespace cradle::dispatch {
namespace {

using shifting::TimePolicy;

constexpr Service year{{1'640'995'200'000}, 300 * ms_per_day};  // from 2022-01-01

std::unique_ptr<Dispatcher> make(const Configuration& configuration, const std::vector<fleet::NodeSpec>& nodes,
                                 const std::vector<carbon::SiteRecord>& sites,
                                 const std::vector<workload::Job>& typical) {
  auto made = Dispatcher::make(configuration, nodes, sites, typical, year);
  EXPECT_TRUE(made) << to_string(made.error());
  return std::move(*made);
}

/// When one job runs that the dispatcher alone decides about: it ends when its work is done.
std::vector<std::pair<std::int64_t, std::int64_t>> runs_of(Dispatcher& dispatcher, const workload::Job& job) {
  std::vector<std::pair<std::int64_t, std::int64_t>> runs;
  std::int64_t left = job.duration_ms, since = -1;
  Pace pace;
  const auto apply = [&](std::int64_t now, std::span<const Decision> decisions) {
    for (const Decision& decision : decisions) {
      if (since >= 0) {
        left -= (now - since) * pace.speed / 1000;
        runs.back().second = now;
      }
      since = decision.action == Action::defer || decision.action == Action::suspend ? -1 : now;
      pace = decision.pace;
      if (since >= 0) runs.emplace_back(now, now);
      if (decision.action == Action::resume) left += dispatcher.configuration().resume_cost_ms;
    }
  };
  apply(job.arrival_ms, dispatcher.arrive(job.arrival_ms, job));
  const auto id = static_cast<JobId>(dispatcher.jobs() - 1);
  for (;;) {
    const auto wake = dispatcher.next_wake();
    const std::int64_t end = since >= 0 ? since + (left * 1000 + pace.speed - 1) / pace.speed : INT64_MAX;
    if (wake && *wake < end) {
      apply(*wake, dispatcher.tick(*wake));
      continue;
    }
    EXPECT_GE(since, 0);
    runs.back().second = end;
    dispatcher.finish(end, std::vector{id});
    return runs;
  }
}

// With a machine for everybody and a perfect forecast nothing comes between a plan and what happens.
TEST(Dispatcher, RunsJobsByTheirPlansWhereTheyFit) {
  const std::vector nodes{node("a", 8)};
  const std::vector sites{site("s", 1, 300)};
  const auto jobs = random_jobs(3, 60, 40 * ms_per_day);
  std::vector<carbon::GramsPerKilowattHour> hours;
  for (std::int64_t hour = 0; hour < 60 * 24; ++hour)
    hours.emplace_back(
        sites[0].average.mean({year.start.ms + hour * ms_per_hour}, {year.start.ms + (hour + 1) * ms_per_hour}));
  const auto signal = *shifting::Signal::make(std::move(hours), ms_per_hour);
  for (const TimePolicy policy : shifting::all_time_policies) {
    std::size_t paused = 0, late = 0;
    for (const workload::Job& one : jobs) {
      auto dispatcher = make(configuration(policy), nodes, sites, jobs);
      const auto runs = runs_of(*dispatcher, one);
      const auto& service = dispatcher->configuration().service;
      const shifting::Plan plan =
          shifting::plan(policy, signal, {one.arrival_ms, one.duration_ms, one.duration_ms, service.wait_ms(one)});
      ASSERT_EQ(runs.size(), plan.size()) << shifting::name(policy) << " " << one.name;
      for (std::size_t i = 0; i < plan.size(); ++i) {
        EXPECT_EQ(runs[i].first, plan[i].from) << shifting::name(policy) << " " << one.name;
        EXPECT_EQ(runs[i].second, plan[i].to) << shifting::name(policy) << " " << one.name;
      }
      EXPECT_LE(runs.back().second, service.deadline_ms(one));
      paused += runs.size() > 1;
      late += runs.front().first > one.arrival_ms;
    }
    EXPECT_EQ(paused > 0, shifting::suspends(policy)) << shifting::name(policy);
    EXPECT_EQ(late > 0, policy != TimePolicy::now) << shifting::name(policy);
  }
}

TEST(Dispatcher, ResumingCostsTimeAndStillEndsInTime) {
  const std::vector nodes{node("a", 8)};
  const std::vector sites{site("s", 1, 300)};
  const auto jobs = random_jobs(4, 60, 40 * ms_per_day);
  auto config = configuration(TimePolicy::wait_awhile);
  config.resume_cost_ms = 20 * 60'000;
  std::size_t resumed = 0;
  for (const workload::Job& one : jobs) {
    auto dispatcher = make(config, nodes, sites, jobs);
    const auto runs = runs_of(*dispatcher, one);
    std::int64_t ran = 0;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      ran += runs[i].second - runs[i].first;
      if (i == 0) continue;
      EXPECT_GT(runs[i].first - runs[i - 1].second, config.resume_cost_ms) << "a pause that cannot pay";
    }
    EXPECT_EQ(ran, one.duration_ms + static_cast<std::int64_t>(runs.size() - 1) * config.resume_cost_ms);
    EXPECT_LE(runs.back().second, config.service.deadline_ms(one));
    resumed += runs.size() - 1;
  }
  EXPECT_GT(resumed, 10U);
}

TEST(Dispatcher, WhoHasWaitedEnoughStartsFirstAndEverybodyStarts) {
  const std::vector nodes{node("a", 1)};
  const std::vector sites{site("s", 1, 300)};
  std::vector<workload::Job> jobs{job("runs", 0, 20 * ms_per_hour, 1, "LS"), job("patient", 1, ms_per_hour),
                                  job("strict", 2, ms_per_hour, 1, "LS")};
  auto config = configuration(TimePolicy::lowest_slot);
  config.service.short_wait_ms = 30 * ms_per_hour;
  auto dispatcher = make(config, nodes, sites, jobs);
  std::vector<Decision> all;
  const auto keep = [&](std::span<const Decision> more) { all.insert(all.end(), more.begin(), more.end()); };
  for (const auto& one : jobs) keep(dispatcher->arrive(one.arrival_ms, one));
  while (dispatcher->next_wake() && *dispatcher->next_wake() < 20 * ms_per_hour)
    keep(dispatcher->tick(*dispatcher->next_wake()));
  keep(dispatcher->finish(20 * ms_per_hour, std::vector<JobId>{0}));
  ASSERT_TRUE(dispatcher->is_running(2)) << "the one that may not wait comes before the earlier one that may";
  keep(dispatcher->finish(21 * ms_per_hour, std::vector<JobId>{2}));
  while (!dispatcher->is_running(1)) {
    ASSERT_TRUE(dispatcher->next_wake());
    ASSERT_LE(*dispatcher->next_wake(), 30 * ms_per_hour + 1);
    keep(dispatcher->tick(*dispatcher->next_wake()));
  }
}

TEST(Dispatcher, RegionsAreTakenInOrderOfTheirGrams) {
  const std::vector nodes{node("dirty", 2, 0), node("clean", 1, 1), node("leaky", 1, 2)};
  const std::vector sites{site("dirty", 1, 600), site("clean", 2, 40), site("leaky", 2, 40, 5)};
  for (const RegionRule rule : {RegionRule::cleanest_now, RegionRule::cheapest_window}) {
    auto config = configuration();
    config.placement = *policy::policy_by_name("BestFit");
    config.region = rule;
    auto dispatcher = make(config, nodes, sites, random_jobs(1, 5, 1000));
    const auto where = [&](int gpus) {
      const auto decided = dispatcher->arrive(0, job("x", 0, ms_per_hour, gpus));
      return decided.empty() ? -1 : static_cast<int>(decided[0].placement.node);
    };
    EXPECT_EQ(where(1), 1);
    EXPECT_EQ(where(1), 2);  // five times 40 is still less than 600
    EXPECT_EQ(where(2), 0);  // only there is room for two
    EXPECT_EQ(where(1), -1);
    // One that may wait may also be told to wait for the clean site.
    config.wait_for_region = true;
    dispatcher = make(config, nodes, sites, random_jobs(1, 5, 1000));
    EXPECT_EQ(where(1), 1);
    EXPECT_EQ(where(1), -1);
    EXPECT_EQ(where(2), 0);
    while (!dispatcher->is_running(1)) {
      ASSERT_TRUE(dispatcher->next_wake());
      dispatcher->tick(*dispatcher->next_wake());
    }
    EXPECT_EQ(dispatcher->cluster().gpu_milli_used(), 4000);
  }
}

TEST(Dispatcher, AQuotaHoldsBackOnlyWhoMayWait) {
  const std::vector nodes{node("a", 8)};
  const std::vector sites{site("s", 1, 300)};
  auto config = configuration();
  config.quota.minimum = 0.25;
  auto dispatcher = make(config, nodes, sites, random_jobs(1, 5, 1000));
  // The dirtiest hour of the first day: a quarter of eight GPUs.
  std::int64_t dirtiest = 0;
  for (std::int64_t hour = 0; hour < 24; ++hour)
    if (sites[0].average.at({year.start.ms + hour * ms_per_hour}) >
        sites[0].average.at({year.start.ms + dirtiest * ms_per_hour}))
      dirtiest = hour;
  const std::int64_t now = dirtiest * ms_per_hour;
  std::size_t started = 0;
  for (int i = 0; i < 5; ++i) started += !dispatcher->arrive(now, job("b", now, ms_per_hour)).empty();
  EXPECT_EQ(started, 2U);
  EXPECT_EQ(dispatcher->waiting(), 3U);
  EXPECT_EQ(dispatcher->arrive(now, job("l", now, ms_per_hour, 3, "LS")).size(), 1U);
  // In the cleaner hours after it, or when they have waited enough, all of them run.
  while (dispatcher->waiting() > 0) {
    ASSERT_TRUE(dispatcher->next_wake());
    ASSERT_LE(*dispatcher->next_wake(), now + 6 * ms_per_hour);
    dispatcher->tick(*dispatcher->next_wake());
  }
}

TEST(Dispatcher, CapsWholeGpusOfJobsThatMayWaitWhileTheyEndInTime) {
  const std::vector nodes{node("a", 8)};
  const std::vector sites{site("s", 1, 300)};
  auto config = configuration();
  config.cap = {CapWhen::always, 0.5, 0.6, 0.8};
  auto dispatcher = make(config, nodes, sites, random_jobs(1, 5, 1000));
  const Pace capped{500, 600, 800};
  EXPECT_EQ(dispatcher->arrive(0, job("b", 0, 8 * ms_per_hour))[0].pace, capped);
  EXPECT_EQ(dispatcher->arrive(0, job("l", 0, 8 * ms_per_hour, 1, "LS"))[0].pace, Pace{});
  auto shared = job("shared", 0, ms_per_hour);
  shared.demand.gpu_milli = 500;
  EXPECT_EQ(dispatcher->arrive(0, shared)[0].pace, Pace{});
  EXPECT_EQ(dispatcher->arrive(0, job("cpu", 0, ms_per_hour, 0))[0].pace, Pace{});
  // 200 h at 0.8 are 250 h: 50 more than its length, and it may end 24 h late.
  EXPECT_EQ(dispatcher->arrive(0, job("long", 0, 200 * ms_per_hour))[0].pace, Pace{});
  config.service.stretch = 1.25;
  dispatcher = make(config, nodes, sites, random_jobs(1, 5, 1000));
  EXPECT_EQ(dispatcher->arrive(0, job("long", 0, 200 * ms_per_hour))[0].pace, capped);
  // A cap below what the GPU draws when idle saves no more than down to that: 30 of 150 W.
  config.cap = {CapWhen::always, 0.1, 0.1, 0.9};
  dispatcher = make(config, nodes, sites, random_jobs(1, 5, 1000));
  EXPECT_EQ(dispatcher->arrive(0, job("b", 0, 8 * ms_per_hour))[0].pace, (Pace{100, 200, 900}));
}

TEST(Dispatcher, CapsComeAndGoWithTheHours) {
  const std::vector nodes{node("a", 8)};
  const std::vector sites{site("s", 1, 300)};
  auto config = configuration();
  config.cap = {CapWhen::dirty_hours, 0.5, 0.6, 0.8};
  auto dispatcher = make(config, nodes, sites, random_jobs(1, 5, 1000));
  dispatcher->arrive(0, job("b", 0, 60 * ms_per_hour));
  std::size_t changes = 0;
  for (int hour = 1; hour <= 48; ++hour) {
    ASSERT_EQ(dispatcher->next_wake(), hour * ms_per_hour);
    for (const Decision& decision : dispatcher->tick(hour * ms_per_hour)) {
      EXPECT_EQ(decision.action, Action::cap);
      ++changes;
    }
  }
  EXPECT_GE(changes, 3U);
  dispatcher->finish(49 * ms_per_hour, std::vector<JobId>{0});
  EXPECT_FALSE(dispatcher->next_wake());
}

TEST(CapCurve, InterpolatesAndRefuses) {
  const std::vector<CapPoint> curve{{0.4, 0.42, 0.7}, {0.7, 0.72, 0.94}, {1, 1, 1}};
  const CapRule rule = *cap_from_curve(CapWhen::always, 0.55, curve);
  EXPECT_NEAR(rule.power, 0.57, 1e-12);
  EXPECT_NEAR(rule.speed, 0.82, 1e-12);
  EXPECT_EQ(cap_from_curve(CapWhen::always, 0.7, curve)->power, 0.72);
  EXPECT_FALSE(cap_from_curve(CapWhen::always, 0.3, curve));
  EXPECT_FALSE(cap_from_curve(CapWhen::always, std::nan(""), curve));
  EXPECT_FALSE(cap_from_curve(CapWhen::always, 0.5, {}));
  EXPECT_FALSE(cap_from_curve(CapWhen::always, 0.5, {{0.5, 0.5, 0}}));
  EXPECT_FALSE(cap_from_curve(CapWhen::always, 0.5, {{0.5, 0.5, 0.5}, {0.5, 0.6, 0.6}}));
  EXPECT_FALSE(cap_from_curve(CapWhen::always, 0.5, {{0.5, -1, 0.5}}));
}

TEST(CapCurve, WhatNoGpuDoesIsRefusedWithItsPoint) {
  const auto message = [](const std::vector<CapPoint>& curve) {
    const auto rule = cap_from_curve(CapWhen::always, 0.5, curve);
    return rule ? std::string() : rule.error().message;
  };
  EXPECT_EQ(message({{0.5, 0.4, 0.8}, {1, 0.5, 1}}), "point 2: at limit 1 power is 0.5 and speed 1");
  EXPECT_EQ(message({{0.5, 0.4, 0.6}, {1, 1, 0.7}}), "point 2: at limit 1 power is 1 and speed 0.7");
  EXPECT_EQ(message({{0.5, 0.6, 0.8}, {0.7, 0.5, 0.9}, {1, 1, 1}}), "point 2: power falls as the limit rises");
  EXPECT_EQ(message({{0.5, 0.5, 0.9}, {0.7, 0.7, 0.8}}), "point 2: speed falls as the limit rises");
  EXPECT_EQ(message({{0.5, 0.5, 0.9}, {0.7, 0.5, 0.9}}), "") << "level is no fall";
}

TEST(Dispatcher, AForecastIsLookedAtEveryHour) {
  const std::vector nodes{node("a", 8)};
  const std::vector sites{site("s", 1, 300)};
  auto config = configuration(TimePolicy::lowest_window);
  config.forecast.kind = shifting::ForecastKind::day_ahead;
  auto dispatcher = make(config, nodes, sites, random_jobs(1, 5, 1000));
  // On the third day at noon, so that there is a day before.
  const std::int64_t now = 60 * ms_per_hour;
  const auto decided = dispatcher->arrive(now, job("b", now, 5 * ms_per_hour));
  ASSERT_EQ(decided.size(), 1U);
  // The hours to come as they were a day ago; an independent search over them.
  const auto at = [&](std::int64_t hour) {
    return sites[0].average.at({year.start.ms + (hour - (hour > 60 ? 24 : 0)) * ms_per_hour}).value();
  };
  double least = 1e9;
  std::int64_t best = 0;
  for (std::int64_t start = 60; start <= 84; ++start) {
    double sum = 0;
    for (std::int64_t hour = start; hour < start + 5; ++hour) sum += at(hour > 84 ? hour - 24 : hour);
    if (sum < least * (1 - 1e-12)) least = sum, best = start;
  }
  if (best == 60) {
    EXPECT_EQ(decided[0].action, Action::start);
  } else {
    EXPECT_EQ(decided[0].action, Action::defer);
    EXPECT_EQ(decided[0].until_ms, best * ms_per_hour);
  }
  EXPECT_EQ(dispatcher->next_wake(), 61 * ms_per_hour);
}

TEST(Dispatcher, RefusesWhatItCannotServe) {
  const std::vector nodes{node("a", 1)};
  const std::vector sites{site("s", 1, 300)};
  const auto jobs = random_jobs(1, 5, 1000);
  const auto refused = [&](const auto& change) {
    Configuration config = configuration();
    change(config);
    const auto made = Dispatcher::make(config, nodes, sites, jobs, year);
    return !made && made.error().code == ErrorCode::bad_input && !made.error().hint.empty();
  };
  EXPECT_TRUE(refused([](Configuration& c) { c.quota.minimum = 0; }));
  EXPECT_TRUE(refused([](Configuration& c) { c.quota.minimum = std::nan(""); }));
  EXPECT_TRUE(refused([](Configuration& c) { c.service.stretch = 0.5; }));
  EXPECT_TRUE(refused([](Configuration& c) { c.service.long_wait_ms = -1; }));
  EXPECT_TRUE(refused([](Configuration& c) { c.forecast.error = -1; }));
  EXPECT_TRUE(refused([](Configuration& c) { c.resume_cost_ms = std::int64_t{1} << 50; }));
  EXPECT_TRUE(refused([](Configuration& c) { c.cap = {CapWhen::always, 0.5, 0.5, 0}; }));
  EXPECT_FALSE(refused([](Configuration&) {}));
  EXPECT_FALSE(Dispatcher::make(configuration(), {}, sites, jobs, year));
  EXPECT_FALSE(Dispatcher::make(configuration(), nodes, {}, jobs, year));
  auto short_series = sites;
  short_series[0].average = *carbon::IntensitySeries::make(carbon::Signal::average, year.start, ms_per_hour,
                                                           {carbon::GramsPerKilowattHour{1}}, false);
  EXPECT_EQ(Dispatcher::make(configuration(), nodes, short_series, jobs, year).error().code, ErrorCode::missing_data);
  auto dispatcher = make(configuration(), nodes, sites, jobs);
  const auto decided = dispatcher->arrive(0, job("big", 0, 1000, 2));
  ASSERT_EQ(decided.size(), 1U);
  EXPECT_EQ(decided[0].action, Action::refuse);
  EXPECT_FALSE(dispatcher->is_running(0));
}

TEST(Canonical, TellsConfigurationsApart) {
  RandomStream stream(1, "configurations");
  std::map<std::string, int> seen;
  for (int i = 0; i < 200; ++i) ++seen[canonical(random_configuration(stream))];
  EXPECT_GT(seen.size(), 190U);
  EXPECT_EQ(escaped("a b,%\n\xff"), "a%20b%2C%25%0A%FF");
  EXPECT_EQ(escaped(""), "%");
}

}  // namespace
}  // namespace cradle::dispatch
