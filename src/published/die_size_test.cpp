#include "die_size.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cradle/published/eco_chip.h"
#include "cradle/published/tools.h"
#include "test_folder.h"

namespace cradle::published {
namespace {

using carbon::SquareMillimetres;

bool noted(const std::vector<std::string>& notes, const std::string& text) {
  return std::any_of(notes.begin(), notes.end(),
                     [&text](const std::string& note) { return note.find(text) != std::string::npos; });
}

TEST(DieSize, NamesTheDieAndWhatItExceeds) {
  EXPECT_FALSE(size_note("a", SquareMillimetres{858}, 300));
  EXPECT_EQ(*size_note("a", SquareMillimetres{858.6}, 300),
            "a: a die of 859 mm2 is larger than the 858 mm2 (26 x 33 mm) that one exposure prints");
  // A wafer of 300 mm has 70686 mm2.
  EXPECT_NE(size_note("a", SquareMillimetres{70'000}, 300)->find("exposure"), std::string::npos);
  EXPECT_NE(size_note("a", SquareMillimetres{71'000}, 300)->find("wafer of 300 mm"), std::string::npos);
  EXPECT_NE(size_note("a", SquareMillimetres{1e300}, 300)->find("1e+300 mm2"), std::string::npos);
}

// The chiplet's own area is that in 7 nm: analog circuits in 14 nm take as much, logic 3.7 times as much.
TEST(DieSize, EcoChipNotesTheAreaInItsOwnNode) {
  EcoChipDesign design;
  design.name = "chip";
  design.chiplets = {{"small", EcoChipBlock::analog, SquareMillimetres{400}, eco_chip_node_14},
                     {"large", EcoChipBlock::logic, SquareMillimetres{400}, eco_chip_node_14}};
  const auto notes = size_notes(design, published_eco_chip_tables(), {});
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_TRUE(notes[0].starts_with("chip/large: a die of 1484 mm2"));
  design.chiplets[0].area = SquareMillimetres{160'000};  // 450 mm as published: 159,043 mm2
  EXPECT_NE(size_notes(design, published_eco_chip_tables(), {})[0].find("wafer of 450 mm"), std::string::npos);
}

TEST(DieSize, ThreeDCarbonKeepsItsNumberAndNotesWhy) {
  const TestFolder folder;
  Request request;
  request.input = folder.write(
      "big.yaml", "- {Product: BIG, method: MCM, die_list: [{name: one, technode(nm): 7, area(mm2): 900}]}\n");
  auto comparison = compare_three_d_carbon(request);
  ASSERT_TRUE(comparison) << to_string(comparison.error());
  EXPECT_GT(comparison->rows.back().value, 0);
  EXPECT_TRUE(noted(comparison->notes, "a die of 900 mm2 is larger than the 858 mm2"));
  EXPECT_FALSE(noted(comparison->notes, "package"));
  // A package of 500 mm2: too small for two dies of 300 mm2 side by side, not for a stack of them.
  for (const bool stacked : {false, true}) {
    request.input = folder.write("small.yaml", std::string("- {method: ") + (stacked ? "Micro_bumping" : "MCM") +
                                                   ", packagearea(mm2): 500, die_list: [{technode(nm): 7, "
                                                   "area(mm2): 300}, {technode(nm): 7, area(mm2): 300}]}\n");
    comparison = compare_three_d_carbon(request);
    ASSERT_TRUE(comparison) << to_string(comparison.error());
    EXPECT_EQ(noted(comparison->notes, "a package of 500 mm2 is smaller than the 600 mm2"), !stacked);
  }
  request.input = folder.write("question.yaml",
                               "- {Product: Q, technode(nm): 5, area(mm2): 900, gatenumber: 7.7e+10,\n"
                               "   energy_efficiency: 12.5, bandwidth-requirement: 1}\n");
  comparison = compare_three_d_carbon(request);
  ASSERT_TRUE(comparison) << to_string(comparison.error());
  EXPECT_TRUE(noted(comparison->notes, "Q/homogeneous: a die of 900 mm2"));
}

TEST(DieSize, ActKeepsItsNumberUnlessItIsInfinite) {
  Request request;
  request.options = {{"logic-area", "1000mm2"}, {"logic-process", "7"}};
  auto comparison = compare_act(request);
  ASSERT_TRUE(comparison) << to_string(comparison.error());
  EXPECT_TRUE(noted(comparison->notes, "silicon.logic: a die of 1000 mm2"));
  request.options["logic-area"] = "858mm2";
  EXPECT_FALSE(noted(compare_act(request)->notes, "a die of"));
  request.options["logic-area"] = "1e308mm2";
  comparison = compare_act(request);
  ASSERT_FALSE(comparison);
  EXPECT_NE(comparison.error().message.find("finite"), std::string::npos) << comparison.error().message;
}

}  // namespace
}  // namespace cradle::published
