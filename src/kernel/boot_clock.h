// The clock of the kernel's own times: since boot, suspended or not.
#pragma once

#include <cstdint>
#include <ctime>

namespace cradle::kernel {

/// CLOCK_BOOTTIME, nanoseconds: what bpf_ktime_get_boot_ns tells.
inline std::uint64_t since_boot_ns() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace cradle::kernel
