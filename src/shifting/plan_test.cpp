#include "cradle/shifting/plan.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

namespace cradle::shifting {
namespace {

using carbon::GramsPerKilowattHour;

Signal signal_of(const std::vector<double>& values, Step steps_per_value) {
  std::vector<GramsPerKilowattHour> grams;
  for (const double value : values) grams.emplace_back(value);
  auto signal = Signal::make(std::move(grams), steps_per_value);
  EXPECT_TRUE(signal);
  return *std::move(signal);
}

// The second implementation: one array entry for each step, every sentence of the protocol walked step by step. Values
// are whole numbers, so that its sums are exact whatever their order.
class Walker {
 public:
  Walker(const std::vector<double>& values, Step width, const Window& window)
      : width_(width), window_(window), length_(static_cast<std::size_t>(window.length)) {
    for (const double value : values)
      for (Step i = 0; i < width; ++i) trace_.push_back(value);
  }

  Plan walk(TimePolicy policy) const {
    switch (policy) {
      case TimePolicy::now: return contiguous(0);
      case TimePolicy::lowest_slot: return lowest_slot();
      case TimePolicy::lowest_window: return window_choice(false);
      case TimePolicy::carbon_time: return window_choice(true);
      case TimePolicy::threshold: return threshold();
      case TimePolicy::wait_awhile: return wait_awhile();
    }
    return {};
  }

 private:
  Step end() const { return static_cast<Step>(trace_.size()); }
  double at(Step step) const { return trace_[static_cast<std::size_t>(step)]; }

  static Plan of_steps(const std::vector<Step>& steps) {
    Plan plan;
    for (const Step step : steps) {
      if (plan.empty() || plan.back().to != step) plan.push_back({step, step});
      ++plan.back().to;
    }
    return plan;
  }
  Plan contiguous(Step offset) const {
    std::vector<Step> steps(length_);
    std::iota(steps.begin(), steps.end(), window_.release + offset);
    return of_steps(steps);
  }
  Plan lowest_slot() const {
    Step best = 0;
    for (Step t = 0; t <= window_.wait && window_.release + t < end(); ++t)
      if (at(window_.release + t) < at(window_.release + best)) best = t;
    return contiguous(best);
  }
  Plan window_choice(bool by_time) const {
    Step best = 0;
    double now = 0, best_score = 0;
    for (Step t = 0; t <= window_.wait; t += width_) {
      if (window_.release + t + window_.known_length > end()) continue;
      double cost = 0;
      for (Step i = 0; i < window_.known_length; ++i) cost += at(window_.release + t + i);
      if (t == 0) now = cost;
      const double score = by_time ? (now - cost) / static_cast<double>(t + window_.known_length) : now - cost;
      if (score > best_score) {
        best_score = score;
        best = t;
      }
    }
    return contiguous(best);
  }
  Plan threshold() const {
    std::vector<double> next;
    for (Step i = 0; i < 24 * width_ && window_.release + i < end(); ++i) next.push_back(at(window_.release + i));
    std::sort(next.begin(), next.end());
    const std::size_t tenths = 3 * (next.size() - 1);  // place = 0.3 (n - 1)
    const std::size_t low = tenths / 10, high = std::min(low + 1, next.size() - 1);
    const double limit = next[low] + (next[high] - next[low]) * (static_cast<double>(tenths % 10) / 10);
    std::vector<Step> steps;
    Step waited = 0;
    for (Step at_step = window_.release; steps.size() < length_; ++at_step) {
      if (at_step >= end() || waited >= window_.wait || at(at_step) < limit)
        steps.push_back(at_step);
      else
        ++waited;
    }
    return of_steps(steps);
  }
  Plan wait_awhile() const {
    std::vector<Step> order;
    for (Step i = 0; i < window_.length + window_.wait && window_.release + i < end(); ++i)
      order.push_back(window_.release + i);
    if (order.size() <= length_) return contiguous(0);
    std::stable_sort(order.begin(), order.end(), [&](Step a, Step b) { return at(a) < at(b); });
    order.resize(length_);
    std::sort(order.begin(), order.end());
    return of_steps(order);
  }

