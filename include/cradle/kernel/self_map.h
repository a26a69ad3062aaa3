// A pinned BPF map in which every control group finds its own joules and grams; other BPF programs can read it too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "cradle/base/result.h"

namespace cradle::kernel {

/// The value of map "self_carbon" (BPF_MAP_TYPE_HASH), as it lies in memory: cradle_self_carbon of cradle_self_map.h,
/// which C and BPF programs include. The key is the kernel's id of the control group (bpf_get_current_cgroup_id, or the
/// inode of its folder), 8 bytes.
struct SelfCarbon {
  std::uint64_t microjoules = 0;
  std::uint64_t micrograms_operational = 0;  ///< CO2e
  std::uint64_t micrograms_embodied = 0;     ///< CO2e
  std::uint64_t updated_ns = 0;              ///< CLOCK_BOOTTIME, nanoseconds
  friend bool operator==(const SelfCarbon&, const SelfCarbon&) = default;
};
static_assert(sizeof(SelfCarbon) == 32);

class SelfMap {
 public:
  /// Makes the map and pins it at `pin`, a new file in a mounted bpffs. bad_input: `pin` is not in a bpffs, or is there
  /// already; failed: privilege (CAP_BPF) or kernel. Unpinned when this is destroyed; who holds it open keeps reading.
  static Result<std::unique_ptr<SelfMap>> create(const std::filesystem::path& pin, std::uint32_t groups = 65'536);
  virtual ~SelfMap() = default;

  /// An `updated_ns` of 0 becomes the time of writing. budget_exceeded: `groups` are there already.
  virtual Result<void> update(std::uint64_t group, const SelfCarbon& value) = 0;
  /// A group that is not there is no error.
  virtual Result<void> remove(std::uint64_t group) = 0;
};

/// Reads one entry by the pinned path, as an application would. missing_data: no map there or no such group.
Result<SelfCarbon> read_self_map(const std::filesystem::path& pin, std::uint64_t group);

}  // namespace cradle::kernel
