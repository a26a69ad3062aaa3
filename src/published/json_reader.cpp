#include "json_reader.h"

#include <cmath>
#include <deque>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "cradle/base/file.h"
#include "cradle/base/text.h"

namespace cradle::published {

/// A value, its line, and whether anybody asked for it.
struct JsonReader::Node {
  using Object = std::vector<std::pair<std::string, Node*>>;
  using Array = std::vector<Node*>;
  std::variant<std::nullptr_t, bool, double, std::string, Object, Array> value = nullptr;
  std::size_t line = 1;
  std::string name;  ///< the dotted path, for messages
  bool read = false;

  Node* member(std::string_view key) const {
    for (const auto& [name_of_member, node] : std::get<Object>(value))
      if (name_of_member == key) return node;
    return nullptr;
  }
};

struct JsonReader::Document {
  std::string source;
  std::deque<Node> nodes;
  std::optional<Error> error;

  std::string place(std::size_t line) const { return source + ":" + std::to_string(line); }
  void fail(const Node& node, std::string message, std::string hint) {
    if (!error) error = bad_input(std::move(message), place(node.line), std::move(hint));
  }

  struct Builder;
};

namespace {

constexpr std::size_t deepest = 32;

/// The bytes of a text; counts the lines that the parser has taken.
class CountingIterator {
 public:
  // Names that the standard library asks an iterator for.
  // NOLINTBEGIN(readability-identifier-naming)
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  // NOLINTEND(readability-identifier-naming)

  CountingIterator(const char* at, std::size_t* line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    if (*at_ == '\n') ++*line_;
    ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  std::size_t* line_;
};

std::string in_quotes(std::string_view name) { return "'" + std::string(name) + "'"; }

}  // namespace

std::string to_string(const Bounds& bounds) {
  if (bounds.high >= 1e300) {
    if (bounds.low <= -1e300) return "any finite number";
    return bounds.low_itself ? shortest(bounds.low) + " or more" : "greater than " + shortest(bounds.low);
  }
  return (bounds.low_itself ? "" : "greater than ") + shortest(bounds.low) + " .. " + shortest(bounds.high);
}

/// Takes the parser's events and builds the tree, which the document owns.
struct JsonReader::Document::Builder : nlohmann::json_sax<nlohmann::json> {
  Document& document;
  std::size_t line = 1;      ///< up to which the parser has read
  std::size_t key_line = 1;  ///< of the last key
  std::vector<Node*> open;   ///< objects and arrays around the next value
  std::string next_key;

  explicit Builder(Document& target) : document(target) {}

  bool refuse(std::string message, std::string hint) {
    if (!document.error) document.error = bad_input(std::move(message), document.place(line), std::move(hint));
    return false;
  }

