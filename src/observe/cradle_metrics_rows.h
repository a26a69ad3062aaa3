// What both sets of metrics are built with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cradle/exposition/metric_family.h"
#include "cradle/observe/node.h"

namespace cradle::observe {

constexpr double joules(std::int64_t microjoules) { return static_cast<double>(microjoules) / 1e6; }
constexpr double seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }
/// Of an interval; 0 for one without length.
constexpr double watts(std::int64_t microjoules, std::int64_t interval_ns) {
  return interval_ns > 0 ? static_cast<double>(microjoules) / static_cast<double>(interval_ns) * 1e3 : 0;
}

/// "measured", "estimated", "simulated"
const char* meter_kind(carbon::Knowledge knowledge);
/// The least sure kind among the counted zones of a component, or of all of them; nothing if there are none.
std::optional<carbon::Knowledge> weakest(const Snapshot& snapshot, std::optional<Component> component = std::nullopt);

/// A family that grows by rows. Rows with the same labels are one series: a group that was made anew under its old
/// name, a process number that was given again.
class Rows {
 public:
  Rows(std::string name, std::string help, std::string unit, exposition::MetricType type,
       std::vector<std::string> labels)
      : family_{std::move(name), std::move(help), std::move(unit), type, std::move(labels), {}} {}

  /// Adds to what the labels have.
  template <class... Labels>
  void add(double value, Labels&&... labels) {
    if (double* old = row(value, std::forward<Labels>(labels)...)) *old += value;
  }
  /// Keeps what the labels have.
  template <class... Labels>
  void once(double value, Labels&&... labels) {
    row(value, std::forward<Labels>(labels)...);
  }
  exposition::MetricFamily take() { return std::move(family_); }

 private:
  /// The value that was there, or null after it was put there.
  template <class... Labels>
  double* row(double value, Labels&&... labels) {
    exposition::Sample sample;
    sample.labels.reserve(sizeof...(labels));
    (sample.labels.emplace_back(std::forward<Labels>(labels)), ...);
    sample.value = value;
    std::size_t hash = 0;
    for (const std::string& label : sample.labels) hash = hash * 1099511628211U ^ std::hash<std::string>{}(label);
    const auto [first, last] = by_hash_.equal_range(hash);
    for (auto same = first; same != last; ++same)
      if (family_.samples[same->second].labels == sample.labels) return &family_.samples[same->second].value;
    by_hash_.emplace(hash, family_.samples.size());
    family_.samples.push_back(std::move(sample));
    return nullptr;
  }

  exposition::MetricFamily family_;
  std::unordered_multimap<std::size_t, std::size_t> by_hash_;
};

/// The groups of a snapshot by their number.
inline std::unordered_map<std::uint64_t, const GroupTotals*> groups_by_id(const Snapshot& snapshot) {
  std::unordered_map<std::uint64_t, const GroupTotals*> groups;
  groups.reserve(snapshot.groups.size());
  for (const GroupTotals& group : snapshot.groups) groups.emplace(group.id, &group);
  return groups;
}

}  // namespace cradle::observe
