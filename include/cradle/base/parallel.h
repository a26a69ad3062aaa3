// A parallel map whose result does not depend on the number of threads: item i writes only slot i.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace cradle {

/// Calls work(i) for every i in 0 .. count-1 on `threads` threads (0: one per processor). The order of the calls is
/// free; what each call writes must be its own. An exception ends the process: work must not throw.
void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work);

/// The same for loops that come by the thousand each second: its threads live as long as it does, and wait awake for
/// some microseconds before they sleep. One caller at a time.
class ThreadTeam {
 public:
  explicit ThreadTeam(unsigned threads);  ///< 0: one per processor
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  void run(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cradle