  Step width_;
  Window window_;
  std::size_t length_;
  std::vector<double> trace_;
};

struct Case {
  std::vector<double> values;
  Step width;
  Window window;
};

Case any_case(int highest) {
  Case c;
  const int count = *rc::gen::inRange(1, 60);
  for (int i = 0; i < count; ++i) c.values.push_back(*rc::gen::inRange(0, highest));
  c.width = *rc::gen::inRange<Step>(1, 8);
  const Step end = c.width * count;
  c.window.release = *rc::gen::inRange<Step>(0, end);
  c.window.length = *rc::gen::inRange<Step>(1, 60);
  c.window.known_length = *rc::gen::inRange<Step>(1, 60);
  c.window.wait = *rc::gen::inRange<Step>(0, 120);
  return c;
}

// Few values give many ties, many values few; traces are short enough that windows often leave them.
RC_GTEST_PROP(Plan, equals_the_walk_step_by_step, ()) {
  const Case c = any_case(*rc::gen::element(2, 5, 1000));
  const Signal signal = signal_of(c.values, c.width);
  for (const TimePolicy policy : all_time_policies) {
    const Plan fast = plan(policy, signal, c.window);
    const Plan slow = Walker(c.values, c.width, c.window).walk(policy);
    RC_LOG() << name(policy);
    RC_ASSERT(fast == slow);
  }
}

RC_GTEST_PROP(Plan, runs_its_length_within_its_wait, ()) {
  const Case c = any_case(50);
  const Signal signal = signal_of(c.values, c.width);
  for (const TimePolicy policy : all_time_policies) {
    const Plan times = plan(policy, signal, c.window);
    Step run = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
      RC_ASSERT(times[i].from < times[i].to);
      if (i > 0) RC_ASSERT(times[i - 1].to < times[i].from);
      run += times[i].to - times[i].from;
    }
    RC_ASSERT(run == c.window.length);
    RC_ASSERT(times.front().from >= c.window.release);
    RC_ASSERT(times.back().to <= c.window.release + c.window.length + c.window.wait);
    RC_ASSERT(suspends(policy) || times.size() == 1);
  }
}

// With its own length known and the whole window inside the signal, wait-awhile is a lower bound of every policy, and
// lowest-window of those that neither pause nor start between values.
RC_GTEST_PROP(Plan, optimal_steps_are_a_lower_bound, ()) {
  Case c = any_case(1000);
  c.values.resize(200, 7);
  c.window.known_length = c.window.length;
  const Signal signal = signal_of(c.values, c.width);
  const auto cost = [&](TimePolicy policy) { return weighted_steps(signal, plan(policy, signal, c.window)); };
  for (const TimePolicy policy : all_time_policies)
    RC_ASSERT(cost(TimePolicy::wait_awhile) <= cost(policy) * (1 + 1e-12));
  RC_ASSERT(cost(TimePolicy::lowest_window) <= cost(TimePolicy::now));
  RC_ASSERT(cost(TimePolicy::lowest_window) <= cost(TimePolicy::carbon_time));
  RC_ASSERT(cost(TimePolicy::carbon_time) <= cost(TimePolicy::now));
}

RC_GTEST_PROP(Plan, more_wait_never_costs_more, ()) {
  Case c = any_case(1000);
  c.values.resize(200, 7);
  c.window.known_length = c.window.length;
  const Signal signal = signal_of(c.values, c.width);
  Window longer = c.window;
  longer.wait += *rc::gen::inRange<Step>(0, 100);
  for (const TimePolicy policy : {TimePolicy::lowest_window, TimePolicy::wait_awhile})
    RC_ASSERT(weighted_steps(signal, plan(policy, signal, longer)) <=
              weighted_steps(signal, plan(policy, signal, c.window)));
}

// A finer clock changes nothing but the scale.
RC_GTEST_PROP(Plan, scales_with_the_clock, ()) {
  const Case c = any_case(20);
  const Step finer = *rc::gen::element<Step>(2, 10, 3'600'000);
  const Window scaled{c.window.release * finer, c.window.length * finer, c.window.known_length * finer,
                      c.window.wait * finer};
  const Signal coarse = signal_of(c.values, c.width), fine = signal_of(c.values, c.width * finer);
  // Threshold is left out: its percentile lies between two steps, and these move closer.
  for (const TimePolicy policy : {TimePolicy::now, TimePolicy::lowest_slot, TimePolicy::lowest_window,
                                  TimePolicy::carbon_time, TimePolicy::wait_awhile}) {
    Plan expected = plan(policy, coarse, c.window);
    for (Interval& interval : expected) interval = {interval.from * finer, interval.to * finer};
    RC_ASSERT(plan(policy, fine, scaled) == expected);
  }
}

// Equal values that have no exact binary form: every window costs the same, and the earliest is taken.
TEST(Plan, ties_of_inexact_values_go_to_the_earliest) {
  std::vector<double> values(500, 0.1);
  for (std::size_t i = 0; i < 100; ++i) values[i] = 123.456 + 0.7 * static_cast<double>(i);
  const Signal signal = signal_of(values, 720);
  const Window window{130 * 720 + 311, 1000, 1234, 24 * 720};
  for (const TimePolicy policy :
       {TimePolicy::lowest_slot, TimePolicy::lowest_window, TimePolicy::carbon_time, TimePolicy::wait_awhile})
    EXPECT_EQ(plan(policy, signal, window), (Plan{{window.release, window.release + 1000}})) << name(policy);
}

TEST(Plan, threshold_interpolates_and_compares_strictly) {
  // Sorted: 10 10 10 16 17 20 30 40 50 60. The 30th percentile lies at place 2.7, between 10 and 16: 14.2.
  const Signal signal = signal_of({30, 10, 10, 16, 10, 17, 20, 40, 50, 60}, 1);
  EXPECT_EQ(plan(TimePolicy::threshold, signal, {0, 3, 3, 100}, {30, 10}), (Plan{{1, 3}, {4, 5}}));
  // The 40th lies at place 3.6, between 16 and 17.
  EXPECT_EQ(plan(TimePolicy::threshold, signal, {0, 4, 4, 100}, {40, 10}), (Plan{{1, 5}}));
  const Signal flat = signal_of({5, 5, 5, 5, 5}, 1);
  EXPECT_EQ(plan(TimePolicy::threshold, flat, {0, 1, 1, 2}), (Plan{{2, 3}}));
  EXPECT_EQ(plan(TimePolicy::threshold, signal, {0, 3, 3, 100}, {100, 10}), (Plan{{0, 3}}));
  EXPECT_EQ(plan(TimePolicy::threshold, signal, {0, 1, 1, 100}, {0, 10}), (Plan{{10, 11}}));
}

TEST(Plan, huge_windows_are_as_quick_as_small_ones) {
  const Signal signal = signal_of({3, 2, 1, 2}, longest_steps / 4);
  const Window window{0, longest_steps, longest_steps, longest_steps};
  for (const TimePolicy policy : all_time_policies) {
    ASSERT_TRUE(check(window, signal));
    const Plan times = plan(policy, signal, window);
    EXPECT_GE(times.front().from, 0) << name(policy);
  }
}

TEST(Plan, names_are_read_back) {
  for (const TimePolicy policy : all_time_policies) {
    const auto read = time_policy_by_name(name(policy));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, policy);
  }
  const auto unknown = time_policy_by_name("carbon_time");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().hint.find("carbon-time"), std::string::npos);
}

