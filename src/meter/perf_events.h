// RAPL through perf events, with the system calls behind an interface so that the parsing is tested without a PMU.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "sources.h"

namespace cradle::meter {

/// perf_event_open and read of its counters.
class PerfSystem {
 public:
  virtual ~PerfSystem() = default;
  /// A descriptor >= 0, or -errno.
  virtual int open(std::uint32_t type, std::uint64_t config, int processor) = 0;
  virtual std::optional<std::uint64_t> read(int fd) = 0;
  virtual void close(int fd) = 0;
};

Opened open_perf_events(const std::filesystem::path& sysroot, const std::shared_ptr<PerfSystem>& system);

}  // namespace cradle::meter
