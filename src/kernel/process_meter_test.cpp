#include "cradle/kernel/process_meter.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <thread>

#include "test_group.h"

namespace cradle::kernel {
namespace {

using std::chrono::milliseconds;

// The kernel counts to its own ticks; its cpu.stat is in whole microseconds.
constexpr double captured = 0.995;
// The dead leave their processor within some milliseconds, or some slices of a busy one.
constexpr milliseconds patience(2000);

#define OPEN_OR_SKIP(meter, ...)                                          \
  auto opened_##meter = ProcessMeter::open(__VA_ARGS__);                  \
  if (!opened_##meter) GTEST_SKIP() << to_string(opened_##meter.error()); \
  ProcessMeter& meter = **opened_##meter
#define GROUP_OR_SKIP(group)     \
  const TestGroup group(#group); \
  if (!group.exists()) GTEST_SKIP() << "no control group of version 2 can be made here"

/// What was told of one group, summed over scans.
struct Told {
  std::uint64_t group;
  std::int64_t cpu_ns = 0, spilled_ns = 0, spilled_records = 0, cut_records = 0;
  std::map<std::int32_t, std::int64_t> by_pid = {};
  std::map<std::pair<std::int32_t, std::uint64_t>, int> ends = {};
  std::set<std::string> commands = {};

  void add(const Result<ProcessTimes>& times) {
    ASSERT_TRUE(times) << to_string(times.error());
    cut_records += times->cut_records;
    for (const ProcessTime& process : times->processes) {
      EXPECT_GE(process.cpu_ns, 0);
      EXPECT_GT(process.pid, 0);
      if (process.group.version_2 != group) continue;
      cpu_ns += process.cpu_ns;
      by_pid[process.pid] += process.cpu_ns;
      if (process.ended) ++ends[{process.pid, process.started_ns}];
      commands.insert(process.command);
    }
    for (const SpilledTime& spilled : times->spilled) {
      if (spilled.group.version_2 != group) continue;
      spilled_ns += spilled.cpu_ns;
      spilled_records += spilled.records;
    }
  }
  void finish(ProcessMeter& meter) {
    const auto settled = meter.settle(patience);
    ASSERT_TRUE(settled) << to_string(settled.error());
    EXPECT_TRUE(*settled) << "still on their processors after " << patience.count() << " ms";
    add(meter.scan());
  }
};

void expect_captured(std::int64_t told_ns, const TestGroup& group) {
  const auto truth = static_cast<double>(group.cpu_ns());
  ASSERT_GT(truth, 0);
  const double ratio = static_cast<double>(told_ns) / truth;
  EXPECT_GE(ratio, captured) << "of " << truth / 1e6 << " ms";
  // Never twice: one microsecond of rounding at most.
  EXPECT_LE(static_cast<double>(told_ns), truth + 2000);
  ::testing::Test::RecordProperty("captured", std::to_string(ratio));
}

TEST(ProcessMeter, LongLivedBurnerIsSeenWhileItLives) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(burner);
  Told told{burner.id()};
  const pid_t child = burner.start([] { burn(milliseconds(600)); });
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    told.add(meter.scan());
  }
  EXPECT_GT(told.cpu_ns, 20'000'000);
  EXPECT_TRUE(told.ends.empty());
  ASSERT_TRUE(TestGroup::wait_for(child));
  told.finish(meter);
  expect_captured(told.cpu_ns, burner);
  EXPECT_EQ(told.by_pid.size(), 1u);
  EXPECT_EQ(told.ends.size(), 1u);
}

TEST(ProcessMeter, StormOfTwoThousandExits) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(storm);
  Told told{storm.id()};
  ASSERT_TRUE(storm.shell("i=0; while [ $i -lt 2000 ]; do (:); i=$((i+1)); done"));
  told.finish(meter);
  expect_captured(told.cpu_ns, storm);
  EXPECT_EQ(told.ends.size(), 2001u);
  for (const auto& [process, times] : told.ends) EXPECT_EQ(times, 1) << process.first << " ended twice";
  EXPECT_EQ(told.spilled_records, 0);
}

TEST(ProcessMeter, CommandsThatAreExecuted) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(commands);
  Told told{commands.id()};
  ASSERT_TRUE(commands.shell("i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done"));
  told.finish(meter);
  expect_captured(told.cpu_ns, commands);
  EXPECT_TRUE(told.commands.contains("true"));
  EXPECT_TRUE(told.commands.contains("sh"));
}

