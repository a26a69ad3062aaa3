#include "cradle/design/replacement.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "replacement_example.h"

namespace cradle::design {
namespace {

using namespace cradle::carbon;

// --- Every plan, one machine after the other ------------------------------------------------------------------------

struct Machine {
  std::size_t type, site;
  int bought;
  int life;  ///< 0, 1: which it is in
};

class BruteForce {
 public:
  /// Looks at every plan below `limit` kilograms: a plan known to be that good cuts the search short.
  BruteForce(const FleetQuestion& question, std::size_t most_machines, double limit)
      : question_(question), most_machines_(most_machines), best_(limit) {
    // What the years from one on emit at the least: all their work at the best rate that any machine then has.
    rest_.assign(static_cast<std::size_t>(question.years) + 1, 0);
    for (int year = question.years - 1; year >= 0; --year) {
      const auto y = static_cast<std::size_t>(year);
      rest_[y] = rest_[y + 1];
      for (std::size_t w = 0; w < question.classes.size(); ++w) {
        double least = limit;
        for (std::size_t type = 0; type < question.types.size(); ++type)
          for (std::size_t site = 0; site < question.sites.size(); ++site)
            for (int life = 0; life < 2; ++life) {
              const Machine newest{type, site, year, life};
              if (can(newest, w))
                least = std::min(least, switched_on(newest, year) / capacity(newest, w) + unit_cost(newest, w, year));
            }
        rest_[y] += least * question.classes[w].demand[y].value();
      }
    }
  }

  /// The least kilograms, or the limit if no plan is below it.
  double best() {
    std::vector<Machine> machines;
    for (const auto& stock : question_.stock)
      for (int i = 0; i < stock.count; ++i) machines.push_back({stock.type, stock.site, -stock.age, 0});
    std::vector<Machine> now;
    begin_year(0, machines, 0, 0, now, 0);
    return best_;
  }

 private:
  enum Choice { leave, stay, move };

  static double kg(GramsCO2e grams) { return KilogramsCO2e{grams}.value(); }
  const MachineType& type_of(const Machine& machine) const { return question_.types[machine.type]; }
  bool can(const Machine& machine, std::size_t w) const {
    const auto& work = type_of(machine).work;
    return std::find(work.begin(), work.end(), w) != work.end() && (machine.life == 0 || question_.classes[w].light);
  }
  double share(const Machine& machine) const {
    return machine.bought > 0 ? std::pow(1 - type_of(machine).gain, machine.bought) : 1;
  }
  /// Idle power of the year and repairs.
  double switched_on(const Machine& machine, int year) const {
    const MachineType& type = type_of(machine);
    const FleetSite& site = question_.sites[machine.site];
    return kg(type.idle * site.exposure[static_cast<std::size_t>(year)] * (site.pue * share(machine))) +
           kg(type.making) * type.failures * type.repair;
  }
  double capacity(const Machine& machine, std::size_t w) const {
    const MachineType& type = type_of(machine);
    return type.capacity.value() * (machine.life == 1 ? type.second_capacity : 1) / question_.classes[w].peak;
  }
  double unit_cost(const Machine& machine, std::size_t w, int year) const {
    const MachineType& type = type_of(machine);
    const FleetSite& site = question_.sites[machine.site];
    const double all = kg((type.full - type.idle) * site.work_exposure[w][static_cast<std::size_t>(year)] *
                          (site.pue * share(machine))) /
                       question_.classes[w].peak;
    return all / capacity(machine, w);
  }
  double credit(const Machine& machine, int year) const {
    const MachineType& type = type_of(machine);
    return kg(type.making) * type.handed_on * std::max(0.0, 1 - static_cast<double>(year - machine.bought) / type.life);
  }
  static bool alike(const Machine& a, const Machine& b) {
    return a.type == b.type && a.site == b.site && a.bought == b.bought && a.life == b.life;
  }

  /// Decides for machine `next` on: stay, move or leave. Of machines that are alike, later ones choose no less than
  /// `least`: who of them does what makes no difference.
  void begin_year(int year, const std::vector<Machine>& before, std::size_t next, int least, std::vector<Machine>& now,
                  double cost) {
    if (next == before.size()) {
      if (year == question_.years)
        best_ = std::min(best_, cost);
      else
        buy(year, now, 0, cost);
      return;
    }
    const Machine& machine = before[next];
    const MachineType& type = type_of(machine);
    const int age = year - machine.bought;
    const bool open = year < question_.years;
    const auto decide = [&](Choice choice, double more) {
      const bool same = next + 1 < before.size() && alike(machine, before[next + 1]);
      begin_year(year, before, next + 1, same ? choice : leave, now, cost + more);
    };
    if (least <= leave) decide(leave, machine.life == 0 ? -credit(machine, year) : 0);
    if (least <= stay && open && age < type.life + (machine.life == 0 ? 0 : type.second_life)) {
      now.push_back(machine);
      decide(stay, 0);
      now.pop_back();
    }
    if (open && machine.life == 0 && type.second_life > 0 && age < type.life + type.second_life) {
      now.push_back(machine);
      now.back().life = 1;
      decide(move, kg(type.refurbishing));
      now.pop_back();
    }
  }

