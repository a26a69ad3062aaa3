// What `cradle compare joint` takes from the command line.
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

struct CompareJointOptions {
  std::filesystem::path data;
  std::filesystem::path pods;
  bool embedded = false;
  double fleet_scale = 0.04;
  double load = 4;
  double days = 0;
  double pue = 1.2;
  double stretch = 1.1;
  std::vector<std::string> grids;
  std::string seeds = "42..44";
  Output output = Output::table;
};
/// Registers `compare joint`; `act` runs after it was parsed.
void add_compare_joint(CLI::App& compare_verb, CompareJointOptions& options, const std::function<void()>& act);
int run_compare_joint(const CompareJointOptions& options, const Common& common);

}  // namespace cradle::cli
