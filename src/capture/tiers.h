// The tiers that a capture can be made of, and the control groups that all of them share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/capture/capture.h"

namespace cradle::capture {

/// Each fails with the kernel's reason where it cannot be had.
Result<std::unique_ptr<Capture>> open_bpf(const CaptureOptions& options);
Result<std::unique_ptr<Capture>> open_taskstats(const CaptureOptions& options);
Result<std::unique_ptr<Capture>> open_proc(const CaptureOptions& options);

/// BPF's share of probe_hooks().
std::vector<HookReport> probe_bpf_hooks();

/// Control groups with their CPU counters, for every tier. On hosts with both versions a group of version 2 counts
/// unless it is the root; then the one of version 1's cpuacct (or cpu, or systemd) hierarchy does.
class GroupTree {
 public:
  /// Number of a group: inode of its folder (the kernel's cgroup id), with the top bit set for version 1.
  static constexpr std::uint64_t version_1 = std::uint64_t{1} << 63;

  explicit GroupTree(const std::filesystem::path& sysroot);
  ~GroupTree();
  GroupTree(GroupTree&&) noexcept;
  GroupTree& operator=(GroupTree&&) noexcept;

  bool has_version_2() const;
  bool has_version_1() const;
  /// Walks the trees: finds new and removed groups and reads their counters and resident memory. Groups removed since
  /// the walk before are told once more, ended, with what was last read of them. The first walk only sets the marks.
  /// Memory is what the memory controller says; 0 where there is none, and beside each other the versions have none
  /// that counts by the same groups: then it is the tier that knows what processes hold.
  /// From then on the sum of cpu_ns over all groups is what the root's counter rose by: what a removed group used after
  /// it was last read is told as its own if nobody else under its parent can have been it, else as the parent's.
  std::vector<GroupUsage> scan();
  /// The group that a process with this /proc/PID/cgroup text is in; 0 if it cannot be told.
  std::uint64_t group_of(std::string_view proc_cgroup) const;
  /// The group of a process by the kernel's ids of its two groups.
  std::uint64_t group_of(std::uint64_t version_2_id, std::uint64_t version_1_id) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The CPU time of groups that the kernel does not count becomes the sum over their processes.
void sum_uncounted(Scan& scan);

/// Busy, idle and stolen time from /proc/stat since the call before; processors and memory.
class NodeClock {
 public:
  explicit NodeClock(std::filesystem::path sysroot) : sysroot_(std::move(sysroot)) {}
  Result<NodeUsage> scan();

 private:
  /// Nanoseconds of one processor since boot, never falling.
  struct Processor {
    std::int64_t busy = 0, idle = 0, stolen = 0;
    bool online = false;
  };
  std::filesystem::path sysroot_;
  std::map<int, Processor> processors_;
  bool first_ = true;
};

}  // namespace cradle::capture
