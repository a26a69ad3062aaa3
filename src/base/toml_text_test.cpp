#include "cradle/base/toml_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cradle {
namespace {

TEST(TomlText, legalTextPasses) {
  for (const std::string& text :
       std::vector<std::string>{"", "# Zürich\n", "\xEF\xBB\xBFname = \"x\"", "name = \"Zürich\" # süß\n",
                                "'ключ' = 'значение'\n", "a = \"\"\"\nZürich \"quoted\" \\\"ü\\\"\n\"\"\"\n[b]",
                                "a = '''\nü''''\nb = 1", "a = \"x\\\\\"\n", "a = [\n  [1, 2],\n  [[[]]],\n]\n[b]\n",
                                "  [ table . \"ü\" ]\n[[array]]\n", "a = \"\"\"x\\\n   y\"\"\"\n"}) {
    const auto passed = check_toml_text(text, "x.toml");
    EXPECT_TRUE(passed) << text << "\n" << (passed ? "" : to_string(passed.error()));
  }
}

TEST(TomlText, whatTheParserCannotSurviveIsAnErrorWithItsLine) {
  struct Bad {
    std::string text;
    const char* where;
  };
  for (const Bad& bad : std::vector<Bad>{{"a = 1\nzürich = 2\n", "x.toml:2"},
                                         {"a = 1\n\nb = 2 ü\n", "x.toml:3"},
                                         {"[accelerator\xD2\x90m]\n", "x.toml:1"},
                                         {"a = \"\xff\"\n", "x.toml:1"},
                                         {"a = 'x'\nb = '\xc3'\n", "x.toml:2"},
                                         {"a = \"\"\"x\\\n  ü\"\"\"\n", "x.toml:2"},
                                         {"a = \"x\nü = 1\n", "x.toml:2"},
                                         {"a = 1\n[&b]\n", "x.toml:2"},
                                         {"a = 1\n  [[ .b]]\n", "x.toml:2"},
                                         {"a = [[1],\n[2]]\n[[[b]]]\n", "x.toml:3"}}) {
    const auto passed = check_toml_text(bad.text, "x.toml");
    ASSERT_FALSE(passed) << bad.text;
    EXPECT_EQ(passed.error().where, bad.where) << bad.text;
    EXPECT_EQ(passed.error().code, ErrorCode::bad_input);
    EXPECT_FALSE(passed.error().hint.empty());
  }
}

}  // namespace
}  // namespace cradle
