// How much of a workload's CPU time is seen, at its processes and at its group, by the best tier and by those that
// serve where BPF is not allowed. Truth: cpu.stat of the group.
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "cradle/capture/capture.h"
#include "group.h"
#include "poll.h"
#include "sections.h"
#include "workloads.h"

namespace cradle::bench {

namespace {

using std::chrono::milliseconds;

struct Seen {
  std::int64_t group_ns = 0, processes_ns = 0, lost = 0;
};

Result<void> add(capture::Capture& capture, const std::string& path, Seen& seen) {
  const Result<capture::Scan> scan = capture.scan();
  if (!scan) return scan.error();
  for (const capture::GroupUsage& group : scan->groups) {
    if (group.path != path) continue;
    seen.group_ns += group.cpu_ns;
    for (const capture::ProcessUsage& process : scan->processes) {
      if (process.group == group.id) seen.processes_ns += process.cpu_ns;
    }
  }
  seen.lost += scan->lost_records;
  return {};
}

/// Of what cpu.stat counted for a workload, as shares.
struct Captured {
  double group = 0, processes = 0;
  std::string polled, note;
};

using Start = std::function<pid_t(const Group&)>;

Result<Captured> measure(capture::Tier tier, const std::string& name, const std::string& group_name,
                         const Start& start) {
  Result<Group> group = Group::make(group_name);
  if (!group) return group.error();
  capture::CaptureOptions options;
  options.tier = tier;
  Result<std::unique_ptr<capture::Capture>> capture = capture::Capture::open(options);
  if (!capture) return capture.error();

  Seen seen;
  if (Result<void> marks = add(**capture, group->path(), seen); !marks) return marks.error();
  const pid_t process = start(*group);
  Poll each_second(milliseconds(1000), {&*group});
  Poll each_five(milliseconds(5000), {&*group});
  int status = 0;
  auto next = std::chrono::steady_clock::now();
  for (bool ended = false; !ended;) {
    next += milliseconds(1000);
    while (!ended && std::chrono::steady_clock::now() < next) {
      std::this_thread::sleep_for(milliseconds(20));
      ended = has_ended(process, status);
    }
    if (Result<void> scan = add(**capture, group->path(), seen); !scan) return scan.error();
  }
  const double second = static_cast<double>(each_second.stop()[0].seen_ns);
  const double five = static_cast<double>(each_five.stop()[0].seen_ns);
  // What just died is freed, and so told, some 50 ms later; on a busy machine it takes longer.
  for (int more = 0; more < 4; ++more) {
    std::this_thread::sleep_for(milliseconds(250));
    if (Result<void> scan = add(**capture, group->path(), seen); !scan) return scan.error();
  }
  if (status != 0) {
    return failure("the workload ended with " + std::to_string(status), "observe/" + name, "is make, cc, c++ there?");
  }
  const auto truth = static_cast<double>(group->cpu_ns());
  return Captured{static_cast<double>(seen.group_ns) / truth, static_cast<double>(seen.processes_ns) / truth,
                  shown(second / truth, Unit::share) + " at 1 s, " + shown(five / truth, Unit::share) + " at 5 s",
                  shown(truth * 1e-9, Unit::seconds) + " of CPU time, lost records " + std::to_string(seen.lost)};
}

int exits_of(const Context& context) { return context.quick ? 1500 : 15'000; }

}  // namespace

Result<void> capture_section(Context& context) {
  const auto small = context.folder / "small";
  const auto heavy = context.folder / "heavy";
  write_small_c(small, context.quick ? 30 : 120);
  write_heavy_cpp(heavy, context.quick ? 1 : 6);
  const milliseconds burning(context.quick ? 1500 : 12'000);
  for (const auto& [name, start] : std::vector<std::pair<std::string, Start>>{
           {"make_small_c", [&](const Group& group) { return start_make(group, small); }},
           {"exec_storm", [&](const Group& group) { return start_storm(group, exits_of(context)); }},
           {"heavy_cpp", [&](const Group& group) { return start_make(group, heavy); }},
           {"burner", [&](const Group& group) { return start_burner(group, burning); }}}) {
    const Result<Captured> seen = measure(capture::Tier::bpf, name, context.prefix + name, start);
    if (!seen) return seen.error();
    context.rows.push_back({"observe/capture_group/" + name, seen->group, Unit::share, "", seen->note});
    context.rows.push_back(
        {"observe/capture_processes/" + name, seen->processes, Unit::share, seen->polled, seen->note});
  }
  return {};
}

Result<void> tiers_section(Context& context) {
  for (const auto& [tier, name] :
       {std::pair{capture::Tier::bpf, "bpf"}, std::pair{capture::Tier::taskstats, "taskstats"},
        std::pair{capture::Tier::proc, "proc"}}) {
    const std::string row = std::string("observe/capture_tier/") + name;
    const Result<Captured> seen = measure(tier, row, context.prefix + name,
                                          [&](const Group& group) { return start_storm(group, exits_of(context)); });
    if (!seen) return seen.error();
    context.rows.push_back({row, seen->processes, Unit::share, seen->polled,
                            "at the processes of " + std::to_string(exits_of(context)) + " exits; at their group " +
                                shown(seen->group, Unit::share) + "; " + seen->note});
  }
  return {};
}

}  // namespace cradle::bench
