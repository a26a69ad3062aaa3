// The declared model, the simulated meter, and the choice among sources.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>
#include <stdexcept>

#include "cradle/base/random.h"
#include "cradle/meter/fake_powercap.h"
#include "cradle/meter/law.h"
#include "cradle/meter/model.h"
#include "declared_model.h"
#include "simulated.h"
#include "testing/test_folder.h"

namespace cradle::meter {
namespace {

using carbon::Knowledge;
using carbon::Watts;
using testing::TestFolder;

const catalog::Catalog& catalogue() {
  static const auto catalog = catalog::Catalog::load();
  if (!catalog) throw std::runtime_error(to_string(catalog.error()));
  return *catalog;
}

Activity work(double seconds, int processors, double busy, std::int64_t bytes = 0) {
  Activity activity;
  activity.interval_ns = static_cast<std::int64_t>(seconds * 1e9);
  activity.processors = processors;
  activity.busy_ns = static_cast<std::int64_t>(busy * seconds * 1e9);
  activity.block_bytes = activity.network_bytes = bytes;
  activity.memory_bytes = std::int64_t{64} << 30;
  return activity;
}

std::unique_ptr<Meter> model(const std::string& server, const KindSet& known = {}) {
  auto made = make_model(server, catalogue(), "test", known);
  EXPECT_TRUE(made.has_value());
  return *std::move(made);
}

std::unique_ptr<Meter> simulated(const std::string& text) {
  const auto law = parse_simulated_law(text, "test");
  EXPECT_TRUE(law.has_value()) << text;
  return make_simulated_meter(*law);
}

TEST(Model, NamedServerDrawsWhatItsRecordSays) {
  const auto meter = model("l4-server");
  const catalog::Server& server = *catalogue().server("l4-server");
  meter->read({}, work(1, 192, 0));
  double idle = 0, full = 0, of_record[2] = {};
  for (const ZoneReading& reading : meter->read({}, work(10, 192, 0))) {
    idle += static_cast<double>(reading.microjoules);
    EXPECT_TRUE(reading.idle_known);
    EXPECT_EQ(reading.microjoules, reading.idle_microjoules);
  }
  for (const ZoneReading& reading : meter->read({}, work(10, 192, 192)))
    full += static_cast<double>(reading.microjoules);
  for (const catalog::ServerLine& line : catalogue().breakdown(server)) {
    if (line.part == "accelerator") continue;  // no model of a GPU: its meter or nothing
    of_record[0] += line.idle_power.value.value() * 10e6;
    of_record[1] += (line.part == "cpu" ? line.full_power : line.idle_power).value.value() * 10e6;
  }
  EXPECT_NEAR(idle, of_record[0], 5);
  EXPECT_NEAR(full, of_record[1], 5);
}

TEST(Model, GenericServerScalesWithProcessorsAndMemory) {
  const auto small = model(""), large = model("");
  small->read({}, work(1, 8, 0));
  large->read({}, work(1, 16, 0));
  const auto a = small->read({}, work(100, 8, 4)), b = large->read({}, work(100, 16, 8));
  EXPECT_NEAR(static_cast<double>(b[0].microjoules), 2.0 * static_cast<double>(a[0].microjoules), 4);
  EXPECT_EQ(a[1].microjoules, b[1].microjoules);  // same memory
  for (const Zone& zone : small->zones()) EXPECT_GE(zone.uncertainty, 0.4) << zone.name;
  EXPECT_GT(a[4].microjoules, 0);  // no machine without a base
}

TEST(Model, BytesCostWhatIsDeclared) {
  const auto meter = model("");
  meter->read({}, work(1, 8, 0));
  const auto none = meter->read({}, work(1, 8, 0)), some = meter->read({}, work(1, 8, 0, 1'000'000'000));
  EXPECT_NEAR(static_cast<double>(some[2].microjoules - none[2].microjoules), 3.3e6, 1);
  EXPECT_NEAR(static_cast<double>(some[3].microjoules - none[3].microjoules), 0.52e6, 1);
}

TEST(Model, KindsDoNotOverlap) {
  std::set<ZoneKind> kinds;
  const auto meter = model("hgx-h100");
  for (const Zone& zone : meter->zones()) {
    EXPECT_TRUE(kinds.insert(zone.kind).second) << zone.name;
    EXPECT_EQ(zone.remainder, zone.kind == ZoneKind::platform);
    EXPECT_FALSE(zone.uncertainty_source.empty());
  }
  EXPECT_EQ(kinds.size(), 5u);
}

RC_GTEST_PROP(Model, EnergyGrowsWithWorkAndIdleDoesNot, ()) {
  const int processors = *rc::gen::inRange(1, 256);
  const double low = *rc::gen::inRange(0, 1000) / 1000.0 * processors;
  const double high = std::min<double>(processors, low + *rc::gen::inRange(0, 1000) / 1000.0);
  const auto first = model(""), second = model("");
  first->read({}, work(1, processors, low));
  second->read({}, work(1, processors, high));
  const auto a = first->read({}, work(5, processors, low)), b = second->read({}, work(5, processors, high));
  RC_ASSERT(a[0].microjoules <= b[0].microjoules);
  RC_ASSERT(a[0].idle_microjoules == b[0].idle_microjoules);
  RC_ASSERT(a[0].idle_microjoules <= a[0].microjoules);
}

TEST(Model, BusyBeyondTheProcessorsIsFull) {
  EXPECT_EQ(processor_power(Watts{20}, Watts{100}, 3).value(), 100);
  EXPECT_EQ(processor_power(Watts{20}, Watts{100}, -1).value(), 20);
  EXPECT_EQ(processor_power(Watts{20}, Watts{100}, 0.5).value(), 60);
}

TEST(Simulated, FollowsItsLaw) {
  const auto law = *parse_simulated_law("idle=20,core=5,cubic=0.5,byte=1e-8", "test");
  const Activity activity = work(2, 8, 3, 100'000'000);
  EXPECT_DOUBLE_EQ(package_energy(law, activity).value(), (20 + 5 * 3 + 0.5 * 27) * 2);
  EXPECT_DOUBLE_EQ(energy(law, activity).value(), (20 + 5 * 3 + 0.5 * 27) * 2 + 2);
  const auto meter = make_simulated_meter(law);
  for (const ZoneReading& reading : meter->read({}, activity)) EXPECT_EQ(reading.microjoules, 0);
  const auto readings = meter->read({}, activity);
  EXPECT_EQ(readings[0].microjoules, 97'000'000);
  EXPECT_EQ(readings[0].idle_microjoules, 40'000'000);
  EXPECT_EQ(readings[1].microjoules + readings[2].microjoules, 2'000'000);
}

TEST(Simulated, WrapsJitterAndMissesLoseNothing) {
  const auto meter = simulated("idle=10,core=10,wrap_s=10,jitter_ms=50,missed=0.1,seed=5");
  const auto law = *parse_simulated_law("idle=10,core=10", "test");
  RandomStream draws(9, "load");
  double truth = 0;
  std::int64_t sum = 0, idle = 0;
  int wraps = 0, missed = 0;
  meter->read({}, work(1, 4, 2));
  constexpr int ticks = 20'000;
  for (int i = 0; i < ticks; ++i) {
    const Activity activity = work(1, 4, 4 * draws.uniform());
    truth += package_energy(law, activity).value();
    const auto reading = meter->read({}, activity)[0];
    ASSERT_GE(reading.microjoules, reading.idle_microjoules);
    sum += reading.microjoules;
    idle += reading.idle_microjoules;
    wraps += reading.event == "wrapped" ? 1 : 0;
    missed += reading.event == "no reading: missed" ? 1 : 0;
  }
  // At most the last readings are outstanding: a few seconds at 50 W.
  EXPECT_NEAR(static_cast<double>(sum) * 1e-6, truth, 500);
  EXPECT_NEAR(static_cast<double>(idle) * 1e-6, 10.0 * ticks, 100);
  EXPECT_GT(wraps, ticks / 10 / 3);
  EXPECT_NEAR(missed, ticks / 10.0, 200);  // within 5 standard deviations of a binomial
}

TEST(Simulated, NoiseIsThatOfItsSeedAndAveragesOut) {
  const auto one = simulated("noise=0.05,seed=3"), same = simulated("noise=0.05,seed=3"),
             other = simulated("noise=0.05,seed=4");
  double sum = 0;
  bool differs = false;
  for (int i = 0; i < 5000; ++i) {
    const auto a = one->read({}, work(1, 4, 1))[0], b = same->read({}, work(1, 4, 1))[0];
    differs = other->read({}, work(1, 4, 1))[0].microjoules != a.microjoules || differs;
    ASSERT_EQ(a.microjoules, b.microjoules);
    if (i > 0) sum += static_cast<double>(a.microjoules);
  }
  EXPECT_TRUE(differs);
  EXPECT_NEAR(sum / 4999 / 20e6, 1, 5 * 0.05 / std::sqrt(4999.0));
}

TEST(Simulated, RefusesWhatIsNoLaw) {
  for (const char* text : {"idel=3", "idle", "idle=", "idle=nan", "idle=-1", "idle=1,idle=2", "missed=1.5", "seed=0.5",
                           "noise=1e9", "idle=10,,core=3", "\xff=1"}) {
    const auto law = parse_simulated_law(text, "test");
    ASSERT_FALSE(law.has_value()) << text;
    EXPECT_FALSE(law.error().hint.empty());
  }
  EXPECT_NE(parse_simulated_law("idel=3", "t").error().hint.find("idle"), std::string::npos);
}

Result<std::vector<std::unique_ptr<Meter>>> open(const std::vector<std::string>& sources,
                                                 const std::filesystem::path& sysroot = "/") {
  MeterOptions options;
  options.sysroot = sysroot;
  options.sources = sources;
  return open_meters(options, catalogue());
}

TEST(OpenMeters, BareTreeHasTheModel) {
  TestFolder root;
  const auto meters = open({}, root.path());
  ASSERT_TRUE(meters.has_value());
  ASSERT_EQ(meters->size(), 1u);
  EXPECT_EQ((*meters)[0]->zones()[0].source, "model");
}

TEST(OpenMeters, ThisMachineHasAMeterOfItsProcessors) {
  const auto meters = open({});
  ASSERT_TRUE(meters.has_value());
  bool processors = false;
  for (const auto& meter : *meters) {
    EXPECT_EQ(meter->read({}, work(1, 2, 1)).size(), meter->zones().size());
    for (const Zone& zone : meter->zones())
      processors = processors || zone.kind == ZoneKind::package || zone.kind == ZoneKind::psys ||
                   (zone.kind == ZoneKind::platform && !zone.remainder);
  }
  EXPECT_TRUE(processors);
  EXPECT_FALSE(probe_meters("/").empty());
}

TEST(OpenMeters, RealMeterIsTakenBeforeTheModelAndTheModelFillsIn) {
  TestFolder root;
  ASSERT_TRUE(FakePowercap::create(root.path(), {{"package-0"}, {"dram", 0}}).has_value());
  const auto found = open({}, root.path());
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0]->zones()[0].source, "powercap");
  const auto both = open({"model", "powercap"}, root.path());
  ASSERT_TRUE(both.has_value());
  ASSERT_EQ(both->size(), 2u);
  std::set<std::string> names;
  for (const auto& meter : *both)
    for (const Zone& zone : meter->zones()) EXPECT_TRUE(names.insert(zone.name).second);
  EXPECT_EQ(names, (std::set<std::string>{"package-0", "dram-0", "disk", "network", "platform-base"}));
}

TEST(OpenMeters, RefusesWithANearWordAndDoubles) {
  EXPECT_NE(open({"powercup"}).error().hint.find("powercap"), std::string::npos);
  EXPECT_EQ(open({"powercap:x"}).error().code, ErrorCode::bad_input);
  EXPECT_EQ(open({"ipmi"}).error().code, ErrorCode::bad_input);
  EXPECT_EQ(open({"ipmi:/nowhere"}).error().code, ErrorCode::missing_data);
  EXPECT_EQ(open({""}).error().code, ErrorCode::bad_input);
  EXPECT_EQ(open({"simulated", "simulated:seed=2"}).error().code, ErrorCode::bad_input);
  EXPECT_FALSE(open({"model:no-such-server"}).has_value());
  EXPECT_EQ(open({"nvml:/nowhere/library.so"}).error().code, ErrorCode::missing_data);
  TestFolder root;
  for (const char* source : {"powercap", "perf", "hwmon"}) {
    const auto meters = open({source}, root.path());
    ASSERT_FALSE(meters.has_value()) << source;
    EXPECT_EQ(meters.error().code, ErrorCode::missing_data);
    EXPECT_FALSE(meters.error().hint.empty());
  }
}

// The honesty of every figure rests on it: whatever is opened, only what reads an instrument says "measured", and a
// tree that was faked does not, whichever meter reads it.
TEST(OpenMeters, ModelAndSimulationNeverSayMeasured) {
  TestFolder root;
  ASSERT_TRUE(FakePowercap::create(root.path(), {{"package-0"}, {"core", 0}}).has_value());
  std::vector<std::vector<std::string>> choices = {
      {},        {"powercap"},  {"powercap", "model"},
      {"model"}, {"simulated"}, {"simulated:wrap_s=5,noise=0.1", "model:hgx-h100"}};
  for (const catalog::Server& server : catalogue().servers()) choices.push_back({"model:" + server.id});
  for (const auto& sources : choices) {
    const auto meters = open(sources, root.path());
    ASSERT_TRUE(meters.has_value());
    for (const auto& meter : *meters) {
      meter->read({}, work(1, 4, 1));
      for (const Zone& zone : meter->zones()) {
        EXPECT_NE(zone.knowledge, Knowledge::measured) << zone.source << " " << zone.name;
        EXPECT_TRUE(zone.source != "model" || zone.knowledge == Knowledge::estimated);
        EXPECT_TRUE(zone.source != "simulated" || zone.knowledge == Knowledge::simulated);
      }
    }
  }
  EXPECT_EQ(knowledge_of("anything new"), Knowledge::simulated);
  EXPECT_EQ(knowledge_of("powercap"), Knowledge::measured);
}

TEST(ProbeMeters, SaysOfEverySourceWhetherAndWhyNot) {
  TestFolder root;
  const auto reports = probe_meters(root.path());
  std::set<std::string> sources;
  for (const MeterReport& report : reports) {
    EXPECT_TRUE(sources.insert(report.source).second);
    EXPECT_FALSE(report.text.empty()) << report.source;
    EXPECT_EQ(report.works, report.source == "model");
  }
  EXPECT_EQ(sources, (std::set<std::string>{"powercap", "perf", "hwmon", "nvml", "ipmi", "redfish", "model"}));
}

}  // namespace
}  // namespace cradle::meter
