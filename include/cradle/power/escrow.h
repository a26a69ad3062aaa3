// The escrow protocol as a pure state machine: no clock, no network, no memory of its own. The event engine, the
// exhaustive check and the daemon drive this one code.
//
// Donor first: coins leave the donor's balance before the message that grants them is sent. Each link counts what was
// ever sent and what was ever taken in (cumulative credit); a message says both, so that a lost, doubled, late or
// reordered message changes nothing for good: the next one on the link says it all again. Held + in flight is the
// budget at every event, in flight being, over all links, sent by one end less taken in by the other.
//
// A node has an incarnation. It holds its coins under a lease of its bank (bank.h); when the lease is not renewed in
// time its watchdog ends the incarnation: it falls to its floor and begins a new one with nothing, which takes part
// only once the bank knows it. The bank has every partner close its link to an incarnation that is no more and tell its
// two counts. Sent to it less received from it, over all partners and the bank, is exactly what was lost with it, what
// was in flight included; that the bank takes back. Three rules keep that exact: coins move only between incarnations
// that have named each other (so both lived at once, and the bank knows whom to ask); a link with coins on it stays
// with its incarnation until the bank has it closed; a closed incarnation is never listened to again.
#pragma once

#include <cstdint>
#include <limits>

#include "cradle/power/exchange.h"
#include "cradle/power/scenario.h"

