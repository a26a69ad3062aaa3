#include "toml_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cradle {
namespace {

/// "a.a.a", of so many names.
std::string dotted(int names) {
  std::string key = "a";
  for (int i = 1; i < names; ++i) key += ".a";
  return key;
}

TEST(TomlText, textOfOrdinaryDepthPasses) {
  for (const std::string& text : std::vector<std::string>{
           "", "# Zürich\n", "\xEF\xBB\xBFname = \"x\"", "name = \"Zürich\" # süß\n", "'ключ' = 'значение'\n",
           "a = \"\"\"\nZürich \"quoted\" \\\"ü\\\"\n\"\"\"\n[b]", "a = '''\nü''''\nb = 1", "a = \"x\\\\\"\n",
           "a = [\n  [1, 2],\n  [[[]]],\n]\n[b]\n", dotted(33) + " = 1.5\n",
           "[" + dotted(33) + "]\na." + dotted(31) + " = { b.c = [1.5,\n2.5] }",
           "x = \"" + dotted(100) + "\" # " + dotted(100), "  [ table . \"ü\" ]\n[[array]]\n",
           "a = \"\"\"x\\\n   y\"\"\"\n"}) {
    const auto passed = check_toml_text(text, "x.toml");
    EXPECT_TRUE(passed) << text << "\n" << (passed ? "" : to_string(passed.error()));
  }
}

TEST(TomlText, whatTheParserShouldNotGetIsAnErrorWithItsLine) {
  struct Bad {
    std::string text;
    const char* where;
  };
  for (const Bad& bad : std::vector<Bad>{{"a = \"\xff\"\n", "x.toml:1"},
                                         {"a = 'x'\nb = '\xc3'\n", "x.toml:2"},
                                         {"a = 1\n" + dotted(34) + " = 1\n", "x.toml:2"},
                                         {"[" + dotted(34) + "]\n", "x.toml:1"},
                                         {"a = 1\nb = { 'q' . " + dotted(33) + " = 1 }\n", "x.toml:2"},
                                         {"a." + std::string(1'000'000, '.'), "x.toml:1"},
                                         {"s = \"\"\"\\\"\"\"\" \n'\"\"\"\n" + dotted(34), "x.toml:3"},
                                         {"s = 'x\\'\n" + dotted(34), "x.toml:2"}}) {
    const auto passed = check_toml_text(bad.text, "x.toml");
    ASSERT_FALSE(passed) << bad.text;
    EXPECT_EQ(passed.error().where, bad.where) << bad.text;
    EXPECT_EQ(passed.error().code, ErrorCode::bad_input);
    EXPECT_FALSE(passed.error().hint.empty());
  }
}

}  // namespace
}  // namespace cradle
