#include "gpu_meter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace cradle::meter {

using carbon::Watts;

namespace {

/// A MIG-capable GPU has seven slices for compute (NVIDIA MIG user guide, A100, H100, H200).
constexpr std::int64_t slices_of_a_board = 7;
/// Weights of a division are slices times activity in thousandths.
constexpr std::int64_t fine = 1000;
/// More processes or instances than that on one board is a driver that lies.
constexpr unsigned most_listed = 65536;
/// No board draws more; what is above is no energy.
constexpr Watts most_of_a_board{5000};

}  // namespace

std::string GpuMeter::uuid_of(Nvml::Device device) const {
  std::array<char, 96> text{};
  if (nvml_->uuid(device, text.data(), text.size() - 1) != Nvml::success) return {};
  return text.data();
}

std::vector<Nvml::Process> GpuMeter::processes_of(Nvml::Device device) const {
  if (!nvml_->processes) return {};
  std::vector<Nvml::Process> processes(64);
  for (int attempt = 0; attempt < 4; ++attempt) {
    auto count = static_cast<unsigned>(processes.size());
    const int status = nvml_->processes(device, &count, processes.data());
    if (status == Nvml::success) {
      processes.resize(std::min<std::size_t>(count, processes.size()));
      return processes;
    }
    if (status != Nvml::insufficient_size || count > most_listed) return {};
    processes.resize(count + 16);  // others may start meanwhile
  }
  return {};
}

std::optional<double> GpuMeter::utilization_of(Nvml::Device device) const {
  Nvml::Utilization utilization{};
  if (!nvml_->utilization || nvml_->utilization(device, &utilization) != Nvml::success) return std::nullopt;
  return std::min(utilization.gpu, 100u) / 100.0;
}

void GpuMeter::find_boards() {
  unsigned count = 0;
  if (nvml_->count(&count) != Nvml::success) return;
  for (unsigned index = 0; index < std::min(count, most_listed); ++index) {
    Nvml::Device device = nullptr;
    if (nvml_->by_index(index, &device) != Nvml::success) continue;
    const std::string uuid = uuid_of(device);
    if (uuid.empty()) continue;
    if (const auto known = boards_.find(uuid); known != boards_.end()) {
      known->second.device = device;
      continue;
    }
    unsigned long long millijoules = 0;
    Board board{};
    board.device = device;
    board.zone = zones_.size();
    board.counts = nvml_->total_energy && nvml_->total_energy(device, &millijoules) == Nvml::success;
    board.energy = EnergyCounter({0, most_of_a_board});

    std::array<char, 96> name{};
    if (!nvml_->name || nvml_->name(device, name.data(), name.size() - 1) != Nvml::success) name[0] = 0;
    Zone zone;
    zone.name = "gpu-" + uuid;
    zone.kind = ZoneKind::gpu;
    zone.path = name[0] ? std::string(name.data()) + " " + uuid : uuid;
    zone.source = "nvml";
    zone.knowledge = knowledge_of(zone.source);
    zone.uncertainty = board.counts ? 0.05 : 0.25;
    zone.uncertainty_source =
        board.counts ? "NVML states 5 % for its power sensor; the counter integrates it in the driver"
                     : "power readings joined by the trapezoid rule: the sensor sees a quarter of the time on current "
                       "boards (Yang et al., SC 2024); 25 % is our estimate";
    zones_.push_back(std::move(zone));
    boards_.emplace(uuid, std::move(board));
  }
}

