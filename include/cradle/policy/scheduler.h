// Chooses the node and GPUs for one request after another, remembering every score that is still true.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/fleet/cluster.h"
#include "cradle/fleet/fragmentation.h"
#include "cradle/policy/placement_policy.h"

namespace cradle::policy {

/// A shape of request, memory left out: scores do not depend on memory.
using ShapeIndex = std::uint32_t;

/// A set of sites, bit by SiteIndex. Sites beyond the 64th are in `all_sites` only.
using SiteMask = std::uint64_t;
inline constexpr SiteMask all_sites = ~SiteMask{0};

/// One policy at work on one cluster. Same cluster history, policy and random stream: same decisions, whether scores
/// are remembered or computed anew, offline or online.
///
/// Memory: one double per component, shape and node. Time per choice: the nodes that changed since the shape was last
/// asked for are scored anew, then one pass over all nodes.
class Scheduler {
 public:
  enum class Cache { on, off };

  /// `cluster` and `fragmentation` must outlive the scheduler.
  Scheduler(PlacementPolicy policy, const fleet::Cluster& cluster, const fleet::FragmentationModel& fragmentation,
            RandomStream stream, Cache cache = Cache::on);

  const PlacementPolicy& policy() const { return policy_; }
  ShapeIndex shape(const fleet::Request& request);

  /// Grams per joule at each site now, PUE included; read by Measure::carbon. One entry per site.
  void set_site_factors(std::span<const carbon::GramsPerJoule> factors);

  /// The placement that the policy prefers now on the nodes of these sites, or nothing if none of them fits. `shape`
  /// must be shape(request). Scores are those of the whole cluster, so that they stay true whatever sites are asked
  /// for; a scaling by the range of scores takes the range of the nodes looked at.
  std::optional<fleet::Placement> choose(const fleet::Request& request, ShapeIndex shape, SiteMask sites = all_sites);

  /// How often a node was scored: what the speed of a policy depends on.
  std::uint64_t evaluations() const { return evaluations_; }

 private:
  struct ShapeKey {
    std::int64_t cpu_milli;
    std::uint64_t accepted_models;
    int gpu_count, gpu_milli;
    friend bool operator==(const ShapeKey&, const ShapeKey&) = default;
  };
  struct ShapeHash {
    std::size_t operator()(const ShapeKey& key) const;
  };
  struct ShapeScores {
    std::size_t seen = 0;  ///< changes of the cluster already taken in
    bool filled = false;
    std::vector<double> scores;  ///< component-major; -infinity in component 0: not feasible
  };

  void refresh(ShapeScores& shape, const fleet::Request& request);
  void rescore(ShapeScores& shape, const fleet::Request& request, fleet::NodeIndex node);
  double fragmentation_of(fleet::NodeIndex node);
  /// `Allowed` says of a node whether its site is among those asked for.
  template <class Allowed>
  std::optional<fleet::NodeIndex> pick(const ShapeScores& shape, const fleet::Request& request, Allowed allowed);
  template <class Allowed>
  std::optional<fleet::NodeIndex> pick_single(const ShapeScores& shape, const fleet::Request& request, Allowed allowed);
  template <class Allowed>
  std::optional<fleet::NodeIndex> pick_weighted(const ShapeScores& shape, const fleet::Request& request,
                                                Allowed allowed);

  PlacementPolicy policy_;
  const fleet::Cluster& cluster_;
  const fleet::FragmentationModel& model_;
  Scale scale_;
  RandomStream stream_;
  Cache cache_;
  std::unordered_map<ShapeKey, ShapeIndex, ShapeHash> shape_index_;
  std::vector<ShapeScores> shapes_;
  std::vector<double> site_factor_;
  std::vector<double> node_fragmentation_;
  std::vector<std::size_t> node_fragmentation_at_;  ///< last_change + 1 when it was computed; 0: never
  std::uint64_t evaluations_ = 0;
};

}  // namespace cradle::policy
