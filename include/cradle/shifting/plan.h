// When a job should run: pure functions from a forecast and a job's window to the intervals in which it runs.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/shifting/signal.h"

namespace cradle::shifting {

/// Policies that place one job in time without looking at other jobs.
enum class TimePolicy {
  now,            ///< at once
  lowest_slot,    ///< starts at the step of lowest intensity that waiting allows
  lowest_window,  ///< starts at the whole value's offset whose window of the known length is cheapest
  carbon_time,    ///< ... whose saving over now, for each step of completion time, is largest (GAIA, ASPLOS 2024)
  threshold,      ///< runs while intensity is below a percentile, pauses otherwise, until waiting is used (Ecovisor)
  wait_awhile,  ///< runs in the cheapest steps before its deadline, pausing between them (Wait-Awhile, Middleware 2021)
};
inline constexpr std::array all_time_policies{TimePolicy::now,           TimePolicy::lowest_slot,
                                              TimePolicy::lowest_window, TimePolicy::carbon_time,
                                              TimePolicy::threshold,     TimePolicy::wait_awhile};
/// "now", "lowest-slot", ...
std::string_view name(TimePolicy policy);
Result<TimePolicy> time_policy_by_name(std::string_view name);
/// True if the policy stops a running job and resumes it later.
bool suspends(TimePolicy policy);

/// What a policy may know of a job.
struct Window {
  Step release = 0;       ///< the first step in which it may run
  Step length = 1;        ///< steps that it runs; > 0
  Step known_length = 1;  ///< what a policy believes that it runs (a queue's mean, or its own length); > 0
  Step wait = 0;          ///< steps that it may wait in all; >= 0
};
/// No job reaches further than this many steps, so that no sum of steps overflows.
inline constexpr Step longest_steps = Step{1} << 53;
/// The window of a job that must end by `deadline` and knows its own length. bad_input: no length, or a deadline before
/// release + length; the message says by how many steps.
Result<Window> window_until(Step release, Step length, Step deadline);
/// bad_input that names the field: a length <= 0, a negative wait, lengths beyond `longest_steps`, a release outside
/// the signal.
Result<void> check(const Window& window, const Signal& signal);

/// Steps [from, to) in which a job runs.
struct Interval {
  Step from = 0;
  Step to = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};
/// In order of time, not touching each other; the lengths add up to the job's.
using Plan = std::vector<Interval>;

struct PlanOptions {
  double percentile = 30;      ///< of threshold: 0 .. 100
  Step percentile_window = 0;  ///< steps ahead that the percentile looks at; 0: 24 values
};

/// The plan of one job. Ties go to the earliest. A window that reaches beyond the signal is cut to it: offsets whose
/// known length does not fit are no choice, and what is left of a job at the signal's end runs on from there.
/// Closed form: the work grows with the values that the window spans, not with its steps.
/// Precondition: check(window, forecast).
Plan plan(TimePolicy policy, const Signal& forecast, const Window& window, const PlanOptions& options = {});

/// Sum over the plan's steps of the signal, in g/kWh x steps. Steps outside the signal count nothing.
double weighted_steps(const Signal& signal, const Plan& plan);
/// How many of the plan's steps the signal does not cover.
Step steps_outside(const Signal& signal, const Plan& plan);

}  // namespace cradle::shifting
