#include "cradle/design/replacement.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "cradle/base/random.h"

namespace cradle::design {
namespace {

using namespace cradle::carbon;

/// A question in which `random` fills in everything.
FleetQuestion random_question(RandomStream& random, int years, std::size_t types, std::size_t classes,
                              std::size_t sites, double machines) {
  const auto between = [&](double low, double high) { return low + (high - low) * random.uniform(); };
  FleetQuestion question;
  question.years = years;
  for (std::size_t i = 0; i < classes; ++i) {
    WorkClass work{"work " + std::to_string(i), {}, between(1, 1.5), i == 0};
    for (int year = 0; year < years; ++year)
      work.demand.emplace_back(between(0.3, 1) * machines / static_cast<double>(classes) * (1 + 0.1 * year));
    question.classes.push_back(work);
  }
  for (std::size_t i = 0; i < types; ++i) {
    MachineType type;
    type.name = "type " + std::to_string(i);
    type.making = GramsCO2e{KilogramsCO2e{between(500, 3000)}};
    type.capacity = catalog::OperationsPerSecond{between(0.5, 2)};
    type.idle = Watts{between(50, 150)};
    type.full = type.idle + Watts{between(100, 600)};
    type.gain = between(0, 0.2);
    type.on_sale_from =
        static_cast<int>(random.below(static_cast<std::uint64_t>(std::max(1, years / 2)))) * (i == 0 ? 0 : 1);
    type.life = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(years)));
    type.second_life = static_cast<int>(random.below(3));
    type.second_capacity = between(0.4, 1);
    type.refurbishing = GramsCO2e{KilogramsCO2e{between(10, 100)}};
    type.failures = between(0, 0.1);
    type.repair = between(0, 0.5);
    type.handed_on = random.below(2) == 0 ? 0 : between(0, 0.8);
    for (std::size_t work = 0; work < classes; ++work)
      if (i == 0 || random.below(2) == 0) type.work.push_back(work);
    question.types.push_back(type);
  }
  for (std::size_t i = 0; i < sites; ++i) {
    FleetSite site{"site " + std::to_string(i), between(1, 1.5), {}, {}, 1e18};
    for (int year = 0; year < years; ++year)
      site.exposure.push_back(GramsPerJoule{GramsPerKilowattHour{between(30, 600)}} * Seconds{Hours{8766}});
    for (std::size_t work = 0; work < classes; ++work) {
      site.work_exposure.push_back(site.exposure);
      for (auto& exposure : site.work_exposure.back()) exposure = exposure * between(0.9, 1.1);
    }
    question.sites.push_back(site);
  }
  question.stock.push_back({0, 0, static_cast<int>(random.below(3)), static_cast<int>(random.below(2))});
  return question;
}

// --- Every plan, one machine after the other
// --------------------------------------------------------------------------

struct Machine {
  std::size_t type, site;
  int bought;
  int life;  ///< 0, 1: which it is in
};

class BruteForce {
 public:
  /// Looks at every plan below `limit` kilograms: a plan known to be that good cuts the search short.
  BruteForce(const FleetQuestion& question, int most_machines, double limit)
      : question_(question), most_machines_(most_machines), best_(limit) {}

  /// The least kilograms, or the limit if no plan is below it.
  double best() {
    std::vector<Machine> machines;
    for (const auto& stock : question_.stock)
      for (int i = 0; i < stock.count; ++i) machines.push_back({stock.type, stock.site, -stock.age, 0});
    begin_year(0, machines, 0, {}, 0);
    return best_;
  }

 private:
  static double kg(GramsCO2e grams) { return KilogramsCO2e{grams}.value(); }
  double credit(const Machine& machine, int year) const {
    const MachineType& type = question_.types[machine.type];
    return kg(type.making) * type.handed_on * std::max(0.0, 1 - static_cast<double>(year - machine.bought) / type.life);
  }

