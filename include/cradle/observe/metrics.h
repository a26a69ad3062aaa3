// A snapshot as metrics: under Kepler's names for what reads those, under our own for what those cannot say.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/exposition/metric_family.h"
#include "cradle/observe/node.h"

namespace cradle::observe {

/// What the info metrics say; the same as `cradle --version`.
inline constexpr std::string_view metrics_version = "0.1.0";

/// Names, labels and types of Kepler 0.10 and later (its docs/user/metrics.md), so that its dashboards work. Joules of
/// workloads are without idle, as there. A family without samples is left out. What the snapshot does
/// not know is an empty label (exe) or "unknown" (pod_namespace); pods and containers are named by their ids.
std::vector<exposition::MetricFamily> kepler_families(const Snapshot& snapshot);

/// cradle_*: energy by component, idle policy and kind of meter, grams by scope and signal, what was idle, overhead or
/// unattributed, uncertainty, and how the observer itself does. For each component and policy
/// sum(cradle_cgroup_energy) + idle + overhead + unattributed == cradle_node_energy.
/// Under the policy in force, sum(cradle_process_energy) + sum(cradle_cgroup_untold) == sum(cradle_cgroup_energy), and
/// the subtree of "/" is the sum of all groups.
std::vector<exposition::MetricFamily> cradle_families(const Snapshot& snapshot);

/// hw.energy, hw.power, hw.host.energy and hw.host.power (OpenTelemetry semantic conventions, hardware, "Development"),
/// then the cradle_* families. Only zones that do not overlap are in hw.energy; the whole host is in hw.host.* alone.
std::vector<exposition::MetricFamily> otlp_families(const Snapshot& snapshot);
/// host.name, service.name, service.version.
std::vector<std::pair<std::string, std::string>> otlp_resource(const Snapshot& snapshot);

/// The text of /proc/cpuinfo. Lines that it does not know are passed over; never fails.
std::vector<Processor> read_processors(std::string_view cpuinfo);

}  // namespace cradle::observe
