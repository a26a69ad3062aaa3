// A node's device: set to what coins allow, down and confirmed before they leave, up after they came.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cradle/actuator/actuator.h"
#include "cradle/actuator/law.h"
#include "cradle/actuator/owner.h"
#include "cradle/base/result.h"
#include "cradle/exchange/config.h"

namespace cradle::exchange {

class Limiter {
 public:
  /// bad_input, missing_data or failed as the device is taken; budget_exceeded if it draws more than the floor even at
  /// its lowest. Forks a watchdog (apply): no threads before.
  static Result<Limiter> open(const DaemonConfig& config, actuator::Apply apply);

  /// In coins: what the device may draw at most when it is set for that many.
  std::int64_t cap_for(power::Coins held) const;
  /// The same for the level in force, which may still be a higher one than was asked for last.
  std::int64_t cap() const { return cap_; }
  /// Asks for the level of so many coins. A refusal is kept: `settled` asks again.
  void aim(power::Coins held);
  /// True once the device says that it is not above what was asked last.
  bool settled();
  /// False if its watchdog was killed: it takes nothing any more.
  bool guarded() const { return !applied_ || owner_.guarded(); }
  /// What the device was before, now.
  Result<void> restore() { return device_->restore(); }

  const actuator::Device& device() const { return device_->device(); }
  const actuator::Level& before() const { return device_->before(); }
  const actuator::Level& target() const { return target_; }
  bool applied() const { return applied_; }
  /// The last refusal, told once.
  std::optional<Error> take_refusal();

 private:
  Limiter(actuator::Owner owner, std::unique_ptr<actuator::Actuator> device, actuator::PowerCurve curve,
          actuator::CoinLaw law, bool applied);
  /// The level that pays for so many coins; the lowest is paid by the floor (`open` looked).
  actuator::Level level_for(power::Coins held) const;
  std::int64_t coins_of(const actuator::Level& level) const;

  actuator::Owner owner_;
  std::unique_ptr<actuator::Actuator> device_;
  actuator::PowerCurve curve_;
  actuator::CoinLaw law_;
  bool applied_;
  actuator::Level target_;
  bool asked_ = false;  ///< the device took the last level
  std::int64_t cap_ = 0;
  std::optional<Error> refusal_;
};

}  // namespace cradle::exchange
