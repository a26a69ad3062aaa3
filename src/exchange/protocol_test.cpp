// Participants and a banker on a made-up network in made-up time: what the daemons do, without sockets; judged by the
// audit of what they log.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/exchange/audit.h"
#include "cradle/exchange/banker.h"
#include "cradle/exchange/participant.h"

namespace cradle::exchange {
namespace {

using power::Ticks;
using power::Tile;

constexpr Ticks ms = 1'000'000;

struct Faults {
  double loss = 0, duplicate = 0;
  Ticks slowest = 20 * ms;
};

class World {
 public:
  World(std::uint32_t tiles, std::int64_t budget, std::uint64_t seed, const Faults& faults)
      : topology_(*power::Topology::parse("ring:" + std::to_string(tiles), "test")),
        network_(seed, "test.network"),
        faults_(faults),
        logs_(tiles + 1),
        nodes_(tiles),
        cut_off_(tiles, false),
        no_bank_(tiles, false) {
    for (Tile tile = 0; tile < tiles; ++tile) logs_[tile].name = "node" + std::to_string(tile);
    logs_[tiles].name = "bank";
    pace_.lease = 2000 * ms;
    pace_.hold = 200 * ms;
    open_bank(budget);
    for (Tile tile = 0; tile < tiles; ++tile) start(tile);
  }

  void open_bank(std::int64_t budget) {
    Deeds deeds;
    banker_ = std::make_unique<Banker>(topology_, pace_, ++term_, budget, now_, deeds);
    carry_out(bank_log(), deeds);
  }
  void shut_bank() { banker_.reset(); }
  void set_budget(std::int64_t coins) {
    Deeds deeds;
    banker_->set_budget(coins, deeds);
    carry_out(bank_log(), deeds);
  }
  void start(Tile tile) {
    nodes_[tile] = std::make_unique<Participant>(topology_, tile, pace_);
    nodes_[tile]->set_demand(static_cast<power::Coins>(10 + 10 * (tile % 3)));
    Deeds deeds;
    nodes_[tile]->begin(++incarnation_, now_, deeds);
    carry_out(tile, deeds);
  }
  void kill(Tile tile) { nodes_[tile].reset(); }
  void cut_off(Tile tile, bool off) { cut_off_[tile] = off; }
  /// Only what goes to the bank and comes from it is lost.
  void cut_off_from_bank(Tile tile) { no_bank_[tile] = true; }
  void leave(Tile tile) {
    Deeds deeds;
    nodes_[tile]->leave(now_, deeds);
    carry_out(tile, deeds);
  }

  void run(Ticks time) {
    for (const Ticks until = now_ + time; now_ < until; now_ += ms) {
      while (!mail_.empty() && mail_.begin()->first <= now_) {
        const Packet packet = mail_.begin()->second;
        mail_.erase(mail_.begin());
        deliver(packet);
      }
      for (Tile tile = 0; tile < nodes_.size(); ++tile) {
        if (!nodes_[tile]) continue;
        Deeds deeds;
        if (!anew(tile, deeds)) nodes_[tile]->tick(now_, deeds);
        carry_out(tile, deeds);
      }
      if (banker_) {
        Deeds deeds;
        banker_->tick(now_, deeds);
        carry_out(bank_log(), deeds);
      }
    }
  }

  std::int64_t held() const {
    std::int64_t sum = 0;
    for (const auto& node : nodes_) sum += node ? node->held() : 0;
    return sum;
  }
  const Participant& node(Tile tile) const { return *nodes_[tile]; }
  const Banker& banker() const { return *banker_; }
  const std::vector<Log>& logs() const { return logs_; }
  std::uint64_t lapses() const { return lapses_; }

 private:
  std::size_t bank_log() const { return nodes_.size(); }

  bool anew(Tile tile, Deeds& deeds) {
    if (!nodes_[tile]->over(now_)) return false;
    ++lapses_;
    nodes_[tile]->end(deeds);
    nodes_[tile]->begin(++incarnation_, now_, deeds);
    return true;
  }

