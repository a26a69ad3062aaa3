// The boards that NVML knows, and their instances.
#pragma once

#include <map>
#include <optional>

#include "counter.h"
#include "cradle/meter/gpu.h"
#include "nvml.h"
#include "sources.h"

namespace cradle::meter {

class GpuMeter : public Meter {
 public:
  explicit GpuMeter(std::shared_ptr<const Nvml> nvml) : nvml_(std::move(nvml)) { find_boards(); }

  const std::vector<Zone>& zones() const override { return zones_; }
  std::vector<ZoneReading> read(Instant at, const Activity& activity) override;
  const std::vector<GpuProcessUse>& process_use() const { return use_; }

 private:
  struct Instance {
    std::size_t zone;
    unsigned id = 0;
    std::int64_t slices = 1;
    double activity = 0;  ///< 0 .. 1, of the last interval
    bool present = false;
    std::vector<unsigned> pids;
    Presence presence;
  };
  struct Board {
    Nvml::Device device;
    std::size_t zone;
    bool counts = false;  ///< energy, not power alone
    bool partitioned = false;
    EnergyCounter energy;
    PowerIntegral power;
    Presence presence;
    std::map<std::string, Instance> instances;  ///< by UUID
    std::optional<double> quiet_watts;          ///< least power seen while no instance was active
    unsigned long long sampled_to_us = 0;
  };

  void find_boards();
  void find_instances(Board& board);
  void tell_instances(Board& board, std::vector<ZoneReading>& readings);
  ZoneReading read_board(Board& board, std::int64_t interval_ns);
  void divide(Board& board, std::int64_t interval_ns, std::vector<ZoneReading>& readings);
  void use_of_board(Board& board, std::int64_t interval_ns);
  void use_of_instances(const Board& board, std::int64_t interval_ns);
  std::string uuid_of(Nvml::Device device) const;
  std::vector<Nvml::Process> processes_of(Nvml::Device device) const;
  std::optional<double> utilization_of(Nvml::Device device) const;

  std::shared_ptr<const Nvml> nvml_;
  std::vector<Zone> zones_;
  std::map<std::string, Board> boards_;  ///< by UUID
  std::vector<GpuProcessUse> use_;
};

}  // namespace cradle::meter
