// Region dispatch: bounds below optima below what is found, every schedule one, and what bad input is told.
#include "cradle/shifting/region.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "cradle/base/random.h"
#include "cradle/shifting/region_dispatch.h"
#include "cradle/shifting/region_input.h"
#include "cradle/solve/linear_program.h"

namespace cradle::shifting {
namespace {

using carbon::GramsCO2e;
using carbon::GramsPerKilowattHour;
using carbon::Seconds;
using carbon::Watts;

RegionSite site(std::string name, std::vector<double> intensity, Units capacity) {
  RegionSite made;
  made.name = std::move(name);
  for (const double value : intensity) made.intensity.emplace_back(value);
  made.capacity.assign(intensity.size(), capacity);
  return made;
}

RegionJob job(std::string name, Hour release, Hour deadline, Hour length, Units demand = 1, std::int32_t home = 0) {
  RegionJob made;
  made.name = std::move(name);
  made.release = release;
  made.deadline = deadline;
  made.length = length;
  made.demand = demand;
  made.draw = Watts{1000.0 * static_cast<double>(demand)};
  made.home = home;
  return made;
}

/// Sites with a daily wave, each its own mean, PUE and machines.
std::vector<RegionSite> wavy_sites(std::size_t count, Hour hours, std::uint64_t seed) {
  RandomStream stream(seed, "sites");
  std::vector<RegionSite> sites;
  for (std::size_t s = 0; s < count; ++s) {
    const double mean = 100 + 400 * stream.uniform(), depth = 0.5 * stream.uniform(), shift = 24 * stream.uniform();
    std::vector<double> intensity;
    for (Hour h = 0; h < hours; ++h)
      intensity.push_back(mean * (1 + depth * std::cos((h - shift) * 2 * 3.14159265358979 / 24)));
    sites.push_back(site("s" + std::to_string(s), intensity, 1));
    sites.back().pue = 1 + 0.5 * stream.uniform();
    sites.back().draw_factor = 0.8 + 0.4 * stream.uniform();
    sites.back().embodied_per_unit_hour = GramsCO2e{40 * stream.uniform()};
  }
  return sites;
}

std::vector<Seconds> line_latency(std::size_t count) {
  std::vector<Seconds> latency;
  for (std::size_t a = 0; a < count; ++a)
    for (std::size_t b = 0; b < count; ++b)
      latency.emplace_back(0.005 + 0.02 * std::abs(static_cast<double>(a) - static_cast<double>(b)));
  return latency;
}

RegionProblem generated(std::size_t sites, Hour hours, std::size_t jobs, double load, std::uint64_t seed,
                        Hour slack = 24, Hour longest = 12) {
  RegionGenerator options;
  options.jobs = jobs;
  options.seed = seed;
  options.load = load;
  options.slack = slack;
  options.longest = longest;
  return generate_regions(wavy_sites(sites, hours, seed), line_latency(sites), options).value();
}

/// The time-indexed form with every column written out, from RegionProblem::grams alone.
solve::LinearProgram written_out(const RegionProblem& problem, bool integer, bool embodied = true) {
  solve::LinearProgram program;
  for (const RegionSite& one : problem.sites())
    for (const Units units : one.capacity) program.row(-solve::infinity, static_cast<double>(units));
  for (const RegionJob& one : problem.jobs()) {
    const int row = program.row(1, 1);
    for (std::int32_t s = 0; s < problem.site_count(); ++s) {
      if (!problem.near(one, s)) continue;
      const RegionSite& where = problem.sites()[static_cast<std::size_t>(s)];
      for (Hour t = one.release; t + one.length <= one.deadline; ++t) {
        const auto from = where.capacity.begin() + t;
        if (*std::min_element(from, from + one.length) < one.demand) continue;
        const RegionGrams grams = problem.grams(one, {s, t});
        const int x = program.variable((embodied ? grams.total() : grams.operational).value(), 0, 1, integer);
        program.term(row, x, 1);
        for (Hour h = t; h < t + one.length; ++h)
          program.term(s * problem.hours() + h, x, static_cast<double>(one.demand));
      }
    }
  }
  return program;
}

/// Every schedule of few jobs, one after the other.
double least_by_trying(const RegionProblem& problem, RegionSchedule& schedule, std::size_t j = 0) {
  if (j == problem.job_count())
    return problem.check(schedule) ? problem.grams(schedule).total().value() : std::numeric_limits<double>::infinity();
  double least = std::numeric_limits<double>::infinity();
  const RegionJob& one = problem.jobs()[j];
  for (std::int32_t s = 0; s < problem.site_count(); ++s)
    for (Hour t = one.release; problem.near(one, s) && t + one.length <= one.deadline; ++t) {
      schedule[j] = {s, t};
      least = std::min(least, least_by_trying(problem, schedule, j + 1));
    }
  return least;
}

TEST(region, two_jobs_by_hand) {
  // Home is dirty, away is clean but has room for one; 100 g/kWh x 1 kW x 2 h there against 500 at home.
  auto home = site("home", {500, 500, 400, 400}, 2);
  auto away = site("away", {100, 100, 300, 300}, 1);
  away.pue = 1.5;
  away.embodied_per_unit_hour = GramsCO2e{10};
  const auto problem = RegionProblem::make({home, away}, {job("a", 0, 4, 2), job("b", 0, 4, 2)}).value();
  const Dispatch found = dispatch(problem).value();
  EXPECT_TRUE(problem.check(found.schedule));
  // One runs away in hours 0-2: 1.5 x 200 + 20 = 320 g. The other away in 2-4: 1.5 x 600 + 20 = 920 g, or at home in
  // 2-4: 800 g.
  EXPECT_NEAR(found.grams.total().value(), 320 + 800, 1e-9);
  EXPECT_NEAR(found.grams.embodied.value(), 20, 1e-9);
  EXPECT_NEAR(found.bound.value(), 320 + 800, 0.02);
  EXPECT_LE(found.bound.value(), 320 + 800 + 1e-6);
}

TEST(region, embodied_share_flips_the_choice) {
  // Operational grams favour the new machine by 5 g an hour, life-cycle grams the old one.
  auto old_site = site("old", {55, 55}, 1), new_site = site("new", {50, 50}, 1);
  old_site.embodied_per_unit_hour = GramsCO2e{2};
  new_site.embodied_per_unit_hour = GramsCO2e{20};
  const auto problem = RegionProblem::make({old_site, new_site}, {job("a", 0, 2, 2)}).value();
  DispatchOptions operational;
  operational.objective.embodied = false;
  EXPECT_EQ(dispatch(problem).value().schedule[0].site, 0);
  EXPECT_EQ(dispatch(problem, operational).value().schedule[0].site, 1);
}

TEST(region, bound_optimum_and_what_is_found_are_in_this_order_by_trying_all) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    const auto problem = generated(2, 6, 5, 0.8, seed, 4, 3);
    RegionSchedule schedule(problem.job_count());
    const double optimum = least_by_trying(problem, schedule);
    const Dispatch found = dispatch(problem).value();
    EXPECT_TRUE(found.unserved.empty()) << seed;
    EXPECT_LE(found.bound.value(), optimum * (1 + 1e-9)) << seed;
    EXPECT_GE(found.grams.total().value(), optimum * (1 - 1e-9)) << seed;
    EXPECT_LE(found.grams.total().value(), optimum * 1.0001) << "five jobs are searched through, seed " << seed;
  }
}

