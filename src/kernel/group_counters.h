// Counters by control group in a BPF hash that only ever grow; told are the differences.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "cradle/kernel/process_meter.h"

namespace cradle::kernel {

class GroupCounters {
 public:
  enum class Processors { one, summed, each };

  /// `map`: the descriptor of a hash of group_ids -> `words` unsigned 64-bit counters; a per-CPU hash unless `one`.
  GroupCounters(int map, std::size_t words, Processors processors);

  /// Calls `each` for the groups whose counters rose: `words` differences, or for Processors::each so many of each
  /// possible processor.
  Result<void> read(const std::function<void(const GroupIds&, std::span<const std::uint64_t>)>& each);

  /// Possible processors; 1 for Processors::one.
  std::size_t processors() const { return processors_; }

 private:
  struct Told {
    std::vector<std::uint64_t> counters;
    std::uint64_t changed_at = 0;  ///< number of the read
  };
  void take(const GroupIds& ids, std::span<const std::uint64_t> raw,
            const std::function<void(const GroupIds&, std::span<const std::uint64_t>)>& each);
  void drop_idle();

  int map_;
  std::size_t words_;
  std::size_t processors_ = 1;
  bool summed_;
  std::size_t capacity_ = 0;
  std::uint64_t reads_ = 0;
  std::map<GroupIds, Told> told_;
  std::vector<GroupIds> keys_;
  std::vector<std::uint64_t> values_;
};

}  // namespace cradle::kernel
