// One POST over HTTP/1.1, with one deadline for all of it.
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "cradle/base/text.h"
#include "cradle/exposition/server.h"
#include "socket.h"

namespace cradle::exposition {

namespace {

constexpr auto whole_time = std::chrono::seconds(10);
constexpr std::size_t most_reply_bytes = 16 * 1024;

struct Url {
  Address address;
  std::string host, path;
};

Result<Url> parse_url(const std::string& url) {
  const char* hint = "write http://HOST[:PORT]/PATH, e.g. http://127.0.0.1:4318/v1/metrics";
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) return bad_input("only http:// is spoken", url, hint);
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return bad_input("a URL has no spaces", url, hint);
  const std::string rest = url.substr(scheme.size());
  const std::size_t slash = rest.find_first_of("/?#");
  Url parts;
  parts.host = rest.substr(0, slash);
  if (slash != std::string::npos) parts.path = rest.substr(slash, rest.find('#') - slash);
  if (!parts.path.starts_with('/')) parts.path.insert(0, "/");
  if (parts.host.empty() || parts.host.find('@') != std::string::npos)
    return bad_input("a URL with a host and without a user is needed", url, hint);
  const bool has_port = parts.host.rfind(':') != std::string::npos && !parts.host.ends_with(']');
  const Result<Address> address = parse_address(has_port ? parts.host : parts.host + ":80");
  if (!address || address->host.empty() || !address->path.empty()) return bad_input("no host to send to", url, hint);
  parts.address = *address;
  return parts;
}

Error broken(const std::string& what, const std::string& url) {
  return failure(what, url, "is the receiver running, and does it speak HTTP there?");
}

/// False if the peer stops listening, which it may after a reply: that is read next.
bool send_all(const Descriptor& socket, std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    const ssize_t count = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(socket, POLLOUT, deadline)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

/// "HTTP/1.1 204 No Content" of what is read up to the first end of line.
Result<std::string> status_line(const Descriptor& socket, const std::string& url, Clock::time_point deadline) {
  std::string text;
  while (text.find('\n') == std::string::npos) {
    if (text.size() > most_reply_bytes) return broken("the answer is no HTTP", url);
    if (!wait_for(socket, POLLIN, deadline)) return broken("no answer within 10 s", url);
    char buffer[1024];
    const ssize_t count = recv(socket.get(), buffer, sizeof buffer, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0) return broken("no answer: " + std::generic_category().message(errno), url);
    if (count == 0) return broken("the connection was closed without an answer", url);
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return std::string(trim(std::string_view(text).substr(0, text.find('\n'))));
}

}  // namespace

Result<void> post(const std::string& url, const std::string& content_type, const std::string& body) {
  const Result<Url> parts = parse_url(url);
  if (!parts) return parts.error();
  const Clock::time_point deadline = Clock::now() + whole_time;
  const Result<Descriptor> socket = connect_to(parts->address, url, deadline);
  if (!socket) return socket.error();
  const std::string head = "POST " + parts->path + " HTTP/1.1\r\nHost: " + parts->host +
                           "\r\nUser-Agent: cradle\r\nContent-Type: " + content_type +
                           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
  if (send_all(*socket, head, deadline)) send_all(*socket, body, deadline);
  const Result<std::string> line = status_line(*socket, url, deadline);
  if (!line) return line.error();
  constexpr std::size_t code_at = 9;  // after "HTTP/1.1 "
  if (!line->starts_with("HTTP/1.") || line->size() < code_at + 3) return broken("the answer is no HTTP", url);
  const auto status = parse_integer(line->substr(code_at, 3));
  if (!status) return broken("the answer is no HTTP", url);
  if (*status < 200 || *status > 299)
    return failure("refused: " + line->substr(code_at, 100), url, "the receiver's log says why");
  return {};
}

}  // namespace cradle::exposition
