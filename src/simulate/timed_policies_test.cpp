// Laws of the timed replay under every rule of the dispatcher, on random workloads.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "../dispatch/dispatch_fixture.h"
#include "cradle/simulate/timed_replay.h"

namespace cradle::simulate {
namespace {

using dispatch::Configuration;
using shifting::TimePolicy;

struct Kept : carbon::EntrySink {
  std::vector<carbon::Entry> entries;
  void write(const carbon::Entry& entry) override { entries.push_back(entry); }
};

std::vector<fleet::NodeSpec> three_sites() {
  return {dispatch::node("a", 4, 0), dispatch::node("b", 2, 1), dispatch::node("c", 0, 1), dispatch::node("d", 3, 2)};
}
std::vector<carbon::SiteRecord> grids() {
  return {dispatch::site("coal", 1, 700, 1.3), dispatch::site("mixed", 2, 260, 1.1), dispatch::site("hydro", 3, 30)};
}

using Intervals = std::vector<std::pair<Instant, Instant>>;

/// On one machine or several, the work is done exactly: to the last millisecond, which need not be all its own.
void check_elastic_work(const Configuration& configuration, const Intervals& machines, const workload::Job& job,
                        bool finished) {
  std::map<std::int64_t, int> changes;
  for (const auto& [from, to] : machines) {
    ++changes[from.ms];
    --changes[to.ms];
  }
  std::int64_t work = 0, before = 0, paused = 0;
  int running = 0;
  for (const auto& [at, change] : changes) {
    RC_ASSERT(0 <= running && running <= static_cast<int>(configuration.elastic_curve.size()));
    for (int i = 0; i < running; ++i)
      work += (at - before) * std::llround(configuration.elastic_curve[static_cast<std::size_t>(i)] * 1000);
    paused += running == 0 && before > 0;
    running += change;
    before = at;
  }
  const std::int64_t asked = job.duration_ms * 1000 + paused * configuration.resume_cost_ms * 1000;
  RC_ASSERT(work <= asked + 3000);
  if (finished) RC_ASSERT(work >= asked);
}

void check_laws(const Configuration& configuration, std::uint64_t seed) {
  const auto nodes = three_sites();
  const auto sites = grids();
  const auto jobs = dispatch::random_jobs(seed, 80, 4 * ms_per_day);
  TimedOptions options;
  options.start = instant_of(2022, 5, 3);
  options.horizon_ms = 6 * ms_per_day;
  options.service = configuration.service;
  dispatch::DecisionLog log;
  options.decisions = &log;
  Kept kept;
  const auto replayed = replay_timed(nodes, jobs, sites, configuration, options, kept);
  RC_ASSERT(replayed.has_value());
  const TimedResult& result = *replayed;
  RC_ASSERT(result.finished + result.running + result.suspended + result.waiting + result.impossible == jobs.size());

  std::int64_t sum = 0;
  std::vector<std::int64_t> tenants(nodes.size() * parts_per_node), idle(tenants);
  std::map<std::uint32_t, std::vector<std::pair<Instant, Instant>>> host;  // one interval for each time that it runs
  for (const carbon::Entry& entry : kept.entries) {
    RC_ASSERT(entry.start < entry.end);
    RC_ASSERT(entry.microjoules >= 0);
    RC_ASSERT(0 <= entry.baseline_microjoules && entry.baseline_microjoules <= entry.microjoules);
    sum += entry.microjoules;
    if (entry.role == carbon::Role::idle) continue;
    if (entry.component % parts_per_node == static_cast<std::uint32_t>(Part::host))
      host[entry.job].emplace_back(entry.start, entry.end);
  }
  // In whole microjoules: what the entries say is what the meters read.
  RC_ASSERT(carbon::ExactEnergy(sum) == result.energy);
  // No job runs twice at a time, none before it arrives, and those that finished ran as long as they had to.
  for (auto& [job, intervals] : host) {
    std::sort(intervals.begin(), intervals.end());
    if (!configuration.elastic_curve.empty()) {
      check_elastic_work(configuration, intervals, jobs[job], result.jobs[job].finished.has_value());
      continue;
    }
    std::int64_t ran = 0;
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      if (i > 0) RC_ASSERT(intervals[i - 1].second <= intervals[i].first);
      ran += intervals[i].second.ms - intervals[i].first.ms;
    }
    RC_ASSERT(intervals.front().first.ms >= options.start.ms + jobs[job].arrival_ms);
    if (result.jobs[job].finished) RC_ASSERT(ran >= jobs[job].duration_ms);
    const bool may_cap =
        configuration.joint.enabled ? configuration.joint.cap : configuration.cap.when != dispatch::CapWhen::never;
    if (result.jobs[job].finished && !may_cap && configuration.resume_cost_ms == 0)
      RC_ASSERT(ran == jobs[job].duration_ms);
  }
  // At every instant the machines hold what they can, and draw between idle and full.
  for (std::int64_t t = 0; t < options.horizon_ms; t += options.horizon_ms / 41) {
    const std::int64_t now = options.start.ms + t;
    std::vector<double> gpus(nodes.size()), threads(nodes.size()), watts(nodes.size());
    for (const carbon::Entry& entry : kept.entries) {
      if (entry.start.ms > now || now >= entry.end.ms) continue;
      const std::size_t on = entry.component / parts_per_node;
      const auto length = static_cast<double>(entry.end.ms - entry.start.ms);
      watts[on] += static_cast<double>(entry.microjoules) / length / 1000;
      if (entry.role == carbon::Role::idle) continue;
      if (entry.component % parts_per_node == 0) gpus[on] += entry.operations * 1000 / length;
      if (entry.component % parts_per_node == 1) threads[on] += entry.operations * 1000 / length;
    }
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      RC_ASSERT(gpus[n] <= nodes[n].gpu_count + 1e-9);
      RC_ASSERT(threads[n] * 1000 <= static_cast<double>(nodes[n].cpu_milli) + 1e-6);
      const auto& power = nodes[n].power;
      const int sockets = fleet::socket_count(power, nodes[n].cpu_milli);
      const double rest = (power.memory + power.base).value();
      RC_ASSERT(watts[n] >= (power.gpu_idle * nodes[n].gpu_count + power.socket_idle * sockets).value() + rest - 0.05);
      RC_ASSERT(watts[n] <= (power.gpu_full * nodes[n].gpu_count + power.socket_full * sockets).value() + rest + 0.05);
    }
  }
  // The log, replayed through a fresh object, decides the same.
  const auto sections = *dispatch::read_log(log.text(), "log");
  RC_ASSERT(sections.size() == 1U);
  const auto check = check_decisions(nodes, jobs, sites, configuration, options, sections[0], "log");
  RC_ASSERT(check.has_value());
  RC_ASSERT(check->identical);
  RC_ASSERT(check->inputs >= jobs.size());
  // Remembered scores decide as those computed anew.
  TimedOptions uncached = options;
  uncached.cache = policy::Scheduler::Cache::off;
  uncached.decisions = nullptr;
  Kept again;
  RC_ASSERT(replay_timed(nodes, jobs, sites, configuration, uncached, again).has_value());
  RC_ASSERT(again.entries == kept.entries);
}

