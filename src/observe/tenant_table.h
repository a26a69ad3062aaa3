// The control groups and processes of a node over time: born, renamed by the kernel, ended, kept a while, folded.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cradle/capture/usage.h"
#include "cradle/observe/node.h"

namespace cradle::observe {

/// Adds in double-double arithmetic (Dekker 1971, Knuth's two-sum): sum + rest is exact to about 2^-104, so that a sum
/// loses nothing to its length or order.
inline void add_exactly(carbon::GramsCO2e& sum, double& rest, carbon::GramsCO2e term, double term_rest = 0) {
  const double before = sum.value(), more = term.value();
  const double next = before + more;
  const double added = next - before;
  const double tail = rest + term_rest + ((before - (next - added)) + (more - added));
  sum = carbon::GramsCO2e{next + tail};
  rest = tail - (sum.value() - next);
}

void add_grams(Totals& totals, const carbon::Estimate<carbon::GramsCO2e>& average,
               const std::optional<carbon::Estimate<carbon::GramsCO2e>>& marginal,
               const carbon::Estimate<carbon::GramsCO2e>& embodied);
/// Everything but what is held now (resident bytes).
void add_totals(Totals& sum, const Totals& more);

/// Groups are known by path and version of their hierarchy: a group that is made again under the same path goes on with
/// the totals of the one before. Processes are known by number and start.
class TenantTable {
 public:
  struct Limits {
    std::int64_t ended_kept_ns = 300'000'000'000;
    std::size_t ended_kept = 10'000;
    std::size_t living_processes = 65'536;  ///< beyond it those that were not heard of for longest are dropped
  };
  TenantTable(std::vector<GroupTotals>& groups, std::vector<ProcessTotals>& processes, const Limits& limits)
      : groups_(groups), processes_(processes), limits_(limits) {}

  /// Position in groups() of what this record is of; made if it is new. `now_ns`: of any clock that only goes forward.
  std::size_t group(const capture::GroupUsage& usage, std::int64_t now_ns);
  /// The group of that id, or of the root if the scan did not tell of it.
  std::size_t group_of(std::uint64_t id, std::int64_t now_ns);
  std::size_t process(const capture::ProcessUsage& usage, std::int64_t now_ns);
  /// Position of the living process of that number.
  std::optional<std::size_t> living(std::int32_t pid) const;

  /// Ends processes of ended groups, drops and folds what ended long ago. Positions change.
  void retire(std::int64_t now_ns);
  /// A group of a checkpoint, as ended `now_ns` until a scan shows it.
  void restore(GroupTotals group, std::int64_t now_ns);

 private:
  struct GroupState {
    std::int64_t ended_at_ns = 0;
  };
  struct ProcessState {
    std::int64_t heard_ns = 0;
    std::int64_t ended_at_ns = 0;
  };
  struct KeyHash {
    std::size_t operator()(const capture::ProcessKey& key) const {
      return static_cast<std::size_t>(
          (key.started_ns ^ static_cast<std::uint64_t>(static_cast<std::uint32_t>(key.pid))) * 0x9E3779B97F4A7C15U);
    }
  };
  std::size_t add_group(std::uint64_t id, const std::string& path);
  std::size_t parent_of(std::size_t child);
  void end_process(std::size_t at, std::int64_t now_ns);
  /// The processes of a group that has another number now, or whose totals are in another group.
  void rename(std::uint64_t group, std::uint64_t to);
  /// What the process came to in its group is told by nobody from now on.
  void leave_group(std::size_t at);
  void drop_process(std::size_t at);
  void drop_unheard();
  void fold_group(std::size_t at);

  std::vector<GroupTotals>& groups_;
  std::vector<ProcessTotals>& processes_;
  Limits limits_;
  std::vector<GroupState> states_;            ///< parallel to groups_
  std::vector<ProcessState> process_states_;  ///< parallel to processes_
  std::unordered_map<std::uint64_t, std::size_t> by_id_;
  std::unordered_map<std::string, std::size_t> by_path_;  ///< "1/..." or "2/..."
  std::unordered_map<capture::ProcessKey, std::size_t, KeyHash> by_key_;
  std::unordered_map<std::int32_t, capture::ProcessKey> by_pid_;  ///< the living
  std::deque<std::pair<std::int64_t, std::string>> ended_groups_;
  std::deque<std::pair<std::int64_t, capture::ProcessKey>> ended_processes_;
  std::size_t ended_groups_now_ = 0, ended_processes_now_ = 0;
  bool group_ended_ = false;
};

}  // namespace cradle::observe
