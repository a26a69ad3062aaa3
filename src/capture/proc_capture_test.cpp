// The tiers without BPF: fake machines for what must be told, this one for what the kernel really says.
#include <gtest/gtest.h>
#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <rapidcheck/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "exit_ledger.h"
#include "fake_machine.h"
#include "taskstats.h"
#include "tiers.h"

namespace cradle::capture {
namespace {

const ProcessUsage* find(const Scan& scan, int pid) {
  for (const ProcessUsage& usage : scan.processes) {
    if (usage.key.pid == pid) return &usage;
  }
  return nullptr;
}

std::unique_ptr<Capture> open_fake(const FakeMachine& machine) {
  CaptureOptions options;
  options.sysroot = machine.root();
  auto capture = Capture::open(options);
  EXPECT_TRUE(capture) << to_string(capture.error());
  return std::move(*capture);
}

TEST(ProcCapture, ReadsATreeOfFiles) {
  FakeMachine machine;
  machine.mount_version_2();
  machine.set_version_2("", 0);
  machine.set_version_2("/a", 0);
  machine.write("proc/stat", "cpu0 0 0 0 0 0 0 0 0\n");
  machine.set_process(7, "odd) name (x", 100, 50, "0::/a\n");
  machine.set_process(8, "idle", 5, 60, "0::/\n");
  const auto capture = open_fake(machine);
  EXPECT_EQ(capture->tier(), Tier::proc);
  ASSERT_EQ(capture->notes().size(), 1u);
  auto first = capture->scan();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->interval_ns, 0);
  EXPECT_TRUE(first->processes.empty());

