// Sockets that close themselves, and addresses as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "cradle/base/result.h"

namespace cradle::exposition {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Where to listen or connect. `path` for unix:PATH, else host (empty: every interface) and port.
struct Address {
  std::string path, host;
  std::uint16_t port = 0;
};

/// "HOST:PORT", "[V6]:PORT", ":PORT", "unix:PATH". bad_input with `text` as its place.
Result<Address> parse_address(const std::string& text);

/// Listens, without blocking. A socket file that nobody listens at any more is replaced; `text` is for errors.
Result<Descriptor> listen_at(const Address& address, const std::string& text);
/// Connects by the deadline, without blocking afterwards.
Result<Descriptor> connect_to(const Address& address, const std::string& text, Clock::time_point deadline);

/// The port that a socket is bound to; 0 for one with a path.
int bound_port(const Descriptor& socket);
/// Waits for `events` (poll.h); false at the deadline.
bool wait_for(const Descriptor& socket, short events, Clock::time_point deadline);
/// Milliseconds to the deadline, never negative, rounded up.
int milliseconds_to(Clock::time_point deadline);

}  // namespace cradle::exposition
