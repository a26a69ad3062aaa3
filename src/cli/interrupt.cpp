#include "interrupt.h"

namespace cradle::cli {

namespace {
// A signal handler can reach nothing but a global of this type.
volatile std::sig_atomic_t caught = 0;
}  // namespace

InterruptGuard::InterruptGuard() : previous_{} {
  caught = 0;
  struct sigaction action {};
  action.sa_handler = [](int) { caught = 1; };
  sigaction(SIGINT, &action, &previous_);
}

InterruptGuard::~InterruptGuard() { sigaction(SIGINT, &previous_, nullptr); }

bool InterruptGuard::interrupted() { return caught != 0; }

}  // namespace cradle::cli
