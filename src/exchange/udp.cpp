#include "udp.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "cradle/base/text.h"

namespace cradle::exchange {

Result<Endpoint> parse_endpoint(const std::string& text, const std::string& where) {
  const char* hint = "write numbers and a port: 10.0.0.1:7700 or [fd00::1]:7700";
  const auto colon = text.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : parse_integer(std::string_view(text).substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return bad_input("'" + text + "' is no address with a port", where, hint);
  const std::string host = text.substr(0, colon);
  Endpoint endpoint;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(static_cast<std::uint16_t>(*port));
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six.sin6_addr) == 1) {
      std::memcpy(&endpoint.address, &six, sizeof six);
      endpoint.length = sizeof six;
      return endpoint;
    }
  } else {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(*port));
    if (inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
      std::memcpy(&endpoint.address, &four, sizeof four);
      endpoint.length = sizeof four;
      return endpoint;
    }
  }
  return bad_input("'" + text + "' is no address in numbers", where, hint);
}

Result<UdpSocket> UdpSocket::bind(const Endpoint& endpoint, const std::string& text) {
  UdpSocket socket(::socket(endpoint.address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd_ < 0 ||
      ::bind(socket.fd_, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.length) != 0) {
    const int error = errno;
    return failure("cannot listen: " + to_lower(std::generic_category().message(error)), text,
                   error == EADDRINUSE ? "another program listens there: is the daemon running already?"
                                       : "the address in the list must be one of this machine");
  }
  return socket;
}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) ::close(fd_);
}

bool UdpSocket::send(const Endpoint& to, std::span<const std::uint8_t> bytes) const {
  ssize_t sent = 0;
  do
    sent = ::sendto(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to.address),
                    to.length);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(bytes.size());
}

std::optional<std::span<const std::uint8_t>> UdpSocket::receive(std::span<std::uint8_t> buffer) const {
  for (;;) {
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count >= 0) return buffer.first(static_cast<std::size_t>(count));
    // What a peer without a daemon refused comes back as an error of the socket: it is told once, and says nothing.
    if (errno != EINTR && errno != ECONNREFUSED) return {};
  }
}

}  // namespace cradle::exchange
