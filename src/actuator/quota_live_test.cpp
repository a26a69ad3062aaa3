// The quota against the kernel: a control group of the test's own, with a process in it that would use a whole
// processor.
#include <gtest/gtest.h>

#include <optional>

#include "testing/fake_machine.h"

namespace cradle::actuator {
namespace {

namespace fs = std::filesystem;
using testing::eventually;
using testing::FakeMachine;

constexpr std::int64_t period_us = 100'000, quota_us = 20'000;
const Level fifth{Unit::microcores, 200'000};

/// In every tree where the cpu controller or its account may be.
class LiveGroup {
 public:
  LiveGroup() {
    for (const char* tree : {"/sys/fs/cgroup", "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpuacct"}) {
      const fs::path folder = fs::path(tree) / name_;
      std::error_code failed;
      if (!fs::exists(fs::path(tree) / "cgroup.procs", failed) || !fs::create_directory(folder, failed)) continue;
      folders_.push_back(folder);
      for (const char* file : {"cpu.max", "cpu.cfs_quota_us"})
        if (fs::exists(folder / file, failed)) quota_ = folder / file;
      if (fs::exists(folder / "cpuacct.usage", failed)) account_ = folder / "cpuacct.usage";
    }
  }
  ~LiveGroup() {
    end();
    // The kernel lets go of a group a moment after its last process is reaped.
    for (const fs::path& folder : folders_) eventually([&] { return ::rmdir(folder.c_str()) == 0 || errno != EBUSY; });
  }
  LiveGroup(const LiveGroup&) = delete;
  LiveGroup& operator=(const LiveGroup&) = delete;

  bool limits() const { return !quota_.empty() && ::access(quota_.c_str(), W_OK) == 0; }
  std::string device() const { return "cpu:/" + name_; }
  std::string quota() const { return FakeMachine::read(quota_); }
  bool unlimited() const { return quota() == "-1" || quota() == "max " + std::to_string(period_us); }

  void burn() {
    burner_ = ::fork();
    if (burner_ != 0) return;
    // More weight than anything else, so that it comes to its quota on a busy machine too.
    FakeMachine::write(quota_.parent_path() / (quota_.filename() == "cpu.max" ? "cpu.weight" : "cpu.shares"),
                       quota_.filename() == "cpu.max" ? "10000" : "262144");
    for (const fs::path& folder : folders_) std::ofstream(folder / "cgroup.procs") << ::getpid() << std::flush;
    for (volatile std::uint64_t turns = 0;;) turns = turns + 1;
  }
  void end() {
    if (burner_ <= 0) return;
    ::kill(burner_, SIGKILL);
    ::waitpid(burner_, nullptr, 0);
    burner_ = 0;
  }

  /// Of cpu.stat; 0 if it has no such line.
  std::int64_t stat(const std::string& key) const {
    std::ifstream file(quota_.parent_path() / "cpu.stat");
    std::string word;
    for (std::int64_t value = 0; file >> word >> value;)
      if (word == key) return value;
    return 0;
  }
  /// Processor time of the group as the kernel counts it.
  std::int64_t usage_us() const {
    return account_.empty() ? stat("usage_usec") : std::stoll(FakeMachine::read(account_)) / 1000;
  }

 private:
  std::string name_ = "cradle-test-" + std::to_string(::getpid());
  std::vector<fs::path> folders_;
  fs::path quota_, account_;
  pid_t burner_ = 0;
};

class LiveQuota : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!group_.limits()) GTEST_SKIP() << "no control group of the cpu controller can be made here";
  }
  OwnerOptions options() const {
    OwnerOptions options;
    options.apply = Apply::yes;
    options.run_folder = scratch_.run_folder();
    return options;
  }
  FakeMachine scratch_;
  LiveGroup group_;
};

TEST_F(LiveQuota, AFifthOfAProcessorIsAFifth) {
  auto owner = Owner::open(options());
  auto actuator = owner->take(group_.device());
  ASSERT_TRUE(actuator.has_value()) << to_string(actuator.error());
  EXPECT_EQ((*actuator)->device().known, Known::real);
  const auto set = (*actuator)->set(fifth);
  ASSERT_TRUE(set.has_value()) << to_string(set.error());
  EXPECT_EQ(set->level, fifth);
  group_.burn();
  ASSERT_TRUE(eventually([&] { return group_.stat("nr_throttled") >= 2; }));
  const std::int64_t used = group_.usage_us(), periods = group_.stat("nr_periods"), full = group_.stat("nr_throttled");
  ASSERT_TRUE(eventually([&] { return group_.stat("nr_throttled") >= full + 12; }));
  // By the kernel's counts, whatever else the machine does: no period has more than its quota, and one that was
  // throttled had all of it. Two periods, and half as much again, for what was under way.
  const std::int64_t more_full = group_.stat("nr_throttled") - full;
  const std::int64_t more_used = group_.usage_us() - used;
  const std::int64_t more_periods = group_.stat("nr_periods") - periods;
  EXPECT_LE(more_used, (more_periods + 2) * quota_us * 3 / 2);
  EXPECT_GE(more_used, (more_full - 2) * quota_us / 2);
  // Let go, it is not held any more.
  actuator->reset();
  EXPECT_TRUE(group_.unlimited());
  const std::int64_t held = group_.stat("nr_throttled"), before = group_.usage_us();
  EXPECT_TRUE(eventually([&] { return group_.usage_us() > before + 5 * quota_us; }));
  EXPECT_LE(group_.stat("nr_throttled"), held + 1);
}

TEST_F(LiveQuota, AKilledOwnerLeavesNoLimit) {
  const int status = testing::in_a_process([&] {
    auto owner = Owner::open(options());
    const auto actuator = owner->take(group_.device());
    if (!actuator || !(*actuator)->set(fifth) || group_.unlimited()) ::_exit(1);
    ::raise(SIGKILL);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(eventually([&] { return group_.unlimited(); }));
}

TEST_F(LiveQuota, TheKernelsLeastQuotaIsTheLowest) {
  auto owner = Owner::open(options());
  const auto actuator = owner->take(group_.device());
  ASSERT_TRUE(actuator.has_value());
  EXPECT_TRUE((*actuator)->set((*actuator)->device().range.lowest).has_value());
  EXPECT_TRUE((*actuator)->set((*actuator)->device().range.highest).has_value());
  EXPECT_TRUE((*actuator)->set(Level::none(Unit::microcores)).has_value());
}

}  // namespace
}  // namespace cradle::actuator
