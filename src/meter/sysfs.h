// Small files of a kernel tree: read once, or kept open and read again at every tick.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cradle::meter {

/// A file that is read again and again through one descriptor, opened anew when it went away and came back.
class KeptFile {
 public:
  explicit KeptFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~KeptFile() { close(); }
  KeptFile(KeptFile&& other) noexcept;
  KeptFile& operator=(KeptFile&&) = delete;

  struct Line {
    std::string text;  ///< the first line, trimmed
    int error = 0;     ///< errno, 0 if it was read
  };
  Line read();
  const std::filesystem::path& path() const { return path_; }

 private:
  void close();
  std::filesystem::path path_;
  int fd_ = -1;
};

/// Whether it lies in the kernel's own sysfs: a plain folder with the same names is a copy, or made up.
bool in_sysfs(const std::filesystem::path& path);
/// The first line, trimmed; nothing if it cannot be read.
std::optional<std::string> read_line(const std::filesystem::path& path);
/// The first line as a whole number >= 0.
std::optional<std::int64_t> read_count(const std::filesystem::path& path);
/// Names in a folder, sorted; empty if there is none.
std::vector<std::string> names_in(const std::filesystem::path& folder);
/// SYSROOT/sys/...: `below` without a leading '/'.
std::filesystem::path under(const std::filesystem::path& sysroot, const char* below);
/// "permission denied", "no such file", ...: the system's words in lower case.
std::string error_text(int error);

}  // namespace cradle::meter
