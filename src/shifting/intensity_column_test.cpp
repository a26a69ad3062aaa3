#include "cradle/shifting/intensity_column.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "cradle/base/text.h"

namespace cradle::shifting {
namespace {

std::vector<double> values(const IntensityColumn& column) {
  std::vector<double> out;
  for (const auto hour : column.hours) out.push_back(hour.value());
  return out;
}

TEST(IntensityColumn, finds_the_column_of_every_layout) {
  const auto chosen = [](const std::string& header, const std::string& row) {
    const auto column = read_intensity_column(header + "\n" + row + "\n", "x.csv");
    return column ? column->column + "=" + shortest(column->hours.at(0).value()) : to_string(column.error());
  };
  EXPECT_EQ(chosen("carbon_intensity_avg", "5"), "carbon_intensity_avg=5");
  EXPECT_EQ(chosen("\xEF\xBB\xBF"
                   "carbon_intensity_avg",
                   "5"),
            "carbon_intensity_avg=5");
  EXPECT_EQ(chosen("\"carbon_intensity_avg\"\r", "5"), "carbon_intensity_avg=5");
  EXPECT_EQ(chosen("datetime,carbon_intensity_avg,carbon_rate_avg", "2020,5,6"), "carbon_intensity_avg=5");
  EXPECT_EQ(chosen("timestamp,WND,avg_CI", "2020,5,6"), "avg_CI=6");
  EXPECT_EQ(chosen("utc,direct_g_per_kwh,lca_g_per_kwh", "2020,5,6"), "lca_g_per_kwh=6");
  EXPECT_EQ(chosen("anything", "5"), "anything=5");
  EXPECT_EQ(chosen("time,g_per_kwh", "2020,5"), "g_per_kwh=5");
  EXPECT_EQ(chosen("a,b,c", "1,2,3"),
            "x.csv:1: no column of intensities is known in this file\n  hint: name one of its columns: a, b, c");
  const auto named = read_intensity_column("a,b,c\n1,2,3\n", "x.csv", "c");
  ASSERT_TRUE(named);
  EXPECT_EQ(values(*named), std::vector<double>{3});
}

TEST(IntensityColumn, bridges_and_names_empty_cells) {
  const auto column = read_intensity_column("t,avg_CI\n0,10\n1,\n2,\n3,40\n", "x.csv");
  ASSERT_TRUE(column);
  EXPECT_EQ(values(*column), (std::vector<double>{10, 20, 30, 40}));
  ASSERT_EQ(column->bridged.size(), 2u);
  EXPECT_EQ(column->bridged[1].hour, 2u);
  EXPECT_EQ(column->bridged[1].line, 4u);
  const auto part = slice(*column, "x.csv", 2, 2);
  ASSERT_TRUE(part);
  ASSERT_EQ(part->notes.size(), 1u);
  EXPECT_EQ(part->notes[0], "1 hour without a value bridged, line 4");
  const auto clear = slice(*column, "x.csv", 3, 1);
  ASSERT_TRUE(clear);
  EXPECT_TRUE(clear->notes.empty());
}

// A blank line of a file with one column is an hour, not nothing; blank lines at the end are none.
TEST(IntensityColumn, keeps_blank_lines_of_one_column_as_hours) {
  const auto column = read_intensity_column("carbon_intensity_avg\n10\n\n\"\"\n40\n\n", "x.csv");
  ASSERT_TRUE(column);
  EXPECT_EQ(values(*column), (std::vector<double>{10, 20, 30, 40}));
  EXPECT_EQ(column->bridged.size(), 2u);
}

TEST(IntensityColumn, bridges_long_gaps_by_neighbouring_days) {
  std::string text = "t,avg_CI\n";
  for (int hour = 0; hour < 72; ++hour)
    text += "t," + (hour >= 24 && hour < 31 ? std::string() : std::to_string(hour)) + "\n";
  const auto column = read_intensity_column(text, "x.csv");
  ASSERT_TRUE(column);
  // Seven hours: the mean of the day before and after, 0 and 48.
  EXPECT_EQ(column->hours[24].value(), 24);
  const auto hopeless = read_intensity_column("t,avg_CI\n0,\n1,5\n", "x.csv");
  ASSERT_FALSE(hopeless);
  EXPECT_EQ(hopeless.error().code, ErrorCode::missing_data);
  EXPECT_EQ(hopeless.error().where, "x.csv:2");
}

TEST(IntensityColumn, refuses_what_is_no_intensity) {
  const auto where = [](const std::string& text) {
    const auto column = read_intensity_column(text, "x.csv");
    EXPECT_FALSE(column);
    if (column) return std::string();
    EXPECT_FALSE(column.error().hint.empty());
    return column.error().where;
  };
  EXPECT_EQ(where("t,avg_CI\n0,10\n1,-1\n"), "x.csv:3");
  EXPECT_EQ(where("t,avg_CI\n0,nan\n"), "x.csv:2");
  EXPECT_EQ(where("t,avg_CI\n0,1e9\n"), "x.csv:2");
  EXPECT_EQ(where("t,avg_CI\n0,10\n1\n"), "x.csv:3");
  EXPECT_EQ(where("t,avg_CI\n0,\n"), "x.csv");
  EXPECT_EQ(where("t,avg_CI\n"), "x.csv");
  EXPECT_EQ(where(""), "x.csv");
  EXPECT_EQ(where("t,avg_CI\n0,\xff\n"), "x.csv");
}

// Without a header the first hour would be taken for one; a date beside it does not make it a name.
TEST(IntensityColumn, refuses_a_file_without_a_header) {
  for (const char* text : {"5\n6\n7\n", "\"5\"\n6\n", "\xEF\xBB\xBF 5.5 \r\n6\r\n", "0,5\n1,6\n",
                           "2020-01-01,5\n2020-01-01,6\n", "1,2,3\n4,5,6\n"}) {
    const auto column = read_intensity_column(text, "x.csv");
    ASSERT_FALSE(column) << text;
    EXPECT_EQ(to_string(column.error()),
              "x.csv:1: a number where the name of a column is expected\n  hint: put a header above it, e.g. "
              "carbon_intensity_avg for a file of one column");
  }
  // Who names the column says that the first line has names.
  const auto years = read_intensity_column("2020,2021\n5,6\n", "x.csv", "2021");
  ASSERT_TRUE(years);
  EXPECT_EQ(values(*years), std::vector<double>{6});
}

TEST(IntensityColumn, slices_what_there_is) {
  const auto column = read_intensity_column("a\n1\n2\n3\n", "x.csv");
  ASSERT_TRUE(column);
  const auto part = slice(*column, "x.csv", 1, 720);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->hours.size(), 2u);
  EXPECT_FALSE(slice(*column, "x.csv", 3, 1));
  EXPECT_FALSE(slice(*column, "x.csv", static_cast<std::size_t>(-1), 1));
  EXPECT_FALSE(slice(*column, "x.csv", 0, 0));
  EXPECT_EQ(slice(*column, "x.csv", 0, static_cast<std::size_t>(-1))->hours.size(), 3u);
}

}  // namespace
}  // namespace cradle::shifting
