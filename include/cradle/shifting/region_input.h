// Jobs, sites and latencies of region dispatch: from files, or made up by seed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/shifting/region.h"

namespace cradle::shifting {

/// A site as its file names it; where its intensity comes from is looked up by the caller.
struct SiteRow {
  std::string name;
  std::string grid;  ///< key of a grid, or path of an hourly file
  std::string zone;  ///< its name in a latency matrix
  Units capacity = 0;
  double pue = 1, draw_factor = 1;
  carbon::GramsCO2e embodied_per_unit_hour{};
  std::uint64_t line = 0;
};

/// CSV with the columns name, grid, capacity and, where there are any, zone (the name if left out), pue (1),
/// draw_factor (1), embodied_g_per_unit_hour (0). Errors name file, line and column; a name twice is one.
Result<std::vector<SiteRow>> read_region_sites(std::string_view text, std::string_view source);

/// CSV with the columns name, home, release, deadline, length, demand, watts and, where there is one, latency_ms
/// (empty: no bound). Hours count from the beginning of the horizon. Errors as above; an unknown home is one.
Result<std::vector<RegionJob>> read_region_jobs(std::string_view text, std::string_view source,
                                                const std::vector<std::string>& sites);

/// Capacity that differs by hour: CSV with the columns site, from, until, capacity; later lines win. Errors as above.
Result<void> read_capacity_changes(std::string_view text, std::string_view source, std::vector<RegionSite>& sites);

/// A square matrix in milliseconds, its first line `origin,ZONE,ZONE,...`, then a line for each zone: the layout of the
/// matrix of cloud regions in umassos/decarbonization-potential. Returns the latencies between `zones`, row by row. A
/// zone may occur more than once (regions of one zone); the nearest pair counts. missing_data if a zone is absent.
Result<std::vector<carbon::Seconds>> read_latency_matrix(std::string_view text, std::string_view source,
                                                         const std::vector<std::string>& zones);

/// A workload made up by seed. It is placed once while it is made, so that a schedule of all jobs exists.
struct RegionGenerator {
  std::size_t jobs = 1000;
  std::uint64_t seed = 1;
  double load = 0.8;                ///< unit-hours asked for over those offered, about
  Hour shortest = 1, longest = 12;  ///< lengths are log-uniform
  Units largest_demand = 8;         ///< demands are powers of two up to this, smaller ones likelier
  Hour slack = 24;                  ///< mean hours that a job can wait, exponential
  carbon::Watts draw_per_unit{400};
  double draw_spread = 0.3;  ///< draws vary uniformly by this part both ways
  double at_home = 0.6;      ///< part of the jobs that come from where they were placed
  /// Drawn for each job; one below a job's own needs is raised to them.
  std::vector<carbon::Seconds> latency_bounds{carbon::Seconds{0.03}, carbon::Seconds{0.07}, carbon::Seconds{1}};
};

/// Jobs for the sites, whose capacities are then set: the same share for each in every hour, by `load`. Empty latency:
/// no bounds are drawn. bad_input: no job, a load that is not within (0, 1], lengths or slack that do not fit into the
/// horizon, or a part outside 0 .. 1.
Result<RegionProblem> generate_regions(std::vector<RegionSite> sites, std::vector<carbon::Seconds> latency,
                                       const RegionGenerator& options);

}  // namespace cradle::shifting
