// From coins to what a device is set to and back, pure: always rounded so that the draw is never above the grant.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cradle/actuator/actuator.h"
#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::actuator {

/// What coins are worth: floor + coin x coins watts. The floor is granted for ever and costs no coins.
struct CoinLaw {
  carbon::Watts floor{0};
  carbon::Watts coin{1};  ///< > 0
};
/// The grant of that many coins; none for a negative number.
carbon::Watts grant(const CoinLaw& law, std::int64_t coins);
/// The fewest coins whose grant covers the draw, at most 2^31 - 1.
std::int64_t coins_to_cover(const CoinLaw& law, carbon::Watts draw);

/// What a device draws at most when it is held to a level: straight lines between declared points.
class PowerCurve {
 public:
  struct Point {
    std::int64_t amount;
    carbon::Watts draw;
  };
  /// bad_input: fewer than two points, amounts that do not grow or are not 0 to 10^12, draws that fall, are negative or
  /// not finite; the error names the point.
  static Result<PowerCurve> make(Unit unit, std::vector<Point> points, std::string_view where);
  /// A limit in watts on a part of a machine whose rest draws `rest`.
  static Result<PowerCurve> limit(carbon::Watts rest, std::string_view where);
  /// Quota of a control group: what the machine draws without it, and for each core of it (a declared figure: a core's
  /// share of the package at full load). `cores` > 0 is where the line ends.
  static Result<PowerCurve> cores(carbon::Watts rest, carbon::Watts core, std::int64_t cores, std::string_view where);

  Unit unit() const { return unit_; }
  const std::vector<Point>& points() const { return points_; }
  /// Never falls. Below the first and above the last point as there; no limit: as at the last.
  carbon::Watts draw(const Level& level) const;
  /// The largest amount from the first to the last point whose draw is not above `watts`; budget_exceeded if there is
  /// none.
  Result<Level> level(carbon::Watts watts) const;

 private:
  carbon::Watts draw_at(std::int64_t amount) const;
  Unit unit_ = Unit::microwatts;
  std::vector<Point> points_;
};

struct Placement {
  Level level;              ///< within the device's range, on one of its steps
  carbon::Watts draw{};     ///< <= the grant
  bool at_highest = false;  ///< the device's or the curve's highest: more watts would change nothing
};
/// What to set for a grant, rounded down, never beyond the end of the curve. budget_exceeded, with the least watts in
/// the hint, if even the device's lowest draws more; bad_input if curve and device differ in unit or do not meet.
Result<Placement> place(const PowerCurve& curve, carbon::Watts watts, const Range& range);

/// The tile unit's table: 16 values at equal distances in coins, straight lines between them rounded down, all in whole
/// numbers as hardware does it (one multiplication and a shift).
class CoinTable {
 public:
  static constexpr std::size_t points = 16;
  /// Coins are 0 .. 2^coin_bits - 1 (4 <= coin_bits <= 16); value i is that of i x 2^(coin_bits - 4) coins. The last is
  /// held to the end. bad_input: values that fall, are negative or above 2^40.
  static Result<CoinTable> make(const std::array<std::int64_t, points>& values, unsigned coin_bits,
                                std::string_view where);
  /// The highest such table that nowhere allows more than `place` does for the same coins: where the exact law bends
  /// upwards, a straight line would. Errors as of place for no coins at all.
  static Result<CoinTable> below(const PowerCurve& curve, const CoinLaw& law, const Range& range, unsigned coin_bits);

  /// Negative coins count as none, more than the most as the most.
  std::int64_t value(std::int64_t coins) const;
  /// The fewest coins whose value is at least `wanted`; -1 if there are none.
  std::int64_t coins(std::int64_t wanted) const;
  const std::array<std::int64_t, points>& values() const { return values_; }

 private:
  std::array<std::int64_t, points> values_{};
  unsigned shift_ = 0;
};

}  // namespace cradle::actuator
