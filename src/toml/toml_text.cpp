#include "toml_text.h"

#include <algorithm>
#include <string>

#include "cradle/base/text.h"

namespace cradle {

namespace {

constexpr int most_dots = 32;  ///< in one key

/// Where the string at `at` ends: behind its quotes, or at the end of the line or text where it is not closed.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string triple(3, quote);
  const bool lines = text.substr(at).starts_with(triple);
  at += lines ? 3 : 1;
  while (at < text.size() && (lines || text[at] != '\n')) {
    if (lines ? text.substr(at).starts_with(triple) : text[at] == quote) {
      at += lines ? 3 : 1;
      // Two more quotes may belong to the text of a multi-line string.
      for (int i = 0; lines && i < 2 && at < text.size() && text[at] == quote; ++i) ++at;
      return at;
    }
    at += quote == '"' && text[at] == '\\' ? 2 : 1;
  }
  return std::min(at, text.size());
}

/// Where a key has too many dots; npos: nowhere.
std::size_t find_deep_key(std::string_view text) {
  int dots = 0;  // since a key could last begin
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (c == '"' || c == '\'') {
      at = end_of_string(text, at);
    } else {
      if (c == '\n' || c == '=' || c == ',' || c == '[' || c == '{') dots = 0;
      if (c == '.' && ++dots > most_dots) return at;
      ++at;
    }
  }
  return std::string_view::npos;
}

}  // namespace

Result<void> check_toml_text(std::string_view text, std::string_view source) {
  const auto place = [&](std::size_t line) { return std::string(source) + ":" + std::to_string(line); };
  if (!is_utf8(text)) {
    std::size_t number = 0;
    for (const std::string_view line : split(text, '\n')) {
      ++number;
      if (!is_utf8(line)) return bad_input("not UTF-8", place(number), "save the file as UTF-8");
    }
  }
  if (const std::size_t at = find_deep_key(text); at != std::string_view::npos)
    return bad_input("a key of more than " + std::to_string(most_dots) + " dots",
                     place(static_cast<std::size_t>(1 + std::count(text.begin(), text.begin() + at, '\n'))),
                     "name the tables less deeply");
  return {};
}

}  // namespace cradle
