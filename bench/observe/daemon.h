// `cradle observe --daemon` in a control group of its own, and what it takes: CPU time by cpu.stat, memory, metrics.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "cradle/base/result.h"
#include "group.h"

namespace cradle::bench {

class Daemon {
 public:
  /// With a ledger, a checkpoint and a socket at which programs ask, as its unit starts it, or by its defaults.
  enum class Service : bool { defaults, all };
  /// failed if it does not serve within ten seconds.
  static Result<Daemon> start(const std::filesystem::path& cradle, Group group, const std::filesystem::path& folder,
                              const std::string& interval, Service service);
  Daemon(Daemon&& other) noexcept;
  Daemon& operator=(Daemon&&) = delete;
  ~Daemon();

  std::int64_t cpu_ns() const { return group_.cpu_ns(); }
  /// The most that was ever resident (VmHWM), and what is now (VmRSS).
  std::int64_t peak_bytes() const { return status_bytes("VmHWM:"); }
  std::int64_t resident_bytes() const { return status_bytes("VmRSS:"); }
  /// The body of GET /metrics; empty: it does not answer.
  std::string scrape() const;

 private:
  explicit Daemon(Group group) : group_(std::move(group)) {}
  std::int64_t status_bytes(const char* key) const;
  Group group_;
  pid_t process_ = -1;
  std::filesystem::path socket_;
};

}  // namespace cradle::bench
