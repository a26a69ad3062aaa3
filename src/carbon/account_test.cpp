#include "cradle/carbon/account.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "cradle/base/random.h"

namespace cradle::carbon {
namespace {

using namespace literals;

constexpr Instant start = Instant{1'640'995'200'000};  // 2022-01-01T00:00:00Z
constexpr std::int64_t hour = ms_per_hour;
constexpr std::array all_views = {View::attributional, View::marginal, View::planning};
constexpr std::array all_groupings = {Grouping::job, Grouping::user, Grouping::product, Grouping::machine,
                                      Grouping::day};

Instant after(std::int64_t ms) { return Instant{start.ms + ms}; }

/// Everything that an account is made from.
struct World {
  std::vector<SiteRecord> sites;
  std::vector<ComponentRecord> components;
  std::vector<JobRecord> jobs;
  std::vector<Entry> entries;
  Period period;

  Result<Account> try_account(View view, Grouping by) const {
    auto accountant = Accountant::make(sites, components, jobs, view, by, period);
    if (!accountant) return accountant.error();
    for (const auto& entry : entries)
      if (auto ok = accountant->add(entry); !ok) return ok.error();
    return accountant->account();
  }
  Account account(View view, Grouping by) const {
    auto result = try_account(view, by);
    EXPECT_TRUE(result.has_value()) << (result ? "" : to_string(result.error()));
    return *result;
  }
};

Figures sum_of_rows(const Account& account) {
  Figures sum;
  for (const auto& row : account.rows) sum += row.figures;
  return sum += account.unassigned;
}

bool near(double a, double b, double relative) {
  return std::abs(a - b) <= relative * std::max({std::abs(a), std::abs(b), 1e-300});
}
bool near(GramsCO2e a, GramsCO2e b, double relative = 1e-9) { return near(a.value(), b.value(), relative); }
bool near(const Estimate<GramsCO2e>& a, const Estimate<GramsCO2e>& b, double relative = 1e-9) {
  return near(a.value, b.value, relative) && near(a.low, b.low, relative) && near(a.high, b.high, relative);
}
bool near(const Figures& a, const Figures& b) {
  return near(a.facility_energy.value(), b.facility_energy.value(), 1e-9) && near(a.total(), b.total());
}

/// Two sites with a varying grid, machines of three components that are fully described by entries from the start of
/// the period to its end: at each moment a part is reserved by a job and the rest is idle. Energies are whole
/// microjoules per millisecond, so that a cut at a millisecond loses nothing.
World random_world() {
  RandomStream random(*rc::gen::arbitrary<std::uint64_t>(), "world");
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
  };
  World world;
  const std::int64_t days = between(1, 4);
  world.period = {after(between(0, 2 * ms_per_day)), {}};
  world.period.to = Instant{world.period.from.ms + days * ms_per_day + between(1, ms_per_day)};
  const auto series = [&](Signal signal) {
    std::vector<GramsPerKilowattHour> steps;
    steps.reserve(24);
    for (int i = 0; i < 24; ++i) steps.emplace_back(static_cast<double>(between(0, 1000)));
    return *IntensitySeries::make(signal, start, hour, steps, true);
  };
  world.sites.push_back({"north", 1 + random.uniform(), "A", series(Signal::average), {}});
  world.sites.push_back({"south", 1.2, "B", series(Signal::average), series(Signal::marginal)});
  const auto machines = between(1, 3);
  for (std::int64_t m = 0; m < machines; ++m)
    for (const auto& [kind, type] :
         {std::pair{"gpu", OperationType::device_second}, std::pair{"cpu", OperationType::core_second},
          std::pair{"memory", OperationType::gibibyte_second}}) {
      ComponentRecord component;
      component.machine = "m" + std::to_string(m);
      component.kind = kind;
      component.site = static_cast<std::uint32_t>(m % 2);
      const double grams = static_cast<double>(between(0, 1'000'000));
      component.embodied = {GramsCO2e{grams}, GramsCO2e{grams * 0.5}, GramsCO2e{grams * 2}};
      const auto capacity = static_cast<double>(between(1, 100));
      component.lifetime = world.period.length() * static_cast<double>(between(1, 20));
      component.lifetime_operations = Operations{component.lifetime.value() * capacity};
      component.operation_type = type;
      component.sunk = random.below(2) == 0;
      world.components.push_back(component);
    }
  const auto jobs = static_cast<JobIndex>(between(1, 5));
  for (JobIndex j = 0; j < jobs; ++j) {
    JobRecord job;
    job.name = "job" + std::to_string(j);
    job.user = "u" + std::to_string(j % 2);
    job.product = j % 3 == 0 ? "" : "p" + std::to_string(j % 3);
    world.jobs.push_back(job);
  }
  for (ComponentIndex c = 0; c < world.components.size(); ++c) {
    const auto& component = world.components[c];
    Instant at = world.period.from;
    while (at < world.period.to) {
      const std::int64_t length = std::min(between(1, ms_per_day), world.period.to.ms - at.ms);
      const double capacity =
          component.lifetime_operations.value() / component.lifetime.value() * static_cast<double>(length) / 1000;
      Entry entry;
      entry.start = at;
      entry.end = Instant{at.ms + length};
      entry.component = c;
      entry.operation_type = component.operation_type;
      entry.microjoules = length * between(0, 400'000);
      entry.knowledge = static_cast<Knowledge>(between(0, 2));
      const auto reserved = static_cast<double>(between(0, 4));  // quarters
      if (reserved > 0) {
        entry.job = static_cast<JobIndex>(random.below(jobs));
        entry.operations = capacity * reserved / 4;
        entry.baseline_microjoules = length * between(0, entry.microjoules / length);
        world.entries.push_back(entry);
      }
      entry.job = no_job;
      entry.operations = 0;
      entry.role = static_cast<Role>(between(1, 3));
      entry.microjoules = length * between(0, 100'000);
      entry.baseline_microjoules = entry.microjoules;
      world.entries.push_back(entry);
      at = entry.end;
    }
  }
  return world;
}

RC_GTEST_PROP(AccountLaw, TotalsDoNotDependOnGrouping, ()) {
  const World world = random_world();
  for (const View view : all_views) {
    const Account by_job = world.account(view, Grouping::job);
    for (const Grouping by : all_groupings) {
      const Account account = world.account(view, by);
      const Figures rows = sum_of_rows(account);
      RC_ASSERT(near(rows, account.total));
      RC_ASSERT(near(account.total, by_job.total));
      RC_ASSERT(
          near(rows.operational + rows.idle_operational, by_job.total.operational + by_job.total.idle_operational));
      RC_ASSERT(near(rows.embodied + rows.idle_embodied, by_job.total.embodied + by_job.total.idle_embodied));
    }
  }
}

RC_GTEST_PROP(AccountLaw, EveryMicrojouleIsInOnePlace, ()) {
  const World world = random_world();
  ExactEnergy meter;
  for (const auto& entry : world.entries) meter += ExactEnergy{entry.microjoules};
  for (const View view : all_views)
    for (const Grouping by : all_groupings) {
      const Account account = world.account(view, by);
      const Figures rows = sum_of_rows(account);
      RC_ASSERT(account.metered == meter);
      RC_ASSERT(rows.energy + rows.idle_energy + account.excluded == meter);
      RC_ASSERT(account.total.energy + account.total.idle_energy + account.excluded == meter);
      ExactEnergy roles, known;
      for (const auto energy : account.energy_by_role) roles += energy;
      for (const auto energy : rows.energy_by_knowledge) known += energy;
      RC_ASSERT(roles == meter);
      RC_ASSERT(known == rows.energy + rows.idle_energy);
      if (view != View::marginal) RC_ASSERT(account.excluded == ExactEnergy{});
    }
}

RC_GTEST_PROP(AccountLaw, CuttingAnEntryChangesNothing, ()) {
  const World world = random_world();
  RandomStream random(*rc::gen::arbitrary<std::uint64_t>(), "cuts");
  World cut = world;
  cut.entries.clear();
  for (const auto& entry : world.entries) {
    const std::int64_t length = entry.end.ms - entry.start.ms;
    const auto first = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(length + 1)));
    Entry head = entry, tail = entry;
    head.end = tail.start = Instant{entry.start.ms + first};
    head.microjoules = entry.microjoules / length * first;
    tail.microjoules = entry.microjoules - head.microjoules;
    head.baseline_microjoules = entry.baseline_microjoules / length * first;
    tail.baseline_microjoules = entry.baseline_microjoules - head.baseline_microjoules;
    head.operations = entry.operations * static_cast<double>(first) / static_cast<double>(length);
    tail.operations = entry.operations - head.operations;
    cut.entries.push_back(head);
    cut.entries.push_back(tail);
  }
  for (const View view : all_views)
    for (const Grouping by : {Grouping::job, Grouping::day}) {
      const Account a = world.account(view, by);
      const Account b = cut.account(view, by);
      for (std::size_t r = 0; r < a.rows.size(); ++r) {
        if (view != View::planning || by == Grouping::day) {
          RC_ASSERT(a.rows[r].figures.energy == b.rows[r].figures.energy);
          RC_ASSERT(a.rows[r].figures.idle_energy == b.rows[r].figures.idle_energy);
        }
        const GramsCO2e change = a.rows[r].figures.total().value - b.rows[r].figures.total().value;
        RC_ASSERT(std::abs(change.value()) <= 1e-9 * a.total.total().value.value());
      }
    }
}

/// Second implementation: each entry walked hour by hour, energy x PUE x the value that holds in that hour.
GramsCO2e brute_force(const World& world, const Entry& entry) {
  const SiteRecord& site = world.sites[world.components[entry.component].site];
  double grams = 0;
  for (std::int64_t at = entry.start.ms; at < entry.end.ms;) {
    const std::int64_t next = std::min((at / hour + 1) * hour, entry.end.ms);
    const double joules = static_cast<double>(entry.microjoules) * 1e-6 * static_cast<double>(next - at) /
                          static_cast<double>(entry.end.ms - entry.start.ms);
    grams += joules * site.pue * site.average.at(Instant{at}).value();
    at = next;
  }
  return GramsCO2e{grams};
}

RC_GTEST_PROP(AccountLaw, AttributionalTenantsAndIdleAreTheMeterPricedHourByHour, ()) {
  const World world = random_world();
  const Account account = world.account(View::attributional, Grouping::job);
  std::vector<GramsCO2e> jobs(world.jobs.size());
  GramsCO2e idle, all;
  for (const auto& entry : world.entries) {
    const GramsCO2e grams = brute_force(world, entry);
    all += grams;
    (entry.role == Role::tenant ? jobs[entry.job] : idle) += grams;
  }
  for (std::size_t j = 0; j < jobs.size(); ++j) RC_ASSERT(near(account.rows[j].figures.operational, jobs[j]));
  RC_ASSERT(near(account.unassigned.idle_operational, idle));
  RC_ASSERT(near(account.total.operational + account.total.idle_operational, all));
}

RC_GTEST_PROP(AccountLaw, PlanningSpreadsExactlyWhatAttributionalLeavesIdle, ()) {
  const World world = random_world();
  const Account planning = world.account(View::planning, Grouping::job);
  const Account attributional = world.account(View::attributional, Grouping::job);
  bool any_grams = false;
  Figures jobs;
  for (const auto& row : planning.rows) {
    jobs += row.figures;
    any_grams = any_grams || row.figures.total().value > GramsCO2e{0};
  }
  RC_PRE(any_grams);
  RC_ASSERT(near(jobs.total(), attributional.total.total()));
  RC_ASSERT(jobs.energy + jobs.idle_energy == attributional.metered);
  RC_ASSERT(planning.unassigned.idle_energy == ExactEnergy{});
  for (std::size_t j = 0; j < planning.rows.size(); ++j) {
    RC_ASSERT(near(planning.rows[j].figures.operational, attributional.rows[j].figures.operational));
    RC_ASSERT(planning.rows[j].figures.idle_energy >= ExactEnergy{});
    RC_ASSERT(planning.rows[j].figures.total().value + 1e-9_g >= attributional.rows[j].figures.total().value);
  }
}

// Second implementation of the planning view: dense tables, no running sums.
RC_GTEST_PROP(AccountLaw, PlanningChargesEachComponentToItsOwnTenants, ()) {
  const World world = random_world();
  const std::size_t jobs = world.jobs.size();
  std::vector<double> grams(jobs);
  double nobody = 0;
  std::vector<std::vector<double>> operations(world.components.size(), std::vector<double>(jobs));
  std::vector<double> idle(world.components.size());
  for (const auto& entry : world.entries) {
    const double g = brute_force(world, entry).value();
    if (entry.role == Role::tenant) {
      grams[entry.job] += g;
      operations[entry.component][entry.job] += entry.operations;
    } else {
      idle[entry.component] += g;
    }
  }
  for (std::size_t c = 0; c < world.components.size(); ++c) {
    const ComponentRecord& component = world.components[c];
    const double emc = component.embodied.value.value();
    double used = 0;
    for (std::size_t j = 0; j < jobs; ++j) {
      used += operations[c][j];
      grams[j] += emc * operations[c][j] / component.lifetime_operations.value();
    }
    idle[c] += emc * (world.period.length() / component.lifetime - used / component.lifetime_operations.value());
    if (used <= 0) nobody += idle[c];
    for (std::size_t j = 0; j < jobs && used > 0; ++j) grams[j] += idle[c] * operations[c][j] / used;
  }
  double all = 0;
  for (const double g : grams) all += g;
  RC_PRE(all > 0);
  const Account account = world.account(View::planning, Grouping::job);
  for (std::size_t j = 0; j < jobs; ++j) {
    const double expected = grams[j] + nobody * grams[j] / all;
    const double got = account.rows[j].figures.total().value.value();
    RC_ASSERT(std::abs(got - expected) <= 1e-9 * (all + nobody));
  }
}

RC_GTEST_PROP(AccountLaw, MarginalNeverExceedsAttributionalOnTheSameSignal, ()) {
  World world = random_world();
  for (auto& site : world.sites) site.marginal.reset();
  const Account marginal = world.account(View::marginal, Grouping::job);
  const Account attributional = world.account(View::attributional, Grouping::job);
  for (std::size_t j = 0; j < marginal.rows.size(); ++j)
    RC_ASSERT(marginal.rows[j].figures.total().value <=
              attributional.rows[j].figures.total().value * (1 + 1e-12) + 1e-9_g);
}

// Over a component's whole life the jobs' shares and the idle residue are its EMC, however the life is cut into jobs.
RC_GTEST_PROP(AccountLaw, EmbodiedCarbonIsConservedOverALife, ()) {
  RandomStream random(*rc::gen::arbitrary<std::uint64_t>(), "life");
  World world;
  world.sites.push_back({"site", 1.3, "A", IntensitySeries::constant(Signal::average, 400_g_per_kWh), {}});
  ComponentRecord component;
  component.machine = "m";
  component.kind = "gpu";
  const double grams = 1 + 1e7 * random.uniform();
  component.embodied = {GramsCO2e{grams}, GramsCO2e{grams / 3}, GramsCO2e{grams * 3}};
  world.period = {start, after(4 * 365 * ms_per_day)};
  component.lifetime = world.period.length();
  component.lifetime_operations = Operations{component.lifetime.value() * 8};
  world.components.push_back(component);
  const auto jobs = static_cast<JobIndex>(1 + random.below(2000));
  std::int64_t at = 0;
  const std::int64_t step = 4 * 365 * ms_per_day / jobs;
  for (JobIndex j = 0; j < jobs; ++j) {
    world.jobs.push_back({"j" + std::to_string(j), "u", "", start, {}, {}});
    const auto length = static_cast<std::int64_t>(1 + random.below(static_cast<std::uint64_t>(step)));
    Entry entry;
    entry.start = after(at);
    entry.end = after(at + length);
    entry.job = j;
    entry.operations = static_cast<double>(length) / 1000 * static_cast<double>(random.below(9));
    world.entries.push_back(entry);
    at += step;
  }
  for (const Grouping by : all_groupings) {
    const Figures sum = sum_of_rows(world.account(View::attributional, by));
    RC_ASSERT(near(sum.embodied + sum.idle_embodied, component.embodied, 1e-12));
    RC_ASSERT(sum.idle_embodied.low >= GramsCO2e{0});
  }
  const Figures planned = sum_of_rows(world.account(View::planning, Grouping::job));
  RC_ASSERT(near(planned.embodied + planned.idle_embodied, component.embodied, 1e-12));
}

/// One GPU of one machine, one job from 22:00 to 02:00 at 100 W of which 40 W would be drawn anyway, 400 g/kWh on the
/// first day and 100 g/kWh on the second; idle at 40 W for the rest of the two days.
World two_days() {
  World world;
  std::vector<GramsPerKilowattHour> average(48, 400_g_per_kWh), marginal(48, 900_g_per_kWh);
  std::fill(average.begin() + 24, average.end(), 100_g_per_kWh);
  world.sites.push_back({"site", 1.5, "A", *IntensitySeries::make(Signal::average, start, hour, average, false),
                         *IntensitySeries::make(Signal::marginal, start, hour, marginal, false)});
  ComponentRecord gpu;
  gpu.machine = "m1";
  gpu.kind = "gpu";
  gpu.embodied = {GramsCO2e{48_kg}, GramsCO2e{24_kg}, GramsCO2e{96_kg}};
  gpu.lifetime = Seconds{480_h};
  gpu.lifetime_operations = Operations{480 * 3600.0};
  world.components.push_back(gpu);
  world.jobs.push_back({"train", "ann", "model", start, {}, {}});
  world.period = {start, after(2 * ms_per_day)};
  const auto micro = [](double watts, std::int64_t ms) { return static_cast<std::int64_t>(watts * 1000) * ms; };
  Entry entry;
  entry.start = after(22 * hour);
  entry.end = after(26 * hour);
  entry.job = 0;
  entry.microjoules = micro(100, 4 * hour);
  entry.baseline_microjoules = micro(40, 4 * hour);
  entry.operations = 4 * 3600;
  entry.knowledge = Knowledge::measured;
  world.entries.push_back(entry);
  for (const auto& [from, to] : {std::pair{std::int64_t{0}, 22 * hour}, std::pair{26 * hour, 48 * hour}}) {
    Entry idle;
    idle.start = after(from);
    idle.end = after(to);
    idle.microjoules = idle.baseline_microjoules = micro(40, to - from);
    idle.role = Role::idle;
    world.entries.push_back(idle);
  }
  return world;
}

TEST(Account, AttributionalByHand) {
  const Account account = two_days().account(View::attributional, Grouping::job);
  ASSERT_EQ(account.rows.size(), 1U);
  const Figures& job = account.rows[0].figures;
  EXPECT_EQ(account.rows[0].key, "train");
  EXPECT_EQ(job.energy, ExactEnergy{1'440'000'000'000});  // 0.4 kWh
  EXPECT_NEAR(job.operational.value(), 0.2 * 1.5 * 400 + 0.2 * 1.5 * 100, 1e-9);
  EXPECT_NEAR(job.embodied.value.value(), 400, 1e-9);  // 4 h of 480 h x 48 kg
  EXPECT_NEAR(job.embodied.low.value(), 200, 1e-9);
  EXPECT_NEAR(job.embodied.high.value(), 800, 1e-9);
  EXPECT_EQ(job.idle_energy, ExactEnergy{});
  EXPECT_NEAR(account.unassigned.idle_operational.value(), 0.04 * 22 * 1.5 * (400 + 100), 1e-9);
  EXPECT_NEAR(account.unassigned.idle_embodied.value.value(), 4400, 1e-9);
  EXPECT_NEAR(KilowattHours{account.total.facility_energy}.value(), (0.4 + 1.76) * 1.5, 1e-12);
  EXPECT_NEAR(account.total.share(Knowledge::measured), 0.4 / 2.16, 1e-12);
  EXPECT_NEAR(account.total.share(Knowledge::simulated), 1.76 / 2.16, 1e-12);
  EXPECT_EQ(account.signals[0].signal, Signal::average);
  EXPECT_TRUE(account.notes.empty());
}

TEST(Account, DaysAreCutAtMidnightUtc) {
  const Account account = two_days().account(View::attributional, Grouping::day);
  ASSERT_EQ(account.rows.size(), 2U);
  EXPECT_EQ(account.rows[0].key, "2022-01-01");
  EXPECT_EQ(account.rows[1].key, "2022-01-02");
  EXPECT_NEAR(account.rows[0].figures.operational.value(), 0.2 * 1.5 * 400, 1e-9);
  EXPECT_NEAR(account.rows[1].figures.operational.value(), 0.2 * 1.5 * 100, 1e-9);
  for (const auto& row : account.rows) {
    EXPECT_EQ(row.figures.energy, ExactEnergy{720'000'000'000});
    EXPECT_NEAR(row.figures.idle_embodied.value.value(), 2200, 1e-9);
  }
}

TEST(Account, MarginalCountsOnlyWhatTheJobAddsAndSaysWhichSignal) {
  World world = two_days();
  Account account = world.account(View::marginal, Grouping::job);
  EXPECT_EQ(account.signals[0].signal, Signal::marginal);
  EXPECT_NEAR(account.rows[0].figures.operational.value(), 0.24 * 1.5 * 900, 1e-9);
  EXPECT_EQ(account.rows[0].figures.embodied.value, 0_g);
  EXPECT_EQ(account.total.total().value, account.rows[0].figures.total().value);
  EXPECT_EQ(account.excluded + account.total.energy, account.metered);

  world.components[0].sunk = false;
  world.sites[0].marginal.reset();
  account = world.account(View::marginal, Grouping::job);
  EXPECT_EQ(account.signals[0].signal, Signal::average);
  EXPECT_NEAR(account.rows[0].figures.operational.value(), 0.12 * 1.5 * 500, 1e-9);
  EXPECT_NEAR(account.rows[0].figures.embodied.value.value(), 400, 1e-9);
}

TEST(Account, PlanningChargesIdleToTheTenantsOfTheComponent) {
  World world = two_days();
  world.jobs.push_back({"serve", "bob", "model", start, {}, {}});
  Entry small = world.entries[0];
  small.job = 1;
  small.operations /= 3;
  small.microjoules = small.baseline_microjoules = 0;
  world.entries.push_back(small);
  const Account account = world.account(View::planning, Grouping::job);
  const Account plain = world.account(View::attributional, Grouping::job);
  const GramsCO2e idle = plain.unassigned.total().value;
  EXPECT_NEAR((account.rows[0].figures.total().value - plain.rows[0].figures.total().value) / idle, 0.75, 1e-12);
  EXPECT_NEAR((account.rows[1].figures.total().value - plain.rows[1].figures.total().value) / idle, 0.25, 1e-12);
  EXPECT_EQ(account.unassigned.total().value, 0_g);
}

TEST(Account, PlanningChargesAnUnusedComponentToAllByTheirGrams) {
  World world = two_days();
  ComponentRecord unused = world.components[0];
  unused.machine = "m2";
  world.components.push_back(unused);
  const Account account = world.account(View::planning, Grouping::user);
  EXPECT_NEAR(account.rows[0].figures.total().value.value(), account.total.total().value.value(), 1e-9);
  world.entries.erase(world.entries.begin());
  const Account nobody = world.account(View::planning, Grouping::job);
  EXPECT_EQ(nobody.rows[0].figures.total().value, 0_g);
  EXPECT_NEAR(nobody.unassigned.total().value.value(), nobody.total.total().value.value(), 1e-9);
  EXPECT_GT(nobody.unassigned.total().value, 9600_g);
}

// SCI specification (ISO/IEC 21031, Software Carbon Intensity v1.1, worked example): 1000 kg over 4 years of 365 days,
// one hour of all of it -> 28.538813 g.
TEST(Account, ReproducesTheWorkedExampleOfSci) {
  World world = two_days();
  world.components[0].embodied = Estimate<GramsCO2e>::exact(GramsCO2e{1000_kg});
  world.components[0].lifetime = Seconds{35'040_h};
  world.components[0].lifetime_operations = Operations{35'040.0 * 3600};
  world.entries.resize(1);
  world.entries[0].end = after(23 * hour);
  world.entries[0].operations = 3600;
  const Account account = world.account(View::attributional, Grouping::job);
  EXPECT_NEAR(account.rows[0].figures.embodied.value.value(), 28.538813, 5e-7);
}

TEST(Account, EntriesAreCutAtTheBoundsOfThePeriod) {
  World world = two_days();
  world.period = {after(23 * hour), after(24 * hour)};
  const Account account = world.account(View::attributional, Grouping::job);
  EXPECT_EQ(account.entries, 1U);
  EXPECT_EQ(account.metered, ExactEnergy{360'000'000'000});
  EXPECT_NEAR(account.rows[0].figures.operational.value(), 0.1 * 1.5 * 400, 1e-9);
  EXPECT_NEAR(account.rows[0].figures.embodied.value.value(), 100, 1e-9);
  EXPECT_NEAR(account.unassigned.idle_embodied.value.value(), 0, 1e-9);
}

TEST(Account, AnInstantaneousEntryCountsWhole) {
  World world = two_days();
  world.entries.resize(1);
  world.entries[0].end = world.entries[0].start;
  for (const Grouping by : all_groupings) {
    const Account account = world.account(View::attributional, by);
    EXPECT_EQ(account.metered, ExactEnergy{1'440'000'000'000});
    EXPECT_NEAR(sum_of_rows(account).operational.value(), 0.4 * 1.5 * 400, 1e-9);
  }
  world.period.to = world.entries[0].start;
  EXPECT_EQ(world.account(View::attributional, Grouping::day).entries, 0U);
}

TEST(Account, UseBeyondALifeLeavesNoNegativeResidueAndIsSaid) {
  World world = two_days();
  world.entries[0].operations = 60 * 3600;  // more than the 48 h of the period
  for (const Grouping by : all_groupings) {
    const Account account = world.account(View::attributional, by);
    EXPECT_EQ(account.total.idle_embodied.value, 0_g);
    for (const auto& row : account.rows) EXPECT_GE(row.figures.idle_embodied.low, 0_g);
    ASSERT_EQ(account.notes.size(), 1U);
    EXPECT_NE(account.notes[0].find("gpu of machine m1 (1.250 times)"), std::string::npos) << account.notes[0];
  }
}

// A component counted in FLOP may do two days' worth in one: the residue of the period is shared by the other days.
TEST(Account, ABusyDayTakesItsResidueFromTheOthers) {
  World world = two_days();
  world.entries[0].end = after(24 * hour);
  world.entries[0].operations = 30 * 3600;
  const Account account = world.account(View::attributional, Grouping::day);
  EXPECT_EQ(account.rows[0].figures.idle_embodied.value, 0_g);
  EXPECT_NEAR(account.rows[1].figures.idle_embodied.value.value(), 1800, 1e-9);
  EXPECT_TRUE(near(sum_of_rows(account).total(), account.total.total()));
}

TEST(Account, OtherOperationsHaveNoEmbodiedShareAndAreCounted) {
  World world = two_days();
  world.entries[0].operation_type = OperationType::fp16_flop;
  const Account account = world.account(View::attributional, Grouping::job);
  EXPECT_EQ(account.rows[0].figures.embodied.value, 0_g);
  EXPECT_NEAR(account.total.idle_embodied.value.value(), 4800, 1e-9);
  ASSERT_EQ(account.notes.size(), 1U);
  EXPECT_EQ(account.notes[0].substr(0, 12), "1 entry(ies)");
}

TEST(Account, EnergyBeyondSixtyFourBitsOfMicrojoulesIsExact) {
  World world = two_days();
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  world.entries.assign(5, world.entries[0]);
  for (auto& entry : world.entries) entry.microjoules = most;
  const Account account = world.account(View::attributional, Grouping::day);
  ExactEnergy expected;
  for (int i = 0; i < 5; ++i) expected += ExactEnergy{most};
  EXPECT_EQ(account.metered, expected);
  EXPECT_EQ(account.rows[0].figures.energy + account.rows[1].figures.energy, expected);
  EXPECT_DOUBLE_EQ(expected.joules().value(), 5 * 9'223'372'036'854.775807);
  EXPECT_EQ(ExactEnergy{-1} + ExactEnergy{1}, ExactEnergy{});
  EXPECT_LT(ExactEnergy{-1}, ExactEnergy{});
}

// A plain running sum of a million tenths is off by 1e-11 of itself.
TEST(Account, MillionsOfSmallSharesAddUpToTheWhole) {
  World world = two_days();
  world.components[0].lifetime = world.period.length();
  world.components[0].lifetime_operations = Operations{100'000};
  Entry entry = world.entries[0];
  entry.operations = 0.1;
  entry.microjoules = entry.baseline_microjoules = 1;
  for (const View view : {View::attributional, View::planning}) {
    auto accountant = *Accountant::make(world.sites, world.components, world.jobs, view, Grouping::user, world.period);
    for (int i = 0; i < 1'000'000; ++i) ASSERT_TRUE(accountant.add(entry));
    const Account account = accountant.account();
    EXPECT_TRUE(near(account.rows[0].figures.embodied, world.components[0].embodied, 1e-12));
    EXPECT_LE(sum_of_rows(account).idle_embodied.high.value(), 1e-12 * 96'000);
    EXPECT_EQ(account.rows[0].figures.energy, ExactEnergy{1'000'000});
    EXPECT_TRUE(account.notes.empty());
  }
}

RC_GTEST_PROP(ExactEnergyLaw, FractionsGrowFromNothingToAll, ()) {
  const ExactEnergy all =
      ExactEnergy{*rc::gen::nonNegative<std::int64_t>()} + ExactEnergy{*rc::gen::nonNegative<std::int64_t>()};
  const double a = *rc::gen::inRange(0, 1'000'001) * 1e-6, b = *rc::gen::inRange(0, 1'000'001) * 1e-6;
  const ExactEnergy low = all.fraction(std::min(a, b)), high = all.fraction(std::max(a, b));
  RC_ASSERT(ExactEnergy{} <= low && low <= high && high <= all);
  RC_ASSERT(all.fraction(1) == all);
  RC_ASSERT(all.fraction(0) == ExactEnergy{});
  const double expected = all.joules().value() * std::min(a, b);
  RC_ASSERT(std::abs(low.joules().value() - expected) <= 1e-9 * expected + 2e-6);
}

TEST(Account, SameNamesStayApart) {
  World world = two_days();
  world.jobs.push_back(world.jobs[0]);
  EXPECT_EQ(world.account(View::attributional, Grouping::job).rows.size(), 2U);
  EXPECT_EQ(world.account(View::attributional, Grouping::user).rows.size(), 1U);
  world.sites.push_back(world.sites[0]);
  world.sites[1].name = "other";
  world.components.push_back(world.components[0]);
  world.components[1].site = 1;
  const Account account = world.account(View::attributional, Grouping::machine);
  ASSERT_EQ(account.rows.size(), 2U);
  EXPECT_EQ(account.rows[0].key, "site/m1");
  EXPECT_EQ(account.rows[1].key, "other/m1");
}

TEST(Account, AnEmptyRunIsAllResidue) {
  World world = two_days();
  world.entries.clear();
  world.jobs.clear();
  for (const Grouping by : all_groupings)
    EXPECT_NEAR(sum_of_rows(world.account(View::attributional, by)).total().value.value(), 4800, 1e-9);
}

TEST(Account, MalformedEntriesAreRefusedWithTheRuleTheyBreak) {
  const World good = two_days();
  const auto message = [&](auto change) {
    World world = good;
    change(world.entries[0]);
    const auto account = world.try_account(View::attributional, Grouping::day);
    return account ? std::string("accepted") : account.error().message;
  };
  EXPECT_EQ(message([](Entry&) {}), "accepted");
  EXPECT_EQ(message([](Entry& e) { e.component = 1; }), "there are only 1 components");
  EXPECT_EQ(message([](Entry& e) { std::swap(e.start, e.end); }), "it ends before it starts");
  EXPECT_EQ(message([](Entry& e) { e.end.ms = std::numeric_limits<std::int64_t>::max(); }),
            "a time millions of years away");
  EXPECT_EQ(message([](Entry& e) { e.start.ms = std::numeric_limits<std::int64_t>::min(); }),
            "a time millions of years away");
  EXPECT_EQ(message([](Entry& e) { e.microjoules = -1; }), "negative energy");
  EXPECT_EQ(message([](Entry& e) { e.baseline_microjoules = e.microjoules + 1; }),
            "the baseline is not between 0 and the energy");
  EXPECT_EQ(message([](Entry& e) { e.operations = std::nan(""); }), "operations are not a finite number >= 0");
  EXPECT_EQ(message([](Entry& e) { e.operations = -1; }), "operations are not a finite number >= 0");
  EXPECT_EQ(message([](Entry& e) { e.job = 7; }), "there are only 1 jobs");
  EXPECT_EQ(message([](Entry& e) { e.job = no_job; }), "a tenant's entry without a job");
  EXPECT_EQ(message([](Entry& e) { e.role = Role::idle; }), "a job is named, but the role is not tenant");
  EXPECT_EQ(message([](Entry& e) { e.knowledge = static_cast<Knowledge>(9); }),
            "unknown kind of operation, role or knowledge");
}

TEST(Account, UnsoundRecordsAreRefused) {
  const World good = two_days();
  const auto message = [&](auto change) {
    World world = good;
    change(world);
    const auto account = world.try_account(View::attributional, Grouping::day);
    return account ? std::string("accepted") : account.error().message;
  };
  EXPECT_EQ(message([](World& w) { w.sites[0].pue = 0.9; }), "PUE is not a number >= 1");
  EXPECT_EQ(message([](World& w) { w.sites[0].pue = std::nan(""); }), "PUE is not a number >= 1");
  EXPECT_EQ(message([](World& w) { w.sites[0].average = *w.sites[0].marginal; }),
            "average and marginal intensity are mixed up");
  EXPECT_EQ(message([](World& w) { w.components[0].site = 5; }), "there is no site 5");
  EXPECT_EQ(message([](World& w) { w.components[0].lifetime = Seconds{0}; }), "its life is not longer than 0");
  EXPECT_EQ(message([](World& w) { w.components[0].embodied.low = GramsCO2e{-1}; }),
            "embodied carbon is not 0 <= low <= value <= high");
  EXPECT_EQ(message([](World& w) { w.components[0].embodied.value = GramsCO2e{std::nan("")}; }),
            "embodied carbon is not 0 <= low <= value <= high");
  EXPECT_EQ(message([](World& w) { w.period.to = w.period.from; }), "the period is empty");
  EXPECT_NE(message([](World& w) {
              w.period.to.ms = w.period.from.ms + (std::int64_t{1} << 58);
            }).find("days of 1 components are more than one account can hold"),
            std::string::npos);
  World uncovered = good;
  uncovered.entries[0].end = after(100 * hour);
  uncovered.period.to = after(100 * hour);
  EXPECT_EQ(uncovered.try_account(View::attributional, Grouping::job).error().code, ErrorCode::missing_data);
}

TEST(Account, GroupingsAreParsedOrTheNearestIsNamed) {
  for (const Grouping by : all_groupings) EXPECT_EQ(*parse_grouping(name(by)), by);
  EXPECT_EQ(parse_grouping("prodct").error().hint, "did you mean 'product'?");
  EXPECT_FALSE(parse_grouping(""));
}

}  // namespace
}  // namespace cradle::carbon
