// Source: Documentation/ABI/testing/sysfs-bus-event_source-devices-events of Linux: the energy of an event is its count
// times `.scale`, in `.unit`; `cpumask` holds one processor for each package. The kernel unwraps these counters.
#include "perf_events.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "counter.h"
#include "cradle/base/text.h"
#include "sysfs.h"

namespace cradle::meter {

namespace fs = std::filesystem;

namespace {

class KernelPerfSystem : public PerfSystem {
 public:
  int open(std::uint32_t type, std::uint64_t config, int processor) override {
    perf_event_attr attributes{};
    attributes.size = sizeof(attributes);
    attributes.type = type;
    attributes.config = config;
    const long fd = ::syscall(SYS_perf_event_open, &attributes, -1, processor, -1, PERF_FLAG_FD_CLOEXEC);
    return fd >= 0 ? static_cast<int>(fd) : -errno;
  }
  std::optional<std::uint64_t> read(int fd) override {
    std::uint64_t count = 0;
    if (::read(fd, &count, sizeof(count)) != sizeof(count)) return std::nullopt;
    return count;
  }
  void close(int fd) override { ::close(fd); }
};

struct Event {
  const char* name;
  const char* zone;
  ZoneKind kind;
};
/// Packages first: others lie within them.
constexpr std::array<Event, 5> events = {{{"energy-pkg", "package", ZoneKind::package},
                                          {"energy-cores", "core", ZoneKind::core},
                                          {"energy-gpu", "uncore", ZoneKind::uncore},
                                          {"energy-ram", "dram", ZoneKind::dram},
                                          {"energy-psys", "psys", ZoneKind::psys}}};

/// "0,18" and "0-1"; empty if it is neither. A machine has no more than 2^16 processors.
std::vector<int> parse_processors(std::string_view text) {
  std::vector<int> processors;
  for (const std::string_view part : split(trim(text), ',')) {
    const auto ends = split(part, '-');
    const auto first = parse_integer(ends.empty() ? "" : ends.front());
    const auto last = parse_integer(ends.empty() ? "" : ends.back());
    if (ends.size() > 2 || !first || !last || *first < 0 || *last < *first || *last > 65535) return {};
    for (std::int64_t processor = *first; processor <= *last; ++processor)
      processors.push_back(static_cast<int>(processor));
  }
  return processors;
}

/// "event=0x02".
std::optional<std::uint64_t> parse_event(std::string_view text) {
  constexpr std::string_view prefix = "event=0x";
  if (!text.starts_with(prefix) || text.size() == prefix.size() || text.size() > prefix.size() + 8) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text.substr(prefix.size())) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<std::uint64_t>(digit);
  }
  return value;
}

/// "2.3283064365386962890625e-10", J for one count.
std::optional<double> parse_scale(std::string_view text) {
  const auto scale = parse_number(text);
  return scale && *scale > 0 && *scale <= 1 ? scale : std::nullopt;
}

class PerfMeter : public Meter {
 public:
  explicit PerfMeter(std::shared_ptr<PerfSystem> system) : system_(std::move(system)) {}
  ~PerfMeter() override {
    for (const Counter& counter : counters_) system_->close(counter.fd);
  }
  PerfMeter(const PerfMeter&) = delete;
  PerfMeter& operator=(const PerfMeter&) = delete;

  const std::vector<Zone>& zones() const override { return zones_; }

  std::vector<ZoneReading> read(Instant, const Activity&) override {
    std::vector<ZoneReading> readings;
    for (std::size_t i = 0; i < counters_.size(); ++i) readings.push_back(read_one(i));
    return readings;
  }

  void add(Zone zone, int fd, double joules) {
    zones_.push_back(std::move(zone));
    counters_.push_back({fd, joules, {}, {}, {}});
  }

 private:
  struct Counter {
    int fd;
    double joules;  ///< for one count
    std::optional<std::uint64_t> mark;
    WholeMicrojoules whole;
    Presence presence;
  };