TEST(ProcessMeter, SumDoesNotDependOnTheInterval) {
  OPEN_OR_SKIP(often);
  OPEN_OR_SKIP(once);
  GROUP_OR_SKIP(interval);
  Told many{interval.id()}, one{interval.id()};
  const pid_t child = interval.start(
      [] { execl("/bin/sh", "sh", "-c", "i=0; while [ $i -lt 300 ]; do (:); i=$((i+1)); done", nullptr); });
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    many.add(often.scan());
    std::this_thread::sleep_for(milliseconds(7));
  }
  many.finish(often);
  one.finish(once);
  expect_captured(many.cpu_ns, interval);
  expect_captured(one.cpu_ns, interval);
  EXPECT_EQ(many.cpu_ns, one.cpu_ns);
  EXPECT_EQ(many.by_pid, one.by_pid);
  EXPECT_EQ(many.ends, one.ends);
}

TEST(ProcessMeter, ThreadsThatDieBetweenScansAreOfTheirProcess) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(threads);
  Told told{threads.id()};
  ASSERT_TRUE(threads.run([] {
    for (int round = 0; round < 5; ++round) {
      std::thread one([] {
        prctl(PR_SET_NAME, "worker");
        burn(milliseconds(15));
      });
      std::thread two([] { burn(milliseconds(10)); });
      one.join();
      two.join();
    }
    burn(milliseconds(5));
  }));
  told.finish(meter);
  expect_captured(told.cpu_ns, threads);
  EXPECT_EQ(told.by_pid.size(), 1u);
  EXPECT_EQ(told.ends.size(), 1u);
}

TEST(ProcessMeter, ExecByAThreadThatIsNotTheFirst) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(exec);
  Told told{exec.id()};
  ASSERT_TRUE(exec.run([] {
    burn(milliseconds(20));
    std::thread other([] {
      burn(milliseconds(20));
      execl("/bin/sh", "sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done", nullptr);
    });
    other.join();
  }));
  told.finish(meter);
  expect_captured(told.cpu_ns, exec);
  EXPECT_EQ(told.by_pid.size(), 1u);
  EXPECT_EQ(told.ends.size(), 1u);
}

// What comes when the kernel frees them, a grace period later, was told before.
TEST(ProcessMeter, DeadAreToldOnceAndNotWhenTheyAreFreedAgain) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(freed);
  Told told{freed.id()};
  ASSERT_TRUE(freed.shell("i=0; while [ $i -lt 200 ]; do (:); i=$((i+1)); done"));
  told.finish(meter);
  expect_captured(told.cpu_ns, freed);
  EXPECT_EQ(told.ends.size(), 201u);
  Told later{freed.id()};
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(milliseconds(100));
    later.add(meter.scan());
  }
  EXPECT_EQ(later.cpu_ns, 0);
  EXPECT_TRUE(later.ends.empty());
}

TEST(ProcessMeter, DeadThatNobodyWaitsForIsToldButHasNotEnded) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(zombie);
  Told told{zombie.id()};
  const pid_t child = zombie.start([] { burn(milliseconds(30)); });
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  // Its last switch comes after the news of its death.
  for (int i = 0; i < 50 && told.cpu_ns < zombie.cpu_ns() - 2000; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    told.add(meter.scan());
  }
  expect_captured(told.cpu_ns, zombie);
  EXPECT_TRUE(told.ends.empty());
  ASSERT_TRUE(TestGroup::wait_for(child));
  told.finish(meter);
  expect_captured(told.cpu_ns, zombie);
  EXPECT_EQ(told.ends.size(), 1u);
}

TEST(ProcessMeter, ProcessGoesOnWithoutItsFirstThread) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(leaderless);
  Told told{leaderless.id()};
  const pid_t child = leaderless.start([] {
    std::thread([] {
      std::this_thread::sleep_for(milliseconds(50));
      burn(milliseconds(60));
      _exit(0);
    }).detach();
    burn(milliseconds(20));
    syscall(SYS_exit, 0);
  });
  std::this_thread::sleep_for(milliseconds(50));
  told.add(meter.scan());
  EXPECT_TRUE(told.ends.empty());
  ASSERT_TRUE(TestGroup::wait_for(child));
  told.finish(meter);
  expect_captured(told.cpu_ns, leaderless);
  EXPECT_EQ(told.by_pid.size(), 1u);
  EXPECT_EQ(told.ends.size(), 1u);
}

