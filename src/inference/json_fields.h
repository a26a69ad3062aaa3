// A JSON value read field by field with the path that leads to it; the first error of a document is kept.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::inference {

/// Inclusive.
struct Range {
  double low = 0;
  double high = 1e12;
};

/// A document; every Fields of it shares its first error.
struct JsonDocument {
  nlohmann::ordered_json root;
  std::string source;
  std::optional<Error> error;
};
/// bad_input with the line if the text is no JSON in UTF-8, nests deeper than 32, has a key twice in one object, or is
/// neither an object nor, where a list may stand at the top, a list.
Result<std::shared_ptr<JsonDocument>> parse_json(std::string_view text, const std::string& source,
                                                 bool or_list = false);

/// One object. After an error every read gives its fallback, so that code may run on and ask for the error at the end.
class Fields {
 public:
  Fields(std::shared_ptr<JsonDocument> document, const nlohmann::ordered_json* object, std::string path)
      : document_(std::move(document)), object_(object), path_(std::move(path)) {}
  /// The document's own object.
  static Fields of(const std::shared_ptr<JsonDocument>& document);

  /// Not absent and not null.
  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// Without a fallback the key is mandatory.
  std::string text(std::string_view key, const std::optional<std::string>& fallback = {});
  double number(std::string_view key, Range range = {}, std::optional<double> fallback = {});
  std::int64_t whole(std::string_view key, std::int64_t low, std::int64_t high,
                     std::optional<std::int64_t> fallback = {});
  bool flag(std::string_view key, bool fallback);
  /// An empty object if it is absent, which is an error where it is mandatory.
  Fields object(std::string_view key, bool mandatory = true);
  std::vector<Fields> objects(std::string_view key);

  std::string where(std::string_view key = {}) const;
  void fail(std::string_view key, std::string message, std::string hint);
  const std::string& path() const { return path_; }

 private:
  const nlohmann::ordered_json* find(std::string_view key) const;
  const nlohmann::ordered_json* need(std::string_view key, const char* kind);

  std::shared_ptr<JsonDocument> document_;
  const nlohmann::ordered_json* object_;  ///< null: absent
  std::string path_;
};

}  // namespace cradle::inference
