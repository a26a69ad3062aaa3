#include "yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "cradle/base/file.h"
#include "cradle/base/text.h"

namespace cradle::published {

namespace {

constexpr std::size_t largest_text = std::size_t{4} << 20;
constexpr std::size_t deepest = 64;
constexpr std::size_t most_nodes = 1'000'000;

/// What the builder throws through yaml-cpp; it never leaves YamlNode::parse.
struct Refusal {
  std::string message, hint;
  std::size_t line;
};

std::size_t line_of(const YAML::Mark& mark) { return mark.line < 0 ? 1 : static_cast<std::size_t>(mark.line) + 1; }

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::string range(double low, double high) {
  if (low == std::numeric_limits<double>::lowest()) return "a number";
  if (high == std::numeric_limits<double>::max()) return "a number of " + shortest(low) + " or more";
  return "a number from " + shortest(low) + " to " + shortest(high);
}

}  // namespace

/// Builds the tree from yaml-cpp's events, so that limits hold while the text is being read.
class YamlTreeBuilder : public YAML::EventHandler {
 public:
  YamlNode root;

  explicit YamlTreeBuilder(RepeatedKeys repeated) : repeated_(repeated) {}

  void finish(const std::string& source) { root.place(source, ""); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0)
      throw Refusal{"holds more than one document", "give each its own file, without '---' between them",
                    line_of(mark)};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(count(make(YamlNode::Kind::null, mark, "")), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = make(YamlNode::Kind::scalar, mark, tag);
    node.quoted_ = tag == "!";
    if (!node.quoted_ && is_null_word(value)) node.kind_ = YamlNode::Kind::null;
    node.text_ = value;
    add(count(std::move(node)), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end())
      throw Refusal{"has an alias inside the value that it stands for", "write the value out", line_of(mark)};
    nodes_ += known->second.nodes;
    check_count(line_of(mark));
    add(known->second.value, YAML::NullAnchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(YamlNode::Kind::sequence, mark, tag), anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(YamlNode::Kind::mapping, mark, tag), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override {
    if (repeated_ == RepeatedKeys::refused) {
      refuse_repeated_keys(stack_.back().value);
    } else {
      keep_last(stack_.back().value);
    }
    merge(stack_.back().value);
    close();
  }

 private:
  struct Open {
    YamlNode value;
    YAML::anchor_t anchor;
    std::size_t nodes_before;
    std::optional<std::string> key;
  };
  struct Known {
    YamlNode value;
    std::size_t nodes;
  };

  static YamlNode make(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refusal{"has the tag '" + tag + "'", "leave tags out: what a value is follows from the key", line_of(mark)};
    YamlNode node;
    node.kind_ = kind;
    node.line_ = line_of(mark);
    return node;
  }

  void check_count(std::size_t line) const {
    if (nodes_ > most_nodes)
      throw Refusal{"holds more than " + std::to_string(most_nodes) + " values",
                    "aliases count as what they stand for; split the file", line};
  }
  YamlNode count(YamlNode node) {
    ++nodes_;
    check_count(node.line_);
    return node;
  }

  void open(YamlNode node, YAML::anchor_t anchor) {
    if (stack_.size() >= deepest)
      throw Refusal{"is nested deeper than " + std::to_string(deepest) + " levels", "flatten it", node.line_};
    const std::size_t before = nodes_;
    stack_.push_back({count(std::move(node)), anchor, before, {}});
  }
  void close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    if (done.anchor != YAML::NullAnchor) anchors_[done.anchor] = {done.value, nodes_ - done.nodes_before};
    add(std::move(done.value), YAML::NullAnchor);
  }

  void add(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {node, 1};
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    Open& top = stack_.back();
    if (top.value.kind_ == YamlNode::Kind::sequence) {
      top.value.items_.push_back(std::move(node));
    } else if (top.key) {
      top.value.members_.emplace_back(std::move(*top.key), std::move(node));
      top.key.reset();
    } else {
      if (node.kind_ != YamlNode::Kind::scalar)
        throw Refusal{"has a key that is no word or number", "write keys as plain words", node.line_};
      top.key = std::move(node.text_);
    }
  }

  static void refuse_repeated_keys(const YamlNode& mapping) {
    std::vector<std::pair<std::string_view, std::size_t>> keys;
    for (const auto& [key, value] : mapping.members_) keys.emplace_back(key, value.line_);
    std::sort(keys.begin(), keys.end());
    const auto twice =
        std::adjacent_find(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
    if (twice != keys.end())
      throw Refusal{"has the key '" + std::string(twice->first) + "' twice", "keep one of them", (twice + 1)->second};
  }

  static void keep_last(YamlNode& mapping) {
    std::map<std::string, std::size_t> last;
    for (std::size_t i = 0; i < mapping.members_.size(); ++i) last[mapping.members_[i].first] = i;
    if (last.size() == mapping.members_.size()) return;
    std::vector<YamlNode::Member> kept;
    for (std::size_t i = 0; i < mapping.members_.size(); ++i)
      if (last[mapping.members_[i].first] == i) kept.push_back(std::move(mapping.members_[i]));
    mapping.members_ = std::move(kept);
  }

  /// `<<: *defaults` and `<<: [*a, *b]`: members that the mapping does not have itself.
  static void merge(YamlNode& mapping) {
    const auto place = std::find_if(mapping.members_.begin(), mapping.members_.end(),
                                    [](const auto& member) { return member.first == "<<"; });
    if (place == mapping.members_.end()) return;
    const YamlNode source = std::move(place->second);
    mapping.members_.erase(place);
    const auto take = [&mapping](const YamlNode& from) {
      if (!from.is_mapping()) throw Refusal{"merges something that is no mapping", "merge mappings only", from.line_};
      for (const auto& member : from.members_)
        if (!mapping.find(member.first)) mapping.members_.push_back(member);
    };
    if (source.is_sequence()) {
      for (const YamlNode& item : source.items_) take(item);
    } else {
      take(source);
    }
  }

  const RepeatedKeys repeated_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, Known> anchors_;
  std::size_t nodes_ = 0;
  std::size_t documents_ = 0;
};

void YamlNode::place(const std::string& source, const std::string& path) {
  source_ = source;
  path_ = path;
  for (std::size_t i = 0; i < items_.size(); ++i) items_[i].place(source, path + "[" + std::to_string(i) + "]");
  for (auto& [key, value] : members_) value.place(source, path.empty() ? key : path + "." + key);
}

Result<YamlNode> YamlNode::parse(std::string_view text, const std::string& source, RepeatedKeys repeated) {
  if (text.size() > largest_text)
    return bad_input("is larger than 4 MiB", source, "these files are small by nature: is it the right one?");
  if (!is_utf8(text)) return bad_input("is not UTF-8 text", source, "save it as UTF-8");
  if (text.find('\0') != std::string_view::npos) return bad_input("holds a NUL byte", source, "is it a YAML file?");
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    YamlTreeBuilder builder(repeated);
    while (parser.HandleNextDocument(builder)) {
    }
    builder.finish(source);
    return std::move(builder.root);
  } catch (const Refusal& refusal) {
    return bad_input(refusal.message, source + ":" + std::to_string(refusal.line), refusal.hint);
  } catch (const YAML::Exception& error) {
    return bad_input("is no YAML: " + error.msg, source + ":" + std::to_string(line_of(error.mark)),
                     "check brackets, quotes and indentation around this line");
  } catch (const std::exception& error) {
    return bad_input(std::string("is no YAML: ") + error.what(), source, "check it with a YAML linter");
  }
}

Result<YamlNode> YamlNode::read(const std::filesystem::path& path) {
  const auto text = read_file(path, largest_text);
  if (!text) return text.error();
  return parse(*text, path.string());
}

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : members_)
    if (name == key) return &value;
  return nullptr;
}

