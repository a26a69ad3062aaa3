// A TOML document as plain values with their lines: the parser itself stays in one file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cradle::catalog {

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

struct TomlSyntaxError {
  std::size_t line;
  std::string text;
};

/// The document's table, or what is wrong with the text. Precondition: check_toml_text passes. Throws nothing.
std::variant<TomlNode, TomlSyntaxError> parse_toml(const std::string& text, const std::string& name);

}  // namespace cradle::catalog
