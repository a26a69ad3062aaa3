#include "cradle/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace cradle {

namespace {
std::string reason() { return std::strerror(errno); }

constexpr int most_links = 40;  // as many as the kernel follows

/// The file behind `path`, also one that is not there yet: renaming over a link would replace the link.
Result<std::filesystem::path> behind_links(const std::filesystem::path& path) {
  std::filesystem::path file = path;
  for (int link = 0; link <= most_links; ++link) {
    std::error_code is_no_link;
    const std::filesystem::path target = std::filesystem::read_symlink(file, is_no_link);
    if (is_no_link) return file;
    file = file.parent_path() / target;
  }
  return bad_input("links that lead to each other", path.string(), "name the file itself");
}
}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return missing_data("no such file", path.string(), "check the path");
    return failure("cannot open: " + reason(), path.string(), "check the permissions of the file");
  }
  struct stat status {};
  if (::fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(file);
    return bad_input("is a folder, not a file", path.string(), "name a file inside it");
  }
  std::string bytes;
  if (S_ISREG(status.st_mode)) bytes.reserve(static_cast<std::size_t>(status.st_size));
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = ::read(file, buffer, sizeof buffer);
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      Error error = failure("cannot read: " + reason(), path.string(), "check the disk");
      ::close(file);
      return error;
    }
    bytes.append(buffer, static_cast<std::size_t>(count));
    if (bytes.size() > limit) {
      ::close(file);
      return bad_input("file is larger than " + std::to_string(limit) + " bytes", path.string(),
                       "check that this is the right file");
    }
  }
  ::close(file);
  return bytes;
}

Result<void> write_file(const std::filesystem::path& path, std::string_view bytes, Durability durability) {
  const auto target = behind_links(path);
  if (!target) return target.error();
  struct stat old {};
  const bool replaces = ::stat(target->c_str(), &old) == 0;
  if (replaces && !S_ISREG(old.st_mode))
    return bad_input("is not a regular file", path.string(), "name a file, or a path where nothing is yet");
  const std::string temporary = target->string() + "." + std::to_string(::getpid()) + ".part";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0)
    return failure("cannot create: " + reason(), path.string(), "check that the folder exists and can be written");
  const auto give_up = [&](const std::string& what) {
    Error error = failure(what + ": " + reason(), path.string(), "check the free space of the disk");
    ::close(file);
    ::unlink(temporary.c_str());
    return error;
  };
  // Before the first byte, so that nobody reads what the old file kept from them.
  if (replaces && ::fchmod(file, old.st_mode & 07777) != 0) return give_up("cannot keep the mode");
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return give_up("cannot write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  if (durability == Durability::machine && ::fsync(file) != 0) return give_up("cannot sync");
  if (::rename(temporary.c_str(), target->c_str()) != 0) return give_up("cannot replace");
  ::close(file);
  return {};
}

}  // namespace cradle
