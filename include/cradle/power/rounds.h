// The synchronous engine: all tiles exchange at once, matching by matching. Vectorised, and exact to the coin.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/outcome.h"
#include "cradle/power/scenario.h"
#include "cradle/power/topology.h"

namespace cradle::power {

/// One matching of the topology, run by all its pairs at once.
struct Turn {
  bool far;
  std::uint32_t matching;
};

/// Which matchings make up each period. In a period each tile has one turn as the asker: on a torus it asks its eastern
/// partner, in the next period its southern one (the two or three matchings along rows, then those along columns); in
/// every far_every-th period it asks the partner d columns or rows on (both far matchings of that distance), longest d
/// first. So a period of a torus with sides above 2 is as many exchanges as there are tiles, far ones but for a few at
/// the seam. Far partners of a torus of up to 64 tiles, and a graph, take two matchings a period, in turn.
class Schedule {
 public:
  /// far_every 0, or a topology without far partners: never far. Precondition: far_every is not 1.
  Schedule(const Topology& topology, std::uint32_t far_every);
  const std::vector<Turn>& period(std::uint64_t index) const;
  /// After so many periods every matching had its turn.
  std::uint64_t cycle() const;

 private:
  std::vector<std::vector<Turn>> near_, far_;
  std::uint32_t far_every_;
};

struct RoundsOptions {
  Protocol rule = Protocol::escrow;  ///< escrow: nearest_transfer; published: published_transfer
  std::uint32_t far_every = usual_far_every(Protocol::escrow);  ///< 0: never
  std::uint32_t periods = 20'000;                               ///< at most this many
  /// Ends when the mean error has been below one coin for 16 periods, or when no coin moved in a whole cycle.
  bool until_settled = true;
  unsigned threads = 1;                                  ///< 0: one per processor; the outcome does not depend on it
  std::function<bool(std::uint64_t period)> go_on = {};  ///< asked after each period; false: the run ends; no throwing
};

/// Exchanges the coins of `tiles` in place. Of the outcome: events are exchanges; messages count ask and answer, for
/// escrow also the coins that an asker sends after the answer; nothing is ever in flight between periods, so nothing is
/// over budget or lost. bad_input: what check() refuses, another rule than the two, far_every 1, more than 10 million
/// periods.
Result<PowerOutcome> run_rounds(const Topology& topology, Tiles& tiles, const RoundsOptions& options);

}  // namespace cradle::power
