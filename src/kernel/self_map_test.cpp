#include "cradle/kernel/self_map.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

#include "boot_clock.h"

namespace cradle::kernel {
namespace {

/// A bpffs of the test's own.
class SelfMapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("cradle-bpffs-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder_);
    mounted_ = mount("bpf", folder_.c_str(), "bpf", 0, nullptr) == 0;
    if (!mounted_) GTEST_SKIP() << "a bpffs cannot be mounted here";
    auto probe = SelfMap::create(folder_ / "probe", 1);
    if (!probe) GTEST_SKIP() << to_string(probe.error());
  }
  void TearDown() override {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
    std::filesystem::remove(folder_);
  }
  std::filesystem::path folder_;
  bool mounted_ = false;
};

TEST_F(SelfMapTest, WhatIsWrittenIsReadByThePinnedPath) {
  const auto pin = folder_ / "self_carbon";
  {
    auto map = SelfMap::create(pin, 4);
    ASSERT_TRUE(map) << to_string(map.error());
    const SelfCarbon value{1'000'001, 42, 7, 99}, later{UINT64_MAX, 43, 8, 100};
    ASSERT_TRUE((*map)->update(4711, value));
    auto read = read_self_map(pin, 4711);
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(*read, value);
    ASSERT_TRUE((*map)->update(4711, later));
    EXPECT_EQ(*read_self_map(pin, 4711), later);
    ASSERT_TRUE((*map)->remove(4711));
    ASSERT_TRUE((*map)->remove(4711));
    read = read_self_map(pin, 4711);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::missing_data);
  }
  EXPECT_FALSE(std::filesystem::exists(pin)) << "not unpinned";
  EXPECT_EQ(read_self_map(pin, 4711).error().code, ErrorCode::missing_data);
}

TEST_F(SelfMapTest, ValueWithoutATimeGetsThatOfItsWriting) {
  const auto pin = folder_ / "self_carbon";
  auto map = SelfMap::create(pin, 4);
  ASSERT_TRUE(map) << to_string(map.error());
  const std::uint64_t before = since_boot_ns();
  ASSERT_TRUE((*map)->update(1, SelfCarbon{5, 6, 7, 0}));
  const std::uint64_t after = since_boot_ns();
  auto read = read_self_map(pin, 1);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_GE(read->updated_ns, before);
  EXPECT_LE(read->updated_ns, after);
  read->updated_ns = 0;
  EXPECT_EQ(*read, (SelfCarbon{5, 6, 7, 0})) << "the rest is as given";
}

TEST_F(SelfMapTest, FullAndTaken) {
  const auto pin = folder_ / "self_carbon";
  auto map = SelfMap::create(pin, 2);
  ASSERT_TRUE(map);
  ASSERT_TRUE((*map)->update(1, {}));
  ASSERT_TRUE((*map)->update(2, {}));
  const auto third = (*map)->update(3, {});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::budget_exceeded);
  const auto second = SelfMap::create(pin, 2);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::bad_input);
  EXPECT_TRUE(std::filesystem::exists(pin)) << "the map of the first was taken away";
}

TEST(SelfMap, PlaceThatIsNoBpffs) {
  for (const char* pin : {"/tmp/self_carbon", "/nonexistent/self_carbon", "self_carbon", ""}) {
    const auto map = SelfMap::create(pin);
    ASSERT_FALSE(map) << pin;
    EXPECT_FALSE(map.error().hint.empty());
  }
}

}  // namespace
}  // namespace cradle::kernel
