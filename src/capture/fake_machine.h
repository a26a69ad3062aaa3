// For tests: a folder that holds the proc and sys of a machine that does not exist. Removed at the end.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace cradle::capture {

class FakeMachine {
 public:
  FakeMachine() {
    // In memory where that is possible: thousands of small files are written.
    const bool in_memory = ::access("/dev/shm", W_OK) == 0;
    const std::filesystem::path folder = in_memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string name = (folder / "cradle-machine-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~FakeMachine() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  const std::filesystem::path& root() const { return root_; }
  void write(const std::string& path, std::string_view text) const {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  void remove(const std::string& path) const { std::filesystem::remove_all(root_ / path); }

  void mount_version_2() const {
    write("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
    std::filesystem::create_directories(root_ / "sys/fs/cgroup");
  }
  void mount_version_1() const {
    write("proc/self/mountinfo",
          "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
          "33 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    std::filesystem::create_directories(root_ / "sys/fs/cgroup/cpu,cpuacct");
    std::filesystem::create_directories(root_ / "sys/fs/cgroup/memory");
  }
  void mount_both() const {
    write("proc/self/mountinfo",
          "32 31 0:29 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
          "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    std::filesystem::create_directories(root_ / "sys/fs/cgroup/cpuacct");
    std::filesystem::create_directories(root_ / "sys/fs/cgroup/unified");
  }
  /// `group` as "" for the root, else "/a/b".
  void set_version_2(const std::string& group, std::int64_t usage_us, const std::string& mount = "") const {
    write("sys/fs/cgroup" + mount + group + "/cpu.stat", "usage_usec " + std::to_string(usage_us) + "\nnr_periods 0\n");
  }
  void set_version_1(const std::string& group, std::int64_t usage_ns, const std::string& mount = "cpu,cpuacct") const {
    write("sys/fs/cgroup/" + mount + group + "/cpuacct.usage", std::to_string(usage_ns) + "\n");
  }
  void set_process(int pid, std::string_view command, std::int64_t ticks, std::int64_t started_ticks,
                   std::string_view groups) const {
    const std::string folder = "proc/" + std::to_string(pid);
    write(folder + "/stat", std::to_string(pid) + " (" + std::string(command) + ") S 1 1 1 0 -1 4194560 9 9 9 9 " +
                                std::to_string(ticks) + " 0 0 0 20 0 1 0 " + std::to_string(started_ticks) +
                                " 1000000 25 18446744073709551615 1 1 0\n");
    write(folder + "/cgroup", groups);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace cradle::capture
