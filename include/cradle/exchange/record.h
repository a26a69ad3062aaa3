// The daemons' log: one line for each event that changes coins, written before a packet that gives coins is sent and
// after one that brings coins was taken in. The lines of all nodes of one machine can be put in order by their time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/exchange/wire.h"
#include "cradle/power/bank.h"

namespace cradle::exchange {

enum class RecordKind : std::uint8_t {
  begin,    ///< a node begins an incarnation, with nothing; its device is confirmed at the floor
  known,    ///< the bank of that term knows it
  link,     ///< coins sent to a partner or received from it
  purse,    ///< coins granted by the bank, returned to it, or set aside for it
  closed,   ///< a link to a dead partner is closed for good
  cap,      ///< what the device may draw at most, in coins (from here on, or until now where it falls)
  end,      ///< the incarnation is no more and its device is confirmed at the floor
  opens,    ///< a bank begins a term; `sent`, `received`: lease and hold in ms
  grants,   ///< leases of earlier terms are over: the bank may grant
  account,  ///< coins granted to a node or taken back from it
  dead,     ///< an incarnation was declared dead
  books,    ///< budget or outstanding changed otherwise: a new budget, coins recovered
  shut      ///< a bank ends its term
};

/// Which of the fields a line has depends on its kind; all others are 0.
struct Record {
  power::Ticks at = 0;  ///< ns of CLOCK_BOOTTIME; lines of one writer with the same time are one event
  RecordKind kind = RecordKind::begin;
  power::Tile node = 0;                ///< the node written about: itself, or the bank's account, dead
  power::Incarnation incarnation = 0;  ///< of it
  Term term = 0;                       ///< known, and all of a bank
  power::Tile partner = 0;             ///< link, closed
  power::Incarnation partner_incarnation = 0;
  std::uint32_t sent = 0, received = 0;                     ///< link, purse, closed; account: granted, returned
  std::int64_t held = 0, aside = 0;                         ///< of a node
  std::int64_t cap = 0;                                     ///< cap
  std::int64_t budget = 0, outstanding = 0, recovered = 0;  ///< of a bank
  friend bool operator==(const Record&, const Record&) = default;
};

bool of_bank(RecordKind kind);
/// "123456789 link node=3 inc=812 partner=4 partner_inc=811 sent=12 received=9 held=33 aside=0\n".
std::string to_line(const Record& record);
/// `line` without its end. bad_input with `where` for anything that to_line does not write.
Result<Record> parse_record(std::string_view line, const std::string& where);

}  // namespace cradle::exchange
