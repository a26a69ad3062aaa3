// A process asks for its own use over the socket, in C++ and in C.
#include "cradle/observe/self_service.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle_self.h"
#include "observe_fixture.h"

namespace cradle::observe {
namespace {

Snapshot snapshot_with(std::int32_t pid, const std::string& path) {
  Snapshot snapshot;
  snapshot.at = test_start;
  snapshot.policy = attribution::IdlePolicy::reservation;
  ZoneTotals zone;
  zone.counted = true;
  zone.zone.knowledge = carbon::Knowledge::estimated;
  snapshot.zones.push_back(zone);
  ProcessTotals process;
  process.key = {pid, 1};
  process.group = 42;
  process.cpu_ns = 1'500'000'000;
  process.dynamic_microjoules[0] = 2'000'000;
  process.idle_microjoules[0] = 500'000;
  process.operational = carbon::GramsCO2e{0.25};
  process.embodied = carbon::GramsCO2e{0.125};
  snapshot.processes.push_back(process);
  GroupTotals group;
  group.id = 42;
  group.path = path;
  group.totals.cpu_ns = 3'000'000'000;
  group.totals.dynamic_microjoules[0] = 8'000'000;
  group.totals.idle_microjoules[2][0] = 1'000'000;
  group.totals.idle_microjoules[3][0] = 77'000'000;  // of another policy
  group.totals.operational_average.value = carbon::GramsCO2e{0.5};
  group.totals.embodied.value = carbon::GramsCO2e{0.75};
  snapshot.groups.push_back(group);
  return snapshot;
}

TEST(SelfService, TellsAProcessItsOwnUse) {
  const TestFolder folder;
  const auto service = must(SelfService::start(folder / "self.sock"));
  // A name that would end the text, or pass for a number, if it were not quoted.
  service->publish(snapshot_with(::getpid(), "/odd\"joules\":99,\\\n\xff"));
  cradle_self me{};
  ASSERT_EQ(cradle_self_read((folder / "self.sock").c_str(), &me), 0);
  EXPECT_EQ(me.pid, ::getpid());
  EXPECT_EQ(me.found, 1);
  EXPECT_EQ(me.cpu_seconds, 1.5);
  EXPECT_EQ(me.joules, 2.5);
  EXPECT_EQ(me.operational_grams, 0.25);
  EXPECT_EQ(me.embodied_grams, 0.125);
  EXPECT_EQ(me.group_cpu_seconds, 3);
  EXPECT_EQ(me.group_joules, 9);
  EXPECT_EQ(me.group_operational_grams, 0.5);
  EXPECT_EQ(me.group_embodied_grams, 0.75);
  EXPECT_STREQ(me.policy, "reservation");
  EXPECT_STREQ(me.knowledge, "estimated");
}

TEST(SelfService, AnUnseenProcessIsToldItsGroup) {
  const TestFolder folder;
  const auto service = must(SelfService::start(folder / "self.sock"));
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  std::getline(groups, line);
  service->publish(snapshot_with(-1, line.substr(line.find(':', line.find(':') + 1) + 1)));
  cradle_self me{};
  ASSERT_EQ(cradle_self_read((folder / "self.sock").c_str(), &me), 0);
  EXPECT_EQ(me.found, 0);
  EXPECT_EQ(me.joules, 0);
  EXPECT_EQ(me.group_joules, 9);
}

TEST(SelfService, ManyClientsWhileTheFiguresChange) {
  const TestFolder folder;
  const auto service = must(SelfService::start(folder / "self.sock"));
  service->publish(snapshot_with(::getpid(), "/a"));
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c)
    clients.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        cradle_self me{};
        if (cradle_self_read((folder / "self.sock").c_str(), &me) == 0 && me.joules == 2.5) ++answered;
      }
    });
  for (int i = 0; i < 200; ++i) service->publish(snapshot_with(::getpid(), "/a"));
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 400);
}