// Time before a move is that of the group before: without any scan in between.
TEST(ProcessMeter, MovesBetweenGroups) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(first);
  GROUP_OR_SKIP(second);
  Told before{first.id()}, after{second.id()};
  ASSERT_TRUE(first.run([&] {
    for (int i = 0; i < 3; ++i) {
      burn(milliseconds(40));
      if (!second.take(0)) _exit(2);
      burn(milliseconds(20));
      if (!first.take(0)) _exit(2);
    }
  }));
  const auto settled = meter.settle(patience);
  ASSERT_TRUE(settled && *settled);
  const auto times = meter.scan();
  before.add(times);
  after.add(times);
  expect_captured(before.cpu_ns, first);
  expect_captured(after.cpu_ns, second);
  EXPECT_GT(before.cpu_ns, after.cpu_ns * 3 / 2);
}

TEST(ProcessMeter, AllThreadsMoveWithTheirProcess) {
  OPEN_OR_SKIP(meter);
  if (!meter.notes().empty()) GTEST_SKIP() << meter.notes().front();
  GROUP_OR_SKIP(first);
  GROUP_OR_SKIP(second);
  Told before{first.id()}, after{second.id()};
  ASSERT_TRUE(first.run([&] {
    std::vector<std::thread> workers;
    for (int i = 0; i < 8; ++i) {
      workers.emplace_back([] {
        burn(milliseconds(10));
        std::this_thread::sleep_for(milliseconds(250));
        burn(milliseconds(5));
      });
    }
    std::this_thread::sleep_for(milliseconds(220));
    if (!second.take(0)) _exit(2);
    for (std::thread& worker : workers) worker.join();
  }));
  const auto settled = meter.settle(patience);
  ASSERT_TRUE(settled && *settled);
  const auto times = meter.scan();
  before.add(times);
  after.add(times);
  // The hook comes at the end of a move: a thread that runs meanwhile on another processor is up to a tick off, from
  // one group to the other. None of it is lost or told twice.
  const std::int64_t truth = first.cpu_ns() + second.cpu_ns(), all = before.cpu_ns + after.cpu_ns;
  EXPECT_GE(static_cast<double>(all), captured * static_cast<double>(truth));
  EXPECT_LE(all, truth + 2000);
  EXPECT_NEAR(static_cast<double>(before.cpu_ns), static_cast<double>(first.cpu_ns()), 1e7);
}

// Many short lives in a small ring: processes are lost, no nanosecond of their group is.
TEST(ProcessMeter, FullRingIsStillExactByGroup) {
  OPEN_OR_SKIP(meter, ProcessMeterOptions{4096});
  GROUP_OR_SKIP(overflow);
  Told told{overflow.id()};
  ASSERT_TRUE(overflow.shell("i=0; while [ $i -lt 500 ]; do (:); i=$((i+1)); done"));
  told.finish(meter);
  EXPECT_GT(told.spilled_records, 300);
  EXPECT_GT(told.spilled_ns, 0);
  expect_captured(told.cpu_ns + told.spilled_ns, overflow);
  EXPECT_LT(told.ends.size(), 501u) << "the ring was not full";
  EXPECT_GE(static_cast<std::int64_t>(told.ends.size()) + told.spilled_records, 501)
      << "who is not told by process is counted";
  // Told once: nothing is left for the next scan.
  Told next{overflow.id()};
  next.add(meter.scan());
  EXPECT_EQ(next.cpu_ns, 0);
  EXPECT_EQ(next.spilled_ns, 0);
}

// The dead that find no room: their time is told all the same, and whoever is not told to the end is counted.
TEST(ProcessMeter, MoreAreDyingThanThereIsRoomFor) {
  ProcessMeterOptions options;
  options.most_dying = 4;
  OPEN_OR_SKIP(meter, options);
  GROUP_OR_SKIP(crowd);
  Told told{crowd.id()};
  constexpr std::size_t all = 60;
  // Dead, and waiting for their parent, all at once.
  const auto leave_zombies = [] {
    std::vector<pid_t> children;
    for (std::size_t i = 0; i < all; ++i) {
      const pid_t child = fork();
      if (child == 0) {
        burn(milliseconds(2));
        _exit(0);
      }
      children.push_back(child);
    }
    siginfo_t info = {};
    for (const pid_t child : children) waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
    std::this_thread::sleep_for(milliseconds(50));
    for (const pid_t child : children) waitpid(child, nullptr, 0);
  };
  ASSERT_TRUE(crowd.run(leave_zombies));
  told.finish(meter);
  // Frees come after a grace period of the kernel's, most of them announced.
  for (int i = 0; i < 40 && told.ends.size() < all + 1; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    told.add(meter.scan());
  }
  EXPECT_GE(told.cut_records, static_cast<std::int64_t>(all / 2)) << "there was room for all";
  EXPECT_GE(static_cast<std::int64_t>(told.ends.size()) + told.cut_records, static_cast<std::int64_t>(all + 1));
  EXPECT_GE(told.ends.size(), all - 3);
  for (const auto& [process, times] : told.ends) EXPECT_EQ(times, 1) << process.first << " ended twice";
  expect_captured(told.cpu_ns + told.spilled_ns, crowd);
  // And there is room again.
  Told next{crowd.id()};
  ASSERT_TRUE(crowd.run([] { burn(milliseconds(20)); }));
  next.finish(meter);
  EXPECT_GE(next.cpu_ns, 19'000'000);
  EXPECT_EQ(next.ends.size(), 1u);
}

