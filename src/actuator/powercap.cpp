// RAPL limits through the kernel's powercap tree. Source: Documentation/power/powercap and
// Documentation/ABI/testing/sysfs-class-powercap of Linux: a zone has constraints 0, 1, ... by name, each with a limit
// in microwatts and the window over which the mean must stay below it.
#include <algorithm>
#include <optional>
#include <set>

#include "cradle/base/text.h"
#include "port.h"

namespace cradle::actuator {

namespace fs = std::filesystem;

namespace {

/// RAPL counts power in 1/8 W on the processors we know of (Intel SDM, MSR_RAPL_POWER_UNIT); the kernel rounds to it.
constexpr std::int64_t power_unit = 125'000;
constexpr int most_constraints = 8;

fs::path constraint(const fs::path& zone, int index, const char* what) {
  return zone / ("constraint_" + std::to_string(index) + "_" + what);
}

std::optional<int> find_constraint(const fs::path& zone, std::string_view name) {
  for (int index = 0; index < most_constraints; ++index) {
    const auto line = read_line(constraint(zone, index, "name"));
    if (line && *line == name) return index;
  }
  return std::nullopt;
}

/// The long window's limit is the device's. The short window's limit is brought down with it where it was higher, and
/// never above what it was: the long window is seconds long, and until it has passed a package may draw as much as the
/// short one lets it.
class PowercapPort : public Port {
 public:
  static Opened open(const fs::path& zone, const std::string& label, const OwnerOptions& options) {
    const auto index = find_constraint(zone, "long_term");
    if (!index)
      return missing_data("zone '" + label + "' has no long_term limit", zone.string(),
                          "RAPL limits are not offered here (a virtual machine, or locked by firmware)");
    auto port = std::make_unique<PowercapPort>();
    port->long_ = constraint(zone, *index, "power_limit_uw");
    const auto limit = read_count(port->long_);
    if (!limit) return limit.error();
    if (const auto short_index = find_constraint(zone, "short_term")) {
      const fs::path file = constraint(zone, *short_index, "power_limit_uw");
      const auto peak = read_count(file);
      // 0: the short window is off.
      if (peak && *peak > 0) {
        port->short_ = file;
        port->peak_ = *peak;
      }
    }
    Device& device = port->device_;
    device.name = "powercap:" + label;
    device.interface = "powercap";
    device.path = port->long_.string();
    device.known = known_of(zone);
    const auto most = read_count(constraint(zone, *index, "max_power_uw"));
    const auto least = read_count(constraint(zone, *index, "min_power_uw"));
    const std::int64_t highest = most && *most > 0 ? *most : *limit;
    const std::int64_t lowest =
        least && *least > 0 ? *least : std::min(level_of(options.powercap_lowest).amount, highest);
    if (!(most && *most > 0)) device.notes.push_back("the kernel states no highest: it is the limit found");
    if (!(least && *least > 0)) device.notes.push_back("the kernel states no lowest: it is the one declared");
    if (const auto enabled = read_line(zone / "enabled"); enabled && *enabled == "0")
      device.notes.push_back("the zone's limits are not enforced: `echo 1 > " + (zone / "enabled").string() + "`");
    if (lowest > highest)
      return bad_input("its least limit is above its highest", device.path, "declare a lower powercap_lowest");
    device.range = {{Unit::microwatts, lowest}, {Unit::microwatts, highest}, 1, false};
    // Steps from the lowest: on the unit's own multiples where the lowest is one.
    if (lowest % power_unit == 0) device.range.step = power_unit;
    return Opened(std::move(port));
  }

  Result<std::vector<Write>> saved() override {
    std::vector<Write> writes;
    for (const fs::path& file : {long_, short_}) {
      if (file.empty()) continue;
      const auto count = read_count(file);
      if (!count) return count.error();
      writes.push_back({file.string(), std::to_string(*count)});
    }
    return writes;
  }
  Result<Level> stated() override {
    const auto count = read_count(long_);
    if (!count) return count.error();
    return Level{Unit::microwatts, *count, false};
  }
  Result<void> taken(const Level& level) override {
    if (short_.empty()) return {};
    const auto count = read_count(short_);
    if (!count) return count.error();
    const std::int64_t asked = std::min(level.amount, peak_);
    if (*count <= asked) return {};
    return failure("its short window was asked for " + to_string(Level{Unit::microwatts, asked, false}) + " and says " +
                       to_string(Level{Unit::microwatts, *count, false}),
                   short_.string(), "the limit may be locked by firmware");
  }
  std::vector<Write> plan(const Level& level) override {
    std::vector<Write> writes{{long_.string(), std::to_string(level.amount)}};
    if (!short_.empty()) writes.push_back({short_.string(), std::to_string(std::min(level.amount, peak_))});
    return writes;
  }

 private:
  fs::path long_, short_;
  std::int64_t peak_ = 0;  ///< of the short window, as found
};

}  // namespace

Listed list_powercap(const OwnerOptions& options) {
  const double least = options.powercap_lowest.value();
  if (!(least >= 0 && least <= 1e6))
    return bad_input("a lowest limit of " + shortest(least) + " W", "powercap", "declare 0 to 10^6 W");
  const fs::path folder = options.sysroot / "sys/class/powercap";
  std::vector<std::unique_ptr<Port>> ports;
  std::set<std::string> seen;
  std::optional<Error> why;
  // Packages as a whole, and the platform. "intel-rapl" before "intel-rapl-mmio", which shows packages a second time:
  // the lower of both limits counts, so that the first alone can hold one down.
  for (const char* prefix : {"intel-rapl:", "intel-rapl-mmio:"})
    for (const std::string& name : names_in(folder)) {
      if (!name.starts_with(prefix) || std::count(name.begin(), name.end(), ':') != 1) continue;
      const auto label = read_line(folder / name / "name");
      if (!label || label->empty() || !seen.insert(*label).second) continue;
      auto port = PowercapPort::open(folder / name, *label, options);
      if (port)
        ports.push_back(std::move(*port));
      else
        why = port.error();
    }
  if (!ports.empty()) return ports;
  if (why) return *why;
  return missing_data("no RAPL zones", folder.string(),
                      "load intel_rapl_msr (`modprobe intel_rapl_msr`); virtual machines have none: use cpu:GROUP");
}

}  // namespace cradle::actuator
