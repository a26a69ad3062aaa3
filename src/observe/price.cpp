#include "price.h"

#include <algorithm>

#include "cradle/carbon/metric.h"

namespace cradle::observe {

using carbon::Estimate;
using carbon::GramsCO2e;
using carbon::Joules;

namespace {
constexpr double joules_per_microjoule = 1e-6;
}

TickPrice::TickPrice(const Hardware& hardware, const carbon::Period& wall, const std::vector<ZoneTotals>& zones,
                     const std::vector<ZoneTick>& ticks)
    : hardware_(hardware), average_(hardware.site.average.mean(wall.from, wall.to)) {
  if (hardware.site.marginal) marginal_ = hardware.site.marginal->mean(wall.from, wall.to);
  std::array<double, components> metered{};
  for (std::size_t z = 0; z < zones.size(); ++z) {
    if (!zones[z].counted) continue;
    const auto c = static_cast<std::size_t>(zones[z].component);
    const auto reading = static_cast<double>(ticks[z].metered);
    const double off = deviations_to_bound * zones[z].zone.uncertainty;
    metered[c] += reading;
    low_[c] += reading * std::max(0.0, 1 - off);
    high_[c] += reading * (1 + off);
  }
  for (std::size_t c = 0; c < components; ++c) {
    low_[c] = metered[c] > 0 ? low_[c] / metered[c] : 1;
    high_[c] = metered[c] > 0 ? high_[c] / metered[c] : 1;
  }
}

Estimate<GramsCO2e> TickPrice::priced(const ByComponent& microjoules, carbon::GramsPerJoule intensity,
                                      const SignalRange& range) const {
  std::int64_t whole = 0;
  Joules low, high;
  for (std::size_t c = 0; c < components; ++c) {
    const Joules joules{static_cast<double>(microjoules[c]) * joules_per_microjoule};
    whole += microjoules[c];
    low += joules * low_[c];
    high += joules * high_[c];
  }
  const double pue = hardware_.site.pue;
  const Joules nominal{static_cast<double>(whole) * joules_per_microjoule};
  return {carbon::operational(nominal, pue, intensity), carbon::operational(low, pue, intensity) * range.low,
          carbon::operational(high, pue, intensity) * range.high};
}

Estimate<GramsCO2e> TickPrice::average(const ByComponent& microjoules) const {
  return priced(microjoules, average_, hardware_.average_range);
}

GramsCO2e TickPrice::average(attribution::MicroJoules microjoules) const {
  return carbon::operational(Joules{static_cast<double>(microjoules) * joules_per_microjoule}, hardware_.site.pue,
                             average_);
}

std::optional<Estimate<GramsCO2e>> TickPrice::marginal(const ByComponent& microjoules) const {
  if (!marginal_) return std::nullopt;
  return priced(microjoules, *marginal_, hardware_.marginal_range);
}

GramsCO2e TickPrice::embodied(Component component, double device_seconds) const {
  const carbon::ComponentRecord& part = hardware_.parts[static_cast<std::size_t>(component)];
  return carbon::embodied_share(carbon::Operations{device_seconds}, part.lifetime_operations, part.embodied.value);
}

Estimate<GramsCO2e> TickPrice::embodied(const std::array<double, components>& device_seconds) const {
  Estimate<GramsCO2e> sum;
  for (std::size_t c = 0; c < components; ++c) {
    const carbon::ComponentRecord& part = hardware_.parts[c];
    const carbon::Operations used{device_seconds[c]};
    sum = sum + Estimate<GramsCO2e>{carbon::embodied_share(used, part.lifetime_operations, part.embodied.value),
                                    carbon::embodied_share(used, part.lifetime_operations, part.embodied.low),
                                    carbon::embodied_share(used, part.lifetime_operations, part.embodied.high)};
  }
  return sum;
}

}  // namespace cradle::observe
