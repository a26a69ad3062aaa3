// The real way to a GPU, over shared libraries with the symbols of NVIDIA's two and scripted boards behind them.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "../meter/testing/fake_nvml.h"
#include "cradle/profile/gpu_profile.h"
#include "kernel_text.h"
#include "testing/fake_cuda.h"

namespace cradle::profile {
namespace {

using carbon::Seconds;
using meter::testing::FakeBoard;
using meter::testing::FakeNvml;
using testing::FakeCuda;

std::string beside_the_test(const char* library) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / library).string();
}

class NvidiaGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.management_library = beside_the_test("libcradle_fake_nvml.so");
    options_.driver_library = beside_the_test("libcradle_fake_cuda.so");
    nvml_library_ = ::dlopen(options_.management_library.c_str(), RTLD_NOW);
    cuda_library_ = ::dlopen(options_.driver_library.c_str(), RTLD_NOW);
    ASSERT_TRUE(nvml_library_ && cuda_library_) << ::dlerror();
    nvml_ = reinterpret_cast<FakeNvml* (*)()>(::dlsym(nvml_library_, "fake_nvml_state"))();
    cuda_ = reinterpret_cast<FakeCuda* (*)()>(::dlsym(cuda_library_, "fake_cuda_state"))();
    nvml_->open = 0;
    nvml_->boards.assign(2, FakeBoard{});
    nvml_->boards[0].uuid = "GPU-000102030405060708090a0b0c0d0e0f";  // not as the driver writes it: never found
    nvml_->boards[1].uuid = "GPU-00112233-4455-6677-8899-aabbccddeeff";
    *cuda_ = FakeCuda{};
    cuda_->uuids = {{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9},
                    {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};
    options_.device = 1;
    options_.now = [this] { return Seconds{now_}; };
    options_.wait = [this](Seconds duration) {
      now_ += duration.value();
      board().millijoules += static_cast<unsigned long long>(board().milliwatts * duration.value());
    };
    board().milliwatts = 80'000;
    cuda_->on_load = [this](unsigned blocks, unsigned long long) { board().milliwatts = 80'000 + 30'000 * blocks; };
  }
  void TearDown() override {
    nvml_->boards.clear();
    *cuda_ = FakeCuda{};
    ::dlclose(nvml_library_);
    ::dlclose(cuda_library_);
  }
  FakeBoard& board() { return nvml_->boards[1]; }
  Error refused() {
    auto gpu = open_nvidia_gpu(options_);
    EXPECT_FALSE(gpu.has_value());
    if (gpu) return {};
    EXPECT_EQ(cuda_->contexts, 0);
    EXPECT_EQ(cuda_->modules, 0);
    EXPECT_EQ(cuda_->allocations, 0);
    EXPECT_FALSE(gpu.error().hint.empty());
    return gpu.error();
  }

  GpuOptions options_;
  double now_ = 5;
  void *nvml_library_ = nullptr, *cuda_library_ = nullptr;
  FakeNvml* nvml_ = nullptr;
  FakeCuda* cuda_ = nullptr;
};