  Node* add() {
    Node& node = document.nodes.emplace_back();
    node.line = line;
    if (open.empty()) return &node;
    Node* parent = open.back();
    if (auto* array = std::get_if<Node::Array>(&parent->value)) {
      node.name = parent->name + "[" + std::to_string(array->size()) + "]";
      array->push_back(&node);
    } else {
      node.name = parent->name.empty() ? next_key : parent->name + "." + next_key;
      node.line = key_line;
      std::get<Node::Object>(parent->value).emplace_back(next_key, &node);
    }
    return &node;
  }
  template <class Value>
  bool scalar(Value value) {
    add()->value = std::move(value);
    return true;
  }
  template <class Container>
  bool start() {
    if (open.size() == deepest) return refuse("nested deeper than " + std::to_string(deepest), "flatten the file");
    Node* node = add();
    node->value = Container{};
    open.push_back(node);
    return true;
  }
  bool end() {
    open.pop_back();
    return true;
  }

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(number_integer_t value) override { return scalar(static_cast<double>(value)); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(static_cast<double>(value)); }
  bool number_float(number_float_t value, const string_t&) override { return scalar(static_cast<double>(value)); }
  bool string(string_t& value) override { return scalar(std::move(value)); }
  bool binary(binary_t&) override { return refuse("binary data", "write JSON text"); }
  bool start_object(std::size_t) override { return start<Node::Object>(); }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override { return start<Node::Array>(); }
  bool end_array() override { return end(); }
  bool key(string_t& name) override {
    key_line = line;
    next_key = std::move(name);
    if (open.back()->member(next_key) != nullptr)
      return refuse(in_quotes(next_key) + " stands twice in the same object", "keep one of the two");
    return true;
  }
  bool parse_error(std::size_t, const std::string& token, const nlohmann::detail::exception&) override {
    const std::string_view text = std::string_view(token).substr(0, 40);
    return refuse(text.empty() || !is_utf8(text) ? "the file is not JSON" : "not JSON at '" + std::string(text) + "'",
                  "the file must be one JSON object in UTF-8, without comments, trailing commas, NaN or Infinity");
  }
};

Result<JsonReader> JsonReader::parse(std::string_view text, std::string source) {
  auto document = std::make_shared<Document>();
  document->source = std::move(source);
  Document::Builder builder(*document);
  try {
    nlohmann::json::sax_parse(CountingIterator(text.data(), &builder.line),
                              CountingIterator(text.data() + text.size(), &builder.line), &builder);
  } catch (const nlohmann::json::exception&) {
    builder.refuse("the file is not JSON", "the file must be one JSON object in UTF-8");
  }
  if (document->error) return *document->error;
  Node* root = document->nodes.empty() ? nullptr : &document->nodes.front();
  if (root == nullptr || !std::holds_alternative<Node::Object>(root->value))
    return bad_input("the file is not a JSON object", document->place(1), "write {\"key\": value, ...}");
  return JsonReader{std::move(document), root};
}

Result<JsonReader> JsonReader::read(const std::filesystem::path& path) {
  constexpr std::uint64_t largest = 16 << 20;
  auto text = read_file(path, largest);
  if (!text) return text.error();
  return parse(*text, path.string());
}

bool JsonReader::has(std::string_view key) const { return node_->member(key) != nullptr; }

bool JsonReader::is_null(std::string_view key) const {
  const Node* node = node_->member(key);
  return node != nullptr && std::holds_alternative<std::nullptr_t>(node->value);
}

bool JsonReader::is_list(std::string_view key) const {
  const Node* node = node_->member(key);
  return node != nullptr && std::holds_alternative<Node::Array>(node->value);
}

std::vector<std::string> JsonReader::keys() const {
  std::vector<std::string> names;
  for (const auto& member : std::get<Node::Object>(node_->value)) names.push_back(member.first);
  return names;
}

std::vector<std::string> JsonReader::unread() const {
  std::vector<std::string> names;
  for (const auto& member : std::get<Node::Object>(node_->value))
    if (!member.second->read) names.push_back(member.first);
  return names;
}

JsonReader::Node* JsonReader::find(std::string_view key, bool required, const std::string& expected) {
  Node* node = node_->member(key);
  if (node != nullptr) {
    node->read = true;
  } else if (required) {
    const std::string in = node_->name.empty() ? "" : in_quotes(node_->name) + ": ";
    document_->fail(*node_, in + in_quotes(key) + " is missing", "add \"" + std::string(key) + "\": " + expected);
  }
  return node;
}

double JsonReader::read_number(std::string_view key, const Bounds& bounds, std::optional<double> fallback,
                               bool quoted) {
  const double otherwise = fallback.value_or(bounds.high);
  const std::string allowed = "a number, " + to_string(bounds);
  const Node* node = find(key, !fallback, allowed);
  if (node == nullptr) return otherwise;
  std::optional<double> value;
  if (const auto* number = std::get_if<double>(&node->value)) {
    value = *number;
  } else if (const auto* text = std::get_if<std::string>(&node->value); text != nullptr && quoted) {
    value = parse_number(trim(*text));
  }
  if (!value) {
    document_->fail(*node, in_quotes(node->name) + " is not a number", "write " + allowed);
    return otherwise;
  }
  if (!std::isfinite(*value) || !bounds.contain(*value)) {
    document_->fail(*node, in_quotes(node->name) + " is " + shortest(*value), "write " + allowed);
    return otherwise;
  }
  return *value;
}

double JsonReader::number(std::string_view key, const Bounds& bounds, std::optional<double> fallback) {
  return read_number(key, bounds, fallback, false);
}

double JsonReader::number_or_text(std::string_view key, const Bounds& bounds, std::optional<double> fallback) {
  return read_number(key, bounds, fallback, true);
}

bool JsonReader::flag(std::string_view key, std::optional<bool> fallback) {
  const Node* node = find(key, !fallback, "true or false");
  if (node == nullptr) return fallback.value_or(false);
  if (const auto* value = std::get_if<bool>(&node->value)) return *value;
  document_->fail(*node, in_quotes(node->name) + " is not true or false", "write true or false without quotes");
  return fallback.value_or(false);
}

std::string JsonReader::text(std::string_view key, const std::optional<std::string>& fallback) {
  const Node* node = find(key, !fallback, "a text in quotes");
  if (node == nullptr) return fallback.value_or("");
  if (const auto* value = std::get_if<std::string>(&node->value)) return *value;
  document_->fail(*node, in_quotes(node->name) + " is not a text", "write it in quotes");
  return fallback.value_or("");
}

std::vector<double> JsonReader::numbers(std::string_view key, const Bounds& bounds) {
  const std::string allowed = "[numbers, " + to_string(bounds) + "]";
  const Node* node = find(key, true, allowed);
  if (node == nullptr) return {};
  const auto* array = std::get_if<Node::Array>(&node->value);
  if (array == nullptr) {
    document_->fail(*node, in_quotes(node->name) + " is not an array", "write " + allowed);
    return {};
  }
  std::vector<double> values;
  for (const Node* item : *array) {
    const auto* value = std::get_if<double>(&item->value);
    if (value == nullptr || !bounds.contain(*value)) {
      document_->fail(*item, in_quotes(item->name) + (value ? " is " + shortest(*value) : " is not a number"),
                      "write " + allowed);
      return {};
    }
    values.push_back(*value);
  }
  return values;
}

std::optional<JsonReader> JsonReader::object(std::string_view key) {
  Node* node = find(key, true, "{...}");
  if (node == nullptr) return std::nullopt;
  if (std::holds_alternative<Node::Object>(node->value)) return JsonReader{document_, node};
  document_->fail(*node, in_quotes(node->name) + " is not an object", "write {\"key\": value, ...}");
  return std::nullopt;
}

std::vector<JsonReader> JsonReader::objects(std::string_view key) {
  const Node* node = find(key, true, "[{...}]");
  if (node == nullptr) return {};
  std::vector<JsonReader> readers;
  if (const auto* array = std::get_if<Node::Array>(&node->value))
    for (Node* item : *array)
      if (std::holds_alternative<Node::Object>(item->value)) readers.push_back(JsonReader{document_, item});
  const auto* array = std::get_if<Node::Array>(&node->value);
  if (array == nullptr || readers.size() != array->size()) {
    document_->fail(*node, in_quotes(node->name) + " is not an array of objects", "write [{...}, {...}]");
    return {};
  }
  return readers;
}

std::string JsonReader::path(std::string_view key) const {
  return (node_->name.empty() ? "" : node_->name + ".") + std::string(key);
}

std::string JsonReader::where(std::string_view key) const {
  const Node* node = key.empty() ? node_ : node_->member(key);
  return document_->place(node != nullptr ? node->line : node_->line);
}

void JsonReader::fail(std::string_view key, std::string message, std::string hint) {
  const Node* node = key.empty() ? node_ : node_->member(key);
  document_->fail(node != nullptr ? *node : *node_, std::move(message), std::move(hint));
}

Result<void> JsonReader::finish() const {
  if (document_->error) return *document_->error;
  return {};
}

}  // namespace cradle::published
