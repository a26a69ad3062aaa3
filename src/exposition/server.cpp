// One thread, one poll loop, no blocking call: a client that is slow, silent or hostile costs a bounded buffer and a
// bounded time, and nobody else waits for it.
#include "cradle/exposition/server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "http_request.h"
#include "socket.h"

namespace cradle::exposition {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_connections = 64;
constexpr std::size_t most_pending_bytes = std::size_t{32} << 20;  ///< of replies that clients do not fetch
constexpr auto request_time = 10s;                                 ///< for a whole request head
constexpr auto reply_time = 30s;                                   ///< for a client to take its reply
constexpr auto kept_time = 120s;    ///< between two requests; scrapers come every 5 s to 60 s
constexpr auto farewell_time = 1s;  ///< for a client to see the last reply before the connection is cut
constexpr auto breath = 100ms;      ///< without accepting, when the process has no descriptors left

struct Connection {
  Descriptor socket;
  std::string in, out;
  std::size_t sent = 0;
  Clock::time_point deadline;
  bool last = false;      ///< close after this reply
  bool leaving = false;   ///< the last reply is out: whatever still comes is thrown away
  bool finished = false;  ///< to be closed

  bool writing() const { return sent < out.size(); }
};

const char* phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 505: return "HTTP Version Not Supported";
    default: return "Other";
  }
}

void set_reply(Connection& connection, Reply reply, bool with_body) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + ' ' + phrase(reply.status) +
                     "\r\nContent-Type: " + reply.content_type +
                     "\r\nContent-Length: " + std::to_string(reply.body.size());
  if (reply.status == 405) head += "\r\nAllow: GET, HEAD";
  head += connection.last ? "\r\nConnection: close\r\n\r\n" : "\r\nConnection: keep-alive\r\n\r\n";
  if (!with_body) reply.body.clear();
  connection.out = std::move(reply.body);
  connection.out.insert(0, head);
  connection.sent = 0;
  connection.deadline = Clock::now() + reply_time;
}

void refuse(Connection& connection, int status) {
  connection.last = true;
  set_reply(connection, Reply{status, "text/plain; charset=utf-8", std::string(phrase(status)) + "\n"}, true);
}

class PollServer final : public Server {
 public:
  PollServer(Descriptor listener, Descriptor wake, std::string path, Handler handler)
      : listener_(std::move(listener)),
        wake_(std::move(wake)),
        path_(std::move(path)),
        handler_(std::move(handler)),
        port_(bound_port(listener_)) {}

  ~PollServer() override {
    if (thread_.joinable()) {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
      thread_.join();
    }
    if (!path_.empty()) unlink(path_.c_str());
  }

