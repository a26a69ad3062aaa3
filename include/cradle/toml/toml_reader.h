// A TOML document read field by field: every field is asked for by name and range, the first error is kept with file
// and line, and whatever nobody asked for is refused at the end, so that a misspelt key is never silently ignored.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle {

struct TomlNode;

/// One table of a document. Readers of the same document share its first error: after it, everything reads as its
/// fallback (numbers without one as the low end of their range), so that code may run on to `finish`.
///
///     auto document = TomlReader::parse(text, "space.toml");
///     if (!document) return document.error();
///     space.volume = document->number("volume", 1, 1e12);
///     if (auto ok = document->finish(); !ok) return ok.error();
class TomlReader {
 public:
  /// `source` is what errors call the text.
  static Result<TomlReader> parse(std::string_view text, std::string source);
  static Result<TomlReader> read(const std::filesystem::path& path);

  bool has(std::string_view key) const;
  /// Keys of this table in order of name; asking for them does not count as reading them.
  std::vector<std::string> keys() const;

  /// A finite number (or integer) within low .. high. Without a fallback the key is mandatory.
  double number(std::string_view key, double low, double high, std::optional<double> fallback = {});
  std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high,
                       std::optional<std::int64_t> fallback = {});
  bool flag(std::string_view key, bool fallback);
  /// A text; empty only where the fallback is.
  std::string text(std::string_view key, const std::optional<std::string>& fallback = {});
  /// The index of one of the words.
  std::size_t choice(std::string_view key, const std::vector<std::string>& words,
                     std::optional<std::size_t> fallback = {});
  /// An array; a single value counts as an array of one. Empty if the key is absent and not `required`.
  std::vector<double> numbers(std::string_view key, double low, double high, bool required = false);
  std::vector<std::string> texts(std::string_view key, bool required = false);

  /// The table of that key; nothing if absent.
  std::optional<TomlReader> table(std::string_view key, bool required = false);
  /// The tables of an array of tables ([[key]]), in their order; empty only if absent and not `required`.
  std::vector<TomlReader> tables(std::string_view key, bool required = false);

  /// "space.toml:12" of a key that is there, of the table itself without one.
  std::string where(std::string_view key = {}) const;
  /// Keeps an error found by the caller, unless there is an earlier one.
  void fail(std::string_view key, std::string message, std::string hint);
  /// The document's first error, in any of its tables; a key of any table that nobody asked for is one.
  Result<void> finish() const;

 private:
  struct Table;
  struct Document;
  TomlReader(std::shared_ptr<Document> document, Table* table) : document_(std::move(document)), table_(table) {}
  const TomlNode* find(std::string_view key, bool required, std::string_view expected);
  /// The dotted path of a key, for messages.
  std::string path(std::string_view key) const;
  void fail_at(const TomlNode& node, std::string message, std::string hint);

  std::shared_ptr<Document> document_;
  Table* table_;
};

}  // namespace cradle
