#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/hierarchy/run.h"

namespace cradle::hierarchy {
namespace {

Tree parse(std::string_view text) {
  auto tree = Tree::parse(text, "--tree");
  EXPECT_TRUE(tree) << to_string(tree.error());
  return std::move(tree).value();
}

std::unique_ptr<Manager> manager(ManagerKind kind, const Tree& tree, const ManagerOptions& options) {
  auto made = Manager::make(kind, tree, options, "--budget");
  EXPECT_TRUE(made) << to_string(made.error());
  return std::move(made).value();
}

GeneratedDemand demand_of(std::int32_t highest = 640) {
  DemandOptions options;
  options.highest = highest;
  return GeneratedDemand::make(options, "demand").value();
}

constexpr std::int64_t afternoon = 15 * 3600;

TEST(Tree, ReadsItsLevels) {
  const Tree tree = parse("row:2:100,rack:3:10:5000,server:4:10,device:8");
  EXPECT_EQ(tree.levels(), 4U);
  EXPECT_EQ(tree.devices(), 192U);
  EXPECT_EQ(tree.nodes(2), 6U);
  EXPECT_EQ(tree.level(2).rating, 5000);
  EXPECT_STREQ(tree.name(0), "site");
  EXPECT_EQ(Tree::dynamo().level(4).rating, 12'600);
}

TEST(Tree, RefusesWhatIsNoTree) {
  for (const char* text : {"", "row", "row:0", "row:x", "row:-3", "row:2:0", "row:2:1:2:3", ":4", "row:2:10,device:3:4",
                           "a:1000000,b:1000000"}) {
    const auto tree = Tree::parse(text, "--tree");
    ASSERT_FALSE(tree) << text;
    EXPECT_EQ(tree.error().where, "--tree");
    EXPECT_FALSE(tree.error().hint.empty());
  }
}

TEST(Manager, RefusesABudgetBelowTheFloors) {
  const Tree tree = parse("server:4,device:4");
  ManagerOptions options;
  options.floor = 10;
  options.budget = 159;
  for (const auto kind : {ManagerKind::exchange, ManagerKind::dynamo, ManagerKind::gradient, ManagerKind::fixed}) {
    const auto made = Manager::make(kind, tree, options, "--budget");
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("160"), std::string::npos) << made.error().message;
    options.budget = 160;
    EXPECT_TRUE(Manager::make(kind, tree, options, "--budget"));
    EXPECT_FALSE(manager(kind, tree, options)->set_budget(100));
    options.budget = 159;
  }
  const Tree rated = parse("rack:2:1:30,device:4");
  options.budget = 1000;
  options.lease_seconds = 0;
  const auto unleased = Manager::make(ManagerKind::exchange, tree, options, "--lease");
  ASSERT_FALSE(unleased);
  EXPECT_NE(unleased.error().message.find("lease"), std::string::npos) << unleased.error().message;
  options.lease_seconds = 2;
  EXPECT_FALSE(Manager::make(ManagerKind::exchange, rated, options, "x")) << "40 of floors on a rating of 30";
  EXPECT_FALSE(parse_manager("exchang", "--manager"));
}

// The law: what devices hold, with the floors, is within the budget and every rating, at every second, whatever comes.
RC_GTEST_PROP(Exchange, NeverMoreThanTheBudget, (std::uint64_t seed)) {
  RandomStream random(seed, "tree");
  const char* const shapes[] = {"device:5", "server:3,device:4", "rack:4:10,server:5:5,device:3",
                                "row:2:100,rack:3:20:900,server:4:10,device:8",
                                "row:3:60:4000,rack:2:30,server:7:10:800,device:4:2"};
  const Tree tree = parse(shapes[random.below(std::size(shapes))]);
  ManagerOptions options;
  options.threads = 1;
  options.floor = static_cast<std::int32_t>(random.below(20));
  const auto devices = static_cast<Quanta>(tree.devices());
  const Quanta floors = devices * options.floor;
  options.budget = floors + static_cast<Quanta>(random.below(static_cast<std::uint64_t>(devices) * 200));
  options.crash_per_second = random.below(2) == 0 ? 0 : 0.02;
  options.down_seconds = 7;
  if (random.below(2) == 0) options.weight = {1, 4, 2};
  const auto made = manager(ManagerKind::exchange, tree, options);
  std::vector<std::int32_t> demand(tree.devices()), held(tree.devices());
  Quanta budget = options.budget;
  for (std::int64_t second = 0; second < 60; ++second) {
    for (auto& one : demand)
      if (second == 0 || random.below(5) == 0)
        one = random.below(3) == 0 ? 0 : static_cast<std::int32_t>(random.below(300));
    if (random.below(10) == 0) {
      budget = floors + static_cast<Quanta>(random.below(static_cast<std::uint64_t>(devices) * 200));
      RC_ASSERT(made->set_budget(budget).has_value());
    }
    made->step(second, demand, held);
    RC_ASSERT(made->violations() == 0U);
    for (std::size_t l = 0; l < tree.levels(); ++l) {
      const Quanta limit = l == 0 ? budget : tree.level(l).rating;
      if (limit == 0 && l > 0) continue;
      const std::size_t below = tree.devices() / tree.nodes(l);
      for (std::size_t n = 0; n < tree.nodes(l); ++n) {
        Quanta sum = static_cast<Quanta>(below) * options.floor;
        for (std::size_t i = n * below; i < (n + 1) * below; ++i) {
          RC_ASSERT(held[i] >= 0 && held[i] <= demand[i]);
          sum += held[i];
        }
        RC_ASSERT(sum <= limit);
      }
    }
  }
}

TEST(Exchange, ACrashedServersCoinsComeBackAfterItsLeaseAndNotBefore) {
  const Tree tree = parse("server:4,device:4");
  ManagerOptions options;
  options.threads = 1;
  options.budget = 16 * 100;
  options.lease_seconds = 5;
  options.down_seconds = 1000;
  options.crash_per_second = 1e-3;
  const auto made = manager(ManagerKind::exchange, tree, options);
  const std::vector<std::int32_t> demand(16, 400);
  std::vector<std::int32_t> held(16);
  const auto sum = [&] { return std::accumulate(held.begin(), held.end(), 0); };
  std::int64_t crashed = -1;
  std::size_t server = 0;
  for (std::int64_t second = 0; second < 5000 && crashed < 0; ++second) {
    made->step(second, demand, held);
    for (std::size_t s = 0; s < 4; ++s)
      if (made->silent_servers()[s]) {
        crashed = second;
        server = s;
      }
  }
  ASSERT_GT(crashed, 0);
  // Its 400 lie still while its lease may run; then the other three share the whole budget.
  EXPECT_EQ(sum(), 1200);
  for (int second = 1; second <= 5; ++second) {
    made->step(crashed + second, demand, held);
    EXPECT_EQ(sum(), 1200) << second;
  }
  made->step(crashed + 6, demand, held);
  EXPECT_EQ(sum(), 1600);
  for (std::size_t i = server * 4; i < server * 4 + 4; ++i) EXPECT_EQ(held[i], 0);
}

TEST(Exchange, IsFairCheapAndObeysACutAtOnce) {
  const Tree tree = parse("row:4:1000,rack:5:100,server:10:10,device:8");
  ManagerOptions options;
  options.floor = 60;
  // Some three fifths of what is asked for in the afternoon.
  options.budget = static_cast<Quanta>(tree.devices()) * (60 + 200);
  const GeneratedDemand demand = demand_of();
  RunOptions run_options;
  run_options.first_second = afternoon;
  run_options.seconds = 900;
  run_options.fairness_every = 30;
  run_options.changes = {{451, static_cast<Quanta>(0.8 * static_cast<double>(options.budget))}};
  const auto made = manager(ManagerKind::exchange, tree, options);
  const auto outcome = run(tree, *made, ManagerKind::exchange, options, demand, run_options, "run");
  ASSERT_TRUE(outcome) << to_string(outcome.error());
  EXPECT_GE(outcome->fairness_least, 0.99);
  EXPECT_LE(outcome->messages_per_device_second, 1.0);
  EXPECT_EQ(outcome->violations, 0U);
  ASSERT_TRUE(outcome->seconds_to_obey);
  EXPECT_LT(*outcome->seconds_to_obey, 1);
  for (const LevelOutcome& level : outcome->levels) EXPECT_EQ(level.over_watt_seconds, 0) << level.name;
  EXPECT_LT(outcome->work_share, 0.95) << "the budget binds, else nothing was tried";

  // Of the same demand: a static share does less work; capping after the fact draws more than is allowed for seconds.
  const auto fixed = manager(ManagerKind::fixed, tree, options);
  const auto alone = run(tree, *fixed, ManagerKind::fixed, options, demand, run_options, "run");
  ASSERT_TRUE(alone);
  EXPECT_LT(alone->work_share, outcome->work_share);
  const auto bands = manager(ManagerKind::dynamo, tree, options);
  const auto capped = run(tree, *bands, ManagerKind::dynamo, options, demand, run_options, "run");
  ASSERT_TRUE(capped);
  EXPECT_GT(capped->levels[0].over_watt_seconds, 0);
  ASSERT_TRUE(capped->seconds_to_obey);
  // Its controllers act every 3 and 9 s; its paper tells of 6 s in a load test.
  EXPECT_GE(*capped->seconds_to_obey, 1);
  EXPECT_LE(*capped->seconds_to_obey, 12);
}

TEST(Exchange, ThreadsDoNotChangeTheAnswer) {
  const Tree tree = parse("row:4:100,rack:8:20,server:40:10,device:8");
  const GeneratedDemand demand = demand_of();
  std::vector<std::vector<std::int32_t>> last;
  std::vector<std::uint64_t> messages;
  for (const unsigned threads : {1U, 2U, 5U}) {
    ManagerOptions options;
    options.threads = threads;
    options.budget = static_cast<Quanta>(tree.devices()) * 180;
    const auto made = manager(ManagerKind::exchange, tree, options);
    std::vector<std::int32_t> asked(tree.devices()), held(tree.devices());
    for (std::int64_t second = 0; second < 20; ++second) {
      demand.fill(afternoon + second, 0, asked);
      made->step(second, asked, held);
    }
    last.push_back(held);
    messages.push_back(made->messages());
  }
  EXPECT_EQ(last[0], last[1]);
  EXPECT_EQ(last[0], last[2]);
  EXPECT_EQ(messages[0], messages[1]);
  EXPECT_EQ(messages[0], messages[2]);
}

TEST(Exchange, WeightsArePriorities) {
  const Tree tree = parse("server:2,device:2");
  ManagerOptions options;
  options.threads = 1;
  options.budget = 800;
  options.weight = {1, 3};
  const auto made = manager(ManagerKind::exchange, tree, options);
  const std::vector<std::int32_t> demand(4, 400);
  std::vector<std::int32_t> held(4);
  for (std::int64_t second = 0; second < 10; ++second) made->step(second, demand, held);
  EXPECT_EQ(held, (std::vector<std::int32_t>{100, 300, 100, 300}));
}

// Light devices share what heavy ones leave, and hold 0.99 of water-filling up to ten to one.
TEST(Exchange, IsFairByWeight) {
  const Tree tree = parse("row:2:1000,rack:5:100,server:50:10,device:8");
  const GeneratedDemand demand = demand_of();
  for (const std::int32_t heavy : {2, 10}) {
    ManagerOptions options;
    options.weight = {1, heavy};
    options.budget = static_cast<Quanta>(tree.devices()) * 200;
    RunOptions run_options;
    run_options.first_second = afternoon;
    run_options.seconds = 300;
    run_options.fairness_every = 20;
    const auto made = manager(ManagerKind::exchange, tree, options);
    const auto outcome = run(tree, *made, ManagerKind::exchange, options, demand, run_options, "run");
    ASSERT_TRUE(outcome);
    EXPECT_GE(outcome->fairness_least, 0.99) << heavy;
    EXPECT_LE(outcome->messages_per_device_second, 1.0) << heavy;
    EXPECT_EQ(outcome->violations, 0U);
    EXPECT_LT(outcome->work_share, 0.9) << "the budget binds, else nothing was tried";
  }
}

TEST(Gradient, DoesMoreWorkThanAnEvenShareWhereTheGainsDiffer) {
  const Tree tree = parse("rack:5:100,server:10:10,device:8");
  ManagerOptions options;
  options.budget = static_cast<Quanta>(tree.devices()) * 150;
  const GeneratedDemand demand = demand_of();
  RunOptions run_options;
  run_options.first_second = afternoon;
  run_options.seconds = 600;
  const auto gradient = manager(ManagerKind::gradient, tree, options);
  const auto fixed = manager(ManagerKind::fixed, tree, options);
  const auto by_gain = run(tree, *gradient, ManagerKind::gradient, options, demand, run_options, "run");
  const auto even = run(tree, *fixed, ManagerKind::fixed, options, demand, run_options, "run");
  ASSERT_TRUE(by_gain && even);
  EXPECT_GT(by_gain->work_share, even->work_share);
  EXPECT_EQ(by_gain->levels[0].over_watt_seconds, 0);
}

// Many clusters, for hours: where those that are satisfied lend to one that is not, no budget may be lost on the way,
// and none may be scaled up by what others offered.
TEST(Gradient, StaysAheadOfAnEvenShareForHours) {
  const Tree tree = parse("row:6:1000,rack:10:100,server:5:10,device:4");
  const GeneratedDemand demand = demand_of();
  for (const Quanta each : {150, 300, 500}) {
    ManagerOptions options;
    options.budget = static_cast<Quanta>(tree.devices()) * each;
    RunOptions run_options;
    run_options.first_second = afternoon;
    run_options.seconds = 3 * 3600;
    const auto gradient = manager(ManagerKind::gradient, tree, options);
    const auto fixed = manager(ManagerKind::fixed, tree, options);
    const auto by_gain = run(tree, *gradient, ManagerKind::gradient, options, demand, run_options, "run");
    const auto even = run(tree, *fixed, ManagerKind::fixed, options, demand, run_options, "run");
    ASSERT_TRUE(by_gain && even);
    EXPECT_GT(by_gain->work_share, even->work_share) << each;
    EXPECT_EQ(by_gain->levels[0].over_watt_seconds, 0) << each;
  }
}

TEST(Dynamo, TripsNoBreakerOnItsTreeWhenTheLoadRises) {
  // The published ratings, a tenth of the site: one main switch board and what hangs on it.
  const Tree tree = parse("sb:2:1000:1250000,rpp:8:100:190000,rack:18:100:12600,server:30");
  ManagerOptions options;
  options.floor = 100;
  options.budget = 2'500'000;
  const auto made = manager(ManagerKind::dynamo, tree, options);
  // 6 of 10 minutes at 330 W a server, then up to 480 W: 5 % above what a rack may draw, were nobody capped.
  const auto surge = RecordedDemand::read("second,demand\n0,230\n360,340\n599,340\n", "surge.csv");
  ASSERT_TRUE(surge);
  RunOptions run_options;
  run_options.seconds = 600;
  const auto outcome = run(tree, *made, ManagerKind::dynamo, options, *surge, run_options, "run");
  ASSERT_TRUE(outcome);
  std::size_t tripped = 0;
  double over = 0;
  for (const LevelOutcome& level : outcome->levels) {
    tripped += level.tripped;
    over += level.over_watt_seconds;
  }
  EXPECT_GT(over, 0) << "the surge is above a rating until the controllers act";
  EXPECT_EQ(tripped, 0U);
}

TEST(Breaker, TripsAfterAsLongAsItsCurveSays) {
  // 10 % above the rating: 17 minutes (Wu et al. 2016, racks and panels).
  const Tree tree = parse("device:10");
  ManagerOptions options;
  options.threads = 1;
  options.budget = 1000;
  class Constant final : public Demand {
   public:
    void fill(std::int64_t, std::size_t, std::span<std::int32_t> out) const override {
      std::fill(out.begin(), out.end(), 110);
    }
  };
  /// Lets everybody draw what they want.
  class Open final : public Manager {
   public:
    void step(std::int64_t, std::span<const std::int32_t> demand, std::span<std::int32_t> held) override {
      std::copy(demand.begin(), demand.end(), held.begin());
    }
    Result<void> set_budget(Quanta) override { return {}; }
  } open;
  RunOptions run_options;
  for (const auto& [seconds, trips] : {std::pair{1000, 0U}, std::pair{1040, 1U}}) {
    run_options.seconds = seconds;
    const auto outcome = run(tree, open, ManagerKind::fixed, options, Constant(), run_options, "run");
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->levels[0].tripped, trips) << seconds;
    EXPECT_NEAR(outcome->levels[0].worst_over_percent, 10, 1e-9);
    EXPECT_EQ(outcome->levels[0].over_watt_seconds, 100.0 * seconds);
  }
}

TEST(Run, ABudgetThatFollowsTheGridSavesGramsAndCostsWork) {
  const Tree tree = parse("rack:4:100,server:10:10,device:8");
  ManagerOptions options;
  options.budget = static_cast<Quanta>(tree.devices()) * 300;
  const GeneratedDemand demand = demand_of();
  // Clean and dirty halves of an hour.
  const auto series =
      carbon::IntensitySeries::make(carbon::Signal::average, Instant{0}, 1'800'000,
                                    {carbon::GramsPerKilowattHour{100}, carbon::GramsPerKilowattHour{700}}, true);
  ASSERT_TRUE(series);
  RunOptions run_options;
  run_options.first_second = afternoon;
  run_options.seconds = 3600;
  run_options.intensity = &*series;
  const auto steady = manager(ManagerKind::exchange, tree, options);
  const auto plain = run(tree, *steady, ManagerKind::exchange, options, demand, run_options, "run");
  run_options.signal = CarbonSignal{1, 0.5};
  const auto follower = manager(ManagerKind::exchange, tree, options);
  const auto followed = run(tree, *follower, ManagerKind::exchange, options, demand, run_options, "run");
  ASSERT_TRUE(plain && followed);
  EXPECT_LT(followed->grams->value(), 0.8 * plain->grams->value());
  EXPECT_GT(followed->device_hours_lost, plain->device_hours_lost);
  EXPECT_LT(followed->work_share, plain->work_share);
  // Each joule at the intensity of its second: within what the cleanest and the dirtiest would give.
  const double joules = plain->energy.value();
  EXPECT_GT(plain->grams->value(), joules * 100 / 3.6e6);
  EXPECT_LT(plain->grams->value(), joules * 700 / 3.6e6);
}

TEST(Run, RefusesWhatCannotBe) {
  const Tree tree = parse("server:2,device:2");
  ManagerOptions options;
  options.budget = 100;
  options.floor = 20;
  const GeneratedDemand demand = demand_of();
  const auto made = manager(ManagerKind::exchange, tree, options);
  const auto refused = [&](const RunOptions& run_options) {
    return !run(tree, *made, ManagerKind::exchange, options, demand, run_options, "run").has_value();
  };
  RunOptions run_options;
  run_options.seconds = 0;
  EXPECT_TRUE(refused(run_options));
  run_options.seconds = 10;
  run_options.changes = {{5, 90}, {5, 95}};
  EXPECT_TRUE(refused(run_options));
  run_options.changes = {{5, 10}};
  EXPECT_TRUE(refused(run_options)) << "below the floors";
  run_options.changes.clear();
  run_options.signal = CarbonSignal{};
  EXPECT_TRUE(refused(run_options)) << "no grid";
  const auto series = carbon::IntensitySeries::constant(carbon::Signal::average, carbon::GramsPerKilowattHour{400});
  run_options.intensity = &series;
  EXPECT_TRUE(refused(run_options)) << "0.6 of the budget is below the floors";
  run_options.signal = CarbonSignal{1, 0.9};
  EXPECT_FALSE(refused(run_options));
}

TEST(Run, StopsWhenAsked) {
  const Tree tree = parse("server:2,device:2");
  ManagerOptions options;
  options.budget = 100;
  const auto made = manager(ManagerKind::exchange, tree, options);
  RunOptions run_options;
  run_options.go_on = [](std::int64_t second) { return second < 120; };
  const auto outcome = run(tree, *made, ManagerKind::exchange, options, demand_of(), run_options, "run");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->seconds, 120);
}

TEST(CutResponse, EveryLevelObeysWithinASecond) {
  const Tree tree = parse("row:10:1000,rack:25:100,server:50:10,device:8");
  LinkModel model;
  const auto responses = cut_response(tree, model);
  ASSERT_EQ(responses.size(), 5U);
  for (const CutResponse& response : responses) {
    EXPECT_LT(response.latest.value(), 1) << response.level;
    EXPECT_GE(response.latest, response.p999);
    EXPECT_GE(response.p999, response.median);
    EXPECT_GT(response.median, model.actuation);
  }
  // The site has obeyed when the last of all devices has.
  EXPECT_EQ(responses.front().latest, responses.back().latest);
  // A worse network takes longer.
  model.loss = 0.1;
  EXPECT_GT(cut_response(tree, model).front().latest, responses.front().latest);
}

}  // namespace
}  // namespace cradle::hierarchy
