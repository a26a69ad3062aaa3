// What the dispatcher knows of the hours to come, for every site.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cradle/carbon/entry.h"
#include "cradle/dispatch/configuration.h"
#include "cradle/dispatch/dispatcher.h"
#include "cradle/shifting/signal.h"

namespace cradle::dispatch {

/// Hourly values of the deciding signal, times PUE, on the hours of the calendar. Beyond the end of a series each hour
/// is as 24 hours earlier.
class Outlook {
 public:
  /// `weights` are those of the sites in the fleet's mean. Precondition: the series cover the service.
  Outlook(std::span<const carbon::SiteRecord> sites, std::span<const std::int64_t> weights,
          const Configuration& configuration, Service service);

  static const carbon::IntensitySeries& signal(const carbon::SiteRecord& site, DecideBy by);

  /// Makes the forecasts those of the hour that holds `now_ms`.
  void look(std::int64_t now_ms);
  /// When the hour of `look` begins, on the dispatcher's clock.
  std::int64_t hour_start_ms() const { return first_ms_ + hour_ * ms_per_hour; }
  /// A time of the dispatcher on the clock of `forecast`, and back.
  shifting::Step step_of(std::int64_t at_ms) const { return at_ms - origin_ms_; }
  std::int64_t ms_of(shifting::Step step) const { return step + origin_ms_; }

  const shifting::Signal& forecast(std::size_t site);
  /// What a job sees that may run at any site: the mean of the sites by their weights, or where it goes to the cleanest
  /// site of the hour, the lowest of them.
  const shifting::Signal& forecast_anywhere() { return forecast(known_.size() - 1); }
  struct DayAhead {
    double low = 0, median = 0, high = 0;  ///< g/kWh, PUE included
  };
  /// Of the 24 hours from the current one on.
  const DayAhead& day_ahead(std::size_t site);
  /// g/kWh of the current hour, PUE included.
  double now(std::size_t site);

 private:
  struct Known {
    std::vector<carbon::GramsPerKilowattHour> truth;  ///< by hour since the service's first
    std::optional<shifting::Signal> signal;           ///< of the truth, on the clock of its first hour
    std::optional<shifting::Signal> forecast;         ///< unless it is the truth
    std::int64_t forecast_hour = -1;
    DayAhead day;
    std::int64_t day_hour = -1;
  };
  /// The hour at which the forecasts' step 0 lies.
  std::int64_t first_known() const;
  void make_forecast(Known& known, std::size_t site);

  std::vector<Known> known_;  ///< by site, and last: anywhere
  shifting::ForecastModel model_;
  std::uint64_t seed_;
  std::int64_t first_ms_ = 0;   ///< of hour 0, <= 0
  std::int64_t origin_ms_ = 0;  ///< of the forecasts' step 0
  std::int64_t hour_ = 0;       ///< since the first one
};

}  // namespace cradle::dispatch
