// Which sets of slices an accelerator can hold at once: placement rules searched once into tables, then O(1) look-ups.
//
// The rules (which profile may start at which memory slice, how many compute slices there are) are catalogue data; the
// states, the maximal layouts and every transition between them follow by search.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/catalog/accelerator_curves.h"

namespace cradle::slicing {

/// A valid set of instances; 0 is the empty one.
using StateId = std::uint16_t;
/// Index of a profile in its table.
using ProfileId = std::uint8_t;

inline constexpr StateId no_state = 0xFFFF;
inline constexpr ProfileId no_profile = 0xFF;

/// A slice that exists: its kind and its first memory slice.
struct Instance {
  ProfileId profile;
  std::uint8_t start;
  friend bool operator==(const Instance&, const Instance&) = default;
};

/// How many instances of each profile a state has, four bits by profile.
using Multiset = std::uint64_t;

/// Names of the profiles without a limit on their number: for each count of compute slices the one with least memory,
/// or with `wide` all of them (1g.20gb beside 1g.10gb). Profiles such as +me, of which an accelerator has at most one,
/// take the same slices as those without and are left to be named.
std::vector<std::string> plain_profiles(const catalog::Partitioning& rules, bool wide);

class PartitionTable {
 public:
  static constexpr int most_memory_slices = 8;  ///< so that a mask is one byte
  static constexpr int most_profiles = 14;

  /// Searches every state of the named profiles. bad_input: an unknown or repeated name, rules that contradict
  /// themselves (a start outside the memory, no profile, more slices or profiles than above), too many states.
  static Result<PartitionTable> make(const catalog::Partitioning& rules, std::span<const std::string> profiles);

  int memory_slices() const { return memory_slices_; }
  int compute_slices() const { return compute_slices_; }
  std::span<const catalog::SliceProfile> profiles() const { return profiles_; }
  const catalog::SliceProfile& profile(ProfileId id) const { return profiles_[id]; }
  /// bad_input with the nearest name if there is no such profile. `where` says who asked.
  Result<ProfileId> find_profile(std::string_view name, std::string where) const;
  /// The profile with most compute slices, then most memory.
  ProfileId whole() const { return whole_; }

  /// Valid states, the empty one included.
  std::size_t states() const { return states_.size(); }
  /// Memory slices that are taken, bit 0 the first.
  std::uint8_t mask(StateId state) const { return states_[state].mask; }
  /// Compute slices that are taken.
  int compute(StateId state) const { return states_[state].compute; }
  /// In order of start.
  std::span<const Instance> instances(StateId state) const {
    return {states_[state].instances.data(), states_[state].count};
  }
  Multiset multiset(StateId state) const { return states_[state].multiset; }

  /// Memory slices at which another instance of the profile may start, bit 0 the first; 0: it does not fit.
  std::uint8_t fits(StateId state, ProfileId profile) const { return fits_[index(state, profile)]; }
  /// The state with one instance more, or no_state.
  StateId with(StateId state, Instance added) const { return with_[index(state, added.profile) * 8 + added.start]; }
  /// The state without the instance that starts there, or no_state if none does.
  StateId without(StateId state, std::uint8_t start) const { return without_[state * std::size_t{8} + start]; }
  /// True if nothing more fits.
  bool maximal(StateId state) const { return states_[state].maximal; }

  /// Layouts to which nothing can be added, in order of id.
  std::vector<StateId> maximal_layouts() const;
  /// Distinct multisets of the maximal layouts, in order of their first layout.
  std::vector<Multiset> maximal_multisets() const;
  /// The states with exactly these instances up to their position; empty if there are none.
  std::span<const StateId> states_of(Multiset multiset) const;
  int count(Multiset multiset, ProfileId profile) const { return static_cast<int>(multiset >> (4 * profile) & 15); }

  /// The state with these instances. bad_input names the two that overlap, the start that is not allowed, or the limit
  /// that is passed. `where` says who asked.
  Result<StateId> find(std::span<const Instance> instances, const std::string& where) const;
  /// "3g.40gb@0 2g.20gb@4"; "empty" without instances.
  std::string text(StateId state) const;
  /// "3g.40gb + 2 x 2g.20gb", largest first.
  std::string text_of(Multiset multiset) const;
  /// Reads "3g.40gb@0,2g.20gb@4". Errors as for `find`, and for text that is no layout.
  Result<StateId> parse(std::string_view layout, const std::string& where) const;

 private:
  struct State {
    std::uint8_t mask = 0, compute = 0, count = 0;
    bool maximal = false;
    Multiset multiset = 0;
    std::array<Instance, most_memory_slices> instances{};
  };
  PartitionTable() = default;
  std::size_t index(StateId state, ProfileId profile) const { return state * profiles_.size() + profile; }
  std::uint8_t covers(Instance instance) const;
  Result<void> search();

  int memory_slices_ = 0, compute_slices_ = 0;
  ProfileId whole_ = 0;
  std::vector<catalog::SliceProfile> profiles_;
  std::vector<State> states_;
  std::vector<std::uint8_t> fits_;
  std::vector<StateId> with_, without_;
  std::unordered_map<Multiset, std::vector<StateId>> by_multiset_;
};

}  // namespace cradle::slicing
