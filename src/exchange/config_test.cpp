#include "cradle/exchange/config.h"

#include <gtest/gtest.h>

#include <string>

namespace cradle::exchange {
namespace {

const std::string domain_table = R"(
[domain]
number = 7
topology = "ring:3"
addresses = ["10.0.0.1:7700", "10.0.0.2:7700", "[fd00::3]:7700"]
bank = "10.0.0.9:7700"
coin = 0.5
floor = [10, 20, 30]
lease = 3
)";
const std::string node_tables = R"(
[node]
number = 1
actuator = "cpu:/batch"
rest = 40
core = 5
cores = 16
[node.demand]
watts = 120
)";

Result<DaemonConfig> parse(const std::string& text) { return parse_daemon_config(text, "/etc/cradle/power.toml"); }

/// The error of a file in which a part is another.
Error error_of(std::string text, const std::string& part, const std::string& other) {
  const auto at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  text.replace(at, part.size(), other);
  const auto config = parse(text);
  EXPECT_FALSE(config) << other;
  return config ? Error{} : config.error();
}

TEST(Config, ANodesFileIsRead) {
  const auto config = parse("state = \"number\"\nlog = \"/var/log/power\"\n" + domain_table + node_tables);
  ASSERT_TRUE(config) << to_string(config.error());
  EXPECT_EQ(config->state, "/etc/cradle/number") << "beside the file";
  EXPECT_EQ(config->log, "/var/log/power");
  EXPECT_EQ(config->domain.topology.tiles(), 3u);
  EXPECT_EQ(config->domain.floors[2].value(), 30);
  EXPECT_EQ(config->domain.pace.lease, 3'000'000'000);
  EXPECT_EQ(config->domain.pace.period, 100'000'000);
  ASSERT_TRUE(config->node);
  EXPECT_FALSE(config->bank);
  EXPECT_EQ(config->node->number, 1u);
  EXPECT_EQ(config->node->cores, 16);
  EXPECT_EQ(config->node->demand.watts.value(), 120);
}

TEST(Config, EdgesMayBeGivenOneByOne) {
  std::string text = "state = \"n\"\n" + domain_table + node_tables;
  text.replace(text.find("topology = \"ring:3\""), 19, "near = [\"0-1\", \"1-2\"]\nfar = [\"0-2\"]");
  const auto config = parse(text);
  ASSERT_TRUE(config) << to_string(config.error());
  EXPECT_EQ(config->domain.topology.near(1).size(), 2u);
  EXPECT_EQ(config->domain.topology.far_count(0), 1u);
}

TEST(Config, WhatIsWrongIsSaidWithItsPlace) {
  const std::string good = "state = \"n\"\n" + domain_table + node_tables;
  const std::string bank = "[bank]\nbudget = 100\n";
  ASSERT_TRUE(parse(good));
  ASSERT_TRUE(parse(good.substr(0, good.find("[node]")) + bank));
  const auto refused = [&](const std::string& part, const std::string& other, const std::string& word) {
    const Error error = error_of(good + bank, part, other);
    EXPECT_EQ(error.code == ErrorCode::bad_input || error.code == ErrorCode::missing_data, true);
    EXPECT_NE(to_string(error).find(word), std::string::npos) << to_string(error);
    EXPECT_FALSE(error.hint.empty());
  };
  refused("state = \"n\"", "", "state");
  refused("number = 7", "number = 0", "number");
  refused("ring:3", "ring:4", "addresses");
  refused("ring:3", "rung:3", "topology");
  refused("\"ring:3\"", "\"ring:3\"\nnear = [\"0-1\"]", "topology");
  refused("topology = \"ring:3\"", "near = [\"0-1\"]", "connected");
  refused("topology = \"ring:3\"", "near = [\"0-1\", \"1-x\"]", "1-x");
  refused("10.0.0.2:7700", "10.0.0.2", "10.0.0.2");
  refused("10.0.0.2:7700", "localhost:7700", "localhost");
  refused("10.0.0.2:7700", "10.0.0.1:7700", "nodes 0 and 1 have one address, 10.0.0.1:7700");
  refused("10.0.0.2:7700", "[fd00:0:0::3]:7700", "nodes 1 and 2 have one address");
  refused("10.0.0.2:7700", "10.0.0.2:0", "10.0.0.2:0");
  refused("[fd00::3]:7700", "[fd00::3:7700", "fd00");
  refused("coin = 0.5", "coin = 0", "coin");
  refused("coin = 0.5", "coin = nan", "coin");
  refused("coin = 0.5", "coins = 0.5", "coins");
  refused("[10, 20, 30]", "[10, 20]", "floor");
  refused("floor = [10, 20, 30]", "", "floor");
  refused("lease = 3", "lease = 0.2", "lease");
  refused("number = 1", "number = 3", "number");
  refused("watts = 120", "watts = -1", "watts");
  refused("watts = 120", "watts = 120\nfile = \"f\"", "one source");
  refused("watts = 120", "headroom = 0.2", "one source");
  refused("rest = 40", "points = [\"10\"]", "10");
  refused("budget = 100", "budget = 59", "floors");
  refused("budget = 100", "budget = 1e15", "2^31");
  refused("10.0.0.9", "10.0.0.8", "two addresses");
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse("state = \"n\"\n" + domain_table)) << "neither node nor bank";
  EXPECT_FALSE(parse("\xff\xfe"));
}

TEST(Config, ABudgetIsWholeCoinsAboveTheFloors) {
  const auto config = parse("state = \"n\"\n" + domain_table + node_tables);
  ASSERT_TRUE(config);
  EXPECT_EQ(*coins_of_budget(config->domain, carbon::Watts{60}, "here"), 0);
  EXPECT_EQ(*coins_of_budget(config->domain, carbon::Watts{100.4}, "here"), 80);
  EXPECT_EQ(coins_of_budget(config->domain, carbon::Watts{59.9}, "here").error().where, "here");
}

TEST(Config, WhoDisagreesOnTheDomainHasAnotherMark) {
  const std::string good = "state = \"n\"\n" + domain_table + node_tables;
  const auto mark = [&](const std::string& part, const std::string& other) {
    std::string text = good;
    text.replace(text.find(part), part.size(), other);
    const auto config = parse(text);
    EXPECT_TRUE(config) << other;
    return config ? mark_of(config->domain) : 0;
  };
  const std::uint32_t same = mark("number = 1", "number = 2");
  EXPECT_EQ(mark("watts = 120", "watts = 121"), same) << "what is a node's own";
  EXPECT_NE(mark("number = 7", "number = 8"), same);
  EXPECT_NE(mark("lease = 3", "lease = 4"), same);
  EXPECT_NE(mark("lease = 3", "hold = 2"), same);
  EXPECT_NE(mark("coin = 0.5", "coin = 1"), same);
  EXPECT_NE(mark("[10, 20, 30]", "[10, 20, 31]"), same);
  EXPECT_NE(mark("10.0.0.2:7700", "10.0.0.3:7700"), same);
  EXPECT_NE(mark("topology = \"ring:3\"", "near = [\"0-1\", \"1-2\"]"), same);
}

}  // namespace
}  // namespace cradle::exchange
