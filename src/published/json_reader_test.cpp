#include "json_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "test_folder.h"

namespace cradle::published {
namespace {

Error error_of(std::string_view text) {
  auto reader = JsonReader::parse(text, "spec.json");
  if (!reader) return reader.error();
  reader->number("area", positive);
  auto fine = reader->finish();
  return fine ? Error{} : fine.error();
}

TEST(JsonReader, ReadsFieldsInTheOrderOfTheFile) {
  auto reader = JsonReader::parse(R"({"z": 1.5, "a": "text", "n": "12.5", "on": true,
    "list": [1, 2e3], "inner": {"x": -4}, "rows": [{"k": 1}, {"k": 2}], "unused": null})",
                                  "f.json");
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->keys(), (std::vector<std::string>{"z", "a", "n", "on", "list", "inner", "rows", "unused"}));
  EXPECT_EQ(reader->number("z", positive), 1.5);
  EXPECT_EQ(reader->text("a"), "text");
  EXPECT_EQ(reader->number_or_text("n", positive), 12.5);
  EXPECT_TRUE(reader->flag("on"));
  EXPECT_EQ(reader->numbers("list", positive), (std::vector<double>{1, 2000}));
  EXPECT_EQ(reader->object("inner")->number("x", any_number), -4);
  const auto rows = reader->objects("rows");
  ASSERT_EQ(rows.size(), 2u);
  auto second = rows[1];
  EXPECT_EQ(second.number("k", positive), 2);
  EXPECT_EQ(reader->number("absent", positive, 7), 7);
  EXPECT_EQ(reader->unread(), std::vector<std::string>{"unused"});
  EXPECT_TRUE(reader->finish());
}

TEST(JsonReader, ErrorsNameFileLineAndKey) {
  const struct {
    const char* text;
    const char* where;
    const char* message;
  } cases[] = {
      {"{\n\"b\": 1\n}", "spec.json:1", "'area' is missing"},
      {"{\n\"b\": 1,\n\"area\": -5\n}", "spec.json:3", "'area' is -5"},
      {"{\n\"area\": 0}", "spec.json:2", "'area' is 0"},
      {"{\"area\":\n\"12\"}", "spec.json:1", "'area' is not a number"},
      {"{\"area\": null}", "spec.json:1", "'area' is not a number"},
      {"{\"area\": 1,\n\"area\": 2}", "spec.json:2", "'area' stands twice in the same object"},
      {"{\"area\": 1e999}", "spec.json:1", "not JSON at '1e999'"},
      {"{\"area\": NaN}", "spec.json:1", "not JSON"},
      {"{\"area\": 1,}", "spec.json:1", "not JSON"},
      {"{\"area\": 1", "spec.json:1", "not JSON"},
      {"[1]", "spec.json:1", "the file is not a JSON object"},
      {"", "spec.json:1", "not JSON"},
      {"{\"area\": \"\xff\"}", "spec.json:1", "not JSON"},
  };
  for (const auto& item : cases) {
    const Error error = error_of(item.text);
    EXPECT_EQ(error.code, ErrorCode::bad_input) << item.text;
    EXPECT_EQ(error.where, item.where) << item.text;
    EXPECT_NE(error.message.find(item.message), std::string::npos) << item.text << " gave " << error.message;
    EXPECT_FALSE(error.hint.empty()) << item.text;
  }
}

TEST(JsonReader, InnerKeysAreNamedByTheirPath) {
  auto reader = JsonReader::parse("{\"CPU\": {\n\"area\": \"x\"}}", "a.json");
  ASSERT_TRUE(reader);
  reader->object("CPU")->number("area", positive);
  const auto fine = reader->finish();
  ASSERT_FALSE(fine);
  EXPECT_EQ(fine.error().where, "a.json:2");
  EXPECT_EQ(fine.error().message, "'CPU.area' is not a number");
}

TEST(JsonReader, KeepsTheFirstError) {
  auto reader = JsonReader::parse("{\"a\": -1,\n\"b\": -1}", "a.json");
  ASSERT_TRUE(reader);
  reader->number("b", positive);
  reader->number("a", positive);
  reader->fail("a", "later", "hint");
  EXPECT_EQ(reader->finish().error().message, "'b' is -1");
}

TEST(JsonReader, DepthIsLimitedAndNeverCrashes) {
  const auto nested = [](std::size_t depth) {
    return std::string("{\"a\":") + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(JsonReader::parse(nested(31), "d.json"));
  for (const std::size_t depth : {32, 1000, 1'000'000}) {
    const auto reader = JsonReader::parse(nested(depth), "d.json");
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().message, "nested deeper than 32");
  }
}

TEST(JsonReader, AbsentFileIsMissingData) {
  const TestFolder folder;
  const auto reader = JsonReader::read(folder.path() / "none.json");
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::missing_data);
}

RC_GTEST_PROP(JsonReader, AnyBytesAreReadOrRefused, (const std::string& bytes)) {
  const auto reader = JsonReader::parse(bytes, "any");
  if (!reader) RC_ASSERT(!reader.error().hint.empty() && !reader.error().where.empty());
}

}  // namespace
}  // namespace cradle::published
