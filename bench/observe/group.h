// Control groups (version 2) of the bench's own, processes in them, and what the kernel counts for them: the truth.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::bench {

/// A group below the root of cgroup version 2. It is removed, and what still runs in it ended, when this goes.
class Group {
 public:
  /// failed if it cannot be made (not root, no cgroup2).
  static Result<Group> make(const std::string& name);
  Group(Group&& other) noexcept;
  Group& operator=(Group&&) = delete;
  ~Group();

  const std::string& path() const { return path_; }  ///< "/NAME", as a capture tells it
  const std::filesystem::path& folder() const { return folder_; }
  /// cpu.stat usage_usec since the group was made, in nanoseconds.
  std::int64_t cpu_ns() const;

  /// A process in the group that runs `body` and ends with what it returns. -1: no process could be made.
  pid_t start(const std::function<int()>& body) const;
  /// The same for a command found in PATH; its output goes nowhere.
  pid_t start_command(const std::vector<std::string>& command) const;

 private:
  Group() = default;
  std::string path_;
  std::filesystem::path folder_;
};

/// Exit status of a process of ours, as a shell tells it; waits for its end.
int wait_for(pid_t process);
/// True once it has ended; `status` is then set. Does not wait.
bool has_ended(pid_t process, int& status);
/// Ends a process of ours and waits for it.
void end(pid_t process);

/// Ends what runs in every group whose name begins with `prefix`, and removes them.
void remove_groups(const std::string& prefix);

}  // namespace cradle::bench
