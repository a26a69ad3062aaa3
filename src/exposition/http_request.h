// The head of an HTTP/1 request, read from whatever bytes a client sends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cradle::exposition {

struct HttpRequest {
  std::string method, path, accept;  ///< path without its query; accept: all Accept headers, joined by ", "
  bool keep_alive = true;
  bool has_body = false;
};

struct HttpHead {
  /// 0: more bytes are needed. 200: `request` can be answered. Otherwise the status to refuse it with: 400, 431, 505.
  int status = 0;
  std::size_t length = 0;  ///< bytes that the head took
  HttpRequest request;
};

inline constexpr std::size_t most_head_bytes = 16 * 1024;

/// RFC 9112 sections 2 to 5, without obsolete line folding.
HttpHead read_head(std::string_view bytes);

}  // namespace cradle::exposition
