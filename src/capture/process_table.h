// The processes of /proc: who lives, what each used since the look before, and who is gone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/capture/usage.h"
#include "kept_file.h"
#include "proc_text.h"

namespace cradle::capture {

/// A process as it was last seen.
struct Process {
  ProcessKey key;
  std::string command;
  std::string groups;        ///< its /proc/PID/cgroup
  std::int64_t cpu_ns = 0;   ///< of all its threads over its life
  std::int64_t used_ns = 0;  ///< of these, since the look before
  std::int64_t resident_bytes = 0;
};

class ProcessTable {
 public:
  explicit ProcessTable(std::filesystem::path sysroot);

  /// missing_data if there is no /proc. The first look only sets the marks.
  Result<void> look();
  /// Valid until the next look.
  const std::vector<const Process*>& living() const { return living_; }
  const std::vector<Process>& ended() const { return ended_; }
  const Process* find(std::int32_t pid) const;

 private:
  struct Entry {
    Process process;
    KeptFile stat, groups;
    std::uint64_t seen = 0;
  };
  bool refresh(Entry& entry, bool is_new);
  std::optional<std::int64_t> clock_of(std::int32_t pid) const;
  bool read_stat(Entry& entry, bool is_new, std::optional<std::int64_t> clock);

  std::filesystem::path sysroot_;
  bool own_kernel_ = false;  ///< process numbers of this /proc are those of our system calls
  std::int64_t page_bytes_;
  DescriptorBudget budget_;
  std::unordered_map<std::int32_t, Entry> entries_;
  std::vector<const Process*> living_;
  std::vector<Process> ended_;
  std::uint64_t looks_ = 0;
};

}  // namespace cradle::capture
