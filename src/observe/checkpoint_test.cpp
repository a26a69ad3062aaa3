// Counters go on over restarts; a damaged file is told of and never believed.
#include "checkpoint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "cradle/base/file.h"
#include "observe_fixture.h"

namespace cradle::observe {
namespace {

using attribution::IdlePolicy;
using meter::ZoneKind;

std::shared_ptr<World> node() {
  auto world = std::make_shared<World>();
  world->add_meter();
  world->add_zone(0, "package-0", ZoneKind::package, "simulated");
  world->group(1, "/");
  world->group(2, "/a.service");
  world->group(3, "/b.service");
  return world;
}

void work(World& world, NodeObserver& observer, int ticks) {
  for (int tick = 0; tick < ticks; ++tick) {
    world.next();
    world.work(10, 1, 2, second_ns / 3);
    world.scan.groups.back().cpu_ns += 1234567;
    world.read(0, 0, 40'000'001, 10'000'000);
    must(observer.tick());
  }
}

ObserverOptions options_in(const TestFolder& folder) {
  ObserverOptions options = test_options(folder);
  options.checkpoint = folder / "checkpoint";
  return options;
}

void expect_at_least(const Totals& now, const Totals& before) {
  EXPECT_GE(now.cpu_ns, before.cpu_ns);
  for (std::size_t c = 0; c < components; ++c) {
    EXPECT_GE(now.dynamic_microjoules[c], before.dynamic_microjoules[c]);
    for (std::size_t p = 0; p < attribution::idle_policies; ++p)
      EXPECT_GE(now.idle_microjoules[p][c], before.idle_microjoules[p][c]);
  }
  EXPECT_GE(now.operational_average.value, before.operational_average.value);
  EXPECT_GE(now.embodied.value, before.embodied.value);
}

TEST(Checkpoint, CountersGoOnAfterARestart) {
  const TestFolder folder;
  Snapshot before;
  for (int start = 0; start < 5; ++start) {
    const auto world = node();
    if (start == 2) world->scan.groups.pop_back();  // b was removed while nobody watched
    if (start == 3) world->group(3).id = 77;        // and made again under another number
    const auto observer = observe(world, options_in(folder));
    const auto compare = [&] {
      const Snapshot& now = observer->snapshot();
      expect_at_least(now.node, before.node);
      expect_at_least(now.idle, before.idle);
      for (const GroupTotals& group : before.groups) {
        const GroupTotals* same = find_group(now, group.path);
        ASSERT_NE(same, nullptr) << group.path;
        expect_at_least(same->totals, group.totals);
      }
      for (const ZoneTotals& zone : before.zones) EXPECT_GE(now.zones[0].microjoules, zone.microjoules);
    };
    compare();
    EXPECT_EQ(find_group(observer->snapshot(), "/b.service")->ended, start == 2);
    work(*world, *observer, 10);
    compare();
    must(observer->finish());
    before = observer->snapshot();
  }
  EXPECT_EQ(before.zones[0].microjoules, 5 * 10 * 40'000'001LL);
  EXPECT_EQ(before.node.microjoules(IdlePolicy::even, Component::cpu), 5 * 10 * 40'000'001LL);
  EXPECT_EQ(before.ticks, 50);
}

TEST(Checkpoint, ADamagedFileIsANoteAndAFreshStart) {
  const TestFolder folder;
  const auto options = options_in(folder);
  {
    const auto world = node();
    const auto observer = observe(world, options);
    work(*world, *observer, 3);
    must(observer->finish());
  }
  const std::string good = must(read_file(options.checkpoint));
  std::string other_version = good;
  other_version.replace(other_version.find(' ') + 1, 1, "1");  // that of the program before
  std::string flipped = good;
  flipped[flipped.size() / 2] ^= 1;
  for (const std::string& bad : {std::string{}, std::string("\n"), good.substr(0, good.size() / 2), other_version,
                                 flipped, std::string("\xff\xfe\0garbage", 10)}) {
    must(write_file(options.checkpoint, bad));
    const auto world = node();
    const auto observer = observe(world, options);
    EXPECT_EQ(observer->snapshot().node.cpu_ns, 0);
    bool told = false;
    for (const std::string& note : observer->snapshot().notes) told |= note.rfind("checkpoint: ", 0) == 0;
    EXPECT_TRUE(told);
    work(*world, *observer, 1);
    must(observer->finish());
    EXPECT_TRUE(read_checkpoint(must(read_file(options.checkpoint)), "c").has_value())
        << "it is replaced by a good one";
  }
}

RC_GTEST_PROP(CheckpointLaw, WhatIsWrittenReadsBackBitForBit, (const std::string& name, double grams)) {
  RC_PRE(std::isfinite(grams));
  const auto number = [] { return *rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max()); };
  Snapshot snapshot;
  snapshot.ticks = number();
  snapshot.node.cpu_ns = number();
  GroupTotals group;
  group.id = number() % 2 == 0 ? 5 : (std::uint64_t{1} << 63) + 5;
  group.path = name;
  group.totals.idle_microjoules[2][3] = number();
  group.totals.operational_marginal.emplace().high = carbon::GramsCO2e{std::abs(grams)};
  snapshot.groups.push_back(group);
  ZoneTotals zone;
  zone.zone.name = name + "z";
  zone.idle_residue[1] = number();
  zone.counted = true;
  zone.component = Component::network;
  snapshot.zones.push_back(zone);
  const std::string text = checkpoint_text(snapshot);
  const auto read = read_checkpoint(text, "c");
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->groups.at(0).path == name);
  RC_ASSERT((read->groups[0].id >> 63) == (group.id >> 63));
  RC_ASSERT(read->groups[0].totals.operational_marginal == group.totals.operational_marginal);
  RC_ASSERT(!read->node.operational_marginal.has_value());
  RC_ASSERT(read->zones.at(0).zone.name == zone.zone.name);
  RC_ASSERT(read->zones[0].component == Component::network);
  Snapshot again = *read;
  RC_ASSERT(checkpoint_text(again) == text);
}

}  // namespace
}  // namespace cradle::observe
