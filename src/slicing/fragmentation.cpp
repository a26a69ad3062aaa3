#include "cradle/slicing/fragmentation.h"

#include <bit>
#include <cmath>

namespace cradle::slicing {

Result<SliceFragmentation> SliceFragmentation::make(const PartitionTable& table, std::span<const SliceDemand> demands) {
  double sum = 0;
  for (const SliceDemand& demand : demands) {
    if (demand.profile >= table.profiles().size())
      return bad_input("no profile number " + std::to_string(demand.profile), "demands", "use the table's profiles");
    if (!std::isfinite(demand.share) || demand.share < 0)
      return bad_input("a share is negative or no number", table.profile(demand.profile).name, "give shares of jobs");
    sum += demand.share;
  }
  if (!(sum > 0) || !std::isfinite(sum)) return bad_input("no demand", "demands", "give at least one share above 0");
  SliceFragmentation result;
  const unsigned all = (1U << table.memory_slices()) - 1U;
  for (std::size_t s = 0; s < table.states(); ++s) {
    const auto state = static_cast<StateId>(s);
    double amount = 0;
    for (const SliceDemand& demand : demands) {
      unsigned usable = 0;
      for (int start = 0; start < table.memory_slices(); ++start)
        if (table.fits(state, demand.profile) >> start & 1)
          usable |= ((1U << table.profile(demand.profile).memory) - 1U) << start;
      amount += demand.share / sum * std::popcount(all & ~table.mask(state) & ~usable);
    }
    result.amount_.push_back(amount);
  }
  return result;
}

std::vector<SliceDemand> even_demands(const PartitionTable& table) {
  std::vector<SliceDemand> demands;
  for (std::size_t p = 0; p < table.profiles().size(); ++p) demands.push_back({static_cast<ProfileId>(p), 1});
  return demands;
}

SlicePlacer::SlicePlacer(const PartitionTable& table, const SliceFragmentation& fragmentation)
    : profiles_(table.profiles().size()) {
  for (std::size_t s = 0; s < table.states(); ++s) {
    const auto state = static_cast<StateId>(s);
    used_.push_back(static_cast<std::uint8_t>(std::popcount(table.mask(state))));
    for (std::size_t p = 0; p < profiles_; ++p) {
      Step best;
      for (int start = 0; start < table.memory_slices(); ++start) {
        const StateId next = table.with(state, {static_cast<ProfileId>(p), static_cast<std::uint8_t>(start)});
        if (next == no_state) continue;
        const auto growth = static_cast<float>(fragmentation.amount(next) - fragmentation.amount(state));
        if (best.next == no_state || growth < best.growth) best = {growth, next, static_cast<std::uint8_t>(start)};
      }
      steps_.push_back(best);
    }
  }
}

std::optional<SlicePlacer::Place> SlicePlacer::place(std::span<const StateId> accelerators, ProfileId profile) const {
  std::optional<Place> best;
  for (std::size_t i = 0; i < accelerators.size(); ++i) {
    const Step& here = step(accelerators[i], profile);
    if (here.next == no_state) continue;
    if (best && (here.growth > best->step.growth || (here.growth == best->step.growth &&
                                                     used_[accelerators[i]] <= used_[accelerators[best->accelerator]])))
      continue;
    best = Place{i, here};
  }
  return best;
}

}  // namespace cradle::slicing
