// CPU time of every process by BPF: the living and the dead, each nanosecond told once.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::kernel {

/// The control groups of a task by the kernel's ids: of version 2, and of version 1's cpuacct (else cpu) hierarchy;
/// 0 where there is none.
struct GroupIds {
  std::uint64_t version_2 = 0;
  std::uint64_t version_1 = 0;
  friend auto operator<=>(const GroupIds&, const GroupIds&) = default;
};

/// CPU time of one process in one control group.
struct ProcessTime {
  std::int32_t pid = 0;          ///< in the first pid namespace
  std::uint64_t started_ns = 0;  ///< nanoseconds since boot
  GroupIds group;
  std::string command;  ///< at most 15 bytes
  std::int64_t cpu_ns = 0;
  bool ended = false;
};

/// CPU time of processes that died while the ring was full: of their group, but no longer known by process.
struct SpilledTime {
  GroupIds group;
  std::int64_t cpu_ns = 0;
  std::int64_t records = 0;
};

struct ProcessTimes {
  std::vector<ProcessTime> processes;  ///< those that used CPU time, or ended
  std::vector<SpilledTime> spilled;
  std::int64_t unplaced_ns = 0;  ///< spilled, and there were too many groups as well
  std::int64_t unplaced_records = 0;
  /// Tasks that are known only up to their exit, not what they used after it: the kernel had given their memory away
  /// before they could be told (their ends are told), or there was no room among the dying (the rest and their ends are
  /// still told, unless the kernel frees them without a word).
  std::int64_t cut_records = 0;
};

struct ProcessMeterOptions {
  /// Room for the dead between two scans, 64 bytes each; a power of two, at least 4096. Twice this is in the resident
  /// size of the program.
  std::uint32_t ring_bytes = 2 << 20;
  /// Room for tasks between their exit and the moment that the kernel frees them, 200 bytes of kernel memory each; at
  /// least 1. Those without room are counted among the cut records.
  std::uint32_t most_dying = 16'384;
};

/// Reads se.sum_exec_runtime of the living by the task iterator, of the dead as soon as they have left their processor
/// (entered by sched_process_exit, told by a scan or by sched_process_free), at moves between groups by
/// cgroup_attach_task. Several meters may run at once. Needs CAP_BPF and CAP_PERFMON to open and none of
/// them afterwards (kernels before 6.4 with kernel.unprivileged_bpf_disabled: CAP_BPF).
class ProcessMeter {
 public:
  /// Told is what is used from here on. failed: without BPF, privilege or hook, with the kernel's reason.
  static Result<std::unique_ptr<ProcessMeter>> open(const ProcessMeterOptions& options = {});
  virtual ~ProcessMeter() = default;

  /// What was used since the scan before. What the kernel has not counted yet (up to a tick of a running task, the last
  /// of one that is dead but still on its processor) comes with the next.
  virtual Result<ProcessTimes> scan() = 0;
  /// Waits until the tasks that are dead for their parents have left their processors, so that the next scan tells all
  /// of their time; at most `limit`. It takes some milliseconds on a busy machine. False: the limit was reached.
  virtual Result<bool> settle(std::chrono::milliseconds limit) = 0;
  /// The parent of a group that was made since the meter was opened, also if it is gone by now: one id of GroupIds,
  /// the other 0. Both 0 if it is not known. The last 8192 groups are remembered.
  virtual GroupIds parent_of(const GroupIds& one) const = 0;
  /// What this kernel cannot do, in words.
  virtual std::vector<std::string> notes() const = 0;
};

}  // namespace cradle::kernel
