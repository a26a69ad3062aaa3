// How many free slices the jobs that usually come could not use, and where the next slice does least harm.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/slicing/partition.h"

namespace cradle::slicing {

/// One profile that jobs ask for, and the share of jobs that ask for it.
struct SliceDemand {
  ProfileId profile;
  double share;
};

/// The fragment measure of Weng et al. (FGD, USENIX ATC 2023), restated for slices:
///   F(state) = sum over profiles m of share(m) * fragment(state, m), in memory slices,
/// where fragment(state, m) counts the free memory slices that no instance of m could take: all of them when m does not
/// fit, else those outside every start at which it fits.
class SliceFragmentation {
 public:
  /// Shares are scaled to a sum of 1. bad_input: no demand, a share that is negative or not finite, all of them 0, a
  /// profile outside the table.
  static Result<SliceFragmentation> make(const PartitionTable& table, std::span<const SliceDemand> demands);

  /// Expected unusable memory slices.
  double amount(StateId state) const { return amount_[state]; }
  std::span<const double> amounts() const { return amount_; }

 private:
  std::vector<double> amount_;
};

/// Every profile of the table alike.
std::vector<SliceDemand> even_demands(const PartitionTable& table);

/// Where an arriving instance goes: for each state and profile the start after which fragmentation grows least, looked
/// up in a table.
class SlicePlacer {
 public:
  struct Step {
    float growth = 0;  ///< of the fragment measure, memory slices; negative when the instance fills a fragment
    StateId next = no_state;
    std::uint8_t start = 0;
  };
  struct Place {
    std::size_t accelerator;
    Step step;
  };

  SlicePlacer(const PartitionTable& table, const SliceFragmentation& fragmentation);

  /// The best start in one state; `next` is no_state if the profile does not fit. Ties: the lowest start.
  const Step& step(StateId state, ProfileId profile) const { return steps_[state * profiles_ + profile]; }
  /// The best of several accelerators: least growth, then the fullest, then the first. Nothing if it fits on none.
  std::optional<Place> place(std::span<const StateId> accelerators, ProfileId profile) const;

 private:
  std::size_t profiles_;
  std::vector<Step> steps_;
  std::vector<std::uint8_t> used_;  ///< memory slices taken, by state
};

}  // namespace cradle::slicing
