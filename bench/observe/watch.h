// An observer that ticks in a thread of its own, and what it says of one group.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "cradle/base/result.h"
#include "cradle/catalog/catalog.h"
#include "cradle/observe/observer.h"

namespace cradle::bench {

/// Options of an observer by the BPF tier with a simulated meter of this law, and nothing written.
observe::ObserverOptions simulated_options(const std::string& law);

/// Dynamic microjoules of the group at `path` in one component; 0 if it is not known.
std::int64_t dynamic_microjoules(const observe::Snapshot& snapshot, const std::string& path,
                                 observe::Component component);

struct Hooks {
  std::function<bool()> leave_out;                           ///< true: this tick does not happen
  std::function<void(const observe::Snapshot&)> after_tick;  ///< in the watch's thread, right after each tick
};

class Watch {
 public:
  /// Opens it here and ticks each `period` from then on.
  static Result<std::unique_ptr<Watch>> start(const observe::ObserverOptions& options, const catalog::Catalog& catalog,
                                              std::chrono::milliseconds period, Hooks hooks = {});
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// One tick more, then no more; the snapshot is that of the last one.
  Result<const observe::Snapshot*> stop();

 private:
  Watch() = default;
  void tick();
  std::unique_ptr<observe::Observer> observer_;
  std::chrono::milliseconds period_{};
  Hooks hooks_;
  std::optional<Error> error_;
  std::jthread thread_;
};

}  // namespace cradle::bench