TEST(Plan, windows_that_cannot_be) {
  const Signal signal = signal_of({1, 2}, 10);
  const auto refused = [&](Window window, std::string_view field) {
    const auto fine = check(window, signal);
    return !fine && fine.error().code == ErrorCode::bad_input &&
           fine.error().message.find(field) != std::string::npos && !fine.error().hint.empty();
  };
  constexpr Step most = std::numeric_limits<Step>::max();
  EXPECT_TRUE(check({19, 1, 1, 0}, signal));
  EXPECT_TRUE(refused({20, 1, 1, 0}, "release"));
  EXPECT_TRUE(refused({-1, 1, 1, 0}, "release"));
  EXPECT_TRUE(refused({0, 0, 1, 0}, "length"));
  EXPECT_TRUE(refused({0, most, 1, 0}, "length"));
  EXPECT_TRUE(refused({0, 1, 0, 0}, "known length"));
  EXPECT_TRUE(refused({0, 1, 1, -1}, "wait"));
  EXPECT_TRUE(refused({0, 1, 1, most}, "wait"));

  const auto window = window_until(5, 10, 20);
  ASSERT_TRUE(window);
  EXPECT_EQ(window->wait, 5);
  EXPECT_EQ(window->known_length, 10);
  const auto early = window_until(5, 10, 3);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().message, "the deadline lies 2 steps before release");
  const auto tight = window_until(5, 10, 14);
  ASSERT_FALSE(tight);
  EXPECT_EQ(tight.error().message, "the deadline leaves 9 steps for a job of 10");
  EXPECT_FALSE(window_until(5, 0, 14));
  EXPECT_FALSE(window_until(most, 1, most));
}

}  // namespace
}  // namespace cradle::shifting
