#include "cradle/base/toml_text.h"

#include <algorithm>
#include <string>

#include "cradle/base/text.h"

namespace cradle {

namespace {

bool beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool blank(char c) { return c == ' ' || c == '\t'; }

bool starts_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '"' || c == '\'';
}

/// Walks the text as far as strings, comments and table headers go.
class Walk {
 public:
  Walk(std::string_view text, std::string_view source) : text_(text), source_(source) {}

  Result<void> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    bool line_start = true;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      }
      if (c == '"' || c == '\'') {
        if (auto passed = string(c); !passed) return passed;
        line_start = false;
        continue;
      }
      if (beyond_ascii(c))
        return error("a character beyond ASCII outside quotes", "put texts and keys that need it in double quotes");
      if (c == '[' && line_start && depth_ == 0)
        if (auto passed = header(); !passed) return passed;
      depth_ += c == '[' || c == '{';
      depth_ -= (c == ']' || c == '}') && depth_ > 0;
      line_start = c == '\n' || (line_start && blank(c));
      ++at_;
    }
    return {};
  }

 private:
  Error error(std::string message, std::string hint) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    return bad_input(std::move(message), std::string(source_) + ":" + std::to_string(line), std::move(hint));
  }

  /// at_ is on the '[' that starts a line and stays there.
  Result<void> header() const {
    std::size_t next = at_ + 1;
    if (next < text_.size() && text_[next] == '[') ++next;
    while (next < text_.size() && blank(text_[next])) ++next;
    if (next < text_.size() && !starts_key(text_[next]) && !beyond_ascii(text_[next]))
      return error("a table header without a name", "write [kind.name] with letters, digits, '_' and '-'");
    return {};
  }

  /// at_ goes behind the string, or to the end of the line or text where it is not closed.
  Result<void> string(char quote) {
    const std::string triple(3, quote);
    const bool lines = text_.substr(at_).starts_with(triple);
    at_ += lines ? 3 : 1;
    while (at_ < text_.size()) {
      if (lines ? text_.substr(at_).starts_with(triple) : text_[at_] == quote) {
        at_ += lines ? 3 : 1;
        // Two more quotes may belong to the text of a multi-line string.
        for (int i = 0; lines && i < 2 && at_ < text_.size() && text_[at_] == quote; ++i) ++at_;
        return {};
      }
      if (!lines && text_[at_] == '\n') return {};
      if (quote == '"' && text_[at_] == '\\') {
        ++at_;
        const bool escapes_one = at_ < text_.size() && !blank(text_[at_]) && text_[at_] != '\r' && text_[at_] != '\n';
        if (!escapes_one)
          while (at_ < text_.size() && (blank(text_[at_]) || text_[at_] == '\r' || (lines && text_[at_] == '\n')))
            ++at_;
        if (at_ < text_.size() && beyond_ascii(text_[at_]))
          return error("a character beyond ASCII after a backslash", "write it as \\uXXXX, or leave the backslash out");
        if (!escapes_one) continue;
      }
      ++at_;
    }
    return {};
  }

  std::string_view text_;
  std::string_view source_;
  std::size_t at_ = 0;
  int depth_ = 0;  ///< of brackets and braces: a '[' that starts a line inside them is an array, not a table
};

}  // namespace

Result<void> check_toml_text(std::string_view text, std::string_view source) {
  if (!is_utf8(text)) {
    std::size_t number = 0;
    for (const std::string_view line : split(text, '\n')) {
      ++number;
      if (!is_utf8(line))
        return bad_input("not UTF-8", std::string(source) + ":" + std::to_string(number), "save the file as UTF-8");
    }
  }
  return Walk(text, source).run();
}

}  // namespace cradle
