// The process that puts devices back when their owner dies.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cradle/base/result.h"

namespace cradle::actuator {

/// The owner's end. What it says is a datagram on a socket pair, so that all that was said before a death is heard.
class Watchdog {
 public:
  /// Forks it: in a session of its own, without descriptors of the owner, deaf to signals that ask it to end. failed if
  /// this process has threads: a copy of one may find locks that nobody will ever free.
  static Result<std::unique_ptr<Watchdog>> start();
  /// Says the end; the watchdog puts back what is left and exits. Waits for that a moment.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// From here on it will write back `journal` (a text of `to_text`), remove that file and free the lock.
  Result<void> watch(const std::filesystem::path& file, const std::string& journal, int lock);
  /// The word: the owner has put this device back itself.
  Result<void> kept(const std::filesystem::path& file);

  bool alive() const;
  pid_t pid() const { return pid_; }
  /// The process that started it: a fork of the owner does not own.
  pid_t owner() const { return owner_; }

 private:
  Watchdog(int socket, pid_t pid, pid_t owner) : socket_(socket), pid_(pid), owner_(owner) {}
  Result<void> say(const std::string& message, int lock);
  int socket_;
  pid_t pid_, owner_;
};

}  // namespace cradle::actuator
