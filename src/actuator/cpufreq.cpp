// The highest frequency of each cpufreq policy. Source: Documentation/admin-guide/pm/cpufreq of Linux: scaling_max_freq
// in kHz, at most cpuinfo_max_freq, at least cpuinfo_min_freq and scaling_min_freq.
#include <algorithm>
#include <optional>

#include "port.h"

namespace cradle::actuator {

namespace fs = std::filesystem;

namespace {

class FrequencyPort : public Port {
 public:
  static Opened open(const fs::path& policy) {
    auto port = std::make_unique<FrequencyPort>();
    port->file_ = policy / "scaling_max_freq";
    const auto least = read_count(policy / "cpuinfo_min_freq");
    if (!least) return least.error();
    const auto most = read_count(policy / "cpuinfo_max_freq");
    if (!most) return most.error();
    const auto now = read_count(port->file_);
    if (!now) return now.error();
    // The kernel refuses a highest frequency below the lowest that somebody asked for.
    const auto asked = read_count(policy / "scaling_min_freq");
    const std::int64_t lowest = asked ? std::max(*least, *asked) : *least;
    if (lowest > *most)
      return bad_input("its lowest frequency is above its highest", policy.string(), "look at scaling_min_freq");
    Device& device = port->device_;
    device.name = "cpufreq:" + policy.filename().string();
    device.interface = "cpufreq";
    device.path = port->file_.string();
    device.known = known_of(policy);
    device.range = {{Unit::kilohertz, lowest}, {Unit::kilohertz, *most}, 1, false};
    if (const auto processors = read_line(policy / "related_cpus")) device.notes.push_back("processors " + *processors);
    return Opened(std::move(port));
  }

  Result<std::vector<Write>> saved() override {
    const auto count = read_count(file_);
    if (!count) return count.error();
    return std::vector<Write>{{file_.string(), std::to_string(*count)}};
  }
  Result<Level> stated() override {
    const auto count = read_count(file_);
    if (!count) return count.error();
    return Level{Unit::kilohertz, *count, false};
  }
  std::vector<Write> plan(const Level& level) override { return {{file_.string(), std::to_string(level.amount)}}; }

 private:
  fs::path file_;
};

}  // namespace

Listed list_cpufreq(const OwnerOptions& options) {
  const fs::path folder = options.sysroot / "sys/devices/system/cpu/cpufreq";
  std::vector<std::unique_ptr<Port>> ports;
  std::optional<Error> why;
  for (const std::string& name : names_in(folder)) {
    if (!name.starts_with("policy")) continue;
    auto port = FrequencyPort::open(folder / name);
    if (port)
      ports.push_back(std::move(*port));
    else
      why = port.error();
  }
  if (!ports.empty()) return ports;
  if (why) return *why;
  return missing_data("no cpufreq policies", folder.string(),
                      "load a cpufreq driver; virtual machines have none: use cpu:GROUP");
}

}  // namespace cradle::actuator
