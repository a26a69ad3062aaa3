// One tick: the joules of each zone divided among the control groups, and the time that each group occupied hardware.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "cradle/attribution/attribution.h"
#include "cradle/capture/usage.h"
#include "cradle/observe/memory_class.h"
#include "zones.h"

namespace cradle::observe {

using ByComponent = std::array<attribution::MicroJoules, components>;

/// What one group, or nobody, took of one tick.
struct Take {
  ByComponent dynamic{};
  std::array<ByComponent, attribution::idle_policies> idle{};
  ByComponent dynamic_by_cpu{};               ///< of `dynamic`: divided by CPU time, so that processes can be told
  ByComponent idle_by_cpu{};                  ///< of the idle of the policy in force
  std::array<double, components> occupied{};  ///< device-seconds of the component: its share of embodied carbon
};

struct GroupUse {
  std::int64_t cpu_ns = 0;       ///< without what this program used itself
  std::int64_t reserved_ns = 0;  ///< of the processors; what it used where no reservation is known
  std::int64_t resident_bytes = 0, block_bytes = 0, network_bytes = 0;
  /// What its CPU time counts for in the memory's accesses (memory_class.h), > 0.
  std::int64_t memory_weight = neutral_memory_weight;
};

/// What a group used of one accelerator zone, of whatever measure its meter tells.
struct AcceleratorUse {
  std::size_t zone = 0;   ///< position in the zones
  std::size_t group = 0;  ///< position in the groups
  std::int64_t use = 0;
};

struct NodeUse {
  std::int64_t interval_ns = 0, busy_ns = 0, own_ns = 0, memory_bytes = 0;
  int processors = 1;
};

/// Uses its memory again from tick to tick. Preconditions: nothing negative.
///
/// The laws, by component of the zone (docs/observe.md has them as equations):
///   cpu, base    idle part by policy; the rest by CPU time, what no group was seen at unattributed
///   memory       static part by resident bytes, that of free memory idle; the rest by CPU time x bandwidth class, what
///                nobody declared (this program, the unseen) at the neutral weight
///   storage, network    idle part by policy; the rest by bytes; without bytes unattributed
///   accelerator  idle part by policy; the rest by the use that the meter tells; without any unattributed
class TickDivision {
 public:
  explicit TickDivision(attribution::IdlePolicy in_force) : in_force_(in_force) {}

  /// `zones` and `ticks` are parallel; the totals of the zones are added to. Zones that do not count are only metered.
  void divide(std::vector<ZoneTotals>& zones, const std::vector<ZoneTick>& ticks, const NodeUse& node,
              std::span<const GroupUse> groups, std::span<const AcceleratorUse> accelerators = {});

  const std::vector<Take>& groups() const { return takes_; }  ///< parallel to `groups`
  const Take& idle() const { return idle_; }                  ///< only its `idle` and `occupied`
  const ByComponent& overhead() const { return overhead_; }
  const ByComponent& unattributed() const { return unattributed_; }
  const ByComponent& metered() const { return metered_; }
  /// True if for every zone and policy the parts were the reading.
  bool conserved() const { return conserved_; }

 private:
  enum class Measure : std::uint8_t { cpu, accesses, resident, block, network, accelerator };
  /// Of consumers_, which `measure` set.
  void divide_pool(ZoneTotals& zone, const attribution::Pool& pool, Measure measure);
  void consumers_of(Measure measure);
  attribution::Pool accesses(const attribution::Pool& by_cpu) const;
  void consumers_of_accelerator(std::size_t zone);
  void occupy();

  attribution::IdlePolicy in_force_;
  NodeUse node_;
  std::span<const GroupUse> uses_;
  std::span<const AcceleratorUse> accelerators_;
  std::vector<std::int64_t> accelerator_use_;  ///< by group: of the zone at hand, then of all
  std::vector<std::size_t> present_;           ///< groups that hold or use anything: the tenants of this tick
  std::vector<attribution::Consumer> consumers_;
  attribution::Division division_;
  std::vector<Take> takes_;
  Take idle_;
  ByComponent overhead_{}, unattributed_{}, metered_{};
  bool conserved_ = true;
};

}  // namespace cradle::observe
