// The GPU meter over a shared library with NVML's symbols and a scripted state.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cradle/base/random.h"
#include "cradle/meter/gpu.h"
#include "sources.h"
#include "testing/fake_nvml.h"

namespace cradle::meter {
namespace {

using testing::FakeBoard;
using testing::FakeNvml;

std::string fake_library() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "libcradle_fake_nvml.so").string();
}

class Gpu : public ::testing::Test {
 protected:
  void SetUp() override {
    library_ = ::dlopen(fake_library().c_str(), RTLD_NOW);
    ASSERT_TRUE(library_) << ::dlerror();
    const auto state = reinterpret_cast<FakeNvml* (*)()>(::dlsym(library_, "fake_nvml_state"));
    ASSERT_TRUE(state);
    state_ = state();
    state_->boards.clear();
    state_->open = 0;
  }
  void TearDown() override {
    state_->boards.clear();
    ::dlclose(library_);
  }
  FakeBoard& board(std::size_t i = 0) { return state_->boards[i]; }
  Opened open() { return open_nvml(fake_library()); }
  static Activity seconds(double length) {
    Activity activity;
    activity.interval_ns = static_cast<std::int64_t>(length * 1e9);
    return activity;
  }

  void* library_ = nullptr;
  FakeNvml* state_ = nullptr;
};

FakeBoard make_board(const char* uuid) {
  FakeBoard board;
  board.uuid = uuid;
  return board;
}

TEST_F(Gpu, CountsMillijoules) {
  state_->boards = {make_board("GPU-a"), make_board("GPU-b")};
  {
    Opened opened = open();
    ASSERT_TRUE(opened.readable) << opened.text;
    EXPECT_EQ(opened.text, "gpu-GPU-a, gpu-GPU-b");
    EXPECT_EQ(opened.meter->zones()[0].knowledge, carbon::Knowledge::measured);
    opened.meter->read({}, seconds(1));
    board(1).millijoules = 123'456;
    EXPECT_EQ(opened.meter->read({}, seconds(1))[1].microjoules, 123'456'000);
    board(1).millijoules = 5;  // the driver was loaded anew
    EXPECT_EQ(opened.meter->read({}, seconds(1))[1].event, "ran backwards");
    board(1).present = false;
    const auto gone = opened.meter->read({}, seconds(1))[1];
    EXPECT_EQ(gone.event, "vanished");
    EXPECT_FALSE(gone.present);
    board(1).present = true;
    EXPECT_EQ(opened.meter->read({}, seconds(1))[1].event, "returned");
    EXPECT_EQ(state_->open, 1);
  }
  EXPECT_EQ(state_->open, 0);  // shut down with the meter
}

TEST_F(Gpu, IntegratesPowerWithoutACounter) {
  FakeBoard plain = make_board("GPU-a");
  plain.counts = false;
  plain.milliwatts = 100'000;
  state_->boards = {plain};
  Opened opened = open();
  opened.meter->read({}, seconds(1));
  board().milliwatts = 300'000;
  EXPECT_EQ(opened.meter->read({}, seconds(2))[0].microjoules, 400'000'000);  // (100 W + 300 W) / 2 for 2 s
  EXPECT_GT(opened.meter->zones()[0].uncertainty, 0.2);
}

