// The escrow protocol and its bank on the event loop. The loop sees all tiles at once, so it knows at every event where
// each coin is: held, in flight, or gone with a dead incarnation. Against that the protocol's own books are checked.
#include <bit>
#include <optional>
#include <utility>
#include <vector>

#include "cradle/power/bank.h"
#include "event_loop.h"

namespace cradle::power {

namespace {

class EscrowEvents : public EventLoop<EscrowEvents, Message> {
  using Base = EventLoop<EscrowEvents, Message>;
  friend Base;

 public:
  EscrowEvents(const Topology& topology, const Tiles& tiles, const EventOptions& options)
      : Base(topology, tiles, options),
        members_(topology.tiles()),
        bank_(topology, tiles.held, tiles.demand),
        silence_(topology.tiles()),
        bank_mail_(5 * bank_latency()) {
    RandomStream phases(options.seed, "power.renewals");
    // The links to near partners lie together: nearly all that happens is on them.
    std::uint32_t first = 0;
    for (Tile tile = 0; tile < topology.tiles(); ++tile) {
      members_[tile].near = static_cast<std::uint16_t>(topology.near(tile).size());
      members_[tile].links = static_cast<std::uint16_t>(topology.links(tile));
      members_[tile].near_first = first;
      near_first_.push_back(first);
      first += members_[tile].near;
    }
    for (Member& member : members_) {
      member.far_first = first - member.near;
      first += static_cast<std::uint32_t>(member.links - member.near);
    }
    ends_.resize(first);
    closed_.resize(first);
    ghosts_.resize(first);
    leases_.resize(topology.tiles());
    bank_ghosts_.resize(topology.tiles());
    for (Tile tile = 0; tile < topology.tiles(); ++tile) {
      Member& member = members_[tile];
      member.node.held = tiles.held[tile];
      member.node.demand = tiles.demand[tile];
      member.takes_part = member.exchanges = true;
      for (std::uint32_t link = 0; link < member.links; ++link) {
        End& end = ends_[member.at(link)];
        end.peer = peer_of(topology, tile, link, options);
        end.link.partner = 1;
      }
      leases_[tile].known = true;
      leases_[tile].received = static_cast<std::uint32_t>(tiles.held[tile]);
      leases_[tile].ends = lease();
      held_ += tiles.held[tile];
      timers_.push(0, 1 + static_cast<Ticks>(phases.below(static_cast<std::uint64_t>(renewal()))),
                   {tile, TimerKind::renew});
      timers_.push(0, lease(), {tile, TimerKind::watchdog});
    }
    for (End& end : ends_) end.peer.at = members_[end.peer.tile].at(end.peer.link);
    promised_ = granted_at_start_ = held_;
    lost_with_.resize(topology.tiles());
    outcome_.protocol = Protocol::escrow;
  }

 private:
  struct alignas(32) End {
    Link link;
    Peer peer;
  };
  /// What a dead incarnation had sent over a link to that incarnation of its partner.
  struct Ghost {
    Incarnation from = 0, to = 0;
    std::uint32_t sent = 0;
  };
  struct alignas(64) Member {
    Node node;
    std::uint64_t unsure = 0;  ///< links with coins in flight, by number; those above 63 simply wait for their turn
    std::uint32_t near_first = 0, far_first = 0;  ///< of its links; far_first: less the number of near ones
    std::uint16_t links = 0, near = 0;
    bool takes_part = false;      ///< up, and known to the bank
    bool exchanges = false;       ///< and let exchange with partners
    bool asked_again = false;     ///< its last turn
    Reach reach = Reach::narrow;  ///< that of its lease
    std::uint32_t at(std::uint32_t link) const { return (link < near ? near_first : far_first) + link; }
  };
  struct Mail {
    Tile tile = 0;
    bool to_bank = false;
    BankMessage message;
  };
  struct Declared {
    Tile tile;
    Incarnation incarnation;
    Ticks at;
    std::int64_t coins;  ///< lost with it
  };

