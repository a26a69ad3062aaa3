#include "cradle/power/bank.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace cradle::power {

namespace {

Coins clamp(std::int64_t coins) {
  return static_cast<Coins>(std::clamp<std::int64_t>(coins, 0, std::numeric_limits<Coins>::max()));
}

bool newer(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) > 0; }

/// Of the dead, so many for each living one may be unrecovered where further incarnations are let exchange.
constexpr std::size_t living_for_each_dead = 128, least_dead = 4;
/// Deaths are counted while each node renews so often, about a lease; so many nodes for each death are quiet.
constexpr std::uint64_t renewals_of_each = 4, nodes_for_each_death = 32;

}  // namespace

BankMessage renew(Node& node, Lease& lease, Ticks now) {
  // No partner comes to fetch them.
  if (lease.reach == Reach::apart && node.held > node.demand) {
    node.aside += node.held - node.demand;
    node.held = node.demand;
  }
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
  lease.reach = first ? message.reach : std::max(lease.reach, message.reach);
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

std::uint32_t far_link_asked(const Topology& topology, Tile tile, Incarnation incarnation, Reach reach,
                             std::uint32_t turn) {
  const std::uint32_t all = topology.far_count(tile), last = topology.links(tile) - 1;
  if (reach == Reach::wide || !topology.has_far_strides()) return last - turn % all;
  constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;  // Fibonacci hashing (Knuth, TAOCP 3, 6.4)
  const auto draw = static_cast<std::uint32_t>(((std::uint64_t{tile} << 32 | incarnation) * golden) >> 32);
  return last - draw % all;
}

bool asks_over(const Topology& topology, Tile tile, Incarnation incarnation, Reach reach, std::uint32_t link) {
  if (link < topology.near(tile).size() || reach == Reach::wide || !topology.has_far_strides()) return true;
  return far_link_asked(topology, tile, incarnation, reach, 0) == link;
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
  message.reach = member.reach;
  return message;
}

void Bank::watch_deaths() {
  if (++renewals_ < renewals_of_each * living_) return;
  quiet_ = deaths_ * nodes_for_each_death <= living_;
  renewals_ = deaths_ = 0;
}

void Bank::extend_reach(Member& member) const {
  if (member.reach == Reach::apart && dead_.size() <= std::max<std::size_t>(least_dead, living_ / living_for_each_dead))
    member.reach = Reach::narrow;
  if (member.reach == Reach::narrow && quiet_) member.reach = Reach::wide;
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
    member.reach = Reach::apart;
    ++living_;
  }
  watch_deaths();
  extend_reach(member);
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
    member.leaving = member.leaving || message.leaving;
  }
  grant(member, message.held);
  out.push_back({from, renewed(member)});
}

void Bank::grant(Member& member, Coins held) {
  if (member.leaving) return;
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
  Coins coins = clamp(static_cast<std::int64_t>(std::min<Wide>(share, pool())));
  if (member.reach == Reach::apart) {
    // It passes nothing on: no more than it asks for, and than its part of the whole.
    const Wide part = live_demand_ > 0 ? (Wide{budget_} * member.demand + live_demand_ - 1) / live_demand_ : Wide{0};
    coins = std::min(coins, std::max(0, std::min(member.demand, clamp(static_cast<std::int64_t>(part))) - held));
  }
  member.sent += static_cast<std::uint32_t>(coins);
  member.net += coins;
  outstanding_ += coins;
}

void Bank::declare_dead(Tile tile, Outbox& out) {
  Member& member = members_[tile];
  if (!member.alive) return;
  member.alive = false;
  --living_;
  ++deaths_;
  live_demand_ -= member.demand;
  member.demand = 0;
  Dead dead{member.net, {}};
  member.net = 0;
  dead.told.resize(topology_->links(tile));
  for (std::uint32_t link = 0; link < dead.told.size(); ++link) {
    const bool met = may_have_met(tile, member, link);
    dead.told[link] = {met ? members_[partner(tile, link)].incarnation : 0, !met};
  }
  const auto entry = dead_.emplace(Name{tile, member.incarnation}, std::move(dead)).first;
  ask_to_close(entry->first, entry->second, out);
  recover(tile, member.incarnation);
}

/// Coins may have moved over the link between the two incarnations that the bank knows.
bool Bank::may_have_met(Tile tile, const Member& member, std::uint32_t link) const {
  const Tile there = partner(tile, link);
  const Member& other = members_[there];
  // An incarnation that the bank hears of later, or lets exchange later, has never had coins of this one.
  if (!other.alive || other.reach == Reach::apart || member.reach == Reach::apart) return false;
  return asks_over(*topology_, tile, member.incarnation, member.reach, link) ||
         asks_over(*topology_, there, other.incarnation, other.reach, *topology_->link(there, tile));
}