TEST(region, bound_is_the_optimum_of_the_relaxation_and_the_integer_optimum_lies_above) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const auto problem = generated(3, 24, 24, seed % 2 == 0 ? 0.85 : 0.5, seed, 8, 6);
    const auto relaxed = solve::minimise(written_out(problem, false)).value();
    BoundOptions options;
    options.iterations = 3000;
    const double bound = region_bound(problem, options).bound.value();
    EXPECT_LE(bound, relaxed.objective * (1 + 1e-7)) << seed;
    EXPECT_GE(bound, relaxed.objective * (1 - 1e-3)) << seed;
    solve::Options limits;
    limits.time_limit_seconds = 20;
    const auto whole = solve::minimise(written_out(problem, true), limits);
    const Dispatch found = dispatch(problem).value();
    ASSERT_TRUE(found.unserved.empty()) << seed;
    EXPECT_TRUE(problem.check(found.schedule)) << seed;
    if (!whole) continue;
    EXPECT_GE(found.grams.total().value(), whole->bound * (1 - 1e-6)) << seed;
    EXPECT_LE(found.grams.total().value(), whole->objective * 1.02) << seed;
  }
}

TEST(region, bound_of_operational_grams_is_that_of_the_relaxation) {
  const auto problem = generated(3, 24, 40, 0.7, 11, 8, 6);
  const auto relaxed = solve::minimise(written_out(problem, false, false)).value();
  BoundOptions options;
  options.iterations = 3000;
  options.objective.embodied = false;
  const double bound = region_bound(problem, options).bound.value();
  EXPECT_LE(bound, relaxed.objective * (1 + 1e-7));
  EXPECT_GE(bound, relaxed.objective * (1 - 1e-3));
}