  Ticks lease() const { return lease_; }
  Ticks renewal() const { return renewal_; }
  Ticks bank_latency() const { return bank_latency_; }

  // -- The truth -------------------------------------------------------------------------------------------------

  /// Coins in flight that nobody can receive any more.
  void strand(std::int64_t coins) {
    flight_ -= coins;
    gone_ += coins;
  }

  void judge(const Node& node) {
    const std::int64_t exists = held_ + flight_;
    const std::int64_t waiting = gone_ - bank_.recovered();
    if (node.held < 0 || waiting < 0 || exists > bank_.outstanding() || exists + waiting != bank_.outstanding() ||
        bank_.outstanding() > promised_)
      ++outcome_.violations;
    if (node.held < outcome_.min_balance) outcome_.min_balance = node.held;
    load(exists);
  }

  bool lives(Tile tile, Incarnation incarnation) const {
    return members_[tile].takes_part && members_[tile].node.incarnation == incarnation;
  }

  /// What incarnation `from` of the peer ever sent over this link to `to`.
  std::uint32_t sent_to(const Peer& peer, Incarnation from, Incarnation to) const {
    const Link& link = ends_[peer.at].link;
    if (lives(peer.tile, from)) return link.partner == to ? link.sent : 0;
    const Ghost& ghost = ghosts_[peer.at];
    return ghost.from == from && ghost.to == to ? ghost.sent : 0;
  }

  /// far_link_asked for a turn below the number of far partners.
  std::uint32_t far_asked(Tile tile, std::uint32_t turn) const {
    const Member& member = members_[tile];
    if (member.reach == Reach::wide) return member.links - 1U - turn;
    return far_link_asked(topology_, tile, member.node.incarnation, member.reach, turn);
  }

  // -- Tiles -----------------------------------------------------------------------------------------------------

  void turn(Tile tile) {
    Member& member = members_[tile];
    if (!member.exchanges || member.links == 0) return;
    std::uint32_t link = 0;
    if (member.unsure != 0 && !member.asked_again) {
      // Those after the last one first, so that a dead partner does not keep the others waiting.
      const std::uint64_t later = member.unsure & (~std::uint64_t{0} << (clocks_[tile].near & 63U));
      link = static_cast<std::uint32_t>(std::countr_zero(later != 0 ? later : member.unsure));
      member.asked_again = true;
    } else {
      link = next_link(tile, member.near, member.links);
      if (link >= member.near) link = far_asked(tile, clocks_[tile].far - 1U);
      member.asked_again = false;
    }
    const End& end = ends_[member.at(link)];
    send(tile, end.peer, ask(member.node, end.link));
    judge(member.node);
  }

  void deliver(Tile tile, std::uint32_t at, std::uint16_t number, const Message& message) {
    Member& member = members_[tile];
    if (!member.exchanges) return;
    End& end = ends_[at];
    const Node node = member.node;
    const Link link = end.link;
    const Step step = receive(member.node, end.link, message);
    if (step.outcome == Outcome::dropped) return judge(member.node);
    const auto given = static_cast<std::int32_t>(end.link.sent - link.sent);
    const auto taken = static_cast<std::int32_t>(end.link.received - link.received);
    held_ += member.node.held - node.held;
    flight_ += member.node.aside - node.aside + given - taken;
    if (end.link.partner != link.partner && link.partner != 0)
      strand(sent_to(end.peer, link.partner, member.node.incarnation));
    if (given > 0 && !lives(end.peer.tile, end.link.partner)) strand(given);
    if (number < 64) {
      const std::uint64_t bit = std::uint64_t{1} << number;
      member.unsure = end.link.in_flight() != 0 ? member.unsure | bit : member.unsure & ~bit;
    }
    judge(member.node);
    if (given > 0 || taken > 0) {
      moved(tile);
    } else if (message.kind == MessageKind::answer) {
      stood_still(tile);
    }
    if (member.node.aside > 0) tell_bank(tile);
    if (step.outcome == Outcome::reply) send(tile, end.peer, step.reply);
  }

