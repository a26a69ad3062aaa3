// The bank of a domain as a pure state machine: who holds how much under which lease, what a dead node took with it,
// and budgets that change. No clock: the caller says when somebody was silent for too long and when to say things
// again.
//
// Books. For every incarnation the bank knows `net`: coins granted to it less coins returned. When a partner tells what
// a closed link came to, that much moves from the partner's net to the dead one's. The sum over all is `outstanding`,
// and only grants, returns and recovery change it: held + in flight <= outstanding at every event, and outstanding <=
// budget but for the bounded time that a cut takes. Once every live partner has told, the dead one's net is what was
// lost with it; of dead ones with untold links between them, the sum of their nets is.
//
// Where many die, dead ones tied by untold links hang together: at some 1 / (2 x links x time until a death is known)
// deaths per tile and time the chain of those that wait for each other has no end, and nothing is ever recovered. So
// the bank says how far an incarnation may reach, and remembers the most that it ever said: a new one stands apart
// while many of the dead are unrecovered. Then it has its coins from the bank alone, no more than its share, and if it
// dies they are back at once, nobody asked. All far partners are asked only where few have died of late.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "cradle/power/escrow.h"
#include "cradle/power/scenario.h"
#include "cradle/power/topology.h"

namespace cradle::power {

/// Time in ticks of the caller's choice.
using Ticks = std::int64_t;

enum class BankMessageKind : std::uint8_t {
  renew,    ///< node to bank: I live; what I hold and ask for, what I got from you and returned
  renewed,  ///< bank to node: the lease goes on from the send time of your renewal; grants; the budget's epoch
  close,    ///< bank to node: close your link to this incarnation of this partner
  closed    ///< node to bank: what that link came to
};

/// With whom an incarnation may exchange.
enum class Reach : std::uint8_t {
  apart,   ///< with no partner
  narrow,  ///< near partners, and one far one that it asks (far_link_asked)
  wide     ///< all
};

struct BankMessage {
  BankMessageKind kind = BankMessageKind::renew;
  Incarnation incarnation = 0;           ///< of the node that sends it or is to have it
  std::uint32_t epoch = 0, keep = 0;     ///< renewed: the budget's; renew: the node's epoch
  Coins held = 0, demand = 0;            ///< renew
  std::uint32_t sent = 0, received = 0;  ///< renew, renewed: the sender's counts, modulo 2^32; closed: the link's
  Tile about = 0;                        ///< close, closed: the partner
  Incarnation about_incarnation = 0;     ///< close, closed
  bool leaving = false;                  ///< renew: it gives all back and is to be granted nothing more
  Reach reach = Reach::narrow;           ///< renewed
  Ticks time = 0;                        ///< renew: by the node's clock; renewed: of the last renewal heard
};

/// A node's side of its lease.
struct Lease {
  std::uint32_t sent = 0, received = 0;  ///< coins ever returned to the bank and ever granted by it
  bool known = false;                    ///< the bank knows this incarnation; until then it neither holds nor exchanges
  Reach reach = Reach::narrow;           ///< the most that the bank ever said
  Ticks ends = 0;                        ///< by the node's clock; then its watchdog must end the incarnation
};

/// What a node tells its bank. Coins set aside by a cut leave it here; so do those that a node which stands apart holds
/// and does not ask for.
BankMessage renew(Node& node, Lease& lease, Ticks now);

/// The bank's answer. True: tell the bank at once (coins came or a cut was obeyed). `length`: of a lease.
bool receive_renewed(Node& node, Lease& lease, const BankMessage& message, Ticks length);

/// The answer to a `close` that is for this incarnation; kind `close` where there is nothing to say.
BankMessage receive_close(const Node& node, Link& link, ClosedLink& last, const BankMessage& message);

/// Number of the link to the far partner that is asked in the `turn`-th far turn: all over and over, the furthest
/// first; where the reach is narrow and the torus has far strides, one alone, drawn by tile and incarnation. Coins move
/// over a far link only if one of its ends asks, so that the bank knows which links a dead one can have used: the
/// fewer, the less of the dead hangs together. Precondition: there are far partners.
std::uint32_t far_link_asked(const Topology& topology, Tile tile, Incarnation incarnation, Reach reach,
                             std::uint32_t turn);
bool asks_over(const Topology& topology, Tile tile, Incarnation incarnation, Reach reach, std::uint32_t link);

class Bank {
 public:
  struct Sent {
    Tile to = 0;
    BankMessage message;
  };
  using Outbox = std::vector<Sent>;

  /// All nodes begin with incarnation 1, known, holding what `held` says; the budget is its sum. `topology` must
  /// outlive the bank.
  Bank(const Topology& topology, const std::vector<Coins>& held, const std::vector<Coins>& demand);

