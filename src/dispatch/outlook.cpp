#include "outlook.h"

#include <algorithm>

namespace cradle::dispatch {

namespace {

constexpr std::int64_t day_hours = 24;
/// How far beyond the service, or beyond now with a forecast, plans may look: a day of waiting and two weeks of work.
constexpr std::int64_t reach_hours = 15 * day_hours;

}  // namespace

const carbon::IntensitySeries& Outlook::signal(const carbon::SiteRecord& site, DecideBy by) {
  return by == DecideBy::marginal && site.marginal ? *site.marginal : site.average;
}

Outlook::Outlook(std::span<const carbon::SiteRecord> sites, std::span<const std::int64_t> weights,
                 const Configuration& configuration, Service service)
    : model_(configuration.forecast), seed_(configuration.seed) {
  const std::int64_t into_hour = service.start.ms % ms_per_hour;
  first_ms_ = origin_ms_ = -into_hour;
  const std::int64_t needed = (service.length_ms + into_hour + ms_per_hour - 1) / ms_per_hour;
  const auto hours = static_cast<std::size_t>(needed + reach_hours);
  for (const carbon::SiteRecord& site : sites) {
    const carbon::IntensitySeries& series = signal(site, configuration.decide_by);
    auto& truth = known_.emplace_back().truth;
    for (std::size_t hour = 0; hour < hours; ++hour) {
      // A series may begin and end within an hour: what there is of it stands for the hour.
      Instant from{service.start.ms - into_hour + static_cast<std::int64_t>(hour) * ms_per_hour};
      Instant to{from.ms + ms_per_hour};
      if (hour == 0) from = service.start;
      if (!series.covers(from, to)) to = {service.start.ms + service.length_ms};
      if (from < to && series.covers(from, to)) {
        truth.push_back(carbon::GramsPerKilowattHour{series.mean(from, to) * site.pue});
      } else {
        truth.push_back(truth[hour - std::min(static_cast<std::size_t>(day_hours), hour)]);
      }
    }
  }
  double weight = 0;
  for (const std::int64_t site : weights) weight += static_cast<double>(site);
  auto& anywhere = known_.emplace_back().truth;
  for (std::size_t hour = 0; hour < hours; ++hour) {
    double mean = 0, least = known_[0].truth[hour].value();
    for (std::size_t site = 0; site < sites.size(); ++site) {
      const double value = known_[site].truth[hour].value();
      mean += value * static_cast<double>(weights[site]) / weight;
      least = std::min(least, value);
    }
    anywhere.emplace_back(configuration.region == RegionRule::cleanest_now ? least : mean);
  }
  for (Known& known : known_) known.signal = *shifting::Signal::make(known.truth, ms_per_hour);
}

void Outlook::look(std::int64_t now_ms) {
  hour_ = (now_ms - first_ms_) / ms_per_hour;
  origin_ms_ = first_ms_ + first_known() * ms_per_hour;
}

std::int64_t Outlook::first_known() const {
  using Kind = shifting::ForecastKind;
  // Noise that is the same whenever it is looked at belongs to the hours of the whole series.
  const bool whole = model_.kind == Kind::perfect || model_.kind == Kind::flat_noise;
  return whole ? 0 : std::max<std::int64_t>(0, hour_ - day_hours);
}

void Outlook::make_forecast(Known& known, std::size_t site) {
  const std::int64_t from = first_known();
  const auto length = static_cast<std::int64_t>(known.truth.size());
  std::uint64_t seed = seed_ + 0x9e3779b97f4a7c15U * site;
  const shifting::Signal* truth = &*known.signal;
  std::optional<shifting::Signal> cut;
  if (from > 0) {
    // Draws follow the hours of what is looked at: each hour's forecast has its own.
    seed += static_cast<std::uint64_t>(from);
    const auto begin = known.truth.begin() + std::min(from, length - 1);
    const auto end = known.truth.begin() + std::min(from + day_hours + reach_hours, length);
    cut = *shifting::Signal::make({begin, end}, ms_per_hour);
    truth = &*cut;
  }
  const shifting::Step now = std::min((hour_ - from) * ms_per_hour, truth->end() - 1);
  known.forecast = shifting::forecast(*truth, now, model_, seed, static_cast<std::size_t>(day_hours));
}

const shifting::Signal& Outlook::forecast(std::size_t site) {
  Known& known = known_[site];
  if (model_.kind == shifting::ForecastKind::perfect) return *known.signal;
  if (known.forecast_hour != hour_) {
    make_forecast(known, site);
    known.forecast_hour = hour_;
  }
  return *known.forecast;
}

const Outlook::DayAhead& Outlook::day_ahead(std::size_t site) {
  const shifting::Signal& signal = forecast(site);
  Known& known = known_[site];
  if (known.day_hour == hour_) return known.day;
  known.day_hour = hour_;
  const auto values = signal.values();
  const std::size_t from = std::min(static_cast<std::size_t>(hour_ - first_known()), values.size() - 1);
  const std::size_t to = std::min(from + 24, values.size());
  std::vector<double> day;
  for (std::size_t hour = from; hour < to; ++hour) day.push_back(values[hour].value());
  std::sort(day.begin(), day.end());
  known.day = {day.front(), day[(day.size() - 1) / 2], day.back()};
  return known.day;
}

double Outlook::now(std::size_t site) {
  const auto& truth = known_[site].truth;
  return truth[std::min(static_cast<std::size_t>(hour_), truth.size() - 1)].value();
}

}  // namespace cradle::dispatch
