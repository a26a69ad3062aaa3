// What `cradle power` takes from the command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "verbs.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
}

namespace cradle::cli {

struct PowerOptions {
  std::string action;   ///< simulate|compare|sweep|tree|unit-cost|daemon|check-logs
  std::string command;  ///< the command line again, for the page
  std::string topology = "torus:16x16";
  std::string protocol = "escrow";
  std::string start = "half-idle";
  std::string sweep_start = "corner";
  std::string engine = "events";  ///< events|rounds
  std::string demands = "equal";  ///< equal|mixed
  std::int64_t demand = 32, coins_per_tile = 8, floor = 0;
  double loss = 0, crash = 0, duplicate = 0, reorder = 0, activity = 0, periods = 100, lease = 20;
  bool periods_given = false, lease_given = false, day_given = false, least_budget_given = false;  ///< by the user
  std::optional<std::uint32_t> far_every;  ///< unset: as is usual for the protocol
  std::uint64_t seed = 1;
  std::vector<std::string> cuts;        ///< AT:PART
  std::vector<std::string> partitions;  ///< FROM:UNTIL:FIRST:TILES
  bool four_way = false, registers = false;
  double fastest = 1, slowest = 1;  ///< periods; both 1: every tile has its turn each period
  double coin_watts = 0.002, period_seconds = 125e-9;
  std::uint32_t step_cycles = 0;  ///< 0: the calibrated one
  std::vector<std::uint32_t> widths{3, 5, 7, 10, 15, 22, 33, 47, 72, 100, 150, 220, 330, 470, 700, 1000};
  std::vector<std::string> protocols;
  std::uint32_t seeds = 3;
  std::string tree = "row:10:1000,rack:25:100,server:50:10,device:8";
  std::vector<std::string> managers;
  double budget_watts = 0;  ///< 0: 70 % of what all devices could draw
  std::int64_t device_floor = 60, device_demand = 640;
  double hours = 1, from_hour = 14, crash_per_second = 0;
  std::int64_t day = 180, lease_seconds = 2;
  std::filesystem::path demand_file;
  std::vector<std::int64_t> weights;
  std::string grid;
  double signal = 0, least_budget = 0.6;
  double gates = 0;  ///< of unit-cost, in kGE; 0: our unit's
  double intensity = 400;
  std::filesystem::path config;  ///< of the daemon
  bool apply = false;
  double drop = 0;
  std::vector<std::filesystem::path> logs;
  double least_share = 0.99, grace_seconds = 1;
  std::filesystem::path report;
  Output output = Output::table;
};

/// Adds the verb with its actions; each sets `action` and calls `act`.
void add_power_verb(CLI::App& app, PowerOptions& options, std::function<void()> act);

int run_power(const PowerOptions& options, const Common& common);

}  // namespace cradle::cli
