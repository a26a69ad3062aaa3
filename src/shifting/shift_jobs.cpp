#include "cradle/shifting/shift_jobs.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>

#include "cradle/base/time.h"

namespace cradle::shifting {

namespace {

using carbon::GramsCO2e, carbon::GramsPerJoule, carbon::GramsPerKilowattHour, carbon::Hours, carbon::Seconds;

Seconds seconds(Step ms) { return Seconds{static_cast<double>(ms) / ms_per_second}; }

struct Means {
  Step brief = 1, lasting = 1;
};

/// Mean lengths of the two queues; 1 ms where one is empty.
Means means_of(std::span<const ShiftJob> jobs, const ShiftQueues& queues) {
  double sums[2] = {0, 0};
  double counts[2] = {0, 0};
  for (const ShiftJob& job : jobs) {
    const int queue = job.length_ms < queues.short_below_ms ? 0 : 1;
    sums[queue] += static_cast<double>(job.length_ms);
    counts[queue] += 1;
  }
  const auto mean = [&](int queue) {
    return counts[queue] > 0 ? std::max<Step>(1, static_cast<Step>(sums[queue] / counts[queue])) : 1;
  };
  return {mean(0), mean(1)};
}

Result<void> check(const ShiftJob& job, std::size_t index, const Signal& truth, const ShiftQueues& queues) {
  const std::string where = "job " + std::to_string(index);
  const Window window{job.release_ms, job.length_ms, job.length_ms,
                      std::max(queues.short_wait_ms, queues.long_wait_ms)};
  if (job.release_ms >= truth.end())
    return bad_input("it is released in hour " + std::to_string(job.release_ms / ms_per_hour) + ", after the last of " +
                         std::to_string(truth.values().size()) + " hours of intensity",
                     where, "give more hours, or an earlier start hour");
  if (auto fine = check(window, truth); !fine) return bad_input(fine.error().message, where, fine.error().hint);
  const auto amount = [](double value) { return std::isfinite(value) && value >= 0; };
  if (!amount(job.draw.value()) || !amount(job.embodied.value()))
    return bad_input("its draw or embodied share is negative or not finite", where, "give finite values from zero on");
  return {};
}

GramsCO2e charge(const Signal& truth, const ShiftJob& job, const Plan& plan) {
  const GramsPerJoule summed{GramsPerKilowattHour{weighted_steps(truth, plan)}};
  return summed * (job.draw * seconds(1));
}

}  // namespace

Result<std::vector<ShiftRow>> shift_jobs(const Signal& truth, std::span<const ShiftJob> jobs,
                                         std::span<const TimePolicy> policies, const ShiftOptions& options) {
  const ShiftQueues& queues = options.queues;
  if (jobs.empty()) return bad_input("there are no jobs", "jobs", "give one job at least");
  if (truth.steps_per_value() != ms_per_hour)
    return bad_input("a value lasts " + std::to_string(truth.steps_per_value()) + " steps", "intensity signal",
                     "give hourly values on a clock of milliseconds");
  if (queues.short_wait_ms < 0 || queues.long_wait_ms < 0)
    return bad_input("a wait is negative", "queues", "give waits from zero on");
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (auto fine = check(jobs[i], i, truth, queues); !fine) return std::move(fine).error();

  const Means means = means_of(jobs, queues);
  std::vector<std::size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return jobs[a].release_ms < jobs[b].release_ms; });

  std::vector<ShiftRow> rows;
  for (const TimePolicy policy : policies) rows.push_back({policy, {}, {}, {}, {}, {}});
  const bool perfect = options.forecast.kind == ForecastKind::perfect;
  std::optional<Signal> believed;
  Step believed_hour = -1;
  for (const std::size_t i : order) {
    const ShiftJob& job = jobs[i];
    const bool brief = job.length_ms < queues.short_below_ms;
    const Step room = std::max<Step>(0, truth.end() - job.release_ms - job.length_ms);
    Window window{job.release_ms, job.length_ms, brief ? means.brief : means.lasting,
                  std::min(brief ? queues.short_wait_ms : queues.long_wait_ms, room)};
    if (!perfect && job.release_ms / ms_per_hour != believed_hour) {
      believed_hour = job.release_ms / ms_per_hour;
      believed = forecast(truth, job.release_ms, options.forecast, options.seed);
    }
    for (ShiftRow& row : rows) {
      Window known = window;
      if (queues.own_length || row.policy == TimePolicy::wait_awhile) known.known_length = job.length_ms;
      const Plan best = plan(row.policy, truth, known);
      const Plan taken = perfect ? best : plan(row.policy, *believed, known);
      row.operational += charge(truth, job, taken);
      row.operational_perfect += charge(truth, job, best);
      row.embodied += job.embodied * seconds(job.length_ms);
      row.mean_wait += seconds(taken.back().to - job.release_ms - job.length_ms);
      row.job_time_outside += Hours{seconds(steps_outside(truth, taken))};
    }
  }
  for (ShiftRow& row : rows) row.mean_wait = row.mean_wait / static_cast<double>(jobs.size());
  return rows;
}

}  // namespace cradle::shifting
