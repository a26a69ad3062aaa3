#include "http_request.h"

#include <algorithm>

#include "cradle/base/text.h"

namespace cradle::exposition {

namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
}

bool holds_word(std::string_view list, std::string_view word) {
  for (const std::string_view part : split(list, ','))
    if (to_lower(trim(part)) == word) return true;
  return false;
}

int read_request_line(std::string_view line, HttpRequest& request) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  const std::string_view method = line.substr(0, first), target = line.substr(first + 1, last - first - 1),
                         version = line.substr(last + 1);
  if (!is_token(method) || target.empty() || !is_visible(target)) return 400;
  if (!version.starts_with("HTTP/")) return 400;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return 505;
  if (target[0] != '/') return 400;
  request.method = method;
  request.path = target.substr(0, target.find_first_of("?#"));
  request.keep_alive = version == "HTTP/1.1";
  return 200;
}

int read_header(std::string_view line, HttpRequest& request) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return 400;
  const std::string name = to_lower(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (value.find_first_of(std::string_view("\0\r", 2)) != std::string_view::npos) return 400;
  if (name == "accept") {
    if (!request.accept.empty()) request.accept += ", ";
    request.accept += value;
  } else if (name == "connection") {
    if (holds_word(value, "close")) request.keep_alive = false;
    if (holds_word(value, "keep-alive")) request.keep_alive = true;
  } else if (name == "transfer-encoding" || (name == "content-length" && value != "0")) {
    request.has_body = true;
  }
  return 200;
}

}  // namespace

HttpHead read_head(std::string_view bytes) {
  HttpHead head;
  std::size_t at = 0;
  bool first = true;
  for (;;) {
    const std::size_t end = bytes.find('\n', at);
    if (end >= most_head_bytes) {  // npos, too
      head.status = bytes.size() >= most_head_bytes ? 431 : 0;
      return head;
    }
    std::string_view line = bytes.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    at = end + 1;
    head.length = at;
    if (line.empty() && first) continue;  // RFC 9112, 2.2: empty lines before a request are passed over
    if (line.empty()) {
      head.status = 200;
      return head;
    }
    const int status = first ? read_request_line(line, head.request) : read_header(line, head.request);
    first = false;
    if (status != 200) {
      head.status = status;
      return head;
    }
  }
}

}  // namespace cradle::exposition
