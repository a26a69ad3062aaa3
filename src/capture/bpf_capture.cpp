// The tier that misses nothing: BPF in the kernel counts the living and the dead.
#include "bpf_capture.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <unordered_map>
#include <utility>

#include "cradle/kernel/byte_meter.h"
#include "cradle/kernel/hooks.h"
#include "cradle/kernel/switch_meter.h"
#include "process_table.h"
#include "tiers.h"

namespace cradle::capture {
namespace {

std::int64_t clock_ns(clockid_t clock) {
  timespec time = {};
  return ::clock_gettime(clock, &time) == 0 ? std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec : 0;
}

/// What is lost where a hook is missing, for `cradle doctor`.
std::string fallback_of(const std::string& hook) {
  if (hook == "tp_btf/block_bio_queue") return "none: bytes of disks are not told by group";
  if (hook == "cgroup_skb/egress") return "none: bytes of the network are not told by group";
  if (hook == "tp_btf/sched_switch") return "none: CPU time is not told by processor (only asked for with switches)";
  if (hook.starts_with("tp_btf/") || hook.starts_with("iter/"))
    return "taskstats, else /proc: processes that end unseen are in their group's time alone";
  return "not needed";
}

}  // namespace

class BpfCapture::State {
 public:
  explicit State(const CaptureOptions& options)
      : groups_(options.sysroot), clock_(options.sysroot), table_(options.sysroot) {}

  /// The processes last: loading reads the kernel's types, some 11 MB for a moment, and theirs is the meter whose ring
  /// (2 MiB, mapped twice) stays.
  Result<void> open(const CaptureOptions& options) {
    if (options.bytes) {
      take(block_, kernel::ByteMeter::open_block());
      take(network_, kernel::ByteMeter::open_network());
    }
    if (options.switches) take(switches_, kernel::SwitchMeter::open());
    auto processes = kernel::ProcessMeter::open();
    if (!processes) return processes.error();
    processes_ = std::move(*processes);
    const std::vector<std::string> notes = processes_->notes();
    notes_.insert(notes_.begin(), notes.begin(), notes.end());
    return {};
  }

  Result<Scan> scan() {
    Scan scan;
    scan.tier = Tier::bpf;
    scan.at.ms = clock_ns(CLOCK_REALTIME) / 1'000'000;
    const std::int64_t now = clock_ns(CLOCK_MONOTONIC);
    scan.interval_ns = last_ns_ ? std::max<std::int64_t>(now - *last_ns_, 1) : 0;

    // Processes before groups: what a process has used is then part of what its group is found to have used.
    auto times = processes_->scan();
    if (!times) return times.error();
    scan.groups = groups_.scan();
    auto node = clock_.scan();
    if (!node) return node.error();
    scan.node = *node;
    const bool first = !last_ns_;
    last_ns_ = now;

    index(scan);
    add_resident(scan, now);
    add_bytes(scan, block_.get(), &GroupUsage::block_read_bytes, &GroupUsage::block_written_bytes, first, "block");
    add_bytes(scan, network_.get(), &GroupUsage::network_received_bytes, &GroupUsage::network_sent_bytes, first,
              "network");
    if (auto counted = count_switches(); !counted) scan.notes.push_back(to_string(counted.error()));
    if (!first) add_processes(scan, std::move(*times));
    const std::int64_t own_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    if (!first) scan.own_cpu_ns = own_ns - last_own_ns_;
    last_own_ns_ = own_ns;
    return scan;
  }

  kernel::ProcessMeter& processes() { return *processes_; }
  const std::vector<std::string>& notes() const { return notes_; }
  const std::vector<GroupProcessorUsage>& by_processor() const { return by_processor_; }

 private:
  template <class Meter>
  void take(std::unique_ptr<Meter>& meter, Result<std::unique_ptr<Meter>> opened) {
    if (opened)
      meter = std::move(*opened);
    else
      notes_.push_back(opened.error().message + "; " + opened.error().hint);
  }

  /// The tree's number of a group; of one that was made and removed between two scans, that of the group above it, to
  /// which its time went; of one that nobody knows, the root's.
  std::uint64_t number(kernel::GroupIds ids) const {
    constexpr int deepest = 256;
    for (int i = 0; i < deepest; ++i) {
      if (const std::uint64_t id = groups_.group_of(ids.version_2, ids.version_1); id != 0) return id;
      const kernel::GroupIds above_2 = processes_->parent_of({ids.version_2, 0});
      const kernel::GroupIds above_1 = processes_->parent_of({0, ids.version_1});
      if (above_2.version_2 == 0 && above_1.version_1 == 0) break;
      // Version 1 counts only for those in version 2's root: there the climb goes first.
      if (above_2.version_2 != 0)
        ids.version_2 = above_2.version_2;
      else
        ids.version_1 = above_1.version_1;
    }
    return root_;
  }

  void index(const Scan& scan) {
    by_id_.clear();
    for (std::size_t i = 0; i < scan.groups.size(); ++i) by_id_.emplace(scan.groups[i].id, i);
    // Parents come before children: the first is a root.
    root_ = scan.groups.empty() ? 0 : scan.groups.front().id;
  }

