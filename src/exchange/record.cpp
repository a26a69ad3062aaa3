#include "cradle/exchange/record.h"

#include <array>
#include <limits>
#include <optional>
#include <type_traits>

#include "cradle/base/text.h"

namespace cradle::exchange {

namespace {

enum Part : unsigned {
  whose = 1,     // node, inc
  term = 2,      // term
  partner = 4,   // partner, partner_inc
  counts = 8,    // sent, received
  balance = 16,  // held, aside
  cap = 32,      // cap
  bank = 64      // budget, outstanding, recovered
};

struct Shape {
  std::string_view word;
  unsigned parts;
};

/// By RecordKind.
constexpr std::array<Shape, 13> shapes{{{"begin", whose},
                                        {"known", whose | term | balance},
                                        {"link", whose | partner | counts | balance},
                                        {"purse", whose | counts | balance},
                                        {"closed", whose | partner | counts | balance},
                                        {"cap", whose | cap},
                                        {"end", whose},
                                        {"opens", term | counts | bank},
                                        {"grants", term | bank},
                                        {"account", whose | term | counts | bank},
                                        {"dead", whose | term | bank},
                                        {"books", term | bank},
                                        {"shut", term | bank}}};

/// Calls with name, reference and the greatest value of each field of the shape, in the order of the line.
template <class R, class Call>
void each_field(unsigned parts, R& record, Call&& call) {
  constexpr std::int64_t word = std::numeric_limits<std::uint32_t>::max();
  constexpr std::int64_t coins = std::int64_t{1} << 40;
  if (parts & term) call("term", record.term, word);
  if (parts & whose) {
    call("node", record.node, word);
    call("inc", record.incarnation, word);
  }
  if (parts & partner) {
    call("partner", record.partner, word);
    call("partner_inc", record.partner_incarnation, word);
  }
  if (parts & counts) {
    call("sent", record.sent, word);
    call("received", record.received, word);
  }
  if (parts & balance) {
    call("held", record.held, coins);
    call("aside", record.aside, coins);
  }
  if (parts & cap) call("cap", record.cap, coins);
  if (parts & bank) {
    call("budget", record.budget, coins);
    call("outstanding", record.outstanding, coins);
    call("recovered", record.recovered, coins);
  }
}

/// A field's number; negative coins are read, so that a check can find them.
std::optional<std::int64_t> number(std::string_view token, std::string_view name, std::int64_t most, bool is_signed) {
  if (token.size() <= name.size() + 1 || !token.starts_with(name) || token[name.size()] != '=') return {};
  const auto value = parse_integer(token.substr(name.size() + 1));
  if (!value || *value > most || *value < (is_signed ? -most : 0)) return {};
  return value;
}

}  // namespace

bool of_bank(RecordKind kind) { return (shapes[static_cast<std::size_t>(kind)].parts & bank) != 0; }

std::string to_line(const Record& record) {
  const Shape& shape = shapes[static_cast<std::size_t>(record.kind)];
  std::string line = std::to_string(record.at);
  line += ' ';
  line += shape.word;
  each_field(shape.parts, record, [&](std::string_view name, const auto& value, std::int64_t) {
    line += ' ';
    line += name;
    line += '=';
    line += std::to_string(value);
  });
  line += '\n';
  return line;
}

Result<Record> parse_record(std::string_view line, const std::string& where) {
  const char* hint = "give logs as `cradle power daemon` writes them";
  const auto tokens = split(line, ' ');
  Record record;
  const auto at = tokens.empty() ? std::nullopt : parse_integer(tokens[0]);
  if (!at || *at < 0 || tokens.size() < 2) return bad_input("not a line of a daemon's log", where, hint);
  record.at = *at;
  std::size_t kind = 0;
  while (kind < shapes.size() && shapes[kind].word != tokens[1]) ++kind;
  if (kind == shapes.size()) return bad_input("no event '" + std::string(tokens[1].substr(0, 40)) + "'", where, hint);
  record.kind = static_cast<RecordKind>(kind);
  std::size_t next = 2;
  std::string wrong;
  each_field(shapes[kind].parts, record, [&](std::string_view name, auto& value, std::int64_t most) {
    if (!wrong.empty()) return;
    using Value = std::remove_reference_t<decltype(value)>;
    const auto read = next < tokens.size() ? number(tokens[next], name, most, std::is_signed_v<Value>)
                                           : std::optional<std::int64_t>();
    if (!read) {
      wrong = name;
      return;
    }
    value = static_cast<Value>(*read);
    ++next;
  });
  if (!wrong.empty()) return bad_input("'" + wrong + "' is missing or no such number", where, hint);
  if (next != tokens.size())
    return bad_input("'" + std::string(tokens[next].substr(0, 40)) + "' does not belong here", where, hint);
  return record;
}

}  // namespace cradle::exchange
