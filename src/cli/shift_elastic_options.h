// What `cradle shift elastic` takes from the command line.
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

struct ShiftElasticOptions {
  std::string grid;  ///< key of the catalogue, or
  std::filesystem::path intensity;
  std::string column;
  std::int64_t start_hour = 0;
  double work_hours = 0;  ///< on one machine
  std::int64_t deadline_hours = 24;
  std::int64_t machines = 0;            ///< at most; 0: as many as the curve has points
  std::vector<std::string> curve{"1"};  ///< marginal capacity of the 1st, 2nd, ... machine
  double watts = 1000;                  ///< of a machine
  double embodied_per_hour = 0;         ///< g, of a machine
  Output output = Output::table;
};
/// Adds the action to `cradle shift`; `act` runs after it was parsed.
void add_shift_elastic(CLI::App& shift_verb, ShiftElasticOptions& options, const std::function<void()>& act);
int run_shift_elastic(const ShiftElasticOptions& options, const Common& common);

}  // namespace cradle::cli