  void carry_out(std::size_t log, const Deeds& deeds) {
    // Events of one step follow each other; the lines of one event have one time.
    last_ = std::max(now_, last_ + 1);
    for (Record record : deeds.records) {
      record.at = last_;
      logs_[log].text += to_line(record);
    }
    for (const Packet& packet : deeds.packets) {
      if (network_.uniform() < faults_.loss || cut_off_[packet.to] || cut_off_[packet.from]) continue;
      if (no_bank_[packet.to] && std::holds_alternative<power::BankMessage>(packet.body)) continue;
      post(packet);
      if (network_.uniform() < faults_.duplicate) post(packet);
    }
  }
  void post(const Packet& packet) {
    // As the daemons do: over the wire.
    const Datagram datagram = encode(packet, 1, key_);
    const auto decoded = decode(datagram.span(), 1, key_);
    ASSERT_TRUE(std::holds_alternative<Packet>(decoded));
    const auto delay = static_cast<Ticks>(network_.below(static_cast<std::uint64_t>(faults_.slowest)));
    mail_.emplace(now_ + 1 + delay, std::get<Packet>(decoded));
  }
  void deliver(const Packet& packet) {
    const auto* bank = std::get_if<power::BankMessage>(&packet.body);
    Deeds deeds;
    if (bank && (bank->kind == power::BankMessageKind::renew || bank->kind == power::BankMessageKind::closed)) {
      if (!banker_) return;
      banker_->receive(packet, now_, deeds);
      return carry_out(bank_log(), deeds);
    }
    if (!nodes_[packet.to]) return;
    if (!anew(packet.to, deeds)) nodes_[packet.to]->receive(packet, now_, deeds);
    carry_out(packet.to, deeds);
  }

