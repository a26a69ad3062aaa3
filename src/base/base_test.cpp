#include <gtest/gtest.h>

#include "cradle/base/csv.h"
#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "cradle/base/time.h"

namespace cradle {
namespace {

TEST(Text, NumbersAreReadStrictly) {
  EXPECT_EQ(parse_integer("42"), 42);
  EXPECT_EQ(parse_number("1e3"), 1000.0);
  for (const char* bad : {"", " 1", "1 ", "nan", "inf", "1e999", "0x10", "1,5", "--1"}) {
    EXPECT_FALSE(parse_number(bad)) << bad;
    EXPECT_FALSE(parse_integer(bad)) << bad;
  }
}

TEST(Text, Utf8RefusesOverlongFormsAndSurrogates) {
  EXPECT_TRUE(
      is_utf8("gCO\xE2\x82\x82"
              "e"));
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE2\x82", "\xFF"})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(Text, TheNearestKeyIsSuggested) {
  const std::vector<std::string> keys{"policies", "sites", "workload"};
  EXPECT_EQ(suggest("polices", keys), "did you mean 'policies'?");
  EXPECT_EQ(suggest("zzz", keys), "use one of: policies, sites, workload");
}

TEST(Time, IsoRoundTrip) {
  for (const char* text : {"2022-01-01T00:00:00Z", "1969-12-31T23:59:59.250Z", "2024-02-29T12:34:56Z"})
    EXPECT_EQ(to_iso(*parse_instant(text)), text);
  EXPECT_EQ(parse_instant("2022-01-01 01:00:00+01:00")->ms, instant_of(2022, 1, 1).ms);
  EXPECT_EQ(parse_instant("2023-11-16 18:17:03.9799600")->ms % 1000, 979);
  for (const char* bad : {"", "2022", "2022-02-30", "2022-01-01T25:00:00Z", "2022-01-01T00:00:00X", "2022-01-01Tab"})
    EXPECT_FALSE(parse_instant(bad)) << bad;
}

TEST(Random, StreamsAreNamedAndReproducible) {
  RandomStream a(42, "arrivals"), b(42, "arrivals"), c(42, "sizes");
  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), c.next());
  std::uint64_t histogram[7] = {};
  for (int i = 0; i < 70'000; ++i) ++histogram[a.below(7)];
  for (const auto count : histogram) EXPECT_NEAR(static_cast<double>(count), 10'000, 500);
}

Result<std::uint64_t> read(std::string_view text) {
  static constexpr std::string_view columns[] = {"name", "value", "note?"};
  return read_csv(text, "f.csv", columns, [](const CsvRow& row) -> Result<void> {
    const auto value = row.number(1, 0, 100);
    if (!value) return value.error();
    return {};
  });
}

TEST(Csv, ReadsColumnsInAnyOrderQuotedAndCrlf) {
  EXPECT_EQ(*read("value,extra,name\r\n1,x,a\r\n2,\"y,\"\"z\",b\r\n"), 2U);
  EXPECT_EQ(*read("name,value\na,3"), 1U);
}

TEST(Csv, EveryDefectIsOneErrorWithItsPlace) {
  const auto where = [](std::string_view text) { return read(text).error().where; };
  EXPECT_EQ(where(""), "f.csv");
  EXPECT_EQ(where("name,value\n"), "f.csv");
  EXPECT_EQ(where("name,valu\na,1\n"), "f.csv:1");
  EXPECT_EQ(where("name,value,name\na,1,b\n"), "f.csv:1");
  EXPECT_EQ(where("name,value\na,1\nb"), "f.csv:3");
  EXPECT_EQ(where("name,value\na,NaN\n"), "f.csv:2");
  EXPECT_EQ(where("name,value\na,-1\n"), "f.csv:2");
  EXPECT_EQ(where("name,value\n\"a,1\n"), "f.csv:2");
  EXPECT_EQ(where("name,value\n\xFF,1\n"), "f.csv");
  EXPECT_EQ(read("name,valu\na,1\n").error().hint, "did you mean 'valu'?");
}

}  // namespace
}  // namespace cradle
