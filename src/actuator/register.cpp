#include "register.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "cradle/base/text.h"
#include "cradle/meter/gpu_limit.h"

namespace cradle::actuator {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view board_scheme = "nvml:";

Error system_error(const std::string& what, int error, const std::string& where) {
  const std::string text = what + ": " + to_lower(std::generic_category().message(error));
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTDIR: return missing_data(text, where, "the device is not there (any more): look at what there is");
    case EACCES:
    case EPERM:
    case EROFS: return failure(text, where, "run as root, or make the file writable for this user");
    case EINVAL:
    case ERANGE:
      return failure(text, where,
                     "the device refuses this value: what it takes may depend on its group or"
                     " on another limit");
    default: return failure(text, where, "look at the kernel's log");
  }
}

Result<void> write_file_in_place(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return system_error("cannot write", errno, path);
  const std::string line = text + "\n";
  ssize_t count = 0;
  do count = ::write(fd, line.data(), line.size());
  while (count < 0 && errno == EINTR);
  const int error = count < 0 ? errno : EIO;
  // Attributes of the kernel have no length; plain files of a made-up tree keep none of a longer line before.
  const bool cut = ::ftruncate(fd, static_cast<off_t>(line.size())) == 0;
  static_cast<void>(cut);
  ::close(fd);
  if (count != static_cast<ssize_t>(line.size())) return system_error("cannot write '" + text + "'", error, path);
  return {};
}

Result<void> write_board(std::string_view target, const std::string& text) {
  const std::string_view address = target.substr(board_scheme.size());
  const auto at = address.find('@');
  const auto milliwatts = parse_integer(text);
  if (at == std::string_view::npos || !milliwatts)
    return bad_input("not a board and its milliwatts", std::string(target), "look at the journal by hand");
  const auto limits = meter::GpuLimits::open(std::string(address.substr(at + 1)));
  if (!limits) return limits.error();
  return limits->set(address.substr(0, at), *milliwatts);
}

}  // namespace

Result<std::string> read_line(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return system_error("cannot read", errno, path.string());
  std::array<char, 4096> buffer;  // attributes of the kernel are at most one page
  ssize_t count = 0;
  do count = ::read(fd, buffer.data(), buffer.size());
  while (count < 0 && errno == EINTR);
  const int error = errno;
  ::close(fd);
  if (count < 0) return system_error("cannot read", error, path.string());
  const std::string_view text(buffer.data(), static_cast<std::size_t>(count));
  return std::string(trim(text.substr(0, text.find('\n'))));
}

Result<std::int64_t> read_count(const fs::path& path) {
  const auto line = read_line(path);
  if (!line) return line.error();
  const auto count = parse_integer(*line);
  if (!count || *count < 0)
    return bad_input("not a whole number >= 0: '" + *line + "'", path.string(), "this is not a file of the kernel");
  return *count;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    names.push_back(entry->path().filename().string());
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
}

std::string board_target(std::string_view uuid, std::string_view library) {
  return std::string(board_scheme).append(uuid).append("@").append(library);
}

Result<void> write_register(const Write& write) {
  if (write.target.starts_with(board_scheme)) return write_board(write.target, write.text);
  return write_file_in_place(write.target, write.text);
}

Known known_of(const fs::path& folder) {
  struct statfs system {};
  if (::statfs(folder.c_str(), &system) != 0) return Known::simulated;
  // Types are of different widths from architecture to architecture; the numbers are of 32 bits.
  const auto type = static_cast<std::uint32_t>(system.f_type);
  return type == SYSFS_MAGIC || type == CGROUP_SUPER_MAGIC || type == CGROUP2_SUPER_MAGIC ? Known::real
                                                                                          : Known::simulated;
}

}  // namespace cradle::actuator
