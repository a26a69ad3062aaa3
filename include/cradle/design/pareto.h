// The exact Pareto front of a stream of points: all that no other point beats. Memory grows with the front, not with
// the stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::design {

inline constexpr std::size_t most_objectives = 8;

/// A point and its values; lower is better in each.
struct FrontPoint {
  std::uint64_t index = 0;
  std::vector<double> values;
  friend bool operator==(const FrontPoint&, const FrontPoint&) = default;
};

/// A point is on the front if no other has values that are all at most its own, one of them less. Of points with equal
/// values the one of the lowest index stands for all. So the front depends on the set of points alone, not on their
/// order, and fronts of parts may be merged in any order.
///
/// Points are held back in batches, so that most of them meet a few members of the front only; the front is kept in
/// small groups of near neighbours, so that a point meets the members of few groups.
class ParetoFront {
 public:
  /// Precondition: 1 <= objectives <= most_objectives.
  explicit ParetoFront(std::size_t objectives);
  ParetoFront(ParetoFront&&) noexcept;
  ParetoFront& operator=(ParetoFront&&) noexcept;
  ~ParetoFront();

  /// Adds indices.size() points; `rows` holds their values, point after point. False if a value is NaN or infinite:
  /// that point is refused, and those after it.
  [[nodiscard]] bool add(std::span<const double> rows, std::span<const std::uint64_t> indices);
  /// Adds the other's front. Precondition: as many objectives.
  void merge(const ParetoFront& other);
  /// Compares what is held back; then `held` is the size of the front.
  void settle();

  std::size_t objectives() const;
  /// How many points are held: the front, and a batch that has not been compared yet.
  std::size_t held() const;
  /// The front in the order of the values (first objective, then second, ...).
  std::vector<FrontPoint> points() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

/// The front of points in memory, their numbers as index. bad_input if there are no or too many objectives, rows of
/// unequal length, or a value that is NaN or infinite (with the number of the point).
Result<std::vector<FrontPoint>> pareto_front(std::span<const std::vector<double>> points);

}  // namespace cradle::design