TEST(region, within_two_percent_of_the_bound_on_1000_jobs_5_regions_168_hours) {
  for (const double load : {0.5, 0.85})
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      const auto problem = generated(5, 168, 1000, load, seed);
      const Dispatch found = dispatch(problem).value();
      ASSERT_TRUE(found.unserved.empty()) << load << " " << seed;
      EXPECT_TRUE(problem.check(found.schedule));
      EXPECT_LE(*found.gap, 0.02) << load << " " << seed;
      EXPECT_GE(*found.gap, 0);
    }
}

TEST(region, large_sets_begin_from_a_sample_and_stay_below_the_relaxation) {
  const auto problem = generated(3, 48, 9000, 0.8, 4, 12, 6);
  DispatchOptions options;
  options.search_rounds = 60'000;
  const Dispatch found = dispatch(problem, options).value();
  EXPECT_TRUE(problem.check(found.schedule));
  ASSERT_TRUE(found.gap.has_value());
  EXPECT_LE(*found.gap, 0.02);
  // Started from no prices at all, the same bound within its convergence.
  BoundOptions plain;
  plain.start.assign(3 * 48, GramsCO2e{0});
  plain.iterations = 800;
  EXPECT_NEAR(region_bound(problem, plain).bound / found.bound, 1, 1e-3);
}

TEST(region, same_seed_same_schedule_on_any_number_of_threads) {
  const auto problem = generated(4, 72, 700, 0.85, 3);
  DispatchOptions options;
  options.search_rounds = 3000;
  options.threads = 1;
  const Dispatch one = dispatch(problem, options).value();
  options.threads = 2;
  const Dispatch two = dispatch(problem, options).value();
  EXPECT_EQ(one.schedule, two.schedule);
  EXPECT_EQ(one.bound.value(), two.bound.value());
  EXPECT_EQ(one.grams.total().value(), two.grams.total().value());
}

RC_GTEST_PROP(region, any_prices_give_a_bound_below_any_schedule, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1000);
  const auto problem = generated(3, 24, 30, 0.7, seed, 8, 6);
  BoundOptions options;
  options.iterations = *rc::gen::inRange(1, 40);
  for (int i = 0; i < 3 * 24; ++i) options.start.emplace_back(*rc::gen::inRange(0, 500));
  const double bound = region_bound(problem, options).bound.value();
  const RegionSchedule now = run_now_at_home(problem);
  RC_ASSERT(static_cast<bool>(problem.check(now)));
  const bool all = std::all_of(now.begin(), now.end(), [](const Placement& p) { return p.served(); });
  if (all) RC_ASSERT(bound <= problem.grams(now).total().value() * (1 + 1e-9));
}

