#include "cradle/toml/toml_reader.h"

#include <cmath>
#include <map>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/toml/toml_tree.h"

namespace cradle {

/// A table of the document that somebody reads.
struct TomlReader::Table {
  const TomlNode* node;
  std::string name;                               ///< the dotted path, for messages; empty for the document's own
  std::map<std::string, bool, std::less<>> keys;  ///< that somebody looked for; true: and read

  std::string path(std::string_view key) const {
    return name.empty() ? std::string(key) : name + "." + std::string(key);
  }
};

struct TomlReader::Document {
  std::string source;
  TomlNode root;
  std::map<const TomlNode*, Table> tables;
  std::optional<Error> error;

  std::string place(const TomlNode& node) const { return source + ":" + std::to_string(node.line); }
  Table* open(const TomlNode& node, std::string name) {
    return &tables.try_emplace(&node, Table{&node, std::move(name), {}}).first->second;
  }
  std::optional<Error> unread_key(const TomlNode& node) const;
};

namespace {

std::string range(double low, double high) {
  if (std::isinf(high) || high >= 1e300) return low == 0 ? "0 or more" : shortest(low) + " or more";
  return shortest(low) + " .. " + shortest(high);
}

std::string article(std::string_view name) { return "'" + std::string(name) + "' "; }

std::optional<double> as_number(const TomlNode& node) {
  if (const auto* whole = node.as<std::int64_t>()) return static_cast<double>(*whole);
  if (const auto* real = node.as<double>()) return *real;
  return std::nullopt;
}

}  // namespace

/// The first key, in order of name, that nobody read in this table or one below. What is in tables that nobody opened
/// is covered by their own key.
std::optional<Error> TomlReader::Document::unread_key(const TomlNode& node) const {
  const auto found = tables.find(&node);
  if (found == tables.end()) return std::nullopt;
  const Table& table = found->second;
  for (const auto& [key, member] : node.members()) {
    const auto asked = table.keys.find(key);
    if (asked != table.keys.end() && asked->second) continue;
    std::vector<std::string> known;
    for (const auto& word : table.keys) known.push_back(word.first);
    return bad_input((table.name.empty() ? "" : "[" + table.name + "] ") + "unknown key '" + key + "'", place(member),
                     known.empty() ? "take it out" : suggest(key, known));
  }
  for (const auto& member : node.members()) {
    if (auto below = unread_key(member.node)) return below;
    if (const auto* items = member.node.as<TomlNode::Array>())
      for (const TomlNode& item : *items)
        if (auto below = unread_key(item)) return below;
  }
  return std::nullopt;
}

Result<TomlReader> TomlReader::parse(std::string_view text, std::string source) {
  auto root = parse_toml(text, source);
  if (!root) return std::move(root).error();
  auto document = std::make_shared<Document>();
  document->source = std::move(source);
  document->root = std::move(root).value();
  Table* table = document->open(document->root, "");
  return TomlReader{std::move(document), table};
}

Result<TomlReader> TomlReader::read(const std::filesystem::path& path) {
  constexpr std::uint64_t largest = 16 << 20;
  auto text = read_file(path, largest);
  if (!text) return text.error();
  return parse(*text, path.string());
}

bool TomlReader::has(std::string_view key) const {
  table_->keys.emplace(key, false);
  return table_->node->get(key) != nullptr;
}

std::vector<std::string> TomlReader::keys() const {
  std::vector<std::string> names;
  for (const TomlMember& member : table_->node->members()) names.push_back(member.key);
  return names;
}

std::string TomlReader::path(std::string_view key) const { return table_->path(key); }

void TomlReader::fail_at(const TomlNode& node, std::string message, std::string hint) {
  if (!document_->error) document_->error = bad_input(std::move(message), document_->place(node), std::move(hint));
}

const TomlNode* TomlReader::find(std::string_view key, bool required, std::string_view expected) {
  const TomlNode* node = table_->node->get(key);
  if (node == nullptr && required) {
    std::vector<std::string> others;  // that nobody asked for so far: one of them may be a misspelling
    for (const TomlMember& member : table_->node->members())
      if (table_->keys.find(member.key) == table_->keys.end()) others.push_back(member.key);
    const auto near = nearest(key, others);
    fail_at(*table_->node, (table_->name.empty() ? "" : "[" + table_->name + "] ") + article(key) + "is missing",
            (near ? "rename '" + std::string(*near) + "' if it means this, or " : "") + "add " + std::string(key) +
                " = " + std::string(expected));
  }
  table_->keys.insert_or_assign(std::string(key), true);
  return node;
}

double TomlReader::number(std::string_view key, double low, double high, std::optional<double> fallback) {
  const double otherwise = fallback.value_or(low);
  const TomlNode* node = find(key, !fallback, "a number, " + range(low, high));
  if (node == nullptr) return otherwise;
  const auto value = as_number(*node);
  if (!value) {
    fail_at(*node, article(path(key)) + "is not a number", "write a number, " + range(low, high));
    return otherwise;
  }
  if (!std::isfinite(*value) || *value < low || *value > high) {
    fail_at(*node, article(path(key)) + "is " + shortest(*value), "choose a value of " + range(low, high));
    return otherwise;
  }
  return *value;
}

std::int64_t TomlReader::integer(std::string_view key, std::int64_t low, std::int64_t high,
                                 std::optional<std::int64_t> fallback) {
  const std::int64_t otherwise = fallback.value_or(low);
  const std::string allowed = std::to_string(low) + " .. " + std::to_string(high);
  const TomlNode* node = find(key, !fallback, "a whole number, " + allowed);
  if (node == nullptr) return otherwise;
  std::optional<std::int64_t> value;
  if (const auto* whole = node->as<std::int64_t>()) value = *whole;
  // 1e6 is how people write large counts.
  if (const auto* real = node->as<double>())
    if (std::abs(*real) < 9e15 && *real == std::floor(*real)) value = static_cast<std::int64_t>(*real);
  if (!value || *value < low || *value > high) {
    fail_at(*node, article(path(key)) + "is no whole number from " + allowed, "choose a whole number, " + allowed);
    return otherwise;
  }
  return *value;
}

bool TomlReader::flag(std::string_view key, bool fallback) {
  const TomlNode* node = find(key, false, "true or false");
  if (node == nullptr) return fallback;
  if (const auto* value = node->as<bool>()) return *value;
  fail_at(*node, article(path(key)) + "is not true or false", "write true or false");
  return fallback;
}

std::string TomlReader::text(std::string_view key, const std::optional<std::string>& fallback) {
  const TomlNode* node = find(key, !fallback, "a text in double quotes");
  if (node == nullptr) return fallback.value_or("");
  const auto* value = node->as<std::string>();
  const bool may_be_empty = fallback && fallback->empty();
  if (value != nullptr && (may_be_empty || !value->empty())) return *value;
  fail_at(*node, article(path(key)) + (value != nullptr ? "is empty" : "is not a text"),
          "write a text in double quotes");
  return fallback.value_or("");
}

std::size_t TomlReader::choice(std::string_view key, const std::vector<std::string>& words,
                               std::optional<std::size_t> fallback) {
  const TomlNode* node = find(key, !fallback, "a text in double quotes; " + suggest("", words));
  if (node == nullptr) return fallback.value_or(0);
  const auto* value = node->as<std::string>();
  if (value != nullptr)
    for (std::size_t i = 0; i < words.size(); ++i)
      if (words[i] == *value) return i;
  fail_at(*node,
          value != nullptr ? article(path(key)) + "has the unknown value '" + *value + "'"
                           : article(path(key)) + "is not a text",
          suggest(value != nullptr ? *value : "", words));
  return fallback.value_or(0);
}

std::vector<double> TomlReader::numbers(std::string_view key, double low, double high, bool required) {
  const TomlNode* node = find(key, required, "[numbers, " + range(low, high) + "]");
  std::vector<double> values;
  if (node == nullptr) return values;
  const auto take = [&](const TomlNode& item) {
    const auto value = as_number(item);
    if (value && std::isfinite(*value) && *value >= low && *value <= high) {
      values.push_back(*value);
    } else {
      fail_at(item, article(path(key)) + "holds something else than numbers of " + range(low, high),
              "choose values of " + range(low, high));
    }
  };
  if (const auto* array = node->as<TomlNode::Array>()) {
    for (const TomlNode& item : *array) take(item);
    if (array->empty() && required) fail_at(*node, article(path(key)) + "is empty", "name at least one value");
  } else {
    take(*node);
  }
  return values;
}

std::vector<std::string> TomlReader::texts(std::string_view key, bool required) {
  const TomlNode* node = find(key, required, "[\"text\", ...]");
  std::vector<std::string> values;
  if (node == nullptr) return values;
  const auto take = [&](const TomlNode& item) {
    const auto* value = item.as<std::string>();
    if (value != nullptr && !value->empty()) {
      values.push_back(*value);
    } else {
      fail_at(item, article(path(key)) + "holds something else than texts", "write texts in double quotes");
    }
  };
  if (const auto* array = node->as<TomlNode::Array>()) {
    for (const TomlNode& item : *array) take(item);
    if (array->empty() && required) fail_at(*node, article(path(key)) + "is empty", "name at least one value");
  } else {
    take(*node);
  }
  return values;
}

std::optional<TomlReader> TomlReader::table(std::string_view key, bool required) {
  const TomlNode* node = find(key, required, "a table, [" + path(key) + "] and its keys below");
  if (node == nullptr) return std::nullopt;
  if (node->table() == nullptr) {
    fail_at(*node, article(path(key)) + "is not a table", "write [" + path(key) + "] and its keys below");
    return std::nullopt;
  }
  return TomlReader{document_, document_->open(*node, path(key))};
}

std::vector<TomlReader> TomlReader::tables(std::string_view key, bool required) {
  const TomlNode* node = find(key, required, "an array of tables, [[" + std::string(key) + "]]");
  std::vector<TomlReader> readers;
  if (node == nullptr) return readers;
  const auto* array = node->as<TomlNode::Array>();
  bool tables_only = array != nullptr && !(required && array->empty());
  if (array != nullptr)
    for (const TomlNode& item : *array) {
      if (item.table() != nullptr) {
        readers.push_back(TomlReader{document_, document_->open(item, path(key))});
      } else {
        tables_only = false;
      }
    }
  if (!tables_only)
    fail_at(*node, article(path(key)) + "is not an array of tables", "write [[" + path(key) + "]] for each");
  return readers;
}

std::string TomlReader::where(std::string_view key) const {
  const TomlNode* node = table_->node->get(key);
  return document_->place(node != nullptr ? *node : *table_->node);
}

void TomlReader::fail(std::string_view key, std::string message, std::string hint) {
  if (!document_->error) document_->error = bad_input(std::move(message), where(key), std::move(hint));
}

Result<void> TomlReader::finish() const {
  if (document_->error) return *document_->error;
  if (auto unread = document_->unread_key(document_->root)) return *std::move(unread);
  return {};
}

}  // namespace cradle