  power::Topology topology_;
  RandomStream network_;
  Faults faults_;
  Pace pace_;
  Key key_;
  std::vector<Log> logs_;
  std::vector<std::unique_ptr<Participant>> nodes_;
  std::vector<bool> cut_off_, no_bank_;
  std::unique_ptr<Banker> banker_;
  std::multimap<Ticks, Packet> mail_;
  Ticks now_ = 1000 * ms, last_ = 0;
  power::Incarnation incarnation_ = 100;
  Term term_ = 50;
  std::uint64_t lapses_ = 0;
};

std::string told(const AuditReport& report) {
  std::string text = std::to_string(report.violations) + " violations";
  for (const Violation& one : report.first_violations) text += "\n" + std::to_string(one.at) + ": " + one.what;
  return text;
}

TEST(Protocol, TheWholeBudgetIsHeldInProportion) {
  World world(6, 120, 1, {});
  world.run(10'000 * ms);
  EXPECT_EQ(world.held(), 120);
  // Demands 10, 20, 30, 10, 20, 30: twice.
  for (Tile tile = 0; tile < 6; ++tile) EXPECT_NEAR(world.node(tile).held(), 10 + 10 * (tile % 3), 2) << tile;
  const auto report = audit(world.logs(), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->holds()) << told(*report);
  EXPECT_EQ(report->nodes, 6u);
  EXPECT_EQ(report->held_at_end, 120);
  EXPECT_EQ(report->worst_excess, 0);
}

TEST(Protocol, ACutAndDeathsAreObeyedAndRecovered) {
  World world(8, 400, 2, {0.1, 0.1});
  world.run(8000 * ms);
  world.set_budget(300);
  world.run(1000 * ms);
  EXPECT_LE(world.held(), 300);
  world.kill(1);
  world.kill(2);
  world.run(6000 * ms);
  world.start(2);
  world.run(6000 * ms);
  const auto report = audit(world.logs(), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->holds()) << told(*report);
  EXPECT_EQ(report->cuts, 1u);
  EXPECT_LT(report->longest_obey.value(), 1);
  EXPECT_EQ(report->deaths, 2u);
  EXPECT_GE(report->held_at_end, 297);
  EXPECT_GT(report->recovered, 0);
}

TEST(Protocol, ANodeThatNobodyHearsFallsToItsFloorBeforeItsCoinsAreGivenAway) {
  World world(5, 100, 3, {});
  world.run(6000 * ms);
  EXPECT_GT(world.node(2).held(), 0);
  world.cut_off(2, true);
  world.run(2300 * ms);
  EXPECT_EQ(world.node(2).held(), 0);
  EXPECT_EQ(world.lapses(), 1u);
  world.run(2000 * ms);
  EXPECT_EQ(world.held(), 100);
  world.cut_off(2, false);
  world.run(4000 * ms);
  EXPECT_GT(world.node(2).held(), 0);
  EXPECT_EQ(world.held(), 100);
  const auto report = audit(world.logs(), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->holds()) << told(*report);
}

TEST(Protocol, ABankThatBeginsAnewNeverGrantsWhatIsStillHeld) {
  World world(5, 100, 4, {0.05, 0});
  world.run(6000 * ms);
  EXPECT_EQ(world.held(), 100);
  world.shut_bank();
  world.run(500 * ms);
  world.open_bank(100);
  world.run(1000 * ms);
  EXPECT_EQ(world.held(), 0) << "nodes of an earlier term end as soon as they hear of it";
  world.run(5000 * ms);
  EXPECT_EQ(world.held(), 100);
  const auto report = audit(world.logs(), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->holds()) << told(*report);
  EXPECT_EQ(report->terms, 2u);
}

TEST(Protocol, CoinsOfAnEarlierTermAreNotTaken) {
  World world(5, 100, 6, {});
  world.kill(3);  // so that it has no link to close with the one that hears of no new term
  world.run(6000 * ms);
  EXPECT_GT(world.node(2).held(), 0);
  world.shut_bank();
  world.cut_off_from_bank(2);
  world.open_bank(100);
  world.start(3);
  world.run(1000 * ms);
  EXPECT_TRUE(world.node(3).known());
  EXPECT_GT(world.node(2).held(), 0) << "its lease goes on";
  EXPECT_EQ(world.node(3).held(), 0);
  world.run(5000 * ms);
  const auto report = audit(world.logs(), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->holds()) << told(*report);
}

TEST(Protocol, WhoLeavesReturnsEverything) {
  World world(4, 80, 5, {0.1, 0});
  world.run(6000 * ms);
  for (Tile tile = 0; tile < 4; ++tile) world.leave(tile);
  world.run(3000 * ms);
  for (Tile tile = 0; tile < 4; ++tile) {
    EXPECT_TRUE(world.node(tile).left());
    world.kill(tile);
  }
  world.run(4000 * ms);
  EXPECT_EQ(world.banker().books().outstanding(), 0);
  const auto report = audit(world.logs(), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->holds()) << told(*report);
  EXPECT_EQ(report->in_bank_at_end, 80);
}

/// Neither the daemons' lines nor the bank's show a grant to one that leaves, whatever is lost or late.
TEST(Protocol, AllLeaveAndTheBankGrantsNothingAgain) {
  for (const std::uint64_t seed : {7U, 8U, 9U, 10U}) {
    World world(5, 90, seed, {0.2, 0.2, 120 * ms});
    world.run(6000 * ms);
    for (Tile tile = 0; tile < 5; ++tile) world.leave(tile);
    std::int64_t outstanding = world.banker().books().outstanding();
    for (int step = 0; step < 30; ++step) {
      world.run(50 * ms);
      EXPECT_LE(world.banker().books().outstanding(), outstanding);
      outstanding = world.banker().books().outstanding();
    }
    for (Tile tile = 0; tile < 5; ++tile) world.kill(tile);
    world.run(6000 * ms);
    EXPECT_EQ(world.banker().books().outstanding(), 0);
    const auto report = audit(world.logs(), {});
    ASSERT_TRUE(report) << to_string(report.error());
    EXPECT_TRUE(report->holds()) << told(*report);
    EXPECT_EQ(report->in_bank_at_end, 90);
  }
}

RC_GTEST_PROP(Protocol, NothingThatCanHappenBreaksTheBooks, ()) {
  const auto tiles = *rc::gen::inRange<std::uint32_t>(2, 9);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  Faults faults;
  faults.loss = *rc::gen::inRange(0, 40) / 100.0;
  faults.duplicate = *rc::gen::inRange(0, 40) / 100.0;
  faults.slowest = *rc::gen::inRange<Ticks>(1, 150) * ms;
  World world(tiles, *rc::gen::inRange<std::int64_t>(0, 500), seed, faults);
  std::vector<bool> up(tiles, true);
  const auto acts = *rc::gen::container<std::vector<std::uint32_t>>(12, rc::gen::arbitrary<std::uint32_t>());
  world.run(2500 * ms);
  for (const std::uint32_t act : acts) {
    const Tile tile = (act >> 4) % tiles;
    switch (act % 5) {
      case 0:
        if (up[tile]) world.kill(tile);
        up[tile] = false;
        break;
      case 1:
        if (!up[tile]) world.start(tile);
        up[tile] = true;
        break;
      case 2: world.set_budget(static_cast<std::int64_t>(act >> 8) % 600); break;
      default: world.cut_off(tile, act % 5 == 3);
    }
    world.run(static_cast<Ticks>(act % 1500) * ms);
  }
  for (Tile tile = 0; tile < tiles; ++tile) world.cut_off(tile, false);
  world.run(8000 * ms);
  AuditOptions options;
  options.grace = carbon::Seconds{30};  // partners that are cut off tell late
  options.least_share = 0;              // nobody may be up
  const auto report = audit(world.logs(), options);
  RC_ASSERT(report.has_value());
  if (!report->holds()) RC_FAIL(told(*report));
}

}  // namespace
}  // namespace cradle::exchange
