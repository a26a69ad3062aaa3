// A day of a datacenter under a power budget: demand, a manager, breakers, and what it came to in work and grams.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/carbon/intensity.h"
#include "cradle/carbon/quantity.h"
#include "cradle/hierarchy/demand.h"
#include "cradle/hierarchy/manager.h"
#include "cradle/hierarchy/tree.h"

namespace cradle::hierarchy {

/// An inverse-time breaker: it trips once the integral of (load / rating)^2 - 1 over the time above its rating passes
/// `tolerance`; below the rating it cools down as fast as it warmed. 214 s: 10 % too much for 17 minutes, the one point
/// that Dynamo's paper gives for its racks and panels.
struct Breaker {
  carbon::Seconds tolerance{214.2};
};

struct BudgetChange {
  std::int64_t second = 0;
  Quanta budget = 0;
};

/// A budget that follows the grid: budget x (1 - depth x (intensity / mean of the run - 1)), within least .. 1 of it.
struct CarbonSignal {
  double depth = 1;
  double least = 0.6;
};

struct RunOptions {
  std::int64_t seconds = 86'400;
  std::int64_t first_second = 0;  ///< of the demand, at the start
  carbon::Watts quantum{1};
  double speed_exponent = 2;
  Breaker breaker;
  std::vector<BudgetChange> changes;                   ///< by second, growing
  std::int64_t fairness_every = 600;                   ///< seconds between samples of Jain's index
  const carbon::IntensitySeries* intensity = nullptr;  ///< for grams; covers the run from `start`
  Instant start;
  std::optional<CarbonSignal> signal;              ///< needs `intensity`
  std::function<bool(std::int64_t second)> go_on;  ///< called each simulated minute; false: stop there
};

struct LevelOutcome {
  std::string name;
  std::size_t nodes = 0;
  double over_watt_seconds = 0;   ///< above ratings (site: above the budget in force), summed over nodes and time
  double worst_over_percent = 0;  ///< of the rating, at any node and second
  std::size_t tripped = 0;        ///< breakers; a tripped one is counted once and stays closed, so that all is seen
};

struct RunOutcome {
  ManagerKind manager = ManagerKind::exchange;
  std::int64_t seconds = 0;  ///< simulated
  std::size_t devices = 0;
  std::vector<LevelOutcome> levels;  ///< site first
  /// Jain's index of held (no more than demand) over water-filling, over the samples; none in the first minute.
  double fairness_mean = 1, fairness_least = 1;
  std::int64_t fairness_samples = 0;
  double messages_per_device_second = 0;
  std::uint64_t violations = 0;
  double work_share = 1;         ///< sum of speed over sum over devices that ask, all seconds
  double device_hours_lost = 0;  ///< of work at full speed
  carbon::Joules energy{};
  std::optional<carbon::GramsCO2e> grams;
  std::optional<double> seconds_to_obey;  ///< from the last change downwards until the site drew no more than allowed
};

/// bad_input: changes that do not grow, an intensity series that does not cover the run, a signal without one.
Result<RunOutcome> run(const Tree& tree, Manager& manager, ManagerKind kind, const ManagerOptions& manager_options,
                       const Demand& demand, const RunOptions& options, const std::string& where);

/// How a message of a budget cut finds its way down.
struct LinkModel {
  carbon::Seconds link{0.0005};     ///< mean of an exponential on top of the same constant
  carbon::Seconds handling{0.002};  ///< of each node, before it passes the cut on
  carbon::Seconds retry{0.02};      ///< until a lost message is sent again
  carbon::Seconds actuation{0.05};  ///< of a device: RAPL's limits are not reliable below 50 ms (PowerGrad)
  double loss = 0.01;
  std::uint64_t seed = 1;
};

struct CutResponse {
  std::string level;
  carbon::Seconds median{}, p999{}, latest{};  ///< over the nodes of the level: until all devices below have lowered
};

/// A cut is passed on at once, from the site down, each message until it is acknowledged; a node obeys when the last
/// device below it draws its new share. Events of single messages, not seconds. Site first.
std::vector<CutResponse> cut_response(const Tree& tree, const LinkModel& model);

}  // namespace cradle::hierarchy
