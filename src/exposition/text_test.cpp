// The text forms: exact lines, escapes, numbers that read back, and what check() refuses.
#include "cradle/base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cradle/exposition/metric_family.h"

namespace cradle::exposition {
namespace {

std::string prometheus(const std::vector<MetricFamily>& families) {
  std::string text;
  write_prometheus(families, text);
  return text;
}
std::string open_metrics(const std::vector<MetricFamily>& families) {
  std::string text;
  write_open_metrics(families, text);
  return text;
}

const std::vector<MetricFamily> two = {
    {"a_joules_total",
     "Energy \"of\" a\\b\nc",
     "joules",
     MetricType::counter,
     {"zone", "path"},
     {{{"package", "/sys/a"}, 1.5}, {{"dram", ""}, 3}}},
    {"b_ratio", "Share", "ratio", MetricType::gauge, {}, {{{}, 0.1}}},
    {"c_info", "Without samples", "", MetricType::gauge, {"x"}, {}},
};

TEST(Prometheus, ByHand) {
  EXPECT_EQ(prometheus(two),
            "# HELP a_joules_total Energy \"of\" a\\\\b\\nc\n"
            "# TYPE a_joules_total counter\n"
            "a_joules_total{zone=\"package\",path=\"/sys/a\"} 1.5\n"
            "a_joules_total{zone=\"dram\",path=\"\"} 3\n"
            "# HELP b_ratio Share\n"
            "# TYPE b_ratio gauge\n"
            "b_ratio 0.1\n");
  EXPECT_EQ(prometheus({}), "");
}

TEST(OpenMetrics, ByHand) {
  EXPECT_EQ(open_metrics(two),
            "# TYPE a_joules counter\n"
            "# UNIT a_joules joules\n"
            "# HELP a_joules Energy \\\"of\\\" a\\\\b\\nc\n"
            "a_joules_total{zone=\"package\",path=\"/sys/a\"} 1.5\n"
            "a_joules_total{zone=\"dram\",path=\"\"} 3\n"
            "# TYPE b_ratio gauge\n"
            "# UNIT b_ratio ratio\n"
            "# HELP b_ratio Share\n"
            "b_ratio 0.1\n"
            "# EOF\n");
  EXPECT_EQ(open_metrics({}), "# EOF\n");
}

TEST(Prometheus, AppendsToWhatIsThere) {
  std::string text = "x 1\n";
  write_prometheus({two[1]}, text);
  EXPECT_TRUE(text.starts_with("x 1\n# HELP b_ratio"));
}

std::string value_text(double value) {
  const std::string text = prometheus({{"m", "h", "", MetricType::gauge, {}, {{{}, value}}}});
  return text.substr(text.rfind(' ') + 1, text.size() - text.rfind(' ') - 2);
}

TEST(Prometheus, NumbersThatAreNone) {
  EXPECT_EQ(value_text(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(value_text(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(value_text(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(value_text(1e300), "1e+300");
  EXPECT_EQ(value_text(-0.0), "-0");
}

RC_GTEST_PROP(Prometheus, EveryNumberReadsBack, (std::uint64_t bits)) {
  const double value = std::bit_cast<double>(bits);
  RC_PRE(std::isfinite(value));
  RC_ASSERT(std::bit_cast<std::uint64_t>(std::strtod(value_text(value).c_str(), nullptr)) == bits);
}

/// Reads the value of the only label back, as the format's description says.
std::string label_read_back(const std::string& text) {
  std::string value;
  for (std::size_t i = text.find("{l=\"") + 4; text.at(i) != '"'; ++i) {
    if (text[i] != '\\') {
      value += text[i];
    } else {
      ++i;
      value += text.at(i) == 'n' ? '\n' : text[i];
    }
  }
  return value;
}

RC_GTEST_PROP(Prometheus, EveryLabelReadsBackOnOneLine, (std::string value)) {
  const std::string text = prometheus({{"m", "h", "", MetricType::gauge, {"l"}, {{{value}, 1}}}});
  RC_ASSERT(is_utf8(text));
  RC_ASSERT(std::count(text.begin(), text.end(), '\n') == 3);
  RC_ASSERT(label_read_back(text) == valid_utf8(value));
  if (is_utf8(value)) RC_ASSERT(valid_utf8(value) == value);
}

TEST(Prometheus, BytesThatAreNoUtf8) {
  EXPECT_EQ(valid_utf8("a\xff\x62\xc3"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_EQ(valid_utf8("\xc3\xa4\xf0\x9f\x8c\x8d"), "\xc3\xa4\xf0\x9f\x8c\x8d");
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  EXPECT_EQ(valid_utf8("\xc0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
  EXPECT_EQ(valid_utf8(""), "");
}

TEST(Otlp, ByHand) {
  const std::vector<MetricFamily> families = {
      {"hw.energy", "h", "joules", MetricType::counter, {"hw.id", "empty"}, {{{"a\"\\\n\x01\xff", ""}, 2}}},
      {"lost", "", "", MetricType::gauge, {}, {{{}, 7}, {{}, std::nan("")}, {{}, 0.5}}},
      {"none", "", "", MetricType::gauge, {}, {}},
  };
  EXPECT_EQ(otlp_json(families, {{"host.name", "n1"}}, Instant{1'000}, Instant{1'700'000'000'123}),
            "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"host.name\",\"value\":{\"stringValue\":"
            "\"n1\"}}]},\"scopeMetrics\":[{\"scope\":{\"name\":\"cradle\"},\"metrics\":["
            "{\"name\":\"hw.energy\",\"description\":\"h\",\"unit\":\"J\",\"sum\":{\"dataPoints\":[{\"attributes\":["
            "{\"key\":\"hw.id\",\"value\":{\"stringValue\":\"a\\\"\\\\\\n\\u0001\xEF\xBF\xBD\"}}],"
            "\"startTimeUnixNano\":\"1000000000\",\"timeUnixNano\":\"1700000000123000000\",\"asDouble\":2}],"
            "\"aggregationTemporality\":2,\"isMonotonic\":true}},"
            "{\"name\":\"lost\",\"description\":\"\",\"unit\":\"1\",\"gauge\":{\"dataPoints\":["
            "{\"attributes\":[],\"startTimeUnixNano\":\"1000000000\",\"timeUnixNano\":\"1700000000123000000\","
            "\"asInt\":\"7\"},"
            "{\"attributes\":[],\"startTimeUnixNano\":\"1000000000\",\"timeUnixNano\":\"1700000000123000000\","
            "\"asDouble\":\"NaN\"},"
            "{\"attributes\":[],\"startTimeUnixNano\":\"1000000000\",\"timeUnixNano\":\"1700000000123000000\","
            "\"asDouble\":0.5}]}}]}]}]}");
  EXPECT_EQ(
      otlp_json({}, {}, Instant{0}, Instant{0}),
      "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[]},\"scopeMetrics\":[{\"scope\":{\"name\":\"cradle\"},"
      "\"metrics\":[]}]}]}");
}

TEST(Check, AcceptsWhatKeepsTheRules) { EXPECT_TRUE(check(two)); }

TEST(Check, NamesTheFamilyThatBreaksThem) {
  const auto broken = [](MetricFamily family) {
    const auto result = check({two[1], family});
    EXPECT_FALSE(result) << family.name;
    if (result) return;
    EXPECT_EQ(result.error().code, ErrorCode::bad_input);
    EXPECT_EQ(result.error().where, family.name.empty() ? "metric without a name" : family.name);
    EXPECT_FALSE(result.error().hint.empty());
  };
  broken({"", "", "", MetricType::gauge, {}, {}});
  broken({"9a", "", "", MetricType::gauge, {}, {}});
  broken({"a-b", "", "", MetricType::gauge, {}, {}});
  broken({"a\xc3\xa4", "", "", MetricType::gauge, {}, {}});
  broken({"a", "", "", MetricType::counter, {}, {}});              // a counter without _total
  broken({"a_total", "", "", MetricType::gauge, {}, {}});          // a gauge with it
  broken({"a_total", "", "joules", MetricType::counter, {}, {}});  // the unit is not in the name
  broken({"a", "", "", MetricType::gauge, {"b:c"}, {}});
  broken({"a", "", "", MetricType::gauge, {"__name__"}, {}});
  broken({"a", "", "", MetricType::gauge, {"b", "b"}, {}});
  broken({"a", "", "", MetricType::gauge, {"b"}, {{{}, 1}}});
  broken({"a", "", "", MetricType::gauge, {}, {{{"x"}, 1}}});
  broken({"a", "", "", MetricType::gauge, {"b"}, {{{"x"}, 1}, {{"x"}, 2}}});
  broken({"a", "", "", MetricType::gauge, {"b"}, {{{"\xff"}, 1}, {{"\xfe"}, 2}}});  // alike once they are written
  broken({"a_total", "", "", MetricType::counter, {}, {{{}, -1}}});
  broken({"a_total", "", "", MetricType::counter, {}, {{{}, std::nan("")}}});
  broken({"b_ratio", "", "ratio", MetricType::gauge, {}, {}});  // a second time
}

TEST(Check, LabelsThatOnlyReadAlike) {
  EXPECT_TRUE(check({{"a", "", "", MetricType::gauge, {"b", "c"}, {{{"1", "23"}, 1}, {{"12", "3"}, 2}}}}));
  EXPECT_TRUE(check({{"a", "", "", MetricType::gauge, {"b", "c"}, {{{"1:x", ""}, 1}, {{"", "1:x"}, 2}}}}));
}

}  // namespace
}  // namespace cradle::exposition
