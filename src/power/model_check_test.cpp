#include "cradle/power/model_check.h"

#include <gtest/gtest.h>

namespace cradle::power {
namespace {

TEST(ModelCheck, ALineOfThreeTilesWithoutCrashesIsSeenWhole) {
  ModelCheckOptions options;
  options.line = true;
  options.ends = 0;
  const auto outcome = check_model(options);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->violation, "");
  EXPECT_TRUE(outcome->complete);
  EXPECT_EQ(outcome->bounded, 0U);
  EXPECT_GT(outcome->states, 5'000U);
}

/// Each two are partners: coins can go round. With four coins, as in the bench power/model_check_whole, there are
/// 889,002 states.
TEST(ModelCheck, ThreeCoinsOnATriangleWithoutCrashesAreSeenWhole) {
  ModelCheckOptions options;
  options.held = {2, 1, 0};
  options.demand = {1, 1, 1};
  options.ends = 0;
  const auto outcome = check_model(options);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->violation, "");
  EXPECT_TRUE(outcome->complete);
  EXPECT_EQ(outcome->bounded, 0U);
  EXPECT_EQ(outcome->states, 67'500U);
}

/// One coin and one end of an incarnation, anywhere and at any moment: every state there is, every message lost,
/// doubled or late, the bank told at once or never.
TEST(ModelCheck, OneCoinAndACrashAreSeenWhole) {
  ModelCheckOptions options;
  options.held = {1, 0, 0};
  options.demand = {0, 0, 1};
  options.line = true;
  options.most_sent = 1;
  const auto outcome = check_model(options);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->violation, "");
  EXPECT_TRUE(outcome->complete);
  EXPECT_EQ(outcome->bounded, 0U);
  EXPECT_GT(outcome->states, 30'000U);
  EXPECT_GT(outcome->depth, 20U);
}

TEST(ModelCheck, OneCoinAndACutAreSeenWhole) {
  ModelCheckOptions options;
  options.held = {1, 0, 0};
  options.demand = {0, 0, 1};
  options.line = true;
  options.ends = 0;
  options.cut_to = 0;
  options.most_sent = 1;
  const auto outcome = check_model(options);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->violation, "");
  EXPECT_TRUE(outcome->complete);
  EXPECT_EQ(outcome->bounded, 0U);
  EXPECT_GT(outcome->states, 50'000U);
}

TEST(ModelCheck, CrashesAnywhereNearTheStart) {
  for (const bool line : {false, true}) {
    ModelCheckOptions options;
    options.line = line;
    options.ends = 2;
    options.most_states = 60'000;
    const auto outcome = check_model(options);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->violation, "");
    EXPECT_GE(outcome->states, options.most_states);
    EXPECT_GE(outcome->depth, 6U) << "every run of so many steps";
  }
}

TEST(ModelCheck, ACutAnywhereNearTheStart) {
  ModelCheckOptions options;
  options.cut_to = 2;
  options.most_states = 60'000;
  const auto outcome = check_model(options);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->violation, "");
  EXPECT_GE(outcome->depth, 5U);
}

/// The same check finds what it is there to find.
TEST(ModelCheck, FindsCoinsThatAreTakenInTwice) {
  ModelCheckOptions options;
  options.line = true;
  options.ends = 0;
  options.receive = [](Node& node, Link& link, const Message& message) {
    const std::uint32_t received = link.received;
    Message again = message;
    again.sent += received;  // what was taken in before counts once more
    return receive(node, link, again);
  };
  const auto outcome = check_model(options);
  ASSERT_TRUE(outcome);
  EXPECT_NE(outcome->violation, "");
  EXPECT_FALSE(outcome->complete);
  EXPECT_GT(outcome->way.size(), 2U);
}

TEST(ModelCheck, FindsADonorThatKeepsWhatItGave) {
  ModelCheckOptions options;
  options.line = true;
  options.ends = 0;
  options.receive = [](Node& node, Link& link, const Message& message) {
    const std::uint32_t sent = link.sent;
    const Step step = receive(node, link, message);
    node.held += static_cast<Coins>(link.sent - sent);
    return step;
  };
  const auto outcome = check_model(options);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->violation, "more coins than are outstanding");
}

TEST(ModelCheck, FindsACloserThatStillListensToTheDead) {
  ModelCheckOptions options;
  options.close = [](Link& link, ClosedLink& last, Incarnation incarnation) {
    const ClosedLink counts = close(link, last, incarnation);
    link.closed = 0;
    return counts;
  };
  const auto outcome = check_model(options);
  ASSERT_TRUE(outcome);
  EXPECT_NE(outcome->violation, "");
}

TEST(ModelCheck, RefusesWhatItCannotRun) {
  ModelCheckOptions options;
  options.held[1] = -1;
  EXPECT_EQ(check_model(options).error().code, ErrorCode::bad_input);
  options = {};
  options.channel = 0;
  EXPECT_FALSE(check_model(options));
  options = {};
  options.demand[0] = 2'000'000;
  EXPECT_FALSE(check_model(options));
}

}  // namespace
}  // namespace cradle::power
