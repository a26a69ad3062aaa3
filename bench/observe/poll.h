// The other way to meter a node: reading /proc each few seconds, and giving the node's active energy to whoever was
// seen. The formula is that of Kepler 0.10 and later (docs/user/configuration.md says that what lives shorter than the
// interval is left out); written from its description.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "group.h"

namespace cradle::bench {

/// CPU time of every process of the machine as /proc tells it, in nanoseconds, by number and start.
std::map<std::pair<pid_t, std::uint64_t>, std::int64_t> read_processes();
/// Of all processors: busy time as /proc/stat tells it, without and with what the hypervisor took.
struct BusyTime {
  std::int64_t busy_ns = 0, stolen_ns = 0;
};
BusyTime read_busy();

/// What a poll came to for one group.
struct Polled {
  std::int64_t seen_ns = 0;  ///< CPU time that was seen at its processes
  double billed_ns = 0;      ///< the machine's busy time, divided among the processes seen
};

/// Polls in a thread of its own from construction to stop(). E_p = dCPU_p / sum over processes of dCPU x E_active, and
/// E_active in proportion to busy time, so that it is told in CPU time here. It is given two things that Kepler lacks:
/// a process is known by its start too, and a last poll at the very end.
class Poll {
 public:
  Poll(std::chrono::milliseconds period, const std::vector<const Group*>& groups);
  ~Poll();
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  /// One for each group, in their order.
  const std::vector<Polled>& stop();

 private:
  void poll();
  std::chrono::milliseconds period_;
  std::vector<const Group*> groups_;
  std::vector<Polled> polled_;
  std::map<std::pair<pid_t, std::uint64_t>, std::int64_t> marks_;
  BusyTime busy_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace cradle::bench
