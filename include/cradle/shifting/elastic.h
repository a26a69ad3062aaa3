// One job on more or fewer machines over time: the greedy of CarbonScaler, optimal for a falling marginal capacity.
//
// Source: Hanafy et al., "CarbonScaler: leveraging cloud workload elasticity for optimizing carbon-efficiency",
// SIGMETRICS 2024: of all (slot, j-th machine), take those with the largest marginal capacity MC(j) over intensity
// until the work is done. Here a machine may also stop within a slot, and its embodied share may count as intensity.
#pragma once

#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/shifting/signal.h"

namespace cradle::shifting {

struct ElasticJob {
  /// marginal[j - 1]: work that the j-th machine adds in a step, against one machine alone; falling, > 0.
  std::vector<double> marginal;
  double work = 1;   ///< steps that one machine with marginal 1 takes; > 0
  Step release = 0;  ///< the first step in which it may run
  Step deadline = 0;
  carbon::Watts draw{};               ///< of one machine while it runs
  carbon::GramsPerSecond embodied{};  ///< share of one machine while it runs
  carbon::Seconds step{1};            ///< how long a step lasts
};

/// `machines` run in the steps [from, to).
struct ElasticInterval {
  Step from = 0;
  Step to = 0;
  int machines = 0;
  friend bool operator==(const ElasticInterval&, const ElasticInterval&) = default;
};

/// What is minimised: grams of energy alone, or these and the embodied share of every machine for as long as it runs.
/// The first is right where machines are there anyway and would stand idle, the second for an account by use.
enum class ElasticObjective { operational, life_cycle };

struct ElasticPlan {
  std::vector<ElasticInterval> intervals;  ///< in order of time, machines > 0
  carbon::GramsCO2e operational;
  carbon::GramsCO2e embodied;
  carbon::Seconds machine_time;  ///< over all machines; unlike waiting, scaling changes it
  double work = 0;               ///< done: at least the job's, by less than one machine's step more

  carbon::GramsCO2e total() const { return operational + embodied; }
};

/// The plan of least grams. O(nT log nT) with n machines and T values in the window.
/// bad_input: a curve that rises or has a point that is not finite and > 0 (the message names the point), no curve,
/// work or a step that is not > 0, a draw or share that is negative or not finite, a deadline before release, a window
/// outside the signal, work that does not fit (the message says how much does).
Result<ElasticPlan> scale(const Signal& signal, const ElasticJob& job, ElasticObjective objective);

/// The same job on `machines` machines from its release on until done, which is what the plans are compared with.
/// Errors as above, or machines outside 1 .. the curve's points.
Result<ElasticPlan> run_fixed(const Signal& signal, const ElasticJob& job, int machines);

/// The embodied share of a machine at which two plans emit the same: below it the one with more machine time is better,
/// above it the other. Negative: one is better at every share. Infinite or NaN: their machine time is the same.
carbon::GramsPerSecond break_even_share(const ElasticPlan& a, const ElasticPlan& b);

}  // namespace cradle::shifting
