#include "cradle/toml/toml_tree.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "cradle/base/text.h"

namespace cradle {
namespace {

std::string where_of(const std::string& text) {
  const auto tree = parse_toml(text, "x.toml");
  if (tree) return "accepted";
  EXPECT_EQ(tree.error().code, ErrorCode::bad_input);
  EXPECT_FALSE(tree.error().message.empty());
  EXPECT_FALSE(tree.error().hint.empty());
  return tree.error().where;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

TEST(TomlTree, KeepsKindsLinesAndTheOrderOfKeys) {
  const auto tree = parse_toml("z = 1\na = [\n 2.5,\n true]\n[t.u]\ns = 'x'\nday = 2020-01-01\n", "x.toml");
  ASSERT_TRUE(tree);
  ASSERT_EQ(tree->members().size(), 3u);
  EXPECT_EQ(tree->members()[0].key, "a");
  EXPECT_EQ(tree->line, 1u);
  EXPECT_EQ(*tree->get("z")->as<std::int64_t>(), 1);
  const auto& items = *tree->get("a")->as<TomlNode::Array>();
  EXPECT_EQ(*items[0].as<double>(), 2.5);
  EXPECT_EQ(items[0].line, 3u);
  EXPECT_TRUE(*items[1].as<bool>());
  const TomlNode* u = tree->get("t")->get("u");
  ASSERT_NE(u, nullptr);
  EXPECT_EQ(u->line, 5u);
  EXPECT_EQ(*u->get("s")->as<std::string>(), "x");
  EXPECT_EQ(u->get("s")->line, 6u);
  EXPECT_TRUE(u->get("day")->as<std::monostate>()) << "dates have no kind of their own";
  EXPECT_EQ(u->get("none"), nullptr);
  EXPECT_EQ(tree->get("z")->get("any"), nullptr) << "a number has no keys";
  EXPECT_EQ(tree->get("z")->table(), nullptr);
}

TEST(TomlTree, AnEmptyTextIsAnEmptyTable) {
  for (const char* text : {"", "\n", "# only a comment", "\xEF\xBB\xBF"}) {
    const auto tree = parse_toml(text, "x.toml");
    ASSERT_TRUE(tree) << text;
    EXPECT_TRUE(tree->members().empty());
  }
}

// What toml++ 3.3 meets with a failing assertion, the shortest of each kind: no name after '[' or '[[', '}' where an
// array expects a value, and a date, a space, one digit and the end of the value.
TEST(TomlTree, WhatTheParserAssertsOnIsAnErrorOfItsLine) {
  for (const std::string& text : std::vector<std::string>{"[&",
                                                          "[=",
                                                          "[[.",
                                                          "[[[",
                                                          "[#",
                                                          "[}",
                                                          "[\n",
                                                          "[\x01",
                                                          "[\x7f",
                                                          std::string("[\0", 2),
                                                          "a=[}",
                                                          "a=[1,}",
                                                          "a=[[}",
                                                          "a=[ }",
                                                          "a=[[],}",
                                                          "a={b=[}",
                                                          "a=2020-01-01 1,",
                                                          "a=[2020-01-01 1]",
                                                          "a=2020-01-01 1 ",
                                                          "a=2020-01-01 1#",
                                                          "a={b=2020-01-01 1}",
                                                          "a=[}]",
                                                          "[&memory.ram]\nname = 'x'\n"}) {
    EXPECT_EQ(where_of(text), "x.toml:1") << text;
    EXPECT_EQ(where_of("b = 1\n# two\n" + text), "x.toml:3") << text;
    EXPECT_EQ(where_of("b = [\n 1,\n]\n" + text + "\nc = 3\n"), "x.toml:4") << text;
  }
}

TEST(TomlTree, OtherMalformedTextIsAnErrorOfItsLine) {
  for (const std::string& text : std::vector<std::string>{"a",
                                                          "a=",
                                                          "a=[",
                                                          "a=[_",
                                                          "a=[\x01",
                                                          "a=[,]",
                                                          "a=[=]",
                                                          "a=[\x0b]",
                                                          "a=[1 2]",
                                                          "a=[{]",
                                                          "a={",
                                                          "a={b",
                                                          "a={,}",
                                                          "a={b=1,}",
                                                          "a=}",
                                                          "a=]",
                                                          "a=,",
                                                          "a=#",
                                                          "a=_",
                                                          "a=+",
                                                          "a=-_",
                                                          "a=1_",
                                                          "a=0x",
                                                          "a=0b2",
                                                          "a=1e",
                                                          "a=1.",
                                                          "a=.1",
                                                          "a=inf1",
                                                          "a=\"",
                                                          "a=\"\\",
                                                          "a=\"\\q\"",
                                                          "a=\"\\ud800\"",
                                                          "a='",
                                                          "a='''",
                                                          "a=\"\"\"",
                                                          "a=\"\"\"\\ x\"\"\"",
                                                          "a=t",
                                                          "a=2020-13-01",
                                                          "a=2020-01-01T25:00:00",
                                                          "a=2020-01-01 1",
                                                          "a=9223372036854775808",
                                                          "a.",
                                                          "a..b=1",
                                                          "[",
                                                          "[[",
                                                          "[a",
                                                          "[a.",
                                                          "[[a]",
                                                          "[]",
                                                          "[a]b",
                                                          "a=1 b=2",
                                                          "\"\"\"a\"\"\"=1",
                                                          "]",
                                                          "=1",
                                                          "a=1\r",
                                                          "a\n=1"})
    EXPECT_EQ(where_of(text), "x.toml:1") << text;
  EXPECT_EQ(where_of("a=1\na=2\n"), "x.toml:2");
  EXPECT_EQ(where_of("a=1\n\n[a]\n"), "x.toml:3");
}

std::string nested(int levels) {
  return "a=" + std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
}

// Letters, spaces and signs beyond ASCII, of two, three and four bytes. Where a value or key could end, the parser asks
// whether they are spaces.
const std::vector<std::string> signs = {
    "ü",           "Ж", "ᚠ", "漢", "ﬁ", "𝛼", "\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\xA8",
    "\xE3\x80\x80"};

TEST(TomlTree, CharactersBeyondAsciiAreRefusedOutsideQuotesAndComments) {
  for (const std::string& form : std::vector<std::string>{"@",
                                                          "@=1",
                                                          "a@=1",
                                                          "a=@",
                                                          "a=1@",
                                                          "a=+@",
                                                          "a=+\"@",
                                                          "a=+QQQ@QQQ",
                                                          "a=1\"@\"",
                                                          "a=[1@",
                                                          "a=[@",
                                                          "a={@",
                                                          "a={b=1@}",
                                                          "[@]",
                                                          "[a@]",
                                                          "[a]@",
                                                          "a.@=1",
                                                          "a=2020-01-01 1@",
                                                          "a=2020-01-01@",
                                                          "a=\"\"\"\\ @\"\"\"",
                                                          "a=t@",
                                                          "a=0x@",
                                                          "a=1e@",
                                                          "a=inf@",
                                                          "a='b'@"})
    for (const std::string& sign : signs) {
      const std::string text = replaced(replaced(form, "@", sign), "Q", "'");
      EXPECT_EQ(where_of(text), "x.toml:1") << text;
    }
}

TEST(TomlTree, CharactersBeyondAsciiAreKeptInQuotesAndComments) {
  for (const std::string& form :
       std::vector<std::string>{"a='@x'", "a=\"@x\"", "a='@x'#@", "'@'='@x'\na='@x'", "[b.\"@\"]\n[c]\n[d.'@']\n",
                                "a=\"\"\"@x\"\"\"", "a=QQQ@xQQQ", "a=\"\"\"\\\n  z@x\"\"\"", "a=\"\"\"z\\\"@x\"\"\""})
    for (const std::string& sign : signs) {
      const std::string text = replaced(replaced(form, "@", sign), "Q", "'");
      const auto tree = parse_toml(text, "x.toml");
      ASSERT_TRUE(tree) << text;
      if (tree->get("a") == nullptr) continue;
      const std::string& value = *tree->get("a")->as<std::string>();
      EXPECT_NE(value.find(sign + "x"), std::string::npos) << text;
    }
  const auto continued = parse_toml("a = \"\"\"x\\\n   über\"\"\"", "x.toml");
  ASSERT_TRUE(continued);
  EXPECT_EQ(*continued->get("a")->as<std::string>(), "xüber");
}

TEST(TomlTree, DepthIsBounded) {
  EXPECT_TRUE(parse_toml(nested(60), "x.toml"));
  for (const int levels : {100, 1000, 1'000'000}) EXPECT_EQ(where_of(nested(levels)), "x.toml:1");
  std::string tables, keys = "a";
  for (int i = 0; i < 100'000; ++i) tables += "a={";
  for (int i = 0; i < 1'000'000; ++i) keys += ".a";
  EXPECT_EQ(where_of(tables), "x.toml:1");
  EXPECT_EQ(where_of(keys + "=1"), "x.toml:1");
  EXPECT_EQ(where_of("[" + keys + "]"), "x.toml:1");
  // The deepest that passes: as many dots as there may be on every level.
  std::string name = "a", deepest = "1";
  for (int i = 0; i < 32; ++i) name += ".a";
  for (int i = 0; i < 63; ++i) deepest = "{" + name + "=" + deepest + "}";
  EXPECT_TRUE(parse_toml("[" + name + "]\n" + name + "=" + deepest, "x.toml"));
}

RC_GTEST_PROP(TomlTreeProperty, anyBytesAreATreeOrAnErrorOfALineOfTheText, (const std::string& bytes)) {
  const auto tree = parse_toml(bytes, "x");
  if (tree) return;
  RC_ASSERT(tree.error().where.substr(0, 2) == "x:");
  const auto line = parse_integer(std::string_view(tree.error().where).substr(2));
  RC_ASSERT(line.has_value());
  RC_ASSERT(*line >= 1 && *line <= 1 + std::count(bytes.begin(), bytes.end(), '\n'));
}

/// Pieces that malformed TOML is made of reach the parser's corners sooner than bytes do.
RC_GTEST_PROP(TomlTreeProperty, anyPiecesAreATreeOrAnErrorWithAHint, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("[", "]", "{", "}", "=", ",", ".", "\n", "\r", " ", "a", "\"", "'", "\"\"\"", "'''",
                                    "\\", "#", "_", "1", "-", "+", "0x", "1e", "2020-01-01", " 1", "T10:00:00", "inf",
                                    "true", "\xC3\xBC", "\xE2\x80\xA8", "\x01", "[[a]]\n", "a = "));
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  const auto tree = parse_toml(text, "x");
  if (!tree) RC_ASSERT(!tree.error().hint.empty() && tree.error().where.substr(0, 2) == "x:");
}

}  // namespace
}  // namespace cradle
