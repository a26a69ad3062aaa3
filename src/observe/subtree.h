// What a group and all the groups below it came to: a pod, a slice, the whole tree.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cradle/observe/node.h"

namespace cradle::observe {

/// Energy is that of the policy in force. A group that ended and was folded into one above it is in the sums as before,
/// to the last bit, so that no sum ever decreases.
struct Subtree {
  std::string path;
  std::int64_t cpu_ns = 0;
  std::array<std::int64_t, components> microjoules{};
  carbon::GramsCO2e operational_average, embodied;
  std::optional<carbon::GramsCO2e> operational_marginal;
};

/// One for each path that has a group and groups below it, in the order of the groups. Groups of both versions of the
/// hierarchy under one path are one. The root's is the sum of all groups.
std::vector<Subtree> subtrees(const Snapshot& snapshot);

}  // namespace cradle::observe
