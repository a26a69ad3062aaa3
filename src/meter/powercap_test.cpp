#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cradle/base/random.h"
#include "cradle/meter/fake_powercap.h"
#include "sources.h"
#include "sysfs.h"
#include "testing/test_folder.h"

namespace cradle::meter {
namespace {

namespace fs = std::filesystem;
using testing::TestFolder;

Activity second() {
  Activity activity;
  activity.interval_ns = 1'000'000'000;
  return activity;
}

FakePowercap make(const TestFolder& root, const std::vector<FakePowercap::FakeZone>& zones) {
  auto fake = FakePowercap::create(root.path(), zones);
  EXPECT_TRUE(fake.has_value());
  return *std::move(fake);
}

void count(FakePowercap& fake, std::size_t zone, std::int64_t microjoules) {
  ASSERT_TRUE(fake.add(zone, microjoules).has_value());
}

const Zone* find(const Meter& meter, const std::string& name) {
  for (const Zone& zone : meter.zones())
    if (zone.name == name) return &zone;
  return nullptr;
}

TEST(Powercap, ZonesHaveTheFieldsNamesAndPlaces) {
  TestFolder root;
  make(root, {{"package-0"}, {"core", 0}, {"dram", 0}, {"package-1"}, {"dram", 3}, {"psys"}});
  const Opened opened = open_powercap(root.path());
  ASSERT_TRUE(opened.readable) << opened.text;
  const auto& zones = opened.meter->zones();
  ASSERT_EQ(zones.size(), 6u);
  for (const char* name : {"package-0", "core-0", "dram-0", "package-1", "dram-1", "psys"})
    ASSERT_TRUE(find(*opened.meter, name)) << name;
  EXPECT_EQ(find(*opened.meter, "psys")->kind, ZoneKind::psys);
  EXPECT_EQ(find(*opened.meter, "psys")->parent, -1);
  const Zone* dram = find(*opened.meter, "dram-1");
  EXPECT_EQ(dram->kind, ZoneKind::dram);
  ASSERT_GE(dram->parent, 0);
  EXPECT_EQ(zones[static_cast<std::size_t>(dram->parent)].name, "package-1");
}

// Counters of 2 kJ at up to 1 kJ a step: every second step wraps.
TEST(Powercap, SumOfReadingsIsTheTruthOverWraps) {
  TestFolder root;
  constexpr std::int64_t range = 2'000'000'000;
  FakePowercap fake = make(root, {{"package-0", -1, range, range - 5}, {"dram", 0, range}});
  Opened opened = open_powercap(root.path());
  ASSERT_TRUE(opened.readable);
  opened.meter->read({}, second());
  RandomStream draws(3, "powercap");
  std::int64_t truth[2] = {}, sum[2] = {};
  int wraps = 0;
  for (int i = 0; i < 2000; ++i) {
    for (std::size_t zone = 0; zone < 2; ++zone) {
      const auto more = static_cast<std::int64_t>(draws.below(1'000'000'000));
      truth[zone] += more;
      count(fake, zone, more);
    }
    for (const ZoneReading& reading : opened.meter->read({}, second())) {
      sum[reading.zone] += reading.microjoules;
      wraps += reading.event == "wrapped" ? 1 : 0;
    }
  }
  EXPECT_EQ(sum[0], truth[0]);
  EXPECT_EQ(sum[1], truth[1]);
  EXPECT_GT(wraps, 800);
}

TEST(Powercap, ZoneThatVanishesAndReturnsIsToldOnceEach) {
  TestFolder root;
  FakePowercap fake = make(root, {{"package-0"}, {"package-1"}});
  Opened opened = open_powercap(root.path());
  opened.meter->read({}, second());
  const fs::path file = fake.folder(0) / "energy_uj", away = root.path() / "away";
  fs::rename(fake.folder(0), away);
  // A plain file keeps its bytes for whoever has it open, which the kernel's do not: only the name went.
  fs::remove(away / "energy_uj");
  count(fake, 1, 77);
  auto readings = opened.meter->read({}, second());
  EXPECT_FALSE(readings[0].present);
  EXPECT_EQ(readings[0].event, "vanished");
  EXPECT_EQ(readings[0].microjoules, 0);
  EXPECT_EQ(readings[1].microjoules, 77);
  EXPECT_EQ(opened.meter->read({}, second())[0].event, "");

  fs::rename(away, fake.folder(0));
  count(fake, 0, 1'000'000);
  readings = opened.meter->read({}, second());
  EXPECT_TRUE(readings[0].present);
  EXPECT_EQ(readings[0].event, "returned");
  EXPECT_EQ(readings[0].microjoules, 0);
  count(fake, 0, 42);
  EXPECT_EQ(opened.meter->read({}, second())[0].microjoules, 42);
}

TEST(Powercap, HotPlugAddsZonesAtTheEnd) {
  TestFolder root;
  FakePowercap first = make(root, {{"package-0"}});
  Opened opened = open_powercap(root.path());
  opened.meter->read({}, second());
  ASSERT_EQ(opened.meter->zones().size(), 1u);
  FakePowercap both = make(root, {{"package-0"}, {"package-1"}, {"core", 1}});
  auto readings = opened.meter->read({}, second());
  ASSERT_EQ(opened.meter->zones().size(), 3u);
  EXPECT_EQ(opened.meter->zones()[0].name, "package-0");
  count(both, 1, 9);
  readings = opened.meter->read({}, second());
  std::int64_t sum = 0;
  for (const ZoneReading& reading : readings) sum += reading.microjoules;
  EXPECT_EQ(sum, 9);
}

TEST(Powercap, PackagesOfTheMemoryMappedDoorAreNotCountedTwice) {
  TestFolder root;
  FakePowercap fake = make(root, {{"package-0"}, {"core", 0}});
  for (const char* door : {"intel-rapl-mmio:0", "intel-rapl-mmio:1"}) {
    const std::string folder = std::string("sys/class/powercap/") + door;
    root.write(folder + "/name", std::string(door) == "intel-rapl-mmio:0" ? "package-0\n" : "package-7\n");
    root.write(folder + "/energy_uj", "100\n");
    root.write(folder + "/max_energy_range_uj", "1000\n");
  }
  const Opened opened = open_powercap(root.path());
  // package-7 is shown by the memory-mapped door alone, so it stays.
  ASSERT_EQ(opened.meter->zones().size(), 3u);
  EXPECT_NE(find(*opened.meter, "package-0")->path.find("/intel-rapl:0/"), std::string::npos);
  EXPECT_TRUE(find(*opened.meter, "package-7"));
}

TEST(Powercap, DamagedCountersAreOneEventAndNoEnergy) {
  for (const char* damage : {"", "abc\n", "nan\n", "99999999999999999999999\n", "\xff\xfe\n"}) {
    TestFolder root;
    FakePowercap fake = make(root, {{"package-0"}, {"package-1"}});
    Opened opened = open_powercap(root.path());
    opened.meter->read({}, second());
    std::ofstream(fake.folder(0) / "energy_uj") << damage;
    auto readings = opened.meter->read({}, second());
    EXPECT_FALSE(readings[0].present) << damage;
    EXPECT_EQ(readings[0].event.find("no reading"), 0u) << damage;
    EXPECT_EQ(readings[0].microjoules, 0);
    EXPECT_EQ(opened.meter->read({}, second())[0].event, "");
  }
}

TEST(Powercap, UnknownZonesAreNamedNotGuessed) {
  TestFolder root;
  make(root, {{"package-0"}, {"quantum", 0}});
  const Opened opened = open_powercap(root.path());
  EXPECT_EQ(opened.meter->zones().size(), 1u);
  EXPECT_NE(opened.text.find("quantum"), std::string::npos);
}

TEST(Powercap, WithoutPermissionItSaysWhatWouldHelp) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody without permission";
  TestFolder root;
  FakePowercap fake = make(root, {{"package-0"}});
  fs::permissions(root.path(), fs::perms::all);
  fs::permissions(fake.folder(0) / "energy_uj", fs::perms::owner_read);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) ::_exit(10);
    Opened opened = open_powercap(root.path());
    if (opened.readable) ::_exit(11);
    if (opened.hint.find("chmod o+r") == std::string::npos) ::_exit(12);
    if (opened.hint.find("CAP_DAC_READ_SEARCH") == std::string::npos) ::_exit(13);
    const auto again = opened.meter->read({}, second());
    ::_exit(again[0].event.empty() && !again[0].present ? 0 : 14);  // told once
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Nothing in such a tree says that it is made up: that it is no sysfs is enough.
TEST(Powercap, CopyOfATreeIsNeverMeasured) {
  TestFolder root;
  const FakePowercap fake = make(root, {{"package-0"}, {"dram", 0}});
  const Opened opened = open_powercap(root.path());
  ASSERT_EQ(opened.meter->zones().size(), 2u);
  for (const Zone& zone : opened.meter->zones()) {
    EXPECT_EQ(zone.knowledge, carbon::Knowledge::simulated) << zone.name;
    EXPECT_EQ(zone.source, "powercap");
    EXPECT_NE(zone.uncertainty_source.find("a copy in " + (root.path() / "sys/class/powercap").string()),
              std::string::npos)
        << zone.uncertainty_source;
  }
  EXPECT_NE(opened.text.find("simulated"), std::string::npos) << opened.text;
}

TEST(Powercap, SysfsOfTheKernelIsBelieved) {
  if (!in_sysfs("/sys")) GTEST_SKIP() << "no sysfs at /sys";
  Zone zone;
  zone.uncertainty_source = "as it was";
  doubt_if_copied(zone, "/sys/class");
  EXPECT_EQ(zone.knowledge, carbon::Knowledge::measured);
  EXPECT_EQ(zone.uncertainty_source, "as it was");
  for (const char* elsewhere : {"/proc", "/nonexistent", ""}) {
    Zone other;
    doubt_if_copied(other, elsewhere);
    EXPECT_EQ(other.knowledge, carbon::Knowledge::simulated) << elsewhere;
  }
}

TEST(Powercap, NothingThereIsSaidWithAHint) {
  TestFolder root;
  const Opened opened = open_powercap(root.path());
  EXPECT_FALSE(opened.readable);
  EXPECT_FALSE(opened.hint.empty());
}

TEST(FakePowercap, RefusesAParentThatComesLater) {
  TestFolder root;
  EXPECT_FALSE(FakePowercap::create(root.path(), {{"core", 1}, {"package-0"}}).has_value());
}

}  // namespace
}  // namespace cradle::meter
