// A group with all below it: the root is everything, and nothing that ends or is folded takes anything away.
#include "subtree.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "checkpoint.h"
#include "observe_fixture.h"
#include "tenant_table.h"

namespace cradle::observe {
namespace {

using attribution::IdlePolicy;

GroupTotals group_of(const std::string& path, std::int64_t amount, std::uint64_t id = 0) {
  GroupTotals group;
  group.id = id;
  group.path = path;
  group.totals.cpu_ns = amount;
  group.totals.dynamic_microjoules[0] = 3 * amount;
  group.totals.idle_microjoules[static_cast<std::size_t>(IdlePolicy::use)][0] = amount;
  group.totals.embodied.value = carbon::GramsCO2e{static_cast<double>(amount) / 3};
  return group;
}

std::map<std::string, Subtree> by_path(const Snapshot& snapshot) {
  std::map<std::string, Subtree> sums;
  for (Subtree& subtree : subtrees(snapshot)) sums[subtree.path] = subtree;
  return sums;
}

TEST(Subtrees, AreOfGroupsThatHaveChildren) {
  Snapshot now;
  now.policy = IdlePolicy::use;
  constexpr std::uint64_t version_1 = std::uint64_t{1} << 63;
  now.groups = {group_of("/", 1),
                group_of("/a", 10),
                group_of("/a/b", 100),
                group_of("/a/b/c", 1000),
                group_of("/ab", 10'000),    // no child of /a
                group_of("/x/y", 100'000),  // /x is no group here
                group_of("/a/b", 1'000'000, version_1)};
  const auto sums = by_path(now);
  ASSERT_EQ(sums.size(), 3U);
  EXPECT_EQ(sums.at("/").cpu_ns, 1'111'111);
  EXPECT_EQ(sums.at("/a").cpu_ns, 1'001'110);
  EXPECT_EQ(sums.at("/a/b").cpu_ns, 1'001'100);
  EXPECT_EQ(sums.at("/a/b").microjoules[0], 4 * 1'001'100);
  EXPECT_DOUBLE_EQ(sums.at("/a").embodied.value(), 1'001'110 / 3.0);
  EXPECT_EQ(sums.at("/a").operational_marginal, std::nullopt);
  EXPECT_TRUE(subtrees(Snapshot{}).empty());
}

TEST(Subtrees, OfAContainerPodMadeOfParts) {
  Snapshot now;
  now.groups = {group_of("/kubepods/pod1/c1", 5), group_of("/kubepods/pod1", 1), group_of("/kubepods/pod1/c2", 7)};
  const auto sums = by_path(now);
  ASSERT_EQ(sums.size(), 1U);
  EXPECT_EQ(sums.at("/kubepods/pod1").cpu_ns, 13);
}

/// Groups come and go, are folded into what is above them, and no sum decreases, not by a bit.
TEST(Subtrees, NeverDecreaseAndTheRootIsEverything) {
  const TestFolder folder;
  ObserverOptions options = test_options(folder);
  options.ended_kept_ns = 3 * second_ns;
  options.policy = IdlePolicy::use;
  options.place.grid = "CISO";
  const auto world = std::make_shared<World>();
  world->add_meter();
  world->add_zone(0, "package-0", meter::ZoneKind::package, "powercap", -1, 0.05);
  world->add_zone(0, "dram-0", meter::ZoneKind::dram, "powercap", -1, 0.05);
  std::uint64_t next_id = 10;
  world->group(1, "/");
  world->group(2, "/pods");
  world->group(3, "/quiet");
  const auto observer = observe(world, options);
  RandomStream random(4, "subtrees");
  std::map<std::string, Subtree> before;
  std::size_t folded = 0, groups_before = 0;
  for (int tick = 0; tick < 2000; ++tick) {
    world->next(1 + static_cast<std::int64_t>(random.below(second_ns)));
    const auto below = [&](std::int64_t most) {
      return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most)));
    };
    if (world->scan.groups.size() < 12) {
      // What is below /quiet works once and never again: its sums stand still while it is folded.
      const char* parent = random.below(2) == 0 ? "/pods/p" : "/quiet/p";
      world->group(next_id, parent + std::to_string(next_id));
      world->work(static_cast<std::int32_t>(next_id), 1, next_id, below(second_ns / 8) + 1);
      ++next_id;
    } else {
      capture::GroupUsage& last = world->scan.groups[3 + random.below(world->scan.groups.size() - 3)];
      last.ended = true;
      last.resident_bytes = 0;
    }
    for (capture::GroupUsage& group : world->scan.groups)
      if (!group.ended && group.path.starts_with("/pods/")) {
        group.cpu_ns += below(second_ns / 64);
        group.resident_bytes = below(gibibyte);
        world->scan.node.busy_ns += group.cpu_ns;
      }
    world->read(0, 0, 10'000'000 + below(90'000'000));
    world->read(0, 1, below(10'000'000));
    must(observer->tick());

    const Snapshot& now = observer->snapshot();
    folded += now.groups.size() < groups_before ? 1 : 0;
    groups_before = now.groups.size();
    const auto sums = by_path(now);
    Totals all;
    for (const GroupTotals& group : now.groups) add_totals(all, group.totals);
    const Subtree& root = sums.at("/");
    EXPECT_EQ(root.cpu_ns, all.cpu_ns);
    for (std::size_t c = 0; c < components; ++c)
      EXPECT_EQ(root.microjoules[c], all.microjoules(IdlePolicy::use, static_cast<Component>(c)));
    EXPECT_EQ(root.operational_average, all.operational_average.value);
    EXPECT_EQ(root.embodied, all.embodied.value);
    for (const auto& [path, subtree] : sums) {
      const auto same = before.find(path);
      if (same == before.end()) continue;
      ASSERT_GE(subtree.cpu_ns, same->second.cpu_ns) << path;
      for (std::size_t c = 0; c < components; ++c)
        ASSERT_GE(subtree.microjoules[c], same->second.microjoules[c]) << path;
      ASSERT_GE(subtree.operational_average, same->second.operational_average) << path;
      ASSERT_GE(subtree.embodied, same->second.embodied) << path;
    }
    before = sums;
  }
  EXPECT_GT(folded, 100U);
  // A checkpoint holds them to the last bit, in whatever order its groups are taken in.
  Snapshot restored = must(read_checkpoint(checkpoint_text(observer->snapshot()), "checkpoint"));
  restored.policy = IdlePolicy::use;
  std::reverse(restored.groups.begin(), restored.groups.end());
  const auto sums = by_path(restored);
  ASSERT_EQ(sums.size(), before.size());
  for (const auto& [path, subtree] : before) {
    EXPECT_EQ(sums.at(path).operational_average, subtree.operational_average) << path;
    EXPECT_EQ(sums.at(path).embodied, subtree.embodied) << path;
    EXPECT_EQ(sums.at(path).microjoules, subtree.microjoules) << path;
  }
  EXPECT_GT(before.at("/quiet").operational_average, carbon::GramsCO2e{0});
}

/// The order in which sums of doubles are made does not show.
RC_GTEST_PROP(Subtrees, GramsDoNotDependOnWhatWasFoldedIntoWhat, (const std::vector<double>& terms)) {
  Totals forth, back, folded;
  std::vector<Totals> parts;
  for (const double term : terms) {
    Totals part;
    const double size = std::abs(term);
    part.operational_average.value = carbon::GramsCO2e{std::isfinite(size) ? std::fmod(size, 1e6) : 0};
    parts.push_back(part);
  }
  for (const Totals& part : parts) add_totals(forth, part);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) add_totals(back, *part);
  for (std::size_t i = 1; i < parts.size(); i += 2) add_totals(parts[i - 1], parts[i]);
  for (std::size_t i = 0; i < parts.size(); i += 2) add_totals(folded, parts[i]);
  RC_ASSERT(forth.operational_average.value == back.operational_average.value);
  RC_ASSERT(forth.operational_average.value == folded.operational_average.value);
}

}  // namespace
}  // namespace cradle::observe
