// Who decides what each device may draw: token exchange in the tree, and what it is compared with.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/parallel.h"
#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/hierarchy/tree.h"

namespace cradle::hierarchy {

enum class ManagerKind : std::uint8_t {
  exchange,  ///< ours: siblings exchange coins, parents issue and recall them, every coin is held by one node
  dynamo,    ///< three bands: leaf controllers every 3 s, upper ones every 9 s (Wu et al., ISCA 2016)
  gradient,  ///< budgets follow the gain per watt: servers every second, clusters every 4 s (as PowerGrad describes)
  fixed      ///< the budget over the devices, never moved; written "static"
};
Result<ManagerKind> parse_manager(std::string_view text, std::string where);
const char* to_string(ManagerKind kind);

/// One device's share of speed when it may draw `held` of the `demand` above its floor: (held / demand)^(1 / exponent),
/// 1 without demand. Dynamic power grows with the square to the cube of the clock; 2 is what servers between their
/// lowest and highest clock come close to.
double speed(double held, double demand, double exponent = 2);

struct ManagerOptions {
  Quanta budget = 0;                 ///< of the site, floors included
  std::int32_t floor = 0;            ///< of every device: granted for ever
  std::vector<std::int32_t> weight;  ///< of the devices by number modulo the size, >= 1; empty: 1 for all
  unsigned threads = 0;              ///< 0: one per processor
  double speed_exponent = 2;         ///< for managers that follow gains
  std::uint64_t seed = 1;
  /// Chance, each second, that a server falls silent with all that it holds; it is back after `down_seconds`.
  double crash_per_second = 0;
  std::int64_t down_seconds = 300;
  std::int64_t lease_seconds = 2;  ///< a silent node's coins are its parent's again after the lease and one second
};

/// What a device may draw: its floor and `held`. Uses its memory again from second to second.
class Manager {
 public:
  /// bad_input: a budget below the sum of the floors, a rating that cannot hold the floors below it, weights < 1.
  static Result<std::unique_ptr<Manager>> make(ManagerKind kind, const Tree& tree, const ManagerOptions& options,
                                               std::string where);
  /// `threads` as in the options.
  explicit Manager(unsigned threads = 1) : team_(threads) {}
  virtual ~Manager() = default;

  /// One second: demand above the floors in, what may be drawn above the floors out. Devices of a silent server hold 0.
  virtual void step(std::int64_t second, std::span<const std::int32_t> demand, std::span<std::int32_t> held) = 0;
  /// From the next step on; bad_input below the sum of the floors: nothing changes.
  virtual Result<void> set_budget(Quanta budget) = 0;

  /// Messages to or from nodes above the devices' parents, since the start.
  std::uint64_t messages() const { return messages_; }
  /// Seconds and nodes at which children together held more than their parent, or a balance was negative.
  std::uint64_t violations() const { return violations_; }
  /// By device: true while its server is silent. Empty: never.
  const std::vector<char>& silent_servers() const { return silent_; }
  /// For what goes over all devices between two steps: one team, whose threads are awake from the step before.
  ThreadTeam& team() { return team_; }

 protected:
  // NOLINTBEGIN(readability-identifier-naming): named as private members are
  std::uint64_t messages_ = 0, violations_ = 0;
  std::vector<char> silent_;
  ThreadTeam team_;
  // NOLINTEND(readability-identifier-naming)
};

}  // namespace cradle::hierarchy
