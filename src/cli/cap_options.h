// What `cradle cap` takes from the command line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "verbs.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
}

namespace cradle::cli {

struct CapOptions {
  std::string action;  ///< choose|race
  std::string accelerator = "h100";
  std::string work = "training";
  std::string curve;               ///< empty: the one of the catalogue for accelerator and work
  std::string slices;              ///< of choose; empty: likewise
  std::string server;              ///< empty: the first with this accelerator; none: the board alone
  std::vector<std::string> grids;  ///< race: empty for all
  std::string grid = "world";      ///< of choose
  std::string view = "attributional";
  std::string sharing = "shared";  ///< of choose: shared|alone
  double hours = 1;                ///< that the work takes on the whole board without a cap
  double deadline_ratio = 1.5;
  double memory_gib = 0;
  double pue = 1.2;
  bool sleep = false;
  Output output = Output::table;
};

/// Adds the verb with its actions; each sets `action` and calls `act`.
void add_cap_verb(CLI::App& app, CapOptions& options, const std::function<void()>& act);

int run_cap(const CapOptions& options, const Common& common);

}  // namespace cradle::cli
