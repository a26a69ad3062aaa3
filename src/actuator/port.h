// How one kind of device is read and written, without owner, lock or journal: what owner.cpp guards.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/actuator/actuator.h"
#include "cradle/actuator/owner.h"
#include "register.h"

namespace cradle::actuator {

class Port {
 public:
  virtual ~Port() = default;
  const Device& device() const { return device_; }

  /// What would have to be written to have everything as it is now, in this order.
  virtual Result<std::vector<Write>> saved() = 0;
  /// The limit that the device says it was given.
  virtual Result<Level> stated() = 0;
  /// The limit in force.
  virtual Result<Level> current() { return stated(); }
  /// After the writes of a level: whether what was written beside the limit itself was taken too.
  virtual Result<void> taken(const Level& level) {
    (void)level;
    return {};
  }
  /// The writes for a level within the range, rounded down.
  virtual std::vector<Write> plan(const Level& level) = 0;
  virtual Result<void> write(const Write& write) { return write_register(write); }

 protected:
  Device device_;  // NOLINT(readability-identifier-naming): named as private members are
};

using Opened = Result<std::unique_ptr<Port>>;
using Listed = Result<std::vector<std::unique_ptr<Port>>>;

// Every device of a kind that there is; missing_data if there is none, with what would help.
Listed list_powercap(const OwnerOptions& options);
Listed list_cpufreq(const OwnerOptions& options);
Listed list_boards(const OwnerOptions& options);
// Those that must be named.
Opened open_quota(const OwnerOptions& options, std::string_view group);
Opened open_clamp(const OwnerOptions& options, std::string_view group);
Opened open_simulated(std::string_view text);

/// Any of them by its full name.
Opened open_port(const OwnerOptions& options, std::string_view name);

}  // namespace cradle::actuator
