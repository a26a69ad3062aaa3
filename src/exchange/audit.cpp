#include "cradle/exchange/audit.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace cradle::exchange {

using power::Incarnation;
using power::Ticks;
using power::Tile;

namespace {

using Name = std::pair<Tile, Incarnation>;

constexpr double ns_per_second = 1e9;
constexpr Ticks ns_per_ms = 1'000'000;

std::string to_text(const Name& name) {
  return "node " + std::to_string(name.first) + " incarnation " + std::to_string(name.second);
}

/// Coins on one way: counts on the wire are modulo 2^32, here they are not.
struct Flow {
  std::int64_t sent = 0, received = 0;
  bool open = true;  ///< who is to receive can still do so
  std::int64_t in_flight() const { return open ? sent - received : 0; }
};

/// Follows a count modulo 2^32; how much it grew.
std::int64_t follow(std::int64_t& count, std::uint32_t said) {
  const std::int64_t grown = static_cast<std::int32_t>(said - static_cast<std::uint32_t>(count));
  count += grown;
  return grown;
}

struct Life {
  bool begun = false, over = false;  ///< over: ended by itself, or by a later one of the node
  bool dead = false;                 ///< declared by the bank
  Term term = 0;
  std::int64_t held = 0, aside = 0, cap = 0;
  Flow granted, returned;
  std::map<Name, Flow> from;  ///< by who sends
  std::map<Name, std::int64_t> sent_to;
  std::int64_t came = 0;  ///< from partners and bank less what went: what it should have
  bool lives() const { return begun && !over && !dead; }
};

class Replay {
 public:
  Replay(const AuditOptions& options, AuditReport& report) : options_(options), report_(&report) {}

  void take(const Record& record) {
    const bool same = of_bank(record.kind) == of_bank_ && (of_bank_ || record.node == writer_);
    if (record.at != now_ || !same) check();
    now_ = record.at;
    of_bank_ = of_bank(record.kind);
    writer_ = record.node;
    ++report_->records;
    of_bank_ ? take_bank(record) : take_node(record);
  }

  Result<void> finish() {
    check();
    if (report_->terms == 0) return missing_data("no bank among them", "logs", "name the log of the bank's daemon too");
    for (const auto& [name, life] : lives_)
      if (!life.begun)
        return missing_data("the log of " + to_text(name) + " is not among them", "logs",
                            "name the logs of all daemons");
    std::int64_t held = 0;
    for (const auto& [name, life] : lives_)
      if (life.lives()) held += life.held;
    report_->held_at_end = held;
    report_->in_bank_at_end = std::max<std::int64_t>(0, budget_ - outstanding_ - legacy_);
    report_->budget = budget_;
    if (budget_ > 0)
      report_->share_at_end = static_cast<double>(held + report_->in_bank_at_end) / static_cast<double>(budget_);
    if (report_->share_at_end < options_.least_share)
      violation("at the end " + std::to_string(held) + " coins are held and " +
                std::to_string(report_->in_bank_at_end) + " in the bank, of a budget of " + std::to_string(budget_));
    if (cut_) report_->longest_cut = std::max(report_->longest_cut, seconds(now_ - cut_->since));
    for (const auto& [name, life] : lives_) nodes_.insert(name.first);
    report_->nodes = nodes_.size();
    report_->incarnations = lives_.size();
    return {};
  }

 private:
  struct Cut {
    Ticks since;
    bool obeyed = false, told = false;
  };

  static carbon::Seconds seconds(Ticks ns) { return carbon::Seconds{static_cast<double>(ns) / ns_per_second}; }

  void violation(std::string what) {
    constexpr std::size_t most_kept = 20;
    ++report_->violations;
    if (report_->first_violations.size() < most_kept) report_->first_violations.push_back({now_, std::move(what)});
  }

  // What exists is kept as a sum: a life's part is taken out before it changes and put back after.

  static std::int64_t own(const Life& life) {
    std::int64_t coins = life.dead ? 0 : life.returned.in_flight();
    if (!life.lives()) return coins;
    coins += life.held + life.aside + life.granted.in_flight();
    for (const auto& [name, flow] : life.from) coins += flow.in_flight();
    return coins;
  }

  template <class Act>
  void change(Life& life, Act&& act) {
    exists_ -= own(life);
    caps_ -= life.lives() ? life.cap : 0;
    act();
    exists_ += own(life);
    caps_ += life.lives() ? life.cap : 0;
  }

