#include "cradle/toml/toml_reader.h"

#include <toml++/toml.h>

#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <variant>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/base/toml_text.h"

namespace cradle {

/// A value of the document, its line, and whether anybody asked for it.
struct TomlReader::Node {
  using Table = std::map<std::string, Node*, std::less<>>;
  using Array = std::vector<Node*>;
  std::variant<std::monostate, std::string, double, std::int64_t, bool, Table, Array> value;
  std::size_t line = 0;
  std::string name;  ///< the dotted path, for messages
  bool read = false;
  std::set<std::string, std::less<>> asked;  ///< keys that somebody looked for in this table
};

struct TomlReader::Document {
  std::string source;
  std::deque<Node> nodes;
  std::optional<Error> error;

  Node* copy(const toml::node& from, const std::string& name) {
    Node& node = nodes.emplace_back();
    node.line = from.source().begin.line;
    node.name = name;
    if (const auto* table = from.as_table()) {
      Node::Table members;
      for (const auto& [key, value] : *table) {
        const std::string word(key.str());
        members.emplace(word, copy(value, name.empty() ? word : name + "." + word));
      }
      node.value = std::move(members);
    } else if (const auto* array = from.as_array()) {
      Node::Array items;
      for (const auto& item : *array) items.push_back(copy(item, name));
      node.value = std::move(items);
    } else if (const auto text = from.value_exact<std::string>()) {
      node.value = *text;
    } else if (const auto whole = from.value_exact<std::int64_t>()) {
      node.value = *whole;
    } else if (const auto number = from.value_exact<double>()) {
      node.value = *number;
    } else if (const auto flag = from.value_exact<bool>()) {
      node.value = *flag;
    }
    return &node;
  }