RC_GTEST_PROP(region, every_schedule_is_one, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 100'000);
  const double load = *rc::gen::element(0.3, 0.7, 0.9, 1.0);
  const auto problem = generated(3, 30, 40, load, seed, *rc::gen::inRange(0, 20), 8);
  DispatchOptions options;
  options.seed = seed;
  options.search_rounds = 500;
  const auto found = dispatch(problem, options);
  // A schedule exists: it was placed once. That there is none must not be proven.
  RC_ASSERT(static_cast<bool>(found));
  RC_ASSERT(static_cast<bool>(problem.check(found->schedule)));
  std::size_t unserved = 0;
  for (const Placement& one : found->schedule) unserved += one.served() ? 0 : 1;
  RC_ASSERT(unserved == found->unserved.size());
  RC_ASSERT(found->gap.has_value() == found->unserved.empty());
}

TEST(region, more_capacity_or_slack_never_raises_the_bound) {
  // The optimum of the relaxation falls; the bound stands within 0.1 % below it.
  constexpr double convergence = 1e-3;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto tight = generated(3, 48, 200, 0.9, seed);
    std::vector<RegionSite> sites(tight.sites().begin(), tight.sites().end());
    std::vector<RegionJob> jobs(tight.jobs().begin(), tight.jobs().end());
    const double before = region_bound(tight).bound.value();
    for (RegionJob& one : jobs) one.deadline = std::min(48, one.deadline + 6);
    const double slack = region_bound(RegionProblem::make(sites, jobs, line_latency(3)).value()).bound.value();
    for (RegionSite& one : sites)
      for (Units& units : one.capacity) units = units * 3 / 2;
    const double both = region_bound(RegionProblem::make(sites, jobs, line_latency(3)).value()).bound.value();
    EXPECT_LE(slack, before * (1 + convergence));
    EXPECT_LE(both, slack * (1 + convergence));
    EXPECT_LT(both, before);
  }
}

TEST(region, the_order_of_jobs_changes_nothing_essential) {
  const auto problem = generated(4, 72, 400, 0.8, 9);
  std::vector<RegionJob> jobs(problem.jobs().begin(), problem.jobs().end());
  RandomStream stream(1, "order");
  stream.shuffle(std::span<RegionJob>(jobs));
  const auto shuffled =
      RegionProblem::make({problem.sites().begin(), problem.sites().end()}, jobs, line_latency(4)).value();
  const Dispatch one = dispatch(problem).value(), other = dispatch(shuffled).value();
  EXPECT_NEAR(one.bound / other.bound, 1, 1e-3);
  EXPECT_NEAR(one.grams.total() / other.grams.total(), 1, 0.015);
}

TEST(region, knobs_taken_away_cost_grams) {
  const auto problem = generated(4, 96, 500, 0.6, 5);
  const auto grams = [&](bool move, bool wait) {
    DispatchOptions options;
    options.objective.move = move;
    options.objective.wait = wait;
    options.search_rounds = 30'000;
    return dispatch(problem, options).value();
  };
  const Dispatch joint = grams(true, true), time_only = grams(false, true), region_only = grams(true, false);
  EXPECT_LT(joint.grams.total(), time_only.grams.total());
  EXPECT_LT(joint.grams.total(), region_only.grams.total());
  const auto away = [&](const Dispatch& one) {
    std::size_t count = 0;
    for (std::size_t j = 0; j < problem.job_count(); ++j)
      count += one.schedule[j].served() && one.schedule[j].site != problem.jobs()[j].home;
    return count;
  };
  const auto waited = [&](const Dispatch& one) {
    Hour hours = 0;
    for (std::size_t j = 0; j < problem.job_count(); ++j)
      if (one.schedule[j].served()) hours += one.schedule[j].start - problem.jobs()[j].release;
    return hours;
  };
  EXPECT_LT(away(time_only), away(joint) / 2);
  EXPECT_LT(waited(region_only), waited(joint) / 4);
}

