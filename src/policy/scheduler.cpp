#include "cradle/policy/scheduler.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cradle::policy {

using fleet::NodeIndex;
using fleet::Placement;
using fleet::Request;

namespace {
constexpr double infeasible = -std::numeric_limits<double>::infinity();
}

std::size_t Scheduler::ShapeHash::operator()(const ShapeKey& key) const {
  std::uint64_t hash = 0;
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(key.cpu_milli), key.accepted_models, static_cast<std::uint64_t>(key.gpu_count),
        static_cast<std::uint64_t>(key.gpu_milli)})
    hash = (hash ^ part) * 0x9e3779b97f4a7c15U, hash ^= hash >> 29;
  return hash;
}

Scheduler::Scheduler(PlacementPolicy policy, const fleet::Cluster& cluster,
                     const fleet::FragmentationModel& fragmentation, RandomStream stream, Cache cache)
    : policy_(std::move(policy)),
      cluster_(cluster),
      model_(fragmentation),
      scale_{cluster.max_cpu_milli(), cluster.max_gpu_milli(), &fragmentation},
      stream_(stream),
      cache_(cache),
      node_fragmentation_(cluster.size()),
      node_fragmentation_at_(cluster.size()) {
  std::size_t sites = 1;
  for (NodeIndex node = 0; node < cluster.size(); ++node)
    sites = std::max<std::size_t>(sites, std::size_t{cluster.site(node)} + 1);
  site_factor_.assign(sites, 1);
}

void Scheduler::set_site_factors(std::span<const carbon::GramsPerJoule> factors) {
  for (std::size_t site = 0; site < std::min(factors.size(), site_factor_.size()); ++site)
    site_factor_[site] = factors[site].value();
}

ShapeIndex Scheduler::shape(const Request& request) {
  const ShapeKey key{request.cpu_milli, request.accepted_models, request.gpu_count, request.gpu_milli};
  const auto [known, added] = shape_index_.try_emplace(key, static_cast<ShapeIndex>(shapes_.size()));
  if (added) shapes_.emplace_back();
  return known->second;
}

double Scheduler::fragmentation_of(NodeIndex node) {
  const std::size_t stamp = cluster_.last_change(node) + 1;
  if (node_fragmentation_at_[node] != stamp || cache_ == Cache::off) {
    node_fragmentation_[node] = model_.amount(cluster_.view(node));
    node_fragmentation_at_[node] = stamp;
  }
  return node_fragmentation_[node];
}

void Scheduler::rescore(ShapeScores& shape, const Request& request, NodeIndex node) {
  const fleet::NodeView view = cluster_.view(node);
  if (!fits_compute(view, request)) {
    shape.scores[node] = infeasible;
    return;
  }
  ++evaluations_;
  for (std::size_t c = 0; c < policy_.components.size(); ++c) {
    const Measure measure = policy_.components[c].measure;
    const double now = measure == Measure::fragmentation ? fragmentation_of(node) : 0;
    shape.scores[c * cluster_.size() + node] = score(measure, policy_.quantisation, scale_, view, request, now);
  }
}

void Scheduler::refresh(ShapeScores& shape, const Request& request) {
  const auto changes = cluster_.changes();
  if (!shape.filled || cache_ == Cache::off) {
    shape.scores.resize(policy_.components.size() * cluster_.size());
    for (NodeIndex node = 0; node < cluster_.size(); ++node) rescore(shape, request, node);
    shape.filled = true;
  } else {
    for (std::size_t i = shape.seen; i < changes.size(); ++i)
      if (cluster_.last_change(changes[i]) == i + 1) rescore(shape, request, changes[i]);
  }
  shape.seen = changes.size();
}

template <class Allowed>
std::optional<NodeIndex> Scheduler::pick_single(const ShapeScores& shape, const Request& request, Allowed allowed) {
  // Scaling one component to 0 .. 100 changes neither its maximum nor who shares it, so it is left out.
  const auto memory = cluster_.memory_left();
  const bool by_site = reads_site_factor(policy_.components[0].measure);
  double highest = infeasible;
  NodeIndex chosen = 0;
  std::uint64_t ties = 0;
  for (NodeIndex node = 0; node < cluster_.size(); ++node) {
    double value = shape.scores[node];
    if (value == infeasible || memory[node] < request.memory_mib || !allowed(node)) continue;
    if (by_site) value *= site_factor_[cluster_.site(node)];
    if (value > highest) {
      highest = value;
      chosen = node;
      ties = 1;
    } else if (value == highest && policy_.tie_break == TieBreak::random && stream_.below(++ties) == 0) {
      chosen = node;
    }
  }
  if (highest == infeasible) return std::nullopt;
  return chosen;
}

