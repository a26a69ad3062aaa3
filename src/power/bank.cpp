#include "cradle/power/bank.h"

#include <algorithm>
#include <limits>

namespace cradle::power {

namespace {

Coins clamp(std::int64_t coins) {
  return static_cast<Coins>(std::clamp<std::int64_t>(coins, 0, std::numeric_limits<Coins>::max()));
}

bool newer(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) > 0; }

}  // namespace

BankMessage renew(Node& node, Lease& lease, Ticks now) {
  lease.sent += static_cast<std::uint32_t>(node.aside);
  node.aside = 0;
  BankMessage message;
  message.kind = BankMessageKind::renew;
  message.incarnation = node.incarnation;
  message.epoch = node.epoch;
  message.held = node.held;
  message.demand = node.demand;
  message.sent = lease.sent;
  message.received = lease.received;
  message.time = now;
  return message;
}

bool receive_renewed(Node& node, Lease& lease, const BankMessage& message, Ticks length) {
  if (message.kind != BankMessageKind::renewed || message.incarnation != node.incarnation) return false;
  const bool first = !lease.known;
  lease.known = true;
  lease.ends = std::max(lease.ends, message.time + length);
  bool tell = false;
  Coins fresh = static_cast<std::int32_t>(message.sent - lease.received);
  fresh = std::min(fresh, std::numeric_limits<Coins>::max() - node.held - node.aside);
  if (fresh > 0) {
    lease.received += static_cast<std::uint32_t>(fresh);
    // A grant from before a cut that was obeyed since is cut here.
    const Coins mine = !first && newer(node.epoch, message.epoch) ? kept(fresh, node.keep) : fresh;
    node.held += mine;
    node.aside += fresh - mine;
    tell = true;
  }
  if (newer(message.epoch, node.epoch)) {
    node.epoch = message.epoch;
    node.keep = message.keep;
    // A new incarnation is granted coins under the newest budget only: it has nothing to cut.
    if (!first) {
      const Coins mine = kept(node.held, node.keep);
      node.aside += node.held - mine;
      node.held = mine;
    }
    tell = true;
  }
  return tell;
}

BankMessage receive_close(const Node& node, Link& link, ClosedLink& last, const BankMessage& message) {
  BankMessage answer = message;
  if (message.kind != BankMessageKind::close || message.incarnation != node.incarnation) return answer;
  const ClosedLink counts = close(link, last, message.about_incarnation);
  if (counts.partner == 0) return answer;
  answer.kind = BankMessageKind::closed;
  answer.sent = counts.sent;
  answer.received = counts.received;
  return answer;
}

Bank::Bank(const Topology& topology, const std::vector<Coins>& held, const std::vector<Coins>& demand)
    : topology_(&topology), members_(topology.tiles()), living_(topology.tiles()) {
  for (Tile tile = 0; tile < topology.tiles(); ++tile) {
    Member& member = members_[tile];
    member.net = held[tile];
    member.demand = demand[tile];
    member.sent = member.acknowledged = static_cast<std::uint32_t>(held[tile]);
    budget_ += held[tile];
    live_demand_ += demand[tile];
  }
  outstanding_ = budget_;
}

Tile Bank::partner(Tile tile, std::size_t link) const {
  const auto near = topology_->near(tile);
  return link < near.size() ? near[link] : topology_->far(tile, static_cast<std::uint32_t>(link - near.size()));
}

Bank::Dead* Bank::find_dead(Tile tile, Incarnation incarnation) {
  for (Dead& dead : dead_)
    if (dead.tile == tile && dead.incarnation == incarnation) return &dead;
  return nullptr;
}

bool Bank::waits_for(Tile tile, Incarnation incarnation) const {
  return std::any_of(dead_.begin(), dead_.end(),
                     [&](const Dead& dead) { return dead.tile == tile && dead.incarnation == incarnation; });
}

void Bank::receive(Tile from, const BankMessage& message, Outbox& out) {
  if (from >= members_.size() || message.incarnation == 0) return;
  if (message.kind == BankMessageKind::renew) take_renewal(from, message, out);
  if (message.kind == BankMessageKind::closed) take_closed(from, message, out);
}

BankMessage Bank::renewed(const Member& member) const {
  BankMessage message;
  message.kind = BankMessageKind::renewed;
  message.incarnation = member.incarnation;
  message.epoch = epoch_;
  message.keep = keep_;
  message.sent = member.sent;
  message.received = member.received;
  message.time = member.time;
  return message;
}