TEST(region, interrupted_search_gives_the_best_so_far) {
  const auto problem = generated(3, 48, 300, 0.7, 2);
  int asked = 0;
  DispatchOptions options;
  options.threads = 1;
  options.interrupted = [&] { return ++asked > 5; };
  const auto found = dispatch(problem, options);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->interrupted);
  EXPECT_TRUE(problem.check(found->schedule));
  EXPECT_LE(found->bound_iterations, 6);
}

TEST(region, checker_refuses_what_is_no_schedule) {
  const auto problem = RegionProblem::make({site("a", {1, 1, 1}, 1), site("b", {1, 1, 1}, 1)},
                                           {job("x", 0, 3, 2), job("y", 1, 3, 2)}, line_latency(2))
                           .value();
  EXPECT_TRUE(problem.check({{0, 0}, {1, 1}}));
  EXPECT_TRUE(problem.check({{0, 0}, {}}));
  EXPECT_FALSE(problem.check({{0, 0}}));          // one placement too few
  EXPECT_FALSE(problem.check({{0, 0}, {0, 1}}));  // both in hour 1
  EXPECT_FALSE(problem.check({{0, 2}, {1, 1}}));  // past the horizon
  EXPECT_FALSE(problem.check({{0, 0}, {1, 0}}));  // before its release
  EXPECT_FALSE(problem.check({{0, 0}, {2, 1}}));  // no such site
  RegionJob near_home = job("z", 0, 3, 1);
  near_home.latency_bound = Seconds{0.01};
  const auto bounded =
      RegionProblem::make({site("a", {1, 1, 1}, 1), site("b", {1, 1, 1}, 1)}, {near_home}, line_latency(2)).value();
  EXPECT_FALSE(bounded.check({{1, 0}}));
}

std::string told(const Result<RegionProblem>& result) { return result ? "" : to_string(result.error()); }

TEST(region, bad_input_is_told_with_what_is_lacking) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto one = site("a", {1, 1, 1, 1}, 4);
  const auto with = [&](RegionJob changed) { return told(RegionProblem::make({one}, {changed})); };
  EXPECT_NE(with(job("x", 1, 3, 3)).find("comes before release + length, hour 4"), std::string::npos);
  EXPECT_NE(with(job("x", 0, 4, 1, 9)).find("asks for 9 units, but no near site has more than 4"), std::string::npos);
  EXPECT_NE(with(job("x", 0, 4, 1, -1)).find("a demand of -1"), std::string::npos);
  EXPECT_NE(with(job("x", 0, 4, 1, 0)).find("a demand of 0"), std::string::npos);
  EXPECT_NE(with(job("x", 0, 4, 0)).find("a length of 0"), std::string::npos);
  EXPECT_NE(with(job("x", 0, 9, 1)).find("beyond the horizon"), std::string::npos);
  EXPECT_NE(with(job("x", 1'000'000'000, 1'000'000'001, 1)).find("released in hour 1000000000"), std::string::npos);
  EXPECT_NE(with(job("x", 0, 2'000'000'000, 2'000'000'000)).find("beyond the horizon"), std::string::npos);
  EXPECT_NE(with(job("x", 0, 4, 1, 1, 7)).find("home 7 is no site"), std::string::npos);
  auto unreal = job("x", 0, 4, 1);
  unreal.draw = Watts{nan};
  EXPECT_NE(with(unreal).find("W"), std::string::npos);
  EXPECT_FALSE(RegionProblem::make({}, {job("x", 0, 4, 1)}));
  EXPECT_FALSE(RegionProblem::make({one}, {}));
  EXPECT_NE(told(RegionProblem::make({one, one}, {job("x", 0, 4, 1)})).find("two sites"), std::string::npos);
  EXPECT_NE(told(RegionProblem::make({one}, {job("x", 0, 4, 1), job("x", 0, 4, 1)})).find("two jobs"),
            std::string::npos);
  EXPECT_NE(told(RegionProblem::make({site("a", {1, 1}, 0)}, {job("x", 0, 2, 1)})).find("capacity 0"),
            std::string::npos);
  EXPECT_NE(told(RegionProblem::make({site("a", {nan, 1}, 1)}, {job("x", 0, 2, 1)})).find("intensity"),
            std::string::npos);
  EXPECT_NE(told(RegionProblem::make({site("a", {-1, 1}, 1)}, {job("x", 0, 2, 1)})).find("intensity"),
            std::string::npos);
  auto low = site("a", {1, 1}, 1);
  low.pue = 0.9;
  EXPECT_NE(told(RegionProblem::make({low}, {job("x", 0, 2, 1)})).find("PUE"), std::string::npos);
  EXPECT_FALSE(RegionProblem::make({one}, {job("x", 0, 4, 1)}, {Seconds{nan}}));
  EXPECT_FALSE(RegionProblem::make({one}, {job("x", 0, 4, 1)}, {Seconds{0}, Seconds{0}}));
  auto far = job("x", 0, 4, 1);
  far.latency_bound = Seconds{0.001};
  const auto beyond = RegionProblem::make({one}, {far}, {Seconds{0.01}});
  EXPECT_NE(told(beyond).find("no site within 1 ms"), std::string::npos);
  EXPECT_EQ(beyond.error().hint, "raise its latency bound by 9 ms, to that of the nearest");
}

