// From what meters show to whole microjoules: counters that wrap, powers that are integrated, fractions carried on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cradle/carbon/quantity.h"

namespace cradle::meter {

/// One step of a counter: its energy, and what has to be told of it.
struct CounterStep {
  std::int64_t microjoules = 0;
  std::string event;  ///< as ZoneReading::event
};

/// A counter of microjoules that starts again from 0 when it reaches its range.
class EnergyCounter {
 public:
  struct Options {
    std::int64_t range = 0;  ///< microjoules from one wrap to the next; 0: it is not known to wrap
    /// More than this is no energy but a counter that was reset or lies; 0: everything is believed.
    carbon::Watts plausible{};
  };
  EnergyCounter() = default;
  explicit EnergyCounter(const Options& options) : options_(options) {}

  /// The first value sets the mark. A step down is one wrap if the range is known and the energy plausible, else "ran
  /// backwards" without energy. An interval (ns, 0: unknown) in which the plausible power could wrap it twice is told
  /// of, for the energy may then be short by whole ranges.
  CounterStep step(std::int64_t value, std::int64_t interval_ns);
  void forget() { mark_.reset(); }

 private:
  Options options_;
  std::optional<std::int64_t> mark_;
};

/// Whole microjoules of a sum that is not whole: what is cut off comes with the next.
class WholeMicrojoules {
 public:
  /// Precondition: finite. Never negative: a negative amount is carried until others outweigh it.
  std::int64_t add(double microjoules);

 private:
  double carried_ = 0;
};

/// Power readings as energy, by the trapezoid between two of them.
class PowerIntegral {
 public:
  /// Energy since the reading before, which the first and one after `forget` do not have.
  std::int64_t add(carbon::Watts power, std::int64_t interval_ns);
  void forget() { before_.reset(); }

 private:
  std::optional<carbon::Watts> before_;
  WholeMicrojoules whole_;
};

/// `total` in proportion to `weights`, in whole parts that add up to it exactly (largest remainder, ties to the lower
/// position). Preconditions: total >= 0, weights >= 0 and not all 0, their sum below 2^53.
std::vector<std::int64_t> split_exactly(std::int64_t total, const std::vector<std::int64_t>& weights);

}  // namespace cradle::meter
