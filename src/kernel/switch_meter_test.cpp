#include "cradle/kernel/switch_meter.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdio>
#include <numeric>

#include "test_group.h"

namespace cradle::kernel {
namespace {

using std::chrono::milliseconds;

std::vector<std::int64_t> of(const SwitchTimes& times, std::uint64_t group) {
  std::vector<std::int64_t> sum(times.busy_ns.size());
  for (const GroupProcessorTime& time : times.groups) {
    if (time.group.version_2 != group) continue;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += time.cpu_ns[i];
  }
  return sum;
}

std::int64_t total(const std::vector<std::int64_t>& times) { return std::accumulate(times.begin(), times.end(), 0LL); }

void pin(std::size_t processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof set, &set);
}

TEST(SwitchMeter, TimeOfAGroupIsOnItsProcessor) {
  auto meter = SwitchMeter::open();
  if (!meter) GTEST_SKIP() << to_string(meter.error());
  const TestGroup group("switches");
  if (!group.exists()) GTEST_SKIP() << "no control group of version 2 can be made here";
  const std::size_t last = static_cast<std::size_t>(sysconf(_SC_NPROCESSORS_ONLN)) - 1;
  std::vector<std::int64_t> sum;
  const auto add = [&] {
    const auto times = (*meter)->scan();
    ASSERT_TRUE(times) << to_string(times.error());
    const auto more = of(*times, group.id());
    sum.resize(more.size());
    for (std::size_t i = 0; i < more.size(); ++i) {
      EXPECT_GE(more[i], 0);
      EXPECT_LE(more[i], times->busy_ns[i]);
      sum[i] += more[i];
    }
  };
  add();
  const pid_t child = group.start([&] {
    pin(last);
    burn(milliseconds(300));
  });
  // It may run for long without a switch: it must be told all the same.
  std::this_thread::sleep_for(milliseconds(150));
  add();
  EXPECT_GT(total(sum), 10'000'000);
  ASSERT_TRUE(TestGroup::wait_for(child));
  // Its parent may hear of the end before the processor has switched to another task.
  std::this_thread::sleep_for(milliseconds(50));
  add();
  const auto truth = static_cast<double>(group.cpu_ns());
  // The same count as the kernel's; what it used before it was moved into the group may be in the slice that is told.
  EXPECT_GE(static_cast<double>(total(sum)), 0.995 * truth);
  EXPECT_LE(static_cast<double>(total(sum)), 1.005 * truth + 5e6);
  EXPECT_GE(static_cast<double>(sum[last]), 0.95 * static_cast<double>(total(sum)));
}

TEST(SwitchMeter, CostByTheKernelsStatistics) {
  auto meter = SwitchMeter::open();
  if (!meter) GTEST_SKIP() << to_string(meter.error());
  if (auto on = (*meter)->measure_cost(); !on) GTEST_SKIP() << to_string(on.error());
  const TestGroup group("pipe");
  if (!group.exists()) GTEST_SKIP() << "no control group of version 2 can be made here";
  const auto before = (*meter)->cost();
  ASSERT_TRUE(before);
  int there[2], back[2];
  ASSERT_EQ(pipe(there), 0);
  ASSERT_EQ(pipe(back), 0);
  constexpr int rounds = 20'000;
  const auto bounce = [](int from, int to, bool first) {
    pin(0);
    char byte = 'x';
    for (int i = 0; i < rounds; ++i) {
      if (first && write(to, &byte, 1) != 1) _exit(1);
      if (read(from, &byte, 1) != 1) _exit(1);
      if (!first && write(to, &byte, 1) != 1) _exit(1);
    }
  };
  const pid_t one = group.start([&] { bounce(back[0], there[1], true); });
  const pid_t two = group.start([&] { bounce(there[0], back[1], false); });
  EXPECT_TRUE(TestGroup::wait_for(one));
  EXPECT_TRUE(TestGroup::wait_for(two));
  for (const int end : {there[0], there[1], back[0], back[1]}) close(end);
  const auto after = (*meter)->cost();
  ASSERT_TRUE(after);
  const std::uint64_t runs = after->runs - before->runs;
  EXPECT_GE(runs, 2u * rounds);
  const double each = static_cast<double>(after->total_ns - before->total_ns) / static_cast<double>(runs);
  std::printf("%.0f ns a switch over %llu switches\n", each, static_cast<unsigned long long>(runs));
  RecordProperty("ns_per_switch", std::to_string(each));
}

}  // namespace
}  // namespace cradle::kernel
