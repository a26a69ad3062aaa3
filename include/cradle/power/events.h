// Token exchange with latencies: every message takes its time, may be lost, doubled or overtaken; tiles crash and begin
// anew, parts are cut off, budgets change. After every event it is checked that no coin is where it must not be.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/outcome.h"
#include "cradle/power/published_protocol.h"
#include "cradle/power/scenario.h"
#include "cradle/power/topology.h"

namespace cradle::power {

/// From `from` until `until` (periods) the tiles first .. first + tiles - 1 reach neither the others nor the bank.
struct Partition {
  double from = 0, until = 0;
  Tile first = 0;
  std::uint32_t tiles = 0;
};

/// At `at` (periods) the budget above the floors becomes `part` of what it was at the start.
struct BudgetChange {
  double at = 0;
  double part = 1;
};

/// Times are in periods, a period being the time between two turns of a tile. Escrow and the published protocol draw
/// the same wakes, crashes and changes of demand from one seed.
struct EventOptions {
  Protocol protocol = Protocol::escrow;  ///< escrow or published
  PublishedOptions published;
  double periods = 100;
  std::uint64_t most_events = 0;  ///< the run ends with the period in which it came to so many; 0: no limit
  std::uint64_t seed = 1;

  double latency = 0.07;  ///< of a message between tiles, and for each hop more:
  double hop_latency = 0.01;
  double bank_latency = 0.25;
  double jitter = 0.05;       ///< the time between two turns varies by so much up and down
  double loss = 0;            ///< probability for each message
  double duplicate = 0;       ///< of being delivered a second time, later
  double reorder = 0;         ///< of being up to four times as late
  double crash = 0;           ///< at each turn
  double crash_until = 1e18;  ///< no crashes later
  double down = 5;            ///< until a crashed tile begins anew

  double lease = 20, hold = 2;  ///< hold: until an actuator has reached the floor
  double renew = 4;             ///< between two renewals; a quarter of it while one is not answered
  std::uint32_t far_every = usual_far_every(Protocol::escrow);  ///< every so many turns a far partner; 0: never
  /// Working dynamic timing: an exchange that moves nothing makes a tile's interval half as long again, up to
  /// `slowest`; one that moves coins makes it a quarter, down to `fastest`.
  double fastest = 1, slowest = 1;
  /// Each so many periods every tile draws anew whether it asks, and with which of the demands that were asked for at
  /// the start; 0: never. Settling counts from the last time on. What is due at the very end of the run is left out,
  /// and what is told of a moment is told before a redraw at it.
  double activity = 0;
  double asking = 0.5;  ///< with this probability
  std::vector<Partition> partitions;
  std::vector<BudgetChange> changes;

  /// No latency, no loss: in each period the pairs of one matching exchange, as the synchronous engine does.
  bool lock_step = false;
  double trace_every = 1;  ///< periods between two entries of the error trace; settling is seen at this grain
  std::function<void(std::uint64_t period, const std::vector<Coins>& held)> on_period;
  std::function<bool(std::uint64_t period)> go_on;  ///< asked after each period; false: the run ends there
};

struct EventOutcome : PowerOutcome {
  std::uint64_t crashes = 0;    ///< incarnations that ended, by a crash or by their watchdog
  std::int64_t lost = 0;        ///< coins that ended ones took with them, in flight included
  std::int64_t recovered = 0;   ///< coins that the bank took back; never more than was lost
  std::int64_t waiting = 0;     ///< coins in the bank's pool at the end
  double recovery_periods = 0;  ///< longest time that a dead incarnation's coins were not all recovered, from its
                                ///< declaration on
  double recovered_in_lease_percent = 100;  ///< of the coins of those declared dead and recovered, or declared more
                                            ///< than a lease ago: recovered within one lease of the declaration
  /// Longest time until all that was outstanding was within a smaller budget; unset: no cut took any, or one was never
  /// obeyed, neither before the budget was raised again nor before the run ended.
  std::optional<double> obey_periods;
  std::uint64_t bank_messages = 0;
};

/// bad_input with key and hint: tiles that do not fit the topology, a probability outside 0 .. 1, a time that is
/// negative or not finite, a lease not longer than a renewal takes, a protocol that has no events, changes out of order
/// or two at one moment, changes for the published protocol (it knows none).
Result<EventOutcome> run_events(const Topology& topology, const Tiles& tiles, const EventOptions& options);

}  // namespace cradle::power
