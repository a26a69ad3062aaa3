#include "cradle/base/parallel.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace cradle {
namespace {

/// Each item once, all done before run() returns, turn after turn, on any number of threads.
TEST(ThreadTeam, EachItemOfEachTurnIsDoneOnceBeforeItReturns) {
  for (const unsigned threads : {0U, 1U, 2U, 3U, 8U}) {
    ThreadTeam team(threads);
    for (std::size_t turn = 0; turn < 300; ++turn) {
      const std::size_t count = turn % 23;
      std::vector<int> done(count, 0);
      team.run(count, [&](std::size_t i) { ++done[i]; });
      EXPECT_EQ(done, std::vector<int>(count, 1)) << threads << " threads, turn " << turn;
    }
  }
}

/// What one turn wrote the next one reads, whichever thread has the item.
TEST(ThreadTeam, ATurnSeesWhatTheOneBeforeWrote) {
  ThreadTeam team(4);
  std::vector<std::uint64_t> now(64, 1), next(64);
  std::vector<std::uint64_t> alone = now;
  for (int turn = 0; turn < 200; ++turn) {
    team.run(64, [&](std::size_t i) { next[i] = now[i] * 3 + now[(i + 1) % 64]; });
    std::swap(now, next);
    std::vector<std::uint64_t> last = alone;
    for (std::size_t i = 0; i < 64; ++i) alone[i] = last[i] * 3 + last[(i + 1) % 64];
    ASSERT_EQ(now, alone) << "turn " << turn;
  }
}

TEST(ThreadTeam, UsesNoMoreThreadsThanItHasAndTheCallersIsOne) {
  ThreadTeam team(3);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  for (int turn = 0; turn < 50; ++turn)
    team.run(100, [&](std::size_t) {
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
  EXPECT_LE(seen.size(), 3U);
  ThreadTeam alone(1);
  std::set<std::thread::id> callers;
  alone.run(10, [&](std::size_t) { callers.insert(std::this_thread::get_id()); });
  EXPECT_EQ(callers, std::set<std::thread::id>{std::this_thread::get_id()});
}

/// Threads that sleep by then are woken, and ended.
TEST(ThreadTeam, WorksAndEndsAfterAPause) {
  for (int round = 0; round < 20; ++round) {
    ThreadTeam team(3);
    std::atomic<int> sum{0};
    if (round % 2 == 0) team.run(3, [&](std::size_t) { ++sum; });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (round % 4 < 2) team.run(7, [&](std::size_t) { ++sum; });
    EXPECT_EQ(sum.load(), (round % 2 == 0 ? 3 : 0) + (round % 4 < 2 ? 7 : 0));
  }
}

TEST(ThreadTeam, SeveralTeamsDoNotDisturbEachOther) {
  std::vector<std::int64_t> sums(4, 0);
  std::vector<std::thread> callers;
  for (std::size_t c = 0; c < sums.size(); ++c)
    callers.emplace_back([&sums, c] {
      ThreadTeam team(2);
      std::vector<std::int64_t> parts(16, 0);
      for (int turn = 0; turn < 100; ++turn) team.run(parts.size(), [&](std::size_t i) { parts[i] += 1; });
      for (const std::int64_t part : parts) sums[c] += part;
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sums, std::vector<std::int64_t>(4, 1600));
}

RC_GTEST_PROP(Parallel, TheSameForAnyNumberOfThreads, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(0, 200);
  const auto threads = *rc::gen::inRange(0U, 9U);
  std::vector<std::size_t> by_team(count, 0), by_for(count, 0), expected(count);
  for (std::size_t i = 0; i < count; ++i) expected[i] = i * i + 1;
  ThreadTeam(threads).run(count, [&](std::size_t i) { by_team[i] += i * i + 1; });
  parallel_for(count, threads, [&](std::size_t i) { by_for[i] += i * i + 1; });
  RC_ASSERT(by_team == expected);
  RC_ASSERT(by_for == expected);
}

}  // namespace
}  // namespace cradle
