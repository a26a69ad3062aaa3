#include "declared_model.h"

#include <algorithm>
#include <cmath>

#include "counter.h"
#include "cradle/meter/model.h"

namespace cradle::meter {

using carbon::Estimate;
using carbon::Joules;
using carbon::Seconds;
using carbon::Watts;

namespace {

/// SPECpower curves against the straight line, and an unknown machine against the record that stands for it.
constexpr double shape_uncertainty = 0.1;
constexpr double generic_uncertainty = 0.4;
constexpr double byte_uncertainty = 0.5;

/// One standard deviation of a uniform distribution between the bounds, relative to the value.
double spread(const Estimate<Watts>& watts) {
  if (watts.value.value() <= 0) return 0;
  return (watts.high - watts.low) / watts.value / (2 * std::sqrt(3.0));
}

double together(double a, double b) { return std::sqrt(a * a + b * b); }

/// One zone: a draw at rest, one at full load of the processors, and one by bytes.
struct Part {
  Estimate<Watts> idle{}, full{};
  JoulesPerByte byte{};
  std::int64_t Activity::*bytes = nullptr;
  bool by_memory = false;  ///< scales with the installed memory, not with the processors
  WholeMicrojoules whole{}, idle_whole{};
};

class ModelMeter : public Meter {
 public:
  ModelMeter(const catalog::Server& server, const catalog::Catalog& catalog, bool generic, const KindSet& known)
      : id_(server.id),
        generic_(generic),
        processors_(processors_of(server, catalog)),
        memory_bytes_(server.memory_size.value().value()) {
    const auto none = Estimate<Watts>::exact(Watts{0});
    Part cpu{none, none}, dram{none, none}, disk{none, none}, network{none, none}, base{none, none};
    for (const catalog::ServerLine& line : catalog.breakdown(server)) {
      if (line.part == "cpu") cpu = {line.idle_power, line.full_power};
      if (line.part == "memory") dram = {line.idle_power, line.idle_power};
      if (line.part == "storage") disk = {line.idle_power, line.idle_power};
      if (line.part == "nic") network = {line.idle_power, line.idle_power};
      if (line.part == "base") base = {line.idle_power, line.idle_power};
    }
    dram.by_memory = true;
    disk.byte = disk_joules_per_byte;
    disk.bytes = &Activity::block_bytes;
    network.byte = network_joules_per_byte;
    network.bytes = &Activity::network_bytes;
    // A record made for a published model may leave the base out, which a machine cannot.
    if (generic && base.idle.value.value() <= 0) {
      base.idle.value = (base.idle.low + base.idle.high) / 2;
      base.full = base.idle;
    }
    add("package-0", ZoneKind::package, cpu, known);
    add("dram", ZoneKind::dram, dram, known);
    add("disk", ZoneKind::disk, disk, known);
    add("network", ZoneKind::network, network, known);
    if (!known.has(ZoneKind::psys)) add("platform-base", ZoneKind::platform, base, known);
  }

  const std::vector<Zone>& zones() const override { return zones_; }

  std::vector<ZoneReading> read(Instant, const Activity& activity) override {
    std::vector<ZoneReading> readings(zones_.size());
    const bool first = !marked_;
    marked_ = true;
    const double processors = std::max(1, activity.processors);
    const Seconds seconds{static_cast<double>(std::max<std::int64_t>(0, activity.interval_ns)) * 1e-9};
    const double busy =
        seconds.value() > 0 ? static_cast<double>(activity.busy_ns) * 1e-9 / seconds.value() / processors : 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[i];
      readings[i].zone = i;
      readings[i].idle_known = true;
      if (first) continue;
      double scale = 1;
      if (generic_ && part.by_memory && activity.memory_bytes > 0 && memory_bytes_ > 0)
        scale = static_cast<double>(activity.memory_bytes) / memory_bytes_;
      else if (generic_)
        scale = processors / processors_;
      const Joules idle = part.idle.value * scale * seconds;
      Joules dynamic = processor_power(part.idle.value, part.full.value, busy) * scale * seconds - idle;
      if (part.bytes)
        dynamic += part.byte * carbon::Bytes{static_cast<double>(std::max<std::int64_t>(0, activity.*part.bytes))};
      readings[i].idle_microjoules = part.idle_whole.add(idle.value() * 1e6);
      readings[i].microjoules = readings[i].idle_microjoules + part.whole.add(dynamic.value() * 1e6);
    }
    return readings;
  }

 private:
  void add(const char* name, ZoneKind kind, const Part& part, const KindSet& known) {
    if (known.has(kind)) return;
    Zone zone;
    zone.name = name;
    zone.kind = kind;
    zone.path = "server." + id_;
    zone.source = "model";
    zone.knowledge = knowledge_of(zone.source);
    zone.remainder = kind == ZoneKind::platform;
    // At half load, where servers spend their time.
    const Estimate<Watts> half = (part.idle + part.full) * 0.5;
    zone.uncertainty = half.value.value() > 0 ? spread(half) : byte_uncertainty;
    zone.uncertainty_source = half.value.value() > 0
                                  ? "low and high of the catalogue at half load, as a uniform distribution"
                                  : "declared joules per byte, good to a factor of two";
    if (kind == ZoneKind::package) {
      zone.uncertainty = together(zone.uncertainty, shape_uncertainty);
      zone.uncertainty_source += "; 10 % for the straight line in place of the measured curve, our estimate";
    }
    if (generic_) {
      zone.uncertainty = together(zone.uncertainty, generic_uncertainty);
      zone.uncertainty_source += "; 40 % for another machine in place of this one, scaled, our estimate";
    }
    zones_.push_back(std::move(zone));
    parts_.push_back(part);
  }

  std::string id_;
  bool generic_;
  double processors_;
  double memory_bytes_;
  std::vector<Zone> zones_;
  std::vector<Part> parts_;
  bool marked_ = false;
};

}  // namespace

const catalog::Server* generic_server(const catalog::Catalog& catalog) {
  const catalog::Server* server = catalog.server("generic");
  return server ? server : catalog.server_for_trace_model("");
}

double processors_of(const catalog::Server& server, const catalog::Catalog& catalog) {
  const catalog::Cpu* cpu = catalog.parts(server).cpu;
  return std::max(1.0, cpu ? cpu->threads.value() * server.cpu_sockets.value() : 1.0);
}

Watts processor_power(Watts idle, Watts full, double busy_share) {
  return idle + (full - idle) * std::clamp(busy_share, 0.0, 1.0);
}

Result<std::unique_ptr<Meter>> make_model(const std::string& server, const catalog::Catalog& catalog,
                                          const std::string& where, const KindSet& known) {
  const catalog::Server* record = generic_server(catalog);
  if (!server.empty()) {
    auto found = catalog.find_server(server, where);
    if (!found) return found.error();
    record = *found;
  }
  if (!record)
    return missing_data("the catalogue has no server for a machine of which nothing is said", where,
                        "name one, or add a record server.generic");
  return Result<std::unique_ptr<Meter>>(std::make_unique<ModelMeter>(*record, catalog, server.empty(), known));
}

}  // namespace cradle::meter
