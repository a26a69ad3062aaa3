#include "cradle/exchange/participant.h"

#include <algorithm>
#include <utility>

namespace cradle::exchange {

using power::BankMessage;
using power::BankMessageKind;
using power::Link;
using power::Message;
using power::Ticks;

Participant::Participant(const power::Topology& topology, power::Tile number, const Pace& pace)
    : topology_(&topology),
      number_(number),
      pace_(pace),
      near_(static_cast<std::uint32_t>(topology.near(number).size())),
      ends_(topology.links(number)) {}

power::Tile Participant::partner(std::uint32_t link) const {
  return link < near_ ? topology_->near(number_)[link] : topology_->far(number_, link - near_);
}

Record Participant::record(RecordKind kind) const {
  Record record;
  record.kind = kind;
  record.node = number_;
  record.incarnation = node_.incarnation;
  record.held = node_.held;
  record.aside = node_.aside;
  return record;
}

void Participant::note_purse(Deeds& deeds) const {
  Record purse = record(RecordKind::purse);
  purse.sent = lease_.sent;
  purse.received = lease_.received;
  deeds.records.push_back(purse);
}

void Participant::begin(power::Incarnation incarnation, Ticks now, Deeds& deeds) {
  const power::Coins demand = node_.demand;
  node_ = {};
  node_.incarnation = incarnation;
  node_.demand = demand;
  lease_ = {};
  ends_.assign(ends_.size(), {});
  term_ = 0;
  returned_ = 0;
  superseded_ = asked_again_ = false;
  deeds.records.push_back(record(RecordKind::begin));
  next_turn_ = now + pace_.period;
  next_renewal_ = now;
  tick(now, deeds);
}

void Participant::end(Deeds& deeds) {
  node_.held = node_.aside = 0;
  lease_ = {};
  deeds.records.push_back(record(RecordKind::end));
}

Ticks Participant::next() const { return std::min(next_turn_, next_renewal_); }

void Participant::tick(Ticks now, Deeds& deeds) {
  if (now >= next_renewal_) {
    tell_bank(now, deeds);
    // An answer to the last renewal would have put the end of the lease further off.
    const bool late = leaving_ || !lease_.known || lease_.ends - now < pace_.lease - pace_.renewal() * 3 / 2;
    next_renewal_ = now + (late ? std::max<Ticks>(1, pace_.renewal() / 4) : pace_.renewal());
  }
  if (now >= next_turn_) {
    // After a pause of the process one turn, not all that were missed.
    next_turn_ = std::max(next_turn_ + pace_.period, now + pace_.period / 2);
    if (lease_.known && lease_.reach != power::Reach::apart && !leaving_ && !ends_.empty()) turn(deeds);
  }
}

std::uint32_t Participant::choose() {
  const auto far = static_cast<std::uint32_t>(ends_.size()) - near_;
  ++turns_;
  const bool far_turn = far > 0 && (near_ == 0 || (pace_.far_every > 0 && turns_ % pace_.far_every == 0));
  if (far_turn) return power::far_link_asked(*topology_, number_, node_.incarnation, lease_.reach, next_far_++);
  return next_near_++ % near_;
}

void Participant::turn(Deeds& deeds) {
  std::uint32_t link = 0;
  // A partner that may not have what was sent is asked again, every second turn: it may be dead.
  const auto unsure = [&](std::uint32_t at) { return ends_[at].link.in_flight() != 0; };
  const auto count = static_cast<std::uint32_t>(ends_.size());
  std::uint32_t again = count;
  for (std::uint32_t i = 0; i < count && again == count && !asked_again_; ++i)
    if (unsure((turns_ + i) % count)) again = (turns_ + i) % count;
  asked_again_ = again != count;
  link = asked_again_ ? again : choose();
  deeds.packets.push_back({number_, partner(link), term_, power::ask(node_, ends_[link].link)});
}

bool Participant::receive(const Packet& packet, Ticks now, Deeds& deeds) {
  if (packet.to != number_) return false;
  if (const auto* message = std::get_if<Message>(&packet.body)) {
    // Coins of different terms never meet: those of an earlier bank are not this one's.
    if (!lease_.known || lease_.reach == power::Reach::apart || leaving_ || packet.term != term_) return false;
    return receive_peer(packet.from, *message, deeds);
  }
  return receive_bank(packet.term, std::get<BankMessage>(packet.body), now, deeds);
}

bool Participant::receive_peer(power::Tile from, const Message& message, Deeds& deeds) {
  const auto number = from < topology_->tiles() ? topology_->link(number_, from) : std::nullopt;
  if (!number) return false;
  Link& link = ends_[*number].link;
  const Link before = link;
  const power::Coins aside = node_.aside;
  const power::Step step = power::receive(node_, link, message);
  if (step.outcome == power::Outcome::dropped) return false;
  if (link.sent != before.sent || link.received != before.received) {
    Record moved = record(RecordKind::link);
    moved.partner = from;
    moved.partner_incarnation = link.partner;
    moved.sent = link.sent;
    moved.received = link.received;
    deeds.records.push_back(moved);
  }
  // What a cut set aside goes back with the next renewal: let that be now.
  if (node_.aside > aside) next_renewal_ = 0;
  if (step.outcome == power::Outcome::reply) deeds.packets.push_back({number_, from, term_, step.reply});
  return true;
}

bool Participant::receive_bank(Term term, const BankMessage& message, Ticks now, Deeds& deeds) {
  if (term == 0 || term < term_) return false;
  if (term_ != 0 && term > term_) {
    superseded_ = true;
    return true;
  }
  if (message.kind == BankMessageKind::close) return term == term_ && receive_close(message, deeds);
  if (message.kind != BankMessageKind::renewed || message.incarnation != node_.incarnation) return false;
  // It says the time of a renewal of this node: one that is still to come would be a lease without end.
  if (message.time > now) return false;
  if (static_cast<std::int32_t>(message.received - returned_) > 0) returned_ = message.received;
  const power::Node before = node_;
  const std::uint32_t received = lease_.received;
  const bool known = lease_.known;
  bool tell = power::receive_renewed(node_, lease_, message, pace_.lease);
  // A grant that was on its way when it left: back with it.
  if (leaving_ && node_.held > 0) {
    node_.aside += std::exchange(node_.held, 0);
    tell = true;
  }
  if (!known) {
    term_ = term;
    Record first = record(RecordKind::known);
    first.term = term;
    first.held = first.aside = 0;
    deeds.records.push_back(first);
  }
  if (lease_.received != received || node_.held != before.held || node_.aside != before.aside) note_purse(deeds);
  if (tell) tell_bank(now, deeds);
  return true;
}

bool Participant::receive_close(const BankMessage& message, Deeds& deeds) {
  const auto number = message.about < topology_->tiles() ? topology_->link(number_, message.about) : std::nullopt;
  if (!number || !lease_.known) return false;
  End& end = ends_[*number];
  const power::Incarnation before = end.link.closed;
  const BankMessage answer = power::receive_close(node_, end.link, end.closed, message);
  if (answer.kind != BankMessageKind::closed) return false;
  if (end.link.closed != before) {
    Record closed = record(RecordKind::closed);
    closed.partner = message.about;
    closed.partner_incarnation = message.about_incarnation;
    closed.sent = answer.sent;
    closed.received = answer.received;
    deeds.records.push_back(closed);
  }
  deeds.packets.push_back({number_, number_, term_, answer});
  return true;
}

void Participant::tell_bank(Ticks now, Deeds& deeds) {
  const std::uint32_t sent = lease_.sent;
  BankMessage message = power::renew(node_, lease_, now);
  message.leaving = leaving_;
  if (lease_.sent != sent) note_purse(deeds);
  deeds.packets.push_back({number_, number_, term_, message});
}

void Participant::leave(Ticks now, Deeds& deeds) {
  leaving_ = true;
  node_.demand = 0;
  node_.aside += node_.held;
  node_.held = 0;
  if (lease_.known) tell_bank(now, deeds);
  next_renewal_ = now + std::max<Ticks>(1, pace_.renewal() / 4);
}

bool Participant::left() const {
  return leaving_ && (!lease_.known || (node_.aside == 0 && node_.held == 0 && returned_ == lease_.sent));
}

}  // namespace cradle::exchange
