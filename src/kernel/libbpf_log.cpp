#ifdef CRADLE_BPF

#include "libbpf_log.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace cradle::kernel {
namespace {

// libbpf has one print function for the process and gives it no context: the thread is the context.
thread_local std::string* current = nullptr;

int keep(libbpf_print_level level, const char* format, va_list arguments) {
  if (!current || level != LIBBPF_WARN) return 0;
  char line[512];
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  if (length > 0 && current->size() < 4096) *current += line;
  return length;
}

}  // namespace

LibbpfLog::LibbpfLog() {
  libbpf_set_print(keep);
  current = &text_;
}

LibbpfLog::~LibbpfLog() { current = nullptr; }

std::string LibbpfLog::describe(int code) const {
  std::string words = std::strerror(std::abs(code));
  const std::string first = text_.substr(0, text_.find('\n'));
  if (!first.empty()) words += " (" + first + ")";
  return words;
}

Error LibbpfLog::error(int code, const std::string& what, const std::string& where) const {
  const int reason = std::abs(code);
  std::string hint =
      reason == EPERM || reason == EACCES
          ? "run as root or with CAP_BPF and CAP_PERFMON (packets: CAP_NET_ADMIN too), on a kernel that is not locked "
            "down against BPF; `cradle doctor` shows every hook"
          : "needs Linux 5.17 or newer with CONFIG_BPF_SYSCALL and CONFIG_DEBUG_INFO_BTF; `cradle doctor` shows every "
            "hook";
  return failure(what + ": " + describe(code), where, std::move(hint));
}

}  // namespace cradle::kernel

#endif  // CRADLE_BPF
