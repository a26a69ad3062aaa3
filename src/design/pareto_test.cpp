#include "cradle/design/pareto.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cradle/base/random.h"

namespace cradle::design {
namespace {

using Points = std::vector<std::vector<double>>;

bool beats(const std::vector<double>& a, const std::vector<double>& b) {
  bool less = false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a[k] > b[k]) return false;
    less |= a[k] < b[k];
  }
  return less;
}

/// The definition: every point against every other.
std::vector<FrontPoint> by_definition(const Points& points) {
  std::vector<FrontPoint> front;
  for (std::size_t i = 0; i < points.size(); ++i) {
    bool out = false;
    for (std::size_t j = 0; j < points.size() && !out; ++j)
      out = beats(points[j], points[i]) || (j < i && points[j] == points[i]);
    if (!out) front.push_back({i, points[i]});
  }
  std::sort(front.begin(), front.end(), [](const FrontPoint& a, const FrontPoint& b) { return a.values < b.values; });
  return front;
}

Points uniform(std::size_t count, std::size_t objectives, std::uint64_t seed) {
  RandomStream random(seed, "points");
  Points points(count, std::vector<double>(objectives));
  for (auto& point : points)
    for (double& value : point) value = random.uniform();
  return points;
}

std::vector<FrontPoint> streamed(const Points& points, std::span<const std::uint64_t> order) {
  ParetoFront front(points.front().size());
  for (const std::uint64_t index : order) EXPECT_TRUE(front.add(points[index], std::span(&index, 1)));
  return front.points();
}

std::vector<std::uint64_t> in_order(std::size_t count) {
  std::vector<std::uint64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

TEST(Pareto, OneHundredThousandRandomPointsEqualTheDefinition) {
  const Points points = uniform(100'000, 4, 7);
  EXPECT_EQ(streamed(points, in_order(points.size())), by_definition(points));
}

TEST(Pareto, EveryNumberOfObjectives) {
  for (std::size_t d = 1; d <= most_objectives; ++d) {
    const Points points = uniform(3000, d, d);
    const auto front = pareto_front(points);
    ASSERT_TRUE(front) << d;
    EXPECT_EQ(*front, by_definition(points)) << d;
  }
}

TEST(Pareto, AllOnTheFront) {
  // (x, y, 1 - x, 1 - y): whoever gains somewhere loses elsewhere. Exact: the numbers are multiples of 2^-20.
  constexpr std::size_t count = 100'000;
  RandomStream random(3, "antichain");
  Points points;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = static_cast<double>(i) / 1048576, y = static_cast<double>(random.below(1048576)) / 1048576;
    points.push_back({x, y, 1 - x, 1 - y});
  }
  const auto front = streamed(points, in_order(count));
  ASSERT_EQ(front.size(), count);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(front[i].index, i);
}

TEST(Pareto, EachPointBeatsAllBeforeIt) {
  Points points;
  for (int i = 50'000; i > 0; --i) points.push_back({i * 1.0, i * 1.0, i * 1.0});
  const auto front = streamed(points, in_order(points.size()));
  ASSERT_EQ(front.size(), 1U);
  EXPECT_EQ(front[0].index, points.size() - 1);
}

TEST(Pareto, OfEqualPointsTheLowestIndexStands) {
  const Points points(20'000, {1.0, 2.0, 3.0});
  std::vector<std::uint64_t> order = in_order(points.size());
  std::reverse(order.begin(), order.end());
  const auto front = streamed(points, order);
  ASSERT_EQ(front.size(), 1U);
  EXPECT_EQ(front[0].index, 0U);
}

TEST(Pareto, RefusesWhatIsNoNumber) {
  for (const double strange :
       {std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    const auto front = pareto_front(Points{{1, 2}, {strange, 0}});
    ASSERT_FALSE(front);
    EXPECT_EQ(front.error().where, "point 1");
    EXPECT_FALSE(front.error().hint.empty());
  }
  EXPECT_FALSE(pareto_front(Points{{}}));
  EXPECT_FALSE(pareto_front(Points{std::vector<double>(9, 1.0)}));
  EXPECT_FALSE(pareto_front(Points{{1, 2}, {1}}));
  const auto nothing = pareto_front({});
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->empty());
}

TEST(Pareto, LargeAndSmallNumbersDoNotOverflow) {
  const double huge = std::numeric_limits<double>::max(), tiny = std::numeric_limits<double>::denorm_min();
  const Points points{{huge, tiny}, {-huge, huge}, {huge, huge}, {0.0, 0.0}, {-0.0, 0.0}};
  EXPECT_EQ(*pareto_front(points), by_definition(points));
}

/// Few distinct values, so that ties are common.
RC_GTEST_PROP(Pareto, AnyOrderAndAnyDivisionGiveTheSameFront, ()) {
  const auto objectives = *rc::gen::inRange<std::size_t>(1, 5);
  const auto count = *rc::gen::inRange<std::size_t>(1, 300);
  Points points;
  for (std::size_t i = 0; i < count; ++i) {
    const auto values = *rc::gen::container<std::vector<int>>(objectives, rc::gen::inRange(0, 6));
    points.emplace_back(values.begin(), values.end());
  }
  const auto expected = by_definition(points);
  std::vector<std::uint64_t> order = in_order(count);
  RandomStream random(*rc::gen::arbitrary<std::uint64_t>(), "order");
  random.shuffle(std::span(order));
  RC_ASSERT(streamed(points, order) == expected);

  ParetoFront a(objectives), b(objectives);
  for (const std::uint64_t index : order) RC_ASSERT((index % 3 == 0 ? a : b).add(points[index], std::span(&index, 1)));
  b.merge(a);
  RC_ASSERT(b.points() == expected);
}

}  // namespace
}  // namespace cradle::design
