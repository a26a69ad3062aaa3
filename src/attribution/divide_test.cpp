// Largest remainder: exact sums, quota, fairness, against a second implementation, up to the ends of its range.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "cradle/attribution/attribution.h"
#include "cradle/base/random.h"

namespace cradle::attribution {
namespace {

__extension__ typedef __int128 Wide;
constexpr std::int64_t two_to_62 = std::int64_t{1} << 62;

Wide sum_of(const std::vector<std::int64_t>& values) {
  Wide sum = 0;
  for (const std::int64_t value : values) sum += value;
  return sum;
}

std::vector<MicroJoules> divided(MicroJoules total, const std::vector<std::int64_t>& weights, std::size_t places) {
  std::vector<MicroJoules> parts(places, -77);
  divide(total, weights, parts);
  return parts;
}
std::vector<MicroJoules> divided(MicroJoules total, const std::vector<std::int64_t>& weights) {
  return divided(total, weights, weights.size());
}

/// Hamilton's method by the book: sort everybody by what is left, stable, hand out one each.
std::vector<MicroJoules> by_sorting(MicroJoules total, const std::vector<std::int64_t>& weights) {
  const Wide sum = sum_of(weights);
  std::vector<MicroJoules> parts(weights.size());
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::int64_t left = total;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    parts[i] = static_cast<std::int64_t>(Wide{total} * weights[i] / sum);
    left -= parts[i];
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return Wide{total} * weights[a] % sum > Wide{total} * weights[b] % sum;
  });
  for (std::int64_t i = 0; i < left; ++i) ++parts[order[static_cast<std::size_t>(i)]];
  return parts;
}

std::vector<std::int64_t> some_weights(RandomStream& random, std::size_t n) {
  // Sizes from single nanoseconds to centuries, with zeros and repeats: rounding is hard where weights are alike.
  std::vector<std::int64_t> weights(n);
  for (std::int64_t& weight : weights) {
    const std::uint64_t bits = random.below(63);
    weight = random.below(4) == 0 ? static_cast<std::int64_t>(random.below(3))
                                  : static_cast<std::int64_t>(random.next() >> (63 - bits) >> 1);
  }
  return weights;
}

TEST(Divide, ByHand) {
  EXPECT_EQ(divided(10, {1, 1, 1}), (std::vector<MicroJoules>{4, 3, 3}));  // a tie goes to the lower position
  EXPECT_EQ(divided(100, {3, 3, 1}), (std::vector<MicroJoules>{43, 43, 14}));
  // Balinski and Young, Fair Representation (1982), the Alabama paradox needs these: 10 and 11 seats for 6:6:2.
  EXPECT_EQ(divided(10, {6, 6, 2}), (std::vector<MicroJoules>{4, 4, 2}));
  EXPECT_EQ(divided(11, {6, 6, 2}), (std::vector<MicroJoules>{5, 5, 1}));
  EXPECT_EQ(divided(-10, {1, 1, 1}), (std::vector<MicroJoules>{-4, -3, -3}));
  EXPECT_EQ(divided(0, {5, 7}), (std::vector<MicroJoules>{0, 0}));
  EXPECT_EQ(divided(1, {0, 1, 0}), (std::vector<MicroJoules>{0, 1, 0}));
}

TEST(Divide, NobodyToGiveTo) {
  EXPECT_EQ(divided(7, {0, 0}, 3), (std::vector<MicroJoules>{0, 0, 7}));
  EXPECT_EQ(divided(-7, {0, 0}, 3), (std::vector<MicroJoules>{0, 0, -7}));
  EXPECT_EQ(divided(7, {}, 1), (std::vector<MicroJoules>{7}));
  EXPECT_EQ(divided(7, {0, 0, 0}), (std::vector<MicroJoules>{3, 2, 2}));
  EXPECT_EQ(divided(7, {2, 5}, 3), (std::vector<MicroJoules>{2, 5, 0}));
  EXPECT_TRUE(divided(7, {}).empty());
}

