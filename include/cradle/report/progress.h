// The one progress bar for long work: on standard error, only for a person who watches it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

#include "cradle/carbon/quantity.h"

namespace cradle::report {

/// One line that redraws in place: what, bar, done/total, percentage, elapsed time and the time that is left. It first
/// appears after a moment, redraws at most ten times a second and clears itself when it goes. One bar at a time.
///
///     Progress progress("replay", jobs.size(), common.progress && !common.quiet);
///     for (const auto& job : jobs) { ...; progress.advance(); }
class Progress {
 public:
  /// `total` 0: unknown, only counts. Nothing is ever written if `enabled` is false or `out` is no terminal.
  Progress(std::string_view what, std::uint64_t total, bool enabled, std::FILE* out = stderr);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Safe from any thread; costs one atomic addition and a look at the clock when shown, less when not.
  void advance(std::uint64_t steps = 1);
  /// Clears the line; later calls of advance draw nothing. The destructor does it too.
  void finish();

  bool shown() const { return shown_; }

 private:
  std::int64_t elapsed_ms() const;

  const std::string what_;
  const std::uint64_t total_;
  std::FILE* const out_;
  const bool shown_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::int64_t> next_draw_ms_;
  std::mutex drawing_;
  bool drawn_ = false;     ///< guarded by drawing_
  bool finished_ = false;  ///< guarded by drawing_
};

/// The text of the bar, at most `columns` wide (never wider, so that it stays on one line).
std::string progress_line(std::string_view what, std::uint64_t done, std::uint64_t total, carbon::Seconds elapsed,
                          std::size_t columns);

}  // namespace cradle::report