  /// The end of an incarnation: what it held, what was on its way to it, and what it sent is told apart.
  void end(Tile tile) {
    Member& member = members_[tile];
    Node& node = member.node;
    Lease& lease = leases_[tile];
    held_ -= node.held;
    gone_ += node.held;
    std::int64_t on_the_way = node.aside;
    if (bank_.alive(tile) && bank_.incarnation(tile) == node.incarnation)
      on_the_way += static_cast<std::int32_t>(bank_.granted(tile) - lease.received);
    if (lease.sent != 0) bank_ghosts_[tile] = {node.incarnation, 0, lease.sent};
    for (std::uint32_t number = 0; number < member.links; ++number) {
      End& end = ends_[member.at(number)];
      const Link link = end.link;
      end.link = {};
      closed_[member.at(number)] = {};
      if (link.partner == 0) continue;
      on_the_way += static_cast<std::int32_t>(sent_to(end.peer, link.partner, node.incarnation) - link.received);
      // To a partner that ended before, it was accounted for then.
      if (link.sent != 0 && lives(end.peer.tile, link.partner))
        ghosts_[member.at(number)] = {node.incarnation, link.partner, link.sent};
    }
    strand(on_the_way);
    lost_with_[tile] += on_the_way + node.held;
    begin_anew(node);
    lease = {};
    member.takes_part = member.exchanges = false;
    member.unsure = 0;
    judge(node);
  }

  void restart(Tile tile) {
    members_[tile].node.demand = demand(tile);
    tell_bank(tile);
    timers_.push(now_, now_ + renewal() / 4, {tile, TimerKind::renew});
  }

  void timer(Tile tile, TimerKind kind) {
    if (clocks_[tile].down) return;
    Lease& lease_now = leases_[tile];
    if (kind == TimerKind::watchdog) {
      if (!lease_now.known) return;
      if (lease_now.ends > now_) {
        timers_.push(now_, lease_now.ends, {tile, TimerKind::watchdog});
        return;
      }
      ++outcome_.crashes;
      end(tile);
      tell_bank(tile);
      return;
    }
    tell_bank(tile);
    // An answer to the last renewal would have put the end of the lease further off.
    const bool late = !lease_now.known || lease_now.ends - now_ < lease() - renewal() - 3 * bank_latency();
    timers_.push(now_, now_ + (late ? std::max<Ticks>(1, renewal() / 4) : renewal()), {tile, TimerKind::renew});
  }

  void demand_changed(Tile tile) {
    if (!clocks_[tile].down) members_[tile].node.demand = demand(tile);
  }

  [[gnu::always_inline]] void soon(Tile tile, std::uint32_t at) {
    __builtin_prefetch(&members_[tile]);
    if (!ends_.empty()) __builtin_prefetch(ends_.data() + at);
  }
  [[gnu::always_inline]] void soon(Tile tile) {
    soon(tile, near_first_[tile]);
    if (!ends_.empty()) __builtin_prefetch(ends_.data() + near_first_[tile] + 2);
  }
  /// `turn`: number of its far turn; that after the last is the first again.
  [[gnu::always_inline]] void far_soon(Tile tile, std::uint32_t turn) {
    const Member& member = members_[tile];
    const std::uint32_t far = member.links - member.near;
    if (far > 0) __builtin_prefetch(&ends_[member.at(far_asked(tile, turn < far ? turn : 0))]);
  }

  // -- The bank --------------------------------------------------------------------------------------------------

  void post(Tile tile, bool to_bank, const BankMessage& message) {
    ++outcome_.bank_messages;
    ++sums_.messages;
    const std::uint64_t draw = bank_network_.next();
    if ((draw & 0xffffffffU) < static_cast<std::uint64_t>(options_.loss * 4294967296.0) || cut_off(tile)) return;
    Ticks latency = bank_latency();
    const double fate = static_cast<double>((draw >> 32) & 0xffffU) / 65536;
    const auto later = [&] {
      return static_cast<Ticks>(bank_network_.below(static_cast<std::uint64_t>(3 * bank_latency()) + 1));
    };
    if (fate < options_.reorder) latency += later();
    bank_mail_.push(now_, now_ + latency, {tile, to_bank, message});
    if (static_cast<double>(draw >> 48) / 65536 < options_.duplicate)
      bank_mail_.push(now_, now_ + latency + later(), {tile, to_bank, message});
  }

