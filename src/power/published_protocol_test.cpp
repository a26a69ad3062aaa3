#include "cradle/power/published_protocol.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cradle::power {
namespace {

TEST(PublishedProtocol, TheTargetMovesFirst) {
  PublishedTile a{10, 1}, b{0, 1};
  const PublishedStep step = published_receive(b, {PacketKind::status, a.held, a.demand, 0}, false);
  EXPECT_EQ(b.held, 5);
  EXPECT_EQ(a.held + b.held, 15) << "five coins more than there are, until the update arrives";
  published_receive(a, step.reply, false);
  EXPECT_EQ(a.held, 5);
}

TEST(PublishedProtocol, AnUpdateAfterTheCoinsWereSpentLeavesLessThanNothing) {
  PublishedTile a{10, 1}, b{0, 1}, c{0, 1};
  const PublishedPacket status{PacketKind::status, a.held, a.demand, 0};
  const auto from_b = published_receive(b, status, false);
  const auto from_c = published_receive(c, status, false);
  a.held = published_add(a.held, from_b.reply.delta, false);
  a.demand = 0;
  PublishedTile d{0, 1};
  const auto from_d = published_receive(d, {PacketKind::status, a.held, a.demand, 0}, false);
  published_receive(a, from_c.reply, false);
  published_receive(a, from_d.reply, false);
  EXPECT_EQ(a.held, -5);
  EXPECT_EQ(a.held + b.held + c.held + d.held, 10);
}

TEST(PublishedProtocol, RegistersWrapAndTurnLargeTransfersRound) {
  EXPECT_EQ(published_add(60, 10, true), -58);
  EXPECT_EQ(published_add(60, 10, false), 70);
  const PublishedTile target{0, 63};
  // 63 x 63 / 63 = 63 coins to come: 6 bits read as signed are -1.
  EXPECT_EQ(published_delta(target, {PacketKind::status, 63, 0, 0}, true), -1);
  EXPECT_EQ(published_delta(target, {PacketKind::status, 63, 0, 0}, false), 63);
  EXPECT_EQ(published_delta(target, {PacketKind::status, 31, 0, 0}, true), 31);
}

RC_GTEST_PROP(PublishedProtocolProperty, PoolingConservesCoinsAndGivesByDemand, ()) {
  PublishedTile tile{*rc::gen::inRange(0, 100), *rc::gen::inRange(0, 60)};
  PublishedRound round;
  round.asked = round.told = 0x0f;
  std::int64_t held = tile.held;
  for (std::size_t i = 0; i < 4; ++i) {
    round.partners[i] = {*rc::gen::inRange(0, 100), *rc::gen::inRange(0, 60)};
    held += round.partners[i].held;
  }
  const auto delta = published_pool(tile, round, false);
  std::int64_t after = tile.held;
  for (std::size_t i = 0; i < 4; ++i) {
    const Coins share = round.partners[i].held + delta[i];
    RC_ASSERT(share >= 0);
    after += share;
  }
  RC_ASSERT(after == held);
  RC_ASSERT(tile.held >= 0);
}

}  // namespace
}  // namespace cradle::power
