// What token exchange is compared with: centralised round-robin, centralised optimal, a token ring, a static share; as
// latency models of one constant.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/outcome.h"
#include "cradle/power/scenario.h"
#include "cradle/power/topology.h"

namespace cradle::power {

/// The one calibration: what it costs software to deal with one tile, in cycles of the tiles' interconnect: read what
/// it does, keep the lists, write what it may draw. No release states it. It is chosen so that on the released 3x3
/// system the mean response of round-robin takes ten times that of exchange, the middle of the published "8x-12x"
/// (BlitzCoin, ISCA 2024, abstract); the 4x4 system and everything larger are then predictions. compare_response()
/// shows the ratios, calibrate_step_cycles() the choice.
inline constexpr std::uint32_t calibrated_step_cycles = 650;

/// How often exchange asks a far partner where its response is compared. Half of the neighbours are idle there and pass
/// nothing on, so on few tiles far turns pay. With it the 3x3 system settles in some 335 cycles; the released unit took
/// 321 in a simulation of its open RTL under like changes of activity (to 2 coins, 3 cycles and 1 per hop a message).
/// With far turns each 4th, 8th or 16th period (the releases: 17th exchange), calibrated likewise on the 3x3 system,
/// the 4x4 system comes to 12 instead of 10.
inline constexpr std::uint32_t response_far_every = 2;

struct BaselineOptions {
  Protocol protocol = Protocol::c_rr;  ///< c_rr, optimal, ring or fixed
  std::uint32_t step_cycles = calibrated_step_cycles;
  std::uint32_t period_cycles = 100;  ///< of exchange: the released 3x3 system asks every 100 or so cycles
  std::uint64_t seed = 1;             ///< where the manager (the pool) is in its round when demand changes
};

/// Tiles at the moment that demand changed: what is held was granted for what was asked before, a tile without coins
/// asked for nothing. Changes `tiles.held` to what the baseline grants. settle_periods: until its own grants stand (a
/// baseline does not aim at less than a coin from the proportional share); residual, Jain and throughput say what they
/// are worth.
///
/// c_rr, as the released programs do it: lists run (at Pmax, here the demand), idle (at Pmin, here a tenth of it) and
/// wait. A step polls one tile, takes back what it held if it finished or lets it wait if it started, moves the head of
/// run to idle, then promotes waiting, then idle tiles to Pmax while it fits, and starts waiting ones at Pmin. Its
/// grants stand once every tile that changed was polled and none waits; they rotate for ever after, and what they are
/// worth is the mean over one more round.
///
/// optimal (BC-C): the manager ends the round that it is in, then collects all, computes in no time, and grants all
/// their proportional share, those that lose first. Half a step to collect from a tile, half to grant.
///
/// ring (TokenSmart, TACO 2022, without its MIPS test, as the need is known): one pool visits tile after tile, a step
/// each. A tile puts back what it does not need, takes 1, 2, 4, ... up to 32 tokens more at each visit. When the pool
/// has come by empty to 32 tiles in want: fair mode, none keeps more than the budget over the tiles that ask.
///
/// fixed: budget / tiles each, at once and for ever.
///
/// The error trace is left empty beyond 100,000 periods. bad_input: what check() refuses, a protocol that is no
/// baseline, cycles of 0.
Result<PowerOutcome> run_baseline(const Topology& topology, Tiles& tiles, const BaselineOptions& options);

/// A system of the released BlitzCoin programs (github.com/sld-columbia/esp, Apache-2.0, main and branch epochs-pm).
struct ReleasedSystem {
  struct Managed {
    std::uint32_t column, row;
    const char* what;
    Coins most_coins;
    std::int32_t most_power, least_power;  ///< of round-robin; the files state no unit, milliwatts fit
  };
  const char* name;
  std::uint32_t columns, rows;
  std::vector<Managed> tiles;
  Coins coins;
  std::int32_t power;           ///< of round-robin: its budget
  std::uint32_t period_cycles;  ///< between two exchanges of a tile
};
const std::vector<ReleasedSystem>& released_systems();

/// Its managed tiles, in their order. Near partners: the next managed tile each way along row and column, around the
/// edge, which the releases leave to the boot program and we assume; far ones: all others (the unit has a mask of
/// them).
Topology topology_of(const ReleasedSystem& system);

/// Mean over `draws` changes of activity: each tile is at work or not with probability 1/2 before and again after it.
/// Exchange: rounds of escrow from the shares before, until the mean error stays below one coin; round-robin: until
/// all that changed was polled and none waits. A change that leaves exchange nothing to do is drawn again, at most ten
/// times as often as there are draws.
struct ResponseComparison {
  std::uint32_t tiles = 0;
  std::uint32_t draws = 0;                             ///< that the means are over
  std::uint32_t unsettled = 0;                         ///< changes after which exchange did not settle, left out
  double exchange_cycles = 0, round_robin_cycles = 0;  ///< means
  double ratio() const { return exchange_cycles > 0 ? round_robin_cycles / exchange_cycles : 0; }
};
ResponseComparison compare_response(const ReleasedSystem& system, std::uint32_t step_cycles, std::uint32_t draws,
                                    std::uint64_t seed);
/// The same for a torus of the released 3x3 system's period, tiles that ask for 32 coins and 8 coins for each tile.
ResponseComparison compare_response(const Topology& torus, std::uint32_t step_cycles, std::uint32_t draws,
                                    std::uint64_t seed);

/// The step with which round-robin takes `ratio` times as long as exchange on `system`.
std::uint32_t calibrate_step_cycles(const ReleasedSystem& system, double ratio, std::uint32_t draws,
                                    std::uint64_t seed);

}  // namespace cradle::power
