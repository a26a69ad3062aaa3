#include "cradle/toml/toml_reader.h"

#include <gtest/gtest.h>

namespace cradle {
namespace {

std::string error_of(std::string_view text, void (*read)(TomlReader&)) {
  auto document = TomlReader::parse(text, "a.toml");
  if (!document) return document.error().where + "|" + document.error().message;
  read(*document);
  const auto done = document->finish();
  return done ? "" : done.error().where + "|" + done.error().message + "|" + done.error().hint;
}

TEST(TomlReader, ReadsEveryKind) {
  auto document = TomlReader::parse(
      "n = 3\nx = 2.5\nbig = 1e6\ns = 'text'\nb = true\nl = [1, 2.5]\none = 4\nw = ['a']\n[t]\ny = 1\n[[r]]\nz = 1\n"
      "[[r]]\nz = 2\n",
      "a.toml");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->integer("n", 0, 10), 3);
  EXPECT_EQ(document->number("x", 0, 10), 2.5);
  EXPECT_EQ(document->integer("big", 0, 10'000'000), 1'000'000);
  EXPECT_EQ(document->text("s"), "text");
  EXPECT_TRUE(document->flag("b", false));
  EXPECT_EQ(document->numbers("l", 0, 10), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(document->numbers("one", 0, 10), (std::vector<double>{4}));
  EXPECT_EQ(document->texts("w"), (std::vector<std::string>{"a"}));
  EXPECT_EQ(document->number("absent", 0, 1, 0.5), 0.5);
  auto table = document->table("t");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->number("y", 0, 10), 1);
  double sum = 0;
  for (auto& row : document->tables("r")) sum += row.number("z", 0, 10);
  EXPECT_EQ(sum, 3);
  EXPECT_TRUE(document->finish());
}

TEST(TomlReader, NamesLineKeyAndRemedy) {
  EXPECT_EQ(error_of("\nx = -1\n", [](TomlReader& in) { in.number("x", 0, 10); }),
            "a.toml:2|'x' is -1|choose a value of 0 .. 10");
  EXPECT_EQ(error_of("x = nan\n", [](TomlReader& in) { in.number("x", 0, 10); }),
            "a.toml:1|'x' is nan|choose a value of 0 .. 10");
  EXPECT_EQ(error_of("[t]\nlifetim = 1\n", [](TomlReader& in) { in.table("t")->number("lifetime", 0, 10, 5); }),
            "a.toml:2|[t] unknown key 'lifetim'|did you mean 'lifetime'?");
  EXPECT_EQ(error_of("lifetim = 1\nx = 1\n", [](TomlReader& in) { in.number("x", 0, 10); }),
            "a.toml:1|unknown key 'lifetim'|use one of: x");
  EXPECT_NE(error_of("", [](TomlReader& in) { in.text("name"); }).find("'name' is missing"), std::string::npos);
  EXPECT_NE(error_of("k = 'b'\n",
                     [](TomlReader& in) {
                       in.choice("k", {"alpha", "beta"});
                     })
                .find("unknown value 'b'"),
            std::string::npos);
  EXPECT_NE(error_of("r = 1\n", [](TomlReader& in) { in.tables("r"); }).find("array of tables"), std::string::npos);
  EXPECT_NE(error_of("x = \n", [](TomlReader&) {}).find("a.toml:1|"), std::string::npos);
}

TEST(TomlReader, KeepsTheFirstError) {
  EXPECT_EQ(error_of("x = 20\ny = 30\n",
                     [](TomlReader& in) {
                       in.number("x", 0, 10);
                       in.number("y", 0, 10);
                     }),
            "a.toml:1|'x' is 20|choose a value of 0 .. 10");
}

TEST(TomlReader, AMissingKeyIsLookedForAmongThoseThatNobodyKnows) {
  const auto read = [](TomlReader& in) {
    in.number("low", 0, 10);
    in.number("lifetime", 0, 10);
  };
  EXPECT_EQ(error_of("low = 1\nlifetim = 2\n", read),
            "a.toml:1|'lifetime' is missing|rename 'lifetim' if it means this, or add lifetime = a number, 0 .. 10");
  EXPECT_EQ(error_of("low = 1\n", read), "a.toml:1|'lifetime' is missing|add lifetime = a number, 0 .. 10");
}

TEST(TomlReader, TablesMayBeMandatory) {
  EXPECT_EQ(error_of("\nx = 1\n", [](TomlReader& in) { in.table("part", true); }),
            "a.toml:1|'part' is missing|add part = a table, [part] and its keys below");
  EXPECT_EQ(error_of("\nr = []\n", [](TomlReader& in) { in.tables("r", true); }),
            "a.toml:2|'r' is not an array of tables|write [[r]] for each");
  EXPECT_EQ(error_of("r = []\n", [](TomlReader& in) { in.tables("r"); }), "");
}

TEST(TomlReader, ATextMayBeEmptyWhereItsFallbackIs) {
  EXPECT_EQ(error_of("s = ''\n", [](TomlReader& in) { EXPECT_EQ(in.text("s", ""), ""); }), "");
  EXPECT_EQ(error_of("s = ''\n", [](TomlReader& in) { in.text("s", "word"); }),
            "a.toml:1|'s' is empty|write a text in double quotes");
  EXPECT_EQ(error_of("s = ''\n", [](TomlReader& in) { in.text("s"); }),
            "a.toml:1|'s' is empty|write a text in double quotes");
}

TEST(TomlReader, EveryTableThatIsReadIsReadWhole) {
  const auto read = [](TomlReader& in) {
    for (TomlReader& row : in.tables("r"))
      if (auto below = row.table("b")) below->number("x", 0, 10, 1);
    // Opened a second time it is the same table.
    if (auto t = in.table("t")) t->number("x", 0, 10);
    if (auto t = in.table("t")) t->number("y", 0, 10);
  };
  EXPECT_EQ(error_of("[[r]]\nb = {x = 1}\n[t]\nx = 1\ny = 1\n", read), "");
  EXPECT_EQ(error_of("[[r]]\n[[r]]\nb = {\"x y\" = 1}\n[t]\nx = 1\ny = 1\n", read),
            "a.toml:3|[r.b] unknown key 'x y'|use one of: x");
  EXPECT_EQ(error_of("[[r]]\nb.x = 1\nc.d.e = 1\n[t]\nx = 1\ny = 1\n", read),
            "a.toml:3|[r] unknown key 'c'|did you mean 'b'?");
}

}  // namespace
}  // namespace cradle