TEST(SelfService, SaysWhyItCannotStart) {
  const TestFolder folder;
  EXPECT_EQ(SelfService::start({}).error().code, ErrorCode::bad_input);
  EXPECT_EQ(SelfService::start(folder / std::string(200, 'x').c_str()).error().code, ErrorCode::bad_input);
  EXPECT_EQ(SelfService::start(folder / "no/such/folder").error().code, ErrorCode::failed);
  must(write_file(folder / "file", "precious"));
  EXPECT_EQ(SelfService::start(folder / "file").error().code, ErrorCode::bad_input);
  EXPECT_EQ(must(read_file(folder / "file")), "precious");
  {
    const auto first = must(SelfService::start(folder / "self.sock"));
    EXPECT_EQ(SelfService::start(folder / "self.sock").error().code, ErrorCode::failed);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "self.sock"));
  cradle_self me{};
  EXPECT_EQ(cradle_self_read((folder / "self.sock").c_str(), &me), -1);
  EXPECT_EQ(errno, ENOENT);
}

TEST(SelfService, TheExampleIsPlainC) {
  if (std::system("cc --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "there is no C compiler";
  const TestFolder folder;
  const std::string program = folder / "self_carbon", source = CRADLE_SOURCE_DIR;
  const std::string compile = "cc -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -I '" + source +
                              "/include' '" + source + "/examples/self_carbon.c' -o '" + program + "'";
  ASSERT_EQ(std::system(compile.c_str()), 0);
  const auto world = std::make_shared<World>();
  world->add_meter();
  world->add_zone(0, "package-0", meter::ZoneKind::package, "simulated");
  world->group(1, "/");
  ObserverOptions options = test_options(folder);
  options.self_service = folder / "self.sock";
  const auto observer = observe(world, options);
  world->next();
  world->work(::getpid(), 1, 1, second_ns);
  world->read(0, 0, 40'000'000, 10'000'000);
  must(observer->tick());
  cradle_self me{};
  ASSERT_EQ(cradle_self_read(options.self_service.c_str(), &me), 0);
  EXPECT_EQ(me.joules, 30);
  EXPECT_GT(me.operational_grams, 0);
  EXPECT_GT(me.embodied_grams, 0);
  const int status = std::system(
      ("'" + program + "' '" + options.self_service.string() + "' 2 > '" + (folder / "out").string() + "'").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 2) << "no scan has seen the example's process";
  EXPECT_NE(must(read_file(folder / "out")).find("(simulated, idle: none)"), std::string::npos);
}

class FakeMap : public kernel::SelfMap {
 public:
  explicit FakeMap(std::unordered_map<std::uint64_t, kernel::SelfCarbon>& values) : values_(values) {}
  Result<void> update(std::uint64_t group, const kernel::SelfCarbon& value) override {
    values_[group] = value;
    return {};
  }
  Result<void> remove(std::uint64_t group) override {
    values_.erase(group);
    return {};
  }

 private:
  std::unordered_map<std::uint64_t, kernel::SelfCarbon>& values_;
};

TEST(SelfMap, HoldsEveryGroupOfVersion2AndForgetsTheEnded) {
  const TestFolder folder;
  const auto world = std::make_shared<World>();
  world->add_meter();
  world->add_zone(0, "package-0", meter::ZoneKind::package, "simulated");
  const std::uint64_t version_1 = (std::uint64_t{1} << 63) + 9;
  world->group(1, "/");
  world->group(2, "/a");
  world->group(version_1, "/old");
  std::unordered_map<std::uint64_t, kernel::SelfCarbon> map;
  Parts parts;
  parts.capture = std::make_unique<FakeCapture>(world);
  parts.meters = fake_meters(world);
  parts.self_map = std::make_unique<FakeMap>(map);
  const auto observer = must(NodeObserver::compose(test_options(folder), std::move(parts), test_catalog()));
  world->next();
  world->work(7, 1, 2, second_ns);
  world->read(0, 0, 40'000'000, 10'000'000);
  must(observer->tick());
  EXPECT_EQ(map.at(2).microjoules, 30'000'000U);
  EXPECT_GT(map.at(2).micrograms_operational, 0U);
  EXPECT_EQ(map.count(version_1), 0U) << "its number is no kernel's id";
  world->next();
  world->group(2).ended = true;
  must(observer->tick());
  EXPECT_EQ(map.count(2), 0U);
}

}  // namespace
}  // namespace cradle::observe
