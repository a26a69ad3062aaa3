// How much of the GPU capacity that is free cannot be used by the jobs a cluster typically gets.
//
// Source: Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent"
// (USENIX ATC 2023).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cradle/fleet/cluster.h"
#include "cradle/workload/job.h"

namespace cradle::fleet {

/// One shape of demand and its share of the typical workload.
struct TypicalDemand {
  Request request;
  double share;
};

/// Counts the distinct (cpu, GPU share, GPU count, models) of the jobs, jobs without GPUs included, and keeps the most
/// frequent ones until they cover `coverage` of the jobs; shares are renormalised to 1. Memory is not looked at.
/// Ties in frequency: the larger demand first.
std::vector<TypicalDemand> typical_demands(std::span<const workload::Job> jobs, const Cluster& cluster,
                                           double coverage = 0.95);

/// The fragment measure F(n) = sum over shapes m of share(m) * fragment(n, m), in milli-GPU.
///
/// With R the free share of all GPUs of the node, fragment(n, m) is R if m has no GPU, does not accept the node's
/// model, finds too few GPUs with enough left or too little processor; else the free share on GPUs too small for m.
/// A pure function of (model, processor left, multiset of GPU shares left): the order of the GPUs does not matter,
/// down to the last bit.
class FragmentationModel {
 public:
  explicit FragmentationModel(std::span<const TypicalDemand> demands);

  double amount(const NodeView& node) const {
    return amount(node.gpu_model, node.cpu_left, node.gpu_left, node.gpu_count);
  }
  double amount(GpuModel model, std::int64_t cpu_left, const GpuShares& gpu_left, int gpu_count) const;

 private:
  struct Shape {
    std::int64_t cpu_milli;
    int threshold;  ///< index into thresholds_
    int gpu_count;
    double share;
  };
  struct PerModel {
    double unusable = 0;  ///< share of shapes that can never use this model
    std::vector<Shape> shapes;
  };
  std::vector<std::int16_t> thresholds_;  ///< distinct GPU shares asked for, ascending
  std::vector<PerModel> models_;          ///< by GpuModel, no_gpu included
};

/// Sum of F(n) over all nodes, milli-GPU.
double fragmentation(const Cluster& cluster, const FragmentationModel& model);

}  // namespace cradle::fleet
