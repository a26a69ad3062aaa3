// A JSON document read field by field, in the order of the file; the first error is kept with file, line and key.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::published {

/// The finite numbers that a field may hold.
struct Bounds {
  double low = 0;
  double high = 1e300;
  bool low_itself = true;  ///< false: greater than `low`

  bool contain(double value) const { return value <= high && (low_itself ? value >= low : value > low); }
};
inline constexpr Bounds any_number{-1e300, 1e300};
inline constexpr Bounds positive{0, 1e300, false};
inline constexpr Bounds not_negative{0, 1e300};
inline constexpr Bounds share{0, 1};
/// "greater than 0", "0 or more", "0 .. 1".
std::string to_string(const Bounds& bounds);

/// One object of a document. Readers of the same document share its first error: after it, everything reads as its
/// fallback, so that code may run on to `finish`.
///
///     auto spec = JsonReader::read("spec.json");
///     if (!spec) return spec.error();
///     area = spec->number("area", positive);
///     if (auto fine = spec->finish(); !fine) return fine.error();
class JsonReader {
 public:
  /// bad_input with file and line if the text is no JSON object in UTF-8, nests deeper than 32, or has a key twice in
  /// one object. `source` is what errors call the text.
  static Result<JsonReader> parse(std::string_view text, std::string source);
  /// As parse; also missing_data or bad_input if the file is absent or larger than 16 MiB.
  static Result<JsonReader> read(const std::filesystem::path& path);

  bool has(std::string_view key) const;
  /// What the key holds, without reading it.
  bool is_null(std::string_view key) const;
  bool is_list(std::string_view key) const;
  /// Keys of this object in the order of the file; asking for them does not count as reading them.
  std::vector<std::string> keys() const;
  /// Keys of this object that nobody asked for, in the order of the file.
  std::vector<std::string> unread() const;

  /// Without a fallback the key is mandatory; a failed read gives the fallback, or `bounds.high` if there is none.
  double number(std::string_view key, const Bounds& bounds, std::optional<double> fallback = {});
  /// As number; a text that is a number ("12.5") will do.
  double number_or_text(std::string_view key, const Bounds& bounds, std::optional<double> fallback = {});
  bool flag(std::string_view key, std::optional<bool> fallback = {});
  std::string text(std::string_view key, const std::optional<std::string>& fallback = {});
  std::vector<double> numbers(std::string_view key, const Bounds& bounds);
  /// The object of that key; nothing, and an error, if it is absent or something else.
  std::optional<JsonReader> object(std::string_view key);
  /// The objects of an array; empty, and an error, if the key is absent or holds something else.
  std::vector<JsonReader> objects(std::string_view key);

  /// "components[0].comment": the key with those of the objects around it.
  std::string path(std::string_view key) const;
  /// "spec.json:4" of a key that is there, of the object itself without one.
  std::string where(std::string_view key = {}) const;
  /// Keeps an error found by the caller, unless there is an earlier one.
  void fail(std::string_view key, std::string message, std::string hint);
  /// The document's first error, in any of its objects.
  Result<void> finish() const;

 private:
  struct Node;
  struct Document;
  JsonReader(std::shared_ptr<Document> document, Node* node) : document_(std::move(document)), node_(node) {}
  Node* find(std::string_view key, bool required, const std::string& expected);
  double read_number(std::string_view key, const Bounds& bounds, std::optional<double> fallback, bool quoted);

  std::shared_ptr<Document> document_;
  Node* node_;
};

}  // namespace cradle::published
