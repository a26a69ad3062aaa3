// The simulated actuator: a file of microwatts that answers late, refuses, lies a little or dies, as declared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::actuator {

/// The limit stands in a file (whole microwatts), so that a watchdog can write it back and a test can look at it.
struct SimulatedDevice {
  std::filesystem::path file;  ///< must exist: what it holds is what the device was before
  carbon::Watts lowest{10}, highest{100}, step{1};
  carbon::Seconds latency{0};  ///< until `current` shows what was set
  double refusal = 0;          ///< probability that a write is refused, nothing changed
  double stuck = 0;  ///< probability that a write is accepted and changes nothing, as where firmware has a lock
  double noise = 0;  ///< relative standard deviation of `current`
  double crash = 0;  ///< probability that a write, once done, is the last thing that the device answers
  std::uint64_t seed = 1;
};

/// "FILE[,lowest=10,highest=100,step=1,latency_ms=0,refusal=0,stuck=0,noise=0,crash=0,seed=1]" in any part and order;
/// watts, milliseconds, probabilities. bad_input, with the nearest key, for anything else.
Result<SimulatedDevice> parse_simulated_device(std::string_view text, std::string_view where);

}  // namespace cradle::actuator
