// One way to ask a JSON object or a TOML table for a field, for formats that come as either.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/toml/toml_reader.h"
#include "json_reader.h"

namespace cradle::published {

class JsonFields {
 public:
  explicit JsonFields(JsonReader reader) : reader_(std::move(reader)) {}
  bool has(std::string_view key) const { return reader_.has(key); }
  std::vector<std::string> keys() const { return reader_.keys(); }
  double number(std::string_view key, double low, double high, std::optional<double> fallback = {}) {
    return reader_.number(key, {low, high}, fallback);
  }
  std::string text(std::string_view key, const std::optional<std::string>& fallback = {}) {
    return reader_.text(key, fallback);
  }
  std::vector<double> numbers(std::string_view key, double low, double high) {
    return has(key) ? reader_.numbers(key, {low, high}) : std::vector<double>{};
  }
  std::optional<JsonFields> table(std::string_view key) {
    if (!has(key)) return std::nullopt;
    auto object = reader_.object(key);
    return object ? std::optional(JsonFields(std::move(*object))) : std::nullopt;
  }
  std::vector<JsonFields> tables(std::string_view key) {
    std::vector<JsonFields> result;
    for (JsonReader& object : reader_.objects(key)) result.emplace_back(std::move(object));
    return result;
  }
  void fail(std::string_view key, std::string message, std::string hint) {
    reader_.fail(key, std::move(message), std::move(hint));
  }
  /// Notes the keys of this object that nobody asked for.
  void close(std::vector<std::string>& notes) const {
    for (const std::string& key : reader_.unread())
      notes.push_back(reader_.where(key) + ": '" + reader_.path(key) + "' is no field here; ignored");
  }
  std::string where(std::string_view key = {}) const { return reader_.where(key); }
  Result<void> finish() const { return reader_.finish(); }

 private:
  JsonReader reader_;
};

class TomlFields {
 public:
  explicit TomlFields(TomlReader reader) : reader_(std::move(reader)) {}
  bool has(std::string_view key) const { return reader_.has(key); }
  std::vector<std::string> keys() const { return reader_.keys(); }
  double number(std::string_view key, double low, double high, std::optional<double> fallback = {}) {
    return reader_.number(key, low, high, fallback);
  }
  std::string text(std::string_view key, const std::optional<std::string>& fallback = {}) {
    return reader_.text(key, fallback);
  }
  std::vector<double> numbers(std::string_view key, double low, double high) { return reader_.numbers(key, low, high); }
  std::optional<TomlFields> table(std::string_view key) {
    auto table = reader_.table(key);
    return table ? std::optional(TomlFields(std::move(*table))) : std::nullopt;
  }
  std::vector<TomlFields> tables(std::string_view key) {
    std::vector<TomlFields> result;
    for (TomlReader& table : reader_.tables(key)) result.emplace_back(std::move(table));
    return result;
  }
  void fail(std::string_view key, std::string message, std::string hint) {
    reader_.fail(key, std::move(message), std::move(hint));
  }
  /// TOML documents refuse unread keys when they finish.
  void close(const std::vector<std::string>&) const {}
  std::string where(std::string_view key = {}) const { return reader_.where(key); }
  Result<void> finish() const { return reader_.finish(); }

 private:
  TomlReader reader_;
};

}  // namespace cradle::published
