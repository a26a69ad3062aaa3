// Bounded exhaustive check of the escrow protocol and its bank: every order in which messages of three tiles can be
// sent, lost, doubled, reordered and overtaken by crashes, up to the bounds given. It drives escrow.h and bank.h, no
// model of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/escrow.h"

namespace cradle::power {

struct ModelCheckOptions {
  std::array<Coins, 3> held = {2, 2, 0};
  std::array<Coins, 3> demand = {1, 1, 2};
  bool line = false;  ///< tiles 0 - 1 - 2 in a line; else each two are partners
  /// Messages that a link can hold each way. One that is taken in may come again, in any order; a full link loses any
  /// one of them. Between a tile and its bank: one renewal and one closing each way.
  std::uint32_t channel = 1;
  /// Incarnations that may end, at any moment. That a lease ran out is the same as a crash; the bank may say so at any
  /// later moment, or never.
  std::uint32_t ends = 1;
  /// Runs are followed until a link has carried so many coins one way.
  std::uint32_t most_sent = 2;
  /// The bank may at any moment cut the budget to this, once; below 0: never.
  std::int64_t cut_to = -1;
  std::uint64_t most_states = 2'000'000;
  /// The rule under check; a test puts a broken one here to see that the check can fail.
  Step (*receive)(Node&, Link&, const Message&) = nullptr;
  ClosedLink (*close)(Link&, ClosedLink&, Incarnation) = nullptr;
};

struct ModelCheckOutcome {
  std::uint64_t states = 0;  ///< told apart by 128 bits of hash
  std::uint64_t transitions = 0;
  std::uint64_t bounded = 0;  ///< transitions not followed because of most_sent
  /// complete: longest of the shortest ways to a state. Else, without a violation: every run of so many steps was
  /// followed, and some longer ones.
  std::uint32_t depth = 0;
  bool complete = false;         ///< all states within the bounds were seen; false: most_states ended it
  std::string violation;         ///< empty: none found
  std::vector<std::string> way;  ///< to the violation, step by step; shortest
};

/// In every state: no balance below 0; what is held and can still be received, with the bank's pool, is within the
/// budget. From every state: if from now on no message is lost and nobody crashes, all coins are held again after some
/// rounds, and a cut is obeyed. bad_input: negative coins, no channel, more than 4 messages or ends, 1e6 coins.
Result<ModelCheckOutcome> check_model(const ModelCheckOptions& options);

}  // namespace cradle::power
