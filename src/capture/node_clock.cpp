// /proc/stat and /proc/meminfo (proc(5)): a processor's time in ticks of USER_HZ, steal apart.
#include <algorithm>
#include <string>

#include "cradle/base/file.h"
#include "proc_text.h"
#include "tiers.h"

namespace cradle::capture {

namespace {

constexpr std::uint64_t limit = 64 << 20;

/// By how much a counter went on; one that goes back a little (waiting for disks does) counts 0 and keeps its mark.
std::int64_t advance(std::int64_t& mark, std::int64_t now) {
  const std::int64_t step = std::max<std::int64_t>(now - mark, 0);
  mark += step;
  return step;
}

}  // namespace

Result<NodeUsage> NodeClock::scan() {
  const std::filesystem::path path = sysroot_ / "proc/stat";
  const Result<std::string> text = read_file(path, limit);
  if (!text) {
    return missing_data("there is no process table: " + text.error().message, path.string(),
                        "mount /proc, or name the folder that holds proc and sys with --sysroot");
  }
  const std::vector<ProcessorTime> times = parse_proc_stat(*text);
  if (times.empty()) {
    return bad_input("no line 'cpuN user nice system idle ...'", path.string(),
                     "check that this is the proc folder of a Linux kernel (2.6.11 or later)");
  }

  NodeUsage usage;
  usage.processors = static_cast<int>(times.size());
  const std::int64_t tick = ns_per_tick();
  std::int64_t elapsed = 0;  // by the processors that were here before: none can have worked longer
  for (const bool known_before : {true, false}) {
    for (const ProcessorTime& time : times) {
      const auto found = processors_.find(time.processor);
      if ((found != processors_.end() && found->second.online) != known_before) continue;
      const Processor now{time.busy_ticks * tick, time.idle_ticks * tick, time.stolen_ticks * tick, true};
      Processor& processor = found != processors_.end() ? found->second : processors_[time.processor];
      // One that is seen for the first time may have worked before anybody looked.
      const bool unknown_past = found == processors_.end() && (first_ || now.busy + now.idle + now.stolen > elapsed);
      if (unknown_past) {
        processor = now;
        continue;
      }
      const std::int64_t busy = advance(processor.busy, now.busy);
      const std::int64_t stolen = advance(processor.stolen, now.stolen);
      std::int64_t idle = advance(processor.idle, now.idle);
      // The time that a processor was unplugged may come as idle time when it is back.
      if (!known_before) idle = std::clamp<std::int64_t>(elapsed - busy - stolen, 0, idle);
      if (known_before) elapsed = std::max(elapsed, busy + stolen + idle);
      usage.busy_ns += busy;
      usage.idle_ns += idle;
      usage.stolen_ns += stolen;
    }
  }
  for (auto& [number, processor] : processors_) {
    processor.online = std::any_of(times.begin(), times.end(),
                                   [n = number](const ProcessorTime& time) { return time.processor == n; });
  }
  first_ = false;

  const Result<std::string> memory = read_file(sysroot_ / "proc/meminfo", limit);
  if (memory) usage.memory_bytes = parse_memory_total(*memory).value_or(0);
  return usage;
}

}  // namespace cradle::capture
