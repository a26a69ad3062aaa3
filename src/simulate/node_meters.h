// What the machines of a timed replay draw, and whose it is: the shares of jobs, the rest of each machine as idle.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cradle/carbon/entry.h"
#include "cradle/dispatch/dispatcher.h"
#include "cradle/fleet/cluster.h"
#include "cradle/simulate/timed_replay.h"

namespace cradle::simulate {

/// What one job draws from, and reserves of, each part of its node. Constant while it runs at one pace.
struct Reservation {
  std::array<std::int64_t, parts_per_node> milliwatts{};
  std::array<std::int64_t, parts_per_node> baseline_milliwatts{};
  std::array<double, parts_per_node> operations_per_second{};
};
Reservation reservation(const fleet::NodeSpec& node, const fleet::Request& request, dispatch::Pace pace);

/// One machine of a running job.
struct Machine {
  fleet::Placement placement;
  Reservation share;
};

/// The meters of all nodes. In whole microjoules: the entries of jobs and of idle draw add up to what the meters read.
class NodeMeters {
 public:
  /// Times are milliseconds after `start`. `cluster` and `sink` must outlive the meters.
  NodeMeters(const fleet::Cluster& cluster, Instant start, carbon::EntrySink& sink);

  /// The machine has been placed (1) or released (-1) in the cluster: from now on its node's idle draw is another.
  void charge(std::int64_t now_ms, const Machine& machine, int sign);
  /// Writes what a job used of one machine in [since, now).
  void write_tenant(std::uint32_t job, const Machine& machine, std::int64_t since_ms, std::int64_t now_ms);
  /// Writes the idle draw of all nodes up to now.
  void write_idle(std::int64_t now_ms);
  /// Of all entries written.
  carbon::ExactEnergy energy() const { return energy_; }

 private:
  /// What the tenants of one node draw together and since when its idle draw has been what it is.
  struct Meter {
    std::array<std::int64_t, parts_per_node> tenant_mw{};
    std::array<std::int64_t, parts_per_node> tenant_baseline_mw{};
    std::array<std::int64_t, parts_per_node> empty_mw{};  ///< what the parts draw with no job on the machine
    std::array<std::int64_t, parts_per_node> idle_mw{};
    std::array<std::int64_t, parts_per_node> idle_baseline_mw{};
    std::array<std::int64_t, parts_per_node> since_ms{};
  };

  Instant at(std::int64_t ms) const { return {start_.ms + ms}; }
  std::array<std::int64_t, parts_per_node> idle_draw(fleet::NodeIndex node) const;
  void write_idle(std::int64_t now_ms, fleet::NodeIndex node, std::uint32_t part);
  void write(const carbon::Entry& entry);

  const fleet::Cluster& cluster_;
  Instant start_;
  carbon::EntrySink& sink_;
  std::vector<Meter> meters_;
  carbon::ExactEnergy energy_;
};

}  // namespace cradle::simulate
