#include "cradle/kernel/hooks.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <set>

namespace cradle::kernel {
namespace {

std::size_t descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

TEST(Hooks, EachWorksOrSaysWhyNot) {
  const std::vector<Hook> hooks = probe_hooks();
  ASSERT_FALSE(hooks.empty());
  std::set<std::string> names;
  for (const Hook& hook : hooks) {
    EXPECT_TRUE(names.insert(hook.name).second) << hook.name;
    EXPECT_EQ(hook.works, hook.error.empty()) << hook.name << ": " << hook.error;
  }
}

TEST(Hooks, NothingIsLeftBehind) {
  probe_hooks();
  const std::size_t before = descriptors();
  const auto first = probe_hooks(), second = probe_hooks();
  EXPECT_EQ(descriptors(), before);
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].works, second[i].works) << first[i].name;
}

}  // namespace
}  // namespace cradle::kernel
