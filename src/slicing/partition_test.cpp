#include "cradle/slicing/partition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <set>

#include "cradle/catalog/catalog.h"
#include "cradle/slicing/fragmentation.h"
#include "example_rules.h"

namespace cradle::slicing {
namespace {

/// A second search, by recursion over all instances in order, without any of the tables.
struct Search {
  const PartitionTable& table;
  std::vector<Instance> all;
  std::set<std::vector<std::pair<int, int>>> found;

  explicit Search(const PartitionTable& from) : table(from) {
    for (std::size_t p = 0; p < from.profiles().size(); ++p)
      for (const int start : from.profile(static_cast<ProfileId>(p)).starts)
        all.push_back({static_cast<ProfileId>(p), static_cast<std::uint8_t>(start)});
    std::vector<std::pair<int, int>> chosen;
    go(0, 0, 0, chosen);
  }
  void go(std::size_t from, unsigned mask, int compute, std::vector<std::pair<int, int>>& chosen) {
    auto sorted = chosen;
    std::sort(sorted.begin(), sorted.end());
    found.insert(sorted);
    for (std::size_t i = from; i < all.size(); ++i) {
      const auto& profile = table.profile(all[i].profile);
      const unsigned bits = ((1U << profile.memory) - 1U) << all[i].start;
      if ((bits & mask) != 0 || compute + profile.compute > table.compute_slices()) continue;
      chosen.emplace_back(all[i].start, all[i].profile);
      go(i + 1, mask | bits, compute + profile.compute, chosen);
      chosen.pop_back();
    }
  }
};

TEST(Partition, CountsOfTheA100) {
  // 298 states (the empty one included), 19 maximal layouts, 14 multisets; 723, 78 and 38 with 1g slices of two memory
  // slices: enumerated from NVIDIA's rules.
  const PartitionTable plain = a100_table(false), wide = a100_table(true);
  EXPECT_EQ(plain.states(), 298U);
  EXPECT_EQ(plain.maximal_layouts().size(), 19U);
  EXPECT_EQ(plain.maximal_multisets().size(), 14U);
  EXPECT_EQ(wide.states(), 723U);
  EXPECT_EQ(wide.maximal_layouts().size(), 78U);
  EXPECT_EQ(wide.maximal_multisets().size(), 38U);
  EXPECT_EQ(Search(plain).found.size(), 298U);
  EXPECT_EQ(Search(wide).found.size(), 723U);
}

TEST(Partition, RecordsOfTheCatalogueGiveTheSame) {
  const auto catalog = catalog::Catalog::load();
  ASSERT_TRUE(catalog);
  struct Expected {
    const char* accelerator;
    std::size_t states, layouts, multisets, wide_states, wide_layouts, wide_multisets;
  };
  // A30: 4 slices of each kind; {1,1,1,1} 2+1+1 in two places, 2+2, 4.
  for (const Expected& e : {Expected{"a100-40", 298, 19, 14, 723, 78, 38},
                            Expected{"a100-80", 298, 19, 14, 723, 78, 38}, Expected{"h100", 298, 19, 14, 723, 78, 38},
                            Expected{"h200", 298, 19, 14, 723, 78, 38}, Expected{"a30", 26, 5, 4, 26, 5, 4}}) {
    const auto* rules = catalog->partitioning_of(e.accelerator);
    ASSERT_NE(rules, nullptr) << e.accelerator;
    const auto plain = PartitionTable::make(*rules, plain_profiles(*rules, false));
    const auto wide = PartitionTable::make(*rules, plain_profiles(*rules, true));
    ASSERT_TRUE(plain && wide);
    EXPECT_EQ(plain->states(), e.states) << e.accelerator;
    EXPECT_EQ(plain->maximal_layouts().size(), e.layouts);
    EXPECT_EQ(plain->maximal_multisets().size(), e.multisets);
    EXPECT_EQ(wide->states(), e.wide_states);
    EXPECT_EQ(wide->maximal_layouts().size(), e.wide_layouts);
    EXPECT_EQ(wide->maximal_multisets().size(), e.wide_multisets);
  }
}

TEST(Partition, NoStateOverlapsOrPassesTheComputeSlices) {
  for (const bool wide : {false, true}) {
    const PartitionTable table = a100_table(wide);
    for (std::size_t s = 0; s < table.states(); ++s) {
      const auto state = static_cast<StateId>(s);
      int compute = 0, memory = 0;
      unsigned mask = 0;
      for (const Instance instance : table.instances(state)) {
        const auto& profile = table.profile(instance.profile);
        mask |= ((1U << profile.memory) - 1U) << instance.start;
        compute += profile.compute;
        memory += profile.memory;
      }
      EXPECT_EQ(mask, table.mask(state));
      EXPECT_EQ(std::popcount(mask), memory);
      EXPECT_EQ(compute, table.compute(state));
      EXPECT_LE(compute, 7);
      EXPECT_LT(mask, 256U);
    }
  }
}

TEST(Partition, TransitionsAgreeWithEachOther) {
  const PartitionTable table = a100_table(true);
  for (std::size_t s = 0; s < table.states(); ++s) {
    const auto state = static_cast<StateId>(s);
    bool full = true;
    for (std::size_t p = 0; p < table.profiles().size(); ++p)
      for (std::uint8_t start = 0; start < 8; ++start) {
        const Instance added{static_cast<ProfileId>(p), start};
        const StateId next = table.with(state, added);
        EXPECT_EQ(next != no_state, (table.fits(state, added.profile) >> start & 1) == 1);
        if (next == no_state) continue;
        full = false;
        EXPECT_EQ(table.without(next, start), state);
        EXPECT_EQ(table.instances(next).size(), table.instances(state).size() + 1);
      }
    EXPECT_EQ(table.maximal(state), full);
    const auto found = table.find(table.instances(state), "test");
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, state);
  }
}

TEST(Partition, AProfileWithALimitIsTakenOnce) {
  const auto rules = a100_rules();
  const std::vector<std::string> names{"1g.5gb", "1g.5gb+me"};
  const auto table = PartitionTable::make(rules, names);
  ASSERT_TRUE(table);
  // 1g at any of 7 starts or none: 2^7; with one of them the media profile: n of the states with n instances.
  EXPECT_EQ(table->states(), 128U + 7U * 64U);
  const auto twice = table->parse("1g.5gb+me@0,1g.5gb+me@1", "--layout");
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("limit"), std::string::npos);
}

