// NAME.xml of an accelerator: elements with attributes, and nothing else that XML has.
#include <algorithm>
#include <array>

#include "cradle/base/text.h"
#include "cradle/soc/esp_accelerator.h"

namespace cradle::soc {

namespace {

using Attributes = AcceleratorRecord::Attributes;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == ':';
}

/// The value of an attribute; an empty text if there is none.
std::string value_of(const Attributes& attributes, std::string_view name) {
  for (const auto& [key, value] : attributes)
    if (key == name) return value;
  return {};
}

class XmlReader {
 public:
  XmlReader(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  Result<AcceleratorRecord> read() {
    if (!is_utf8(text_) || text_.find('\0') != std::string_view::npos)
      return bad_input("the file is no UTF-8 text", source_, "name an accelerator's XML file of ESP");
    while (skip_blanks(), at_ < text_.size())
      if (auto fine = read_markup(); !fine) return fine.error();
    if (!open_.empty()) return wrong("<" + open_.back() + "> is not closed", "write </" + open_.back() + ">");
    if (accelerators_ != 1)
      return bad_input("the file has " + std::to_string(accelerators_) + " accelerators", source_,
                       "write one <accelerator name=\"...\">");
    return std::move(record_);
  }

 private:
  Error wrong(std::string message, std::string hint) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    return bad_input(std::move(message), source_ + ":" + std::to_string(line), std::move(hint));
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  bool next_is(std::string_view word) const { return text_.substr(at_).starts_with(word); }

  Result<void> skip_past(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos)
      return wrong("'" + std::string(end) + "' is missing", "close what begins here");
    at_ = found + end.size();
    return {};
  }

  std::string take_name() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

  Result<void> read_markup() {
    if (text_[at_] != '<') return wrong("text that belongs to no attribute", "write elements and attributes only");
    if (next_is("<!--")) {
      at_ += 4;
      return skip_past("-->");
    }
    if (next_is("<?")) return skip_past("?>");
    if (next_is("<!")) return wrong("a declaration", "leave out document types and marked sections");
    if (next_is("</")) {
      at_ += 2;
      const std::string name = take_name();
      skip_blanks();
      if (open_.empty() || open_.back() != name || !next_is(">"))
        return wrong("</" + name + "> closes nothing", "close elements in the order in which they were opened");
      open_.pop_back();
      ++at_;
      return {};
    }
    return read_element();
  }

  Result<void> read_element() {
    ++at_;
    const std::string name = take_name();
    if (name.empty()) return wrong("an element without a name", "write <name attribute=\"value\">");
    constexpr std::size_t deepest = 16;
    if (open_.size() == deepest) return wrong("elements nest too deep", "nest at most 16 elements");
    if (open_.empty() && closed_root_) return wrong("a second element at the top", "put it into the first one");
    if (open_.empty()) closed_root_ = true;
    Attributes attributes;
    for (;;) {
      const std::size_t before = at_;
      skip_blanks();
      if (next_is("/>") || next_is(">")) break;
      if (before == at_) return wrong("no blank before an attribute", "write <" + name + " attribute=\"value\">");
      if (auto fine = read_attribute(attributes); !fine) return fine.error();
    }
    if (auto fine = understand(name, attributes); !fine) return fine.error();
    if (next_is("/>")) {
      at_ += 2;
    } else {
      ++at_;
      open_.push_back(name);
    }
    return {};
  }

  Result<void> read_attribute(Attributes& attributes) {
    const std::string key = take_name();
    skip_blanks();
    const std::string form = "write attribute=\"value\"";
    if (key.empty() || !next_is("=")) return wrong("no attribute here", form);
    ++at_;
    skip_blanks();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    if (quote != '"' && quote != '\'') return wrong("the value of '" + key + "' is not quoted", form);
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return wrong("the value of '" + key + "' does not end", form);
    auto value = unescape(text_.substr(at_ + 1, end - at_ - 1));
    if (!value) return value.error();
    for (const auto& [known, other] : attributes)
      if (known == key) return wrong("the attribute '" + key + "' was given before", "keep one of the two");
    attributes.emplace_back(key, std::move(*value));
    at_ = end + 1;
    return {};
  }

  Result<std::string> unescape(std::string_view raw) const {
    static constexpr std::array<std::pair<std::string_view, char>, 5> entities = {
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
    std::string text;
    while (!raw.empty()) {
      if (raw.front() == '<') return wrong("'<' in a value", "write &lt;");
      if (raw.front() != '&') {
        text += raw.front();
        raw.remove_prefix(1);
        continue;
      }
      const auto entity = std::find_if(entities.begin(), entities.end(),
                                       [&](const auto& known) { return raw.starts_with(known.first); });
      if (entity == entities.end()) return wrong("an entity that is not known", "write &amp; for the sign itself");
      text += entity->second;
      raw.remove_prefix(entity->first.size());
    }
    return text;
  }

  Result<void> understand(const std::string& name, Attributes& attributes) {
    if (name == "param") record_.parameters.push_back(attributes);
    if (name != "accelerator") return {};
    ++accelerators_;
    record_.name = value_of(attributes, "name");
    if (record_.name.empty()) return wrong("the accelerator has no name", "write <accelerator name=\"...\">");
    record_.description = value_of(attributes, "desc");
    record_.device_id = value_of(attributes, "device_id");
    record_.hls_tool = value_of(attributes, "hls_tool");
    if (const std::string size = value_of(attributes, "data_size"); !size.empty()) {
      record_.data_size_mb = parse_number(size);
      if (!record_.data_size_mb || *record_.data_size_mb < 0)
        return wrong("data_size is '" + size + "'", "write a number of megabytes, 0 or more");
    }
    if (!record_.device_id.empty() &&
        record_.device_id.find_first_not_of("0123456789abcdefABCDEFxX") != std::string::npos)
      return wrong("device_id is '" + record_.device_id + "'", "write a hexadecimal number");
    record_.attributes = std::move(attributes);
    return {};
  }

  std::string_view text_;
  const std::string& source_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
  bool closed_root_ = false;
  std::size_t accelerators_ = 0;
  AcceleratorRecord record_;
};

}  // namespace

Result<AcceleratorRecord> parse_accelerator_xml(std::string_view text, const std::string& source) {
  return XmlReader(text, source).read();
}

}  // namespace cradle::soc
