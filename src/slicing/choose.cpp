#include "cradle/slicing/choose.h"

#include <algorithm>

namespace cradle::slicing {

namespace {

/// True if `small` may begin wherever `large` does and takes no more of anything.
bool stands_in(const catalog::SliceProfile& small, const catalog::SliceProfile& large) {
  if (small.compute > large.compute || small.memory > large.memory || small.at_most != 0) return false;
  return std::all_of(large.starts.begin(), large.starts.end(), [&](int start) {
    return std::find(small.starts.begin(), small.starts.end(), start) != small.starts.end();
  });
}

int instances_in(Multiset set) {
  int n = 0;
  for (; set != 0; set >>= 4) n += static_cast<int>(set & 15);
  return n;
}

constexpr Multiset one_of(ProfileId profile) { return Multiset{1} << (4 * profile); }

}  // namespace

Chooser::Chooser(const PartitionTable& table) : table_(&table) {
  const std::size_t profiles = table.profiles().size();
  lesser_.resize(profiles);
  for (std::size_t large = 0; large < profiles; ++large) {
    lesser_[large].push_back(static_cast<ProfileId>(large));
    for (std::size_t small = 0; small < profiles; ++small)
      if (small != large &&
          stands_in(table.profile(static_cast<ProfileId>(small)), table.profile(static_cast<ProfileId>(large))))
        lesser_[large].push_back(static_cast<ProfileId>(small));
  }
  std::vector<Multiset> dominated;
  for (std::size_t s = 0; s < table.states(); ++s) {
    const auto state = static_cast<StateId>(s);
    const Multiset set = table.multiset(state);
    if (table.states_of(set).front() == state) sets_.push_back(set);
    // One instance replaced by a larger one that it could stand in for: nothing is lost by looking at that one alone.
    for (const Instance instance : table.instances(state))
      for (std::size_t large = 0; large < profiles; ++large) {
        const auto& lesser = lesser_[large];
        if (large == instance.profile || std::find(lesser.begin(), lesser.end(), instance.profile) == lesser.end())
          continue;
        // Two profiles that stand in for each other would both be dropped: the first stays.
        const auto& back = lesser_[instance.profile];
        if (large > instance.profile && std::find(back.begin(), back.end(), large) != back.end()) continue;
        const StateId rest = table.without(state, instance.start);
        if (table.with(rest, {static_cast<ProfileId>(large), instance.start}) == no_state) continue;
        dominated.push_back(set);
      }
  }
  std::sort(dominated.begin(), dominated.end());
  maximal_ = table.maximal_multisets();
  layouts_ = table.maximal_layouts();
  std::vector<Multiset> lean;
  for (const Multiset set : sets_)
    if (!std::binary_search(dominated.begin(), dominated.end(), set)) lean.push_back(set);
  for (std::size_t jobs = 1; jobs <= most_jobs; ++jobs) {
    add_plans(jobs, sets_, all_[jobs]);
    add_plans(jobs, lean, lean_[jobs]);
  }
}

void Chooser::add_plans(std::size_t jobs, std::span<const Multiset> sets, std::vector<Plan>& plans) const {
  for (const Multiset set : sets) {
    if (static_cast<std::size_t>(instances_in(set)) != jobs) continue;
    Plan plan;
    plan.multiset = set;
    std::size_t at = 0;
    for (std::size_t p = 0; p < table_->profiles().size(); ++p)
      for (int n = table_->count(set, static_cast<ProfileId>(p)); n > 0; --n) {
        plan.profile[at++] = static_cast<ProfileId>(p);
        plan.compute = static_cast<std::uint8_t>(plan.compute + table_->profile(static_cast<ProfileId>(p)).compute);
      }
    const auto end = plan.profile.begin() + static_cast<std::ptrdiff_t>(jobs);
    do plans.push_back(plan);
    while (std::next_permutation(plan.profile.begin(), end));
  }
}

std::optional<Choice> Chooser::best(std::span<const double> values, std::size_t jobs) const {
  const std::size_t profiles = table_->profiles().size();
  // The most a job can make of a slice, and the profile with which it does.
  std::array<double, most_jobs * PartitionTable::most_profiles> most;
  std::array<ProfileId, most_jobs * PartitionTable::most_profiles> with;
  for (std::size_t i = 0; i < jobs * profiles; ++i) {
    most[i] = values[i];
    with[i] = static_cast<ProfileId>(i % profiles);
    const std::size_t job = i - i % profiles;
    for (const ProfileId p : lesser_[i % profiles])
      if (values[job + p] > most[i]) {
        most[i] = values[job + p];
        with[i] = p;
      }
  }
  const Plan* chosen = nullptr;
  double value = cannot_run;
  for (const Plan& plan : lean_[jobs]) {
    double sum = 0;
    for (std::size_t job = 0; job < jobs; ++job) sum += most[job * profiles + plan.profile[job]];
    if (sum > value) {
      value = sum;
      chosen = &plan;
    }
  }
  Choice choice;
  choice.profile.fill(no_profile);
  if (jobs == 0) return choice;
  if (chosen == nullptr) return std::nullopt;
  choice.value = value;
  for (std::size_t job = 0; job < jobs; ++job) {
    choice.profile[job] = with[job * profiles + chosen->profile[job]];
    choice.multiset += one_of(choice.profile[job]);
  }
  return choice;
}

std::optional<Choice> Chooser::best(std::span<const double> values, std::size_t jobs,
                                    std::span<const double> cost) const {
  const std::size_t profiles = table_->profiles().size();
  const Plan* chosen = nullptr;
  double value = cannot_run;
  for (const Plan& plan : all_[jobs]) {
    double sum = -cost[plan.compute];
    for (std::size_t job = 0; job < jobs; ++job) sum += values[job * profiles + plan.profile[job]];
    if (sum > value) {
      value = sum;
      chosen = &plan;
    }
  }
  Choice choice;
  choice.profile.fill(no_profile);
  if (jobs == 0) {
    choice.value = -cost[0];
    return choice;
  }
  if (chosen == nullptr) return std::nullopt;
  choice.value = value;
  choice.multiset = chosen->multiset;
  std::copy_n(chosen->profile.begin(), jobs, choice.profile.begin());
  return choice;
}

PoolChoice Chooser::best_of(std::span<const double> values, std::size_t jobs, std::span<const double> cost) const {
  const std::size_t profiles = table_->profiles().size();
  PoolChoice best;
  best.profile.assign(jobs, no_profile);
  best.value = cost.empty() ? 0 : -cost[0];
  std::vector<double> worth;     // by slices left, as the jobs are walked
  std::vector<ProfileId> taken;  // by job and slices left: the profile it takes, or none
  for (const Multiset set : cost.empty() ? maximal_ : sets_) {
    // Slices left, as a mixed-radix number with one digit for each profile of the set.
    std::vector<ProfileId> kinds;
    std::vector<std::size_t> step{1};
    int compute = 0;
    for (std::size_t p = 0; p < profiles; ++p)
      if (const int n = table_->count(set, static_cast<ProfileId>(p)); n > 0) {
        kinds.push_back(static_cast<ProfileId>(p));
        step.push_back(step.back() * static_cast<std::size_t>(n + 1));
        compute += n * table_->profile(static_cast<ProfileId>(p)).compute;
      }
    const std::size_t size = step.back();
    worth.assign(size, 0);
    taken.assign(jobs * size, no_profile);
    for (std::size_t job = 0; job < jobs; ++job)
      for (std::size_t left = size; left-- > 1;) {
        double most = worth[left];
        for (std::size_t k = 0; k < kinds.size(); ++k) {
          if (left / step[k] % (step[k + 1] / step[k]) == 0) continue;
          // Without a cost a job may leave part of its slice; with one, smaller slices are sets of their own.
          for (const ProfileId p : lesser_[kinds[k]]) {
            if (!cost.empty() && p != kinds[k]) continue;
            const double here = worth[left - step[k]] + values[job * profiles + p];
            if (here > most) {
              most = here;
              taken[job * size + left] = static_cast<ProfileId>(k * PartitionTable::most_profiles + p);
            }
          }
        }
        worth[left] = most;
      }
    const double value = worth[size - 1] - (cost.empty() ? 0 : cost[static_cast<std::size_t>(compute)]);
    if (!(value > best.value)) continue;
    best.value = value;
    best.multiset = 0;
    std::size_t left = size - 1;
    for (std::size_t job = jobs; job-- > 0;) {
      const ProfileId step_taken = taken[job * size + left];
      best.profile[job] = no_profile;
      if (step_taken == no_profile) continue;
      best.profile[job] = step_taken % PartitionTable::most_profiles;
      best.multiset += one_of(best.profile[job]);
      left -= step[step_taken / PartitionTable::most_profiles];
    }
  }
  return best;
}

std::optional<PlacedChoice> Chooser::best_placed(std::span<const double> values, std::size_t jobs,
                                                 std::span<const double> cost, double at_least) const {
  // No layout is worth more than the most that any job could make of each of its instances.
  std::vector<double> most(slots(), 0);
  for (std::size_t i = 0; i < jobs * slots(); ++i) most[i % slots()] = std::max(most[i % slots()], values[i]);
  const double idle = cost.empty() ? 0 : cost[0];
  std::optional<PlacedChoice> best;
  double value = at_least;
  if (-idle > value) {
    value = -idle;
    best = PlacedChoice{value, {}};
  }
  constexpr std::uint8_t nothing = 0xFF;
  std::vector<double> worth;        // by instances that are used, as the jobs are walked
  std::vector<std::uint8_t> taken;  // by job and instances used: the one it takes, or nothing
  for (const StateId layout : layouts_) {
    const std::span<const Instance> instances = table_->instances(layout);
    double bound = -idle;
    for (const Instance instance : instances) bound += most[slot(instance)];
    if (bound <= value) continue;
    const std::size_t sets = std::size_t{1} << instances.size();
    worth.assign(sets, cannot_run);
    worth[0] = 0;
    taken.assign(jobs * sets, nothing);
    for (std::size_t job = 0; job < jobs; ++job)
      for (std::size_t used = sets; used-- > 1;)
        for (std::size_t i = 0; i < instances.size(); ++i) {
          if ((used >> i & 1) == 0) continue;
          const double here = worth[used ^ (std::size_t{1} << i)] + values[job * slots() + slot(instances[i])];
          if (!(here > worth[used])) continue;
          worth[used] = here;
          taken[job * sets + used] = static_cast<std::uint8_t>(i);
        }
    for (std::size_t used = 1; used < sets; ++used) {
      std::size_t compute = 0;
      for (std::size_t i = 0; i < instances.size(); ++i)
        if ((used >> i & 1) != 0) compute += static_cast<std::size_t>(table_->profile(instances[i].profile).compute);
      const double sum = worth[used] - (cost.empty() ? 0 : cost[compute]);
      if (!(sum > value)) continue;
      value = sum;
      best = PlacedChoice{sum, {}};
      std::size_t left = used;
      for (std::size_t job = jobs; job-- > 0;)
        if (const std::uint8_t i = taken[job * sets + left]; i != nothing) {
          best->holders.push_back({job, instances[i]});
          left ^= std::size_t{1} << i;
        }
      std::reverse(best->holders.begin(), best->holders.end());
    }
  }
  return best;
}

std::vector<Holder> Chooser::lay_out(std::span<const ProfileId> profiles, std::span<const Holder> holders,
                                     std::span<const double> amount) const {
  Multiset set = 0;
  for (const ProfileId profile : profiles)
    if (profile != no_profile) set += one_of(profile);
  const auto stays = [&](const Holder& holder, StateId state) {
    if (holder.job >= profiles.size() || profiles[holder.job] != holder.instance.profile) return false;
    const auto instances = table_->instances(state);
    return std::find(instances.begin(), instances.end(), holder.instance) != instances.end();
  };
  StateId chosen = no_state;
  std::ptrdiff_t most = -1;
  for (const StateId state : table_->states_of(set)) {
    const auto kept = std::count_if(holders.begin(), holders.end(), [&](const Holder& h) { return stays(h, state); });
    if (kept < most || (kept == most && (amount.empty() || amount[state] >= amount[chosen]))) continue;
    most = kept;
    chosen = state;
  }
  std::vector<Holder> result;
  if (chosen == no_state) return result;
  std::vector<Instance> free(table_->instances(chosen).begin(), table_->instances(chosen).end());
  for (const Holder& holder : holders)
    if (stays(holder, chosen)) {
      result.push_back(holder);
      free.erase(std::find(free.begin(), free.end(), holder.instance));
    }
  for (std::size_t job = 0; job < profiles.size(); ++job) {
    if (profiles[job] == no_profile ||
        std::any_of(result.begin(), result.end(), [job](const Holder& holder) { return holder.job == job; }))
      continue;
    const auto slice =
        std::find_if(free.begin(), free.end(), [&](Instance instance) { return instance.profile == profiles[job]; });
    result.push_back({job, *slice});
    free.erase(slice);
  }
  std::sort(result.begin(), result.end(), [](const Holder& a, const Holder& b) { return a.job < b.job; });
  return result;
}

std::optional<Error> unplaceable(const PartitionTable& table, std::span<const double> values,
                                 std::span<const std::string> names, const std::string& where) {
  const std::size_t profiles = table.profiles().size();
  for (std::size_t job = 0; job < names.size(); ++job) {
    const auto row = values.subspan(job * profiles, profiles);
    if (std::all_of(row.begin(), row.end(), [](double value) { return value == cannot_run; }))
      return bad_input("'" + names[job] + "' runs on no slice, not even on " + table.profile(table.whole()).name, where,
                       "it needs more memory than the whole accelerator has: take one with more, or a smaller batch");
  }
  return std::nullopt;
}

}  // namespace cradle::slicing
