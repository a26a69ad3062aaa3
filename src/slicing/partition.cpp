#include "cradle/slicing/partition.h"

#include <algorithm>
#include <bit>

#include "cradle/base/text.h"

namespace cradle::slicing {

namespace {

using catalog::SliceProfile;

Result<void> check_profile(const SliceProfile& profile, const catalog::Partitioning& rules) {
  const std::string where = rules.id + "." + profile.name;
  if (profile.memory < 1 || profile.memory > rules.memory_slices || profile.compute < 1 ||
      profile.compute > rules.compute_slices || profile.at_most < 0)
    return bad_input("the profile is larger than the accelerator or has no slices", where,
                     "give it 1.." + std::to_string(rules.compute_slices) + " compute and 1.." +
                         std::to_string(rules.memory_slices) + " memory slices");
  if (profile.starts.empty()) return bad_input("the profile starts nowhere", where, "list its first memory slices");
  for (const int start : profile.starts)
    if (start < 0 || start + profile.memory > rules.memory_slices)
      return bad_input("start " + std::to_string(start) + " reaches beyond the memory", where,
                       "starts are 0.." + std::to_string(rules.memory_slices - profile.memory));
  return {};
}

/// A state as a number: four bits for each memory slice, profile + 1 where an instance starts.
std::uint32_t with_instance(std::uint32_t key, Instance instance) {
  return key | static_cast<std::uint32_t>(instance.profile + 1) << (4 * instance.start);
}

}  // namespace

std::vector<std::string> plain_profiles(const catalog::Partitioning& rules, bool wide) {
  std::vector<std::string> names;
  for (const SliceProfile& profile : rules.profiles) {
    const bool smaller = std::any_of(rules.profiles.begin(), rules.profiles.end(), [&](const SliceProfile& other) {
      return other.at_most == 0 && other.compute == profile.compute && other.memory < profile.memory;
    });
    if (profile.at_most == 0 && (wide || !smaller)) names.push_back(profile.name);
  }
  return names;
}

Result<PartitionTable> PartitionTable::make(const catalog::Partitioning& rules, std::span<const std::string> profiles) {
  if (rules.memory_slices < 1 || rules.memory_slices > most_memory_slices || rules.compute_slices < 1 ||
      rules.compute_slices > 15)
    return bad_input("an accelerator has 1..8 memory and 1..15 compute slices", rules.id, "correct the record");
  if (profiles.empty() || profiles.size() > most_profiles)
    return bad_input(std::to_string(profiles.size()) + " profiles", rules.id, "name 1..14 of them");
  std::vector<std::string> known;
  for (const SliceProfile& profile : rules.profiles) known.push_back(profile.name);
  PartitionTable table;
  table.memory_slices_ = rules.memory_slices;
  table.compute_slices_ = rules.compute_slices;
  for (const std::string& name : profiles) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) return bad_input("no profile '" + name + "'", rules.id, suggest(name, known));
    for (const SliceProfile& taken : table.profiles_)
      if (taken.name == name) return bad_input("'" + name + "' is named twice", rules.id, "name each profile once");
    const SliceProfile& profile = rules.profiles[static_cast<std::size_t>(found - known.begin())];
    if (auto fine = check_profile(profile, rules); !fine) return fine.error();
    table.profiles_.push_back(profile);
  }
  for (std::size_t i = 1; i < table.profiles_.size(); ++i) {
    const SliceProfile &best = table.profiles_[table.whole_], &other = table.profiles_[i];
    if (std::pair(other.compute, other.memory) > std::pair(best.compute, best.memory))
      table.whole_ = static_cast<ProfileId>(i);
  }
  if (auto fine = table.search(); !fine) return fine.error();
  return table;
}

std::uint8_t PartitionTable::covers(Instance instance) const {
  return static_cast<std::uint8_t>(((1U << profiles_[instance.profile].memory) - 1U) << instance.start);
}

Result<void> PartitionTable::search() {
  std::unordered_map<std::uint32_t, StateId> ids{{0, 0}};
  std::vector<std::uint32_t> keys{0};
  states_.emplace_back();
  // Breadth first: the list grows while it is walked, and every state is met after those it grows from.
  for (std::size_t at = 0; at < states_.size(); ++at) {
    bool full = true;
    for (std::size_t p = 0; p < profiles_.size(); ++p) {
      const SliceProfile& profile = profiles_[p];
      const State state = states_[at];
      const bool allowed = state.compute + profile.compute <= compute_slices_ &&
                           (profile.at_most == 0 || count(state.multiset, static_cast<ProfileId>(p)) < profile.at_most);
      std::uint8_t starts = 0;
      std::array<StateId, 8> next;
      next.fill(no_state);
      for (const int start : profile.starts) {
        const Instance added{static_cast<ProfileId>(p), static_cast<std::uint8_t>(start)};
        if (!allowed || (covers(added) & state.mask) != 0) continue;
        const std::uint32_t key = with_instance(keys[at], added);
        const auto [found, is_new] = ids.try_emplace(key, static_cast<StateId>(states_.size()));
        if (is_new) {
          if (states_.size() == no_state)
            return bad_input("more than 65,534 states", profile.name, "leave out profiles that are not used");
          State grown = state;
          grown.mask |= covers(added);
          grown.compute = static_cast<std::uint8_t>(grown.compute + profile.compute);
          grown.multiset += Multiset{1} << (4 * p);
          grown.instances[grown.count++] = added;
          std::sort(grown.instances.begin(), grown.instances.begin() + grown.count,
                    [](Instance a, Instance b) { return a.start < b.start; });
          states_.push_back(grown);
          keys.push_back(key);
        }
        starts = static_cast<std::uint8_t>(starts | 1U << start);
        next[static_cast<std::size_t>(start)] = found->second;
        full = false;
      }
      fits_.push_back(starts);
      with_.insert(with_.end(), next.begin(), next.end());
    }
    states_[at].maximal = full;
  }
  without_.assign(states_.size() * 8, no_state);
  for (std::size_t at = 0; at < states_.size(); ++at) {
    for (const Instance instance : instances(static_cast<StateId>(at)))
      without_[at * 8 + instance.start] = ids.at(keys[at] & ~(std::uint32_t{15} << (4 * instance.start)));
    by_multiset_[states_[at].multiset].push_back(static_cast<StateId>(at));
  }
  return {};
}

