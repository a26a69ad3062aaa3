#include "node_side.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace cradle::exchange {

using power::Ticks;

namespace {

constexpr Ticks look_again = 2'000'000;  // at a device that is on its way down
constexpr std::size_t most_waiting = 1024;

}  // namespace

NodeSide::NodeSide(const DaemonConfig& config, Numbers& numbers, std::optional<Limiter> limiter, DemandSource demand,
                   Outside outside)
    : config_(&config),
      numbers_(&numbers),
      limiter_(std::move(limiter)),
      demand_(std::move(demand)),
      outside_(std::move(outside)),
      participant_(config.domain.topology, config.node->number, config.domain.pace),
      law_{config.domain.floors[config.node->number], config.domain.coin} {}

Result<NodeSide> NodeSide::open(const DaemonConfig& config, Numbers& numbers, std::optional<Limiter> limiter,
                                Outside outside) {
  auto demand = DemandSource::open(config.node->demand);
  if (!demand) return demand.error();
  NodeSide side(config, numbers, std::move(limiter), std::move(*demand), std::move(outside));
  side.read_demand(now_ns(), true);
  side.fall(now_ns());
  return side;
}

void NodeSide::tell_device() {
  if (!limiter_) return;
  if (const auto refusal = limiter_->take_refusal()) outside_.tell(to_string(*refusal));
  if (limiter_->applied()) return;
  const std::string level = actuator::to_string(limiter_->target());
  if (level == told_level_) return;
  told_level_ = level;
  outside_.tell("dry run: " + limiter_->device().name + " would be set to " + level);
}

void NodeSide::read_demand(Ticks now, bool always) {
  next_demand_ = now + config_->domain.pace.period;
  const auto watts = demand_.read(now, always);
  if (!watts) return outside_.tell(to_string(watts.error()));
  participant_.set_demand(static_cast<power::Coins>(actuator::coins_to_cover(law_, *watts)));
}

void NodeSide::carry_out(Deeds deeds, Ticks now) {
  const power::Coins held = participant_.held();
  const bool device = limiter_ && limiter_->applied();
  const std::int64_t wanted = device ? limiter_->cap_for(held) : 0;
  Record cap;
  cap.kind = RecordKind::cap;
  cap.node = config_->node->number;
  cap.incarnation = participant_.incarnation();
  if (device && wanted > told_cap_) {
    told_cap_ = cap.cap = wanted;
    deeds.records.push_back(cap);
  }
  outside_.write(deeds.records);
  if (limiter_) limiter_->aim(held);
  tell_device();
  if (device && wanted < told_cap_) {
    pending_ = std::move(deeds.packets);
    stage_ = Stage::lowering;
    since_ = now;
    return lowered();
  }
  if (limiter_ && !device) static_cast<void>(limiter_->settled());
  for (const Packet& packet : deeds.packets) outside_.send(packet);
}

/// Sends what waited once the device is down; nothing as long as it is not.
void NodeSide::lowered() {
  if (!limiter_->settled()) return tell_device();
  Record cap;
  cap.kind = RecordKind::cap;
  cap.node = config_->node->number;
  cap.incarnation = participant_.incarnation();
  told_cap_ = cap.cap = limiter_->cap();
  outside_.write({cap});
  for (const Packet& packet : std::exchange(pending_, {})) outside_.send(packet);
  stage_ = Stage::living;
}

void NodeSide::fall(Ticks now) {
  if (begun_ && !leaving_)
    outside_.tell("incarnation " + std::to_string(participant_.incarnation()) +
                  " is over: to the floor, and begin anew");
  pending_.clear();
  inbox_.clear();
  if (limiter_) limiter_->aim(0);
  tell_device();
  stage_ = Stage::falling;
  since_ = now;
}

Result<void> NodeSide::fallen(Ticks now) {
  if (limiter_ && !limiter_->settled()) {
    tell_device();
    return {};
  }
  told_cap_ = 0;
  Deeds deeds;
  if (std::exchange(begun_, false)) {
    participant_.end(deeds);
    outside_.write(deeds.records);
    deeds = {};
  }
  if (leaving_) {
    stage_ = Stage::gone;
    return {};
  }
  const auto number = numbers_->next();
  if (!number) return number.error();
  begun_ = true;
  stage_ = Stage::living;
  participant_.begin(*number, now, deeds);
  carry_out(std::move(deeds), now);
  return {};
}

Result<void> NodeSide::step(Ticks now) {
  if (limiter_ && !limiter_->guarded())
    return failure("the watchdog of the device was killed", limiter_->device().name,
                   "start the daemon again: it puts the device back first");
  if (stage_ != Stage::falling && stage_ != Stage::gone && participant_.over(now)) fall(now);
  if (stage_ == Stage::lowering) {
    lowered();
    // Without the coins the promise to lower is void: they are lost with the incarnation, and the bank recovers them.
    if (stage_ == Stage::lowering && now - since_ > config_->domain.pace.hold) fall(now);
  }
  if (stage_ == Stage::falling) return fallen(now);
  while (stage_ == Stage::living && !inbox_.empty()) {
    const Packet packet = std::move(inbox_.front());
    inbox_.pop_front();
    receive(packet, now);
  }
  if (stage_ == Stage::living && leaving_ && (participant_.left() || now >= leave_until_)) {
    fall(now);
    return fallen(now);
  }
  if (stage_ != Stage::living) return {};
  if (now >= next_demand_) read_demand(now, false);
  if (now >= participant_.next()) {
    Deeds deeds;
    participant_.tick(now, deeds);
    carry_out(std::move(deeds), now);
  }
  return {};
}

bool NodeSide::receive(const Packet& packet, Ticks now) {
  if (stage_ == Stage::lowering && inbox_.size() < most_waiting) {
    inbox_.push_back(packet);
    return true;
  }
  if (stage_ != Stage::living || participant_.over(now)) return false;
  Deeds deeds;
  const bool taken = participant_.receive(packet, now, deeds);
  if (participant_.over(now))
    fall(now);
  else if (taken)
    carry_out(std::move(deeds), now);
  return taken;
}

Ticks NodeSide::next(Ticks now) const {
  if (stage_ == Stage::gone) return std::numeric_limits<Ticks>::max();
  if (stage_ == Stage::falling || stage_ == Stage::lowering) return now + look_again;
  Ticks due = std::min(participant_.next(), next_demand_);
  if (participant_.known()) due = std::min(due, participant_.lease_ends());
  if (leaving_) due = std::min(due, participant_.left() ? now : leave_until_);
  return inbox_.empty() ? due : now;
}

void NodeSide::leave(Ticks now) {
  if (std::exchange(leaving_, true)) return;
  leave_until_ = now + config_->domain.pace.lease;
  if (stage_ == Stage::falling || stage_ == Stage::gone) return;
  Deeds deeds;
  participant_.leave(now, deeds);
  if (stage_ == Stage::living) return carry_out(std::move(deeds), now);
  // What waits for the device goes out with what is returned, in one descent.
  outside_.write(deeds.records);
  for (const Packet& packet : deeds.packets) pending_.push_back(packet);
  limiter_->aim(participant_.held());
}

}  // namespace cradle::exchange
