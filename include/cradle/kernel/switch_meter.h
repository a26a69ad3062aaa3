// CPU time by control group and processor, counted at every context switch: on request, for what only this can tell.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/kernel/process_meter.h"

namespace cradle::kernel {

/// Since the scan before, by the scheduler's own count: that of cpu.stat.
struct GroupProcessorTime {
  GroupIds group;
  std::vector<std::int64_t> cpu_ns;  ///< by number of the processor
};

struct SwitchTimes {
  std::vector<GroupProcessorTime> groups;
  std::vector<std::int64_t> busy_ns;  ///< by processor, the sum over groups and what had no room
};

/// The kernel's own count of what a program costs (only while statistics are on).
struct ProgramCost {
  std::uint64_t runs = 0;
  std::uint64_t total_ns = 0;
};

class SwitchMeter {
 public:
  /// tp_btf/sched_switch; needs CAP_BPF and CAP_PERFMON.
  static Result<std::unique_ptr<SwitchMeter>> open();
  virtual ~SwitchMeter() = default;

  /// With the time of who is running now.
  virtual Result<SwitchTimes> scan() = 0;
  /// Turns the kernel's statistics on for as long as this meter lives (needs CAP_SYS_ADMIN); they cost some 20 ns a
  /// run.
  virtual Result<void> measure_cost() = 0;
  virtual Result<ProgramCost> cost() const = 0;
};

}  // namespace cradle::kernel
