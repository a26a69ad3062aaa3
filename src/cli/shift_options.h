// What `cradle shift` and `cradle compare gaia` take from the command line.
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

struct CompareGaiaOptions {
  std::filesystem::path jobs;
  std::filesystem::path intensity;
  std::string column;  ///< empty: the one that the layout is known for
  std::int64_t start_hour = 0;
  std::int64_t hours = 720;
  Output output = Output::table;
};
/// Registers `compare gaia`; `act` runs after it was parsed.
void add_compare_gaia(CLI::App& compare_verb, CompareGaiaOptions& options, const std::function<void()>& act);
int run_compare_gaia(const CompareGaiaOptions& options, const Common& common);

struct ShiftVerbOptions {
  std::string action;  ///< jobs
  std::filesystem::path jobs;
  std::string grid;  ///< key of the catalogue, or
  std::filesystem::path intensity;
  std::string column;
  std::int64_t start_hour = 0;
  std::string policy = "all";
  std::string max_wait_short = "6h";
  std::string max_wait_long = "24h";
  std::string short_below = "2h";
  std::string lengths = "mean";  ///< mean|own
  std::string forecast = "perfect";
  std::uint64_t seed = 42;
  double watts_per_core = 1;
  double watts_per_gpu = 0;
  double embodied_per_core_hour = 0;  ///< g
  double embodied_per_gpu_hour = 0;   ///< g
  std::filesystem::path report;
  Output output = Output::table;
};
/// Registers the verb and its actions and returns it, so that other actions can be added to it.
CLI::App* add_shift_verb(CLI::App& app, ShiftVerbOptions& options, const std::function<void()>& act);
int run_shift(const ShiftVerbOptions& options, const Common& common);

}  // namespace cradle::cli
