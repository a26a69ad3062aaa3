// How long a device is kept busy by what is moved, and how the end of a command is waited for.
#include <gtest/gtest.h>

#include "observe_fixture.h"

namespace cradle::observe {
namespace {

TEST(Observer, ADriveIsOccupiedForAsLongAsItsBytesTake) {
  const TestFolder folder;
  const auto world = package_world();
  ObserverOptions options = test_options(folder);
  options.place.server = "hgx-h100";
  const auto observer = observe(world, options);
  const catalog::Server& server = *test_catalog().server("hgx-h100");
  const double life = carbon::Seconds{server.lifetime.value()}.value();
  double drive = 0, card = 0;
  for (const auto& line : test_catalog().breakdown(server)) {
    if (line.part == "storage") drive += line.embodied.value.value();
    if (line.part == "nic") card += line.embodied.value.value();
  }
  ASSERT_GT(drive, 0);
  ASSERT_GT(card, 0);
  const auto embodied = [&](const char* path) {
    return find_group(observer->snapshot(), path)->totals.embodied.value.value();
  };
  // One byte is no reason to bear a second of the drive: 30 MB of the 3 GB that it could have moved are a hundredth.
  world->next();
  world->group(2).block_read_bytes = 10'000'000;
  world->group(2).block_written_bytes = 20'000'000;
  must(observer->tick());
  EXPECT_NEAR(embodied("/a.service"), drive / life * 0.01, 1e-12 * drive / life);
  EXPECT_EQ(embodied("/b.service"), 0);
  // A card of 12.5 GB/s, half a second's worth, in an interval of two.
  world->next(2 * second_ns);
  world->group(3).network_sent_bytes = 6'250'000'000;
  must(observer->tick());
  EXPECT_NEAR(embodied("/b.service"), card / life * 0.5, 1e-12 * card / life);
  // More than the drive can move (it has a cache, or there are several): scaled to the interval, in proportion.
  const double before_a = embodied("/a.service"), before_b = embodied("/b.service");
  world->next();
  world->group(2).block_read_bytes = 9'000'000'000;
  world->group(3).block_read_bytes = 3'000'000'000;
  must(observer->tick());
  EXPECT_NEAR(embodied("/a.service") - before_a, drive / life * 0.75, 1e-12 * drive / life);
  EXPECT_NEAR(embodied("/b.service") - before_b, drive / life * 0.25, 1e-12 * drive / life);
}

TEST(Observer, WaitsForTheDeadAsLongAsItMayAndSaysIfThatWasTooShort) {
  using std::chrono::milliseconds;
  const TestFolder folder;
  const auto world = package_world();
  const auto observer = observe(world, test_options(folder));
  world->settles_after = milliseconds(20);
  observer->settle(milliseconds(100));
  EXPECT_EQ(world->settled_for, milliseconds(100));
  world->next();
  must(observer->tick());
  const std::size_t notes = observer->snapshot().notes.size();
  observer->settle(milliseconds(10));
  world->next();
  must(observer->tick());
  EXPECT_EQ(observer->snapshot().notes.size(), notes + 1);
}

}  // namespace
}  // namespace cradle::observe
