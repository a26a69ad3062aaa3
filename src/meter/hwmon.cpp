// Sensors of /sys/class/hwmon that count energy or show power, of the chips whose meaning is known.
// Source: Documentation/hwmon/sysfs-interface.rst of Linux: energyN_input in microjoules, powerN_input and
// powerN_average in microwatts.
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

namespace {

/// A power above this is a broken sensor: no machine that one sensor serves draws a megawatt.
constexpr std::int64_t most_microwatts = 1'000'000'000'000;

/// What a sensor measures, from the driver's name and the sensor's label; nothing for a rail that may be anything.
std::optional<ZoneKind> kind_of(std::string_view chip, std::string_view label) {
  const std::string words = to_lower(label);
  const auto says = [&](std::string_view word) { return words.find(word) != std::string::npos; };
  if (chip == "power_meter" || chip == "acpi_power_meter") return ZoneKind::platform;
  if (chip == "amdgpu" || chip == "i915" || chip == "xe") return ZoneKind::gpu;
  if (chip == "nvme" || chip == "drivetemp") return ZoneKind::disk;
  if (says("socket") || says("package") || words == "pkg") return ZoneKind::package;
  if (says("core")) return ZoneKind::core;
  if (says("dram") || says("dimm")) return ZoneKind::dram;
  return std::nullopt;
}

/// Letters, digits, '_' and '-' of a label, in lower case.
std::string slug(std::string_view text) {
  std::string out;
  for (const char c : to_lower(text)) out += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ? c : '-';
  return out;
}

class HwmonMeter : public Meter {
 public:
  HwmonMeter(const fs::path& sysroot, const KindSet& known)
      : folder_(under(sysroot, "sys/class/hwmon")), known_(known) {
    find_chips();
  }

  const std::vector<Zone>& zones() const override { return zones_; }
  const std::set<std::string>& left_out() const { return left_out_; }

  std::vector<ZoneReading> read(Instant, const Activity& activity) override {
    find_chips();
    std::vector<ZoneReading> readings;
    for (std::size_t i = 0; i < sensors_.size(); ++i) readings.push_back(read_one(i, activity.interval_ns));
    return readings;
  }

 private:
  struct Sensor {
    KeptFile file;
    bool counts;
    EnergyCounter energy;
    PowerIntegral power;
    Presence presence;
  };

  void find_chips() {
    for (const std::string& name : names_in(folder_)) {
      if (!name.starts_with("hwmon") || seen_.contains(name)) continue;
      const auto chip = read_line(folder_ / name / "name");
      if (!chip) continue;
      seen_.insert(name);
      // Numbers of hwmon change from boot to boot, the device behind one does not.
      std::error_code error;
      const fs::path device = fs::read_symlink(folder_ / name / "device", error);
      add_chip(folder_ / name, *chip, error ? "" : device.filename().string());
    }
  }

  void add_chip(const fs::path& folder, const std::string& chip, const std::string& device) {
    std::set<std::string> files;
    for (const std::string& name : names_in(folder)) files.insert(name);
    bool counted = false;  // a chip that counts energy needs no integral of its power
    for (const std::string& file : files)
      if (file.starts_with("energy") && file.ends_with("_input"))
        counted = add_sensor(folder, chip, device, file, true) || counted;
    if (counted) return;
    for (const std::string& file : files) {
      if (!file.starts_with("power")) continue;
      const bool average = file.ends_with("_average");
      const bool input = file.ends_with("_input");
      if (average || (input && !files.contains(file.substr(0, file.find('_')) + "_average")))
        add_sensor(folder, chip, device, file, false);
    }
  }

