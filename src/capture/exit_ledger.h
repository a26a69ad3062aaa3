// Joins exit records with what /proc showed of the same processes: what each used between the last look and its end.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "cradle/capture/usage.h"
#include "process_table.h"
#include "taskstats.h"

namespace cradle::capture {

/// The group of a process that a look has shown; 0 if it cannot be told.
using GroupOfProcess = std::function<std::uint64_t(const Process&)>;

class ExitLedger {
 public:
  /// After each look, with the records that came up to then. `boot_unix_ns`: wall clock when the machine started.
  /// Returns the last record of every process that ended, heard or not. A process that no look ever showed is in its
  /// parent's group; if that is not known either, it is counted in `unknown` and left to its group's own counter.
  std::vector<ProcessUsage> settle(std::vector<ExitRecord> records, const ProcessTable& table,
                                   const GroupOfProcess& group_of, std::int64_t boot_unix_ns);
  /// Processes that nothing is known of but that they ended, since the call before.
  std::int64_t unknown();

 private:
  /// A process of which threads ended; heard of to the end once `last` came.
  struct Life {
    std::int32_t process = 0, parent = 0;
    std::string command;
    std::int64_t cpu_ns = 0, started_unix = 0;
  };
  std::unordered_map<std::int32_t, Life> lives_;  ///< not ended yet
  std::vector<Life> finished_;
  std::int64_t unknown_ = 0;
  bool first_ = true;
};

}  // namespace cradle::capture
