// What a run of token exchange came to; the same figures for every protocol and engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/power/scenario.h"

namespace cradle::power {

enum class Protocol : std::uint8_t {
  escrow,     ///< ours (escrow.h)
  published,  ///< BlitzCoin's status/update exchange, as released
  c_rr,       ///< centralised round-robin: one manager polls the tiles one by one
  optimal,    ///< centralised, proportional share by largest remainder (BC-C)
  ring,       ///< TokenSmart: one pool of tokens visits the tiles in turn
  fixed       ///< static fair share: budget / tiles, never moved; written "static"
};
Result<Protocol> parse_protocol(std::string_view text, std::string where);
const char* to_string(Protocol protocol);

/// Every so many turns of a tile go to a far partner where nobody says otherwise. Published: 17, as in all released
/// configurations. Ours: 4. Seldom far turns leave a coin that must cross the die waiting for them, so that on small
/// dies the response grows nearly with the number of tiles; more of them bring little and load the network.
constexpr std::uint32_t usual_far_every(Protocol protocol) { return protocol == Protocol::published ? 17 : 4; }

/// A period is the time between two turns of a tile. Unset optionals: never came to it within the run.
struct PowerOutcome {
  Protocol protocol = Protocol::escrow;
  /// Until the mean error stays below one coin; where demands are drawn anew in between, from the last time on.
  std::optional<double> settle_periods;
  double residual_coins = 0;  ///< mean error at the end
  double periods = 0;         ///< how long the run was
  std::int64_t budget = 0;    ///< coins, floors included
  /// Largest sum of positive balances above the budget in force, in percent of that; in flight counted for those that
  /// debit first. After a cut the smaller budget is in force at once: until it is obeyed all above it counts. Where
  /// nothing is in force any more, neither coins nor floors: in percent of the budget at the start.
  double over_budget_max_percent = 0;
  double over_budget_max_coins = 0;
  double over_budget_coin_periods = 0;  ///< integral of what was above: coins x periods (W x s with a coin's watts)
  /// Most of the integral over time of (load / budget)^2 - 1, in periods; it falls again below the budget, not below 0.
  /// An inverse-time breaker rated for the budget trips where it passes the breaker's tolerance.
  double breaker_heat_periods = 0;
  std::int64_t min_balance = 0;
  double coins_lost_percent = 0;         ///< of the budget, neither held nor in flight at the end; 100 at most
  double coins_made_percent = 0;         ///< of the budget, held or in flight at the end beyond it
  double coins_recovered_percent = 100;  ///< of what crashes took with them; 100 without crashes
  double messages_per_tile_period = 0;
  /// Jain's index at the end, over tiles that ask, of what is held (up to the demand) over weighted water-filling of
  /// all that is held: a tile's weight is what it asks for, which is what exchange aims at; jain_max_min: of the same
  /// over water-filling with all weights 1. Floors are each tile's own and stay out of it. c-rr: of the mean over its
  /// last round. Unset where nothing is held.
  std::optional<double> jain, jain_max_min;
  double throughput = 0;     ///< see throughput(); at the end; c-rr: mean over its last round
  std::uint64_t events = 0;  ///< wakes and deliveries, or exchanges
  /// Events after which more was held and in flight than the protocol had promised at the time (escrow: the budget, the
  /// one before until a smaller one is obeyed), its books were wrong, or a balance was below 0.
  std::uint64_t violations = 0;
  bool interrupted = false;         ///< stopped by the caller before its end
  std::vector<double> error_trace;  ///< mean error at the end of each period; for plots
};

/// What a tile gets done with the coins it holds, weighted by what it asks for, over all tiles: sum of demand x
/// f(min(held, demand) / demand) by sum of demand; 1: nobody lacks anything. f is the cube root: voltage follows
/// frequency, so power goes with frequency cubed. As f is concave no division of a budget below the sum of demand does
/// better than the proportional one. Without any demand: 1.
double throughput(const std::vector<Coins>& held, const std::vector<Coins>& demand);

/// Sets both indices of Jain from what is held and asked for.
void judge_fairness(PowerOutcome& outcome, const std::vector<Coins>& held, const std::vector<Coins>& demand);

}  // namespace cradle::power
