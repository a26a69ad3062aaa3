#include "toml_tree.h"

#include <algorithm>
#include <utility>

// toml++ 3.3 asserts on some malformed input ("[&"), and assumes the opposite when assertions are off. Its assertions
// become exceptions here, so that no file can bring the process down in either kind of build. The library is renamed
// because this variant of it must not be merged with another one in the same program.
namespace {
struct ParserAssertion {};
[[noreturn]] void assertion_failed() { throw ParserAssertion{}; }
}  // namespace
#undef NDEBUG
#define TOML_ASSERT(expr) (static_cast<bool>(expr) ? static_cast<void>(0) : assertion_failed())
#define toml toml_of_catalog
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

namespace cradle::catalog {

namespace {

TomlNode copy(const toml::node& from) {
  TomlNode node;
  node.line = from.source().begin.line;
  if (const auto* table = from.as_table()) {
    TomlNode::Table members;
    members.reserve(table->size());
    for (const auto& [key, value] : *table) members.push_back({std::string(key.str()), copy(value)});
    node.value = std::move(members);
  } else if (const auto* array = from.as_array()) {
    TomlNode::Array items;
    items.reserve(array->size());
    for (const toml::node& item : *array) items.push_back(copy(item));
    node.value = std::move(items);
  } else if (const auto* text = from.as_string()) {
    node.value = text->get();
  } else if (const auto* real = from.as_floating_point()) {
    node.value = real->get();
  } else if (const auto* whole = from.as_integer()) {
    node.value = whole->get();
  } else if (const auto* flag = from.as_boolean()) {
    node.value = flag->get();
  }
  return node;
}

}  // namespace

const TomlNode::Table& TomlNode::members() const {
  static const Table none;
  const auto* found = as<Table>();
  return found ? *found : none;
}

const TomlNode* TomlNode::get(std::string_view key) const {
  const Table& table = members();
  const auto at = std::lower_bound(table.begin(), table.end(), key,
                                   [](const TomlMember& member, std::string_view name) { return member.key < name; });
  return at != table.end() && at->key == key ? &at->node : nullptr;
}

std::variant<TomlNode, TomlSyntaxError> parse_toml(const std::string& text, const std::string& name) {
  try {
    return copy(toml::parse(text, name));
  } catch (const toml::parse_error& error) {
    return TomlSyntaxError{error.source().begin.line, std::string(error.description())};
  } catch (const ParserAssertion&) {
  }
  // The parser does not say where. It reads from top to bottom: it is the first line without which it does not assert.
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < text.size(); at = ends.back() + 1)
    ends.push_back(std::min(text.find('\n', at), text.size()));
  const auto passes = [&](std::size_t end) {
    try {
      (void)toml::parse(std::string_view(text).substr(0, end), name);
    } catch (const toml::parse_error&) {
    } catch (const ParserAssertion&) {
      return false;
    }
    return true;
  };
  const auto first = std::partition_point(ends.begin(), ends.end(), passes);
  return TomlSyntaxError{static_cast<std::size_t>(first - ends.begin()) + 1, "malformed key or value"};
}

}  // namespace cradle::catalog