  void tell_bank(Tile tile) {
    Node& node = members_[tile].node;
    const Coins held = node.held;
    const BankMessage message = renew(node, leases_[tile], now_);
    // What stands apart returns what it does not ask for; what was set aside was in flight already.
    held_ -= held - node.held;
    flight_ += held - node.held;
    post(tile, true, message);
  }

  /// Everything that the bank does, with the truth kept up.
  template <class Act>
  void bank_acts(Act&& act) {
    const std::int64_t before = bank_.outstanding() + bank_.recovered();
    const std::size_t dead = bank_.unrecovered();
    outbox_.clear();
    act();
    // Grants went out, returned coins came in; recovery changes neither.
    flight_ += bank_.outstanding() + bank_.recovered() - before;
    for (const Bank::Sent& sent : outbox_) post(sent.to, false, sent.message);
    if (bank_.unrecovered() == dead && dead == declared_.size()) return;
    std::erase_if(declared_, [&](const Declared& one) {
      if (bank_.waits_for(one.tile, one.incarnation)) return false;
      outcome_.recovery_periods =
          std::max(outcome_.recovery_periods, static_cast<double>(now_ - one.at) / ticks_per_period);
      (now_ - one.at <= lease() ? in_time_ : late_) += one.coins;
      return true;
    });
  }

  /// What the dead one had returned and the bank never got.
  void before_declaration(Tile tile) {
    if (!bank_.alive(tile)) return;
    // What was granted to an incarnation that has not heard of it: should it still hear, its lease is over.
    if (!clocks_[tile].down && members_[tile].node.incarnation == bank_.incarnation(tile) && !leases_[tile].known) {
      const auto unheard = static_cast<std::int32_t>(bank_.granted(tile) - leases_[tile].received);
      strand(unheard);
      lost_with_[tile] += unheard;
    }
    declared_.push_back({tile, bank_.incarnation(tile), now_, std::exchange(lost_with_[tile], 0)});
    const Ghost& ghost = bank_ghosts_[tile];
    if (ghost.from == bank_.incarnation(tile)) strand(static_cast<std::int32_t>(ghost.sent - bank_.returned(tile)));
  }

  void bank_receives(const Mail& mail) {
    const BankMessage& message = mail.message;
    if (message.kind == BankMessageKind::renew && message.incarnation > bank_.incarnation(mail.tile))
      before_declaration(mail.tile);
    const bool same = message.incarnation == bank_.incarnation(mail.tile);
    const std::uint32_t granted = same ? bank_.granted(mail.tile) : 0;
    bank_acts([&] { bank_.receive(mail.tile, message, outbox_); });
    if (message.kind != BankMessageKind::renew || message.incarnation != bank_.incarnation(mail.tile)) return;
    silence_.heard(mail.tile, now_);
    const auto fresh = static_cast<std::int32_t>(bank_.granted(mail.tile) - granted);
    const bool there = !clocks_[mail.tile].down && members_[mail.tile].node.incarnation == message.incarnation;
    if (!there) strand(fresh);
  }