  /// Decides for machine `next` on: stay, move or leave.
  void begin_year(int year, const std::vector<Machine>& before, std::size_t next, std::vector<Machine> now,
                  double cost) {
    if (cost - most_credit(year, before) >= best_) return;
    if (year == question_.years) {
      for (const Machine& machine : before)
        if (machine.life == 0) cost -= credit(machine, year);
      best_ = std::min(best_, cost);
      return;
    }
    if (next == before.size()) {
      buy(year, now, 0, cost);
      return;
    }
    const Machine& machine = before[next];
    const MachineType& type = question_.types[machine.type];
    const int age = year - machine.bought;
    begin_year(year, before, next + 1, now, cost - (machine.life == 0 ? credit(machine, year) : 0));
    if (machine.life == 0 ? age < type.life : age < type.life + type.second_life) {
      auto kept = now;
      kept.push_back(machine);
      begin_year(year, before, next + 1, kept, cost);
    }
    if (machine.life == 0 && type.second_life > 0 && age < type.life + type.second_life) {
      auto moved = now;
      moved.push_back(machine);
      moved.back().life = 1;
      begin_year(year, before, next + 1, moved, cost + kg(type.refurbishing));
    }
  }

  void buy(int year, const std::vector<Machine>& machines, std::size_t from, double cost) {
    assign(year, machines, 0, std::vector<int>(machines.size(), -1), cost);
    if (static_cast<int>(machines.size()) >= most_machines_) return;
    const std::size_t options = question_.types.size() * question_.sites.size();
    for (std::size_t i = from; i < options; ++i) {
      const std::size_t type = i % question_.types.size();
      if (year < question_.types[type].on_sale_from || year > question_.types[type].on_sale_to) continue;
      auto more = machines;
      more.push_back({type, i / question_.types.size(), year, 0});
      buy(year, more, i, cost + kg(question_.types[type].making));
    }
  }

  void assign(int year, const std::vector<Machine>& machines, std::size_t next, std::vector<int> work, double cost) {
    if (cost - most_credit(year, machines) >= best_) return;
    const auto y = static_cast<std::size_t>(year);
    if (next < machines.size()) {
      assign(year, machines, next + 1, work, cost);
      const Machine& machine = machines[next];
      const MachineType& type = question_.types[machine.type];
      const FleetSite& site = question_.sites[machine.site];
      const double share = machine.bought > 0 ? std::pow(1 - type.gain, machine.bought) : 1;
      for (const std::size_t w : type.work) {
        if (machine.life == 1 && !question_.classes[w].light) continue;
        work[next] = static_cast<int>(w);
        assign(year, machines, next + 1, work,
               cost + kg(type.idle * site.exposure[y] * (site.pue * share)) +
                   kg(type.making) * type.failures * type.repair);
      }
      return;
    }
    for (std::size_t w = 0; w < question_.classes.size(); ++w) {
      // Given who is on, the cheapest work first is optimal.
      std::vector<std::pair<double, double>> offers;
      for (std::size_t i = 0; i < machines.size(); ++i) {
        if (work[i] != static_cast<int>(w)) continue;
        const MachineType& type = question_.types[machines[i].type];
        const FleetSite& site = question_.sites[machines[i].site];
        const double share = machines[i].bought > 0 ? std::pow(1 - type.gain, machines[i].bought) : 1;
        const double capacity =
            type.capacity.value() * (machines[i].life == 1 ? type.second_capacity : 1) / question_.classes[w].peak;
        const double all =
            kg((type.full - type.idle) * site.work_exposure[w][y] * (site.pue * share)) / question_.classes[w].peak;
        offers.emplace_back(all / capacity, capacity);
      }
      std::sort(offers.begin(), offers.end());
      double left = question_.classes[w].demand[y].value();
      for (const auto& [unit_cost, capacity] : offers) {
        const double amount = std::min(left, capacity);
        cost += unit_cost * amount;
        left -= amount;
      }
      if (left > 1e-9) return;
    }
    begin_year(year + 1, machines, 0, {}, cost);
  }

  double most_credit(int year, const std::vector<Machine>& machines) const {
    double sum = 0;
    for (const Machine& machine : machines)
      if (machine.life == 0) sum += credit(machine, year);
    return sum;
  }

  const FleetQuestion& question_;
  const int most_machines_;
  double best_;
};

