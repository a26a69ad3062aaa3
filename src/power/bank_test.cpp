#include "cradle/power/bank.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <numeric>
#include <optional>
#include <set>
#include <vector>

namespace cradle::power {
namespace {

/// Tiles, links and a bank with a network that delivers at once, unless told to lose.
struct Domain {
  Topology topology;
  std::vector<Node> nodes;
  std::vector<Lease> leases;
  std::vector<std::vector<Link>> links;
  std::vector<std::vector<ClosedLink>> closed;
  Bank bank;
  Bank::Outbox out;

  Domain(Topology graph, const std::vector<Coins>& held, const std::vector<Coins>& demand)
      : topology(std::move(graph)), bank(topology, held, demand) {
    for (Tile tile = 0; tile < topology.tiles(); ++tile) {
      nodes.push_back({1, held[tile], demand[tile], 0, 0, 0});
      leases.push_back({0, static_cast<std::uint32_t>(held[tile]), true, Reach::narrow, 0});
      links.emplace_back(topology.links(tile), Link{1, 0, 0, 0, 0});
      closed.emplace_back(topology.links(tile));
    }
  }
  Domain(const Domain&) = delete;

  Link& link(Tile a, Tile b) { return links[a][*topology.link(a, b)]; }
  std::int64_t held() const {
    return std::accumulate(nodes.begin(), nodes.end(), std::int64_t{0},
                           [](std::int64_t sum, const Node& node) { return sum + node.held; });
  }
  /// `hops`: messages that arrive; the next one is lost.
  void exchange(Tile a, Tile b, int hops = 8) {
    if (!leases[a].known || !leases[b].known || leases[a].reach == Reach::apart || leases[b].reach == Reach::apart)
      return;
    Step step = {Outcome::reply, ask(nodes[a], link(a, b))};
    for (int hop = 0; step.outcome == Outcome::reply && hop < hops; ++hop)
      step = hop % 2 == 0 ? receive(nodes[b], link(b, a), step.reply) : receive(nodes[a], link(a, b), step.reply);
  }
  void end(Tile tile) {
    begin_anew(nodes[tile]);
    leases[tile] = {};
    for (Link& one : links[tile]) one = {};
    for (ClosedLink& one : closed[tile]) one = {};
  }
  void renewal(Tile tile) { bank.receive(tile, renew(nodes[tile], leases[tile], 0), out); }
  /// Delivers what the bank said, and what is said to it in return.
  void serve() {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const Bank::Sent sent = out[i];
      if (sent.message.kind == BankMessageKind::close) {
        const auto number = *topology.link(sent.to, sent.message.about);
        bank.receive(sent.to,
                     receive_close(nodes[sent.to], links[sent.to][number], closed[sent.to][number], sent.message), out);
      } else if (receive_renewed(nodes[sent.to], leases[sent.to], sent.message, 10)) {
        renewal(sent.to);
      }
    }
    out.clear();
  }
};

Topology line(std::uint32_t tiles) {
  std::vector<Edge> edges;
  for (Tile tile = 1; tile < tiles; ++tile) edges.push_back({tile - 1, tile});
  return *Topology::graph(tiles, edges, {}, "test");
}

TEST(Bank, ALostIncarnationIsRecoveredExactly) {
  Domain domain(line(3), {8, 0, 8}, {1, 1, 1});
  domain.exchange(0, 1);     // 1 holds 4
  domain.exchange(2, 1, 3);  // 2 gives 2 more; the coins are lost on the way
  domain.exchange(1, 2, 0);
  const std::int64_t gone = 16 - domain.nodes[0].held - domain.nodes[2].held;
  domain.end(1);
  domain.bank.declare_dead(1, domain.out);
  EXPECT_EQ(domain.bank.recovered(), 0) << "not before the partners have told";
  EXPECT_EQ(domain.out.size(), 2U);
  domain.serve();
  EXPECT_EQ(domain.bank.recovered(), gone);
  EXPECT_EQ(domain.bank.outstanding(), domain.held());
  EXPECT_EQ(domain.bank.unrecovered(), 0U);
}

TEST(Bank, DeadOnesWithUntoldLinksAreRecoveredTogether) {
  Domain domain(line(4), {12, 0, 0, 0}, {1, 1, 1, 1});
  domain.exchange(0, 1);
  domain.exchange(1, 2);
  domain.exchange(1, 2, 1);
  domain.exchange(2, 3);
  domain.end(1);
  domain.end(2);
  const std::int64_t gone = 12 - domain.held();
  domain.bank.declare_dead(1, domain.out);
  domain.out.erase(domain.out.begin() + 1);  // to 2, which is dead
  domain.serve();
  EXPECT_EQ(domain.bank.recovered(), 0) << "2 may hold coins of 1";
  domain.bank.declare_dead(2, domain.out);
  domain.serve();
  EXPECT_EQ(domain.bank.recovered(), gone);
  EXPECT_EQ(domain.bank.outstanding(), domain.held());
}

TEST(Bank, ATellerMayDieAfterwards) {
  Domain domain(line(3), {9, 0, 0}, {1, 1, 1});
  domain.exchange(0, 1);
  domain.exchange(1, 2);
  domain.end(1);
  domain.bank.declare_dead(1, domain.out);
  domain.serve();
  domain.end(2);
  domain.bank.declare_dead(2, domain.out);
  domain.serve();
  EXPECT_EQ(domain.bank.outstanding(), domain.nodes[0].held);
  EXPECT_EQ(domain.bank.recovered(), 9 - domain.nodes[0].held);
}

TEST(Bank, ANodeThatBeganAnewSaysSoItselfAndIsGrantedCoins) {
  Domain domain(line(2), {5, 5}, {1, 1});
  domain.end(1);
  domain.renewal(1);
  domain.serve();
  EXPECT_EQ(domain.bank.incarnation(1), 2U);
  EXPECT_EQ(domain.bank.recovered(), 5);
  domain.renewal(0);
  domain.renewal(1);
  domain.serve();
  EXPECT_EQ(domain.bank.pool(), 0);
  EXPECT_EQ(domain.held(), 10);
}

TEST(Bank, ACutIsObeyedProportionallyAndLateCoinsAreCut) {
  Domain domain(line(3), {100, 50, 0}, {1, 1, 0});
  domain.exchange(0, 1, 1);  // plea of 1; nothing moves
  domain.exchange(1, 2, 1);
  domain.exchange(0, 1, 2);  // 0 gives 25, lost on the way
  ASSERT_EQ(domain.nodes[0].held, 75);
  domain.bank.set_budget(75, domain.out);
  domain.serve();
  EXPECT_EQ(domain.nodes[0].held, 37);
  EXPECT_EQ(domain.nodes[1].held, 25);
  domain.exchange(1, 0, 1);  // says again what was given: now of the newer epoch
  for (int round = 0; round < 4 && !domain.bank.obeyed(); ++round) {
    domain.exchange(0, 1);
    domain.bank.repeat(domain.out);
    domain.serve();
  }
  EXPECT_TRUE(domain.bank.obeyed());
  EXPECT_LE(domain.held(), 75);
}

TEST(Bank, ARaisedBudgetIsGrantedToThoseWhoAsk) {
  Domain domain(line(3), {10, 10, 10}, {3, 1, 0});
  domain.bank.set_budget(70, domain.out);
  for (Tile tile = 0; tile < 3; ++tile) domain.renewal(tile);
  domain.serve();
  EXPECT_EQ(domain.nodes[0].held, 40);
  EXPECT_EQ(domain.nodes[1].held, 20);
  EXPECT_EQ(domain.nodes[2].held, 10);
  EXPECT_EQ(domain.bank.pool(), 0);
}

/// Ends and begins five tiles anew whose partner 0 never tells: so many unrecovered that the bank is careful.
void five_untold(Domain& domain) {
  for (Tile tile = 1; tile <= 5; ++tile) {
    domain.end(tile);
    domain.bank.declare_dead(tile, domain.out);
  }
  domain.out.clear();
  ASSERT_EQ(domain.bank.unrecovered(), 5U);
}

Topology star(std::uint32_t tiles) {
  std::vector<Edge> edges;
  for (Tile tile = 1; tile < tiles; ++tile) edges.push_back({0, tile});
  return *Topology::graph(tiles, edges, {}, "test");
}

TEST(Bank, WhileManyAreUnrecoveredANewIncarnationStandsApartAndIsRecoveredAtOnce) {
  Domain domain(star(7), {10, 10, 10, 10, 10, 10, 10}, {10, 10, 10, 10, 10, 10, 10});
  five_untold(domain);
  domain.bank.set_budget(140, domain.out);
  domain.renewal(1);
  EXPECT_EQ(domain.bank.reach(1), Reach::apart);
  domain.out.erase(domain.out.begin(), domain.out.end() - 1);
  domain.serve();
  EXPECT_EQ(domain.leases[1].reach, Reach::apart);
  EXPECT_EQ(domain.nodes[1].held, 10) << "what it asks for, though there is more";
  // Nobody has to tell: its coins are back with its declaration.
  const std::int64_t before = domain.bank.recovered();
  domain.end(1);
  domain.bank.declare_dead(1, domain.out);
  EXPECT_TRUE(domain.out.empty());
  EXPECT_EQ(domain.bank.recovered(), before + 10);
  EXPECT_EQ(domain.bank.unrecovered(), 5U);
}

TEST(Bank, OnceTheDeadAreRecoveredItMayExchange) {
  Domain domain(star(7), {10, 10, 10, 10, 10, 10, 10}, {10, 10, 10, 10, 10, 10, 10});
  five_untold(domain);
  domain.renewal(1);
  domain.serve();
  ASSERT_EQ(domain.leases[1].reach, Reach::apart);
  domain.bank.repeat(domain.out);
  domain.serve();
  EXPECT_EQ(domain.bank.unrecovered(), 0U);
  domain.renewal(1);
  const Bank::Outbox answer = domain.out;
  domain.serve();
  EXPECT_EQ(domain.leases[1].reach, Reach::narrow);
  EXPECT_EQ(domain.bank.reach(1), Reach::narrow);
  // An answer from before that was overtaken changes nothing: the bank counts on it from now on.
  BankMessage overtaken = answer[0].message;
  overtaken.reach = Reach::apart;
  receive_renewed(domain.nodes[1], domain.leases[1], overtaken, 10);
  EXPECT_EQ(domain.leases[1].reach, Reach::narrow);
}

TEST(Bank, AllFarPartnersAreAskedOnceFewHaveDiedOfLate) {
  const auto torus = *Topology::torus(16, 16, "test");
  const std::vector<Coins> held(256, 4);
  Domain domain(torus, held, held);
  const auto all_renew = [&](int times) {
    for (int i = 0; i < times; ++i)
      for (Tile tile = 0; tile < 256; ++tile)
        if (domain.bank.alive(tile)) domain.renewal(tile);
    domain.out.clear();
  };
  EXPECT_EQ(domain.bank.reach(0), Reach::narrow);
  for (Tile tile = 100; tile < 110; ++tile) domain.bank.declare_dead(tile, domain.out);
  all_renew(5);
  EXPECT_EQ(domain.bank.reach(0), Reach::narrow) << "more than one in 32 died";
  all_renew(5);
  EXPECT_EQ(domain.bank.reach(0), Reach::wide);
  for (Tile tile = 110; tile < 130; ++tile) domain.bank.declare_dead(tile, domain.out);
  all_renew(5);
  EXPECT_EQ(domain.bank.reach(0), Reach::wide) << "what was said once cannot be taken back";
}

/// What the bank counts on: whom a node asks with a reach is what asks_over() says; one while narrow, all distances
/// among many tiles.
TEST(Bank, ANarrowReachIsOneFarPartnerOfAnyDistance) {
  const auto torus = *Topology::torus(30, 20, "test");
  std::set<std::uint32_t> links;
  for (Tile tile = 0; tile < torus.tiles(); ++tile) {
    std::set<std::uint32_t> own;
    for (std::uint32_t turn = 0; turn < 50; ++turn) {
      const std::uint32_t link = far_link_asked(torus, tile, 3, Reach::narrow, turn);
      EXPECT_GE(link, torus.near(tile).size());
      EXPECT_LT(link, torus.links(tile));
      EXPECT_TRUE(asks_over(torus, tile, 3, Reach::narrow, link));
      own.insert(link);
    }
    EXPECT_EQ(own.size(), 1U);
    std::uint32_t asked = 0;
    for (std::uint32_t link = 0; link < torus.links(tile); ++link) {
      asked += asks_over(torus, tile, 3, Reach::narrow, link) ? 1 : 0;
      EXPECT_TRUE(asks_over(torus, tile, 3, Reach::wide, link));
    }
    EXPECT_EQ(asked, torus.near(tile).size() + 1);
    links.insert(own.begin(), own.end());
  }
  EXPECT_EQ(links.size(), torus.far_count(0));
}

TEST(Bank, WhoStandsApartReturnsWhatItDoesNotAskFor) {
  Node node;
  node.held = 9;
  node.demand = 4;
  Lease lease;
  lease.known = true;
  EXPECT_EQ(renew(node, lease, 0).sent, 0U);
  lease.reach = Reach::apart;
  EXPECT_EQ(renew(node, lease, 0).sent, 5U);
  EXPECT_EQ(node.held, 4);
}

TEST(Bank, WhoLeavesIsGrantedNothing) {
  Domain domain(line(2), {5, 5}, {1, 1});
  domain.nodes[1].demand = 0;
  domain.nodes[1].aside = 5;
  domain.nodes[1].held = 0;
  BankMessage last = renew(domain.nodes[1], domain.leases[1], 1);
  last.leaving = true;
  domain.bank.receive(1, last, domain.out);
  // Nor by a renewal from before that comes late.
  BankMessage late = last;
  late.leaving = false;
  late.time = 0;
  domain.bank.receive(1, late, domain.out);
  domain.serve();
  EXPECT_EQ(domain.nodes[1].held, 0);
  EXPECT_EQ(domain.bank.pool(), 5);
  domain.renewal(0);
  domain.serve();
  EXPECT_EQ(domain.nodes[0].held, 10);
}

TEST(Bank, WhatIsNotWellFormedOrTooOldChangesNothing) {
  Domain domain(line(2), {5, 5}, {1, 1});
  std::vector<std::int64_t> before, after;
  domain.bank.describe(before);
  BankMessage message = renew(domain.nodes[0], domain.leases[0], 0);
  domain.bank.receive(99, message, domain.out);
  message.incarnation = 0;
  domain.bank.receive(0, message, domain.out);
  message.incarnation = 1;
  message.held = -1;
  domain.bank.receive(0, message, domain.out);
  message.kind = BankMessageKind::closed;
  message.about = 77;
  domain.bank.receive(0, message, domain.out);
  message.about = 1;
  message.about_incarnation = 1;
  message.sent = 4;
  domain.bank.receive(0, message, domain.out);
  domain.bank.describe(after);
  EXPECT_EQ(before, after);
  EXPECT_TRUE(domain.out.empty());
}

TEST(Bank, AGhostOfADeclaredIncarnationIsNotRenewed) {
  Domain domain(line(2), {5, 5}, {1, 1});
  const BankMessage ghost = renew(domain.nodes[0], domain.leases[0], 0);
  domain.end(0);
  domain.bank.declare_dead(0, domain.out);
  domain.out.clear();
  domain.bank.receive(0, ghost, domain.out);
  EXPECT_TRUE(domain.out.empty());
  EXPECT_FALSE(domain.bank.alive(0));
}

TEST(Lease, RunsFromTheSendTimeOfTheRenewalThatWasAnswered) {
  Domain domain(line(2), {5, 5}, {1, 1});
  domain.bank.receive(0, renew(domain.nodes[0], domain.leases[0], 7), domain.out);
  receive_renewed(domain.nodes[0], domain.leases[0], domain.out[0].message, 100);
  EXPECT_EQ(domain.leases[0].ends, 107);
  BankMessage old = domain.out[0].message;
  old.time = 3;
  receive_renewed(domain.nodes[0], domain.leases[0], old, 100);
  EXPECT_EQ(domain.leases[0].ends, 107) << "an overtaken answer shortens nothing";
}

TEST(Silence, NamesEachSilentOneOnce) {
  Silence silence(3);
  silence.heard(1, 5);
  silence.heard(2, 6);
  silence.heard(1, 9);
  std::vector<Tile> named;
  const auto take = [&](Tile tile) { named.push_back(tile); };
  silence.expire(7, take);
  EXPECT_EQ(named, (std::vector<Tile>{0, 2}));
  silence.expire(7, take);
  EXPECT_EQ(named.size(), 2U);
  silence.expire(10, take);
  EXPECT_EQ(named.back(), 1U);
}

/// Anything may happen to four tiles; then nothing is lost any more, and every coin must be found again.
RC_GTEST_PROP(BankProperty, EveryCoinIsFoundAgain, ()) {
  const auto ring =
      *Topology::graph(4, std::vector<Edge>{{0, 1}, {1, 2}, {2, 3}, {0, 3}}, std::vector<Edge>{{0, 2}}, "test");
  Domain domain(ring, {20, 0, 7, 13}, {1, 3, 2, 1});
  const auto steps = *rc::gen::resize(
      rc::kNominalSize, rc::gen::container<std::vector<std::uint32_t>>(300, rc::gen::arbitrary<std::uint32_t>()));
  for (const std::uint32_t step : steps) {
    const Tile a = step / 16 % 4;
    const auto near = ring.near(a);
    switch (step % 16) {
      case 0: domain.end(a); break;
      case 1:
        if (domain.bank.alive(a) && domain.bank.incarnation(a) < domain.nodes[a].incarnation)
          domain.bank.declare_dead(a, domain.out);
        break;
      case 2: domain.renewal(a); break;
      case 3: domain.serve(); break;
      case 4: domain.out.clear(); break;
      case 5: domain.bank.repeat(domain.out); break;
      case 6:
        if (step / 64 % 8 == 0) domain.bank.set_budget(10 + step / 512 % 60, domain.out);
        break;
      default: domain.exchange(a, near[step / 64 % near.size()], static_cast<int>(step / 1024 % 5)); break;
    }
    RC_ASSERT(domain.held() <= domain.bank.outstanding());
    for (const Node& node : domain.nodes) RC_ASSERT(node.held >= 0);
  }
  domain.out.clear();
  for (int round = 0; round < 12; ++round) {
    for (Tile tile = 0; tile < 4; ++tile) {
      domain.renewal(tile);
      domain.serve();
      for (const Tile other : ring.near(tile)) domain.exchange(tile, other);
    }
    domain.exchange(0, 2);
    domain.bank.repeat(domain.out);
    domain.serve();
  }
  RC_ASSERT(domain.bank.unrecovered() == 0U);
  RC_ASSERT(domain.held() == domain.bank.outstanding());
  RC_ASSERT(domain.held() == domain.bank.budget());
}

}  // namespace
}  // namespace cradle::power