  Result<void> run(const std::string& address) {
    // Signals are for the thread that the program handles them in.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    Result<void> result;
    try {
      thread_ = std::thread([this] { serve(); });
    } catch (const std::system_error& error) {
      result =
          failure(std::string("no thread to serve with: ") + error.what(), address, "raise the limit of processes");
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return result;
  }

  int port() const override { return port_; }

 private:
  void serve() {
    std::vector<pollfd> polled;
    for (;;) {
      polled.clear();
      polled.push_back({wake_.get(), POLLIN, 0});
      const bool accepting = Clock::now() >= accept_from_;
      polled.push_back({listener_.get(), static_cast<short>(accepting ? POLLIN : 0), 0});
      Clock::time_point next = accepting ? Clock::time_point::max() : accept_from_;
      for (const Connection& connection : connections_) {
        const int events = connection.writing() ? POLLOUT : POLLIN;
        polled.push_back({connection.socket.get(), static_cast<short>(events), 0});
        next = std::min(next, connection.deadline);
      }
      const int timeout = next == Clock::time_point::max() ? -1 : milliseconds_to(next);
      if (poll(polled.data(), polled.size(), timeout) < 0 && errno != EINTR) return;
      if (polled[0].revents != 0) return;
      const Clock::time_point now = Clock::now();
      for (std::size_t i = 0; i < connections_.size(); ++i) {
        Connection& connection = connections_[i];
        if (polled[i + 2].revents != 0 && !connection.finished) advance(connection);
        if (now >= connection.deadline && !connection.finished) connection.finished = true;
      }
      std::erase_if(connections_, [](const Connection& connection) { return connection.finished; });
      if (polled[1].revents != 0) accept_all();
    }
  }

  void accept_all() {
    for (;;) {
      Descriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) accept_from_ = Clock::now() + breath;
        return;
      }
      // The one that has had most of its time makes room: a client that works is done long before.
      if (connections_.size() >= most_connections)
        connections_.erase(
            std::min_element(connections_.begin(), connections_.end(),
                             [](const Connection& a, const Connection& b) { return a.deadline < b.deadline; }));
      Connection connection;
      connection.socket = std::move(socket);
      connection.deadline = Clock::now() + request_time;
      connections_.push_back(std::move(connection));
    }
  }

  void advance(Connection& connection) {
    if (connection.writing() ? send_some(connection) : receive_some(connection)) answer(connection);
    // A short reply fits into the socket's buffer: most are done without another round.
    while (!connection.finished && connection.writing() && send_some(connection)) answer(connection);
  }

  /// True if there may be a request to answer.
  bool receive_some(Connection& connection) {
    char buffer[4096];
    const ssize_t count = recv(connection.socket.get(), buffer, sizeof buffer, 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return false;
    if (count <= 0) {
      connection.finished = true;
      return false;
    }
    if (connection.leaving) return false;
    if (connection.in.empty()) connection.deadline = Clock::now() + request_time;
    connection.in.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  /// True if the reply is out and the connection stays.
  bool send_some(Connection& connection) {
    const ssize_t count = send(connection.socket.get(), connection.out.data() + connection.sent,
                               connection.out.size() - connection.sent, MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return false;
    if (count < 0) {
      connection.finished = true;
      return false;
    }
    connection.sent += static_cast<std::size_t>(count);
    if (connection.writing()) return false;
    std::string().swap(connection.out);  // megabytes are not kept for the next scrape
    connection.sent = 0;
    connection.deadline = Clock::now() + kept_time;
    if (!connection.last) return true;
    // Closing with bytes unread would reset the connection and take the reply away from the client.
    shutdown(connection.socket.get(), SHUT_WR);
    connection.leaving = true;
    connection.deadline = Clock::now() + farewell_time;
    return false;
  }

  void answer(Connection& connection) {
    const HttpHead head = read_head(connection.in);
    if (head.status == 0) return;
    connection.in.erase(0, head.length);
    if (head.status != 200) return refuse(connection, head.status);
    const HttpRequest& request = head.request;
    if (request.has_body) return refuse(connection, request.method == "GET" || request.method == "HEAD" ? 413 : 405);
    connection.last = !request.keep_alive;
    if (request.method != "GET" && request.method != "HEAD") return refuse(connection, 405);
    make_room();
    set_reply(connection, reply_of(request), request.method == "GET");
  }

  /// Drops the clients that have left megabytes unfetched for longest: what they hold is memory of everybody's.
  void make_room() {
    for (;;) {
      std::size_t pending = 0;
      Connection* slowest = nullptr;
      for (Connection& one : connections_) {
        pending += one.out.size();
        if (one.writing() && (slowest == nullptr || one.deadline < slowest->deadline)) slowest = &one;
      }
      if (pending < most_pending_bytes || slowest == nullptr) return;
      std::string().swap(slowest->out);
      slowest->sent = 0;
      slowest->finished = true;
    }
  }

  Reply reply_of(const HttpRequest& request) {
    try {
      return handler_(request.path, request.accept);
    } catch (const std::exception&) {
      return Reply{500, "text/plain; charset=utf-8", "the handler failed\n"};
    }
  }

  Descriptor listener_, wake_;
  std::string path_;
  Handler handler_;
  int port_ = 0;
  Clock::time_point accept_from_{};
  std::vector<Connection> connections_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const std::string& address, Handler handler) {
  const Result<Address> where = parse_address(address);
  if (!where) return where.error();
  Result<Descriptor> listener = listen_at(*where, address);
  if (!listener) return listener.error();
  Descriptor wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake)
    return failure("no event descriptor: " + std::generic_category().message(errno), address,
                   "raise the limit of open files");
  auto server = std::make_unique<PollServer>(std::move(*listener), std::move(wake), where->path, std::move(handler));
  if (Result<void> running = server->run(address); !running) return running.error();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace cradle::exposition
