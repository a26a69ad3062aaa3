#include "cradle/capture/capture.h"

#include <unistd.h>

#include <array>
#include <system_error>
#include <utility>

#include "cradle/base/file.h"
#include "group_mounts.h"
#include "kept_file.h"
#include "proc_text.h"
#include "taskstats.h"
#include "tiers.h"

namespace cradle::capture {

namespace {

/// A tier, with what was said when a better one was tried.
class NotedCapture final : public Capture {
 public:
  NotedCapture(std::unique_ptr<Capture> capture, std::vector<std::string> why)
      : capture_(std::move(capture)), why_(std::move(why)) {}

  Tier tier() const override { return capture_->tier(); }
  std::vector<std::string> notes() const override {
    std::vector<std::string> all = why_;
    for (std::string& note : capture_->notes()) all.push_back(std::move(note));
    return all;
  }
  Result<Scan> scan() override { return capture_->scan(); }
  Result<bool> settle(std::chrono::milliseconds limit) override { return capture_->settle(limit); }

 private:
  std::unique_ptr<Capture> capture_;
  std::vector<std::string> why_;
};

Result<std::unique_ptr<Capture>> open_tier(Tier tier, const CaptureOptions& options) {
  switch (tier) {
    case Tier::bpf: return open_bpf(options);
    case Tier::taskstats: return open_taskstats(options);
    case Tier::proc: break;
  }
  return open_proc(options);
}

const char* name_of(Tier tier) {
  switch (tier) {
    case Tier::bpf: return "bpf";
    case Tier::taskstats: return "taskstats";
    case Tier::proc: break;
  }
  return "proc";
}

HookReport probe_file(std::string name, const std::filesystem::path& path, std::string fallback) {
  HookReport report;
  report.name = std::move(name);
  std::array<char, 4096> buffer;
  KeptFile file(path, nullptr);
  report.works = file.read(buffer).has_value();
  if (report.works) return report;
  const Result<std::string> text = read_file(path);
  report.error = text ? "cannot be read at once" : text.error().message + " (" + path.string() + ")";
  report.fallback = std::move(fallback);
  return report;
}

HookReport probe_mounted(std::string name, const GroupMount* mount, const char* file, std::string fallback) {
  if (mount != nullptr) return probe_file(std::move(name), mount->folder / file, std::move(fallback));
  return {std::move(name), false, "not mounted", std::move(fallback)};
}

HookReport probe_taskstats() {
  HookReport report;
  report.name = "taskstats exit records";
  const auto listener = ExitListener::open();
  report.works = listener.has_value();
  if (report.works) return report;
  report.error = listener.error().message;
  report.fallback = "without BPF too: /proc alone; what ends between two scans is in its group, in no process";
  return report;
}

}  // namespace

Result<std::unique_ptr<Capture>> Capture::open(const CaptureOptions& options) {
  if (options.tier) {
    if (options.sysroot != "/" && *options.tier != Tier::proc) {
      return failure(std::string("the tier ") + name_of(*options.tier) + " reads this machine's kernel, not files",
                     options.sysroot.string(), "leave out --sysroot, or take the tier proc");
    }
    return open_tier(*options.tier, options);
  }
  if (options.sysroot != "/") {
    auto capture = open_proc(options);
    if (!capture) return capture.error();
    std::vector<std::string> why{"proc: " + options.sysroot.string() + " is a tree of files, so only files are read"};
    return std::unique_ptr<Capture>(std::make_unique<NotedCapture>(std::move(*capture), std::move(why)));
  }
  std::vector<std::string> why;
  for (const Tier tier : {Tier::bpf, Tier::taskstats}) {
    auto capture = open_tier(tier, options);
    if (capture) return std::unique_ptr<Capture>(std::make_unique<NotedCapture>(std::move(*capture), std::move(why)));
    const Error& error = capture.error();
    why.push_back(std::string("not ") + name_of(tier) + ": " + error.message + "; " + error.hint);
  }
  auto capture = open_proc(options);
  if (!capture) return capture.error();
  return std::unique_ptr<Capture>(std::make_unique<NotedCapture>(std::move(*capture), std::move(why)));
}

Result<bool> Capture::settle(std::chrono::milliseconds /*limit*/) { return true; }

std::vector<HookReport> probe_hooks() {
  std::vector<HookReport> reports = probe_bpf_hooks();
  const std::vector<GroupMount> mounts = find_group_mounts("/");
  reports.push_back(probe_mounted("cgroup v2 cpu.stat", find_controller(mounts, ""), "cpu.stat",
                                  "version 1's cpuacct; without it groups are the sums of their processes"));
  reports.push_back(probe_mounted("cgroup v1 cpuacct.usage", find_controller(mounts, "cpuacct"), "cpuacct.usage",
                                  "version 2's cpu.stat; without it groups are the sums of their processes"));
  reports.push_back(probe_taskstats());
  reports.push_back(probe_file("/proc/PID/schedstat", "/proc/self/schedstat",
                               "CPU clocks of processes; under --sysroot ticks of 10 ms"));
  reports.push_back(probe_file("pressure stall information", "/proc/pressure/cpu",
                               "none: waiting for processors, memory and disks is not told (boot with psi=1)"));
  return reports;
}

}  // namespace cradle::capture
