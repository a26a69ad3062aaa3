#include "traffic.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace cradle::bench {

namespace {

constexpr std::int64_t block = 64 << 10;

bool move_direct(const std::filesystem::path& path, std::int64_t bytes, bool writing) {
  const int file = open(path.c_str(), (writing ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY) | O_DIRECT | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const std::unique_ptr<void, decltype(&std::free)> buffer(std::aligned_alloc(4096, block), &std::free);
  std::memset(buffer.get(), 'c', block);
  bool good = true;
  for (std::int64_t done = 0; good && done < bytes; done += block) {
    const ssize_t moved = writing ? write(file, buffer.get(), block) : read(file, buffer.get(), block);
    good = moved == block;
  }
  close(file);
  return good;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

bool write_direct(const std::filesystem::path& file, std::int64_t bytes) { return move_direct(file, bytes, true); }
bool read_direct(const std::filesystem::path& file, std::int64_t bytes) { return move_direct(file, bytes, false); }

int listen_loopback(int& port) {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listening < 0 || bind(listening, generic, size) != 0 || listen(listening, 1) != 0 ||
      getsockname(listening, generic, &size) != 0) {
    if (listening >= 0) close(listening);
    return -1;
  }
  port = ntohs(address.sin_port);
  return listening;
}

std::int64_t receive_all(int listening) {
  const int connection = accept(listening, nullptr, nullptr);
  if (connection < 0) return -1;
  std::vector<char> buffer(256 << 10);
  std::int64_t bytes = 0;
  ssize_t got = 0;
  while ((got = read(connection, buffer.data(), buffer.size())) > 0) bytes += got;
  close(connection);
  return got < 0 ? -1 : bytes;
}

bool send_bytes(int port, std::int64_t bytes) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  bool good = connection >= 0 && connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const std::vector<char> buffer(256 << 10, 'c');
  while (good && bytes > 0) {
    const ssize_t sent = write(connection, buffer.data(),
                               static_cast<std::size_t>(std::min<std::int64_t>(bytes, std::int64_t{256} << 10)));
    good = sent > 0;
    bytes -= sent;
  }
  if (connection >= 0) close(connection);
  return good;
}

}  // namespace cradle::bench