  void take_node(const Record& record) {
    const Name name{record.node, record.incarnation};
    Life& life = lives_[name];
    if (record.kind == RecordKind::begin) return begin(name, life);
    if (life.dead && !life.over) violation(to_text(name) + " acts after it was declared dead");
    if (!life.begun) violation(to_text(name) + " acts before it begins");
    if (life.over) violation(to_text(name) + " acts after its end");
    switch (record.kind) {
      case RecordKind::known: life.term = record.term; break;
      case RecordKind::link: take_link(record, name, life); break;
      case RecordKind::purse:
        change(life, [&] {
          life.came += follow(life.granted.received, record.received);
          life.came -= follow(life.returned.sent, record.sent);
        });
        if (life.granted.received > life.granted.sent) violation(to_text(name) + " has more than it was granted");
        break;
      case RecordKind::closed:
        change(life, [&] {
          Flow& flow = life.from[{record.partner, record.partner_incarnation}];
          if (record.received != static_cast<std::uint32_t>(flow.received) ||
              record.sent != static_cast<std::uint32_t>(life.sent_to[{record.partner, record.partner_incarnation}]))
            violation(to_text(name) + " closes a link with other counts than it had");
          flow.open = false;
        });
        break;
      case RecordKind::cap: change(life, [&] { life.cap = record.cap; }); break;
      default: change(life, [&] { life.over = true; }); return;
    }
    if (record.kind == RecordKind::cap) return;
    change(life, [&] {
      life.held = record.held;
      life.aside = record.aside;
    });
    report_->worst_balance = std::min({report_->worst_balance, life.held, life.aside});
    if (life.held < 0 || life.aside < 0) violation(to_text(name) + " has a balance below zero");
    changed_.insert(name);
  }

  void begin(const Name& name, Life& life) {
    if (life.begun) return violation(to_text(name) + " begins twice");
    for (auto other = lives_.lower_bound({name.first, 0}); other != lives_.end() && other->first.first == name.first;
         ++other) {
      if (other->first.second > name.second && other->second.begun)
        violation(to_text(name) + " begins after a later one");
      else if (other->first != name && other->second.begun && !other->second.over)
        change(other->second, [&] { other->second.over = true; });
    }
    change(life, [&] { life.begun = true; });
  }

  void take_link(const Record& record, const Name& name, Life& life) {
    const Name other{record.partner, record.partner_incarnation};
    ++report_->transfers;
    change(life, [&] {
      Flow& flow = life.from[other];
      life.came += follow(flow.received, record.received);
      if (flow.received > flow.sent) violation(to_text(name) + " received more than " + to_text(other) + " sent");
    });
    const std::int64_t gave = follow(life.sent_to[other], record.sent);
    life.came -= gave;
    if (gave < 0) violation(to_text(name) + " takes back what it sent");
    Life& partner = lives_[other];
    change(partner, [&] { partner.from[name].sent += gave; });
  }

  void take_bank(const Record& record) {
    if (record.kind == RecordKind::opens) {
      ++report_->terms;
      if (record.term <= term_) violation("the bank opens a term that was before");
      legacy_ += outstanding_;
      term_ = record.term;
      patience_ = (static_cast<Ticks>(record.sent) + record.received) * ns_per_ms;
      recovered_before_ += recovered_;
      recovered_ = 0;
    } else if (record.term != term_) {
      return violation("the bank acts in a term that is over");
    }
    outstanding_ = record.outstanding;
    recovered_ = record.recovered;
    if (record.budget != budget_ || record.kind == RecordKind::opens) new_budget(record.budget);
    const Name name{record.node, record.incarnation};
    if (record.kind == RecordKind::grants) {
      legacy_ = 0;
      for (auto& [old, life] : lives_)
        if (life.term != 0 && life.term != term_) change(life, [&life = life] { life.dead = true; });
    }
    if (record.kind == RecordKind::account) {
      Life& life = lives_[name];
      change(life, [&] {
        follow(life.granted.sent, record.sent);
        follow(life.returned.received, record.received);
      });
      if (life.returned.received > life.returned.sent)
        violation("the bank has more than " + to_text(name) + " returned");
    }
    if (record.kind == RecordKind::dead) {
      ++report_->deaths;
      Life& life = lives_[name];
      change(life, [&] { life.dead = true; });
    }
    report_->recovered = recovered_before_ + recovered_;
    report_->most_outstanding = std::max(report_->most_outstanding, outstanding_);
  }

