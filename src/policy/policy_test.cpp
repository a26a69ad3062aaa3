#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cradle/policy/placement_policy.h"
#include "cradle/policy/scheduler.h"

namespace cradle::policy {
namespace {

using fleet::Cluster;
using fleet::NodeSpec;
using fleet::Request;

NodeSpec node(std::string name, int gpus, std::string model, std::int64_t cpu) {
  NodeSpec spec;
  spec.name = std::move(name);
  spec.cpu_milli = cpu;
  spec.memory_mib = 100'000;
  spec.gpu_count = gpus;
  spec.gpu_model = std::move(model);
  spec.power.gpu_idle = carbon::Watts{30};
  spec.power.gpu_full = carbon::Watts{150};
  spec.power.socket_idle = carbon::Watts{20};
  spec.power.socket_full = carbon::Watts{270};
  spec.power.cores_per_socket = 32;
  return spec;
}

workload::Job job(std::int64_t cpu, int gpus, int gpu_milli) {
  workload::Job made;
  made.demand = {cpu, 1024, gpus, gpu_milli, {}};
  return made;
}

struct Fixture {
  std::vector<NodeSpec> nodes;
  Cluster cluster;
  std::vector<workload::Job> typical;
  fleet::FragmentationModel fragmentation;
  Scale scale;

  explicit Fixture(std::vector<NodeSpec> specs,
                   std::vector<workload::Job> jobs = {job(4000, 1, 500), job(8000, 1, 1000)})
      : nodes(std::move(specs)),
        cluster(*Cluster::make(nodes)),
        typical(std::move(jobs)),
        fragmentation(fleet::typical_demands(typical, cluster)),
        scale{cluster.max_cpu_milli(), cluster.max_gpu_milli(), &fragmentation} {}

