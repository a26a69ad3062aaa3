// Power limits of GPUs over a shared library with NVML's symbols; a board's limit is a file, which the watchdog's copy
// of the library can write too.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include "../meter/testing/fake_nvml.h"
#include "cradle/actuator/owner.h"
#include "cradle/meter/gpu_limit.h"
#include "testing/fake_machine.h"

namespace cradle::actuator {
namespace {

using meter::testing::FakeBoard;
using meter::testing::FakeNvml;
using testing::eventually;
using testing::FakeMachine;

class Boards : public ::testing::Test {
 protected:
  void SetUp() override {
    name_ = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "libcradle_fake_nvml.so").string();
    library_ = ::dlopen(name_.c_str(), RTLD_NOW);
    ASSERT_TRUE(library_) << ::dlerror();
    const auto state = reinterpret_cast<FakeNvml* (*)()>(::dlsym(library_, "fake_nvml_state"));
    ASSERT_TRUE(state);
    state_ = state();
    state_->open = 0;
    state_->boards.assign(2, FakeBoard{});
    state_->boards[0].uuid = "GPU-a";
    state_->boards[1].uuid = "GPU-b";
    for (FakeBoard& board : state_->boards) {
      board.limit_file = (machine_.root() / board.uuid).string();
      FakeMachine::write(board.limit_file, "650000");
    }
  }
  void TearDown() override {
    state_->boards.clear();
    ::dlclose(library_);
  }
  OwnerOptions options(Apply apply) const {
    OwnerOptions options = machine_.options(apply);
    options.nvml_library = name_;
    return options;
  }
  std::string limit(std::size_t i) const { return FakeMachine::read(state_->boards[i].limit_file); }

  FakeMachine machine_;
  std::string name_;
  void* library_ = nullptr;
  FakeNvml* state_ = nullptr;
};

Level watts(double value) { return level_of(carbon::Watts{value}); }

TEST_F(Boards, SetWithinTheDriversRange) {
  auto owner = Owner::open(options(Apply::yes));
  auto board = owner->take("nvml:GPU-b");
  ASSERT_TRUE(board.has_value()) << to_string(board.error());
  EXPECT_EQ((*board)->device().range.lowest, watts(100));
  EXPECT_EQ((*board)->device().range.highest, watts(700));
  EXPECT_EQ((*board)->before(), watts(650));
  EXPECT_EQ((*board)->device().known, Known::simulated);
  EXPECT_EQ((*board)->set(watts(300.0009))->level, watts(300));  // whole milliwatts, down
  EXPECT_EQ(limit(1), "300000");
  EXPECT_EQ(limit(0), "650000");
  const auto refused = (*board)->set(watts(99));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().hint.find("from 100 W to 700 W"), std::string::npos);
  state_->boards[1].may_set = false;
  const auto forbidden = (*board)->set(watts(200));
  ASSERT_FALSE(forbidden);
  EXPECT_NE(forbidden.error().hint.find("root"), std::string::npos);
  EXPECT_EQ(limit(1), "300000");
  state_->boards[1].may_set = true;
  board->reset();
  EXPECT_EQ(limit(1), "650000");
}

TEST_F(Boards, ADryRunSaysWhatItWould) {
  auto owner = Owner::open(options(Apply::no));
  const auto board = owner->take("nvml:GPU-a");
  const auto set = (*board)->set(watts(400));
  ASSERT_EQ(set->writes.size(), 1u);
  EXPECT_EQ(set->writes[0], (Write{"nvml:GPU-a@" + name_, "400000"}));
  EXPECT_EQ(limit(0), "650000");
}

TEST_F(Boards, TheWatchdogSetsThemBack) {
  EXPECT_TRUE(WIFSIGNALED(testing::in_a_process([&] {
    auto owner = Owner::open(options(Apply::yes));
    const auto board = owner->take("nvml:GPU-a");
    if (!board || !(*board)->set(watts(200)) || limit(0) != "200000") ::_exit(1);
    ::raise(SIGKILL);
  })));
  EXPECT_TRUE(eventually([&] { return limit(0) == "650000"; }));
}

TEST_F(Boards, WithoutLimitsOrBoards) {
  auto owner = Owner::open(options(Apply::no));
  const auto unknown = owner->take("nvml:GPU-c");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().hint.find("nvml:GPU-"), std::string::npos);
  state_->boards[0].limit_file.clear();
  state_->boards[1].lowest_limit = 800'000;  // above its highest: a driver that lies
  EXPECT_EQ(owner->take("nvml:GPU-a").error().code, ErrorCode::missing_data);
  OwnerOptions nowhere = options(Apply::no);
  nowhere.nvml_library = "/nowhere/libnvidia-ml.so.1";
  EXPECT_EQ(Owner::open(nowhere)->take("nvml:GPU-a").error().code, ErrorCode::missing_data);
}

TEST_F(Boards, LimitsByThemselves) {
  {
    const auto limits = meter::GpuLimits::open(name_);
    ASSERT_TRUE(limits.has_value());
    EXPECT_EQ(limits->boards()->size(), 2u);
    EXPECT_EQ(limits->board("GPU-a")->default_mw, 700'000);
    EXPECT_EQ(limits->set("GPU-a", 0).error().code, ErrorCode::bad_input);
    EXPECT_EQ(limits->set("GPU-a", std::int64_t{1} << 40).error().code, ErrorCode::bad_input);
    EXPECT_EQ(limits->set("GPU-x", 200'000).error().code, ErrorCode::missing_data);
    state_->boards[0].present = false;
    EXPECT_FALSE(limits->set("GPU-a", 200'000));
    EXPECT_EQ(state_->open, 1);
  }
  EXPECT_EQ(state_->open, 0);
}

}  // namespace
}  // namespace cradle::actuator