namespace cradle::power {

using Incarnation = std::uint32_t;  ///< from 1; 0: not known

enum class MessageKind : std::uint8_t {
  ask,     ///< what I hold and ask for; answer with coins, with a plea, or with nothing to give
  answer,  ///< to an ask: what I hold and ask for, after what I gave
  give     ///< to an answer whose sender should have more: coins (in `sent`); without coins: I have what you sent
};

/// What travels between two partners. Counts are modulo 2^32.
struct Message {
  MessageKind kind = MessageKind::ask;
  std::uint32_t epoch = 0;     ///< of the sender: how many budget cuts it has obeyed
  Incarnation from = 0;        ///< of the sender
  Incarnation to = 0;          ///< of the receiver, as the sender knows it; 0: not known, then no coins move
  Coins held = 0, demand = 0;  ///< of the sender
  std::uint32_t sent = 0;      ///< coins that the sender ever gave on this link, between these two incarnations
  std::uint32_t received = 0;  ///< coins that it ever took in from it
};

/// One end of a link between two incarnations. What went one way less what went the other must stay below 2^31.
struct Link {
  Incarnation partner = 0;  ///< 0: not met yet
  Incarnation closed = 0;   ///< the partner's incarnations up to this one are no more: nothing from them is heard
  std::uint32_t sent = 0, received = 0;
  std::uint32_t acknowledged = 0;  ///< of sent, what the partner said that it has
  constexpr std::uint32_t in_flight() const { return sent - acknowledged; }
  constexpr bool used() const { return (sent | received) != 0; }
};

/// What a closed link came to; kept until the bank asks to close the next one (so it knows this one).
struct ClosedLink {
  Incarnation partner = 0;
  std::uint32_t sent = 0, received = 0;
};

struct Node {
  Incarnation incarnation = 1;
  Coins held = 0, demand = 0;
  std::uint32_t epoch = 0;  ///< budget cuts obeyed
  std::uint32_t keep = 0;   ///< at the last cut: the part that was kept, in 2^-32
  Coins aside = 0;          ///< cut, on the way back to the bank: neither held nor given to others
};

/// What came of a message.
enum class Outcome : std::uint8_t {
  dropped,  ///< of or for an incarnation that is no more, not yet known to be, or not well formed: nothing changed
  taken,    ///< nothing more to say
  reply     ///< `reply` is to be sent back
};

struct Step {
  Outcome outcome = Outcome::dropped;
  Message reply;
};

/// What is left of `coins` after a cut that keeps `keep` x 2^-32 of them: rounded down, so that a cut is never short.
constexpr Coins kept(Coins coins, std::uint32_t keep) {
  return static_cast<Coins>((static_cast<std::uint64_t>(coins) * keep) >> 32);
}

namespace detail {

constexpr Message say(MessageKind kind, const Node& node, const Link& link) {
  return {kind, node.epoch, node.incarnation, link.partner, node.held, node.demand, link.sent, link.received};
}

constexpr void give(Node& node, Link& link, std::int64_t coins) {
  auto count = static_cast<std::uint32_t>(coins);
  // A count that wraps to 0 would look like that of a link never used.
  if (link.sent + count == 0) --count;
  node.held -= static_cast<Coins>(count);
  link.sent += count;
}

/// Takes in what the partner gave and learns what it has; the number of coins taken in.
constexpr Coins settle(Node& node, Link& link, const Message& message) {
  const auto acknowledged = static_cast<std::int32_t>(message.received - link.acknowledged);
  if (acknowledged > 0) link.acknowledged = message.received;
  // Signed difference: a message that was overtaken says less than is known.
  Coins fresh = static_cast<std::int32_t>(message.sent - link.received);
  // What there is no room for stays in flight; a later message says it again.
  const Coins room = std::numeric_limits<Coins>::max() - node.held - node.aside;
  if (fresh > room) fresh = room;
  if (fresh <= 0) return 0;
  link.received += static_cast<std::uint32_t>(fresh);
  // Coins given before a cut that this node has already obeyed are cut here.
  const bool older = static_cast<std::int32_t>(message.epoch - node.epoch) < 0;
  const Coins mine = older ? kept(fresh, node.keep) : fresh;
  node.held += mine;
  node.aside += fresh - mine;
  return fresh;
}

}  // namespace detail

/// What a node says when its turn on this link comes.
constexpr Message ask(const Node& node, const Link& link) { return detail::say(MessageKind::ask, node, link); }

/// Takes in a message. Coins are given only to an incarnation that has named this one, and never more than are held.
/// While coins are in flight on the link no more are given over it: what the partner says that it holds may not have
/// them yet. Coins that arrive are acknowledged at once.
constexpr Step receive(Node& node, Link& link, const Message& message) {
  if (message.from == 0 || message.from <= link.closed || message.held < 0 || message.demand < 0) return {};
  if (message.to != 0 && message.to != node.incarnation) return {};
  if (link.partner != message.from) {
    // Incarnations grow: a smaller one is a ghost. A larger one waits until this link is closed, unless it is unused.
    if (message.from < link.partner || link.used()) return {};
    link.partner = message.from;
    link.acknowledged = 0;
  }
  const bool named = message.to == node.incarnation;
  const Coins taken = named ? detail::settle(node, link, message) : 0;
  if (message.kind == MessageKind::give) {
    if (taken == 0) return {Outcome::taken, {}};
    return {Outcome::reply, detail::say(MessageKind::give, node, link)};
  }
  std::int64_t transfer = 0;
  if (named && link.in_flight() == 0) transfer = nearest_transfer(node.held, node.demand, message.held, message.demand);
  if (transfer > 0) detail::give(node, link, transfer);
  if (message.kind == MessageKind::ask) return {Outcome::reply, detail::say(MessageKind::answer, node, link)};
  if (transfer <= 0 && taken == 0) return {Outcome::taken, {}};
  return {Outcome::reply, detail::say(MessageKind::give, node, link)};
}

/// Closes the link to `incarnation` of the partner, for good: what the two counts came to. Asked again it says the
/// same; nothing (partner 0) where a later one has been closed since, which the bank asks for only once it knows this
/// one, or where an earlier one is still to be closed.
constexpr ClosedLink close(Link& link, ClosedLink& last, Incarnation incarnation) {
  if (incarnation == 0 || incarnation < last.partner) return {};
  if (incarnation == last.partner) return last;
  if (link.partner < incarnation && link.used()) return {};
  last = {incarnation, 0, 0};
  if (link.partner <= incarnation) {
    last.sent = link.sent;
    last.received = link.received;
    link = {};
  }
  link.closed = incarnation;
  return last;
}

/// The end of an incarnation, by its watchdog or by a crash: nothing is held any more. Its links begin anew as well.
constexpr void begin_anew(Node& node) {
  ++node.incarnation;
  node.held = node.aside = 0;
}

}  // namespace cradle::power
