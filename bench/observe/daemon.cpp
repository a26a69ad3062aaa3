#include "daemon.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

namespace cradle::bench {

Result<Daemon> Daemon::start(const std::filesystem::path& cradle, Group group, const std::filesystem::path& folder,
                             const std::string& interval, Service service) {
  Daemon daemon(std::move(group));
  daemon.socket_ = folder / "observe.socket";
  std::filesystem::remove(daemon.socket_);
  // It goes on as cradle-observe.
  std::vector<std::string> command = {cradle.string(),
                                      "observe",
                                      "--daemon",
                                      "--web.listen-address",
                                      "unix:" + daemon.socket_.string(),
                                      "--interval",
                                      interval,
                                      "--tier",
                                      "bpf",
                                      "--meter",
                                      "simulated:idle=10,core=10"};
  if (service == Service::all)
    for (const char* option : {"ledger", "checkpoint", "self-socket"}) {
      command.push_back("--" + std::string(option));
      command.push_back((folder / option).string());
    }
  daemon.process_ = daemon.group_.start_command(command);
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (!daemon.scrape().empty()) return daemon;
  }
  return failure("cradle observe --daemon does not answer", daemon.socket_.string(),
                 "run it by hand: " + cradle.string() + " observe --daemon --tier bpf");
}

Daemon::Daemon(Daemon&& other) noexcept
    : group_(std::move(other.group_)), process_(std::exchange(other.process_, -1)), socket_(std::move(other.socket_)) {}

Daemon::~Daemon() { end(process_); }

std::int64_t Daemon::status_bytes(const char* key) const {
  std::ifstream file("/proc/" + std::to_string(process_) + "/status");
  for (std::string word; file >> word;) {
    std::int64_t kilobytes = 0;
    if (word == key && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

std::string Daemon::scrape() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.string().size() >= sizeof address.sun_path) return {};
  std::strcpy(address.sun_path, socket_.c_str());
  const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{5, 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  constexpr char request[] = "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
  std::string reply;
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      write(connection, request, sizeof request - 1) == sizeof request - 1) {
    char buffer[65536];
    for (ssize_t got = 0; (got = read(connection, buffer, sizeof buffer)) > 0;) {
      reply.append(buffer, static_cast<std::size_t>(got));
    }
  }
  close(connection);
  const std::size_t body = reply.find("\r\n\r\n");
  return body == std::string::npos ? std::string() : reply.substr(body + 4);
}

}  // namespace cradle::bench
