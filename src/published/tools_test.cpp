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

TEST(PublishedTools, EverySwitchShowsItsEffectOrChangesNoAmount) {
  for (const Tool& tool : tools()) {
    if (tool.name == "sci") continue;  // has the specification's example for its input
    Comparison comparison;
    comparison.tool = tool.name;
    // The release of GreenSKU is built in as a whole, so that most of its switches show on it.
    if (tool.name == "greensku") {
      auto release = tool.compare({});
      ASSERT_TRUE(release);
      comparison = std::move(*release);
    }
    show_on_examples(comparison);
    EXPECT_GE(comparison.switches.size(), 8U) << tool.name;
    for (const Switch& entry : comparison.switches) {
      EXPECT_EQ(int{entry.no_grams} + int{entry.example.has_value()} + int{entry.effect != 0}, 1)
          << tool.name << " " << entry.name;
      if (!entry.example) continue;
      EXPECT_TRUE(std::isfinite(entry.example->effect) && entry.example->effect != 0) << entry.name;
      EXPECT_FALSE(entry.example->item.empty() || entry.example->quantity.empty()) << entry.name;
    }
  }
}

TEST(PublishedTools, ExamplesAreForSwitchesThatChangeNothingInTheCaseAtHand) {
  Request request;
  request.options = {{"logic-area", "1cm2"}, {"logic-process", "7"}, {"fab-ci", "wind"}, {"op-ci", "india"}};
  auto comparison = compare_act(request);
  ASSERT_TRUE(comparison);
  const auto before = comparison->switches;
  show_on_examples(*comparison);
  ASSERT_EQ(comparison->switches.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Switch& entry = comparison->switches[i];
    EXPECT_EQ(entry.effect, before[i].effect);
    EXPECT_EQ(entry.example.has_value(), entry.effect == 0 && !entry.no_grams) << entry.name;
    if (entry.name == "fab-grid-of-flags") {
      EXPECT_LT(entry.effect, 0);
    }
    // Two boards more of 1 m2, 0.41 kg each.
    if (entry.name == "material-quantity") {
      EXPECT_NEAR(entry.example->effect, 0.82, 1e-12);
    }
  }
}

}  // namespace
}  // namespace cradle::published
