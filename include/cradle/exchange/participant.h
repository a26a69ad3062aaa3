// A node's side of the exchange as a state machine without clock, network or device: what to say, when, and what to
// log.
#pragma once

#include <cstdint>
#include <vector>

#include "cradle/exchange/record.h"
#include "cradle/exchange/wire.h"
#include "cradle/power/bank.h"
#include "cradle/power/topology.h"

namespace cradle::exchange {

/// Times of a domain, the same at all nodes and the bank; ns.
struct Pace {
  power::Ticks period = 100'000'000;  ///< between two turns of a node
  power::Ticks lease = 5'000'000'000;
  power::Ticks hold = 1'000'000'000;  ///< from the end of a lease until a device is surely at its floor
  std::uint32_t far_every = 4;        ///< every so many turns a far partner; 0: never
  power::Ticks renewal() const { return lease / 5; }
};

/// What a state machine wants done, in this order: write the records, lower the device if coins left, send the packets.
/// Records have no time yet.
struct Deeds {
  std::vector<Record> records;
  std::vector<Packet> packets;
};

/// One node. The caller looks whether the incarnation is `over` before it calls anything else, and does nothing for one
/// that is, but end it.
class Participant {
 public:
  /// `topology` must outlive it.
  Participant(const power::Topology& topology, power::Tile number, const Pace& pace);

  /// Begins an incarnation that has never been before. The device must be at its floor.
  void begin(power::Incarnation incarnation, power::Ticks now, Deeds& deeds);
  /// The device is at its floor: the incarnation is no more.
  void end(Deeds& deeds);
  /// The lease has ended, or the bank has begun a new term: lower the device to its floor, `end`, and `begin` anew.
  bool over(power::Ticks now) const { return superseded_ || (lease_.known && now >= lease_.ends); }
  power::Ticks lease_ends() const { return lease_.ends; }

  /// What the node could use above its floor.
  void set_demand(power::Coins coins) { node_.demand = leaving_ ? 0 : coins; }
  /// A packet for this node. False: from no partner, of another term, or not for this incarnation; nothing changed.
  bool receive(const Packet& packet, power::Ticks now, Deeds& deeds);
  /// Turns and renewals that are due.
  void tick(power::Ticks now, Deeds& deeds);
  /// When the next is due.
  power::Ticks next() const;

  /// Returns all coins to the bank and takes no more part.
  void leave(power::Ticks now, Deeds& deeds);
  /// The bank has all of them.
  bool left() const;

  power::Incarnation incarnation() const { return node_.incarnation; }
  power::Coins held() const { return node_.held; }
  power::Coins demand() const { return node_.demand; }
  Term term() const { return term_; }
  bool known() const { return lease_.known; }

 private:
  struct End {
    power::Link link;
    power::ClosedLink closed;
  };
  power::Tile partner(std::uint32_t link) const;
  std::uint32_t choose();
  void turn(Deeds& deeds);
  bool receive_peer(power::Tile from, const power::Message& message, Deeds& deeds);
  bool receive_bank(Term term, const power::BankMessage& message, power::Ticks now, Deeds& deeds);
  bool receive_close(const power::BankMessage& message, Deeds& deeds);
  void tell_bank(power::Ticks now, Deeds& deeds);
  Record record(RecordKind kind) const;
  void note_purse(Deeds& deeds) const;

  const power::Topology* topology_;
  power::Tile number_;
  Pace pace_;
  std::uint32_t near_ = 0;
  std::vector<End> ends_;  ///< by number of the link
  power::Node node_;
  power::Lease lease_;
  Term term_ = 0;
  bool superseded_ = false, leaving_ = false, asked_again_ = false;
  std::uint32_t returned_ = 0;  ///< of the coins sent to the bank, what it said that it has
  std::uint32_t turns_ = 0, next_near_ = 0, next_far_ = 0;
  power::Ticks next_turn_ = 0, next_renewal_ = 0;
};

}  // namespace cradle::exchange