TEST_F(Gpu, InstancesAndIdleAddUpToTheBoardExactly) {
  FakeBoard split = make_board("GPU-a");
  split.partitioned = true;
  split.instances = {{"MIG-1", 1, 3, {}}, {"MIG-2", 2, 2, {}}, {"MIG-3", 3, 1, {}}};
  state_->boards = {split};
  Opened opened = open();
  ASSERT_EQ(opened.meter->zones().size(), 4u);
  RandomStream draws(11, "instances");
  for (int i = 0; i < 5000; ++i) {
    bool any = false;
    for (auto& instance : board().instances) {
      instance.processes.clear();
      if (draws.below(2) == 0) instance.processes.push_back({100 + instance.id, 0});
      any = any || !instance.processes.empty();
    }
    const std::uint64_t more = draws.below(700'000);
    board().millijoules += more;
    const auto readings = opened.meter->read({}, seconds(1));
    std::int64_t sum = readings[0].idle_microjoules;
    for (std::size_t zone = 1; zone < 4; ++zone) {
      sum += readings[zone].microjoules;
      ASSERT_GE(readings[zone].microjoules, 0);
      ASSERT_TRUE(readings[zone].microjoules == 0 || !board().instances[zone - 1].processes.empty());
    }
    ASSERT_EQ(sum, readings[0].microjoules);
    ASSERT_EQ(readings[0].microjoules, static_cast<std::int64_t>(more) * 1000);
    ASSERT_TRUE(any || readings[0].idle_microjoules == readings[0].microjoules);
  }
  for (std::size_t zone = 1; zone < 4; ++zone) {
    EXPECT_EQ(opened.meter->zones()[zone].kind, ZoneKind::gpu_instance);
    EXPECT_EQ(opened.meter->zones()[zone].knowledge, carbon::Knowledge::estimated);
    EXPECT_EQ(opened.meter->zones()[zone].parent, 0);
  }
}

TEST_F(Gpu, LargerInstancesBearMoreAfterTheQuietDraw) {
  FakeBoard split = make_board("GPU-a");
  split.partitioned = true;
  split.instances = {{"MIG-1", 1, 4, {}}, {"MIG-2", 2, 1, {}}};
  state_->boards = {split};
  Opened opened = open();
  opened.meter->read({}, seconds(1));
  board().millijoules += 70'000;
  EXPECT_EQ(opened.meter->read({}, seconds(1))[0].idle_microjoules, 70'000'000);
  board().instances[0].processes = {{7, 0}, {8, 0}};
  board().instances[1].processes = {{9, 0}};
  board().millijoules += 570'000;
  const auto readings = opened.meter->read({}, seconds(1));
  EXPECT_EQ(readings[0].idle_microjoules, 70'000'000);
  EXPECT_EQ(readings[1].microjoules, 400'000'000);
  EXPECT_EQ(readings[2].microjoules, 100'000'000);
  std::int64_t use[10] = {};
  for (const GpuProcessUse& process : gpu_process_use(*opened.meter)) use[process.pid] = process.use_ns;
  EXPECT_EQ(use[7], 500'000'000);
  EXPECT_EQ(use[8], 500'000'000);
  EXPECT_EQ(use[9], 1'000'000'000);
}

TEST_F(Gpu, PartitionsThatComeAndGo) {
  state_->boards = {make_board("GPU-a")};
  Opened opened = open();
  opened.meter->read({}, seconds(1));
  board().partitioned = true;
  board().instances = {{"MIG-1", 1, 7, {{5, 0}}}};
  board().millijoules += 7'000;
  auto readings = opened.meter->read({}, seconds(1));
  ASSERT_EQ(readings.size(), 2u);
  EXPECT_EQ(readings[1].microjoules, 7'000'000);
  board().instances.clear();
  board().millijoules += 1'000;
  readings = opened.meter->read({}, seconds(1));
  ASSERT_EQ(readings.size(), 2u);  // positions stay
  EXPECT_FALSE(readings[1].present);
  EXPECT_EQ(readings[1].event, "vanished");
  EXPECT_EQ(readings[0].idle_microjoules, readings[0].microjoules);

  // Whole again: its work is that of the board's processes, and none of it is known to be idle.
  board().partitioned = false;
  board().processes = {{6, 100}};
  board().now_us += 1'000'000;
  board().millijoules += 2'000;
  readings = opened.meter->read({}, seconds(1));
  EXPECT_EQ(readings[0].microjoules, 2'000'000);
  EXPECT_FALSE(readings[0].idle_known);
  EXPECT_EQ(readings[1].event, "");
  ASSERT_EQ(gpu_process_use(*opened.meter).size(), 1u);
  EXPECT_EQ(gpu_process_use(*opened.meter)[0].zone, 0u);
}

TEST_F(Gpu, UseOfProcesses) {
  FakeBoard plain = make_board("GPU-a");
  plain.processes = {{41, 60}, {42, 20}};
  state_->boards = {plain};
  Opened opened = open();
  board().now_us += 1'000'000;
  opened.meter->read({}, seconds(1));
  auto use = gpu_process_use(*opened.meter);
  ASSERT_EQ(use.size(), 2u);
  EXPECT_EQ(use[0].pid, 41);
  EXPECT_EQ(use[0].zone, 0u);
  EXPECT_EQ(use[0].use_ns, 600'000'000);
  EXPECT_EQ(use[1].use_ns, 200'000'000);
  opened.meter->read({}, seconds(1));  // no newer sample: used by nobody since
  EXPECT_TRUE(gpu_process_use(*opened.meter).empty());
  board().samples = false;
  board().percent = 50;
  opened.meter->read({}, seconds(1));
  use = gpu_process_use(*opened.meter);
  ASSERT_EQ(use.size(), 2u);
  EXPECT_EQ(use[0].use_ns, 250'000'000);
}

TEST_F(Gpu, ManyProcessesNeedARoomierAsk) {
  FakeBoard plain = make_board("GPU-a");
  plain.samples = false;
  plain.percent = 100;
  for (unsigned pid = 1; pid <= 500; ++pid) plain.processes.push_back({pid, 0});
  state_->boards = {plain};
  Opened opened = open();
  opened.meter->read({}, seconds(1));
  EXPECT_EQ(gpu_process_use(*opened.meter).size(), 500u);
}

TEST(Nvml, AbsentLibraryIsSaid) {
  const Opened opened = open_nvml("/nowhere/libnvidia-ml.so.1");
  EXPECT_FALSE(opened.readable);
  EXPECT_FALSE(opened.hint.empty());
}

}  // namespace
}  // namespace cradle::meter
