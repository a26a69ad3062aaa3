#include "subtree.h"

#include <string_view>
#include <unordered_map>
#include <utility>

#include "tenant_table.h"

namespace cradle::observe {

namespace {

/// The path above; empty above the root.
std::string_view above(std::string_view path) {
  if (path == "/" || path.empty()) return {};
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos || slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

}  // namespace

std::vector<Subtree> subtrees(const Snapshot& snapshot) {
  std::unordered_map<std::string_view, std::size_t> position;
  std::vector<std::string_view> paths;
  for (const GroupTotals& group : snapshot.groups)
    if (position.emplace(group.path, paths.size()).second) paths.emplace_back(group.path);

  std::vector<bool> has_children(paths.size(), false);
  for (const std::string_view path : paths)
    for (std::string_view up = above(path); !up.empty(); up = above(up))
      if (const auto found = position.find(up); found != position.end()) has_children[found->second] = true;

  // Whole Totals only where they are told: most groups are leaves.
  std::vector<std::size_t> told(paths.size());
  std::vector<Totals> sums;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!has_children[i]) continue;
    told[i] = sums.size();
    sums.emplace_back();
  }
  for (const GroupTotals& group : snapshot.groups)
    for (std::string_view up = group.path; !up.empty(); up = above(up))
      if (const auto found = position.find(up); found != position.end() && has_children[found->second])
        add_totals(sums[told[found->second]], group.totals);

  std::vector<Subtree> result;
  result.reserve(sums.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!has_children[i]) continue;
    const Totals& sum = sums[told[i]];
    Subtree subtree;
    subtree.path = paths[i];
    subtree.cpu_ns = sum.cpu_ns;
    for (std::size_t c = 0; c < components; ++c)
      subtree.microjoules[c] = sum.microjoules(snapshot.policy, static_cast<Component>(c));
    subtree.operational_average = sum.operational_average.value;
    subtree.embodied = sum.embodied.value;
    if (sum.operational_marginal) subtree.operational_marginal = sum.operational_marginal->value;
    result.push_back(std::move(subtree));
  }
  return result;
}

}  // namespace cradle::observe