TEST(region, too_much_within_an_interval_is_told_with_the_sites_and_how_much) {
  // Three units-hours each in hours 2 to 4, where two sites offer one unit each: 4 for 6.
  const auto problem = RegionProblem::make({site("a", {1, 1, 1, 1, 1}, 1), site("b", {1, 1, 1, 1, 1}, 1)},
                                           {job("x", 2, 4, 2), job("y", 2, 4, 2), job("z", 2, 4, 2)})
                           .value();
  const auto found = dispatch(problem);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::bad_input);
  EXPECT_NE(found.error().message.find("hours 2 to 4 ask for 6 unit-hours, there are 4: 2 too few"), std::string::npos)
      << found.error().message;
  EXPECT_EQ(found.error().where, "sites a, b");
}

TEST(region, too_much_for_the_near_sites_alone_is_told_with_them) {
  auto tied = [&](const char* name) {
    RegionJob made = job(name, 0, 2, 2);
    made.latency_bound = Seconds{0.01};
    return made;
  };
  const auto problem =
      RegionProblem::make({site("a", {1, 1, 1}, 1), site("b", {1, 1, 1}, 5)}, {tied("x"), tied("y")}, line_latency(2))
          .value();
  const auto fine = check_aggregate(problem);
  ASSERT_FALSE(fine.has_value());
  EXPECT_EQ(fine.error().where, "sites a");
}

TEST(region, a_shortage_that_sums_do_not_show_is_proven_by_prices) {
  // Wherever the job of two hours starts it runs in hour 1, which the other needs; the sums of all intervals are even.
  const auto problem =
      RegionProblem::make({site("a", {1, 1, 1, 1}, 1)}, {job("x", 0, 3, 2), job("z", 1, 2, 1)}).value();
  EXPECT_TRUE(check_aggregate(problem));
  const auto found = dispatch(problem);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::bad_input);
  EXPECT_NE(found.error().message.find("at least 1 unit-hours find no place; scarcest is site 'a' within hours 1 to 2"),
            std::string::npos)
      << found.error().message;
  EXPECT_NEAR(shortage_bound(problem).unit_hours, 1, 1e-6);
}

TEST(region, jobs_left_over_without_a_proof_are_named) {
  // Three jobs of 2 units in sites of 3: fractions fit, whole ones do not.
  const auto problem = RegionProblem::make({site("a", {1}, 3), site("b", {1}, 3)},
                                           {job("x", 0, 1, 1, 2), job("y", 0, 1, 1, 2), job("z", 0, 1, 1, 2)})
                           .value();
  const auto found = dispatch(problem);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->unserved.size(), 1U);
  EXPECT_FALSE(found->gap.has_value());
  EXPECT_TRUE(problem.check(found->schedule));
}

