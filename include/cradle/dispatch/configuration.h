// What the online decider may do: how it places jobs, which of them may wait, where and under which power cap they run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/dispatch/joint.h"
#include "cradle/policy/placement_policy.h"
#include "cradle/policy/scheduler.h"
#include "cradle/shifting/forecast.h"
#include "cradle/shifting/plan.h"
#include "cradle/workload/job.h"

namespace cradle::dispatch {

/// What jobs can expect: how long each may wait and how much longer than its length it may run.
/// The two queues and their limits are those of GAIA (Hanafy et al., ASPLOS 2024).
struct ServiceRule {
  std::vector<std::string> never_wait;           ///< service classes that are started at once where they fit
  std::int64_t short_ms = 2 * ms_per_hour;       ///< jobs shorter than this belong to the short queue
  std::int64_t short_wait_ms = 6 * ms_per_hour;  ///< what a short job may wait in all
  std::int64_t long_wait_ms = 24 * ms_per_hour;  ///< what any other job may wait in all
  double stretch = 1;                            ///< >= 1; run time over length that a power cap may cause

  bool may_wait(const workload::Job& job) const;
  std::int64_t wait_ms(const workload::Job& job) const;
  /// When the job must have ended: arrival + wait + stretch x length.
  std::int64_t deadline_ms(const workload::Job& job) const;
  friend bool operator==(const ServiceRule&, const ServiceRule&) = default;
};

/// Where a job may run.
enum class RegionRule : std::uint8_t {
  any,              ///< wherever the placement policy likes best
  cleanest_now,     ///< the site of lowest intensity x PUE at this hour, then the next one
  cheapest_window,  ///< the site whose intensity x PUE over the job's planned run is lowest, then the next one
  /// Site and start hour of all jobs that may wait are planned together, against the GPUs that are free by site and
  /// hour (shifting/region_planner.h), anew every hour; jobs without a place, or out of time, as cheapest_window.
  planned,
};
std::string_view name(RegionRule rule);

/// Which signal decides.
enum class DecideBy : std::uint8_t {
  marginal,  ///< the marginal one where a site has one, else the average one
  average,
};
std::string_view name(DecideBy signal);

/// How many of a site's GPUs may be in use when a job that may still wait starts, falling with intensity: CAP
/// (shifting/quota.h), between the extremes of the next 24 hours.
struct QuotaRule {
  double minimum = 1;  ///< share of the GPUs that is always usable, > 0; 1: no quota
  friend bool operator==(const QuotaRule&, const QuotaRule&) = default;
};

/// Which jobs run under a power cap. Only jobs that may wait and have whole GPUs, and only while they can still end
/// within the service rule's deadline.
enum class CapWhen : std::uint8_t {
  never,
  always,
  dirty_hours,  ///< while the site's intensity is above the median of the next 24 hours
};
std::string_view name(CapWhen when);

/// A GPU model under a cap.
struct ModelCap {
  std::string gpu_model;
  double limit = 1, power = 1, speed = 1;  ///< as in CapRule
  friend bool operator==(const ModelCap&, const ModelCap&) = default;
};

/// A GPU under a cap, each relative to itself without one.
struct CapRule {
  CapWhen when = CapWhen::never;
  double limit = 1;                   ///< power limit over the default one
  double power = 1;                   ///< draw over the full draw
  double speed = 1;                   ///< work done per second
  bool by_model = false;              ///< `models` stand in for the three above; a model that is not named has no cap
  std::vector<ModelCap> models = {};  ///< each model once
  friend bool operator==(const CapRule&, const CapRule&) = default;
};

struct CapPoint {
  double limit, power, speed;
};
/// The rule of all models for a limit by linear interpolation of a curve. bad_input: no point, limits that do not rise
/// strictly, power or speed that falls with the limit or is not 1 at limit 1, values outside 0 (excluded) .. 1, or a
/// limit outside the curve.
Result<CapRule> cap_from_curve(CapWhen when, double limit, const std::vector<CapPoint>& curve);

/// bad_input for an `elastic_curve` that does not begin with 1, rises, has a value below 0.001, or other than 1 to 64.
Result<void> check_elastic_curve(const std::vector<double>& curve);

struct Configuration {
  std::string name;
  policy::PlacementPolicy placement;
  std::uint64_t seed = 42;  ///< of every random stream
  policy::Scheduler::Cache cache = policy::Scheduler::Cache::on;
  shifting::TimePolicy time = shifting::TimePolicy::now;
  /// Work per time of a job's first, second, ... machine over that of the first, falling from 1; counted in
  /// thousandths. Jobs of whole GPUs that may wait then run on more or fewer machines from hour to hour, by the greedy
  /// of CarbonScaler (shifting/elastic.h). Empty: nobody does. Only beside wait-awhile, which the other jobs follow.
  std::vector<double> elastic_curve = {};
  ServiceRule service;
  bool knows_length = true;  ///< false: a job is believed to be as long as the mean of its queue so far
  /// Run time that every resumption costs: restoring the state and doing again what the last checkpoint missed.
  std::int64_t resume_cost_ms = 0;
  RegionRule region = RegionRule::any;
  bool wait_for_region = false;  ///< a job that may still wait takes no other site than the first
  /// Decisions are made by it and charged by the truth; what has not run is planned anew every hour. Its random draws
  /// come from the seed.
  shifting::ForecastModel forecast;
  DecideBy decide_by = DecideBy::average;
  QuotaRule quota;
  CapRule cap;
  /// Enabled, it stands in for time, region and cap, and for the placement policy where it places.
  JointRule joint;

  /// False: a job starts when and where it fits, nothing is ever planned or looked at again.
  bool plans() const;
};

/// bad_input that names the field.
Result<void> check(const Configuration& configuration);

/// One "key value" line each, in a fixed order: equal configurations give equal text.
std::string canonical(const Configuration& configuration);

/// Text as one word of printable ASCII: other bytes, spaces, commas and percent signs as %XX, nothing as "%".
std::string escaped(std::string_view text);

}  // namespace cradle::dispatch