TEST(Replacement, EqualsBruteForceOnSmallFleets) {
  int second_lives = 0, several = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    RandomStream random(seed, "fleet");
    const bool long_plan = seed % 3 == 0;  // on one site, so that it can be searched in seconds
    const auto question = random_question(random, long_plan ? 3 : 2, 2, 1 + seed % 2, long_plan ? 1 : 2, 1.4);
    FleetOptions options;
    options.method = FleetMethod::exact;
    const auto plan = plan_fleet(question, options, "test");
    ASSERT_TRUE(plan) << seed << ": " << to_string(plan.error());
    EXPECT_TRUE(plan->exact);
    const double total = KilogramsCO2e{plan->totals.total()}.value();
    const double limit = total * 1.001;
    const double best = BruteForce(question, 5, limit).best();
    EXPECT_LT(best, limit);
    EXPECT_NEAR(total / best, 1, 1e-6) << "seed " << seed;
    int machines = 0;
    for (const auto& cohort : plan->cohorts) {
      for (const int moved : cohort.moved) second_lives += moved;
      machines += *std::max_element(cohort.first.begin(), cohort.first.end());
    }
    several += machines > 1 ? 1 : 0;
    // The decomposition finds a plan, and its bound is one.
    options.method = FleetMethod::decomposed;
    const auto columns = plan_fleet(question, options, "test");
    ASSERT_TRUE(columns) << seed << ": " << to_string(columns.error());
    EXPECT_LE(KilogramsCO2e{columns->bound}.value(), best * (1 + 1e-6)) << "seed " << seed;
    EXPECT_GE(KilogramsCO2e{columns->totals.total()}.value(), best * (1 - 1e-6)) << "seed " << seed;
  }
  // The instances are worth the trouble: some plans use second lives, most hold several machines.
  EXPECT_GT(second_lives, 0);
  EXPECT_GT(several, 12);
}

TEST(Replacement, TheGapOfALargerFleetIsSmall) {
  RandomStream random(5, "fleet");
  const auto question = random_question(random, 6, 12, 3, 2, 900);
  FleetOptions options;
  options.method = FleetMethod::decomposed;
  options.time_limit_seconds = 20;
  const auto columns = plan_fleet(question, options, "test");
  ASSERT_TRUE(columns) << to_string(columns.error());
  EXPECT_TRUE(columns->complete);
  EXPECT_GE(columns->gap(), -1e-9);
  EXPECT_LE(columns->gap(), 0.01);
}

TEST(Replacement, RoomIsKept) {
  RandomStream random(7, "fleet");
  auto question = random_question(random, 4, 6, 2, 2, 60);
  FleetOptions options;
  options.method = FleetMethod::decomposed;
  const auto free = plan_fleet(question, options, "test");
  ASSERT_TRUE(free);
  std::vector<int> at_site(2, 0);
  for (const auto& cohort : free->cohorts) at_site[cohort.site] += cohort.first[3] + cohort.second[3];
  const std::size_t full = at_site[0] > at_site[1] ? 0 : 1;
  question.sites[full].room = std::floor(at_site[full] / 2.0);
  const auto tight = plan_fleet(question, options, "test");
  ASSERT_TRUE(tight) << to_string(tight.error());
  EXPECT_GT(tight->totals.total(), free->totals.total() * (1 - 1e-3));
  EXPECT_GE(tight->bound, free->bound * (1 - 1e-9));
}

TEST(Replacement, SaysThatTheDemandIsAboveAllCapacity) {
  RandomStream random(7, "fleet");
  auto question = random_question(random, 3, 3, 1, 1, 60);
  question.sites[0].room = 2;
  for (const auto method : {FleetMethod::exact, FleetMethod::decomposed}) {
    FleetOptions options;
    options.method = method;
    const auto plan = plan_fleet(question, options, "study.toml");
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, ErrorCode::bad_input);
    EXPECT_EQ(plan.error().where, "study.toml");
    EXPECT_NE(plan.error().message.find("above all capacity"), std::string::npos) << plan.error().message;
  }
}

