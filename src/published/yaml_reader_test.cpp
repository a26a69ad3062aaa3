#include "yaml_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace cradle::published {
namespace {

YamlNode parsed(std::string_view text) {
  auto node = YamlNode::parse(text, "file.yaml");
  EXPECT_TRUE(node) << to_string(node.error());
  return node ? std::move(*node) : YamlNode{};
}

Error refused(std::string_view text) {
  const auto node = YamlNode::parse(text, "file.yaml");
  EXPECT_FALSE(node) << text;
  return node ? Error{} : node.error();
}

TEST(YamlReader, BlockAndFlowAndPlainWords) {
  const YamlNode root = parsed(
      "# comment\n"
      "- vendor: AMD\n"
      "  curve: {10: 0.2, 20: 2.8e-1}  # flow, integer keys\n"
      "  power: 290W\n"
      "  sizes:\n"
      "  - 64GB\n"
      "  - '42'");
  ASSERT_EQ(root.items().size(), 1u);
  const YamlNode& first = root.items()[0];
  EXPECT_EQ(first.find("vendor")->text(), "AMD");
  EXPECT_EQ(*first.find("curve")->number_at("20", 0, 1), 0.28);
  EXPECT_EQ(first.find("power")->as_number(), std::nullopt);
  EXPECT_EQ(first.find("sizes")->items()[0].where(), "file.yaml:6");
  EXPECT_EQ(first.find("sizes")->items()[1].path(), "[0].sizes[1]");
  EXPECT_EQ(first.find("sizes")->items()[1].as_number(), std::nullopt) << "a quoted number is a text";
}

TEST(YamlReader, NumbersAreStrict) {
  const YamlNode root = parsed("{a: +5, b: .5, c: 1e3, d: 0x10, e: .nan, f: .inf, g: 1_000, h: 1 2, i: 1e999}");
  EXPECT_EQ(root.find("a")->as_number(), 5.0);
  EXPECT_EQ(root.find("b")->as_number(), 0.5);
  EXPECT_EQ(root.find("c")->as_number(), 1000.0);
  for (const char* key : {"d", "e", "f", "g", "h", "i"}) EXPECT_FALSE(root.find(key)->as_number()) << key;
}

TEST(YamlReader, NullIsPresentButEmpty) {
  const YamlNode root = parsed("a:\nb: ~\nc: ''\n");
  EXPECT_TRUE(root.find("a")->is_null());
  EXPECT_TRUE(root.find("b")->is_null());
  EXPECT_TRUE(root.find("c")->is_scalar());
  EXPECT_FALSE(root.number_at("a", 0, 1, 0.5)) << "an empty value is not an absent one";
  EXPECT_EQ(*root.number_at("x", 0, 1, 0.5), 0.5);
}

TEST(YamlReader, AliasesAndMerges) {
  const YamlNode root = parsed("base: &b {x: 1, y: 2}\nmade:\n  <<: *b\n  y: 3\ncopy: *b\n");
  EXPECT_EQ(*root.find("made")->number_at("x", 0, 9), 1);
  EXPECT_EQ(*root.find("made")->number_at("y", 0, 9), 3);
  EXPECT_EQ(*root.find("copy")->number_at("y", 0, 9), 2);
  EXPECT_EQ(root.find("copy")->find("y")->path(), "copy.y");
}

TEST(YamlReader, ErrorsNameFileLineAndKey) {
  const YamlNode root = parsed("server:\n  cpu:\n    number: many\n");
  const YamlNode& cpu = *root.find("server")->find("cpu");
  const auto number = cpu.number_at("number", 0, 10);
  ASSERT_FALSE(number);
  EXPECT_EQ(number.error().where, "file.yaml:3");
  EXPECT_NE(number.error().message.find("server.cpu.number"), std::string::npos);
  const auto missing = cpu.number_at("numbr", 0, 10);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().hint.find("'number'"), std::string::npos) << missing.error().hint;
  EXPECT_FALSE(parsed("a: 11").number_at("a", 0, 10));
  EXPECT_FALSE(parsed("[1]").at("a"));
}

TEST(YamlReader, RefusesWhatCannotBeTrusted) {
  EXPECT_EQ(refused("a: 1\nb: 2\na: 3\n").where, "file.yaml:3");
  refused("a: [1, 2");
  refused("a: 'x");
  refused("\tb: 1");
  refused("a: !!python/object x");
  refused("a: 1\n---\nb: 2\n");
  refused("? [a, b]\n: 1\n");
  refused("a: &x [*x]");
  refused("a: *unknown");
  refused("a: \xff");
  refused(std::string_view("a: \0", 4));
  EXPECT_NE(refused(std::string(100, '[')).message.find("nested"), std::string::npos);
  refused(std::string(300'000, '['));
  EXPECT_NE(refused(std::string((4 << 20) + 1, 'a')).message.find("4 MiB"), std::string::npos);
  EXPECT_TRUE(parsed("").is_null());
}

TEST(YamlReader, AliasesThatMultiplyAreCounted) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1), name = "a" + std::to_string(i);
    text += name + ": &" + name + " [";
    for (int k = 0; k < 10; ++k) text += (k ? ", " : "") + before;
    text += "]\n";
  }
  EXPECT_NE(refused(text).message.find("values"), std::string::npos);
}

}  // namespace
}  // namespace cradle::published
