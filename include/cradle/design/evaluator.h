// A design space made ready for evaluation: point by point, or many in a row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cradle/design/point.h"
#include "cradle/design/space.h"

namespace cradle::design {

/// What keeps a point from being a candidate.
enum class Standing : std::uint8_t {
  feasible,
  impossible,  ///< it cannot be made: the package does not take these dies, a die exceeds the wafer or
               ///< Space::largest_die, one die of two nodes or of two reuse shares, reclaimed tiers grown on one wafer
  excluded,    ///< against a constraint, or slower than the work that it must do
};

struct Evaluated {
  Standing standing = Standing::impossible;
  Outcome<double> outcome{};  ///< not meaningful for an impossible point
};

/// Which arithmetic values come from.
enum class Arithmetic : std::uint8_t {
  strict,  ///< IEEE double, one point after the other: the same bits on every machine, in every order
  lanes,   ///< the machine's vectors: exp and log differ in the last digits, values by less than 1e-12 relative
};

/// Feasible points of a range, and how many others it had.
struct Batch {
  std::vector<std::uint64_t> indices;
  std::vector<double> rows;  ///< values of the space's objectives, point after point
  std::uint64_t impossible = 0;
  std::uint64_t oversized = 0;  ///< of the impossible: put together, but a die exceeds Space::largest_die
  std::uint64_t excluded = 0;

  void clear();
};

/// Immutable once made; may be used from many threads. Holds the space by pointer: the space must outlive it.
class Evaluator {
 public:
  explicit Evaluator(const Space& space);

  const Space& space() const { return *space_; }

  /// One point by itself. Precondition: index < space().points().
  Evaluated at(std::uint64_t index) const;

  /// Everything the equations take of a point, and how it is built; nothing if its package does not take its dies, its
  /// blocks cannot share one die, or tiers that are grown on one wafer would be reclaimed.
  struct Parts {
    PointTerms<double> terms;
    Build build;
  };
  std::optional<Parts> parts(std::uint64_t index) const;

  /// The standing of a point that could be put together.
  Standing standing(const Outcome<double>& outcome) const;
  /// A die of it exceeds Space::largest_die: one reason to be impossible.
  bool oversized(const Outcome<double>& outcome) const { return outcome.largest > space_->largest_die.value(); }

 private:
  friend class Collector;

  /// The alternatives of a block.
  struct BlockTable {
    std::vector<BlockTerms<double>> options;
    std::vector<std::uint32_t> dies;           ///< of each option
    std::vector<const void*> nodes;            ///< of each option
    std::vector<double> reuse;                 ///< of each option, ratio
    bool shares_reclaiming = true;             ///< is reclaimed as the first block is
    std::vector<std::vector<double>> columns;  ///< term by term, for the vector path
  };
  /// The slow axes of a point.
  struct Outer {
    SystemTerms<double> system;
    std::size_t package = 0;
    bool merged = false;
  };
  Outer outer(std::uint64_t number) const;
  /// A package with so many dies in it.
  struct Packed {
    bool takes = false;
    Counts<double> counts;
    double tries = 1;
    Build build;  ///< of blocks that are not merged
  };
  /// The chosen option of each block, where it lies in its table.
  struct Blocks {
    std::array<const BlockTerms<double>*, most_blocks> of;
    const BlockTerms<double>& operator[](std::size_t block) const { return *of[block]; }
  };
  /// `number`: of the blocks' options. Null if they cannot be put together.
  const Packed* put_together(const Outer& outer, std::uint64_t number, Blocks& blocks) const;
  Evaluated evaluated(const Outer& outer, std::uint64_t number) const;

  const Space* space_;
  std::uint64_t block_points_;
  std::vector<BlockTable> blocks_;
  std::vector<SystemTerms<double>> systems_;  ///< package: all terms but those of the other slow axes
  std::vector<std::vector<Packed>> packed_;   ///< package, dies
};

/// Evaluates ranges of points, keeping what neighbours share. One for each thread.
class Collector {
 public:
  explicit Collector(const Evaluator& evaluator, Arithmetic arithmetic = Arithmetic::strict);

  /// Appends the points first .. first + count - 1 to the batch. Strict values have the same bits as those of
  /// Evaluator::at. Precondition: first + count <= space.points().
  void collect(std::uint64_t first, std::uint64_t count, Batch& batch);

 private:
  void enter(std::uint64_t outer);
  void strict_range(std::uint64_t first, std::uint64_t count, Batch& batch);
  void lanes_range(std::uint64_t first, std::uint64_t count, Batch& batch);
  void one_by_one(std::uint64_t first, std::uint64_t count, Batch& batch);
  void keep(std::uint64_t index, Standing standing, const Outcome<double>& outcome, Batch& batch) const;

  const Evaluator* evaluator_;
  Arithmetic arithmetic_;
  std::optional<std::uint64_t> entered_;  ///< number of the slow axes that `figures_` is for
  Evaluator::Outer outer_{};
  std::vector<std::vector<BlockFigures<double>>> figures_;  ///< block, option
};

}  // namespace cradle::design