TEST(Replacement, EvaluateRefusesPlansThatCheat) {
  RandomStream random(2, "fleet");
  const auto question = random_question(random, 3, 2, 1, 1, 5);
  const auto plan = plan_fleet(question, {}, "test");
  ASSERT_TRUE(plan) << to_string(plan.error());
  const auto broken = [&](auto change) {
    auto cohorts = plan->cohorts;
    for (auto& cohort : cohorts) change(cohort);
    return !evaluate(question, cohorts);
  };
  EXPECT_FALSE(broken([](CohortPlan&) {}));
  EXPECT_TRUE(broken([](CohortPlan& cohort) {
    for (auto& work : cohort.work[0][0]) work = work * 2;
  }));
  EXPECT_TRUE(broken([](CohortPlan& cohort) {
    for (auto& work : cohort.work[0][0]) work = {};
    for (auto& work : cohort.work[1][0]) work = {};
  }));
  EXPECT_TRUE(broken([](CohortPlan& cohort) {
    for (auto& first : cohort.first) first = 0;
  }));
  EXPECT_TRUE(broken([](CohortPlan& cohort) { cohort.second[0] += 1; }));
}

TEST(Replacement, RefusesWhatCannotBe) {
  const auto refused = [](auto change) {
    RandomStream random(2, "fleet");
    auto question = random_question(random, 3, 2, 1, 1, 5);
    change(question);
    const auto plan = plan_fleet(question, {}, "test");
    return !plan && plan.error().code == ErrorCode::bad_input && !plan.error().hint.empty();
  };
  EXPECT_TRUE(refused([](auto& q) { q.years = 0; }));
  EXPECT_TRUE(refused([](auto& q) { q.types.clear(); }));
  EXPECT_TRUE(refused([](auto& q) { q.types[0].life = 0; }));
  EXPECT_TRUE(refused([](auto& q) { q.types[0].capacity = catalog::OperationsPerSecond{0}; }));
  EXPECT_TRUE(refused([](auto& q) { q.types[0].making = GramsCO2e{-1}; }));
  EXPECT_TRUE(refused([](auto& q) { q.types[0].handed_on = 1.5; }));
  EXPECT_TRUE(refused([](auto& q) { q.types[0].work = {9}; }));
  EXPECT_TRUE(refused([](auto& q) { q.classes[0].demand.pop_back(); }));
  EXPECT_TRUE(refused([](auto& q) { q.classes[0].demand[0] = catalog::OperationsPerSecond{std::nan("")}; }));
  EXPECT_TRUE(refused([](auto& q) { q.classes[0].peak = 0.5; }));
  EXPECT_TRUE(refused([](auto& q) { q.sites[0].pue = 0; }));
  EXPECT_TRUE(refused([](auto& q) { q.stock[0].count = -1; }));
}

TEST(Replacement, NewMachinesComeSoonerTheDirtierTheGrid) {
  // One old type in stock that draws twice as much: on a clean grid it is kept, on a dirty one it is replaced at once.
  FleetQuestion question;
  question.years = 4;
  question.classes = {
      {"work", std::vector<catalog::OperationsPerSecond>(4, catalog::OperationsPerSecond{10}), 1, true}};
  MachineType old;
  old.name = "old";
  old.making = GramsCO2e{KilogramsCO2e{1000}};
  old.capacity = catalog::OperationsPerSecond{1};
  old.idle = Watts{200};
  old.full = Watts{400};
  old.on_sale_from = 99;
  old.life = 10;
  old.work = {0};
  MachineType fresh = old;
  fresh.name = "new";
  fresh.idle = Watts{50};
  fresh.full = Watts{200};
  fresh.on_sale_from = 0;
  question.types = {old, fresh};
  question.stock = {{0, 0, 1, 10}};
  const auto bought_in_first_year = [&](double grams) {
    const auto exposure = GramsPerJoule{GramsPerKilowattHour{grams}} * Seconds{Hours{8766}};
    question.sites = {
        {"site", 1, std::vector<IntensitySeconds>(4, exposure), {std::vector<IntensitySeconds>(4, exposure)}, 1e18}};
    const auto plan = plan_fleet(question, {}, "test");
    EXPECT_TRUE(plan);
    int bought = 0;
    for (const auto& cohort : plan->cohorts)
      if (cohort.type == 1 && cohort.bought == 0) bought += cohort.first[0];
    return bought;
  };
  // 200 W over four years: 7 MWh; 1,000 kg are repaid above 1,000 / 7.01 = 142.6 g/kWh.
  EXPECT_EQ(bought_in_first_year(100), 0);
  EXPECT_EQ(bought_in_first_year(200), 10);
}

}  // namespace
}  // namespace cradle::design
