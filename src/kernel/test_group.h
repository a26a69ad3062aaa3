// A control group of version 2 of the test's own, with processes of the test in it; removed at the end.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "cradle/kernel/byte_meter.h"

namespace cradle::kernel {

class TestGroup {
 public:
  explicit TestGroup(const std::string& name)
      : TestGroup(cgroup2_root(), "cradle-test-" + std::to_string(getpid()) + "-" + name) {}
  TestGroup(const TestGroup& parent, const std::string& name) : TestGroup(parent.folder_, name) {}
  ~TestGroup() {
    // The kernel lets go of a group a moment after its last process is reaped.
    for (int i = 0; i < 100 && rmdir(folder_.c_str()) != 0 && errno == EBUSY; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  TestGroup(const TestGroup&) = delete;
  TestGroup& operator=(const TestGroup&) = delete;

  bool exists() const { return std::filesystem::exists(folder_ / "cgroup.procs"); }
  std::uint64_t id() const {
    struct stat status = {};
    return stat(folder_.c_str(), &status) == 0 ? status.st_ino : 0;
  }
  /// The truth: cpu.stat usage_usec in nanoseconds.
  std::int64_t cpu_ns() const {
    std::ifstream file(folder_ / "cpu.stat");
    std::string word;
    std::int64_t value = 0;
    while (file >> word >> value)
      if (word == "usage_usec") return value * 1000;
    return 0;
  }
  /// Moves a process, 0: the one that asks.
  bool take(pid_t pid) const { return write("cgroup.procs", pid); }
  bool write(const char* file, pid_t pid) const {
    const int out = open((folder_ / file).c_str(), O_WRONLY | O_CLOEXEC);
    const std::string text = std::to_string(pid);
    const bool written = out >= 0 && ::write(out, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (out >= 0) close(out);
    return written;
  }
  /// A child that works in this group.
  pid_t start(const std::function<void()>& work) const {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    if (!take(0)) _exit(1);
    work();
    _exit(0);
  }
  /// The same to its end; false if it failed.
  bool run(const std::function<void()>& work) const { return wait_for(start(work)); }
  static bool wait_for(pid_t pid) {
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  bool shell(const std::string& script) const {
    return run([&] { execl("/bin/sh", "sh", "-c", script.c_str(), nullptr); });
  }

 private:
  TestGroup(const std::filesystem::path& parent, const std::string& name) : folder_(parent / name) {
    std::error_code failed;
    if (!parent.empty()) std::filesystem::create_directory(folder_, failed);
  }

  std::filesystem::path folder_;
};

/// Uses CPU time of the calling thread, by its own clock.
inline void burn(std::chrono::milliseconds time) {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  const std::int64_t end = now.tv_sec * 1'000'000'000 + now.tv_nsec + time.count() * 1'000'000;
  while (now.tv_sec * 1'000'000'000 + now.tv_nsec < end) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
}

}  // namespace cradle::kernel
