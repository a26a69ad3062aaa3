// The law of the simulated meter: what a machine draws, by declaration, so that tests and benches know the truth.
#pragma once

#include <cstdint>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/meter/meter.h"

namespace cradle::meter {

using JoulesPerByte = carbon::Quantity<carbon::Dimension<1, 0, 0, 0, 0, -1>>;

/// P = idle + core x busy + cubic x busy^3 + byte x bytes/s, `busy` being the processors' mean number at work. The
/// first three terms are the zone "package-0", the last "disk" and "network". The rest spoils the meter, not the law.
struct SimulatedLaw {
  carbon::Watts idle{10};
  carbon::Watts core{10};
  carbon::Watts cubic{0};
  JoulesPerByte byte{0};
  double noise = 0;           ///< standard deviation of one reading, relative
  carbon::Seconds wrap{0};    ///< counters wrap that often at full load, which readings must outpace; 0: never
  carbon::Seconds jitter{0};  ///< a reading is of a moment up to this much earlier than it says
  double missed = 0;          ///< probability that a reading does not come: its energy comes with the next
  std::uint64_t seed = 1;
};

/// "idle=10,core=10,cubic=0,byte=0,noise=0,wrap_s=0,jitter_ms=0,missed=0,seed=1" in any part and order; W, W per
/// processor, W, J/byte, ratio, s, ms, probability. bad_input, with the nearest key, for anything else.
Result<SimulatedLaw> parse_simulated_law(std::string_view text, std::string_view where);

/// What the law draws for this activity: the sum of the zones' energy without noise. Zero without an interval.
carbon::Joules energy(const SimulatedLaw& law, const Activity& activity);
/// Of it, the zone "package-0".
carbon::Joules package_energy(const SimulatedLaw& law, const Activity& activity);

}  // namespace cradle::meter