Result<const YamlNode*> YamlNode::at(std::string_view key) const {
  if (const YamlNode* member = find(key)) return member;
  if (!is_mapping()) return error("is no mapping, so that it has no '" + std::string(key) + "'", "write 'key: value'");
  std::vector<std::string> names;
  for (const auto& member : members_) names.push_back(member.first);
  return error("has no '" + std::string(key) + "'",
               names.empty() ? "add '" + std::string(key) + "'" : "add it; " + suggest(key, names));
}

std::optional<double> YamlNode::as_number() const {
  if (!is_scalar() || quoted_) return std::nullopt;
  std::string_view text = text_;
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  return parse_number(text);
}

Result<double> YamlNode::number(double low, double high) const {
  const auto value = as_number();
  if (!value || *value < low || *value > high) {
    const std::string found = is_scalar() ? "is '" + text_ + "'" : is_null() ? "is empty" : "is no single value";
    return error(found + (value ? ", out of range" : is_scalar() ? ", no number" : ""), "give " + range(low, high));
  }
  return *value;
}

Result<std::string> YamlNode::word() const {
  if (!is_scalar() || text_.empty()) return error(is_null() ? "is empty" : "is no single word", "give one value");
  return text_;
}

Result<double> YamlNode::number_at(std::string_view key, double low, double high,
                                   std::optional<double> fallback) const {
  if (const YamlNode* member = find(key)) return member->number(low, high);
  if (fallback && (is_mapping() || is_null())) return *fallback;
  return at(key).error();
}

Result<std::string> YamlNode::word_at(std::string_view key, std::optional<std::string> fallback) const {
  if (const YamlNode* member = find(key)) return member->word();
  if (fallback && (is_mapping() || is_null())) return std::move(*fallback);
  return at(key).error();
}

Result<bool> YamlNode::flag_at(std::string_view key, std::optional<bool> fallback) const {
  const YamlNode* member = find(key);
  if (!member && fallback && (is_mapping() || is_null())) return *fallback;
  if (!member) return at(key).error();
  const std::string word = to_lower(member->text());
  if (!member->quoted() && (word == "true" || word == "yes" || word == "on")) return true;
  if (!member->quoted() && (word == "false" || word == "no" || word == "off")) return false;
  return member->error("is neither true nor false", "write true or false");
}

Error YamlNode::error(std::string_view message, std::string hint) const {
  return bad_input((path_.empty() ? "the document" : "'" + path_ + "'") + " " + std::string(message), where(),
                   std::move(hint));
}

}  // namespace cradle::published