void Bank::take_renewal(Tile from, const BankMessage& message, Outbox& out) {
  Member& member = members_[from];
  if (message.held < 0 || message.demand < 0) return;
  if (message.incarnation < member.incarnation) return;
  if (message.incarnation == member.incarnation && !member.alive) return;
  if (message.incarnation > member.incarnation) {
    // The node itself says that the one before is no more.
    if (member.alive) declare_dead(from, out);
    member = {};
    member.incarnation = message.incarnation;
    member.epoch = epoch_;
    ++living_;
  }
  const auto returned = static_cast<std::int32_t>(message.sent - member.received);
  if (returned > 0) {
    member.received = message.sent;
    member.net -= returned;
    outstanding_ -= returned;
  }
  if (newer(message.received, member.acknowledged)) member.acknowledged = message.received;
  if (newer(message.epoch, member.epoch)) member.epoch = message.epoch;
  if (message.time >= member.time) {  // else it was overtaken by a later one
    live_demand_ += message.demand - member.demand;
    member.demand = message.demand;
    member.time = message.time;
  }
  grant(member);
  out.push_back({from, renewed(member)});
}

void Bank::grant(Member& member) {
  if (pool() == 0) {
    pot_ = 0;
    return;
  }
  pot_ = std::max(pot_, pool());
  // One grant at a time on its way; nothing while cuts of an earlier epoch are still to be obeyed.
  if (member.sent != member.acknowledged || member.epoch != epoch_) return;
  // Rounded up: the pool is empty once everybody has asked.
  __extension__ using Wide = __int128;
  const Wide share = live_demand_ > 0 ? (Wide{pot_} * member.demand + live_demand_ - 1) / live_demand_
                                      : (Wide{pot_} + living_ - 1) / living_;
  const Coins coins = clamp(static_cast<std::int64_t>(std::min<Wide>(share, pool())));
  member.sent += static_cast<std::uint32_t>(coins);
  member.net += coins;
  outstanding_ += coins;
}

void Bank::declare_dead(Tile tile, Outbox& out) {
  Member& member = members_[tile];
  if (!member.alive) return;
  member.alive = false;
  --living_;
  live_demand_ -= member.demand;
  member.demand = 0;
  Dead dead{tile, member.incarnation, member.net, {}};
  member.net = 0;
  dead.told.resize(topology_->links(tile));
  for (std::size_t link = 0; link < dead.told.size(); ++link) {
    const Member& other = members_[partner(tile, link)];
    // An incarnation that the bank hears of later has never met this one.
    dead.told[link] = {other.alive ? other.incarnation : 0, !other.alive};
  }
  dead_.push_back(std::move(dead));
  ask_to_close(dead_.back(), out);
  recover(tile, member.incarnation);
}

void Bank::ask_to_close(const Dead& dead, Outbox& out) const {
  std::vector<const Dead*> earlier;
  for (const Dead& other : dead_)
    if (other.tile == dead.tile && other.incarnation < dead.incarnation) earlier.push_back(&other);
  for (std::size_t link = 0; link < dead.told.size(); ++link) {
    const Told& told = dead.told[link];
    const Tile to = partner(dead.tile, link);
    if (told.settled || !members_[to].alive || members_[to].incarnation != told.partner) continue;
    // The partner keeps the counts of one closed link: an earlier incarnation of the dead one is asked for first.
    if (std::any_of(earlier.begin(), earlier.end(), [&](const Dead* other) {
          return !other->told[link].settled && other->told[link].partner == told.partner;
        }))
      continue;
    BankMessage message;
    message.kind = BankMessageKind::close;
    message.incarnation = told.partner;
    message.about = dead.tile;
    message.about_incarnation = dead.incarnation;
    out.push_back({to, message});
  }
}

void Bank::take_closed(Tile from, const BankMessage& message, Outbox& out) {
  if (message.about >= members_.size()) return;
  Dead* dead = find_dead(message.about, message.about_incarnation);
  const auto link = topology_->link(message.about, from);
  if (dead == nullptr || !link || dead->told[*link].settled || dead->told[*link].partner != message.incarnation) return;
  const std::int64_t given = static_cast<std::int32_t>(message.sent - message.received);
  Member& member = members_[from];
  const bool lives = member.alive && member.incarnation == message.incarnation;
  if (lives) {
    member.net -= given;
  } else {
    Dead* teller = find_dead(from, message.incarnation);
    if (teller == nullptr) return;
    teller->net -= given;
  }
  dead->net += given;
  dead->told[*link].settled = true;
  for (const Dead& other : dead_)
    if (lives && other.tile == message.about && other.incarnation > message.about_incarnation) ask_to_close(other, out);
  recover(message.about, message.about_incarnation);
  if (!lives) recover(from, message.incarnation);
}

