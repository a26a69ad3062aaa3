// BlitzCoin's token unit cycle by cycle, written from a description of its open RTL, with its defects behind switches.
//
// Source: sld-columbia/esp (Apache-2.0), rtl/sockets/dvfs, as released with the 3x3 and 4x4 chips; BlitzCoin, ISCA
// 2024. The divider that the release lacks is taken to answer in one cycle.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/unit_network.h"

namespace cradle::power {

/// What the release does otherwise than it was meant. True: as released.
struct PublishedDefects {
  bool signed_quotient = true;  ///< six bits read with a sign: from 32 coins on they go the wrong way
  bool wrapping = true;         ///< balances of seven bits wrap: -64 .. 63
  /// The order of + and >> leaves the interval where it is, and every ordinary cycle sets it to the minimum.
  bool still_interval = true;
  /// The asked tile credits itself at once and tells the other to pay, which may have spent the coins by then. False:
  /// it says what it lacks, and the other gives what it has.
  bool taker_first = true;

  static PublishedDefects as_meant() { return {false, false, false, false}; }
};

struct PublishedSettings {
  bool managed = true;                       ///< a tile without a unit passes packets on and holds nothing
  std::int32_t coins = 0;                    ///< at the start
  std::int32_t max = 0;                      ///< demand while the tile is active, 6 bits; 0 while it is not
  std::array<std::uint8_t, 4> neighbours{};  ///< asked in turn
  std::uint32_t far_tiles = 0;               ///< bit i: tile i
  std::uint8_t random_rate = 17;             ///< every so manieth exchange goes to the next far tile; 0: none
  std::uint16_t refresh_min = 100;           ///< cycles, 11 bits
  std::uint16_t refresh_max = 100;
  PublishedDefects defects;
};

struct PublishedPacket {
  bool status = true;  ///< else an update
  std::uint8_t peer = 0;
  std::int32_t has = 0, max = 0;  ///< status
  std::int32_t delta = 0;         ///< update: coins for the receiver; below 0 it pays
  bool wish = false;              ///< an update without coins: the receiver is to send as many as it has (donor first)
};

/// What the asked tile adds to its balance: the difference of shares over the sum of demands, truncated; half the
/// difference where neither asks. With `signed_quotient` its low six bits, read with a sign.
std::int32_t published_quotient(std::int32_t asker_has, std::int32_t asker_max, std::int32_t has, std::int32_t max,
                                bool signed_quotient);

class PublishedUnit {
 public:
  explicit PublishedUnit(const PublishedSettings& settings);

  struct Input {
    bool active = true;
    const PublishedPacket* received = nullptr;
    bool network_ready = true;
  };
  struct Output {
    bool sends = false;  ///< only when the network is ready
    PublishedPacket packet;
    bool takes = false;
  };
  /// One cycle.
  Output step(const Input& input);

  std::int32_t coins() const { return coins_; }
  std::uint16_t interval() const { return interval_; }
  /// Coins that it gave up and has not sent yet.
  std::int32_t leaving() const {
    return replying_ && reply_.delta > 0 && !settings_.defects.taker_first ? reply_.delta : 0;
  }

 private:
  void add(std::int32_t delta);
  void answer_status(const PublishedPacket& packet, std::int32_t max);
  void take_update(const PublishedPacket& packet);
  std::uint8_t next_partner();

  PublishedSettings settings_;
  std::int32_t coins_;
  std::uint16_t refresh_ = 0, interval_;
  std::uint8_t neighbour_ = 0, far_ = 0, exchanges_ = 0;
  bool replying_ = false;  ///< the divider has a result, or coins are owed: waits for the network
  PublishedPacket reply_;
};

/// Units on a mesh, tile of column x and row y being y * width + x.
class PublishedMesh {
 public:
  /// bad_input with the tile: coins or max outside their bits, an interval of 0 or beyond 2047, min above max, a
  /// partner that is no managed tile or the tile itself; a width that does not divide the tiles; more than 32 tiles or
  /// none.
  static Result<PublishedMesh> make(const std::vector<PublishedSettings>& settings, std::size_t width,
                                    std::string where);

  /// One cycle. Precondition: one flag for each tile.
  void step(const std::vector<bool>& active);

  std::size_t tiles() const { return units_.size(); }
  const PublishedUnit& unit(std::size_t tile) const { return units_[tile]; }
  std::int64_t held() const;       ///< sum of balances
  std::int64_t positive() const;   ///< sum of balances above 0: what may be spent at once
  std::int64_t in_flight() const;  ///< credits less debts on the way
  std::uint64_t packets() const { return packets_; }

 private:
  PublishedMesh(const std::vector<PublishedSettings>& settings, std::size_t width);

  std::vector<PublishedSettings> settings_;
  std::vector<PublishedUnit> units_;
  UnitNetwork<PublishedPacket> network_;
  std::uint64_t packets_ = 0;
};

}  // namespace cradle::power
