#include "journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <limits>
#include <system_error>
#include <utility>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/base/time.h"

namespace cradle::exchange {

namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

power::Ticks now_ns() { return read_clock(CLOCK_BOOTTIME); }

Result<Journal> Journal::open(const std::filesystem::path& file) {
  if (file.empty()) return Journal(-1);
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0)
    return failure("the log cannot be written: " + to_lower(std::generic_category().message(errno)), file.string(),
                   "make its folder, or choose another log");
  return Journal(fd);
}

Journal::~Journal() {
  if (fd_ >= 0) ::close(fd_);
}

bool Journal::write(const std::vector<Record>& records) {
  if (fd_ < 0 || records.empty()) return true;
  std::string text;
  if (!std::exchange(written_, true)) text = "\n";  // half a line must not hide the next
  const power::Ticks now = now_ns();
  for (Record record : records) {
    record.at = now;
    text += to_line(record);
  }
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(fd_, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      written_ = done == 0;
      return false;
    }
    done += static_cast<std::size_t>(count);
  }
  return true;
}

Result<Numbers> Numbers::open(const std::filesystem::path& file) {
  const auto text = read_file(file, 4096);
  if (!text && text.error().code == ErrorCode::missing_data) return Numbers(file, 0);
  if (!text) return text.error();
  const auto number = parse_integer(trim(*text));
  if (!number || *number < 0 || *number > std::numeric_limits<std::uint32_t>::max())
    return bad_input("this is not the file of the last number used", file.string(),
                     "if it was damaged, remove it: numbers go on from the clock");
  return Numbers(file, *number);
}

Result<std::uint32_t> Numbers::next() {
  const std::int64_t since = read_clock(CLOCK_REALTIME) / 1'000'000'000 - instant_of(2020, 1, 1).ms / ms_per_second;
  const std::int64_t number = std::max(last_ + 1, since);
  if (number > std::numeric_limits<std::uint32_t>::max())
    return failure("no number is left", file_.string(), "the machine's clock is past the year 2150: set it");
  if (const auto written = write_file(file_, std::to_string(number) + "\n"); !written) return written.error();
  last_ = number;
  return static_cast<std::uint32_t>(number);
}

}  // namespace cradle::exchange
