// Laws: what the groups are told is what the root's counter rose by, whatever is born, dies or lags in between.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "cradle/base/file.h"
#include "cradle/base/random.h"
#include "fake_machine.h"
#include "group_mounts.h"
#include "kept_file.h"
#include "proc_text.h"
#include "tiers.h"

namespace cradle::capture {
namespace {

std::int64_t sum_of(const std::vector<GroupUsage>& usages) {
  std::int64_t sum = 0;
  for (const GroupUsage& usage : usages) sum += usage.cpu_ns;
  return sum;
}

const GroupUsage* find(const std::vector<GroupUsage>& usages, std::string_view path) {
  for (const GroupUsage& usage : usages) {
    if (usage.path == path) return &usage;
  }
  return nullptr;
}

std::int64_t cpu_of(const std::vector<GroupUsage>& usages, std::string_view path) {
  const GroupUsage* usage = find(usages, path);
  return usage == nullptr ? -1 : usage->cpu_ns;
}

TEST(GroupMounts, AreReadFromBothFormatsWithEscapes) {
  const auto mounts = parse_group_mounts(
      "31 23 0:28 / /sys/fs/cg\\040roup rw shared:4 master:1 - cgroup2 none rw\n"
      "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
      "22 27 0:21 / /proc rw - proc proc rw\n"
      "broken line\n"
      "cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0\n");
  ASSERT_EQ(mounts.size(), 3u);
  EXPECT_EQ(mounts[0].folder, "/sys/fs/cg roup");
  EXPECT_EQ(mounts[0].version, 2);
  EXPECT_EQ(mounts[1].root, "/docker/abc");
  ASSERT_NE(find_controller(mounts, "cpuacct"), nullptr);
  EXPECT_EQ(find_controller(mounts, "cpuacct")->folder, "/sys/fs/cgroup/cpu");
  EXPECT_EQ(find_controller(mounts, "name=systemd")->folder, "/sys/fs/cgroup/systemd");
  EXPECT_EQ(find_controller(mounts, "memory"), nullptr);
}

TEST(GroupTree, OwnUseIsLessThatOfChildren) {
  FakeMachine machine;
  machine.mount_version_2();
  machine.set_version_2("", 1000);
  machine.set_version_2("/a", 600);
  machine.set_version_2("/a/b", 500);
  GroupTree tree(machine.root());
  EXPECT_TRUE(tree.has_version_2());
  EXPECT_FALSE(tree.has_version_1());
  EXPECT_EQ(sum_of(tree.scan()), 0) << "the first walk sets the marks";

  machine.set_version_2("", 2000);
  machine.set_version_2("/a", 1300);
  machine.set_version_2("/a/b", 700);
  const auto usages = tree.scan();
  EXPECT_EQ(cpu_of(usages, "/"), 300'000);
  EXPECT_EQ(cpu_of(usages, "/a"), 500'000);
  EXPECT_EQ(cpu_of(usages, "/a/b"), 200'000);
  EXPECT_TRUE(find(usages, "/a")->cpu_is_exact);
  EXPECT_EQ(sum_of(tree.scan()), 0) << "told once";
}

TEST(GroupTree, ParentsComeBeforeChildrenAndGroupsAreFoundByPathAndNumber) {
  FakeMachine machine;
  machine.mount_version_2();
  machine.set_version_2("", 1);
  machine.set_version_2("/a/b", 1);
  machine.set_version_2("/a", 1);
  GroupTree tree(machine.root());
  const auto usages = tree.scan();
  ASSERT_EQ(usages.size(), 3u);
  EXPECT_EQ(usages[0].path, "/");
  EXPECT_EQ(usages[1].path, "/a");
  EXPECT_EQ(usages[2].path, "/a/b");
  EXPECT_EQ(tree.group_of("0::/a/b\n"), usages[2].id);
  EXPECT_EQ(tree.group_of("12:cpuacct:/x\n0::/a (deleted)\n"), usages[1].id);
  EXPECT_EQ(tree.group_of("0::/\n"), usages[0].id);
  EXPECT_EQ(tree.group_of("0::/nowhere\n"), 0u);
  EXPECT_EQ(tree.group_of(""), 0u);
  EXPECT_EQ(tree.group_of(usages[2].id, 0), usages[2].id);
  EXPECT_EQ(tree.group_of(999'999'999'999, 0), 0u);
}

TEST(GroupTree, ChildAheadOfItsParentIsToldLater) {
  FakeMachine machine;
  machine.mount_version_1();
  machine.set_version_1("", 100);
  machine.set_version_1("/a", 100);
  GroupTree tree(machine.root());
  tree.scan();
  machine.set_version_1("", 150);
  machine.set_version_1("/a", 170);
  EXPECT_EQ(cpu_of(tree.scan(), "/a"), 50);
  machine.set_version_1("", 180);
  const auto usages = tree.scan();
  EXPECT_EQ(cpu_of(usages, "/a"), 20);
  EXPECT_EQ(cpu_of(usages, "/"), 10);
}

TEST(GroupTree, RemovedGroupIsToldOnceMoreAndTheRestOfItIsItsOwnOnlyIfNobodyElseCanHaveBeenIt) {
  for (const bool parent_has_processes : {false, true}) {
    FakeMachine machine;
    machine.mount_version_1();
    machine.set_version_1("", 0);
    machine.set_version_1("/pod", 0);
    machine.set_version_1("/pod/c", 0);
    const std::string procs = "sys/fs/cgroup/cpu,cpuacct/pod/cgroup.procs";
    machine.write(procs, parent_has_processes ? "1\n" : "");
    GroupTree tree(machine.root());
    tree.scan();
    machine.set_version_1("", 10);
    machine.set_version_1("/pod", 10);
    machine.set_version_1("/pod/c", 10);
    const auto before = tree.scan();
    EXPECT_EQ(cpu_of(before, "/pod/c"), 10);
    const std::uint64_t id = find(before, "/pod/c")->id;
    machine.remove("sys/fs/cgroup/cpu,cpuacct/pod/c");
    machine.set_version_1("", 35);
    machine.set_version_1("/pod", 35);
    const auto last = tree.scan();
    ASSERT_NE(find(last, "/pod/c"), nullptr);
    EXPECT_TRUE(find(last, "/pod/c")->ended);
    EXPECT_EQ(cpu_of(last, "/pod/c"), parent_has_processes ? 0 : 25);
    EXPECT_EQ(cpu_of(last, "/pod"), parent_has_processes ? 25 : 0);
    EXPECT_EQ(tree.group_of(0, id), id) << "those who died in it are told with the same scan";
    const auto after = tree.scan();
    EXPECT_EQ(find(after, "/pod/c"), nullptr);
    EXPECT_EQ(sum_of(after), 0);
    EXPECT_EQ(tree.group_of(0, id), 0u);
  }
}

TEST(GroupTree, GroupThatIsMadeAgainUnderItsNameGoesOn) {
  FakeMachine machine;
  machine.mount_version_2();
  machine.set_version_2("", 1000);
  machine.set_version_2("/a", 900);
  GroupTree tree(machine.root());
  tree.scan();
  machine.remove("sys/fs/cgroup/a");
  machine.set_version_2("/a", 40);
  machine.set_version_2("", 1040);
  const auto usages = tree.scan();
  EXPECT_EQ(sum_of(usages), 40'000);
  EXPECT_GE(cpu_of(usages, "/a"), 0);
}

TEST(GroupTree, BesideEachOtherVersion2GroupsArePartOfVersion1sRoot) {
  FakeMachine machine;
  machine.mount_both();
  machine.set_version_1("", 1'000'000, "cpuacct");
  machine.set_version_2("", 7, "/unified");
  machine.set_version_2("/job", 0, "/unified");
  GroupTree tree(machine.root());
  tree.scan();
  machine.set_version_1("", 6'000'000, "cpuacct");
  machine.set_version_2("", 9999, "/unified");
  machine.set_version_2("/job", 3000, "/unified");
  const auto usages = tree.scan();
  EXPECT_EQ(cpu_of(usages, "/job"), 3'000'000);
  EXPECT_EQ(cpu_of(usages, "/"), 2'000'000);
  ASSERT_EQ(usages.size(), 2u) << "version 2's root is not told: its processes are version 1's";
  EXPECT_NE(usages[0].id & GroupTree::version_1, 0u);
  EXPECT_EQ(tree.group_of("2:cpuacct:/\n0::/job\n"), usages[1].id);
  EXPECT_EQ(tree.group_of("2:cpuacct:/\n0::/\n"), usages[0].id);
}

TEST(GroupTree, BesideEachOtherVersion2GroupsAreTakenOffTheVersion1GroupOfTheirProcesses) {
  FakeMachine machine;
  machine.mount_both();
  machine.set_version_1("", 0, "cpuacct");
  machine.set_version_1("/batch", 0, "cpuacct");
  machine.set_version_2("/job", 0, "/unified");
  machine.write("sys/fs/cgroup/unified/job/cgroup.procs", "77\n");
  machine.write("proc/77/cgroup", "2:cpuacct:/batch\n0::/job\n");
  GroupTree tree(machine.root());
  tree.scan();
  machine.set_version_1("", 10'000'000, "cpuacct");
  machine.set_version_1("/batch", 8'000'000, "cpuacct");
  machine.set_version_2("/job", 5000, "/unified");
  const auto usages = tree.scan();
  EXPECT_EQ(cpu_of(usages, "/"), 2'000'000);
  EXPECT_EQ(cpu_of(usages, "/batch"), 3'000'000);
  EXPECT_EQ(cpu_of(usages, "/job"), 5'000'000);
}

TEST(GroupTree, RootOfVersion2LeavesOutWhatOldKernelsAddToIt) {
  FakeMachine machine;
  machine.mount_version_2();
  machine.set_version_2("", 0);
  GroupTree tree(machine.root());
  tree.scan();
  machine.write("sys/fs/cgroup/cpu.stat", "usage_usec 130\nuser_usec 70\nsystem_usec 30\n");
  EXPECT_EQ(sum_of(tree.scan()), 100'000) << "30 us were stolen";
}

TEST(GroupTree, RootInTicksNeverHoldsBackExactGroups) {
  FakeMachine machine;
  machine.mount_version_2();
  machine.set_version_2("", 0);
  machine.set_version_2("/a", 0);
  GroupTree tree(machine.root());
  tree.scan();
  machine.set_version_2("/a", 6000);
  EXPECT_EQ(cpu_of(tree.scan(), "/a"), 6'000'000);
  machine.set_version_2("", 10000);
  EXPECT_EQ(cpu_of(tree.scan(), "/"), 4'000'000) << "what was told ahead is taken off";
}

TEST(GroupTree, MemoryIsOwnMemory) {
  FakeMachine machine;
  machine.mount_version_1();
  machine.set_version_1("", 0);
  machine.set_version_1("/a", 0);
  machine.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1000\n");
  machine.write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "300\n");
  GroupTree tree(machine.root());
  const auto usages = tree.scan();
  EXPECT_EQ(find(usages, "/")->resident_bytes, 700);
  EXPECT_EQ(find(usages, "/a")->resident_bytes, 300);
}

TEST(GroupTree, DamagedCountersAreNotBelieved) {
  FakeMachine machine;
  machine.mount_version_2();
  machine.set_version_2("", 10);
  for (const char* text : {"", "usage_usec", "usage_usec x\n", "usage_usec -5\n", "usage_usec 99999999999999999999\n",
                           "usage_usec 9223372036854775807\n", "\xff\xfe"}) {
    machine.write("sys/fs/cgroup/a/cpu.stat", text);
    GroupTree tree(machine.root());
    const auto usages = tree.scan();
    ASSERT_NE(find(usages, "/a"), nullptr) << text;
    EXPECT_FALSE(find(usages, "/a")->cpu_is_exact) << text;
    EXPECT_EQ(cpu_of(usages, "/a"), 0) << text;
  }
}

TEST(GroupTree, MachineWithoutControlGroupsHasOneGroup) {
  FakeMachine machine;
  GroupTree tree(machine.root());
  const auto usages = tree.scan();
  ASSERT_EQ(usages.size(), 1u);
  EXPECT_EQ(usages[0].path, "/");
  EXPECT_FALSE(usages[0].cpu_is_exact);
  EXPECT_EQ(tree.group_of("anything"), usages[0].id);
}

TEST(GroupTree, LinksAreNotFollowed) {
  FakeMachine machine;
  machine.mount_version_2();
  machine.set_version_2("", 1);
  std::filesystem::create_directory_symlink(machine.root() / "sys/fs/cgroup", machine.root() / "sys/fs/cgroup/loop");
  GroupTree tree(machine.root());
  EXPECT_EQ(tree.scan().size(), 1u);
}

TEST(GroupTree, FiveThousandGroups) {
  FakeMachine machine;
  machine.mount_version_1();
  machine.set_version_1("", 0);
  constexpr int groups = 5000;
  for (int i = 0; i < groups; ++i) machine.set_version_1("/g" + std::to_string(i), 0);
  GroupTree tree(machine.root());
  tree.scan();
  for (int i = 0; i < groups; ++i) machine.set_version_1("/g" + std::to_string(i), i);
  machine.set_version_1("", std::int64_t{groups} * groups);
  const auto usages = tree.scan();
  EXPECT_EQ(usages.size(), groups + 1u);
  EXPECT_EQ(sum_of(usages), std::int64_t{groups} * groups);
  EXPECT_EQ(cpu_of(usages, "/g4999"), 4999);
}

/// A tree of groups whose true use is known, written as the kernel would count it.
struct TrueTree {
  explicit TrueTree(FakeMachine& fake) : machine(fake) { alive[""] = 0; }

  void use(const std::string& group, std::int64_t ns) {
    for (std::string at = group;; at.resize(at.rfind('/'))) {
      alive[at] += ns;
      if (at.empty()) break;
    }
  }
  void write() const {
    for (const auto& [group, ns] : alive) machine.set_version_1(group, ns);
  }
  void kill(const std::string& group) {
    machine.remove("sys/fs/cgroup/cpu,cpuacct" + group);
    std::erase_if(alive, [&](const auto& item) {
      return item.first == group || item.first.substr(0, group.size() + 1) == group + "/";
    });
  }
  std::string any(RandomStream& random) const {
    auto at = alive.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random.below(alive.size())));
    return at->first;
  }

  FakeMachine& machine;
  std::map<std::string, std::int64_t> alive;  ///< hierarchical counters
};

RC_GTEST_PROP(GroupTreeLaws, SumOverGroupsIsWhatTheRootRoseByAtAnyInterval, (std::uint64_t seed)) {
  RandomStream random(seed, "group tree");
  FakeMachine machine;
  machine.mount_version_1();
  TrueTree truth(machine);
  int names = 0;
  truth.write();
  GroupTree often(machine.root()), seldom(machine.root());
  often.scan();
  seldom.scan();
  std::int64_t told_often = 0, told_seldom = 0;
  for (int step = 0; step < 12; ++step) {
    for (int i = 0; i < 6; ++i) {
      const std::string group = truth.any(random);
      const auto choice = random.below(10);
      if (choice < 4 && std::count(group.begin(), group.end(), '/') < 5) {
        const std::string born = group + "/g" + std::to_string(names++);
        truth.alive[born] = 0;
        truth.use(born, static_cast<std::int64_t>(random.below(1000)));
      } else if (choice < 5 && !group.empty()) {
        truth.kill(group);
      } else {
        truth.use(group, static_cast<std::int64_t>(random.below(100'000)));
      }
    }
    truth.write();
    const auto usages = often.scan();
    for (const GroupUsage& usage : usages) RC_ASSERT(usage.cpu_ns >= 0);
    told_often += sum_of(usages);
    RC_ASSERT(told_often == truth.alive.at(""));
    if (step % 4 == 3) {
      told_seldom += sum_of(seldom.scan());
      RC_ASSERT(told_seldom == truth.alive.at(""));
    }
  }
}

RC_GTEST_PROP(GroupTreeLaws, StaleAndTornReadingsLoseNothing, (std::uint64_t seed)) {
  // Each file is written at its own moment: any counter may be behind or ahead of its parent's.
  RandomStream random(seed, "torn");
  FakeMachine machine;
  machine.mount_version_1();
  TrueTree truth(machine);
  for (const char* group : {"/a", "/a/b", "/a/c", "/d"}) truth.alive[group] = 0;
  truth.write();
  GroupTree tree(machine.root());
  tree.scan();
  std::map<std::string, std::int64_t> told;
  std::int64_t root = 0;
  for (int step = 0; step < 20; ++step) {
    truth.use(truth.any(random), static_cast<std::int64_t>(random.below(1000)));
    for (const auto& [group, ns] : truth.alive) {
      if (random.below(2) == 0) continue;
      machine.set_version_1(group, ns);
      if (group.empty()) root = ns;
    }
    std::int64_t sum = 0;
    for (const GroupUsage& usage : tree.scan()) {
      RC_ASSERT(usage.cpu_ns >= 0);
      told[usage.path] += usage.cpu_ns;
    }
    for (const auto& [path, ns] : told) sum += ns;
    RC_ASSERT(sum == root);
  }
  truth.write();
  for (const GroupUsage& usage : tree.scan()) told[usage.path] += usage.cpu_ns;
  std::int64_t sum = 0;
  for (const auto& [path, ns] : told) sum += ns;
  RC_ASSERT(sum == truth.alive.at(""));
  RC_ASSERT(told["/a/b"] <= truth.alive.at("/a/b"));
}

TEST(KeptFile, BudgetBoundsDescriptorsAndFilesWithoutOneAreStillRead) {
  FakeMachine machine;
  machine.write("a", "1");
  machine.write("b", "2");
  DescriptorBudget budget(1);
  char buffer[8];
  {
    KeptFile a((machine.root() / "a").string(), &budget), b((machine.root() / "b").string(), &budget);
    EXPECT_EQ(a.read(buffer).value_or(""), "1");
    EXPECT_EQ(b.read(buffer).value_or(""), "2");
    EXPECT_FALSE(budget.take());
    machine.write("a", "33");
    EXPECT_EQ(a.read(buffer).value_or(""), "33") << "from its beginning";
    KeptFile moved = std::move(a);
    EXPECT_EQ(moved.read(buffer).value_or(""), "33");
  }
  EXPECT_TRUE(budget.take());
}

/// Control groups of this kernel, made for a test and removed by it.
class RealGroups : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto mounts = find_group_mounts("/");
    const GroupMount* mount = find_controller(mounts, "");
    if (mount == nullptr) GTEST_SKIP() << "no control groups of version 2 are mounted here";
    folder_ = mount->folder / ("cradle-test-" + std::to_string(::getpid()));
    std::error_code error;
    std::filesystem::create_directory(folder_, error);
    if (error) GTEST_SKIP() << "cannot make a control group: " << error.message() << "; run as root";
    made_ = true;
  }
  void TearDown() override {
    for (const auto& folder : removed_last_) ::rmdir(folder.c_str());
    if (made_) ::rmdir(folder_.c_str());
  }
  /// A process in `group` that computes for `ms` of CPU time and then waits to be killed.
  pid_t burn(const std::filesystem::path& group, long ms) {
    int done[2];
    if (::pipe(done) != 0) return -1;
    const std::string procs = group / "cgroup.procs";
    const pid_t child = ::fork();
    if (child == 0) {
      const int file = ::open(procs.c_str(), O_WRONLY);
      if (file < 0 || ::write(file, "0", 1) != 1) ::_exit(1);
      timespec used{};
      do {
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
      } while (used.tv_sec * 1000 + used.tv_nsec / 1'000'000 < ms);
      (void)!::write(done[1], "x", 1);
      for (;;) ::pause();
    }
    ::close(done[1]);
    char byte = 0;
    const bool finished = ::read(done[0], &byte, 1) == 1;
    ::close(done[0]);
    EXPECT_TRUE(finished) << "the process could not enter the group";
    return child;
  }
  static void stop(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> removed_last_;
  bool made_ = false;
};

TEST_F(RealGroups, UseOfAGroupIsWhatTheKernelCounts) {
  const std::filesystem::path inner = folder_ / "inner";
  std::filesystem::create_directory(inner);
  removed_last_.push_back(inner);
  GroupTree tree("/");
  tree.scan();
  constexpr long ms = 60;
  const pid_t child = burn(inner, ms);
  char buffer[1024];
  const auto counter = [&](const char* name) {
    KeptFile file((folder_ / name / "cpu.stat").string(), nullptr);
    const auto text = file.read(buffer);
    return text ? parse_keyed(*text, "usage_usec").value_or(0) * 1000 : 0;
  };
  const std::int64_t before = counter("inner");
  const auto usages = tree.scan();
  const std::int64_t after = counter("inner");
  const std::string path = "/" + folder_.filename().string();
  EXPECT_GE(cpu_of(usages, path + "/inner"), before) << "not less than was counted before the scan";
  EXPECT_LE(cpu_of(usages, path + "/inner"), after);
  EXPECT_EQ(cpu_of(usages, path), 0) << "an idle parent is never billed";
  const Result<std::string> groups = read_file("/proc/" + std::to_string(child) + "/cgroup");
  ASSERT_TRUE(groups);
  EXPECT_EQ(tree.group_of(*groups), find(usages, path + "/inner")->id);

  stop(child);
  ::rmdir(inner.c_str());
  const auto last = tree.scan();
  ASSERT_NE(find(last, path + "/inner"), nullptr);
  EXPECT_TRUE(find(last, path + "/inner")->ended);
  EXPECT_EQ(find(tree.scan(), path + "/inner"), nullptr);
}

TEST_F(RealGroups, GroupsThatComeAndGoAreFoundWhenTheirNumberStaysTheSame) {
  const std::filesystem::path one = folder_ / "one", two = folder_ / "two";
  removed_last_ = {one, two};
  std::filesystem::create_directory(one);
  GroupTree tree("/");
  tree.scan();
  ::rmdir(one.c_str());
  std::filesystem::create_directory(two);
  const std::string path = "/" + folder_.filename().string();
  const auto usages = tree.scan();
  ASSERT_NE(find(usages, path + "/one"), nullptr);
  EXPECT_TRUE(find(usages, path + "/one")->ended);
  ASSERT_NE(find(usages, path + "/two"), nullptr);
  const std::uint64_t first = find(usages, path + "/two")->id;
  ::rmdir(two.c_str());
  std::filesystem::create_directory(two);
  const auto again = tree.scan();
  int ended = 0, born = 0;
  for (const GroupUsage& usage : again) {
    if (usage.path != path + "/two") continue;
    (usage.id == first ? ended : born) += 1;
    EXPECT_EQ(usage.ended, usage.id == first);
  }
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(born, 1) << "the same name, another group";
}

}  // namespace
}  // namespace cradle::capture
