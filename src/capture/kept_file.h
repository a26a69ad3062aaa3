// A small kernel file that is read again and again: its descriptor stays open as long as there are enough of them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cradle::capture {

/// How many descriptors may stay open; half of what the process is allowed, so that the rest of it can work.
class DescriptorBudget {
 public:
  DescriptorBudget();
  explicit DescriptorBudget(std::size_t descriptors) : left_(descriptors) {}
  bool take() { return left_ > 0 && left_-- > 0; }
  void give() { ++left_; }

 private:
  std::size_t left_;
};

/// Move-only. A file without a budget is opened for each reading, as are those that the budget has no room for. The
/// budget must outlive it.
class KeptFile {
 public:
  KeptFile() = default;
  KeptFile(std::string path, DescriptorBudget* budget) : path_(std::move(path)), budget_(budget) {}
  KeptFile(KeptFile&& other) noexcept;
  KeptFile& operator=(KeptFile&& other) noexcept;
  ~KeptFile() { close(); }

  /// From its beginning, as much as `buffer` holds; nothing if it cannot be read (any more).
  std::optional<std::string_view> read(std::span<char> buffer);
  const std::string& path() const { return path_; }
  void close();

 private:
  std::string path_;
  DescriptorBudget* budget_ = nullptr;
  int file_ = -1;
};

}  // namespace cradle::capture
