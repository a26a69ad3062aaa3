// One catalogue file being read: its sources, its errors, and the checks that every number goes through.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/catalog/catalog.h"
#include "cradle/toml/toml_tree.h"
#include "units.h"

namespace cradle::catalog {

/// What a [sources.KEY] table says; a number that names it may override year, scope and licence.
struct SourceEntry {
  std::string text;
  std::optional<int> year;
  std::string scope;
  std::string licence;
};

class FileReader {
 public:
  FileReader(const SourceFile& file, std::vector<Error>& errors) : file_(file), errors_(errors) {}

  /// "file:line", or the file where the line is not known.
  std::string place(const TomlNode& node) const;
  void fail(const TomlNode& node, std::string message, std::string hint);
  std::size_t error_count() const { return errors_.size(); }

  /// The text of a key, or nothing after an error. An absent key is no error here. Likewise the next three.
  std::optional<std::string> text(const TomlNode& table, std::string_view key, const std::string& path);
  std::optional<double> number(const TomlNode& table, std::string_view key, const std::string& path);
  std::optional<double> number(const TomlNode& node, const std::string& path);
  std::optional<std::int64_t> integer(const TomlNode& table, std::string_view key, const std::string& path,
                                      std::int64_t low, std::int64_t high);

  void refuse_unknown_keys(const TomlNode& table, const std::vector<std::string>& known, const std::string& path);

  /// Source, year, scope and licence of `table`, or nothing after an error, here or in the [sources] table it names.
  std::optional<carbon::Provenance> provenance(const TomlNode& table, const std::string& path);
  /// A factor into the stored unit; 0 after an error.
  double unit_factor(const TomlNode& table, const Rule& rule, const std::string& path);
  /// Reads [sources]. False if what stands there is no table.
  bool read_sources(const TomlNode& root);

 private:
  const SourceFile& file_;
  std::vector<Error>& errors_;
  std::map<std::string, SourceEntry, std::less<>> sources_;
  std::vector<std::string> source_names_;
};

}  // namespace cradle::catalog
