// Draws that can be asked for in any order: a hash of what they are for.
#pragma once

#include <cstdint>

namespace cradle::hierarchy {

/// Full avalanche on 32 bits (the finaliser of MurmurHash3, public domain); vectorises.
constexpr std::uint32_t mix(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x85eb'ca6bU;
  x ^= x >> 13;
  x *= 0xc2b2'ae35U;
  x ^= x >> 16;
  return x;
}
constexpr std::uint32_t draw(std::uint32_t seed, std::uint32_t a, std::uint32_t b) { return mix(mix(seed ^ a) + b); }
/// In [0, 1).
constexpr double unit(std::uint32_t bits) { return bits * 0x1p-32; }

}  // namespace cradle::hierarchy
