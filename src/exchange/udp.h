// One UDP socket of a daemon, and addresses in numbers: a daemon that limits power asks no name server.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "cradle/base/result.h"

namespace cradle::exchange {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;
};

/// "10.0.0.1:7700" or "[fd00::1]:7700", port 1 to 65535.
Result<Endpoint> parse_endpoint(const std::string& text, const std::string& where);

class UdpSocket {
 public:
  static Result<UdpSocket> bind(const Endpoint& endpoint, const std::string& text);
  UdpSocket(UdpSocket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
  UdpSocket& operator=(UdpSocket&&) = delete;
  ~UdpSocket();

  int fd() const { return fd_; }
  /// False: it did not go out (no route, buffers full). As good as lost on the way.
  bool send(const Endpoint& to, std::span<const std::uint8_t> bytes) const;
  /// The bytes that the next datagram has, at most as many as the buffer; nothing if there is none now.
  std::optional<std::span<const std::uint8_t>> receive(std::span<std::uint8_t> buffer) const;

 private:
  explicit UdpSocket(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace cradle::exchange