  const std::int64_t tick = 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
  machine.set_process(7, "odd) name (x", 130, 50, "0::/a\n");
  machine.set_process(9, "born", 4, 70, "0::/\n");
  machine.set_version_2("/a", 400'000);
  machine.set_version_2("", 500'000);
  auto second = capture->scan();
  ASSERT_TRUE(second);
  EXPECT_GT(second->interval_ns, 0);
  ASSERT_EQ(second->processes.size(), 2u);
  EXPECT_EQ(find(*second, 7)->cpu_ns, 30 * tick);
  EXPECT_EQ(find(*second, 7)->command, "odd) name (x");
  EXPECT_EQ(find(*second, 9)->cpu_ns, 4 * tick);
  for (const GroupUsage& group : second->groups) {
    if (group.path == "/a") {
      EXPECT_EQ(group.id, find(*second, 7)->group);
      EXPECT_EQ(group.cpu_ns, 400'000'000);
      EXPECT_EQ(group.resident_bytes, 25 * ::sysconf(_SC_PAGESIZE));
    }
  }
}

TEST(ProcCapture, NumberThatIsGivenAgainIsAnotherProcess) {
  FakeMachine machine;
  machine.write("proc/stat", "cpu0 0 0 0 0 0 0 0 0\n");
  machine.set_process(7, "old", 1000, 50, "");
  const auto capture = open_fake(machine);
  ASSERT_TRUE(capture->scan());
  machine.set_process(7, "new", 3, 99, "");
  const auto scan = capture->scan();
  ASSERT_TRUE(scan);
  ASSERT_EQ(scan->processes.size(), 2u);
  std::int64_t used = 0;
  for (const ProcessUsage& usage : scan->processes) {
    EXPECT_EQ(usage.ended, usage.command == "old");
    used += usage.cpu_ns;
  }
  EXPECT_EQ(used, 3 * (1'000'000'000 / ::sysconf(_SC_CLK_TCK)));
  EXPECT_EQ(scan->lost_records, 1) << "what the old one used last";
}

TEST(ProcCapture, VanishedAndDamagedFilesAreNoError) {
  FakeMachine machine;
  machine.write("proc/stat", "cpu0 0 0 0 0 0 0 0 0\n");
  machine.write("proc/5/stat", "5 (half");
  machine.write("proc/6/cgroup", "0::/\n");
  machine.write("proc/notanumber/stat", "");
  machine.set_process(7, "goes", 10, 50, "");
  const auto capture = open_fake(machine);
  ASSERT_TRUE(capture->scan());
  machine.remove("proc/7/stat");
  auto scan = capture->scan();
  ASSERT_TRUE(scan);
  ASSERT_EQ(scan->processes.size(), 1u);
  EXPECT_TRUE(scan->processes[0].ended);
}

TEST(ProcCapture, GroupsThatNobodyCountsAreTheSumOfTheirProcesses) {
  FakeMachine machine;
  machine.write("proc/stat", "cpu0 0 0 0 0 0 0 0 0\n");
  machine.set_process(7, "a", 0, 50, "");
  machine.set_process(8, "b", 0, 50, "");
  const auto capture = open_fake(machine);
  ASSERT_TRUE(capture->scan());
  machine.set_process(7, "a", 2, 50, "");
  machine.set_process(8, "b", 3, 50, "");
  const auto scan = capture->scan();
  ASSERT_TRUE(scan);
  ASSERT_EQ(scan->groups.size(), 1u);
  EXPECT_FALSE(scan->groups[0].cpu_is_exact);
  EXPECT_EQ(scan->groups[0].cpu_ns, 5 * (1'000'000'000 / ::sysconf(_SC_CLK_TCK)));
}

TEST(ProcCapture, SaysWhatCannotBeHad) {
  FakeMachine machine;
  CaptureOptions options;
  options.sysroot = machine.root();
  const auto absent = Capture::open(options);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::missing_data);
  for (const Tier tier : {Tier::bpf, Tier::taskstats}) {
    options.tier = tier;
    const auto refused = Capture::open(options);
    ASSERT_FALSE(refused);
    EXPECT_FALSE(refused.error().hint.empty());
  }
}

/// Computes until this process has used `ms` of CPU time.
void compute(long ms) {
  timespec used{};
  do {
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  } while (used.tv_sec * 1000 + used.tv_nsec / 1'000'000 < ms);
}

TEST(ProcCapture, ClockOfALivingProcessIsExact) {
  CaptureOptions options;
  options.tier = Tier::proc;
  const auto capture = Capture::open(options);
  if (!capture) GTEST_SKIP() << to_string(capture.error());
  ASSERT_TRUE((*capture)->scan());
  constexpr long ms = 40;
  int go[2];
  ASSERT_EQ(::pipe(go), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(go[1]);
    compute(ms);
    char byte;
    (void)!::read(go[0], &byte, 1);
    ::_exit(0);
  }
  ::close(go[0]);
  clockid_t clock;
  ASSERT_EQ(::clock_getcpuclockid(child, &clock), 0);
  timespec used{};
  const auto used_ns = [&] {
    ::clock_gettime(clock, &used);
    return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
  };
  while (used_ns() < ms * 1'000'000) ::usleep(1000);
  const auto scan = (*capture)->scan();
  const std::int64_t after = used_ns();
  ::close(go[1]);
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(scan);
  ASSERT_NE(find(*scan, child), nullptr);
  EXPECT_GE(find(*scan, child)->cpu_ns, ms * 1'000'000);
  EXPECT_LE(find(*scan, child)->cpu_ns, after);
  EXPECT_GT(scan->own_cpu_ns, 0);
  const auto gone = (*capture)->scan();
  ASSERT_TRUE(gone);
  ASSERT_NE(find(*gone, child), nullptr);
  EXPECT_TRUE(find(*gone, child)->ended);
}

TEST(Taskstats, ProcessThatLivedAndDiedBetweenTwoScansIsHeard) {
  CaptureOptions options;
  options.tier = Tier::taskstats;
  const auto capture = Capture::open(options);
  if (!capture) GTEST_SKIP() << to_string(capture.error());
  ASSERT_TRUE((*capture)->scan());
  constexpr long ms = 60;
  const pid_t child = ::fork();
  if (child == 0) {
    compute(ms);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  const auto scan = (*capture)->scan();
  ASSERT_TRUE(scan);
  EXPECT_EQ(scan->tier, Tier::taskstats);
  const ProcessUsage* heard = find(*scan, child);
  ASSERT_NE(heard, nullptr);
  EXPECT_TRUE(heard->ended);
  // What the kernel's scheduler has not yet added when the record is made is at most some ticks.
  EXPECT_GE(heard->cpu_ns, (ms - 20) * 1'000'000);
  std::int64_t of_group = -1;
  for (const GroupUsage& group : scan->groups) {
    if (group.id == heard->group) of_group = group.cpu_ns;
  }
  EXPECT_GE(of_group, heard->cpu_ns) << "in the group of its parent";
}

TEST(Capture, EveryHookIsToldWithItsErrorAndWhatServesInstead) {
  const auto hooks = probe_hooks();
  ASSERT_GE(hooks.size(), 5u);
  for (const HookReport& hook : hooks) {
    EXPECT_FALSE(hook.name.empty());
    if (!hook.works) {
      EXPECT_FALSE(hook.error.empty()) << hook.name;
      EXPECT_FALSE(hook.fallback.empty()) << hook.name;
    }
  }
}

constexpr std::uint16_t family = 30;

void append(std::vector<std::byte>& bytes, const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), first, first + size);
  bytes.resize((bytes.size() + 3) / 4 * 4);
}

/// A message as the kernel composes it: aggregate of the task's number and its statistics.
std::vector<std::byte> message_of(const taskstats& said, std::size_t size = sizeof(taskstats)) {
  std::vector<std::byte> bytes;
  nlmsghdr head{};
  genlmsghdr generic{};
  head.nlmsg_type = family;
  head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + GENL_HDRLEN + 4 + 8 + 4 + size);
  generic.cmd = TASKSTATS_CMD_NEW;
  append(bytes, &head, sizeof head);
  append(bytes, &generic, sizeof generic);
  nlattr outer{static_cast<std::uint16_t>(4 + 8 + 4 + size), TASKSTATS_TYPE_AGGR_PID};
  append(bytes, &outer, sizeof outer);
  nlattr number{8, TASKSTATS_TYPE_PID};
  append(bytes, &number, sizeof number);
  append(bytes, &said.ac_pid, sizeof said.ac_pid);
  nlattr stats{static_cast<std::uint16_t>(4 + size), TASKSTATS_TYPE_STATS};
  append(bytes, &stats, sizeof stats);
  append(bytes, &said, size);
  return bytes;
}

taskstats said_of(std::uint32_t task, std::uint32_t process, std::uint32_t parent, std::uint64_t ns, bool last) {
  taskstats said{};
  said.version = TASKSTATS_VERSION;
  said.ac_pid = task;
  said.ac_tgid = process;
  said.ac_ppid = parent;
  said.cpu_run_virtual_total = ns;
  said.ac_utime = 3;
  said.ac_btime64 = 1'700'000'000;
  said.ac_flag = last ? AGROUP : 0;
  std::strcpy(said.ac_comm, "worker");
  return said;
}

TEST(ExitRecords, AreReadAsTheKernelWritesThem) {
  auto bytes = message_of(said_of(11, 10, 5, 1234567, true));
  const auto more = message_of(said_of(12, 12, 5, 0, false));
  bytes.insert(bytes.end(), more.begin(), more.end());
  const auto records = parse_exit_records(bytes, family);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].task, 11);
  EXPECT_EQ(records[0].process, 10);
  EXPECT_EQ(records[0].parent, 5);
  EXPECT_EQ(records[0].cpu_ns, 1234567);
  EXPECT_EQ(records[0].command, "worker");
  EXPECT_TRUE(records[0].last);
  EXPECT_EQ(records[1].cpu_ns, 3000) << "user and system time, where the scheduler's is not told";
  EXPECT_TRUE(parse_exit_records(bytes, family + 1).empty());

  taskstats old = said_of(11, 0, 5, 99, false);
  old.version = 8;
  const auto older = parse_exit_records(message_of(old, 328), family);
  ASSERT_EQ(older.size(), 1u) << "shorter, of an older kernel";
  EXPECT_EQ(older[0].process, 11);
  EXPECT_TRUE(older[0].last);
}

RC_GTEST_PROP(ExitRecordLaws, CutOrDamagedMessagesNeverReadBeyondTheirEnd,
              (std::uint16_t cut, std::uint16_t at, std::uint8_t value)) {
  auto bytes = message_of(said_of(11, 10, 5, 1234567, true));
  bytes[at % bytes.size()] = static_cast<std::byte>(value);
  bytes.resize(cut % (bytes.size() + 1));
  bytes.shrink_to_fit();
  RC_ASSERT(parse_exit_records(bytes, family).size() <= 1u);
}

TEST(ExitLedger, JoinsRecordsWithWhatWasSeen) {
  FakeMachine machine;
  machine.write("proc/stat", "cpu0 0 0 0 0 0 0 0 0\n");
  const std::int64_t tick = 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
  machine.set_process(100, "parent", 0, 10, "0::/p\n");
  machine.set_process(101, "dies", 10, 10, "0::/d\n");
  ProcessTable table(machine.root());
  ExitLedger ledger;
  const GroupOfProcess group_of = [](const Process& process) -> std::uint64_t {
    return process.groups == "0::/p\n" ? 1 : 2;
  };
  ASSERT_TRUE(table.look());
  EXPECT_TRUE(ledger.settle({}, table, group_of, 0).empty());
  machine.remove("proc/101");
  ASSERT_TRUE(table.look());
  std::vector<ExitRecord> records;
  records.push_back({101, 101, 100, "dies", 17 * tick, 0, true});
  records.push_back({203, 203, 202, "grandchild", 3, 0, true});  // its parent was never seen either
  records.push_back({202, 202, 100, "child", 5, 0, true});
  records.push_back({301, 300, 100, "threads", 7, 0, false});
  records.push_back({300, 300, 100, "threads", 8, 0, true});
  records.push_back({400, 400, 1, "orphan", 9, 0, true});
  records.push_back({100, 100, 1, "parent", 6 * tick, 0, true});  // after the look: the next one misses it
  const auto usages = ledger.settle(records, table, group_of, 0);
  const auto told = [&](int pid) {
    for (const ProcessUsage& usage : usages) {
      if (usage.key.pid == pid) return std::pair<std::int64_t, std::uint64_t>(usage.cpu_ns, usage.group);
    }
    return std::pair<std::int64_t, std::uint64_t>(-1, 0);
  };
  EXPECT_EQ(told(101), std::make_pair(7 * tick, std::uint64_t{2}));
  EXPECT_EQ(told(202), std::make_pair(std::int64_t{5}, std::uint64_t{1}));
  EXPECT_EQ(told(203), std::make_pair(std::int64_t{3}, std::uint64_t{1}));
  EXPECT_EQ(told(300), std::make_pair(std::int64_t{15}, std::uint64_t{1}));
  EXPECT_EQ(told(400).first, -1) << "whose group nobody saw";
  EXPECT_EQ(ledger.unknown(), 1);
  EXPECT_EQ(told(100).first, -1);

  machine.remove("proc/100");
  ASSERT_TRUE(table.look());
  const auto last = ledger.settle({}, table, group_of, 0);
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].cpu_ns, 6 * tick);
}

}  // namespace
}  // namespace cradle::capture
