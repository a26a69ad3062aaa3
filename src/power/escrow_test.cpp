#include "cradle/power/escrow.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <vector>

namespace cradle::power {
namespace {

constexpr Coins most = std::numeric_limits<Coins>::max();

struct Pair {
  Node a, b;
  Link at_a, at_b;

  Pair(Coins held_a, Coins demand_a, Coins held_b, Coins demand_b) {
    a.held = held_a;
    a.demand = demand_a;
    b.held = held_b;
    b.demand = demand_b;
    at_a.partner = at_b.partner = 1;
  }
  std::int64_t exists() const {
    return std::int64_t{a.held} + b.held + static_cast<std::int32_t>(at_a.sent - at_b.received) +
           static_cast<std::int32_t>(at_b.sent - at_a.received);
  }
  void exchange() {
    Step step = {Outcome::reply, ask(a, at_a)};
    for (bool to_b = true; step.outcome == Outcome::reply; to_b = !to_b)
      step = to_b ? receive(b, at_b, step.reply) : receive(a, at_a, step.reply);
  }
};

TEST(Escrow, OneExchangeBalancesAPair) {
  Pair pair(10, 1, 0, 1);
  pair.exchange();
  EXPECT_EQ(pair.a.held, 5);
  EXPECT_EQ(pair.b.held, 5);
  EXPECT_EQ(pair.at_a.in_flight(), 0U);
  Pair other(0, 3, 12, 1);
  other.exchange();
  EXPECT_EQ(other.a.held, 9);
  EXPECT_EQ(other.b.held, 3);
  EXPECT_EQ(other.at_b.in_flight(), 0U) << "coins are acknowledged at once";
}

TEST(Escrow, TheDonorIsDebitedBeforeTheMessageLeaves) {
  Pair pair(0, 1, 8, 1);
  const Step step = receive(pair.b, pair.at_b, ask(pair.a, pair.at_a));
  EXPECT_EQ(pair.b.held, 4);
  EXPECT_EQ(pair.a.held, 0);
  EXPECT_EQ(step.reply.sent, 4U);
  EXPECT_EQ(pair.exists(), 8);
}

TEST(Escrow, ALostGrantIsSaidAgainAndTakenInOnce) {
  Pair pair(0, 1, 8, 1);
  receive(pair.b, pair.at_b, ask(pair.a, pair.at_a));  // the answer is lost
  const Step again = receive(pair.b, pair.at_b, ask(pair.a, pair.at_a));
  EXPECT_EQ(pair.b.held, 4) << "no further coins while some are in flight";
  for (int copy = 0; copy < 3; ++copy) receive(pair.a, pair.at_a, again.reply);
  EXPECT_EQ(pair.a.held, 4);
  EXPECT_EQ(pair.exists(), 8);
}

TEST(Escrow, NoCoinsForAPartnerThatHasNotNamedMe) {
  Node node;
  node.held = 8;
  node.demand = 1;
  Link link;
  Message stranger{MessageKind::ask, 0, 3, 0, 0, 1, 0, 0};
  const Step step = receive(node, link, stranger);
  EXPECT_EQ(step.outcome, Outcome::reply);
  EXPECT_EQ(node.held, 8);
  EXPECT_EQ(link.partner, 3U);
  stranger.to = 1;
  receive(node, link, stranger);
  EXPECT_EQ(node.held, 4);
}

TEST(Escrow, GhostsAreNotHeard) {
  Pair pair(8, 1, 0, 1);
  pair.exchange();
  const Message old = ask(pair.b, pair.at_b);
  ClosedLink last;
  const ClosedLink counts = close(pair.at_a, last, 1);
  EXPECT_EQ(counts.sent, 4U);
  EXPECT_EQ(counts.received, 0U);
  EXPECT_EQ(receive(pair.a, pair.at_a, old).outcome, Outcome::dropped);
  EXPECT_EQ(pair.a.held, 4);
  Message for_another = old;
  for_another.from = 2;
  for_another.to = 7;
  EXPECT_EQ(receive(pair.a, pair.at_a, for_another).outcome, Outcome::dropped);
}

TEST(Escrow, AUsedLinkWaitsToBeClosedAnUnusedOneMovesOn) {
  Pair used(8, 1, 0, 1);
  used.exchange();
  const Message anew{MessageKind::ask, 0, 2, 1, 0, 1, 0, 0};
  EXPECT_EQ(receive(used.a, used.at_a, anew).outcome, Outcome::dropped);
  Pair unused(8, 1, 0, 1);
  EXPECT_EQ(receive(unused.a, unused.at_a, anew).outcome, Outcome::reply);
  EXPECT_EQ(unused.at_a.partner, 2U);
}

TEST(Escrow, ClosingSaysTheSameAgainAndRefusesWhatIsOutOfOrder) {
  Pair pair(8, 1, 0, 1);
  pair.exchange();
  ClosedLink last;
  EXPECT_EQ(close(pair.at_a, last, 2).partner, 0U) << "incarnation 1 is still to be closed";
  EXPECT_EQ(close(pair.at_a, last, 1).sent, 4U);
  EXPECT_EQ(close(pair.at_a, last, 1).sent, 4U);
  EXPECT_EQ(close(pair.at_a, last, 2).sent, 0U);
  EXPECT_EQ(close(pair.at_a, last, 1).partner, 0U);
  EXPECT_EQ(close(pair.at_a, last, 0).partner, 0U);
}

TEST(Escrow, MalformedMessagesChangeNothing) {
  Pair pair(8, 1, 0, 1);
  for (const Message& bad :
       {Message{MessageKind::ask, 0, 0, 1, 0, 1, 5, 0}, Message{MessageKind::ask, 0, 1, 1, -1, 1, 5, 0},
        Message{MessageKind::give, 0, 1, 1, 0, -1, 5, 0}}) {
    EXPECT_EQ(receive(pair.a, pair.at_a, bad).outcome, Outcome::dropped);
    EXPECT_EQ(pair.a.held, 8);
  }
}

TEST(Escrow, WhatThereIsNoRoomForStaysInFlight) {
  Pair pair(most - 2, 1, 0, 0);
  receive(pair.a, pair.at_a, {MessageKind::give, 0, 1, 1, 0, 0, 10, 0});
  EXPECT_EQ(pair.a.held, most);
  EXPECT_EQ(pair.at_a.received, 2U);
}

TEST(Escrow, CoinsFromBeforeACutAreCutOnArrival) {
  Node node;
  node.epoch = 1;
  node.keep = 0xc0000000U;  // three quarters
  Link link;
  link.partner = 1;
  receive(node, link, {MessageKind::give, 0, 1, 1, 0, 1, 8, 0});
  EXPECT_EQ(node.held, 6);
  EXPECT_EQ(node.aside, 2);
  receive(node, link, {MessageKind::give, 1, 1, 1, 0, 1, 16, 0});
  EXPECT_EQ(node.held, 14) << "of the same epoch: whole";
}

/// Both ends act in any order over a network that loses, doubles and reorders; counts start anywhere, so that they
/// wrap.
RC_GTEST_PROP(EscrowProperty, CoinsAreNeitherMadeNorLost, (std::uint32_t start)) {
  Pair pair(*rc::gen::inRange(0, 1000), *rc::gen::inRange(0, 50), *rc::gen::inRange(0, 1000), *rc::gen::inRange(0, 50));
  pair.at_a.sent = pair.at_a.acknowledged = pair.at_b.received = start;
  const std::int64_t all = pair.exists();
  std::vector<Message> to_a, to_b;
  const auto steps = *rc::gen::resize(
      rc::kNominalSize, rc::gen::container<std::vector<std::uint16_t>>(400, rc::gen::arbitrary<std::uint16_t>()));
  for (const std::uint16_t step : steps) {
    if (step % 5 == 0) to_b.push_back(ask(pair.a, pair.at_a));
    if (step % 5 == 1) to_a.push_back(ask(pair.b, pair.at_b));
    if (step % 5 == 2) pair.a.demand = step % 37;
    auto& queue = step % 5 == 3 ? to_a : to_b;
    if (step % 5 >= 3 && !queue.empty()) {
      const std::size_t which = step / 5 % queue.size();
      const Message message = queue[which];
      if (step / 64 % 3 != 0) queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(which));
      const bool at_a = step % 5 == 3;
      const Step said = at_a ? receive(pair.a, pair.at_a, message) : receive(pair.b, pair.at_b, message);
      if (said.outcome == Outcome::reply && step / 256 % 4 != 0) (at_a ? to_b : to_a).push_back(said.reply);
    }
    RC_ASSERT(pair.exists() == all);
    RC_ASSERT(pair.a.held >= 0 && pair.b.held >= 0);
    RC_ASSERT(static_cast<std::int32_t>(pair.at_a.sent - pair.at_b.received) >= 0);
    RC_ASSERT(static_cast<std::int32_t>(pair.at_b.sent - pair.at_a.received) >= 0);
  }
  pair.exchange();
  pair.exchange();
  RC_ASSERT(std::int64_t{pair.a.held} + pair.b.held == all);
}

}  // namespace
}  // namespace cradle::power