TEST(ProcessMeter, NumbersThatAreUsedAgain) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(reuse);
  // The next number that is given out can be set, but others start processes too.
  const auto start_as = [&](pid_t wanted, milliseconds time) {
    for (int i = 0; i < 50; ++i) {
      {
        std::ofstream next("/proc/sys/kernel/ns_last_pid");
        next << wanted - 1;
      }
      int go[2];
      if (pipe(go) != 0) return false;
      const pid_t child = reuse.start([&] {
        close(go[1]);  // or the end of the other side would never be seen
        char byte = 0;
        if (read(go[0], &byte, 1) == 1) burn(time);
      });
      const bool hit = child == wanted;
      const bool told_to_go = !hit || write(go[1], "x", 1) == 1;
      close(go[1]);
      if (!told_to_go) kill(child, SIGKILL);
      TestGroup::wait_for(child);
      close(go[0]);
      if (hit) return true;
    }
    return false;
  };
  const pid_t wanted = getpid() > 20'000 ? getpid() - 10'000 : getpid() + 10'000;
  Told told{reuse.id()};
  if (!start_as(wanted, milliseconds(30)) || !start_as(wanted, milliseconds(50)))
    GTEST_SKIP() << "process numbers cannot be chosen here";
  told.finish(meter);
  expect_captured(told.cpu_ns, reuse);
  EXPECT_GE(told.by_pid[wanted], 80'000'000);
  EXPECT_EQ(
      std::count_if(told.ends.begin(), told.ends.end(), [&](const auto& end) { return end.first.first == wanted; }), 2)
      << "by number and start";
}

TEST(ProcessMeter, IdleProcessIsNotTold) {
  OPEN_OR_SKIP(meter);
  GROUP_OR_SKIP(idle);
  const pid_t child = idle.start([] { pause(); });
  std::this_thread::sleep_for(milliseconds(100));
  ASSERT_TRUE(meter.scan());
  Told told{idle.id()};
  told.add(meter.scan());
  EXPECT_EQ(told.cpu_ns, 0);
  EXPECT_TRUE(told.by_pid.empty());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  told.finish(meter);
  EXPECT_EQ(told.ends.size(), 1u);
}

TEST(ProcessMeter, ParentOfAGroupThatIsGone) {
  OPEN_OR_SKIP(meter);
  std::uint64_t id = 0, parent_id = 0;
  {
    GROUP_OR_SKIP(parent);
    parent_id = parent.id();
    const TestGroup child(parent, "child");
    ASSERT_TRUE(child.exists());
    id = child.id();
  }
  EXPECT_EQ(meter.parent_of({id, 0}).version_2, parent_id);
  EXPECT_EQ(meter.parent_of({~std::uint64_t{0} >> 1, 0}), GroupIds{});
}

TEST(ProcessMeter, NoRoomForTheDyingIsRefused) {
  ProcessMeterOptions options;
  options.most_dying = 0;
  const auto meter = ProcessMeter::open(options);
  ASSERT_FALSE(meter);
  EXPECT_FALSE(meter.error().hint.empty());
}

TEST(ProcessMeter, RingOfAWrongSize) {
  for (const std::uint32_t bytes : {0u, 1u, 4095u, 5000u, 3u << 20}) {
    const auto meter = ProcessMeter::open({bytes});
    ASSERT_FALSE(meter);
    EXPECT_FALSE(meter.error().hint.empty());
  }
}

}  // namespace
}  // namespace cradle::kernel
