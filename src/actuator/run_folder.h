// The run folder: for each device a lock, which the kernel frees when its holders are gone, and a journal of what to
// write back.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/actuator/actuator.h"
#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::actuator {

/// What was saved of one device.
struct Journal {
  std::string device;  ///< its name
  pid_t owner = 0;
  std::vector<Write> saved;
};
/// bad_input if a text could not be read back: control characters in names or values.
Result<std::string> to_text(const Journal& journal);
/// bad_input for anything that `to_text` did not write whole.
Result<Journal> parse_journal(std::string_view text, std::string_view where);
/// Writes it all back. A device that is gone needs nothing. The first refusal is the error, after all were tried.
Result<void> write_back(const Journal& journal);

/// An flock on a file. The watchdog holds the same lock through a copy of the descriptor, so that nobody takes the
/// device before everything is back. Letting go frees all copies at once.
class Lock {
 public:
  Lock() = default;
  explicit Lock(int fd) : fd_(fd) {}
  ~Lock() { free(); }
  Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Lock& operator=(Lock&& other) noexcept;
  int fd() const { return fd_; }
  void free();
  /// Closes this copy; the others keep the lock.
  void leave();

 private:
  int fd_ = -1;
};

class RunFolder {
 public:
  /// Makes it, for this user alone. failed if it belongs to somebody else or others may write to it.
  static Result<RunFolder> open(const std::filesystem::path& path);

  /// `key`: what tells devices apart, a path without links or a board.
  std::filesystem::path journal(const std::string& key) const;
  /// failed, naming the process, if another owner has the device.
  Result<Lock> lock(const std::string& key, const std::string& name, carbon::Seconds patience) const;

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

inline constexpr const char* journal_ending = ".saved";
inline constexpr const char* lock_ending = ".lock";

/// Takes the lock that belongs to a lock file. missing_data if somebody else holds it.
Result<Lock> try_lock(const std::filesystem::path& file);

}  // namespace cradle::actuator
