// Region dispatch as jobs arrive: reservations add up, plans keep what has a place, and the regret is small.
#include "cradle/shifting/region_planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cradle/shifting/region_input.h"

namespace cradle::shifting {
namespace {

constexpr Hour hours = 96;

RegionProblem problem_of(double load, std::uint64_t seed) {
  std::vector<RegionSite> sites;
  std::vector<carbon::Seconds> latency;
  const double means[] = {420, 250, 120};
  for (int s = 0; s < 3; ++s) {
    RegionSite site;
    site.name = "s" + std::to_string(s);
    for (Hour h = 0; h < hours; ++h)
      site.intensity.emplace_back(means[s] * (1 + 0.4 * std::cos((h - 3 * s) * 2 * 3.14159265358979 / 24)));
    site.embodied_per_unit_hour = carbon::GramsCO2e{5.0 + 10 * s};
    sites.push_back(std::move(site));
    for (int other = 0; other < 3; ++other) latency.emplace_back(0.005 + 0.02 * std::abs(s - other));
  }
  RegionGenerator options;
  options.jobs = 600;
  options.load = load;
  options.seed = seed;
  return generate_regions(sites, latency, options).value();
}

std::vector<carbon::Seconds> latency_of(const RegionProblem& problem) {
  std::vector<carbon::Seconds> latency;
  for (std::int32_t a = 0; a < problem.site_count(); ++a)
    for (std::int32_t b = 0; b < problem.site_count(); ++b) latency.push_back(problem.latency(a, b));
  return latency;
}

RegionPlanner planner_of(const RegionProblem& problem, unsigned threads = 1) {
  RegionPlanner::Options options;
  options.threads = threads;
  return RegionPlanner::make({problem.sites().begin(), problem.sites().end()}, latency_of(problem), options).value();
}

/// Jobs are told of in the hour of their release; every hour what has not started is planned anew.
RegionSchedule online(const RegionProblem& problem, RegionPlanner& planner, bool replans,
                      std::span<const RegionJob> likely = {}) {
  for (Hour now = 0; now < hours; ++now) {
    for (std::size_t j = 0; j < problem.job_count(); ++j)
      if (problem.jobs()[j].release == now) {
        const auto placed = planner.decide(j, problem.jobs()[j], now);
        EXPECT_TRUE(placed.has_value());
      }
    if (!replans) continue;
    std::vector<RegionJob> expected;
    for (const RegionJob& job : likely)
      if (job.release > now) expected.push_back(job);
    EXPECT_TRUE(planner.replan(now + 1, expected).has_value());
  }
  RegionSchedule schedule;
  for (std::size_t j = 0; j < problem.job_count(); ++j) schedule.push_back(planner.placement(j).value_or(Placement{}));
  return schedule;
}

std::size_t unserved(const RegionSchedule& schedule) {
  return static_cast<std::size_t>(
      std::count_if(schedule.begin(), schedule.end(), [](const Placement& one) { return !one.served(); }));
}

TEST(region_planner, regret_against_the_offline_bound_is_small_and_replanning_helps) {
  double foreseen = 0, planned_anew = 0, placed_once = 0, now = 0, bound = 0;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const auto problem = problem_of(0.5, seed);
    const auto before = problem_of(0.5, seed + 100);  // another draw of the same kind: what is expected
    RegionPlanner first = planner_of(problem), second = first, third = first;
    const RegionSchedule a = online(problem, first, true, before.jobs()), b = online(problem, second, true),
                         c = online(problem, third, false);
    for (const RegionSchedule* one : {&a, &b, &c}) EXPECT_TRUE(problem.check(*one));
    EXPECT_EQ(unserved(a), 0U);
    EXPECT_EQ(unserved(b), 0U);
    foreseen += problem.grams(a).total().value();
    planned_anew += problem.grams(b).total().value();
    placed_once += problem.grams(c).total().value();
    now += problem.grams(run_now_at_home(problem)).total().value();
    bound += region_bound(problem).bound.value();
  }
  EXPECT_GE(foreseen, bound);
  EXPECT_LE(foreseen, bound * 1.08);
  EXPECT_LT(foreseen, planned_anew);
  EXPECT_LT(planned_anew, placed_once);
  EXPECT_LT(placed_once, now);
}

TEST(region_planner, prices_of_a_day_before_steer_jobs_that_are_placed_once) {
  const auto problem = problem_of(0.7, 5);
  RegionPlanner blind = planner_of(problem), told = planner_of(problem);
  ASSERT_TRUE(told.set_prices(region_bound(problem).prices));
  const RegionSchedule a = online(problem, blind, false), b = online(problem, told, false);
  EXPECT_LE(unserved(b), unserved(a));
  EXPECT_LT(problem.grams(b).total(), problem.grams(a).total());
}

TEST(region_planner, same_calls_same_decisions_on_any_number_of_threads) {
  const auto problem = problem_of(0.7, 2);
  RegionPlanner one = planner_of(problem, 1), two = planner_of(problem, 2);
  EXPECT_EQ(online(problem, one, true), online(problem, two, true));
}

TEST(region_planner, what_is_free_is_capacity_less_what_runs) {
  const auto problem = problem_of(0.6, 3);
  RegionPlanner planner = planner_of(problem);
  const RegionSchedule schedule = online(problem, planner, true);
  for (std::int32_t s = 0; s < problem.site_count(); ++s)
    for (Hour h = 0; h < hours; ++h) {
      Units used = 0;
      for (std::size_t j = 0; j < schedule.size(); ++j)
        if (schedule[j].site == s && schedule[j].start <= h && h < schedule[j].start + problem.jobs()[j].length)
          used += problem.jobs()[j].demand;
      EXPECT_EQ(planner.free_units(s, h),
                problem.sites()[static_cast<std::size_t>(s)].capacity[static_cast<std::size_t>(h)] - used);
    }
  for (std::size_t j = 0; j < schedule.size(); ++j) planner.forget(j, 0);
  for (std::int32_t s = 0; s < problem.site_count(); ++s)
    EXPECT_EQ(planner.free_units(s, 10), problem.sites()[static_cast<std::size_t>(s)].capacity[10]);
  EXPECT_FALSE(planner.placement(0).has_value());
}

RegionSite one_site(std::vector<double> intensity, Units capacity) {
  RegionSite site;
  site.name = "a";
  for (const double value : intensity) site.intensity.emplace_back(value);
  site.capacity.assign(intensity.size(), capacity);
  return site;
}

RegionJob one_job(Hour release, Hour deadline, Hour length, Units demand = 1) {
  RegionJob job;
  job.name = "x";
  job.release = release;
  job.deadline = deadline;
  job.length = length;
  job.demand = demand;
  job.draw = carbon::Watts{1000};
  return job;
}

TEST(region_planner, a_new_forecast_moves_what_waits_and_nothing_that_runs) {
  RegionPlanner planner = RegionPlanner::make({one_site({300, 200, 100, 400}, 2)}, {}, {}).value();
  ASSERT_TRUE(planner.decide(1, one_job(0, 4, 1), 0).value().has_value());
  ASSERT_TRUE(planner.decide(2, one_job(0, 1, 1), 0).value().has_value());
  EXPECT_EQ(planner.placement(1)->start, 2);
  ASSERT_TRUE(planner.forecast(0, {carbon::GramsPerKilowattHour{300}, carbon::GramsPerKilowattHour{200},
                                   carbon::GramsPerKilowattHour{300}, carbon::GramsPerKilowattHour{50}}));
  EXPECT_EQ(planner.replan(1).value(), 1U);
  EXPECT_EQ(planner.placement(1)->start, 3);
  EXPECT_EQ(planner.placement(2)->start, 0);
  EXPECT_EQ(planner.replan(4).value(), 0U);
}

TEST(region_planner, expected_jobs_raise_prices_and_take_no_capacity) {
  RegionPlanner planner = RegionPlanner::make({one_site({100, 90, 80, 300}, 1)}, {}, {}).value();
  // A job of small draw would sit in the cheapest hour; two heavy ones are expected that have nowhere else to go.
  RegionJob light = one_job(0, 4, 1);
  light.draw = carbon::Watts{10};
  ASSERT_TRUE(planner.decide(1, light, 0).value().has_value());
  EXPECT_EQ(planner.placement(1)->start, 2);
  RegionJob heavy = one_job(1, 4, 2);
  heavy.draw = carbon::Watts{1e6};
  EXPECT_EQ(planner.replan(0, std::vector{heavy}).value(), 1U);
  EXPECT_EQ(planner.placement(1)->start, 0);
  EXPECT_EQ(planner.free_units(0, 2), 1);
}

TEST(region_planner, full_sites_and_late_jobs_are_told) {
  RegionPlanner planner = RegionPlanner::make({one_site({1, 1, 1}, 1)}, {}, {}).value();
  ASSERT_TRUE(planner.decide(1, one_job(0, 3, 3), 0).value().has_value());
  EXPECT_FALSE(planner.decide(2, one_job(0, 3, 1), 0).value().has_value());
  EXPECT_FALSE(planner.placement(2).has_value());
  EXPECT_FALSE(planner.decide(1, one_job(0, 3, 1), 0).has_value());     // the number is known
  EXPECT_FALSE(planner.decide(3, one_job(0, 3, 2), 2).has_value());     // too late to end in time
  EXPECT_FALSE(planner.decide(4, one_job(0, 3, 1, 2), 0).has_value());  // larger than the site
  EXPECT_EQ(planner.replan(1).value(), 0U);
  planner.forget(1, 1);
  EXPECT_EQ(planner.replan(1).value(), 1U);
  EXPECT_TRUE(planner.placement(2).has_value());
  EXPECT_FALSE(planner.set_prices({}).has_value());
  EXPECT_FALSE(planner.forecast(3, {}).has_value());
  EXPECT_FALSE(
      planner.forecast(0, std::vector(3, carbon::GramsPerKilowattHour{std::numeric_limits<double>::quiet_NaN()}))
          .has_value());
}

}  // namespace
}  // namespace cradle::shifting
