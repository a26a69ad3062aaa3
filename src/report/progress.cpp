#include "cradle/report/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "cradle/report/format.h"
#include "cradle/report/table.h"

namespace cradle::report {
namespace {

constexpr std::int64_t first_draw_ms = 300;  ///< work shorter than this needs no bar
constexpr std::int64_t redraw_ms = 100;
constexpr std::size_t bar_cells = 24;
constexpr std::string_view clear_line = "\r\x1b[K";

std::size_t terminal_columns(std::FILE* out) {
  winsize size{};
  return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress(std::string_view what, std::uint64_t total, bool enabled, std::FILE* out)
    : what_(printable(what)),
      total_(total),
      out_(out),
      shown_(enabled && out != nullptr && isatty(fileno(out)) != 0),
      next_draw_ms_(first_draw_ms) {}

Progress::~Progress() { finish(); }

std::int64_t Progress::elapsed_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::advance(std::uint64_t steps) {
  if (!shown_) return;
  const std::uint64_t done = done_.fetch_add(steps, std::memory_order_relaxed) + steps;
  const std::int64_t now = elapsed_ms();
  if (now < next_draw_ms_.load(std::memory_order_relaxed)) return;
  // Whoever does not get the pen goes on working: the bar is never worth a wait.
  const std::unique_lock pen(drawing_, std::try_to_lock);
  if (!pen || finished_ || now < next_draw_ms_.load(std::memory_order_relaxed)) return;
  next_draw_ms_.store(now + redraw_ms, std::memory_order_relaxed);
  const std::string line =
      progress_line(what_, done, total_, carbon::Seconds{static_cast<double>(now) / 1000}, terminal_columns(out_) - 1);
  std::fprintf(out_, "\r%s\x1b[K", line.c_str());
  std::fflush(out_);
  drawn_ = true;
}

void Progress::finish() {
  if (!shown_) return;
  const std::lock_guard pen(drawing_);
  if (!finished_ && drawn_) {
    std::fwrite(clear_line.data(), 1, clear_line.size(), out_);
    std::fflush(out_);
  }
  finished_ = true;
}

std::string progress_line(std::string_view what, std::uint64_t done, std::uint64_t total, carbon::Seconds elapsed,
                          std::size_t columns) {
  std::string numbers;
  std::string bar;
  if (total == 0) {
    numbers = std::to_string(done) + ", " + duration_text(elapsed, 2);
  } else {
    const std::uint64_t shown = std::min(done, total);
    const double share = static_cast<double>(shown) / static_cast<double>(total);
    numbers = std::to_string(shown) + "/" + std::to_string(total) + " " + decimal(100 * share, 0) + " %, " +
              duration_text(elapsed, 2);
    if (shown > 0 && shown < total) numbers += ", " + duration_text(elapsed * (1 / share - 1), 2) + " left";
    const auto full = static_cast<std::size_t>(share * static_cast<double>(bar_cells));
    bar = "[" + std::string(full, '#') + std::string(bar_cells - full, '.') + "] ";
  }
  // When space is short the bar goes first, then the name; the numbers stay.
  std::string line = std::string(what) + " ";
  if (display_width(line) + bar.size() + numbers.size() <= columns) return line + bar + numbers;
  if (display_width(line) + numbers.size() <= columns) return line + numbers;
  return numbers.substr(0, columns);
}

}  // namespace cradle::report