TEST(Partition, RefusesRulesAndLayoutsThatCannotBe) {
  const auto rules = a100_rules();
  const auto make = [&](std::vector<std::string> names) { return PartitionTable::make(rules, names); };
  EXPECT_FALSE(make({}));
  EXPECT_FALSE(make({"1g.5gb", "1g.5gb"}));
  const auto unknown = make({"1g.5g"});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().hint.find("1g.5gb"), std::string::npos);
  auto broken = rules;
  broken.profiles[0].starts = {8};
  EXPECT_FALSE(PartitionTable::make(broken, plain_profiles(broken, false)));
  broken.profiles[0].starts = {-1};
  EXPECT_FALSE(PartitionTable::make(broken, plain_profiles(broken, false)));
  broken.profiles[0].starts = {};
  EXPECT_FALSE(PartitionTable::make(broken, plain_profiles(broken, false)));
  broken = rules;
  broken.memory_slices = 1'000'000'000;
  EXPECT_FALSE(PartitionTable::make(broken, plain_profiles(broken, false)));
  broken = rules;
  broken.profiles[0].compute = 0;
  EXPECT_FALSE(PartitionTable::make(broken, plain_profiles(broken, false)));

  const PartitionTable table = a100_table();
  const auto message = [&](const char* layout) {
    const auto state = table.parse(layout, "--layout");
    return state ? "valid" : state.error().message;
  };
  EXPECT_EQ(message("4g.20gb@0,2g.10gb@4,1g.5gb@6"), "valid");
  EXPECT_EQ(message("3g@0,3g@4"), "valid");
  EXPECT_EQ(message("3g.20gb@0,2g.10gb@2"), "2g.10gb@2 overlaps 3g.20gb@0");
  EXPECT_EQ(message("3g.20gb@1"), "3g.20gb cannot start at memory slice 1");
  EXPECT_EQ(message("9g.90gb@0"), "no profile '9g.90gb'");
  EXPECT_EQ(message("3g.20gb"), "'3g.20gb' is no instance");
  EXPECT_EQ(message("3g.20gb@99999999999999999999"), "'3g.20gb@99999999999999999999' is no instance");
  EXPECT_EQ(message("4g.20gb@0,3g.20gb@4,1g.5gb@6"), "1g.5gb@6 overlaps 3g.20gb@4");
}

