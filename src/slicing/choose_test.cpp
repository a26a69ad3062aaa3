#include "cradle/slicing/choose.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "cradle/base/random.h"
#include "cradle/slicing/fragmentation.h"
#include "cradle/slicing/replay.h"
#include "example_rules.h"

namespace cradle::slicing {
namespace {

/// Any speeds: not monotone in the slice, and now and then without memory.
std::vector<double> random_values(RandomStream& draws, std::size_t count, bool negative = false) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(draws.below(6) == 0 ? cannot_run : draws.uniform() - (negative ? 0.5 : 0));
  return values;
}

/// All states, all assignments, with the cost of the compute slices: no table of the chooser is used.
double brute_force(const PartitionTable& table, std::span<const double> values, std::size_t jobs,
                   std::span<const double> cost) {
  double most = cannot_run;
  std::vector<std::size_t> order(jobs);
  for (std::size_t s = 0; s < table.states(); ++s) {
    const auto state = static_cast<StateId>(s);
    if (table.instances(state).size() != jobs) continue;
    for (std::size_t i = 0; i < jobs; ++i) order[i] = i;
    do {
      double sum = cost.empty() ? 0 : -cost[static_cast<std::size_t>(table.compute(state))];
      for (std::size_t i = 0; i < jobs; ++i)
        sum += values[order[i] * table.profiles().size() + table.instances(state)[i].profile];
      most = std::max(most, sum);
    } while (std::next_permutation(order.begin(), order.end()));
  }
  return most;
}

double worth(const PartitionTable& table, std::span<const double> values, std::span<const ProfileId> profiles) {
  double sum = 0;
  for (std::size_t job = 0; job < profiles.size(); ++job)
    if (profiles[job] != no_profile) sum += values[job * table.profiles().size() + profiles[job]];
  return sum;
}

RC_GTEST_PROP(Choose, IsTheExhaustiveChoice, (std::uint32_t seed, bool wide)) {
  RandomStream draws(seed, "choose");
  const PartitionTable table = a100_table(wide);
  const Chooser chooser(table);
  for (std::size_t jobs = 1; jobs <= 8; ++jobs) {
    const std::vector<double> values = random_values(draws, jobs * table.profiles().size());
    const double most = brute_force(table, values, jobs, {});
    RC_ASSERT(exhaustive_value(table, values, jobs) == most);
    const auto choice = chooser.best(values, jobs);
    RC_ASSERT(choice.has_value() == (most > cannot_run));
    if (!choice) continue;
    RC_ASSERT(std::abs(choice->value - most) < 1e-12);
    // The decision is feasible: a valid state has these slices.
    RC_ASSERT(!table.states_of(choice->multiset).empty());
    RC_ASSERT(std::abs(worth(table, values, {choice->profile.data(), jobs}) - choice->value) < 1e-12);
  }
}

RC_GTEST_PROP(Choose, WithACostIsTheExhaustiveChoice, (std::uint32_t seed)) {
  RandomStream draws(seed, "choose.cost");
  const PartitionTable table = a100_table();
  const Chooser chooser(table);
  std::vector<double> cost{0};
  for (int n = 1; n <= 7; ++n) cost.push_back(cost.back() + 0.3 * draws.uniform());
  for (std::size_t jobs = 1; jobs <= 7; ++jobs) {
    const std::vector<double> values = random_values(draws, jobs * table.profiles().size());
    const double most = brute_force(table, values, jobs, cost);
    const auto choice = chooser.best(values, jobs, cost);
    RC_ASSERT(choice.has_value() == (most > cannot_run));
    if (choice) RC_ASSERT(std::abs(choice->value - most) < 1e-12);
  }
}

RC_GTEST_PROP(Choose, AmongManyIsTheBestSubset, (std::uint32_t seed, bool with_cost)) {
  RandomStream draws(seed, "choose.many");
  const PartitionTable table = a100_table();
  const Chooser chooser(table);
  const std::size_t profiles = table.profiles().size(), jobs = 6;
  const std::vector<double> values = random_values(draws, jobs * profiles, true);
  std::vector<double> cost;
  if (with_cost)
    for (int n = 0; n <= 7; ++n) cost.push_back(n == 0 ? 0.1 : cost.back() + 0.2 * draws.uniform());
  const PoolChoice choice = chooser.best_of(values, jobs, cost);
  double most = cost.empty() ? 0 : -cost[0];
  for (unsigned subset = 1; subset < 1U << jobs; ++subset) {
    std::vector<double> part;
    for (std::size_t job = 0; job < jobs; ++job)
      if (subset >> job & 1)
        part.insert(part.end(), values.begin() + static_cast<std::ptrdiff_t>(job * profiles),
                    values.begin() + static_cast<std::ptrdiff_t>((job + 1) * profiles));
    most = std::max(most, brute_force(table, part, part.size() / profiles, cost));
  }
  RC_ASSERT(std::abs(choice.value - most) < 1e-12);
  RC_ASSERT(choice.multiset == 0 || !table.states_of(choice.multiset).empty());
  int compute = 0;
  for (const ProfileId profile : choice.profile)
    if (profile != no_profile) compute += table.profile(profile).compute;
  const double paid = cost.empty() ? 0 : cost[static_cast<std::size_t>(compute)];
  RC_ASSERT(std::abs(worth(table, values, choice.profile) - paid - choice.value) < 1e-12);
}

/// The greatest sum with a job or nothing on each instance from `at` on; no table of the chooser is used.
double fill(const PartitionTable& table, StateId state, std::size_t at, std::span<const double> values,
            std::vector<bool>& used, std::size_t compute, std::span<const double> cost) {
  const auto instances = table.instances(state);
  if (at == instances.size()) return cost.empty() ? 0 : -cost[compute];
  double most = fill(table, state, at + 1, values, used, compute, cost);
  const std::size_t slots = table.profiles().size() * 8,
                    slot = instances[at].profile * std::size_t{8} + instances[at].start;
  for (std::size_t job = 0; job < used.size(); ++job) {
    if (used[job] || values[job * slots + slot] == cannot_run) continue;
    used[job] = true;
    const auto n = compute + static_cast<std::size_t>(table.profile(instances[at].profile).compute);
    most = std::max(most, values[job * slots + slot] + fill(table, state, at + 1, values, used, n, cost));
    used[job] = false;
  }
  return most;
}

RC_GTEST_PROP(Choose, PlacedIsTheBestOfAllStatesSubsetsAndAssignments, (std::uint32_t seed, bool with_cost)) {
  RandomStream draws(seed, "choose.placed");
  const PartitionTable table = a100_table();
  const Chooser chooser(table);
  const std::size_t jobs = 1 + draws.below(4);
  const std::vector<double> values = random_values(draws, jobs * chooser.slots(), with_cost);
  std::vector<double> cost;
  if (with_cost)
    for (int n = 0; n <= 7; ++n) cost.push_back(n == 0 ? 0.1 : cost.back() + 0.2 * draws.uniform());
  double most = cannot_run;
  std::vector<bool> used(jobs);
  for (std::size_t s = 0; s < table.states(); ++s)
    most = std::max(most, fill(table, static_cast<StateId>(s), 0, values, used, 0, cost));
  const auto choice = chooser.best_placed(values, jobs, cost, cannot_run);
  RC_ASSERT(choice.has_value());
  RC_ASSERT(std::abs(choice->value - most) < 1e-12);
  if (!with_cost) RC_ASSERT(std::abs(exhaustive_placement(table, values, jobs) - most) < 1e-12);
  // What it says it is worth is what its instances are worth, and they fit together.
  double sum = 0;
  std::size_t compute = 0;
  std::vector<Instance> instances;
  std::vector<bool> placed(jobs);
  for (const Holder& holder : choice->holders) {
    RC_ASSERT(!placed[holder.job]);
    placed[holder.job] = true;
    sum += values[holder.job * chooser.slots() + Chooser::slot(holder.instance)];
    compute += static_cast<std::size_t>(table.profile(holder.instance.profile).compute);
    instances.push_back(holder.instance);
  }
  RC_ASSERT(table.find(instances, "test").has_value());
  RC_ASSERT(std::abs(sum - (cost.empty() ? 0 : cost[compute]) - choice->value) < 1e-12);
  // Nothing is worth more than the best, and something more than a little less.
  RC_ASSERT(!chooser.best_placed(values, jobs, cost, most + 1e-9));
  RC_ASSERT(chooser.best_placed(values, jobs, cost, most - 1e-9).has_value());
}

RC_GTEST_PROP(Choose, OrderOfJobsDoesNotMatter, (std::uint32_t seed)) {
  RandomStream draws(seed, "choose.order");
  const PartitionTable table = a100_table();
  const Chooser chooser(table);
  const std::size_t profiles = table.profiles().size(), jobs = 4;
  std::vector<double> values = random_values(draws, jobs * profiles);
  const auto one = chooser.best(values, jobs);
  std::rotate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(profiles), values.end());
  const auto other = chooser.best(values, jobs);
  RC_ASSERT(one.has_value() == other.has_value());
  if (one) RC_ASSERT(std::abs(one->value - other->value) < 1e-12);
}

