#include "proc_text.h"

#include <unistd.h>

#include <array>
#include <limits>

#include "cradle/base/text.h"

namespace cradle::capture {

namespace {

constexpr std::int64_t most_ticks = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;

/// The next line without its end; false when there is none.
bool take_line(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  const std::size_t end = text.find('\n');
  line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return true;
}

void skip_spaces(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

/// The line's rest after `key`, which must be followed by a space; nothing if no line begins so.
std::optional<std::string_view> line_after(std::string_view text, std::string_view key) {
  std::string_view line;
  while (take_line(text, line)) {
    if (line.size() > key.size() && line.substr(0, key.size()) == key && line[key.size()] == ' ') {
      return line.substr(key.size() + 1);
    }
  }
  return std::nullopt;
}

}  // namespace

std::int64_t ns_per_tick() {
  const long hertz = ::sysconf(_SC_CLK_TCK);
  return 1'000'000'000 / (hertz > 0 ? hertz : 100);
}

std::optional<std::int64_t> take_number(std::string_view& text) {
  skip_spaces(text);
  std::size_t digits = 0;
  std::int64_t value = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text[digits] - '0', &value)) {
      return std::nullopt;
    }
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

std::vector<ProcessorTime> parse_proc_stat(std::string_view text) {
  std::vector<ProcessorTime> times;
  std::string_view line;
  while (take_line(text, line)) {
    if (line.substr(0, 3) != "cpu" || line.size() < 4 || line[3] == ' ') continue;
    line.remove_prefix(3);
    const auto processor = take_number(line);
    if (!processor || *processor > std::numeric_limits<int>::max()) continue;
    // user nice system idle iowait irq softirq steal; kernels before 2.6.11 lack the last.
    std::array<std::int64_t, 8> ticks{};
    std::size_t count = 0;
    while (count < ticks.size()) {
      const auto value = take_number(line);
      if (!value || *value > most_ticks / 8) break;
      ticks[count++] = *value;
    }
    if (count < 4) continue;
    times.push_back({static_cast<int>(*processor), ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6],
                     ticks[3] + ticks[4], ticks[7]});
  }
  return times;
}

std::optional<std::int64_t> parse_keyed(std::string_view text, std::string_view key) {
  auto rest = line_after(text, key);
  if (!rest) return std::nullopt;
  return take_number(*rest);
}

std::optional<std::int64_t> parse_forks(std::string_view text) { return parse_keyed(text, "processes"); }

std::optional<std::int64_t> parse_tasks(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  text.remove_prefix(slash + 1);
  return take_number(text);
}

std::optional<std::int64_t> parse_memory_total(std::string_view text) {
  const auto kibibytes = parse_keyed(text, "MemTotal:");
  std::int64_t bytes = 0;
  if (!kibibytes || __builtin_mul_overflow(*kibibytes, 1024, &bytes)) return std::nullopt;
  return bytes;
}

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  ProcessStat stat;
  const auto pid = take_number(text);
  if (!pid || *pid <= 0 || *pid > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  stat.pid = static_cast<std::int32_t>(*pid);
  const std::size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  stat.command = std::string(text.substr(open + 1, close - open - 1));
  text.remove_prefix(close + 1);
  skip_spaces(text);
  if (text.empty()) return std::nullopt;
  stat.state = text.front();
  text.remove_prefix(1);

  // Fields 4 .. 24 of proc(5); some may be negative.
  std::array<std::int64_t, 25> field{};
  for (std::size_t i = 4; i < field.size(); ++i) {
    skip_spaces(text);
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    auto value = take_number(text);
    // Limits and addresses use all 64 bits; none of those fields is needed.
    if (!value) return std::nullopt;
    field[i] = negative ? -*value : *value;
  }
  if (field[14] < 0 || field[15] < 0 || field[22] < 0) return std::nullopt;
  if (field[14] > most_ticks / 2 || field[15] > most_ticks / 2 || field[22] > most_ticks) return std::nullopt;
  stat.cpu_ticks = field[14] + field[15];
  stat.threads = field[20];
  stat.started_ticks = field[22];
  constexpr std::int64_t most_pages = std::numeric_limits<std::int64_t>::max() >> 24;
  stat.resident_pages = field[24] < 0 || field[24] > most_pages ? 0 : field[24];
  return stat;
}

std::string_view path_of_group(std::string_view proc_cgroup, std::string_view controller) {
  std::string_view line;
  while (take_line(proc_cgroup, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    std::string_view controllers = line.substr(first + 1, second - first - 1);
    bool has = controllers == controller;
    for (const std::string_view word : split(controllers, ','))
      has = has || (!controller.empty() && word == controller);
    if (!has) continue;
    std::string_view path = line.substr(second + 1);
    constexpr std::string_view deleted = " (deleted)";
    if (path.size() > deleted.size() && path.substr(path.size() - deleted.size()) == deleted) {
      path.remove_suffix(deleted.size());
    }
    return path;
  }
  return {};
}

std::optional<std::int64_t> parse_schedstat(std::string_view text) { return take_number(text); }

}  // namespace cradle::capture
