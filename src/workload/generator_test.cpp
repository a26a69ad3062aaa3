#include "cradle/workload/generator.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "cradle/workload/limits.h"
#include "cradle/workload/openb.h"
#include "cradle/workload/summary.h"
#include "openb_mix.h"

namespace cradle::workload {
namespace {

Workload generated(std::uint64_t seed, double load = 1, std::int64_t window_ms = openb_figures::window_ms) {
  auto workload = generate_workload({.seed = seed, .window_ms = window_ms, .load = load});
  EXPECT_TRUE(workload) << to_string(workload.error());
  return std::move(workload).value();
}

/// 0: CPU only, 1: a share of a GPU, 2: one GPU, 3: several.
int kind_of(const Job& job) {
  if (job.demand.gpu_count == 0) return 0;
  if (job.demand.gpu_count > 1) return 3;
  return job.demand.gpu_milli < milli ? 1 : 2;
}

class GeneratorSeeds : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Generator, GeneratorSeeds, testing::Values(0, 1, 7, 42, 123456789));

// Each kind is a binomial draw: five standard deviations are passed once in two million.
TEST_P(GeneratorSeeds, KindsAreThosePublished) {
  const WorkloadSummary summary = summarise(generated(GetParam()));
  EXPECT_EQ(summary.jobs, 8152U);
  const auto near = [](std::uint64_t count, int published) {
    const double share = published / 8152.0;
    EXPECT_NEAR(static_cast<double>(count), published, 5 * std::sqrt(8152 * share * (1 - share)));
  };
  near(summary.cpu_only, 1088);
  near(summary.sharing, 3078);
  near(summary.one_gpu, 3911);
  near(summary.multi_gpu, 75);
}

// 6,086.8 GPUs, 85,436 processor threads and 303.5 TiB are asked for in all; within 5 %.
TEST_P(GeneratorSeeds, DemandsSumToThosePublished) {
  const WorkloadSummary summary = summarise(generated(GetParam()));
  EXPECT_NEAR(static_cast<double>(summary.gpu_milli) / 6'086'800, 1, 0.05);
  EXPECT_NEAR(static_cast<double>(summary.cpu_milli) / 85'436'012, 1, 0.05);
  EXPECT_NEAR(static_cast<double>(summary.memory_mib) / 303'546'211, 1, 0.05);
}

// Run time quantiles of each kind in the trace; within 35 % where at least a hundred jobs decide (a quantile of a
// heavy tail moves far for few jobs more or less).
TEST_P(GeneratorSeeds, RunTimesAreThosePublished) {
  const Workload workload = generated(GetParam());
  std::array<std::vector<double>, 4> durations_s;
  for (const Job& job : workload.jobs)
    durations_s[static_cast<std::size_t>(kind_of(job))].push_back(static_cast<double>(job.duration_ms) / 1000);
  const std::array<std::array<double, 3>, 4> published = {
      {{149, 445, 1943}, {107, 356, 1315}, {167, 587, 2158}, {155, 573, 6710}}};
  for (std::size_t kind = 0; kind < 3; ++kind) {
    std::sort(durations_s[kind].begin(), durations_s[kind].end());
    for (std::size_t q = 0; q < 3; ++q) {
      const double at = durations_s[kind][durations_s[kind].size() * (q + 1) / 4];
      EXPECT_NEAR(std::log(at / published[kind][q]), 0, std::log(1.35)) << "kind " << kind << " quartile " << q + 1;
    }
  }
}

// In the trace the largest 1 % of the jobs hold 92 % of the GPU time. Jobs that outlive the window are cut, so that it
// is less here, but most of it.
TEST_P(GeneratorSeeds, AFewJobsHoldMostOfTheGpuTime) {
  std::vector<double> gpu_time;
  for (const Job& job : generated(GetParam()).jobs)
    gpu_time.push_back(static_cast<double>(job.demand.total_gpu_milli()) * static_cast<double>(job.duration_ms));
  std::sort(gpu_time.rbegin(), gpu_time.rend());
  double all = 0, top = 0;
  for (std::size_t i = 0; i < gpu_time.size(); ++i) {
    all += gpu_time[i];
    if (i < gpu_time.size() / 100) top += gpu_time[i];
  }
  EXPECT_GT(top / all, 0.75);
  EXPECT_LT(top / all, 0.96);
}

TEST_P(GeneratorSeeds, JobsAreOrderedWholeAndInsideTheWindow) {
  const Workload workload = generated(GetParam());
  std::set<std::string> names;
  std::int64_t before = 0;
  for (const Job& job : workload.jobs) {
    EXPECT_TRUE(names.insert(job.name).second);
    EXPECT_GE(job.arrival_ms, before);
    EXPECT_LT(job.arrival_ms, openb_figures::window_ms);
    EXPECT_GE(job.duration_ms, min_duration_ms);
    EXPECT_LE(job.arrival_ms + job.duration_ms, openb_figures::window_ms);
    EXPECT_EQ(job.arrival_ms % 1000 + job.duration_ms % 1000, 0);
    EXPECT_TRUE(job.demand.gpu_count != 1 || (job.demand.gpu_milli >= 1 && job.demand.gpu_milli <= milli));
    EXPECT_TRUE(job.demand.gpu_count <= 1 || job.demand.gpu_milli == milli);
    before = job.arrival_ms;
  }
}

// Hours 9 to 14 of the trace's day see 0.112 of its arrivals (25.4 of 227.5 in the mean), hours 17 to 23 0.410; the
// third day of its week sees 129 of 1,544.5.
TEST_P(GeneratorSeeds, ArrivalsFollowDayAndWeek) {
  // Twenty whole weeks.
  const Workload workload = generated(GetParam(), 2, 140 * ms_per_day);
  double quiet = 0, busy = 0, third_day = 0;
  for (const Job& job : workload.jobs) {
    const std::int64_t hour = job.arrival_ms / ms_per_hour % 24;
    quiet += hour >= 9 && hour <= 14;
    busy += hour >= 17;
    third_day += job.arrival_ms / ms_per_day % 7 == 2;
  }
  const auto jobs = static_cast<double>(workload.jobs.size());
  EXPECT_NEAR(quiet / jobs, 25.4 / 227.5, 0.015);
  EXPECT_NEAR(busy / jobs, 93.2 / 227.5, 0.02);
  EXPECT_NEAR(third_day / jobs, 129 / 1544.5, 0.012);
}

TEST_P(GeneratorSeeds, UsersAreFewAndEachHasOneProduct) {
  std::map<std::string, std::size_t> jobs_of;
  std::map<std::string, std::set<std::string>> products_of;
  const Workload workload = generated(GetParam());
  for (const Job& job : workload.jobs) {
    ++jobs_of[job.user];
    products_of[job.user].insert(job.product);
    EXPECT_FALSE(job.product.empty());
    EXPECT_FALSE(job.service_class.empty());
  }
  for (const auto& [user, products] : products_of) EXPECT_EQ(products.size(), 1U) << user;
  EXPECT_GT(jobs_of.size(), 90U);
  EXPECT_LE(jobs_of.size(), 120U);
  EXPECT_GT(summarise(workload).products, 5U);
  // Zipf with exponent 1.2 over 120 ranks: the first has 26.5 % of the jobs.
  EXPECT_NEAR(static_cast<double>(jobs_of["user-001"]) / 8152, 0.265, 0.03);
}

TEST_P(GeneratorSeeds, TheSameSeedGivesTheSameJobs) {
  EXPECT_EQ(generated(GetParam()).jobs, generated(GetParam()).jobs);
  EXPECT_NE(generated(GetParam()).jobs, generated(GetParam() + 1).jobs);
}

// The jobs survive the pod layout, which is what `cradle workload generate` writes.
TEST_P(GeneratorSeeds, SurviveThePodLayout) {
  const Workload workload = generated(GetParam());
  const auto read = parse_openb_pods(write_openb_pods(workload), "generated.csv");
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(read->jobs, workload.jobs);
}

RC_GTEST_PROP(Generator, JobsScaleWithLoadAndWindow, ()) {
  const double load = *rc::gen::inRange(1, 400) / 100.0;
  const std::int64_t window_ms = *rc::gen::inRange<std::int64_t>(ms_per_hour, 300 * ms_per_day);
  const double expected = 8152 * load * static_cast<double>(window_ms) / static_cast<double>(openb_figures::window_ms);
  RC_PRE(expected >= 1);
  const auto workload = generate_workload({.seed = 3, .window_ms = window_ms, .load = load});
  RC_ASSERT(workload.has_value());
  RC_ASSERT(std::abs(static_cast<double>(workload->jobs.size()) - expected) <= 0.5 + 1e-9);
  for (const Job& job : workload->jobs) {
    RC_ASSERT(job.arrival_ms < window_ms);
    RC_ASSERT(job.arrival_ms + job.duration_ms <= window_ms + min_duration_ms);
  }
}

TEST(Generator, RefusesWhatMakesNoSense) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinite = std::numeric_limits<double>::infinity();
  const std::int64_t day = ms_per_day;
  const std::vector<GeneratorOptions> cases = {
      {.window_ms = 0},
      {.window_ms = -1},
      {.window_ms = 999},
      {.window_ms = 3661 * day},
      {.window_ms = std::numeric_limits<std::int64_t>::max()},
      {.window_ms = std::numeric_limits<std::int64_t>::min()},
      {.window_ms = day, .load = 0},
      {.window_ms = day, .load = -1},
      {.window_ms = day, .load = nan},
      {.window_ms = day, .load = infinite},
      {.window_ms = day, .load = 1e9},
      {.window_ms = day, .load = 1e-9},
  };
  for (const GeneratorOptions& options : cases) {
    const auto workload = generate_workload(options);
    ASSERT_FALSE(workload) << options.window_ms << " ms, load " << options.load;
    EXPECT_EQ(workload.error().code, ErrorCode::bad_input);
    EXPECT_FALSE(workload.error().hint.empty());
  }
  for (const double scale : {0.0, -1.0, nan, infinite, 1e9}) {
    const auto nodes = generate_nodes(scale);
    ASSERT_FALSE(nodes) << scale;
    EXPECT_EQ(nodes.error().code, ErrorCode::bad_input);
  }
}

