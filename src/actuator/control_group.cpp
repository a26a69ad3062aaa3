// Limits of a control group: its quota of processor time and its highest utilisation clamp. Sources:
// Documentation/admin-guide/cgroup-v2 (cpu.max "$MAX $PERIOD", cpu.uclamp.max in percent with two decimals) and
// Documentation/scheduler/sched-bwc of Linux (cpu.cfs_quota_us, -1: none; quota and period at least 1 ms).
#include <algorithm>
#include <optional>
#include <thread>

#include "cradle/base/text.h"
#include "port.h"

namespace cradle::actuator {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t least_quota_us = 1000, most_period_us = 1'000'000;
constexpr std::int64_t most_processors = 1'000'000;
constexpr std::int64_t micro = 1'000'000;
constexpr std::int64_t full_clamp = 10'000;

/// "0-3,6" is five.
std::optional<std::int64_t> count_listed(std::string_view text) {
  std::int64_t count = 0;
  for (const std::string_view part : split(text, ',')) {
    const auto dash = part.find('-');
    const auto first = parse_integer(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_integer(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= most_processors) return std::nullopt;
    count += *last - *first + 1;
  }
  return count > 0 && count <= most_processors ? std::optional(count) : std::nullopt;
}

std::int64_t processors_of(const fs::path& sysroot) {
  const auto line = read_line(sysroot / "sys/devices/system/cpu/online");
  const auto count = line ? count_listed(*line) : std::nullopt;
  return count.value_or(std::max<std::int64_t>(std::thread::hardware_concurrency(), 1));
}

/// "/a/b" as "a/b". Not the root, which has no limits, and nothing that leads elsewhere.
Result<fs::path> checked_group(std::string_view group) {
  const std::string where = "control group '" + std::string(group) + "'";
  for (const char letter : group)
    if (static_cast<unsigned char>(letter) < 0x20) return bad_input("a control character in its name", where, "/NAME");
  fs::path path;
  for (const std::string_view part : split(group, '/')) {
    if (part.empty()) continue;
    if (part == "." || part == "..") return bad_input("leads out of the tree", where, "name it from the top: /a/b");
    path /= part;
  }
  if (path.empty()) return bad_input("the root has no limits", where, "name a group below it: /a/b");
  return path;
}

/// Version 2 on its own, version 2 beside version 1, version 1.
constexpr const char* trees[] = {"sys/fs/cgroup", "sys/fs/cgroup/unified", "sys/fs/cgroup/cpu",
                                 "sys/fs/cgroup/cpu,cpuacct"};

struct Found {
  fs::path file;
  std::string group;
};

Result<Found> find_file(const OwnerOptions& options, std::string_view group, std::initializer_list<const char*> files,
                        const char* hint) {
  const auto path = checked_group(group);
  if (!path) return path.error();
  bool there = false;
  for (const char* tree : trees) {
    const fs::path folder = options.sysroot / tree / *path;
    std::error_code ignored;
    there = there || fs::is_directory(folder, ignored);
    for (const char* file : files)
      if (fs::exists(folder / file, ignored)) return Found{folder / file, "/" + path->string()};
  }
  const std::string where = "control group '/" + path->string() + "'";
  if (!there) return missing_data("no such group", where, "make it below " + (options.sysroot / trees[0]).string());
  return missing_data(std::string("it has no ") + *files.begin(), where, hint);
}

/// Version 2 holds "max 100000" or "20000 100000" in one file, version 1 quota and period in two.
class QuotaPort : public Port {
 public:
  static Opened open(const OwnerOptions& options, std::string_view group) {
    auto found = find_file(options, group, {"cpu.max", "cpu.cfs_quota_us"},
                           "enable the controller: echo +cpu > cgroup.subtree_control of the group above it");
    if (!found) return found.error();
    auto port = std::make_unique<QuotaPort>();
    port->file_ = found->file;
    port->one_file_ = found->file.filename() == "cpu.max";
    const auto state = port->read();
    if (!state) return state.error();
    port->period_us_ = state->period_us;
    Device& device = port->device_;
    device.name = "cpu:" + found->group;
    device.interface = "cpu";
    device.path = found->file.string();
    device.known = known_of(found->file.parent_path());
    const std::int64_t processors = processors_of(options.sysroot);
    device.range = {port->level_of_quota(least_quota_us), {Unit::microcores, processors * micro}, 1, true};
    if (device.range.lowest.amount > device.range.highest.amount) device.range.lowest = device.range.highest;
    return Opened(std::move(port));
  }

  Result<std::vector<Write>> saved() override {
    auto line = read_line(file_);
    if (!line) return line.error();
    return std::vector<Write>{{file_.string(), std::move(*line)}};
  }
  Result<Level> stated() override {
    const auto state = read();
    if (!state) return state.error();
    period_us_ = state->period_us;
    return state->quota_us ? level_of_quota(*state->quota_us) : Level::none(Unit::microcores);
  }
  std::vector<Write> plan(const Level& level) override {
    const std::string none = one_file_ ? "max" : "-1";
    std::string text = level.unlimited ? none : std::to_string(level.amount * period_us_ / micro);
    if (one_file_) text += " " + std::to_string(period_us_);
    return {{file_.string(), std::move(text)}};
  }

 private:
  struct State {
    std::optional<std::int64_t> quota_us;
    std::int64_t period_us = 0;
  };

  /// Rounded up, so that the plan for this level is this quota again.
  Level level_of_quota(std::int64_t quota_us) const {
    return {Unit::microcores, (quota_us * micro + period_us_ - 1) / period_us_, false};
  }

  Result<State> read() const {
    const auto line = read_line(file_);
    if (!line) return line.error();
    const auto damaged = [&] {
      return bad_input("not a quota: '" + *line + "'", file_.string(), "this is not a file of the kernel");
    };
    std::string_view quota = *line;
    std::optional<std::int64_t> period;
    if (one_file_) {
      const auto blank = quota.find(' ');
      if (blank == std::string_view::npos) return damaged();
      period = parse_integer(quota.substr(blank + 1));
      quota = quota.substr(0, blank);
    } else {
      const auto count = read_count(file_.parent_path() / "cpu.cfs_period_us");
      if (!count) return count.error();
      period = *count;
    }
    if (!period || *period < least_quota_us || *period > most_period_us) return damaged();
    State state;
    state.period_us = *period;
    if (quota == (one_file_ ? "max" : "-1")) return state;
    state.quota_us = parse_integer(quota);
    if (!state.quota_us || *state.quota_us < 0 || *state.quota_us > most_processors * most_period_us) return damaged();
    return state;
  }

  fs::path file_;
  bool one_file_ = true;
  std::int64_t period_us_ = 100'000;
};

/// The highest utilisation that the scheduler may ask a frequency for.
class ClampPort : public Port {
 public:
  static Opened open(const OwnerOptions& options, std::string_view group) {
    auto found = find_file(options, group, {"cpu.uclamp.max"},
                           "it needs the cpu controller of version 2 and a kernel with CONFIG_UCLAMP_TASK_GROUP");
    if (!found) return found.error();
    auto port = std::make_unique<ClampPort>();
    port->file_ = found->file;
    if (const auto level = port->stated(); !level) return level.error();
    Device& device = port->device_;
    device.name = "uclamp:" + found->group;
    device.interface = "uclamp";
    device.path = found->file.string();
    device.known = known_of(found->file.parent_path());
    device.range = {{Unit::hundredths, 0}, {Unit::hundredths, full_clamp}, 1, true};
    device.notes.push_back("a clamp of frequency: it holds where the governor is schedutil");
    return Opened(std::move(port));
  }

  Result<std::vector<Write>> saved() override {
    auto line = read_line(file_);
    if (!line) return line.error();
    return std::vector<Write>{{file_.string(), std::move(*line)}};
  }
  Result<Level> stated() override {
    const auto line = read_line(file_);
    if (!line) return line.error();
    if (*line == "max") return Level::none(Unit::hundredths);
    const auto point = line->find('.');
    const auto whole = parse_integer(std::string_view(*line).substr(0, point));
    std::string decimals = point == std::string::npos ? "" : line->substr(point + 1);
    if (decimals.size() < 2) decimals.resize(2, '0');
    const auto part = parse_integer(decimals);
    if (!whole || !part || decimals.size() != 2 || *whole < 0 || *whole > 100 || *part < 0 ||
        *whole * 100 + *part > full_clamp)
      return bad_input("not a percentage: '" + *line + "'", file_.string(), "this is not a file of the kernel");
    return Level{Unit::hundredths, *whole * 100 + *part, false};
  }
  std::vector<Write> plan(const Level& level) override {
    if (level.unlimited) return {{file_.string(), "max"}};
    const std::string part = std::to_string(level.amount % 100);
    return {{file_.string(), std::to_string(level.amount / 100) + (part.size() < 2 ? ".0" : ".") + part}};
  }

 private:
  fs::path file_;
};

}  // namespace

Opened open_quota(const OwnerOptions& options, std::string_view group) { return QuotaPort::open(options, group); }
Opened open_clamp(const OwnerOptions& options, std::string_view group) { return ClampPort::open(options, group); }

}  // namespace cradle::actuator
