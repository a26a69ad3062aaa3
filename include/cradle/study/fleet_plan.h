// From a list of nodes and the catalogue to machines with a draw and components with an embodied cost.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/entry.h"
#include "cradle/catalog/catalog.h"
#include "cradle/fleet/cluster.h"
#include "cradle/study/study_config.h"
#include "cradle/workload/job.h"

namespace cradle::study {

/// Coefficients that are moved together when a study asks how certain it is.
enum class Group {
  grid_intensity,
  gpu_full_power,
  gpu_idle_power,
  processor_power,
  memory_power,
  gpu_embodied,
  host_embodied,  ///< processors, board, chassis, drives, network
  memory_embodied,
  lifetime,
};
inline constexpr std::array all_groups{Group::grid_intensity,  Group::gpu_full_power,  Group::gpu_idle_power,
                                       Group::processor_power, Group::memory_power,    Group::gpu_embodied,
                                       Group::host_embodied,   Group::memory_embodied, Group::lifetime};
std::string_view name(Group group);

/// Where in its range each group of coefficients is taken.
enum class End { low, value, high };
using Ends = std::array<End, all_groups.size()>;
Ends all_at(End end);
/// `group` at `end`, everything else at its value.
Ends only(Group group, End end);

struct FleetPlan {
  std::vector<std::string> notes;  ///< shapes of machine that the sample leaves out, gaps of hourly series
  std::vector<fleet::NodeSpec> nodes;
  std::vector<carbon::SiteRecord> sites;
  std::vector<carbon::ComponentRecord> components;  ///< as simulate::component_of numbers them
};

/// Takes `scale` of the nodes, every shape in proportion, deals them out to the sites by their shares, puts them in
/// random order (stream "node-order") and looks their models up in the catalogue. A node keeps its own processor,
/// memory and GPU counts; what is constant or priced by part comes from the server record of its GPU model.
/// missing_data: a GPU model or grid that the catalogue does not know, a scale that leaves no node.
Result<FleetPlan> plan_fleet(const StudyConfig& config, std::span<const workload::NodeRow> rows,
                             const catalog::Catalog& catalog, const Ends& ends);

/// The machine that a row of a node list stands for, with its draw, at site 0. missing_data: unknown GPU model.
Result<fleet::NodeSpec> node_spec(const workload::NodeRow& row, const catalog::Catalog& catalog);

/// Over what range a group moves and where the widest coefficient of it comes from, for people.
struct GroupRange {
  std::string range;
  std::string source;
};
GroupRange describe(Group group, const StudyConfig& config, std::span<const workload::NodeRow> rows,
                    const catalog::Catalog& catalog);

}  // namespace cradle::study
