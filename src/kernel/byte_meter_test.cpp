#include "cradle/kernel/byte_meter.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "test_group.h"

namespace cradle::kernel {
namespace {

/// Sum over what is told of one group of version 2.
GroupBytes of(const ByteCounts& counts, std::uint64_t group) {
  GroupBytes sum;
  for (const GroupBytes& bytes : counts.groups) {
    EXPECT_GE(bytes.in, 0);
    EXPECT_GE(bytes.out, 0);
    if (bytes.group.version_2 != group) continue;
    sum.in += bytes.in;
    sum.out += bytes.out;
  }
  return sum;
}

constexpr std::size_t block = 1 << 20;
constexpr std::int64_t blocks = 16;

/// Writes or reads the whole file past the page cache; false if the file system cannot.
bool direct(const std::string& path, bool write) {
  const int file = open(path.c_str(), O_DIRECT | O_CLOEXEC | (write ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY), 0600);
  if (file < 0) return false;
  void* memory = std::aligned_alloc(4096, block);
  if (memory == nullptr) return false;
  std::memset(memory, 0x5a, block);
  bool whole = true;
  for (std::int64_t i = 0; i < blocks; ++i)
    whole &= (write ? ::write(file, memory, block) : ::read(file, memory, block)) == static_cast<ssize_t>(block);
  std::free(memory);
  return close(file) == 0 && whole;
}

TEST(ByteMeter, DirectWritesAndReadsOfAFile) {
  auto meter = ByteMeter::open_block();
  if (!meter) GTEST_SKIP() << to_string(meter.error());
  const TestGroup writer("writer"), reader("reader");
  if (!writer.exists()) GTEST_SKIP() << "no control group of version 2 can be made here";
  // The build folder: /tmp may be in memory.
  const std::string path = (std::filesystem::current_path() / ("cradle-test-" + std::to_string(getpid()))).string();
  const bool done = writer.run([&] {
    if (!direct(path, true)) _exit(3);
  }) && reader.run([&] {
    if (!direct(path, false)) _exit(3);
  });
  unlink(path.c_str());
  if (!done) GTEST_SKIP() << "no direct input and output on the file system of " << path;
  const auto counts = (*meter)->scan();
  ASSERT_TRUE(counts) << to_string(counts.error());
  const double expected = static_cast<double>(block) * blocks;
  const GroupBytes written = of(*counts, writer.id()), read = of(*counts, reader.id());
  if (written.out == 0) GTEST_SKIP() << "the file is on no block device";
  // The file system's own blocks (extents, journal) come on top.
  EXPECT_NEAR(static_cast<double>(written.out), expected, 0.01 * expected);
  EXPECT_NEAR(static_cast<double>(read.in), expected, 0.01 * expected);
  EXPECT_LT(static_cast<double>(written.in), 0.01 * expected);
  EXPECT_EQ(read.out, 0);
  EXPECT_EQ(counts->unplaced_bytes, 0);
  const auto next = (*meter)->scan();
  ASSERT_TRUE(next);
  EXPECT_EQ(of(*next, reader.id()).in, 0) << "told twice";
}

constexpr std::int64_t sent_bytes = 64 << 20;

TEST(ByteMeter, TransferThroughLoopback) {
  if (cgroup2_root().empty()) GTEST_SKIP() << "no control groups of version 2";
  auto meter = ByteMeter::open_network();
  if (!meter) GTEST_SKIP() << to_string(meter.error());
  const TestGroup server("server"), client("client");
  if (!server.exists()) GTEST_SKIP() << "no control group of version 2 can be made here";

  int port_pipe[2];
  ASSERT_EQ(pipe(port_pipe), 0);
  const pid_t receiver = server.start([&] {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) || listen(listener, 1) ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) ||
        write(port_pipe[1], &address, sizeof address) != sizeof address)
      _exit(1);
    const int peer = accept(listener, nullptr, nullptr);
    std::vector<char> buffer(1 << 18);
    std::int64_t received = 0;
    for (ssize_t got = 0; (got = read(peer, buffer.data(), buffer.size())) > 0;) received += got;
    _exit(received == sent_bytes ? 0 : 2);
  });
  sockaddr_in address = {};
  ASSERT_EQ(read(port_pipe[0], &address, sizeof address), static_cast<ssize_t>(sizeof address));
  EXPECT_TRUE(client.run([&] {
    const int peer = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address)) _exit(1);
    const std::vector<char> buffer(1 << 16);
    for (std::int64_t sent = 0; sent < sent_bytes;) {
      const ssize_t step = write(peer, buffer.data(), buffer.size());
      if (step <= 0) _exit(2);
      sent += step;
    }
    close(peer);
  }));
  EXPECT_TRUE(TestGroup::wait_for(receiver));
  close(port_pipe[0]);
  close(port_pipe[1]);

  const auto counts = (*meter)->scan();
  ASSERT_TRUE(counts) << to_string(counts.error());
  const double expected = static_cast<double>(sent_bytes);
  const GroupBytes received = of(*counts, server.id()), sent = of(*counts, client.id());
  EXPECT_NEAR(static_cast<double>(received.in), expected, 0.01 * expected);
  EXPECT_NEAR(static_cast<double>(sent.out), expected, 0.01 * expected);
  // What one sends, the other receives, but for a few packets that have no whole socket (the last of a connection).
  EXPECT_NEAR(static_cast<double>(received.in), static_cast<double>(sent.out), 0.001 * expected);
  EXPECT_NEAR(static_cast<double>(received.out), static_cast<double>(sent.in), 0.001 * expected);
  EXPECT_EQ(counts->unplaced_bytes, 0);
}

TEST(ByteMeter, NoSuchRoot) {
  const auto meter = ByteMeter::open_network("/nonexistent");
  ASSERT_FALSE(meter);
  EXPECT_FALSE(meter.error().message.empty());
  EXPECT_FALSE(meter.error().hint.empty());
}

}  // namespace
}  // namespace cradle::kernel
