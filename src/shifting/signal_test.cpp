#include "cradle/shifting/signal.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace cradle::shifting {
namespace {

using carbon::GramsPerKilowattHour;

std::vector<GramsPerKilowattHour> grams(const std::vector<double>& values) {
  std::vector<GramsPerKilowattHour> out;
  for (const double value : values) out.emplace_back(value);
  return out;
}

RC_GTEST_PROP(Signal, sums_are_those_of_its_steps, ()) {
  const auto raw = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 2000)));
  const Step width = *rc::gen::inRange<Step>(1, 9);
  const auto signal = Signal::make(grams({raw.begin(), raw.end()}), width);
  RC_ASSERT(signal);
  RC_ASSERT(signal->end() == width * static_cast<Step>(raw.size()));
  const Step from = *rc::gen::inRange<Step>(0, signal->end() + 1);
  const Step to = *rc::gen::inRange<Step>(from, signal->end() + 1);
  double sum = 0;
  for (Step step = from; step < to; ++step) sum += signal->at(step);
  RC_ASSERT(signal->sum(from, to) == sum);  // whole numbers add up exactly
}

// Far into a long signal of values without an exact binary form, a window sums as it would on its own.
TEST(Signal, keeps_its_precision) {
  std::vector<double> values(200'000, 1e5 / 3);
  for (std::size_t i = 199'990; i < values.size(); ++i) values[i] = 0.1;
  const auto signal = Signal::make(grams(values), 1000);
  ASSERT_TRUE(signal);
  EXPECT_DOUBLE_EQ(signal->sum(199'990'000, 200'000'000), 1000.0);
}

// A plateau after anything: all its windows of one length sum alike, to the last bit.
RC_GTEST_PROP(Signal, equal_windows_have_equal_sums, ()) {
  const auto before = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1'000'000));
  const double plateau = *rc::gen::inRange(1, 1'000'000) / 997.0;
  std::vector<double> values;
  for (const int value : before) values.push_back(value / 1013.0);
  const Step start = static_cast<Step>(values.size()) * 720;
  values.resize(values.size() + 60, plateau);
  const auto signal = Signal::make(grams(values), 720);
  RC_ASSERT(signal);
  const Step phase = *rc::gen::inRange<Step>(0, 720), length = *rc::gen::inRange<Step>(1, 20'000);
  for (Step offset = 0; offset < 30; ++offset) {
    const Step from = start + phase + offset * 720;
    RC_ASSERT(signal->sum(from, from + length) == signal->sum(start + phase, start + phase + length));
  }
}

TEST(Signal, refuses_what_is_no_signal) {
  const auto refused = [](const std::vector<double>& values, Step width) {
    const auto signal = Signal::make(grams(values), width);
    return !signal && signal.error().code == ErrorCode::bad_input && !signal.error().hint.empty();
  };
  EXPECT_TRUE(refused({}, 1));
  EXPECT_TRUE(refused({1}, 0));
  EXPECT_TRUE(refused({1}, -5));
  EXPECT_TRUE(refused({1, 2}, std::numeric_limits<Step>::max()));
  EXPECT_TRUE(refused({1, -0.5}, 1));
  EXPECT_TRUE(refused({std::numeric_limits<double>::quiet_NaN()}, 1));
  EXPECT_TRUE(refused({std::numeric_limits<double>::infinity()}, 1));
  EXPECT_TRUE(refused({std::numeric_limits<double>::max(), std::numeric_limits<double>::max()}, 1));
  const auto negative = Signal::make(grams({1, 2, -3}), 1);
  ASSERT_FALSE(negative);
  EXPECT_NE(negative.error().where.find("value 2"), std::string::npos);
}

TEST(Signal, covers_its_steps_only) {
  const auto signal = Signal::make(grams({1, 2}), 10);
  ASSERT_TRUE(signal);
  EXPECT_TRUE(signal->covers(0, 20));
  EXPECT_FALSE(signal->covers(-1, 20));
  EXPECT_FALSE(signal->covers(0, 21));
  EXPECT_FALSE(signal->covers(5, 4));
}

}  // namespace
}  // namespace cradle::shifting
