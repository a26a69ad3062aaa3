// Ctrl-C as a question to long work, not an end to it.
#pragma once

#include <csignal>

namespace cradle::cli {

/// While it lives, SIGINT sets a flag instead of ending the process. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool interrupted();

 private:
  struct sigaction previous_;
};

}  // namespace cradle::cli
