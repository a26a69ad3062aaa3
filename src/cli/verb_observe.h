// The three forms of `cradle observe`: a live view, a daemon, and one command.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cradle/catalog/catalog.h"
#include "cradle/observe/observer.h"
#include "verbs.h"

namespace cradle::cli {

/// How long to wait between ticks.
struct Pace {
  int interval_ms = 1000;
};

int observe_command(const ObserveOptions& options, const observe::ObserverOptions& observer, Pace pace,
                    const catalog::Catalog& catalog, const Common& common);
/// Loads the catalogue itself, once BPF is loaded.
int observe_daemon(const ObserveOptions& options, const observe::ObserverOptions& observer, Pace pace,
                   const Common& common);
int observe_view(const ObserveOptions& options, const observe::ObserverOptions& observer, Pace pace,
                 const catalog::Catalog& catalog, const Common& common);

/// While it lives, SIGINT and SIGTERM set a flag instead of ending the process, and end its pauses.
class StopGuard {
 public:
  StopGuard();
  ~StopGuard();
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

  /// The signal that came, 0 if none did.
  static int signal();
  static bool stopped() { return signal() != 0; }
  /// Sleeps until that many milliseconds after the pause before, so that ticks keep their pace; ends early when
  /// stopped. True unless stopped.
  bool pause(int milliseconds);

 private:
  struct Previous;
  std::unique_ptr<Previous> previous_;
  std::int64_t next_ns_ = 0;
};

/// Whether the files that an observer writes can be made where they are named: bad_input with the option if not. A full
/// disk is none of this: an observer goes on and tries again.
Result<void> check_outputs(const observe::ObserverOptions& options);

/// "measured", "estimated" or "simulated": the weakest of the zones of a component; empty if none is counted for it.
std::string knowledge_of(const observe::Snapshot& snapshot, observe::Component component);

}  // namespace cradle::cli
