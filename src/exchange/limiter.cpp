#include "limiter.h"

#include <algorithm>
#include <utility>

namespace cradle::exchange {

using actuator::Level;
using actuator::PowerCurve;
using actuator::Unit;

namespace {

Result<PowerCurve> curve_of(const NodeConfig& node, Unit unit) {
  const char* where = "node";
  if (!node.points.empty()) return PowerCurve::make(unit, node.points, where);
  if (unit == Unit::microwatts) return PowerCurve::limit(node.rest, where);
  if (unit == Unit::microcores && node.cores > 0) return PowerCurve::cores(node.rest, node.core, node.cores, where);
  return bad_input("it is not said what this device draws at a level", "actuator '" + node.actuator + "'",
                   unit == Unit::microcores ? "give core (watts of each), cores and rest" : "give points");
}

}  // namespace

Limiter::Limiter(actuator::Owner owner, std::unique_ptr<actuator::Actuator> device, PowerCurve curve,
                 actuator::CoinLaw law, bool applied)
    : owner_(std::move(owner)),
      device_(std::move(device)),
      curve_(std::move(curve)),
      law_(law),
      applied_(applied),
      target_(device_->before()),
      cap_(coins_of(target_)) {}

Result<Limiter> Limiter::open(const DaemonConfig& config, actuator::Apply apply) {
  actuator::OwnerOptions options;
  options.apply = apply;
  options.run_folder = config.run_folder;
  auto owner = actuator::Owner::open(options);
  if (!owner) return owner.error();
  auto device = owner->take(config.node->actuator);
  if (!device) return device.error();
  auto curve = curve_of(*config.node, (*device)->device().range.lowest.unit);
  if (!curve) return curve.error();
  const actuator::CoinLaw law{config.domain.floors[config.node->number], config.domain.coin};
  if (const auto lowest = actuator::place(*curve, law.floor, (*device)->device().range); !lowest) return lowest.error();
  return Limiter(std::move(*owner), std::move(*device), std::move(*curve), law, apply == actuator::Apply::yes);
}

Level Limiter::level_for(power::Coins held) const {
  const auto placement = actuator::place(curve_, actuator::grant(law_, held), device_->device().range);
  return placement ? placement->level : device_->device().range.lowest;
}

std::int64_t Limiter::coins_of(const Level& level) const { return actuator::coins_to_cover(law_, curve_.draw(level)); }

std::int64_t Limiter::cap_for(power::Coins held) const { return coins_of(level_for(held)); }

void Limiter::aim(power::Coins held) {
  const Level level = level_for(held);
  if (asked_ && level == target_) return;
  target_ = level;
  const auto set = device_->set(target_);
  asked_ = set.has_value();
  if (!set) refusal_ = set.error();
  // Until the device says so it may draw what it drew before, or more if that is what was asked.
  cap_ = std::max(cap_, coins_of(target_));
}

bool Limiter::settled() {
  if (!asked_) {
    const auto set = device_->set(target_);
    asked_ = set.has_value();
    if (!set) refusal_ = set.error();
  }
  if (applied_) {
    const auto now = asked_ ? device_->current() : Result<Level>(target_);
    if (!asked_ || !now || above(*now, target_)) return false;
  }
  cap_ = coins_of(target_);
  return true;
}

std::optional<Error> Limiter::take_refusal() { return std::exchange(refusal_, std::nullopt); }

}  // namespace cradle::exchange
