#include "checkpoint.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "cradle/base/text.h"

namespace cradle::observe {

namespace {

constexpr std::string_view magic = "cradle-observe-checkpoint";
constexpr std::uint64_t version_1_bit = std::uint64_t{1} << 63;

std::uint64_t fnv_1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  return hash;
}

std::string hex(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  return text;
}

std::string encoded(std::string_view name) {
  std::string text;
  for (const char letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte > ' ' && byte < 127 && byte != '%') {
      text += letter;
    } else {
      text += '%';
      text += hex(byte).substr(14);
    }
  }
  return text.empty() ? "%" : text;
}

int digit(char letter) {
  const std::string_view digits = "0123456789abcdef";
  const auto at = digits.find(letter);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool decode(std::string_view text, std::string& name) {
  name.clear();
  if (text == "%") return true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      name += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = digit(text[i + 1]), low = digit(text[i + 2]);
    if (high < 0 || low < 0) return false;
    name += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

/// Visits every number of a line in its order: one list for writing and for reading.
template <class Visitor, class T>
void visit_totals(Visitor& visit, T& totals) {
  visit(totals.cpu_ns);
  for (auto& part : totals.dynamic_microjoules) visit(part);
  for (auto& policy : totals.idle_microjoules)
    for (auto& part : policy) visit(part);
  visit.estimate(totals.operational_average);
  visit.optional(totals.operational_marginal);
  visit.estimate(totals.embodied);
  // Of the values alone: the bounds are not summed over groups.
  for (const std::size_t value : {0, 3, 6}) visit.rest(totals.grams_rest[value]);
  visit(totals.block_read_bytes);
  visit(totals.block_written_bytes);
  visit(totals.network_received_bytes);
  visit(totals.network_sent_bytes);
}

template <class Visitor, class T>
void visit_group(Visitor& visit, T& group) {
  visit(group.processes_unseen_ns);
  visit_totals(visit, group.totals);
}

template <class Visitor, class T>
void visit_zone(Visitor& visit, T& zone) {
  visit(zone.microjoules);
  visit(zone.active_microjoules);
  visit(zone.idle_microjoules);
  for (auto& residue : zone.idle_residue) visit(residue);
  visit(zone.overhead_microjoules);
  visit(zone.unattributed_microjoules);
  for (auto& event : zone.events) visit(event);
}

template <class Visitor, class T>
void visit_counts(Visitor& visit, T& snapshot) {
  visit(snapshot.ticks);
  visit(snapshot.lost_records);
  visit(snapshot.clock_steps);
  visit(snapshot.broken_laws);
}

class Writer {
 public:
  explicit Writer(std::string& text) : text_(text) {}
  void operator()(std::int64_t value) { text_ += ' ' + std::to_string(value); }
  void estimate(const carbon::Estimate<carbon::GramsCO2e>& grams) {
    for (const auto part : {grams.value, grams.low, grams.high}) text_ += ' ' + shortest(part.value());
  }
  void rest(double value) { text_ += ' ' + shortest(value); }
  void optional(const std::optional<carbon::Estimate<carbon::GramsCO2e>>& grams) {
    if (grams) return estimate(*grams);
    text_ += " - - -";
  }

 private:
  std::string& text_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::string_view> words) : words_(words) {}
  void operator()(std::int64_t& value) {
    const auto number = parse_integer(next());
    good_ = good_ && number && *number >= 0;  // every one is a count that only grows
    if (good_) value = *number;
  }
  void estimate(carbon::Estimate<carbon::GramsCO2e>& grams) {
    for (auto* part : {&grams.value, &grams.low, &grams.high}) {
      const auto number = parse_number(next());
      good_ = good_ && number && *number >= 0;
      if (good_) *part = carbon::GramsCO2e{*number};
    }
  }
  void rest(double& value) {
    const auto number = parse_number(next());
    good_ = good_ && number;
    if (good_) value = *number;
  }
  void optional(std::optional<carbon::Estimate<carbon::GramsCO2e>>& grams) {
    if (at_ < words_.size() && words_[at_] == "-") {
      at_ += 3;
      return;
    }
    estimate(grams.emplace());
  }
  bool done() const { return good_ && at_ == words_.size(); }

 private:
  std::string_view next() { return at_ < words_.size() ? words_[at_++] : std::string_view{}; }
  std::span<const std::string_view> words_;
  std::size_t at_ = 0;
  bool good_ = true;
};

/// One line's record; false if it is not one.
bool read_line(std::span<const std::string_view> words, Snapshot& snapshot) {
  const std::string_view kind = words.front();
  const auto rest = [&](std::size_t names) { return Reader(words.subspan(1 + names)); };
  for (const auto& [name, totals] :
       {std::pair{"node", &snapshot.node}, std::pair{"idle", &snapshot.idle}, std::pair{"overhead", &snapshot.overhead},
        std::pair{"unattributed", &snapshot.unattributed}}) {
    if (kind != name) continue;
    Reader reader = rest(0);
    visit_totals(reader, *totals);
    return reader.done();
  }
  if (kind == "counts") {
    Reader reader = rest(0);
    visit_counts(reader, snapshot);
    return reader.done();
  }
  if (kind == "zone" && words.size() > 5) {
    ZoneTotals zone;
    const auto component = parse_integer(words[3]);
    if (!decode(words[1], zone.zone.name) || !decode(words[2], zone.zone.source)) return false;
    if (!component || *component < 0 || *component >= static_cast<std::int64_t>(components)) return false;
    zone.component = static_cast<Component>(*component);
    zone.counted = words[4] == "counted";
    Reader reader = rest(4);
    visit_zone(reader, zone);
    snapshot.zones.push_back(std::move(zone));
    return reader.done();
  }
  if (kind == "group" && words.size() > 3) {
    GroupTotals group;
    if (words[1] != "1" && words[1] != "2") return false;
    group.id = words[1] == "1" ? version_1_bit : 0;
    if (!decode(words[2], group.path)) return false;
    Reader reader = rest(2);
    visit_group(reader, group);
    snapshot.groups.push_back(std::move(group));
    return reader.done();
  }
  return false;
}

}  // namespace

