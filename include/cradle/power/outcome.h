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

/// A period is the time between two turns of a tile. Unset optionals: never came to it within the run.
struct PowerOutcome {
  Protocol protocol = Protocol::escrow;
  std::optional<double> settle_periods;  ///< until the mean error stays below one coin
  double residual_coins = 0;             ///< mean error at the end
  double periods = 0;                    ///< how long the run was
  std::int64_t budget = 0;               ///< coins, floors included
  /// Largest sum of positive balances above the budget, in percent of it; in flight counted for those that debit first.
  double over_budget_max_percent = 0;
  double over_budget_coin_periods = 0;  ///< integral of what was above: coins x periods (W x s with a coin's watts)
  std::int64_t min_balance = 0;
  double coins_lost_percent = 0;         ///< of the budget, neither held nor in flight at the end
  double coins_recovered_percent = 100;  ///< of what crashes took with them; 100 without crashes
  double messages_per_tile_period = 0;
  double jain = 1;               ///< of held over proportional share, at the end; c-rr: of the mean over its last round
  double throughput = 0;         ///< see throughput(); at the end; c-rr: mean over its last round
  std::uint64_t events = 0;      ///< wakes and deliveries, or exchanges
  std::uint64_t violations = 0;  ///< events after which held + in flight was above the budget or a balance below 0
  std::vector<double> error_trace;  ///< mean error at the end of each period; for plots
};

/// What a tile gets done with the coins it holds, weighted by what it asks for, over all tiles: sum of demand x
/// f(min(held, demand) / demand) by sum of demand; 1: nobody lacks anything. f is the cube root: voltage follows
/// frequency, so power goes with frequency cubed. As f is concave no division of a budget below the sum of demand does
/// better than the proportional one. Without any demand: 1.
double throughput(const std::vector<Coins>& held, const std::vector<Coins>& demand);

}  // namespace cradle::power