RC_GTEST_PROP(TimedPolicies, ConserveEnergyAndWorkAndReplayAlike, (std::uint64_t seed)) {
  RandomStream stream(seed, "configuration");
  check_laws(dispatch::random_configuration(stream), seed);
}

/// Grams of the jobs alone, by the average signal with PUE: what a time policy can change.
double job_grams(const std::vector<carbon::Entry>& entries, const std::vector<fleet::NodeSpec>& nodes,
                 const std::vector<carbon::SiteRecord>& sites) {
  double grams = 0;
  for (const carbon::Entry& entry : entries) {
    if (entry.role != carbon::Role::tenant) continue;
    const carbon::SiteRecord& site = sites[nodes[entry.component / parts_per_node].site];
    const double watts =
        static_cast<double>(entry.microjoules) / 1000 / static_cast<double>(entry.end.ms - entry.start.ms);
    grams += watts * site.average.integral(entry.start, entry.end).value() * site.pue;
  }
  return grams;
}

// With room for everybody, knowing more never costs: the ladder of the published policies on one site.
TEST(TimedPolicies, CleanerHoursAreUsedWhereThereIsRoom) {
  const std::vector nodes{dispatch::node("a", 16), dispatch::node("b", 16), dispatch::node("c", 16)};
  const std::vector sites{dispatch::site("s", 1, 300)};
  const auto jobs = dispatch::random_jobs(11, 60, 8 * ms_per_day);
  std::map<TimePolicy, double> grams;
  for (const TimePolicy policy : shifting::all_time_policies) {
    Kept kept;
    TimedOptions options;
    options.start = instant_of(2022, 1, 1);
    options.horizon_ms = 14 * ms_per_day;
    options.service = dispatch::configuration().service;
    const auto result = *replay_timed(nodes, jobs, sites, dispatch::configuration(policy), options, kept);
    EXPECT_EQ(result.finished, jobs.size());
    EXPECT_EQ(result.late, 0U) << shifting::name(policy);
    EXPECT_EQ(result.suspensions > 0, shifting::suspends(policy));
    grams[policy] = job_grams(kept.entries, nodes, sites);
  }
  EXPECT_LT(grams[TimePolicy::lowest_window], grams[TimePolicy::now]);
  EXPECT_LT(grams[TimePolicy::carbon_time], grams[TimePolicy::now]);
  EXPECT_LT(grams[TimePolicy::wait_awhile], grams[TimePolicy::lowest_window]);
}

