#include "counter.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cradle/base/text.h"

namespace cradle::meter {

namespace {

/// Energy beyond which doubles no longer count single microjoules; 2.5 GWh in one step is no reading.
constexpr double most_microjoules = 9e15;

std::string in_watts(double watts) { return fixed(watts, 0) + " W"; }

}  // namespace

CounterStep EnergyCounter::step(std::int64_t value, std::int64_t interval_ns) {
  if (value < 0) return {0, "no reading: a negative count of energy"};
  const std::optional<std::int64_t> before = mark_;
  mark_ = value;
  if (!before) return {};
  const double seconds = static_cast<double>(interval_ns) * 1e-9;
  const double most = options_.plausible.value() * seconds * 1e6;  // microjoules
  const bool bounded = most > 0;

  const bool down = value < *before;
  if (down && (options_.range <= 0 || *before > options_.range)) return {0, "ran backwards"};
  const std::int64_t delta = down ? options_.range - *before + value : value - *before;
  if (bounded && static_cast<double>(delta) > most) {
    if (down) return {0, "ran backwards"};
    return {0, "no reading: " + in_watts(static_cast<double>(delta) * 1e-6 / seconds) + " is not plausible"};
  }
  // A whole range may be missing if, at the plausible power, there is room for it beside what was seen.
  if (bounded && options_.range > 0 && static_cast<double>(delta) + static_cast<double>(options_.range) <= most)
    return {delta, std::string(down ? "wrapped" : "read late") + ": more wraps are possible above " +
                       in_watts((static_cast<double>(options_.range) + static_cast<double>(delta)) * 1e-6 / seconds) +
                       ", read it at least every " +
                       fixed(static_cast<double>(options_.range) * 1e-6 / options_.plausible.value(), 1) + " s"};
  return {delta, down ? "wrapped" : ""};
}

std::int64_t WholeMicrojoules::add(double microjoules) {
  carried_ += std::clamp(microjoules, -most_microjoules, most_microjoules);
  const double whole = std::max(0.0, std::floor(carried_));
  carried_ -= whole;
  return static_cast<std::int64_t>(whole);
}

std::int64_t PowerIntegral::add(carbon::Watts power, std::int64_t interval_ns) {
  const std::optional<carbon::Watts> before = before_;
  before_ = power;
  if (!before || interval_ns <= 0) return 0;
  return whole_.add((before->value() + power.value()) / 2 * static_cast<double>(interval_ns) * 1e-3);
}

std::vector<std::int64_t> split_exactly(std::int64_t total, const std::vector<std::int64_t>& weights) {
  const std::int64_t sum = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  std::vector<std::int64_t> parts(weights.size());
  std::vector<std::pair<double, std::size_t>> rest;
  std::int64_t left = total;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const long double exact = static_cast<long double>(total) * weights[i] / sum;
    parts[i] = std::min(left, static_cast<std::int64_t>(std::floor(exact)));
    left -= parts[i];
    rest.emplace_back(static_cast<double>(exact - static_cast<long double>(parts[i])), i);
  }
  std::stable_sort(rest.begin(), rest.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; left > 0; i = (i + 1) % rest.size())
    if (weights[rest[i].second] > 0) ++parts[rest[i].second], --left;
  return parts;
}

}  // namespace cradle::meter
