#include "cradle/inference/autoscaler.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::inference {

namespace {

constexpr std::array<std::pair<Scaling, std::string_view>, 4> scalings = {{
    {Scaling::static_peak, "static"},
    {Scaling::reactive, "reactive"},
    {Scaling::forecast, "forecast"},
    {Scaling::quantile, "quantile"},
}};

/// Whole intervals that a time spans, at least 1.
std::size_t intervals(const AutoscalerRule& rule, carbon::Seconds time) {
  return static_cast<std::size_t>(std::max(1.0, std::round(time / rule.interval)));
}

template <class T>
void remember(std::vector<T>& values, T newest, std::size_t most) {
  values.push_back(newest);
  if (values.size() > most) values.erase(values.begin(), values.end() - static_cast<std::ptrdiff_t>(most));
}

/// Mean rate of the `count` intervals that end with the one before `end`.
double mean_rate(const AutoscalerRule& rule, const std::vector<double>& loads, std::size_t end, std::size_t count) {
  count = std::min(count, end);
  double sum = 0;
  for (std::size_t i = end - count; i < end; ++i) sum += loads[i];
  return sum / (static_cast<double>(count) * rule.interval.value());
}

double high_rate(const AutoscalerRule& rule, const std::vector<double>& loads, std::size_t window) {
  std::vector<double> rates;
  for (std::size_t end = std::min(window, loads.size()); end <= loads.size(); ++end)
    rates.push_back(mean_rate(rule, loads, end, window));
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(rule.quantile * static_cast<double>(rates.size()))) - 1;
  const auto nth = rates.begin() + std::max<std::ptrdiff_t>(0, rank);
  std::nth_element(rates.begin(), nth, rates.end());
  return *nth;
}

/// Holt's two equations (1957), a step for each interval.
void smooth(const AutoscalerRule& rule, AutoscalerState& state, double rate) {
  if (!state.seen) {
    state.level = rate;
    return;
  }
  const double before = state.level;
  state.level = rule.level_weight * rate + (1 - rule.level_weight) * (before + state.trend);
  state.trend = rule.trend_weight * (state.level - before) + (1 - rule.trend_weight) * state.trend;
}

}  // namespace

std::string_view name(Scaling scaling) {
  for (const auto& [value, word] : scalings)
    if (value == scaling) return word;
  return {};
}

Result<Scaling> scaling_by_name(std::string_view name) {
  std::vector<std::string> words;
  for (const auto& [value, word] : scalings) {
    if (word == name) return value;
    words.emplace_back(word);
  }
  return bad_input("no autoscaler '" + std::string(name) + "'", "autoscaler", suggest(name, words));
}

Result<void> check(const AutoscalerRule& rule) {
  const auto number = [](double value, double low, double high, const char* field) -> Result<void> {
    if (value >= low && value <= high) return {};
    return bad_input("a value of " + shortest(value), field,
                     "give a number from " + shortest(low) + " to " + shortest(high));
  };
  constexpr double least = 1e-9, most = 1e9, longest_s = 1e7;
  for (const auto& result :
       {number(rule.capacity_per_s, least, most, "capacity"), number(rule.margin, least, most, "margin"),
        number(rule.interval.value(), 1e-3, longest_s, "interval"),
        number(rule.window.value(), rule.interval.value(), longest_s, "window"),
        number(rule.startup.value(), 0, longest_s, "startup"),
        number(rule.scale_down_delay.value(), 0, longest_s, "scale_down_delay"),
        number(rule.memory.value(), rule.window.value(), longest_s, "memory"),
        number(rule.min_replicas, 1, 100'000, "min_replicas"),
        number(rule.max_replicas, rule.min_replicas, 100'000, "max_replicas"), number(rule.peak_per_s, 0, most, "peak"),
        number(rule.level_weight, least, 1, "level_weight"), number(rule.trend_weight, 0, 1, "trend_weight"),
        number(rule.quantile, least, 1, "quantile")})
    if (!result) return result.error();
  constexpr double most_intervals = 1e5;
  if (std::max(rule.memory / rule.interval, rule.scale_down_delay / rule.interval) > most_intervals)
    return bad_input("an interval of " + shortest(rule.interval.value()) + " s", "interval",
                     "give an interval that fits at most 1e5 times in the memory and the scale-down delay");
  return {};
}

int replicas_for(const AutoscalerRule& rule, double rate_per_s) {
  const double exact = std::max(0.0, rate_per_s) * rule.margin / rule.capacity_per_s;
  return static_cast<int>(std::clamp(std::ceil(exact - 1e-9), static_cast<double>(rule.min_replicas),
                                     static_cast<double>(rule.max_replicas)));
}

ScalingDecision decide(const AutoscalerRule& rule, AutoscalerState state, double load) {
  ScalingDecision decision;
  const std::size_t window = intervals(rule, rule.window);
  const std::size_t kept = rule.scaling == Scaling::quantile ? intervals(rule, rule.memory) : window;
  remember(state.loads, load, kept);
  switch (rule.scaling) {
    case Scaling::static_peak: decision.expected_per_s = rule.peak_per_s; break;
    case Scaling::reactive: decision.expected_per_s = mean_rate(rule, state.loads, state.loads.size(), window); break;
    case Scaling::forecast: {
      smooth(rule, state, load / rule.interval.value());
      // Ready after the start-up delay, and needed until the next decision's replicas are.
      const double ahead = rule.startup / rule.interval + 1;
      decision.expected_per_s = std::max(0.0, state.level + ahead * state.trend);
      break;
    }
    case Scaling::quantile: decision.expected_per_s = high_rate(rule, state.loads, window); break;
  }
  state.seen = true;
  // The most that was wanted within the delay: going up is immediate, going down waits.
  const auto delay = static_cast<std::size_t>(std::round(rule.scale_down_delay / rule.interval));
  remember(state.wanted, replicas_for(rule, decision.expected_per_s), delay + 1);
  decision.replicas = *std::max_element(state.wanted.begin(), state.wanted.end());
  decision.state = std::move(state);
  return decision;
}

}  // namespace cradle::inference
