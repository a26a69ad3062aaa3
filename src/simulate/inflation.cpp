#include "cradle/simulate/inflation.h"

#include <numeric>

#include "cradle/base/random.h"
#include "cradle/fleet/fragmentation.h"

namespace cradle::simulate {

namespace {

/// The list that arrives: indices into the original one.
std::vector<std::uint32_t> arrivals(std::span<const workload::Job> jobs, std::int64_t capacity,
                                    const InflationOptions& options) {
  std::vector<std::uint32_t> order(jobs.size());
  std::iota(order.begin(), order.end(), 0U);
  std::int64_t requested = 0;
  for (const workload::Job& job : jobs) requested += job.demand.total_gpu_milli();
  const double target = options.demand * static_cast<double>(capacity);
  RandomStream clones(options.seed, "clones");
  while (static_cast<double>(requested) > target && !order.empty()) {
    const auto victim = static_cast<std::ptrdiff_t>(clones.below(order.size()));
    requested -= jobs[order[static_cast<std::size_t>(victim)]].demand.total_gpu_milli();
    order.erase(order.begin() + victim);
  }
  if (static_cast<double>(requested) < target) {
    for (;;) {
      const auto clone = static_cast<std::uint32_t>(clones.below(jobs.size()));
      const workload::Demand& demand = jobs[clone].demand;
      // The published tool looks at one GPU of the clone here, so that a last job of several may pass the target.
      if (static_cast<double>(requested + demand.gpu_milli) > target) break;
      requested += demand.total_gpu_milli();
      order.push_back(clone);
    }
  }
  RandomStream(options.seed, "arrival-order").shuffle(std::span<std::uint32_t>(order));
  return order;
}

}  // namespace

Result<InflationResult> replay_inflation(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                                         const policy::PlacementPolicy& policy, const InflationOptions& options) {
  std::vector<fleet::NodeSpec> ordered(nodes.begin(), nodes.end());
  RandomStream(options.seed, "node-order").shuffle(std::span<fleet::NodeSpec>(ordered));
  auto made = fleet::Cluster::make(ordered);
  if (!made) return made.error();
  fleet::Cluster& cluster = *made;
  if (cluster.gpu_milli_capacity() == 0)
    return bad_input("the fleet has no GPU", "", "the inflation replay counts GPU share: give a node list with GPUs");
  std::int64_t demand = 0;
  for (const workload::Job& job : jobs) demand += job.demand.total_gpu_milli();
  if (demand == 0)
    return bad_input("the list asks for no GPU", "", "the inflation replay counts GPU share: give a list with GPUs");

  const fleet::FragmentationModel fragmentation(fleet::typical_demands(jobs, cluster));
  policy::Scheduler scheduler(policy, cluster, fragmentation, RandomStream(options.seed, "policy"), options.cache);

  std::vector<fleet::Request> requests;
  std::vector<policy::ShapeIndex> shapes;
  for (const workload::Job& job : jobs) {
    requests.push_back(cluster.request(job.demand));
    shapes.push_back(scheduler.shape(requests.back()));
  }

  InflationResult result;
  const std::int64_t capacity = cluster.gpu_milli_capacity();
  const auto percent = [&](double milli_gpu) { return 100 * milli_gpu / static_cast<double>(capacity); };
  std::int64_t requested = 0;
  int next_point = 10;
  for (const std::uint32_t job : arrivals(jobs, capacity, options)) {
    requested += requests[job].total_gpu_milli();
    ++result.arrived;
    const auto placement = scheduler.choose(requests[job], shapes[job]);
    if (placement) {
      cluster.place(*placement, requests[job]);
      ++result.placed;
    }
    if (options.record_placements)
      result.placements.push_back(
          placement.value_or(fleet::Placement{static_cast<fleet::NodeIndex>(cluster.size()), 0}));
    while (requested * 100 >= capacity * next_point) {
      double watts = 0;
      for (fleet::NodeIndex node = 0; node < cluster.size(); ++node) {
        const fleet::NodePower power = cluster.power(node);
        watts += (power.gpu + power.cpu).value();
      }
      result.points.push_back({next_point, percent(static_cast<double>(cluster.gpu_milli_used())),
                               percent(fleet::fragmentation(cluster, fragmentation)), watts});
      next_point += 10;
    }
  }
  result.allocation_percent = percent(static_cast<double>(cluster.gpu_milli_used()));
  result.evaluations = scheduler.evaluations();
  return result;
}

}  // namespace cradle::simulate