void GpuMeter::find_instances(Board& board) {
  for (auto& [uuid, instance] : board.instances) {
    instance.present = false;
    instance.activity = 0;
    instance.pids.clear();
  }
  unsigned current = 0, pending = 0, count = 0;
  board.partitioned = nvml_->mig_mode && nvml_->mig_max && nvml_->mig_by_index &&
                      nvml_->mig_mode(board.device, &current, &pending) == Nvml::success && current == 1;
  if (!board.partitioned || nvml_->mig_max(board.device, &count) != Nvml::success) return;
  for (unsigned index = 0; index < std::min(count, 64u); ++index) {
    Nvml::Device device = nullptr;
    if (nvml_->mig_by_index(board.device, index, &device) != Nvml::success) continue;
    const std::string uuid = uuid_of(device);
    if (uuid.empty()) continue;
    auto [found, fresh] = board.instances.try_emplace(uuid);
    Instance& instance = found->second;
    if (fresh) {
      Nvml::Attributes attributes{};
      if (nvml_->attributes && nvml_->attributes(device, &attributes) == Nvml::success && attributes.gpu_slices > 0)
        instance.slices = std::min<std::int64_t>(attributes.gpu_slices, 64);
      if (nvml_->gpu_instance) nvml_->gpu_instance(device, &instance.id);
      instance.zone = zones_.size();
      Zone zone;
      zone.name = "gpu-" + uuid;
      zone.kind = ZoneKind::gpu_instance;
      zone.path = zones_[board.zone].path + " instance " + std::to_string(instance.id);
      zone.source = "nvml";
      zone.knowledge = carbon::Knowledge::estimated;
      zone.parent = static_cast<int>(board.zone);
      zone.uncertainty = 0.3;
      zone.uncertainty_source =
          "part of the board's energy by slices x activity; no fixed rule fits every mix of work (Vamja et al., "
          "arXiv:2501.17752), 30 % is our estimate";
      zones_.push_back(std::move(zone));
    }
    instance.present = true;
    for (const Nvml::Process& process : processes_of(device)) instance.pids.push_back(process.pid);
    // Drivers do not tell the utilisation of instances: one with a process on it counts as active.
    instance.activity = utilization_of(device).value_or(instance.pids.empty() ? 0.0 : 1.0);
  }
}

ZoneReading GpuMeter::read_board(Board& board, std::int64_t interval_ns) {
  ZoneReading reading;
  reading.zone = board.zone;
  int status = Nvml::not_supported;
  if (board.counts) {
    unsigned long long millijoules = 0;
    status = nvml_->total_energy(board.device, &millijoules);
    if (status == Nvml::success && millijoules <= 9'000'000'000'000'000ull) {
      CounterStep step = board.energy.step(static_cast<std::int64_t>(millijoules) * 1000, interval_ns);
      reading.microjoules = step.microjoules;
      reading.event = std::move(step.event);
    }
  } else if (nvml_->power) {
    unsigned milliwatts = 0;
    status = nvml_->power(board.device, &milliwatts);
    if (status == Nvml::success && milliwatts * 1e-3 <= most_of_a_board.value())
      reading.microjoules = board.power.add(Watts{milliwatts * 1e-3}, interval_ns);
  }
  if (status == Nvml::success) {
    if (std::string returned = board.presence.found(); !returned.empty()) reading.event = std::move(returned);
    return reading;
  }
  board.energy.forget();
  board.power.forget();
  reading.present = false;
  reading.event = board.presence.lost(status == Nvml::gpu_is_lost || status == Nvml::not_found
                                          ? "vanished"
                                          : "no reading: NVML status " + std::to_string(status));
  return reading;
}

void GpuMeter::divide(Board& board, std::int64_t interval_ns, std::vector<ZoneReading>& readings) {
  std::vector<std::int64_t> weights;
  std::vector<std::size_t> zones;
  for (const auto& [uuid, instance] : board.instances) {
    weights.push_back(static_cast<std::int64_t>(std::llround(instance.activity * fine)) * instance.slices);
    zones.push_back(instance.zone);
  }
  ZoneReading& whole = readings[board.zone];
  const std::int64_t active = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  const double seconds = static_cast<double>(interval_ns) * 1e-9;
  if (active == 0) {
    whole.idle_microjoules = whole.microjoules;
    if (whole.present && whole.event.empty() && whole.microjoules > 0 && seconds > 0) {
      const double watts = static_cast<double>(whole.microjoules) * 1e-6 / seconds;
      board.quiet_watts = std::min(board.quiet_watts.value_or(watts), watts);
    }
  } else {
    // What the board drew when nothing ran on it; before that was seen, the part of the slices that rest.
    const std::int64_t all = std::max(slices_of_a_board * fine, active);
    whole.idle_microjoules =
        board.quiet_watts ? std::min(whole.microjoules, static_cast<std::int64_t>(*board.quiet_watts * seconds * 1e6))
                          : split_exactly(whole.microjoules, {active, all - active})[1];
    const auto parts = split_exactly(whole.microjoules - whole.idle_microjoules, weights);
    for (std::size_t i = 0; i < parts.size(); ++i) readings[zones[i]].microjoules = parts[i];
  }
  whole.idle_known = true;
}