  bool add_sensor(const fs::path& folder, const std::string& chip, const std::string& device, const std::string& file,
                  bool counts) {
    const std::string sensor = file.substr(0, file.find('_'));
    const std::string label = read_line(folder / (sensor + "_label")).value_or(sensor);
    const auto kind = kind_of(chip, label);
    if (!kind || known_.has(*kind)) {
      left_out_.insert(chip + " " + label + (kind ? ": metered by another source" : ": what it measures is not known"));
      return false;
    }
    Zone zone;
    zone.name = slug(chip) + "-" + slug(label);
    const auto taken = [&] {
      return std::any_of(zones_.begin(), zones_.end(), [&](const Zone& other) { return other.name == zone.name; });
    };
    if (taken()) zone.name += "-" + slug(device.empty() ? folder.filename().string() : device);
    if (taken()) zone.name += "-" + sensor;
    zone.kind = *kind;
    zone.path = (folder / file).string();
    zone.source = "hwmon";
    zone.knowledge = knowledge_of(zone.source);
    zone.uncertainty = counts ? 0.05 : 0.1;
    zone.uncertainty_source = counts ? "counter of the driver; 5 % as for RAPL, our estimate"
                                     : "power readings joined by the trapezoid rule, peaks between them unseen; 10 % "
                                       "is our estimate";
    doubt_if_copied(zone, folder);
    sensors_.push_back({KeptFile(folder / file), counts, EnergyCounter{}, {}, {}});
    zones_.push_back(std::move(zone));
    return true;
  }

  ZoneReading read_one(std::size_t position, std::int64_t interval_ns) {
    Sensor& sensor = sensors_[position];
    ZoneReading reading;
    reading.zone = position;
    const KeptFile::Line line = sensor.file.read();
    const auto value = line.error == 0 ? parse_integer(line.text) : std::nullopt;
    if (!value || *value < 0 || (!sensor.counts && *value > most_microwatts)) {
      sensor.energy.forget();
      sensor.power.forget();
      reading.present = false;
      reading.event = sensor.presence.lost(why(sensor, line));
      return reading;
    }
    if (sensor.counts) {
      CounterStep step = sensor.energy.step(*value, interval_ns);
      reading.microjoules = step.microjoules;
      reading.event = std::move(step.event);
    } else {
      reading.microjoules = sensor.power.add(carbon::Watts{static_cast<double>(*value) * 1e-6}, interval_ns);
    }
    if (std::string returned = sensor.presence.found(); !returned.empty()) reading.event = std::move(returned);
    return reading;
  }

  static std::string why(const Sensor& sensor, const KeptFile::Line& line) {
    if (line.error == ENOENT || line.error == ENODEV || line.error == ENOTDIR) return "vanished";
    if (line.error == EACCES || line.error == EPERM)
      return "no reading: permission denied: run `chmod o+r " + sensor.file.path().string() +
             "` as root, or give this program CAP_DAC_READ_SEARCH";
    if (line.error != 0) return "no reading: " + error_text(line.error);
    return "no reading: '" + line.text.substr(0, 40) + "' is out of range";
  }

  fs::path folder_;
  KindSet known_;
  std::vector<Zone> zones_;
  std::vector<Sensor> sensors_;
  std::set<std::string> seen_;
  std::set<std::string> left_out_;
};

}  // namespace

Opened open_hwmon(const fs::path& sysroot, const KindSet& known) {
  auto meter = std::make_unique<HwmonMeter>(sysroot, known);
  std::string left_out;
  for (const std::string& what : meter->left_out()) left_out += "; left out: " + what;
  if (meter->zones().empty())
    return {nullptr, false, "no sensor of energy or power in " + under(sysroot, "sys/class/hwmon").string() + left_out,
            "load the driver of the machine's power sensor (acpi_power_meter, amdgpu); many machines have none"};
  Opened opened;
  for (const ZoneReading& reading : meter->read({}, {})) {
    opened.readable = opened.readable || reading.present;
    if (!reading.present && opened.hint.empty()) opened.hint = reading.event;
  }
  opened.text = zone_names(*meter) + left_out;
  opened.meter = std::move(meter);
  return opened;
}

}  // namespace cradle::meter
