// The device of a node, over the simulated actuator: down and confirmed, dry runs, what is refused.
#include "limiter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace cradle::exchange {
namespace {

namespace fs = std::filesystem;

class LimiterTest : public testing::Test {
 protected:
  LimiterTest() : folder_(fs::temp_directory_path() / ("cradle_limiter_test_" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "run");
    fs::permissions(folder_ / "run", fs::perms::owner_all);
    std::ofstream(folder_ / "limit") << "150000000\n";
  }
  ~LimiterTest() override { fs::remove_all(folder_); }

  DaemonConfig config(const std::string& device, const std::string& node = {}) const {
    auto parsed = parse_daemon_config(
        "state = \"n\"\nrun_folder = \"run\"\n[domain]\nnumber = 1\ntopology = \"ring:2\"\n"
        "addresses = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\nbank = \"127.0.0.1:3\"\ncoin = 2\nfloor = 20\n"
        "[node]\nnumber = 0\nactuator = \"simulated:" +
            (folder_ / "limit").string() + device + "\"\n" + node + "[node.demand]\nwatts = 50\n",
        (folder_ / "power.toml").string());
    EXPECT_TRUE(parsed) << to_string(parsed.error());
    return *parsed;
  }
  std::string limit() const {
    std::string text;
    std::getline(std::ifstream(folder_ / "limit"), text);
    return text;
  }

  fs::path folder_;
};

TEST_F(LimiterTest, GoesUpAtOnceAndIsDownOnlyWhenTheDeviceSaysSo) {
  {
    auto limiter = Limiter::open(config(",lowest=10,highest=200,latency_ms=60"), actuator::Apply::yes);
    ASSERT_TRUE(limiter) << to_string(limiter.error());
    EXPECT_EQ(limiter->cap(), 65) << "what it was before may be drawn until it is set: (150 - 20) / 2";
    limiter->aim(0);
    EXPECT_EQ(limit(), "20000000") << "asked for at once";
    EXPECT_FALSE(limiter->settled());
    EXPECT_EQ(limiter->cap(), 65);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!limiter->settled() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(limiter->cap(), 0);
    limiter->aim(40);
    EXPECT_EQ(limit(), "100000000");
    EXPECT_EQ(limiter->cap(), 40) << "from when it is asked for";
    limiter->aim(1000);
    EXPECT_EQ(limit(), "200000000") << "the device's highest";
    EXPECT_EQ(limiter->cap(), 90);
  }
  EXPECT_EQ(limit(), "150000000") << "put back";
}

TEST_F(LimiterTest, AsksAgainWhereItWasRefused) {
  auto limiter = Limiter::open(config(",lowest=10,highest=200,refusal=0.7,seed=3"), actuator::Apply::yes);
  ASSERT_TRUE(limiter) << to_string(limiter.error());
  limiter->aim(0);
  int asked = 1;
  while (!limiter->settled() && asked < 1000) ++asked;
  EXPECT_EQ(limit(), "20000000");
  EXPECT_EQ(limiter->cap(), 0);
  EXPECT_LT(asked, 1000);
  for (int tries = 0; !limiter->restore() && tries < 1000; ++tries) continue;
  EXPECT_EQ(limit(), "150000000");
}

TEST_F(LimiterTest, ADryRunWritesNothing) {
  auto limiter = Limiter::open(config(",lowest=10,highest=200"), actuator::Apply::no);
  ASSERT_TRUE(limiter) << to_string(limiter.error());
  limiter->aim(10);
  EXPECT_TRUE(limiter->settled());
  EXPECT_EQ(limit(), "150000000");
  EXPECT_EQ(actuator::to_string(limiter->target()), "40 W");
  EXPECT_FALSE(limiter->applied());
}

TEST_F(LimiterTest, ADeviceThatCannotBeHeldToTheFloorIsRefused) {
  const auto low = Limiter::open(config(",lowest=30,highest=200"), actuator::Apply::no);
  ASSERT_FALSE(low);
  EXPECT_EQ(low.error().code, ErrorCode::budget_exceeded);
  const auto rest = Limiter::open(config(",lowest=10,highest=200", "rest = 15\n"), actuator::Apply::no);
  ASSERT_FALSE(rest);
  EXPECT_EQ(rest.error().code, ErrorCode::budget_exceeded) << "the rest of the machine takes 15 of the 20 W";
  const auto none = Limiter::open(config("x"), actuator::Apply::no);
  ASSERT_FALSE(none);
  EXPECT_FALSE(none.error().hint.empty());
}

}  // namespace
}  // namespace cradle::exchange
