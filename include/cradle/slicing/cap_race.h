// Race to idle or slow and steady: full power and then nothing, or the lowest cap that still meets the deadline.
#pragma once

#include "cradle/slicing/cap.h"

namespace cradle::slicing {

/// Which of two strategies emits less, and whether the bounds leave room for the other answer.
enum class Verdict { race, steady, unclear };

/// The intensity at which both emit the same: below it racing emits less, above it being steady. 0: being steady does
/// at every intensity. Infinite: racing does, because being steady takes no less energy (to 1e-12 of it).
struct BreakEven {
  carbon::GramsPerJoule value;  ///< by the middle values
  carbon::GramsPerJoule low;    ///< over every combination of the bounds, but for the intensity
  carbon::GramsPerJoule high;
};

struct CapRace {
  CapChoice race;                      ///< at full power, then idle or off until the deadline
  CapChoice steady;                    ///< the lowest cap that meets the deadline, then idle or off for what is left
  CapChoice best;                      ///< the cap with least grams that meets the deadline
  bool race_is_less = false;           ///< by the middle values
  Verdict verdict = Verdict::unclear;  ///< of race and steady, where every combination of bounds agrees
  BreakEven flip;
};

/// bad_input: what best_cap refuses.
Result<CapRace> race_or_steady(const CapCurve& curve, const CapJob& job, const CapCost& cost,
                               const carbon::Estimate<carbon::GramsPerJoule>& intensity);

}  // namespace cradle::slicing
