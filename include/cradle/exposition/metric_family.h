// Metrics as a monitoring system reads them, and their text forms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"

namespace cradle::exposition {

enum class MetricType : std::uint8_t { counter, gauge };

struct Sample {
  std::vector<std::string> labels;  ///< values, in the order of the family's names
  double value = 0;
};

/// One name with its samples. Counters end in _total and never decrease; units are base units, in the name.
struct MetricFamily {
  std::string name;  ///< [a-zA-Z_:][a-zA-Z0-9_:]*
  std::string help;
  std::string unit;  ///< "joules", "seconds", "grams", ...; may be empty
  MetricType type = MetricType::gauge;
  std::vector<std::string> labels;  ///< names
  std::vector<Sample> samples;
};

/// Prometheus text format 0.0.4. Appends to `text`.
void write_prometheus(const std::vector<MetricFamily>& families, std::string& text);
/// OpenMetrics 1.0 with # UNIT and # EOF: counters lose _total in the family's name. Appends to `text`.
void write_open_metrics(const std::vector<MetricFamily>& families, std::string& text);
/// One ExportMetricsServiceRequest in OTLP/JSON (proto3 JSON of opentelemetry.proto.collector.metrics.v1).
std::string otlp_json(const std::vector<MetricFamily>& families,
                      const std::vector<std::pair<std::string, std::string>>& resource, Instant start, Instant now);

/// `bytes` with every byte that is not UTF-8 as U+FFFD, as all forms write it: what must differ has to differ in this.
std::string valid_utf8(std::string_view bytes);

/// ok, or bad_input naming the first family that breaks the rules above or has two samples with the same labels.
Result<void> check(const std::vector<MetricFamily>& families);

}  // namespace cradle::exposition
