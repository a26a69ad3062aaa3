// What a daemon reads from its TOML file. docs/power-daemon.md describes every field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/actuator/law.h"
#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/exchange/participant.h"
#include "cradle/power/topology.h"

namespace cradle::exchange {

/// What all daemons of a domain must agree on: the same table in each of their files.
struct DomainConfig {
  std::uint32_t number = 1;
  power::Topology topology;
  std::vector<std::string> addresses;  ///< of node 0, 1, ...: "10.0.0.1:7700", "[fd00::1]:7700"
  std::string bank;
  std::vector<carbon::Watts> floors;  ///< by node: what it may always draw
  carbon::Watts coin{1};
  Pace pace;
  std::filesystem::path key;  ///< empty: none
};

struct DemandConfig {
  carbon::Watts watts{0};           ///< floor included
  std::filesystem::path file;       ///< empty: `watts`; else a number in watts, read again when it changes
  std::vector<std::string> meters;  ///< empty: none; else what is measured times 1 + headroom
  double headroom = 0.1;
};

struct NodeConfig {
  power::Tile number = 0;
  DemandConfig demand;
  std::string actuator;                             ///< empty: no device
  carbon::Watts rest{0}, core{0};                   ///< what the machine draws beside the device; of each core
  std::int64_t cores = 0;                           ///< of a quota of cores: where its line ends
  std::vector<actuator::PowerCurve::Point> points;  ///< draw by level where neither is enough
};

struct BankConfig {
  carbon::Watts budget{0};  ///< of all nodes, floors included
  std::filesystem::path budget_file;
};

/// A daemon is a node, the bank, or both.
struct DaemonConfig {
  DomainConfig domain;
  std::optional<NodeConfig> node;
  std::optional<BankConfig> bank;
  std::filesystem::path state, log, run_folder = "/run/cradle/actuators";
};

/// Relative paths are those of the folder that `source` is in. Errors name line and key.
Result<DaemonConfig> parse_daemon_config(std::string_view text, const std::string& source);

/// What packets of the domain are marked with: its number, and a digest of all that its daemons must agree on. Daemons
/// whose tables differ do not hear each other.
std::uint32_t mark_of(const DomainConfig& domain);

/// What is left of a budget above all floors, in whole coins. bad_input if it is below the sum of the floors or more
/// than 2^31 - 1 coins.
Result<std::int64_t> coins_of_budget(const DomainConfig& domain, carbon::Watts budget, const std::string& where);

}  // namespace cradle::exchange
