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
  std::atomic<std::uint32_t> turn{0};  ///< grows when there is work, or the end
  std::atomic<std::uint32_t> busy{0};  ///< threads that have not finished this turn
  std::atomic<std::size_t> next{0};
  std::size_t count = 0;
  const std::function<void(std::size_t)>* work = nullptr;  ///< none: the end
  std::vector<std::jthread> threads;

  void take_part() {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) (*work)(i);
  }

  /// Until `value` is no longer `old`.
  static void wait(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
    // About as long as a sleep and a wake take; longer would take the processor from others.
    constexpr int looks = 2000;
    for (int i = 0; i < looks; ++i)
      if (value.load() != old) return;
    value.wait(old);
  }

  void serve() {
    for (std::uint32_t seen = 0;;) {
      wait(turn, seen);
      seen = turn.load();
      if (!work) return;
      take_part();
      if (busy.fetch_sub(1) == 1) busy.notify_one();
    }
  }
};

ThreadTeam::ThreadTeam(unsigned threads) : state_(std::make_unique<State>()) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned t = 1; t < threads; ++t) state_->threads.emplace_back([this] { state_->serve(); });
}

ThreadTeam::~ThreadTeam() {
  state_->work = nullptr;
  ++state_->turn;
  state_->turn.notify_all();
}

void ThreadTeam::run(std::size_t count, const std::function<void(std::size_t)>& work) {
  State& state = *state_;
  state.count = count;
  state.work = &work;
  state.next = 0;
  state.busy = static_cast<std::uint32_t>(state.threads.size());
  ++state.turn;
  state.turn.notify_all();
  state.take_part();
  for (std::uint32_t left = state.busy.load(); left != 0; left = state.busy.load()) State::wait(state.busy, left);
}

}  // namespace cradle
