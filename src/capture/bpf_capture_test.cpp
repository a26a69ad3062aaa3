#include "bpf_capture.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "cradle/kernel/byte_meter.h"
#include "tiers.h"

namespace cradle::capture {
namespace {

using std::chrono::milliseconds;

/// A control group of version 2 of this test's own.
class OwnGroup {
 public:
  explicit OwnGroup(const char* name)
      : folder_(kernel::cgroup2_root() / ("cradle-test-" + std::to_string(getpid()) + "-" + name)) {
    std::error_code failed;
    if (!kernel::cgroup2_root().empty()) std::filesystem::create_directory(folder_, failed);
  }
  ~OwnGroup() { remove(); }
  OwnGroup(const OwnGroup&) = delete;
  OwnGroup& operator=(const OwnGroup&) = delete;

  void remove() const {
    for (int i = 0; i < 100 && rmdir(folder_.c_str()) != 0 && errno == EBUSY; ++i)
      std::this_thread::sleep_for(milliseconds(10));
  }
  bool exists() const { return std::filesystem::exists(folder_ / "cgroup.procs"); }
  std::uint64_t id() const {
    struct stat status = {};
    return stat(folder_.c_str(), &status) == 0 ? status.st_ino : 0;
  }
  /// Runs a shell script in the group to its end.
  bool shell(const std::string& script) const {
    const std::string whole = "echo $$ > " + (folder_ / "cgroup.procs").string() + " && " + script;
    const pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/sh", "sh", "-c", whole.c_str(), nullptr);
      _exit(127);
    }
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  std::filesystem::path folder_;
};

const GroupUsage* find(const Scan& scan, std::uint64_t id) {
  for (const GroupUsage& group : scan.groups)
    if (group.id == id) return &group;
  return nullptr;
}

bool settled(Capture& capture) {
  const auto result = capture.settle(milliseconds(2000));
  return result && *result;
}

constexpr const char* storm = "i=0; while [ $i -lt 300 ]; do (:); i=$((i+1)); done";

TEST(BpfCapture, ProcessesAddUpToTheirGroup) {
  auto capture = BpfCapture::open({});
  if (!capture) GTEST_SKIP() << to_string(capture.error());
  const OwnGroup group("sum");
  if (!group.exists()) GTEST_SKIP() << "no control group of version 2 can be made here";
  auto scan = (*capture)->scan();
  ASSERT_TRUE(scan) << to_string(scan.error());
  EXPECT_EQ(scan->interval_ns, 0);
  std::int64_t resident = 0;
  for (const GroupUsage& usage : scan->groups) resident += usage.resident_bytes;
  EXPECT_GT(resident, 1 << 20);
  EXPECT_TRUE(scan->processes.empty()) << "the first scan only sets the marks";

  ASSERT_TRUE(group.shell(storm));
  ASSERT_TRUE(settled(**capture));
  scan = (*capture)->scan();
  ASSERT_TRUE(scan) << to_string(scan.error());
  EXPECT_EQ(scan->tier, Tier::bpf);
  EXPECT_GT(scan->interval_ns, 0);
  EXPECT_GT(scan->own_cpu_ns, 0);
  EXPECT_EQ(scan->lost_records, 0);
  const GroupUsage* usage = find(*scan, group.id());
  ASSERT_NE(usage, nullptr);
  ASSERT_TRUE(usage->cpu_is_exact);
  std::int64_t sum = 0, ended = 0;
  std::set<ProcessKey> keys;
  for (const ProcessUsage& process : scan->processes) {
    EXPECT_TRUE(process.cpu_ns > 0 || process.ended);
    if (process.group != group.id()) continue;
    EXPECT_TRUE(keys.insert(process.key).second);
    sum += process.cpu_ns;
    ended += process.ended;
  }
  EXPECT_EQ(ended, 301);
  EXPECT_GE(static_cast<double>(sum), 0.995 * static_cast<double>(usage->cpu_ns));
  EXPECT_LE(static_cast<double>(sum), static_cast<double>(usage->cpu_ns) + 2000);
}

TEST(BpfCapture, WhoeverIsWaitedForIsInTheNextScan) {
  CaptureOptions options;
  options.bytes = false;
  if (auto capture = open_bpf(options); !capture) GTEST_SKIP() << to_string(capture.error());
  const auto capture = Capture::open(options);
  ASSERT_TRUE(capture) << to_string(capture.error());
  ASSERT_EQ((*capture)->tier(), Tier::bpf);
  ASSERT_TRUE((*capture)->scan());
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    ASSERT_TRUE(settled(**capture));
    const auto scan = (*capture)->scan();
    ASSERT_TRUE(scan);
    const auto found = std::find_if(scan->processes.begin(), scan->processes.end(),
                                    [&](const ProcessUsage& process) { return process.key.pid == child; });
    ASSERT_NE(found, scan->processes.end()) << "at child " << i;
    EXPECT_TRUE(found->ended);
    EXPECT_GT(found->cpu_ns, 0);
  }
}

TEST(ProcCapture, HasNothingToWaitFor) {
  const auto capture = open_proc({});
  if (!capture) GTEST_SKIP() << to_string(capture.error());
  const auto result = (*capture)->settle(milliseconds(0));
  ASSERT_TRUE(result);
  EXPECT_TRUE(*result);
}

TEST(BpfCapture, EveryProcessIsInAGroupThatIsTold) {
  auto capture = BpfCapture::open({});
  if (!capture) GTEST_SKIP() << to_string(capture.error());
  ASSERT_TRUE((*capture)->scan());
  {
    // Made and gone between two scans: its time is its parent's.
    const OwnGroup brief("brief");
    if (!brief.exists()) GTEST_SKIP() << "no control group of version 2 can be made here";
    ASSERT_TRUE(brief.shell("i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done"));
  }
  ASSERT_TRUE(settled(**capture));
  const auto scan = (*capture)->scan();
  ASSERT_TRUE(scan) << to_string(scan.error());
  ASSERT_FALSE(scan->processes.empty());
  for (const ProcessUsage& process : scan->processes)
    EXPECT_NE(find(*scan, process.group), nullptr) << process.command << " in " << process.group;
}

TEST(BpfCapture, BytesOfAGroup) {
  auto capture = BpfCapture::open({});
  if (!capture) GTEST_SKIP() << to_string(capture.error());
  if (!(*capture)->notes().empty()) GTEST_SKIP() << (*capture)->notes().front();
  const OwnGroup group("bytes");
  if (!group.exists()) GTEST_SKIP() << "no control group of version 2 can be made here";
  ASSERT_TRUE((*capture)->scan());
  const std::string file = "cradle-test-" + std::to_string(getpid()) + ".bytes";
  const bool written = group.shell("dd if=/dev/zero of=" + file + " bs=1048576 count=8 oflag=direct 2>/dev/null");
  std::remove(file.c_str());
  if (!written) GTEST_SKIP() << "no direct output on this file system";
  const auto scan = (*capture)->scan();
  ASSERT_TRUE(scan);
  const GroupUsage* usage = find(*scan, group.id());
  ASSERT_NE(usage, nullptr);
  if (usage->block_written_bytes == 0) GTEST_SKIP() << "the file is on no block device";
  EXPECT_NEAR(static_cast<double>(usage->block_written_bytes), 8.0 * 1048576, 0.01 * 8 * 1048576);
  const auto next = (*capture)->scan();
  ASSERT_TRUE(next);
  ASSERT_NE(find(*next, group.id()), nullptr);
  EXPECT_EQ(find(*next, group.id())->block_written_bytes, 0) << "told twice";
}

TEST(BpfCapture, ProcessorsOfAGroup) {
  CaptureOptions options;
  options.switches = true;
  auto capture = BpfCapture::open(options);
  if (!capture) GTEST_SKIP() << to_string(capture.error());
  const OwnGroup group("processors");
  if (!group.exists()) GTEST_SKIP() << "no control group of version 2 can be made here";
  ASSERT_TRUE((*capture)->scan());
  ASSERT_TRUE(group.shell(storm));
  const auto scan = (*capture)->scan();
  ASSERT_TRUE(scan);
  std::int64_t sum = 0;
  for (const GroupProcessorUsage& usage : (*capture)->by_processor()) {
    for (const std::int64_t ns : usage.cpu_ns) {
      EXPECT_GE(ns, 0);
      if (usage.group == group.id()) sum += ns;
    }
  }
  const GroupUsage* usage = find(*scan, group.id());
  ASSERT_NE(usage, nullptr);
  EXPECT_NEAR(static_cast<double>(sum), static_cast<double>(usage->cpu_ns), 0.03 * static_cast<double>(usage->cpu_ns));
}

/// Runs `test` in a child that has these capabilities alone; its exit code.
int with_capabilities(std::initializer_list<int> kept, const std::function<int()>& test) {
  const pid_t pid = fork();
  if (pid == 0) {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    for (const int capability : kept) {
      data[capability / 32].permitted |= 1u << (capability % 32);
      data[capability / 32].effective |= 1u << (capability % 32);
    }
    if (prctl(PR_SET_KEEPCAPS, 1) || syscall(SYS_setresgid, 65534, 65534, 65534) ||
        syscall(SYS_setresuid, 65534, 65534, 65534) || syscall(SYS_capset, &header, data))
      _exit(77);
    _exit(test());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr int no_way = 77;

TEST(BpfCapture, TwoCapabilitiesAreEnoughAndNoneAreNeededLater) {
  if (auto capture = BpfCapture::open({}); !capture) GTEST_SKIP() << to_string(capture.error());
  const int code = with_capabilities({CAP_BPF, CAP_PERFMON}, [] {
    auto capture = BpfCapture::open({});
    if (!capture) {
      std::printf("%s\n", to_string(capture.error()).c_str());
      std::fflush(stdout);
      return 1;
    }
    // Network bytes need one more: left out, and said.
    if ((*capture)->notes().empty()) return 2;
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[2] = {};
    if (syscall(SYS_capset, &header, none)) return 3;
    if (!(*capture)->scan()) return 4;
    const pid_t child = fork();
    if (child == 0) {
      volatile std::uint64_t work = 0;
      for (int i = 0; i < 3'000'000; ++i) work = work + 1;
      _exit(0);
    }
    waitpid(child, nullptr, 0);
    if (!settled(**capture)) return 5;
    const auto scan = (*capture)->scan();
    if (!scan) return 6;
    for (const ProcessUsage& process : scan->processes)
      if (process.key.pid == child) return process.ended && process.cpu_ns > 0 ? 0 : 7;
    return 8;
  });
  if (code == no_way) GTEST_SKIP() << "capabilities cannot be dropped here";
  EXPECT_EQ(code, 0);
}

TEST(BpfCapture, WithoutCapabilitiesTheReasonIsSaid) {
  const int code = with_capabilities({}, [] {
    const auto capture = open_bpf({});
    if (capture) return 1;
    const Error& error = capture.error();
    return error.code == ErrorCode::failed && !error.message.empty() && !error.where.empty() && !error.hint.empty() ? 0
                                                                                                                    : 2;
  });
  if (code == no_way) GTEST_SKIP() << "capabilities cannot be dropped here";
  EXPECT_EQ(code, 0);
}

TEST(BpfCapture, TreeOfFilesHasNoKernel) {
  CaptureOptions options;
  options.sysroot = "/tmp";
  EXPECT_FALSE(open_bpf(options));
}

TEST(BpfHooks, WhatFailsHasAFallback) {
  const auto reports = probe_bpf_hooks();
  ASSERT_FALSE(reports.empty());
  for (const HookReport& report : reports) {
    EXPECT_EQ(report.works, report.error.empty()) << report.name;
    EXPECT_EQ(report.works, report.fallback.empty()) << report.name;
  }
}

}  // namespace
}  // namespace cradle::capture