TEST(TimedPolicies, TheCheapestRegionEmitsLeastAndACapStretches) {
  const auto nodes = three_sites();
  const auto sites = grids();
  const auto jobs = dispatch::random_jobs(5, 30, 8 * ms_per_day);
  TimedOptions options;
  options.start = instant_of(2022, 1, 1);
  options.horizon_ms = 14 * ms_per_day;
  const auto run = [&](const Configuration& configuration, Kept& kept) {
    return *replay_timed(nodes, jobs, sites, configuration, options, kept);
  };
  Kept any, best, capped;
  Configuration configuration = dispatch::configuration();
  run(configuration, any);
  configuration.region = dispatch::RegionRule::cheapest_window;
  const auto uncapped = run(configuration, best);
  EXPECT_LT(job_grams(best.entries, nodes, sites), job_grams(any.entries, nodes, sites));
  configuration.cap = {dispatch::CapWhen::always, 0.5, 0.5, 0.8};
  configuration.service.stretch = 2;
  const auto slow = run(configuration, capped);
  EXPECT_EQ(slow.finished, uncapped.finished);
  EXPECT_NEAR(slow.useful_gpu_hours, uncapped.useful_gpu_hours, 1e-6 * uncapped.useful_gpu_hours);
  EXPECT_GT(slow.delays.mean_s, uncapped.delays.mean_s);
  EXPECT_GT(slow.slowdown_p95, 1.2);
}

// Where the clean site is small, rules for one job alone send everybody there at the same hour; who finds it full runs
// wherever there is room. The plan of all jobs deals out the site's clean hours.
TEST(TimedPolicies, PlannedSitesEmitLessWhereCleanRoomIsScarce) {
  const std::vector nodes{dispatch::node("a", 8, 0), dispatch::node("b", 8, 0), dispatch::node("c", 2, 1)};
  const std::vector sites{dispatch::site("coal", 1, 700), dispatch::site("hydro", 3, 200)};
  double planned = 0, alone = 0, any = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::vector<workload::Job> jobs;
    RandomStream stream(seed, "scarce");
    for (int i = 0; i < 60; ++i)
      jobs.push_back(dispatch::job("j" + std::to_string(i), static_cast<std::int64_t>(stream.below(5 * ms_per_day)),
                                   static_cast<std::int64_t>(1 + stream.below(6)) * ms_per_hour));
    TimedOptions options;
    options.start = instant_of(2022, 1, 1);
    options.horizon_ms = 8 * ms_per_day;
    const auto grams = [&](dispatch::RegionRule region, TimePolicy time) {
      Configuration configuration = dispatch::configuration(time);
      configuration.region = region;
      options.service = configuration.service;
      Kept kept;
      const auto result = *replay_timed(nodes, jobs, sites, configuration, options, kept);
      EXPECT_EQ(result.finished, jobs.size());
      EXPECT_EQ(result.late, 0U);
      return job_grams(kept.entries, nodes, sites);
    };
    planned += grams(dispatch::RegionRule::planned, TimePolicy::now);
    alone += grams(dispatch::RegionRule::cheapest_window, TimePolicy::lowest_window);
    any += grams(dispatch::RegionRule::any, TimePolicy::lowest_window);
  }
  EXPECT_LT(planned, alone);
  EXPECT_LT(alone, any);
}