TEST(Divide, AtTheEndsOfTheRange) {
  const std::vector<std::int64_t> heavy(10'000, two_to_62);
  const std::vector<MicroJoules> parts = divided(two_to_62, heavy);
  EXPECT_TRUE(sum_of(parts) == two_to_62);
  const auto [low, high] = std::minmax_element(parts.begin(), parts.end());
  EXPECT_LE(*high - *low, 1);
  EXPECT_EQ(divided(two_to_62, {two_to_62}), (std::vector<MicroJoules>{two_to_62}));
  const std::vector<std::int64_t> lopsided = {two_to_62, two_to_62, 1};
  EXPECT_EQ(divided(two_to_62, lopsided), by_sorting(two_to_62, lopsided));
  EXPECT_EQ(divided(INT64_MIN, {1, 1}), (std::vector<MicroJoules>{INT64_MIN / 2, INT64_MIN / 2}));
}

TEST(Divide, LawsAndTheSecondImplementation) {
  RandomStream random(1, "divide");
  for (int round = 0; round < 30'000; ++round) {
    const std::vector<std::int64_t> weights = some_weights(random, 1 + random.below(20));
    const MicroJoules total = static_cast<MicroJoules>(random.next() >> (2 + random.below(60)));
    const Wide sum = sum_of(weights);
    const std::vector<MicroJoules> parts = divided(total, weights);
    ASSERT_TRUE(sum_of(parts) == total);
    if (sum == 0) continue;
    ASSERT_EQ(parts, by_sorting(total, weights));
    for (std::size_t i = 0; i < weights.size(); ++i) {
      // Quota: between the floor and the ceiling of the exact share; who used nothing gets nothing.
      const Wide exact = Wide{total} * weights[i], part = Wide{parts[i]} * sum;
      ASSERT_TRUE(part > exact - sum && part < exact + sum);
      if (weights[i] == 0) {
        ASSERT_EQ(parts[i], 0);
      }
      for (std::size_t j = 0; j < i; ++j) {
        if (weights[i] == weights[j]) {
          ASSERT_LE(std::abs(parts[i] - parts[j]), 1);
        }
        if (weights[i] < weights[j]) {
          ASSERT_LE(parts[i], parts[j] + 1);
        }
      }
    }
  }
}

RC_GTEST_PROP(Divide, OrderDoesNotMatterUpToTies, (std::uint64_t seed)) {
  RandomStream random(seed, "order");
  std::vector<std::int64_t> weights = some_weights(random, 1 + random.below(30));
  std::sort(weights.begin(), weights.end());
  weights.erase(std::unique(weights.begin(), weights.end()), weights.end());
  const MicroJoules total = static_cast<MicroJoules>(random.below(1'000'000'000));
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  random.shuffle(std::span(order));
  std::vector<std::int64_t> shuffled(weights.size());
  for (std::size_t i = 0; i < order.size(); ++i) shuffled[i] = weights[order[i]];
  const std::vector<MicroJoules> plain = divided(total, weights), other = divided(total, shuffled);
  // Different weights may leave the same fraction; only then may one unit change hands.
  for (std::size_t i = 0; i < order.size(); ++i) RC_ASSERT(std::abs(plain[order[i]] - other[i]) <= 1);
  if (sum_of(weights) > 0) {
    const Wide sum = sum_of(weights);
    std::vector<Wide> rests;
    for (const std::int64_t weight : weights) rests.push_back(Wide{total} * weight % sum);
    std::sort(rests.begin(), rests.end());
    if (std::adjacent_find(rests.begin(), rests.end()) == rests.end())
      for (std::size_t i = 0; i < order.size(); ++i) RC_ASSERT(plain[order[i]] == other[i]);
  }
}

RC_GTEST_PROP(Divide, ASplitConsumerGetsTheSameWithinRounding, (std::uint64_t seed)) {
  RandomStream random(seed, "split");
  std::vector<std::int64_t> weights = some_weights(random, 2 + random.below(10));
  weights[0] = static_cast<std::int64_t>(random.below(1'000'000'000'000));
  const MicroJoules total = static_cast<MicroJoules>(random.below(1'000'000'000'000));
  const std::int64_t one = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(weights[0]) + 1));
  std::vector<std::int64_t> halves = weights;
  halves[0] = one;
  halves.push_back(weights[0] - one);
  RC_PRE(sum_of(weights) > 0);
  const std::vector<MicroJoules> whole = divided(total, weights), split = divided(total, halves);
  // Whole and halves each lie within 1 of their exact shares, which add up.
  RC_ASSERT(std::abs(split.front() + split.back() - whole[0]) <= 2);
  // Nobody else's bill changes by more than the rounding.
  for (std::size_t i = 1; i < weights.size(); ++i) RC_ASSERT(std::abs(whole[i] - split[i]) <= 1);
}

RC_GTEST_PROP(Divide, ACorrectionTakesBackWhatWasGiven, (std::uint64_t seed)) {
  RandomStream random(seed, "correction");
  const std::vector<std::int64_t> weights = some_weights(random, 1 + random.below(10));
  const MicroJoules total = static_cast<MicroJoules>(random.next() >> 2);
  const std::vector<MicroJoules> given = divided(total, weights), taken = divided(-total, weights);
  for (std::size_t i = 0; i < weights.size(); ++i) RC_ASSERT(given[i] == -taken[i]);
}

}  // namespace
}  // namespace cradle::attribution
