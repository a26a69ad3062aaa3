// The rules that a set of metrics keeps, so that no monitoring system refuses a scrape.
#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_set>

#include "cradle/exposition/metric_family.h"

namespace cradle::exposition {

namespace {

bool is_name(std::string_view name, bool colons) {
  const auto letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && !digit(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

Error broken(const MetricFamily& family, const std::string& message, const std::string& hint) {
  return bad_input(message, family.name.empty() ? "metric without a name" : family.name, hint);
}

Result<void> check_header(const MetricFamily& family) {
  constexpr std::string_view total = "_total";
  if (!is_name(family.name, true))
    return broken(family, "the name is not one of a metric", "use letters, digits, '_' and ':', no digit first");
  if ((family.type == MetricType::counter) != family.name.ends_with(total))
    return broken(family, "counters, and only they, end in _total", "rename it or change its type");
  std::string_view stem = family.name;
  if (family.type == MetricType::counter) stem.remove_suffix(total.size());
  if (!family.unit.empty() && !stem.ends_with("_" + family.unit))
    return broken(family, "the unit '" + family.unit + "' is not the last word of the name", "put it there");
  for (const std::string& label : family.labels) {
    if (!is_name(label, false) || label.starts_with("__"))
      return broken(family, "'" + label + "' is no name of a label", "use letters, digits and '_', no '__' first");
    if (std::count(family.labels.begin(), family.labels.end(), label) > 1)
      return broken(family, "the label '" + label + "' is there twice", "name each label once");
  }
  return {};
}

Result<void> check_samples(const MetricFamily& family) {
  std::unordered_set<std::string> seen;
  seen.reserve(family.samples.size());
  for (const Sample& sample : family.samples) {
    if (sample.labels.size() != family.labels.size())
      return broken(family,
                    "a sample has " + std::to_string(sample.labels.size()) + " labels, the family " +
                        std::to_string(family.labels.size()),
                    "give one value for each name");
    // As a reader sees them; lengths go before the values, so that no two rows read alike.
    std::string key;
    for (const std::string& label : sample.labels) {
      const std::string value = valid_utf8(label);
      key += std::to_string(value.size()) + ':' + value;
    }
    if (!seen.insert(std::move(key)).second) {
      std::string row;
      for (const std::string& value : sample.labels) row += (row.empty() ? "" : ", ") + value;
      return broken(family, "two samples have the labels {" + row + "}", "add them up or tell them apart");
    }
    if (family.type == MetricType::counter && !(sample.value >= 0))
      return broken(family, "a counter is negative or not a number", "a counter starts at 0 and only grows");
  }
  return {};
}

}  // namespace

Result<void> check(const std::vector<MetricFamily>& families) {
  std::unordered_set<std::string> names;
  for (const MetricFamily& family : families) {
    if (Result<void> header = check_header(family); !header) return header;
    if (Result<void> samples = check_samples(family); !samples) return samples;
    if (!names.insert(family.name).second)
      return broken(family, "two families have this name", "put their samples into one");
  }
  return {};
}

}  // namespace cradle::exposition
