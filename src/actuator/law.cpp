#include "cradle/actuator/law.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "cradle/base/text.h"

namespace cradle::actuator {

using carbon::Watts;

namespace {

constexpr std::int64_t most_coins = std::numeric_limits<std::int32_t>::max();
/// Of any unit; in watts a megawatt, more than any device that has a limit.
constexpr std::int64_t most_amount = 1'000'000'000'000;
constexpr std::int64_t most_value = std::int64_t{1} << 40;
constexpr unsigned index_bits = 4;

std::string in_watts(Watts watts) { return shortest(watts.value()) + " W"; }

}  // namespace

Watts grant(const CoinLaw& law, std::int64_t coins) {
  return law.floor + law.coin * static_cast<double>(std::max<std::int64_t>(coins, 0));
}

std::int64_t coins_to_cover(const CoinLaw& law, Watts draw) {
  if (!(grant(law, 0) < draw)) return 0;
  if (grant(law, most_coins) < draw) return most_coins;
  std::int64_t short_of = 0, enough = most_coins;
  while (enough - short_of > 1) {
    const std::int64_t middle = short_of + (enough - short_of) / 2;
    (grant(law, middle) < draw ? short_of : enough) = middle;
  }
  return enough;
}

Result<PowerCurve> PowerCurve::make(Unit unit, std::vector<Point> points, std::string_view where) {
  const std::string at(where);
  if (points.size() < 2)
    return bad_input("a power curve of " + std::to_string(points.size()) + " points", at,
                     "give at least two: the lowest and the highest level with what is drawn there");
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::string here = at + ", point " + std::to_string(i + 1);
    const double watts = points[i].draw.value();
    if (points[i].amount < 0 || points[i].amount > most_amount)
      return bad_input("a level out of range", here, "levels are whole numbers from 0 to 10^12");
    if (!std::isfinite(watts) || watts < 0) return bad_input("a draw that is no power", here, "give watts >= 0");
    if (i == 0) continue;
    if (points[i].amount <= points[i - 1].amount)
      return bad_input("its level is not above that of the point before", here, "sort the points by level, each once");
    if (points[i].draw < points[i - 1].draw)
      return bad_input("its draw is below that of the point before", here,
                       "a higher level cannot draw less: take the larger of both");
  }
  PowerCurve curve;
  curve.unit_ = unit;
  curve.points_ = std::move(points);
  return curve;
}

Result<PowerCurve> PowerCurve::limit(Watts rest, std::string_view where) {
  return make(Unit::microwatts, {{0, rest}, {most_amount, rest + Watts{most_amount / 1e6}}}, where);
}

Result<PowerCurve> PowerCurve::cores(Watts rest, Watts core, std::int64_t cores, std::string_view where) {
  if (cores <= 0 || cores > 1'000'000)
    return bad_input(std::to_string(cores) + " cores", std::string(where), "give the number of processors");
  return make(Unit::microcores, {{0, rest}, {cores * 1'000'000, rest + core * static_cast<double>(cores)}}, where);
}

Watts PowerCurve::draw_at(std::int64_t amount) const {
  if (amount <= points_.front().amount) return points_.front().draw;
  const auto after = std::upper_bound(points_.begin(), points_.end(), amount,
                                      [](std::int64_t value, const Point& point) { return value < point.amount; });
  if (after == points_.end()) return points_.back().draw;
  const Point& a = *(after - 1);
  const Point& b = *after;
  const double part = static_cast<double>(amount - a.amount) / static_cast<double>(b.amount - a.amount);
  // `part` is below 1 by more than rounding can add, since amounts have at most 40 bits: the order is kept.
  return a.draw + (b.draw - a.draw) * part;
}

Watts PowerCurve::draw(const Level& level) const {
  return level.unlimited ? points_.back().draw : draw_at(level.amount);
}

Result<Level> PowerCurve::level(Watts watts) const {
  if (!(points_.front().draw <= watts))
    return Error{ErrorCode::budget_exceeded, "a grant of " + in_watts(watts) + " is below the least draw",
                 "power curve", "grant at least " + in_watts(points_.front().draw)};
  std::int64_t low = points_.front().amount, high = points_.back().amount;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (draw_at(middle) <= watts)
      low = middle;
    else
      high = middle - 1;
  }
  return Level{unit_, low, false};
}

