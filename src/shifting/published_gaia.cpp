#include "cradle/shifting/published_gaia.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::shifting {

namespace {

using carbon::GramsCO2e, carbon::GramsPerJoule, carbon::GramsPerKilowattHour, carbon::Seconds, carbon::Watts;

constexpr Watts watts_a_core{1};
constexpr double hour_ms = 3.6e6;
constexpr Seconds step{GaiaProtocol::step_ms / 1000.0};

/// The mean of some lengths, cut down to whole steps; 1 where there are none or less than a step.
class MeanLength {
 public:
  void add(std::int64_t length_ms) {
    sum_ += static_cast<double>(length_ms) / static_cast<double>(GaiaProtocol::step_ms);
    ++count_;
  }
  Step steps() const {
    return count_ == 0 ? 1 : std::max<Step>(1, static_cast<Step>(sum_ / static_cast<double>(count_)));
  }

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

Result<GaiaProtocol> GaiaProtocol::make(std::vector<GaiaJob> jobs, std::vector<GramsPerKilowattHour> hours) {
  if (jobs.empty()) return bad_input("there are no jobs", "jobs", "give one job at least");
  auto signal = Signal::make(std::move(hours), steps_an_hour);
  if (!signal) return std::move(signal).error();
  const auto late = std::count_if(jobs.begin(), jobs.end(),
                                  [&](const GaiaJob& job) { return job.arrival_ms / step_ms >= signal->end(); });
  MeanLength short_mean, long_mean;
  constexpr std::int64_t limit_ms = short_below * step_ms;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const GaiaJob& job = jobs[i];
    const std::string where = "job " + std::to_string(i + 1) + " of " + std::to_string(jobs.size());
    if (job.arrival_ms < 0 || job.length_ms < 0)
      return bad_input("its arrival or length is negative", where, "give times from zero on");
    if (job.length_ms > longest_steps)
      return bad_input("its length is " + std::to_string(job.length_ms) + " ms", where, "check the unit of its length");
    if (!(job.cores >= 0) || !std::isfinite(job.cores))
      return bad_input("it has " + shortest(job.cores) + " cores", where, "give a finite number from zero on");
    if (job.arrival_ms / step_ms >= signal->end())
      return bad_input("it arrives " + fixed(static_cast<double>(job.arrival_ms) / hour_ms, 2) +
                           " h after the start, and the intensities end after " +
                           std::to_string(signal->values().size()) + " h" +
                           (late > 1 ? "; " + std::to_string(late) + " jobs arrive too late" : ""),
                       where, "give more hours of intensity or an earlier start hour, or leave these jobs out");
    if (job.length_ms <= limit_ms) short_mean.add(job.length_ms);
    if (job.length_ms >= limit_ms) long_mean.add(job.length_ms);
  }
  GaiaProtocol protocol(std::move(jobs), std::move(*signal));
  protocol.short_mean_ = short_mean.steps();
  protocol.long_mean_ = long_mean.steps();
  return protocol;
}

std::optional<Window> GaiaProtocol::window(const GaiaJob& job, TimePolicy policy) const {
  const Step length = job.length_ms / step_ms;
  if (length == 0) return std::nullopt;
  const bool brief = length < short_below;
  const Step known = policy == TimePolicy::wait_awhile ? length : brief ? short_mean_ : long_mean_;
  return Window{job.arrival_ms / step_ms, length, known, brief ? short_wait : long_wait};
}

GramsCO2e GaiaProtocol::carbon(const GaiaJob& job, const Plan& plan) const {
  const GramsPerJoule summed{GramsPerKilowattHour{weighted_steps(signal_, plan)}};
  return summed * (watts_a_core * job.cores * step);
}

GaiaRow run_gaia(const GaiaProtocol& protocol, TimePolicy policy) {
  GaiaRow row{policy, {}, {}};
  for (const GaiaJob& job : protocol.jobs()) {
    const auto window = protocol.window(job, policy);
    if (!window) continue;
    const Plan times = plan(policy, protocol.signal(), *window);
    row.carbon += protocol.carbon(job, times);
    row.core_time_outside +=
        carbon::Hours{step * static_cast<double>(steps_outside(protocol.signal(), times))} * job.cores;
  }
  return row;
}

}  // namespace cradle::shifting
