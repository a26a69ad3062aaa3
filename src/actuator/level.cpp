#include <cmath>
#include <cstdint>
#include <limits>

#include "cradle/actuator/actuator.h"
#include "cradle/base/text.h"

namespace cradle::actuator {

bool above(const Level& a, const Level& b) {
  if (a.unlimited || b.unlimited) return a.unlimited && !b.unlimited;
  return a.amount > b.amount;
}

std::string to_string(const Level& level) {
  if (level.unlimited) return "no limit";
  const auto amount = static_cast<double>(level.amount);
  switch (level.unit) {
    case Unit::microwatts: return shortest(amount / 1e6) + " W";
    case Unit::microcores: return shortest(amount / 1e6) + " cores";
    case Unit::kilohertz: return std::to_string(level.amount) + " kHz";
    case Unit::hundredths: return shortest(amount / 100) + " %";
  }
  return {};
}

Level level_of(carbon::Watts watts) {
  // What is no number, or none that fits, is outside of every range.
  constexpr double most = 9e18;
  const double exact = watts.value() * 1e6;
  if (!(exact >= -most)) return {Unit::microwatts, std::numeric_limits<std::int64_t>::min(), false};
  if (exact > most) return {Unit::microwatts, std::numeric_limits<std::int64_t>::max(), false};
  // Dividing back is what `watts_of` does: the largest whole number that is not above in the same arithmetic.
  auto amount = static_cast<std::int64_t>(std::floor(exact));
  if (static_cast<double>(amount + 1) / 1e6 <= watts.value()) ++amount;
  if (static_cast<double>(amount) / 1e6 > watts.value()) --amount;
  return {Unit::microwatts, amount, false};
}

carbon::Watts watts_of(const Level& level) { return carbon::Watts{static_cast<double>(level.amount) / 1e6}; }

const char* to_string(Known known) { return known == Known::real ? "real" : "simulated"; }

}  // namespace cradle::actuator
