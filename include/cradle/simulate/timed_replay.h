// Jobs arrive, wait, run and leave; every joule of every machine is written as an entry.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/account.h"
#include "cradle/carbon/entry.h"
#include "cradle/dispatch/configuration.h"
#include "cradle/dispatch/decision_log.h"
#include "cradle/fleet/cluster.h"
#include "cradle/policy/placement_policy.h"
#include "cradle/policy/scheduler.h"
#include "cradle/workload/job.h"

namespace cradle::simulate {

/// The parts of every node, in this order: component index = node * parts_per_node + part.
enum class Part : std::uint8_t { gpu, cpu, memory, host };
inline constexpr std::uint32_t parts_per_node = 4;
inline carbon::ComponentIndex component_of(fleet::NodeIndex node, Part part) {
  return node * parts_per_node + static_cast<std::uint32_t>(part);
}

struct TimedOptions {
  Instant start;                ///< calendar time at which the trace's clock reads 0
  std::int64_t horizon_ms = 0;  ///< length of the period; 0: until the last job would end if none waited
  std::uint64_t seed = 42;
  policy::Scheduler::Cache cache = policy::Scheduler::Cache::on;
  dispatch::ServiceRule service;               ///< what the jobs were promised: who is late is counted by it
  dispatch::DecisionLog* decisions = nullptr;  ///< gets a section with every input and decision
  std::stop_token stop;                        ///< asked at every event; the entries up to then are whole
  std::function<void(std::int64_t done_ms, std::int64_t total_ms)> progress;
};

/// Seconds, nearest rank.
struct Waits {
  double mean_s = 0, p50_s = 0, p95_s = 0, p99_s = 0, max_s = 0;
};

struct TimedResult {
  Instant start, end;  ///< the period; end is earlier than planned if stopped
  bool stopped = false;
  std::uint64_t finished = 0;    ///< jobs that ended within the period
  std::uint64_t running = 0;     ///< still running at its end; accounted up to there
  std::uint64_t waiting = 0;     ///< arrived and never started within the period
  std::uint64_t impossible = 0;  ///< no node could hold the job even if empty
  std::uint64_t suspended = 0;   ///< started, and paused at its end; accounted up to there
  std::uint64_t events = 0;      ///< arrivals, departures and wake-ups of the dispatcher
  Waits waits;   ///< arrival to start, of every job that can run; of one that never started, until the end
  Waits delays;  ///< arrival to end less its length, of the same jobs: waiting, pauses, redone work and slower paces
  /// 1 + delay / length, of the same jobs.
  double slowdown_mean = 1, slowdown_p95 = 1;
  std::uint64_t late = 0;             ///< jobs that ended, or have not ended, after the service rule's deadline
  std::uint64_t suspensions = 0;      ///< how often a running job was paused
  double gpu_allocation_percent = 0;  ///< time-weighted mean of allocated GPU share over capacity
  double cpu_allocation_percent = 0;
  double useful_gpu_hours = 0;          ///< GPU share x time run, as at full speed; redone work is not useful
  carbon::ExactEnergy energy;           ///< what the meters of all machines read, before PUE
  std::vector<carbon::JobRecord> jobs;  ///< parallel to the jobs given: started and finished are filled in
};

/// Finds, without replaying, every reason for which replay_timed would refuse: no job, jobs without length, nodes at
/// sites that do not exist, a series that does not cover the period, a period whose energy an entry cannot hold.
Result<void> check_timed(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                         std::span<const carbon::SiteRecord> sites, const TimedOptions& options);

/// Replays the jobs on the fleet: a Dispatcher with this configuration decides, and is told what happens. Under a
/// configuration that plans nothing, waiting jobs are tried in order of arrival whenever a job ends.
///
/// A running job is charged, for its whole residency, the share it reserved: its part of each GPU at full draw, its
/// cores at the full draw of their sockets, its memory and, by its share of the processor threads, the rest of the
/// machine. What the machine draws beyond that is idle energy. Draws are counted in whole milliwatts and time in
/// whole milliseconds, so that tenants + idle == meter holds exactly in microjoules.
///
/// The nodes are taken in the order given: a fixed tie-break prefers the earlier one, so shuffle them if that order
/// means something. The typical workload of the fragment measure is that of the whole list.
/// `sites` gives the signals of each SiteIndex; Measure::carbon reads the marginal one where there is one.
///
/// A capped GPU draws and works at the pace decided; a job that is resumed runs the configuration's resume cost longer.
/// The options' seed and cache stand in for those of the configuration.
Result<TimedResult> replay_timed(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                                 std::span<const carbon::SiteRecord> sites,
                                 const dispatch::Configuration& configuration, const TimedOptions& options,
                                 carbon::EntrySink& sink);

/// The same with jobs that start as soon as they fit.
Result<TimedResult> replay_timed(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                                 std::span<const carbon::SiteRecord> sites, const policy::PlacementPolicy& policy,
                                 const TimedOptions& options, carbon::EntrySink& sink);

/// Replays a section of a decision log of such a replay through a fresh Dispatcher. bad_input: as read_log and
/// replay_log, or a log of another configuration, fleet, site or workload.
Result<dispatch::LogCheck> check_decisions(std::span<const fleet::NodeSpec> nodes, std::span<const workload::Job> jobs,
                                           std::span<const carbon::SiteRecord> sites,
                                           const dispatch::Configuration& configuration, const TimedOptions& options,
                                           const dispatch::LogSection& section, std::string_view file);

}  // namespace cradle::simulate
