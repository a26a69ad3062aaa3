// The tiers without BPF: /proc for the living, and the kernel's exit records for the dead where they can be heard.
#include <algorithm>
#include <ctime>
#include <iterator>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "cradle/base/file.h"
#include "exit_ledger.h"
#include "process_table.h"
#include "taskstats.h"
#include "tiers.h"

namespace cradle::capture {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

std::int64_t clock_ns(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return 0;
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// How many tasks ended since the scan before, by the kernel's counts of those that began and those that exist.
class EndedTasks {
 public:
  explicit EndedTasks(std::filesystem::path sysroot) : sysroot_(std::move(sysroot)) {}

  std::int64_t scan() {
    const Result<std::string> stat = read_file(sysroot_ / "proc/stat", limit);
    const Result<std::string> load = read_file(sysroot_ / "proc/loadavg", limit);
    if (!stat || !load) return 0;
    const auto begun = parse_forks(*stat), exist = parse_tasks(*load);
    if (!begun || !exist || *exist > *begun) return 0;
    const std::int64_t ended = *begun - *exist;
    // The two counts are not of the same moment: what was told is not taken back.
    const std::int64_t news = first_ ? 0 : std::max<std::int64_t>(ended - told_, 0);
    told_ = std::max(told_, ended);
    first_ = false;
    return news;
  }

 private:
  static constexpr std::uint64_t limit = 64 << 20;
  std::filesystem::path sysroot_;
  std::int64_t told_ = 0;
  bool first_ = true;
};

class ProcCapture final : public Capture {
 public:
  ProcCapture(const std::filesystem::path& sysroot, std::unique_ptr<ExitListener> listener)
      : is_this_machine_(sysroot == "/"),
        listener_(std::move(listener)),
        groups_(sysroot),
        clock_(sysroot),
        processes_(sysroot),
        ended_tasks_(sysroot) {}

  Tier tier() const override { return listener_ ? Tier::taskstats : Tier::proc; }
  std::vector<std::string> notes() const override { return {}; }
  Result<Scan> scan() override;

 private:
  void add_living(Scan& scan);
  void add_heard(Scan& scan, std::vector<ExitRecord> records);
  void add_unheard(Scan& scan);
  void add_resident(Scan& scan) const;
  std::uint64_t last_group_of(const Process& process) const;

  bool is_this_machine_;
  std::unique_ptr<ExitListener> listener_;
  ExitLedger exits_;
  GroupTree groups_;
  NodeClock clock_;
  ProcessTable processes_;
  EndedTasks ended_tasks_;
  std::unordered_map<std::int32_t, std::pair<ProcessKey, std::uint64_t>> last_groups_;  ///< outlive their folders
  std::optional<std::int64_t> last_ns_;
  std::int64_t last_own_ns_ = 0;
};

Result<Scan> ProcCapture::scan() {
  Scan scan;
  scan.tier = tier();
  scan.at.ms = clock_ns(CLOCK_REALTIME) / ns_per_ms;
  const std::int64_t now = clock_ns(CLOCK_MONOTONIC);
  scan.interval_ns = last_ns_ ? std::max<std::int64_t>(now - *last_ns_, 1) : 0;

  // Processes before groups: what a process has used is then part of what its group is found to have used.
  if (auto looked = processes_.look(); !looked) return looked.error();
  std::vector<ExitRecord> records;
  if (listener_) records = listener_->drain();
  scan.groups = groups_.scan();
  auto node = clock_.scan();
  if (!node) return node.error();
  scan.node = *node;
  last_ns_ = now;

  add_living(scan);
  if (listener_) {
    add_heard(scan, std::move(records));
  } else {
    add_unheard(scan);
  }
  for (const Process& process : processes_.ended()) {
    const auto found = last_groups_.find(process.key.pid);
    if (found != last_groups_.end() && found->second.first == process.key) last_groups_.erase(found);
  }
  add_resident(scan);
  sum_uncounted(scan);
  if (is_this_machine_) {
    const std::int64_t own_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    if (scan.interval_ns > 0) scan.own_cpu_ns = own_ns - last_own_ns_;
    last_own_ns_ = own_ns;
  }
  return scan;
}

void ProcCapture::add_living(Scan& scan) {
  for (const Process* process : processes_.living()) {
    const std::uint64_t group = groups_.group_of(process->groups);
    auto& last = last_groups_[process->key.pid];
    if (last.first != process->key || group != 0) last = {process->key, group};
    if (process->used_ns > 0)
      scan.processes.push_back({process->key, process->command, group, process->used_ns, false});
  }
}

std::uint64_t ProcCapture::last_group_of(const Process& process) const {
  const auto found = last_groups_.find(process.key.pid);
  if (found != last_groups_.end() && found->second.first == process.key) return found->second.second;
  return groups_.group_of(process.groups);
}

void ProcCapture::add_heard(Scan& scan, std::vector<ExitRecord> records) {
  const std::int64_t ended = ended_tasks_.scan();
  const auto heard = static_cast<std::int64_t>(records.size());
  const std::int64_t boot_unix_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
  const auto group_of = [this](const Process& process) { return last_group_of(process); };
  auto settled = exits_.settle(std::move(records), processes_, group_of, boot_unix_ns);
  std::move(settled.begin(), settled.end(), std::back_inserter(scan.processes));

  if (const std::int64_t overruns = listener_->overruns(); overruns > 0) {
    scan.lost_records += std::max<std::int64_t>(ended - heard, 1);
    scan.notes.push_back("the kernel found no room for exit records " + std::to_string(overruns) +
                         " times: scan more often");
  }
  if (const std::int64_t unknown = exits_.unknown(); unknown > 0) {
    scan.lost_records += unknown;
    scan.notes.push_back(std::to_string(unknown) + " processes ended whose group nobody saw");
  }
}

void ProcCapture::add_unheard(Scan& scan) {
  if (scan.interval_ns > 0) {
    for (const Process& process : processes_.ended()) {
      scan.processes.push_back({process.key, process.command, last_group_of(process), 0, true});
    }
  }
  // In a tree of files nobody counts the tasks: those that were seen are what is known.
  const auto seen = static_cast<std::int64_t>(processes_.ended().size());
  scan.lost_records = std::max(ended_tasks_.scan(), seen);
  if (scan.lost_records > 0) {
    scan.notes.push_back(std::to_string(scan.lost_records) +
                         " tasks (threads too) ended; what they used last is in their groups alone");
  }
}

/// Where no controller counts memory: what the processes of a group hold.
void ProcCapture::add_resident(Scan& scan) const {
  std::unordered_map<std::uint64_t, std::int64_t> held;
  for (const Process* process : processes_.living()) held[last_group_of(*process)] += process->resident_bytes;
  for (GroupUsage& group : scan.groups) {
    if (group.resident_bytes > 0 || group.ended) continue;
    const auto found = held.find(group.id);
    if (found != held.end()) group.resident_bytes = found->second;
  }
}

}  // namespace

Result<std::unique_ptr<Capture>> open_taskstats(const CaptureOptions& options) {
  if (options.sysroot != "/") {
    return failure("exit records are heard from this machine's kernel, not from a tree of files",
                   options.sysroot.string(), "leave out --sysroot, or take the tier proc");
  }
  auto listener = ExitListener::open();
  if (!listener) return listener.error();
  return std::unique_ptr<Capture>(std::make_unique<ProcCapture>(options.sysroot, std::move(*listener)));
}

Result<std::unique_ptr<Capture>> open_proc(const CaptureOptions& options) {
  std::error_code ignored;
  const std::filesystem::path stat = options.sysroot / "proc/stat";
  if (!std::filesystem::exists(stat, ignored)) {
    return missing_data("no such file", stat.string(),
                        "mount /proc, or name the folder that holds proc and sys with --sysroot");
  }
  return std::unique_ptr<Capture>(std::make_unique<ProcCapture>(options.sysroot, nullptr));
}

}  // namespace cradle::capture
