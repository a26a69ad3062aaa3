// A small HTTP server that gives out what a callback returns, and a client that pushes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cradle/base/result.h"

namespace cradle::exposition {

struct Reply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// path and the Accept header -> reply. Called from the server's own thread, one call at a time.
using Handler = std::function<Reply(std::string_view path, std::string_view accept)>;

class Server {
 public:
  /// address: "HOST:PORT", ":PORT" (every interface) or "unix:PATH"; port 0 takes a free one.
  /// bad_input for a malformed address, failed if it cannot be bound (taken, no right).
  static Result<std::unique_ptr<Server>> start(const std::string& address, Handler handler);
  virtual ~Server() = default;  ///< stops serving and joins the thread
  virtual int port() const = 0;
};

/// POSTs; ok on 2xx, failed with the status or the connection's error otherwise. http:// only.
Result<void> post(const std::string& url, const std::string& content_type, const std::string& body);

}  // namespace cradle::exposition