Result<ProfileId> PartitionTable::find_profile(std::string_view name, std::string where) const {
  std::vector<std::string> names;
  for (const SliceProfile& profile : profiles_) {
    if (profile.name == name) return static_cast<ProfileId>(names.size());
    names.push_back(profile.name);
  }
  // "2g" is enough where it can mean only one profile.
  ProfileId found = no_profile;
  for (std::size_t p = 0; p < names.size(); ++p)
    if (names[p].substr(0, names[p].find('.')) == name) {
      if (found != no_profile)
        return bad_input("'" + std::string(name) + "' can mean several profiles", where,
                         "write one of: " + names[found] + ", " + names[p]);
      found = static_cast<ProfileId>(p);
    }
  if (found != no_profile) return found;
  return bad_input("no profile '" + std::string(name) + "'", std::move(where), suggest(name, names));
}

std::vector<StateId> PartitionTable::maximal_layouts() const {
  std::vector<StateId> layouts;
  for (std::size_t at = 0; at < states_.size(); ++at)
    if (states_[at].maximal) layouts.push_back(static_cast<StateId>(at));
  return layouts;
}

std::vector<Multiset> PartitionTable::maximal_multisets() const {
  std::vector<Multiset> sets;
  for (const StateId layout : maximal_layouts())
    if (std::find(sets.begin(), sets.end(), multiset(layout)) == sets.end()) sets.push_back(multiset(layout));
  return sets;
}

std::span<const StateId> PartitionTable::states_of(Multiset multiset) const {
  const auto found = by_multiset_.find(multiset);
  return found == by_multiset_.end() ? std::span<const StateId>{} : std::span<const StateId>(found->second);
}

Result<StateId> PartitionTable::find(std::span<const Instance> instances, const std::string& where) const {
  StateId state = 0;
  for (std::size_t i = 0; i < instances.size(); ++i) {
    const Instance added = instances[i];
    if (added.profile >= profiles_.size())
      return bad_input("no profile number " + std::to_string(added.profile), where, "use one of the table's profiles");
    const SliceProfile& profile = profiles_[added.profile];
    if (std::find(profile.starts.begin(), profile.starts.end(), added.start) == profile.starts.end()) {
      std::string starts;
      for (const int start : profile.starts) starts += (starts.empty() ? "" : ", ") + std::to_string(start);
      return bad_input(profile.name + " cannot start at memory slice " + std::to_string(added.start), where,
                       "it starts at " + starts);
    }
    for (std::size_t j = 0; j < i; ++j)
      if ((covers(added) & covers(instances[j])) != 0)
        return bad_input(profile.name + "@" + std::to_string(added.start) + " overlaps " +
                             profiles_[instances[j].profile].name + "@" + std::to_string(instances[j].start),
                         where, "an instance takes as many memory slices as its profile says, from its start on");
    const StateId next = with(state, added);
    if (next == no_state)
      return bad_input(profile.name + "@" + std::to_string(added.start) + " passes a limit", where,
                       "an accelerator has " + std::to_string(compute_slices_) +
                           " compute slices, and of some profiles one instance only");
    state = next;
  }
  return state;
}

std::string PartitionTable::text(StateId state) const {
  std::string text;
  for (const Instance instance : instances(state))
    text += (text.empty() ? "" : " ") + profiles_[instance.profile].name + "@" + std::to_string(instance.start);
  return text.empty() ? "empty" : text;
}

std::string PartitionTable::text_of(Multiset multiset) const {
  std::vector<ProfileId> order;
  for (std::size_t p = 0; p < profiles_.size(); ++p) order.push_back(static_cast<ProfileId>(p));
  std::sort(order.begin(), order.end(), [this](ProfileId a, ProfileId b) {
    return std::pair(profiles_[a].compute, profiles_[a].memory) > std::pair(profiles_[b].compute, profiles_[b].memory);
  });
  std::string text;
  for (const ProfileId p : order) {
    const int n = count(multiset, p);
    if (n == 0) continue;
    text += (text.empty() ? "" : " + ") + (n > 1 ? std::to_string(n) + " x " : std::string()) + profiles_[p].name;
  }
  return text.empty() ? "empty" : text;
}

Result<StateId> PartitionTable::parse(std::string_view layout, const std::string& where) const {
  std::vector<Instance> instances;
  for (const std::string_view word : split(layout, ',')) {
    const auto parts = split(trim(word), '@');
    const auto start = parts.size() == 2 ? parse_integer(parts[1]) : std::nullopt;
    if (!start || *start < 0 || *start >= memory_slices_)
      return bad_input("'" + std::string(trim(word)) + "' is no instance", where,
                       "write PROFILE@START, e.g. " + profiles_.front().name + "@0, with commas between");
    const auto profile = find_profile(parts[0], where);
    if (!profile) return profile.error();
    instances.push_back({*profile, static_cast<std::uint8_t>(*start)});
  }
  return find(instances, where);
}

}  // namespace cradle::slicing
