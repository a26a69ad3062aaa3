#include "cradle/report/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "cradle/report/table.h"

namespace cradle::report {
namespace {

/// A terminal whose other end the test reads.
class Terminal {
 public:
  Terminal() {
    master_ = posix_openpt(O_RDWR | O_NOCTTY);
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) return;
    const char* name = ptsname(master_);
    if (name != nullptr) out_ = fopen(name, "w");
  }
  ~Terminal() {
    if (out_ != nullptr) fclose(out_);
    if (master_ >= 0) close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  std::FILE* out() { return out_; }
  /// What has been written and not yet read.
  std::string read_all() {
    std::string text;
    char buffer[4096];
    pollfd waiting{master_, POLLIN, 0};
    while (poll(&waiting, 1, 50) > 0 && (waiting.revents & POLLIN) != 0) {
      const ssize_t count = read(master_, buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int master_ = -1;
  std::FILE* out_ = nullptr;
};

TEST(ProgressLine, SaysWhatHowFarAndHowLong) {
  EXPECT_EQ(progress_line("replay", 25, 100, carbon::Seconds{30}, 100),
            "replay [######..................] 25/100 25 %, 30 s, 1.5 min left");
  EXPECT_EQ(progress_line("read", 7, 0, carbon::Seconds{2}, 100), "read 7, 2 s");
  EXPECT_EQ(progress_line("replay", 120, 100, carbon::Seconds{2}, 100),
            "replay [########################] 100/100 100 %, 2 s");
}

TEST(ProgressLine, NeverWiderThanTheTerminal) {
  for (std::size_t columns = 0; columns < 90; ++columns)
    EXPECT_LE(display_width(progress_line("na\u00EFve replay", 123456, 1'000'000, carbon::Seconds{3725}, columns)),
              columns);
}

TEST(Progress, WritesNothingToAFileOrWhenDisabled) {
  std::FILE* file = tmpfile();
  ASSERT_NE(file, nullptr);
  {
    Progress progress("work", 10, true, file);
    EXPECT_FALSE(progress.shown());
    std::this_thread::sleep_for(std::chrono::milliseconds(350));
    progress.advance(5);
  }
  EXPECT_EQ(ftell(file), 0);
  fclose(file);

  Terminal terminal;
  if (terminal.out() == nullptr) GTEST_SKIP() << "this system gives no pseudo terminal";
  {
    Progress progress("work", 10, false, terminal.out());
    EXPECT_FALSE(progress.shown());
    std::this_thread::sleep_for(std::chrono::milliseconds(350));
    progress.advance(5);
  }
  EXPECT_EQ(terminal.read_all(), "");
}

TEST(Progress, ShortWorkShowsNothing) {
  Terminal terminal;
  if (terminal.out() == nullptr) GTEST_SKIP() << "this system gives no pseudo terminal";
  {
    Progress progress("work", 10, true, terminal.out());
    EXPECT_TRUE(progress.shown());
    for (int i = 0; i < 10; ++i) progress.advance();
  }
  EXPECT_EQ(terminal.read_all(), "");
}

TEST(Progress, RedrawsAtMostTenTimesASecondFromAnyThreadAndClearsItself) {
  Terminal terminal;
  if (terminal.out() == nullptr) GTEST_SKIP() << "this system gives no pseudo terminal";
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::steady_clock::now() - start; };
  {
    Progress progress("work", std::uint64_t{1} << 40, true, terminal.out());
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        while (elapsed() < std::chrono::milliseconds(800)) progress.advance();
      });
    for (std::thread& thread : threads) thread.join();
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed()).count();
  const std::string text = terminal.read_all();
  const std::string clear = "\r\x1b[K";
  EXPECT_NE(text.find("work ["), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(clear)) << text;
  EXPECT_LE(std::count(text.begin(), text.end(), '\r') - 1, took / 100 + 1);
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace cradle::report
