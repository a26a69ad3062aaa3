#include "cradle/design/space.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cradle/design/studies.h"
#include "space_example.h"

namespace cradle::design {
namespace {

const Space& example() {
  static const Space space = *TestStudy{}.read();
  return space;
}

TEST(Space, PointsAreTheProductOfAllAxes) {
  // 2 integrations, 7 packages, 2 fabs, 1 grid, 2 lifetimes, 1 duty, 2 volumes; 3 x 3, 2 x 3, 3 x 2 of the blocks.
  EXPECT_EQ(example().points(), 2U * 7 * 2 * 1 * 2 * 1 * 2 * 9 * 6 * 6);
}

RC_GTEST_PROP(Space, NumbersAndChoicesAreOneToOne, ()) {
  const auto index = *rc::gen::inRange<std::uint64_t>(0, example().points());
  RC_ASSERT(example().index_of(example().at(index)) == index);
  const auto other = *rc::gen::inRange<std::uint64_t>(0, example().points());
  RC_ASSERT((example().label(index) == example().label(other)) == (index == other));
}

TEST(Space, LabelsNameWhatDiffers) {
  EXPECT_EQ(example().label(0),
            "one die: compute n14, cache n14, io n28 | organic | TW | 1.667 lives of 3 years | 1e4");
  EXPECT_EQ(example().label(example().points() - 1),
            "compute 4x n5, cache 2x n5, io n7 shared by 3 | hybrid | IE | 1 life of 5 years | 1e6");
}

TEST(Space, EmbeddedStudiesCanBeRead) {
  for (const std::string name : {"accelerator"}) {
    const auto text = open_study(name, "");
    ASSERT_TRUE(text);
    const auto space = parse_space(text->text, text->source, test_catalog());
    ASSERT_TRUE(space) << to_string(space.error());
    EXPECT_GT(space->points(), 1000U);
  }
}

TEST(Space, HourlyGridsAreWeightedByTheHoursOfWork) {
  TestStudy study;
  study.use =
      "[use]\ngrid = [\"CISO\"]\nhourly = true\ndaily = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,"
      "0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0]\nlifetime_years = 4\nduty = 0.5\nthroughput = 1\n";
  const auto space = study.read();
  ASSERT_TRUE(space) << to_string(space.error());
  // By hand: every step of the year with its hour, three times 19 h and once 20 h UTC.
  const carbon::IntensitySeries series = test_catalog().grid("CISO")->series();
  double all = 0, at_19 = 0, at_20 = 0;
  for (std::size_t i = 0; i < series.steps().size(); ++i) {
    const double step = series.steps()[i].value();
    all += step;
    if (i % 24 == 19) at_19 += step;
    if (i % 24 == 20) at_20 += step;
  }
  EXPECT_NEAR(space->grids[0].mean.value.value(), all / 8760, 1e-15);
  EXPECT_NEAR(space->grids[0].work.value.value(), (3 * at_19 + at_20) / 365 / 4, 1e-15);
  // Noon in California is sunny.
  EXPECT_LT(space->grids[0].work.value, space->grids[0].mean.value);
  EXPECT_LE(space->grids[0].work.low, space->grids[0].work.value);
  EXPECT_GE(space->grids[0].work.high, space->grids[0].work.value);
}

TEST(Space, MeasuredDutyTakesThePlaceOfTheFiles) {
  const auto space = parse_space(TestStudy{}.text(), "chip.toml", test_catalog(), MeasuredUse{0.123, "ledger"});
  ASSERT_TRUE(space);
  EXPECT_EQ(space->duties, std::vector<double>{0.123});
}

struct Wrong {
  const char* what;
  TestStudy study;
  const char* where;
  const char* message;
  const char* hint;
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Space, BadStudiesAreRefusedWithLineAndHint) {
  const TestStudy good;
  std::vector<Wrong> all;
  const auto blocks = [&](const char* what, const std::string& from, const std::string& to, const char* where,
                          const char* message, const char* hint) {
    Wrong wrong{what, good, where, message, hint};
    wrong.study.blocks = replaced(good.blocks, from, to);
    all.push_back(wrong);
  };
  blocks("negative area", "area_mm2 = 300", "area_mm2 = -300", "chip.toml:6", "is -300", "choose a value of");
  blocks("no number", "area_mm2 = 300", "area_mm2 = nan", "chip.toml:6", "nan", "choose a value of");
  blocks("huge area", "area_mm2 = 300", "area_mm2 = 1e9", "chip.toml:6", "1e+09", "choose a value of");
  blocks("unknown node", "\"n7\", \"n5\"]\n[[block]]\nname = \"cache\"",
         "\"n77\", \"n5\"]\n[[block]]\nname = \"cache\"", "chip.toml:9", "n77", "n7");
  blocks("empty axis", "split = [1, 2, 4]", "split = []", "chip.toml:8", "empty", "name at least one value");
  blocks("split 17", "split = [1, 2, 4]", "split = [17]", "chip.toml:8", "split", "1 .. 16");
  blocks("split 1.5", "split = [1, 2, 4]", "split = [1.5]", "chip.toml:8", "1.5", "whole numbers");
  blocks("split twice", "split = [1, 2, 4]", "split = [2, 2]", "chip.toml:8", "twice", "once");
  blocks("range upside down", "split_range = [1, 2]", "split_range = [2, 1]", "chip.toml:15", "range", "[least, most]");
  blocks("unknown kind", "kind = \"sram\"", "kind = \"dram\"", "chip.toml:12", "dram", "sram");
  blocks("analog split", "kind = \"logic\"", "kind = \"analog\"", "chip.toml:8", "analog", "leave out split");
  blocks("misspelt key", "power_w = 150", "power = 150", "chip.toml:3", "power_w", "add power_w");
  blocks("same name", "name = \"cache\"", "name = \"compute\"", "chip.toml:11", "compute", "rename");
  blocks("no products", "products = [1, 3]", "products = [0]", "chip.toml:23", "products", "1 .. ");

  const auto part = [&](const char* what, std::string TestStudy::*where_from, const std::string& from,
                        const std::string& to, const char* where, const char* message, const char* hint) {
    Wrong wrong{what, good, where, message, hint};
    wrong.study.*where_from = replaced(good.*where_from, from, to);
    all.push_back(wrong);
  };
  part("unknown objective", &TestStudy::head, "\"delay\"", "\"dealy\"", "chip.toml:2", "dealy", "delay");
  part("objective twice", &TestStudy::head, "\"delay\"", "\"cost\"", "chip.toml:2", "twice", "once");
  part("unknown package", &TestStudy::package, "\"rdl\"", "\"rdll\"", "chip.toml:26", "rdll", "rdl");
  part("unknown fab", &TestStudy::fab, "\"IE\"", "\"IEE\"", "chip.toml:28", "IEE", "IE");
  part("volume 0", &TestStudy::design, "[1e4, 1e6]", "[0]", "chip.toml:31", "volume", "1 .. ");
  part("lifetime 0", &TestStudy::use, "[3, 5]", "[0]", "chip.toml:34", "lifetime_years", "0.001 .. ");
  part("duty above 1", &TestStudy::use, "[0.4]", "[1.4]", "chip.toml:35", "duty", ".. 1");
  part("daily without hourly", &TestStudy::use, "duty =", "daily = [1]\nduty =", "chip.toml:35", "hourly",
       "hourly = true");
  part("negative constraint", &TestStudy::constraints, "", "[constraints]\nmost_power_w = -1\n", "chip.toml:42",
       "is -1", "choose");
  part("unknown constraint", &TestStudy::constraints, "", "[constraints]\nmost_pwer_w = 1\n", "chip.toml:42",
       "most_pwer_w", "most_power_w");
  for (const Wrong& wrong : all) {
    const auto space = wrong.study.read();
    ASSERT_FALSE(space) << wrong.what;
    const Error& error = space.error();
    EXPECT_EQ(error.code, ErrorCode::bad_input) << wrong.what;
    EXPECT_EQ(error.where, wrong.where) << wrong.what << ": " << to_string(error);
    EXPECT_NE(error.message.find(wrong.message), std::string::npos) << wrong.what << ": " << to_string(error);
    EXPECT_NE(error.hint.find(wrong.hint), std::string::npos) << wrong.what << ": " << to_string(error);
  }
}

TEST(Space, PackagesThatNothingFitsAreRefused) {
  // A bridge under one die, a stack of one, seventeen dies on what carries sixteen.
  for (const auto& [split, package] : {std::pair{"1", "emib"}, {"1", "3d"}, {"1", "monolithic-3d"}, {"16", "3d"}}) {
    const auto space = one_point_study(split, "n7", package).read();
    ASSERT_FALSE(space) << package;
    EXPECT_NE(space.error().message.find(package), std::string::npos) << to_string(space.error());
    EXPECT_EQ(space.error().where.substr(0, 10), "chip.toml:") << to_string(space.error());
  }
  EXPECT_TRUE(one_point_study("2", "n7", "emib").read());
  // One die of two nodes.
  TestStudy study;
  study.blocks = replaced(study.blocks, "node = [\"n28\", \"n14\", \"n7\"]", "node = [\"n28\"]");
  const auto space = study.read();
  ASSERT_FALSE(space);
  EXPECT_NE(space.error().hint.find("one-die"), std::string::npos);
}

TEST(Space, TooManyPointsAreRefusedNotOverflowed) {
  TestStudy study;
  study.blocks.clear();
  for (int b = 0; b < 8; ++b)
    study.blocks += "[[block]]\nname = \"b" + std::to_string(b) +
                    "\"\nkind = \"logic\"\narea_mm2 = 10\npower_w = 1\nsplit_range = [1, 16]\n"
                    "node = [\"n28\", \"n22\", \"n14\", \"n10\", \"n7\", \"n5\", \"n3\"]\n"
                    "products = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n";
  const auto space = study.read();
  ASSERT_FALSE(space);
  EXPECT_NE(space.error().message.find("2^62"), std::string::npos);
}

TEST(Space, NineBlocksOrNoneAreRefused) {
  TestStudy study;
  study.blocks.clear();
  EXPECT_FALSE(study.read());
  for (int b = 0; b < 9; ++b)
    study.blocks += "[[block]]\nname = \"b" + std::to_string(b) +
                    "\"\nkind = \"logic\"\narea_mm2 = 10\npower_w = 1\nnode = [\"n7\"]\n";
  const auto space = study.read();
  ASSERT_FALSE(space);
  EXPECT_NE(space.error().message.find("9 blocks"), std::string::npos);
}

TEST(Space, DamagedTextIsRefused) {
  const std::string good = TestStudy{}.text();
  for (const std::string& text : {std::string(), std::string("\xff\xfe"), good.substr(0, good.size() / 2),
                                  std::string(1000, '['), good + "\nname = \"again\"\n"}) {
    const auto space = parse_space(text, "chip.toml", test_catalog());
    ASSERT_FALSE(space);
    EXPECT_FALSE(space.error().hint.empty());
  }
}

}  // namespace
}  // namespace cradle::design
