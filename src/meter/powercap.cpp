// RAPL through the kernel's powercap tree: /sys/class/powercap/intel-rapl*, the names of AMD's processors as well.
// Source: Documentation/ABI/testing/sysfs-class-powercap of Linux: energy_uj counts microjoules from 0 to
// max_energy_range_uj and starts again.
#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>

#include "counter.h"
#include "cradle/base/text.h"
#include "sources.h"
#include "sysfs.h"

namespace cradle::meter {

namespace fs = std::filesystem;
using carbon::Watts;

namespace {

/// No package of a server draws more; what is above is a counter that lies (virtual machines show such).
constexpr Watts most_of_a_package{2000};

/// "intel-rapl:0:1" is zone {0, 1} of the controller "intel-rapl".
struct Address {
  bool duplicate = false;  ///< of intel-rapl-mmio, which shows packages that intel-rapl may show as well
  std::vector<std::int64_t> numbers;
  friend auto operator<=>(const Address&, const Address&) = default;
};

std::optional<Address> parse_address(std::string_view name) {
  const auto parts = split(name, ':');
  if (parts.size() < 2 || (parts[0] != "intel-rapl" && parts[0] != "intel-rapl-mmio")) return std::nullopt;
  Address address{parts[0] != "intel-rapl", {}};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto number = parse_integer(parts[i]);
    if (!number || *number < 0) return std::nullopt;
    address.numbers.push_back(*number);
  }
  return address;
}

std::optional<ZoneKind> kind_of(std::string_view name) {
  if (name.starts_with("package")) return ZoneKind::package;
  if (name == "core") return ZoneKind::core;
  if (name == "uncore") return ZoneKind::uncore;
  if (name == "dram") return ZoneKind::dram;
  if (name.starts_with("psys")) return ZoneKind::psys;
  return std::nullopt;
}

class PowercapMeter : public Meter {
 public:
  explicit PowercapMeter(const fs::path& sysroot) : folder_(under(sysroot, "sys/class/powercap")) { find_zones(); }

  const std::vector<Zone>& zones() const override { return zones_; }

  std::vector<ZoneReading> read(Instant, const Activity& activity) override {
    // The kernel lists every zone in the class folder, those within others as well: a new name there is a hot plug.
    for (const std::string& name : names_in(folder_))
      if (!seen_.contains(name)) {
        find_zones();
        break;
      }
    std::vector<ZoneReading> readings;
    for (std::size_t i = 0; i < counters_.size(); ++i) readings.push_back(read_one(i, activity.interval_ns));
    return readings;
  }

  bool refused() const { return refused_; }
  const std::set<std::string>& left_out() const { return left_out_; }

 private:
  struct Counter {
    KeptFile file;
    EnergyCounter energy;
    Presence presence;
  };

  void collect(const fs::path& folder, std::map<Address, fs::path>& found) {
    for (const std::string& name : names_in(folder)) {
      if (!name.starts_with("intel-rapl")) {
        seen_.insert(name);
        continue;
      }
      seen_.insert(name);
      const auto address = parse_address(name);
      if (address && !found.emplace(*address, folder / name).second) continue;
      if (!address || address->numbers.size() < 4) collect(folder / name, found);
    }
  }

  void find_zones() {
    std::map<Address, fs::path> found;
    collect(folder_, found);
    for (const auto& [address, path] : found)
      if (!positions_.contains(address)) add(address, path);
  }

