#include "kept_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cradle::capture {

DescriptorBudget::DescriptorBudget() : left_(0) {
  constexpr rlim_t most = 1 << 16;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) left_ = static_cast<std::size_t>(std::min(limit.rlim_cur, most) / 4);
}

KeptFile::KeptFile(KeptFile&& other) noexcept
    : path_(std::move(other.path_)), budget_(other.budget_), file_(std::exchange(other.file_, -1)) {}

KeptFile& KeptFile::operator=(KeptFile&& other) noexcept {
  if (this == &other) return *this;
  close();
  path_ = std::move(other.path_);
  budget_ = other.budget_;
  file_ = std::exchange(other.file_, -1);
  return *this;
}

void KeptFile::close() {
  if (file_ < 0) return;
  ::close(std::exchange(file_, -1));
  budget_->give();
}

std::optional<std::string_view> KeptFile::read(std::span<char> buffer) {
  if (path_.empty()) return std::nullopt;
  int file = file_;
  if (file < 0) {
    file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return std::nullopt;
    if (budget_ != nullptr && budget_->take()) file_ = file;
  }
  std::size_t filled = 0;
  bool failed = false;
  // Kernel files come in pieces when they are long: read to the end.
  while (filled < buffer.size()) {
    const ssize_t count = ::pread(file, buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(filled));
    if (count < 0 && errno == EINTR) continue;
    failed = count < 0;
    if (count <= 0) break;
    filled += static_cast<std::size_t>(count);
  }
  if (file_ < 0) ::close(file);
  if (failed) return std::nullopt;
  return std::string_view(buffer.data(), filled);
}

}  // namespace cradle::capture
