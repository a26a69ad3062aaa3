// Jobs moved in time on the forecast, charged by what the grid did: grams, waiting, and what the forecast cost.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/shifting/forecast.h"
#include "cradle/shifting/plan.h"

namespace cradle::shifting {

struct ShiftJob {
  std::int64_t release_ms = 0;  ///< since the first value of the signal
  std::int64_t length_ms = 1;
  carbon::Watts draw{};               ///< while it runs
  carbon::GramsPerSecond embodied{};  ///< share of the devices that it holds while it runs
};

/// Two queues, as in GAIA: who is short waits little.
struct ShiftQueues {
  std::int64_t short_below_ms = 2 * 3'600'000;
  std::int64_t short_wait_ms = 6 * 3'600'000;
  std::int64_t long_wait_ms = 24 * 3'600'000;
  bool own_length = false;  ///< a policy knows each job's length, not its queue's mean; wait-awhile always does
};

struct ShiftOptions {
  ShiftQueues queues;
  ForecastModel forecast;
  std::uint64_t seed = 42;
};

/// Grams are of both kinds: operational, by the truth; embodied, the share of the devices for the time that jobs hold
/// them. Waiting and pausing hold no device and change no device time, so that the embodied share is the same under
/// every policy here: it dilutes a saving and never turns it. (To whoever already owns idle machines it is sunk.)
struct ShiftRow {
  TimePolicy policy;
  carbon::GramsCO2e operational;
  carbon::GramsCO2e embodied;
  carbon::GramsCO2e operational_perfect;  ///< the same policy with perfect knowledge
  carbon::Seconds mean_wait;              ///< of a job: from release to end, less its length
  carbon::Hours job_time_outside;         ///< job time after the last value: it counts no operational grams

  carbon::GramsCO2e total() const { return operational + embodied; }
  /// What the forecast cost, as a ratio of the operational grams with perfect knowledge; 0 where these are 0.
  double forecast_loss() const { return operational_perfect.value() > 0 ? operational / operational_perfect - 1 : 0; }
};

/// One row for each policy. Capacity is unlimited. A job's wait is cut so that it can end within the signal if it could
/// without waiting. `truth` has one value an hour on a clock of milliseconds.
/// bad_input: no job, a negative length or draw (the message names the job), a release outside the signal, a wait < 0,
/// a signal of another clock.
Result<std::vector<ShiftRow>> shift_jobs(const Signal& truth, std::span<const ShiftJob> jobs,
                                         std::span<const TimePolicy> policies, const ShiftOptions& options);

}  // namespace cradle::shifting
