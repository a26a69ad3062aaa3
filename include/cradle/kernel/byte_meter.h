// Bytes read from and written to disks, received and sent, by control group: counted in the kernel by BPF.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/kernel/process_meter.h"

namespace cradle::kernel {

/// Bytes of one group since the scan before.
struct GroupBytes {
  GroupIds group;
  std::int64_t in = 0;   ///< read, or received
  std::int64_t out = 0;  ///< written, or sent
};

struct ByteCounts {
  std::vector<GroupBytes> groups;
  std::int64_t unplaced_bytes = 0;  ///< of groups for which there was no room (more than 8192 at once)
};

class ByteMeter {
 public:
  /// Requests to block devices (tp_btf/block_bio_queue): the bytes asked for, by the group of the task that asks; what
  /// kernel threads write back, by the group of version 2 that made it dirty, else by their own, the root. Needs
  /// CAP_BPF and CAP_PERFMON. A loop device counts, and the disk under it too.
  static Result<std::unique_ptr<ByteMeter>> open_block();
  /// IP packets with their headers (cgroup_skb at the root of version 2), by the group of version 2 that made the
  /// socket; what goes through loopback is sent and received. Needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN. `root`:
  /// where cgroup2 is mounted; empty: found in /proc/self/mounts. missing_data if it is not.
  static Result<std::unique_ptr<ByteMeter>> open_network(const std::filesystem::path& root = {});
  virtual ~ByteMeter() = default;

  virtual Result<ByteCounts> scan() = 0;
};

/// Where cgroup version 2 is mounted; empty: it is not.
std::filesystem::path cgroup2_root();

}  // namespace cradle::kernel
