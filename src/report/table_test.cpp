#include "cradle/report/table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cradle/base/csv.h"
#include "cradle/base/text.h"

namespace cradle::report {
namespace {

Table sample() {
  Table table;
  table.column("job", "job").column("kg", "total", Align::right, 2, "kgCO2e").column("n", "runs", Align::right);
  table.row({std::string("na\u00EFve"), 1.005, std::int64_t{3}});
  table.row({std::string("\u8A08\u7B97"), 12345.678, std::int64_t{-1}});
  table.row({std::monostate{}, std::nan(""), std::monostate{}});
  return table;
}

TEST(Table, TextIsAlignedByDisplayWidth) {
  EXPECT_EQ(sample().to_text(),
            "job       total  runs\n"
            "         kgCO2e\n"
            "-----  --------  ----\n"
            "na\u00EFve      1.00     3\n"
            "\u8A08\u7B97   12345.68    -1\n"
            "-             -     -\n");
}

TEST(Table, ATableWithoutRowsOrColumnsIsStillATable) {
  EXPECT_EQ(Table().to_text(), "\n");
  EXPECT_EQ(Table().to_json_rows(), "[]");
  Table table;
  table.column("a", "A").column("b", "B");
  EXPECT_EQ(table.to_text(), "A  B\n-  -\n");
  EXPECT_EQ(table.to_csv(), "a,b\n");
}

TEST(Table, AWideTableWrapsTitlesThenCutsTextAndNeverNumbers) {
  Table table;
  table.column("name", "name").column("x", "a long title over a number", Align::right, 3);
  table.row({std::string("a name that goes on and on and on and on"), 123456.789});
  const std::string text = table.to_text(30);
  for (const std::string_view line : split(text, '\n')) EXPECT_LE(display_width(line), 30U) << text;
  EXPECT_NE(text.find("123456.789"), std::string::npos) << text;
  EXPECT_NE(text.find("\u2026"), std::string::npos) << text;
  EXPECT_EQ(table.to_text(200).find("\u2026"), std::string::npos);
}

TEST(Table, HostileTextIsMadePrintable) {
  Table table;
  table.column("job", "job");
  table.row({std::string("\x1b[31mred\nline\xFF \u202Eflip\u202C")});
  const std::string text = table.to_text();
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_TRUE(is_utf8(text));
  EXPECT_EQ(split(text, '\n').size(), 4U) << text;  // title, rule, row and the empty end
  EXPECT_EQ(printable("a\xE2\x82"), "a\uFFFD\uFFFD");
  EXPECT_TRUE(nlohmann::json::accept(table.to_json_rows()));
}

TEST(Table, CsvQuotesWhatNeedsIt) {
  Table table;
  table.column("a,b", "x").column("plain", "y");
  table.row({std::string("say \"hi\"\r\nthere"), 0.1});
  table.row({std::monostate{}, std::nan("")});
  EXPECT_EQ(table.to_csv(), "\"a,b\",plain\n\"say \"\"hi\"\"\r\nthere\",0.1\n,\n");
}

TEST(Table, JsonKeepsNumbersAsNumbers) {
  const auto json = nlohmann::json::parse(sample().to_json("cradle.sample/1", {{"trace", std::string("openb")}}));
  EXPECT_EQ(json["schema"], "cradle.sample/1");
  EXPECT_EQ(json["trace"], "openb");
  EXPECT_EQ(json["rows"].size(), 3U);
  EXPECT_EQ(json["rows"][1]["kg"].get<double>(), 12345.678);
  EXPECT_EQ(json["rows"][1]["n"].get<int>(), -1);
  EXPECT_TRUE(json["rows"][2]["kg"].is_null());
  EXPECT_TRUE(json["rows"][2]["job"].is_null());
}

TEST(Table, HtmlEscapesTextAndGroupsDigits) {
  Table table;
  table.column("a", "<b>").column("x", "x", Align::right, 1, "g");
  table.row({std::string("\"<script>&'"), 1234567.89});
  const std::string html = table.to_html();
  EXPECT_NE(html.find("&quot;&lt;script&gt;&amp;&#39;"), std::string::npos) << html;
  EXPECT_NE(html.find("&lt;b&gt;"), std::string::npos) << html;
  EXPECT_NE(html.find("1\u202F234\u202F567.9"), std::string::npos) << html;
}

RC_GTEST_PROP(Table, EveryLineIsAsWideAsTheRuleAtMost, ()) {
  Table table;
  const int columns = *rc::gen::inRange(1, 5);
  for (int c = 0; c < columns; ++c) {
    const Align align = *rc::gen::arbitrary<bool>() ? Align::right : Align::left;
    table.column("c", "t" + *rc::gen::string<std::string>(), align, *rc::gen::inRange(-1, 4));
  }
  for (int r = *rc::gen::inRange(0, 6); r > 0; --r) {
    std::vector<Cell> cells;
    for (int c = 0; c < columns; ++c) {
      if (*rc::gen::arbitrary<bool>())
        cells.emplace_back(*rc::gen::string<std::string>());
      else
        cells.emplace_back(*rc::gen::arbitrary<double>());
    }
    table.row(std::move(cells));
  }
  const std::string text = table.to_text(1'000'000);
  RC_ASSERT(is_utf8(text));
  RC_ASSERT(text.ends_with('\n'));
  const auto lines = split(std::string_view(text).substr(0, text.size() - 1), '\n');
  RC_ASSERT(lines.size() >= table.rows() + 1);
  const std::string_view rule = lines[lines.size() - 1 - table.rows()];
  for (const std::string_view line : lines) RC_ASSERT(display_width(line) <= rule.size());
}

RC_GTEST_PROP(Table, CsvReadsBackWithTheReaderOfTheProject, (const std::vector<double>& numbers)) {
  Table table;
  table.column("text", "text").column("number", "number");
  std::vector<std::string> texts;
  for (const double number : numbers) {
    texts.push_back(*rc::gen::container<std::string>(rc::gen::elementOf(std::string(",\"ab \n"))) + "x");
    table.row({texts.back(), number});
  }
  if (numbers.empty()) return;
  static constexpr std::string_view columns[] = {"text", "number"};
  std::size_t row = 0;
  const auto read = read_csv(table.to_csv(), "t.csv", columns, [&](const CsvRow& fields) -> Result<void> {
    RC_ASSERT(fields.field(0) == texts[row]);
    const auto value = parse_number(fields.field(1));
    RC_ASSERT(value.has_value() == std::isfinite(numbers[row]));
    if (value) RC_ASSERT(*value == numbers[row]);
    ++row;
    return {};
  });
  RC_ASSERT(read.has_value());
  RC_ASSERT(row == numbers.size());
}

}  // namespace
}  // namespace cradle::report
