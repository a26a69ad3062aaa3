// Named, seeded random streams: the same seed and name give the same draws on every machine and thread count.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace cradle {

/// xoshiro256** (Blackman and Vigna 2018), its state filled by splitmix64 from the seed and a hash of the name.
/// A stream is a value: copy it to replay it. The standard library's distributions differ between
/// implementations, so the draws are defined here.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view name);

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in 0 .. bound-1 without modulo bias; bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Exponential with the given mean.
  double exponential(double mean);
  /// Standard normal (polar method).
  double normal();

  /// Fisher-Yates.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_[4];
};

}  // namespace cradle