void Bank::recover(Tile tile, Incarnation incarnation) {
  // The dead that are tied to this one by links of which neither end has told.
  std::vector<std::size_t> set;
  std::vector<bool> in_set(dead_.size(), false);
  const auto add = [&](Tile at, Incarnation which) {
    for (std::size_t i = 0; i < dead_.size(); ++i)
      if (!in_set[i] && dead_[i].tile == at && dead_[i].incarnation == which) {
        in_set[i] = true;
        set.push_back(i);
      }
  };
  add(tile, incarnation);
  for (std::size_t next = 0; next < set.size(); ++next) {  // NOLINT(modernize-loop-convert): the set grows meanwhile
    const Dead& dead = dead_[set[next]];
    for (std::size_t link = 0; link < dead.told.size(); ++link) {
      const Told& told = dead.told[link];
      if (told.settled) continue;
      const Tile other = partner(dead.tile, link);
      if (members_[other].alive && members_[other].incarnation == told.partner) return;
      add(other, told.partner);
    }
    for (std::size_t i = 0; i < dead_.size(); ++i) {
      if (in_set[i]) continue;
      const auto link = topology_->link(dead_[i].tile, dead.tile);
      if (link && !dead_[i].told[*link].settled && dead_[i].told[*link].partner == dead.incarnation)
        add(dead_[i].tile, dead_[i].incarnation);
    }
  }
  if (set.empty()) return;
  for (const std::size_t i : set) {
    outstanding_ -= dead_[i].net;
    recovered_ += dead_[i].net;
  }
  std::sort(set.begin(), set.end());
  for (std::size_t i = set.size(); i-- > 0;) dead_.erase(dead_.begin() + static_cast<std::ptrdiff_t>(set[i]));
}

void Bank::set_budget(std::int64_t coins, Outbox& out) {
  budget_ = std::max<std::int64_t>(coins, 0);
  pot_ = 0;
  if (!obeyed()) cut(out);
}

void Bank::cut(Outbox& out) {
  std::int64_t lost = 0;
  for (const Dead& dead : dead_) lost += dead.net;
  const std::int64_t living = outstanding_ - lost;
  const std::int64_t allowed = std::clamp<std::int64_t>(budget_ - lost, 0, std::max<std::int64_t>(living, 0));
  __extension__ using Wide = unsigned __int128;
  const auto part = [](std::int64_t of, std::int64_t all) {
    const Wide scaled = (static_cast<Wide>(of) << 32) / static_cast<Wide>(std::max<std::int64_t>(all, 1));
    return static_cast<std::uint32_t>(std::min<Wide>(scaled, 0xffffffffU));
  };
  // Before all is told the net of a dead one may be below zero: then the plain ratio is the smaller one.
  keep_ = living <= 0 ? 0 : std::min(part(allowed, living), part(budget_, outstanding_));
  ++epoch_;
  for (Tile tile = 0; tile < members_.size(); ++tile)
    if (members_[tile].alive) out.push_back({tile, renewed(members_[tile])});
}

void Bank::repeat(Outbox& out) {
  for (const Dead& dead : dead_) ask_to_close(dead, out);
  if (obeyed()) return;
  bool all = true;
  for (Tile tile = 0; tile < members_.size(); ++tile) {
    const Member& member = members_[tile];
    if (!member.alive || member.epoch == epoch_) continue;
    all = false;
    out.push_back({tile, renewed(member)});
  }
  if (all) cut(out);
}

void Bank::describe(std::vector<std::int64_t>& out) const {
  for (const Member& member : members_)
    out.insert(out.end(), {member.incarnation, member.alive, member.sent, member.received, member.acknowledged,
                           member.net, member.demand, member.epoch});
  for (const Dead& dead : dead_) {
    out.insert(out.end(), {-1, dead.tile, dead.incarnation, dead.net});
    for (const Told& told : dead.told) out.insert(out.end(), {told.partner, told.settled});
  }
  out.insert(out.end(), {-2, budget_, outstanding_, recovered_, pot_, epoch_, keep_});
}

}  // namespace cradle::power
