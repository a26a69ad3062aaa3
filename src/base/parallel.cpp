#include "cradle/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace cradle {

void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  threads = static_cast<unsigned>(std::min<std::size_t>(threads, count));
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) work(i);
  };
  std::vector<std::jthread> pool;
  for (unsigned t = 1; t < threads; ++t) pool.emplace_back(run);
  run();
}

struct ThreadTeam::State {
  /// The items that one thread does first, turn after turn the same: what they read is still in its cache.
  struct alignas(64) Own {
    std::atomic<std::size_t> next{0};
    std::size_t end = 0;
  };

  explicit State(std::size_t count) : own(count) {}

  std::atomic<std::uint32_t> turn{0};                      ///< grows when there is work, or the end
  std::atomic<std::uint32_t> busy{0};                      ///< threads that have not finished this turn
  std::vector<Own> own;                                    ///< by thread, the caller's first
  const std::function<void(std::size_t)>* work = nullptr;  ///< none: the end
  std::vector<std::jthread> threads;

  /// Its own items, then what the others have not begun.
  void take_part(std::size_t thread) {
    for (std::size_t t = 0; t < own.size(); ++t) {
      Own& items = own[(thread + t) % own.size()];
      for (std::size_t i = items.next.fetch_add(1); i < items.end; i = items.next.fetch_add(1)) (*work)(i);
    }
  }

  /// Until `value` is no longer `old`.
  static void wait(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
    // About as long as a sleep and a wake take; longer would take the processor from others.
    constexpr int looks = 20'000;
    for (int i = 0; i < looks; ++i)
      if (value.load() != old) return;
    value.wait(old);
  }

  void serve(std::size_t thread) {
    for (std::uint32_t seen = 0;;) {
      wait(turn, seen);
      seen = turn.load();
      if (!work) return;
      take_part(thread);
      if (busy.fetch_sub(1) == 1) busy.notify_one();
    }
  }
};

ThreadTeam::ThreadTeam(unsigned threads) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  state_ = std::make_unique<State>(threads);
  for (std::size_t t = 1; t < threads; ++t) state_->threads.emplace_back([this, t] { state_->serve(t); });
}

ThreadTeam::~ThreadTeam() {
  state_->work = nullptr;
  ++state_->turn;
  state_->turn.notify_all();
}

void ThreadTeam::run(std::size_t count, const std::function<void(std::size_t)>& work) {
  State& state = *state_;
  const std::size_t threads = state.own.size();
  for (std::size_t t = 0; t < threads; ++t) {
    state.own[t].next = count * t / threads;
    state.own[t].end = count * (t + 1) / threads;
  }
  state.work = &work;
  state.busy = static_cast<std::uint32_t>(state.threads.size());
  ++state.turn;
  state.turn.notify_all();
  state.take_part(0);
  for (std::uint32_t left = state.busy.load(); left != 0; left = state.busy.load()) State::wait(state.busy, left);
}

}  // namespace cradle
