// A node's joules and grams by tenant: scans and meters in, tenants with operational and embodied carbon out.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cradle/attribution/attribution.h"
#include "cradle/base/result.h"
#include "cradle/capture/capture.h"
#include "cradle/capture/tenant.h"
#include "cradle/capture/usage.h"
#include "cradle/carbon/entry.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/meter/meter.h"

namespace cradle::observe {

/// The parts of a machine that joules and embodied carbon are told by.
enum class Component : std::uint8_t { cpu, memory, storage, network, accelerator, base };
inline constexpr std::size_t components = 6;
const char* to_string(Component component);  ///< "cpu", "memory", "storage", "network", "accelerator", "base"

/// Where and what the machine is.
struct Place {
  std::string node_name;  ///< empty: the host's name
  std::string server;     ///< of the catalogue: embodied carbon, lifetime, declared model; empty: the generic server
  std::string grid;       ///< of the catalogue
  double pue = 1;
};

/// What a tenant, process or the node came to since the observer began. Counters never decrease.
struct Totals {
  std::int64_t cpu_ns = 0;
  std::array<std::int64_t, components> dynamic_microjoules{};
  /// by idle policy, then component
  std::array<std::array<std::int64_t, components>, attribution::idle_policies> idle_microjoules{};
  carbon::Estimate<carbon::GramsCO2e> operational_average;  ///< of dynamic + idle under the policy in force, with PUE
  std::optional<carbon::Estimate<carbon::GramsCO2e>> operational_marginal;
  carbon::Estimate<carbon::GramsCO2e> embodied;
  /// What doubles cannot hold of the nine sums above (value, low, high of average, embodied, marginal): with it a sum
  /// over groups does not depend on their order, nor on what was folded into what.
  std::array<double, 9> grams_rest{};
  std::int64_t block_read_bytes = 0, block_written_bytes = 0, network_received_bytes = 0, network_sent_bytes = 0;
  std::int64_t resident_bytes = 0;  ///< now

  std::int64_t microjoules(attribution::IdlePolicy policy, Component component) const {
    const auto c = static_cast<std::size_t>(component);
    return dynamic_microjoules[c] + idle_microjoules[static_cast<std::size_t>(policy)][c];
  }
};

struct GroupTotals {
  std::uint64_t id = 0;
  std::string path;
  capture::Tenant tenant;
  Totals totals;
  /// Of the last interval, without idle: what the counter of `totals` grew by.
  std::array<std::int64_t, components> interval_dynamic_microjoules{};
  bool ended = false;
  std::int64_t processes_unseen_ns = 0;  ///< CPU time of the group that no process was seen at
  /// Of the totals (idle: under the policy in force), what no process of the snapshot tells: resident memory, bytes,
  /// CPU time that no process was seen at, processes that ended and are told no more, or are in another group now.
  /// Summed over groups, with the processes', this is what the groups bear, exactly.
  std::array<std::int64_t, components> untold_microjoules{}, untold_idle_microjoules{};
};

struct ProcessTotals {
  capture::ProcessKey key;
  std::string command;
  std::uint64_t group = 0;
  std::int64_t cpu_ns = 0;
  std::array<std::int64_t, components> dynamic_microjoules{};
  std::array<std::int64_t, components> idle_microjoules{};  ///< under the policy in force
  /// Of both, what it came to in groups that it has left since: theirs, and among what those leave untold.
  std::array<std::int64_t, components> elsewhere_microjoules{}, elsewhere_idle_microjoules{};
  std::int64_t elsewhere_cpu_ns = 0;  ///< of cpu_ns, the same
  /// Of the last interval, without idle: what `dynamic_microjoules` grew by.
  std::array<std::int64_t, components> interval_dynamic_microjoules{};
  carbon::GramsCO2e operational;  ///< of dynamic + idle, average intensity, with PUE
  carbon::GramsCO2e embodied;     ///< of the processor and the base, by CPU time within its group
  bool ended = false;