// One job of one whole GPU by hand: 10 s of work at 80 % speed and half the draw take 12.5 s.
TEST(TimedPolicies, ACappedJobByHand) {
  const std::vector nodes{dispatch::node("a", 2)};
  const std::vector sites{dispatch::site("s", 1, 300)};
  const std::vector jobs{dispatch::job("only", 1000, 10'000)};
  Configuration configuration = dispatch::configuration();
  configuration.cap = {dispatch::CapWhen::always, 0.5, 0.5, 0.8};
  TimedOptions options;
  options.start = instant_of(2022, 1, 1);
  options.horizon_ms = 20'000;
  Kept kept;
  const auto result = *replay_timed(nodes, jobs, sites, configuration, options, kept);
  EXPECT_EQ(result.jobs[0].finished->ms - options.start.ms, 13'500);
  EXPECT_DOUBLE_EQ(result.useful_gpu_hours, 10.0 / 3600);
  // Empty: 2 x 30 + 2 sockets x 20 + 36.4 + 47.3 W; running: one GPU at 75 W, one socket at 185 W.
  EXPECT_EQ(result.energy, carbon::ExactEnergy(std::int64_t{183'700'000} * 20 + std::int64_t{45 + 165} * 12'500'000));
}

TEST(DecisionLog, TamperedAndCutLogsAreNamedWithTheirLine) {
  const auto nodes = three_sites();
  const auto sites = grids();
  const auto jobs = dispatch::random_jobs(2, 40, 2 * ms_per_day);
  Configuration configuration = dispatch::configuration(TimePolicy::wait_awhile);
  TimedOptions options;
  options.start = instant_of(2022, 5, 3);
  options.horizon_ms = 4 * ms_per_day;
  dispatch::DecisionLog log;
  options.decisions = &log;
  Kept kept;
  ASSERT_TRUE(replay_timed(nodes, jobs, sites, configuration, options, kept));
  const std::string& text = log.text();
  const auto check = [&](const std::string& changed) -> Result<dispatch::LogCheck> {
    const auto sections = dispatch::read_log(changed, "d.log");
    if (!sections) return sections.error();
    return check_decisions(nodes, jobs, sites, configuration, options, sections->at(0), "d.log");
  };
  ASSERT_TRUE(check(text));
  EXPECT_TRUE(check(text)->identical);
  const auto line_at = [&](std::size_t at) { return 1 + std::count(text.begin(), text.begin() + at, '\n'); };

  // Another decision.
  std::string changed = text;
  std::size_t at = changed.find("\n> 3 ");
  ASSERT_NE(at, std::string::npos);
  changed.replace(at, 5, "\n> 4 ");
  auto found = check(changed);
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_FALSE(found->identical);
  EXPECT_EQ(found->line, line_at(at + 1));
  EXPECT_EQ(found->decided.substr(0, 4), "> 3 ");
  // A decision that is left out.
  changed = text;
  changed.erase(at, changed.find('\n', at + 1) - at);
  found = check(changed);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->identical);
  // Input that cannot be, each with its line.
  const auto fails = [&](const std::string& from, const std::string& to, std::size_t line) {
    std::string bad = text;
    const std::size_t where = bad.find(from);
    EXPECT_NE(where, std::string::npos) << from;
    bad.replace(where, from.size(), to);
    const auto refused = check(bad);
    EXPECT_FALSE(refused) << to;
    if (refused) return;
    EXPECT_EQ(refused.error().code, ErrorCode::bad_input);
    EXPECT_EQ(refused.error().where, "d.log:" + std::to_string(line != 0 ? line : line_at(where + 1))) << to;
    EXPECT_FALSE(refused.error().hint.empty());
  };
  fails("cradle-decisions 1", "cradle-decisions 2", 1);
  fails("time wait-awhile", "time now", 5);
  fails("seed 42", "seed 43", 4);
  const std::string first = text.substr(text.find("\na "), text.find('\n', text.find("\na ") + 1) - text.find("\na "));
  fails(first, "\na x 1 1 1 1 1 % % j", 0);
  fails(first, "\na 1 1 1 99 1 1 % % j", 0);
  fails(first, "\na 1 1 1 2 500 1 % % j", 0);
  fails(first, "\na 1 1 1 1 500 1 %G0 % j", 0);
  fails(first, "\nf 0 0", 0);
  fails(first, "\nq", 0);
  fails(first, "\n\xff\xfe", 0);
  // Cut anywhere, it is never taken for whole.
  for (std::size_t length = 0; length + 1 < text.size(); length += 997) {
    const auto cut = check(text.substr(0, length));
    EXPECT_TRUE(!cut || !cut->identical) << length;
  }
  EXPECT_FALSE(check(""));
}

}  // namespace
}  // namespace cradle::simulate