  void fail(const Node& node, const std::string& message, std::string hint) {
    if (!error) error = bad_input(message, source + ":" + std::to_string(node.line), std::move(hint));
  }
};

namespace {

std::string range(double low, double high) {
  if (std::isinf(high) || high >= 1e300) return low == 0 ? "0 or more" : shortest(low) + " or more";
  return shortest(low) + " .. " + shortest(high);
}

std::string article(std::string_view name) { return "'" + std::string(name) + "' "; }

}  // namespace

Result<TomlReader> TomlReader::parse(std::string_view text, std::string source) {
  if (auto fine = check_toml_text(text, source); !fine) return fine.error();
  try {
    const toml::table root = toml::parse(text);
    auto document = std::make_shared<Document>();
    document->source = std::move(source);
    Node* node = document->copy(root, "");
    node->line = 1;
    node->read = true;
    return TomlReader{std::move(document), node};
  } catch (const toml::parse_error& error) {
    return bad_input(std::string(error.description()), source + ":" + std::to_string(error.source().begin.line),
                     "the file must be TOML (https://toml.io)");
  }
}

Result<TomlReader> TomlReader::read(const std::filesystem::path& path) {
  constexpr std::uint64_t largest = 16 << 20;
  auto text = read_file(path, largest);
  if (!text) return text.error();
  return parse(*text, path.string());
}

bool TomlReader::has(std::string_view key) const {
  node_->asked.emplace(key);
  const auto& table = std::get<Node::Table>(node_->value);
  return table.find(key) != table.end();
}

std::vector<std::string> TomlReader::keys() const {
  std::vector<std::string> names;
  for (const auto& member : std::get<Node::Table>(node_->value)) names.push_back(member.first);
  return names;
}

TomlReader::Node* TomlReader::find(std::string_view key, bool required, std::string_view expected) {
  node_->asked.emplace(key);
  const auto& table = std::get<Node::Table>(node_->value);
  const auto found = table.find(key);
  if (found != table.end()) {
    found->second->read = true;
    return found->second;
  }
  if (required) {
    std::string message = node_->name.empty() ? "" : "[" + node_->name + "] ";
    message += article(key) + "is missing";
    document_->fail(*node_, message, "add " + std::string(key) + " = " + std::string(expected));
  }
  return nullptr;
}

double TomlReader::number(std::string_view key, double low, double high, std::optional<double> fallback) {
  const double otherwise = fallback.value_or(low);
  const Node* node = find(key, !fallback, "a number, " + range(low, high));
  if (node == nullptr) return otherwise;
  double value = 0;
  if (const auto* whole = std::get_if<std::int64_t>(&node->value)) {
    value = static_cast<double>(*whole);
  } else if (const auto* real = std::get_if<double>(&node->value)) {
    value = *real;
  } else {
    document_->fail(*node, article(node->name) + "is not a number", "write a number, " + range(low, high));
    return otherwise;
  }
  if (!std::isfinite(value) || value < low || value > high) {
    document_->fail(*node, article(node->name) + "is " + shortest(value), "choose a value of " + range(low, high));
    return otherwise;
  }
  return value;
}

std::int64_t TomlReader::integer(std::string_view key, std::int64_t low, std::int64_t high,
                                 std::optional<std::int64_t> fallback) {
  const std::int64_t otherwise = fallback.value_or(low);
  const std::string allowed = std::to_string(low) + " .. " + std::to_string(high);
  const Node* node = find(key, !fallback, "a whole number, " + allowed);
  if (node == nullptr) return otherwise;
  std::optional<std::int64_t> value;
  if (const auto* whole = std::get_if<std::int64_t>(&node->value)) value = *whole;
  // 1e6 is how people write large counts.
  if (const auto* real = std::get_if<double>(&node->value))
    if (std::abs(*real) < 9e15 && *real == std::floor(*real)) value = static_cast<std::int64_t>(*real);
  if (!value || *value < low || *value > high) {
    document_->fail(*node, article(node->name) + "is no whole number from " + allowed,
                    "choose a whole number, " + allowed);
    return otherwise;
  }
  return *value;
}

bool TomlReader::flag(std::string_view key, bool fallback) {
  const Node* node = find(key, false, "true or false");
  if (node == nullptr) return fallback;
  if (const auto* value = std::get_if<bool>(&node->value)) return *value;
  document_->fail(*node, article(node->name) + "is not true or false", "write true or false");
  return fallback;
}

std::string TomlReader::text(std::string_view key, const std::optional<std::string>& fallback) {
  const Node* node = find(key, !fallback, "a text in double quotes");
  if (node == nullptr) return fallback.value_or("");
  const auto* value = std::get_if<std::string>(&node->value);
  if (value != nullptr && !value->empty()) return *value;
  document_->fail(*node, article(node->name) + (value != nullptr ? "is empty" : "is not a text"),
                  "write a text in double quotes");
  return fallback.value_or("");
}

std::size_t TomlReader::choice(std::string_view key, const std::vector<std::string>& words,
                               std::optional<std::size_t> fallback) {
  const Node* node = find(key, !fallback, "a text in double quotes; " + suggest("", words));
  if (node == nullptr) return fallback.value_or(0);
  const auto* value = std::get_if<std::string>(&node->value);
  if (value != nullptr)
    for (std::size_t i = 0; i < words.size(); ++i)
      if (words[i] == *value) return i;
  document_->fail(*node,
                  value != nullptr ? article(node->name) + "has the unknown value '" + *value + "'"
                                   : article(node->name) + "is not a text",
                  suggest(value != nullptr ? *value : "", words));
  return fallback.value_or(0);
}

std::vector<double> TomlReader::numbers(std::string_view key, double low, double high, bool required) {
  const Node* node = find(key, required, "[numbers, " + range(low, high) + "]");
  std::vector<double> values;
  if (node == nullptr) return values;
  const auto take = [&](const Node& item) {
    double value = NAN;
    if (const auto* whole = std::get_if<std::int64_t>(&item.value)) value = static_cast<double>(*whole);
    if (const auto* real = std::get_if<double>(&item.value)) value = *real;
    if (std::isfinite(value) && value >= low && value <= high) {
      values.push_back(value);
    } else {
      document_->fail(item, article(item.name) + "holds something else than numbers of " + range(low, high),
                      "choose values of " + range(low, high));
    }
  };
  if (const auto* array = std::get_if<Node::Array>(&node->value)) {
    for (const Node* item : *array) take(*item);
    if (array->empty() && required) document_->fail(*node, article(node->name) + "is empty", "name at least one value");
  } else {
    take(*node);
  }
  return values;
}

std::vector<std::string> TomlReader::texts(std::string_view key, bool required) {
  const Node* node = find(key, required, "[\"text\", ...]");
  std::vector<std::string> values;
  if (node == nullptr) return values;
  const auto take = [&](const Node& item) {
    const auto* value = std::get_if<std::string>(&item.value);
    if (value != nullptr && !value->empty()) {
      values.push_back(*value);
    } else {
      document_->fail(item, article(item.name) + "holds something else than texts", "write texts in double quotes");
    }
  };
  if (const auto* array = std::get_if<Node::Array>(&node->value)) {
    for (const Node* item : *array) take(*item);
    if (array->empty() && required) document_->fail(*node, article(node->name) + "is empty", "name at least one value");
  } else {
    take(*node);
  }
  return values;
}

std::optional<TomlReader> TomlReader::table(std::string_view key) {
  Node* node = find(key, false, "a table");
  if (node == nullptr) return std::nullopt;
  if (!std::holds_alternative<Node::Table>(node->value)) {
    document_->fail(*node, article(node->name) + "is not a table", "write [" + node->name + "] and its keys below");
    return std::nullopt;
  }
  return TomlReader{document_, node};
}

std::vector<TomlReader> TomlReader::tables(std::string_view key, bool required) {
  const Node* node = find(key, required, "an array of tables, [[" + std::string(key) + "]]");
  std::vector<TomlReader> readers;
  if (node == nullptr) return readers;
  const auto* array = std::get_if<Node::Array>(&node->value);
  bool tables_only = array != nullptr;
  if (array != nullptr)
    for (Node* item : *array) {
      item->read = true;
      if (std::holds_alternative<Node::Table>(item->value)) {
        readers.push_back(TomlReader{document_, item});
      } else {
        tables_only = false;
      }
    }
  if (!tables_only)
    document_->fail(*node, article(node->name) + "is not an array of tables", "write [[" + node->name + "]] for each");
  return readers;
}

std::string TomlReader::where(std::string_view key) const {
  const auto& table = std::get<Node::Table>(node_->value);
  const auto found = table.find(key);
  const Node* node = found == table.end() ? node_ : found->second;
  return document_->source + ":" + std::to_string(node->line);
}

void TomlReader::fail(std::string_view key, std::string message, std::string hint) {
  if (!document_->error) document_->error = bad_input(std::move(message), where(key), std::move(hint));
}

Result<void> TomlReader::finish() const {
  if (document_->error) return *document_->error;
  for (const Node& node : document_->nodes) {
    // Members of arrays and of tables that nobody opened are covered by their parent.
    const auto* table = std::get_if<Node::Table>(&node.value);
    if (table == nullptr || !node.read) continue;
    const std::string* unknown = nullptr;
    const Node* at = nullptr;
    for (const auto& [key, member] : *table)
      if (!member->read && at == nullptr) {
        unknown = &key;
        at = member;
      }
    const std::vector<std::string> known(node.asked.begin(), node.asked.end());
    if (at != nullptr)
      return bad_input(
          (node.name.empty() ? "" : "[" + node.name + "] ") + std::string("unknown key '") + *unknown + "'",
          document_->source + ":" + std::to_string(at->line), known.empty() ? "take it out" : suggest(*unknown, known));
  }
  return {};
}

}  // namespace cradle
