#include "cradle/design/explore.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>

#include "space_example.h"

namespace cradle::design {
namespace {

const Space& example() {
  static const Space space = [] {
    TestStudy study;
    study.constraints = "[constraints]\nmost_area_mm2 = 900\nmost_cost_usd = 3000\n";
    return *study.read();
  }();
  return space;
}

/// Point by point, without any of the short cuts.
struct Plain {
  std::vector<std::vector<double>> values;
  std::vector<std::uint64_t> indices;
  std::uint64_t impossible = 0, excluded = 0;
};

const Plain& plain() {
  static const Plain all = [] {
    const Evaluator evaluator(example());
    Plain result;
    for (std::uint64_t i = 0; i < example().points(); ++i) {
      const Evaluated point = evaluator.at(i);
      if (point.standing != Standing::feasible) {
        ++(point.standing == Standing::impossible ? result.impossible : result.excluded);
        continue;
      }
      result.indices.push_back(i);
      std::vector<double>& values = result.values.emplace_back();
      for (const Objective objective : example().objectives) values.push_back(value(point.outcome, objective));
    }
    return result;
  }();
  return all;
}

TEST(Explore, TheExampleHasPointsOfEveryStanding) {
  EXPECT_GT(plain().indices.size(), 1000U);
  EXPECT_GT(plain().impossible, 1000U);
  EXPECT_GT(plain().excluded, 10U);
}

TEST(Explore, StreamedPointsHaveTheBitsOfSinglePoints) {
  const Evaluator evaluator(example());
  Collector collector(evaluator);
  Batch batch;
  collector.collect(0, example().points(), batch);
  EXPECT_EQ(batch.indices, plain().indices);
  EXPECT_EQ(batch.impossible, plain().impossible);
  EXPECT_EQ(batch.excluded, plain().excluded);
  std::size_t next = 0;
  for (const auto& values : plain().values)
    for (const double value : values) ASSERT_EQ(batch.rows[next++], value);
}

RC_GTEST_PROP(Explore, AnyRangeHasTheSameBits, ()) {
  static const Evaluator evaluator(example());
  static Collector collector(evaluator);
  const auto first = *rc::gen::inRange<std::uint64_t>(0, example().points());
  const auto count = *rc::gen::inRange<std::uint64_t>(0, std::min<std::uint64_t>(700, example().points() - first) + 1);
  Batch batch;
  collector.collect(first, count, batch);
  const auto from = std::lower_bound(plain().indices.begin(), plain().indices.end(), first);
  const auto to = std::lower_bound(plain().indices.begin(), plain().indices.end(), first + count);
  RC_ASSERT(std::vector<std::uint64_t>(from, to) == batch.indices);
  RC_ASSERT(batch.indices.size() + batch.impossible + batch.excluded == count);
  for (std::size_t i = 0; i < batch.indices.size(); ++i)
    for (std::size_t k = 0; k < 4; ++k)
      RC_ASSERT(batch.rows[4 * i + k] ==
                plain().values[static_cast<std::size_t>(from - plain().indices.begin()) + i][k]);
}

TEST(Explore, VectorsStayWithinOneInATrillion) {
  const Evaluator evaluator(example());
  Collector collector(evaluator, Arithmetic::lanes);
  Batch batch;
  // Odd pieces, so that vectors start and end anywhere.
  for (std::uint64_t first = 0; first < example().points();) {
    const std::uint64_t count = std::min<std::uint64_t>(1 + first % 977, example().points() - first);
    collector.collect(first, count, batch);
    first += count;
  }
  // No point of this space lies within a trillionth of a constraint.
  ASSERT_EQ(batch.indices, plain().indices);
  EXPECT_EQ(batch.impossible, plain().impossible);
  std::size_t next = 0;
  double worst = 0;
  for (const auto& values : plain().values)
    for (const double value : values) worst = std::max(worst, std::abs(batch.rows[next++] / value - 1));
  EXPECT_LE(worst, 1e-12);
  EXPECT_GT(worst, 0) << "the vector path was not taken";
}

TEST(Explore, OneBlockWithAndWithoutLinks) {
  TestStudy study = one_point_study("1", "n7", "organic");
  study.blocks =
      "[[block]]\nname = \"compute\"\nkind = \"logic\"\narea_mm2 = 300\npower_w = 150\n"
      "split_range = [1, 16]\nnode = [\"n28\", \"n7\", \"n3\"]\n";
  study.package =
      "[package]\nintegration = [\"one-die\", \"chiplets\"]\ntechnology = [\"organic\", \"3d\", \"emib\", "
      "\"monolithic-3d\"]\n";
  const auto space = study.read();
  ASSERT_TRUE(space) << to_string(space.error());
  const Evaluator evaluator(*space);
  for (const Arithmetic arithmetic : {Arithmetic::strict, Arithmetic::lanes}) {
    Collector collector(evaluator, arithmetic);
    Batch batch;
    collector.collect(0, space->points(), batch);
    std::size_t next = 0;
    for (std::uint64_t i = 0; i < space->points(); ++i) {
      const Evaluated point = evaluator.at(i);
      if (point.standing != Standing::feasible) continue;
      ASSERT_LT(next, batch.indices.size());
      ASSERT_EQ(batch.indices[next], i);
      EXPECT_NEAR(batch.rows[4 * next] / point.outcome.carbon(), 1, arithmetic == Arithmetic::strict ? 0 : 1e-12);
      ++next;
    }
    EXPECT_EQ(next, batch.indices.size());
  }
}

TEST(Explore, TheFrontIsThatOfAllFeasiblePoints) {
  const auto found = explore(example());
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->complete());
  EXPECT_EQ(found->impossible, plain().impossible);
  EXPECT_EQ(found->excluded, plain().excluded);
  auto expected = *pareto_front(plain().values);
  for (FrontPoint& point : expected) point.index = plain().indices[point.index];
  EXPECT_EQ(found->front, expected);
  EXPECT_GT(found->front.size(), 5U);
}

TEST(Explore, AnyNumberOfThreadsGivesTheSameBits) {
  const auto one = explore(example(), {.threads = 1});
  ASSERT_TRUE(one);
  for (const unsigned threads : {2U, 5U}) {
    const auto other = explore(example(), {.threads = threads});
    ASSERT_TRUE(other);
    EXPECT_EQ(one->front, other->front);
    EXPECT_EQ(one->cloud, other->cloud);
    EXPECT_EQ(one->excluded, other->excluded);
  }
}

TEST(Explore, TheCloudIsAFairSampleOfTheRest) {
  const auto found = explore(example(), {.seed = 1, .cloud = 500});
  ASSERT_TRUE(found);
  EXPECT_LE(found->cloud.size(), 500U);
  EXPECT_GE(found->cloud.size(), 500U - found->front.size());
  std::set<std::uint64_t> front;
  for (const FrontPoint& point : found->front) front.insert(point.index);
  double mean = 0;
  for (const FrontPoint& point : found->cloud) {
    EXPECT_FALSE(front.count(point.index));
    EXPECT_TRUE(std::binary_search(plain().indices.begin(), plain().indices.end(), point.index));
    mean += static_cast<double>(std::lower_bound(plain().indices.begin(), plain().indices.end(), point.index) -
                                plain().indices.begin());
  }
  // Ranks of a fair sample of 500 have a mean within 4 standard errors (0.29 / sqrt(500)) of the middle.
  mean /= static_cast<double>(found->cloud.size() * plain().indices.size());
  EXPECT_NEAR(mean, 0.5, 4 * 0.29 / std::sqrt(500.0));
  const auto other = explore(example(), {.seed = 2, .cloud = 500});
  EXPECT_NE(other->cloud, found->cloud);
  EXPECT_EQ(other->front, found->front);
}

TEST(Explore, AStoppedSearchSaysSo) {
  std::stop_source stop;
  stop.request_stop();
  const auto found = explore(example(), {.stop = stop.get_token()});
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->complete());
  EXPECT_EQ(found->evaluated, 0U);
  EXPECT_TRUE(found->front.empty());
}

