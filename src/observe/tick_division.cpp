#include "tick_division.h"

#include <algorithm>
#include <limits>

#include "hardware.h"

namespace cradle::observe {

using attribution::MicroJoules;
using attribution::Pool;

namespace {

constexpr double ns_per_second = 1e9;

bool is_present(const GroupUse& use) {
  return use.cpu_ns > 0 || use.reserved_ns > 0 || use.resident_bytes > 0 || use.block_bytes > 0 ||
         use.network_bytes > 0;
}

double watts(MicroJoules energy, std::int64_t interval_ns) {
  constexpr double joules_per_microjoule = 1e-6;
  if (interval_ns <= 0) return 0;
  return static_cast<double>(energy) * joules_per_microjoule / (static_cast<double>(interval_ns) / ns_per_second);
}

/// CPU time at a weight; years of CPU time in one tick count as the most that there is.
std::int64_t weighted(std::int64_t cpu_ns, std::int64_t weight) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(cpu_ns, weight, &product) ? std::numeric_limits<std::int64_t>::max() : product;
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
  std::int64_t both = 0;
  return __builtin_add_overflow(a, b, &both) ? std::numeric_limits<std::int64_t>::max() : both;
}

/// part of whole in proportion to over / under, rounded down, 0 .. whole.
MicroJoules proportion(MicroJoules whole, std::int64_t over, std::int64_t under) {
  __extension__ using Wide = __int128;
  if (over >= under) return whole;
  return static_cast<MicroJoules>(static_cast<Wide>(whole) * over / under);
}

}  // namespace

void TickDivision::consumers_of(Measure measure) {
  consumers_.resize(present_.size());
  for (std::size_t i = 0; i < present_.size(); ++i) {
    const GroupUse& use = uses_[present_[i]];
    // What a group reserves of memory, disks and network is not known; that nobody reserved it leaves it idle.
    switch (measure) {
      case Measure::cpu: consumers_[i] = {use.cpu_ns, use.reserved_ns}; break;
      case Measure::accesses: consumers_[i] = {weighted(use.cpu_ns, use.memory_weight), 0}; break;
      case Measure::resident: consumers_[i] = {use.resident_bytes, 0}; break;
      case Measure::block: consumers_[i] = {use.block_bytes, 0}; break;
      case Measure::network: consumers_[i] = {use.network_bytes, 0}; break;
      case Measure::accelerator: consumers_[i] = {accelerator_use_[present_[i]], 0}; break;
    }
  }
}

Pool TickDivision::accesses(const Pool& by_cpu) const {
  std::int64_t seen_ns = by_cpu.overhead, seen = weighted(by_cpu.overhead, neutral_memory_weight);
  for (const std::size_t g : present_) {
    seen_ns += uses_[g].cpu_ns;
    seen = sum(seen, weighted(uses_[g].cpu_ns, uses_[g].memory_weight));
  }
  Pool pool;
  pool.overhead = weighted(by_cpu.overhead, neutral_memory_weight);
  pool.used = sum(seen, weighted(by_cpu.used - seen_ns, neutral_memory_weight));
  return pool;
}

void TickDivision::consumers_of_accelerator(std::size_t zone) {
  accelerator_use_.assign(uses_.size(), 0);
  for (const AcceleratorUse& use : accelerators_)
    if (use.zone == zone) accelerator_use_[use.group] += use.use;
}

void TickDivision::divide_pool(ZoneTotals& zone, const Pool& pool, Measure measure) {
  consumers_of(measure);
  attribution::divide(pool, consumers_, division_);
  const auto c = static_cast<std::size_t>(zone.component);
  for (std::size_t i = 0; i < present_.size(); ++i) {
    Take& take = takes_[present_[i]];
    take.dynamic[c] += division_.dynamic[i];
    for (std::size_t p = 0; p < attribution::idle_policies; ++p) take.idle[p][c] += division_.idle[p][i];
    if (measure != Measure::cpu && measure != Measure::accesses) continue;
    take.dynamic_by_cpu[c] += division_.dynamic[i];
    take.idle_by_cpu[c] += division_.idle[static_cast<std::size_t>(in_force_)][i];
  }
  for (std::size_t p = 0; p < attribution::idle_policies; ++p) {
    idle_.idle[p][c] += division_.idle_residue[p];
    zone.idle_residue[p] += division_.idle_residue[p];
    if (division_.total(static_cast<attribution::IdlePolicy>(p)) != pool.metered) conserved_ = false;
  }
  overhead_[c] += division_.overhead;
  unattributed_[c] += division_.unattributed;
  zone.overhead_microjoules += division_.overhead;
  zone.unattributed_microjoules += division_.unattributed;
  zone.idle_microjoules += pool.idle;
  zone.active_microjoules += pool.metered - pool.idle;
}

