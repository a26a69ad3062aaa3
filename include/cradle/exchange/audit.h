// Replays the logs of all daemons of a domain in the order of their times and looks whether a coin was ever where it
// must not be. It shares no code with the protocol: it knows only who wrote what when.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/exchange/record.h"

namespace cradle::exchange {

/// One file: its name for messages, and its bytes.
struct Log {
  std::string name, text;
};

struct Violation {
  power::Ticks at = 0;
  std::string what;
};

struct AuditOptions {
  double least_share = 0.99;  ///< of the budget that must be held or in the bank at the end
  /// How long a smaller budget may take, beyond the bank's lease and hold: until what those took who did not hear of it
  /// is told by their partners.
  carbon::Seconds grace{1};
};

/// At every event: held + set aside + in flight <= outstanding <= budget (but for a cut's time), no balance below 0, no
/// more received than was sent, each node's balance is what came less what went, no device above the coins that exist,
/// nothing done by an incarnation that was declared dead, no incarnation twice.
struct AuditReport {
  std::uint64_t records = 0, torn_lines = 0;  ///< torn: the last line of a log whose daemon was killed in it
  std::uint64_t nodes = 0, incarnations = 0, terms = 0;
  std::uint64_t deaths = 0;     ///< incarnations that the bank declared dead
  std::uint64_t transfers = 0;  ///< records of coins between partners
  std::uint64_t violations = 0;
  std::vector<Violation> first_violations;  ///< at most 20
  std::int64_t worst_excess = 0;            ///< most of held + aside + in flight less outstanding; <= 0: never above
  std::int64_t worst_balance = 0;           ///< least
  std::int64_t worst_cap = 0;               ///< most of what devices may draw less held + aside + in flight, in coins
  std::int64_t most_outstanding = 0, budget = 0, recovered = 0;
  std::uint64_t cuts = 0;
  carbon::Seconds longest_cut{0};   ///< until outstanding was within the smaller budget
  carbon::Seconds longest_obey{0};  ///< until held + aside + in flight was
  std::int64_t held_at_end = 0, in_bank_at_end = 0;
  double share_at_end = 1;  ///< of the budget, of both
  carbon::Seconds span{0};
  bool holds() const { return violations == 0; }
};

/// bad_input with file and line: a line that is none, times that go back within a file; missing_data: no record, no
/// bank, or an incarnation that others name and whose log is not among these.
Result<AuditReport> audit(const std::vector<Log>& logs, const AuditOptions& options);

}  // namespace cradle::exchange
