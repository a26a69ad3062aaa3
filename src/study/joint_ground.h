// One fleet at one place with its jobs, and what every configuration makes of them: grams under both signals at once.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>

#include "cradle/base/result.h"
#include "cradle/carbon/intensity.h"
#include "cradle/simulate/timed_replay.h"
#include "cradle/study/fleet_plan.h"
#include "cradle/study/study.h"

namespace cradle::study {

inline constexpr std::size_t signals = 2;
inline std::size_t index(carbon::Signal signal) { return signal == carbon::Signal::marginal ? 1 : 0; }

struct JointOutcome {
  /// Draw of machines without a job, and what jobs add to it; by signal.
  std::array<carbon::GramsCO2e, signals> idle{}, added{};
  carbon::GramsCO2e used_embodied{};
  simulate::TimedResult replay;  ///< without its list of jobs
};

class JointGround {
 public:
  /// Configuration and input must outlive it.
  JointGround(const StudyConfig& config, const StudyInput& input, FleetPlan plan)
      : config_(config), input_(input), plan_(std::move(plan)) {}

  const FleetPlan& plan() const { return plan_; }

  /// Each configuration is replayed once. The outcome lives as long as this.
  Result<const JointOutcome*> outcome(dispatch::Configuration configuration);

  /// The fleet's share of its life that the period takes.
  carbon::GramsCO2e fleet_embodied() const;

  /// Least that jobs add without waiting and caps: in each hour the mean demand for GPUs fills the cheapest GPUs, that
  /// for threads the cheapest threads. The cost is convex in the demand, so that the mean over an hour is no more than
  /// what its minutes take.
  carbon::GramsCO2e least_added(carbon::Signal signal) const;

 private:
  std::int64_t horizon_ms() const;

  const StudyConfig& config_;
  const StudyInput& input_;
  FleetPlan plan_;
  std::map<std::string, JointOutcome> known_;  ///< by the text of the configuration
};

}  // namespace cradle::study