TEST_F(NvidiaGpu, IsProfiledThroughBothLibraries) {
  {
    auto gpu = open_nvidia_gpu(options_);
    ASSERT_TRUE(gpu.has_value()) << to_string(gpu.error());
    const GpuFacts& facts = (*gpu)->facts();
    EXPECT_EQ(facts.name, "Fake H100");
    EXPECT_EQ(facts.driver, "550.54.15");
    EXPECT_EQ(facts.compute_capability, "9.0");
    EXPECT_EQ(facts.multiprocessors, 16);
    ProfileOptions profile;
    profile.settle = Seconds{0.1};
    profile.window = Seconds{0.5};
    profile.steps = 4;
    profile.repetitions = 2;
    const auto raw = measure(**gpu, profile, instant_of(2026, 3, 1));
    ASSERT_TRUE(raw) << to_string(raw.error());
    EXPECT_EQ(cuda_->launches, 4 * 2);
    const auto steps = steps_of(*raw, "run");
    ASSERT_TRUE(steps) << to_string(steps.error());
    ASSERT_EQ(steps->size(), 5u);
    for (const ProfileStep& step : *steps) {
      EXPECT_TRUE(step.counted);
      EXPECT_NEAR(step.power.value.value(), 80 + 30 * step.multiprocessors, 0.1);
      // 1000 looks a second of each block, over the whole duration; a look is 8 x 1024 x 32 multiply-adds.
      EXPECT_NEAR(step.operations.value, step.multiprocessors * 1000.0 * operations_per_turn,
                  0.01 * step.operations.value);
    }
    EXPECT_EQ(nvml_->open, 1);
  }
  EXPECT_EQ(nvml_->open, 0);
  EXPECT_EQ(cuda_->contexts, 0);
  EXPECT_EQ(cuda_->modules, 0);
  EXPECT_EQ(cuda_->allocations, 0);
}

TEST_F(NvidiaGpu, CountsTheMultiprocessorsThatWorked) {
  cuda_->different = 3;
  auto gpu = open_nvidia_gpu(options_);
  ASSERT_TRUE(gpu.has_value());
  ASSERT_TRUE((*gpu)->start(8, Seconds{1}));
  const auto done = (*gpu)->finish();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->multiprocessors, 3);
  EXPECT_DOUBLE_EQ(done->operations, 8 * 1000 * operations_per_turn);
}

