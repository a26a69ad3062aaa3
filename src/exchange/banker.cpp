#include "cradle/exchange/banker.h"

#include <algorithm>
#include <vector>

namespace cradle::exchange {

using power::BankMessage;
using power::BankMessageKind;
using power::Coins;
using power::Ticks;
using power::Tile;

namespace {

constexpr Ticks ns_per_ms = 1'000'000;

std::vector<Coins> nothing(const power::Topology& topology) { return std::vector<Coins>(topology.tiles(), 0); }

}  // namespace

Banker::Banker(const power::Topology& topology, const Pace& pace, Term term, std::int64_t budget, Ticks now,
               Deeds& deeds)
    : tiles_(topology.tiles()),
      pace_(pace),
      term_(term),
      budget_(std::max<std::int64_t>(budget, 0)),
      bank_(topology, nothing(topology), nothing(topology)),
      silence_(topology.tiles()),
      grants_from_(now + pace.lease + pace.hold),
      next_(now + pace.period) {
  // A bank's books begin with all nodes in their first incarnation. Here nobody has come yet.
  for (Tile tile = 0; tile < topology.tiles(); ++tile) bank_.declare_dead(tile, outbox_);
  outbox_.clear();
  Record opens = record(RecordKind::opens);
  opens.sent = static_cast<std::uint32_t>(pace.lease / ns_per_ms);
  opens.received = static_cast<std::uint32_t>(pace.hold / ns_per_ms);
  deeds.records.push_back(opens);
}

Record Banker::record(RecordKind kind) const {
  Record record;
  record.kind = kind;
  record.term = term_;
  record.budget = budget_;
  record.outstanding = bank_.outstanding();
  record.recovered = bank_.recovered();
  return record;
}

void Banker::post(Deeds& deeds) {
  for (const power::Bank::Sent& sent : outbox_) deeds.packets.push_back({sent.to, sent.to, term_, sent.message});
  outbox_.clear();
}

template <class Act>
void Banker::keep_books(Deeds& deeds, Act&& act) {
  const std::int64_t outstanding = bank_.outstanding();
  const std::size_t records = deeds.records.size();
  act();
  if (bank_.outstanding() != outstanding && deeds.records.size() == records)
    deeds.records.push_back(record(RecordKind::books));
  post(deeds);
}

void Banker::declare_dead(Tile tile, Deeds& deeds) {
  if (!bank_.alive(tile)) return;
  bank_.declare_dead(tile, outbox_);
  Record dead = record(RecordKind::dead);
  dead.node = tile;
  dead.incarnation = bank_.incarnation(tile);
  deeds.records.push_back(dead);
}

bool Banker::receive(const Packet& packet, Ticks now, Deeds& deeds) {
  const auto* message = std::get_if<BankMessage>(&packet.body);
  if (message == nullptr || packet.from >= tiles_) return false;
  if (message->kind != BankMessageKind::renew && message->kind != BankMessageKind::closed) return false;
  const Tile from = packet.from;
  if (packet.term != 0 && packet.term != term_) {
    // A node of an earlier term learns that it is over; it is no renewal, for no incarnation is 0.
    if (packet.term < term_) {
      BankMessage news;
      news.kind = BankMessageKind::renewed;
      deeds.packets.push_back({from, from, term_, news});
    }
    return false;
  }
  keep_books(deeds, [&] {
    const bool renewal = message->kind == BankMessageKind::renew;
    if (renewal && message->incarnation > bank_.incarnation(from)) declare_dead(from, deeds);
    const bool same = message->incarnation == bank_.incarnation(from);
    const std::uint32_t granted = same ? bank_.granted(from) : 0, returned = same ? bank_.returned(from) : 0;
    bank_.receive(from, *message, outbox_);
    if (!renewal || message->incarnation != bank_.incarnation(from) || !bank_.alive(from)) return;
    silence_.heard(from, now);
    if (bank_.granted(from) == granted && bank_.returned(from) == returned) return;
    Record account = record(RecordKind::account);
    account.node = from;
    account.incarnation = message->incarnation;
    account.sent = bank_.granted(from);
    account.received = bank_.returned(from);
    deeds.records.push_back(account);
  });
  return true;
}

void Banker::set_budget(std::int64_t coins, Deeds& deeds) {
  budget_ = std::max<std::int64_t>(coins, 0);
  if (grants_) bank_.set_budget(budget_, outbox_);
  deeds.records.push_back(record(RecordKind::books));
  post(deeds);
}

void Banker::tick(Ticks now, Deeds& deeds) {
  if (now < next_) return;
  next_ = now + pace_.period;
  if (!grants_ && now >= grants_from_) {
    grants_ = true;
    bank_.set_budget(budget_, outbox_);
    deeds.records.push_back(record(RecordKind::grants));
    post(deeds);
  }
  keep_books(deeds, [&] {
    silence_.expire(now - pace_.lease - pace_.hold, [&](Tile tile) { declare_dead(tile, deeds); });
    bank_.repeat(outbox_);
  });
}

void Banker::shut(Deeds& deeds) const { deeds.records.push_back(record(RecordKind::shut)); }

}  // namespace cradle::exchange
