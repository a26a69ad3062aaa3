// The observer of the machine that the test runs on, with the declared model for a meter.
#include <gtest/gtest.h>

#include <map>

#include "cradle/meter/fake_powercap.h"
#include "observe_fixture.h"

namespace cradle::observe {
namespace {

TEST(Open, ObservesThisMachine) {
  const TestFolder folder;
  ObserverOptions options;
  options.meter.sources = {"model"};
  options.place.grid = "DE";
  auto opened = Observer::open(options, test_catalog());
  if (!opened) GTEST_SKIP() << to_string(opened.error());
  Observer& observer = **opened;
  volatile double work = 0;
  for (int tick = 0; tick < 3; ++tick) {
    for (int i = 0; i < 20'000'000; ++i) work = work + 1.0 / (i + 1);
    must(observer.tick());
  }
  const Snapshot& now = observer.snapshot();
  EXPECT_EQ(now.broken_laws, 0);
  EXPECT_GT(now.node.microjoules(attribution::IdlePolicy::none, Component::cpu), 0);
  EXPECT_GT(now.node.operational_average.value, carbon::GramsCO2e{0});
  EXPECT_GT(now.node.embodied.value, carbon::GramsCO2e{0});
  const ProcessTotals* self = find_process(now, ::getpid());
  ASSERT_NE(self, nullptr);
  EXPECT_GT(self->cpu_ns, 0);
  for (const ZoneTotals& zone : now.zones) EXPECT_EQ(zone.zone.knowledge, carbon::Knowledge::estimated);
  must(observer.finish());
}

/// A made-up tree of counters beside the processes of this machine.
meter::FakePowercap counters(const std::filesystem::path& sysroot,
                             const std::vector<meter::FakePowercap::FakeZone>& zones) {
  auto made = must(meter::FakePowercap::create(sysroot, zones));
  std::filesystem::create_directory_symlink("/proc", sysroot / "proc");
  return made;
}

TEST(Open, PartsWithoutAMeterAreEstimated) {
  const TestFolder folder;
  ObserverOptions options;
  options.capture.sysroot = options.meter.sysroot = folder / "root";
  auto counter = counters(folder / "root", {{"package-0"}, {"dram", 0}});
  auto opened = Observer::open(options, test_catalog());
  if (!opened) GTEST_SKIP() << to_string(opened.error());
  must(counter.add(0, 50'000));
  must(counter.add(1, 5'000));
  must((*opened)->tick());
  std::map<Component, carbon::Knowledge> known;
  std::map<Component, std::int64_t> microjoules;
  for (const ZoneTotals& zone : (*opened)->snapshot().zones) {
    if (!zone.counted) continue;
    EXPECT_TRUE(known.emplace(zone.component, zone.zone.knowledge).second) << zone.zone.name << " counts twice";
    microjoules[zone.component] = zone.microjoules;
  }
  // A tree that is not the kernel's sysfs is never measured; what it has not is the model's.
  EXPECT_EQ(known.at(Component::cpu), carbon::Knowledge::simulated);
  EXPECT_EQ(known.at(Component::memory), carbon::Knowledge::simulated);
  EXPECT_EQ(known.at(Component::storage), carbon::Knowledge::estimated);
  EXPECT_EQ(known.at(Component::network), carbon::Knowledge::estimated);
  EXPECT_EQ(known.at(Component::base), carbon::Knowledge::estimated);
  EXPECT_EQ(microjoules.at(Component::cpu), 50'000);
  EXPECT_EQ(microjoules.at(Component::memory), 5'000);
  EXPECT_GT(microjoules.at(Component::base), 0);
  EXPECT_EQ((*opened)->snapshot().broken_laws, 0);
}

TEST(Open, NothingIsEstimatedBesideAMeterOfTheWholeMachine) {
  const TestFolder folder;
  ObserverOptions options;
  options.capture.sysroot = options.meter.sysroot = folder / "root";
  auto counter = counters(folder / "root", {{"package-0"}, {"psys"}});
  auto opened = Observer::open(options, test_catalog());
  if (!opened) GTEST_SKIP() << to_string(opened.error());
  must(counter.add(0, 50'000));
  must(counter.add(1, 80'000));
  must((*opened)->tick());
  std::int64_t counted = 0;
  for (const ZoneTotals& zone : (*opened)->snapshot().zones) {
    EXPECT_NE(zone.zone.source, "model") << zone.zone.name;
    if (zone.counted) counted += zone.microjoules;
  }
  EXPECT_EQ(counted, 80'000);
}

TEST(Open, WhatIsNamedIsAllThatIsRead) {
  const TestFolder folder;
  ObserverOptions options;
  options.capture.sysroot = options.meter.sysroot = folder / "root";
  options.meter.sources = {"powercap"};
  const auto counter = counters(folder / "root", {{"package-0"}});
  auto opened = Observer::open(options, test_catalog());
  if (!opened) GTEST_SKIP() << to_string(opened.error());
  must((*opened)->tick());
  for (const ZoneTotals& zone : (*opened)->snapshot().zones) EXPECT_EQ(zone.zone.source, "powercap");
}

TEST(Open, SaysWhatIsWrongWithItsOptions) {
  ObserverOptions options;
  options.meter.sources = {"model"};
  options.place.server = "hgx-h10";
  const auto opened = Observer::open(options, test_catalog());
  ASSERT_FALSE(opened.has_value());
  EXPECT_FALSE(opened.error().hint.empty());
}

}  // namespace
}  // namespace cradle::observe
