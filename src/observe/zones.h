// The meters of a node as one list: which zones add up to the machine, what each counts for, and what is drawn idle.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cradle/attribution/attribution.h"
#include "cradle/base/time.h"
#include "cradle/meter/gpu.h"
#include "cradle/meter/meter.h"
#include "cradle/observe/node.h"

namespace cradle::observe {

/// Notes that repeat are counted, those that begin with a number are summed, and there are never more than `most`.
class Notes {
 public:
  static constexpr std::size_t most = 64;
  void add(const std::string& note, std::int64_t times = 1);
  /// In order of the text, "TEXT (3 times)" or "8 TEXT".
  std::vector<std::string> list() const;
  bool changed_since_listed() const { return changed_; }

 private:
  std::map<std::string, std::int64_t> counts_;
  std::int64_t left_out_ = 0;
  mutable bool changed_ = false;
};

/// One interval of one zone.
struct ZoneTick {
  attribution::MicroJoules metered = 0;
  attribution::MicroJoules idle = 0;  ///< 0 .. metered
};

/// Packages and DRAM count once, from the first source that has them; core and uncore lie within a package, a GPU
/// instance within its GPU. A meter of the whole machine (platform, else psys) never adds to its parts: what it reads
/// beyond them is the zone "base". What it reads below them (meters that are not read at the same instant) is kept and
/// taken off the next interval's base. A platform zone that its meter calls the remainder (a model's base) is a part
/// itself; it counts where no meter of the whole machine is.
class Zones {
 public:
  /// A process's use of an accelerator zone that counts.
  struct ProcessUse {
    std::int32_t pid = 0;
    std::size_t zone = 0;  ///< position in totals()
    std::int64_t use = 0;
  };
  using GpuUse = std::function<std::vector<meter::GpuProcessUse>(const meter::Meter&)>;

  Zones(std::vector<std::unique_ptr<meter::Meter>> meters, const std::array<carbon::Watts, components>& declared_idle,
        GpuUse gpu_use);

  /// Reads every meter. `busy_share` of the processors decides when the machine is quiet enough to see its idle draw.
  void read(Instant at, const meter::Activity& activity, double busy_share, Notes& notes);

  /// Parallel to totals().
  const std::vector<ZoneTick>& ticks() const { return ticks_; }
  /// Of the last reading. What a process used of a GPU's instance counts for the GPU as the part of the instance's
  /// joules that its time there was.
  const std::vector<ProcessUse>& accelerator_uses() const { return accelerator_uses_; }
  /// Their identity; the observer adds the joules. Grows by hot plug; positions stay.
  std::vector<ZoneTotals>& totals() { return totals_; }
  /// How surely a component's joules are known: the least sure of its zones. Without any: estimated.
  carbon::Knowledge knowledge(Component component) const;
  /// Zones restored from a checkpoint: totals of a zone go on when a meter shows it again.
  void restore(std::vector<ZoneTotals> zones);

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  void tell(std::size_t zone, MeterEvent event, const std::string& text, Notes& notes);
  void take_in_new_zones();
  std::size_t place(const meter::Zone& zone);
  void elect();
  void read_accelerators();
  void read_base(std::int64_t interval_ns, double busy_share);
  attribution::IdleFloor floor_for(Component component) const;

  std::vector<std::unique_ptr<meter::Meter>> meters_;
  std::array<carbon::Watts, components> declared_idle_;
  GpuUse gpu_use_;
  std::vector<ProcessUse> accelerator_uses_;
  std::vector<std::vector<std::size_t>> position_;  ///< by meter and zone: in totals_
  std::vector<ZoneTotals> totals_;
  std::vector<ZoneTick> ticks_;
  std::vector<attribution::IdleFloor> floors_;         ///< parallel to totals_
  std::vector<bool> idle_known_;                       ///< of the last reading, parallel to totals_
  std::vector<std::array<bool, meter_events>> noted_;  ///< by this run, parallel to totals_
  std::vector<bool> live_;                             ///< shown by a meter, not only by a checkpoint
  std::size_t whole_ = none;                           ///< the meter of the whole machine
  std::size_t base_ = none;
  bool whole_present_ = false;
  std::int64_t base_deficit_ = 0;
};

}  // namespace cradle::observe
