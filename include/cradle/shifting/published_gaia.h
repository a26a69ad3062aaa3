// The published comparison of time policies: the protocol of GAIA (Hanafy et al., ASPLOS 2024), restated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/shifting/plan.h"

namespace cradle::shifting {

/// A job as the protocol knows it.
struct GaiaJob {
  std::int64_t arrival_ms = 0;  ///< since the first hour
  std::int64_t length_ms = 0;
  double cores = 1;
};

/// Steps of 5 s, arrivals and lengths cut down to them; each hour's intensity holds for its 720 steps; 1 W a core, so
/// that the grams are cores x (sum of g/kWh over the steps run) / 720 / 1000. Two queues: jobs below 1,440 steps (2 h)
/// may wait 6 h, the others 24 h; what a policy knows is the queue's mean length, cut down to steps, over the lengths
/// before cutting (a job of exactly 2 h counts in both means). wait-awhile knows each job's own length. Capacity is
/// unlimited.
class GaiaProtocol {
 public:
  static constexpr std::int64_t step_ms = 5000;
  static constexpr Step steps_an_hour = 720;
  static constexpr Step short_below = 1440;
  static constexpr Step short_wait = 6 * steps_an_hour;
  static constexpr Step long_wait = 24 * steps_an_hour;

  /// bad_input: no job, a negative arrival or length, cores that are negative or not finite, a job that arrives after
  /// the last hour (the message names it), and all of Signal::make.
  static Result<GaiaProtocol> make(std::vector<GaiaJob> jobs, std::vector<carbon::GramsPerKilowattHour> hours);

  std::span<const GaiaJob> jobs() const { return jobs_; }
  const Signal& signal() const { return signal_; }
  /// Nothing: shorter than one step, so that it never runs.
  std::optional<Window> window(const GaiaJob& job, TimePolicy policy) const;
  carbon::GramsCO2e carbon(const GaiaJob& job, const Plan& plan) const;

 private:
  GaiaProtocol(std::vector<GaiaJob> jobs, Signal signal) : jobs_(std::move(jobs)), signal_(std::move(signal)) {}
  std::vector<GaiaJob> jobs_;
  Signal signal_;
  Step short_mean_ = 1, long_mean_ = 1;
};

struct GaiaRow {
  TimePolicy policy;
  carbon::GramsCO2e carbon;
  /// Core time that runs after the last hour, whose intensity nobody knows: it counts no grams.
  carbon::Hours core_time_outside;
};
/// All jobs under one policy, added up in the order of the list.
GaiaRow run_gaia(const GaiaProtocol& protocol, TimePolicy policy);

}  // namespace cradle::shifting