TEST(region, nothing_emits_where_nothing_emits) {
  const auto problem = RegionProblem::make({site("a", {0, 0}, 1)}, {job("x", 0, 2, 1), job("y", 0, 2, 1)}).value();
  const Dispatch found = dispatch(problem).value();
  EXPECT_TRUE(found.unserved.empty());
  EXPECT_EQ(found.grams.total().value(), 0);
  EXPECT_EQ(found.bound.value(), 0);
  EXPECT_FALSE(found.gap.has_value());
}

TEST(region, a_job_without_draw_stays_at_home_at_its_release) {
  auto sites = wavy_sites(3, 48, 3);
  for (RegionSite& one : sites) {
    one.capacity.assign(48, 30);
    one.embodied_per_unit_hour = GramsCO2e{6};
  }
  std::vector<RegionJob> jobs;
  for (int j = 0; j < 20; ++j) {
    jobs.push_back(job("j" + std::to_string(j), j, j + 24, 3, 1, j % 3));
    if (j % 2 == 0) jobs.back().draw = Watts{0};
  }
  for (const auto& latency : {std::vector<Seconds>{}, line_latency(3)}) {
    const auto problem = RegionProblem::make(sites, jobs, latency).value();
    const Dispatch found = dispatch(problem).value();
    ASSERT_TRUE(problem.check(found.schedule));
    bool moved = false;
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      const Placement asked{jobs[j].home, jobs[j].release};
      if (jobs[j].draw.value() == 0)
        EXPECT_EQ(found.schedule[j], asked) << j;
      else
        moved = moved || !(found.schedule[j] == asked);
    }
    EXPECT_TRUE(moved);
  }
}

/// No job could start earlier, or as early at home, without emitting more, where there is room.
RC_GTEST_PROP(region, nobody_waits_for_nothing, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 100'000);
  const auto drawn = generated(3, 30, 30, *rc::gen::element(0.3, 0.7), seed, 10, 8);
  std::vector<RegionJob> jobs(drawn.jobs().begin(), drawn.jobs().end());
  for (std::size_t j = 0; j < jobs.size(); ++j)
    if (j % 2 == 0) jobs[j].draw = Watts{0};
  const auto problem = RegionProblem::make({drawn.sites().begin(), drawn.sites().end()}, jobs).value();
  DispatchOptions options;
  options.seed = seed;
  options.search_rounds = 200;
  const Dispatch found = dispatch(problem, options).value();
  RegionSchedule other = found.schedule;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const Placement now = found.schedule[j];
    if (!now.served()) continue;
    const double grams = problem.grams(jobs[j], now).total().value();
    for (std::int32_t s = 0; s < problem.site_count(); ++s)
      for (Hour t = jobs[j].release; t <= now.start; ++t) {
        const bool nearer = t < now.start || (s == jobs[j].home && now.site != s);
        other[j] = {s, t};
        if (nearer && problem.check(other)) RC_ASSERT(problem.grams(jobs[j], other[j]).total().value() > grams);
      }
    other[j] = now;
  }
}

RC_GTEST_PROP(region, no_worse_than_what_is_known, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 100'000);
  const auto problem = generated(3, 30, 40, 0.8, seed, 4, 8);
  DispatchOptions options;
  options.seed = seed;
  options.search_rounds = 2000;
  const Dispatch known = dispatch(problem, options).value();
  options.search_rounds = 0;
  options.roundings = 2;
  options.known = {run_now_at_home(problem), known.schedule};
  const Dispatch found = dispatch(problem, options).value();
  RC_ASSERT(found.unserved.size() <= known.unserved.size());
  if (found.unserved.size() == known.unserved.size())
    RC_ASSERT(found.grams.total().value() <= known.grams.total().value() * (1 + 1e-6));
  options.known = {RegionSchedule(1)};
  RC_ASSERT(!dispatch(problem, options).has_value());
}

}  // namespace
}  // namespace cradle::shifting
