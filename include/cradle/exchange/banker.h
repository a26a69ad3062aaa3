// The bank of a domain with its times and its log, still without clock and network.
#pragma once

#include <cstdint>

#include "cradle/exchange/participant.h"
#include "cradle/power/bank.h"

namespace cradle::exchange {

/// A bank keeps its books in memory. One that begins anew cannot know what the one before had granted: it waits a lease
/// and a hold, while it renews what it hears but grants nothing, and tells nodes of the earlier term to end.
class Banker {
 public:
  /// `budget`: coins above all floors. `term` must be greater than that of any bank before. `topology` must outlive it.
  Banker(const power::Topology& topology, const Pace& pace, Term term, std::int64_t budget, power::Ticks now,
         Deeds& deeds);

  /// False: not for a bank, or of another term.
  bool receive(const Packet& packet, power::Ticks now, Deeds& deeds);
  void set_budget(std::int64_t coins, Deeds& deeds);
  /// Who was silent for too long, what to say again.
  void tick(power::Ticks now, Deeds& deeds);
  power::Ticks next() const { return next_; }
  /// Ends the term: nothing more is renewed.
  void shut(Deeds& deeds) const;

  std::int64_t budget() const { return budget_; }
  const power::Bank& books() const { return bank_; }

 private:
  Record record(RecordKind kind) const;
  void declare_dead(power::Tile tile, Deeds& deeds);
  void post(Deeds& deeds);
  /// Calls `act` and logs what else than the accounts it changed.
  template <class Act>
  void keep_books(Deeds& deeds, Act&& act);

  std::uint32_t tiles_;
  Pace pace_;
  Term term_;
  std::int64_t budget_;
  power::Bank bank_;
  power::Silence silence_;
  power::Bank::Outbox outbox_;
  power::Ticks grants_from_, next_;
  bool grants_ = false;
};

}  // namespace cradle::exchange
