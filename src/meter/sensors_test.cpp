// Perf events, hwmon sensors and the replies of management controllers.
#include <gtest/gtest.h>

#include <map>

#include "cradle/meter/recorded.h"
#include "perf_events.h"
#include "testing/test_folder.h"

namespace cradle::meter {
namespace {

using testing::TestFolder;

Activity seconds(double length) {
  Activity activity;
  activity.interval_ns = static_cast<std::int64_t>(length * 1e9);
  return activity;
}

/// Counters by (event, processor); a negative one refuses to open, an absent one has gone.
class ScriptedPerf : public PerfSystem {
 public:
  int open(std::uint32_t type, std::uint64_t config, int processor) override {
    EXPECT_EQ(type, 14u);
    if (refusal != 0) return -refusal;
    opened.emplace_back(config, processor);
    return static_cast<int>(opened.size()) - 1;
  }
  std::optional<std::uint64_t> read(int fd) override {
    const auto found = counts.find(opened[static_cast<std::size_t>(fd)]);
    return found == counts.end() ? std::nullopt : std::optional(found->second);
  }
  void close(int) override { ++closed; }

  int refusal = 0, closed = 0;
  std::vector<std::pair<std::uint64_t, int>> opened;
  std::map<std::pair<std::uint64_t, int>, std::uint64_t> counts;
};

void write_perf_tree(const TestFolder& root, const std::string& processors = "0,18\n") {
  const std::string power = "sys/bus/event_source/devices/power/";
  root.write(power + "type", "14\n");
  root.write(power + "cpumask", processors);
  for (const auto& [name, event] : {std::pair{"energy-pkg", "event=0x02\n"}, {"energy-ram", "event=0x03\n"}}) {
    root.write(power + "events/" + name, event);
    root.write(power + "events/" + name + ".scale", "2.3283064365386962890625e-10\n");  // 2^-32, as x86 kernels show
    root.write(power + "events/" + name + ".unit", "Joules\n");
  }
  root.write("sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n");
  root.write("sys/devices/system/cpu/cpu18/topology/physical_package_id", "1\n");
}

TEST(PerfEvents, ReadsTypeScaleAndPackages) {
  TestFolder root;
  write_perf_tree(root);
  auto system = std::make_shared<ScriptedPerf>();
  const std::pair<std::uint64_t, int> package_1{2, 18}, dram_1{3, 18};
  system->counts = {{{2, 0}, 0}, {{3, 0}, 0}, {package_1, 1000}, {dram_1, 0}};
  {
    Opened opened = open_perf_events(root.path(), system);
    ASSERT_TRUE(opened.readable) << opened.text;
    EXPECT_EQ(opened.text, "package-0, dram-0, package-1, dram-1");
    EXPECT_EQ(opened.meter->zones()[3].parent, 2);
    opened.meter->read({}, {});
    system->counts[package_1] += std::uint64_t{5} << 32;  // 5 J
    system->counts[dram_1] += (std::uint64_t{1} << 31);   // 0.5 J
    const auto readings = opened.meter->read({}, {});
    EXPECT_EQ(readings[2].microjoules, 5'000'000);
    EXPECT_EQ(readings[3].microjoules, 500'000);
    EXPECT_EQ(readings[0].microjoules, 0);
    // A package whose processor goes offline, and comes back.
    system->counts.erase(package_1);
    EXPECT_EQ(opened.meter->read({}, {})[2].event, "vanished");
    system->counts[package_1] = 1;
    EXPECT_EQ(opened.meter->read({}, {})[2].event, "returned");
    system->counts[package_1] = 0;
    EXPECT_EQ(opened.meter->read({}, {})[2].event, "ran backwards");
  }
  EXPECT_EQ(system->closed, 4);
}

TEST(PerfEvents, FractionsOfAMicrojouleAreNotLost) {
  TestFolder root;
  write_perf_tree(root, "0\n");
  auto system = std::make_shared<ScriptedPerf>();
  system->counts = {{{2, 0}, 0}, {{3, 0}, 0}};
  Opened opened = open_perf_events(root.path(), system);
  opened.meter->read({}, {});
  std::int64_t sum = 0;
  for (int i = 0; i < 4096; ++i) {
    system->counts[{2, 0}] += 1 << 20;  // 244.14 microjoules
    sum += opened.meter->read({}, {})[0].microjoules;
  }
  EXPECT_NEAR(static_cast<double>(sum), 1e6, 1);  // 2^32 counts are 1 J
}

TEST(PerfEvents, RefusalAndDamageAreSaid) {
  TestFolder root;
  write_perf_tree(root);
  auto system = std::make_shared<ScriptedPerf>();
  system->refusal = EACCES;
  Opened opened = open_perf_events(root.path(), system);
  EXPECT_FALSE(opened.readable);
  EXPECT_NE(opened.text.find("permission denied"), std::string::npos);
  EXPECT_NE(opened.hint.find("CAP_PERFMON"), std::string::npos);
  system->refusal = 0;
  for (const char* processors : {"", "x", "3-1", "0-99999999", "0,,1", "-1"}) {
    write_perf_tree(root, processors);
    EXPECT_FALSE(open_perf_events(root.path(), system).readable) << processors;
  }
  write_perf_tree(root);
  for (const char* scale : {"nan", "0", "-1", "1e400", ""}) {
    root.write("sys/bus/event_source/devices/power/events/energy-pkg.scale", scale);
    const Opened partly = open_perf_events(root.path(), system);
    EXPECT_NE(partly.text.find("no scale in Joules"), std::string::npos) << scale;
  }
}

TEST(Hwmon, CountersAndPowersOfKnownChips) {
  TestFolder root;
  const std::string hwmon = "sys/class/hwmon/";
  root.write(hwmon + "hwmon0/name", "amd_energy\n");
  root.write(hwmon + "hwmon0/energy1_label", "Esocket0\n");
  root.write(hwmon + "hwmon0/energy1_input", "1000000\n");
  root.write(hwmon + "hwmon1/name", "power_meter\n");
  root.write(hwmon + "hwmon1/power1_average", "200000000\n");
  root.write(hwmon + "hwmon1/power1_input", "999000000\n");
  root.write(hwmon + "hwmon2/name", "ina226\n");
  root.write(hwmon + "hwmon2/power1_input", "5000000\n");
  Opened opened = open_hwmon(root.path());
  ASSERT_TRUE(opened.readable) << opened.text;
  ASSERT_EQ(opened.meter->zones().size(), 2u);  // a rail of no known meaning is not taken for a machine
  EXPECT_NE(opened.text.find("ina226 power1"), std::string::npos);
  EXPECT_EQ(opened.meter->zones()[0].kind, ZoneKind::package);
  EXPECT_EQ(opened.meter->zones()[1].kind, ZoneKind::platform);
  EXPECT_GT(opened.meter->zones()[1].uncertainty, 0);
  for (const Zone& zone : opened.meter->zones()) {
    EXPECT_EQ(zone.knowledge, carbon::Knowledge::simulated) << "a plain folder is no instrument";
    EXPECT_NE(zone.uncertainty_source.find("a copy in " + root.path().string()), std::string::npos);
  }
  opened.meter->read({}, seconds(1));
  root.write(hwmon + "hwmon0/energy1_input", "31000000\n");
  root.write(hwmon + "hwmon1/power1_average", "300000000\n");
  auto readings = opened.meter->read({}, seconds(2));
  EXPECT_EQ(readings[0].microjoules, 30'000'000);
  EXPECT_EQ(readings[1].microjoules, 500'000'000);  // (200 W + 300 W) / 2 for 2 s
  root.write(hwmon + "hwmon1/power1_average", "-5\n");
  readings = opened.meter->read({}, seconds(1));
  EXPECT_EQ(readings[1].microjoules, 0);
  EXPECT_EQ(readings[1].event.find("no reading"), 0u);
  KindSet known;
  known.add(ZoneKind::package);
  EXPECT_EQ(open_hwmon(root.path(), known).meter->zones().size(), 1u);
}

// The layout of ipmitool 1.8's `dcmi power reading`, numbers our own.
constexpr const char* dcmi = R"(
    Instantaneous power reading:                   220 Watts
    Minimum during sampling period:                  4 Watts
    Maximum during sampling period:                426 Watts
    Average power reading over sample period:      212 Watts
    Sampling period:                          00000001 Seconds.
    Power reading state is:                   activated
)";

TEST(Ipmi, ReadsDcmiSensorAndSdr) {
  const auto watts = [](const char* text) {
    const auto reading = parse_ipmi(text, "reply");
    return reading && reading->power ? reading->power->value() : -1;
  };
  EXPECT_EQ(watts(dcmi), 220);
  EXPECT_EQ(watts("Fan1 | 4800.000 | RPM | ok\nPwr Consumption  | 168.000    | Watts      | ok    | na\n"), 168);
  EXPECT_EQ(watts("Pwr Consumption  | 77h | ok  |  7.1 | 170 Watts\n"), 170);
  EXPECT_EQ(watts("PS1 Input Power | 90 Watts | ok\nPS2 Input Power | 80 Watts | ok\nPS1 Out | 85 Watts | ok\n"), 170);
  EXPECT_EQ(watts("CPU Power | 90 Watts | ok\n"), -1);  // of a part, not of the machine
}

TEST(Ipmi, RefusesDamage) {
  for (const char* text :
       {"", "hello", "Instantaneous power reading: nan Watts", "Instantaneous power reading: -4 Watts",
        "Instantaneous power reading: 1e9 Watts", "Instantaneous power reading: 220 Wa", "\xff\xfe",
        "Instantaneous power reading: 1 Watts\nInstantaneous power reading: 2 Watts",
        "Instantaneous power reading: 0 Watts\nPower reading state is: deactivated"}) {
    const auto reading = parse_ipmi(text, "reply");
    ASSERT_FALSE(reading.has_value()) << text;
    EXPECT_FALSE(reading.error().hint.empty());
  }
}

TEST(Redfish, ReadsTheFormsOfDsp2046) {
  const auto read = [](const char* text) { return parse_redfish(text, "reply"); };
  EXPECT_EQ(read(R"({"PowerControl":[{"PowerConsumedWatts":344}]})")->power->value(), 344);
  EXPECT_EQ(read(R"({"PowerControl":[{"PowerConsumedWatts":null,"PowerMetrics":{"AverageConsumedWatts":310}}]})")
                ->power->value(),
            310);
  const auto both = read(R"({"PowerWatts":{"Reading":374},"EnergykWh":{"Reading":325675}})");
  EXPECT_EQ(both->power->value(), 374);
  EXPECT_EQ(both->counted->value(), 325675 * 3.6e6);
  EXPECT_EQ(read(R"({"ReadingType":"Power","ReadingUnits":"W","Reading":12.5})")->power->value(), 12.5);
  EXPECT_EQ(read(R"({"ReadingType":"EnergykWh","Reading":2})")->counted->value(), 7.2e6);
}

TEST(Redfish, RefusesDamage) {
  for (const char* text :
       {"", "[]", "{", "null", R"({"PowerControl":7})", R"({"PowerControl":[{"PowerConsumedWatts":"344"}]})",
        R"({"PowerControl":[{"PowerConsumedWatts":-1}]})", R"({"PowerControl":[{"PowerConsumedWatts":1e300}]})",
        R"({"PowerWatts":{"Reading":1e999}})", R"({"EnergykWh":{"Reading":1e300}})", "{\"a\":\"\xff\"}",
        R"({"ReadingType":"Temperature","Reading":40})", R"({"PowerControl":[{"PowerConsumedWatts":34)"}) {
    const auto reading = parse_redfish(text, "reply");
    ASSERT_FALSE(reading.has_value()) << text;
    EXPECT_FALSE(reading.error().hint.empty());
  }
}

TEST(Recorded, IsReadAgainAtEachTick) {
  TestFolder root;
  root.write("reply", dcmi);
  auto meter = open_recorded("ipmi", root.path() / "reply");
  ASSERT_TRUE(meter.has_value());
  (*meter)->read({}, seconds(1));
  root.write("reply", "Instantaneous power reading: 320 Watts\n");
  EXPECT_EQ((*meter)->read({}, seconds(10))[0].microjoules, 2'700'000'000);  // (220 W + 320 W) / 2 for 10 s
  root.write("reply", "garbage");
  auto reading = (*meter)->read({}, seconds(1))[0];
  EXPECT_FALSE(reading.present);
  EXPECT_EQ(reading.microjoules, 0);
  EXPECT_EQ(reading.event.find("no reading"), 0u);
  EXPECT_EQ((*meter)->read({}, seconds(1))[0].event, "");
  root.write("reply", dcmi);
  reading = (*meter)->read({}, seconds(1))[0];
  EXPECT_EQ(reading.event, "returned");
  EXPECT_EQ(reading.microjoules, 0);
}

TEST(Recorded, CountsEnergyWhereThereIsNoPower) {
  TestFolder root;
  root.write("reply", R"({"EnergykWh":{"Reading":10}})");
  auto meter = open_recorded("redfish", root.path() / "reply");
  ASSERT_TRUE(meter.has_value());
  (*meter)->read({}, seconds(1));
  root.write("reply", R"({"EnergykWh":{"Reading":10.5}})");
  EXPECT_EQ((*meter)->read({}, seconds(3600))[0].microjoules, 1'800'000'000'000);
  EXPECT_EQ(open_recorded("redfish", root.path() / "absent").error().code, ErrorCode::missing_data);
}

}  // namespace
}  // namespace cradle::meter