void GpuMeter::tell_instances(Board& board, std::vector<ZoneReading>& readings) {
  for (auto& [uuid, instance] : board.instances) {
    ZoneReading& reading = readings[instance.zone];
    reading.present = instance.present && readings[board.zone].present;
    reading.event = reading.present ? instance.presence.found() : instance.presence.lost("vanished");
  }
}

void GpuMeter::use_of_board(Board& board, std::int64_t interval_ns) {
  // The mean of a process's samples over those of the interval: a process that came late has fewer.
  if (nvml_->process_samples) {
    unsigned count = 0;
    const int asked = nvml_->process_samples(board.device, nullptr, &count, board.sampled_to_us);
    if ((asked == Nvml::insufficient_size || asked == Nvml::success) && count > 0 && count <= most_listed) {
      std::vector<Nvml::ProcessSample> samples(count);
      if (nvml_->process_samples(board.device, samples.data(), &count, board.sampled_to_us) == Nvml::success) {
        samples.resize(std::min<std::size_t>(count, samples.size()));
        std::map<unsigned, double> percent;
        std::map<unsigned long long, bool> times;
        for (const Nvml::ProcessSample& sample : samples) {
          if (sample.at_us <= board.sampled_to_us) continue;
          percent[sample.pid] += std::min(sample.multiprocessors, 100u);
          times[sample.at_us] = true;
        }
        for (const auto& [pid, sum] : percent) {
          const double share = sum / 100 / static_cast<double>(times.size());
          use_.push_back({static_cast<std::int32_t>(pid), board.zone,
                          static_cast<std::int64_t>(std::min(1.0, share) * static_cast<double>(interval_ns))});
        }
        if (!times.empty()) board.sampled_to_us = times.rbegin()->first;
        return;
      }
    }
    if (asked == Nvml::success || asked == Nvml::not_found) return;  // no sample: nobody used it
  }
  const auto processes = processes_of(board.device);
  const double activity = utilization_of(board.device).value_or(1);
  for (const Nvml::Process& process : processes)
    use_.push_back({static_cast<std::int32_t>(process.pid), board.zone,
                    static_cast<std::int64_t>(activity * static_cast<double>(interval_ns) /
                                              static_cast<double>(processes.size()))});
}

void GpuMeter::use_of_instances(const Board& board, std::int64_t interval_ns) {
  for (const auto& [uuid, instance] : board.instances)
    for (const unsigned pid : instance.pids)
      use_.push_back({static_cast<std::int32_t>(pid), instance.zone,
                      static_cast<std::int64_t>(instance.activity * static_cast<double>(interval_ns) /
                                                static_cast<double>(instance.pids.size()))});
}

std::vector<ZoneReading> GpuMeter::read(Instant, const Activity& activity) {
  find_boards();
  for (auto& [uuid, board] : boards_) find_instances(board);
  std::vector<ZoneReading> readings(zones_.size());
  for (std::size_t i = 0; i < readings.size(); ++i) readings[i].zone = i;
  use_.clear();
  for (auto& [uuid, board] : boards_) {
    readings[board.zone] = read_board(board, activity.interval_ns);
    tell_instances(board, readings);
    if (!board.partitioned) {
      if (readings[board.zone].present) use_of_board(board, activity.interval_ns);
      continue;
    }
    divide(board, activity.interval_ns, readings);
    use_of_instances(board, activity.interval_ns);
  }
  return readings;
}

std::vector<GpuProcessUse> gpu_process_use(const Meter& meter) {
  const auto* gpus = dynamic_cast<const GpuMeter*>(&meter);
  return gpus ? gpus->process_use() : std::vector<GpuProcessUse>{};
}

Opened open_nvml(const std::string& library) {
  auto nvml = Nvml::load(library);
  if (!nvml) return {nullptr, false, nvml.error().where + ": " + nvml.error().message, nvml.error().hint};
  auto meter = std::make_unique<GpuMeter>(*nvml);
  if (meter->zones().empty())
    return {nullptr, false, library + ": no board", "look at `nvidia-smi -L`: a container needs the devices passed in"};
  Opened opened;
  for (const ZoneReading& reading : meter->read({}, {})) opened.readable = opened.readable || reading.present;
  opened.text = zone_names(*meter);
  if (!opened.readable) opened.hint = "no board tells energy or power: update the driver";
  opened.meter = std::move(meter);
  return opened;
}

}  // namespace cradle::meter
