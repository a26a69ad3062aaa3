// The server among clients that behave, stall, flood and lie; the pushing client against servers that do the same.
#include "cradle/exposition/server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <rapidcheck/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "http_request.h"
#include "socket.h"

namespace cradle::exposition {
namespace {

using namespace std::chrono_literals;

Descriptor client_of(const Server& server) {
  const auto socket_result =
      connect_to(Address{"", "127.0.0.1", static_cast<std::uint16_t>(server.port())}, "test", Clock::now() + 5s);
  EXPECT_TRUE(socket_result);
  const int fd = dup(socket_result->get());
  return Descriptor(fd);
}

void send_text(const Descriptor& socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN && wait_for(socket, POLLOUT, Clock::now() + 5s)) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Everything until the server closes.
std::string read_to_end(const Descriptor& socket) {
  std::string text;
  char buffer[65536];
  while (wait_for(socket, POLLIN, Clock::now() + 20s)) {
    const ssize_t count = recv(socket.get(), buffer, sizeof buffer, 0);
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

std::string answer_to(const Server& server, std::string_view request) {
  const Descriptor socket = client_of(server);
  send_text(socket, request);
  return read_to_end(socket);
}

Reply echo(std::string_view path, std::string_view accept) {
  if (path == "/throw") throw std::runtime_error("handler");
  if (path == "/large") return {200, "text/plain", std::string(8 << 20, 'x')};
  if (path == "/none") return {404, "text/plain", "no\n"};
  return {200, "text/plain", std::string(path) + "|" + std::string(accept)};
}

std::unique_ptr<Server> started(Handler handler = echo) {
  auto server = Server::start("127.0.0.1:0", std::move(handler));
  EXPECT_TRUE(server);
  return std::move(*server);
}

bool status_is(const std::string& reply, int status) {
  return reply.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

TEST(Server, AnswersWithWhatTheHandlerSays) {
  const auto server = started();
  EXPECT_GT(server->port(), 0);
  EXPECT_EQ(
      answer_to(*server, "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"),
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 19\r\nConnection: close\r\n\r\n"
      "/metrics|text/plain");
  const std::string head = answer_to(*server, "HEAD /metrics HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(status_is(head, 200));
  EXPECT_NE(head.find("Content-Length: 9\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_TRUE(status_is(answer_to(*server, "GET /none HTTP/1.0\r\n\r\n"), 404));
}

TEST(Server, ManyRequestsOnOneConnection) {
  const auto server = started();
  const std::string reply = answer_to(*server,
                                      "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"
                                      "GET /3 HTTP/1.1\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\n\r\n");
  EXPECT_NE(reply.find("/1|"), std::string::npos);
  EXPECT_LT(reply.find("/1|"), reply.find("/2|"));
  EXPECT_LT(reply.find("/2|"), reply.find("/3|"));
  EXPECT_EQ(reply.find("/4|"), std::string::npos);
}

TEST(Server, RefusesWhatItDoesNotSpeak) {
  const auto server = started();
  EXPECT_TRUE(status_is(answer_to(*server, "nonsense\r\n\r\n"), 400));
  EXPECT_TRUE(status_is(answer_to(*server, std::string_view("\0\1\2\n\n", 5)), 400));
  EXPECT_TRUE(status_is(answer_to(*server, "GET /x HTTP/2.0\r\n\r\n"), 505));
  EXPECT_TRUE(status_is(answer_to(*server, "POST /x HTTP/1.1\r\nContent-Length: 1000000000000\r\n\r\nabc"), 405));
  EXPECT_TRUE(status_is(answer_to(*server, "DELETE /x HTTP/1.1\r\n\r\n"), 405));
  EXPECT_TRUE(status_is(answer_to(*server, "GET /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 413));
  EXPECT_TRUE(status_is(answer_to(*server, "GET /" + std::string(100'000, 'a')), 431));
  EXPECT_TRUE(status_is(answer_to(*server, std::string(1'000'000, '\n')), 431));
  EXPECT_TRUE(status_is(answer_to(*server, "GET /throw HTTP/1.0\r\n\r\n"), 500));
  EXPECT_TRUE(status_is(answer_to(*server, "GET /still HTTP/1.0\r\n\r\n"), 200));
}

TEST(Server, SlowClientsKeepNobodyWaiting) {
  const auto server = started();
  // Half a request each, and some that fetch megabytes without reading them: more than there are places.
  std::vector<Descriptor> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(client_of(*server));
    send_text(slow.back(), i % 4 == 0 ? "GET /large HTTP/1.1\r\n\r\n" : "GET /half HTT");
  }
  EXPECT_TRUE(status_is(answer_to(*server, "GET /quick HTTP/1.0\r\n\r\n"), 200));
}

TEST(Server, AllOfALargeReply) {
  const auto server = started();
  const std::string reply = answer_to(*server, "GET /large HTTP/1.0\r\n\r\n");
  EXPECT_EQ(reply.size() - reply.find("\r\n\r\n") - 4, std::size_t{8} << 20);
}

TEST(Server, StopsWhileClientsAreConnected) {
  auto server = started();
  const Descriptor idle = client_of(*server), half = client_of(*server), full = client_of(*server);
  send_text(half, "GET /x");
  send_text(full, "GET /large HTTP/1.1\r\n\r\n");
  const int port = server->port();
  server.reset();
  EXPECT_EQ(read_to_end(idle), "");
  // The address is free again.
  EXPECT_TRUE(Server::start("127.0.0.1:" + std::to_string(port), echo));
}

TEST(Server, OneCallAtATime) {
  std::atomic<int> inside{0}, most{0}, calls{0};
  const auto server = started([&](std::string_view, std::string_view) {
    most = std::max(most.load(), ++inside);
    std::this_thread::yield();
    --inside;
    ++calls;
    return Reply{};
  });
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] {
      for (int j = 0; j < 20; ++j) EXPECT_TRUE(status_is(answer_to(*server, "GET / HTTP/1.0\r\n\r\n"), 200));
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(calls, 160);
  EXPECT_EQ(most, 1);
}

class ServerPath : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "cradle-server-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

std::string answer_at(const std::filesystem::path& path, std::string_view request) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  const Descriptor socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return "no connection";
  send_text(socket_, request);
  return read_to_end(socket_);
}

TEST_F(ServerPath, ServesAtAPathAndRemovesIt) {
  const std::filesystem::path path = folder_ / "cradle.sock";
  {
    const auto server = Server::start("unix:" + path.string(), echo);
    ASSERT_TRUE(server);
    EXPECT_EQ((*server)->port(), 0);
    EXPECT_TRUE(answer_at(path, "GET /me HTTP/1.0\r\n\r\n").ends_with("/me|"));
    const auto second = Server::start("unix:" + path.string(), echo);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::failed);
    EXPECT_TRUE(answer_at(path, "GET /me HTTP/1.0\r\n\r\n").ends_with("/me|"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ServerPath, ReplacesAnAbandonedSocketButNoFile) {
  const std::filesystem::path path = folder_ / "cradle.sock";
  {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
    const Descriptor abandoned(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(abandoned.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  EXPECT_TRUE(Server::start("unix:" + path.string(), echo));

  const std::filesystem::path file = folder_ / "file";
  std::filesystem::create_directory(file);
  EXPECT_FALSE(Server::start("unix:" + file.string(), echo));
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(Server, AddressesThatAreNone) {
  for (const char* address :
       {"", "localhost", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:-1", "127.0.0.1:+80", "127.0.0.1:80x",
        "::1:80", "[::1:80", "a b:80", "unix:", "[]:80", "127.0.0.1:99999999999999999999"}) {
    const auto server = Server::start(address, echo);
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().code, ErrorCode::bad_input) << address;
    EXPECT_EQ(server.error().where, address);
    EXPECT_FALSE(server.error().hint.empty());
  }
  EXPECT_EQ(Server::start("unix:/" + std::string(200, 'a'), echo).error().code, ErrorCode::bad_input);
  EXPECT_EQ(Server::start("unix:/no/such/folder/x", echo).error().code, ErrorCode::failed);
  const auto server = started();
  const auto taken = Server::start("127.0.0.1:" + std::to_string(server->port()), echo);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::failed);
  EXPECT_NE(taken.error().hint.find("another program"), std::string::npos);
}

TEST(Server, EveryInterface) {
  const auto server = Server::start(":0", echo);
  ASSERT_TRUE(server);
  EXPECT_TRUE(status_is(answer_to(**server, "GET / HTTP/1.0\r\n\r\n"), 200));
}

TEST(ReadHead, HeadersInAnyCaseAndPieces) {
  const std::string text =
      "\r\nGET /a?b#c HTTP/1.1\r\nhOST: x\r\nACCEPT:  a/b \r\nAccept: c/d\r\nconnection: Foo, CLOSE\r\n\r\nrest";
  const std::size_t end = text.size() - 4;
  for (std::size_t i = 0; i < end; ++i) EXPECT_EQ(read_head(std::string_view(text).substr(0, i)).status, 0) << i;
  const HttpHead head = read_head(text);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.length, end);
  EXPECT_EQ(head.request.method, "GET");
  EXPECT_EQ(head.request.path, "/a");
  EXPECT_EQ(head.request.accept, "a/b, c/d");
  EXPECT_FALSE(head.request.keep_alive);
  EXPECT_FALSE(head.request.has_body);
}

TEST(ReadHead, MalformedLines) {
  for (const char* line : {"GET", "GET /", "GET / ", " / HTTP/1.1", "GET x HTTP/1.1", "GET /a b HTTP/1.1",
                           "G\tT / HTTP/1.1", "GET /\x7f HTTP/1.1", "GET / http/1.1", "GET http://a/ HTTP/1.1"})
    EXPECT_EQ(read_head(std::string(line) + "\r\n\r\n").status, 400) << line;
  for (const char* line : {"NoColon", ": empty", "Na me: x", "a: b\rc", " folded: x"})
    EXPECT_EQ(read_head("GET / HTTP/1.1\r\n" + std::string(line) + "\r\n\r\n").status, 400) << line;
}

RC_GTEST_PROP(ReadHead, AnyBytes, (std::string bytes)) {
  for (const std::string& text : {bytes, "GET /" + bytes, "GET / HTTP/1.1\r\n" + bytes + "\r\n\r\n"}) {
    const HttpHead head = read_head(text);
    RC_ASSERT(head.length <= text.size());
    RC_ASSERT(head.status == 0 || head.status == 200 || head.status == 400 || head.status == 431 || head.status == 505);
    if (head.status == 200) RC_ASSERT(head.request.path.starts_with('/'));
  }
}

/// Takes one connection, reads `expected` bytes, sends `reply`, closes.
class Receiver {
 public:
  explicit Receiver(std::string reply, std::size_t enough = 1) {
    auto listener = listen_at(Address{"", "127.0.0.1", 0}, "test");
    EXPECT_TRUE(listener);
    port_ = bound_port(*listener);
    thread_ = std::thread([this, enough, reply = std::move(reply), socket = std::move(*listener)] {
      if (!wait_for(socket, POLLIN, Clock::now() + 10s)) return;
      const Descriptor peer(accept(socket.get(), nullptr, nullptr));
      char buffer[65536];
      while (got_.size() < enough) {
        const ssize_t count = recv(peer.get(), buffer, sizeof buffer, 0);
        if (count <= 0) break;
        got_.append(buffer, static_cast<std::size_t>(count));
      }
      send_text(peer, reply);
    });
  }
  ~Receiver() { join(); }
  const std::string& join() {
    if (thread_.joinable()) thread_.join();
    return got_;
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

 private:
  int port_ = 0;
  std::string got_;
  std::thread thread_;
};

TEST(Post, SendsHeadAndBody) {
  const std::string body(3'000'000, 'b');
  Receiver receiver("HTTP/1.1 204 No Content\r\n\r\n", body.size() + 100);
  EXPECT_TRUE(post(receiver.url("/v1/metrics?x#y"), "application/json", body));
  const std::string& got = receiver.join();
  EXPECT_TRUE(got.starts_with("POST /v1/metrics?x HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_NE(got.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(got.find("\r\nContent-Length: 3000000\r\n"), std::string::npos);
}

TEST(Post, SaysWhyItWasRefused) {
  Receiver receiver("HTTP/1.1 503 Service Unavailable\r\n\r\n");
  const auto result = post(receiver.url("/"), "text/plain", "x");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::failed);
  EXPECT_NE(result.error().message.find("503 Service Unavailable"), std::string::npos);
}

TEST(Post, AnswersThatAreNone) {
  for (const char* reply : {"", "HTTP/1.1", "garbage\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1 2\r\n"}) {
    Receiver receiver(reply);
    const auto result = post(receiver.url("/"), "text/plain", "x");
    ASSERT_FALSE(result) << reply;
    EXPECT_EQ(result.error().code, ErrorCode::failed) << reply;
  }
  Receiver endless(std::string(1'000'000, 'a'));
  EXPECT_FALSE(post(endless.url("/"), "text/plain", "x"));
}

TEST(Post, NobodyListens) {
  std::string url;
  {
    const auto server = started();
    url = "http://127.0.0.1:" + std::to_string(server->port()) + "/";
  }
  const auto result = post(url, "text/plain", "x");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::failed);
  EXPECT_EQ(result.error().where, url);
}

TEST(Post, UrlsThatAreNone) {
  for (const char* url : {"", "https://a/", "a/b", "http://", "http:///x", "http://u:p@h/", "http://a b/",
                          "http://a/\r\nX: y", "http://a:99999/", "http://unix:/tmp/x"}) {
    const auto result = post(url, "text/plain", "x");
    ASSERT_FALSE(result) << url;
    EXPECT_EQ(result.error().code, ErrorCode::bad_input) << url;
  }
}

TEST(Server, ServesThePushingClientA405) {
  const auto server = started();
  const auto result = post("http://127.0.0.1:" + std::to_string(server->port()) + "/x", "text/plain", "body");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("405"), std::string::npos);
}

}  // namespace
}  // namespace cradle::exposition
