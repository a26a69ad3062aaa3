// What the kernel's text files say, read without trust: a line that is not as documented says nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cradle::capture {

/// Length of a tick of /proc (1 / USER_HZ), nanoseconds.
std::int64_t ns_per_tick();

/// A number at the start of `text`, moved past it; nothing if there is none or it exceeds 63 bits.
std::optional<std::int64_t> take_number(std::string_view& text);

/// A line "cpuN ..." of /proc/stat since boot. Guests' time is part of user and nice and not added again.
struct ProcessorTime {
  int processor = 0;
  std::int64_t busy_ticks = 0, idle_ticks = 0, stolen_ticks = 0;
};
std::vector<ProcessorTime> parse_proc_stat(std::string_view text);
/// The line "processes N" of /proc/stat: tasks (threads too) ever started.
std::optional<std::int64_t> parse_forks(std::string_view text);
/// Fourth word of /proc/loadavg, "running/tasks": the tasks (threads too) that exist.
std::optional<std::int64_t> parse_tasks(std::string_view text);
/// MemTotal of /proc/meminfo, bytes.
std::optional<std::int64_t> parse_memory_total(std::string_view text);

/// /proc/PID/stat. The command may hold spaces, brackets and line ends: it ends at the last ')'.
struct ProcessStat {
  std::int32_t pid = 0;
  std::string command;
  char state = '?';
  std::int64_t cpu_ticks = 0;  ///< user + system of all its threads, ended ones too
  std::int64_t threads = 0;
  std::int64_t started_ticks = 0;  ///< since boot
  std::int64_t resident_pages = 0;
};
std::optional<ProcessStat> parse_process_stat(std::string_view text);

/// The path in the line of /proc/PID/cgroup that has this controller ("cpuacct", "name=systemd"; "": version 2),
/// without the kernel's " (deleted)"; empty if there is no such line.
std::string_view path_of_group(std::string_view proc_cgroup, std::string_view controller);

/// First number of /proc/PID/schedstat: nanoseconds that the thread ran.
std::optional<std::int64_t> parse_schedstat(std::string_view text);
/// A line "key N" of a flat-keyed file such as cpu.stat.
std::optional<std::int64_t> parse_keyed(std::string_view text, std::string_view key);

}  // namespace cradle::capture
