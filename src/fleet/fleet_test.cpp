#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "cradle/fleet/cluster.h"
#include "cradle/fleet/fragmentation.h"

namespace cradle::fleet {
namespace {

NodeSpec node(std::string name, int gpus, std::string model, std::int64_t cpu = 64'000, std::int64_t memory = 262'144) {
  NodeSpec spec;
  spec.name = std::move(name);
  spec.cpu_milli = cpu;
  spec.memory_mib = memory;
  spec.gpu_count = gpus;
  spec.gpu_model = std::move(model);
  return spec;
}

workload::Job job(std::int64_t cpu, int gpus, int gpu_milli, std::vector<std::string> models = {}) {
  workload::Job made;
  made.demand = {cpu, 1024, gpus, gpu_milli, std::move(models)};
  return made;
}

TEST(Cluster, RefusesWhatItCannotHold) {
  const auto hint_of = [](std::vector<NodeSpec> nodes) {
    const auto made = Cluster::make(nodes);
    return made ? std::string("accepted") : made.error().hint;
  };
  EXPECT_NE(hint_of({}), "accepted");
  EXPECT_NE(hint_of({node("a", 2, "T4"), node("a", 2, "T4")}), "accepted");
  EXPECT_NE(hint_of({node("a", 17, "T4")}), "accepted");
  EXPECT_NE(hint_of({node("a", -1, "T4")}), "accepted");
  EXPECT_NE(hint_of({node("a", 2, "T4", 0)}), "accepted");
  std::vector<NodeSpec> many;
  for (int i = 0; i < 64; ++i) many.push_back(node("n" + std::to_string(i), 1, "model" + std::to_string(i)));
  EXPECT_NE(hint_of(many), "accepted");
  many.pop_back();
  EXPECT_EQ(hint_of(many), "accepted");
}

TEST(Cluster, ModelListsAreLookedUpAndIgnoredByJobsWithoutGpu) {
  const std::vector<NodeSpec> nodes{node("cpu", 0, ""), node("t4", 2, "T4"), node("v100", 4, "V100M16")};
  const Cluster cluster = *Cluster::make(nodes);
  const Request v100 = cluster.request(job(1000, 1, 500, {"V100M16", "V100M32"}).demand);
  EXPECT_FALSE(cluster.fits(0, v100));
  EXPECT_FALSE(cluster.fits(1, v100));
  EXPECT_TRUE(cluster.fits(2, v100));
  EXPECT_FALSE(cluster.fits_empty(cluster.request(job(1000, 1, 500, {"H100"}).demand)));
  EXPECT_TRUE(cluster.fits(0, cluster.request(job(1000, 0, 0, {"V100M16"}).demand)));
  EXPECT_FALSE(cluster.fits_empty(cluster.request(job(1000, 5, 1000).demand)));
}

TEST(Cluster, GpuChoicesFollowTheirRule) {
  const std::vector<NodeSpec> nodes{node("a", 4, "T4")};
  Cluster cluster = *Cluster::make(nodes);
  const Request half = cluster.request(job(1000, 1, 500).demand), most = cluster.request(job(1000, 1, 700).demand);
  cluster.place({0, 0b0010}, half);
  cluster.place({0, 0b1000}, most);
  EXPECT_EQ(tightest_gpu(cluster.view(0), 300), 0b1000U);
  EXPECT_EQ(tightest_gpu(cluster.view(0), 400), 0b0010U);
  EXPECT_EQ(tightest_gpu(cluster.view(0), 600), 0b0001U);
  EXPECT_EQ(first_idle_gpus(cluster.view(0), 2), 0b0101U);
  EXPECT_EQ(idle_gpus(cluster.view(0)), 2);
}

// Watts of the published table: G2 is taken for an A10 (30/150 W) on two Xeon 8369B (20/270 W, 32 cores a socket).
TEST(Power, FollowsThePublishedModel) {
  PowerModel g2;
  g2.gpu_idle = carbon::Watts{30};
  g2.gpu_full = carbon::Watts{150};
  g2.socket_idle = carbon::Watts{20};
  g2.socket_full = carbon::Watts{270};
  g2.cores_per_socket = 32;
  const auto total = [&](std::int64_t cpu_left, int idle) {
    return node_power(g2, 96'000, cpu_left, 8, idle).total().value();
  };
  EXPECT_EQ(socket_count(g2, 96'000), 2);
  EXPECT_EQ(total(96'000, 8), 8 * 30 + 2 * 20);
  // One sharing job burns a whole GPU and a whole socket.
  EXPECT_EQ(total(95'000, 7), 7 * 30 + 150 + 20 + 270);
  EXPECT_EQ(total(32'000, 0), 8 * 150 + 20 + 270);
  EXPECT_EQ(total(31'000, 0), 8 * 150 + 2 * 270);
}

RC_GTEST_PROP(Cluster, ReleaseUndoesPlace, ()) {
  const std::vector<NodeSpec> nodes{node("a", 8, "T4", 96'000), node("b", 2, "G3", 32'000), node("c", 0, "", 16'000)};
  Cluster cluster = *Cluster::make(nodes);
  std::vector<std::pair<Placement, Request>> placed;
  const auto steps = *rc::gen::inRange(1, 120);
  for (int step = 0; step < steps; ++step) {
    if (!placed.empty() && *rc::gen::inRange(0, 3) == 0) {
      const auto which = *rc::gen::inRange<std::size_t>(0, placed.size());
      cluster.release(placed[which].first, placed[which].second);
      placed.erase(placed.begin() + static_cast<std::ptrdiff_t>(which));
      continue;
    }
    const int gpus = *rc::gen::inRange(0, 4);
    const int share = gpus == 0 ? 0 : gpus == 1 ? *rc::gen::inRange(1, 1001) : 1000;
    const Request request = cluster.request(job(*rc::gen::inRange(0, 20'000), gpus, share).demand);
    const auto target = *rc::gen::inRange<NodeIndex>(0, 3);
    if (!cluster.fits(target, request)) continue;
    const NodeView view = cluster.view(target);
    const std::uint32_t chosen = gpus == 0              ? 0
                                 : request.shares_gpu() ? tightest_gpu(view, request.gpu_milli)
                                                        : first_idle_gpus(view, gpus);
    cluster.place({target, chosen}, request);
    placed.emplace_back(Placement{target, chosen}, request);
  }
  std::int64_t used = 0;
  for (const auto& [placement, request] : placed) used += request.total_gpu_milli();
  RC_ASSERT(cluster.gpu_milli_used() == used);
  for (const auto& [placement, request] : placed) cluster.release(placement, request);
  RC_ASSERT(cluster.gpu_milli_used() == 0);
  RC_ASSERT(cluster.cpu_milli_used() == 0);
  const Cluster fresh = *Cluster::make(nodes);
  for (NodeIndex n = 0; n < 3; ++n) {
    RC_ASSERT(cluster.view(n).cpu_left == fresh.view(n).cpu_left);
    RC_ASSERT(cluster.view(n).memory_left == fresh.view(n).memory_left);
    RC_ASSERT(cluster.view(n).gpu_left == fresh.view(n).gpu_left);
    RC_ASSERT(cluster.view(n).affinity == fresh.view(n).affinity);
  }
}

TEST(TypicalDemands, KeepTheMostFrequentShapesAndRenormalise) {
  const std::vector<NodeSpec> nodes{node("a", 8, "T4")};
  const Cluster cluster = *Cluster::make(nodes);
  std::vector<workload::Job> jobs;
  for (int i = 0; i < 60; ++i) jobs.push_back(job(4000, 1, 500));
  for (int i = 0; i < 36; ++i) jobs.push_back(job(8000, 0, 0));
  for (int i = 0; i < 4; ++i) jobs.push_back(job(16'000, 8, 1000));
  const auto typical = typical_demands(jobs, cluster, 0.95);
  ASSERT_EQ(typical.size(), 2U);
  EXPECT_EQ(typical[0].request.gpu_milli, 500);
  EXPECT_DOUBLE_EQ(typical[0].share, 60.0 / 96);
  EXPECT_DOUBLE_EQ(typical[1].share, 36.0 / 96);
}

/// The definition, word for word, one shape and one GPU at a time.
double fragment_by_definition(const NodeView& view, const std::vector<TypicalDemand>& demands) {
  double sum = 0;
  for (const TypicalDemand& demand : demands) {
    double free = 0, too_small = 0;
    int fitting = 0;
    for (int g = 0; g < view.gpu_count; ++g) {
      const int left = view.gpu_left[static_cast<std::size_t>(g)];
      free += left;
      if (left >= demand.request.gpu_milli) {
        ++fitting;
      } else {
        too_small += left;
      }
    }
    const bool usable = demand.request.gpu_count > 0 && fits_compute(view, demand.request);
    sum += demand.share * (usable ? too_small : free);
  }
  return sum;
}

RC_GTEST_PROP(Fragmentation, EqualsItsDefinitionAndIgnoresTheOrderOfTheGpus, ()) {
  const std::vector<NodeSpec> nodes{node("a", 8, "T4", 96'000), node("b", 8, "G2", 96'000)};
  const Cluster cluster = *Cluster::make(nodes);
  std::vector<workload::Job> jobs;
  for (int i = *rc::gen::inRange(1, 30); i > 0; --i) {
    const int gpus = *rc::gen::element(0, 1, 1, 1, 2, 4, 8);
    jobs.push_back(job(*rc::gen::element(1000, 4000, 8000, 32'000), gpus,
                       gpus == 0   ? 0
                       : gpus == 1 ? *rc::gen::inRange(1, 1001)
                                   : 1000,
                       *rc::gen::element(std::vector<std::string>{}, std::vector<std::string>{"T4"},
                                         std::vector<std::string>{"G2", "P100"})));
  }
  const auto demands = typical_demands(jobs, cluster, 1);
  const FragmentationModel model(demands);
  GpuShares left{};
  for (int g = 0; g < 8; ++g)
    left[static_cast<std::size_t>(g)] = *rc::gen::element<std::int16_t>(0, 100, 460, 500, 1000);
  NodeView view = cluster.view(0);
  NodeView drawn{view.cpu_capacity,
                 *rc::gen::inRange<std::int64_t>(0, 96'001),
                 view.memory_left,
                 8,
                 view.gpu_model,
                 view.site,
                 left,
                 0,
                 view.affinity,
                 view.power};
  const double amount = model.amount(drawn);
  RC_ASSERT(std::abs(amount - fragment_by_definition(drawn, demands)) <= 1e-9 * 8000);
  GpuShares turned = left;
  std::rotate(turned.begin(), turned.begin() + 3, turned.begin() + 8);
  RC_ASSERT(model.amount(drawn.gpu_model, drawn.cpu_left, turned, 8) == amount);
}

}  // namespace
}  // namespace cradle::fleet
