// OTLP/JSON: ExportMetricsServiceRequest in the JSON mapping of protocol buffers 3 (opentelemetry-proto 1.x,
// docs/specification.md "JSON Protobuf Encoding": lowerCamelCase keys, 64-bit integers as decimal strings, enums as
// integers).
#include <cmath>
#include <string>

#include "cradle/exposition/metric_family.h"
#include "text_writer.h"

namespace cradle::exposition {

namespace {

void append_json(std::string_view value, std::string& text) {
  static constexpr std::string_view control[] = {
      "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
      "\\u0008", "\\t",     "\\n",     "\\u000b", "\\u000c", "\\r",     "\\u000e", "\\u000f",
      "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
      "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f"};
  text += '"';
  append_escaped(
      value,
      [](char byte) -> std::string_view {
        if (byte == '"') return "\\\"";
        if (byte == '\\') return "\\\\";
        const auto index = static_cast<unsigned char>(byte);
        return index < 0x20 ? control[index] : std::string_view{};
      },
      text);
  text += '"';
}

void append_attribute(std::string_view key, std::string_view value, std::string& text) {
  text += R"({"key":)";
  append_json(key, text);
  text += R"(,"value":{"stringValue":)";
  append_json(value, text);
  text += "}}";
}

/// The unit's code in UCUM, which OpenTelemetry writes units in.
std::string_view ucum(std::string_view unit) {
  if (unit == "joules") return "J";
  if (unit == "watts") return "W";
  if (unit == "seconds") return "s";
  if (unit == "grams") return "g";
  if (unit == "bytes") return "By";
  return unit.empty() || unit == "ratio" ? "1" : unit;
}

/// What is counted in whole things stays whole; what is measured is a double even where it happens to be whole, so that
/// a series does not change its type.
bool whole(const MetricFamily& family, double value) {
  constexpr double exact = 9007199254740992;  // 2^53
  return (family.unit.empty() || family.unit == "bytes") && std::abs(value) <= exact && std::trunc(value) == value;
}

void append_value(const MetricFamily& family, double value, std::string& text) {
  if (whole(family, value)) {
    text += R"("asInt":")";
    append_number(static_cast<std::int64_t>(value), text);
    text += '"';
    return;
  }
  text += R"("asDouble":)";
  if (std::isfinite(value))
    append_number(value, text);
  else
    text += std::isnan(value) ? R"("NaN")" : value > 0 ? R"("Infinity")" : R"("-Infinity")";
}

std::string nanoseconds(Instant instant) { return "\"" + std::to_string(instant.ms) + "000000\""; }

void append_metric(const MetricFamily& family, std::string_view times, std::string& text) {
  text += R"({"name":)";
  append_json(family.name, text);
  text += R"(,"description":)";
  append_json(family.help, text);
  text += R"(,"unit":)";
  append_json(ucum(family.unit), text);
  text += family.type == MetricType::counter ? R"(,"sum":{"dataPoints":[)" : R"(,"gauge":{"dataPoints":[)";
  for (const Sample& sample : family.samples) {
    if (&sample != &family.samples.front()) text += ',';
    text += R"({"attributes":[)";
    bool first = true;
    for (std::size_t i = 0; i < family.labels.size() && i < sample.labels.size(); ++i) {
      if (sample.labels[i].empty()) continue;  // an empty label is no label, as in Prometheus
      if (!first) text += ',';
      first = false;
      append_attribute(family.labels[i], sample.labels[i], text);
    }
    text += "],";
    text += times;
    append_value(family, sample.value, text);
    text += '}';
  }
  // 2: AGGREGATION_TEMPORALITY_CUMULATIVE
  text += family.type == MetricType::counter ? R"(],"aggregationTemporality":2,"isMonotonic":true}})" : "]}}";
}

}  // namespace

std::string otlp_json(const std::vector<MetricFamily>& families,
                      const std::vector<std::pair<std::string, std::string>>& resource, Instant start, Instant now) {
  std::string text = R"({"resourceMetrics":[{"resource":{"attributes":[)";
  for (std::size_t i = 0; i < resource.size(); ++i) {
    if (i > 0) text += ',';
    append_attribute(resource[i].first, resource[i].second, text);
  }
  text += R"(]},"scopeMetrics":[{"scope":{"name":"cradle"},"metrics":[)";
  const std::string times =
      R"("startTimeUnixNano":)" + nanoseconds(start) + R"(,"timeUnixNano":)" + nanoseconds(now) + ",";
  bool first = true;
  for (const MetricFamily& family : families) {
    if (family.samples.empty()) continue;
    if (!first) text += ',';
    first = false;
    append_metric(family, times, text);
  }
  text += "]}]}]}";
  return text;
}

}  // namespace cradle::exposition
