#include "cradle/published/tools.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cradle::published {
namespace {

TEST(PublishedTools, AreFoundByName) {
  for (const Tool& tool : tools()) {
    const auto found = find_tool(tool.name);
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)->name, tool.name);
    EXPECT_FALSE(tool.title.empty());
    EXPECT_FALSE(tool.input.empty());
  }
  const auto wrong = find_tool("greensku2");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().hint.find("greensku"), std::string::npos);
}

TEST(PublishedTools, AnAnchorPassesWithinItsTolerance) {
  Anchor anchor;
  anchor.published = 100;
  anchor.tolerance = 0.01;
  anchor.ours = 100.9;
  EXPECT_TRUE(anchor.passes());
  anchor.ours = 98.9;
  EXPECT_FALSE(anchor.passes());
  anchor.ours = std::nan("");
  EXPECT_FALSE(anchor.passes());
  anchor.published = 0;
  anchor.ours = 0.005;
  EXPECT_TRUE(anchor.passes()) << "against 0 the tolerance is absolute";
}

}  // namespace
}  // namespace cradle::published
