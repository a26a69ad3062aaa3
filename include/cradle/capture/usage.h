// What one scan of a node says: which processes and control groups used how much of it since the scan before.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cradle/base/time.h"

namespace cradle::capture {

/// Where the use of processes is known from, best first.
enum class Tier : std::uint8_t {
  bpf,        ///< task iterator for the living, each exit followed to its last nanosecond: nothing is missed
  taskstats,  ///< /proc for the living, the kernel's exit records for the dead: tasks that died unheard are missed
  proc,       ///< /proc alone: what lives and dies between two scans is missed
};

/// A process for as long as it lives: the number alone is given to another one later.
struct ProcessKey {
  std::int32_t pid = 0;
  std::uint64_t started_ns = 0;  ///< nanoseconds since boot; /proc knows it to 10 ms only
  friend auto operator<=>(const ProcessKey&, const ProcessKey&) = default;
};

/// CPU time of one process in one control group since the scan before. A process that was moved between groups has a
/// record for each. Every nanosecond is told once.
struct ProcessUsage {
  ProcessKey key;
  std::string command;      ///< "comm": at most 15 bytes, any bytes but 0
  std::uint64_t group = 0;  ///< GroupUsage::id
  std::int64_t cpu_ns = 0;
  bool ended = false;
};

/// What a control group itself (without its children) used since the scan before, all counters >= 0.
struct GroupUsage {
  std::uint64_t id = 0;
  /// From the root of its hierarchy, "/" for the root: "/system.slice/ssh.service".
  std::string path;
  /// By the kernel's own count (cgroup v2 cpu.stat, v1 cpuacct.usage) less that of its children: exact, the dead
  /// included. For a group that the kernel does not count: the sum over its processes.
  std::int64_t cpu_ns = 0;
  bool cpu_is_exact = false;
  std::int64_t resident_bytes = 0;  ///< held now, not a difference
  std::int64_t block_read_bytes = 0, block_written_bytes = 0;
  std::int64_t network_received_bytes = 0, network_sent_bytes = 0;
  /// Processors that are set aside for the group (cpu.max, cpu.cfs_quota_us), a count; 0: none known.
  double reserved_cores = 0;
  bool ended = false;  ///< the group was removed; this is the last that is told of it
};

/// The machine as a whole since the scan before.
struct NodeUsage {
  int processors = 0;             ///< online
  std::int64_t busy_ns = 0;       ///< of all processors: user, system, interrupts; without steal
  std::int64_t idle_ns = 0;       ///< with waiting for disks
  std::int64_t stolen_ns = 0;     ///< by the hypervisor: ran elsewhere, is nobody's use
  std::int64_t memory_bytes = 0;  ///< installed
};

struct Scan {
  Instant at;                    ///< wall clock
  std::int64_t interval_ns = 0;  ///< since the scan before, by the monotonic clock; 0: this is the first one
  Tier tier = Tier::proc;
  NodeUsage node;
  std::vector<ProcessUsage> processes;  ///< only those with cpu_ns > 0 or that ended
  std::vector<GroupUsage> groups;       ///< every group that exists or ended, parents before children
  std::int64_t own_cpu_ns = 0;          ///< of these, what this program used itself
  std::int64_t lost_records = 0;        ///< of processes: their time is in their group but in no process
  std::vector<std::string> notes;       ///< what went wrong since the scan before, counted, in words
};

}  // namespace cradle::capture
