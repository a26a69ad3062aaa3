// What the ledger holds is what the snapshot shows; a full disk loses nothing.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <functional>
#include <map>

#include "cradle/carbon/account.h"
#include "observe_fixture.h"

namespace cradle::observe {
namespace {

using carbon::ExactEnergy;
using meter::ZoneKind;

std::shared_ptr<World> two_tenants() {
  auto world = std::make_shared<World>();
  world->add_meter();
  world->add_zone(0, "package-0", ZoneKind::package, "simulated");
  world->add_zone(0, "dram-0", ZoneKind::dram, "simulated");
  world->group(1, "/");
  world->group(2, "/system.slice/a.service");
  world->group(3, "/system.slice/b.service");
  world->group(4, "/system.slice/cradle.service");
  return world;
}

void work_a_while(World& world, NodeObserver& observer, int ticks, RandomStream& random) {
  const auto some = [&](std::uint64_t most) { return static_cast<std::int64_t>(random.below(most)); };
  for (int tick = 0; tick < ticks; ++tick) {
    world.next(second_ns + some(1000) * 1'000'000);
    world.group(2).resident_bytes = some(4 * gibibyte);
    world.group(3).resident_bytes = some(4 * gibibyte);
    world.work(10, 1, 2, some(second_ns));
    world.work(11, 1, 3, some(second_ns));
    world.work(observer_pid, 1, 4, 2'000'000);
    world.scan.own_cpu_ns = 1'000'000;
    world.scan.node.busy_ns += some(second_ns / 4);
    const std::int64_t package = some(90'000'000), dram = some(9'000'000);
    world.read(0, 0, package, package / 3);
    world.read(0, 1, dram, dram / 2);
    must(observer.tick());
  }
}

/// All runs of a ledger, summed.
carbon::Figures account_of(const std::filesystem::path& path, std::map<std::string, carbon::Figures>& by_job) {
  const auto ledger = must(ledger::Ledger::open_read(path));
  carbon::Figures total;
  for (const auto& run : must(ledger.runs())) {
    const auto reader = must(ledger.read_run(run.info.name));
    if (run.entries == 0) continue;
    const auto account = must(reader.account(carbon::View::attributional, carbon::Grouping::job));
    total += account.total;
    for (const auto& row : account.rows) by_job[row.key] += row.figures;
  }
  return total;
}

ExactEnergy energy_of(const Totals& totals, attribution::IdlePolicy policy) {
  ExactEnergy all;
  for (std::size_t c = 0; c < components; ++c)
    all += ExactEnergy(totals.microjoules(policy, static_cast<Component>(c)));
  return all;
}

void expect_near(carbon::GramsCO2e a, carbon::GramsCO2e b) {
  EXPECT_NEAR(a.value(), b.value(), 1e-9 * std::abs(b.value()));
}

void expect_account_is_snapshot(const Snapshot& now, const std::filesystem::path& path) {
  std::map<std::string, carbon::Figures> by_job;
  const carbon::Figures total = account_of(path, by_job);
  EXPECT_EQ(total.energy + total.idle_energy, energy_of(now.node, now.policy));
  expect_near(total.operational + total.idle_operational, now.node.operational_average.value);
  expect_near(total.embodied.value + total.idle_embodied.value, now.node.embodied.value);
  for (const char* name : {"a.service", "b.service"}) {
    const GroupTotals* group = find_group(now, std::string("/system.slice/") + name);
    EXPECT_EQ(by_job[name].energy, energy_of(group->totals, now.policy)) << name;
    expect_near(by_job[name].operational, group->totals.operational_average.value);
    expect_near(by_job[name].embodied.value, group->totals.embodied.value);
    expect_near(by_job[name].embodied.high, group->totals.embodied.high);
  }
}

TEST(EntryLog, TheAccountOfTheLedgerIsTheSnapshot) {
  for (const auto policy : {attribution::IdlePolicy::none, attribution::IdlePolicy::use}) {
    const TestFolder folder;
    const auto world = two_tenants();
    world->scan.at = Instant{test_start.ms + ms_per_hour - 700'000};  // the grid's next hour begins on the way
    const Instant from = world->scan.at;
    ObserverOptions options = test_options(folder);
    options.place.grid = "CISO";
    options.place.server = "hgx-h100";
    options.policy = policy;
    options.ledger = folder / "ledger";
    const auto observer = observe(world, options);
    RandomStream random(7, "ledger");
    work_a_while(*world, *observer, 1000, random);
    must(observer->finish());
    expect_account_is_snapshot(observer->snapshot(), options.ledger);

    const auto ledger = must(ledger::Ledger::open_read(options.ledger));
    const auto run = must(ledger.read_run(""));
    // One entry for each tenant, component and minute, not for each tick.
    EXPECT_LT(run.summary().entries, 1000U);
    EXPECT_EQ(run.summary().warning(), "") << "a clean end is no interruption";
    EXPECT_EQ(run.summary().info.period, (carbon::Period{from, observer->snapshot().at}));
    EXPECT_EQ(run.components().size(), components);
    EXPECT_EQ(run.sites()[0].pue, 1.25);
    must(run.entries([](std::span<const carbon::Entry> entries) -> Result<void> {
      for (const carbon::Entry& entry : entries)
        EXPECT_EQ(entry.knowledge, entry.component <= 1 ? carbon::Knowledge::simulated : carbon::Knowledge::estimated);
      return {};
    }));
  }
}

TEST(EntryLog, EveryStartIsARunOfItsOwn) {
  const TestFolder folder;
  ObserverOptions options = test_options(folder);
  options.ledger = folder / "ledger";
  RandomStream random(7, "runs");
  for (int start = 0; start < 3; ++start) {
    const auto world = two_tenants();
    const auto observer = observe(world, options);
    work_a_while(*world, *observer, 10, random);
    must(observer->finish());
  }
  const auto runs = must(must(ledger::Ledger::open_read(options.ledger)).runs());
  EXPECT_EQ(runs.size(), 3U);
  for (const auto& run : runs) EXPECT_TRUE(run.finished);
}

TEST(EntryLog, AClockThatIsSetBackLosesNothing) {
  const TestFolder folder;
  const auto world = two_tenants();
  ObserverOptions options = test_options(folder);
  options.ledger = folder / "ledger";
  const auto observer = observe(world, options);
  RandomStream random(7, "clock");
  work_a_while(*world, *observer, 200, random);
  world->scan.at.ms -= 5 * ms_per_day;
  work_a_while(*world, *observer, 200, random);
  must(observer->finish());
  std::map<std::string, carbon::Figures> by_job;
  const auto total = account_of(options.ledger, by_job);
  EXPECT_EQ(total.energy + total.idle_energy, energy_of(observer->snapshot().node, options.policy));
  EXPECT_EQ(observer->snapshot().clock_steps, 1);
  const auto runs = must(must(ledger::Ledger::open_read(options.ledger)).runs());
  ASSERT_EQ(runs.size(), 2U);
  for (const auto& run : runs) EXPECT_EQ(run.warning(), "");
}

void limit_files_to(rlim_t bytes) {
  rlimit limit{bytes, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

/// In a child process, whose files can be limited: a disk that is full. 0 is what is expected of it.
int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::_exit(work());
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(EntryLog, AFullDiskHoldsEntriesBackUntilThereIsRoom) {
  const TestFolder folder;
  const auto work = [&](std::size_t backlog) {
    const auto world = two_tenants();
    ObserverOptions options = test_options(folder);
    options.ledger = folder / (backlog > 100 ? "large" : "small");
    const auto observer = observe(world, options, backlog);
    RandomStream random(7, "disk");
    work_a_while(*world, *observer, 200, random);
    limit_files_to(4096);                           // less than the first page and a journal take
    work_a_while(*world, *observer, 3000, random);  // some 600 entries
    const std::string notes = [&] {
      std::string all;
      for (const std::string& note : observer->snapshot().notes) all += note + "\n";
      return all;
    }();
    if (notes.find("entries are kept and offered again") == std::string::npos) return 2;
    if ((notes.find("entries joined without their tenants") != std::string::npos) != (backlog <= 100)) return 3;
    if (observer->finish().has_value()) return 4;  // still full: it must say so
    limit_files_to(RLIM_INFINITY);
    if (!observer->finish()) return 5;
    std::map<std::string, carbon::Figures> by_job;
    const auto total = account_of(options.ledger, by_job);
    const Snapshot& now = observer->snapshot();
    if (total.energy + total.idle_energy != energy_of(now.node, now.policy)) return 6;
    const auto a = energy_of(find_group(now, "/system.slice/a.service")->totals, now.policy);
    if ((by_job["a.service"].energy == a) != (backlog > 100)) return 7;
    return 0;
  };
  for (const std::size_t backlog : {std::size_t{100'000}, std::size_t{60}})
    EXPECT_EQ(in_child([&] { return work(backlog); }), 0) << backlog;
}

}  // namespace
}  // namespace cradle::observe