  void new_budget(std::int64_t budget) {
    budget_ = budget;
    if (budget >= in_force_) {
      in_force_ = budget;
      cut_.reset();
    } else if (!cut_) {
      ++report_->cuts;
      cut_ = Cut{now_};
    }
  }

  /// After all lines of one event.
  void check() {
    if (report_->records == 0) return;
    for (const Name& name : changed_) {
      const Life& life = lives_[name];
      if (life.held + life.aside != life.came)
        violation(to_text(name) + " has " + std::to_string(life.held + life.aside) + " coins where " +
                  std::to_string(life.came) + " came to it");
    }
    changed_.clear();
    const std::int64_t limit = outstanding_ + legacy_;
    report_->worst_excess = std::max(report_->worst_excess, exists_ - limit);
    report_->worst_cap = std::max(report_->worst_cap, caps_ - exists_);
    if (exists_ > limit)
      violation(std::to_string(exists_) + " coins are held or in flight, " + std::to_string(limit) +
                " are outstanding");
    if (caps_ > exists_)
      violation("devices may draw " + std::to_string(caps_) + " coins, " + std::to_string(exists_) + " exist");
    if (limit > in_force_)
      violation(std::to_string(limit) + " coins are outstanding of a budget of " + std::to_string(in_force_));
    if (cut_) check_cut(limit);
  }

  void check_cut(std::int64_t limit) {
    if (!cut_->obeyed && exists_ <= budget_) {
      cut_->obeyed = true;
      report_->longest_obey = std::max(report_->longest_obey, seconds(now_ - cut_->since));
    }
    if (limit <= budget_) {
      report_->longest_cut = std::max(report_->longest_cut, seconds(now_ - cut_->since));
      in_force_ = budget_;
      cut_.reset();
      return;
    }
    const Ticks most = patience_ + static_cast<Ticks>(options_.grace.value() * ns_per_second);
    if (cut_->told || now_ - cut_->since <= most) return;
    cut_->told = true;
    violation("a smaller budget is not obeyed after " + std::to_string(most / ns_per_ms) + " ms");
  }

  AuditOptions options_;
  AuditReport* report_;
  std::map<Name, Life> lives_;
  std::set<Name> changed_;
  std::set<Tile> nodes_;
  Ticks now_ = 0, patience_ = 0;
  bool of_bank_ = false;
  Tile writer_ = 0;
  Term term_ = 0;
  std::int64_t exists_ = 0, caps_ = 0;
  std::int64_t outstanding_ = 0, legacy_ = 0, budget_ = 0, in_force_ = 0, recovered_ = 0, recovered_before_ = 0;
  std::optional<Cut> cut_;
};

Result<void> read_log(const Log& log, std::vector<Record>& records, AuditReport& report) {
  Ticks last = 0;
  std::size_t line = 0;
  for (std::size_t begin = 0; begin < log.text.size();) {
    const std::size_t end = log.text.find('\n', begin);
    if (end == std::string::npos) {
      ++report.torn_lines;
      break;
    }
    const std::string where = log.name + ":" + std::to_string(++line);
    const auto record = parse_record(std::string_view(log.text).substr(begin, end - begin), where);
    if (!record) return record.error();
    if (record->at < last)
      return bad_input("the time goes back", where, "give each log once, of one daemon, of one boot of the machine");
    last = record->at;
    records.push_back(*record);
    begin = end + 1;
  }
  return {};
}

}  // namespace

Result<AuditReport> audit(const std::vector<Log>& logs, const AuditOptions& options) {
  AuditReport report;
  report.worst_excess = report.worst_cap = std::numeric_limits<std::int64_t>::min();
  std::vector<Record> records;
  for (const Log& log : logs)
    if (const auto read = read_log(log, records, report); !read) return read.error();
  if (records.empty()) return missing_data("there is no record in them", "logs", "name the logs of all daemons");
  std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.at < b.at; });
  Replay replay(options, report);
  for (const Record& record : records) replay.take(record);
  if (const auto finished = replay.finish(); !finished) return finished.error();
  report.span = carbon::Seconds{static_cast<double>(records.back().at - records.front().at) / ns_per_second};
  return report;
}

}  // namespace cradle::exchange
