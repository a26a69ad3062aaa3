// The token unit of one tile, cycle for cycle as src/power/rtl has it in SystemVerilog, and a mesh of such units.
//
// Donor first, over a network on the chip that loses nothing: an ask is answered by coins or by a plea, a plea by coins
// (escrow.h without incarnations and counts). See docs/token-unit.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/unit_network.h"

namespace cradle::power {

/// Widths of the unit as it is built by default: counters end where these say, and nothing wraps.
inline constexpr std::uint32_t unit_coin_limit = 63;        ///< 6 bits
inline constexpr std::uint32_t unit_interval_limit = 2047;  ///< cycles, 11 bits
inline constexpr std::uint32_t unit_turn_limit = 31;        ///< 5 bits
inline constexpr std::size_t unit_tile_limit = 32;          ///< far partners are a mask of 32 bits
inline constexpr std::size_t unit_neighbours = 4;

enum class UnitPacketKind : std::uint8_t {
  ask = 0,   ///< what the sender holds and asks for
  plea = 1,  ///< to an ask: so many coins should come the other way
  give = 2   ///< coins, perhaps none; answers either
};

struct UnitPacket {
  UnitPacketKind kind = UnitPacketKind::ask;
  std::uint8_t peer = 0;    ///< sender of a received packet, receiver of a sent one
  std::uint8_t coins = 0;   ///< ask: held; plea: wanted; give: given
  std::uint8_t demand = 0;  ///< of the sender
  friend bool operator==(const UnitPacket&, const UnitPacket&) = default;
};

/// Stand still while the unit runs.
struct UnitSettings {
  std::uint8_t initial_coins = 0;
  std::array<std::uint8_t, unit_neighbours> neighbours{};  ///< tiles asked in turn; repeated where there are fewer
  std::uint32_t far_tiles = 0;                             ///< bit i: tile i is a far partner
  std::uint8_t far_every = 16;                             ///< one far partner after so many neighbours; 0: never
  std::uint16_t interval_min = 100;                        ///< cycles between asks
  std::uint16_t interval_max = 100;
};
/// bad_input: more coins, longer intervals or turns than the counters hold, an interval of 0, min above max, a
/// neighbour or far tile that is not among `tiles`, more tiles than unit_tile_limit.
Result<void> check(const UnitSettings& settings, std::size_t tiles, std::string where);

/// What a unit sees in one cycle.
struct UnitInput {
  std::uint8_t demand = 0;               ///< coins the tile can use; 0: idle
  bool settled = true;                   ///< the clock has come down to what is held: coins may leave
  const UnitPacket* received = nullptr;  ///< stays until it is taken
  bool network_ready = true;
};

/// What it says in the same cycle. A packet is sent when the network is ready.
struct UnitOutput {
  bool sends = false;
  UnitPacket packet;
  bool takes = false;  ///< the received packet is done with
};

enum class UnitPhase : std::uint8_t { idle = 0, share = 1, send_ask = 2, send_reply = 3 };

/// Every register of the unit but those of the arithmetic under way.
struct UnitState {
  std::uint8_t held = 0;
  std::uint8_t demand = 0;  ///< the one that asks and answers go by
  bool waiting = false;     ///< coins may be on the way
  bool plea = false;
  UnitPhase phase = UnitPhase::idle;
  std::uint8_t step = 0;
  std::uint8_t amount = 0;  ///< of the reply, in phase send_reply
  std::uint16_t timer = 0, interval = 0;
  std::uint8_t neighbour = 0, far = 0, turn = 0;
  friend bool operator==(const UnitState&, const UnitState&) = default;
};

class TokenUnit {
 public:
  /// Precondition: check(settings) passes.
  explicit TokenUnit(const UnitSettings& settings);

  UnitOutput output(const UnitInput& input) const;
  /// One rising edge of the clock.
  void clock(const UnitInput& input);

  const UnitState& state() const { return state_; }
  /// Coins that are no longer held and have not left yet.
  std::uint32_t leaving() const { return state_.phase == UnitPhase::send_reply && !state_.plea ? state_.amount : 0U; }

 private:
  bool far_turn() const;
  void idle(const UnitInput& input);
  void decide(const UnitPacket& ask);
  void sooner();
  void later();

  UnitSettings settings_;
  UnitState state_;
};

/// Coins to a frequency code: 16 points, at 0, 4, .. 60 coins, straight lines between them (rounded down), the last
/// one from 60 on.
class FrequencyTable {
 public:
  std::array<std::uint8_t, 16> points{};
  std::uint8_t code(std::uint32_t coins) const;
};

/// Units on a mesh, tile of column x and row y being y * width + x.
class UnitMesh {
 public:
  /// bad_input as check(); also no tiles, or a width that does not divide them.
  static Result<UnitMesh> make(const std::vector<UnitSettings>& settings, std::size_t width, std::string where);

  /// One cycle. Preconditions: one demand for each tile, none above unit_coin_limit.
  void step(const std::vector<std::uint8_t>& demand);

  std::size_t tiles() const { return units_.size(); }
  const UnitState& state(std::size_t tile) const { return units_[tile].state(); }
  std::uint32_t held() const;
  std::uint32_t in_flight() const;
  std::uint64_t packets() const { return packets_; }

 private:
  UnitMesh(const std::vector<UnitSettings>& settings, std::size_t width);

  std::vector<TokenUnit> units_;
  UnitNetwork<UnitPacket> network_;
  std::uint64_t packets_ = 0;
};

/// Settings for a mesh without holes: neighbours by column and row (wrapped), every tile a far partner of all others.
/// Empty if there are no tiles or more than unit_tile_limit.
std::vector<UnitSettings> mesh_settings(std::size_t width, std::size_t height, const UnitSettings& like);

}  // namespace cradle::power
