// How much of a workload's CPU time is seen, at its processes and at its group. Truth: cpu.stat of the group.
#include <chrono>
#include <memory>
#include <thread>

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

Result<void> measure(Context& context, const std::string& name, const std::function<pid_t(const Group&)>& start) {
  Result<Group> group = Group::make(context.prefix + name);
  if (!group) return group.error();
  capture::CaptureOptions options;
  options.tier = capture::Tier::bpf;
  Result<std::unique_ptr<capture::Capture>> capture = capture::Capture::open(options);
  if (!capture) return capture.error();

  Seen seen;
  if (Result<void> marks = add(**capture, group->path(), seen); !marks) return marks;
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
    if (Result<void> scan = add(**capture, group->path(), seen); !scan) return scan;
  }
  const double second = static_cast<double>(each_second.stop()[0].seen_ns);
  const double five = static_cast<double>(each_five.stop()[0].seen_ns);
  // What just died is freed, and so told, some 50 ms later; on a busy machine it takes longer.
  for (int more = 0; more < 4; ++more) {
    std::this_thread::sleep_for(milliseconds(250));
    if (Result<void> scan = add(**capture, group->path(), seen); !scan) return scan;
  }
  if (status != 0) {
    return failure("the workload ended with " + std::to_string(status), "observe/" + name, "is make, cc, c++ there?");
  }
  const auto truth = static_cast<double>(group->cpu_ns());
  const std::string baseline =
      shown(second / truth, Unit::share) + " at 1 s, " + shown(five / truth, Unit::share) + " at 5 s";
  const std::string note =
      shown(truth * 1e-9, Unit::seconds) + " of CPU time, lost records " + std::to_string(seen.lost);
  context.rows.push_back(
      {"observe/capture_group/" + name, static_cast<double>(seen.group_ns) / truth, Unit::share, "", note});
  context.rows.push_back({"observe/capture_processes/" + name, static_cast<double>(seen.processes_ns) / truth,
                          Unit::share, baseline, note});
  return {};
}

}  // namespace

Result<void> capture_section(Context& context) {
  const auto small = context.folder / "small";
  const auto heavy = context.folder / "heavy";
  write_small_c(small, context.quick ? 30 : 120);
  write_heavy_cpp(heavy, context.quick ? 1 : 6);
  const int exits = context.quick ? 1500 : 15'000;
  const milliseconds burning(context.quick ? 1500 : 12'000);
  for (const auto& [name, start] : std::vector<std::pair<std::string, std::function<pid_t(const Group&)>>>{
           {"make_small_c", [&](const Group& group) { return start_make(group, small); }},
           {"exec_storm", [&](const Group& group) { return start_storm(group, exits); }},
           {"heavy_cpp", [&](const Group& group) { return start_make(group, heavy); }},
           {"burner", [&](const Group& group) { return start_burner(group, burning); }}}) {
    if (Result<void> done = measure(context, name, start); !done) return done;
  }
  return {};
}

}  // namespace cradle::bench
