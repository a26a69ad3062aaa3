// The files a daemon writes: its log, a line at a time, and the last number that it used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/exchange/record.h"

namespace cradle::exchange {

/// ns since boot, the time of sleep included: the same clock for all processes of a machine.
power::Ticks now_ns();

class Journal {
 public:
  /// Appends to the file; an empty path: nothing is kept.
  static Result<Journal> open(const std::filesystem::path& file);
  Journal(Journal&& other) noexcept : fd_(other.fd_), written_(other.written_) { other.fd_ = -1; }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  Journal& operator=(Journal&&) = delete;
  ~Journal();

  /// One event: all its lines have the time of now, and are with the kernel when this returns. False: the disk is full.
  bool write(const std::vector<Record>& records);

 private:
  explicit Journal(int fd) : fd_(fd) {}
  int fd_;
  bool written_ = true;
};

/// Numbers that never come again on this machine, nor go back: one more than the last one used, and at least the
/// seconds since 2020, so that a lost file does no harm while the clock is right.
class Numbers {
 public:
  /// bad_input for a file that holds anything but one number. An absent file is a beginning.
  static Result<Numbers> open(const std::filesystem::path& file);
  /// On disk before it is told.
  Result<std::uint32_t> next();

 private:
  Numbers(std::filesystem::path file, std::int64_t last) : file_(std::move(file)), last_(last) {}
  std::filesystem::path file_;
  std::int64_t last_;
};

}  // namespace cradle::exchange