  double score_of(Measure measure, fleet::NodeIndex n, const Request& request,
                  Quantisation quantisation = Quantisation::integer) const {
    return score(measure, quantisation, scale, cluster.view(n), request, fragmentation.amount(cluster.view(n)));
  }
};

// Every figure below is worked out by hand from the formulas quoted at the measures.
TEST(Measures, FollowTheirFormulas) {
  Fixture f({node("a", 8, "G2", 128'000), node("b", 2, "G2", 64'000)});
  const Request half = f.cluster.request(job(8000, 1, 500).demand), two = f.cluster.request(job(8000, 2, 1000).demand);
  // 100 (1 - (64/128 * 8/128 + 2/8 * 0.5/8) / 2) = 97.65...
  EXPECT_EQ(f.score_of(Measure::dot_product, 1, half), 97);
  // 100 (1 - 0.5 * 56/128 - 0.5 * 1.5/8) = 68.75
  EXPECT_EQ(f.score_of(Measure::best_fit, 1, half), 68);
  EXPECT_EQ(f.score_of(Measure::best_fit, 1, half, Quantisation::full), 68.75);
  // Idle node: 33 minus its GPUs. Idle GPU on a used node: 50 minus the GPUs taken. Shared GPU: 100 - left% / 10.
  EXPECT_EQ(f.score_of(Measure::packing, 0, half), 25);
  EXPECT_EQ(f.score_of(Measure::packing, 1, half), 31);
  f.cluster.place({0, 1}, half);
  EXPECT_EQ(f.score_of(Measure::packing, 0, half), 95);
  EXPECT_EQ(f.score_of(Measure::packing, 0, two), 48);
  // Bands: only the same kind 75, empty 25, another kind 0; plus 25 times how full the node is, truncated.
  EXPECT_EQ(f.score_of(Measure::clustering, 0, half), 75 + 1);
  EXPECT_EQ(f.score_of(Measure::clustering, 1, half), 25 + 18);
  EXPECT_EQ(f.score_of(Measure::clustering, 0, two), 1);
  f.cluster.place({0, 6}, two);
  EXPECT_EQ(f.score_of(Measure::clustering, 0, two), 50 + 7);
  const Request cpu_only = f.cluster.request(job(8000, 0, 0).demand);
  EXPECT_EQ(f.score_of(Measure::packing, 0, cpu_only), 0);
  EXPECT_EQ(f.score_of(Measure::clustering, 0, cpu_only), 0);
}

TEST(Measures, PowerIsTheIncreaseOfTheDraw) {
  Fixture f({node("a", 8, "G2", 128'000), node("b", 8, "G2", 128'000)});
  const Request half = f.cluster.request(job(8000, 1, 500).demand);
  EXPECT_EQ(f.score_of(Measure::power, 0, half), -(150 - 30 + 270 - 20));
  f.cluster.place({0, 4}, half);
  EXPECT_EQ(f.score_of(Measure::power, 0, half), 0);
  EXPECT_EQ(best_scored_gpu(Measure::power, Quantisation::integer, f.scale, f.cluster.view(0), half, 0), 4U);
}

TEST(Measures, PowerShareDoesNotAskWhetherASocketIsAwake) {
  Fixture f({node("a", 8, "G2", 128'000)});
  const Request cpu_only = f.cluster.request(job(8000, 0, 0).demand);
  const Request half = f.cluster.request(job(8000, 1, 500).demand);
  const fleet::PowerModel& model = f.cluster.spec(0).power;
  const double share = (model.socket_full - model.socket_idle).value() * 8 / (2.0 * model.cores_per_socket);
  ASSERT_GT(share, 0);
  // The first threads wake a socket: by increase they cost all of it, by share their part; and so do the next ones.
  EXPECT_LT(f.score_of(Measure::power, 0, cpu_only), -share);
  EXPECT_DOUBLE_EQ(f.score_of(Measure::power_share, 0, cpu_only), -share);
  EXPECT_DOUBLE_EQ(f.score_of(Measure::carbon_share, 0, cpu_only), -share);
  EXPECT_DOUBLE_EQ(f.score_of(Measure::power_share, 0, half), -share - (model.gpu_full - model.gpu_idle).value());
  f.cluster.place({0, 4}, half);
  EXPECT_EQ(f.score_of(Measure::power, 0, cpu_only), 0);
  EXPECT_DOUBLE_EQ(f.score_of(Measure::power_share, 0, cpu_only), -share);
  // A GPU that is in use already costs nothing more.
  EXPECT_DOUBLE_EQ(f.score_of(Measure::power_share, 0, half), -share);
  EXPECT_EQ(best_scored_gpu(Measure::power_share, Quantisation::integer, f.scale, f.cluster.view(0), half, 0), 4U);
}

TEST(Measures, FragmentationPrefersTheGpuWhoseRestIsUseful) {
  // Typical jobs want 0.5 or a whole GPU. A half goes best onto the half that is left.
  Fixture f({node("a", 2, "G2", 128'000)});
  const Request half = f.cluster.request(job(4000, 1, 500).demand);
  f.cluster.place({0, 2}, half);
  const double now = f.fragmentation.amount(f.cluster.view(0));
  EXPECT_EQ(best_scored_gpu(Measure::fragmentation, Quantisation::integer, f.scale, f.cluster.view(0), half, now), 2U);
  // F before: the half left is too small for the one typical job in two that wants a whole GPU: 250. After: 0.
  EXPECT_DOUBLE_EQ(now, 250);
  EXPECT_EQ(f.score_of(Measure::fragmentation, 0, half), std::trunc(100 / (1 + std::exp(-0.25))));
}

TEST(Policies, AreFoundByNameAndNearMissesAreNamed) {
  for (const std::string& name : policy_names()) EXPECT_EQ(policy_by_name(name)->name, name);
  EXPECT_EQ(policy_by_name("fdg").error().hint, "did you mean 'FGD'?");
  EXPECT_EQ(published_policy_names().size(), 6U);
}

TEST(Policies, WeightsAreNamed) {
  const auto even = *policy_by_name("PWR+FGD@500/500"), power = *policy_by_name("PWR+FGD@200.5/0");
  EXPECT_EQ(even.name, "PWR+FGD@500/500");
  EXPECT_EQ(heaviest(even).measure, Measure::fragmentation);
  EXPECT_EQ(heaviest(power).measure, Measure::power);
  EXPECT_EQ(heaviest(power).weight, 200.5);
  for (const char* bad :
       {"FGD@1/2", "PWR+FGD@", "PWR+FGD@1", "PWR+FGD@1/2/3", "PWR+FGD@0/0", "PWR+FGD@-1/2", "PWR+FGD@nan/1", "PWR@1/1"})
    EXPECT_FALSE(policy_by_name(bad)) << bad;
}

TEST(Scheduler, CarbonPrefersTheCleanSiteAndFollowsItWhenItChanges) {
  std::vector<NodeSpec> nodes{node("dirty", 4, "G2", 64'000), node("clean", 4, "G2", 64'000)};
  nodes[1].site = 1;
  Fixture f(nodes);
  Scheduler scheduler({"Carbon", {{Measure::carbon}}, GpuChoice::best_scored}, f.cluster, f.fragmentation,
                      RandomStream(1, "policy"));
  const Request half = f.cluster.request(job(4000, 1, 500).demand);
  const auto shape = scheduler.shape(half);
  scheduler.set_site_factors(std::vector{carbon::GramsPerJoule{2}, carbon::GramsPerJoule{1}});
  EXPECT_EQ(scheduler.choose(half, shape)->node, 1U);
  scheduler.set_site_factors(std::vector{carbon::GramsPerJoule{1}, carbon::GramsPerJoule{2}});
  EXPECT_EQ(scheduler.choose(half, shape)->node, 0U);
}

TEST(Scheduler, TheTieBreakIsTheFirstNodeOrAllOfThem) {
  std::vector<NodeSpec> nodes;
  for (int i = 0; i < 4; ++i) nodes.push_back(node("n" + std::to_string(i), 4, "G2", 64'000));
  Fixture f(nodes);
  PlacementPolicy policy = *policy_by_name("FGD");
  const Request half = f.cluster.request(job(4000, 1, 500).demand);
  Scheduler fixed(policy, f.cluster, f.fragmentation, RandomStream(1, "policy"));
  policy.tie_break = TieBreak::random;
  Scheduler random(policy, f.cluster, f.fragmentation, RandomStream(1, "policy"));
  int counts[4] = {};
  for (int i = 0; i < 4000; ++i) {
    EXPECT_EQ(fixed.choose(half, fixed.shape(half))->node, 0U);
    ++counts[random.choose(half, random.shape(half))->node];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

// The claim that makes the cache safe: it never changes a decision, whatever happens to the cluster in between.
RC_GTEST_PROP(Scheduler, CachedAndUncachedDecisionsAreIdentical, ()) {
  std::vector<NodeSpec> nodes;
  const char* models[] = {"G2", "T4", "P100"};
  for (int i = *rc::gen::inRange(1, 12); i > 0; --i)
    nodes.push_back(
        node("n" + std::to_string(i), *rc::gen::inRange(0, 9), models[i % 3], 1000 * *rc::gen::inRange(8, 129)));
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].site = static_cast<fleet::SiteIndex>(i % 2);
  Fixture f(nodes, {job(4000, 1, 500), job(8000, 1, 1000), job(16'000, 4, 1000), job(2000, 0, 0), job(1000, 1, 230)});
  PlacementPolicy policy =
      *policy_by_name(*rc::gen::elementOf(std::vector<std::string>(policy_names().begin(), policy_names().end())));
  policy.tie_break = *rc::gen::element(TieBreak::fixed, TieBreak::random);
  policy.quantisation = *rc::gen::element(Quantisation::integer, Quantisation::full);
  Scheduler cached(policy, f.cluster, f.fragmentation, RandomStream(7, "policy"));
  Scheduler uncached(policy, f.cluster, f.fragmentation, RandomStream(7, "policy"), Scheduler::Cache::off);
  std::vector<std::pair<fleet::Placement, Request>> running;
  for (int step = *rc::gen::inRange(1, 80); step > 0; --step) {
    if (*rc::gen::inRange(0, 8) == 0) {
      const std::vector<carbon::GramsPerJoule> factors{carbon::GramsPerJoule{*rc::gen::element(0.5, 1.0)},
                                                       carbon::GramsPerJoule{*rc::gen::element(0.7, 2.0)}};
      cached.set_site_factors(factors);
      uncached.set_site_factors(factors);
    }
    if (!running.empty() && *rc::gen::inRange(0, 3) == 0) {
      const auto which = *rc::gen::inRange<std::size_t>(0, running.size());
      f.cluster.release(running[which].first, running[which].second);
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
    }
    workload::Demand demand = f.typical[*rc::gen::inRange<std::size_t>(0, f.typical.size())].demand;
    demand.memory_mib = *rc::gen::element(512, 30'000);
    const Request request = f.cluster.request(demand);
    const auto a = cached.choose(request, cached.shape(request));
    const auto b = uncached.choose(request, uncached.shape(request));
    RC_ASSERT(a == b);
    if (!a) continue;
    RC_ASSERT(f.cluster.fits(a->node, request));
    f.cluster.place(*a, request);
    running.emplace_back(*a, request);
  }
}

}  // namespace
}  // namespace cradle::policy
