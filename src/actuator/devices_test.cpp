// Each kind of device over a tree of small files: what is read, what is written, what is refused.
#include <gtest/gtest.h>

#include <limits>

#include "cradle/actuator/owner.h"
#include "cradle/actuator/simulated.h"
#include "testing/fake_machine.h"

namespace cradle::actuator {
namespace {

namespace fs = std::filesystem;
using carbon::Watts;
using testing::FakeMachine;

class Devices : public ::testing::Test {
 protected:
  std::unique_ptr<Actuator> take(const std::string& name, Apply apply = Apply::yes) {
    auto owner = Owner::open(machine_.options(apply));
    EXPECT_TRUE(owner.has_value());
    auto actuator = owner->take(name);
    EXPECT_TRUE(actuator.has_value()) << to_string(actuator.error());
    return actuator ? std::move(*actuator) : nullptr;
  }
  Error refusal(const std::string& name) {
    const auto owner = Owner::open(machine_.options(Apply::no));
    const auto actuator = Owner(*owner).take(name);
    EXPECT_FALSE(actuator.has_value()) << name;
    return actuator ? Error{} : actuator.error();
  }
  static std::string read(const fs::path& file) { return FakeMachine::read(file); }

  FakeMachine machine_;
};

Level watts(double value) { return level_of(Watts{value}); }

TEST_F(Devices, PowercapHoldsBothWindows) {
  const fs::path longer = machine_.zone() / "constraint_0_power_limit_uw";
  const fs::path shorter = machine_.zone() / "constraint_1_power_limit_uw";
  {
    const auto rapl = take("powercap:package-0");
    EXPECT_EQ(rapl->device().range.lowest, watts(1));
    EXPECT_EQ(rapl->device().range.highest, watts(165));
    EXPECT_EQ(rapl->device().known, Known::simulated);
    EXPECT_EQ(rapl->before(), watts(150));
    const auto set = rapl->set(watts(100.3));
    ASSERT_TRUE(set.has_value()) << to_string(set.error());
    EXPECT_EQ(set->level, watts(100.25));  // a step of 1/8 W, down
    EXPECT_TRUE(set->applied);
    EXPECT_EQ(read(longer), "100250000");
    EXPECT_EQ(read(shorter), "100250000");
    EXPECT_EQ(*rapl->current(), watts(100.25));
    // Up again: the short window never above what it was.
    ASSERT_TRUE(rapl->set(watts(165)).has_value());
    EXPECT_EQ(read(shorter), "165000000");
    for (const Level& level : {watts(165.1), watts(0.9), Level{Unit::kilohertz, 1'000'000},
                               Level::none(Unit::microwatts), Level{Unit::microwatts, -5}}) {
      const auto refused = rapl->set(level);
      ASSERT_FALSE(refused) << to_string(level);
      EXPECT_EQ(refused.error().code, ErrorCode::bad_input);
      EXPECT_NE(refused.error().hint.find("from 1 W to 165 W"), std::string::npos) << refused.error().hint;
      EXPECT_EQ(read(longer), "165000000");
    }
  }
  EXPECT_EQ(read(longer), "150000000");
  EXPECT_EQ(read(shorter), "225000000");
}

TEST_F(Devices, PowercapWithoutStatedBounds) {
  fs::remove(machine_.zone() / "constraint_0_max_power_uw");
  FakeMachine::write(machine_.zone() / "constraint_0_min_power_uw", "60000000");
  FakeMachine::write(machine_.zone() / "constraint_1_power_limit_uw", "0");  // the short window is off
  FakeMachine::write(machine_.zone() / "enabled", "0");
  const auto rapl = take("powercap:package-0");
  EXPECT_EQ(rapl->device().range.lowest, watts(60));
  EXPECT_EQ(rapl->device().range.highest, watts(150));
  EXPECT_EQ(rapl->device().notes.size(), 2u);  // of the highest, and that it is not enforced
  ASSERT_TRUE(rapl->set(watts(80)).has_value());
  EXPECT_EQ(read(machine_.zone() / "constraint_1_power_limit_uw"), "0");
}

TEST_F(Devices, PowercapNeverRaisesTheShortWindow) {
  FakeMachine::write(machine_.zone() / "constraint_1_power_limit_uw", "120000000");
  const auto rapl = take("powercap:package-0");
  ASSERT_TRUE(rapl->set(watts(100)).has_value());
  EXPECT_EQ(read(machine_.zone() / "constraint_1_power_limit_uw"), "100000000");
  ASSERT_TRUE(rapl->set(watts(140)).has_value());
  EXPECT_EQ(read(machine_.zone() / "constraint_1_power_limit_uw"), "120000000");
}

TEST_F(Devices, PowercapThatIsNotThere) {
  FakeMachine::write(machine_.zone() / "constraint_0_name", "something");
  EXPECT_EQ(refusal("powercap:package-0").code, ErrorCode::missing_data);
  FakeMachine::write(machine_.zone() / "constraint_0_name", "long_term");
  FakeMachine::write(machine_.zone() / "constraint_0_power_limit_uw", "a lot");
  EXPECT_EQ(refusal("powercap:package-0").code, ErrorCode::bad_input);
  FakeMachine::write(machine_.zone() / "constraint_0_power_limit_uw", "");
  EXPECT_EQ(refusal("powercap:package-0").code, ErrorCode::bad_input);
  fs::remove_all(machine_.root() / "sys/class/powercap");
  EXPECT_NE(refusal("powercap:package-0").hint.find("cpu:GROUP"), std::string::npos);
}

TEST_F(Devices, FrequencyWithinThePolicy) {
  const fs::path file = machine_.policy() / "scaling_max_freq";
  FakeMachine::write(machine_.policy() / "scaling_min_freq", "1000000");
  {
    const auto policy = take("cpufreq:policy0");
    EXPECT_EQ(policy->device().range.lowest, (Level{Unit::kilohertz, 1'000'000}));
    ASSERT_TRUE(policy->set({Unit::kilohertz, 2'400'001}).has_value());
    EXPECT_EQ(read(file), "2400001");
    const auto refused = policy->set({Unit::kilohertz, 900'000});  // the kernel would not, below scaling_min_freq
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().hint.find("1000000 kHz to 3600000 kHz"), std::string::npos);
  }
  EXPECT_EQ(read(file), "3600000");
  FakeMachine::write(machine_.policy() / "scaling_min_freq", "4000000");
  EXPECT_EQ(refusal("cpufreq:policy0").code, ErrorCode::bad_input);
}

TEST_F(Devices, QuotaOfBothVersions) {
  const fs::path file = machine_.group() / "cpu.max", old_file = machine_.old_group() / "cpu.cfs_quota_us";
  {
    const auto group = take("cpu:/batch");
    const auto old_group = take("cpu:old/");
    EXPECT_EQ(old_group->device().name, "cpu:/old");
    for (Actuator* actuator : {group.get(), old_group.get()}) {
      EXPECT_EQ(actuator->before(), Level::none(Unit::microcores));
      EXPECT_EQ(actuator->device().range.lowest.amount, 10'000);      // 1 ms in 100 ms
      EXPECT_EQ(actuator->device().range.highest.amount, 8'000'000);  // "0-3,8-11"
      const auto set = actuator->set({Unit::microcores, 1'234'567});
      ASSERT_TRUE(set.has_value());
      EXPECT_EQ(set->level.amount, 1'234'560);  // 123456 us in 100 ms
      ASSERT_TRUE(actuator->set(set->level).has_value());
      EXPECT_EQ(*actuator->current(), set->level);
      EXPECT_FALSE(actuator->set({Unit::microcores, 9'999}));
      EXPECT_FALSE(actuator->set({Unit::microcores, 8'000'001}));
    }
    EXPECT_EQ(read(file), "123456 100000");
    EXPECT_EQ(read(old_file), "123456");
    ASSERT_TRUE(group->set(Level::none(Unit::microcores)).has_value());
    ASSERT_TRUE(old_group->set(Level::none(Unit::microcores)).has_value());
    EXPECT_EQ(read(file), "max 100000");
    EXPECT_EQ(read(old_file), "-1");
    ASSERT_TRUE(group->set({Unit::microcores, 200'000}).has_value());
  }
  EXPECT_EQ(read(file), "max 100000");
  EXPECT_EQ(read(old_file), "-1");
}

TEST_F(Devices, QuotaOfOddPeriodsIsReadAndSetAlike) {
  for (const int period : {1000, 1001, 30'000, 33'333, 999'983, 1'000'000})
    for (const int quota : {1000, 1007, 65'537, 999'999}) {
      FakeMachine::write(machine_.group() / "cpu.max", std::to_string(quota) + " " + std::to_string(period));
      const auto group = take("cpu:/batch");
      if (above(group->before(), group->device().range.highest)) continue;
      ASSERT_TRUE(group->set(group->before()).has_value());
      ASSERT_EQ(read(machine_.group() / "cpu.max"), std::to_string(quota) + " " + std::to_string(period));
    }
}

TEST_F(Devices, GroupsThatAreNone) {
  EXPECT_EQ(refusal("cpu:/").code, ErrorCode::bad_input);
  EXPECT_EQ(refusal("cpu:/a/../../etc").code, ErrorCode::bad_input);
  EXPECT_EQ(refusal("cpu:/a\nb").code, ErrorCode::bad_input);
  EXPECT_EQ(refusal("cpu:/nobody").code, ErrorCode::missing_data);
  EXPECT_NE(refusal("uclamp:/old").message.find("cpu.uclamp.max"), std::string::npos);
  for (const char* damage : {"", "max", "max ", "max 0", "-5 100000", "10 100000x", "max 99999999999", "1e9 100000"}) {
    FakeMachine::write(machine_.group() / "cpu.max", damage);
    EXPECT_EQ(refusal("cpu:/batch").code, ErrorCode::bad_input) << damage;
  }
}

TEST_F(Devices, ClampInHundredths) {
  const fs::path file = machine_.group() / "cpu.uclamp.max";
  const auto clamp = take("uclamp:/batch");
  EXPECT_EQ(clamp->before(), Level::none(Unit::hundredths));
  for (const auto& [amount, text] :
       std::map<int, std::string>{{0, "0.00"}, {7, "0.07"}, {3750, "37.50"}, {10'000, "100.00"}}) {
    ASSERT_TRUE(clamp->set({Unit::hundredths, amount}).has_value());
    EXPECT_EQ(read(file), text);
    EXPECT_EQ(clamp->current()->amount, amount);
  }
  EXPECT_FALSE(clamp->set({Unit::hundredths, 10'001}));
  FakeMachine::write(file, "5.5");
  EXPECT_EQ(clamp->current()->amount, 550);
  for (const char* damage : {"", "101", "100.01", "5.123", "-1", "5,5", "5.-1"}) {
    FakeMachine::write(file, damage);
    EXPECT_FALSE(clamp->current()) << damage;
  }
}

TEST_F(Devices, DryRunWritesNothing) {
  const auto files = machine_.files();
  for (const char* name : {"powercap:package-0", "cpufreq:policy0", "cpu:/batch", "cpu:/old", "uclamp:/batch"}) {
    const auto actuator = take(name, Apply::no);
    const auto set = actuator->set(actuator->device().range.lowest);
    ASSERT_TRUE(set.has_value());
    EXPECT_FALSE(set->applied);
    EXPECT_EQ(set->level, actuator->device().range.lowest);
    ASSERT_FALSE(set->writes.empty());
    EXPECT_TRUE(set->writes[0].target.starts_with(machine_.root().string()));
    EXPECT_FALSE(actuator->set({actuator->device().range.lowest.unit, -1}));
    EXPECT_TRUE(actuator->restore().has_value());
  }
  EXPECT_EQ(machine_.files(), files);
  EXPECT_FALSE(fs::exists(machine_.run_folder()));
}

// Every kind of file: what its owner set is undone when the owner is killed.
TEST_F(Devices, TheWatchdogPutsBackEveryKind) {
  const auto files = machine_.files();
  for (const char* name : {"powercap:package-0", "cpufreq:policy0", "cpu:/batch", "cpu:/old", "uclamp:/batch"}) {
    const int status = testing::in_a_process([&] {
      auto owner = Owner::open(machine_.options(Apply::yes));
      const auto actuator = owner->take(name);
      if (!actuator || !(*actuator)->set((*actuator)->device().range.lowest) || machine_.files() == files) ::_exit(1);
      ::raise(SIGKILL);
    });
    EXPECT_TRUE(WIFSIGNALED(status)) << name;
    EXPECT_TRUE(testing::eventually([&] { return machine_.files() == files; })) << name;
  }
}

/// The kernel's own file that takes a 0 and then shows another number: the process's timer slack, in ns.
constexpr const char* lying_file = "/proc/self/timerslack_ns";

TEST_F(Devices, AFileThatLies) {
  if (!fs::exists(lying_file)) GTEST_SKIP() << "no " << lying_file;
  const std::string shown = read(lying_file);
  FakeMachine::write(machine_.policy() / "cpuinfo_min_freq", "0");
  FakeMachine::write(machine_.policy() / "scaling_min_freq", "0");
  const fs::path frequency = machine_.policy() / "scaling_max_freq";
  fs::remove(frequency);
  fs::create_symlink(lying_file, frequency);
  {
    const auto policy = take("cpufreq:policy0");
    const auto refused = policy->set({Unit::kilohertz, 0});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::failed);
    EXPECT_NE(refused.error().message.find("asked for 0 kHz and says " + shown), std::string::npos)
        << refused.error().message;
  }
  EXPECT_EQ(read(frequency), shown);
  // The long window takes it, the short one does not: nothing is set.
  const fs::path shorter = machine_.zone() / "constraint_1_power_limit_uw";
  fs::remove(shorter);
  fs::create_symlink(lying_file, shorter);
  OwnerOptions options = machine_.options(Apply::yes);
  options.powercap_lowest = Watts{0};
  auto owner = Owner::open(options);
  const auto rapl = owner->take("powercap:package-0");
  ASSERT_TRUE(rapl.has_value()) << to_string(rapl.error());
  const auto refused = (*rapl)->set(watts(0));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("short window"), std::string::npos) << refused.error().message;
  EXPECT_EQ(read(machine_.zone() / "constraint_0_power_limit_uw"), "150000000");
  EXPECT_EQ(read(shorter), shown);
}

TEST_F(Devices, WhatIsNoNumberIsRefused) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(), -1.0, 1e300}) {
    const auto files = machine_.files();
    const auto rapl = take("powercap:package-0");
    const auto refused = rapl->set(watts(bad));
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::bad_input);
    EXPECT_EQ(machine_.files(), files) << bad;
  }
}

TEST_F(Devices, NamesThatAreNone) {
  EXPECT_NE(refusal("powrcap:package-0").hint.find("powercap"), std::string::npos);
  EXPECT_NE(refusal("powercap:pakage-0").hint.find("powercap:package-0"), std::string::npos);
  EXPECT_EQ(refusal("").code, ErrorCode::bad_input);
  EXPECT_EQ(refusal("cpu").code, ErrorCode::bad_input);
  EXPECT_EQ(refusal("cpu:").code, ErrorCode::bad_input);
  EXPECT_EQ(refusal("cpu:/\xff").code, ErrorCode::bad_input);
  EXPECT_EQ(refusal("cpu:/" + std::string(1'000'000, 'a')).code, ErrorCode::missing_data);
}

TEST_F(Devices, OptionsThatAreNoNumbers) {
  for (const double bad : {-1.0, 1e9, std::numeric_limits<double>::quiet_NaN()}) {
    OwnerOptions options = machine_.options(Apply::no);
    options.powercap_lowest = Watts{bad};
    EXPECT_EQ(Owner::open(options)->take("powercap:package-0").error().code, ErrorCode::bad_input);
    options.patience = carbon::Seconds{bad};
    EXPECT_EQ(Owner::open(options).error().code, ErrorCode::bad_input);
  }
}

TEST_F(Devices, ProbeListsWhatThereIs) {
  const auto reports = probe_actuators(machine_.options(Apply::no));
  ASSERT_EQ(reports.size(), 6u);
  EXPECT_EQ(reports[0].devices.at(0).name, "powercap:package-0");
  EXPECT_EQ(reports[1].devices.at(0).name, "cpufreq:policy0");
  for (const auto& report : reports) EXPECT_EQ(report.devices.empty(), !report.text.empty());
}

TEST_F(Devices, SimulatedRefusesLagsAndDies) {
  const std::string file = "simulated:" + machine_.simulated().string();
  {
    const auto refusing = take(file + ",refusal=1");
    const auto refused = refusing->set(watts(50));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::failed);
    EXPECT_EQ(*refusing->current(), watts(100));
  }
  {
    const auto stuck = take(file + ",stuck=1");
    const auto refused = stuck->set(watts(50));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("asked for 50 W and says 100 W"), std::string::npos);
  }
  {
    const auto late = take(file + ",latency_ms=3600000");
    ASSERT_TRUE(late->set(watts(50)).has_value());
    EXPECT_EQ(*late->current(), watts(100));  // for an hour
    EXPECT_EQ(read(machine_.simulated()), "50000000");
  }
  {
    const auto noisy = take(file + ",noise=0.1,seed=5");
    double sum = 0, squares = 0;
    for (int i = 0; i < 1000; ++i) {
      const double seen = watts_of(*noisy->current()).value() / 100 - 1;
      sum += seen;
      squares += seen * seen;
    }
    EXPECT_NEAR(sum / 1000, 0, 0.02);  // six standard errors
    EXPECT_NEAR(squares / 1000, 0.01, 0.003);
  }
  {
    const auto dying = take(file + ",crash=1");
    EXPECT_FALSE(dying->set(watts(50)));  // it takes the write, and then nobody can tell
    EXPECT_FALSE(dying->current());
    EXPECT_FALSE(dying->restore());
  }
  EXPECT_TRUE(testing::eventually([&] { return read(machine_.simulated()) == "100000000"; }));
}

TEST(SimulatedDevice, ParsesOrSaysWhat) {
  const auto device = parse_simulated_device("/tmp/x,highest=250,step=0.5,latency_ms=20,refusal=0.25", "test");
  ASSERT_TRUE(device.has_value());
  EXPECT_EQ(device->file, "/tmp/x");
  EXPECT_EQ(device->highest, Watts{250});
  EXPECT_EQ(device->latency, carbon::Seconds{0.02});
  for (const char* text : {"", ",lowest=1", "/x,refusal=2", "/x,refusal=-1", "/x,refusal=nan", "/x,refusal",
                           "/x,refusl=1", "/x,lowest=20,highest=10", "/x,step=0", "/x,highest=1e12", "/x,,"}) {
    const auto bad = parse_simulated_device(text, "test");
    ASSERT_FALSE(bad) << text;
    EXPECT_EQ(bad.error().code, ErrorCode::bad_input);
  }
  EXPECT_NE(parse_simulated_device("/x,refusl=1", "test").error().hint.find("refusal"), std::string::npos);
}

}  // namespace
}  // namespace cradle::actuator