  /// Where no controller counts memory: what the processes of a group hold, from /proc. That is dear, so it is read
  /// again only when its cost is below one part in 2,000 of the time since.
  void add_resident(Scan& scan, std::int64_t now) {
    const auto counted = [](const GroupUsage& group) { return group.resident_bytes > 0; };
    if (!looked_ && std::any_of(scan.groups.begin(), scan.groups.end(), counted)) return;
    looked_ = true;
    if (now >= next_look_ns_) {
      constexpr std::int64_t least_part = 2000;
      const std::int64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID);
      if (auto seen = table_.look(); !seen) {
        scan.notes.push_back(to_string(seen.error()));
        return;
      }
      held_.clear();
      for (const Process* process : table_.living())
        held_[groups_.group_of(process->groups)] += process->resident_bytes;
      next_look_ns_ = now + least_part * (clock_ns(CLOCK_THREAD_CPUTIME_ID) - before);
    }
    for (GroupUsage& group : scan.groups)
      if (const auto found = held_.find(group.id); found != held_.end() && !group.ended)
        group.resident_bytes = found->second;
  }

  void add_processes(Scan& scan, kernel::ProcessTimes times) {
    scan.processes.reserve(times.processes.size());
    for (kernel::ProcessTime& process : times.processes)
      scan.processes.push_back({{process.pid, process.started_ns},
                                std::move(process.command),
                                number(process.group),
                                process.cpu_ns,
                                process.ended});
    sum_uncounted(scan);
    for (const kernel::SpilledTime& spilled : times.spilled) {
      scan.lost_records += spilled.records;
      const auto found = by_id_.find(number(spilled.group));
      if (found != by_id_.end() && !scan.groups[found->second].cpu_is_exact)
        scan.groups[found->second].cpu_ns += spilled.cpu_ns;
    }
    scan.lost_records += times.unplaced_records;
    if (scan.lost_records > 0)
      scan.notes.push_back(std::to_string(scan.lost_records) +
                           " tasks ended that found no room in the ring: their time is in their group alone; scan more "
                           "often");
    if (times.unplaced_records > 0)
      scan.notes.push_back(std::to_string(times.unplaced_records) + " of them, with " +
                           std::to_string(times.unplaced_ns) + " ns, in too many groups to tell");
    scan.lost_records += times.cut_records;
    if (times.cut_records > 0)
      scan.notes.push_back(std::to_string(times.cut_records) +
                           " tasks ended whose memory was another's before they were read: what they used after their "
                           "exit is in their group alone");
  }

  void add_bytes(Scan& scan, kernel::ByteMeter* meter, std::int64_t GroupUsage::*in, std::int64_t GroupUsage::*out,
                 bool first, const char* name) {
    if (meter == nullptr) return;
    auto counts = meter->scan();
    if (!counts) {
      scan.notes.push_back(to_string(counts.error()));
      return;
    }
    if (first) return;
    for (const kernel::GroupBytes& bytes : counts->groups) {
      const auto found = by_id_.find(number(bytes.group));
      if (found == by_id_.end()) continue;
      scan.groups[found->second].*in += bytes.in;
      scan.groups[found->second].*out += bytes.out;
    }
    if (counts->unplaced_bytes > 0)
      scan.notes.push_back(std::to_string(counts->unplaced_bytes) + " " + name + " bytes in too many groups to tell");
  }

  Result<void> count_switches() {
    by_processor_.clear();
    if (!switches_) return {};
    auto times = switches_->scan();
    if (!times) return times.error();
    for (kernel::GroupProcessorTime& time : times->groups)
      by_processor_.push_back({number(time.group), std::move(time.cpu_ns)});
    return {};
  }

  GroupTree groups_;
  NodeClock clock_;
  ProcessTable table_;
  std::unordered_map<std::uint64_t, std::int64_t> held_;  ///< resident bytes by group
  std::int64_t next_look_ns_ = 0;
  bool looked_ = false;
  std::unique_ptr<kernel::ProcessMeter> processes_;
  std::unique_ptr<kernel::ByteMeter> block_, network_;
  std::unique_ptr<kernel::SwitchMeter> switches_;
  std::vector<GroupProcessorUsage> by_processor_;
  std::vector<std::string> notes_;
  std::unordered_map<std::uint64_t, std::size_t> by_id_;
  std::uint64_t root_ = 0;
  std::optional<std::int64_t> last_ns_;
  std::int64_t last_own_ns_ = 0;
};

BpfCapture::BpfCapture(std::unique_ptr<State> state) : state_(std::move(state)) {}
BpfCapture::~BpfCapture() = default;

Result<std::unique_ptr<BpfCapture>> BpfCapture::open(const CaptureOptions& options) {
  if (options.sysroot != "/")
    return failure("BPF reads this machine's kernel, not a tree of files", options.sysroot.string(),
                   "leave out --sysroot, or take the tier proc");
  auto state = std::make_unique<State>(options);
  if (auto opened = state->open(options); !opened) return opened.error();
  return std::unique_ptr<BpfCapture>(new BpfCapture(std::move(state)));
}

std::vector<std::string> BpfCapture::notes() const { return state_->notes(); }
Result<Scan> BpfCapture::scan() { return state_->scan(); }
Result<bool> BpfCapture::settle(std::chrono::milliseconds limit) { return state_->processes().settle(limit); }
const std::vector<GroupProcessorUsage>& BpfCapture::by_processor() const { return state_->by_processor(); }

Result<std::unique_ptr<Capture>> open_bpf(const CaptureOptions& options) {
  auto capture = BpfCapture::open(options);
  if (!capture) return capture.error();
  return std::unique_ptr<Capture>(std::move(*capture));
}

std::vector<HookReport> probe_bpf_hooks() {
  std::vector<HookReport> reports;
  for (kernel::Hook& hook : kernel::probe_hooks()) {
    HookReport report{std::move(hook.name), hook.works, std::move(hook.error), ""};
    if (!report.works) report.fallback = fallback_of(report.name);
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace cradle::capture