void TickDivision::divide(std::vector<ZoneTotals>& zones, const std::vector<ZoneTick>& ticks, const NodeUse& node,
                          std::span<const GroupUse> groups, std::span<const AcceleratorUse> accelerators) {
  node_ = node;
  uses_ = groups;
  accelerators_ = accelerators;
  conserved_ = true;
  takes_.assign(groups.size(), Take{});
  idle_ = {};
  overhead_ = unattributed_ = metered_ = {};
  present_.clear();
  accelerator_use_.assign(groups.size(), 0);
  for (const AcceleratorUse& use : accelerators) accelerator_use_[use.group] += use.use;
  std::int64_t seen_ns = 0, resident = 0, block = 0, network = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (is_present(groups[g]) || accelerator_use_[g] > 0) present_.push_back(g);
    seen_ns += groups[g].cpu_ns;
    resident += groups[g].resident_bytes;
    block += groups[g].block_bytes;
    network += groups[g].network_bytes;
  }

  // Ticks of /proc/stat are coarser than the groups' own counters: the machine used at least what its parts did.
  Pool by_cpu;
  by_cpu.used = std::max(node.busy_ns, seen_ns + node.own_ns);
  by_cpu.capacity = node.interval_ns * node.processors;
  by_cpu.overhead = node.own_ns;

  for (std::size_t z = 0; z < zones.size(); ++z) {
    ZoneTotals& zone = zones[z];
    const ZoneTick& tick = ticks[z];
    zone.microjoules += tick.metered;
    zone.watts = watts(tick.metered, node.interval_ns);
    const MicroJoules active_before = zone.active_microjoules;
    if (!zone.counted) {
      zone.idle_microjoules += tick.idle;
      zone.active_microjoules += tick.metered - tick.idle;
      zone.active_watts = watts(tick.metered - tick.idle, node.interval_ns);
      continue;
    }
    metered_[static_cast<std::size_t>(zone.component)] += tick.metered;
    Pool pool;
    pool.metered = tick.metered;
    pool.idle = tick.idle;
    switch (zone.component) {
      case Component::cpu:
      case Component::base:
        by_cpu.metered = tick.metered;
        by_cpu.idle = tick.idle;
        divide_pool(zone, by_cpu, Measure::cpu);
        break;
      case Component::memory: {
        // Holding bytes is the work of memory: of what it draws without any access, the part of the bytes held is
        // theirs, and only that of the free ones is idle.
        pool.metered = tick.idle;
        pool.idle = tick.idle - proportion(tick.idle, resident, std::max<std::int64_t>(node.memory_bytes, 1));
        pool.used = resident;
        pool.capacity = std::max(node.memory_bytes, resident);
        divide_pool(zone, pool, Measure::resident);
        pool = accesses(by_cpu);
        pool.metered = tick.metered - tick.idle;
        divide_pool(zone, pool, Measure::accesses);
        break;
      }
      case Component::storage:
        pool.used = pool.capacity = block;
        divide_pool(zone, pool, Measure::block);
        break;
      case Component::network:
        pool.used = pool.capacity = network;
        divide_pool(zone, pool, Measure::network);
        break;
      case Component::accelerator:
        consumers_of_accelerator(z);
        for (const std::int64_t use : accelerator_use_) pool.used += use;
        pool.capacity = pool.used;
        divide_pool(zone, pool, Measure::accelerator);
        break;
    }
    zone.active_watts = watts(zone.active_microjoules - active_before, node.interval_ns);
  }
  occupy();
}

void TickDivision::occupy() {
  const double seconds = static_cast<double>(node_.interval_ns) / ns_per_second;
  const auto share = [&](Component component, double capacity, auto amount) {
    const auto c = static_cast<std::size_t>(component);
    double all = 0;
    for (const std::size_t g : present_) all += amount(uses_[g]);
    // More can be promised than there is: the promises are scaled to what there is.
    const double whole = std::max(capacity, all);
    if (!(whole > 0)) {
      idle_.occupied[c] = seconds;
      return;
    }
    double taken = 0;
    for (const std::size_t g : present_) {
      takes_[g].occupied[c] = seconds * (amount(uses_[g]) / whole);
      taken += takes_[g].occupied[c];
    }
    idle_.occupied[c] = std::max(0.0, seconds - taken);
  };
  const auto processor = [](const GroupUse& use) { return static_cast<double>(std::max(use.reserved_ns, use.cpu_ns)); };
  const double processor_ns = static_cast<double>(node_.interval_ns) * node_.processors;
  share(Component::cpu, processor_ns, processor);
  share(Component::base, processor_ns, processor);
  share(Component::memory, static_cast<double>(node_.memory_bytes),
        [](const GroupUse& use) { return static_cast<double>(use.resident_bytes); });
  // A byte keeps its device busy for as long as one byte takes at the device's full rate.
  const auto movable = [&](ByteRate rate) { return (rate * carbon::Seconds{seconds}).value(); };
  share(Component::storage, movable(storage_rate),
        [](const GroupUse& use) { return static_cast<double>(use.block_bytes); });
  share(Component::network, movable(network_rate),
        [](const GroupUse& use) { return static_cast<double>(use.network_bytes); });
  accelerator_use_.assign(uses_.size(), 0);
  for (const AcceleratorUse& use : accelerators_) accelerator_use_[use.group] += use.use;
  share(Component::accelerator, 0,
        [&](const GroupUse& use) { return static_cast<double>(accelerator_use_[&use - uses_.data()]); });
}

}  // namespace cradle::observe
