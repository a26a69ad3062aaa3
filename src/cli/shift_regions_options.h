// What `cradle shift regions` takes from the command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "verbs.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
}

namespace cradle::cli {

struct ShiftRegionsOptions {
  std::filesystem::path jobs, sites, capacities, latency;
  std::uint64_t generate = 0;  ///< jobs; 0: from files
  std::uint64_t seed = 1;
  std::vector<std::string> regions{"CISO", "BPAT", "ERCO", "PJM", "NYIS"};  ///< GRID or GRID=ZONE
  std::vector<std::string> pue{"1.2"}, embodied{"6"}, draw_factor{"1"};     ///< by region, the last for the others
  std::int64_t hours = 168, start_hour = 0, slack = 24, longest = 12, largest_demand = 8;
  double load = 0.8, watts = 400;
  std::vector<std::string> making;  ///< options given that say how jobs and sites are made up
  double time_limit = 0;            ///< seconds for the plan; 0: by the number of jobs
  bool online = false, allow_unserved = false;
  std::filesystem::path schedule, report;
  Output output = Output::table;
};
/// Adds the action to `cradle shift`; `act` runs after it was parsed.
void add_shift_regions(CLI::App& shift_verb, ShiftRegionsOptions& options, const std::function<void()>& act);
int run_shift_regions(const ShiftRegionsOptions& options, const Common& common);

}  // namespace cradle::cli