std::string checkpoint_text(const Snapshot& snapshot) {
  std::string body;
  Writer write(body);
  body += "counts";
  visit_counts(write, snapshot);
  for (const auto& [name, totals] :
       {std::pair{"node", &snapshot.node}, std::pair{"idle", &snapshot.idle}, std::pair{"overhead", &snapshot.overhead},
        std::pair{"unattributed", &snapshot.unattributed}}) {
    body += std::string("\n") + name;
    visit_totals(write, *totals);
  }
  for (const ZoneTotals& zone : snapshot.zones) {
    body += "\nzone " + encoded(zone.zone.name) + ' ' + encoded(zone.zone.source) + ' ' +
            std::to_string(static_cast<int>(zone.component)) + (zone.counted ? " counted" : " within");
    visit_zone(write, zone);
  }
  for (const GroupTotals& group : snapshot.groups) {
    body += std::string("\ngroup ") + ((group.id & version_1_bit) != 0 ? "1 " : "2 ") + encoded(group.path);
    visit_group(write, group);
  }
  body += '\n';
  return std::string(magic) + ' ' + std::to_string(checkpoint_version) + ' ' + hex(fnv_1a(body)) + '\n' + body;
}

Result<Snapshot> read_checkpoint(std::string_view text, const std::string& where) {
  const auto fresh = "the counters start from 0; the file is replaced at the next checkpoint";
  const auto end = text.find('\n');
  const auto head = split(text.substr(0, end), ' ');
  if (end == std::string_view::npos || head.size() != 3 || head[0] != magic)
    return bad_input("is not a checkpoint", where + ":1", fresh);
  if (head[1] != std::to_string(checkpoint_version))
    return bad_input("a checkpoint of version " + std::string(head[1]) + ", not " + std::to_string(checkpoint_version),
                     where + ":1", fresh);
  const std::string_view body = text.substr(end + 1);
  if (head[2] != hex(fnv_1a(body))) return bad_input("the checksum is wrong: the file is damaged", where + ":1", fresh);
  Snapshot snapshot;
  int number = 1;
  for (const std::string_view line : split(body, '\n')) {
    ++number;
    if (line.empty()) continue;
    if (!read_line(split(line, ' '), snapshot))
      return bad_input("a line that is no record", where + ":" + std::to_string(number), fresh);
  }
  for (GroupTotals& group : snapshot.groups) {
    group.untold_microjoules = group.totals.dynamic_microjoules;
    group.untold_idle_microjoules = {};  // of the policy in force, which the reader knows
  }
  return snapshot;
}

}  // namespace cradle::observe