  void add(const Address& address, const fs::path& path) {
    const auto label = read_line(path / "name");
    if (!label || label->empty()) {  // coming or going: looked at again at the next reading
      seen_.erase(path.filename().string());
      return;
    }
    const auto kind = kind_of(*label);
    if (!kind) {
      left_out_.insert(path.string() + ": unknown zone '" + *label + "'");
      return;
    }
    Address above = address;
    above.numbers.pop_back();
    const auto parent = positions_.find(above);
    const bool nested = parent != positions_.end();

    // "core" of "package-1" is "core-1".
    std::string name = *label;
    if (nested) {
      const std::string& outer = zones_[parent->second].name;
      name += outer.starts_with("package") ? outer.substr(7) : "-" + outer;
    }
    const auto same = std::find_if(zones_.begin(), zones_.end(), [&](const Zone& zone) { return zone.name == name; });
    if (same != zones_.end() && (address.duplicate || same->path == path / "energy_uj")) {
      positions_.emplace(address, static_cast<std::size_t>(same - zones_.begin()));
      return;
    }
    if (same != zones_.end()) name += "-" + std::to_string(address.numbers.back());

    Zone zone;
    zone.name = name;
    zone.kind = *kind;
    zone.path = (path / "energy_uj").string();
    zone.source = "powercap";
    zone.knowledge = knowledge_of(zone.source);
    zone.uncertainty = 0.05;
    zone.uncertainty_source =
        "RAPL against external meters: a few percent for packages of server processors, more for idle DRAM "
        "(Desrochers et al., MEMSYS 2016); 5 % is our reading of it";
    doubt_if_copied(zone, path);
    if (nested) zone.parent = static_cast<int>(parent->second);

    EnergyCounter::Options options;
    options.range = read_count(path / "max_energy_range_uj").value_or(0);
    const auto rated = read_count(path / "constraint_0_max_power_uw");
    // Short peaks exceed the rated power, never by as much as a factor of two.
    options.plausible = rated && *rated > 0 ? Watts{static_cast<double>(*rated) * 2e-6} : most_of_a_package;
    positions_.emplace(address, zones_.size());
    zones_.push_back(std::move(zone));
    counters_.push_back({KeptFile(path / "energy_uj"), EnergyCounter(options), {}});
  }

  ZoneReading read_one(std::size_t position, std::int64_t interval_ns) {
    Counter& counter = counters_[position];
    ZoneReading reading;
    reading.zone = position;
    const KeptFile::Line line = counter.file.read();
    const auto value = line.error == 0 ? parse_integer(line.text) : std::nullopt;
    if (!value) {
      counter.energy.forget();
      reading.present = false;
      reading.event = counter.presence.lost(why(counter.file, line));
      return reading;
    }
    const CounterStep step = counter.energy.step(*value, interval_ns);
    reading.microjoules = step.microjoules;
    const std::string returned = counter.presence.found();
    reading.event = returned.empty() ? step.event : returned;
    return reading;
  }

  std::string why(const KeptFile& file, const KeptFile::Line& line) {
    if (line.error == ENOENT || line.error == ENODEV || line.error == ENOTDIR) return "vanished";
    if (line.error == EACCES || line.error == EPERM) {
      refused_ = true;
      return "no reading: permission denied: run `chmod o+r " + file.path().string() +
             "` as root, or give this program CAP_DAC_READ_SEARCH";
    }
    if (line.error != 0) return "no reading: " + error_text(line.error);
    return "no reading: '" + line.text.substr(0, 40) + "' is no count of microjoules";
  }

  fs::path folder_;
  std::vector<Zone> zones_;
  std::vector<Counter> counters_;
  std::map<Address, std::size_t> positions_;
  std::set<std::string> seen_;
  std::set<std::string> left_out_;
  bool refused_ = false;
};

}  // namespace

Opened open_powercap(const fs::path& sysroot) {
  auto meter = std::make_unique<PowercapMeter>(sysroot);
  const std::string folder = under(sysroot, "sys/class/powercap").string();
  if (meter->zones().empty())
    return {nullptr, false, "no RAPL zone in " + folder,
            "load intel_rapl_common (CONFIG_POWERCAP, CONFIG_INTEL_RAPL); a virtual machine has none"};
  Opened opened;
  for (const ZoneReading& reading : meter->read({}, {})) {
    opened.readable = opened.readable || reading.present;
    if (!reading.present && opened.hint.empty()) opened.hint = reading.event;
  }
  opened.text = zone_names(*meter);
  for (const std::string& what : meter->left_out()) opened.text += "; left out: " + what;
  if (!opened.readable)
    opened.text += meter->refused() ? ": permission denied in " + folder : ": no zone in " + folder + " can be read";
  opened.meter = std::move(meter);
  return opened;
}

}  // namespace cradle::meter
