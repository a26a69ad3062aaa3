// Largest remainder in whole numbers, and the division of one meter's reading under four idle policies.
#include <algorithm>
#include <cassert>

#include "cradle/attribution/attribution.h"

namespace cradle::attribution {

namespace {

// NOLINTNEXTLINE(modernize-use-using): __extension__ cannot stand before an alias declaration's type
__extension__ typedef unsigned __int128 Wide;

/// Equal numbers that differ by at most 1, the larger ones first.
void divide_evenly(std::uint64_t total, std::span<MicroJoules> parts) {
  if (parts.empty()) return;
  const std::uint64_t share = total / parts.size(), larger = total % parts.size();
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = static_cast<MicroJoules>(share + (i < larger ? 1 : 0));
}

/// Whole quotients into `parts`, what is left of each into `room`; returns how many units are still to be given.
/// Both weight and total stay below 2^64, so their product is exact in 128 bits; so is the sum of 2^64 weights.
std::uint64_t whole_parts(std::uint64_t total, std::span<const std::int64_t> weights, Wide sum,
                          std::span<MicroJoules> parts, std::vector<Remainder>& room) {
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Wide product = static_cast<Wide>(total) * static_cast<std::uint64_t>(weights[i]);
    const Wide quotient = product / sum, rest = product - quotient * sum;
    parts[i] = static_cast<MicroJoules>(quotient);
    given += static_cast<std::uint64_t>(quotient);
    if (rest != 0) room.push_back({static_cast<std::uint64_t>(rest >> 64), static_cast<std::uint64_t>(rest), i});
  }
  return total - given;
}

bool served_first(const Remainder& a, const Remainder& b) {
  if (a.high != b.high) return a.high > b.high;
  if (a.low != b.low) return a.low > b.low;
  return a.position < b.position;
}

std::int64_t sum_of(std::span<const MicroJoules> parts) {
  std::int64_t sum = 0;
  for (const MicroJoules part : parts) sum += part;
  return sum;
}

}  // namespace

void divide(MicroJoules total, std::span<const std::int64_t> weights, std::span<MicroJoules> parts,
            std::vector<Remainder>& room) {
  assert(parts.size() == weights.size() || parts.size() == weights.size() + 1);
  // A correction is divided as its magnitude, so that it takes back exactly what the same reading gave.
  const bool negative = total < 0;
  const std::uint64_t magnitude = negative ? 0 - static_cast<std::uint64_t>(total) : static_cast<std::uint64_t>(total);

  Wide sum = 0;
  for (const std::int64_t weight : weights) sum += static_cast<std::uint64_t>(weight);

  const bool has_rest_place = parts.size() > weights.size();
  if (has_rest_place) parts.back() = 0;
  room.clear();
  if (sum != 0) {
    const std::uint64_t left = whole_parts(magnitude, weights, sum, parts, room);
    // The remainders add up to `left` times the sum and each is below it: there are more of them than `left`.
    const auto end_of_served = room.begin() + static_cast<std::ptrdiff_t>(left);
    if (left > 0) std::nth_element(room.begin(), end_of_served, room.end(), served_first);
    for (auto served = room.begin(); served != end_of_served; ++served) ++parts[served->position];
  } else if (has_rest_place) {
    std::fill(parts.begin(), parts.end(), 0);
    parts.back() = static_cast<MicroJoules>(magnitude);
  } else {
    divide_evenly(magnitude, parts);
  }
  if (negative)
    for (MicroJoules& part : parts) part = static_cast<MicroJoules>(0 - static_cast<std::uint64_t>(part));
}

void divide(MicroJoules total, std::span<const std::int64_t> weights, std::span<MicroJoules> parts) {
  std::vector<Remainder> room;
  room.reserve(weights.size());
  divide(total, weights, parts, room);
}

void divide(const Pool& pool, std::span<const Consumer> consumers, Division& division) {
  assert(pool.metered >= 0 && pool.idle >= 0 && pool.idle <= pool.metered);
  assert(pool.overhead >= 0 && pool.overhead <= pool.used && pool.capacity >= 0);
  const std::size_t n = consumers.size();
  Wide used = static_cast<std::uint64_t>(pool.overhead), reserved = 0;
  for (const Consumer& consumer : consumers) {
    used += static_cast<std::uint64_t>(consumer.use);
    reserved += static_cast<std::uint64_t>(consumer.reserved);
  }
  const auto beyond = [](std::int64_t whole, Wide part) {
    const auto all = static_cast<std::uint64_t>(whole);
    return part < all ? static_cast<std::int64_t>(all - static_cast<std::uint64_t>(part)) : std::int64_t{0};
  };
  const std::int64_t unseen = beyond(pool.used, used);

  // Dynamic: consumers, overhead, and last the unseen, which also takes everything when there was no use at all.
  std::vector<std::int64_t>& weights = division.weights;
  std::vector<MicroJoules>& dynamic = division.dynamic;
  weights.resize(n + 1);
  for (std::size_t i = 0; i < n; ++i) weights[i] = consumers[i].use;
  weights[n] = pool.overhead;
  if (unseen > 0) weights.push_back(unseen);
  dynamic.resize(n + 2);
  divide(pool.metered - pool.idle, weights, dynamic, division.remainders);
  division.overhead = dynamic[n];
  division.unattributed = dynamic[n + 1];
  dynamic.resize(n);

  // Idle: by consumer, and last what stays. Without any weight all of it stays: the place beyond the weights takes it.
  const auto idle_of = [&](IdlePolicy policy) {
    std::vector<MicroJoules>& idle = division.idle[static_cast<std::size_t>(policy)];
    idle.assign(n + 1, 0);
    return std::span<MicroJoules>(idle);
  };
  const auto divide_idle = [&](IdlePolicy policy, std::int64_t staying) {
    weights.resize(n);
    if (staying > 0) weights.push_back(staying);
    divide(pool.idle, weights, idle_of(policy), division.remainders);
  };
  divide_idle(IdlePolicy::use, pool.overhead + unseen);  // at most `used`
  for (std::size_t i = 0; i < n; ++i) weights[i] = consumers[i].reserved;
  divide_idle(IdlePolicy::reservation, beyond(pool.capacity, reserved));
  const std::span<MicroJoules> even = idle_of(IdlePolicy::even);
  divide_evenly(static_cast<std::uint64_t>(pool.idle), n > 0 ? even.first(n) : even);
  idle_of(IdlePolicy::none).back() = pool.idle;
  for (std::size_t p = 0; p < idle_policies; ++p) {
    division.idle_residue[p] = division.idle[p].back();
    division.idle[p].pop_back();
  }
}

MicroJoules Division::total(IdlePolicy policy) const {
  const auto p = static_cast<std::size_t>(policy);
  return sum_of(dynamic) + sum_of(idle[p]) + idle_residue[p] + overhead + unattributed;
}

}  // namespace cradle::attribution
