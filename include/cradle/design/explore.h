// Every point of a design space, streamed: its exact Pareto front, a fair sample of the rest, and what stands out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/design/evaluator.h"
#include "cradle/design/pareto.h"
#include "cradle/design/space.h"

namespace cradle::design {

/// Memory grows with the front.
inline constexpr std::size_t most_front_points = 4'000'000;

struct ExploreOptions {
  unsigned threads = 0;      ///< 0: one per processor; the result does not depend on it
  std::uint64_t seed = 42;   ///< of the sample
  std::size_t cloud = 2000;  ///< dominated points to keep for a plot
  std::size_t most_front = most_front_points;
  std::stop_token stop{};
  /// Told how many more points are done, from any of the threads.
  std::function<void(std::uint64_t)> progress{};
};

/// Values are in the order of the space's objectives, in coherent units (shown() converts).
struct Exploration {
  std::uint64_t points = 0;       ///< of the space
  std::uint64_t evaluated = 0;    ///< all of them, unless stopped
  std::uint64_t impossible = 0;   ///< of these: cannot be made
  std::uint64_t oversized = 0;    ///< of the impossible: put together, but a die exceeds Space::largest_die
  std::uint64_t excluded = 0;     ///< of these: against a constraint, or too slow for the work
  std::vector<FrontPoint> front;  ///< exact, in the order of its values
  /// Feasible points that are not on the front, a uniform sample (those of the lowest hash), in order of index.
  std::vector<FrontPoint> cloud;
  bool too_large = false;  ///< the front outgrew most_front before all points were seen
  bool complete() const { return evaluated == points; }
};

/// The space is walked in rounds of 2^20 points. The search ends after the first round with which the front of all
/// points so far outgrows most_front, the same round on any number of threads; that front is returned. A stopped search
/// returns what is known of the points so far. Where the space has no feasible point the front is empty. bad_input if a
/// value is not finite.
Result<Exploration> explore(const Space& space, const ExploreOptions& options = {});

/// The front point nearest to the ideal one in the unit cube that the front spans (Euclidean; the first of equals), as
/// a position in the front. Precondition: the front is not empty.
std::size_t knee(const std::vector<FrontPoint>& front);
/// The position of the front point that is best in the objective of that position (the first of equals).
std::size_t best(const std::vector<FrontPoint>& front, std::size_t objective);

}  // namespace cradle::design
