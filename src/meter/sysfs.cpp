#include "sysfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::meter {

namespace fs = std::filesystem;

namespace {

/// Attributes of the kernel are at most one page.
KeptFile::Line first_line(int fd) {
  std::array<char, 4096> buffer;
  ssize_t count = 0;
  do count = ::pread(fd, buffer.data(), buffer.size(), 0);
  while (count < 0 && errno == EINTR);
  if (count < 0) return {{}, errno};
  const std::string_view text(buffer.data(), static_cast<std::size_t>(count));
  return {std::string(trim(text.substr(0, text.find('\n')))), 0};
}

}  // namespace

KeptFile::KeptFile(KeptFile&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

void KeptFile::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

KeptFile::Line KeptFile::read() {
  if (fd_ >= 0) {
    // Sysfs says ENODEV of a device that went; a plain file only loses its name.
    struct stat state {};
    if (::fstat(fd_, &state) == 0 && state.st_nlink > 0)
      if (Line line = first_line(fd_); line.error == 0) return line;
    close();
  }
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) return {{}, errno};
  Line line = first_line(fd_);
  if (line.error != 0) close();
  return line;
}

bool in_sysfs(const fs::path& path) {
  struct statfs system {};
  return ::statfs(path.c_str(), &system) == 0 && system.f_type == SYSFS_MAGIC;
}

std::optional<std::string> read_line(const fs::path& path) {
  KeptFile::Line line = KeptFile(path).read();
  if (line.error != 0) return std::nullopt;
  return std::move(line.text);
}

std::optional<std::int64_t> read_count(const fs::path& path) {
  const auto line = read_line(path);
  const auto count = line ? parse_integer(*line) : std::nullopt;
  return count && *count >= 0 ? count : std::nullopt;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    names.push_back(entry->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

fs::path under(const fs::path& sysroot, const char* below) { return sysroot / below; }

std::string error_text(int error) { return to_lower(std::generic_category().message(error)); }

}  // namespace cradle::meter
