#include "energy_range.h"

#include <algorithm>

#include "price.h"

namespace cradle::observe {

EnergyRange::EnergyRange(const Snapshot& snapshot, Component component) {
  std::int64_t attributed = 0, unattributed = 0;
  double low = 0, high = 0;
  for (const ZoneTotals& zone : snapshot.zones) {
    if (!zone.counted || zone.component != component) continue;
    const auto reading = static_cast<double>(zone.microjoules);
    const double off = deviations_to_bound * zone.zone.uncertainty;
    low += reading * std::max(0.0, 1 - off);
    high += reading * (1 + off);
    metered_ += zone.microjoules;
    unattributed += zone.unattributed_microjoules;
    attributed += zone.active_microjoules - zone.overhead_microjoules - zone.unattributed_microjoules;
  }
  if (metered_ <= 0) return;
  low_ = low / static_cast<double>(metered_);
  high_ = high / static_cast<double>(metered_);
  if (attributed > 0) unattributed_share_ = static_cast<double>(unattributed) / static_cast<double>(attributed);
}

carbon::Estimate<carbon::Joules> EnergyRange::of(std::int64_t microjoules, std::int64_t dynamic) const {
  constexpr double joules_per_microjoule = 1e-6;
  const auto value = static_cast<double>(microjoules);
  const double most = std::max(value, static_cast<double>(metered_));
  const double own = std::min(value + static_cast<double>(dynamic) * unattributed_share_, most);
  const auto in_joules = [](double amount) { return carbon::Joules{amount * joules_per_microjoule}; };
  return {in_joules(value), in_joules(value * low_), in_joules(own * high_)};
}

}  // namespace cradle::observe
