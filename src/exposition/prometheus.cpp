// Prometheus text format 0.0.4 and OpenMetrics 1.0: the same lines but for their headers and the end.
#include <string>

#include "cradle/exposition/metric_family.h"
#include "text_writer.h"

namespace cradle::exposition {

namespace {

std::string_view escaped_value(char byte) {
  switch (byte) {
    case '\\': return "\\\\";
    case '"': return "\\\"";
    case '\n': return "\\n";
    default: return {};
  }
}
/// A help text of format 0.0.4 keeps its quotes.
std::string_view escaped_help(char byte) { return byte == '"' ? std::string_view{} : escaped_value(byte); }

std::string_view type_of(MetricType type) { return type == MetricType::counter ? "counter" : "gauge"; }

void write_samples(const MetricFamily& family, std::string& text) {
  for (const Sample& sample : family.samples) {
    text += family.name;
    char before = '{';
    for (std::size_t i = 0; i < family.labels.size() && i < sample.labels.size(); ++i) {
      text += before;
      text += family.labels[i];
      text += "=\"";
      append_escaped(sample.labels[i], escaped_value, text);
      text += '"';
      before = ',';
    }
    if (before == ',') text += '}';
    text += ' ';
    append_number(sample.value, text);
    text += '\n';
  }
}

/// Room for all lines at once: growing a text of megabytes step by step copies it over and over.
void reserve(const std::vector<MetricFamily>& families, std::string& text) {
  constexpr std::size_t number = 26, quotes = 4, headers = 64;
  std::size_t size = text.size();
  for (const MetricFamily& family : families) {
    std::size_t line = family.name.size() + number;
    for (const std::string& label : family.labels) line += label.size() + quotes;
    size += headers + 3 * family.name.size() + family.help.size() + line * family.samples.size();
    for (const Sample& sample : family.samples)
      for (const std::string& label : sample.labels) size += label.size();
  }
  text.reserve(size);
}

void write_header(std::string_view keyword, std::string_view name, std::string& text) {
  text += "# ";
  text += keyword;
  text += ' ';
  text += name;
  text += ' ';
}

}  // namespace

void write_prometheus(const std::vector<MetricFamily>& families, std::string& text) {
  reserve(families, text);
  for (const MetricFamily& family : families) {
    if (family.samples.empty()) continue;
    write_header("HELP", family.name, text);
    append_escaped(family.help, escaped_help, text);
    text += '\n';
    write_header("TYPE", family.name, text);
    text += type_of(family.type);
    text += '\n';
    write_samples(family, text);
  }
}

void write_open_metrics(const std::vector<MetricFamily>& families, std::string& text) {
  reserve(families, text);
  for (const MetricFamily& family : families) {
    if (family.samples.empty()) continue;
    std::string_view name = family.name;
    constexpr std::string_view total = "_total";
    if (family.type == MetricType::counter && name.ends_with(total)) name.remove_suffix(total.size());
    write_header("TYPE", name, text);
    text += type_of(family.type);
    text += '\n';
    // The standard wants the unit to be the last word of the family's name.
    if (!family.unit.empty() && name.ends_with("_" + family.unit)) {
      write_header("UNIT", name, text);
      text += family.unit;
      text += '\n';
    }
    write_header("HELP", name, text);
    append_escaped(family.help, escaped_value, text);
    text += '\n';
    write_samples(family, text);
  }
  text += "# EOF\n";
}

}  // namespace cradle::exposition