  void buy(int year, std::vector<Machine>& machines, std::size_t from, double cost) {
    double credits = 0;
    for (const Machine& machine : machines)
      if (machine.life == 0) credits += credit(machine, year);
    if (cost - credits + rest_[static_cast<std::size_t>(year)] >= best_) return;
    // Who does what in a year changes nothing in the next one: the cheapest way is part of every plan.
    std::vector<int> work(machines.size(), -1);
    const double running = assign(year, machines, 0, work, 0, best_);
    if (running < best_) {
      std::vector<Machine> now;
      begin_year(year + 1, std::vector<Machine>(machines), 0, leave, now, cost + running);
    }
    if (machines.size() >= most_machines_) return;
    for (std::size_t i = from; i < question_.types.size() * question_.sites.size(); ++i) {
      const std::size_t type = i % question_.types.size();
      if (year < question_.types[type].on_sale_from || year > question_.types[type].on_sale_to) continue;
      machines.push_back({type, i / question_.types.size(), year, 0});
      buy(year, machines, i, cost + kg(question_.types[type].making));
      machines.pop_back();
    }
  }

  /// Kilograms of the cheapest way to do the year's work from machine `next` on; `none` if there is none.
  double assign(int year, const std::vector<Machine>& machines, std::size_t next, std::vector<int>& work, double cost,
                double none) const {
    if (next == machines.size()) return std::min(none, cost + serve(year, machines, work, none));
    const Machine& machine = machines[next];
    work[next] = -1;
    double best = assign(year, machines, next + 1, work, cost, none);
    for (std::size_t w = 0; w < question_.classes.size(); ++w) {
      if (!can(machine, w)) continue;
      work[next] = static_cast<int>(w);
      best = std::min(best, assign(year, machines, next + 1, work, cost + switched_on(machine, year), none));
    }
    return best;
  }

  /// Given who is on, the cheapest work first is optimal.
  double serve(int year, const std::vector<Machine>& machines, const std::vector<int>& work, double none) const {
    double cost = 0;
    for (std::size_t w = 0; w < question_.classes.size(); ++w) {
      std::vector<std::pair<double, double>> offers;
      for (std::size_t i = 0; i < machines.size(); ++i)
        if (work[i] == static_cast<int>(w))
          offers.emplace_back(unit_cost(machines[i], w, year), capacity(machines[i], w));
      std::sort(offers.begin(), offers.end());
      double left = question_.classes[w].demand[static_cast<std::size_t>(year)].value();
      for (const auto& [each, most] : offers) {
        const double amount = std::min(left, most);
        cost += each * amount;
        left -= amount;
      }
      if (left > 1e-9) return none;
    }
    return cost;
  }

  const FleetQuestion& question_;
  const std::size_t most_machines_;
  double best_;
  std::vector<double> rest_;
};

/// Years, kinds of work and sites of small questions.
struct Size {
  const char* name;
  int years;
  std::size_t classes, sites;
};
class SmallFleets : public testing::TestWithParam<Size> {};

TEST_P(SmallFleets, EqualBruteForce) {
  const Size size = GetParam();
  int second_lives = 0, several = 0;
  constexpr std::uint64_t seeds = 24;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    RandomStream random(seed, size.name);
    const auto question = random_question(random, size.years, 2, size.classes, size.sites, 1.4);
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
  // The instances are worth the trouble: some plans use second lives, at least a third hold several machines.
  EXPECT_GT(second_lives, 0);
  EXPECT_GE(several, static_cast<int>(seeds) / 3);
}

INSTANTIATE_TEST_SUITE_P(Replacement, SmallFleets,
                         testing::Values(Size{"two_years", 2, 1, 2}, Size{"two_kinds_of_work", 2, 2, 2},
                                         Size{"three_years", 3, 1, 1}, Size{"three_years_two_kinds", 3, 2, 1}),
                         [](const auto& each) { return std::string(each.param.name); });

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
