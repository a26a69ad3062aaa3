// A YAML document as a plain tree of texts with their lines: limits on size and depth, errors that name file, line and
// key. yaml-cpp stays inside yaml_reader.cpp.
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::published {

/// What a key that stands twice in a mapping means. PyYAML, which the tools use, takes the last.
enum class RepeatedKeys { refused, last_counts };

/// One value of a YAML document. Scalars stay text until a reader asks for a number, so that "64GB", `42` and '42' can
/// be told apart. A tree holds no reference to anything outside it.
class YamlNode {
 public:
  enum class Kind { null, scalar, sequence, mapping };
  using Member = std::pair<std::string, YamlNode>;

  /// The one document in `text`; `source` names it in errors. bad_input if it is malformed, not UTF-8, larger than 4
  /// MiB, deeper than 64 levels, of more than 1e6 nodes (aliases count as what they stand for), if it has more than one
  /// document, an explicit tag, a key twice in a mapping (unless `repeated` allows it), or a key that is no scalar.
  /// `<<` merges as in YAML 1.1. An empty text is a null document.
  static Result<YamlNode> parse(std::string_view text, const std::string& source,
                                RepeatedKeys repeated = RepeatedKeys::refused);
  static Result<YamlNode> read(const std::filesystem::path& path);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_scalar() const { return kind_ == Kind::scalar; }
  bool is_sequence() const { return kind_ == Kind::sequence; }
  bool is_mapping() const { return kind_ == Kind::mapping; }
  /// True if a scalar stands in quotes: never a number, never null.
  bool quoted() const { return quoted_; }

  /// A scalar's characters; empty for anything else.
  const std::string& text() const { return text_; }
  /// A sequence's values in their order; empty for anything else.
  const std::vector<YamlNode>& items() const { return items_; }
  /// A mapping's members in their order; empty for anything else.
  const std::vector<Member>& members() const { return members_; }

  /// The member of that name, or nothing; a member that is null counts as present.
  const YamlNode* find(std::string_view key) const;
  /// As `find`; an error that lists the keys there are if it is absent.
  Result<const YamlNode*> at(std::string_view key) const;

  /// The number that an unquoted scalar is, or nothing ("1e3", "+5", ".5", "40"; never NaN or infinity).
  std::optional<double> as_number() const;
  /// This scalar as a number within low .. high, else an error that names it.
  Result<double> number(double low = std::numeric_limits<double>::lowest(),
                        double high = std::numeric_limits<double>::max()) const;
  /// This node's text, which must be a scalar and not empty.
  Result<std::string> word() const;
  /// The member as a number; `fallback` if it is absent, an error if there is none.
  Result<double> number_at(std::string_view key, double low, double high, std::optional<double> fallback = {}) const;
  Result<std::string> word_at(std::string_view key, std::optional<std::string> fallback = {}) const;
  /// true, false, yes, no, on, off in any case.
  Result<bool> flag_at(std::string_view key, std::optional<bool> fallback = {}) const;

  /// Dotted path of keys from the root: "server.cpu.number", "types[2].power"; "document" for the root.
  const std::string& path() const { return path_; }
  /// "params.yaml:12"
  std::string where() const { return source_ + ":" + std::to_string(line_); }
  /// bad_input at this node: "'server.cpu.number' MESSAGE".
  Error error(std::string_view message, std::string hint) const;

 private:
  friend class YamlTreeBuilder;
  void place(const std::string& source, const std::string& path);

  Kind kind_ = Kind::null;
  bool quoted_ = false;
  std::size_t line_ = 1;
  std::string source_, path_, text_;
  std::vector<YamlNode> items_;
  std::vector<Member> members_;
};

}  // namespace cradle::published
