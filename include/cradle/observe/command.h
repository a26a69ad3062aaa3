// A command in a control group of its own, so that all that it starts is counted when it ends, the dead included.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::observe {

class CommandRun {
 public:
  /// Makes the group below that of the caller (cgroup v2), or none if that is not allowed (`group_note` says why), and
  /// a process in it that waits for `release`. failed if no process can be made.
  static Result<CommandRun> start(const std::vector<std::string>& command);
  CommandRun(CommandRun&& other) noexcept;
  CommandRun& operator=(CommandRun&&) = delete;
  /// Ends nothing: a command that still runs goes on, in its group.
  ~CommandRun();

  /// Path of the group in its hierarchy, as a capture tells it; empty: the command has no group of its own.
  const std::string& group() const { return group_; }
  const std::string& group_note() const { return group_note_; }
  int pid() const { return pid_; }

  /// Lets the command begin. failed if it cannot be executed; `exit_status` is then 127 (not found) or 126.
  Result<void> release();
  /// Waits up to `milliseconds` for the command's end; true once it has ended.
  bool ended_within(int milliseconds);
  /// As a shell tells it: the exit code, or 128 + the signal.
  int exit_status() const { return exit_status_; }
  /// CPU time of the command and of all its descendants that were waited for (wait4). Known once it has ended.
  std::int64_t waited_cpu_ns() const { return waited_cpu_ns_; }
  /// Processes that it left running in its group.
  std::vector<int> left_behind() const;
  /// Removes the group if it is empty; what is left in it keeps it.
  void remove_group();

 private:
  CommandRun() = default;
  int pid_ = -1;
  int gate_ = -1;    ///< closed: the command may begin
  int report_ = -1;  ///< carries errno if the command cannot be executed
  bool ended_ = false;
  int exit_status_ = 0;
  std::int64_t waited_cpu_ns_ = 0;
  std::string group_, folder_, group_note_, name_;
};

}  // namespace cradle::observe
