// What a second of CPU time of each control group weighs in memory: matched once, when the group is first seen.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cradle/observe/memory_class.h"
#include "cradle/observe/node.h"

namespace cradle::observe {

class MemoryWeights {
 public:
  explicit MemoryWeights(std::vector<MemoryClass> classes) : classes_(std::move(classes)) {}
  /// By the first class that matches, else the neutral one. `ended`: forgotten afterwards.
  std::int64_t of(const GroupTotals& group, bool ended);
  /// What was declared, in words; empty: nothing.
  std::string note() const;

 private:
  std::int64_t match(const GroupTotals& group) const;
  std::vector<MemoryClass> classes_;
  std::unordered_map<std::uint64_t, std::int64_t> known_;  ///< by id of the group
};

}  // namespace cradle::observe
