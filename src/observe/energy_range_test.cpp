// The range of a tenant's joules: the meters' error, and at the high end its part of what nobody was seen at.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "observe_fixture.h"

namespace cradle::observe {
namespace {

using attribution::IdlePolicy;
using meter::ZoneKind;

/// One package of 5 % with 10 J idle and 30 J of work a second: a quarter of the work of a, a half of b, a quarter of
/// nobody.
std::unique_ptr<NodeObserver> after(const TestFolder& folder, const std::shared_ptr<World>& world, int ticks,
                                    IdlePolicy policy = IdlePolicy::none) {
  ObserverOptions options = test_options(folder);
  options.policy = policy;
  auto observer = observe(world, options);
  for (int tick = 0; tick < ticks; ++tick) {
    world->next();
    world->work(10, 1, 2, second_ns / 4);
    world->work(11, 1, 3, second_ns / 2);
    world->scan.node.busy_ns = second_ns;
    world->read(0, 0, 40'000'000, 10'000'000);
    must(observer->tick());
  }
  return observer;
}

TEST(EnergyRange, IsTheMetersErrorAndThePartOfTheUnattributed) {
  const TestFolder folder;
  const auto observer = after(folder, package_world(), 4);
  const Snapshot& now = observer->snapshot();
  const auto a = energy_estimate(now, find_group(now, "/a.service")->totals, Component::cpu);
  EXPECT_DOUBLE_EQ(a.value.value(), 30);
  EXPECT_NEAR(a.low.value(), 30 * (1 - 1.6449 * 0.05), 1e-9);
  // 30 J of 90 J that are somebody's: a third of the 30 J that are nobody's.
  EXPECT_NEAR(a.high.value(), (30 + 10) * (1 + 1.6449 * 0.05), 1e-9);
  const auto process = energy_estimate(now, *find_process(now, 10), Component::cpu);
  EXPECT_EQ(process, a);  // the only one of its group
  const auto node = energy_estimate(now, now.node, Component::cpu);
  EXPECT_DOUBLE_EQ(node.value.value(), 160);
  EXPECT_NEAR(node.high.value(), 160 * (1 + 1.6449 * 0.05), 1e-9);  // nothing is beyond what was read
  EXPECT_EQ(energy_estimate(now, now.node, Component::memory), carbon::Estimate<carbon::Joules>{});
  EXPECT_EQ(energy_estimate(Snapshot{}, Totals{}, Component::cpu), carbon::Estimate<carbon::Joules>{});
}

TEST(EnergyRange, IdleOfThePolicyInForceIsInIt) {
  const TestFolder folder;
  const auto observer = after(folder, package_world(), 4, IdlePolicy::even);
  const Snapshot& now = observer->snapshot();
  const Totals& totals = find_group(now, "/a.service")->totals;
  const auto a = energy_estimate(now, totals, Component::cpu);
  EXPECT_DOUBLE_EQ(a.value.value(), static_cast<double>(totals.microjoules(IdlePolicy::even, Component::cpu)) * 1e-6);
  EXPECT_GT(a.value.value(), 30);
  EXPECT_NEAR(a.high.value(), (a.value.value() + 10) * (1 + 1.6449 * 0.05), 1e-9);
}

TEST(EnergyRange, ZonesCountByTheirJoules) {
  Snapshot now;
  for (const double uncertainty : {0.0, 0.2, 2.0}) {
    ZoneTotals zone;
    zone.counted = true;
    zone.zone.uncertainty = uncertainty;
    zone.microjoules = zone.active_microjoules = uncertainty > 1 ? 20'000'000 : 40'000'000;
    now.zones.push_back(zone);
  }
  now.zones.push_back(now.zones.back());
  now.zones.back().counted = false;
  Totals half;
  half.dynamic_microjoules[0] = 50'000'000;
  const auto range = energy_estimate(now, half, Component::cpu);
  EXPECT_NEAR(range.low.value(), 50 * (0.4 + 0.4 * (1 - 1.6449 * 0.2) + 0), 1e-9);  // never below nothing
  EXPECT_NEAR(range.high.value(), 50 * (0.4 + 0.4 * (1 + 1.6449 * 0.2) + 0.2 * (1 + 1.6449 * 2)), 1e-9);
}

RC_GTEST_PROP(EnergyRange, HoldsTheValueAndTheSumOfTenantsHoldsTheUnattributed, ()) {
  const auto amounts = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 1'000'000'000));
  const auto lost = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000);
  Snapshot now;
  now.zones.emplace_back();
  ZoneTotals& zone = now.zones.front();
  zone.counted = true;
  zone.zone.uncertainty = *rc::gen::inRange(0, 100) / 100.0;
  zone.unattributed_microjoules = lost;
  zone.microjoules = lost;
  for (const std::int64_t amount : amounts) zone.microjoules += amount;
  zone.active_microjoules = zone.microjoules;
  double high = 0;
  bool any = false;
  for (const std::int64_t amount : amounts) {
    Totals totals;
    totals.dynamic_microjoules[0] = amount;
    const auto range = energy_estimate(now, totals, Component::cpu);
    RC_ASSERT(range.low <= range.value);
    RC_ASSERT(range.value <= range.high);
    high += range.high.value();
    any = any || amount > 0;
  }
  // At their high ends the tenants have all that was metered, at its high end.
  const double most = static_cast<double>(zone.microjoules) * 1e-6 * (1 + 1.6449 * zone.zone.uncertainty);
  if (any) RC_ASSERT(std::abs(high - most) <= 1e-9 * most);
}

TEST(MeterEvents, AreCountedAndNotedOnceAndGoOnAfterARestart) {
  const TestFolder folder;
  ObserverOptions options = test_options(folder);
  options.checkpoint = folder / "checkpoint";
  const auto count = [](const Snapshot& now, MeterEvent event) {
    return now.zones[0].events[static_cast<std::size_t>(event)];
  };
  for (int start = 1; start <= 2; ++start) {
    const auto world = package_world();
    const auto observer = observe(world, options);
    const auto tick = [&](const std::string& event, std::int64_t microjoules, bool present = true) {
      world->next();
      world->read(0, 0, microjoules);
      world->readings[0].back().event = event;
      world->readings[0].back().present = present;
      must(observer->tick());
    };
    for (int i = 0; i < 3; ++i) tick("wrapped", 40'000'000);
    tick("wrapped: more wraps are possible above 100 W, read it at least every 1 s", 40'000'000);
    tick("read late: more wraps are possible above 100 W, read it at least every 1 s", 40'000'000);
    tick("ran backwards", 0);
    for (int watts = 1; watts < 100; ++watts)
      tick("no reading: " + std::to_string(watts) + "0000 W is not plausible", 0);
    tick("", -5);
    tick("vanished", 0, false);
    tick("returned", 1'000'000);
    tick("no reading: permission denied: run `chmod o+r X` as root", 0, false);
    const Snapshot& now = observer->snapshot();
    EXPECT_EQ(count(now, MeterEvent::wrapped), 4 * start);
    EXPECT_EQ(count(now, MeterEvent::read_late), start);
    EXPECT_EQ(count(now, MeterEvent::ran_backwards), start);
    EXPECT_EQ(count(now, MeterEvent::implausible), 100 * start);
    EXPECT_EQ(count(now, MeterEvent::vanished), start);
    EXPECT_EQ(count(now, MeterEvent::returned), start);
    EXPECT_EQ(count(now, MeterEvent::no_reading), start);
    const auto notes = std::count_if(now.notes.begin(), now.notes.end(),
                                     [](const std::string& note) { return note.starts_with("zone package-0: "); });
    EXPECT_EQ(notes, 7);  // each once in each run, whatever else its text says
    must(observer->finish());
  }
}

}  // namespace
}  // namespace cradle::observe
