// How hard a program works the memory for each second of CPU time, declared by who knows it: no kernel counts accesses
// by control group.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cradle/base/result.h"

namespace cradle::observe {

/// Each class moves four times the bytes of the one before for each second of CPU time: about 0.15, 0.6, 2.4 and 10
/// GB/s on one core. Programs of SPEC CPU2017 move up to 2.3 GB/s (Singh and Awasthi, ICPE 2019, arXiv:1910.00651), a
/// single core that does nothing but copy some 10 GB/s on servers (McCalpin's STREAM). Where the steps lie is our
/// estimate: a program of a class may be off by a factor of 2 either way.
enum class BandwidthClass : std::uint8_t {
  low,        ///< runs in its caches: compression of small blocks, cryptography, interpreters
  medium,     ///< what is taken of everybody who is not declared
  high,       ///< large working sets: analytics, graphs, sparse solvers, databases in memory
  streaming,  ///< little else than moving memory: copies, stencils, dense vectors, inference on processors
};
const char* to_string(BandwidthClass bandwidth);  ///< "low", "medium", "high", "streaming"

/// What a second of CPU time of this class weighs where accesses to memory are billed: 1, 4, 16, 64.
std::int64_t memory_weight(BandwidthClass bandwidth);
inline constexpr std::int64_t neutral_memory_weight = 4;  ///< of `medium`

/// Those whose control group's path or tenant's name matches the pattern (as fnmatch: * ? [...], * also over '/').
struct MemoryClass {
  std::string pattern;
  BandwidthClass bandwidth = BandwidthClass::medium;
};

/// "PATTERN=CLASS", split at the last '='. bad_input without a pattern or with an unknown class, with the nearest word.
Result<MemoryClass> parse_memory_class(std::string_view text, std::string_view where);

}  // namespace cradle::observe