void Bank::ask_to_close(const Name& name, const Dead& dead, Outbox& out) const {
  const auto first = dead_.lower_bound({name.first, 0}), last = dead_.lower_bound(name);
  for (std::size_t link = 0; link < dead.told.size(); ++link) {
    const Told& told = dead.told[link];
    const Tile to = partner(name.first, link);
    if (told.settled || !lives(to, told.partner)) continue;
    // The partner keeps the counts of one closed link: an earlier incarnation of the dead one is asked for first.
    if (std::any_of(first, last, [&](const auto& earlier) {
          return !earlier.second.told[link].settled && earlier.second.told[link].partner == told.partner;
        }))
      continue;
    BankMessage message;
    message.kind = BankMessageKind::close;
    message.incarnation = told.partner;
    message.about = name.first;
    message.about_incarnation = name.second;
    out.push_back({to, message});
  }
}

void Bank::take_closed(Tile from, const BankMessage& message, Outbox& out) {
  if (message.about >= members_.size()) return;
  const auto found = dead_.find({message.about, message.about_incarnation});
  const auto link = topology_->link(message.about, from);
  if (found == dead_.end() || !link) return;
  Told& told = found->second.told[*link];
  if (told.settled || told.partner != message.incarnation) return;
  const std::int64_t given = static_cast<std::int32_t>(message.sent - message.received);
  const bool living = lives(from, message.incarnation);
  if (living) {
    members_[from].net -= given;
  } else {
    const auto teller = dead_.find({from, message.incarnation});
    if (teller == dead_.end()) return;
    teller->second.net -= given;
  }
  found->second.net += given;
  told.settled = true;
  if (living)
    for (auto later = std::next(found); later != dead_.end() && later->first.first == message.about; ++later)
      ask_to_close(later->first, later->second, out);
  recover(message.about, message.about_incarnation);
  if (!living) recover(from, message.incarnation);
}

void Bank::recover(Tile tile, Incarnation incarnation) {
  // The dead that are tied to this one by links of which neither end has told.
  std::vector<std::map<Name, Dead>::iterator> set;
  const auto add = [&](std::map<Name, Dead>::iterator entry) {
    if (entry != dead_.end() && !entry->second.in_set) {
      entry->second.in_set = true;
      set.push_back(entry);
    }
  };
  const auto all_told = [&] {
    for (std::size_t next = 0; next < set.size(); ++next) {  // NOLINT(modernize-loop-convert): the set grows meanwhile
      const Name& name = set[next]->first;
      const std::vector<Told>& told = set[next]->second.told;
      for (std::size_t link = 0; link < told.size(); ++link)
        if (!told[link].settled && lives(partner(name.first, link), told[link].partner)) return false;
      for (std::size_t link = 0; link < told.size(); ++link) {
        const Tile other = partner(name.first, link);
        if (!told[link].settled) add(dead_.find({other, told[link].partner}));
        // And those that wait for this one.
        const auto back = topology_->link(other, name.first);
        for (auto entry = dead_.lower_bound({other, 0}); entry != dead_.end() && entry->first.first == other; ++entry) {
          const Told& theirs = entry->second.told[*back];
          if (!theirs.settled && theirs.partner == name.second) add(entry);
        }
      }
    }
    return true;
  };
  add(dead_.find({tile, incarnation}));
  const bool whole = all_told();
  for (const auto& entry : set) {
    entry->second.in_set = false;
    if (!whole) continue;
    outstanding_ -= entry->second.net;
    recovered_ += entry->second.net;
    dead_.erase(entry);
  }
}

void Bank::set_budget(std::int64_t coins, Outbox& out) {
  budget_ = std::max<std::int64_t>(coins, 0);
  pot_ = 0;
  if (!obeyed()) cut(out);
}

void Bank::cut(Outbox& out) {
  std::int64_t lost = 0;
  for (const auto& dead : dead_) lost += dead.second.net;
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
  for (const auto& [name, dead] : dead_) ask_to_close(name, dead, out);
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
                           member.net, member.demand, member.epoch, static_cast<int>(member.reach), member.leaving});
  for (const auto& [name, dead] : dead_) {
    out.insert(out.end(), {-1, name.first, name.second, dead.net});
    for (const Told& told : dead.told) out.insert(out.end(), {told.partner, told.settled});
  }
  out.insert(out.end(), {-2, budget_, outstanding_, recovered_, pot_, epoch_, keep_});
}

}  // namespace cradle::power