Result<Placement> place(const PowerCurve& curve, Watts watts, const Range& range) {
  if (curve.unit() != range.lowest.unit)
    return bad_input("the power curve is of another unit than the device", "power curve",
                     "declare the curve over levels such as " + to_string(range.highest));
  if (curve.points().back().amount < range.lowest.amount)
    return bad_input("the power curve ends below the device's lowest, " + to_string(range.lowest), "power curve",
                     "declare it up to " + to_string(range.highest));
  const Watts least = curve.draw(range.lowest);
  if (!(least <= watts))
    return Error{
        ErrorCode::budget_exceeded,
        "a grant of " + in_watts(watts) + " is below what the device draws at its lowest, " + to_string(range.lowest),
        "power curve", "grant at least " + in_watts(least) + ": make it the floor"};
  const auto level = curve.level(watts);
  if (!level) return level.error();
  // Nothing is declared beyond the curve's end: a device is never set there.
  const std::int64_t highest = std::min(range.highest.amount, curve.points().back().amount);
  Placement placement;
  placement.at_highest = level->amount >= highest;
  std::int64_t amount = std::clamp(level->amount, range.lowest.amount, highest);
  const std::int64_t step = std::max<std::int64_t>(range.step, 1);
  amount = range.lowest.amount + (amount - range.lowest.amount) / step * step;
  placement.level = {curve.unit(), amount, false};
  placement.draw = curve.draw(placement.level);
  return placement;
}

Result<CoinTable> CoinTable::make(const std::array<std::int64_t, points>& values, unsigned coin_bits,
                                  std::string_view where) {
  const std::string at(where);
  if (coin_bits < index_bits || coin_bits > 16)
    return bad_input("coins of " + std::to_string(coin_bits) + " bits", at, "4 to 16 bits");
  for (std::size_t i = 0; i < points; ++i) {
    const std::string here = at + ", value " + std::to_string(i + 1);
    if (values[i] < 0 || values[i] > most_value)
      return bad_input("not from 0 to 2^40: " + std::to_string(values[i]), here, "choose a larger unit");
    if (i > 0 && values[i] < values[i - 1])
      return bad_input("less than the value before", here, "more coins may not give less: sort the values");
  }
  CoinTable table;
  table.values_ = values;
  table.shift_ = coin_bits - index_bits;
  return table;
}

Result<CoinTable> CoinTable::below(const PowerCurve& curve, const CoinLaw& law, const Range& range,
                                   unsigned coin_bits) {
  auto table = make({}, coin_bits, "coin table");
  if (!table) return table.error();
  std::vector<std::int64_t> exact;
  for (std::int64_t coins = 0; coins < std::int64_t{1} << coin_bits; ++coins) {
    const auto placed = place(curve, grant(law, coins), range);
    if (!placed) return placed.error();
    exact.push_back(placed->level.amount);
  }
  const std::size_t stride = std::size_t{1} << table->shift_;
  table->values_[0] = exact[0];
  for (std::size_t i = 0; i + 1 < points; ++i) {
    const std::int64_t from = table->values_[i];
    std::int64_t to = exact[(i + 1) * stride];
    // exact never falls and starts at or above `from`, so neither do the values.
    for (std::size_t part = 1; part < stride; ++part) {
      const std::int64_t rise = exact[i * stride + part] - from;
      to = std::min(to, from + rise * static_cast<std::int64_t>(stride) / static_cast<std::int64_t>(part));
    }
    table->values_[i + 1] = to;
  }
  return make(table->values_, coin_bits, "coin table");
}

std::int64_t CoinTable::value(std::int64_t coins) const {
  const std::int64_t most = (std::int64_t{1} << (shift_ + index_bits)) - 1;
  coins = std::clamp<std::int64_t>(coins, 0, most);
  const auto index = static_cast<std::size_t>(coins >> shift_);
  if (index + 1 == points) return values_[index];
  const std::int64_t part = coins & ((std::int64_t{1} << shift_) - 1);
  return values_[index] + (((values_[index + 1] - values_[index]) * part) >> shift_);
}

std::int64_t CoinTable::coins(std::int64_t wanted) const {
  const std::int64_t most = (std::int64_t{1} << (shift_ + index_bits)) - 1;
  if (value(most) < wanted) return -1;
  std::int64_t low = 0, high = most;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (value(middle) >= wanted)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

}  // namespace cradle::actuator
