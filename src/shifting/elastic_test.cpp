#include "cradle/shifting/elastic.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace cradle::shifting {
namespace {

using carbon::GramsPerKilowattHour, carbon::GramsPerSecond, carbon::Seconds, carbon::Watts;

Signal signal_of(const std::vector<double>& values, Step width) {
  std::vector<GramsPerKilowattHour> grams;
  for (const double value : values) grams.emplace_back(value);
  return *Signal::make(std::move(grams), width);
}

struct Case {
  std::vector<double> values;
  Step width;
  ElasticJob job;
};

Case any_case() {
  Case c;
  const int slots = *rc::gen::inRange(1, 6);
  for (int i = 0; i < slots; ++i) c.values.push_back(*rc::gen::inRange(0, 6) * 100);
  c.width = *rc::gen::element<Step>(1, 10, 1000);
  const int machines = *rc::gen::inRange(1, 5);
  for (int j = 0; j < machines; ++j) c.job.marginal.push_back(*rc::gen::inRange(1, 11) / 10.0);
  std::sort(c.job.marginal.rbegin(), c.job.marginal.rend());
  double most = 0;
  for (const double rate : c.job.marginal) most += rate * static_cast<double>(c.width) * slots;
  c.job.work = most * (*rc::gen::inRange(1, 100) / 100.0);
  c.job.deadline = c.width * slots;
  c.job.draw = Watts{300};
  c.job.embodied = GramsPerSecond{*rc::gen::element(0.0, 0.01, 0.1)};
  return c;
}

/// Grams of one machine in one step of slot s.
double step_grams(const Case& c, std::size_t s, bool life_cycle) {
  return c.values[s] / 3.6e6 * c.job.draw.value() + (life_cycle ? c.job.embodied.value() : 0);
}

/// The second implementation: every number of machines in every slot, and then the best place to leave one machine off
/// for the steps that are too many. An optimum has that form: the problem is a linear program with one constraint.
double brute_force(const Case& c, bool life_cycle) {
  std::vector<int> machines(c.values.size(), 0);
  const auto width = static_cast<double>(c.width);
  double best = std::numeric_limits<double>::infinity();
  const std::function<void(std::size_t, double, double)> choose = [&](std::size_t slot, double work, double grams) {
    if (slot == c.values.size()) {
      const double spare = work - c.job.work;
      if (spare < -1e-9) return;
      double saved = 0;
      for (std::size_t s = 0; s < machines.size(); ++s) {
        if (machines[s] == 0) continue;
        const double rate = c.job.marginal[static_cast<std::size_t>(machines[s] - 1)];
        saved = std::max(saved, std::min(spare / rate, width) * step_grams(c, s, life_cycle));
      }
      best = std::min(best, grams - saved);
      return;
    }
    choose(slot + 1, work, grams);
    for (std::size_t j = 0; j < c.job.marginal.size(); ++j) {
      machines[slot] = static_cast<int>(j) + 1;
      work += c.job.marginal[j] * width;
      grams += width * step_grams(c, slot, life_cycle);
      choose(slot + 1, work, grams);
    }
    machines[slot] = 0;
  };
  choose(0, 0, 0);
  return best;
}

RC_GTEST_PROP(Elastic, greedy_is_optimal_for_one_job, ()) {
  const Case c = any_case();
  const Signal signal = signal_of(c.values, c.width);
  for (const ElasticObjective objective : {ElasticObjective::operational, ElasticObjective::life_cycle}) {
    const bool life_cycle = objective == ElasticObjective::life_cycle;
    const auto plan = scale(signal, c.job, objective);
    RC_ASSERT(plan);
    const double grams = (life_cycle ? plan->total() : plan->operational).value();
    const double best = brute_force(c, life_cycle);
    double dearest = 0;  // machines stop at whole steps: at most one step of one machine above the optimum
    for (std::size_t s = 0; s < c.values.size(); ++s) dearest = std::max(dearest, step_grams(c, s, life_cycle));
    RC_ASSERT(grams >= best - 1e-9);
    RC_ASSERT(grams <= best + dearest + 1e-9);
  }
}

RC_GTEST_PROP(Elastic, plans_do_the_work_they_bill, ()) {
  const Case c = any_case();
  const Signal signal = signal_of(c.values, c.width);
  const auto plan = scale(signal, c.job, ElasticObjective::operational);
  RC_ASSERT(plan);
  double work = 0, machine_steps = 0, grams = 0;
  for (std::size_t i = 0; i < plan->intervals.size(); ++i) {
    const ElasticInterval& run = plan->intervals[i];
    RC_ASSERT(run.from < run.to && run.machines >= 1);
    if (i > 0) RC_ASSERT(plan->intervals[i - 1].to <= run.from);
    RC_ASSERT(run.from >= 0 && run.to <= c.job.deadline);
    for (Step step = run.from; step < run.to; ++step) {
      for (int j = 0; j < run.machines; ++j) work += c.job.marginal[static_cast<std::size_t>(j)];
      machine_steps += run.machines;
      grams += run.machines * signal.at(step) / 3.6e6 * 300;
    }
  }
  RC_ASSERT(std::abs(work - plan->work) < 1e-6);
  RC_ASSERT(work >= c.job.work - 1e-6);
  RC_ASSERT(work < c.job.work + 1 + 1e-6);
  RC_ASSERT(std::abs(machine_steps - plan->machine_time.value()) < 1e-6);
  RC_ASSERT(std::abs(grams - plan->operational.value()) < 1e-6);
}

// One machine only: the greedy is the choice of the cheapest slots, as wait-awhile makes it.
TEST(Elastic, one_machine_takes_the_cheapest_slots) {
  const Signal signal = signal_of({400, 100, 300, 200}, 10);
  const auto plan = scale(signal, {{1}, 25, 0, 40, Watts{1}, {}, Seconds{1}}, ElasticObjective::operational);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->intervals, (std::vector<ElasticInterval>{{10, 25, 1}, {30, 40, 1}}));
}