TEST(Explore, AFrontThatIsTooLargeIsKeptAndEndsInTheSameRound) {
  TestStudy study;
  study.blocks =
      "[[block]]\nname = \"compute\"\nkind = \"logic\"\narea_mm2 = 300\npower_w = 150\n"
      "split_range = [1, 16]\nnode = [\"n14\", \"n7\", \"n5\"]\nproducts = [1, 2, 3, 4, 5, 6, 7, 8]\n"
      "[[block]]\nname = \"cache\"\nkind = \"sram\"\narea_mm2 = 100\npower_w = 20\n"
      "split_range = [1, 16]\nnode = [\"n14\", \"n7\", \"n5\"]\nproducts = [1, 2, 3, 4, 5, 6, 7, 8]\n";
  study.package = "[package]\ntechnology = [\"organic\", \"rdl\", \"emib\", \"passive\"]\n";
  const auto space = study.read();
  ASSERT_TRUE(space) << to_string(space.error());
  constexpr std::uint64_t round = 1 << 20;
  ASSERT_GT(space->points(), 2 * round);
  const auto one = explore(*space, {.threads = 1, .most_front = 20});
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->too_large);
  EXPECT_FALSE(one->complete());
  EXPECT_EQ(one->evaluated % round, 0U);
  EXPECT_GT(one->front.size(), 20U);
  for (const unsigned threads : {2U, 3U}) {
    const auto other = explore(*space, {.threads = threads, .most_front = 20});
    ASSERT_TRUE(other);
    EXPECT_EQ(other->front, one->front);
    EXPECT_EQ(other->cloud, one->cloud);
    EXPECT_EQ(other->evaluated, one->evaluated);
    EXPECT_EQ(other->excluded, one->excluded);
  }
  // The front of the points so far, computed at once.
  const Evaluator evaluator(*space);
  Batch batch;
  Collector(evaluator).collect(0, one->evaluated, batch);
  ParetoFront front(4);
  ASSERT_TRUE(front.add(batch.rows, batch.indices));
  EXPECT_EQ(front.points(), one->front);
  // A limit that the whole front keeps stops nothing, however large the parts' fronts are together.
  const auto whole = explore(*space, {.threads = 1});
  ASSERT_TRUE(whole);
  EXPECT_FALSE(whole->too_large);
  const auto tight = explore(*space, {.threads = 3, .most_front = 4 * whole->front.size()});
  ASSERT_TRUE(tight);
  EXPECT_EQ(tight->front, whole->front);
}

TEST(Explore, ProgressAddsUp) {
  std::atomic<std::uint64_t> told{0};
  const auto found = explore(example(), {.threads = 2, .progress = [&](std::uint64_t more) { told += more; }});
  ASSERT_TRUE(found);
  EXPECT_EQ(told, example().points());
}

TEST(Explore, KneeAndBest) {
  const std::vector<FrontPoint> front = {{0, {0, 10}}, {1, {1, 2}}, {2, {5, 1}}, {3, {10, 0}}};
  EXPECT_EQ(knee(front), 1U);
  EXPECT_EQ(best(front, 0), 0U);
  EXPECT_EQ(best(front, 1), 3U);
  EXPECT_EQ(knee({{7, {3}}}), 0U);
}

}  // namespace
}  // namespace cradle::design
