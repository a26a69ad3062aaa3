#include "socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <vector>

#include "cradle/base/text.h"

namespace cradle::exposition {

namespace {

std::string reason(int error) { return std::generic_category().message(error); }

Error not_bound(const std::string& text, int error) {
  const char* hint = error == EADDRINUSE ? "another program listens there: stop it or choose another address"
                     : error == EACCES || error == EPERM
                         ? "ports below 1024 and folders of others need rights: choose another address"
                         : "choose an address of this machine, e.g. 127.0.0.1:28282";
  return failure("cannot listen: " + reason(error), text, hint);
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> look_up(const Address& address, const std::string& text, int flags) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                std::to_string(address.port).c_str(), &wanted, &list);
  if (error != 0)
    return failure("no address for '" + address.host + "': " + gai_strerror(error), text,
                   "write the host as a number, e.g. 127.0.0.1");
  return Addresses(list);
}

Descriptor new_socket(int family) { return Descriptor(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

Result<sockaddr_un> path_address(const std::string& path, const std::string& text) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path || path.find('\0') != std::string::npos)
    return bad_input("the path of a socket has 1 to 107 bytes", text, "choose a shorter path, e.g. in /run");
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  return name;
}

/// Removes the socket file that a program left which did not end well. A file of another kind is left alone.
void remove_abandoned(const sockaddr_un& name) {
  struct stat status {};
  if (lstat(name.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const Descriptor probe = new_socket(AF_UNIX);
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 && errno == ECONNREFUSED)
    unlink(name.sun_path);
}

Result<Descriptor> listen_at_path(const Address& address, const std::string& text) {
  const Result<sockaddr_un> name = path_address(address.path, text);
  if (!name) return name.error();
  remove_abandoned(*name);
  Descriptor socket = new_socket(AF_UNIX);
  if (!socket || bind(socket.get(), reinterpret_cast<const sockaddr*>(&*name), sizeof *name) != 0 ||
      listen(socket.get(), SOMAXCONN) != 0)
    return not_bound(text, errno);
  return socket;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Result<Address> parse_address(const std::string& text) {
  constexpr std::string_view unix_prefix = "unix:";
  if (text.starts_with(unix_prefix)) return Address{text.substr(unix_prefix.size()), "", 0};
  const char* hint = "write HOST:PORT, :PORT, [IPv6]:PORT or unix:PATH, e.g. 127.0.0.1:28282";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad_input("an address without a port", text, hint);
  std::string host = text.substr(0, colon);
  const std::string digits = text.substr(colon + 1);
  const bool plain = !digits.empty() && digits.size() <= 5 &&
                     std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  const std::int64_t port = plain ? parse_integer(digits).value_or(-1) : -1;
  if (port < 0 || port > 65535) return bad_input("'" + digits + "' is no port (0 to 65535)", text, hint);
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2)
    host = host.substr(1, host.size() - 2);
  else if (host.find_first_of(":[]") != std::string::npos)
    return bad_input("an IPv6 address stands in brackets", text, hint);
  if (host.find_first_of(std::string_view(" \t\r\n\0", 5)) != std::string::npos)
    return bad_input("a host has no spaces", text, hint);
  return Address{"", host, static_cast<std::uint16_t>(port)};
}

Result<Descriptor> listen_at(const Address& address, const std::string& text) {
  if (text.starts_with("unix:")) return listen_at_path(address, text);
  const Result<Addresses> found = look_up(address, text, AI_PASSIVE);
  if (!found) return found.error();
  std::vector<const addrinfo*> candidates;
  for (const addrinfo* one = found->get(); one != nullptr; one = one->ai_next) candidates.push_back(one);
  // Every interface: one IPv6 socket serves IPv4 as well, where the kernel has IPv6.
  if (address.host.empty())
    std::stable_sort(candidates.begin(), candidates.end(), [](const addrinfo* a, const addrinfo* b) {
      return a->ai_family == AF_INET6 && b->ai_family != AF_INET6;
    });
  int error = EADDRNOTAVAIL;
  for (const addrinfo* one : candidates) {
    Descriptor socket = new_socket(one->ai_family);
    const int yes = 1, no = 0;
    if (socket) setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (socket && one->ai_family == AF_INET6 && address.host.empty())
      setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (socket && bind(socket.get(), one->ai_addr, one->ai_addrlen) == 0 && listen(socket.get(), SOMAXCONN) == 0)
      return socket;
    error = errno;
    if (error == EADDRINUSE || error == EACCES) break;  // another family would only hide it
  }
  return not_bound(text, error);
}

Result<Descriptor> connect_to(const Address& address, const std::string& text, Clock::time_point deadline) {
  const char* hint = "is the receiver running, and does it listen there?";
  const Result<Addresses> found = look_up(address, text, 0);
  if (!found) return found.error();
  int error = EADDRNOTAVAIL;
  for (const addrinfo* one = found->get(); one != nullptr; one = one->ai_next) {
    Descriptor socket = new_socket(one->ai_family);
    if (!socket) {
      error = errno;
      continue;
    }
    if (connect(socket.get(), one->ai_addr, one->ai_addrlen) == 0) return socket;
    error = errno;
    if (error != EINPROGRESS) continue;
    if (!wait_for(socket, POLLOUT, deadline)) {
      error = ETIMEDOUT;
      break;
    }
    socklen_t size = sizeof error;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return socket;
  }
  return failure("cannot connect: " + reason(error), text, hint);
}

int bound_port(const Descriptor& socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  if (name.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&name)->sin_port);
  if (name.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port);
  return 0;
}

int milliseconds_to(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

bool wait_for(const Descriptor& socket, short events, Clock::time_point deadline) {
  for (;;) {
    pollfd one{socket.get(), events, 0};
    const int ready = poll(&one, 1, milliseconds_to(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace cradle::exposition