// Two machines at 60 % for the second: in a clean hour the second machine saves energy's grams but takes more machine
// time; with a large enough share of the machine counted, the sign flips at the break-even.
TEST(Elastic, the_embodied_share_turns_the_sign) {
  const Signal signal = signal_of({100, 500}, 3600);
  ElasticJob job{{1, 0.6}, 5000, 0, 7200, Watts{500}, GramsPerSecond{0}, Seconds{1}};
  const auto scaled = scale(signal, job, ElasticObjective::operational);
  const auto single = run_fixed(signal, job, 1);
  ASSERT_TRUE(scaled && single);
  EXPECT_LT(scaled->operational.value(), single->operational.value());
  EXPECT_GT(scaled->machine_time.value(), single->machine_time.value());
  // 1,400 steps of the dirty hour against 1,400 / 0.6 more of the clean one: (500 x 1400 - 100 x 2334) / (2334 - 1400)
  // g/kWh of 500 W: 249.8 g/h.
  const GramsPerSecond even = break_even_share(*scaled, *single);
  EXPECT_NEAR(even.value() * 3600, 500 * (500.0 * 1400 - 100.0 * 2334) / 934 / 1000, 1e-9);
  job.embodied = even * 0.99;
  EXPECT_LT(scale(signal, job, ElasticObjective::operational)->total().value(),
            run_fixed(signal, job, 1)->total().value());
  job.embodied = even * 1.01;
  EXPECT_GT(scale(signal, job, ElasticObjective::operational)->total().value(),
            run_fixed(signal, job, 1)->total().value());
  // The objective that counts the share goes back to one machine.
  EXPECT_LE(scale(signal, job, ElasticObjective::life_cycle)->total().value(),
            run_fixed(signal, job, 1)->total().value());
}

TEST(Elastic, refuses_what_cannot_be) {
  const Signal signal = signal_of({1, 2}, 10);
  const auto message = [&](const ElasticJob& job) {
    const auto plan = scale(signal, job, ElasticObjective::operational);
    EXPECT_TRUE(!plan && plan.error().code == ErrorCode::bad_input && !plan.error().hint.empty());
    return plan ? std::string() : plan.error().message;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message({{1, 0.5, 0.6}, 5, 0, 20, Watts{1}, {}, Seconds{1}}),
            "the marginal capacity of machine 3 is 0.6, above that of machine 2, 0.5");
  EXPECT_EQ(message({{1, 0}, 5, 0, 20, Watts{1}, {}, Seconds{1}}), "the marginal capacity of machine 2 is 0");
  EXPECT_NE(message({{nan}, 5, 0, 20, Watts{1}, {}, Seconds{1}}), "");
  EXPECT_NE(message({{}, 5, 0, 20, Watts{1}, {}, Seconds{1}}), "");
  EXPECT_NE(message({{1}, 0, 0, 20, Watts{1}, {}, Seconds{1}}), "");
  EXPECT_NE(message({{1}, nan, 0, 20, Watts{1}, {}, Seconds{1}}), "");
  EXPECT_NE(message({{1}, 5, 0, 20, Watts{-1}, {}, Seconds{1}}), "");
  EXPECT_NE(message({{1}, 5, 0, 20, Watts{1}, GramsPerSecond{-1}, Seconds{1}}), "");
  EXPECT_NE(message({{1}, 5, 0, 20, Watts{1}, {}, Seconds{0}}), "");
  EXPECT_EQ(message({{1}, 5, 10, 9, Watts{1}, {}, Seconds{1}}), "the deadline lies before release");
  EXPECT_NE(message({{1}, 5, 0, 21, Watts{1}, {}, Seconds{1}}), "");
  EXPECT_EQ(message({{1, 0.5}, 31, 0, 20, Watts{1}, {}, Seconds{1}}),
            "of its work of 31 steps 30 fit before the deadline");
  const ElasticJob good{{1, 0.5}, 5, 0, 20, Watts{1}, {}, Seconds{1}};
  EXPECT_FALSE(run_fixed(signal, good, 0));
  EXPECT_FALSE(run_fixed(signal, good, 3));
  EXPECT_TRUE(run_fixed(signal, good, 2));
}

}  // namespace
}  // namespace cradle::shifting
