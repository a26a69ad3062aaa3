// The kernel's exit records: one for each task that ends, heard over generic netlink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::capture {

/// What the kernel says of a task (a thread) that ended: Documentation/accounting/taskstats-struct.rst.
struct ExitRecord {
  std::int32_t task = 0, process = 0, parent = 0;
  std::string command;
  std::int64_t cpu_ns = 0;        ///< over its life
  std::int64_t started_unix = 0;  ///< seconds since 1970; 0: not said
  bool last = true;               ///< no other thread of the process is left; kernels before 5.19 do not say
};

/// The records in what one receive gave; what is cut off, of another family or not as documented is passed over.
std::vector<ExitRecord> parse_exit_records(std::span<const std::byte> bytes, std::uint16_t family);

/// Hears the exits on all processors from `open` on.
class ExitListener {
 public:
  /// failed, with the kernel's reason: needs CAP_NET_ADMIN in the first user and process name space.
  static Result<std::unique_ptr<ExitListener>> open();
  ~ExitListener();
  ExitListener(const ExitListener&) = delete;
  ExitListener& operator=(const ExitListener&) = delete;

  /// Everything that came since the call before.
  std::vector<ExitRecord> drain();
  /// How often the kernel found no room to leave a record, since the call before.
  std::int64_t overruns();

 private:
  ExitListener(int socket, std::uint16_t family) : socket_(socket), family_(family) {}
  int socket_;
  std::uint16_t family_;
  std::int64_t overruns_ = 0;
};

}  // namespace cradle::capture