TEST(Choose, LeavesJobsWhereTheyAre) {
  const PartitionTable table = a100_table();
  const Chooser chooser(table);
  const auto profile = [&](const char* name) { return *table.find_profile(name, "test"); };
  const std::vector<Holder> holders{{0, {profile("2g"), 4}}, {1, {profile("1g"), 3}}};
  const std::vector<ProfileId> wanted{profile("2g"), profile("1g"), profile("2g")};
  const auto layout = chooser.lay_out(wanted, holders);
  ASSERT_EQ(layout.size(), 3U);
  EXPECT_EQ(layout[0].instance, (Instance{profile("2g"), 4}));
  EXPECT_EQ(layout[1].instance, (Instance{profile("1g"), 3}));
  EXPECT_EQ(layout[2].instance, (Instance{profile("2g"), 0}));
}

TEST(Choose, FragmentationBreaksTies) {
  const PartitionTable table = a100_table();
  const Chooser chooser(table);
  const std::vector<SliceDemand> demands{{*table.find_profile("4g", "test"), 1}};
  const auto fragmentation = SliceFragmentation::make(table, demands);
  ASSERT_TRUE(fragmentation);
  // A 3g beside which a 4g still fits must stand at 4.
  const std::vector<ProfileId> wanted{*table.find_profile("3g", "test")};
  const auto layout = chooser.lay_out(wanted, {}, fragmentation->amounts());
  ASSERT_EQ(layout.size(), 1U);
  EXPECT_EQ(layout[0].instance.start, 4);
}

TEST(Choose, SaysWhichJobRunsNowhere) {
  const PartitionTable table = a100_table();
  std::vector<double> values(2 * table.profiles().size(), cannot_run);
  values[0] = 1;
  const std::vector<std::string> names{"small", "large"};
  const auto error = unplaceable(table, values, names, "--jobs");
  ASSERT_TRUE(error);
  EXPECT_NE(error->message.find("large"), std::string::npos);
  EXPECT_NE(error->hint.find("memory"), std::string::npos);
  EXPECT_FALSE(Chooser(table).best(values, 2));
}

}  // namespace
}  // namespace cradle::slicing