  /// With idle under the policy in force, in the group that it is in now.
  std::int64_t microjoules_in_group(Component component) const {
    const auto c = static_cast<std::size_t>(component);
    return dynamic_microjoules[c] - elsewhere_microjoules[c] + idle_microjoules[c] - elsewhere_idle_microjoules[c];
  }
};

/// What a meter tells of a zone beside its joules (`meter::ZoneReading::event`).
enum class MeterEvent : std::uint8_t {
  wrapped,        ///< its counter began again, and was unwrapped
  read_late,      ///< no wrap was seen, but one would fit into the time since the reading before
  ran_backwards,  ///< its counter was reset: that interval has no joules
  implausible,    ///< more power than the part can draw, or a negative reading: that interval has no joules
  vanished,       ///< its file or device is gone
  returned,       ///< and is back
  no_reading,     ///< it is there and cannot be read
};
inline constexpr std::size_t meter_events = 7;
const char* to_string(MeterEvent event);  ///< "wrapped", "read_late", "ran_backwards", "implausible", "vanished", ...

/// One meter zone since the observer began: for those that count, metered == sum over groups + idle + overhead +
/// unattributed, for every policy, in whole microjoules, whenever a tick ends. Of the others only metered, active and
/// idle are told. Where a meter of the whole machine reads more than its parts, the rest is a zone "base" of its own.
struct ZoneTotals {
  meter::Zone zone;
  std::int64_t microjoules = 0;
  std::int64_t active_microjoules = 0;  ///< metered less what is drawn without work
  std::int64_t idle_microjoules = 0;    ///< drawn without work, whoever bears it
  std::array<std::int64_t, attribution::idle_policies> idle_residue{};
  std::int64_t overhead_microjoules = 0, unattributed_microjoules = 0;
  double watts = 0;         ///< of the last interval
  double active_watts = 0;  ///< of these, not drawn by an idle machine
  bool counted = false;     ///< among the zones whose sum is the node's energy (others lie within or around those)
  Component component = Component::cpu;
  std::array<std::int64_t, meter_events> events{};  ///< how often each was told; a loss is told once, not at each tick
};

/// One logical processor as /proc/cpuinfo names it; empty where it does not (metrics.h reads that text).
struct Processor {
  std::string number, vendor, model, package, core;
};

/// What is shown, exported, written to the ledger. Valid until the next tick.
struct Snapshot {
  Instant at;
  std::int64_t interval_ns = 0;
  std::int64_t ticks = 0;
  capture::Tier tier = capture::Tier::proc;
  std::string node_name;
  attribution::IdlePolicy policy = attribution::IdlePolicy::none;
  double busy_share = 0;  ///< of the processors, 0 .. 1, last interval
  Totals node;            ///< everything, with idle, overhead and unattributed
  Totals idle, overhead, unattributed;
  std::vector<GroupTotals> groups;
  std::vector<ProcessTotals> processes;
  std::vector<ZoneTotals> zones;
  std::int64_t lost_records = 0;
  std::int64_t observer_cpu_ns = 0;   ///< used by this program itself since it began, scans and all
  std::int64_t scan_cpu_ns = 0;       ///< of these, by the last tick
  std::vector<Processor> processors;  ///< read once
  std::int64_t clock_steps = 0;       ///< wall clock against monotonic clock, more than a second apart
  std::int64_t broken_laws = 0;       ///< ticks whose parts did not add up: a programming error, always 0
  std::vector<std::string> notes;
};

/// Joules of one tenant and component under the policy in force, with their range: low is the 5th percentile of the
/// meters' error (value x (1 - 1.645 s), s the relative standard deviations of the component's zones that count,
/// weighted by their joules; never below 0), high the 95th of value + u d / D. There u is what was unattributed of the
/// component, d the tenant's dynamic joules and D those of all tenants: what nobody was seen at may have been the
/// tenant's, in proportion to what is known to be its own. Never more than the meters read at their high end; the
/// totals of the node itself have the range of its meters. A component without a meter: 0, 0, 0.
carbon::Estimate<carbon::Joules> energy_estimate(const Snapshot& snapshot, const Totals& totals, Component component);
/// The same of a process. Its part of what no process of its own group was seen at is not in the range: that is
/// `untold_microjoules`.
carbon::Estimate<carbon::Joules> energy_estimate(const Snapshot& snapshot, const ProcessTotals& process,
                                                 Component component);

}  // namespace cradle::observe
