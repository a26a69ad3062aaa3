// /proc/stat as kernels write it, and as they should not.
#include <gtest/gtest.h>

#include "fake_machine.h"
#include "proc_text.h"
#include "tiers.h"

namespace cradle::capture {
namespace {

TEST(NodeClock, TellsDifferencesWithStealApart) {
  FakeMachine machine;
  const std::int64_t tick = ns_per_tick();
  machine.write("proc/stat", "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 10 1 2 50 5 1 1 7 3 0\nintr 5\nprocesses 100\n");
  machine.write("proc/meminfo", "MemTotal:       16384 kB\nMemFree:  1 kB\n");
  NodeClock clock(machine.root());
  const auto first = clock.scan();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->busy_ns, 0);
  EXPECT_EQ(first->processors, 1);
  EXPECT_EQ(first->memory_bytes, 16384 * 1024);
  // user +4 (guest's 4 are in it), nice +1, system +2, idle +9, iowait +1, irq +1, softirq +2, steal +3
  machine.write("proc/stat", "cpu  1\ncpu0 14 2 4 59 6 2 3 10 7 0\n");
  const auto second = clock.scan();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->busy_ns, 10 * tick);
  EXPECT_EQ(second->idle_ns, 10 * tick);
  EXPECT_EQ(second->stolen_ns, 3 * tick);
}

TEST(NodeClock, CounterThatGoesBackCountsNothingAndNothingTwice) {
  FakeMachine machine;
  const std::int64_t tick = ns_per_tick();
  NodeClock clock(machine.root());
  std::int64_t idle = 0;
  for (const char* waiting : {"20", "18", "19", "25"}) {
    machine.write("proc/stat", std::string("cpu0 0 0 0 100 ") + waiting + " 0 0 0\n");
    const auto usage = clock.scan();
    ASSERT_TRUE(usage);
    EXPECT_GE(usage->idle_ns, 0);
    idle += usage->idle_ns;
  }
  EXPECT_EQ(idle, 5 * tick);
}

TEST(NodeClock, ProcessorsComeAndGo) {
  FakeMachine machine;
  const std::int64_t tick = ns_per_tick();
  NodeClock clock(machine.root());
  machine.write("proc/stat", "cpu0 100 0 0 0 0 0 0 0\ncpu1 100 0 0 900 0 0 0 0\n");
  ASSERT_TRUE(clock.scan());
  machine.write("proc/stat", "cpu0 200 0 0 0 0 0 0 0\n");
  auto usage = clock.scan();
  EXPECT_EQ(usage->processors, 1);
  EXPECT_EQ(usage->busy_ns, 100 * tick);
  // Back: it worked 30 ticks, and the ticks it was away are no idle time of this interval.
  machine.write("proc/stat", "cpu0 300 0 0 0 0 0 0 0\ncpu1 130 0 0 5000 0 0 0 0\n");
  usage = clock.scan();
  EXPECT_EQ(usage->processors, 2);
  EXPECT_EQ(usage->busy_ns, 130 * tick);
  EXPECT_EQ(usage->idle_ns, 70 * tick);
  // Never seen before, with a past that is nobody's news; and a new one that began in this interval.
  machine.write("proc/stat", "cpu0 400 0 0 0 0 0 0 0\ncpu2 99999 0 0 0 0 0 0 0\ncpu3 60 0 0 40 0 0 0 0\n");
  usage = clock.scan();
  EXPECT_EQ(usage->processors, 3);
  EXPECT_EQ(usage->busy_ns, 160 * tick);
  EXPECT_EQ(usage->idle_ns, 40 * tick);
}

TEST(NodeClock, SaysWhatIsMissing) {
  FakeMachine machine;
  NodeClock clock(machine.root());
  const auto absent = clock.scan();
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::missing_data);
  EXPECT_FALSE(absent.error().hint.empty());
  for (const char* text : {"", "cpu 1 2 3 4\n", "cpu0 1 2\n", "cpux 1 2 3 4\n", "cpu0 99999999999999999999 1 1 1\n"}) {
    machine.write("proc/stat", text);
    const auto damaged = clock.scan();
    ASSERT_FALSE(damaged) << text;
    EXPECT_EQ(damaged.error().code, ErrorCode::bad_input);
  }
}

TEST(ProcText, CommandEndsAtTheLastBracket) {
  const char* rest = " S 1 1 1 0 -1 4194560 9 9 9 9 12 30 0 0 20 0 3 0 777 1000000 25 18446744073709551615 1\n";
  for (const std::string command : {"sh", "a b", "x) R 1 2 3", "((", "", "new\nline", "tab\tand)", "\xff\xfe"}) {
    const auto stat = parse_process_stat("42 (" + command + ")" + rest);
    ASSERT_TRUE(stat) << command;
    EXPECT_EQ(stat->pid, 42);
    EXPECT_EQ(stat->command, command);
    EXPECT_EQ(stat->cpu_ticks, 42);
    EXPECT_EQ(stat->threads, 3);
    EXPECT_EQ(stat->started_ticks, 777);
    EXPECT_EQ(stat->resident_pages, 25);
  }
}

TEST(ProcText, DamagedLinesSayNothing) {
  for (const char* text :
       {"", "42", "42 (sh", "42 sh) S 1", "42 (sh) S", "0 (sh) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 7 1 1",
        "42 (sh) S 1 1 1 0 -1 0 0 0 0 0 -1 1 0 0 20 0 1 0 7 1 1", "42 (sh) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 7 1",
        "42 (sh) S 1 1 1 0 -1 0 0 0 0 0 9223372036854775807 1 0 0 20 0 1 0 7 1 1"}) {
    EXPECT_FALSE(parse_process_stat(text)) << text;
  }
  EXPECT_FALSE(parse_tasks("0.1 0.2"));
  EXPECT_EQ(parse_tasks("0.10 0.20 0.30 2/150 4711\n"), 150);
  EXPECT_EQ(parse_forks("cpu 1\nprocesses 31\n"), 31);
  EXPECT_FALSE(parse_schedstat(""));
  EXPECT_EQ(parse_schedstat("123456789 55 3\n"), 123456789);
}

TEST(ProcText, GroupLineIsFoundByController) {
  const char* text = "12:cpu,cpuacct:/a:b\n3:name=systemd:/user.slice\n0::/x (deleted)\n";
  EXPECT_EQ(path_of_group(text, "cpuacct"), "/a:b");
  EXPECT_EQ(path_of_group(text, "cpu"), "/a:b");
  EXPECT_EQ(path_of_group(text, "name=systemd"), "/user.slice");
  EXPECT_EQ(path_of_group(text, ""), "/x");
  EXPECT_EQ(path_of_group(text, "memory"), "");
  EXPECT_EQ(path_of_group("garbage\n::\n", "memory"), "");
}

}  // namespace
}  // namespace cradle::capture