  ZoneReading read_one(std::size_t position) {
    Counter& counter = counters_[position];
    ZoneReading reading;
    reading.zone = position;
    const auto count = system_->read(counter.fd);
    const auto before = counter.mark;
    counter.mark = count;
    if (!count) {
      // The processor that read for its package is offline.
      reading.present = false;
      reading.event = counter.presence.lost("vanished");
      return reading;
    }
    reading.event = counter.presence.found();
    if (!before) return reading;
    if (*count < *before)
      reading.event = "ran backwards";
    else
      reading.microjoules = counter.whole.add(static_cast<double>(*count - *before) * counter.joules * 1e6);
    return reading;
  }

  std::shared_ptr<PerfSystem> system_;
  std::vector<Zone> zones_;
  std::vector<Counter> counters_;
};

constexpr const char* perf_hint =
    "give this program CAP_PERFMON (or set kernel.perf_event_paranoid to 0 or less), and run it outside a virtual "
    "machine that has no power events";

}  // namespace

Opened open_perf_events(const fs::path& sysroot) {
  if (sysroot != "/")
    return {nullptr, false, "a recorded tree has files only, and counters of perf events are none",
            "use \"powercap\" with it"};
  return open_perf_events(sysroot, std::make_shared<KernelPerfSystem>());
}

Opened open_perf_events(const fs::path& sysroot, const std::shared_ptr<PerfSystem>& system) {
  const fs::path folder = under(sysroot, "sys/bus/event_source/devices/power");
  const auto type = read_count(folder / "type");
  const auto processors = parse_processors(read_line(folder / "cpumask").value_or(""));
  if (!type || *type > 0xffffffff || processors.empty())
    return {nullptr, false, "no power events in " + folder.string(), perf_hint};

  auto meter = std::make_unique<PerfMeter>(system);
  std::string refused;
  for (std::size_t ordinal = 0; ordinal < processors.size(); ++ordinal) {
    const int processor = processors[ordinal];
    const fs::path topology = under(sysroot, "sys/devices/system/cpu") / ("cpu" + std::to_string(processor));
    const auto package =
        read_count(topology / "topology/physical_package_id").value_or(static_cast<std::int64_t>(ordinal));
    int outer = -1;
    for (const Event& event : events) {
      const fs::path file = folder / "events" / event.name;
      const auto config = parse_event(read_line(file).value_or(""));
      if (!config) continue;
      const auto scale = parse_scale(read_line(file.string() + ".scale").value_or(""));
      if (!scale || read_line(file.string() + ".unit").value_or("") != "Joules") {
        refused = file.string() + ": no scale in Joules";
        continue;
      }
      const int fd = system->open(static_cast<std::uint32_t>(*type), *config, processor);
      if (fd < 0) {
        refused = std::string(event.name) + " on processor " + std::to_string(processor) + ": " + error_text(-fd);
        continue;
      }
      Zone zone;
      zone.name = std::string(event.zone) + "-" + std::to_string(package);
      zone.kind = event.kind;
      zone.path = file.string();
      zone.source = "perf";
      zone.knowledge = knowledge_of(zone.source);
      if (event.kind != ZoneKind::package && event.kind != ZoneKind::psys) zone.parent = outer;
      zone.uncertainty = 0.05;
      zone.uncertainty_source = "RAPL, as through powercap: 5 % is our reading of Desrochers et al., MEMSYS 2016";
      if (event.kind == ZoneKind::package) outer = static_cast<int>(meter->zones().size());
      meter->add(std::move(zone), fd, *scale);
    }
  }
  if (meter->zones().empty())
    return {nullptr, false, refused.empty() ? "no energy event in " + folder.string() : refused, perf_hint};
  Opened opened;
  opened.readable = true;
  opened.text = zone_names(*meter) + (refused.empty() ? "" : "; left out: " + refused);
  opened.meter = std::move(meter);
  return opened;
}

}  // namespace cradle::meter
