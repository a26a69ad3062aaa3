// A node of a daemon: its participant, its device and its demand, and the order between them. Coins leave only after
// the device is confirmed at what is left; the device rises only after coins came; a new incarnation begins only at the
// floor.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cradle/exchange/participant.h"
#include "demand.h"
#include "journal.h"
#include "limiter.h"

namespace cradle::exchange {

/// What the daemon does for its sides.
struct Outside {
  std::function<void(const std::vector<Record>&)> write;
  std::function<void(const Packet&)> send;
  std::function<void(const std::string&)> tell;  ///< a note for people
};

class NodeSide {
 public:
  /// `config`, `numbers` must outlive it. The device is on its way to the floor when this returns.
  static Result<NodeSide> open(const DaemonConfig& config, Numbers& numbers, std::optional<Limiter> limiter,
                               Outside outside);

  /// What is due now. failed: there is no going on (no number left to begin with, the watchdog was killed).
  Result<void> step(power::Ticks now);
  /// False: dropped.
  bool receive(const Packet& packet, power::Ticks now);
  power::Ticks next(power::Ticks now) const;
  void read_demand(power::Ticks now, bool always);
  /// Returns coins, then `gone`.
  void leave(power::Ticks now);
  bool gone() const { return stage_ == Stage::gone; }
  /// Puts the device back.
  Result<void> restore() { return limiter_ && limiter_->applied() ? limiter_->restore() : Result<void>(); }

 private:
  enum class Stage : std::uint8_t {
    falling,   ///< no coins; the device is on its way to the floor
    living,    ///< the device is at what is held
    lowering,  ///< on its way down; what gives coins away waits to be sent
    gone
  };
  NodeSide(const DaemonConfig& config, Numbers& numbers, std::optional<Limiter> limiter, DemandSource demand,
           Outside outside);
  void carry_out(Deeds deeds, power::Ticks now);
  void fall(power::Ticks now);
  Result<void> fallen(power::Ticks now);
  void lowered();
  void tell_device();

  const DaemonConfig* config_;
  Numbers* numbers_;
  std::optional<Limiter> limiter_;
  DemandSource demand_;
  Outside outside_;
  Participant participant_;
  actuator::CoinLaw law_;
  Stage stage_ = Stage::falling;
  bool begun_ = false, leaving_ = false;
  power::Ticks since_ = 0, leave_until_ = 0, next_demand_ = 0;
  std::int64_t told_cap_ = 0;    ///< in the last record of it
  std::vector<Packet> pending_;  ///< lowering: to be sent once the device is down
  std::deque<Packet> inbox_;     ///< lowering: came meanwhile
  std::string told_level_;
};

}  // namespace cradle::exchange
