// Who used the joules of a meter: whole microjoules, divided so that the parts add up to the reading, always.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::attribution {

using MicroJoules = std::int64_t;

/// Who bears what a machine draws without work.
enum class IdlePolicy : std::uint8_t {
  none,         ///< nobody: it stays a line of its own
  even,         ///< every tenant alike
  reservation,  ///< by what is reserved (GHG Protocol, shared assets by capacity); what nobody reserved stays idle
  use,          ///< in proportion to use; the part of use that was overhead or that nobody was seen at stays idle
};
inline constexpr std::size_t idle_policies = 4;
const char* to_string(IdlePolicy policy);  ///< "none", "even", "reservation", "use"
Result<IdlePolicy> parse_idle_policy(std::string_view text, std::string_view where);

/// The fraction of a microjoule that a division left to a position: high * 2^64 + low, over the sum of the weights.
struct Remainder {
  std::uint64_t high = 0, low = 0;
  std::size_t position = 0;
};

/// `total` into whole parts in proportion to `weights` (>= 0) by largest remainder, ties to the lower position:
/// the parts add up to `total` exactly, each within 1 of its exact share, equal weights differ by at most 1.
/// All weights 0: everything goes to the last position of `parts`, if that has one more place than `weights`, else
/// even. Precondition: parts.size() is weights.size() or one more; total may be negative for a correction.
void divide(MicroJoules total, std::span<const std::int64_t> weights, std::span<MicroJoules> parts);
/// The same in memory of the caller's, which grows to the number of weights and is kept.
void divide(MicroJoules total, std::span<const std::int64_t> weights, std::span<MicroJoules> parts,
            std::vector<Remainder>& room);

/// A leaf that use is known of: one process in one group, or one group.
struct Consumer {
  std::int64_t use = 0;       ///< of the pool's measure (CPU nanoseconds, bytes, slice-nanoseconds), >= 0
  std::int64_t reserved = 0;  ///< of the pool's capacity, same measure, >= 0
};

/// One meter's reading over one interval, and what is known of who used it.
struct Pool {
  MicroJoules metered = 0;
  MicroJoules idle = 0;       ///< 0 .. metered: drawn without work
  std::int64_t used = 0;      ///< of the measure, by the machine's own count; less than the consumers' sum counts as it
  std::int64_t capacity = 0;  ///< of the measure over the interval: what `reserved` is a part of
  std::int64_t overhead = 0;  ///< of `used`, by the system for everybody (monitoring itself), not among consumers
};

/// metered == sum(dynamic) + sum(idle of a policy) + idle_residue of it + overhead + unattributed, for each policy.
struct Division {
  std::vector<MicroJoules> dynamic;                          ///< by consumer
  std::array<std::vector<MicroJoules>, idle_policies> idle;  ///< by policy, by consumer
  std::array<MicroJoules, idle_policies> idle_residue{};
  MicroJoules overhead = 0;
  MicroJoules unattributed = 0;  ///< of the use that nobody was seen at

  std::vector<std::int64_t> weights;  ///< room to work in, kept from one division to the next
  std::vector<Remainder> remainders;  ///< likewise

  MicroJoules of(std::size_t consumer, IdlePolicy policy) const {
    return dynamic[consumer] + idle[static_cast<std::size_t>(policy)][consumer];
  }
  MicroJoules total(IdlePolicy policy) const;
};

/// All four policies in one pass. Reuses the memory of `division`. Preconditions: nothing negative, idle <= metered,
/// overhead <= used. A machine without any use leaves what is above idle unattributed.
void divide(const Pool& pool, std::span<const Consumer> consumers, Division& division);

/// The idle power of a meter that does not know it: the least power seen while less than a tenth of the machine was in
/// use, forgotten after `memory_ns`. The last one seen is kept until there is another, so that a machine that is busy
/// for longer than that does not lose its floor. Before any was seen: the declared watts.
class IdleFloor {
 public:
  struct Options {
    double declared_watts = 0;  ///< used until something is seen; 0: none
    std::int64_t memory_ns = 3'600'000'000'000;
    double quiet_share = 0.1;  ///< of the processors: below it the machine counts as quiet
  };
  explicit IdleFloor(const Options& options) : options_(options) {}
  /// Idle microjoules of this interval, 0 .. metered. An interval without joules or without length teaches nothing: a
  /// zone that vanished is no machine at 0 W. busy_share: 0 .. 1.
  MicroJoules idle(MicroJoules metered, std::int64_t interval_ns, double busy_share);

 private:
  struct Quiet {
    double watts;
    std::int64_t at_ns;
  };
  Options options_;
  std::vector<Quiet> quiet_;  ///< watts and times rise from front to back: the front is the least that is remembered
  std::int64_t now_ns_ = 0;
};

}  // namespace cradle::attribution
