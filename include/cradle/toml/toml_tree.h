// A TOML document as plain values with their lines: whatever reads TOML reads this tree, the parser stays behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cradle/base/result.h"

namespace cradle {

struct TomlMember;

struct TomlNode {
  using Array = std::vector<TomlNode>;
  using Table = std::vector<TomlMember>;  ///< in order of key

  /// Nothing stands for dates and times, which no field takes.
  std::variant<std::monostate, std::string, double, std::int64_t, bool, Array, Table> value;
  std::size_t line = 0;  ///< 0: not known

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
  /// Itself if it is a table.
  const TomlNode* table() const { return as<Table>() ? this : nullptr; }
  /// What is in the table; nothing if this is none.
  const Table& members() const;
  /// The value of a key of a table; null if there is none or this is no table.
  const TomlNode* get(std::string_view key) const;
};

struct TomlMember {
  std::string key;
  TomlNode node;
};

/// The document's table (TOML 1.0, https://toml.io), or one error with the line, as "source:line". A key may have at
/// most 32 dots and values may nest at most 64 deep.
Result<TomlNode> parse_toml(std::string_view text, std::string_view source);

}  // namespace cradle