  void node_receives(const Mail& mail) {
    if (clocks_[mail.tile].down) return;
    Member& member = members_[mail.tile];
    Node& node = member.node;
    if (mail.message.kind == BankMessageKind::close) {
      if (!member.takes_part) return;
      const auto number = topology_.link(mail.tile, mail.message.about);
      End& end = ends_[member.at(*number)];
      const Link link = end.link;
      const BankMessage answer = receive_close(node, end.link, closed_[member.at(*number)], mail.message);
      if (answer.kind != BankMessageKind::closed) return;
      if (link.partner != 0 && end.link.partner == 0) {
        strand(static_cast<std::int32_t>(sent_to(end.peer, link.partner, node.incarnation) - link.received));
        if (*number < 64) member.unsure &= ~(std::uint64_t{1} << *number);
      }
      post(mail.tile, true, answer);
      return;
    }
    Lease& lease_now = leases_[mail.tile];
    const Node before = node;
    const std::uint32_t received = lease_now.received;
    const bool known = lease_now.known;
    const bool tell = receive_renewed(node, lease_now, mail.message, lease());
    if (!known && !(bank_.alive(mail.tile) && bank_.incarnation(mail.tile) == node.incarnation))
      strand(-static_cast<std::int32_t>(lease_now.received - received));
    held_ += node.held - before.held;
    flight_ += node.aside - before.aside - static_cast<std::int32_t>(lease_now.received - received);
    member.reach = lease_now.reach;
    member.exchanges = member.takes_part && member.reach != Reach::apart;
    if (lease_now.known && !known) {
      if (lease_now.ends > now_) {
        member.takes_part = true;
        member.exchanges = member.reach != Reach::apart;
        timers_.push(now_, lease_now.ends, {mail.tile, TimerKind::watchdog});
      } else {
        end(mail.tile);
      }
    }
    if (tell) tell_bank(mail.tile);
    judge(node);
  }

  /// What was promised before holds until the smaller budget is obeyed; how long that takes is told apart.
  void keep_promise() {
    if (!bank_.obeyed()) return;
    promised_ = bank_.budget();
    if (!disobeyed_since_) return;
    outcome_.obey_periods =
        std::max(outcome_.obey_periods.value_or(0), static_cast<double>(now_ - *disobeyed_since_) / ticks_per_period);
    disobeyed_since_.reset();
  }

  void tick() {
    bank_mail_.drain(
        now_,
        [this](const Mail& mail) {
          ++outcome_.events;
          mail.to_bank ? bank_receives(mail) : node_receives(mail);
          judge(members_[mail.tile].node);
        },
        [this](const Mail& mail) __attribute__((always_inline)) {
          __builtin_prefetch(&members_[mail.tile]);
          if (mail.to_bank) {
            bank_.expect(mail.tile);
          } else {
            __builtin_prefetch(&leases_[mail.tile]);
          }
        });
    while (next_change_ < options_.changes.size() && now_ >= to_ticks(options_.changes[next_change_].at)) {
      const double part = options_.changes[next_change_++].part;
      const auto coins = static_cast<std::int64_t>(static_cast<double>(granted_at_start_) * part);
      keep_promise();
      if (disobeyed_since_ && coins > bank_.budget()) {
        given_up_ = true;
        disobeyed_since_.reset();
      }
      // What exists is over the new budget from this moment on.
      limit(coins);
      load(held_ + flight_);
      if (!disobeyed_since_ && coins < bank_.outstanding()) disobeyed_since_ = now_;
      bank_acts([&] { bank_.set_budget(coins, outbox_); });
    }
    if (now_ >= next_repeat_) {
      next_repeat_ = now_ + std::max<Ticks>(64, 5 * bank_latency() / 2);
      silence_.expire(now_ - lease() - to_ticks(options_.hold), [this](Tile tile) {
        before_declaration(tile);
        bank_acts([&] { bank_.declare_dead(tile, outbox_); });
      });
      bank_acts([&] { bank_.repeat(outbox_); });
    }
    keep_promise();
  }

  const Tiles& snapshot() {
    snapshot_.held.resize(members_.size());
    snapshot_.demand.resize(members_.size());
    for (std::size_t tile = 0; tile < members_.size(); ++tile) {
      snapshot_.held[tile] = members_[tile].node.held;
      snapshot_.demand[tile] = clocks_[tile].down ? 0 : members_[tile].node.demand;
    }
    return snapshot_;
  }