TEST(GeneratedNodes, AreThePublishedClusterAtScaleOne) {
  const auto nodes = generate_nodes(1);
  ASSERT_TRUE(nodes);
  EXPECT_EQ(nodes->size(), 1213U);
  std::map<std::string, int> nodes_of;
  std::set<std::string> names;
  int gpus = 0;
  std::int64_t cpu_milli = 0;
  for (const NodeRow& node : *nodes) {
    ++nodes_of[node.gpu_model];
    names.insert(node.name);
    gpus += node.gpu_count;
    cpu_milli += node.cpu_milli;
  }
  EXPECT_EQ(names.size(), 1213U);
  EXPECT_EQ(gpus, 6212);
  EXPECT_EQ(cpu_milli, 107'018'000);
  const std::map<std::string, int> published = {{"G2", 549}, {"T4", 404},     {"P100", 134}, {"V100M16", 55},
                                                {"G3", 39},  {"V100M32", 30}, {"A10", 2}};
  EXPECT_EQ(nodes_of, published);
}

using Shape = std::tuple<std::string, int, std::int64_t, std::int64_t>;
std::map<Shape, int> shapes_of(const std::vector<NodeRow>& nodes) {
  std::map<Shape, int> counts;
  for (const NodeRow& node : nodes) ++counts[{node.gpu_model, node.gpu_count, node.cpu_milli, node.memory_mib}];
  return counts;
}