TEST(Fragmentation, CountsWhatNoDemandCouldTake) {
  const PartitionTable table = a100_table();
  const auto profile = [&](const char* name) { return *table.find_profile(name, "test"); };
  const auto amount = [&](std::vector<SliceDemand> demands, const char* layout) {
    return SliceFragmentation::make(table, demands)->amount(*table.parse(layout, "test"));
  };
  // A 3g at 0 leaves 4..7 free. A 7g could use none of them, a 3g all, a 2g starts at 4 only, a 1g at 4, 5 and 6.
  EXPECT_DOUBLE_EQ(amount({{profile("7g"), 1}}, "3g@0"), 4);
  EXPECT_DOUBLE_EQ(amount({{profile("3g"), 1}}, "3g@0"), 0);
  EXPECT_DOUBLE_EQ(amount({{profile("2g"), 1}}, "3g@0"), 2);
  EXPECT_DOUBLE_EQ(amount({{profile("1g"), 1}}, "3g@0"), 1);
  EXPECT_DOUBLE_EQ(amount({{profile("7g"), 3}, {profile("1g"), 1}}, "3g@0"), 3.25);
  // A 4g and a 2g use 6 of 7 compute slices: no second 2g for lack of them, though two memory slices are free.
  EXPECT_DOUBLE_EQ(amount({{profile("2g"), 1}}, "4g@0,2g@4"), 2);
  EXPECT_FALSE(SliceFragmentation::make(table, {}));
  const std::vector<SliceDemand> nothing{{0, 0}}, negative{{0, -1}}, unknown{{200, 1}};
  EXPECT_FALSE(SliceFragmentation::make(table, nothing));
  EXPECT_FALSE(SliceFragmentation::make(table, negative));
  EXPECT_FALSE(SliceFragmentation::make(table, unknown));
}

TEST(Fragmentation, PlacerFindsTheLeastGrowthOfAllStarts) {
  const PartitionTable table = a100_table(true);
  const auto fragmentation = SliceFragmentation::make(table, even_demands(table));
  ASSERT_TRUE(fragmentation);
  const SlicePlacer placer(table, *fragmentation);
  for (std::size_t s = 0; s < table.states(); ++s)
    for (std::size_t p = 0; p < table.profiles().size(); ++p) {
      const auto state = static_cast<StateId>(s);
      const auto& step = placer.step(state, static_cast<ProfileId>(p));
      EXPECT_EQ(step.next == no_state, table.fits(state, static_cast<ProfileId>(p)) == 0);
      for (std::uint8_t start = 0; start < 8; ++start) {
        const StateId next = table.with(state, {static_cast<ProfileId>(p), start});
        if (next == no_state) continue;
        EXPECT_LE(step.growth, static_cast<float>(fragmentation->amount(next) - fragmentation->amount(state)));
      }
    }
}

RC_GTEST_PROP(Fragmentation, ArrivalsGoWhereTheyFitAndFillWhatIsFull, (std::uint16_t seed)) {
  const PartitionTable table = a100_table();
  const auto fragmentation = SliceFragmentation::make(table, even_demands(table));
  const SlicePlacer placer(table, *fragmentation);
  std::vector<StateId> accelerators(4, 0);
  unsigned draw = seed;
  for (int i = 0; i < 40; ++i) {
    draw = draw * 1103515245U + 12345U;
    const auto profile = static_cast<ProfileId>(draw / 65536U % table.profiles().size());
    const auto place = placer.place(accelerators, profile);
    const bool fits = std::any_of(accelerators.begin(), accelerators.end(),
                                  [&](StateId state) { return table.fits(state, profile) != 0; });
    RC_ASSERT(place.has_value() == fits);
    if (!place) continue;
    RC_ASSERT(table.with(accelerators[place->accelerator], {profile, place->step.start}) == place->step.next);
    for (const StateId other : accelerators)
      if (table.fits(other, profile) != 0) RC_ASSERT(place->step.growth <= placer.step(other, profile).growth);
    accelerators[place->accelerator] = place->step.next;
  }
}

}  // namespace
}  // namespace cradle::slicing
