// The published exchange (BlitzCoin, ISCA 2024, as its open RTL describes it) as a pure state machine of packets. The
// target takes its part before the initiator has given it, and no packet is ever repeated: what that leads to is the
// point of having it beside ours.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "cradle/power/exchange.h"
#include "cradle/power/scenario.h"

namespace cradle::power {

struct PublishedOptions {
  /// One tile polls all near partners, pools and hands out; else pair by pair. How the authors keep rounds apart is not
  /// public; here a tile takes part in one at a time, and a round goes without those that are busy.
  bool four_way = false;
  /// With the registers of the released unit: a counter of 7 bits that wraps, a quotient of 6 bits read as signed, so
  /// that a transfer of 32 and more goes the wrong way.
  bool registers = false;
};

enum class PacketKind : std::uint8_t {
  status,       ///< what the initiator holds and asks for; the target moves its part at once and answers with an update
  update,       ///< add this
  poll,         ///< 4-way: say what you hold and ask for
  report,       ///< 4-way: the answer
  busy,         ///< 4-way: the answer of a tile in another round
  round_update  ///< 4-way: add this; the round is over
};

struct PublishedPacket {
  PacketKind kind = PacketKind::status;
  Coins held = 0, demand = 0;  ///< status, report
  Coins delta = 0;             ///< update
};

/// Balances may go below zero.
struct PublishedTile {
  Coins held = 0, demand = 0;
};

/// What fits a packet and its negative.
constexpr Coins published_saturate(std::int64_t coins) {
  constexpr std::int64_t most = std::numeric_limits<Coins>::max();
  return static_cast<Coins>(coins > most ? most : coins < -most ? -most : coins);
}

/// A balance after `delta`: saturated, or wrapped to 7 bits signed (-64 .. 63).
constexpr Coins published_add(Coins held, std::int64_t delta, bool registers) {
  const std::int64_t sum = held + delta;
  if (registers) return static_cast<Coins>(((sum + 64) & 127) - 64);
  return published_saturate(sum);
}

/// What the target adds to itself when it is told `held` and `demand` of the initiator.
constexpr Coins published_delta(const PublishedTile& target, const PublishedPacket& status, bool registers) {
  const std::int64_t delta = published_transfer(status.held, status.demand, target.held, target.demand);
  if (!registers) return published_saturate(delta);
  const std::int64_t size = delta < 0 ? -delta : delta;
  const std::int64_t read = ((size + 32) & 63) - 32;  // 6 bits, signed
  return static_cast<Coins>(delta < 0 ? -read : read);
}

struct PublishedStep {
  bool replies = false;
  bool moved = false;  ///< coins were added or taken
  PublishedPacket reply;
};

constexpr PublishedStep published_receive(PublishedTile& tile, const PublishedPacket& packet, bool registers) {
  switch (packet.kind) {
    case PacketKind::status: {
      const Coins delta = published_delta(tile, packet, registers);
      tile.held = published_add(tile.held, delta, registers);
      return {true, delta != 0, {PacketKind::update, 0, 0, -delta}};
    }
    case PacketKind::update:
    case PacketKind::round_update:
      tile.held = published_add(tile.held, packet.delta, registers);
      return {false, packet.delta != 0, {}};
    case PacketKind::poll: return {true, false, {PacketKind::report, tile.held, tile.demand, 0}};
    case PacketKind::report:
    case PacketKind::busy: break;
  }
  return {};
}

/// A 4-way round under way: what the polled partners said.
struct PublishedRound {
  static constexpr std::uint32_t most = 8;
  std::uint8_t asked = 0, told = 0;  ///< masks by link; who is busy is asked no more
  std::array<PublishedTile, most> partners{};
};

/// Once all have told: the updates by link; the initiator takes their sum from its own balance at once.
constexpr std::array<Coins, PublishedRound::most> published_pool(PublishedTile& tile, const PublishedRound& round,
                                                                 bool registers) {
  std::array<Coins, PublishedRound::most> delta{};
  std::int64_t held = tile.held, demand = tile.demand, members = 1, moved = 0;
  for (std::uint32_t link = 0; link < PublishedRound::most; ++link) {
    if (((round.told >> link) & 1U) == 0) continue;
    held += round.partners[link].held;
    demand += round.partners[link].demand;
    ++members;
  }
  for (std::uint32_t link = 0; link < PublishedRound::most; ++link) {
    if (((round.told >> link) & 1U) == 0) continue;
    __extension__ using Wide = __int128;
    const auto part = static_cast<std::int64_t>(Wide{held} * round.partners[link].demand / (demand > 0 ? demand : 1));
    const std::int64_t share = demand > 0 ? part : held / members;
    delta[link] = published_saturate(share - round.partners[link].held);
    moved += delta[link];
  }
  tile.held = published_add(tile.held, -moved, registers);
  return delta;
}

}  // namespace cradle::power
