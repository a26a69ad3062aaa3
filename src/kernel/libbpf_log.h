// What libbpf says while it works, kept for the error instead of printed.
#pragma once

#include <string>

#include "cradle/base/result.h"

namespace cradle::kernel {

/// Collects libbpf's warnings of this thread for as long as it lives; one at a time per thread.
class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  /// The kernel's error in words, and the warning that came with it. `code`: a positive or negative errno.
  std::string describe(int code) const;
  /// An Error of it: `what` could not be done at `where`; the hint tells privilege from lack of support.
  Error error(int code, const std::string& what, const std::string& where) const;

 private:
  std::string text_;
};

}  // namespace cradle::kernel
