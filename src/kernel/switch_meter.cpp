#ifdef CRADLE_BPF

#include "cradle/kernel/switch_meter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>

#include "group_counters.h"
#include "kernel/switches.skel.h"
#include "libbpf_log.h"
#include "records.h"

namespace cradle::kernel {
namespace {

constexpr const char* where = "tp_btf/sched_switch";

/// CPU time of a task so far; 0 if it is gone. The same count as se.sum_exec_runtime (proc(5), schedstat).
std::uint64_t runtime_of(std::uint64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/schedstat");
  std::uint64_t runtime = 0;
  file >> runtime;
  return runtime;
}

class Meter final : public SwitchMeter {
 public:
  explicit Meter(switches_bpf* programs)
      : programs_(programs),
        times_(bpf_map__fd(programs->maps.times), 1, GroupCounters::Processors::each),
        running_(times_.processors()) {}
  ~Meter() override {
    if (statistics_ >= 0) close(statistics_);
    switches_bpf__destroy(programs_);
  }

  Result<SwitchTimes> scan() override {
    // Who is running is read first: a switch in between is then told again below, less what was told ahead.
    const __u32 first = 0;
    if (const int status = bpf_map_lookup_elem(bpf_map__fd(programs_->maps.running), &first, running_.data()))
      return LibbpfLog{}.error(status, "cannot read what the processors run", where);

    std::map<GroupIds, std::vector<std::int64_t>> counted;
    auto read = times_.read([&](const GroupIds& ids, std::span<const std::uint64_t> risen) {
      counted[ids].assign(risen.begin(), risen.end());
    });
    if (!read) return read.error();

    std::map<GroupIds, std::vector<std::int64_t>> ahead;
    for (std::size_t i = 0; i < running_.size(); ++i) {
      const running_now& task = running_[i];
      const std::uint64_t now = task.pid == 0 ? 0 : runtime_of(task.pid);
      if (now <= task.runtime_ns) continue;
      auto& time = ahead[{task.group.version_2, task.group.version_1}];
      time.resize(running_.size());
      time[i] = static_cast<std::int64_t>(now - task.runtime_ns);
    }
    return told(std::move(counted), std::move(ahead));
  }

  Result<void> measure_cost() override {
    if (statistics_ < 0) statistics_ = bpf_enable_stats(BPF_STATS_RUN_TIME);
    if (statistics_ < 0)
      return failure("cannot turn on the kernel's BPF statistics", where, "run as root or with CAP_SYS_ADMIN");
    return {};
  }

  Result<ProgramCost> cost() const override {
    bpf_prog_info info = {};
    __u32 size = sizeof info;
    if (const int status = bpf_obj_get_info_by_fd(bpf_program__fd(programs_->progs.sched_switch), &info, &size))
      return LibbpfLog{}.error(status, "cannot read the program's statistics", where);
    return ProgramCost{info.run_cnt, info.run_time_ns};
  }

 private:
  /// counted + ahead - ahead of the scan before; what that makes negative stays owed.
  SwitchTimes told(std::map<GroupIds, std::vector<std::int64_t>> counted,
                   std::map<GroupIds, std::vector<std::int64_t>> ahead) {
    SwitchTimes times;
    times.busy_ns.resize(running_.size());
    for (const auto* more : {&ahead, &owed_})
      for (const auto& [ids, unused] : *more) counted.try_emplace(ids);
    std::map<GroupIds, std::vector<std::int64_t>> owed;
    for (auto& [ids, time] : counted) {
      time.resize(running_.size());
      if (auto more = ahead.find(ids); more != ahead.end())
        std::transform(time.begin(), time.end(), more->second.begin(), time.begin(), std::plus<>());
      if (auto less = owed_.find(ids); less != owed_.end())
        std::transform(time.begin(), time.end(), less->second.begin(), time.begin(), std::minus<>());
      std::vector<std::int64_t> debt = ahead.contains(ids) ? ahead[ids] : std::vector<std::int64_t>(time.size());
      for (std::size_t i = 0; i < time.size(); ++i) {
        if (time[i] < 0) debt[i] -= time[i];
        time[i] = std::max<std::int64_t>(time[i], 0);
        times.busy_ns[i] += time[i];
      }
      if (std::any_of(debt.begin(), debt.end(), [](std::int64_t ns) { return ns != 0; })) owed[ids] = std::move(debt);
      if (std::any_of(time.begin(), time.end(), [](std::int64_t ns) { return ns != 0; }))
        times.groups.push_back({ids, std::move(time)});
    }
    owed_ = std::move(owed);
    return times;
  }

  switches_bpf* programs_;
  GroupCounters times_;
  std::vector<running_now> running_;
  std::map<GroupIds, std::vector<std::int64_t>> owed_;  ///< told ahead of the kernel's count
  int statistics_ = -1;
};

}  // namespace

Result<std::unique_ptr<SwitchMeter>> SwitchMeter::open() {
  const LibbpfLog log;
  switches_bpf* programs = switches_bpf__open_and_load();
  const int status = programs ? switches_bpf__attach(programs) : -errno;
  if (status) {
    switches_bpf__destroy(programs);
    return log.error(status, "cannot watch context switches by BPF", where);
  }
  return std::unique_ptr<SwitchMeter>(std::make_unique<Meter>(programs));
}

}  // namespace cradle::kernel

#endif  // CRADLE_BPF
