// The daemon of a node, a bank, or both: one socket, one loop, no threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cradle/actuator/owner.h"
#include "cradle/base/result.h"
#include "cradle/exchange/config.h"

namespace cradle::exchange {

struct DaemonOptions {
  actuator::Apply apply = actuator::Apply::no;
  double drop = 0;              ///< probability that a received packet is thrown away: for rehearsals of a bad network
  std::uint64_t drop_seed = 1;  ///< and the number of the node
  std::function<void(const std::string&)> tell;  ///< notes for people, a sentence each
};

/// Runs until SIGTERM or SIGINT: then coins go back to the bank if it can be reached within a lease, the device is put
/// back, and this returns. A second one ends at once. SIGUSR1: read budget and demand files again. Errors: an address
/// or device that cannot be had, files that cannot be written, a watchdog that was killed. Start no thread before.
Result<void> run_daemon(const DaemonConfig& config, const DaemonOptions& options);

}  // namespace cradle::exchange
