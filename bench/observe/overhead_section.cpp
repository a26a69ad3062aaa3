// What observing costs: the daemon among 2,000 processes, a scrape of 17,000 series, one context switch.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <thread>

#include "cradle/exposition/metric_family.h"
#include "cradle/kernel/switch_meter.h"
#include "cradle/observe/metrics.h"
#include "daemon.h"
#include "group.h"
#include "poll.h"
#include "sections.h"
#include "workloads.h"

namespace cradle::bench {

namespace {

using std::chrono::milliseconds;

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::int64_t series_of(const std::string& text) {
  std::int64_t series = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '#') ++series;
    const std::size_t end = text.find('\n', at);
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return series;
}

/// A process that makes `count` more, which sleep for good.
pid_t start_sleepers(const Group& group, int count) {
  return group.start([count] {
    for (int k = 0; k < count; ++k) {
      const pid_t process = fork();
      if (process < 0) return 1;
      if (process == 0) {
        for (;;) pause();
      }
    }
    for (;;) pause();
    return 0;
  });
}

/// A node with so many processes in groups of ten, one package and one memory zone.
observe::Snapshot made_up(std::size_t processes) {
  observe::Snapshot snapshot;
  snapshot.ticks = 100;
  snapshot.interval_ns = 1'000'000'000;
  snapshot.node_name = "node-1";
  for (const meter::ZoneKind kind : {meter::ZoneKind::package, meter::ZoneKind::dram}) {
    observe::ZoneTotals zone;
    zone.zone.kind = kind;
    zone.zone.name = std::string(to_string(kind)) + "-0";
    zone.zone.source = "simulated";
    zone.zone.knowledge = carbon::Knowledge::simulated;
    zone.component = kind == meter::ZoneKind::dram ? observe::Component::memory : observe::Component::cpu;
    zone.counted = true;
    zone.microjoules = 123'456'789'012;
    snapshot.zones.push_back(zone);
  }
  for (std::size_t p = 0; p < processes; ++p) {
    if (p % 10 == 0) {
      observe::GroupTotals group;
      group.id = p / 10 + 1;
      group.path = "/system.slice/service-" + std::to_string(group.id) + ".service";
      group.tenant = capture::tenant_of(group.path);
      group.totals.cpu_ns = static_cast<std::int64_t>(p) * 7'919'191;
      for (std::size_t c = 0; c < observe::components; ++c) {
        group.totals.dynamic_microjoules[c] = static_cast<std::int64_t>(p * 104'729 + c);
      }
      snapshot.groups.push_back(group);
    }
    observe::ProcessTotals process;
    process.key = {static_cast<std::int32_t>(1000 + p), p * 1'000'003};
    process.command = "worker-" + std::to_string(p % 37);
    process.group = p / 10 + 1;
    process.cpu_ns = static_cast<std::int64_t>(p) * 791'919;
    process.dynamic_microjoules[0] = static_cast<std::int64_t>(p) * 10'473;
    snapshot.processes.push_back(process);
  }
  return snapshot;
}

/// Both families of names as one text.
std::string text_of(const observe::Snapshot& snapshot) {
  std::string text;
  exposition::write_prometheus(observe::kepler_families(snapshot), text);
  exposition::write_prometheus(observe::cradle_families(snapshot), text);
  return text;
}

}  // namespace

Result<void> overhead_section(Context& context) {
  const int processes = context.quick ? 200 : 2000;
  Result<Group> sleepers = Group::make(context.prefix + "sleepers");
  if (!sleepers) return sleepers.error();
  Result<Group> active = Group::make(context.prefix + "active");
  if (!active) return active.error();
  const auto start = [&](Daemon::Service service) -> Result<Daemon> {
    Result<Group> own = Group::make(context.prefix + "daemon");
    if (!own) return own.error();
    return Daemon::start(context.cradle, std::move(*own), context.folder, "1s", service);
  };
  Result<Daemon> daemon = start(Daemon::Service::all);
  if (!daemon) return daemon.error();
  // After the daemon, so that it has seen each of them use something, and tells of each.
  start_sleepers(*sleepers, processes);
  std::vector<pid_t> workers;
  for (int k = 0; k < 8; ++k) workers.push_back(start_bystander(*active, milliseconds(2), milliseconds(200)));
  std::this_thread::sleep_for(std::chrono::seconds(context.quick ? 1 : 3));
  // The median of some windows, as other programs of the machine share its caches.
  const int seconds = context.quick ? 2 : 6;
  constexpr int windows = 5;
  const auto share_of = [&](const Daemon& one) {
    std::vector<double> shares;
    for (int k = 0; k < windows; ++k) {
      const std::int64_t before = one.cpu_ns();
      const auto begin = std::chrono::steady_clock::now();
      std::this_thread::sleep_until(begin + std::chrono::seconds(seconds));
      const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      shares.push_back(static_cast<double>(one.cpu_ns() - before) * 1e-9 / wall);
    }
    return median(shares);
  };
  const double cpu_of_all = share_of(*daemon);
  const std::int64_t before_scrapes = daemon->cpu_ns();
  std::string text;
  constexpr int scrapes = 5;
  for (int k = 0; k < scrapes; ++k) text = daemon->scrape();
  const double scrape = static_cast<double>(daemon->cpu_ns() - before_scrapes) * 1e-9 / scrapes;
  const auto peak = static_cast<double>(daemon->peak_bytes());
  const auto resident = static_cast<double>(daemon->resident_bytes());
  { const Daemon ended = std::move(*daemon); }
  double cpu = 0;
  {
    Result<Daemon> plain = start(Daemon::Service::defaults);
    if (!plain) return plain.error();
    std::this_thread::sleep_for(std::chrono::seconds(2));
    cpu = share_of(*plain);
  }
  // One after the other: both walk the kernel's table of tasks, and would wait for each other there.
  std::vector<double> polls;
  std::size_t found = 0;
  for (int k = 0; k < windows; ++k) {
    const auto next = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    const double begin = thread_cpu_seconds();
    found = read_processes().size();
    polls.push_back(thread_cpu_seconds() - begin);
    std::this_thread::sleep_until(next);
  }
  for (const pid_t worker : workers) end(worker);

  const std::string where = std::to_string(found) + " processes, scans each 1 s, share of one core";
  context.rows.push_back({"observe/cpu_2000_processes", cpu, Unit::share,
                          shown(median(polls), Unit::share) + " (C++ poll each 1 s)", where + "; by its defaults",
                          true});
  context.rows.push_back({"observe/cpu_with_ledger", cpu_of_all, Unit::share, "",
                          where + "; with ledger, checkpoint and socket for programs", true});
  context.rows.push_back(
      {"observe/resident_2000_processes", resident, Unit::bytes, "",
       "VmRSS after " + std::to_string(scrapes) + " scrapes, with ledger, checkpoint and socket for programs", true});
  context.rows.push_back({"observe/peak_2000_processes", peak, Unit::bytes, "",
                          "VmHWM: the most that ever was resident, loading BPF and scrapes included", true});
  context.rows.push_back({"observe/daemon_scrape", scrape, Unit::seconds, "",
                          "CPU time with HTTP, " + std::to_string(series_of(text)) + " series", true});
  return {};
}

Result<void> scrape_section(Context& context) {
  // As many processes as it takes to have 17,000 series.
  constexpr std::int64_t wanted = 17'000;
  std::size_t processes = 100;
  while (series_of(text_of(made_up(processes))) < wanted) processes += 100;
  const observe::Snapshot snapshot = made_up(processes);
  std::vector<double> times;
  std::string text;
  for (int k = 0; k < 15; ++k) {
    const double start = thread_cpu_seconds();
    text = text_of(snapshot);
    times.push_back(thread_cpu_seconds() - start);
  }
  context.rows.push_back({"observe/scrape_17000_series", median(times), Unit::seconds, "",
                          std::to_string(series_of(text)) + " series, " +
                              shown(static_cast<double>(text.size()), Unit::bytes) + ", CPU time, median of 15",
                          true});
  return {};
}

Result<void> switch_section(Context& context) {
  Result<std::unique_ptr<kernel::SwitchMeter>> meter = kernel::SwitchMeter::open();
  if (!meter) return meter.error();
  if (Result<void> on = (*meter)->measure_cost(); !on) return on;
  Result<Group> group = Group::make(context.prefix + "ping-pong");
  if (!group) return group.error();
  const int turns = context.quick ? 20'000 : 100'000;
  const Result<kernel::ProgramCost> before = (*meter)->cost();
  if (!before) return before.error();
  const int status = wait_for(group->start([turns] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof one, &one);
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0) return 1;
    const pid_t other = fork();
    char byte = 0;
    for (int k = 0; k < turns; ++k) {
      const bool good = other == 0 ? read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1
                                   : write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1;
      if (!good) return 1;
    }
    return other == 0 ? 0 : wait_for(other);
  }));
  const Result<kernel::ProgramCost> after = (*meter)->cost();
  if (!after) return after.error();
  if (status != 0) return failure("the ping-pong broke off", "observe/switch", "try again");
  const auto runs = static_cast<double>(after->runs - before->runs);
  context.rows.push_back({"observe/switch", static_cast<double>(after->total_ns - before->total_ns) * 1e-9 / runs,
                          Unit::seconds, "",
                          "mean of " + shown(runs, Unit::count) + " switches, by the kernel's BPF statistics", true});
  return {};
}

}  // namespace cradle::bench
