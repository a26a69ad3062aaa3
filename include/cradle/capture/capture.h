// Reads a node: one scan after the other, by the best tier that this kernel and these privileges allow.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/capture/usage.h"

namespace cradle::capture {

struct CaptureOptions {
  /// In front of /proc and /sys; with anything but "/" only files are read: no BPF, no taskstats.
  std::filesystem::path sysroot = "/";
  std::optional<Tier> tier;  ///< this tier or an error; else the best that works
  bool bytes = true;         ///< block and network bytes by group
  bool switches = false;     ///< sched_switch mode: CPU time by processor as well
};

/// One thing that a capture can be made of, whether it works here, and if not, why and what serves instead.
struct HookReport {
  std::string name;  ///< "tp_btf/sched_process_free", "cgroup cpu.stat", ...
  bool works = false;
  std::string error;     ///< of the kernel, in words; empty if it works
  std::string fallback;  ///< what is used in its place, and what is lost by it
};

class Capture {
 public:
  /// failed if the wanted tier cannot be had (with the kernel's reason and the privilege that is lacking),
  /// missing_data if there is not even a /proc under sysroot.
  static Result<std::unique_ptr<Capture>> open(const CaptureOptions& options);
  virtual ~Capture() = default;

  virtual Tier tier() const = 0;
  /// Why no better tier is in use; empty for the best.
  virtual std::vector<std::string> notes() const = 0;
  /// The first scan only sets the marks. CPU seconds that a scan could not read come with the next one.
  virtual Result<Scan> scan() = 0;
  /// Waits until the next scan can tell all of the time of the tasks that are dead now, at most `limit`: some
  /// milliseconds by BPF. False: the limit was reached. A tier that has nothing to wait for says true at once.
  virtual Result<bool> settle(std::chrono::milliseconds limit);
};

/// Tries every hook on this machine, leaving nothing behind: what `cradle doctor` prints.
std::vector<HookReport> probe_hooks();

}  // namespace cradle::capture
