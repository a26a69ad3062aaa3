// How the response of a protocol grows with the number of tiles: runs of many sizes and seeds, and the fitted law.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/baselines.h"
#include "cradle/power/outcome.h"
#include "cradle/power/scaling.h"
#include "cradle/power/scenario.h"

namespace cradle::power {

struct SweepOptions {
  Start start = Start::corner;
  std::vector<std::uint32_t> widths;  ///< of square tori
  /// 1, 2, ... for each width. A corner start: the first is the quadrant at the origin, the others are drawn.
  std::uint32_t seeds = 3;
  std::optional<std::uint32_t> far_every = std::nullopt;  ///< of exchange; 0: never; unset: usual_far_every
  Demands demands = Demands::equal;
  std::vector<Coins> weights = {};
  std::uint32_t step_cycles = calibrated_step_cycles;
  std::uint32_t period_cycles = 100;
  unsigned threads = 0;
};

struct SweepRow {
  std::uint32_t width = 0;
  std::uint64_t seed = 0;
  PowerOutcome outcome;
};

struct Sweep {
  Protocol protocol = Protocol::escrow;
  std::vector<SweepRow> rows;
  /// Over the sizes, each the geometric mean of its runs that settled; nothing if they are too few or settle at once
  /// whatever the size.
  std::optional<PowerLaw> law;
  std::string no_law;  ///< why
};

/// Exchange runs in synchronous rounds, the baselines in their latency models. `done` is called after each run, `go_on`
/// after each period of exchange; false: what there is so far, runs that are whole. bad_input: no widths, no seeds.
Result<Sweep> run_sweep(Protocol protocol, const SweepOptions& options, const std::function<bool()>& done = {},
                        const std::function<bool()>& go_on = {});

}  // namespace cradle::power