  /// Counts all coins anew, from the ends of the links alone.
  void close_books() {
    std::int64_t held = 0, flight = 0;
    for (Tile tile = 0; tile < topology_.tiles(); ++tile) {
      const Member& member = members_[tile];
      held += member.node.held;
      flight += member.node.aside;
      if (bank_.alive(tile) && lives(tile, bank_.incarnation(tile))) {
        flight += static_cast<std::int32_t>(bank_.granted(tile) - leases_[tile].received);
        flight += static_cast<std::int32_t>(leases_[tile].sent - bank_.returned(tile));
      } else if (bank_.alive(tile)) {
        const Ghost& ghost = bank_ghosts_[tile];
        if (ghost.from == bank_.incarnation(tile))
          flight += static_cast<std::int32_t>(ghost.sent - bank_.returned(tile));
        else if (!clocks_[tile].down && member.node.incarnation == bank_.incarnation(tile))
          flight += static_cast<std::int32_t>(bank_.granted(tile) - leases_[tile].received);
      }
      if (!member.takes_part) continue;
      for (std::uint32_t number = 0; number < member.links; ++number) {
        const End& end = ends_[member.at(number)];
        if (end.link.partner != 0)
          flight += static_cast<std::int32_t>(sent_to(end.peer, end.link.partner, member.node.incarnation) -
                                              end.link.received);
      }
    }
    if (held != held_ || flight != flight_) ++outcome_.violations;
    if (disobeyed_since_ || given_up_) outcome_.obey_periods.reset();
    for (const Declared& one : declared_)
      if (now_ - one.at > lease()) late_ += one.coins;
    if (in_time_ + late_ > 0)
      outcome_.recovered_in_lease_percent =
          100.0 * static_cast<double>(in_time_) / static_cast<double>(in_time_ + late_);
    sums_.lost = gone_ - bank_.recovered();
    outcome_.lost = gone_;
    outcome_.recovered = bank_.recovered();
    outcome_.waiting = bank_.pool();
    outcome_.coins_recovered_percent =
        gone_ == 0 ? 100 : 100.0 * static_cast<double>(bank_.recovered()) / static_cast<double>(gone_);
  }

  Ticks lease_ = to_ticks(options_.lease);
  Ticks renewal_ = std::max<Ticks>(1, to_ticks(options_.renew));
  Ticks bank_latency_ = std::max<Ticks>(1, to_ticks(options_.bank_latency));
  std::vector<std::uint32_t> near_first_;
  std::vector<Member> members_;
  std::vector<End> ends_;
  std::vector<ClosedLink> closed_;
  std::vector<Ghost> ghosts_, bank_ghosts_;
  std::vector<Lease> leases_;
  Bank bank_;
  Silence silence_;
  TimingWheel<Mail, 504> bank_mail_;
  RandomStream bank_network_{options_.seed, "power.bank_network"};
  Bank::Outbox outbox_;
  std::vector<Declared> declared_;
  Tiles snapshot_;
  std::int64_t held_ = 0;    ///< by tiles
  std::int64_t flight_ = 0;  ///< in flight and set aside, where somebody can still receive it
  std::int64_t gone_ = 0;    ///< ever lost with incarnations that ended
  std::int64_t granted_at_start_ = 0;
  std::int64_t promised_ = 0;  ///< what may be outstanding: the budget, or the one before until a smaller one is obeyed
  std::vector<std::int64_t> lost_with_;  ///< by tile: coins of its incarnations that ended and are not declared dead
  std::int64_t in_time_ = 0, late_ = 0;  ///< coins of the declared, recovered within a lease and not
  std::size_t next_change_ = 0;
  Ticks next_repeat_ = 0;
  std::optional<Ticks> disobeyed_since_;
  bool given_up_ = false;  ///< a cut was taken back before it was obeyed
};

}  // namespace

EventOutcome run_escrow_events(const Topology& topology, const Tiles& tiles, const EventOptions& options) {
  return EscrowEvents(topology, tiles, options).run();
}

}  // namespace cradle::power