RC_GTEST_PROP(GeneratedNodes, EveryTypeIsWithinOneOfItsShare, ()) {
  const double scale = *rc::gen::inRange(1, 3000) / 1000.0;
  const auto nodes = generate_nodes(scale);
  RC_ASSERT(nodes.has_value());
  const auto total = std::max<long long>(1, std::llround(1213 * scale));
  RC_ASSERT(static_cast<long long>(nodes->size()) == total);
  auto counts = shapes_of(*nodes);
  for (const MixNode& type : mix_nodes) {
    const Shape shape{std::string(type.model), type.gpu_count, type.cpu_milli, type.memory_mib};
    RC_ASSERT(std::abs(counts[shape] - static_cast<double>(total) * type.nodes / 1213.0) < 1);
  }
}

const std::filesystem::path data = std::filesystem::path(CRADLE_SOURCE_DIR) / ".." / "shared" / "data" / "openb";

// The figures the generator draws from, counted again from the trace itself.
TEST(OpenbMix, FiguresAreThoseOfTheTrace) {
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "needs the openb trace in ../shared/data/openb";
  const auto nodes = read_openb_nodes(data / "openb_node_list_gpu_node.csv");
  ASSERT_TRUE(nodes);
  EXPECT_EQ(shapes_of(*nodes), shapes_of(generate_nodes(1).value()));

  const auto pods = read_openb_pods(data / "openb_pod_list_default.csv");
  ASSERT_TRUE(pods);
  std::map<std::tuple<std::int64_t, std::int64_t, int, int>, int> shapes;
  std::array<std::vector<std::int64_t>, 4> durations_s;
  std::array<std::map<std::string, int>, 4> classes;
  for (const Job& job : pods->jobs) {
    const Demand& demand = job.demand;
    ++shapes[{demand.cpu_milli, demand.memory_mib, demand.gpu_count, demand.gpu_milli}];
    durations_s[static_cast<std::size_t>(kind_of(job))].push_back(job.duration_ms / 1000);
    ++classes[static_cast<std::size_t>(kind_of(job))][job.service_class];
  }
  const auto check_shapes = [&](const auto& table, int pods_of_kind) {
    int kept = 0;
    for (const MixShape& shape : table) {
      EXPECT_EQ((shapes[{shape.cpu_milli, shape.memory_mib, shape.gpu_count, shape.gpu_milli}]), shape.pods)
          << shape.cpu_milli << ", " << shape.memory_mib;
      kept += shape.pods;
    }
    EXPECT_GE(kept, 0.965 * pods_of_kind);
  };
  check_shapes(cpu_only_shapes, openb_figures::cpu_only_pods);
  check_shapes(sharing_shapes, openb_figures::sharing_pods);
  check_shapes(one_gpu_shapes, openb_figures::one_gpu_pods);
  check_shapes(multi_gpu_shapes, openb_figures::multi_gpu_pods);

  const std::array<const Quantiles*, 4> quantiles = {&cpu_only_durations_s, &sharing_durations_s, &one_gpu_durations_s,
                                                     &multi_gpu_durations_s};
  const std::array<const ClassCounts*, 4> counts = {&cpu_only_classes, &sharing_classes, &one_gpu_classes,
                                                    &multi_gpu_classes};
  for (std::size_t kind = 0; kind < 4; ++kind) {
    std::sort(durations_s[kind].begin(), durations_s[kind].end());
    for (std::size_t q = 0; q < quantile_shares.size(); ++q) {
      const double rank = quantile_shares[q] * static_cast<double>(durations_s[kind].size() - 1);
      EXPECT_EQ(static_cast<double>(durations_s[kind][static_cast<std::size_t>(std::nearbyint(rank))]),
                (*quantiles[kind])[q])
          << "kind " << kind << " share " << quantile_shares[q];
    }
    for (std::size_t c = 0; c < service_classes.size(); ++c)
      EXPECT_EQ(classes[kind][std::string(service_classes[c])], (*counts[kind])[c]) << "kind " << kind;
  }

  std::map<std::int64_t, int> by_hour, by_day;
  for (const Job& job : pods->jobs) {
    const std::int64_t day = job.arrival_ms / ms_per_day;
    ++by_day[day];
    if (day >= 116 && day <= 147) ++by_hour[job.arrival_ms / ms_per_hour % 24];
  }
  for (std::size_t hour = 0; hour < 24; ++hour)
    EXPECT_NEAR(by_hour[static_cast<std::int64_t>(hour)] / 32.0, hourly_arrivals[hour], 0.051) << hour;
  for (std::int64_t weekday = 0; weekday < 7; ++weekday) {
    std::vector<int> days;
    for (std::int64_t day = 116; day <= 148; ++day)
      if (day % 7 == weekday) days.push_back(by_day[day]);
    std::sort(days.begin(), days.end());
    const double median = (days[(days.size() - 1) / 2] + days[days.size() / 2]) / 2.0;
    EXPECT_EQ(median, daily_arrivals[static_cast<std::size_t>(weekday)]) << weekday;
  }
}

}  // namespace
}  // namespace cradle::workload