TEST_F(NvidiaGpu, ALoadThatRunsIsWaitedForAtTheEnd) {
  auto gpu = open_nvidia_gpu(options_);
  ASSERT_TRUE(gpu.has_value());
  ASSERT_TRUE((*gpu)->start(4, Seconds{1}));
  EXPECT_EQ(board().milliwatts, 200'000u);
  gpu->reset();
  EXPECT_EQ(board().milliwatts, 80'000u);
  EXPECT_EQ(cuda_->allocations, 0);
}

TEST_F(NvidiaGpu, WhatIsMissingIsSaid) {
  const auto says = [&](const char* part) {
    const Error error = refused();
    EXPECT_NE(to_string(error).find(part), std::string::npos) << to_string(error);
    return error.code;
  };
  options_.device = 2;
  EXPECT_EQ(says("there is no GPU 2"), ErrorCode::missing_data);
  options_.device = -1;
  EXPECT_EQ(says("there is no GPU -1"), ErrorCode::missing_data);
  options_.device = 0;
  EXPECT_EQ(says("CUDA_VISIBLE_DEVICES"), ErrorCode::missing_data);
  options_.device = 1;
  board().partitioned = true;
  EXPECT_EQ(says("is partitioned"), ErrorCode::missing_data);
  board().partitioned = false;
  cuda_->capability_major = 6;
  EXPECT_EQ(says("compute capability 6.0"), ErrorCode::missing_data);
  cuda_->capability_major = 9;
  cuda_->multiprocessors = 0;
  EXPECT_EQ(says("how many multiprocessors"), ErrorCode::failed);
  cuda_->multiprocessors = 16;
  for (const char* function : {"cuCtxCreate_v2", "cuModuleLoadData", "cuMemAlloc_v2"}) {
    cuda_->fails = function;
    EXPECT_EQ(says("the load does not"), ErrorCode::failed) << function;
  }
  cuda_->fails = "cuInit";
  EXPECT_EQ(says("it does not start"), ErrorCode::missing_data);
  cuda_->fails.clear();
  options_.driver_library = "no-such-libcuda.so.1";
  EXPECT_EQ(says("no-such-libcuda.so.1"), ErrorCode::missing_data);
  options_.driver_library = options_.management_library;
  EXPECT_EQ(says("it lacks functions of the CUDA driver"), ErrorCode::missing_data);
  options_.management_library = "no-such-libnvidia-ml.so.1";
  EXPECT_EQ(says("no-such-libnvidia-ml.so.1"), ErrorCode::missing_data);
}

TEST_F(NvidiaGpu, AFailingLoadIsAnError) {
  auto gpu = open_nvidia_gpu(options_);
  ASSERT_TRUE(gpu.has_value());
  cuda_->fails = "cuLaunchKernel";
  EXPECT_FALSE((*gpu)->start(4, Seconds{1}));
  cuda_->fails = "cuCtxSynchronize";
  ASSERT_TRUE((*gpu)->start(4, Seconds{1}));
  const auto done = (*gpu)->finish();
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("scripted failure (status 719)"), std::string::npos) << done.error().message;
  cuda_->fails.clear();
  nvml_->boards[1].present = false;
  EXPECT_FALSE((*gpu)->sample());
}

// Where no assembler is at hand, what can be checked of the text is that its registers are declared, its labels are
// there, and it asks for nothing newer than the oldest board it is for.
TEST(KernelText, IsSelfConsistent) {
  const std::string text = kernel_text();
  EXPECT_TRUE(text.starts_with(".version 7.0\n.target sm_70\n.address_size 64\n"));
  const std::size_t body = text.find("ld.param");
  const std::string declared = text.substr(0, body);
  for (std::size_t at = text.find('%', body); at != std::string::npos; at = text.find('%', at + 1)) {
    std::string name = "%";
    for (std::size_t i = at + 1;
         i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '.'); ++i)
      name += text[i];
    if (name == "%tid.x" || name == "%ctaid.x" || name == "%globaltimer" || name == "%smid") continue;
    if (name.size() == 3 && name[1] == 'a' && name[2] >= '0' && name[2] <= '7') name = "%a<8>";
    EXPECT_NE(declared.find(name), std::string::npos) << name;
  }
  for (const char* label : {"OUTER", "INNER", "DONE"}) {
    EXPECT_NE(text.find(std::string(label) + ":"), std::string::npos);
    EXPECT_NE(text.find("bra"), std::string::npos);
  }
  EXPECT_NE(text.find(std::string(".entry ") + kernel_name), std::string::npos);
  std::size_t adds = 0;
  for (std::size_t at = text.find("fma.rn.f32"); at != std::string::npos; at = text.find("fma.rn.f32", at + 1)) ++adds;
  EXPECT_EQ(operations_per_turn, static_cast<double>(adds) * 128 * 32);
  EXPECT_NE(text.find("%turn, 128;"), std::string::npos);
  // Anywhere else than in the loop's first block it says nothing about the loop.
  EXPECT_NE(text.find("INNER:\n    .pragma \"nounroll\";"), std::string::npos);
}

// The same by NVIDIA's own assembler, for every generation that it knows; the disassembled loop must be a loop.
TEST(KernelText, AssemblesForEveryGeneration) {
  const auto run = [](const std::string& command) {
    std::string output;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (!pipe) return output;
    std::array<char, 4096> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), pipe)) output += buffer.data();
    ::pclose(pipe);
    return output;
  };
  if (run("command -v ptxas").empty()) GTEST_SKIP() << "ptxas is not on the PATH";
  const auto folder = std::filesystem::temp_directory_path() / ("cradle_kernel_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string source = folder / "keep_busy.ptx", object = folder / "keep_busy.cubin";
  std::ofstream(source) << kernel_text();
  int assembled = 0;
  for (const char* generation : {"sm_70", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"}) {
    const std::string said = run(std::string("ptxas -v -arch=") + generation + " " + source + " -o " + object);
    if (said.find("is not defined for option") != std::string::npos) continue;  // dropped, or not yet known to it
    ++assembled;
    EXPECT_NE(said.find("0 bytes spill stores, 0 bytes spill loads"), std::string::npos) << generation << ": " << said;
    EXPECT_LT(std::filesystem::file_size(object), 32U << 10) << generation << ": the loop was unrolled";
  }
  EXPECT_GT(assembled, 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cradle::profile