  void receive(Tile from, const BankMessage& message, Outbox& out);
  /// Says that the node's incarnation is no more. The caller must have waited until its lease and the time that its
  /// actuator needs to reach the floor are over, counted from the last renewal that the bank heard.
  void declare_dead(Tile tile, Outbox& out);
  /// A smaller budget is announced to all at once; a larger one is granted to those who ask.
  void set_budget(std::int64_t coins, Outbox& out);
  /// Says again what has not been answered: links to close, cuts to obey. Begins a further cut where all have obeyed
  /// and too much is still outstanding. All dead at once: a call sends at most one message for each untold link of a
  /// dead one whose partner still counts as alive, and one to each node for a cut.
  void repeat(Outbox& out);

  std::int64_t budget() const { return budget_; }
  /// Granted and not returned, the unrecovered coins of the dead included.
  std::int64_t outstanding() const { return outstanding_; }
  std::int64_t pool() const { return budget_ > outstanding_ ? budget_ - outstanding_ : 0; }
  /// Coins ever taken back from the dead.
  std::int64_t recovered() const { return recovered_; }
  /// Dead incarnations whose coins are not yet recovered.
  std::size_t unrecovered() const { return dead_.size(); }
  bool waits_for(Tile tile, Incarnation incarnation) const { return dead_.count({tile, incarnation}) != 0; }
  /// The most that its incarnation was ever told.
  Reach reach(Tile tile) const { return members_[tile].reach; }
  bool alive(Tile tile) const { return members_[tile].alive; }
  Incarnation incarnation(Tile tile) const { return members_[tile].incarnation; }
  /// Coins ever granted to the last known incarnation of a node, and ever taken back from it, modulo 2^32.
  std::uint32_t granted(Tile tile) const { return members_[tile].sent; }
  std::uint32_t returned(Tile tile) const { return members_[tile].received; }
  bool obeyed() const { return outstanding_ <= budget_; }

  /// Asks for the memory that a message of this node will need soon.
  [[gnu::always_inline]] void expect(Tile tile) const { __builtin_prefetch(&members_[tile]); }

  /// All that a future depends on, times left out, in a form that is the same for the same state: for the exhaustive
  /// check.
  void describe(std::vector<std::int64_t>& out) const;

 private:
  struct alignas(64) Member {
    Incarnation incarnation = 1;
    std::uint32_t sent = 0, received = 0, acknowledged = 0;
    Coins demand = 0;
    std::uint32_t epoch = 0;
    std::int64_t net = 0;
    Ticks time = 0;
    Reach reach = Reach::narrow;
    bool alive = true, leaving = false;
  };
  struct Told {
    Incarnation partner = 0;  ///< who lived at the other end when it was declared dead; 0: nobody
    bool settled = false;
  };
  struct Dead {
    std::int64_t net = 0;
    std::vector<Told> told;  ///< by number of the link
    bool in_set = false;     ///< within recover() alone
  };
  using Name = std::pair<Tile, Incarnation>;

  Tile partner(Tile tile, std::size_t link) const;
  void watch_deaths();
  void extend_reach(Member& member) const;
  bool may_have_met(Tile tile, const Member& member, std::uint32_t link) const;
  BankMessage renewed(const Member& member) const;
  void take_renewal(Tile from, const BankMessage& message, Outbox& out);
  void take_closed(Tile from, const BankMessage& message, Outbox& out);
  void grant(Member& member, Coins held);
  void cut(Outbox& out);
  void ask_to_close(const Name& name, const Dead& dead, Outbox& out) const;
  bool lives(Tile tile, Incarnation incarnation) const {
    return members_[tile].alive && members_[tile].incarnation == incarnation;
  }
  void recover(Tile tile, Incarnation incarnation);

  const Topology* topology_;
  std::vector<Member> members_;
  std::map<Name, Dead> dead_;
  std::int64_t budget_ = 0, outstanding_ = 0, recovered_ = 0;
  std::int64_t pot_ = 0;  ///< the pool when it was last filled: what grants are shares of
  std::int64_t live_demand_ = 0;
  std::uint32_t living_ = 0;
  std::uint32_t epoch_ = 0, keep_ = 0;
  std::uint64_t renewals_ = 0, deaths_ = 0;  ///< of late
  bool quiet_ = false;                       ///< few had died
};

/// Who was silent for how long, in constant time per renewal.
class Silence {
 public:
  explicit Silence(std::uint32_t tiles) : last_(tiles, 0) {
    for (Tile tile = 0; tile < tiles; ++tile) heard_.push_back({0, tile});
  }
  /// `now` never goes back.
  void heard(Tile tile, Ticks now) {
    last_[tile] = now;
    heard_.push_back({now, tile});
  }
  /// Calls with each tile not heard since `before`, once.
  template <class Call>
  void expire(Ticks before, Call&& call) {
    while (!heard_.empty() && heard_.front().at < before) {
      const Heard first = heard_.front();
      heard_.pop_front();
      if (last_[first.tile] == first.at) call(first.tile);
    }
  }

 private:
  struct Heard {
    Ticks at;
    Tile tile;
  };
  std::vector<Ticks> last_;
  std::deque<Heard> heard_;
};

}  // namespace cradle::power
