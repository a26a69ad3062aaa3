// The published protocol on the event loop.
#include <vector>

#include "cradle/power/published_protocol.h"
#include "event_loop.h"

namespace cradle::power {

namespace {

class PublishedEvents : public EventLoop<PublishedEvents, PublishedPacket> {
  using Base = EventLoop<PublishedEvents, PublishedPacket>;
  friend Base;

 public:
  PublishedEvents(const Topology& topology, const Tiles& tiles, const EventOptions& options)
      : Base(topology, tiles, options), first_(topology.tiles() + 1, 0), state_(topology.tiles()) {
    for (Tile tile = 0; tile < topology.tiles(); ++tile) {
      first_[tile + 1] = first_[tile] + topology.links(tile);
      for (std::uint32_t link = 0; link < topology.links(tile); ++link)
        peers_.push_back(peer_of(topology, tile, link, options));
      state_[tile] = {tiles.held[tile], tiles.demand[tile]};
      near_.push_back(static_cast<std::uint16_t>(topology.near(tile).size()));
      positive_ += tiles.held[tile];
    }
    budget_ = positive_;
    for (Peer& peer : peers_) peer.at = first_[peer.tile] + peer.link;
    if (options.published.four_way) {
      rounds_.resize(topology.tiles());
      busy_until_.resize(topology.tiles(), 0);
    }
    outcome_.protocol = Protocol::published;
  }

 private:
  bool registers() const { return options_.published.registers; }
  bool pools(Tile tile) const {
    return options_.published.four_way && near_[tile] > 0 && near_[tile] <= PublishedRound::most;
  }

  /// A tile leaves its round when the coins are handed out, or after a period: a message may be lost.
  bool in_round(Tile tile) const { return now_ < busy_until_[tile]; }
  void enter_round(Tile tile) { busy_until_[tile] = now_ + to_ticks(1); }
  void leave_round(Tile tile) { busy_until_[tile] = 0; }

  /// The balances after an event: what is above the budget, what is below zero.
  void changed(Tile tile, Coins before) {
    const Coins after = state_[tile].held;
    positive_ += std::max(after, 0) - std::max(before, 0);
    negatives_ += static_cast<int>(after < 0) - static_cast<int>(before < 0);
    outcome_.min_balance = std::min<std::int64_t>(outcome_.min_balance, after);
    load(positive_);
    if (positive_ > budget_ || negatives_ > 0) ++outcome_.violations;
  }

  void turn(Tile tile) {
    const std::uint32_t links = first_[tile + 1] - first_[tile];
    if (links == 0) return;
    const std::uint32_t link = next_link(tile, near_[tile], links);
    const PublishedTile& state = state_[tile];
    if (pools(tile) && link < near_[tile]) {
      if (in_round(tile)) return;
      enter_round(tile);
      rounds_[tile] = {};
      for (std::uint32_t near = 0; near < near_[tile]; ++near) {
        rounds_[tile].asked = static_cast<std::uint8_t>(rounds_[tile].asked | (1U << near));
        post(tile, peers_[first_[tile] + near], {PacketKind::poll, 0, 0, 0});
      }
    } else {
      post(tile, peers_[first_[tile] + link], {PacketKind::status, state.held, state.demand, 0});
    }
    changed(tile, state.held);
  }

  void post(Tile tile, const Peer& peer, const PublishedPacket& packet) {
    on_the_way_ += std::int64_t{packet.delta} * send(tile, peer, packet);
  }

  void deliver(Tile tile, std::uint32_t at, std::uint16_t link, const PublishedPacket& packet) {
    on_the_way_ -= packet.delta;
    if (clocks_[tile].down) return;
    if (packet.kind == PacketKind::poll) {
      if (in_round(tile)) {
        post(tile, peers_[at], {PacketKind::busy, 0, 0, 0});
        return;
      }
      enter_round(tile);
    }
    if (packet.kind == PacketKind::round_update) leave_round(tile);
    const Coins before = state_[tile].held;
    const PublishedStep step = published_receive(state_[tile], packet, registers());
    if (packet.kind == PacketKind::report || packet.kind == PacketKind::busy) told(tile, link, packet);
    changed(tile, before);
    if (step.moved) {
      moved(tile);
    } else if (packet.kind == PacketKind::update || packet.kind == PacketKind::round_update) {
      stood_still(tile);
    }
    if (step.replies) post(tile, peers_[at], step.reply);
  }

  void told(Tile tile, std::uint16_t link, const PublishedPacket& packet) {
    if (!pools(tile) || link >= near_[tile]) return;
    PublishedRound& round = rounds_[tile];
    const auto bit = static_cast<std::uint8_t>(1U << link);
    if ((round.asked & bit) == 0) return;
    if (packet.kind == PacketKind::busy) {
      round.asked = static_cast<std::uint8_t>(round.asked & ~bit);
    } else {
      round.told = static_cast<std::uint8_t>(round.told | bit);
      round.partners[link] = {packet.held, packet.demand};
    }
    if (round.told != round.asked) return;
    const auto delta = published_pool(state_[tile], round, registers());
    // An update of nothing, too, tells a partner that the round is over.
    for (std::uint32_t near = 0; near < near_[tile]; ++near)
      if (((round.told >> near) & 1U) != 0)
        post(tile, peers_[first_[tile] + near], {PacketKind::round_update, 0, 0, delta[near]});
    round = {};
    leave_round(tile);
  }

  void timer(Tile, TimerKind) {}
  void tick() {}

  void end(Tile tile) {
    const Coins before = state_[tile].held;
    outcome_.lost += before;
    state_[tile] = {};
    changed(tile, before);
  }
  void restart(Tile tile) { state_[tile].demand = demand(tile); }
  void demand_changed(Tile tile) {
    if (!clocks_[tile].down) state_[tile].demand = demand(tile);
  }
  [[gnu::always_inline]] void soon(Tile tile) { __builtin_prefetch(&state_[tile]); }
  [[gnu::always_inline]] void far_soon(Tile tile, std::uint32_t turn) {
    const std::uint32_t links = first_[tile + 1] - first_[tile];
    if (turn < links) __builtin_prefetch(&peers_[first_[tile] + links - 1 - turn]);
  }
  [[gnu::always_inline]] void soon(Tile tile, std::uint32_t at) {
    soon(tile);
    if (!peers_.empty()) __builtin_prefetch(peers_.data() + at);
  }

  const Tiles& snapshot() {
    snapshot_.held.resize(state_.size());
    snapshot_.demand.resize(state_.size());
    for (std::size_t tile = 0; tile < state_.size(); ++tile) {
      snapshot_.held[tile] = state_[tile].held;
      snapshot_.demand[tile] = state_[tile].demand;
    }
    return snapshot_;
  }

  /// Below zero: coins were made.
  void close_books() {
    std::int64_t held = 0;
    for (const PublishedTile& state : state_) held += state.held;
    sums_.lost = budget_ - held - on_the_way_;
  }

  std::vector<std::uint32_t> first_;
  std::vector<Peer> peers_;
  std::vector<PublishedTile> state_;
  std::vector<std::uint16_t> near_;
  std::vector<PublishedRound> rounds_;
  std::vector<Ticks> busy_until_;  ///< 4-way: in a round until then
  Tiles snapshot_;
  std::int64_t positive_ = 0, budget_ = 0, on_the_way_ = 0;
  std::int64_t negatives_ = 0;
};

}  // namespace

EventOutcome run_published_events(const Topology& topology, const Tiles& tiles, const EventOptions& options) {
  return PublishedEvents(topology, tiles, options).run();
}

}  // namespace cradle::power