template <class Allowed>
std::optional<NodeIndex> Scheduler::pick_weighted(const ShapeScores& shape, const Request& request, Allowed allowed) {
  const auto memory = cluster_.memory_left();
  const std::size_t nodes = cluster_.size();
  const std::size_t count = policy_.components.size();
  const auto value_of = [&](std::size_t c, NodeIndex node) {
    const double value = shape.scores[c * nodes + node];
    return reads_site_factor(policy_.components[c].measure) ? value * site_factor_[cluster_.site(node)] : value;
  };
  struct Range {
    double low = std::numeric_limits<double>::infinity(), high = infeasible;
  };
  constexpr std::size_t most = 8;
  Range ranges[most];
  bool any = false;
  for (NodeIndex node = 0; node < nodes; ++node) {
    if (shape.scores[node] == infeasible || memory[node] < request.memory_mib || !allowed(node)) continue;
    any = true;
    for (std::size_t c = 0; c < count; ++c) {
      if (policy_.components[c].scaling == Scaling::none) continue;
      const double value = value_of(c, node);
      ranges[c].low = std::min(ranges[c].low, value);
      ranges[c].high = std::max(ranges[c].high, value);
    }
  }
  if (!any) return std::nullopt;

  double highest = infeasible;
  NodeIndex chosen = 0;
  std::uint64_t ties = 0;
  for (NodeIndex node = 0; node < nodes; ++node) {
    if (shape.scores[node] == infeasible || memory[node] < request.memory_mib || !allowed(node)) continue;
    double sum = 0;
    for (std::size_t c = 0; c < count; ++c) {
      double value = value_of(c, node);
      if (policy_.components[c].scaling == Scaling::min_max) {
        const Range& range = ranges[c];
        value = range.high > range.low ? (value - range.low) * 100 / (range.high - range.low) : 100;
        if (policy_.quantisation == Quantisation::integer) value = std::trunc(value);
      }
      sum += policy_.components[c].weight * value;
    }
    if (sum > highest) {
      highest = sum;
      chosen = node;
      ties = 1;
    } else if (sum == highest && policy_.tie_break == TieBreak::random && stream_.below(++ties) == 0) {
      chosen = node;
    }
  }
  return chosen;
}

template <class Allowed>
std::optional<NodeIndex> Scheduler::pick(const ShapeScores& shape, const Request& request, Allowed allowed) {
  if (policy_.components.size() > 1) return pick_weighted(shape, request, allowed);
  if (policy_.components[0].measure != Measure::random) return pick_single(shape, request, allowed);
  const auto memory = cluster_.memory_left();
  const auto feasible = [&](NodeIndex node) {
    return shape.scores[node] != infeasible && memory[node] >= request.memory_mib && allowed(node);
  };
  std::uint64_t count = 0;
  for (NodeIndex node = 0; node < cluster_.size(); ++node) count += feasible(node);
  if (count == 0) return std::nullopt;
  std::uint64_t skip = stream_.below(count);
  for (NodeIndex node = 0;; ++node)
    if (feasible(node) && skip-- == 0) return node;
}

std::optional<Placement> Scheduler::choose(const Request& request, ShapeIndex shape, SiteMask sites) {
  ShapeScores& scores = shapes_[shape];
  refresh(scores, request);
  const auto in_sites = [&](NodeIndex node) {
    const fleet::SiteIndex site = cluster_.site(node);
    return site < 64 && (sites >> site & 1) != 0;
  };
  const auto node =
      sites == all_sites ? pick(scores, request, [](NodeIndex) { return true; }) : pick(scores, request, in_sites);
  if (!node) return std::nullopt;
  const fleet::NodeView view = cluster_.view(*node);
  if (request.gpu_count == 0) return Placement{*node, 0};
  if (!request.shares_gpu()) return Placement{*node, first_idle_gpus(view, request.gpu_count)};
  switch (policy_.gpu_choice) {
    case GpuChoice::tightest: return Placement{*node, tightest_gpu(view, request.gpu_milli)};
    case GpuChoice::best_scored:
      return Placement{*node, best_scored_gpu(heaviest(policy_).measure, policy_.quantisation, scale_, view, request,
                                              fragmentation_of(*node))};
    case GpuChoice::random: break;
  }
  std::uint32_t gpus = 0;
  std::uint64_t fitting = 0;
  for (int gpu = 0; gpu < view.gpu_count; ++gpu)
    if (view.gpu_left[static_cast<std::size_t>(gpu)] >= request.gpu_milli && stream_.below(++fitting) == 0)
      gpus = 1U << gpu;
  return Placement{*node, gpus};
}

}  // namespace cradle::policy
